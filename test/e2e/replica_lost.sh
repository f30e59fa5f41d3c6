#!/usr/bin/env bash
# replica_lost.sh - replicas die, stand still, and come back, under load. No
# client hears of it but those that were in a transaction there.
. "${0%/*}/cluster.sh"

cluster_start a b c
routed_start 'default_pool_size = 12'
load_start 8
bench_start
await_more on_b
await_more on_c

it 'l41 kill -9 of a replica: reads go on at the other one'
node_kill b
await_host b state down
await_more on_c 100
await_more writes 100

it 'l58 l59 it comes back: it has its share again'
node_start b
await_roles
await_more on_b 50
await_more on_c 50

it 'i06 a replica stands still: it is out, and reads go on'
node_freeze c
await_host c state down
await_more on_b 100
await_more writes 100

it 'l58 it goes on: it is in again'
node_thaw
await_roles
await_more on_c 50

it 'l61 a replica that starts up and refuses clients: nobody notices'
# It has nothing to show before it is consistent, and says so.
node_stop b
await_host b state down
mv "$T/pg-b/leader.conf" "$T/leader.conf"
"${as_user[@]}" tee "$T/pg-b/leader.conf" >/dev/null <<<'hot_standby = off'
node_spawn b
await_more on_c 100
expect 'b' "$(host_is b role)" none
node_stop b
mv "$T/leader.conf" "$T/pg-b/leader.conf"
node_start b
await_roles
await_more on_b 50

it 'no error outside of transactions and of results that had begun'
bench_stop
load_stop
expect 'statements alone that were lost' "$(load in_flight)" 0
# The primary has only what was lost at replicas again and again.
expect_at_most 'reads at the primary' "$(load on_a)" 40
for node in b c; do
	expect "refused by $node" \
		"$(grep -c 'in a read-only transaction' "$T/pg-$node.log")" 0
done
