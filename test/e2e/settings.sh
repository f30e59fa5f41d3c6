#!/usr/bin/env bash
# settings.sh - settings that have no test of their own elsewhere: what the
# server, the client or the log sees of them.
. "${0%/*}/lib.sh"

pg_create main
echo "log_statement = 'all'" >"$T/pg-main/extra.conf"
pg_start
databases="
[databases]
main = host=$HOST port=$PG_PORT dbname=postgres"

# with SETTINGS [SECTIONS]
with()
{
	[ ! -f "$T/pids/pgweir" ] || pgweir_stop
	pgweir_start "pool_mode = transaction
$1
${2:-$databases}"
}

# statements TEXT: how often the server was asked this.
statements()
{
	grep -cE "(statement|execute [^:]*): $1" "$T/pg-main.log" || true
}

it 'e22 connect_query runs once per server connection'
with '' "
[databases]
good = host=$HOST port=$PG_PORT dbname=postgres connect_query='select 4242'
bad = host=$HOST port=$PG_PORT dbname=postgres connect_query='select 1 / 0'"
for _ in 1 2 3; do
	query 'select 1' good >/dev/null
done
expect 'runs' "$(statements 'select 4242')" 1
if ! is_pgbouncer; then
	PGCONNECT_TIMEOUT=4 expect_failure 'a query that fails' '.' \
		query 'select 1' bad
	expect 'servers' "$(show POOLS sv_idle database=bad)" 0
fi

it 'k28 TCP options do not trouble Unix sockets'
with 'tcp_keepidle = 5
tcp_keepintvl = 2
tcp_user_timeout = 1000
tcp_socket_buffer = 65536' "
[databases]
main = host=$T port=$PG_PORT dbname=postgres"
expect 'by Unix socket, both ways' \
	"$(PGHOST=$T query 'select 28' main)" 28

it 'k13 no descriptor is left to a child'
with ''
query 'select 1' main >/dev/null
proc=/proc/$(cat "$T/pids/pgweir")
checked=0
for fd in "$proc"/fd/*; do
	case $(readlink "$fd") in
	socket:* | anon_inode:*) ;;
	*) continue ;;          # the harness has left files of its own
	esac
	flags=$(sed -n 's/^flags:[[:space:]]*//p' "$proc/fdinfo/${fd##*/}")
	[ $((flags & 02000000)) -ne 0 ] || fail "descriptor ${fd##*/}"
	checked=$((checked + 1))
done
[ "$checked" -ge 4 ] || fail "only $checked descriptors were looked at"

it 'c31 one who moves much does not keep the others waiting'
with 'default_pool_size = 5'
psql -h "$HOST" -p "$PORT" -U postgres -d main -qAtXc \
	"copy (select repeat('x', 1000) from generate_series(1, 4000000)) to stdout" \
	>/dev/null &
mover=$!
wait_for '[ "$(show POOLS sv_active database=main)" = 1 ]'
for n in 1 2 3 4 5 6 7 8 9 10; do
	expect 'an answer meanwhile' "$(query "select $n" main)" "$n"
done
kill -0 "$mover" || fail 'the COPY was over too soon to tell'
kill "$mover"
wait "$mover" || true

it 'e23 application_name_add_host'
with 'application_name_add_host = 1'
talk <<'PY'
c = Client(db='main', params=[('application_name', 'me')])
address = '%s:%d' % c.sock.getsockname()
same('TCP', c.one('show application_name'), 'me - ' + address)
c = Client(db='main', params=[('application_name', 'n' * 200)])
same('long', len(c.one('show application_name')), 63)
c = Client(db='main', host=T, params=[('application_name', 'me')])
name = c.one('show application_name')
assert name.startswith('me - unix('), name
PY

it 'per-database settings of the server session'
with '' "
[databases]
tokyo = host=$HOST port=$PG_PORT dbname=postgres timezone=Asia/Tokyo \
datestyle=German client_encoding=LATIN1
main = host=$HOST port=$PG_PORT dbname=postgres"
talk <<'PY'
c = Client(db='tokyo')
same('timezone', c.one('show timezone'), 'Asia/Tokyo')
same('datestyle', c.one('show datestyle'), 'German, DMY')
same('encoding', c.one('show client_encoding'), 'LATIN1')
PY

it 'd38 server_reset_query in session mode only, unless always'
with 'server_reset_query = select 5151' "
[databases]
main = host=$HOST port=$PG_PORT dbname=postgres
sess = host=$HOST port=$PG_PORT dbname=postgres pool_mode=session"
query 'select 1' main >/dev/null
expect 'transaction mode' "$(statements 'select 5151')" 0
query 'select 1' sess >/dev/null
wait_for '[ "$(statements "select 5151")" = 1 ]'
with 'server_reset_query = select 6161
server_reset_query_always = 1'
query 'select 1; select 2' main >/dev/null
wait_for '[ "$(statements "select 6161")" -ge 1 ]'

it 'd38 a reset query that fails costs the server, not the next client'
with 'pool_mode = session
server_reset_query = select 1 / 0'
for _ in 1 2 3; do
	expect 'answered' "$(query 'select 1' main)" 1
done

it 'disable_pqexec'
with 'disable_pqexec = 1'
talk <<'PY'
c = Client(db='main')
same('extended', c.run('select 1'), [('1',)])
c.send(Q('select 1'))
same('text', c.fatal().text, 'PQexec disallowed')
PY

it 'max_packet_size'
with 'max_packet_size = 10000'
talk <<'PY'
c = Client(db='main')
same('below', c.one("select length('%s')" % ('x' * 9000)), '9000')
c.send(Q("select '%s'" % ('x' * 10000)))
c.rest()
same('the others go on', Client(db='main').one('select 1'), '1')
PY

it 'query_wait_notify'
if ! is_pgbouncer; then
	with 'query_wait_notify = 1
default_pool_size = 1'
	talk <<'PY'
a, b = Client(db='main'), Client(db='main')
a.query('begin')
b.send(Q('select 1'))
same('kind', b.read()[0], 'N')
assert 'being queued' in b.notices[0], b.notices
assert b.silent(1.5), 'more than one'
a.query('commit')
same('served', b.result(), [('1',)])
PY
fi

it 'k32 %include, comments, blanks, CRLF'
printf 'default_pool_size = 3\r\n\r\n; a comment\r\n' >"$T/part.ini"
printf 'max_client_conn = 77' >"$T/last.ini"	# no newline at the end
with "  # indented
%include $T/part.ini
   min_pool_size   =   0
%include $T/last.ini"
expect 'included' "$(show CONFIG value key=max_client_conn)" 77
if ! is_pgbouncer; then
	expect 'CRLF' "$(show CONFIG value key=default_pool_size)" 3
fi

it 'k34 times: seconds, and with a unit'
if ! is_pgbouncer; then
	with 'server_idle_timeout = 5min
server_lifetime = 1h
query_wait_timeout = 1500ms
server_connect_timeout = 2.5'
	expect 'min' "$(show CONFIG value key=server_idle_timeout)" 300
	expect 'h' "$(show CONFIG value key=server_lifetime)" 3600
	expect 'ms' "$(show CONFIG value key=query_wait_timeout)" 1.5
	expect 'fraction' "$(show CONFIG value key=server_connect_timeout)" 2.5
fi

it 'log_connections, log_disconnections: names are the right way round'
with ''
query 'select 1' main >/dev/null
wait_for 'grep -q "login attempt: db=main user=postgres" "$T/pgweir.log"'
wait_for 'grep -q "new connection to server" "$T/pgweir.log"'
wait_for 'grep -q "closing because: client close request" "$T/pgweir.log"'
: >"$T/pgweir.log"
with 'log_connections = 0
log_disconnections = 0
log_pooler_errors = 0
log_stats = 0'
: >"$T/pgweir.log"
query 'select 1' main >/dev/null
query 'select 1' nowhere >/dev/null 2>&1 || true
expect 'silence' "$(cat "$T/pgweir.log")" ''

it 'n01 n03 one event, one line, and no secret in it'
users postgres '' plain 'S3cret!' admin '' stats ''
with 'auth_type = plain
verbose = 2'
talk <<'PY'
refused('wrong', lambda: Client('plain', 'main', 'Gu3ss'))
try:
    Client('plain', 'main', 'S3cret!').query('select 1')
except PgError:
    pass			# the server has no such role
refused('odd', lambda: Client('a\nb\x1b[31m%s"', 'main\r\n2030-01-01 FATAL x',
                              'Gu3ss'))
PY
! grep -qE 'S3cret|Gu3ss' "$T/pgweir.log" || fail 'a password is in the log'
if ! is_pgbouncer; then
	! grep -q $'\033' "$T/pgweir.log" || fail 'an escape is in the log'
	! grep -qE '^2030-01-01' "$T/pgweir.log" || fail 'a forged line'
fi
users postgres '' admin '' stats ''

it 'log_stats'
with 'stats_period = 1'
query 'select 1' main >/dev/null
wait_for 'grep -q "stats: .* xacts/s" "$T/pgweir.log"'

it 'g19 so_reuseport and [peers]: a cancel finds its process'
if ! is_pgbouncer; then
	peers="so_reuseport = 1
$databases
[peers]
1 = host=$T/one port=$PORT
2 = host=$T/two port=$PORT"
	"${as_user[@]}" mkdir "$T/one" "$T/two"
	pgweir_stop
	pgweir_ini "unix_socket_dir = $T/one
peer_id = 1
pool_mode = transaction
$peers"
	pgweir_ini "unix_socket_dir = $T/two
peer_id = 2
pidfile = $T/two.pid
pool_mode = transaction
$peers" two
	pgweir_start
	DAEMON=pgweir-two pgweir_spawn "$T/two.ini"
	wait_for "[ -S $T/two/.s.PGSQL.$PORT ]"
	talk <<'PY'
for where, key_at in ('one', 1), ('two', 2):
    c = Client(db='main', host=T + '/' + where)
    c.send(Q('select pg_sleep(60)'))
    wait_until(lambda: direct("select 1 from pg_stat_activity where query"
                              " like '%pg_sleep(60)' and state = 'active' and"
                              " pid <> pg_backend_pid()"), 'the query')
    other = 'two' if where == 'one' else 'one'
    x = Client(host=T + '/' + other, login=False)
    x.send(struct.pack('!II', 16, 80877102) + c.key)
    same('code', refused('by way of ' + other, c.result).code, '57014')
    same('goes on', c.one('select 1'), '1')
PY
fi
