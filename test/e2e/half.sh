#!/usr/bin/env bash
# half.sh - the protocol in pieces, in lumps, and in lies.
. "${0%/*}/lib.sh"

pg_start
pg 'create table t (id int, note text)'
users postgres '' scram secret admin '' stats ''
pg "create role scram login password 'secret'"
pgweir_start '
pool_mode = transaction
default_pool_size = 2
query_wait_timeout = 10'

it 'a21 a startup packet split at every byte'
talk <<'PY'
pgweir_only()
hello = Client(login=False).hello()
for n in range(1, len(hello)):
    c = Client(login=False)
    c.send(hello[:n])
    time.sleep(0.001)
    c.send(hello[n:])
    c.authenticate()
    c.close()
c = Client(login=False)
c.drip(hello)
c.authenticate()
same('answered', c.one('select 1'), '1')
PY

it 'c02 messages byte by byte'
talk <<'PY'
c = Client()
c.drip(Q('select 1'))
same('simple', c.result(), [('1',)])
c.drip(run('select $1::int + 1', ['41']))
same('extended', c.result(), [('42',)])
c.drip(Q('begin') + Q('select 2') + Q('commit'))
same('begin', c.result(), [])
same('select', c.result(), [('2',)])
same('commit', c.result(), [])
PY

it 'a03 a09 encryption requests get N, and the startup goes on'
talk <<'PY'
pgweir_only()
for code in 80877103, 80877104:
    c = Client(login=False)
    c.drip(struct.pack('!II', 8, code))
    same('answer', c.sock.recv(1), b'N')
    c.login()
    same('answered', c.one('select 1'), '1')
c = Client(login=False)
for code in 80877104, 80877103:
    c.send(struct.pack('!II', 8, code))
    same('answer', c.sock.recv(1), b'N')
c.login()
c = Client(host=T, login=False)
c.send(struct.pack('!II', 8, 80877103))
same('on the Unix socket', c.sock.recv(1), b'N')
c.login()
PY

it 'a01 bytes that ride with an encryption request are never executed'
talk <<'PY'
for code in 80877103, 80877104:
    c = Client(login=False)
    c.send(struct.pack('!II', 8, code) + c.hello()
           + Q("insert into t values (666, 'smuggled')"))
    c.rest() if not c.sock.recv(1) == b'' else None
same('rows', direct('select count(*) from t'), [('0',)])
PY

it 'a19 a20 a22 a23 a32 packets that lie are closed, and the process lives'
talk <<'PY'
bad = {
    'length 0': struct.pack('!I', 0),
    'length 7': struct.pack('!II', 7, 0x30000),
    'negative': struct.pack('!i', -1) + b'\0\3\0\0',
    'huge': struct.pack('!I', 0x7fffffff) + b'\0\3\0\0',
    'http': b'GET / HTTP/1.1\r\nHost: x\r\n\r\n',
    'version 2': struct.pack('!II', 8, 0x20000),
    'version 4': startup([('user', 'postgres')], 0x40000),
    'no user': startup([('database', 'postgres')]),
    'empty user': startup([('user', '')]),
    'no terminator': struct.pack('!II', 13, 0x30000) + b'user\0',
    'key without value': struct.pack('!II', 14, 0x30000) + b'user\0\0',
    'query first': Q('select 1'),
    'password first': message('p', z('secret')),
    'random': bytes(range(128, 200)),
}
for why, data in bad.items():
    c = Client(login=False, timeout=15)
    try:
        c.send(data)
        c.sock.shutdown(socket.SHUT_WR)
    except OSError:
        pass
    kinds = {kind for kind, _ in c.rest()}
    assert kinds <= {'E'}, '%s: got %s' % (why, kinds)
same('lives', Client().one('select 1'), '1')
e = refused('no user', lambda: (lambda c: (c.send(startup([('database', 'x')])),
            c.authenticate()))(Client(login=False)), None,
            'no username supplied')
PY

it 'a30 a newer minor version is negotiated down'
talk <<'PY'
pgweir_only()
c = Client(login=False)
c.send(startup([('user', 'postgres'), ('_pq_.test', '1')], 0x3270f))
kinds = [c.read()]
same('first', kinds[0][0], 'v')
body = kinds[0][1]
same('minor', struct.unpack('!I', body[:4])[0] & 0xffff, 0)
same('options', body[8:], b'_pq_.test\0')
c.authenticate()
same('answered', c.one('select 1'), '1')
PY

it 'a36 startup and queries in one segment'
talk <<'PY'
c = Client(login=False)
c.send(c.hello() + Q('select 1') + run('select 2'))
c.authenticate()
same('1', c.result(), [('1',)])
same('2', c.result(), [('2',)])
PY

it 'c29 Terminate behind a running query'
talk <<'PY'
c = Client()
c.send(Q('select pg_sleep(0.1)') + X)
c.rest()
same('clean', Client().one('select 1'), '1')
PY

it 'b10 SCRAM byte by byte'
pgweir_stop
pgweir_start 'auth_type = scram-sha-256
pool_mode = transaction'
talk <<'PY'
pgweir_only()
c = Client('scram', password='secret', login=False)
plain = c.send
c.send = lambda *parts: c.drip(b''.join(parts))
c.login()
same('answered', c.one('select 1'), '1')
PY
pgweir_stop
pgweir_start '
pool_mode = transaction
default_pool_size = 2'

it 'd02 d03 a simple query, then an extended one, in one write'
talk <<'PY'
c = Client()
c.send(Q('select 1') + run('select 2') + Q('select 3'))
same('1', c.result(), [('1',)])
same('2', c.result(), [('2',)])
same('3', c.result(), [('3',)])
c.send(S + S + S)
for _ in range(3):
    same('ready', c.kinds(), 'Z')
assert c.silent(0.1), 'more answers than questions'
PY

it 'd03 five hundred requests before the first answer is read'
talk <<'PY'
c = Client()
c.send(b''.join(run('select %d' % i) if i % 2 else Q('select %d' % i)
                for i in range(500)))
for i in range(500):
    same('in order', c.result(), [(str(i),)])
PY

it 'd04 d05 an error skips to Sync, and only there'
talk <<'PY'
c, other = Client(), Client()
for _ in range(3):
    c.send(run('select 1 / 0') + run('select 2'))
    same('fails', refused('division', c.result).code, '22012')
    same('the next one runs', c.result(), [('2',)])
    c.send(P('select 1 / 0') + B() + E() + Q('select 3') + S)
    same('fails', refused('division', c.result).code, '22012')
    same('goes on', c.one('select 4'), '4')
    same('so do others', other.one('select 5'), '5')
PY

it 'd06 d07 the error comes at once, and the server waits for the Sync'
talk <<'PY'
c = Client()
c.send(P('select 1 / 0') + B() + E() + H)
same('the error is not held back', c.until('E')[-1][0], 'E')
others = [Client() for _ in range(4)]
for o in others:
    same('others', o.one('select 1'), '1')
c.send(P('select 1') + B() + E() + H)
assert c.silent(0.2), 'something before Sync'
c.send(S)
same('ready', c.kinds(), 'Z')
same('goes on', c.run('select 6'), [('6',)])
PY

it 'd08 d10 Flush, portals, and rows by the handful'
talk <<'PY'
c = Client()
c.send(P('select generate_series(1, 5)') + D('S', '') + H)
same('described', c.kinds('T'), '1tT')
c.send(B() + E('', 2) + H)
same('two rows', c.kinds('s'), '2DDs')
for _ in range(3):
    same('others', Client().one('select 1'), '1')
c.send(E('', 2) + H)
same('two more', c.kinds('s'), 'DDs')
c.send(E('', 0) + S)
same('the last', c.kinds(), 'DCZ')
PY

it 'd23 d25 empty queries, function calls'
talk <<'PY'
c = Client()
for sql in '', ';', '-- only a comment', '  ':
    c.send(Q(sql))
    same(repr(sql), c.kinds(), 'IZ')
    c.send(run(sql))
    same(repr(sql), c.kinds(), '12nIZ')
oid = int(c.one("select 'pg_catalog.int4pl'::regproc::oid"))
c.send(message('F', struct.pack('!IHHH', oid, 1, 1, 2)
               + struct.pack('!II', 4, 40) + struct.pack('!II', 4, 2)
               + struct.pack('!H', 1)))
answer = c.until()
same('function call', answer[0], ('V', struct.pack('!II', 4, 42)))
PY

it 'd21 d22 several statements in a query'
talk <<'PY'
c = Client()
c.send(Q("insert into t values (1, 'x'); select 1 / 0"))
kinds = c.until()
same('ready', kinds[-1][1], b'I')
same('rolled back', c.one('select count(*) from t'), '0')
c.send(Q('begin; select 1; commit; select 2'))
same('ready', c.until()[-1][1], b'I')
c.send(Q('select 1; begin'))
same('ready', c.until()[-1][1], b'T')
refused('fails', lambda: c.query('select 1 / 0'))
c.send(Q(''))
same('d24 empty in a failed block', c.until()[-1][1], b'E')
c.query('rollback')
PY

it 'd15 d16 d17 COPY with everything in one write'
talk <<'PY'
c = Client()
c.send(Q('copy t from stdin') + copy_data(b'1\ta\n') + copy_data(b'2\tb\n')
       + COPY_DONE)
same('simple', c.kinds(), 'GCZ')
c.send(P('copy t from stdin') + B() + E() + copy_data(b'3\tc\n') + H
       + copy_data(b'4\td\n') + COPY_DONE + S)
same('extended', c.kinds(), '12GCZ')
same('rows', c.one('select count(*) from t'), '4')
c.send(P('copy t from stdin') + B() + E() + S)
same('copy in', c.kinds('G'), '12G')
c.send(copy_data(b'5\te\n') + COPY_DONE + S)
same('Sync counts after the end', c.kinds(), 'CZ')
assert c.silent(0.1), 'more answers than questions'
same('rows', c.one('select count(*) from t'), '5')
PY

it 'd14 d18 COPY fails while data is on its way'
talk <<'PY'
c, other = Client(), Client()
for _ in range(5):
    c.send(Q('copy t from stdin'))
    c.until('G')
    c.send(copy_data(b'not a number\tx\n'))
    for _ in range(50):
        c.send(copy_data(b'7\tlate\n' * 100))
    c.send(COPY_DONE)
    e = refused('bad data', c.result)
    same('code', e.code, '22P02')
    same('goes on', c.one('select 1'), '1')
    same('others', other.one('select 2'), '2')
c.send(Q('copy t from stdin'))
c.until('G')
c.send(message('f', z('changed my mind')))
same('CopyFail', refused('failed', c.result).code, '57014')
same('nothing came in', c.one('select count(*) from t'), '5')
PY

it 'c03 messages around the sizes of buffers'
talk <<'PY'
c, other = Client(), Client()
for base in 1024, 2048, 4096, 8192, 16384, 65536, 262144:
    for n in base - 9, base - 6, base - 5, base - 1, base, base + 1, 4 * base:
        text = 'x' * n
        same('Query of %d' % n, c.one("select length('%s')" % text), str(n))
        same('rows of %d' % n, c.run('select $1::text', [text]), [(text,)])
same('others', other.one('select 1'), '1')
PY

it 'c04 frames that fill buffers exactly, one behind the other'
talk <<'PY'
c = Client()
for size in 4096, 16384, 65536, 1048576:
    frame = Q("select '%s'" % ('x' * (size - 6 - len("select ''"))))
    same('bytes of a frame', len(frame), size)
    # A row of the same size: header, count, length, value.
    rows = Q("select repeat('y', %d) from generate_series(1, 5)" % (size - 11))
    c.send(*[frame] * 5)
    for _ in range(5):
        same('its length', len(c.result()[0][0]), size - 6 - len("select ''"))
    c.send(rows)
    got = c.result()
    same('rows of %d' % size, {len(r[0]) + 11 for r in got}, {size})
    same('five', len(got), 5)
PY

it 'c25 m11 NULLs among parameters, and as many of these as there can be'
talk <<'PY'
c = Client()
sql = 'select $1::text is null, $2::text, $3::text is null'
for name in '', 'named':
    for _ in range(3):
        c.send(P(sql, name) if not _ or not name else b'',
               B((None, 'x', None), name), E(), S)
        same('NULL stays NULL', c.result(), [('t', 'x', 't')])
most = 65535
c.send(P('select count(v), count(*) from (values %s) as t(v)'
         % ','.join('($%d::text)' % (i + 1) for i in range(most)), 'most'),
       B([None if i % 3 else 'v%d' % i for i in range(most)], 'most'), E(), S)
same('counted', c.result(), [(str(most // 3), str(most))])
PY

it 'c01 c23 message headers that lie cost their client only'
talk <<'PY'
bad = {
    'length 0': b'Q' + struct.pack('!I', 0),
    'length 3': b'Q' + struct.pack('!I', 3),
    'negative': b'Q' + struct.pack('!i', -1),
    'minimum': b'Q' + struct.pack('!I', 0x80000000),
    'unknown type': message('!', b'x'),
    'a server message': message('Z', b'I'),
    'NUL type': b'\0\0\0\0\4',
    'startup again': startup([('user', 'postgres')]),
    'b50 password again': message('p', z('secret')),
}
for why, data in bad.items():
    c = Client()
    c.query('select 1')
    try:
        c.send(data)
        kinds = [kind for kind, _ in c.rest()]
    except OSError:
        kinds = []
    assert 'Z' not in kinds, why
    same('the others go on', Client().one('select 1'), '1')
PY

it 'd40 nobody gets the rows of another'
talk <<'PY'
import random
random.seed(7)
crowd = [Client() for _ in range(100)]
for turn in range(5):
    random.shuffle(crowd)
    for i, c in enumerate(crowd):
        c.mark = '%d/%d' % (turn, i)
        sql = "select '%s' from pg_sleep(%g)" % (c.mark, random.random() / 500)
        c.send(Q(sql) if random.random() < 0.5 else run(sql))
    random.shuffle(crowd)
    for c in crowd:
        same('row', c.result(), [(c.mark,)])
PY

it 'c08 c10 a client that does not read, while the others go on'
talk <<'PY'
lazy = Client()
lazy.send(Q('select repeat(\'x\', 1000) from generate_series(1, 100000)'))
other = Client()
for _ in range(20):
    same('others', other.one('select 1'), '1')
rows = lazy.result()
same('every row arrives', len(rows), 100000)
both = Client()
both.sock.settimeout(0.1)
data = b''.join(run("select repeat('y', 5000)") for _ in range(3000))
sent = got = 0
buf = b''
while sent < len(data) or got < 3000:
    if sent < len(data):
        try:
            sent += both.sock.send(data[sent:sent + 65536])
            continue
        except (TimeoutError, socket.timeout):
            pass
    both.sock.settimeout(20)
    both.until('Z')
    got += 1
    both.sock.settimeout(0.1 if sent < len(data) else 20)
same('answers', got, 3000)
PY
rss=$(awk '/VmHWM/ { print $2 }' "/proc/$(pgweir_pid)/status")
is_sanitized ||
	expect_at_most 'c07 memory in KB after 100 MB of rows' "$rss" 60000

it 'h01 the counters are at rest'
wait_for '[ "$(show POOLS cl_active database=postgres)" = 0 ]'
expect 'waiting' "$(show POOLS cl_waiting database=postgres)" 0
expect 'active' "$(show POOLS sv_active database=postgres)" 0
