#!/usr/bin/env bash
# soak.sh - everything at once, for a while: mixed load and faults, and then
# nothing is left of it.
#
#	SOAK_SECONDS=300 BUILD=build bash test/long/soak.sh
#
# Without SOAK_SECONDS it takes 20, which is what `make check` runs. Load:
# pgbench -S and -N in the simple and the extended protocol, clients that
# check numbers of their own, COPY both ways, cancel requests, storms of
# connections. Operator: PAUSE and RESUME, RECONNECT, RELOAD. Faults: killed
# clients, killed server processes, restarts of PostgreSQL. In the end the
# counters are at rest, and descriptors and memory are what they were after
# the first part.
. "${0%/*}/../e2e/rest.sh" || exit 1

seconds=${SOAK_SECONDS:-20}
ulimit -n "$(ulimit -Hn)"

pg_start
pg 'create database bench'
pg 'create table copied (id int, note text)'
pgbench -q -i -s 1 -h "$T" -p "$PG_PORT" -U postgres bench >"$T/init" 2>&1
settings="pool_mode = transaction
default_pool_size = 8
max_client_conn = 2000
server_login_retry = 0.2
query_wait_timeout = 100
log_connections = 0
log_disconnections = 0
log_pooler_errors = 0
[databases]
other = host=$HOST port=$PG_PORT dbname=postgres pool_size=6
* = host=$HOST port=$PG_PORT"
pgweir_start "$settings"

goes_on()
{
	[ ! -e "$T/over" ]
}

# In the background until the end; what they say of lost servers is theirs.
benches()
{
	while goes_on; do
		pgbench -n -c 8 -T 3 -h "$HOST" -p "$PORT" -U postgres "$@" \
			bench >/dev/null 2>&1 || true
	done
}

killed_clients()
{
	local victim

	while goes_on; do
		pgbench -n -S -c 4 -T 20 -h "$HOST" -p "$PORT" -U postgres \
			bench >/dev/null 2>&1 &
		victim=$!
		sleep "0.$((RANDOM % 9))5"
		kill -KILL "$victim" 2>/dev/null || true
		wait "$victim" 2>/dev/null || true
	done
}

mixture()
{
	talk <<'PY' >"$T/mixture" 2>&1
import random

random.seed(20261121)
c = None
turns = 0


def copies(c):
    n = random.randrange(1, 2000)
    c.query('begin')
    c.query('truncate copied')
    c.send(Q('copy copied from stdin'))
    c.until('G')
    for i in range(n):
        c.send(copy_data(b'%d\tnote\n' % i))
    c.send(COPY_DONE)
    c.result()
    c.send(Q('copy copied to stdout'))
    same('rows', sum(kind == 'd' for kind, _ in c.until()), n)
    c.query('rollback')


def cancels(c):
    c.send(Q('select pg_sleep(30)'))
    time.sleep(random.random() / 50)
    c.cancel()
    try:
        c.result()
    except PgError as e:
        if e.code != '57014':
            raise


def storm(c):
    crowd = [Client(db='other', login=False) for _ in range(100)]
    for x in crowd:
        x.send(x.hello() + Q("select 'storm'"))
    for i, x in enumerate(crowd):
        if i % 3:
            x.abort()
    for i, x in enumerate(crowd):
        if i % 3 == 0:
            x.authenticate()
            same('storm', x.result(), [('storm',)])
            x.close()


while not os.path.exists(T + '/over'):
    try:
        if c is None:
            c = Client(db='other', timeout=120)
        random.choice([copies, cancels, storm])(c)
        turns += 1
    except (PgError, Closed, OSError) as e:
        c = None
print(turns)
PY
}

reload()
{
	sed -i "s/^default_pool_size.*/default_pool_size = $1/" "$T/pgweir.ini"
	console RELOAD >/dev/null
}

# A pause waits for transactions; somebody else ends it anyway.
pause()
{
	local pausing

	console PAUSE >/dev/null 2>&1 &
	pausing=$!
	wait_for '! kill -0 "$pausing" ||
		[ "$(show STATE value key=paused)" = yes ]'
	console RESUME >/dev/null
	wait "$pausing" || true
}

trouble()
{
	case $(($1 % 7)) in
	0) console RECONNECT >/dev/null ;;
	1) reload $((6 + RANDOM % 4)) ;;
	2) pause ;;
	3) pg "select pg_terminate_backend(pid) from pg_stat_activity
		where pid <> pg_backend_pid() order by random() limit 3" \
		>/dev/null 2>&1 || true ;;
	4) pg_stop main INT; pg_start ;;
	5) console 'RECONNECT other' >/dev/null ;;
	6) pg_stop main QUIT; pg_start ;;
	esac
}

# part SECONDS: load and trouble for so long, then rest.
part()
{
	local end=$((SECONDS + $1)) jobs=()

	rm -f "$T/over"
	benches -S & jobs+=($!)
	benches -N & jobs+=($!)
	benches -S -M extended & jobs+=($!)
	killed_clients & jobs+=($!)
	mixture & jobs+=($!)
	NUMBERS_DB=other numbers_start 10
	while [ "$SECONDS" -lt "$end" ]; do
		trouble "$TROUBLES"
		TROUBLES=$((TROUBLES + 1))
		pgweir_lives || fail 'it is gone'
		# A pace, not a condition.
		sleep 0.5
	done
	touch "$T/over"
	numbers_stop
	wait "${jobs[@]}"
	[ "$(cat "$T/mixture")" -gt 0 ] ||
		fail "the mixture: $(cat "$T/mixture")"
	reload 8
}

TROUBLES=0
it 'h01 m13 the first part'
part $((seconds / 3))
baseline

it 'h01 m13 the second part: everything comes back to what it was'
part $((seconds - seconds / 3))
rests 8192
echo "$TROUBLES troubles, $ANSWERS numbers, $(cat "$T/mixture") of the" \
	"mixture; $(memory) KB, $(descriptors) descriptors"
expect 'works' "$(query 'select 1' other)" 1
pgweir_stop
expect 'status' "$STATUS" 0
