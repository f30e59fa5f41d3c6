#!/usr/bin/env bash
# replica_lag.sh - a replica that is behind is not read from until it has
# caught up; one that has nothing to do is not behind.
. "${0%/*}/cluster.sh"

# probes NAME: how often it was asked since log_mark.
probes()
{
	log_since "$1" 'pgweir_control@.*pg_is_in_recovery'
}

# await_probes NAME N: the control connection asks N times from now on.
await_probes()
{
	log_mark "$1"
	wait_for "[ \"\$(probes $1)\" -ge $2 ]" 60
}

cluster_start a b c
routed_start 'max_replica_lag = 1'

it 'l51 an idle primary is no lag'
# Longer than the limit.
await_probes b 6
await_probes c 6
for node in b c; do
	expect "$node" "$(host_is $node role)" replica
done
expect 'nobody was ever out' "$(grep -c 'lags' "$T/pgweir.log")" 0

it 'l52 l53 replay is paused: out by time; the other one reads on'
load_start 6
bench_start
await_more on_b
replay_pause b
await_host b role none
stays on_b on_c
expect 'the other one' "$(host_is c role)" replica

it 'l58 replay goes on: it is in again'
replay_resume b
await_host b role replica
await_more on_b 50

it 'l57 both are behind: reads at the primary'
replay_pause b
replay_pause c
await_host b role none
await_host c role none
await_more on_a 50
replay_resume b
replay_resume c
await_roles
await_more on_b 50
stays on_a on_c

it 'l52 the same by bytes'
pgweir_ini "$(routed 'max_replica_lag_bytes = 100kB')"
console RELOAD >/dev/null
replay_pause c
await_host c role none
expect 'the other one' "$(host_is b role)" replica
await_more on_b 50
replay_resume c
await_roles
await_more on_c 50

it 'nobody heard of any of it'
bench_stop
load_stop
for excuse in in_flight lost_open lost_begun errors fatal; do
	expect "$excuse" "$(load $excuse)" 0
done

it 'l51 what was written is not lag once it is replayed, however long ago'
await_replay b
await_replay c
await_probes b 6
for node in b c; do
	expect "$node" "$(host_is $node role)" replica
done
