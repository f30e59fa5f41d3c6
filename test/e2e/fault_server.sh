#!/usr/bin/env bash
# fault_server.sh - a server that stands still, and servers that are none:
# garbage, half a message, a login that never ends.
. "${0%/*}/rest.sh"

pg_start
# A server of our own making. What it does depends on the database.
cat >"$T/fake.py" <<'PY'
import threading

LOGIN = (message('R', struct.pack('!I', 0))
         + message('S', z('server_version') + z('15.0'))
         + message('S', z('client_encoding') + z('UTF8'))
         + message('K', struct.pack('!II', 1, 2)) + message('Z', b'I'))
ROW = message('T', struct.pack('!H', 1) + z('x')
              + struct.pack('!IHIhih', 0, 0, 25, -1, -1, 0)) \
    + message('D', struct.pack('!HI', 1, 2) + b'42')
DONE = message('C', z('SELECT 1')) + message('Z', b'I')
# Instead of a login; then silence.
LOGINS = {
    'mute': b'',
    'garbage': b'\xff\xfe garbage \0\0\0\0',
    'http': b'HTTP/1.1 400 Bad Request\r\nServer: none\r\n\r\n',
    'half_login': LOGIN[:20],
    'negative': b'R' + struct.pack('!i', -1) + b'xx',
    'huge': b'R' + struct.pack('!I', 0x7fffffff) + b'xx',
    'kind': message('R', struct.pack('!I', 77)),
    'no_text': message('E', b'\0'),
    'early': message('Z', b'I') + DONE,
    'nonsense_sasl': message('R', struct.pack('!I', 10) + b'\xff' * 40),
    'half_md5': message('R', struct.pack('!I', 5) + b'\1'),
    'endless_status': message('S', z('a') + z('b')) * 5,
}
# Instead of an answer; then silence.
ANSWERS = {
    'fine': ROW + DONE,
    'q_garbage': b'\xff\xff\xff\xff\xff\xff\xff',
    'q_negative': b'D' + struct.pack('!i', -1) + b'xx',
    'q_length': b'D' + struct.pack('!I', 3) + b'xx',
    'q_half': (ROW + DONE)[:-20],
    'q_mute': b'',
    'q_kind': message('?', b'x'),
    'q_login': message('R', struct.pack('!I', 3)),
}


def drip(sock, data, db):
    if db == 'endless_status':
        while True:
            sock.sendall(data)
            time.sleep(0.1)
    sock.sendall(data)


def serve(sock):
    try:
        c = Client.__new__(Client)
        c.sock, c.buf, c.status, c.notices = sock, b'', {}, []
        c.fill(8)
        n, code = struct.unpack('!II', c.buf[:8])
        c.fill(n)
        words = c.buf[8:n].split(b'\0')
        c.buf = c.buf[n:]
        db = words[words.index(b'database') + 1].decode()
        if db in LOGINS:
            drip(sock, LOGINS[db], db)
            sock.recv(1)
            return
        sock.sendall(LOGIN)
        while True:
            kind, body = c.read()
            if kind == 'X':
                return
            if kind == 'Q' and (body == b'\0' or b'SET' in body[:4]):
                sock.sendall(message('I') + message('Z', b'I'))
            elif kind == 'Q':
                sock.sendall(ANSWERS[db])
    except (Closed, OSError, ValueError):
        pass
    finally:
        sock.close()


listener = socket.create_server((HOST, PG_PORT + 1), backlog=200)
# Its own number, not that of the shell around it: so it ends with the test.
with open(T + '/pids/other-fake', 'w') as f:
    f.write(str(os.getpid()))
open(T + '/fake_listens', 'w').close()
while True:
    threading.Thread(target=serve, args=(listener.accept()[0],),
                     daemon=True).start()
PY
talk <"$T/fake.py" >"$T/fake.log" 2>&1 &
wait_for '[ -e "$T/fake_listens" ]'

pgweir_start "
pool_mode = transaction
default_pool_size = 4
max_client_conn = 500
server_login_retry = 0.2
server_connect_timeout = 1
client_login_timeout = 3
query_wait_timeout = 60
query_wait_notify = 0
query_timeout = 0
log_connections = 0
log_disconnections = 0
[databases]
real = host=$HOST port=$PG_PORT dbname=postgres
unknown_so_far = host=$HOST port=$PG_PORT dbname=postgres
* = host=$HOST port=$((PG_PORT + 1))
[users]
hasty = query_timeout=1"
users postgres '' hasty '' admin '' stats ''
pg 'create role hasty login superuser'
console RELOAD >/dev/null
NUMBERS_DB=real numbers_start 10
numbers_stop
query 'select 1' fine >/dev/null
baseline

it 'a40 m17 i14 servers that cannot log us in: the others go on'
NUMBERS_DB=real numbers_start 10
talk <<'PY'
kinds = ('mute', 'garbage', 'http', 'half_login', 'negative', 'huge', 'kind',
         'no_text', 'early', 'nonsense_sasl', 'half_md5', 'endless_status')
crowd = []
for db in kinds:
    for _ in range(3):
        c = Client(db=db, login=False, timeout=60)
        c.send(c.hello() + Q('select 1'))
        crowd.append(c)
for c in crowd:
    e = c.fatal()
    assert e.severity == 'FATAL' and e.text, e
same('the real one', Client(db='fine').one('select 1'), '42')
PY
numbers_stop
expect 'errors of the others' "$ERRORS" 0
rests

it 'm17 c01 servers that answer a query with nonsense: one error, FATAL'
NUMBERS_DB=real numbers_start 10
talk <<'PY'
for db in ('q_garbage', 'q_negative', 'q_length', 'q_kind', 'q_login'):
    c = Client(db=db)
    c.send(Q('select 1'))
    errors = [PgError(body) for kind, body in c.rest() if kind == 'E']
    same(db, [e.severity for e in errors], ['FATAL'])
PY
numbers_stop
expect 'errors of the others' "$ERRORS" 0
rests

it 'd41 half an answer, and none: the client may leave, query_timeout ends it'
talk <<'PY'
for db in 'q_half', 'q_mute':
    c, gone = Client('hasty', db), Client(db=db)
    gone.send(Q('select 1'))
    c.send(Q('select 1'))
    got = c.rest()
    if db == 'q_mute':
        same('code', PgError(got[-1][1]).code, '57014')
    gone.abort()
PY
rests

it 'i06 the server stands still: clients wait, timeouts end what they should'
talk <<'PY' >"$T/stood_still" 2>&1 &
inside, running = Client(db='real'), Client('hasty', 'real')
inside.query('begin')
running.query('begin')
waiting = [Client(db='real') for _ in range(10)]
# Three idle servers that need no SET for those who wait.
console('RECONNECT')
for sql in 'begin', 'commit':
    for c in waiting[:3]:
        c.query(sql)
open(T + '/inside', 'w').close()
wait_until(lambda: os.path.exists(T + '/stopped'), 'the stop', 60)
inside.send(Q('select 1'))
running.send(Q('select 1'))
for i, c in enumerate(waiting):
    c.send(Q("select 'waiter %d'" % i))
comes = Client(db='unknown_so_far', user='hasty', login=False)
comes.send(comes.hello() + Q('select 1'))
e = running.fatal()
same('query_timeout', (e.code, e.text), ('57014', 'query timeout'))
e = comes.fatal()
same('login', e.text, 'client_login_timeout (server down)')
assert inside.silent(0.1)
open(T + '/go_on', 'w').close()
inside.sock.settimeout(60)
same('in the transaction', inside.result(), [('1',)])
same('and on', inside.one('select 2'), '2')
inside.query('commit')
for i, c in enumerate(waiting):
    same('who waited', c.result(), [('waiter %d' % i,)])
PY
talker=$!
wait_for '[ -e "$T/inside" ]'
postmaster=$(cat "$T/pids/pg-main")
mapfile -t frozen < <(pgrep -P "$postmaster")
kill -STOP "$postmaster" "${frozen[@]}"
touch "$T/stopped"
wait_for '[ -e "$T/go_on" ] || ! kill -0 "$talker"' 60
grep -q 'connect timeout' "$T/pgweir.log" || SLOW=yes
kill -CONT "$postmaster" "${frozen[@]}" 2>/dev/null || true
wait "$talker" || fail "the conversation: $(cat "$T/stood_still")"
[ -z "${SLOW:-}" ] || fail 'server_connect_timeout has ended nothing'
rests
