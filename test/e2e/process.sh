#!/usr/bin/env bash
# process.sh - pgweir as a process: how it starts, refuses to, reloads, ends.
. "${0%/*}/lib.sh"

pg_start
extra="
pool_mode = transaction
[databases]
first = host=$HOST port=$PG_PORT dbname=postgres"

# dies WHY REGEX ARGUMENT...: pgweir ends with status 1 and says so.
dies()
{
	local why=$1 regex=$2

	shift 2
	: >"$T/pgweir.log"
	pgweir_spawn "$@"
	await_pid pgweir
	expect "$why: status" "$STATUS" 1
	expect_match "$why" "$(cat "$T/pgweir.log")" "$regex"
}

# ended_well: the status of the last end (PgBouncer 1.18 has its own view).
ended_well()
{
	is_pgbouncer || expect 'status' "$STATUS" 0
}

it 'the process id is in the pid file while it runs'
pgweir_start "$extra"
expect 'pid' "$(cat "$T/pgweir.pid")" "$(pgweir_pid)"
pgweir_stop
ended_well
[ ! -e "$T/pgweir.pid" ] || fail 'the pid file stays behind'
[ ! -e "$T/.s.PGSQL.$PORT" ] || fail 'the socket stays behind'

it 'k05 a stale pid file is removed, a live one respected'
echo 4194303 >"$T/pgweir.pid"
pgweir_start
expect 'pid' "$(cat "$T/pgweir.pid")" "$(pgweir_pid)"
pgweir_stop
echo $$ >"$T/pgweir.pid"
dies 'a live one' 'pidfile .*exists, another instance' \
	"$T/pgweir.ini"
expect 'left alone' "$(cat "$T/pgweir.pid")" $$
rm "$T/pgweir.pid"

it 'k06 a stale socket is replaced, a live one respected'
pgweir_start
kill -KILL "$(pgweir_pid)"
wait "$(pgweir_pid)" 2>/dev/null || true
[ -S "$T/.s.PGSQL.$PORT" ] || fail 'there is no stale socket to test with'
pgweir_start
expect 'on the socket' "$(psql -XAtq -h "$T" -p "$PORT" -U postgres first \
	-c 'select 1')" 1
sed "s|^pidfile.*||; s|^listen_addr.*|listen_addr = $OTHER_HOST|" \
	"$T/pgweir.ini" >"$T/second.ini"
cp "$T/pids/pgweir" "$T/pids/pgweir-first"
dies 'a second one' 'unix socket is in use' "$T/second.ini"
cp "$T/pids/pgweir-first" "$T/pids/pgweir"
rm "$T/pids/pgweir-first"
expect 'the first goes on' "$(psql -XAtq -h "$T" -p "$PORT" -U postgres \
	first -c 'select 1')" 1
pgweir_stop

it 'k30 root is refused, and left where -u says so'
if [ "$(id -u)" -eq 0 ]; then
	unprivileged=("${as_user[@]}")
	as_user=()
	dies 'root' 'root' "$T/pgweir.ini"
	pgweir_spawn -u nobody "$T/pgweir.ini"
	wait_for '[ -s "$T/pgweir.pid" ]'
	expect 'the user' "$(stat -c %U "/proc/$(pgweir_pid)")" nobody
	expect 'works' "$(query 'select 1' first)" 1
	as_user=("${unprivileged[@]}")
	pgweir_stop
fi

it 'SIGHUP reads the file again'
pgweir_start
sed -i 's/^pool_mode.*/pool_mode = transaction\ndefault_pool_size = 17/' \
	"$T/pgweir.ini"
kill -HUP "$(pgweir_pid)"
wait_for '[ "$(show CONFIG value key=default_pool_size)" = 17 ]'

it 'SIGHUP with a mistake in the file changes nothing'
sed -i 's/^default_pool_size.*/default_pool_size = many/' "$T/pgweir.ini"
kill -HUP "$(pgweir_pid)"
wait_for 'grep -q "pgweir.ini:.*default_pool_size" "$T/pgweir.log"'
if ! is_pgbouncer; then
	expect 'kept' "$(show CONFIG value key=default_pool_size)" 17
fi
expect 'works' "$(query 'select 1' first)" 1
sed -i 's/^default_pool_size.*//' "$T/pgweir.ini"

it 'SIGUSR1 pauses, SIGUSR2 resumes'
kill -USR1 "$(pgweir_pid)"
wait_for '[ "$(show STATE value key=paused)" = yes ] || is_pgbouncer'
kill -USR2 "$(pgweir_pid)"
wait_for '[ "$(show STATE value key=paused)" = no ] || is_pgbouncer'
expect 'works' "$(query 'select 1' first)" 1
pgweir_stop

it 'SIGQUIT ends at once, whoever is there'
pgweir_start
talk <<'PY'
c = Client(db='first')
c.query('begin')
os.kill(int(open(T + '/pgweir.pid').read()), 15 if PGBOUNCER else 3)
c.rest()
PY
await_pid pgweir
ended_well

it 'k16 k18 SIGTERM waits for the clients and takes no new ones'
pgweir_start
if ! is_pgbouncer; then
	talk <<'PY'
c = Client(db='first')
c.query('begin')
pid = int(open(T + '/pgweir.pid').read())
os.kill(pid, 15)


def closed():
    try:
        Client(db='first', login=False).sock.close()
        return False
    except ConnectionRefusedError:
        return True


wait_until(closed, 'the listener to close')
same('in the transaction', c.one('select 1'), '1')
c.query('commit')
same('after it', c.one('select 2'), '2')
os.kill(pid, 0)
c.close()
PY
	await_pid pgweir
	ended_well
	pgweir_start
fi

it 'k16 a second SIGTERM does not wait'
if ! is_pgbouncer; then
	talk <<'PY'
c = Client(db='first')
c.query('begin')
pid = int(open(T + '/pgweir.pid').read())
os.kill(pid, 15)
same('goes on', c.one('select 1'), '1')
os.kill(pid, 15)
c.rest()
PY
	await_pid pgweir
	ended_well
	pgweir_start
fi

it 'k16 SIGINT waits for the servers'
talk <<'PY'
a, b = Client(db='first'), Client(db='first')
a.query('begin')
os.kill(int(open(T + '/pgweir.pid').read()), 2)
same('in the transaction', a.one('select 1'), '1')
a.query('commit')
a.rest()
PY
await_pid pgweir
ended_well

it 'k19 the log file is opened anew on SIGHUP'
pgweir_ini "logfile = $T/own.log
$extra"
pgweir_start
wait_for '[ -s "$T/own.log" ]'
mv "$T/own.log" "$T/own.log.1"
kill -HUP "$(pgweir_pid)"
wait_for 'query "select 1" first && [ -s "$T/own.log" ]'
pgweir_stop

it 'a mistake in the file: its line, and what was meant'
pgweir_ini "default_pool_sise = 3
$extra"
line=$(grep -n sise "$T/pgweir.ini" | cut -d : -f 1)
if is_pgbouncer; then
	dies 'unknown key' 'pgweir.ini:' "$T/pgweir.ini"
else
	dies 'unknown key' "pgweir.ini:$line: .*default_pool_size" "$T/pgweir.ini"
fi
pgweir_ini "default_pool_size = several
$extra"
dies 'bad value' "pgweir.ini:[0-9]+.*" "$T/pgweir.ini"
dies 'no file' 'absent.ini' "$T/absent.ini"
dies 'no argument' '[Uu]sage|[Nn]eed|no configuration'

it 'what would weaken security, and is not there yet, keeps it from starting'
if ! is_pgbouncer; then
	for setting in auth_type=pam auth_type=ldap; do
		pgweir_ini "$setting
$extra"
		dies "$setting" "${setting%=*} .*not implemented" "$T/pgweir.ini"
	done
fi

it 'k08 an address that is taken'
pgweir_ini "listen_addr = 192.0.2.1
$extra"
is_pgbouncer || dies 'nowhere to listen' '192.0.2.1' "$T/pgweir.ini"

it '--version, --help'
expect_match 'version' "$("$T/bin/pgweir" --version)" '[0-9]+\.[0-9]+'
expect_match 'help' "$("$T/bin/pgweir" --help)" '[Uu]sage'

if ! is_pgbouncer; then
	it '--check says what is wrong and starts nothing'
	pgweir_ini "$extra"
	"$T/bin/pgweir" --check "$T/pgweir.ini" >"$T/out" 2>&1 ||
		fail "a good file: $(cat "$T/out")"
	pgweir_ini "default_pool_sise = 3
max_client_conn = lots
$extra"
	expect_failure 'a bad file' 'default_pool_size' \
		"$T/bin/pgweir" --check "$T/pgweir.ini"
	expect_failure 'all that is wrong' 'max_client_conn' \
		"$T/bin/pgweir" --check "$T/pgweir.ini"

	it '-d: ready when the command returns'
	pgweir_ini "logfile = $T/own.log
$extra"
	"${as_user[@]}" "$T/bin/pgweir" -d -q "$T/pgweir.ini"
	cp "$T/pgweir.pid" "$T/pids/pgweir-background"
	expect 'works' "$(query 'select 1' first)" 1
	kill -QUIT "$(cat "$T/pgweir.pid")"
	wait_for '[ ! -e "$T/pgweir.pid" ]'
	rm "$T/pids/pgweir-background"
	sed -i '/^pidfile/d' "$T/pgweir.ini"
	expect_failure 'without a pid file' 'pidfile' \
		"${as_user[@]}" "$T/bin/pgweir" -d "$T/pgweir.ini"

	it 'a URL is enough'
	if (exec 3<>/dev/tcp/127.0.0.1/6432) 2>/dev/null ||
		[ -e /tmp/.s.PGSQL.6432 ]; then
		echo 'left out: port 6432 is in use on this machine'
	else
		pg "create role u login password 'p%w'"
		pgweir_spawn "postgres://u:p%25w@$HOST:$PG_PORT/postgres"
		PORT=6432 HOST=127.0.0.1
		wait_for "! pgweir_lives || (exec 3<>/dev/tcp/$HOST/$PORT)"
		export PGPASSWORD=p%w
		expect 'works' "$(query 'select current_user' postgres u)" u
		expect_match 'n01 hidden' "$(tr '\0' ' ' \
			</proc/$(pgweir_pid)/cmdline)" 'postgres://u:\*+@'
		PGPASSWORD=wrong expect_failure 'a wrong password' 'failed' \
			query 'select 1' postgres u
		pgweir_stop
		dies 'a bad URL' 'URL' 'postgres://@/'
	fi
fi
