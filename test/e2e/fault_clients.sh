#!/usr/bin/env bash
# fault_clients.sh - clients that are killed, that do not read, that send a
# byte now and then. The others go on, and nothing is left of them.
. "${0%/*}/rest.sh"

pg_start
pg 'create database bench'
pgbench -q -i -s 1 -h "$T" -p "$PG_PORT" -U postgres bench >"$T/init" 2>&1
pgweir_start '
pool_mode = transaction
default_pool_size = 5
max_client_conn = 500
client_login_timeout = 30
log_connections = 0
log_disconnections = 0'
numbers_start 20
numbers_stop
expect 'errors without trouble' "$ERRORS" 0
baseline

it 'm01 h01 a tenth of the clients is killed under load'
numbers_start 10
for i in $(seq 1 40); do
	pgbench -n -S -N -c 1 -t 100 -h "$HOST" -p "$PORT" -U postgres bench \
		>"$T/bench.$i" 2>&1 &
	benches+=($!)
done
wait_for '[ "$(sum_of POOLS cl_active database=bench)" -gt 0 ]'
mapfile -t victims < <(shuf -i 0-39 -n 4)
for i in "${victims[@]}"; do
	kill -KILL "${benches[i]}" 2>/dev/null || true
done
for i in "${!benches[@]}"; do
	if wait "${benches[i]}" 2>/dev/null; then
		expect_match 'all of them ran' "$(cat "$T/bench.$((i + 1))")" \
			'actually processed: 100/100'
	else
		[[ " ${victims[*]} " == *" $i "* ]] ||
			fail "a survivor failed: $(tail -n 3 "$T/bench.$((i + 1))")"
	fi
done
numbers_stop
expect 'errors of the others' "$ERRORS" 0
rests

it 'c07 c08 a client that ignores 200 MB: memory stays flat'
before=$(memory)
talk <<'PY' &
lazy = Client()
lazy.send(Q("select repeat('x', 20000) from generate_series(1, 10000)"))
assert lazy.sock.recv(1000)
open(T + '/ignoring', 'w').close()
wait_until(lambda: os.path.exists(T + '/stop_it'), 'the end', 120)
# It reads after all, and nothing is missing.
rows = size = 0
lazy.buf = b''
lazy.sock.settimeout(60)
while True:
    data = lazy.sock.recv(1 << 20)
    size += len(data)
    if data[-6:-1] == b'Z\0\0\0\5':
        break
assert 200e6 < size + 1000 < 201e6, size
PY
lazy=$!
wait_for '[ -e "$T/ignoring" ]'
numbers_start 20
wait_for '[ "$(sum_of POOLS sv_active database=postgres)" -gt 0 ]'
for _ in 1 2 3; do
	query 'select 1' bench >/dev/null
	is_sanitized || expect_at_most 'grown by KB' "$(($(memory) - before))" 4096
done
numbers_stop
expect 'errors of the others' "$ERRORS" 0
touch "$T/stop_it"
wait "$lazy" || fail 'the lazy one lost something'
rests

it 'c08 a client that ignores 200 MB and is killed'
talk <<'PY'
lazy = Client()
lazy.send(Q("select repeat('x', 20000) from generate_series(1, 10000)"))
assert lazy.sock.recv(1000)
lazy.abort()
PY
rests

it 'c09 a client that floods a server that does not read'
before=$(memory)
talk <<'PY'
c = Client()
c.query('begin')
pid = int(c.one('select pg_backend_pid()'))
os.kill(pid, 19)
c.sock.settimeout(1)
c.send(b'Q' + struct.pack('!I', 100000000))
sent, lump = 0, b'x' * 65536
try:
    while sent < 99e6:
        sent += c.sock.send(lump)
except (TimeoutError, socket.timeout):
    pass
assert sent < 50e6, 'it swallowed %d bytes' % sent
same('others', Client().one('select 1'), '1')
os.kill(pid, 18)
c.abort()
PY
is_sanitized || expect_at_most 'grown by KB' "$(($(memory) - before))" 4096
rests

it 'c02 a35 byte by byte: the others do not notice'
numbers_start 10
talk <<'PY'
def slowly(c, data):
    for i in range(len(data)):
        c.send(data[i:i + 1])
        time.sleep(0.02)


slow = [Client(login=False) for _ in range(3)]
for c in slow[1:]:
    c.send(c.hello()[:7])		# and not a word more
slowly(slow[0], slow[0].hello())
slow[0].authenticate()
slowly(slow[0], Q("select 'slow'"))
same('served', slow[0].result(), [('slow',)])
slowly(slow[0], run("select 'and again'"))
same('served', slow[0].result(), [('and again',)])
PY
numbers_stop
expect 'errors of the others' "$ERRORS" 0
rests
