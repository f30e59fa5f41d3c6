#!/usr/bin/env bash
# restart.sh - one process takes the place of another, and no client notices.
. "${0%/*}/lib.sh"

is_pgbouncer && skip 'PgBouncer has another way'
pg_start
export AS_USER="${as_user[*]}"
extra='
pool_mode = transaction
default_pool_size = 5
max_client_conn = 200
logfile = '$T'/pgweir-own.log'
pgbench -h "$T" -p "$PG_PORT" -U postgres -i -q -s 1 postgres >"$T/out" 2>&1 ||
	fail "pgbench -i: $(cat "$T/out")"

# note_pid NAME: the process in the pid file is the janitor's to end.
note_pid()
{
	cp "$T/pgweir.pid" "$T/pids/$1"
}

pid_now()
{
	cat "$T/pgweir.pid"
}

# takes_over ARGUMENT...: a new process listens when this returns.
takes_over()
{
	"${as_user[@]}" "$T/bin/pgweir" -q -R -d "$@" "$T/pgweir.ini" \
		>>"$T/pgweir.log" 2>&1
}

# has_ended PID
has_ended()
{
	wait_for "! kill -0 $1"
}

# the_first_is_gone: the process that lib.sh started has ended by itself.
the_first_is_gone()
{
	await_pid pgweir
	expect 'its status' "$STATUS" 0
}

# stop_last: end the process in the pid file.
stop_last()
{
	local pid

	pid=$(pid_now)
	kill -QUIT "$pid"
	has_ended "$pid"
	rm -f "$T"/pids/pgweir*
	[ ! -e "$T/pgweir.pid" ] || fail 'the pid file stays behind'
	[ -z "$(find "$T" -maxdepth 1 -name '.s.PGSQL.26432*')" ] ||
		fail 'a socket stays behind'
}

it 'k03 a client of the old process goes on; new ones are the new one'"'"'s'
pgweir_start "$extra"
old=$(pid_now)
talk <<'PY'
import subprocess
a = Client()
a.query('begin')
a.query('create temp table kept as select 7 as n')
half = Client(login=False)              # has connected, not logged in
old = open(T + '/pgweir.pid').read()
subprocess.run([*os.environ['AS_USER'].split(), T + '/bin/pgweir', '-qRd',
                T + '/pgweir.ini'], check=True)
new = open(T + '/pgweir.pid').read()
assert new != old, 'the pid file still names the old process'
b = Client()
same('new', b.one('select 1'), '1')
unix = Client(host=T)
same('new, by the Unix socket', unix.one('select 1'), '1')
half.hello()
half.login()
same('logged in at the old one', half.one('select 2'), '2')
half.close()
same('in its transaction', a.one('select n from kept'), '7')
a.query('commit')
os.kill(int(old), 0)
a.close()
PY
the_first_is_gone
note_pid pgweir-second
expect 'the new one' "$(query 'select 3')" 3
[ "$(pid_now)" != "$old" ] || fail 'the pid file names the one that has left'
stop_last

it 'cancel requests reach the old process through the new one, and the one before'
pgweir_start "$extra"
talk <<'PY'
import subprocess


def restart():
    subprocess.run([*os.environ['AS_USER'].split(), T + '/bin/pgweir', '-qRd',
                    T + '/pgweir.ini'], check=True)


def sleeps(seconds):
    return direct("select 1 from pg_stat_activity where query like"
                  " '%%pg_sleep(%d)' and state = 'active'"
                  " and pid <> pg_backend_pid()" % seconds)


a = Client()
a.query('begin')
restart()
b = Client()
b.query('begin')
restart()
c = Client()
for client, seconds in (a, 61), (b, 62), (c, 63):
    client.send(Q('select pg_sleep(%d)' % seconds))
    wait_until(lambda: sleeps(seconds), 'the query')
    client.cancel()
    same('code', refused('cancelled', client.result).code, '57014')
b.query('rollback')
b.close()
a.query('rollback')
a.close()
PY
the_first_is_gone
note_pid pgweir-third
expect 'the last one' "$(query 'select 4')" 4
stop_last

it 'a new process that cannot start changes nothing'
pgweir_start "$extra"
old=$(pid_now)
cp "$T/pgweir.ini" "$T/good.ini"
sed -i 's/^default_pool_size.*/default_pool_size = many/' "$T/pgweir.ini"
expect_failure 'a bad ini' '' takes_over
cp "$T/good.ini" "$T/pgweir.ini"
sed -i "s|^pidfile.*|pidfile = $T/nowhere/pid|" "$T/pgweir.ini"
expect_failure 'no place for the pid file' '' takes_over
cp "$T/good.ini" "$T/pgweir.ini"
sed -i "s|^listen_addr.*|listen_addr = 192.0.2.1|" "$T/pgweir.ini"
expect_failure 'no such address' '' takes_over
expect_failure 'no such address, asked from outside' 'the old one goes on' \
	"$T/bin/pgweir" --restart "$T/pgweir.ini"
cp "$T/good.ini" "$T/pgweir.ini"
expect 'the pid' "$(pid_now)" "$old"
expect 'by TCP' "$(query 'select 5')" 5
expect 'by the Unix socket' "$(psql -XAtq -h "$T" -p "$PORT" -U postgres \
	postgres -c 'select 5')" 5

it '--restart: the running process starts its own successor'
"$T/bin/pgweir" --restart "$T/pgweir.ini" >"$T/out" 2>&1 ||
	fail "it says: $(cat "$T/out")"
[ "$(pid_now)" != "$old" ] || fail 'it is the same process'
the_first_is_gone
note_pid pgweir-second
expect 'works' "$(query 'select 6')" 6
expect_match 'its command line' \
	"$(tr '\0' ' ' <"/proc/$(pid_now)/cmdline")" 'pgweir -R .*pgweir.ini'
stop_last

it '-R without anybody there is an ordinary start'
takes_over
note_pid pgweir
expect 'works' "$(query 'select 7')" 7

it 'another listen_addr in the file: the new one listens there'
other=$OTHER_HOST
first=$(pid_now)
sed -i "s|^listen_addr.*|listen_addr = $other|" "$T/pgweir.ini"
takes_over
note_pid pgweir-second
has_ended "$first"
rm "$T/pids/pgweir"
expect 'there' "$(psql -XAtq -h "$other" -p "$PORT" -U postgres postgres \
	-c 'select 8')" 8
expect_failure 'not here' 'refused' query 'select 8'
expect 'by the Unix socket' "$(psql -XAtq -h "$T" -p "$PORT" -U postgres \
	postgres -c 'select 8')" 8
stop_last

it 'a stranger gets nothing from the control socket'
pgweir_start "$extra"
expect 'its rights' "$(stat -c %a "$T/.s.PGSQL.$PORT.handover")" 600
talk <<'PY'
import socket
import struct


def say(*parts):
    s = socket.socket(socket.AF_UNIX)
    s.connect('%s/.s.PGSQL.%d.handover' % (T, PORT))
    s.settimeout(20)
    for part in parts:
        s.sendall(part)
    return s


def message(kind, magic=0x70677731, text=b''):
    return struct.pack('=III', magic, kind, 0) + text.ljust(244, b'\0')


for why, part in (('rubbish', b'x' * 256), ('short', b'x'),
                  ('magic', message(1, magic=7)),
                  ('kind', message(6)), ('a kind that is none', message(99)),
                  ('taken before hello', message(6)),
                  ('a client of nobody', message(7)),
                  ('text without end', message(1, text=b'y' * 244))):
    s = say(part)
    same(why, s.recv(1), b'')
# Who takes the sockets and goes away: nothing has happened.
for i in range(20):
    s = say(message(1))
    data, fds, flags, addr = socket.recv_fds(s, 256, 4)
    assert fds, 'no socket came'
    for fd in fds:
        os.close(fd)
    second = say(message(1))
    same('two at once', second.recv(1), b'')
    s.close()
crowd = [say() for i in range(20)]
for s in crowd:
    s.close()
same('goes on', Client().one('select 1'), '1')
PY
pgweir_stop

it 'both processes together stay below the budget'
pgweir_start "$extra
server_connections = 4"
talk <<'PY'
import subprocess
held = [Client() for i in range(3)]
for c in held:
    c.query('begin')
    c.query('select 1')
idle = Client()
idle.query('select 1')
subprocess.run([*os.environ['AS_USER'].split(), T + '/bin/pgweir', '-qRd',
                T + '/pgweir.ini'], check=True)


def used():
    return int(direct("select count(*) from pg_stat_activity where"
                      " backend_type = 'client backend'"
                      " and client_addr is not null")[0][0])


new = [Client() for i in range(6)]
for c in new:
    c.send(Q('select pg_sleep(0.1)'))
for i in range(10):
    assert used() <= 4, 'more than the budget: %d' % used()
for c in new:
    c.result()
    assert used() <= 4, 'more than the budget: %d' % used()
for c in held:
    same('the old one', c.one('select 2'), '2')
    c.query('commit')
    c.close()
same('an idle client of the old one', idle.one('select 3'), '3')
idle.close()
for c in new:
    c.query('begin') if c in new[:4] else None
for c in new[:4]:
    c.query('select 4')
same('all are the new one\'s', used(), 4)
PY
the_first_is_gone
note_pid pgweir-second
stop_last

# restarts N SECONDS: so many restarts while a load runs.
restarts()
{
	for ((i = 0; i < $1; i++)); do
		sleep 0.5
		"$T/bin/pgweir" --restart "$T/pgweir.ini" >>"$T/out" 2>&1 ||
			fail "restart $i: $(cat "$T/out")"
		note_pid "pgweir-$i"
	done
}

it 'pgbench that connects for each transaction, over several restarts'
pgweir_start "$extra"
: >"$T/out"
pgbench -h "$HOST" -p "$PORT" -U postgres -n -C -S -c 8 -j 2 -T 5 postgres \
	>"$T/connects" 2>&1 &
connects=$!
pgbench -h "$T" -p "$PORT" -U postgres -n -C -S -c 2 -j 1 -T 5 postgres \
	>"$T/unix" 2>&1 &
unix=$!
pgbench -h "$HOST" -p "$PORT" -U postgres -n -N -c 4 -j 1 -T 5 postgres \
	>"$T/stays" 2>&1 &
stays=$!
cat >"$T/long.sql" <<'SQL'
begin;
select pg_sleep(0.7);
update pgbench_branches set bbalance = bbalance;
select pg_sleep(0.7);
commit;
SQL
pgbench -h "$HOST" -p "$PORT" -U postgres -n -c 1 -T 5 -f "$T/long.sql" \
	postgres >"$T/long" 2>&1 &
long=$!
restarts 4
for load in connects unix stays long; do
	wait "${!load}" || fail "$load: $(tail -n 20 "$T/$load")"
	if grep -E 'refused|error:|aborted|FATAL' "$T/$load"; then
		fail "$load: $(tail -n 20 "$T/$load")"
	fi
	expect_match "$load" "$(cat "$T/$load")" 'failed transactions: 0 '
done
the_first_is_gone
for i in 0 1 2; do
	await_pid "pgweir-$i"
done
expect 'works' "$(query 'select 9')" 9
stop_last
