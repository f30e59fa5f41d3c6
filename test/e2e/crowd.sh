#!/usr/bin/env bash
# crowd.sh - too many, too silent, too nasty, all at once.
. "${0%/*}/lib.sh"

ulimit -n "$(ulimit -Hn)"
pg_start
pg 'create table t (who int, n int, primary key (who, n))'

it 'm01 two thousand connections that say nothing'
pgweir_start '
pool_mode = transaction
max_client_conn = 5000
listen_backlog = 4096
client_login_timeout = 4
log_connections = 0
log_disconnections = 0
log_pooler_errors = 0'
talk <<'PY'
silent = [Client(login=False) for _ in range(2000)]
start = time.monotonic()
same('others get in', Client().one('select 1'), '1')
wait_until(lambda: console('SHOW LISTS')[7][1] == '2000' or PGBOUNCER,
           'them to be counted')
for c in silent:
    same('thrown out', [k for k, _ in c.rest() if k != 'E'], [])
assert time.monotonic() - start < 20
PY
wait_for '[ "$(show LISTS items list=login_clients)" = 0 ]'

it 'm13 a thousand idle clients are small'
pgweir_stop
pgweir_start '
pool_mode = transaction
max_client_conn = 2000'
talk <<'PY'
pid = open(T + '/pgweir.pid').read().strip()


def private():
    return sum(int(l.split()[1]) for l in open('/proc/%s/smaps_rollup' % pid)
               if l.startswith('Private_Dirty'))


Client().query('select 1')
before = private()
crowd = [Client() for _ in range(1000)]
for c in crowd:
    c.query('select 1')
open(T + '/each', 'w').write('%d' % ((private() - before) * 1024 // 1000))
PY
echo "$(cat "$T/each") bytes for each of a thousand idle clients"
is_sanitized || expect_at_most 'bytes' "$(cat "$T/each")" 2000
pgweir_stop

it 'k10 out of descriptors: a rest, no spinning, and on again'
(
	# As many descriptors as a small system service gets.
	ulimit -n 60
	pgweir_start '
pool_mode = transaction
default_pool_size = 4
max_client_conn = 1000
log_connections = 0
log_disconnections = 0'
	echo started >"$T/started"
)
wait_for '[ -s "$T/started" ]'
talk <<'PY'
def cpu():
    pid = open(T + '/pgweir.pid').read().strip()
    fields = open('/proc/%s/stat' % pid).read().split()
    return (int(fields[13]) + int(fields[14])) / 100


first = Client()
same('works', first.one('select 1'), '1')
crowd = [Client(login=False) for _ in range(100)]
spent, start = cpu(), time.monotonic()
while time.monotonic() < start + 2:
    same('those inside work', first.one('select 1'), '1')
    time.sleep(0.05)
assert cpu() - spent < 0.7, 'it spins: %.2f s of 2 s' % (cpu() - spent)
for c in crowd:
    c.sock.close()
wait_until(lambda: Client(timeout=15).one('select 1') == '1', 'it to go on')
PY
pgweir_lives || fail 'it died'
stop_pid pgweir "$(quit_signal pgweir)" || true

it 'h01 d40 a crowd that works, errs, cancels, dies, while servers die'
pgweir_start '
pool_mode = transaction
default_pool_size = 8
max_client_conn = 500
server_login_retry = 0.1
query_wait_timeout = 30
log_connections = 0
log_disconnections = 0
log_pooler_errors = 0'
cat >"$T/worker.py" <<'PY'
import random

me, seconds = int(sys.argv[1]), float(sys.argv[2])
random.seed(me)
end = time.monotonic() + seconds
committed = n = 0
c = None
while time.monotonic() < end:
    try:
        if c is None:
            c = Client(params=[('application_name', 'w%d' % me)])
        dice = random.random()
        if dice < 0.4:
            mark = '%d.%d' % (me, n)
            sql = "select '%s', current_setting('application_name')" % mark
            same('my row', (c.query if dice < 0.2 else c.run)(sql),
                 [(mark, 'w%d' % me)])
        elif dice < 0.7:
            c.query('begin')
            c.query('insert into t values (%d, %d)' % (me, n))
            if random.random() < 0.3:
                c.query('rollback')
            else:
                n += 1		# may or may not be there if we fail now
                c.query('commit')
                committed += 1
        elif dice < 0.8:
            refused('an error', lambda: c.query('select 1 / 0'))
        elif dice < 0.88:
            c.send(Q('select pg_sleep(0.05)'))
            c.cancel()
            try:
                c.result()
            except PgError as e:
                if e.severity != 'ERROR':
                    raise
        elif dice < 0.94:
            c.query('begin')
            c.send(Q('insert into t values (%d, -%d)' % (me, n)))
            random.choice([Client.abort, Client.close])(c)
            c = None
        else:
            c.close()
            c = None
    except (PgError, Closed, OSError):
        c = None			# a server died under us
print(me, committed, n)
PY
for i in $(seq 1 24); do
	talk "$i" 8 <"$T/worker.py" >"$T/result.$i" 2>&1 &
	workers+=($!)
done
for _ in $(seq 1 12); do
	wait_for 'sleep 0.3'		# a pace, not a condition
	pg "select pg_terminate_backend(pid) from pg_stat_activity
		where application_name like 'w%' order by random() limit 2" \
		>/dev/null
	console RECONNECT >/dev/null
done
for worker in "${workers[@]}"; do
	wait "$worker" || fail "a worker: $(cat "$T"/result.* | grep -m 3 Error)"
done
wait_for '[ "$(show POOLS cl_active database=postgres)" = 0 ]'
wait_for '[ "$(show POOLS cl_waiting database=postgres)" = 0 ]'
wait_for '[ "$(show POOLS sv_active database=postgres)" = 0 ]'
cat "$T"/result.* >"$T/workers"
awk '{ n += $2 } END { print n " transactions" }' "$T/workers"
pg 'select who, count(*) filter (where n >= 0), count(*) filter (where n < 0)
	from t group by 1' | tr '|' ' ' | sort -n >"$T/rows"
# What was committed is there; what was not acknowledged may be.
awk 'NR == FNR { rows[$1] = $2; bad += $3; next }
	rows[$1] < $2 || rows[$1] > $3 { bad++ }
	END { exit (bad > 0) }' "$T/rows" "$T/workers" ||
	fail "rows and commits disagree"
expect 'works' "$(query 'select 1')" 1
