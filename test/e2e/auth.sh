#!/usr/bin/env bash
# auth.sh - who gets in, by which method, with which kind of secret; and how
# pgweir itself gets in to the server.
. "${0%/*}/lib.sh"

# The server lets the superuser in, and asks the others in four ways.
pg_create main
cat >"$T/pg-main/pg_hba.conf" <<'HBA'
local all postgres trust
local all all trust
host clear all all password
host md5 all all md5
host scram all all scram-sha-256
host all all all trust
HBA
pg_start
for db in clear md5 scram; do
	pg "create database $db"
done
pg "create role plain login password 'secret'"
pg "create role scram login password 'secret'"
pg "set password_encryption = md5; create role md5 login password 'secret'"
pg "create role other login password 'secret'"

secret()
{
	pg "select rolpassword from pg_authid where rolname = '$1'"
}

users plain secret md5 "$(secret md5)" scram "$(secret scram)" \
	blank '' admin secret postgres secret
export PGPASSWORD=secret

# with METHOD [DATABASES]: a pgweir that asks its clients that way.
with()
{
	[ ! -f "$T/pids/pgweir" ] || pgweir_stop
	pgweir_start "auth_type = $1
[databases]
${2:-postgres = host=$HOST port=$PG_PORT
* = host=$HOST port=$PG_PORT}"
}


it 'plain: any kind of secret'
with plain
talk <<'PY'
for user in 'plain', 'md5', 'scram':
    c = Client(user, password='secret')
    same(user + ' is asked in clear', c.asked, [3, 0])
    same(user, c.one('select current_user'), user)
    refused(user + ' wrong', lambda: Client(user, password='Secret'),
            '28P01', 'password authentication failed')
refused('b11 nobody', lambda: Client('nobody', password='secret'),
        '28P01', 'password authentication failed')
refused('b19 empty', lambda: Client('plain', password=''))
refused('b19 empty secret', lambda: Client('blank', password=''))
refused('b19 any password', lambda: Client('blank', password='x'), '28P01')
PY

it 'md5: plain and MD5 secrets; SCRAM ones by SCRAM'
with md5
talk <<'PY'
for user, asked in ('plain', 5), ('md5', 5), ('scram', 10):
    c = Client(user, password='secret')
    same(user + ' is asked', c.asked[0], asked)
    same(user, c.one('select current_user'), user)
    refused(user + ' wrong', lambda: Client(user, password='Secret'), '28P01')
for user, text in (('scram', 'SASL authentication failed'),
                   ('plain', 'password authentication failed')):
    Client(user, password='secret').close()
    refused('b11 nobody, behind ' + user,
            lambda: Client('nobody', password='secret'), '28P01', text)
refused('b19 empty secret', lambda: Client('blank', password=''), '28P01')
PY

it 'b18 an answer to an MD5 question is good once'
talk <<'PY'
salts = set()
for _ in range(8):
    c = Client('md5', login=False)
    c.send(c.hello())
    kind, body = c.read()
    salts.add(body[4:])
    c.close()
same('salts', len(salts), 8)
PY

it 'scram-sha-256: plain and SCRAM secrets, never MD5 ones'
with scram-sha-256
talk <<'PY'
for user in 'plain', 'scram':
    c = Client(user, password='secret')
    same(user + ' is asked', c.asked, [10, 11, 12, 0])
    same(user, c.one('select current_user'), user)
    refused(user + ' wrong', lambda: Client(user, password='Secret'),
            '28P01', 'SASL authentication failed')
refused('an MD5 secret', lambda: Client('md5', password='secret'), '28P01',
        'SASL authentication failed')
PY

it 'b11 an unknown user goes through the same exchange'
talk <<'PY'
def salt(user):
    c = Client(user, login=False)
    c.send(c.hello())
    kind, body = c.read()
    c.answer(10, body[4:])
    kind, body = c.read()
    same('goes on', body[:4], struct.pack('!I', 11))
    c.close()
    fields = body[4:].split(b',')
    return fields[1], fields[2]

same('the salt is always the same', salt('nobody'), salt('nobody'))
assert salt('nobody')[0] != salt('somebody')[0], 'one salt for all'
same('the iterations are the usual ones', salt('nobody')[1], salt('plain')[1])
e = refused('nobody', lambda: Client('nobody', password='secret'), '28P01')
f = refused('wrong', lambda: Client('plain', password='wrong'), '28P01')
same('nobody and a wrong password look alike', e.fields, f.fields)
PY

it 'b32 what a reload takes away in the middle of an exchange is gone'
talk <<'PY'
def begin(user):
    c = Client(user, password='secret', login=False)
    c.send(c.hello())
    kind, body = c.read()
    c.answer(10, body[4:])
    kind, body = c.read()
    return c, body[4:]


def end(c, server_first):
    c.answer(11, server_first)
    c.authenticate()


def put(text):
    with open(T + '/users.txt', 'w') as f:
        f.write(text)
    c = Client('admin', 'pgbouncer', 'secret')
    c.query('RELOAD')
    c.close()


users = open(T + '/users.txt').read()
for user in 'plain', 'scram':
    line = next(i for i in users.splitlines(True) if '"%s"' % user in i)
    for why, text in (('gone', ''), ('another', '"%s" "other"\n' % user),
                      ('no longer by SCRAM', '"%s" "md5%s"\n'
                       % (user, '0' * 32))):
        exchange = begin(user)
        put(users.replace(line, text))
        refused('%s: %s' % (user, why), lambda: end(*exchange), '28P01',
                'SASL authentication failed')
        put(users)
    exchange = begin(user)
    put(users + '"somebody" "else"\n')
    end(*exchange)
    same(user, exchange[0].one('select current_user'), user)
    exchange[0].close()
    put(users)
PY

it 'b07 no channel binding, no other mechanism'
talk <<'PY'
def first(mechanism, gs2):
    c = Client('plain', login=False)
    c.send(c.hello())
    c.read()
    data = gs2 + b'n=,r=' + b'x' * 24
    c.send(message('p', z(mechanism) + struct.pack('!I', len(data)) + data))
    return c

same('n passes', first('SCRAM-SHA-256', b'n,,').read()[1][:4],
     struct.pack('!I', 11))
same('y passes', first('SCRAM-SHA-256', b'y,,').read()[1][:4],
     struct.pack('!I', 11))
for mechanism, gs2 in (('SCRAM-SHA-256', b'p=tls-server-end-point,,'),
                       ('SCRAM-SHA-256', b'n,a=admin,'),
                       ('SCRAM-SHA-256-PLUS', b'n,,'), ('PLAIN', b'n,,')):
    same(mechanism, first(mechanism, gs2).fatal().severity, 'FATAL')
PY

it 'b01 SASL lengths that lie'
talk <<'PY'
lies = -2, 0, 1000000, 0x7fffffff, -0x80000000
for n in () if PGBOUNCER else lies:		# 1.18 crashes
    c = Client('plain', login=False)
    c.send(c.hello())
    c.read()
    c.send(message('p', z('SCRAM-SHA-256') + struct.pack('!i', n)
                   + b'n,,n=,r=abcdefgh'))
    same('length %d' % n, c.fatal().severity, 'FATAL')
same('lives', Client('plain', password='secret').one('select 1'), '1')
PY

it 'b35 SCRAM passes through to a server that asks for SCRAM'
expect 'with a SCRAM secret' "$(query 'select current_user' scram scram)" scram
console reconnect
expect 'after a reconnect' "$(query 'select current_user' scram scram)" scram
console reload
expect 'after a reload' "$(query 'select current_user' scram scram)" scram
expect 'with a plain secret' "$(query 'select current_user' scram plain)" plain

it 'plain secrets open every server'
for db in clear md5 scram; do
	expect "$db" "$(query 'select current_user' "$db" plain)" plain
done

it 'an MD5 secret opens a server that asks for MD5'
with md5
expect 'md5' "$(query 'select current_user' md5 md5)" md5

it 'b13 a missing database is reported after authentication only'
with md5 "postgres = host=$HOST port=$PG_PORT"
talk <<'PY'
refused('with the password', lambda: Client('plain', 'absent', 'secret'),
        '3D000', 'no such database: absent')
refused('without', lambda: Client('plain', 'absent', 'wrong'), '28P01',
        'password authentication failed')
refused('nobody', lambda: Client('nobody', 'absent', 'secret'), '28P01',
        'password authentication failed')
PY

it 'trust: known users, without a question'
with trust
talk <<'PY'
c = Client('plain', password='secret')
same('not asked', c.asked, [0])
same('who', c.one('select current_user'), 'plain')
refused('nobody', lambda: Client('nobody'), None,
        '"trust" authentication failed')
PY

it 'b12 any: everybody, as the forced user'
with any "postgres = host=$HOST port=$PG_PORT user=other
free = host=$HOST port=$PG_PORT dbname=postgres"
talk <<'PY'
c = Client('whoever')
same('who', c.one('select current_user'), 'other')
refused('no forced user', lambda: Client('whoever', 'free'), None,
        'bouncer config error')
PY

it 'a password in the database line is what the server gets'
with md5 "scram = host=$HOST port=$PG_PORT user=other password=secret
wrong = host=$HOST port=$PG_PORT dbname=scram user=other password=wrong"
talk <<'PY'
same('who', Client('plain', 'scram', 'secret').one('select current_user'),
     'other')
refused("the server's own words", lambda: Client('plain', 'wrong', 'secret'),
        '28P01', 'password authentication failed for user "other"')
PY

it 'b19 the empty password is refused by every method'
for method in plain md5 scram-sha-256; do
	with "$method"
	PGPASSWORD='' talk <<'PY'
refused('empty', lambda: Client('plain', password=''))
c = Client('plain', login=False)
c.send(c.hello())
c.read()
c.send(message('p', b'\0'))
same('a bare NUL', c.fatal().severity, 'FATAL')
PY
done

it 'b39 the console asks too'
with md5
talk <<'PY'
same('admin', Client('admin', 'pgbouncer', 'secret').query('SHOW STATE')
     [0][0] if not PGBOUNCER else 'active', 'active')
refused('wrong', lambda: Client('admin', 'pgbouncer', 'wrong'), '28P01')
refused('not an admin', lambda: Client('plain', 'pgbouncer', 'secret'), None,
        'not allowed')
PY

it 'b47 a password of 1,000 bytes'
long=$(head -c 1000 /dev/zero | tr '\0' x)
users long "$long" admin secret
with plain
pg 'create role long login'
talk "$long" <<'PY'
pgweir_only()
same('who', Client('long', password=sys.argv[1]).one('select current_user'),
     'long')
refused('one more', lambda: Client('long', password=sys.argv[1] + 'x'),
        '28P01')
PY
