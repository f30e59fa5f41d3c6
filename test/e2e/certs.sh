# shellcheck shell=bash
# certs.sh - certificates for tests, made with openssl's command line, in
# $T/certs. Sourced behind lib.sh.

CERTS=$T/certs

# ca NAME: an authority: NAME.crt, NAME.key.
ca()
{
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
		-keyout "$CERTS/$1.key" -out "$CERTS/$1.crt" -days 30 \
		-subj "/CN=authority $1" 2>/dev/null
}

# cert NAME CA SUBJECT SAN [KIND [ARGUMENT...]]: NAME.crt and NAME.key. KIND
# is what -newkey takes; the rest goes to `openssl x509`.
cert()
{
	local name=$1 ca=$2 subject=$3 san=$4 kind=${5:-ec}
	local options=()

	shift $(($# < 5 ? $# : 5))
	[ "$kind" != ec ] || options=(-pkeyopt ec_paramgen_curve:P-256)
	openssl req -newkey "$kind" "${options[@]}" -nodes \
		-keyout "$CERTS/$name.key" -out "$CERTS/$name.csr" \
		-subj "$subject" 2>/dev/null
	openssl x509 -req -in "$CERTS/$name.csr" -CA "$CERTS/$ca.crt" \
		-CAkey "$CERTS/$ca.key" -CAcreateserial -out "$CERTS/$name.crt" \
		-extfile <(printf '%s' "${san:+subjectAltName=$san}") "$@" \
		2>/dev/null
}

# revoke NAME CA: CA-crl.pem is the authority with a list of its victims.
revoke()
{
	local db=$CERTS/$2.db

	mkdir -p "$db"
	touch "$db/index.txt"
	echo 01 >"$db/crlnumber"
	printf '[ca]\ndefault_ca=x\n[x]\ndatabase=%s\ncrlnumber=%s\n%s\n' \
		"$db/index.txt" "$db/crlnumber" \
		$'default_md=sha256\ndefault_crl_days=30' >"$db/conf"
	openssl ca -config "$db/conf" -revoke "$CERTS/$1.crt" \
		-keyfile "$CERTS/$2.key" -cert "$CERTS/$2.crt" 2>/dev/null
	openssl ca -config "$db/conf" -gencrl -keyfile "$CERTS/$2.key" \
		-cert "$CERTS/$2.crt" -out "$CERTS/$2.crl" 2>/dev/null
	cat "$CERTS/$2.crt" "$CERTS/$2.crl" >"$CERTS/$2-crl.pem"
}

# certs_done: whoever runs the servers may read them, and nobody else.
certs_done()
{
	chmod 600 "$CERTS"/*.key
	[ -z "${as_user[*]}" ] || chown -R nobody:nogroup "$CERTS"
}

# pg_with_tls [NAME CERT [LINE...]]: PostgreSQL's side of it, before pg_start.
pg_with_tls()
{
	local name=${1:-main} cert=${2:-server}

	shift $(($# < 2 ? $# : 2))
	[ -d "$T/pg-$name" ] || pg_create "$name"
	cat >"$T/pg-$name/extra.conf" <<-CONF
		ssl = on
		ssl_cert_file = '$CERTS/$cert.crt'
		ssl_key_file = '$CERTS/$cert.key'
	CONF
	[ $# -eq 0 ] || printf '%s\n' "$@" >>"$T/pg-$name/extra.conf"
}

mkdir -p "$CERTS"
