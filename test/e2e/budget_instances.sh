#!/usr/bin/env bash
# budget_instances.sh - one total, five processes of pgweir that divide it.
. "${0%/*}/sampler.sh"

# instance_ini K TOTAL N: the configuration of instance K of N, with an
# address of its own; PORT is the first one's.
instance_ini()
{
	PORT=$((PORT + $1)) pgweir_ini "
pool_mode = transaction
default_pool_size = 60
max_client_conn = 200
server_connections = $2
app_instances = $3
instance_number = $1
log_connections = 0
log_disconnections = 0" "pgweir-$1"
	sed -i "s,^pidfile.*,pidfile = $T/pgweir-$1.pid," "$T/pgweir-$1.ini"
}

# instance_start K TOTAL N
instance_start()
{
	instance_ini "$@"
	DAEMON=pgweir-$1 pgweir_spawn "$T/pgweir-$1.ini"
	wait_for "(exec 3<>/dev/tcp/$HOST/$((PORT + $1)))" 30
}

# at K COMMAND...: with instance K
at()
{
	local k=$1

	shift
	PORT=$((PORT + k)) "$@"
}

# budget K COLUMN: of SHOW BUDGET
budget()
{
	at "$1" show BUDGET "$2" "port=$PG_PORT"
}

# does_not_start WHY K TOTAL N REGEX: it says so in one line, and ends.
does_not_start()
{
	local log=$T/pgweir-$2.log

	rm -f "$log"
	instance_ini "$2" "$3" "$4"
	DAEMON=pgweir-$2 pgweir_spawn "$T/pgweir-$2.ini"
	await_pid "pgweir-$2"
	expect "$1: exit status" "$STATUS" 1
	expect "$1: lines" "$(wc -l <"$log")" 1
	expect_match "$1" "$(cat "$log")" "pgweir-$2\.ini:[0-9]+: .*$5"
}

pg_create main
echo 'max_connections = 108' >"$T/pg-main/extra.conf"
pg_start
names=(postgres '' admin '' stats '')
for k in 0 1 2 3 4; do
	pg "create role u$k login"
	names+=("u$k" '')
done
users "${names[@]}"

it 'h30 a number that is none of theirs does not start'
does_not_start 'the sixth' 5 100 5 'instance_number'
does_not_start 'of none' 1 100 1 'instance_number'

it 'h31 a total that has not one for each does not start'
does_not_start '3 for 5' 0 3 5 '(server_connections|app_instances)'
does_not_start '4 for 5' 4 4 5 '(server_connections|app_instances)'

it 'h31 what does not divide: the first ones get one more'
for k in 0 1 2 3 4; do
	instance_start "$k" 101 5
	at "$k" query 'select 1' postgres "u$k" >/dev/null
	expect "instance $k" "$(budget "$k" share)" $((k == 0 ? 21 : 20))
	expect "instance $k: total" "$(budget "$k" total)" 101
	expect "instance $k: of" "$(budget "$k" app_instances)" 5
	expect "instance $k: number" "$(budget "$k" instance_number)" "$k"
	stop_pid "pgweir-$k" "$(quit_signal pgweir)"
done

it 'h29 five of them under load: 20 each, 100 in all, never more'
for k in 0 1 2 3 4; do
	instance_start "$k" 100 5
done
sampler_start
touch "$T/load"
mark load
echo 'select pg_sleep(0.03)' >"$T/script"
jobs=()
for k in 0 1 2 3 4; do
	at "$k" query 'select 1' postgres "u$k" >/dev/null
	expect "share of $k" "$(budget "$k" share)" 20
	while [ -e "$T/load" ]; do
		pgbench -n -f "$T/script" -c 40 -T 3 -h "$HOST" \
			-p $((PORT + k)) -U "u$k" postgres || break
	done >"$T/bench.$k" 2>&1 &
	jobs+=($!)
done
wait_for '[ "$(peak load)" -ge 100 ]' 60
for k in 0 1 2 3 4; do
	expect "held by $k" "$(budget "$k" held)" 20
	expect "by its pools" "$(budget "$k" pool)" 20
done
await_samples load 150
rm "$T/load"
wait "${jobs[@]}"
echo "connections:samples $(how_often load)"
for k in 0 1 2 3 4; do
	expect "the most of $k" "$(peak_of "u$k" load)" 20
	! grep -qE 'error|FATAL' "$T/bench.$k" ||
		fail "instance $k: $(grep -m 3 -E 'error|FATAL' "$T/bench.$k")"
done
expect 'the most in all' "$(peak load)" 100
expect 'nobody was turned away by PostgreSQL' "$(refusals)" 0

it 'h29 one leaves and comes back: the others take nothing of it'
mark gone
stop_pid pgweir-2 "$(quit_signal pgweir)"
jobs=()
for k in 0 1 3 4; do
	pgbench -n -f "$T/script" -c 40 -t 60 -h "$HOST" -p $((PORT + k)) \
		-U "u$k" postgres >"$T/bench.$k" 2>&1 &
	jobs+=($!)
done
wait_for '[ "$(peak gone)" -ge 80 ]' 60
instance_start 2 100 5
pgbench -n -f "$T/script" -c 40 -t 60 -h "$HOST" -p $((PORT + 2)) \
	-U u2 postgres >"$T/bench.2" 2>&1 || fail "$(tail -n 3 "$T/bench.2")"
wait "${jobs[@]}"
mark back
for k in 0 1 2 3 4; do
	expect_at_most "the most of $k" "$(peak_of "u$k" gone back)" 20
done
expect_at_most 'the most in all' "$(peak gone back)" 100
sampler_stop
