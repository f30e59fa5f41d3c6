#!/usr/bin/env bash
# params.sh - a client's settings are its own. Two clients take turns on the
# only server, and neither ever runs under the other's settings.
. "${0%/*}/lib.sh"

pg_create main
echo "log_statement = 'all'" >"$T/pg-main/extra.conf"
pg_start
extra='track_extra_parameters = IntervalStyle'
! is_pgbouncer || extra=
pgweir_start "
pool_mode = transaction
default_pool_size = 1
ignore_startup_parameters = geqo
$extra"

it 'e01 e07 settings of the startup packet follow their client'
talk <<'PY'
wanted = {
    'DateStyle': ('SQL, DMY', 'ISO, MDY'),
    'TimeZone': ('Pacific/Auckland', 'America/New_York'),
    'client_encoding': ('LATIN1', 'UTF8'),
    'application_name': ('one', 'two'),
    'standard_conforming_strings': ('off', 'on'),
}
if not PGBOUNCER:
    wanted['IntervalStyle'] = ('iso_8601', 'sql_standard')
a = Client(params=[(k, v[0]) for k, v in wanted.items()])
b = Client(params=[(k, v[1]) for k, v in wanted.items()])
plain = Client()
default = {k: direct("show " + k)[0][0] for k in wanted}
default['application_name'] = ''
if PGBOUNCER:				# which lets the last one stay
    del default['application_name']
pids = set()
for _ in range(5):
    for who, c, values in (('a', a, {k: v[0] for k, v in wanted.items()}),
                           ('b', b, {k: v[1] for k, v in wanted.items()}),
                           ('plain', plain, default)):
        pids.add(c.one('select pg_backend_pid()'))
        for key, value in values.items():
            same(who + ' ' + key, c.one('show ' + key), value)
same('one server for all', len(pids), 1)
PY

it 'e01 SET follows its client, and the others do not notice'
talk <<'PY'
a, b = Client(), Client()
before = b.one('show timezone')
for zone in 'Asia/Tokyo', 'Europe/Oslo':
    a.query("set timezone = '%s'" % zone)
    same('told', a.status['TimeZone'], zone)
    same('b', b.one('show timezone'), before)
    same('a', a.one('show timezone'), zone)
a.run("set datestyle = 'German'")
same('b', b.one('show datestyle'), 'ISO, MDY')
same('a', a.one('show datestyle'), 'German, DMY')
PY

it 'e12 a SET that is rolled back does not follow'
talk <<'PY'
a, b = Client(), Client()
zone = a.one('show timezone')
a.query('begin')
a.query("set timezone = 'Asia/Tokyo'")
a.query('rollback')
b.query('select 1')
same('a', a.one('show timezone'), zone)
a.query('begin')
a.query("set local timezone = 'Asia/Tokyo'")
a.query('commit')
b.query('select 1')
same('e13 set local', a.one('show timezone'), zone)
PY

it 'e06 the empty application_name is a value'
talk <<'PY'
pgweir_only()
a, b = Client(params=[('application_name', 'named')]), \
    Client(params=[('application_name', '')])
for _ in range(3):
    same('a', a.one('show application_name'), 'named')
    same('b', b.one('show application_name'), '')
a.query("set application_name = ''")
Client(params=[('application_name', 'third')]).query('select 1')
same('a, emptied', a.one('show application_name'), '')
PY

it 'e08 values with quotes, backslashes, semicolons'
talk <<'PY'
names = ["o'brien", "back\\slash", "'; drop table x; --", '"quoted"',
         "\\'", '%s%n', "trailing\\"]
clients = [Client(params=[('application_name', n)]) for n in names]
raw = Client(params=[('standard_conforming_strings', 'off'),
                     ('application_name', "\\' or '"), ])
for _ in range(2):
    for c, name in zip(clients, names):
        same(name, c.one('show application_name'), name)
    same('without standard strings', raw.one('show application_name'),
         "\\' or '")
PY

it 'e05 a value that the server shortens'
talk <<'PY'
pgweir_only()
long = 'n' * 100
a, b = Client(params=[('application_name', long)]), \
    Client(params=[('application_name', 'b')])
for _ in range(3):
    same('a', a.one('show application_name'), long[:63])
    same('b', b.one('show application_name'), 'b')
PY

it 'e10 a value that the server refuses fails its client only'
talk <<'PY'
b = Client(params=[('TimeZone', 'UTC')])
for _ in range(3):
    try:
        a = Client(params=[('TimeZone', 'No/Where')])
        a.query('select 1')
        raise AssertionError('No/Where is no time zone')
    except PgError as e:
        same('severity', e.severity, 'FATAL' if PGBOUNCER else 'ERROR')
        if not PGBOUNCER:
            same('code', e.code, '22023')
            same('text', e.text,
                 'invalid value for parameter "TimeZone": "No/Where"')
    same('b', b.one('show timezone'), 'UTC')
PY

it 'e20 the case of a name does not matter'
talk <<'PY'
a = Client(params=[('timezone', 'Asia/Tokyo'), ('DATESTYLE', 'German')])
b = Client()
b.query('select 1')
same('timezone', a.one('show timezone'), 'Asia/Tokyo')
same('datestyle', a.one('show datestyle'), 'German, DMY')
PY

it 'e04 the same value in other letters costs nothing'
sets()
{
	grep -ciE 'statement: SET .*client_encoding' "$T/pg-main.log" || true
}
before=$(sets)
talk <<'PY'
a = Client(params=[('client_encoding', 'utf8')])
b = Client(params=[('client_encoding', 'UTF8')])
for _ in range(20):
    same('a', a.one('show client_encoding'), 'UTF8')
    same('b', b.one('show client_encoding'), 'UTF8')
PY
expect_at_most 'SETs of the encoding' $(($(sets) - before)) 2

it 'the welcome names the settings of the server and the client'
talk <<'PY'
c = Client(params=[('application_name', 'me')])
same('server_version', c.status['server_version'],
     direct('show server_version')[0][0])
same('application_name', c.status['application_name'], 'me')
same('integer_datetimes', c.status['integer_datetimes'], 'on')
assert len(c.key) == 8, 'no key to cancel with'
PY

it 'what is to be ignored is'
talk <<'PY'
c = Client(params=[('geqo', 'off')])
same('geqo', c.one('show geqo'), 'on')
PY

it 'options carry settings'
talk <<'PY'
pgweir_only()
for text in ('-c timezone=Asia/Tokyo', '-ctimezone=Asia/Tokyo',
             '--timezone=Asia/Tokyo'):
    c = Client(params=[('options', text)])
    same(text, c.one('show timezone'), 'Asia/Tokyo')
c = Client(params=[('options', '-c application_name=two\\ words')])
same('an escaped blank', c.one('show application_name'), 'two words')
c = Client(params=[('work_mem', '7MB'), ('options', '-c work_mem=8MB')])
same('what stands alone wins', c.one('show work_mem'), '7MB')
refused('a switch', lambda: Client(params=[('options', '-x')]), None,
        "unsupported options startup parameter: only '-c config=val' and "
        "'--config=val' are allowed")
PY

it 'e01 e02 e09 settings that no server reports follow their client as well'
talk <<'PY'
pgweir_only()
wanted = {
    'search_path': ('a, "B c", "$user"', '""'),
    'statement_timeout': ('7s', '8s'),
    'extra_float_digits': ('3', '-1'),
    'app.tenant': ("o'brien\\", 'x; y'),
    'default_transaction_isolation': ('serializable', 'repeatable read'),
    'default_transaction_read_only': ('on', 'off'),
    'role': ('joe', 'jane'),
    'log_min_messages': ('error', 'debug1'),
}
Client().run('create role joe')
Client().run('create role jane')
a = Client(params=[(k, v[0]) for k, v in wanted.items()])
b = Client(params=[(k.upper(), v[1]) for k, v in wanted.items()])
plain = Client()
default = {k: direct('show ' + k)[0][0] for k in wanted if k != 'app.tenant'}
pids = set()
for _ in range(5):
    for who, c, values in (('a', a, {k: v[0] for k, v in wanted.items()}),
                           ('b', b, {k: v[1] for k, v in wanted.items()}),
                           ('plain', plain, default)):
        pids.add(c.one('select pg_backend_pid()'))
        for key, value in values.items():
            same(who + ' ' + key, c.one('show ' + key), value)
        if c is plain:
            same('app.tenant', c.one("select current_setting("
                 "'app.tenant', true) is distinct from ''"), 'f')
same('one server for all', len(pids), 1)
PY

it 'e01 a statement_timeout is in force, for its client only'
talk <<'PY'
pgweir_only()
short = Client(params=[('options', '-c statement_timeout=20')])
other = Client()
for _ in range(3):
    try:
        short.query('select pg_sleep(20)')
        raise AssertionError('it was not cancelled')
    except PgError as e:
        same('code', e.code, '57014')
    other.query('select pg_sleep(0.05)')
    same('other', other.one('show statement_timeout'), '0')
PY

it 'e10 e18 what PostgreSQL refuses, it refuses in its own words'
talk <<'PY'
pgweir_only()
pid = Client().one('select pg_backend_pid()')
worn = Client(params=[('work_mem', '5MB')])
for name, value, code, text in (
        ('work_mem', 'lots', '22023',
         'invalid value for parameter "work_mem": "lots"'),
        ('no_such_thing', '1', '42704',
         'unrecognized configuration parameter "no_such_thing"'),
        ('a"; drop table x; --', '1', '42704', 'unrecognized'),
        ('port', '1', '55P02', 'parameter "port" cannot be changed'),
        ('role', 'nobody', '22023', 'role "nobody" does not exist'),
        ('a..b', '1', '42601', 'zero-length delimited identifier'),
        ('server_version', '1', '55P02',
         'parameter "server_version" cannot be changed')):
    worn.query('select 1')
    try:
        Client(params=[(name, value)]).query('select 1')
        raise AssertionError(name + ' was accepted')
    except PgError as e:
        same('severity', e.severity,
             'FATAL' if name == 'server_version' else 'ERROR')
        same(name, e.code, code)
        assert text in e.text, e.text
    same('still worn', worn.one('show work_mem'), '5MB')
    same('the same server', Client().one('select pg_backend_pid()'), pid)
    same('clean', Client().one('show work_mem'), '4MB')
PY

it 'e15 RESET ALL and DISCARD ALL do not take them away for long'
talk <<'PY'
pgweir_only()
a, b = Client(params=[('work_mem', '5MB')]), Client()
for reset in 'reset all', 'discard all', 'reset work_mem':
    a.query(reset)
    same(reset, a.one('show work_mem'), '5MB')
    a.query(reset)
    same('b', b.one('show work_mem'), '4MB')
PY

it 'e17 settings of kilobytes, and a Parse of a megabyte right behind them'
talk <<'PY'
pgweir_only()
path = ', '.join('schema_%04d' % i for i in range(400))
crowd = [Client(params=[('search_path', path), ('a.b', 'v%d' % i * 900)])
         for i in range(3)]
text = 'x' * 1000000
for _ in range(2):
    for i, c in enumerate(crowd):
        c.send(P("select length('%s'), current_setting('a.b')" % text),
               B(), E(), S)
        same('answer', c.result(), [('1000000', 'v%d' % i * 900)])
        same('search_path', c.one('show search_path'), path)
PY

it 'psql: PGOPTIONS'
ask()
{
	PGOPTIONS=$1 psql -XAtqh "$HOST" -p "$PORT" -U postgres -c "$2" postgres
}
if ! is_pgbouncer; then
	pg 'create schema shop' postgres
	pg 'create table shop.item as select 42 as n' postgres
	for _ in 1 2 3; do
		expect 'the table is found' \
			"$(ask '-c search_path=shop,public' 'select n from item')" 42
		expect_match 'by nobody else' \
			"$(ask '' 'select n from item' 2>&1 || true)" 'does not exist'
		expect 'more of them' "$(ask '--work-mem=9MB -c my.own=x\ y' \
			"select current_setting('work_mem') || current_setting('my.own')")" \
			'9MBx y'
	done
fi

pgweir_stop
pgweir_start "
pool_mode = transaction
default_pool_size = 1
[databases]
postgres = host=$T port=$PG_PORT connect_query='set search_path = mine'"

it 'what connect_query has set stays, whoever was there'
talk <<'PY'
pgweir_only()
a, b = Client(params=[('search_path', 'yours')]), Client()
for _ in range(3):
    same('a', a.one('show search_path'), 'yours')
    same('b', b.one('show search_path'), 'mine')
PY
