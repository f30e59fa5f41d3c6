#!/usr/bin/env bash
# console2.sh - the operator's psql: what is rare. DISABLE, SET, KILL_CLIENT,
# WAIT_CLOSE, SUSPEND, and the ways to end.
. "${0%/*}/lib.sh"

if is_pgbouncer; then
	skip 'PgBouncer 1.18 has half of this, and other answers'
fi

pg_start
pg 'create database second'
pgweir_ini "
pool_mode = transaction
default_pool_size = 3
suspend_timeout = 2
[databases]
first = host=$HOST port=$PG_PORT dbname=postgres
second = host=$HOST port=$PG_PORT"
pgweir_start

it 'n01 SHOW FDS and SHOW SOCKETS: all sockets, no secrets'
talk <<'PY'
c = Client(db='first', params=[('application_name', 'shown')])
c.query('begin')
half = Client(db='first', login=False)
half.send(half.hello()[:6])
time.sleep(0.1)
fds = console('SHOW FDS')
same('kinds', sorted(set(r[1] for r in fds)), ['client', 'server'])
mine = [r for r in fds if r[2] == 'postgres']
same('linked', sorted(r[0] for r in mine), sorted(r[7] for r in mine))
for r in fds:
    same('secrets', (r[6], r[12], r[13], r[14]), (None,) * 4)
states = [r[4] for r in console('SHOW SOCKETS')]
for state in ('cl_active', 'cl_login', 'sv_active'):
    assert state in states, states
same('nothing is buffered but that', [r[4] for r in console(
    'SHOW ACTIVE_SOCKETS')], ['cl_login'])
PY

it 'SHOW DNS_HOSTS, DNS_ZONES'
expect 'zones' "$(console 'SHOW DNS_ZONES')" ''
console 'SHOW DNS_HOSTS' >/dev/null

it 'j26 DISABLE refuses who comes and keeps who is there'
talk <<'PY'
a, b = Client(db='first'), Client(db='first')
b.query('begin')
console('DISABLE first')
refused('new', lambda: Client(db='first'), '57P03',
        'database "first" is disabled')
same('old', a.one('select 1'), '1')
same('old, in a transaction', b.one('select 1'), '1')
same('the other', Client(db='second').one('select 1'), '1')
same('shown', [r[16] for r in console('SHOW DATABASES')
               if r[0] == 'first'], ['1'])
console('RELOAD')
refused('still', lambda: Client(db='first'), '57P03')
console('ENABLE first')
same('again', Client(db='first').one('select 1'), '1')
refused('unknown', lambda: console('ENABLE nowhere'), '08P01',
        'no such database: nowhere')
refused('console', lambda: console('ENABLE pgbouncer'), '08P01',
        'cannot enable admin db: pgbouncer')
refused('which', lambda: console('DISABLE'), '08P01',
        'a database is required')
PY

it 'j24 j25 SET changes what is in force, until a RELOAD'
talk <<'PY'
c = Client('admin', 'pgbouncer')
def value(key):
    return [r[1] for r in c.query('SHOW CONFIG') if r[0] == key][0]
c.send(Q("SET max_client_conn = '3'"))
kinds = c.until()
same('tag', kinds[0][1], b'SET max_client_conn=3\0')
same('value', value('max_client_conn'), '3')
others = [Client(db='first') for i in range(3)]
refused('in force', lambda: Client(db='first'), '53300')
for x in others:
    x.close()
c.query("SET query_wait_timeout TO '2min'")
same('unit', value('query_wait_timeout'), '120')
for key, text in (('max_client_conn', '-1'), ('max_client_conn', ''),
                  ('max_client_conn', '5x'), ('max_client_con', '5'),
                  ('pool_mode', 'sometimes'), ('listen_port', '7000'),
                  ('auth_type', 'hba')):
    e = refused(key + text, lambda: c.query("SET %s = '%s'" % (key, text)),
                '22023', 'SET failed')
    assert key in e.fields['D'], e.fields
same('as before', value('max_client_conn'), '3')
c.query('RELOAD')
same('as in the file', value('max_client_conn'), '100')
PY
expect_failure 'stats' 'admin access needed' \
	console "SET max_client_conn = '5'" stats

it 'SET of the log takes effect'
console "SET verbose = '1'" >/dev/null
console 'SHOW VERSION' >/dev/null
grep -q "DEBUG.*SHOW 'VERSION' command issued" "$T/pgweir.log" ||
	fail 'not verbose'
console "SET log_connections = '0'" >/dev/null
query 'select 1' second >/dev/null
[ "$(tail -n 3 "$T/pgweir.log" | grep -c 'login attempt: db=second')" = 0 ] ||
	fail 'log_connections is still on'
expect_failure 'a place that cannot be' 'SET failed' \
	console "SET logfile = '/nonexistent/x'"
console RELOAD >/dev/null

it 'SET auth_file reads it'
printf '"admin" ""\n"stats" ""\n"postgres" ""\n"fresh" ""\n' >"$T/more.txt"
expect_failure 'unknown yet' 'failed' query 'select 1' first fresh
console "SET auth_file = '$T/more.txt'" >/dev/null
pg 'create role fresh login' >/dev/null
expect 'known' "$(query 'select 1' first fresh)" 1
expect_failure 'no such file' 'SET failed' \
	console "SET auth_file = '$T/nothing.txt'"
expect 'still known' "$(query 'select 1' first fresh)" 1
console RELOAD >/dev/null

it 'j16 KILL_CLIENT ends the one who is meant, by an id that never returns'
talk <<'PY'
def ids(name):
    return [r[20] for r in console('SHOW CLIENTS') if r[18] == name]
a = Client(db='first', params=[('application_name', 'victim')])
b = Client(db='first', params=[('application_name', 'other')])
a.query('begin')
admin = Client('admin', 'pgbouncer')
victim, = ids('victim')
admin.query('KILL_CLIENT ' + victim)
e = a.fatal()
same('text', (e.code, e.text), ('57P01', 'admin forced disconnect'))
same('the other', b.one('select 1'), '1')
c = Client(db='first')
refused('stale', lambda: admin.query('KILL_CLIENT ' + victim), '08P01',
        'client not found')
refused('a server', lambda: admin.query('KILL_CLIENT ' +
        admin.query('SHOW SERVERS')[0][20]), '08P01', 'client not found')
refused('no id', lambda: admin.query('KILL_CLIENT first'), '08P01',
        'invalid client pointer supplied')
same('nobody was hit', (b.one('select 1'), c.one('select 1')), ('1', '1'))
d = Client(db='first', login=False)
d.send(d.hello()[:6])
time.sleep(0.1)
login, = [r[20] for r in admin.query('SHOW SOCKETS') if r[4] == 'cl_login']
refused('in login', lambda: admin.query('KILL_CLIENT ' + login), '08P01',
        'client not found')
PY
expect_failure 'stats' 'admin access needed' console 'KILL_CLIENT 1' stats

it 'j17 an administrator who ends itself'
talk <<'PY'
c = Client('admin', 'pgbouncer', params=[('application_name', 'me')])
me, = [r[20] for r in c.query('SHOW CLIENTS') if r[18] == 'me']
c.send(Q('KILL_CLIENT %s' % me), Q('SHOW CLIENTS'))
same('text', c.fatal().text, 'admin forced disconnect')
same('goes on', len(console('SHOW VERSION')), 1)
# One who is being shown a long table.
show = Client('admin', 'pgbouncer', params=[('application_name', 'table')])
show.send(Q('SHOW CONFIG') * 500)
c = Client('admin', 'pgbouncer')
him, = [r[20] for r in c.query('SHOW CLIENTS') if r[18] == 'table']
c.query('KILL_CLIENT ' + him)
show.rest()
same('goes on', len(console('SHOW VERSION')), 1)
PY

it 'j18 WAIT_CLOSE'
talk <<'PY'
admin, other = Client('admin', 'pgbouncer'), Client('admin', 'pgbouncer')
a, b = Client(db='first'), Client(db='second')
admin.query('WAIT_CLOSE')
a.query('begin')
old = a.one('select pg_backend_pid()')
admin.query('WAIT_CLOSE')
console('RECONNECT')
admin.query('WAIT_CLOSE second')
admin.send(Q('WAIT_CLOSE first'))
assert admin.silent(0.3), 'the old server is still in use'
other.send(Q('WAIT_CLOSE'))
assert other.silent(0.1), 'the old server is still in use'
a.query('commit')
for c in admin, other:
    kind, tag = c.until()[0]
    same('tag', tag, b'WAIT_CLOSE\0')
assert a.one('select pg_backend_pid()') != old
# A cancel ends the wait, and nothing else.
a.query('begin')
console('RECONNECT first')
admin.send(Q('WAIT_CLOSE first'))
assert admin.silent(0.1)
admin.cancel()
refused('cancelled', admin.result, '57014')
same('goes on', a.one('select 1'), '1')
a.query('commit')
# The database goes meanwhile.
b.query('begin')
console('RECONNECT second')
admin.send(Q('WAIT_CLOSE second'))
assert admin.silent(0.1)
text = open(T + '/pgweir.ini').read()
open(T + '/pgweir.ini', 'w').write('\n'.join(
    l for l in text.split('\n') if not l.startswith('second')))
console('RELOAD')
same('answered', admin.kinds(), 'CZ')
open(T + '/pgweir.ini', 'w').write(text)
console('RELOAD')
refused('unknown', lambda: admin.query('WAIT_CLOSE nowhere'), '08P01',
        'no such database: nowhere')
# It leaves no mark: a PAUSE waits as ever.
a.query('begin')
admin.send(Q('PAUSE'))
assert admin.silent(0.2), 'paused at once'
a.query('commit')
same('tag', admin.until()[0][1], b'PAUSE\0')
admin.query('RESUME')
PY

it 'j10 a RESUME answers the PAUSE that still waits; j13 so does a cancel'
talk <<'PY'
a, admin = Client(db='first'), Client('admin', 'pgbouncer')
a.query('begin')
for command in 'PAUSE', 'PAUSE first':
    admin.send(Q(command))
    assert admin.silent(0.2)
    console(command.replace('PAUSE', 'RESUME'))
    e = refused('told', admin.result, '57014')
    same('text', e.text, 'PAUSE was ended by RESUME')
    admin.send(Q(command))
    assert admin.silent(0.2)
    admin.cancel()
    refused('told', admin.result, '57014')
    same('goes on', a.one('select 1'), '1')
    same('and so do others', Client(db='first').one('select 1'), '1')
PY

it 'j12 PAUSE and RECONNECT during a login leave no back-off behind'
talk <<'PY'
import threading
took = []
def logs_in():
    c = Client(db='first')
    same('served', c.one('select 1'), '1')
    took.append(time.monotonic())
    c.close()
for i in range(10):
    console('RECONNECT first')
    t = threading.Thread(target=logs_in)
    t.start()
    time.sleep(0.002 * i)
    console('PAUSE first')
    start = time.monotonic()
    console('RESUME first')
    t.join()
    same('served', len(took), i + 1)
    assert took[i] - start < 0.9, 'it waited for server_login_retry'
PY

it 'j20 RELOAD: there and back again, and many at once'
talk <<'PY'
c = Client('admin', 'pgbouncer')
text = open(T + '/pgweir.ini').read()
def value():
    return [r[1] for r in c.query('SHOW CONFIG')
            if r[0] == 'default_pool_size'][0]
for size in '3', '5', '3':
    open(T + '/pgweir.ini', 'w').write(text.replace(
        'default_pool_size = 3', 'default_pool_size = ' + size))
    c.query('RELOAD')
    same('size', value(), size)
many = [Client('admin', 'pgbouncer') for i in range(20)]
for x in many:
    x.send(Q('RELOAD') * 5)
for x in many:
    same('each is answered', ''.join(x.kinds() for i in range(5)), 'CZ' * 5)
same('size', value(), '3')
PY

it 'j23 RELOAD leaves what clients have set'
talk <<'PY'
c = Client(db='first', params=[('application_name', 'mine')])
c.query("set timezone = 'Asia/Tokyo'")
backend = c.one('select pg_backend_pid()')
console('RELOAD')
same('timezone', c.one('show timezone'), 'Asia/Tokyo')
same('name', c.one('show application_name'), 'mine')
same('server', c.one('select pg_backend_pid()'), backend)
PY

it 'j27 a database with the name of the console'
cp "$T/pgweir.ini" "$T/good.ini"
echo "pgbouncer = host=$HOST" >>"$T/pgweir.ini"
expect_failure 'RELOAD' 'RELOAD failed' console RELOAD
cp "$T/good.ini" "$T/pgweir.ini"
console RELOAD >/dev/null

it 'j15 KILL of all, and a plain RESUME'
talk <<'PY'
a, b = Client(db='first'), Client(db='second')
a.query('begin')
console('KILL')
same('a', a.fatal().text, 'database removed')
same('b', b.fatal().text, 'database removed')
c = Client(db='first', login=False)
c.send(c.hello() + Q('select 1'))
time.sleep(0.2)
console('RESUME')
c.authenticate()
same('served', c.result(), [('1',)])
# On a database that is paused already.
console('PAUSE first')
console('KILL first')
same('c', c.fatal().text, 'database removed')
console('RESUME first')
same('served', Client(db='first').one('select 1'), '1')
PY

it 'j14 SUSPEND: all stands still, and nothing is lost'
talk <<'PY'
admin = Client('admin', 'pgbouncer')
a, b, c = (Client(db='first') for i in range(3))
a.query('begin')
c.send(Q("select pg_sleep(0.3), 'slow'"))
time.sleep(0.1)
b.send(Q('select 1')[:3])
time.sleep(0.05)
admin.query('SUSPEND')
same('state', dict(admin.query('SHOW STATE'))['suspended'], 'yes')
a.send(Q('select 2'))
b.send(Q('select 1')[3:])
assert a.silent(0.5), 'served in a SUSPEND'
assert b.silent(0.01) and c.silent(0.01), 'served in a SUSPEND'
late = Client(db='first', login=False)
late.send(late.hello() + Q('select 4'))
assert late.silent(0.2), 'let in during a SUSPEND'
for command in ('SUSPEND', 'PAUSE', 'PAUSE first'):
    refused(command, lambda: admin.query(command), '08P01',
            'already suspended/paused')
admin.query('RESUME')
same('a', a.result(), [('2',)])
same('b', b.result(), [('1',)])
same('c', c.result()[0][1], 'slow')
late.authenticate()
same('late', late.result(), [('4',)])
a.query('commit')
same('state', dict(admin.query('SHOW STATE'))['suspended'], 'no')
refused('twice', lambda: admin.query('RESUME'), '08P01')
PY

it 'j14 SUSPEND during a long answer stops between two rows'
talk <<'PY'
admin, a = Client('admin', 'pgbouncer'), Client(db='first', timeout=60)
a.send(Q("select i, repeat('x', 1000) from generate_series(1, 100000) i"))
n = 0
while n < 1000:
    n += a.read()[0] == 'D'
admin.send(Q('SUSPEND'))
# It is complete only when what had begun to leave has been taken.
while not a.silent(0.3):
    while len(a.buf) >= 5 and len(a.buf) > struct.unpack('!I', a.buf[1:5])[0]:
        n += a.read()[0] == 'D'
    if a.buf:
        n += a.read()[0] == 'D'
same('not half a row', a.buf, b'')
assert n < 100000, 'it did not stop'
same('done', admin.kinds(), 'CZ')
admin.query('RESUME')
kinds = a.until()
n += sum(kind == 'D' for kind, _ in kinds)
same('all rows', n, 100000)
PY

it 'j14 SUSPEND cuts, after suspend_timeout, who does not take its answer'
talk <<'PY'
admin, a, b = Client('admin', 'pgbouncer'), Client(db='first'), \
    Client(db='first')
a.send(Q("select repeat('x', 50000000)"))
a.fill(10000)
time.sleep(0.2)
start = time.monotonic()
pid = int(open(T + '/pgweir.pid').read())
def used():
    f = open('/proc/%d/stat' % pid).read().rsplit(')', 1)[1].split()
    return (int(f[11]) + int(f[12])) / os.sysconf('SC_CLK_TCK')
before = used()
admin.send(Q('SUSPEND'))
assert admin.silent(1), 'complete with half a row under way'
same('done', admin.kinds(), 'CZ')
took = time.monotonic() - start
assert 1.5 < took < 6, took
assert used() - before < 0.5, 'it spins'
b.send(Q('select 1'))
assert b.silent(0.2)
admin.query('RESUME')
same('the other', b.result(), [('1',)])
same('gone', len([r for r in admin.query('SHOW CLIENTS')
                  if r[0] == 'C' and r[2] == 'first']), 1)
try:
    a.rest()
except OSError:
    pass
PY

it 'j14 SUSPEND ends when nobody is left on the console'
talk <<'PY'
admin, second, a = Client('admin', 'pgbouncer'), \
    Client('admin', 'pgbouncer'), Client(db='first')
admin.query('SUSPEND')
a.send(Q('select 1'))
admin.close()
assert a.silent(0.3), 'one is left'
second.abort()
same('released', a.result(), [('1',)])
PY

it 'j14 time stands still in a SUSPEND'
talk <<'PY'
admin, a, b, c = Client('admin', 'pgbouncer'), Client(db='first'), \
    Client(db='first'), Client(db='first')
for key in ('idle_transaction_timeout', 'client_idle_timeout',
            'query_timeout', 'query_wait_timeout'):
    admin.query("SET %s = '1'" % key)
a.query('begin')
b.query('select 1')
c.send(Q('select pg_sleep(0.2)'))
time.sleep(0.05)
admin.query('SUSPEND')
time.sleep(2.5)
a.send(Q('select 1'))
admin.query('RESUME')
same('in a transaction', a.result(), [('1',)])
same('idle', b.one('select 1'), '1')
same('running', c.result(), [('',)])
# Afterwards it goes on.
same('text', a.fatal().text, 'idle transaction timeout')
same('text', b.fatal().text, 'client_idle_timeout')
admin.query('RELOAD')
PY

it 'j14 SUSPEND is refused while a database is paused; SIGUSR2 ends it'
talk <<'PY'
import signal
admin, a = Client('admin', 'pgbouncer'), Client(db='first')
console('PAUSE second')
refused('paused', lambda: admin.query('SUSPEND'), '08P01',
        'cannot suspend with paused databases')
console('RESUME second')
admin.query('SUSPEND')
a.send(Q('select 1'))
assert a.silent(0.1)
os.kill(int(open(T + '/pgweir.pid').read()), signal.SIGUSR2)
same('released', a.result(), [('1',)])
PY

# Two ways to end, one after the other. Each line: the first, the second, and
# what comes of it for a client in a transaction: "waits" or "ends".
# A signal is its name; the rest are commands.
it 'j28 j29 each pair of ways to end'
pairs='
TERM|TERM|ends
TERM|INT|ends
TERM|QUIT|ends
TERM|SHUTDOWN|ends
TERM|SHUTDOWN WAIT_FOR_SERVERS|waits
TERM|SHUTDOWN WAIT_FOR_CLIENTS|waits
TERM|RESUME|refused
TERM|PAUSE|refused
TERM|SUSPEND|refused
TERM|USR1|waits
TERM|USR2|waits
TERM|HUP|waits
INT|INT|ends
INT|TERM|ends
INT|QUIT|ends
INT|SHUTDOWN|ends
INT|SHUTDOWN WAIT_FOR_SERVERS|waits
INT|SHUTDOWN WAIT_FOR_CLIENTS|waits
INT|RESUME|refused
INT|PAUSE|refused
INT|USR1|waits
INT|USR2|waits
SHUTDOWN WAIT_FOR_CLIENTS|TERM|ends
SHUTDOWN WAIT_FOR_SERVERS|INT|ends
SHUTDOWN WAIT_FOR_CLIENTS|RESUME|refused
SHUTDOWN WAIT_FOR_SERVERS|RESUME|refused
SUSPEND|TERM|waits
SUSPEND|INT|waits
SUSPEND|SHUTDOWN|ends
PAUSE|TERM|waits
PAUSE|INT|waits'
while IFS='|' read -r one two comes; do
	[ -n "$one" ] || continue
	CASE="j28 $one, then $two"
	pgweir_lives 2>/dev/null || pgweir_start
	talk "$one" "$two" "$comes" <<'PY'
import signal
one, two, comes = sys.argv[1:]
pid = int(open(T + '/pgweir.pid').read())
def act(what, console):
    if hasattr(signal, 'SIG' + what):
        os.kill(pid, getattr(signal, 'SIG' + what))
        time.sleep(0.1)
        return
    console.send(Q(what))
    if what == 'SHUTDOWN' or what == 'PAUSE' and comes != 'refused':
        time.sleep(0.1)
    else:
        console.result()
a = Client(db='first')
a.query('begin')
first = Client('admin', 'pgbouncer')
act(one, first)
if one not in ('SUSPEND', 'PAUSE'):
    # j29: by TCP nobody, by the Unix socket the operator still comes in.
    try:
        Client('admin', 'pgbouncer')
        raise AssertionError('still there by TCP')
    except (OSError, Closed):   # refused, or closed with the listener
        pass
    refused('no other', lambda: Client(db='first', host=T), '57P03',
            'pooler is shutting down')
    second = Client('admin', 'pgbouncer', host=T)
elif one == 'PAUSE':
    second = Client('admin', 'pgbouncer')
else:
    second = first
if comes == 'refused':
    refused(two, lambda: act(two, second), '08P01',
            'pooler is shutting down')
else:
    act(two, second)
if comes == 'ends':
    a.rest()
    second.rest()
    first.rest()
else:
    same('its transaction', a.one('select 1'), '1')
    a.query('commit')
    a.close()
    try:
        second.close()
        first.close()
    except OSError:
        pass
PY
	await_pid pgweir
	expect 'status' "$STATUS" 0
done <<<"$pairs"
CASE='j28 j29 each pair of ways to end'
pgweir_start

it 'j28 a shutdown never becomes milder'
talk <<'PY'
a, b = Client(db='first'), Client(db='first')
a.query('begin')
c = Client('admin', 'pgbouncer')
c.query('SHUTDOWN WAIT_FOR_SERVERS')
c.query('SHUTDOWN WAIT_FOR_CLIENTS')
b.send(Q('select 1'))
same('text', b.fatal().text, 'server shutting down')
a.query('commit')
a.rest()
PY
await_pid pgweir
pgweir_start

it 'j28 a shutdown becomes stricter'
talk <<'PY'
a, b = Client(db='first'), Client(db='first')
a.query('begin')
c = Client('admin', 'pgbouncer')
c.query('SHUTDOWN WAIT_FOR_CLIENTS')
same('served', b.one('select 1'), '1')
c.query('SHUTDOWN WAIT_FOR_SERVERS')
b.send(Q('select 1'))
same('text', b.fatal().text, 'server shutting down')
a.query('commit')
a.rest()
PY
await_pid pgweir
