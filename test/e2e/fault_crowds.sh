#!/usr/bin/env bash
# fault_crowds.sh - ten thousand who connect and leave, five thousand who
# connect and say nothing. Those who work do not notice; nothing is left.
# (A thousand idle ones, and too few descriptors, are in crowd.sh.)
. "${0%/*}/rest.sh"

ulimit -n "$(ulimit -Hn)"
most=$(ulimit -n)
silent=5000
login=6
if is_sanitized; then
	silent=2000 login=12
fi
[ "$most" = unlimited ] || [ "$most" -ge 6000 ] || silent=$((most / 3))

pg_start
pgweir_start "
pool_mode = transaction
default_pool_size = 5
max_client_conn = 9000
listen_backlog = 4096
client_login_timeout = $login
log_connections = 0
log_disconnections = 0
log_pooler_errors = 0"
numbers_start 10
numbers_stop
baseline

it 'a07 h01 ten thousand who connect and leave'
numbers_start 10
talk <<'PY'
hello = Client(login=False).hello()
linger = struct.pack('ii', 1, 0)
for i in range(10000):
    s = socket.create_connection((HOST, PORT), 60)
    if i % 3 == 1:
        s.send(hello[:i % len(hello)])
    elif i % 3 == 2:
        s.send(hello)
    if i % 2:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
    s.close()
PY
numbers_stop
expect 'errors of those who work' "$ERRORS" 0
rests
lines=$(wc -l <"$T/pgweir.log")
expect_at_most 'm19 lines in the log' "$lines" 200

it 'm01 five thousand who say nothing: the deadline frees them'
numbers_start 10
echo "$silent" >"$T/silent"
talk <<'PY'
COUNT = int(open(T + '/silent').read())
pid = open(T + '/pgweir.pid').read().strip()


def memory():
    return int([l for l in open('/proc/%s/status' % pid)
                if l.startswith('VmRSS')][0].split()[1])


before = memory()
silent = [Client(login=False, timeout=60) for _ in range(COUNT)]
wait_until(lambda: len(os.listdir('/proc/%s/fd' % pid)) > COUNT * 0.9,
           'them to be inside')
most = memory()
same('others get in', Client().one('select 1'), '1')
for c in silent:
    kinds = [kind for kind, _ in c.rest()]
    assert kinds in ([], ['E']), kinds
open(T + '/grown', 'w').write('%d' % ((most - before) * 1024 // COUNT))
PY
numbers_stop
expect 'errors of those who work' "$ERRORS" 0
echo "$(cat "$T/grown") bytes for each who says nothing"
is_sanitized || expect_at_most 'bytes for each' "$(cat "$T/grown")" 3000
rests 8192
