#!/usr/bin/env bash
# fault_drips.sh - five thousand who never log in: some silent, some a byte a
# second, some of them in the middle of TLS. Others work and log in, memory
# stays bounded, and the deadline ends them all. (Five thousand who are merely
# silent are in fault_crowds.sh.)
. "${0%/*}/rest.sh"
. "${0%/*}/certs.sh"

ulimit -n "$(ulimit -Hn)"
most=$(ulimit -n)
crowd=5000
login=8
# An unfinished handshake: OpenSSL's state, its buffers, the key exchange.
each=40000
if is_sanitized; then
	crowd=1500 login=15
fi
[ "$most" = unlimited ] || [ "$most" -ge 6000 ] || crowd=$((most / 3))

ca ca
cert server ca /CN=db.test "IP:$HOST"
certs_done
pg_start
users postgres secret admin secret
export PGPASSWORD=secret
pgweir_start "
auth_type = scram-sha-256
client_tls_sslmode = allow
client_tls_key_file = $CERTS/server.key
client_tls_cert_file = $CERTS/server.crt
pool_mode = transaction
default_pool_size = 5
max_client_conn = 9000
listen_backlog = 4096
client_login_timeout = $login
log_connections = 0
log_disconnections = 0
log_pooler_errors = 0"
psql -XAtq "host=$HOST port=$PORT user=postgres dbname=postgres \
	sslmode=require" -c 'select 1' >/dev/null

it 'm01 m05 a35 five thousand, a byte a second'
baseline
echo "$crowd $login" >"$T/crowd"
talk <<'PY'
import select
import ssl

COUNT, LOGIN = map(int, open(T + '/crowd').read().split())
pid = open(T + '/pgweir.pid').read().strip()
ASK = struct.pack('!II', 8, 80877103)


def memory():
    return int([l for l in open('/proc/%s/status' % pid)
                if l.startswith('VmRSS')][0].split()[1])


def hello():
    """A ClientHello, as it is on the wire."""
    out = ssl.MemoryBIO()
    context = ssl.create_default_context()
    context.check_hostname = False
    tls = context.wrap_bio(ssl.MemoryBIO(), out)
    try:
        tls.do_handshake()
    except ssl.SSLWantReadError:
        pass
    return out.read()


class Dripper:
    """A socket, and what it sends byte by byte."""
    def __init__(self, begin, slowly):
        self.sock = socket.create_connection((HOST, PORT), 60)
        self.sock.send(begin)
        self.slowly, self.at, self.open = slowly, 0, True

    def drip(self):
        if not self.open or self.at == len(self.slowly):
            return
        try:
            self.sock.send(self.slowly[self.at:self.at + 1])
        except OSError:
            self.open = False
        self.at += 1


def secret_of(c):
    """Up to the proof of the password."""
    c.send(c.hello())
    c.read()


plain = Client(login=False).hello()
tls = hello()
kinds = [
    (b'', b''),                 # says nothing
    (b'', plain),               # a startup packet
    (ASK, tls),                 # TLS
    (ASK + b'', b''),           # TLS, which never begins
    (ASK, tls[:60]),
    (b'', tls),                 # TLS without a question
    (plain, b'p\0\0\0\x37SCRAM-SHA-256\0\0\0\0\x20n,,n=,r=' + b'x' * 24),
    (b'', ASK),
]
before = memory()
begin = time.monotonic()
crowd = [Dripper(*kinds[i % len(kinds)]) for i in range(COUNT)]
took = time.monotonic() - begin
slowest, most, rounds = 0, 0, 0
while time.monotonic() < begin + took + LOGIN * 0.7:
    start = time.monotonic()
    for d in crowd:
        d.drip()
    c = Client(password='secret')
    same('others get in', c.one('select 1'), '1')
    c.close()
    at = time.monotonic()
    c = Client(password='secret', login=False)
    c.login()
    c.close()
    slowest = max(slowest, time.monotonic() - at)
    most = max(most, memory())
    rounds += 1
    time.sleep(max(0, start + 1 - time.monotonic()))
assert rounds >= 3, rounds
# A TLS handshake of somebody who means it.
c = Client(password='secret', login=False)
c.send(ASK)
same('answer', c.sock.recv(1), b'S')
c.sock = ssl._create_unverified_context().wrap_socket(c.sock)
c.login()
same('with TLS', c.one('select 2'), '2')
# And all are gone, whatever they go on sending.
end = begin + took + LOGIN * 3 + 10
left = crowd
while left and time.monotonic() < end:
    for d in left:
        d.drip()
    gone = []
    for d in left:
        d.sock.setblocking(False)
        try:
            while d.open and d.sock.recv(4096):
                pass
            d.open = False
        except BlockingIOError:
            pass
        except OSError:
            d.open = False
    left = [d for d in left if d.open]
    time.sleep(0.5)
same('those who are left', len(left), 0)
open(T + '/slowest', 'w').write('%.3f' % slowest)
open(T + '/grown', 'w').write('%d' % ((most - before) * 1024 // COUNT))
PY
echo "$(cat "$T/grown") bytes for each; slowest login $(cat "$T/slowest") s"
expect_at_most 'a login beside them' "$(cat "$T/slowest")" 5
is_sanitized || expect_at_most 'bytes for each' "$(cat "$T/grown")" "$each"
# What TLS took of malloc() goes back by and by.
is_sanitized || wait_for '[ $(($(memory) - MEMORY)) -le 32768 ]'
rests 32768

it 'm04 m05 with limits none of them keeps others out'
pgweir_stop
sed -i -e 's/^pool_mode.*/&\nmax_unfinished_logins = 50\nlogin_failure_delay = 1/' \
	-e "s/^client_login_timeout.*/client_login_timeout = 60/" "$T/pgweir.ini"
pgweir_start
talk <<'PY'
here = '127.0.0.%d'
silent = [Client(login=False, source=here % 77) for _ in range(50)]
wait_until(lambda: ('127.0.0.77', None, '50', '0', '0') in
           Client('admin', 'pgbouncer', 'secret').query('SHOW LOGINS'),
           'them to be counted')
e = refused('one more', lambda: Client(password='secret',
                                       source=here % 77))
same('code', e.code, '53300')
same('from elsewhere', Client(password='secret',
                              source=here % 78).one('select 1'), '1')
begin = time.monotonic()
e = refused('wrong', lambda: Client(password='guess', source=here % 79))
assert 0.9 < time.monotonic() - begin < 10, time.monotonic() - begin
same('code', e.code, '28P01')
begin = time.monotonic()
e = refused('wrong', lambda: Client(password='guess', source=here % 79))
e = refused('unheard', lambda: Client(password='secret', source=here % 79))
same('code', e.code, '28000')
same('from elsewhere', Client(password='secret',
                              source=here % 78).one('select 1'), '1')
rows = Client('admin', 'pgbouncer', 'secret').query('SHOW LOGINS')
assert ('127.0.0.79', 'postgres', '0', '2') in [r[:4] for r in rows], rows
silent.pop().close()
wait_until(lambda: Client('admin', 'pgbouncer', 'secret')
           .query('SHOW LOGINS')[0][2] != '50', 'one to be gone')
same('in its place', Client(password='secret',
                            source=here % 77).one('select 1'), '1')
PY
