#!/usr/bin/env bash
# failover_crash.sh - the primary dies, or stands still while another one is
# promoted, and wakes up. A commit waits until a replica has it, so that no
# write that was acknowledged may be lost, and none may be done twice.
. "${0%/*}/cluster.sh"

cat >"$T/nodes.conf" <<'CONF'
synchronous_standby_names = 'ANY 1 (a, b, c)'
CONF

# promote_better ONE OTHER: the one of them that has received more.
promote_better()
{
	local lsn

	lsn=$(on "$2" 'select pg_last_wal_receive_lsn()')
	if [ "$(on "$1" "select pg_last_wal_receive_lsn() >= '$lsn'")" = t ]; then
		node_promote "$1"
		node_follow "$2"
	else
		node_promote "$2"
		node_follow "$1"
	fi
}

# others NAME: who is neither that one nor the leader
others()
{
	printf '%s\n' a b c | grep -v -e "$1" -e "$LEADER"
}

# nothing_at NAME REGEX: its log has none of it since log_mark.
nothing_at()
{
	expect "$2 at $1" "$(log_since "$1" "$2")" 0
}

cluster_start a b c
routed_start 'default_pool_size = 12'
load_start 8
await_more on_b
await_more on_c

it 'l50 kill -9 of the primary: reads go on, writes do after the promotion'
node_kill a
await_host a state down
await_more on_b 50
await_more on_c 50
promote_better b c
await_more writes 50
other=$(others a)
await_roles "$LEADER" "$other"

it 'l48 it is started again as it was: nobody writes there'
log_mark a
node_start a
await_host a state up
wait_for '[ "$(log_since a "pgweir_control@.*pg_is_in_recovery")" -ge 4 ]' 60
await_more writes 50
nothing_at a 'insert into'
node_stop a QUIT
node_rewind a
node_start a
await_roles
await_more on_a 50
load_stop
expect_at_most 'statements alone that were lost' "$(load in_flight)" 8

it 'l48 a primary that stands still is replaced: nobody is told of its writes'
old=$LEADER
load_start 8
node_freeze "$old"
await_host "$old" state down
stays writes "on_$other" 50
promote_better a "$other"
await_more writes 50
log_mark "$old"
node_thaw
await_host "$old" state up
wait_for '[ "$(log_since "$old" "pgweir_control@.*pg_is_in_recovery")" -ge 4 ]' 60
expect 'its role' "$(host_is "$old" role)" none
await_more writes 50
# What had reached it before may be done now.
expect_at_most 'writes there' "$(log_since "$old" 'insert into')" 8
log_mark "$old"
await_more writes 50
nothing_at "$old" 'insert into'
load_stop
