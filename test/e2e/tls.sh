#!/usr/bin/env bash
# tls.sh - TLS between clients and pgweir: who may come in, by which mode,
# with which certificate; and what is not a handshake.
. "${0%/*}/lib.sh"
. "${0%/*}/certs.sh"

ca ca
ca other
cert server ca /CN=db.test "DNS:db.test,DNS:*.wild.test,IP:$HOST"
cert second ca /CN=second.test DNS:second.test
cert rsa ca /CN=rsa.test DNS:rsa.test rsa:2048
cert ed ca /CN=ed.test DNS:ed.test ed25519
cert client ca /CN=postgres ''
cert revoked ca /CN=postgres ''
cert stranger other /CN=postgres ''
cert expired ca /CN=postgres '' ec -days -1
revoke revoked ca
certs_done
pg_start
users postgres secret admin secret
export PGPASSWORD=secret

TLS="client_tls_key_file = $CERTS/server.key
client_tls_cert_file = $CERTS/server.crt
client_tls_ca_file = $CERTS/ca.crt"

# with MODE [SETTINGS]: a pgweir of that mode.
with()
{
	[ ! -f "$T/pids/pgweir" ] || pgweir_stop
	pgweir_start "client_tls_sslmode = $1
auth_type = scram-sha-256
$TLS
${2:-}
[databases]
* = host=$HOST port=$PG_PORT"
}

# as CONNECTION [SQL]: psql by that connection string.
as()
{
	psql -XAtq "port=$PORT user=postgres dbname=postgres $1" \
		-c "${2:-select 1}"
}

at()
{
	as "host=$HOST $1" "${2:-select 1}"
}

it 'the matrix of modes'
for mode in disable allow prefer require verify-ca verify-full; do
	with "$mode"
	case $mode in
	disable) plain=1 bare='does not support SSL' cert=$bare ;;
	allow|prefer) plain=1 bare=1 cert=1 ;;
	require) plain='SSL required' bare=1 cert=1 ;;
	*) plain='SSL required' bare='certificate required' cert=1 ;;
	esac
	mine="sslcert=$CERTS/client.crt sslkey=$CERTS/client.key"
	expect_match "$mode, plain" \
		"$(at sslmode=disable 2>&1 || true)" "$plain"
	expect_match "$mode, TLS" "$(at sslmode=require 2>&1 || true)" "$bare"
	expect_match "$mode, TLS with a certificate" \
		"$(at "sslmode=require $mine" 2>&1 || true)" "$cert"
	expect "$mode, by the Unix socket" \
		"$(as "host=$T sslmode=disable" 'select 1')" 1
done

it 'verify-full, by name, wildcard and address'
with require
for host in db.test a.wild.test; do
	expect "$host" "$(as "host=$host hostaddr=$HOST sslmode=verify-full \
		sslrootcert=$CERTS/ca.crt")" 1
done
expect address "$(at "sslmode=verify-full sslrootcert=$CERTS/ca.crt")" 1
expect_failure 'another name' 'does not match host name' as \
	"host=db2.test hostaddr=$HOST sslmode=verify-full sslrootcert=$CERTS/ca.crt"
expect_failure 'another authority' 'certificate verify failed' at \
	"sslmode=verify-ca sslrootcert=$CERTS/other.crt"

it 'a10 a certificate that is shown must be good in any mode'
with allow "client_tls_ca_file = $CERTS/ca-crl.pem"
for bad in 'stranger unable to get local issuer certificate' \
	'expired certificate has expired' 'revoked certificate revoked'; do
	name=${bad%% *}
	expect_failure "$name" 'alert|closed' at "sslmode=require \
		sslcert=$CERTS/$name.crt sslkey=$CERTS/$name.key"
	wait_for "grep -q 'TLS handshake error.*${bad#* }' $T/pgweir.log"
done
expect good "$(at "sslmode=require sslcert=$CERTS/client.crt \
	sslkey=$CERTS/client.key")" 1

it 'SHOW CLIENTS and the log tell the protocol and the cipher'
with require
expect_match clients "$(PGSSLMODE=require show CLIENTS tls user=admin)" \
	'^TLSv1\.3/TLS_AES_256_GCM_SHA384'
grep -q 'tls=TLSv1.3/TLS_AES_256_GCM_SHA384' "$T/pgweir.log" ||
	fail 'not in the log'

it 'protocols and ciphers are obeyed'
with require 'client_tls_protocols = tlsv1.2
client_tls_ciphers = ECDHE-ECDSA-AES128-GCM-SHA256'
expect_match '1.2' "$(PGSSLMODE=require show CLIENTS tls user=admin)" \
	'^TLSv1\.2/ECDHE-ECDSA-AES128-GCM-SHA256/ECDH=X25519$'
expect_failure '1.3' 'version' at \
	'sslmode=require ssl_min_protocol_version=TLSv1.3'
with require 'client_tls13_ciphers = TLS_CHACHA20_POLY1305_SHA256
client_tls_ecdhcurve = P-256'
expect_match 'suite' "$(PGSSLMODE=require show CLIENTS tls user=admin)" \
	'^TLSv1\.3/TLS_CHACHA20_POLY1305_SHA256'

it 'RSA and Ed25519 certificates'
for kind in rsa ed; do
	with require "client_tls_key_file = $CERTS/$kind.key
client_tls_cert_file = $CERTS/$kind.crt"
	expect "$kind" "$(at sslmode=require)" 1
done

it 'large answers, large queries, many small ones'
with require
expect 'answer' "$(at sslmode=require \
	"select sum(length(repeat('x', 1000000 + i))) from generate_series(1, 9) i")" \
	9000045
expect 'one big row' "$(at sslmode=require \
	"select repeat('0123456789', 1000000)" | md5sum)" \
	"$(python3 -c 'print("0123456789" * 1000000)' | md5sum)"
big=$(head -c 3000000 /dev/zero | tr '\0' x)
expect 'query' "$(echo "select length('$big')" | psql -XAtq \
	"host=$HOST port=$PORT user=postgres dbname=postgres sslmode=require")" \
	3000000
PGSSLMODE=require pgbench -i -q -h "$HOST" -p "$PORT" -U postgres postgres \
	>/dev/null 2>&1
PGSSLMODE=require pgbench -n -S -M extended -c 20 -j 2 -t 200 -h "$HOST" \
	-p "$PORT" -U postgres postgres >"$T/bench" 2>&1 || fail "$(cat "$T/bench")"
expect_match 'pgbench' "$(cat "$T/bench")" 'processed: 4000/4000'

it 'COPY both ways'
expect 'copy' "$(seq 1 200000 | psql -XAtq "host=$HOST port=$PORT \
	user=postgres dbname=postgres sslmode=require" -c \
	'create temp table n (i int)' -c 'copy n from stdin' -c \
	'copy n to stdout' | md5sum)" "$(seq 1 200000 | md5sum)"

it 'a16 a certificate that was changed is used after RELOAD'
subject()
{
	openssl s_client -connect "$HOST:$PORT" -alpn postgresql </dev/null \
		2>/dev/null | sed -n 's/^subject=//p'
}
at sslmode=require 'select pg_sleep(2)' >/dev/null &
sleeper=$!
cp "$CERTS/second.crt" "$CERTS/server.crt"
cp "$CERTS/second.key" "$CERTS/server.key"
expect before "$(subject)" 'CN = db.test'
PGSSLMODE=require console reload
expect after "$(subject)" 'CN = second.test'
wait "$sleeper" || fail 'a client of the old one was cut'

it 'a17 a broken one is refused and the old one stays'
cp "$CERTS/client.crt" "$CERTS/server.crt"
export PGSSLMODE=require
expect_failure 'mismatch' 'client_tls_key_file.*server.key.*mismatch' \
	console reload
expect 'still' "$(subject)" 'CN = second.test'
echo rubbish >"$CERTS/server.crt"
expect_failure 'rubbish' 'client_tls_cert_file.*server.crt' console reload
expect 'still' "$(subject)" 'CN = second.test'
expect_failure 'SET too' 'client_tls_ciphers.*no cipher match' console \
	"set client_tls_ciphers = 'nonsense'"
expect 'works' "$(at sslmode=require)" 1
cp "$CERTS/second.crt" "$CERTS/server.crt"
console reload
export PGSSLMODE=disable

it 'a start with TLS that cannot be is refused'
pgweir_stop
for bad in "client_tls_key_file = /nonexistent|client_tls_key_file: cannot read" \
	"client_tls_ca_file = |client_tls_ca_file: expected a file" \
	"client_tls_protocols = sslv3|client_tls_protocols: expected" \
	"client_tls_dheparams = legacy|client_tls_dheparams: expected" \
	"client_tls_ecdhcurve = nonsense|client_tls_ecdhcurve" \
	"client_tls13_ciphers = nonsense|client_tls13_ciphers" \
	"client_tls_cert_file = |expected both client_tls_key_file and"; do
	pgweir_ini "client_tls_sslmode = verify-full
$TLS
${bad%|*}"
	: >"$T/pgweir.log"
	pgweir_spawn "$T/pgweir.ini"
	await_pid pgweir
	expect "$bad" "$STATUS" 1
	expect_failure "--check: $bad" "${bad#*|}" "$T/bin/pgweir" --check \
		"$T/pgweir.ini"
	expect_match "$bad" "$(cat "$T/pgweir.log")" "FATAL.*${bad#*|}"
done

# What is not a handshake.
with require
export CA=$CERTS/ca.crt
talk_tls()
{
	talk "$@" < <(cat <<'PY'; cat
import ssl

ASK = struct.pack('!II', 8, 80877103)
GSS = struct.pack('!II', 8, 80877104)


def context(*alpn):
    x = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    x.check_hostname = False
    x.load_verify_locations(os.environ['CA'])
    if alpn:
        x.set_alpn_protocols(alpn)
    return x


class Tls(Client):
    def secure(self, *alpn):
        self.send(ASK)
        same('answer', self.sock.recv(100), b'S')
        self.sock = context(*alpn).wrap_socket(self.sock)

    def direct(self, *alpn):
        self.sock = context(*alpn).wrap_socket(self.sock)


def new():
    return Tls(password='secret', login=False)


def gone(c):
    try:
        while c.sock.recv(100):
            pass
    except (ConnectionResetError, ssl.SSLError):
        pass


def works(c):
    c.login()
    same('works', c.one('select 1'), '1')
    c.close()
PY
	)
}

it 'a01 plain text behind the SSLRequest is never looked at'
talk_tls <<'PY'
c = new()
c.send(ASK + c.hello())
same('fatal', c.fatal().text, 'received unencrypted data after SSL request')
c = new()
c.send(ASK + b'\x16\x03\x01')
same('fatal', c.fatal().text, 'received unencrypted data after SSL request')
c = new()
c.send(ASK)
same('answer', c.sock.recv(100), b'S')
c.send(c.hello())
gone(c)
PY
wait_for "grep -q 'TLS handshake error: wrong version number' $T/pgweir.log"

it 'a03 GSSENCRequest is answered N; then TLS'
talk_tls <<'PY'
c = new()
c.send(GSS)
same('answer', c.sock.recv(100), b'N')
c.secure()
works(c)
PY

it 'a04 requests for encryption inside of TLS end the connection'
talk_tls <<'PY'
for again in ASK, GSS:
    c = new()
    c.secure()
    c.send(again)
    gone(c)
PY
wait_for "grep -q 'SSL req inside SSL' $T/pgweir.log"

it 'a06 direct TLS, by ALPN only'
talk_tls <<'PY'
c = new()
c.direct('postgresql')
same('chosen', c.sock.selected_alpn_protocol(), 'postgresql')
works(c)
c = new()
c.direct('http/1.1', 'postgresql')
works(c)
for alpn in ['http/1.1'], []:
    c = new()
    try:
        c.direct(*alpn)
        c.send(c.hello())
        same('closed', c.sock.recv(100), b'')
    except (ssl.SSLError, OSError):
        pass
c = new()
c.secure('postgresql')
works(c)
c = new()
try:
    c.secure('http/1.1')
    raise AssertionError('another protocol was accepted')
except ssl.SSLError:
    pass
PY
expect 's_client' "$(subject)" 'CN = second.test'

it 'a07 a probe that leaves is no warning'
count()
{
	grep -c 'WARNING' "$T/pgweir.log" || true
}
before=$(count)
talk_tls <<'PY'
new().sock.close()
c = new()
c.send(b'\x16')
c.sock.close()
c = new()
c.send(ASK)
same('answer', c.sock.recv(100), b'S')
c.sock.close()
PY
sleep 0.3
expect 'warnings' "$(count)" "$before"

it 'a09 the Unix socket has no TLS'
talk_tls <<'PY'
c = Tls(password='secret', login=False, host=T)
c.send(ASK)
same('answer', c.sock.recv(100), b'N')
works(c)
c = Tls(login=False, host=T)
c.send(b'\x16\x03\x01\x00\x10')
same('no packet', c.fatal().text[:17], 'bad packet header')
PY

it 'a11 TLS is demanded before anything else'
talk_tls <<'PY'
refused('plain', lambda: Client(), '08P01', 'SSL required')
refused('plain nobody', lambda: Client('nobody'), '08P01', 'SSL required')
PY

it 'a21 a handshake and a login byte by byte'
talk_tls <<'PY'
import threading

# Between the client and pgweir sits somebody who passes on single bytes.
c = new()
c.send(ASK)
same('answer', c.sock.recv(1), b'S')
near, far = socket.socketpair()
raw = c.sock

def there():
    raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    while True:
        data = far.recv(4096)
        if not data:
            break
        for i in range(len(data)):
            raw.sendall(data[i:i + 1])

def back():
    while True:
        data = raw.recv(4096)
        if not data:
            break
        far.sendall(data)

threading.Thread(target=there, daemon=True).start()
threading.Thread(target=back, daemon=True).start()
c.sock = context().wrap_socket(near)
works(c)
PY

it 'a35 one deadline covers the handshake too'
with require 'client_login_timeout = 1'
talk_tls <<'PY'
for begin in b'', ASK, ASK:
    c = new()
    c.send(begin)
    at = time.time()
    if begin:
        same('answer', c.sock.recv(1), b'S')
    gone(c)
    assert 0.5 < time.time() - at < 10, time.time() - at
works_again = new()
works_again.secure()
works(works_again)
PY

it 'm05 renegotiation is refused'
with require 'client_tls_protocols = tlsv1.2'
out=$( (sleep 0.5; echo R; sleep 0.5) | openssl s_client -connect \
	"$HOST:$PORT" -alpn postgresql -tls1_2 2>&1 || true)
expect_match 'refused' "$out" 'no renegotiation'

it 'cancel requests, by TLS and without'
with require
talk_tls <<'PY'
import threading

for secure in True, False:
    c = new()
    c.secure()
    c.login()
    c.send(Q('select pg_sleep(20)'))
    time.sleep(0.3)
    other = new()
    if secure:
        other.secure()
    other.send(struct.pack('!II', 16, 80877102) + c.key)
    gone(other)
    try:
        c.result()
        raise AssertionError('not cancelled')
    except PgError as e:
        same('code', e.code, '57014')
    c.close()
PY

it 'a15 handshakes that fail leave nothing behind'
fds()
{
	find "/proc/$(pgweir_pid)/fd" -type l | wc -l
}
rss()
{
	awk '/VmRSS/ { print $2 }' "/proc/$(pgweir_pid)/status"
}
storm()
{
	talk_tls "$1" <<'PY'
good = bytes.fromhex('160301')
for i in range(int(sys.argv[1])):
    c = new()
    if i % 4 == 0:
        c.send(ASK + b'')
        c.sock.recv(1)
        c.send(b'\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03' + os.urandom(i % 400))
    elif i % 4 == 1:
        c.send(b'\x16\x03\x01' + os.urandom(40))
    elif i % 4 == 2:
        try:
            c.direct('x')
        except (ssl.SSLError, OSError):
            pass
    else:
        c.direct('postgresql')
        c.abort() if i % 8 == 3 else c.sock.close()
        continue
    c.sock.close()
PY
}
storm 400
sleep 0.3
before=$(fds)
memory=$(rss)
storm 1200
sleep 0.3
expect descriptors "$(fds)" "$before"
is_sanitized || expect_at_most 'memory' "$(rss)" $((memory + 1500))
expect 'works' "$(at sslmode=require)" 1
