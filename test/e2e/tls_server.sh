#!/usr/bin/env bash
# tls_server.sh - TLS between pgweir and PostgreSQL: the modes, whose
# certificate is believed, and what a liar on the way can do.
. "${0%/*}/lib.sh"
. "${0%/*}/certs.sh"

ca ca
ca other
cert server ca /CN=db.test "IP:$HOST"
cert wrong ca /CN=elsewhere.test 'DNS:elsewhere.test'
cert bycn ca "/CN=$HOST" ''
cert expired ca /CN=db.test "IP:$HOST" ec -days -1
cert revoked ca /CN=db.test "IP:$HOST"
cert client ca /CN=postgres ''
revoke revoked ca
certs_done

# PostgreSQL with TLS, and one without.
pg_with_tls main server "ssl_ca_file = '$CERTS/ca.crt'"
cat >"$T/pg-main/pg_hba.conf" <<'HBA'
local all all trust
hostssl certified all all cert
host all all all trust
HBA
pg_start
pg 'create database certified'
pg_start plain $((PG_PORT + 1))

# with SETTINGS [DATABASES]
with()
{
	[ ! -f "$T/pids/pgweir" ] || pgweir_stop
	pgweir_start "$1
query_wait_timeout = 1.5
server_login_retry = 1
[databases]
plain = host=$HOST port=$((PG_PORT + 1)) dbname=postgres
local = host=$T port=$PG_PORT dbname=postgres
${2:-}
* = host=$HOST port=$PG_PORT"
}

OURS='select coalesce((select ssl from pg_stat_ssl where pid = pg_backend_pid()), false)'

it 'the matrix of modes'
for mode in disable allow prefer require verify-ca verify-full; do
	with "server_tls_sslmode = $mode
server_tls_ca_file = $CERTS/ca.crt"
	case $mode in
	disable) want=f plain=f ;;
	allow|prefer) want=t plain=f ;;
	*) want=t plain='server refused SSL' ;;
	esac
	expect "$mode" "$(query "$OURS")" "$want"
	expect "$mode, Unix socket" "$(query "$OURS" local)" f
	if [ "$plain" = f ]; then
		expect "$mode, no TLS there" "$(query "$OURS" plain)" f
	else
		expect_failure "a12 $mode, no TLS there" \
			'query_wait_timeout|server' query "$OURS" plain
		grep -q "server refused SSL" "$T/pgweir.log" || fail 'log'
	fi
done
expect_match 'SHOW SERVERS' "$(show SERVERS tls database=postgres)" \
	'^TLSv1\.3/TLS_AES_256_GCM_SHA384'
grep -q 'SSL established: TLSv1.3' "$T/pgweir.log" || fail 'not logged'

# believes MODE CA: does pgweir talk to the server as it is now?
believes()
{
	with "server_tls_sslmode = $1
server_tls_ca_file = $CERTS/$2"
	query "$OURS" 2>&1 || true
}

# serve CERT: PostgreSQL shows this one from now on.
serve()
{
	printf '%s\n' 'ssl = on' "ssl_cert_file = '$CERTS/$1.crt'" \
		"ssl_key_file = '$CERTS/$1.key'" \
		"ssl_ca_file = '$CERTS/ca.crt'" >"$T/pg-main/extra.conf"
	pg 'select pg_reload_conf()' >/dev/null
	sleep 0.3
}

it 'whose certificate is believed'
expect 'another authority, require' "$(believes require other.crt)" t
expect_match 'another authority, verify-ca' "$(believes verify-ca other.crt)" \
	'query_wait_timeout'
grep -q 'TLS handshake failed: certificate verify failed' "$T/pgweir.log" ||
	fail 'no reason in the log'
serve wrong
expect 'another host, verify-ca' "$(believes verify-ca ca.crt)" t
expect_match 'another host, verify-full' "$(believes verify-full ca.crt)" \
	'query_wait_timeout'
grep -q "certificate is not for host \"$HOST\"" "$T/pgweir.log" || fail 'log'
serve bycn
expect 'by common name' "$(believes verify-full ca.crt)" t
serve expired
expect_match 'expired' "$(believes verify-ca ca.crt)" 'query_wait_timeout'
grep -q 'certificate has expired' "$T/pgweir.log" || fail 'log'
serve revoked
expect 'revoked, without a list' "$(believes verify-full ca.crt)" t
expect_match 'revoked' "$(believes verify-full ca-crl.pem)" \
	'query_wait_timeout'
grep -q 'certificate revoked' "$T/pgweir.log" || fail 'log'
serve server

it 'a13 of a list of hosts each is checked by its own name'
with "server_tls_sslmode = verify-full
server_tls_ca_file = $CERTS/ca.crt" \
	"list = host=$HOST,$HOST port=$PG_PORT dbname=postgres"
expect 'list' "$(query "$OURS" list)" t

it 'our own certificate'
with "server_tls_sslmode = require
server_tls_cert_file = $CERTS/client.crt
server_tls_key_file = $CERTS/client.key"
expect 'certified' "$(query 'select current_user' certified)" postgres
with "server_tls_sslmode = require"
expect_failure 'without' 'certificate' query 'select 1' certified

it 'a16 a RELOAD recycles servers only if TLS has changed'
cp "$CERTS/ca.crt" "$CERTS/here.crt"
with "server_tls_sslmode = verify-ca
server_tls_ca_file = $CERTS/here.crt"
pid=$(query 'select pg_backend_pid()')
console reload
expect 'the same' "$(query 'select pg_backend_pid()')" "$pid"
cat "$CERTS/other.crt" >>"$CERTS/here.crt"
console reload
wait_for "[ \$(query 'select pg_backend_pid()') != $pid ]"
sed -i 's/verify-ca/disable/' "$T/pgweir.ini"
console reload
wait_for "[ \$(query \"\$OURS\") = f ]"

it 'g14 cancel requests by TLS where it is demanded'
with "server_tls_sslmode = require"
talk <<'PY'
c = Client()
c.send(Q('select pg_sleep(20)'))
time.sleep(0.5)
c.cancel()
try:
    c.result()
    raise AssertionError('not cancelled')
except PgError as e:
    same('code', e.code, '57014')
PY

# A server that is none: it answers the SSLRequest as it is told.
liar()
{
	python3 - "$HOST" "$((PG_PORT + 2))" "$1" >"$T/liar.out" <<'PY' &
import signal, socket, sys
signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
s = socket.socket()
s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
s.bind((sys.argv[1], int(sys.argv[2])))
s.listen()
while True:
    c, _ = s.accept()
    c.settimeout(5)
    try:
        first = c.recv(100)
        c.sendall(sys.argv[3].encode('latin1').decode('unicode_escape').encode('latin1'))
        more = c.recv(1000)
        print(len(first), more[:5].hex(), flush=True)
        while more:
            more = c.recv(1000)
    except OSError:
        pass
    c.close()
PY
	echo $! >"$T/pids/liar"
	wait_for "(exec 3<>/dev/tcp/$HOST/$((PG_PORT + 2)))"
}

# lie MODE ANSWER REGEX: what pgweir makes of it; nothing may follow.
lie()
{
	liar "$2"
	with "server_tls_sslmode = $1" \
		"liar = host=$HOST port=$((PG_PORT + 2)) dbname=postgres"
	out=$(query 'select 1' liar 2>&1 || true)
	[[ ! $out =~ secret ]] || fail "the client was shown: $out"
	grep -q "$3" "$T/pgweir.log" || fail "not in the log: $3"
	stop_pid liar TERM
}

it 'a02 bytes behind the S are a lie'
lie prefer 'SR\\0\\0\\0\\10\\0\\0\\0\\0' 'received unencrypted data after SSL response'

it 'a05 an error in answer to the SSLRequest is shown to nobody'
lie prefer 'E\\0\\0\\0\\40SFATAL\\0Msecret\\0\\0' 'answered SSLRequest with an error'

it 'a12 nothing is sent to one who refuses TLS'
lie require 'N' 'server refused SSL'
expect 'nothing' "$(grep -c ' 0000' "$T/liar.out" || true)" 0

it 'any other answer is none'
lie prefer 'X' 'bad sslreq answer'

it 'a40 one who is silent in the handshake is given up'
liar S
with 'server_tls_sslmode = prefer
server_connect_timeout = 1' "liar = host=$HOST port=$((PG_PORT + 2)) dbname=postgres"
expect_failure 'silent' 'query_wait_timeout' query 'select 1' liar
grep -q 'connect timeout' "$T/pgweir.log" || fail 'no connect timeout'
stop_pid liar TERM

it 'direct TLS to a server that knows it: pgweir itself'
pgweir_stop
printf '%s\n' '[pgbouncer]' "listen_addr = $HOST" 'listen_port = 26433' \
	"unix_socket_dir =" 'auth_type = trust' "auth_file = $T/users.txt" \
	'client_tls_sslmode = require' "client_tls_key_file = $CERTS/server.key" \
	"client_tls_cert_file = $CERTS/server.crt" 'server_tls_sslmode = prefer' \
	'[databases]' "* = host=$HOST port=$PG_PORT" >"$T/far.ini"
DAEMON=pgweir-far pgweir_spawn "$T/far.ini"
with "server_tls_sslmode = verify-full
server_tls_sslnegotiation = direct
server_tls_ca_file = $CERTS/ca.crt" \
	"far = host=$HOST port=26433 dbname=postgres"
wait_for "(exec 3<>/dev/tcp/$HOST/26433)"
expect 'through both' "$(query 'select 41 + 1' far)" 42
expect_match 'TLS' "$(show SERVERS tls database=far)" '^TLSv1\.3/'
expect_failure 'PostgreSQL 15 does not know it' 'query_wait_timeout' \
	query 'select 1'

it 'direct needs a mode that insists'
pgweir_stop
pgweir_ini 'server_tls_sslnegotiation = direct
server_tls_sslmode = prefer'
: >"$T/pgweir.log"
pgweir_spawn "$T/pgweir.ini"
await_pid pgweir
expect 'status' "$STATUS" 1
expect_match 'log' "$(cat "$T/pgweir.log")" 'direct needs'
