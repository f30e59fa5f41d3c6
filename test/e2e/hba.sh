#!/usr/bin/env bash
# hba.sh - auth_type=hba: the rules decide who has to prove what.
. "${0%/*}/lib.sh"

! is_pgbouncer || skip 'PgBouncer 1.18 has neither maps nor the address all'

pg_start
for role in plain md5 ops "$(id -un)" nobody; do
	[ "$role" = root ] || pg "create role \"$role\" login"
done
pg 'create role root login'
pg 'create database a'
pg "create role scram login password 'secret'"
scram=$(pg "select rolpassword from pg_authid where rolname = 'scram'")
users plain secret md5 "md5$(printf 'secretmd5' | md5sum | cut -d ' ' -f 1)" \
	scram "$scram" admin secret ops '' root '' nobody '' "$(id -un)" ''
export PGPASSWORD=secret

# rules [MAPS]: the rules are on stdin.
rules()
{
	cat >"$T/rules"
	printf '%s\n' "${1:-}" >"$T/maps"
	if [ -f "$T/pids/pgweir" ]; then
		console reload >/dev/null
		return
	fi
	pgweir_start "auth_type = hba
auth_hba_file = $T/rules
auth_ident_file = $T/maps"
}

it 'b40 the rule governs the whole exchange'
rules <<'RULES'
# comments
local all admin            trust
host  all admin all        md5
host  all plain 127.0.0.0/8 password
host  all md5   127.0.0.0 255.0.0.0 md5
host  all scram,"other" 0.0.0.0/0 scram-sha-256
host  plain ops ::/0       trust
host  postgres ops 0.0.0.0/0 trust
host  all ops   0.0.0.0/0  reject
host  secret all all trust
RULES
talk <<'PY'
for user, asked in ('plain', [3, 0]), ('md5', [5, 0]), \
        ('scram', [10, 11, 12, 0]), ('admin', [5, 0]):
    c = Client(user, 'pgbouncer' if user == 'admin' else 'postgres', 'secret')
    same(user + ' is asked', c.asked, asked)
    if user != 'admin':
        same(user, c.one('select current_user'), user)
for user, text in (('plain', 'password'), ('md5', 'password'),
                   ('scram', 'SASL')):
    refused(user + ' wrong', lambda: Client(user, password='Secret'), '28P01',
            text + ' authentication failed')
c = Client('ops')
same('not asked', c.asked, [0])
same('who', c.one('select current_user'), 'ops')
refused('reject', lambda: Client('ops', 'other'), '28000', 'login rejected')
refused('no rule', lambda: Client('nobody'), '28000',
        'no authentication method is found')
refused('b12 nobody, trusted', lambda: Client('whoever', 'secret'), '28000',
        '"trust" authentication failed')
PY
wait_for "grep -q 'refused by $T/rules:9: reject' '$T/pgweir.log'"
wait_for "grep -q 'no rule of $T/rules fits' '$T/pgweir.log'"

it 'b11 nobody is asked like everybody'
rules <<'RULES'
local all all trust
host pgbouncer all all md5
host a all all password
host b all all md5
host c all all scram-sha-256
RULES
talk <<'PY'
for db, asked, text in (('a', [3], 'password'), ('b', [5], 'password'),
                        ('c', [10, 11], 'SASL')):
    c = Client('whoever', db, 'secret', login=False)
    c.send(c.hello())
    try:
        c.authenticate()
        raise AssertionError('nobody got in')
    except PgError as e:
        same('text', e.text, text + ' authentication failed')
    same('asked', c.asked, asked)
PY

it 'b43 the address that counts is the real one'
rules <<'RULES'
local all all trust
host pgbouncer all all md5
host all all 127.0.0.0/30 trust
host all all 127.9.8.0/24 reject
RULES
talk <<'PY'
Client('plain', source='127.0.0.3')
refused('rejected', lambda: Client('plain', source='127.9.8.7'), '28000',
        'login rejected')
refused('unknown', lambda: Client('plain', source='127.9.9.7'), '28000',
        'no authentication method is found')
same('Unix socket', Client('plain', host=T).one('select 1'), '1')
PY

it 'the console by its other name is the console'
rules <<'RULES'
local all all trust
host pgbouncer admin 127.0.0.1/32 md5
host pgbouncer all all reject
host all all all trust
RULES
talk <<'PY'
for name in 'pgbouncer', 'pgweir':
    same(name, Client('admin', name, 'secret').asked, [5, 0])
    refused(name, lambda: Client('plain', name), '28000', 'login rejected')
PY

it 'peer: the account of the other end, or a map'
me=$(id -un)
rules "friends $me ops
friends nobody plain" <<'RULES'
host pgbouncer admin all md5
local a all peer
local all all peer map=friends
RULES
talk "$me" <<'PY'
me = sys.argv[1]
same('myself', Client(me, 'a', host=T).asked, [0])
refused('not another', lambda: Client('plain', 'a', host=T), '28000',
        'unix socket login rejected')
refused('nor nobody', lambda: Client('whoever', 'a', host=T), '28000',
        'unix socket login rejected')
same('by the map', Client('ops', host=T).one('select current_user'), 'ops')
refused('not myself, by the map', lambda: Client(me, host=T), '28000',
        'unix socket login rejected')
refused("another's pair", lambda: Client('plain', host=T), '28000',
        'unix socket login rejected')
PY
if [ "$(id -u)" -eq 0 ]; then
	expect 'as nobody' "$("${as_user[@]}" psql -XAtq -h "$T" \
		-p "$PORT" -U plain -d postgres \
		-c 'select current_user')" plain
fi

it 'cert needs TLS'
rules <<'RULES'
host pgbouncer admin all md5
hostssl all plain all trust
host all plain all cert
hostnossl all md5 all md5
RULES
talk <<'PY'
refused('cert', lambda: Client('plain'), '28000',
        'certificate authentication failed')
same('hostnossl', Client('md5', password='secret').asked, [5, 0])
PY

it 'b41 b42 a broken file changes nothing'
cp "$T/rules" "$T/good"
printf 'host all plain all rejct\nhost all all all trust\n' >"$T/rules"
expect_failure 'reload' 'RELOAD failed' console reload
wait_for "grep -q '$T/rules:1: expected trust, reject, ' '$T/pgweir.log'"
expect_failure 'the old rules' 'certificate authentication failed' \
	query 'select 1' postgres plain
rm "$T/rules"
expect_failure 'reload' 'RELOAD failed' console reload
expect 'still' "$(query 'select 1' postgres md5)" 1
cp "$T/good" "$T/rules"

it 'b41 with a broken file it does not start'
pgweir_stop
printf 'host all all all trust\nhost all all\n' >"$T/rules"
if "$T/bin/pgweir" "$T/pgweir.ini" >"$T/out" 2>&1; then
	fail 'it started'
fi
expect_match 'why' "$(cat "$T/out")" "$T/rules:2: expected an address"
