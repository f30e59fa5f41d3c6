#!/usr/bin/env bash
# pgbench.sh - PostgreSQL's own load through transaction pooling: nothing is
# lost, nothing runs twice, nothing stays behind.
#
# What pgbench says it did is compared with what the server knows: rows of
# pgbench_history, the sum of balances, index scans of pgbench_accounts.
. "${0%/*}/lib.sh"

clients=${CLIENTS:-1 20 200}
servers=20

ulimit -n "$(ulimit -Hn)"

pg_create main
echo 'max_connections = 60' >>"$T/pg-main/extra.conf"
pg_start
pg 'create database bench'
pgbench -q -i -s 10 -h "$T" -p "$PG_PORT" -U postgres bench >"$T/init" 2>&1
pgweir_start "
pool_mode = transaction
default_pool_size = $servers
max_client_conn = 2000
listen_backlog = 2048
log_connections = 0
log_disconnections = 0"

history()
{
	pg 'select count(*) from pgbench_history' bench
}

# What the server counted: rows in the history, or look-ups of accounts. The
# look-ups are reported when a server connection ends.
counted()
{
	case $1 in
	-S)
		console RECONNECT >/dev/null
		wait_for "[ \"\$(pg \"select count(*) from pg_stat_activity
			where datname = 'bench' and pid <> pg_backend_pid()
			and backend_type = 'client backend'\")\" = 0 ]"
		pg "select idx_scan from pg_stat_user_tables
			where relname = 'pgbench_accounts'" bench ;;
	*) history ;;
	esac
}

# load CLIENTS TRANSACTIONS_EACH OPTION...
load()
{
	local c=$1 t=$2 kind=$3 before after ran

	shift 2
	before=$(counted "$kind")
	pgbench -n -c "$c" -j 2 -t "$t" -h "$HOST" -p "$PORT" -U postgres \
		"$@" bench >"$T/out" 2>&1 || fail "pgbench: $(tail -n 5 "$T/out")"
	expect_match 'none failed' "$(cat "$T/out")" \
		'number of failed transactions: 0 '
	ran=$(sed -n 's|.*actually processed: \([0-9]*\)/.*|\1|p' "$T/out")
	expect 'pgbench ran them all' "$ran" $((c * t))
	after=$(counted "$kind")
	expect 'the server ran as many' $((after - before)) "$ran"
	grep -q 'WARNING\|ERROR' "$T/out" &&
		fail "pgbench complains: $(grep -m 3 'WARNING\|ERROR' "$T/out")"
	at_rest
}

at_rest()
{
	wait_for '[ "$(show POOLS cl_active database=bench)" = 0 ]'
	expect 'waiting' "$(show POOLS cl_waiting database=bench)" 0
	expect 'active' "$(show POOLS sv_active database=bench)" 0
	expect_at_most 'servers' "$(show POOLS sv_idle database=bench)" "$servers"
}

for c in $clients; do
	# As many transactions at every width, enough for each client.
	t=$((6000 / c < 5 ? 5 : 6000 / c))
	for mode in simple extended; do
		it "-S -M $mode at $c clients"
		load "$c" "$t" -S -M "$mode"
		it "-N -M $mode at $c clients"
		load "$c" $(((t + 3) / 4)) -N -M "$mode"
		it "TPC-B -M $mode at $c clients"
		load "$c" $(((t + 3) / 4)) -b tpcb-like -M "$mode"
	done
done

it 'the balances agree'
expect 'branches and tellers' "$(pg 'select
	(select sum(bbalance) from pgbench_branches) =
	(select sum(tbalance) from pgbench_tellers)' bench)" t
expect 'accounts and history' "$(pg 'select
	(select sum(abalance) from pgbench_accounts) =
	(select sum(delta) from pgbench_history)' bench)" t

if [ "$clients" = '1 20 200' ]; then
	it 'a connection per transaction'
	load 20 25 -S -C
fi
