#!/usr/bin/env bash
# hosts.sh - control connections: who asks, how often, over what, and what
# SHOW HOSTS makes of it.
. "${0%/*}/cluster.sh"
. "${0%/*}/certs.sh"

it 'a primary and a replica, with TLS'
ca ca
ca other
cert server ca '/CN=db' ''
[ -z "${as_user[*]}" ] || chown -R nobody:nogroup "$CERTS"
chmod 600 "$CERTS/server.key"
cat >"$T/nodes.conf" <<CONF
ssl = on
ssl_cert_file = '$CERTS/server.crt'
ssl_key_file = '$CERTS/server.key'
CONF
cluster_start a b
on a "grant pg_read_all_stats to $CONTROL" postgres
on a "create role locked login password 'open sesame'" postgres
await_replay b
for name in a b; do
	hba=$T/pg-$name/pg_hba.conf
	sed -i '1i host all locked all scram-sha-256' "$hba"
	sed -i '1i local all locked scram-sha-256' "$hba"
	on "$name" 'select pg_reload_conf()' postgres >/dev/null
done

settings='pool_mode = transaction
routing = explicit
health_interval = 0.5
health_timeout = 5
server_connections = 9'
databases="
[databases]
app = $(hosts a b) dbname=app
again = $(hosts a b) dbname=app role=replica
wide = host=${NODE_HOST[a]},${NODE_HOST[b]},$T/socket-a port=$PG_PORT dbname=app"

# control_connections NAME: how many a node has
control_connections()
{
	on "$1" "select count(*) from pg_stat_activity
		where application_name = 'pgweir'" postgres
}

# at_host NAME COLUMN: of the list that is shared by two databases
at_host()
{
	show HOSTS "$2" "host=${NODE_HOST[$1]}" databases=again,app
}

it 'roles, positions and timelines are found'
pgweir_start "control_user = $CONTROL
$settings$databases"
wait_for '[ "$(at_host a role)" = primary ]'
wait_for '[ "$(at_host b role)" = replica ]'
expect 'state' "$(at_host b state)" up
expect 'timeline' "$(at_host a timeline)/$(at_host b timeline)" 1/1
wait_for '[ "$(at_host b lsn)" = "$(on a "select pg_current_wal_lsn()")" ]'
wait_for '[ "$(at_host b lag)/$(at_host b lag_bytes)" = 0.000/0 ]'
expect 'no lag of a primary' "$(at_host a lag)" ''
expect 'weight' "$(at_host b weight)" 1.000
expect 'no error' "$(at_host a last_error)" ''

it 'another address of a server is left out'
wait_for "[ \"\$(show HOSTS reason host=$T/socket-a)\" = \
	'it is another address of a host in the list' ]"
expect 'role' "$(show HOSTS role "host=$T/socket-a")" none

it 'one connection for each address, whoever shares it'
expect 'a, which has two' "$(control_connections a)" 2
expect 'b' "$(control_connections b)" 1

it 'h33 they are not part of the budget'
expect 'held' "$(show BUDGET held "port=$PG_PORT" | sort -u)" 0

it 'one that is terminated is replaced, and no role changes'
before=$(grep -c 'is not used as' "$T/pgweir.log" || true)
pid="select pid from pg_stat_activity where application_name = 'pgweir'"
old=$(on b "$pid" postgres)
on b "select pg_terminate_backend($old)" postgres >/dev/null
wait_for "[ \"\$(on b \"$pid\" postgres)\" != '' ] &&
	[ \"\$(on b \"$pid\" postgres)\" != $old ]"
expect 'changes' "$(grep -c 'is not used as' "$T/pgweir.log" || true)" \
	"$before"

it 'requests and reads are counted'
for _ in 1 2 3; do
	expect 'where' "$(psql -XAtq -h "$HOST" -p "$PORT" -U postgres \
		-d again -c 'select name from here')" b
done
expect 'reads' "$(at_host b reads)" 3
expect 'none at the primary' "$(at_host a reads)" 0
expect 'connections' "$(at_host b connections)" 1

it 'a wrong password is told, and the right one is not'
pgweir_ini "control_user = locked
control_password = open says me
$settings$databases"
console RELOAD >/dev/null
wait_for '[ "$(at_host b state)" = down ]'
expect_match 'error' "$(at_host b last_error)" \
	'password authentication failed for user "locked"'
pgweir_ini "control_user = locked
control_password = open sesame
$settings$databases"
console RELOAD >/dev/null
wait_for '[ "$(at_host a role)" = primary ]'
wait_for '[ "$(at_host b role)" = replica ]'
expect 'SHOW CONFIG' "$(show CONFIG value key=control_password)" '********'
expect 'log' "$(grep -cE 'open (sesame|says)' "$T/pgweir.log" || true)" 0

it 'without control_user the user of the entry asks'
pgweir_ini "$settings
[databases]
app = $(hosts a b) dbname=app user=locked password='open sesame'"
console RELOAD >/dev/null
wait_for "[ \"\$(on a \"select usename || ' at ' || datname from
	pg_stat_activity where application_name = 'pgweir'\" postgres)\" = \
	'locked at app' ]"
wait_for '[ "$(show HOSTS role databases=app | sort)" = "primary
replica" ]'

it 'l62 without routing nobody is asked'
pgweir_ini "[databases]
app = $(hosts a b) dbname=app"
console RELOAD >/dev/null
wait_for '[ "$(control_connections a)$(control_connections b)" = 00 ]'
expect 'hosts' "$(show HOSTS host)" ''

it 'control connections have TLS as other connections to servers'
pgweir_ini "server_tls_sslmode = verify-ca
server_tls_ca_file = $CERTS/ca.crt
control_user = $CONTROL
$settings
[databases]
app = $(hosts a b) dbname=app"
console RELOAD >/dev/null
wait_for '[ "$(show HOSTS role databases=app | sort)" = "primary
replica" ]'
expect 'TLS' "$(on a "select ssl from pg_stat_ssl join pg_stat_activity
	using (pid) where application_name = 'pgweir'" postgres)" t

it 'and believe nobody whom the authorities do not know'
stop_pid pgweir QUIT
sed -i "s|$CERTS/ca.crt|$CERTS/other.crt|" "$T/pgweir.ini"
pgweir_start
wait_for '[ "$(show HOSTS state | sort -u)" = down ]'
expect_match 'error' "$(show HOSTS last_error)" 'certificate verify failed'
