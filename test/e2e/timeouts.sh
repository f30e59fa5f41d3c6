#!/usr/bin/env bash
# timeouts.sh - every clock that can end a client or a server connection.
. "${0%/*}/lib.sh"

pg_start
databases="
[databases]
main = host=$HOST port=$PG_PORT dbname=postgres"

# with SETTINGS: a pgweir with these.
with()
{
	[ ! -f "$T/pids/pgweir" ] || pgweir_stop
	pgweir_start "pool_mode = transaction
$1
$databases"
}

it 'd41 query_timeout ends what runs too long, and only that'
with 'query_timeout = 1'
talk <<'PY'
idle, c = Client(db='main'), Client(db='main')
c.query('begin')
start = time.monotonic()
while time.monotonic() < start + 1.5:
    c.query('select pg_sleep(0.2)')		# many short ones are fine
c.send(Q('select pg_sleep(30)'))
start = time.monotonic()
e = c.fatal()
assert 0.8 < time.monotonic() - start < 8
same('text', e.text, 'query timeout')
same('an idle one stays', idle.one('select 1'), '1')
PY

it 'd41 m09 idle_transaction_timeout'
with 'idle_transaction_timeout = 1'
talk <<'PY'
idle, c = Client(db='main'), Client(db='main')
idle.query('select 1')
c.query('begin')
c.query('select pg_sleep(1.5)')			# working is not idling
start = time.monotonic()
same('text', c.fatal().text, 'idle transaction timeout')
assert 0.5 < time.monotonic() - start < 8
same('outside one stays', idle.one('select 1'), '1')
PY

it 'm09 transaction_timeout'
if ! is_pgbouncer; then
	with 'transaction_timeout = 1'
	talk <<'PY'
idle, c = Client(db='main'), Client(db='main')
c.query('begin')
same('text', refused('ended', lambda: [c.query('select pg_sleep(0.1)')
     for _ in range(60)]).text, 'transaction timeout')
same('outside one stays', idle.one('select 1'), '1')
PY
fi

it 'client_idle_timeout'
with 'client_idle_timeout = 1'
talk <<'PY'
busy, c = Client(db='main'), Client(db='main')
c.query('select 1')
start = time.monotonic()
while c.silent(0.2):
    busy.query('select 1')
    assert time.monotonic() - start < 8, 'it is still there'
assert time.monotonic() - start > 0.7
same('text', c.fatal().text, 'client_idle_timeout')
same('a busy one stays', busy.one('select 1'), '1')
PY

it 'a35 client_login_timeout covers the whole login, drip by drip'
with 'client_login_timeout = 2'
talk <<'PY'
mute, slow = Client(db='main', login=False), Client(db='main', login=False)
stays = Client(db='main')
start = time.monotonic()
for byte in slow.hello():
    try:
        slow.send(bytes([byte]))
    except OSError:
        break
    if not slow.silent(0.3):
        break
    assert time.monotonic() - start < 12, 'a byte now and then keeps it alive'
mute.rest()
assert 1 < time.monotonic() - start < 12
same('a logged in one stays', stays.one('select 1'), '1')
PY

it 'h15 query_wait_timeout, also while paused'
with 'query_wait_timeout = 1
default_pool_size = 1'
talk <<'PY'
a, b = Client(db='main'), Client(db='main')
a.query('begin')
start = time.monotonic()
b.send(Q('select 1'))
e = b.fatal()
assert 0.7 < time.monotonic() - start < 8
same('text', e.text, 'query_wait_timeout')
if not PGBOUNCER:
    same('code', e.code, '53300')
a.query('commit')
console('PAUSE main')
a.send(Q('select 1'))
same('paused', a.fatal().text, 'query_wait_timeout')
console('RESUME main')
same('goes on', Client(db='main').one('select 1'), '1')
PY

it 'server_idle_timeout closes what nobody uses'
with 'server_idle_timeout = 1'
talk <<'PY'
a, b = Client(db='main'), Client(db='main')
a.query('begin')
b.query('begin')
b.query('commit')
wait_until(lambda: pools('main')['sv_idle'] == '0', 'the idle one to close')
same('the busy one stays', pools('main')['sv_active'], '1')
same('it works', a.one('select 1'), '1')
PY

it 'i01 server_lifetime replaces servers between transactions'
with 'server_lifetime = 1'
talk <<'PY'
c = Client(db='main')
c.query('begin')
first = c.one('select pg_backend_pid()')
time.sleep(1.5)
same('in a transaction', c.one('select pg_backend_pid()'), first)
c.query('commit')
wait_until(lambda: c.one('select pg_backend_pid()') != first, 'a new one')
PY

it 'i04 server_check_query runs after server_check_delay only'
if ! is_pgbouncer; then
	with 'server_check_query = select 4711
server_check_delay = 1'
	pg "alter system set log_statement = 'all'"
	pg 'select pg_reload_conf()' >/dev/null
	checks()
	{
		grep -c 'select 4711' "$T/pg-main.log" || true
	}
	talk <<'PY'
c = Client(db='main')
for _ in range(10):
    c.query('select 1')
PY
	expect 'before the delay' "$(checks)" 0
	wait_for '[ "$(show POOLS sv_used database=main)" = 1 ]'
	expect 'answered' "$(query 'select 5' main)" 5
	expect 'after it' "$(checks)" 1
fi

it 'a40 i07 a server that stops talking in its login'
with 'server_connect_timeout = 1
server_login_retry = 1
query_wait_timeout = 20'
postmaster=$(cat "$T/pids/pg-main")
kill -STOP "$postmaster"
query 'select 42' main >"$T/late" 2>&1 &
waiter=$!
wait_for 'grep -q "timeout" "$T/pgweir.log" || is_pgbouncer'
kill -CONT "$postmaster"
wait "$waiter" || fail "the waiter failed: $(cat "$T/late")"
expect 'answer' "$(cat "$T/late")" 42
