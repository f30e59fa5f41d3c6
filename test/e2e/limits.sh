#!/usr/bin/env bash
# limits.sh - how many may come in, and how many connections the server sees.
# What the server sees is asked of the server.
. "${0%/*}/lib.sh"

pg_start
for n in 1 2 3; do
	pg "create database d$n"
	pg "create role u$n login superuser"
done
users postgres '' u1 '' u2 '' u3 '' admin '' stats ''
databases="
[databases]
d1 = host=$HOST port=$PG_PORT
d2 = host=$HOST port=$PG_PORT
d3 = host=$HOST port=$PG_PORT pool_size=2"

# with SETTINGS [SECTIONS]
with()
{
	[ ! -f "$T/pids/pgweir" ] || pgweir_stop
	pgweir_start "pool_mode = transaction
$1
${2:-$databases}"
}

# seen: how many connections there are.
seen()
{
	pg "select count(*) from pg_stat_activity
		where datname like 'd_' and pid <> pg_backend_pid()"
}

# expect_peak WHY LIMIT COMMAND...: the server sees so many connections in the
# meantime, and not more, but for those that pgweir has closed and that take
# their time to go.
expect_peak()
{
	local why=$1 limit=$2 most=0 now load end

	shift 2
	"$@" >/dev/null 2>&1 &
	load=$!
	while kill -0 "$load" 2>/dev/null; do
		now=$(seen)
		end=$((SECONDS + 3))
		while [ "$now" -gt "$limit" ] && [ "$SECONDS" -lt "$end" ]; do
			sleep 0.02
			now=$(seen)
		done
		[ "$now" -le "$most" ] || most=$now
	done
	wait "$load" || fail "$why: the load"
	expect "$why" "$most" "$limit"
}

# load DATABASE:USER...: pgbench for each of them at once.
load()
{
	local pair jobs=() status=0

	echo 'select pg_sleep(0.002)' >"$T/script"
	for pair; do
		pgbench -n -f "$T/script" -c 10 -t 60 -h "$HOST" -p "$PORT" \
			-U "${pair#*:}" "${pair%:*}" &
		jobs+=($!)
	done
	for pair in "${jobs[@]}"; do
		wait "$pair" || status=1
	done
	return "$status"
}

it 'default_pool_size, per database and user'
with 'default_pool_size = 3'
expect_peak 'one pool' 3 load d1:u1
expect_peak 'two users, two pools' $((3 + 3 + 3)) load d2:u1 d2:u2
expect_peak 'pool_size of the database' $((3 + 3 + 3 + 2)) load d3:u1

it 'h07 h08 max_db_connections: idle ones of other users make room'
with 'default_pool_size = 6
max_db_connections = 4'
expect_peak 'one database' 4 load d1:u1 d1:u2 d1:u3

it 'max_user_connections, over all databases'
with 'default_pool_size = 6
max_user_connections = 5'
expect_peak 'one user' 5 load d1:u1 d2:u1 d3:u1

it 'max_client_conn'
with 'max_client_conn = 3'
talk <<'PY'
pgweir_only()				# 1.18 counts the console, too
crowd = [Client('u1', 'd1') for _ in range(3)]
refused('the fourth', lambda: Client('u1', 'd1'), '53300',
        'no more connections allowed (max_client_conn)')
crowd.pop().close()
wait_until(lambda: pools('d1', 'u1')['cl_active'] == '2', 'it to leave')
crowd.append(Client('u1', 'd1'))
for c in crowd:
    same('works', c.one('select 1'), '1')
PY

it 'max_db_client_connections, max_user_client_connections'
if ! is_pgbouncer; then
	with 'max_db_client_connections = 3
max_user_client_connections = 2'
	talk <<'PY'
a, b = Client('u1', 'd1'), Client('u1', 'd2')
refused('user', lambda: Client('u1', 'd1'), '53300',
        'client connections exceeded (max_user_client_connections)')
c, d = Client('u2', 'd1'), Client('u2', 'd1')
refused('database', lambda: Client('u3', 'd1'), '53300',
        'client connections exceeded (max_db_client_connections)')
a.close()
wait_until(lambda: pools('d1', 'u1')['cl_active'] == '0', 'it to leave')
e = Client('u3', 'd1')
same('works', e.one('select 1'), '1')
PY
fi

it 'h05 h06 min_pool_size'
with 'default_pool_size = 6
min_pool_size = 4'
query 'select 1' d1 u1 >/dev/null
wait_for '[ "$(show POOLS sv_idle database=d1 user=u1)" = 4 ]'
expect 'no more' "$(show DATABASES current_connections name=d1)" 4

it 'h09 reserve_pool_size, after reserve_pool_timeout'
with 'default_pool_size = 1
reserve_pool_size = 1
reserve_pool_timeout = 1'
talk <<'PY'
a, b, c = [Client('u1', 'd1') for _ in range(3)]
a.query('begin')
start = time.monotonic()
b.send(Q('begin'))
b.result()
waited = time.monotonic() - start
assert 0.7 < waited < 8, 'served after %.1f s' % waited
c.send(Q('select 1'))
assert c.silent(1.5), 'more servers than the reserve has'
a.query('commit')
same('served', c.result(), [('1',)])
PY

it 'h12 h13 the oldest waiter is served first'
with 'default_pool_size = 1'
pg 'create table turns (n serial, who int)' d1
talk <<'PY'
holder = Client('u1', 'd1')
holder.query('begin')
line = [Client('u1', 'd1') for _ in range(12)]
for i, c in enumerate(line):
    c.send(Q('insert into turns (who) values (%d)' % i))
    wait_until(lambda: pools('d1', 'u1')['cl_waiting'] == str(i + 1), 'it')
holder.query('commit')
holder.query('insert into turns (who) values (99)')	# right back
for c in line:
    c.result()
same('turns', [r[0] for r in direct('select who from turns order by n', 'd1')],
     [str(i) for i in range(12)] + ['99'])
PY

it 'n16 h14 maxwait counts from when they began to wait'
talk <<'PY'
holder, c = Client('u1', 'd1'), Client('u1', 'd1')
holder.query('begin')
same('nobody waits', pools('d1', 'u1')['maxwait'], '0')
c.send(Q('select 1'))
wait_until(lambda: int(pools('d1', 'u1')['maxwait']) >= 1, 'a second', 8)
holder.query('commit')
c.result()
same('nobody waits', pools('d1', 'u1')['maxwait_us'], '0')
PY

it 'h20 a wildcard database comes with its first client'
with 'default_pool_size = 2' "
[databases]
* = host=$HOST port=$PG_PORT"
for n in 1 2 3; do
	expect "d$n" "$(query 'select current_database()' "d$n" u1)" "d$n"
done
talk <<'PY'
e = refused('not on the server', lambda: Client('u1', 'dx').query('select 1'),
            '3D000')
assert 'database "dx" does not exist' in e.text, e.text
PY

it 'per-user settings'
if ! is_pgbouncer; then
	with 'default_pool_size = 4' "$databases
[users]
u2 = pool_mode=session pool_size=2"
	expect 'u2' "$(show USERS pool_mode name=u2)" session
	talk <<'PY'
a, b = Client('u2', 'd1'), Client('u2', 'd1')
first = a.one('select pg_backend_pid()')
b.query('select 1')
same('keeps its server', a.one('select pg_backend_pid()'), first)
c = Client('u2', 'd1', login=False)
c.send(c.hello() + Q('select 1'))
wait_until(lambda: pools('d1', 'u2')['cl_waiting'] == '1', 'the third')
a.close()
c.authenticate()
same('served', c.result(), [('1',)])
PY
fi
