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
ignore_startup_parameters = extra_float_digits
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
        same('severity', e.severity, 'FATAL')
        if not PGBOUNCER:
            assert e.text.startswith('invalid server parameter'), e.text
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

it 'unknown settings are refused unless they are to be ignored'
talk <<'PY'
refused('search_path', lambda: Client(params=[('search_path', 'x')]), None,
        'unsupported startup parameter: search_path')
Client(params=[('extra_float_digits', '3')]).query('select 1')
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
refused('unknown', lambda: Client(params=[('options', '-c geqo=off')]), None,
        'unsupported startup parameter in options: geqo')
PY
