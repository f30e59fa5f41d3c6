#!/usr/bin/env bash
# syscalls.sh - what a transaction costs in system calls.
#
# Nearly all of a pooler's work is the kernel's. A round trip is a read and
# a write on either side; waiting for events is shared by all that is ready.
# Counted by strace over all calls, at 200 clients on 20 servers.
. "${0%/*}/lib.sh"

limit=4.2
! is_sanitized || skip 'the sanitizers make calls of their own'
strace -qq -o /dev/null true 2>/dev/null ||
	skip 'strace may not trace on this machine'

ulimit -n "$(ulimit -Hn)"
pg_start
pgbench -q -i -s 5 -h "$T" -p "$PG_PORT" -U postgres postgres >/dev/null 2>&1
pgweir_start '
pool_mode = transaction
default_pool_size = 20
max_client_conn = 400
log_connections = 0
log_disconnections = 0
log_stats = 0'

# calls FILE: the sum of strace's table.
calls()
{
	awk '$NF == "total" { print $(NF == 6 ? 4 : 3) }' "$1"
}

done_so_far()
{
	show STATS_TOTALS xact_count database=postgres
}

# seconds: how many seconds of load pgbench has reported.
seconds()
{
	grep -c '^progress' "$T/out" || true
}

it '200 clients on 20 servers'
pgbench -n -S -P 1 -c 200 -j 2 -T 60 -h "$HOST" -p "$PORT" -U postgres \
	postgres >"$T/out" 2>&1 &
load=$!
wait_for '[ "$(seconds)" -ge 2 ]'

# The load stands still while strace comes and goes, so that exactly the same
# transactions are counted on both sides, however slow the machine is.
still()
{
	kill -STOP "$load"
	wait_for '[ "$(show POOLS sv_active database=postgres)" = 0 ]'
}
still
before=$(done_so_far)
strace -c -f -qq -o "$T/trace" -p "$(pgweir_pid)" &
tracer=$!
wait_for '[ "$(awk "/TracerPid/ { print \$2 }" \
	"/proc/$(pgweir_pid)/status")" != 0 ]'
kill -CONT "$load"
enough=$(($(seconds) + 8))
wait_for "[ \$(seconds) -ge $enough ]" 60
still
after=$(done_so_far)
kill -INT "$tracer"
wait "$tracer" || true
kill -CONT "$load"
kill "$load"
wait "$load" || true
spent=$(calls "$T/trace")
each=$(awk -v c="$spent" -v n=$((after - before)) 'BEGIN { print c / n }')
echo "$spent calls, $((after - before)) transactions: $each each"
cat "$T/trace"
expect_at_most 'system calls of a transaction' "$each" "$limit"
