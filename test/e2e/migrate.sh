#!/usr/bin/env bash
# migrate.sh - the move from Debian's PgBouncer, as pgweir-migrate(7) has it:
# the page's own commands are run, under an application that reconnects.
#
# PgBouncer comes from PATH, from /usr/sbin, or from bench-peer/ of the build
# folder, where ./bootstrap check unpacks it.
. "${0%/*}/lib.sh"

if is_pgbouncer; then
	skip 'there is nothing to move'
fi
peer=$(PATH=$PATH:/usr/sbin:$BUILD/bench-peer/usr/sbin \
	command -v pgbouncer) || skip 'no pgbouncer: ./bootstrap check has it'
page=$E2E/../../man/pgweir-migrate.7
me=$(id -un)
[ -z "${as_user[*]}" ] || me=nobody

# command N: the N-th one of the page, with our places for those in it.
command_of_page()
{
	awk -v n="$1" '/^\.Bd -literal/ && ++k == n { inside = 1; next }
		/^\.Ed/ { inside = 0 } inside' "$page" |
		sed "s|/etc/pgbouncer|$T/etc|g; s|/run/postgresql|$T|g
			s|-u postgres|-u $me|
			s|-h 127.0.0.1 -p 6432|-h $HOST -p $PORT|"
}

ask()
{
	PGPASSWORD=$3 psql -XAt -h "$HOST" -p "$PORT" -U "$2" -d "$1" -c "$4" 2>&1
}

# answers: what clients see that must not change.
answers()
{
	local who='select current_user, current_database()'

	ask shop app secret "$who"
	ask shop_session app secret "$who; show timezone"
	ask reports app secret "$who"
	ask forced report plain "$who; show application_name"
	ask with.dots-and_more app secret "$who"
	ask reports late known "$who"
	ask shop app wrong "$who" || true
	ask nothing app secret "$who" || true
	ask pgbouncer app secret 'show version' || true
	ask pgbouncer watcher plain 'reload' || true
	ask pgbouncer admin plain 'nonsense' || true
}

tables='POOLS DATABASES USERS CLIENTS SERVERS SOCKETS ACTIVE_SOCKETS LISTS MEM
	STATS STATS_TOTALS STATS_AVERAGES TOTALS CONFIG FDS DNS_HOSTS
	DNS_ZONES VERSION'

# names: of columns, as TABLE.COLUMN, in order, and what the first column of
# the tables is that have a row for each thing they know.
names()
{
	local table

	for table in $tables; do
		PGPASSWORD=plain psql -XA -h "$HOST" -p "$PORT" -U admin \
			-d pgbouncer -c "SHOW $table" >"$T/table"
		head -n 1 "$T/table" | tr '|' '\n' | sed "s/^/$table./"
		case $table in
		LISTS | TOTALS | CONFIG)
			sed "1d; \$d; s/|.*//; s/^/$table row /" "$T/table"
			;;
		esac
	done
}

# leave NAME: it has been told to; its pidfile goes with it.
leave()
{
	await_pid "$1"
	[ ! -e "$T/pgbouncer.pid" ] || fail "$1 has left its pidfile"
}

# arrived NAME: it runs in the background, and is the janitor's from now on.
arrived()
{
	wait_for '[ -s "$T/pgbouncer.pid" ]'
	cp "$T/pgbouncer.pid" "$T/pids/$1"
	wait_for '(exec 3<>"/dev/tcp/$HOST/$PORT")'
}

pgbouncer_start()
{
	(
		cd "$T"
		libraries=$(printf '%s:' "$BUILD"/bench-peer/usr/lib/*/)
		LD_LIBRARY_PATH=$libraries "${as_user[@]}" \
			"$T/bin/pgbouncer" -d "$T/etc/pgbouncer.ini"
	)
	arrived pgbouncer
}

it 'a PostgreSQL with passwords, and PgBouncer in front of it'
pg_create main
printf '%s\n' 'local all all trust' 'host all all all scram-sha-256' \
	>"$T/pg-main/pg_hba.conf"
pg_start
pg "create role app login password 'secret'"
pg "create role report login password 'plain'"
pg "create role late login password 'known'"
pg "create role keeper superuser login password 'plain'"
pg 'create database shop owner app'
pg 'create database reports owner app'
psql -Xq -h "$T" -p "$PG_PORT" -U app shop -c 'create table orders (n int
	primary key)'
mkdir "$T/etc" "$T/bin"
cp "$peer" "$PGWEIR" "$T/bin/"
chmod 755 "$T/bin"/* "$T/bin" "$T/etc"
PATH=$T/bin:$PATH

cat >"$T/etc/userlist.txt" <<-USERS
	;; name and secret
	"admin" "plain"
	"watcher" "plain"   and a remark
	"report" "plain"
	"keeper" "plain"
	"app" "$(pg "select rolpassword from pg_authid where rolname = 'app'")"
USERS
echo "; of another team
with.dots-and_more = host=$HOST port=$PG_PORT dbname=shop" >"$T/etc/more.ini"
cat >"$T/etc/pgbouncer.ini" <<INI
;;;
;;; The pooler of the shop
;;;

# databases
   [databases]
shop = host=$HOST port=$PG_PORT dbname=shop pool_size=10 reserve_pool=2
shop_session =   host = $HOST   port=$PG_PORT dbname='shop' pool_mode=session timezone=Asia/Tokyo
reports= host=$HOST port=$PG_PORT auth_user=keeper connect_query='select 1'
forced = host=$HOST port=$PG_PORT dbname=reports user=report password='plain' max_db_connections=5
%include $T/etc/more.ini

[users]
app = pool_mode=transaction max_user_connections=15

[pgbouncer]
logfile	=	$T/pgbouncer.log
pidfile = $T/pgbouncer.pid
listen_addr = $HOST
listen_port=$PORT
unix_socket_dir = $T
auth_type     = scram-sha-256
auth_file = $T/etc/userlist.txt
auth_query = SELECT usename, passwd FROM pg_shadow WHERE usename=\$1
admin_users = admin, root
stats_users = watcher stats
pool_mode = Transaction
server_reset_query = DISCARD ALL
server_check_query = select 1
ignore_startup_parameters = extra_float_digits, search_path
max_client_conn = 200
default_pool_size = 5
server_lifetime = 1200
server_tls_sslmode = disable
tcp_keepidle = 60
log_connections = 0
stats_period = 60
INI
[ -z "${as_user[*]}" ] || chown -R nobody "$T/etc"
pgbouncer_start
expect_match 'it is PgBouncer' "$(ask pgbouncer admin plain 'show version')" \
	'^PgBouncer'
answers >"$T/answers"
names | grep -vx DATABASES.reserve_pool >"$T/names"   # renamed in 1.24

it 'command 1 says what will differ, and that it will run'
eval "$(command_of_page 1)" >"$T/check" 2>&1 || fail "$(cat "$T/check")"
line=$(grep -n ^auth_query "$T/etc/pgbouncer.ini" | cut -d : -f 1)
grep -q "^differs: .*/pgbouncer.ini:$line: auth_query" "$T/check" ||
	fail "nothing about line $line: $(cat "$T/check")"
expect 'what it complains of' "$(grep -E '^(warning|error):' "$T/check")" ''

it 'command 2 makes a copy, which gets a log of its own'
eval "$(command_of_page 2)"
sed -i "s|^logfile.*|logfile = $T/pgweir.log|" "$T/etc/pgweir.ini"

it 'commands 3 and 4 under an application: no transaction is cut'
talk <<'PY' >"$T/orders" 2>&1 &
n, cut, c = 0, 0, None
while not os.path.exists(T + '/enough'):
    inside = False
    try:
        if c is None:
            c = Client('app', 'shop', 'secret', timeout=60)
        c.query('begin')
        inside = True
        c.query('insert into orders values (%d) on conflict do nothing' % n)
        inside = False
        c.query('commit')
        n += 1
        open(T + '/orders.%d' % n, 'w').close()
    except (PgError, Closed, OSError):
        cut += inside
        c = None
    time.sleep(0.01)
print(n, cut)
PY
application=$!
wait_for '[ -e "$T/orders.10" ]'
eval "$(command_of_page 3)"
leave pgbouncer
eval "$(command_of_page 4)" || fail "$(cat "$T/pgweir.log")"
arrived pgweir
expect_match 'it is pgweir' "$(ask pgbouncer admin plain 'show version')" \
	'^pgweir'
# shellcheck disable=SC2034 # wait_for uses it
moved=$(pg 'select count(*) from orders' shop)
wait_for '[ -e "$T/orders.$((moved + 10))" ]'
touch "$T/enough"
wait "$application" || fail "$(cat "$T/orders")"
expect 'transactions done, and cut inside' "$(cat "$T/orders")" \
	"$(pg 'select count(*) from orders' shop) 0"

it 'command 5 shows who is connected'
PGPASSWORD=plain eval "$(command_of_page 5)" >"$T/pools"
grep -q '^ *shop *| app *|' "$T/pools" || fail "$(cat "$T/pools")"

it 'clients and scripts get the answers that they know'
answers >"$T/answers.now"
diff "$T/answers" "$T/answers.now" || fail 'another answer'
names >"$T/names.now"
# What is new stands behind; without it the two are the same.
grep -Fxf "$T/names" "$T/names.now" | diff "$T/names" - ||
	fail 'other columns'

it 'and the way back'
kill -INT "$(cat "$T/pgbouncer.pid")"
leave pgweir
pgbouncer_start
answers >"$T/answers.now"
diff "$T/answers" "$T/answers.now" || fail 'another answer'
