#!/usr/bin/env bash
# fairness.sh - a crowd of one application beside a few clients of another,
# and a queue that is full. What each got is counted, not timed.
. "${0%/*}/lib.sh"

is_pgbouncer && skip 'PgBouncer has none of this'
pg_start
users postgres '' other '' admin '' stats ''
pg 'create role other login superuser'

# with SETTINGS
with()
{
	[ ! -f "$T/pids/pgweir" ] || pgweir_stop
	pgweir_start "pool_mode = transaction
max_client_conn = 600
$1
[databases]
postgres = host=$HOST port=$PG_PORT dbname=postgres
shared = host=$HOST port=$PG_PORT dbname=postgres user=postgres"
}

echo 'select pg_sleep(0.004)' >"$T/nap"

load=(pgbench -n -f "$T/nap" -h "$HOST" -p "$PORT" -U postgres postgres)

# few TRANSACTIONS: two clients of another application, and what they did.
few()
{
	PGAPPNAME=few "${load[@]}" -c 2 -t "$1" >"$T/few.log" 2>&1 ||
		fail "the few: $(tail -n 3 "$T/few.log")"
}

crowd_comes()
{
	PGAPPNAME=crowd "${load[@]}" -c 60 -T 60 >"$T/crowd.log" 2>&1 &
	crowd=$!
	wait_for '[ "$(show POOLS cl_waiting database=postgres)" -gt 40 ]'
}

crowd_goes()
{
	kill "$crowd"
	wait "$crowd" 2>/dev/null || true
	wait_for '[ "$(show POOLS cl_active database=postgres)" = 0 ]'
}

# crowded: count how many transactions the crowd got for 100 of the few.
crowded()
{
	local before all

	crowd_comes
	before=$(show STATS total_xact_count database=postgres)
	few 50
	all=$(($(show STATS total_xact_count database=postgres) - before))
	crowd_goes
	got=$((all - 100))
}

it 'off: who has more clients gets more'
with 'default_pool_size = 4'
crowded
[ "$got" -gt 1000 ] || fail "the crowd got only $got"

it 'by application_name: both get the same'
with 'default_pool_size = 4
fair_by = application_name'
crowded
[ "$got" -lt 400 ] || fail "the crowd got $got, the few 100"

it 'SET changes it while clients wait'
with 'default_pool_size = 4'
crowd_comes
expect 'no keys' "$(show FAIRNESS clients key=crowd)" ''
console "SET fair_by = 'application_name'" >/dev/null
expect 'clients' "$(show FAIRNESS clients key=crowd)" 60
expect 'part' "$(show FAIRNESS part key=crowd)" 4
wait_for '[ "$(show FAIRNESS granted key=crowd)" -gt 100 ]'
few 20
console "SET fair_by = 'off'" >/dev/null
expect 'no keys' "$(show FAIRNESS clients key=crowd)" ''
few 2
crowd_goes

it 'by client_addr, and why they wait'
with 'default_pool_size = 2
fair_by = client_addr'
talk <<'PY'
import functools
import socket


def come(address):
    plain = socket.create_connection
    socket.create_connection = functools.partial(
        plain, source_address=(address, 0))
    try:
        return Client()
    finally:
        socket.create_connection = plain


def keys():
    return {r[2]: r[3:6] for r in console('SHOW FAIRNESS')}


crowd = [come('127.0.0.77') for _ in range(5)]
late = come('127.0.0.78')
for c in crowd[:2]:
    c.query('begin')
for c in crowd[2:]:
    c.send(Q('select 1'))
wait_until(lambda: keys().get('127.0.0.77') == ('5', '3', '2'), 'the crowd')
same('nobody else', pools()['wait_reason'], 'pool_size')
late.send(Q("select 'late'"))
wait_until(lambda: keys().get('127.0.0.78') == ('1', '1', '0'), 'one more')
same('the crowd has its part', pools()['wait_reason'], 'fair_share')
crowd[0].query('commit')
same('it is next', late.result(), [('late',)])
crowd[1].query('commit')
for c in crowd[2:]:
    same('and they', c.result(), [('1',)])
for c in crowd + [late]:
    c.close()
wait_until(lambda: keys() == {}, 'nobody')
PY

it 'by user, where two users share a pool'
with 'default_pool_size = 1
fair_by = user'
talk <<'PY'
a, b, c = (Client('postgres', 'shared') for _ in range(3))
o = Client('other', 'shared')
a.query('begin')
for x in b, c, o:
    x.send(Q('select 1'))
    wait_until(lambda: x is b or pools('shared')['cl_waiting'] ==
               ('2' if x is c else '3'), 'the queue')
a.query('commit')
same('the other first', o.result(), [('1',)])
same('then these', b.result() + c.result(), [('1',), ('1',)])
PY

# rush SECONDS off|on: 500 clients of ten applications, 400 of them of the
# first one, on 20 servers; transactions take 100 ms +-50 %. When each began
# PostgreSQL says, by the clock of this machine.
rush()
{
	talk "$@" <<'PY'
import collections
import selectors

SQL = Q('select extract(epoch from clock_timestamp()), '
        'pg_sleep(0.05 + 0.1 * random())')
events = []


def ask(c):
    events.append((time.time(), 'ask', c.app))
    c.send(SQL)


clients = [Client(params=[('application_name', 'app%d' % k)])
           for k in [0] * 400 + [1 + i % 9 for i in range(100)]]
for i, c in enumerate(clients):
    c.app = 0 if i < 400 else 1 + (i - 400) % 9
ready = selectors.DefaultSelector()
for c in clients:
    ready.register(c.sock, selectors.EVENT_READ, c)
    ask(c)
end = time.time() + int(sys.argv[1])
while time.time() < end:
    for k, _ in ready.select(1):
        c = k.data
        events.append((float(c.result()[0][0]), 'begin', c.app))
        ask(c)

# Of each application that waits: how often was each other one served?
waiting, ahead = collections.Counter(), collections.defaultdict(
    collections.Counter)
most, begun, late = 0, 0, 0
for _, what, key in sorted(events):
    if what == 'ask':
        if waiting[key] == 0:
            ahead[key].clear()
        waiting[key] += 1
        continue
    waiting[key] -= 1
    worst = max(ahead[key].values(), default=0)
    ahead[key].clear()
    for k in range(1, 10):
        if k != key and waiting[k] > 0:
            ahead[k][key] += 1
    if key > 0:
        begun, late, most = begun + 1, late + (worst > 2), max(most, worst)
print('most %d, %d of %d late' % (most, late, begun))
if sys.argv[2] == 'off':
    assert most > 20, most
else:
    # Two; they need not begin in the order in which they were served.
    assert begun > 300 and late * 20 <= begun and most <= 6, (most, late)
PY
}

it 'off: 400 clients push 100 back'
with 'default_pool_size = 20'
rush 3 off

it 'by application_name: at most two of each application go before'
with 'default_pool_size = 20
fair_by = application_name'
rush 5 on

it 'max_waiting_clients: a spike is refused, and stays connected'
with 'default_pool_size = 2
max_waiting_clients = 10'
talk <<'PY'
crowd = [Client() for _ in range(60)]
for c in crowd[:2]:
    c.query('begin')
for c in crowd[2:12]:
    c.send(Q('select 1'))
wait_until(lambda: pools()['cl_waiting'] == '10', 'the queue')
for c in crowd[12:]:
    c.send(Q('select 1'))
for c in crowd[12:]:
    kind, body = c.read()
    same('an error', kind, 'E')
    e = PgError(body)
    same('its code', (e.severity, e.code), ('ERROR', '53300'))
    same('its detail', e.fields['D'], 'There are 10 waiting already, the '
         'limit is 10 (max_waiting_clients); waiting because: pool_size')
    same('and then', c.kinds(), 'Z')
same('ten wait', pools()['cl_waiting'], '10')
for c in crowd[:2]:
    c.query('commit')
for c in crowd[2:12]:
    same('who waited', c.result(), [('1',)])
for c in crowd[12:]:
    same('who was refused', c.query('select 2'), [('2',)])
same('nobody came twice', len(console('SHOW CLIENTS')), 61)
PY
