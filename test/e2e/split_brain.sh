#!/usr/bin/env bash
# split_brain.sh - two primaries at the same time.
. "${0%/*}/cluster.sh"

# insert TEXT: one write through pgweir
insert()
{
	query "insert into written values (0, 0, '$1')" app
}

cluster_start a b c
routed_start ''

it 'l48 a replica is promoted beside its primary: the higher timeline wins'
insert before
await_replay b
await_replay c
node_promote b
node_follow c
await_roles b c
await_host a role none
for i in 1 2 3 4 5; do
	insert "after $i"
done
expect 'at a' "$(on a 'select count(*) from written')" 1
expect 'at b' "$(on b 'select count(*) from written')" 6
grep -q 'older timeline' "$T/pgweir.log" || fail 'nothing was said of it'

it 'l48 connections that wait in the pool do not keep the old one'
talk <<'PY'
crowd = [Client(db='app') for _ in range(10)]
for c in crowd:
    c.query('begin')
for c in crowd:
    same('writes go to', c.one('select name from here'), 'b')
    c.query('commit')
PY

it 'l48 two on the same timeline: no writes to either, and it is said'
node_stop a
node_stop c
node_rewind a
node_start a
node_start c
await_roles
await_replay a
await_replay c
node_stop b
node_promote a
node_promote c
LEADER=b
wait_for 'grep -q "split brain" "$T/pgweir.log"'
await_host a role none
await_host c role none
expect 'state' "$(host_is a state) $(host_is c state)" 'up up'
log_mark a
log_mark c
insert late >"$T/late" 2>&1 &
waiter=$!
wait_for '[ "$(show POOLS cl_waiting database=app user=postgres)" = 1 ]'
expect 'why it waits' "$(show POOLS wait_reason database=app user=postgres)" \
	no_primary
wait_for '[ "$(log_since a "pgweir_control@.*pg_is_in_recovery")" -ge 5 ]' 60
expect 'writes' "$(log_since a 'insert into') $(log_since c 'insert into')" '0 0'

it 'l48 one of them goes: that does not tell which one was right'
node_stop c
LEADER=a
await_host c state down
log_mark a
wait_for '[ "$(log_since a "pgweir_control@.*pg_is_in_recovery")" -ge 3 ]' 60
expect 'a' "$(host_is a role)" none

it 'l48 it comes back as a replica of the other: that one is the primary'
node_clone c
node_start c
await_roles a c
wait "$waiter" || fail "the waiter: $(cat "$T/late")"
expect 'written' "$(on a "select count(*) from written where how = 'late'")" 1
