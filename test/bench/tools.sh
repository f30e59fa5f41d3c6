#!/usr/bin/env bash
# tools.sh - the tools of test/bench themselves: each mode of the load
# generator, through pgweir, to the server that does nothing. Only order and
# count are looked at, never time.
. "${0%/*}/../e2e/lib.sh"

ulimit -n "$(ulimit -Hn)"

# program NAME: copies it to where the unprivileged user can run it.
program()
{
	mkdir -p "$T/bin"
	cp "$BUILD/$1" "$T/bin/$1"
	echo "$T/bin/$1"
}

load=$(program bench_load)
backend=$(program bench_backend)
multiplexer=$(program bench_multiplexer)

# backend NAME PORT OPTION...
backend()
{
	local name=$1 port=$2

	shift 2
	"${as_user[@]}" "$backend" -a "$HOST" -u "$T" "$@" "$port" </dev/null \
		>"$T/$name.log" 2>&1 &
	echo $! >"$T/pids/$name"
	wait_for "grep -q listening $T/$name.log"
}

# load MODE COUNT OPTION...: the count of transactions that it reports.
load()
{
	local mode=$1 count=$2

	shift 2
	timeout 120 "$load" -h "$HOST" -p "$PORT" -m "$mode" -n "$count" "$@" \
		</dev/null | sed -n 's/.*transactions=\([0-9]*\).*/\1/p'
}

backend backend "$PG_PORT"
pgweir_start '
pool_mode = transaction
default_pool_size = 5
max_client_conn = 400
log_connections = 0
log_disconnections = 0'

for mode in simple extended block; do
	it "$mode: every answer is its question's"
	expect "$mode" "$(load "$mode" 500 -c 40)" 500
done

it 'Unix socket'
expect 'simple' "$(load simple 500 -c 40 -h "$T")" 500

it 'reconnect: a login for every transaction'
expect 'transactions' "$(load reconnect 200 -c 10)" 200

it 'copy out and in: nothing is lost'
expect 'out' "$(load copy-out 3 -s 20000 -r 99)" 3
expect 'in' "$(load copy-in 3 -s 20000 -r 99)" 3

it 'idle: three rounds of clients that ask once'
expect 'rounds' "$(timeout 120 "$load" -h "$HOST" -p "$PORT" -m idle -c 100 \
	-n 3 </dev/null)" $'quiet\nquiet\nquiet'

it 'quiet before and behind the measuring'
expect 'words' "$(timeout 120 "$load" -h "$HOST" -p "$PORT" -c 20 -n 100 -q \
	-w 0.1 </dev/null | cut -d ' ' -f 1 | tr '\n' ' ')" \
	'quiet transactions=100 quiet '

it 'cold: all servers of the pool are up'
expect_match 'servers' "$(timeout 120 "$load" -h "$HOST" -p "$PORT" -m cold \
	-c 50 -k 5 -d other </dev/null)" '^servers=5 msec='

it 'prepared: needs a session'
pgweir_stop
pgweir_start '
pool_mode = session
default_pool_size = 20
log_connections = 0
log_disconnections = 0
[databases]
postgres = host='"$HOST port=$PG_PORT"
expect 'prepared' "$(load prepared 500 -c 20)" 500

it 'a wrong answer is a failure'
backend wrong 25434 -e
expect_failure 'a number' 'the answer is 2, not 1' \
	timeout 20 "$load" -h "$HOST" -p 25434 -n 1
expect_failure 'no such database' 'the server says' \
	timeout 20 "$load" -h "$HOST" -p "$PORT" -d nowhere -n 1

it 'multiplexer'
"$multiplexer" 25433 "$PG_PORT" 5 "$T" >/dev/null 2>&1 &
echo $! >"$T/pids/multiplexer"
wait_for '[ -S "$T/.s.PGSQL.25433" ]'
expect 'simple' "$(timeout 20 "$load" -h "$T" -p 25433 -c 20 -n 300 \
	</dev/null | sed -n 's/.*transactions=\([0-9]*\).*/\1/p')" 300
