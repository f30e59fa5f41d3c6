#!/usr/bin/env bash
# failover.sh - the primary goes, a replica is promoted, the old primary
# comes back: as it was, and then as a replica. All under load.
. "${0%/*}/cluster.sh"

cluster_start a b c
routed_start 'health_interval = 1'
load_start 8
await_more on_b
await_more on_c
for node in a b c; do
	log_mark "$node"
done

it 'l54 l60 the primary stops: reads go on'
node_stop a
await_host a state down
await_more on_b 50
await_more on_c 50
written=$(load writes)

it 'l50 a replica is promoted: writes go on within two health intervals'
[ "$(load writes)" -le $((written + 8)) ] || fail 'who took the writes?'
node_promote b
node_follow c
await_more writes 50
# What it was asked since, up to the first write. One probe may have been on
# its way, two intervals are two more.
probes=$(tail -c +$((LOG_MARK[b] + 1)) "$T/pg-b.log" | awk '
	/received promote request/ { promoted = 1 }
	promoted && /INSERT|insert into written/ { print n + 0; exit }
	promoted && /pgweir_control@.*pg_is_in_recovery/ { n++ }')
echo "probes between promotion and first write: $probes"
expect_at_most 'probes' "$probes" 3
await_roles b c
expect 'said once' "$(grep -c "${NODE_HOST[b]}.*primary" "$T/pgweir.log")" 1

it 'i19 l48 the old primary comes back as it was: it takes no write'
log_mark a
node_start a
before=$(on a 'select count(*) from written')
await_host a state up
# Asked often, it says it is a primary, and is not believed.
wait_for '[ "$(log_since a "pgweir_control@.*pg_is_in_recovery")" -ge 6 ]' 60
expect 'its role' "$(host_is a role)" none
await_more writes 100
await_more reads 100
expect 'rows written there' "$(on a 'select count(*) from written')" "$before"
expect 'writes in its log' "$(log_since a 'insert into')" 0
expect 'reads from it' "$(load on_a)" 0

it 'i19 l47 rewound, it is a replica as others are'
node_stop a
node_rewind a
node_start a
await_roles
await_more on_a 50
expect 'writes in its log' "$(log_since a 'insert into')" 0

it 'l50 back again: a switchover to where it began'
node_stop b
node_promote a
node_follow c
await_more writes 50
node_rewind b
node_start b
await_roles
await_more on_b 50
expect 'writes in the log of b, a replica' "$(
	log_mark b
	await_more writes 50
	log_since b 'insert into')" 0

it 'l43 no error but of what had begun; each write once'
load_stop
