#!/usr/bin/env bash
# degraded.sh - without replicas, without a primary, without anybody.
. "${0%/*}/cluster.sh"

cluster_start a b c
routed_start 'query_wait_timeout = 110'
load_start 6
await_more on_b
await_more on_c

it 'l57 all replicas are gone: reads at the primary'
node_stop b
node_kill c
await_host b state down
await_host c state down
await_more on_a 50
await_more writes 50

it 'l59 they are back: reads leave the primary'
node_start b
node_start c
await_roles
await_more on_b 50
await_more on_c 50
stays on_a on_b
load_stop
expect 'statements alone that were lost' "$(load in_flight)" 0

it 'l60 the primary is gone: reads go on, writes wait and say for what'
node_stop a
await_host a state down
talk <<'PY'
reader = Client(db='app')
reader.query('begin read only')
first = reader.one('select name from here')
assert first in 'bc', first
reader.query('commit')
same('hint', reader.one('/* pgweir:replica */ select name from here') in 'bc',
     True)
writer = Client(db='app')
writer.send(Q("insert into written values (-1, 0, 'waits')"))
wait_until(lambda: pools('app')['cl_waiting'] == '1', 'the writer to wait')
same('why', pools('app')['wait_reason'], 'no_primary')
assert writer.silent(0.5)
for _ in range(20):
    assert reader.one('/* pgweir:replica */ select name from here') in 'bc'
PY
query "insert into written values (-1, 1, 'waits')" app >"$T/late" 2>&1 &
waiter=$!
wait_for '[ "$(show POOLS cl_waiting database=app user=postgres)" = 1 ]'

it 'l60 it is back: who waited goes on'
node_start a
wait "$waiter" || fail "the waiter: $(cat "$T/late")"
expect 'written, but not by who left' \
	"$(on a 'select n from written where client = -1')" 1

it 'query_wait_timeout ends the wait for a primary'
console 'SET query_wait_timeout = 3' >/dev/null
node_stop a
await_host a state down
talk <<'PY'
c = Client(db='app')
c.send(Q('insert into written values (-1, 2)'))
e = c.fatal()
same('text', (e.code, e.text), ('53300', 'query_wait_timeout'))
# In the meantime reads were served.
c = Client(db='app')
assert c.one('/* pgweir:replica */ select name from here') in 'bc'
PY

it 'all are gone: who waits hears the usual error, and comes in later'
node_stop b
node_stop c
await_host b state down
await_host c state down
talk <<'PY'
for sql in ('/* pgweir:replica */ select 1', 'select 1'):
    c = Client(db='app', login=False)
    c.send(c.hello())
    try:
        c.authenticate()
        c.send(Q(sql))
    except PgError as e:
        print('at the login:', e)
        continue
    e = c.fatal()
    print('for a query:', e)
PY
console 'SET query_wait_timeout = 110' >/dev/null
query '/* pgweir:replica */ select 42' app >"$T/late" 2>&1 &
waiter=$!
node_start b
wait "$waiter" || fail "the waiter: $(cat "$T/late")"
expect 'answer' "$(cat "$T/late")" 42
node_start a
node_start c
await_roles
expect 'a write' "$(query 'insert into written values (-1, 3) returning n' app)" 3
