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
max_client_conn = 500
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
