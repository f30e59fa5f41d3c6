#!/usr/bin/env bash
# budget_storm.sh - everything at once on one budget, and PostgreSQL is asked
# every 20 ms how many connections it has: never more than the share, whatever
# happens, and all of the share while there is work.
#
#	BUDGET_STORM_SECONDS=300 bash ../test/e2e/budget_storm.sh
#
# The first phase takes two fifths of that (default: 12 s in all); in the
# others PostgreSQL is restarted, and the total is lowered and raised again.
. "${0%/*}/sampler.sh"

seconds=${BUDGET_STORM_SECONDS:-12}
phase=$((seconds * 50 / 5))	# so many samples: a fifth of the time
share=20
lower=12

# Two instances, of which this is the second; the first is not running.
# PostgreSQL has room for the share and, by the Unix socket, for the sampler,
# one psql and pg_isready; three places stay free of all but superusers.
pg_create main
echo "max_connections = $((share + 3 + 3))" >"$T/pg-main/extra.conf"
pg_start
for i in 1 2 3 4; do
	pg "create database d$i"
	pg "create role u$i login"
done
users postgres '' u1 '' u2 '' u3 '' u4 '' admin '' stats ''

# configure TOTAL
configure()
{
	pgweir_ini "
pool_mode = transaction
default_pool_size = 10
max_client_conn = 1000
app_instances = 2
instance_number = 1
server_login_retry = 0.1
query_wait_timeout = 100
log_connections = 0
log_disconnections = 0
log_pooler_errors = 0
[databases]
other = host=$HOST port=$PG_PORT dbname=d1
* = host=$HOST port=$PG_PORT
[hosts]
$HOST:$PG_PORT = server_connections=$1"
}

configure $((2 * share))
pgweir_start
sampler_start

# It ends with the test's folder, if not before.
goes_on()
{
	[ -e "$T/storm" ]
}

# In the background until the end; their lost servers are no news. What they
# have done goes to $T/done.NAME.
benches()
{
	local db=d$1 user=u$2 name=$1.$2

	shift 2
	while goes_on; do
		pgbench -n -f "$T/short" -T 2 -h "$HOST" -p "$PORT" \
			-U "$user" "$@" "$db" 2>/dev/null || true
	done | awk '/actually processed/ { n += $NF } END { print n + 0 }' \
		>"$T/done.$name"
}

# Clients that are killed while their query runs. Their backends live on, for
# this one survives being cancelled, once.
echo 'do $$
begin
	perform pg_sleep(2);
exception when query_canceled then
	perform pg_sleep(0.8);
end $$' >"$T/tough"
killed_clients()
{
	local victims i

	while goes_on; do
		victims=()
		for i in 1 2 3; do
			psql -Xq -h "$HOST" -p "$PORT" -U "u$((RANDOM % 4 + 1))" \
				-d other -f "$T/tough" >/dev/null 2>&1 &
			victims+=($!)
		done
		sleep "0.$((RANDOM % 4 + 1))"
		kill -KILL "${victims[@]}" 2>/dev/null || true
		wait "${victims[@]}" 2>/dev/null || true
	done
}

cancels()
{
	talk <<'PY' >"$T/cancels" 2>&1
import random
import threading

random.seed(4)


def one():
    c = None
    while os.path.exists(T + '/storm'):
        try:
            if c is None:
                c = Client('u%d' % random.randint(1, 4),
                           'd%d' % random.randint(1, 4), timeout=120)
            c.send(Q('select pg_sleep(1)'))
            time.sleep(random.random() / 5)
            c.cancel()
            if random.random() < 0.3:
                c.abort()
                c = None
            else:
                c.result()
        except (PgError, Closed, OSError):
            c = None
            time.sleep(0.02)


crowd = [threading.Thread(target=one) for _ in range(4)]
for thread in crowd:
    thread.start()
for thread in crowd:
    thread.join()
PY
}

operator()
{
	while goes_on; do
		sleep 0.7
		pg "select pg_terminate_backend(pid) from pg_stat_activity
			where usename like 'u_' order by random() limit 3" \
			>/dev/null 2>&1 || true
		sleep 0.7
		console 'RECONNECT' >/dev/null 2>&1 || true
	done
}

echo 'select pg_sleep(0.004)' >"$T/short"
touch "$T/storm"
jobs=()
for i in 1 2 3 4; do
	benches "$i" "$i" -c 4 &
	jobs+=($!)
	benches "$i" $((i % 4 + 1)) -C -c 3 &
	jobs+=($!)
done
killed_clients &
jobs+=($!)
cancels &
jobs+=($!)
operator &
jobs+=($!)

# budget COLUMN
budget()
{
	show BUDGET "$1" "port=$PG_PORT"
}

# goes_well FROM TO MOST: between these marks, as far as they are there.
goes_well()
{
	echo "$1: connections:samples $(how_often "$1" "$2")"
	expect_at_most "connections, $1" "$(peak "$1" "$2")" "$3"
	expect "all of them in use, $1" "$(peak "$1" "$2")" "$3"
	expect "turned away by PostgreSQL, $1" "$(refusals)" 0
}

it 'h29 h33 a storm: never above the share, and all of it in use'
expect 'the share' "$(budget share)" "$share"
mark storm
wait_for '[ "$(peak storm)" -ge "$share" ]' 60
await_samples storm $((2 * phase))
mark restart
goes_well storm restart "$share"

it 'i10 PostgreSQL is restarted at once, under load'
pg_stop main QUIT
pg_start
mark restarted
wait_for '[ "$(peak restarted)" -ge "$share" ]' 60
await_samples restarted "$phase"
mark lowered
goes_well restarted lowered "$share"

it 'h32 the total is lowered: those who work finish, then it holds'
configure $((2 * lower))
console RELOAD >/dev/null
expect 'the share' "$(budget share)" "$lower"
wait_for '[ "$(budget held)" -le "$lower" ]' 30
mark low
wait_for '[ "$(peak low)" -ge "$lower" ]' 60
await_samples low "$phase"
mark raised
expect_at_most 'while it shrank' "$(peak lowered low)" "$share"
goes_well low raised "$lower"

it 'h32 the total is raised again: at once there is more'
configure $((2 * share))
console RELOAD >/dev/null
mark high
wait_for '[ "$(peak high)" -ge "$share" ]' 30
await_samples high "$phase"
mark over
goes_well high over "$share"

it 'h29 when it is over pgweir and PostgreSQL agree'
rm "$T/storm"
wait "${jobs[@]}"
wait_for '[ "$(budget waiting)" = 0 ]'
wait_for '[ "$(budget closing)" = 0 ]'
wait_for '[ "$(budget held)" = "$(tail -n 1 "$T/samples" | cut -d " " -f 3)" ]'
expect 'ghosts' "$(budget ghosts)" 0
sampler_stop
for f in "$T"/done.*; do
	[ "$(cat "$f")" -gt 0 ] || fail "no transaction of ${f##*done.}"
done
cat "$T"/done.* | awk '{ n += $1 } END { print n " transactions" }'
expect_at_most 'connections, ever' "$(peak storm)" "$share"
for i in 1 2 3 4; do
	expect 'everybody is served' "$(query 'select 1' "d$i" "u$i")" 1
done
