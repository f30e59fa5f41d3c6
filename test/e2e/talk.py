"""talk.py - PostgreSQL's protocol by hand, for what psql cannot say.

A Client is one connection. It can be driven message by message (send, read)
or by the call (login, query). A server's error becomes a PgError where a
method waits for success.
"""

import base64
import hashlib
import hmac
import os
import socket
import struct
import time

HOST = os.environ.get('HOST', '127.0.0.1')
PORT = int(os.environ.get('PORT', '6432'))
PG_PORT = int(os.environ.get('PG_PORT', '5432'))
T = os.environ.get('T', '/tmp')
# PgBouncer may stand in for pgweir; nearly all its own errors are 08P01.
PGBOUNCER = os.path.basename(os.environ.get('PGWEIR', '')) == 'pgbouncer'


class PgError(Exception):
    def __init__(self, body):
        self.fields = {f[:1].decode(): f[1:].decode('utf8', 'replace')
                       for f in body.split(b'\0') if f}
        self.code = self.fields.get('C', '')
        self.text = self.fields.get('M', '')
        self.severity = self.fields.get('S', '')
        super().__init__('%s %s %s' % (self.severity, self.code, self.text))


class Closed(Exception):
    """The peer has closed the connection."""


def z(text):
    return (text if isinstance(text, bytes) else text.encode()) + b'\0'


def message(kind, body=b''):
    return kind.encode() + struct.pack('!I', len(body) + 4) + body


def startup(params, version=0x30000):
    body = struct.pack('!I', version)
    for key, value in params:
        body += z(key) + z(value)
    body += b'\0'
    return struct.pack('!I', len(body) + 4) + body


def Q(sql):
    return message('Q', z(sql))


def P(sql, name='', types=()):
    return message('P', z(name) + z(sql) + struct.pack('!H', len(types))
                   + b''.join(struct.pack('!I', t) for t in types))


def B(values=(), name='', portal=''):
    body = z(portal) + z(name) + struct.pack('!HH', 0, len(values))
    for v in values:
        if v is None:
            body += struct.pack('!i', -1)
        else:
            body += struct.pack('!i', len(v)) + v.encode()
    return message('B', body + struct.pack('!H', 0))


def D(kind='P', name=''):
    return message('D', kind.encode() + z(name))


def E(portal='', rows=0):
    return message('E', z(portal) + struct.pack('!I', rows))


def C(kind, name=''):
    return message('C', kind.encode() + z(name))


S = message('S')
H = message('H')
X = message('X')
COPY_DONE = message('c')


def copy_data(data):
    return message('d', data)


def run(sql, values=()):
    """One statement in the extended protocol, up to and with Sync."""
    return P(sql) + B(values) + D() + E() + S


def row(body):
    count, at, out = struct.unpack('!H', body[:2])[0], 2, []
    for _ in range(count):
        n = struct.unpack('!i', body[at:at + 4])[0]
        at += 4
        if n < 0:
            out.append(None)
        else:
            out.append(body[at:at + n].decode('utf8', 'replace'))
            at += n
    return tuple(out)


class Client:
    def __init__(self, user='postgres', db='postgres', password='', host=None,
                 port=None, params=(), login=True, timeout=30, source=None):
        self.user, self.db, self.password = user, db, password
        self.params = list(params)
        self.status = {}
        self.notices = []
        self.key = None
        self.buf = b''
        host = host or HOST
        if host.startswith('/'):
            self.sock = socket.socket(socket.AF_UNIX)
            self.sock.settimeout(timeout)
            self.sock.connect('%s/.s.PGSQL.%d' % (host, port or PORT))
        else:
            there = {'source_address': (source, 0)} if source else {}
            self.sock = socket.create_connection((host, port or PORT),
                                                 timeout, **there)
            self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if login:
            self.login()

    # Bytes and messages.

    def send(self, *parts):
        self.sock.sendall(b''.join(parts))

    def drip(self, data, gap=0.001):
        """Sends byte by byte."""
        for i in range(len(data)):
            self.sock.sendall(data[i:i + 1])
            time.sleep(gap)

    def fill(self, n):
        while len(self.buf) < n:
            try:
                got = self.sock.recv(65536)
            except ConnectionResetError:
                got = b''
            if not got:
                raise Closed()
            self.buf += got

    def read(self):
        """One message: its type and its body."""
        self.fill(5)
        n = struct.unpack('!I', self.buf[1:5])[0] + 1
        self.fill(n)
        kind, body = self.buf[:1].decode(), self.buf[5:n]
        self.buf = self.buf[n:]
        if kind == 'S':
            key, value = body.split(b'\0')[:2]
            self.status[key.decode()] = value.decode('utf8', 'replace')
        elif kind == 'N':
            self.notices.append(PgError(body).text)
        return kind, body

    def until(self, last='Z', skip='SN'):
        """Messages up to and with the first of that type."""
        out = []
        while True:
            kind, body = self.read()
            if kind not in skip:
                out.append((kind, body))
            if kind == last:
                return out

    def kinds(self, last='Z', skip='SN'):
        return ''.join(kind for kind, _ in self.until(last, skip))

    def rest(self):
        """Messages until the peer closes."""
        out = []
        try:
            while True:
                out.append(self.read())
        except Closed:
            return out

    def silent(self, seconds):
        """Nothing arrives within this time."""
        if self.buf:
            return False
        old = self.sock.gettimeout()
        self.sock.settimeout(seconds)
        try:
            self.buf = self.sock.recv(65536)
            return False
        except (TimeoutError, socket.timeout):
            return True
        finally:
            self.sock.settimeout(old)

    def fatal(self):
        """The error that ends this connection."""
        error = None
        for kind, body in self.rest():
            if kind == 'E':
                error = PgError(body)
        if error is None:
            raise AssertionError('closed without a word')
        return error

    def close(self):
        try:
            self.send(X)
        except OSError:
            pass
        self.sock.close()

    def abort(self):
        """Leaves with a reset, as a process that was killed."""
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                             struct.pack('ii', 1, 0))
        self.sock.close()

    # Logging in.

    def hello(self):
        return startup([('user', self.user), ('database', self.db)]
                       + self.params)

    def login(self):
        self.send(self.hello())
        self.authenticate()

    def authenticate(self):
        """Answers what is asked, up to ReadyForQuery."""
        while True:
            kind, body = self.read()
            if kind == 'E':
                raise PgError(body)
            if kind == 'K':
                self.key = body
            if kind == 'Z':
                return
            if kind == 'R':
                self.answer(struct.unpack('!I', body[:4])[0], body[4:])

    def answer(self, what, rest):
        self.asked = getattr(self, 'asked', []) + [what]
        if what == 3:
            self.send(message('p', z(self.password)))
        elif what == 5:
            inner = hashlib.md5((self.password + self.user).encode())
            outer = hashlib.md5(inner.hexdigest().encode() + rest)
            self.send(message('p', z('md5' + outer.hexdigest())))
        elif what == 10:
            self.bare = b'n=,r=' + base64.b64encode(os.urandom(18))
            first = b'n,,' + self.bare
            self.send(message('p', z('SCRAM-SHA-256')
                              + struct.pack('!I', len(first)) + first))
        elif what == 11:
            self.send(message('p', self.scram_final(rest)))

    def scram_final(self, server_first):
        fields = dict(f.split(b'=', 1) for f in server_first.split(b','))
        salted = hashlib.pbkdf2_hmac('sha256', self.password.encode(),
                                     base64.b64decode(fields[b's']),
                                     int(fields[b'i']))
        client_key = hmac.digest(salted, b'Client Key', 'sha256')
        stored = hashlib.sha256(client_key).digest()
        bare = b'c=biws,r=' + fields[b'r']
        auth = b','.join((self.bare, server_first, bare))
        signature = hmac.digest(stored, auth, 'sha256')
        proof = bytes(a ^ b for a, b in zip(client_key, signature))
        return bare + b',p=' + base64.b64encode(proof)

    # Calls.

    def query(self, sql):
        """Rows of a simple query; an error is raised after Z."""
        self.send(Q(sql))
        return self.result()

    def run(self, sql, values=()):
        """The same in the extended protocol."""
        self.send(run(sql, values))
        return self.result()

    def result(self):
        rows, error = [], None
        while True:
            try:
                kind, body = self.read()
            except Closed:
                if error:
                    raise error from None
                raise
            if kind == 'D':
                rows.append(row(body))
            elif kind == 'E':
                error = PgError(body)
            elif kind == 'Z':
                if error:
                    raise error
                return rows

    def one(self, sql):
        return self.query(sql)[0][0]

    def cancel(self):
        """Asks to cancel what this client runs; waits for the close."""
        other = Client(login=False)
        other.send(struct.pack('!II', 8 + len(self.key), 80877102) + self.key)
        try:
            assert other.sock.recv(1) == b'', 'a cancel got an answer'
        except ConnectionResetError:
            pass
        other.sock.close()


def direct(sql, db='postgres'):
    """Asks PostgreSQL itself, past pgweir."""
    c = Client(db=db, host=T, port=PG_PORT)
    try:
        return c.query(sql)
    finally:
        c.close()


def console(command):
    """Rows of a console command."""
    c = Client(user='admin', db='pgbouncer')
    try:
        return c.query(command)
    finally:
        c.close()


def pools(db='postgres', user='postgres'):
    """The row of SHOW POOLS of one pool, by column name."""
    c = Client(user='admin', db='pgbouncer')
    c.send(Q('SHOW POOLS'))
    names, found = [], {}
    for kind, body in c.until():
        if kind == 'T':
            at = 2
            for _ in range(struct.unpack('!H', body[:2])[0]):
                end = body.index(b'\0', at)
                names.append(body[at:end].decode())
                at = end + 19
        elif kind == 'D' and row(body)[:2] == (db, user):
            found = dict(zip(names, row(body)))
    c.close()
    return found


def same(why, got, want):
    if got != want:
        raise AssertionError('%s: got %r, want %r' % (why, got, want))


def refused(why, call, code=None, text=None):
    """The call ends in this error; returns it."""
    try:
        call()
    except PgError as e:
        if code is not None and not PGBOUNCER:
            same(why, e.code, code)
        if text is not None:
            same(why, e.text, text)
        return e
    raise AssertionError('%s: it was not refused' % why)


def pgweir_only():
    """Ends a conversation that PgBouncer 1.18 would not pass."""
    if PGBOUNCER:
        raise SystemExit(0)


def wait_until(condition, why, seconds=20):
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise AssertionError('waited in vain for: ' + why)
        time.sleep(0.03)
