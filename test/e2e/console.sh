#!/usr/bin/env bash
# console.sh - the operator's psql.
. "${0%/*}/lib.sh"

pg_start
pg 'create database second'
pgweir_start "
pool_mode = transaction
default_pool_size = 3
max_client_conn = 321
[databases]
first = host=$HOST port=$PG_PORT dbname=postgres
second = host=$HOST port=$PG_PORT pool_size=7"

# header WHAT: the names of the columns of SHOW WHAT.
header()
{
	psql -XAq -P footer=off -h "$HOST" -p "$PORT" -U "${2:-admin}" \
		-d pgbouncer -c "SHOW $1" | head -n 1
}

query 'select 1' first >/dev/null

it 'n16 the columns of every SHOW'
columns='
VERSION|version
CONFIG|key|value|default|changeable
DATABASES|name|host|port|database|force_user|pool_size|min_pool_size|reserve_pool_size|server_lifetime|pool_mode|load_balance_hosts|max_connections|current_connections|max_client_connections|current_client_connections|paused|disabled
USERS|name|pool_size|reserve_pool_size|pool_mode|max_user_connections|current_connections|max_user_client_connections|current_client_connections
POOLS|database|user|cl_active|cl_waiting|cl_active_cancel_req|cl_waiting_cancel_req|sv_active|sv_active_cancel|sv_being_canceled|sv_idle|sv_used|sv_tested|sv_login|maxwait|maxwait_us|pool_mode|load_balance_hosts|wait_reason
FAIRNESS|database|user|key|clients|waiting|held|part|granted
CLIENTS|type|user|database|replication|state|addr|port|local_addr|local_port|connect_time|request_time|wait|wait_us|close_needed|ptr|link|remote_pid|tls|application_name|prepared_statements|id
SERVERS|type|user|database|replication|state|addr|port|local_addr|local_port|connect_time|request_time|wait|wait_us|close_needed|ptr|link|remote_pid|tls|application_name|prepared_statements|id
STATS|database|total_server_assignment_count|total_xact_count|total_query_count|total_received|total_sent|total_xact_time|total_query_time|total_wait_time|total_client_parse_count|total_server_parse_count|total_bind_count
STATS_TOTALS|database|server_assignment_count|xact_count|query_count|bytes_received|bytes_sent|xact_time|query_time|wait_time|client_parse_count|server_parse_count|bind_count
STATS_AVERAGES|database|server_assignment_count|xact_count|query_count|bytes_received|bytes_sent|xact_time|query_time|wait_time|avg_client_parse_count|avg_server_parse_count|avg_bind_count
TOTALS|name|value
LISTS|list|items
MEM|name|size|used|free|memtotal
STATE|key|value
PEERS|peer_id|host|port|pool_size
PEER_POOLS|peer_id|cl_active_cancel_req|cl_waiting_cancel_req|sv_active_cancel|sv_login
SOCKETS|type|user|database|replication|state|addr|port|local_addr|local_port|connect_time|request_time|wait|wait_us|close_needed|ptr|link|remote_pid|tls|application_name|prepared_statements|id|recv_pos|pkt_pos|pkt_remain|send_pos|send_remain|pkt_avail|send_avail
ACTIVE_SOCKETS|type|user|database|replication|state|addr|port|local_addr|local_port|connect_time|request_time|wait|wait_us|close_needed|ptr|link|remote_pid|tls|application_name|prepared_statements|id|recv_pos|pkt_pos|pkt_remain|send_pos|send_remain|pkt_avail|send_avail
FDS|fd|task|user|database|addr|port|cancel|link|client_encoding|std_strings|datestyle|timezone|password|scram_client_key|scram_server_key
LOGINS|addr|user|unfinished|failures|wait
DNS_HOSTS|hostname|ttl|addrs
DNS_ZONES|zonename|serial|count'
if ! is_pgbouncer; then
	while IFS='|' read -r what names; do
		[ -z "$what" ] || expect_match "SHOW $what" \
			"$(header "$what")|" "^${names//|/\\|}\\|"
	done <<<"$columns"
fi

it 'SHOW says what is so'
expect_match 'VERSION' "$(console 'show version')" '^(pgweir|PgBouncer) [0-9]'
expect 'CONFIG' "$(show CONFIG value key=max_client_conn)" 321
expect 'CONFIG default' "$(show CONFIG default key=max_client_conn)" 100
expect 'DATABASES' "$(show DATABASES pool_size name=second)" 7
expect 'DATABASES' "$(show DATABASES database name=first)" postgres
expect 'DATABASES' "$(show DATABASES port name=first)" "$PG_PORT"
expect 'USERS' "$(show USERS name name=postgres)" postgres
expect 'POOLS' "$(show POOLS pool_mode database=first)" transaction
expect 'POOLS' "$(show POOLS sv_idle database=first)" 1
expect 'SERVERS' "$(show SERVERS state database=first)" idle
expect 'SERVERS' "$(show SERVERS addr database=first)" "$HOST"
expect 'LISTS' "$(show LISTS items list=databases)" 3
talk <<'PY'
c = Client(db='first', params=[('application_name', 'shown')])
c.query('begin')
rows = [r for r in console('SHOW CLIENTS') if 'shown' in r]
same('rows', len(rows), 1)
same('state', rows[0][rows[0].index('first') + (1 if PGBOUNCER else 2)],
     'active')
same('one server works', pools('first')['sv_active'], '1')
c.query('commit')
same('none', pools('first')['sv_active'], '0')
PY

it 'n07 n08 the statistics count transactions and queries apart'
totals()
{
	show STATS_TOTALS "$1" database=first
}
x=$(totals xact_count) q=$(totals query_count)
talk <<'PY'
c = Client(db='first')
for sql in 'begin', 'select 1', 'select 2', 'commit', 'select 3':
    c.query(sql)
c.run('select 4')
c.close()
PY
expect 'transactions' $(($(totals xact_count) - x)) 3
expect 'queries' $(($(totals query_count) - q)) 6
before=$(totals bytes_sent)
query "select repeat('x', 50000)" first >/dev/null
grown=$(($(totals bytes_sent) - before))
expect_at_most 'bytes sent' 50000 "$grown"
expect_at_most 'bytes sent' "$grown" 52000

it 'j02 nonsense is an error, and the session goes on'
talk <<'PY'
c = Client('admin', 'pgbouncer')
for sql in ('', ';', ';;;;', 'SHOW', 'NONSENSE', 'SHOW NONSENSE',
            'SHOW POOLS POOLS', "SHOW 'POOLS", 'SHOW POOLS; SHUTDOWN',
            'BEGIN', 'KILL_CLIENT', 'x' * 3000):
    if not (PGBOUNCER and len(sql) > 1000):
        e = refused(repr(sql[:30]), lambda: c.query(sql))
        same('severity', e.severity, 'ERROR')
same('lives', len(c.query('SHOW VERSION')), 1)
same('cases', c.query('show version;'), c.query('  SHOW  VERSION  '))
PY

it 'j05 what drivers ask of every server'
talk <<'PY'
c = Client('admin', 'pgbouncer')
same('client_encoding', c.query('SHOW client_encoding')[0][0], 'UTF-8')
for key in ('client_encoding', 'datestyle', 'timezone',
            'standard_conforming_strings'):
    c.query("SET %s = 'x'" % key)
for key, value in (('client_encoding', 'UTF8'), ('is_superuser', 'on'),
                   ('standard_conforming_strings', 'on')):
    same(key, c.status[key], value)
assert '/' in c.status['server_version'], c.status
PY

it 'j04 the extended protocol is an error, never a hang'
talk <<'PY'
pgweir_only()
c = Client('admin', 'pgbouncer')
c.send(run('SHOW VERSION'))
kinds = ''.join(kind for kind, _ in c.until('E', 'SN'))
assert kinds.endswith('E'), kinds
same('others go on', len(console('SHOW VERSION')), 1)
PY

it 'the console has two names, and answers by the one that it is called'
if ! is_pgbouncer; then
	for name in pgweir pgbouncer; do
		for what in VERSION POOLS DATABASES STATS STATS_TOTALS CLIENTS FDS
		do
			psql -XAtq -h "$HOST" -p "$PORT" -U admin -d "$name" \
				-c "show $what" >"$T/shown"
			case $what in
			VERSION) grep -q '^pgweir ' "$T/shown" ;;
			POOLS) grep -q "^$name|$name|" "$T/shown" ;;
			DATABASES) grep -q "^$name|.*|$name|$name|" "$T/shown" ;;
			STATS*) grep -q "^$name|" "$T/shown" ;;
			CLIENTS) grep -q "^C|admin|$name|" "$T/shown" ;;
			FDS) grep -q "|client|admin|$name|" "$T/shown" ;;
			esac || fail "SHOW $what on $name: $(cat "$T/shown")"
		done
	done
	grep -q "C-.*: pgbouncer/admin@.* closing because" "$T/pgweir.log" ||
		fail 'another name in the log'
fi

it 'j01 who may only look'
for what in POOLS DATABASES STATS CLIENTS; do
	header "$what" stats >/dev/null || fail "SHOW $what"
done
for command in PAUSE RESUME RELOAD RECONNECT 'KILL first' SHUTDOWN \
	"SET max_client_conn = '5'" 'DISABLE first' 'SHOW FDS' SUSPEND; do
	expect_failure "$command" 'admin access needed' \
		console "$command" stats
done
expect_failure 'a stranger' 'not allowed' console 'SHOW POOLS' postgres

it 'j09 PAUSE waits for transactions, queries wait for RESUME'
talk <<'PY'
a, b, admin = Client(db='first'), Client(db='first'), \
    Client('admin', 'pgbouncer')
a.query('begin')
admin.send(Q('PAUSE'))
assert admin.silent(0.3), 'paused in the middle of a transaction'
b.send(Q('select 1'))
assert b.silent(0.2), 'served while pausing'
a.query('commit')
same('paused', admin.kinds(), 'CZ')
assert b.silent(0.2), 'served while paused'
refused('again', lambda: admin.query('PAUSE'), None,
        'already suspended/paused')
admin.query('RESUME')
same('released', b.result(), [('1',)])
refused('again', lambda: admin.query('RESUME'), None,
        'pooler is not paused/suspended')
PY

it 'j11 PAUSE of one database leaves the others alone'
talk <<'PY'
a, b = Client(db='first'), Client(db='second')
console('PAUSE first')
a.send(Q('select 1'))
assert a.silent(0.3), 'served while paused'
same('the other', b.one('select 2'), '2')
console('RESUME first')
same('released', a.result(), [('1',)])
refused('not paused', lambda: console('RESUME first'))
refused('unknown', lambda: console('RESUME nowhere'), None,
        'no such database: nowhere')
PY

it 'RECONNECT replaces servers at rest, and only then'
talk <<'PY'
a, b = Client(db='first'), Client(db='first')
a.query('begin')
kept = a.one('select pg_backend_pid()')
idle = b.one('select pg_backend_pid()')
console('RECONNECT first')
same('in a transaction', a.one('select pg_backend_pid()'), kept)
a.query('commit')
wait_until(lambda: not direct('select 1 from pg_stat_activity where pid in '
                              '(%s, %s)' % (kept, idle)), 'the old to go')
assert b.one('select pg_backend_pid()') not in (kept, idle)
PY

it 'j15 KILL drops the clients and leaves the database paused'
talk <<'PY'
a, b = Client(db='first'), Client(db='second')
a.query('begin')
b.query('select 1')
console('KILL first')
e = a.fatal()
if not PGBOUNCER:
    same('text', e.text, 'database removed')
same('the other', b.one('select 1'), '1')
c = Client(db='first', login=False)
c.send(c.hello() + Q('select 1'))
time.sleep(0.2)
console('RESUME first')
c.authenticate()
same('after RESUME', c.result(), [('1',)])
PY

it 'RELOAD reads the file again'
sed -i 's/^max_client_conn.*/max_client_conn = 222/' "$T/pgweir.ini"
console RELOAD >/dev/null
expect 'value' "$(show CONFIG value key=max_client_conn)" 222

it 'j19 RELOAD of a mistake changes nothing'
cp "$T/pgweir.ini" "$T/good.ini"
sed -i 's/^max_client_conn.*/max_client_conn = 333\ndefault_pool_sise = 4/
	s/^second .*/second = host=nowhere/' "$T/pgweir.ini"
if is_pgbouncer; then
	console RELOAD >/dev/null
else
	expect_failure 'RELOAD' 'RELOAD failed' console RELOAD
	expect 'value' "$(show CONFIG value key=max_client_conn)" 222
	line=$(grep -n sise "$T/pgweir.ini" | cut -d : -f 1)
	grep -q "pgweir.ini:$line.*default_pool_size" "$T/pgweir.log" ||
		fail 'the log does not say where and what'
	expect 'database' "$(query 'select 1' second)" 1
fi
cp "$T/good.ini" "$T/pgweir.ini"
console RELOAD >/dev/null

it 'j22 RELOAD without a database disconnects its clients'
talk <<'PY'
a, b = Client(db='second'), Client(db='first')
a.query('select 1')
text = open(T + '/pgweir.ini').read()
lines = [l for l in text.split('\n') if not l.startswith('second')]
open(T + '/pgweir.ini', 'w').write('\n'.join(lines))
console('RELOAD')
e = a.fatal()
same('text', e.text, 'database removed')
same('the other', b.one('select 1'), '1')
refused('gone', lambda: Client(db='second'), '3D000',
        'no such database: second')
open(T + '/pgweir.ini', 'w').write(text)
console('RELOAD')
same('back', Client(db='second').one('select 1'), '1')
PY

it 'j17 an admin who leaves in the middle of a PAUSE'
talk <<'PY'
pgweir_only()
a, admin = Client(db='first'), Client('admin', 'pgbouncer')
a.query('begin')
admin.send(Q('PAUSE'))
assert admin.silent(0.2)
admin.abort()
a.query('commit')
try:
    console('RESUME')
except PgError:
    pass
same('goes on', a.one('select 1'), '1')
PY

it 'h22 the console can be reached when all is full'
sed -i 's/^max_client_conn.*/max_client_conn = 2/' "$T/pgweir.ini"
console RELOAD >/dev/null
talk <<'PY'
a, b = Client(db='first'), Client(db='first')
refused('one too many', lambda: Client(db='first'), '53300',
        'no more connections allowed (max_client_conn)')
same('console', len(console('SHOW VERSION')), 1)
PY
sed -i 's/^max_client_conn.*/max_client_conn = 100/' "$T/pgweir.ini"

it 'SHUTDOWN ends at once'
talk <<'PY'
a = Client(db='first')
a.query('begin')
c = Client('admin', 'pgbouncer')
c.send(Q('SHUTDOWN'))
c.rest()
a.rest()
PY
await_pid pgweir
is_pgbouncer || expect 'status' "$STATUS" 0
pgweir_start

it 'SHUTDOWN WAIT_FOR_CLIENTS lets them finish'
if ! is_pgbouncer; then
	talk <<'PY'
a = Client(db='first')
a.query('begin')
c = Client('admin', 'pgbouncer')
c.query('SHUTDOWN WAIT_FOR_CLIENTS')
same('goes on', a.one('select 1'), '1')
try:
    Client(db='first')
    raise AssertionError('a new client got in')
except (OSError, Closed, PgError):
    pass
a.query('commit')
same('still', a.one('select 2'), '2')
c.close()
a.close()
PY
	await_pid pgweir
	expect 'status' "$STATUS" 0
	pgweir_start
fi

it 'SHUTDOWN WAIT_FOR_SERVERS throws out who would have to wait'
if ! is_pgbouncer; then
	talk <<'PY'
a, b = Client(db='first'), Client(db='first')
a.query('begin')
c = Client('admin', 'pgbouncer')
c.query('SHUTDOWN WAIT_FOR_SERVERS')
b.send(Q('select 1'))
same('text', b.fatal().text, 'server shutting down')
same('goes on', a.one('select 1'), '1')
a.query('commit')
a.rest()
PY
	await_pid pgweir
	expect 'status' "$STATUS" 0
	pgweir_start
fi
