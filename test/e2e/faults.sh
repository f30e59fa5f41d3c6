#!/usr/bin/env bash
# faults.sh - servers that are away, restart, die or refuse. Clients wait,
# or hear the truth, and the pool heals by itself.
. "${0%/*}/lib.sh"

pg_start
pg "create role locked login password 'right'"
pg 'create database second'
cat >"$T/pg-main/pg_hba.conf" <<'HBA'
local all all trust
host all locked all scram-sha-256
host all all all trust
HBA
pg_stop
pg_start

users postgres '' locked wrong admin '' stats ''
absent=$OTHER_HOST
pgweir_start "
pool_mode = transaction
default_pool_size = 3
query_wait_timeout = 8
client_login_timeout = 10
server_connect_timeout = 3
server_login_retry = 1
[databases]
main = host=$HOST port=$PG_PORT dbname=postgres
second = host=$HOST port=$PG_PORT
gone = host=$HOST port=$PG_PORT dbname=not_there
several = host=$absent,$HOST port=$PG_PORT dbname=postgres
down = host=$absent port=$PG_PORT dbname=postgres
socket = host=$T port=$PG_PORT dbname=postgres"

it 'h03 a refused password: every waiting client hears the server'
talk <<'PY'
crowd = [Client('locked', 'main', login=False) for _ in range(30)]
for c in crowd:
    c.send(c.hello() + Q('select 1'))
for c in crowd:
    e = c.fatal()
    same('code', e.code if not PGBOUNCER else '28P01', '28P01')
    # Who comes in a moment later hears it from memory.
    assert 'password authentication failed for user "locked"' in e.text, \
        e.text
PY
attempts=$(grep -c 'password authentication failed for user "locked"' \
	"$T/pg-main.log")
expect_at_most 'b34 attempts at the server' "$attempts" 5
expect 'the others go on' "$(query 'select 1' main)" 1

it 'h04 a missing database: the text and code of the server'
talk <<'PY'
for _ in range(3):
    c = Client(db='gone', login=False)
    c.send(c.hello() + Q('select 1'))
    e = c.fatal()
    assert 'database "not_there" does not exist' in e.text, e.text
    same('code', e.code if not PGBOUNCER else '3D000', '3D000')
PY

it 'i11 several hosts are tried in turn'
for _ in 1 2 3; do
	expect 'answered' "$(query 'select 1' several)" 1
done

it 'a server on a Unix socket'
expect 'answered' "$(query 'select inet_server_addr() is null' socket)" t

it 'a host that was never up: the login waits, then hears of it'
talk <<'PY'
c = Client(db='down', login=False)
start = time.monotonic()
c.send(c.hello() + Q('select 1'))
e = c.fatal()
took = time.monotonic() - start
assert 6 < took < 20, 'it took %.1f s' % took
assert 'timeout' in e.text, e.text
PY

it 'd29 an idle server that is terminated is replaced, and nobody notices'
talk <<'PY'
c = Client(db='main')
for _ in range(5):
    pid = c.one('select pg_backend_pid()')
    direct('select pg_terminate_backend(%s, 5000)' % pid)
    wait_until(lambda: pools('main')['sv_idle'] == '0', 'the pool to notice')
    assert c.one('select pg_backend_pid()') != pid
PY

it 'd30 a server that is terminated in a query: its own error, once'
talk <<'PY'
c = Client(db='main')
c.query('begin')
pid = c.one('select pg_backend_pid()')
c.send(Q('select pg_sleep(60)'))
direct('select pg_terminate_backend(%s)' % pid)
errors = [PgError(body) for kind, body in c.rest() if kind == 'E']
same('first', errors[0].code, '57P01')
if not PGBOUNCER:
    same('errors', len(errors), 1)
same('the others go on', Client(db='main').one('select 1'), '1')
PY

it 'd31 a server that dies without a word: 08006'
talk <<'PY'
c = Client(db='main')
pid = int(c.one('select pg_backend_pid()'))
c.send(Q('select pg_sleep(60)'))
wait_until(lambda: direct("select 1 from pg_stat_activity where pid = %d"
                          " and state = 'active'" % pid), 'the query')
os.kill(pid, 9)
errors = [PgError(body) for kind, body in c.rest() if kind == 'E']
same('errors', len(errors), 1)
same('text', errors[0].text, 'server conn crashed?')
same('severity', errors[0].severity, 'FATAL')
if not PGBOUNCER:
    same('code', errors[0].code, '08006')
PY
wait_for 'query "select 1" main'

it 'i10 the server restarts: clients stay, the pool heals'
talk <<'PY' &
crowd = [Client(db='main') for _ in range(20)]
for c in crowd:
    c.query('select 1')
open(T + '/ready', 'w').close()
wait_until(lambda: os.path.exists(T + '/back'), 'the server', 60)
for c in crowd:
    same('answered', c.one('select 1'), '1')
PY
talker=$!
wait_for '[ -e "$T/ready" ]'
pg_stop main INT
pg_start
touch "$T/back"
wait "$talker" || fail 'a client was lost'

it 'a query during an outage waits, and runs when the server is back'
pg_stop main INT
query 'select 42' main >"$T/late" 2>&1 &
waiter=$!
wait_for '[ "$(show POOLS cl_waiting database=main user=postgres)" = 1 ]'
pg_start
wait "$waiter" || fail "the waiter failed: $(cat "$T/late")"
expect 'answer' "$(cat "$T/late")" 42

it 'an outage that lasts: query_wait_timeout'
talk <<'PY' &
c = Client(db='main')
c.query('select 1')
open(T + '/logged_in', 'w').close()
wait_until(lambda: os.path.exists(T + '/stopped'), 'the end of the server', 60)
start = time.monotonic()
c.send(Q('select 1'))
e = c.fatal()
assert 6 < time.monotonic() - start < 20
same('text', e.text, 'query_wait_timeout')
if not PGBOUNCER:
    same('code', e.code, '53300')
PY
talker=$!
wait_for '[ -e "$T/logged_in" ]'
pg_stop main INT
touch "$T/stopped"
wait "$talker" || fail 'the waiter heard something else'
pg_start

it 'i04 i24 the server comes and goes under load'
pgbench -n -i -q -h "$T" -p "$PG_PORT" -U postgres second >/dev/null 2>&1
(pgbench -n -S -c 8 -T 6 -h "$HOST" -p "$PORT" -U postgres second \
	>/dev/null 2>&1 || true) &
load=$!
wait_for '[ "$(show POOLS sv_active database=second)" -gt 0 ]'
pg_stop main QUIT
pg_start
wait "$load"
wait_for 'query "select 1" second'
wait_for '[ "$(show POOLS cl_active database=second)" = 0 ]'
wait_for '[ "$(show POOLS cl_waiting database=second)" = 0 ]'
expect 'active' "$(show POOLS sv_active database=second)" 0
