#!/usr/bin/env bash
# tls_auth.sh - what TLS brings to logging in: channel binding on both sides,
# certificates instead of passwords, access rules that ask for TLS.
. "${0%/*}/lib.sh"
. "${0%/*}/certs.sh"

ca ca
cert server ca /CN=db.test "DNS:db.test,IP:$HOST"
cert sha384 ca /CN=db.test "IP:$HOST" ec -sha384
openssl req -x509 -newkey ed25519 -nodes -keyout "$CERTS/edself.key" \
	-out "$CERTS/edself.crt" -days 30 -subj /CN=db.test 2>/dev/null
cert plain ca /CN=plain ''
cert upper ca /CN=PLAIN ''
cert alt ca /CN=x 'DNS:plain'
cert mapped ca /CN=outside ''
cert owner ca /CN=scram ''
certs_done

pg_with_tls
printf '%s\n' 'local all all trust' 'hostssl all all all scram-sha-256' \
	>"$T/pg-main/pg_hba.conf"
pg_start
pg "create role plain login password 'secret'"
pg "alter role postgres password 'secret'"
pg "create role scram login password 'secret'"
users plain secret scram \
	"$(pg "select rolpassword from pg_authid where rolname = 'scram'")" \
	postgres secret admin secret
export PGPASSWORD=secret

# with CERTIFICATE SETTINGS
with()
{
	[ ! -f "$T/pids/pgweir" ] || pgweir_stop
	pgweir_start "client_tls_key_file = $CERTS/$1.key
client_tls_cert_file = $CERTS/$1.crt
client_tls_ca_file = $CERTS/ca.crt
server_tls_sslmode = require
$2
[databases]
liar = host=$HOST port=$((PG_PORT + 1))
* = host=$HOST port=$PG_PORT"
}

# as USER CONNECTION
as()
{
	psql -XAtq "host=$HOST port=$PORT dbname=postgres user=$1 $2" \
		-c 'select current_user'
}

it 'SCRAM-SHA-256-PLUS with clients that insist, through to the server'
for cert in server sha384; do
	with "$cert" 'auth_type = scram-sha-256
client_tls_sslmode = require'
	for user in plain scram; do
		expect "$cert, $user" "$(as "$user" "sslmode=verify-full \
			sslrootcert=$CERTS/ca.crt channel_binding=require")" "$user"
	done
	console=$(PGSSLMODE=require console reconnect 2>&1 || true)
	expect 'b35 after a reconnect' "$(as scram 'sslmode=require
		channel_binding=require')" scram
	expect 'without' "$(as scram 'sslmode=require
		channel_binding=disable')" scram
	expect_failure 'a wrong password' 'SASL authentication failed' \
		env PGPASSWORD=wrong psql -XAtq "host=$HOST port=$PORT user=plain
		dbname=postgres sslmode=require channel_binding=require" -c ''
done

it 'b07 a client that believes that PLUS was not offered is refused'
talk <<'PY'
import ssl


def first(mechanism, gs2):
    c = Client('plain', login=False)
    c.send(struct.pack('!II', 8, 80877103))
    same('answer', c.sock.recv(100), b'S')
    x = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    x.check_hostname = False
    x.verify_mode = ssl.CERT_NONE
    c.sock = x.wrap_socket(c.sock)
    c.send(c.hello())
    kind, body = c.read()
    same('the offer', body[4:], b'SCRAM-SHA-256-PLUS\0SCRAM-SHA-256\0\0')
    data = gs2 + b'n=,r=' + b'x' * 24
    c.send(message('p', z(mechanism) + struct.pack('!I', len(data)) + data))
    return c


PLUS = 'SCRAM-SHA-256-PLUS'
for mechanism, gs2 in ((PLUS, b'p=tls-server-end-point,,'),
                       ('SCRAM-SHA-256', b'n,,')):
    same(mechanism, first(mechanism, gs2).read()[1][:4],
         struct.pack('!I', 11))
for mechanism, gs2 in (('SCRAM-SHA-256', b'y,,'), (PLUS, b'y,,'),
                       (PLUS, b'n,,'), (PLUS, b'p=tls-unique,,'),
                       ('SCRAM-SHA-256', b'p=tls-server-end-point,,')):
    same('%s %s' % (mechanism, gs2),
         first(mechanism, gs2).fatal().severity, 'FATAL')
PY

it 'no PLUS without TLS, nor under a certificate without a digest'
with edself 'auth_type = scram-sha-256
client_tls_sslmode = allow'
expect_failure 'insists' 'channel binding' as plain \
	'sslmode=disable channel_binding=require'
expect 'would like' "$(as plain 'sslmode=require channel_binding=prefer')" plain
expect_failure 'insists' 'channel binding' as plain \
	'sslmode=require channel_binding=require'

it 'a server that offers PLUS gets it, one that does not hears that we could'
with server 'auth_type = scram-sha-256
query_wait_timeout = 2'
CERTS=$CERTS talk >"$T/liar.out" <<'PY' &
import ssl
certs = os.environ['CERTS']
x = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
x.load_cert_chain(certs + '/server.crt', certs + '/server.key')
listener = socket.create_server((HOST, PG_PORT + 1))
listener.settimeout(30)
for offer in b'SCRAM-SHA-256\0SCRAM-SHA-256-PLUS\0\0', b'SCRAM-SHA-256\0\0':
    s, _ = listener.accept()
    s.recv(8)
    s.sendall(b'S')
    c = Client.__new__(Client)
    c.sock, c.buf, c.status, c.notices = x.wrap_socket(s, server_side=True), b'', {}, []
    c.fill(4)
    c.fill(struct.unpack('!I', c.buf[:4])[0])
    c.buf = b''
    c.send(message('R', struct.pack('!I', 10) + offer))
    kind, body = c.read()
    print(body[:body.index(b'\0')].decode(), body[body.index(b'\0') + 5:].split(b',')[0].decode(), flush=True)
    c.sock.close()
PY
wait_for "as plain 'sslmode=disable dbname=liar' ||
	[ \$(wc -l <$T/liar.out) -ge 2 ]" 30
expect 'chosen' "$(head -n 2 "$T/liar.out" | tr '\n' ';')" \
	'SCRAM-SHA-256-PLUS p=tls-server-end-point;SCRAM-SHA-256 y;'
wait $!

it 'auth_type=cert: a name in the certificate is the password'
with server 'auth_type = cert
client_tls_sslmode = verify-full'
PGPASSWORD=
for name in plain upper alt; do
	expect "$name" "$(as plain "sslmode=require sslcert=$CERTS/$name.crt \
		sslkey=$CERTS/$name.key")" plain
done
expect_failure 'another one' 'certificate authentication failed' as plain \
	"sslmode=require sslcert=$CERTS/mapped.crt sslkey=$CERTS/mapped.key"
expect_failure 'none' 'certificate required' as plain 'sslmode=require'
expect_failure 'plain' 'SSL required' as plain 'sslmode=disable'
expect_failure 'the Unix socket' 'certificate authentication failed' \
	psql -XAtq -h "$T" -p "$PORT" -U plain postgres -c ''

it 'auth_type=cert needs verify-full'
pgweir_stop
pgweir_ini "auth_type = cert
client_tls_sslmode = require
client_tls_key_file = $CERTS/server.key
client_tls_cert_file = $CERTS/server.crt"
: >"$T/pgweir.log"
pgweir_spawn "$T/pgweir.ini"
await_pid pgweir
expect 'status' "$STATUS" 1
expect_match 'log' "$(cat "$T/pgweir.log")" 'auth_type=cert needs'

it 'b43 access rules know whether there is TLS, and maps of certificates'
cat >"$T/hba" <<'HBA'
hostnossl all postgres all reject
hostssl all postgres all trust
hostssl all plain all cert map=names
host all scram all scram-sha-256
HBA
echo 'names outside plain' >"$T/ident"
with server "auth_type = hba
auth_hba_file = $T/hba
auth_ident_file = $T/ident
client_tls_sslmode = allow"
expect_failure 'reject without' 'login rejected' as postgres sslmode=disable
expect 'trust with' "$(as postgres sslmode=require)" postgres
expect 'mapped' "$(as plain "sslmode=require sslcert=$CERTS/mapped.crt \
	sslkey=$CERTS/mapped.key")" plain
expect_failure 'not mapped' 'certificate authentication failed' as plain \
	"sslmode=require sslcert=$CERTS/plain.crt sslkey=$CERTS/plain.key"
expect_failure 'no certificate' 'certificate authentication failed' as plain \
	sslmode=require
PGPASSWORD=secret
export PGPASSWORD
expect 'no matter' "$(as scram sslmode=disable)" scram

it 'b43 clientcert: a certificate besides the password'
cat >"$T/hba" <<'HBA'
hostssl all plain all scram-sha-256 clientcert=verify-ca
hostssl all scram all scram-sha-256 clientcert=verify-full
hostssl all postgres all trust clientcert=verify-full
hostssl all all all scram-sha-256 clientcert=verify-ca
HBA
with server "auth_type = hba
auth_hba_file = $T/hba
client_tls_sslmode = allow"
# showing CERTIFICATE USER
showing()
{
	as "$2" "sslmode=require sslcert=$CERTS/$1.crt sslkey=$CERTS/$1.key"
}
expect 'any will do' "$(showing mapped plain)" plain
expect_failure 'a password it takes, too' 'SASL authentication failed' \
	env PGPASSWORD=wrong psql -XAtq "host=$HOST port=$PORT user=plain
	dbname=postgres sslmode=require sslcert=$CERTS/plain.crt
	sslkey=$CERTS/plain.key" -c ''
for user in plain nobody; do
	expect_failure "$user without" \
		'connection requires a valid client certificate' \
		as "$user" sslmode=require
done
expect 'its name' "$(showing owner scram)" scram
expect_failure "another's" 'certificate authentication failed' \
	showing plain scram
expect_failure 'trust does not suffice' 'certificate authentication failed' \
	showing plain postgres
expect_failure 'nobody knows no password' 'SASL authentication failed' \
	showing plain nobody

it 'b43 a certificate counts by the authorities that it was checked with'
printf 'hostssl all all all scram-sha-256\n' >"$T/hba"
SSL_CERT_FILE=$CERTS/ca.crt with server "auth_type = hba
auth_hba_file = $T/hba
client_tls_sslmode = allow
client_tls_ca_file ="
CERTS=$CERTS talk <<'PY'
import ssl


def shake():
    c = Client('plain', login=False)
    c.send(struct.pack('!II', 8, 80877103))
    same('answer', c.sock.recv(1), b'S')
    x = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    x.check_hostname = False
    x.verify_mode = ssl.CERT_NONE
    x.load_cert_chain(os.environ['CERTS'] + '/plain.crt',
                      os.environ['CERTS'] + '/plain.key')
    c.sock = x.wrap_socket(c.sock)
    return c


before = shake()
ini = open(T + '/pgweir.ini').read()
with open(T + '/pgweir.ini', 'w') as f:
    f.write(ini.replace('client_tls_ca_file =\n', ''))
with open(T + '/hba', 'w') as f:
    f.write('hostssl all all all cert\n')
os.kill(int(open(T + '/pgweir.pid').read()), 1)
wait_until(lambda: b'RELOAD' in open(T + '/pgweir.log', 'rb').read().upper(),
           'RELOAD')
refused('before', before.login, '28000', 'certificate authentication failed')
after = shake()
after.login()
same('after', after.one('select current_user'), 'plain')
PY
