#!/usr/bin/env bash
# matrix.sh - every client method with every kind of secret, from auth_file
# and from auth_query, with every server method: who gets how far.
. "${0%/*}/lib.sh"

! is_pgbouncer || skip 'PgBouncer sends hashes to who asks for passwords'

METHODS='trust password md5 scram-sha-256'
KINDS='plain md5 scram'
WRONG='server login failed: wrong password type'

pg_create main
{
	echo 'local all all trust'
	echo 'host all asker all trust'
	for method in $METHODS; do
		echo "host s_$method all all $method"
	done
} >"$T/pg-main/pg_hba.conf"
pg_start
pg "create role asker login; create table secrets (name text, secret text)"
pg 'grant select on secrets to asker'
for method in $METHODS; do
	pg "create database \"s_$method\""
done

# Each user has one kind of secret here; the server has all kinds of all.
list=(admin secret asker '')
for user in u_plain u_md5 u_scram q_plain q_md5 q_scram; do
	pg "create role $user login password 'secret'"
	scram=$(pg "select rolpassword from pg_authid where rolname = '$user'")
	md5=md5$(printf 'secret%s' "$user" | md5sum | cut -d ' ' -f 1)
	case $user in
	*_plain) secret=secret ;;
	*_md5) secret=$md5 ;;
	*_scram) secret=$scram ;;
	esac
	case $user in
	u_*) list+=("$user" "$secret") ;;
	q_*) pg "insert into secrets values ('$user', '$secret')" ;;
	esac
	printf '%s %s %s\n' "$user" "$md5" "$scram" >>"$T/stored"
done
users "${list[@]}"
export PGPASSWORD=secret

# the_server_has KIND: what is stored there, in place of what was.
the_server_has()
{
	local user md5 scram

	while read -r user md5 scram; do
		echo "alter role $user password '${!1}';"
	done <"$T/stored" | psql -Xq -h "$T" -p "$PG_PORT" -U postgres
}

# expected CLIENT KIND SERVER: the user's name, or why not.
expected()
{
	case $1:$2 in
	scram-sha-256:md5) echo 'SASL authentication failed'; return ;;
	esac
	case $3:$2:$1 in
	trust:*|*:plain:*|md5:md5:*) echo ok ;;
	scram-sha-256:scram:md5|scram-sha-256:scram:scram-sha-256) echo ok ;;
	*) echo "$WRONG" ;;
	esac
}

for client in $METHODS; do
	it "clients prove themselves by $client"
	type=$client
	[ "$client" != password ] || type=plain
	[ ! -f "$T/pids/pgweir" ] || pgweir_stop
	pgweir_start "auth_type = $type
auth_user = asker
auth_dbname = asking
auth_query = select name, secret from public.secrets where name = \$1
[databases]
asking = host=$HOST port=$PG_PORT dbname=postgres
* = host=$HOST port=$PG_PORT"
	for server in $METHODS; do
		case $server in
		md5) the_server_has md5 ;;
		*) the_server_has scram ;;
		esac
		for kind in $KINDS; do
			want=$(expected "$client" "$kind" "$server")
			for user in "u_$kind" "q_$kind"; do
				got=$(query 'select current_user' "s_$server" \
					"$user" 2>&1) || true
				[ "$want" != ok ] || want=$user
				expect_match "$user to $server" "$got" "$want"
				[ "$want" != "$user" ] || want=ok
			done
		done
	done
done
