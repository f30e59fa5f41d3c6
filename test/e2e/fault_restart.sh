#!/usr/bin/env bash
# fault_restart.sh - PostgreSQL restarts, or stops at once, under load. Who
# is in a transaction or query hears of it, once; the others wait and go on.
. "${0%/*}/rest.sh"

pg_create main
echo 'max_connections = 60' >>"$T/pg-main/extra.conf"
pg_start
pg 'create database bench'
pgbench -q -i -s 1 -h "$T" -p "$PG_PORT" -U postgres bench >"$T/init" 2>&1
pgweir_start "
pool_mode = transaction
default_pool_size = 8
max_client_conn = 500
server_login_retry = 0.2
query_wait_timeout = 100
log_connections = 0
log_disconnections = 0
log_pooler_errors = 0
[databases]
busy = host=$HOST port=$PG_PORT dbname=postgres pool_size=4
* = host=$HOST port=$PG_PORT"
NUMBERS_DB=busy numbers_start 20
numbers_stop
baseline

# crowd: clients in every state; each says what it hears when the server
# goes. Waits for the files `gone` and `back`.
cat >"$T/crowd.py" <<'PY'
idle = [Client() for _ in range(10)]
for c in idle:
    same('works', c.one('select 1'), '1')
inside = [Client() for _ in range(4)]
for c in inside:
    c.query('begin')
running = [Client() for _ in range(4)]
for c in running:
    c.send(Q('select pg_sleep(100)'))
wait_until(lambda: pools()['sv_active'] == '8', 'eight to work')
waiting = [Client() for _ in range(10)]
for i, c in enumerate(waiting):
    c.send(Q("select 'waiter %d'" % i))
wait_until(lambda: pools()['cl_waiting'] == '10', 'ten to wait')
open(T + '/ready', 'w').close()
wait_until(lambda: os.path.exists(T + '/gone'), 'the end of the server', 60)
for c in idle[5:]:
    c.send(Q("select 'asked meanwhile'"))
wait_until(lambda: os.path.exists(T + '/back'), 'the server', 90)
for c in inside + running:
    errors = [PgError(body) for kind, body in c.rest() if kind == 'E']
    same('one error', [e.severity for e in errors], ['FATAL'])
    assert errors[0].code in ('57P01', '57P02', '08006'), errors[0]
for c in idle[:5]:
    same('idle ones notice nothing', c.one('select 1'), '1')
for c in idle[5:]:
    same('nor who asks meanwhile', c.result(), [('asked meanwhile',)])
for i, c in enumerate(waiting):
    same('nor who waits', c.result(), [('waiter %d' % i,)])
PY

# goes_and_comes SIGNAL: with all that going on.
goes_and_comes()
{
	rm -f "$T/ready" "$T/gone" "$T/back"
	talk <"$T/crowd.py" >"$T/crowd" 2>&1 &
	crowd=$!
	NUMBERS_DB=busy numbers_start 20
	pgbench -n -c 20 -T 60 -h "$HOST" -p "$PORT" -U postgres \
		bench >"$T/bench" 2>&1 &
	bench=$!
	wait_for '[ -e "$T/ready" ] || ! kill -0 "$crowd"' 60
	wait_for '[ "$(sum_of POOLS cl_active database=bench)" -gt 0 ]'
	pg_stop main "$1"
	touch "$T/gone"
	wait_for '[ "$(sum_of POOLS sv_active)" = 0 ]'
	wait_for '[ "$(sum_of POOLS cl_waiting database=postgres)" -ge 15 ] ||
		! kill -0 "$crowd"'
	pg_start
	touch "$T/back"
	wait "$crowd" || fail "the crowd: $(cat "$T/crowd")"
	# All of pgbench's clients that had no server are at work again.
	before=$(sum_of STATS total_xact_count database=bench)
	wait_for '[ "$(sum_of STATS total_xact_count database=bench)" \
		-gt $((before + 100)) ]'
	kill -TERM "$bench"
	wait "$bench" 2>/dev/null || true
	numbers_stop
	# A pool of four has four that can hear of it.
	expect_at_most 'errors' "$ERRORS" 4
	lost=$(grep -c "client [0-9]* aborted" "$T/bench" || true)
	expect_at_most 'clients of pgbench that lost a server' "$lost" 8
	rests
}

it 'i10 a fast restart'
goes_and_comes INT

it 'i10 i24 an immediate stop'
goes_and_comes QUIT

it 'd31 every server process is killed, again and again'
numbers_start 20
for _ in 1 2 3 4 5; do
	ANSWERED=$(sum_of STATS total_query_count database=postgres)
	pkill -KILL -P "$(cat "$T/pids/pg-main")" -f 'postgres: postgres ' || true
	wait_for 'pg_isready -q -h "$T" -p "$PG_PORT"'
	wait_for '[ "$(sum_of STATS total_query_count database=postgres)" \
		-gt $((ANSWERED + 100)) ]'
done
numbers_stop
expect_at_most 'errors' "$ERRORS" 40
rests
