#!/usr/bin/env bash
# budget_replicas.sh - each host has its own budget, also while all replicas
# are gone and their reads come to the primary. PostgreSQL itself counts.
. "${0%/*}/cluster.sh"

share=5

cluster_start a b c
on a "create role app login connection limit $share;
	grant all on all tables in schema public to app"
await_replay b
await_replay c
users postgres '' app '' admin '' stats ''
routed_start 'default_pool_size = 20' "
[hosts]
${NODE_HOST[a]}:$PG_PORT = server_connections=$share
${NODE_HOST[b]}:$PG_PORT = server_connections=$share
${NODE_HOST[c]}:$PG_PORT = server_connections=$share"

# at NAME: connections of the load
at()
{
	on "$1" "select count(*) from pg_stat_activity where usename = 'app'"
}

# none_refused: no server has turned one away.
none_refused()
{
	local node

	for node in a b c; do
		expect "refused by $node" \
			"$(grep -c 'too many connections' "$T/pg-$node.log")" 0
	done
}

it 'h35 each host has its share'
load_start 30 app app
await_more on_b 100
await_more on_c 100
await_more writes 100
for node in a b c; do
	expect_at_most "connections to $node" "$(at "$node")" "$share"
done
none_refused

it 'h35 all replicas are gone: the primary has its share of connections still'
node_kill b
node_kill c
await_host b state down
await_host c state down
await_more on_a 100
await_more writes 100
expect_at_most 'connections to a' "$(at a)" "$share"
none_refused

it 'h35 they are back, and have theirs'
node_start b
node_start c
await_roles
await_more on_b 100
await_more on_c 100
stays on_a on_b
for node in a b c; do
	expect_at_most "connections to $node" "$(at "$node")" "$share"
done
none_refused
load_stop
expect 'statements alone that were lost' "$(load in_flight)" 0
