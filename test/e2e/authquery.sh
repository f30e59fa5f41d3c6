#!/usr/bin/env bash
# authquery.sh - users whom auth_file does not know are looked up.
. "${0%/*}/lib.sh"

! is_pgbouncer || skip 'what is said here about caches and failures is ours'

pg_create main
cat >"$T/pg-main/pg_hba.conf" <<'HBA'
local all postgres trust
local all all trust
host all all all scram-sha-256
HBA
pg_start
pg "create role asker superuser login password 'asks'"
pg "create role scram login password 'secret'"
pg "create role expired login password 'secret' valid until '2001-01-01'"
pg "create role nologin password 'secret'"
pg "create role empty login"
pg "create role late login password 'old'"
pg "create database other"
pg "create table public.people (name text, secret text)"
pg "insert into public.people values ('plain', 'secret'),
	('md5', 'md5$(printf 'secretmd5' | md5sum | cut -d ' ' -f 1)'),
	('Renamed', null), ('null', null), ('twice', 'old'), ('twice', 'new'),
	('weird', ''), ('postgres', 'secret')"
pg "create function public.person(text) returns setof public.people
	language sql as 'select * from public.people where name = \$1'"
pg "create role plain login password 'secret'"
pg "create role md5 login password 'secret'"
pg "create role twice login"
users asker asks admin secret
export PGPASSWORD=secret

# with SETTINGS [DATABASES]
with()
{
	[ ! -f "$T/pids/pgweir" ] || pgweir_stop
	: >"$T/pgweir.log"
	pgweir_start "auth_type = md5
auth_user = asker
$1
[databases]
${2:-* = host=$HOST port=$PG_PORT}"
}

it 'the default query: secrets of pg_authid, passed through'
with ''
talk <<'PY'
c = Client('scram', password='secret')
same('asked', c.asked, [10, 11, 12, 0])
same('who', c.one('select current_user'), 'scram')
for why, user, password in (('wrong', 'scram', 'Secret'),
                            ('b21 expired', 'expired', 'secret'),
                            ('no login', 'nologin', 'secret'),
                            ('b22 nobody', 'whoever', 'secret'),
                            ('b23 no password', 'empty', 'secret'),
                            ('b13 no such database', 'scram', 'secret')):
    db = 'absent' if 'b13' in why else 'postgres'
    refused(why, lambda: Client(user, db, password), None if db == 'absent'
            else '28P01')
PY
expect 'its own pool' "$(show pools sv_idle database=postgres user=asker)" 1
expect 'in the budget' "$(pg "select count(*) from pg_stat_activity
	where usename = 'asker'")" 1

it 'who asks may come as a client too: one row of SHOW POOLS, none twice'
with 'pool_mode = transaction
server_connections = 1'
talk <<'PY'
import threading

admin = Client('admin', 'pgbouncer', 'secret')


def rows():
    return [r for r in admin.query('SHOW POOLS') if r[1] == 'asker']


c = Client('asker', password='asks')
c.query('begin')
late = threading.Thread(daemon=True, target=lambda: Client(
    'scram', password='secret'))
late.start()
wait_until(lambda: '1' in [r[3] for r in rows()], 'a look-up that waits')
same('rows', [r[:4] for r in rows()], [('postgres', 'asker', '1', '1')])
c.query('commit')
late.join()
same('afterwards', [r[:4] for r in rows()], [('postgres', 'asker', '1', '0')])
PY

it 'b11 nobody goes through the same exchange'
with 'auth_type = scram-sha-256'
talk <<'PY'
errors = []
for user in 'whoever', 'scram':
    c = Client(user, password='wrong', login=False)
    c.send(c.hello())
    try:
        c.authenticate()
    except PgError as e:
        errors.append(e.fields)
    same('asked', c.asked, [10, 11])
same('alike', errors[0], errors[1])
PY

it 'b11 who has a plain secret has one salt, as nobody has'
with "auth_type = scram-sha-256
auth_query = select name, secret from public.people where name = \$1"
talk <<'PY'
def salt(user):
    c = Client(user, login=False)
    c.send(c.hello())
    kind, body = c.read()
    c.answer(10, body[4:])
    kind, body = c.read()
    c.close()
    return body.split(b',')[1]


salts = {user: salt(user) for user in ('plain', 'md5', 'weird', 'whoever')}
same('different ones', len(set(salts.values())), 4)
for user in salts:
    same(user, salt(user), salts[user])
same('and gets in', Client('plain', password='secret').one('select 1'), '1')
PY

it 'b11 a secret that is derived for each login takes no longer than none'
with "auth_type = scram-sha-256
scram_iterations = 100000
auth_query = select name, secret from public.people where name = \$1"
talk <<'PY'
def seconds(user):
    c = Client(user, login=False)
    began = time.monotonic()
    c.send(c.hello())
    c.read()
    c.close()
    return time.monotonic() - began


known = min(seconds('plain') for _ in range(5))
for user in 'whoever', 'md5', 'weird':
    other = max(seconds(user) for _ in range(5))
    assert other > known / 2, '%s: %f, but %f' % (user, other, known)
PY

it 'b20 nothing of the client reaches the look-up'
with "ignore_startup_parameters = search_path,options
auth_query = select name, secret from public.person(\$1)"
pg "create schema evil"
pg "create table evil.pg_authid as select 'evil'::name rolname,
	'secret' rolpassword, null::timestamptz rolvaliduntil,
	true rolcanlogin"
talk <<'PY'
for params in ([('search_path', 'evil')], [('options',
               '-c search_path=evil')], [('application_name', "x'; --")]):
    c = Client('plain', password='secret', params=params)
    same('who', c.one('select current_user'), 'plain')
    c.close()
for name in "plain' or '1'='1", "plain'--", 'plain"', 'pl\\ain', '$1':
    refused(name, lambda: Client(name, password='secret'), '28P01')
PY
expect 'its search_path' "$(pg "alter role asker set search_path = evil;
	select 1")" 1
expect 'still' "$(query 'select 1' postgres plain)" 1

it 'b23 odd answers'
talk <<'PY'
refused('null secret', lambda: Client('null', password=''), '28P01')
refused('null secret', lambda: Client('null', password='secret'), '28P01')
refused('empty secret', lambda: Client('weird', password='secret'), '28P01')
refused('two rows: not the first', lambda: Client('twice', password='old'),
        '28P01')
PY
for query in 'select 1 where $1 is null or true' \
	"select name, secret, 1 from public.people where name = \$1" \
	"select null::text, secret from public.people where name = \$1" \
	'select nothing from nowhere where $1 = 1' \
	"select 1/0, \$1" 'select (' \
	"select name, secret from people where name = \$1"; do
	with "auth_query = $query"
	talk "$query" <<'PY'
e = refused(sys.argv[1], lambda: Client('plain', password='secret'),
            '28000', 'bouncer config error')
same('b14 nothing else', sorted(e.fields), sorted('SVCM'))
PY
done
wait_for "grep -q 'error in auth_query: .*search_path is pg_catalog' \
	'$T/pgweir.log'"

it 'the name that the answer has is the name from now on'
with "auth_query = select rolname, rolpassword from pg_authid where rolname = lower(\$1)"
expect 'who' "$(query 'select current_user' postgres SCRAM)" scram

it 'b30 a rotated password works at the first try'
for type in plain md5 scram-sha-256; do
	with "auth_type = $type
auth_query_cache = 1h
auth_query = select name, secret from public.person(\$1)"
	pg "update public.people set secret = 'secret' where name = 'plain'"
	talk <<'PY'
Client('plain', password='secret')
Client('plain', password='secret')
direct("update public.people set secret = 'changed' where name = 'plain'")
c = Client('plain', password='changed')
refused('old', lambda: Client('plain', password='secret'), '28P01')
PY
done
pg "update public.people set secret = 'secret' where name = 'plain'"

it 'a cache spares queries, for as long as it is told'
with "auth_type = plain
auth_query_cache = 1h
auth_query = select name, secret from public.person(\$1)"
for _ in 1 2 3 4 5; do
	query 'select 1' postgres plain >/dev/null
done
pg "delete from public.people where name = 'plain'"
expect 'remembered' "$(query 'select 1' postgres plain)" 1
console reload
expect_failure 'b32 forgotten' 'password authentication failed' \
	query 'select 1' postgres plain
pg "insert into public.people values ('plain', 'secret')"
expect 'b31 nobody is not remembered' "$(query 'select 1' postgres plain)" 1

it 'who asks the same at the same time shares one query'
with "auth_query = select name, secret from public.slow(\$1)"
pg "create sequence public.asked"
pg "create function public.slow(text) returns setof public.people
	language plpgsql as \$\$ begin
	perform nextval('public.asked'); perform pg_sleep(1);
	return query select * from public.people where name = \$1; end \$\$"
talk <<'PY'
crowd = [Client('plain', password='secret', login=False) for _ in range(30)]
for c in crowd:
    c.send(c.hello())
gone = crowd.pop()
gone.abort()                            # b28
for c in crowd:
    c.authenticate()
    c.close()
same('asked', direct("select last_value from public.asked")[0][0], '1')
PY

it 'fair_by does not concern look-ups'
console "SET fair_by = 'user'" >/dev/null
expect 'who' "$(query 'select current_user' postgres plain)" plain
console "SET fair_by = 'off'" >/dev/null

it 'b28 everybody left while it was asked'
talk <<'PY'
crowd = [Client('md5', password='secret', login=False) for _ in range(5)]
for c in crowd:
    c.send(c.hello())
wait_until(lambda: direct("select last_value from public.asked")[0][0] == '3',
           'the query')
for c in crowd:
    c.abort()
same('others', Client('plain', password='secret').one('select 1'), '1')
PY

it 'b26 a database that cannot be asked fails fast'
with '' "postgres = host=$HOST port=$PG_PORT
down = host=$HOST port=1 auth_user=asker
wrong = host=$HOST port=$PG_PORT dbname=postgres auth_user=md5
gone = host=$HOST port=$PG_PORT dbname=postgres auth_dbname=absent
elsewhere = host=$HOST port=$PG_PORT dbname=other auth_dbname=postgres"
talk <<'PY'
for db, code in ('down', '57P03'), ('wrong', '57P03'), ('gone', '28000'):
    begin = time.monotonic()
    for _ in range(20):
        refused(db, lambda: Client('scram', db, 'secret'), code,
                'bouncer config error')
    assert time.monotonic() - begin < 5, 'that took too long'
same('others', Client('scram', 'elsewhere', 'secret')
     .one('select current_database()'), 'other')
PY
expect 'b34 attempts' "$(grep -c 'server login failed' "$T/pgweir.log")" 1

it 'it is found again'
pg_stop
expect_failure 'down' 'bouncer config error' query 'select 1' postgres scram
pg_start
wait_for "query 'select 1' postgres scram"

it 'b35 keys outlive the servers they opened'
with 'pool_mode = transaction
auth_type = scram-sha-256
admin_users = admin, scram
auth_dbname = postgres'
talk <<'PY'
def reconnect():
    admin = Client('admin', 'pgbouncer', 'secret')
    admin.query('RECONNECT')
    admin.query('RELOAD')
    admin.close()

c = Client('scram', password='secret')
before = c.one('select pg_backend_pid()')
reconnect()
after = c.one('select pg_backend_pid()')
assert before != after, 'the same server'
# b33: a new password is nothing to those who are connected
direct("alter role scram password 'changed'")
d = Client('scram', password='changed')
same('shared', d.one('select pg_backend_pid()'), after)
same('still there', c.one('select pg_backend_pid()'), after)
reconnect()
same('by the new keys', c.one('select current_user'), 'scram')
direct("alter role scram password 'secret'")
PY

it 'the console, too'
expect 'admin' "$(console 'SHOW STATE' scram | head -n 1)" 'active|yes'
expect_failure 'nobody' 'authentication failed' console 'SHOW STATE' nobody

it 'b29 one name is one user, wherever it is known from'
for _ in 1 2; do
	expect 'by the query' "$(query 'select current_user' postgres scram)" \
		scram
	users asker asks admin secret scram listed
	console reload
	expect_failure 'only the list counts' 'SASL authentication failed' \
		query 'select 1' postgres scram
	users asker asks admin secret scram secret
	console reload
	expect 'by the list' "$(query 'select current_user' postgres scram)" \
		scram
	users asker asks admin secret
	console reload
done
expect 'pools' "$(show pools user database=postgres | sort | uniq -d)" ''
