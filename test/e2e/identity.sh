#!/usr/bin/env bash
# identity.sh - whose keys open what, and that secrets stay secret: in no line
# of the log, no SHOW and no error.
. "${0%/*}/lib.sh"

! is_pgbouncer || skip 'PgBouncer is another matter'

pg_create main
printf '%s\n' 'local all all trust' 'host all all all scram-sha-256' \
	>"$T/pg-main/pg_hba.conf"
pg_start
pg "create role asker superuser login password 'zebra-asker'"
for user in alice bob carol; do
	pg "create role $user login password 'zebra-$user'"
done

secret()
{
	pg "select rolpassword from pg_authid where rolname = '$1'"
}

users alice "$(secret alice)" bob "$(secret bob)" admin zebra-admin \
	asker zebra-asker

start()
{
	pgweir_ini "auth_type = scram-sha-256
pool_mode = transaction
default_pool_size = 1
auth_user = asker
auth_dbname = postgres
$1
[databases]
as_bob = host=$HOST port=$PG_PORT dbname=postgres user=bob
as_carol = host=$HOST port=$PG_PORT dbname=postgres user=carol password=zebra-carol
* = host=$HOST port=$PG_PORT"
	pgweir_spawn -v -v "$T/pgweir.ini"
	wait_for "(exec 3<>/dev/tcp/$HOST/$PORT)" 30
}

start ''

it 'b36 keys open servers for the one who proved them only'
talk <<'PY'
def who(user, db='postgres'):
    return Client(user, db, 'zebra-' + user).one('select current_user')

same('alice', who('alice'), 'alice')
# Of bob nothing is known that opens a server, and alice's keys do not.
e = refused('as bob', lambda: who('alice', 'as_bob'))
same('why', e.code, '28P01')
same('with a password of its own', who('alice', 'as_carol'), 'carol')
same('bob', who('bob'), 'bob')
same('and alice still', who('alice'), 'alice')
# carol is looked up; keys of hers are not those of the database line.
same('carol', who('carol'), 'carol')
same('carol as carol', who('carol', 'as_carol'), 'carol')
PY

it 'b35 second clients, after a reload, each with its own keys'
talk <<'PY'
first = [Client(u, password='zebra-' + u) for u in ('alice', 'bob', 'carol')]
for what in 'RELOAD', 'RECONNECT', 'RELOAD':
    admin = Client('admin', 'pgbouncer', 'zebra-admin')
    admin.query(what)
    admin.close()
    for c in first:
        same('first', c.one('select current_user'), c.user)
    for c in first:
        same('second', Client(c.user, password='zebra-' + c.user)
             .one('select current_user'), c.user)
PY

it 'b38 a server that is there already lets nobody skip the password'
talk <<'PY'
c = Client('alice', password='zebra-alice')
pid = c.one('select pg_backend_pid()')
c.close()
for password in 'wrong', 'zebra-bob', 'zebra-asker':
    refused('alice', lambda: Client('alice', password=password), '28P01',
            'SASL authentication failed')
bob = Client('bob', password='zebra-bob')
same('bob is bob', bob.one('select current_user'), 'bob')
assert bob.one('select pg_backend_pid()') != pid
same('and alice alice', Client('alice', password='zebra-alice').query(
    'select current_user, pg_backend_pid()'), [('alice', pid)])
PY

# Whatever a secret looks like on its way.
for user in alice bob carol asker; do
	secret "$user" | tr '$:' '\n' | awk 'length > 20'
	printf '%s\n' "zebra-$user" "$(printf '%s' "zebra-$user$user" |
		md5sum | cut -d ' ' -f 1)"
done >"$T/secrets"
echo zebra-admin >>"$T/secrets"
expect 'all of them' "$(wc -l <"$T/secrets")" 21

# no_secrets FILE
no_secrets()
{
	local found

	[ -s "$1" ] || fail "there is nothing in $1"
	found=$(grep -F -f "$T/secrets" "$1" || true)
	[ -z "$found" ] || fail "in $1: $found"
}

show_all()
{
	local what

	for what in CLIENTS SERVERS POOLS DATABASES USERS CONFIG SOCKETS \
		ACTIVE_SOCKETS FDS LISTS MEM STATS TOTALS LOGINS BUDGET \
		FAIRNESS PEERS DNS_HOSTS STATE; do
		PGPASSWORD=zebra-admin console "show $what"
	done
}

it 'b49 secrets are in no line of the log, no SHOW, no error'
for method in plain md5 scram-sha-256; do
	pgweir_stop
	start "auth_type = $method
login_failure_delay = 0.1"
	talk >"$T/errors" <<'PY'
here = []
for user in 'alice', 'bob', 'carol':
    for db in 'postgres', 'as_bob', 'as_carol', 'absent':
        try:
            here.append(Client(user, db, 'zebra-' + user))
            here[-1].query('select 1')
        except PgError as e:
            print(e.fields)
for password in 'wrong', 'zebra-bob':
    print(refused('wrong', lambda: Client('alice', password=password)).fields)
    time.sleep(0.5)
PY
	show_all >"$T/shown"
	no_secrets "$T/errors"
	no_secrets "$T/shown"
done
no_secrets "$T/pgweir.log"
pgweir_stop

it 'nor in what is said of a file that is broken'
cp "$T/users.txt" "$T/good"
: >"$T/said"
for line in '"dave" "zebra-alice' '"dave" zebra-alice' 'dave "zebra-alice"' \
	'"zebra-alice'; do
	{
		cat "$T/good"
		echo "$line"
	} >"$T/users.txt"
	"$T/bin/pgweir" --check "$T/pgweir.ini" >>"$T/said" 2>&1 &&
		fail "it is taken: $line"
done
cp "$T/good" "$T/users.txt"
for line in 'd = host=x password=zebra-alice port=zebra' \
	"d = host=x password='zebra-alice" 'd = password=zebra-alice no=thing' \
	'd = host=x passwort=zebra-alice'; do
	{
		cat "$T/pgweir.ini"
		echo "$line"
	} >"$T/broken.ini"
	"$T/bin/pgweir" --check "$T/broken.ini" >>"$T/said" 2>&1 &&
		fail "it is taken: $line"
done
no_secrets "$T/said"
