#!/usr/bin/env bash
# routing.sh - what goes where, as the servers see it. Each server has a port
# of its own.
. "${0%/*}/cluster.sh"

NODE_PORT=([a]=$PG_PORT [b]=$((PG_PORT + 1)) [c]=$((PG_PORT + 2)))
cluster_start a b c
on a "create role serial login;
	alter role serial set default_transaction_isolation = 'serializable';
	create role careful login;
	alter role careful set default_transaction_read_only = on;
	grant select on here to public"
users postgres '' serial '' careful '' admin '' stats ''
await_replay b
await_replay c
routed_start '' "
reader = $(hosts a b c) dbname=app role=replica
anyone = $(hosts a b c) dbname=app role=any routing=off
plain = $(hosts a b c) dbname=app routing=off
session = $(hosts a b c) dbname=app pool_mode=session
solo = $(hosts a) dbname=app routing=off"

# where SQL...: which nodes these statements of a psql saw
where()
{
	printf '%s;\n' "$@" | psql -XAtq -v ON_ERROR_STOP=1 -h "$HOST" \
		-p "$PORT" -U postgres -d "${DB:-app}" >"$T/where" 2>&1 ||
		fail "$*: $(cat "$T/where")"
	grep -E '^[abc]$' "$T/where" | sort -u | tr -d '\n'
}

# goes TO SQL...: all that these see is the `primary`, or one `replica`.
goes()
{
	local to=$1 seen

	shift
	seen=$(where "$@") || exit 1
	case $to$seen in
	primarya | replica[bc]) ;;
	*) fail "should go to a $to, went to '$seen': $*" ;;
	esac
}

see='select name from here'

it 'l27 l26 a block that is READ ONLY and begins with a read: a replica'
goes replica 'begin read only' "$see" "$see" "$see" commit
goes replica 'BEGIN TRANSACTION READ ONLY' "$see" rollback
goes replica 'start transaction read only' "$see" end
goes replica 'begin isolation level repeatable read, read only' "$see" commit
goes replica 'begin /* at last */ read only' 'table here' commit
goes replica 'begin read only' "with w as ($see) select name from w" commit
goes replica 'begin read only' "$see" "declare c cursor for $see" \
	'fetch all c' commit

it 'l28 l27 any other block: the primary'
goes primary "$see"
goes primary begin "$see" commit
goes primary 'begin read write' "$see" commit
goes primary 'start transaction isolation level serializable, read only' \
	"$see" commit
goes primary 'begin isolation level serializable read only' "$see" commit
for one in "user=serial" \
	"user=postgres options='-c default_transaction_isolation=serializable'"
do
	expect "$one" "$(psql -XAtq -c 'begin read only' -c "$see" -c commit \
		"host=$HOST port=$PORT dbname=app $one")" a
done

it 'l04 l02 l37 READ ONLY blocks that begin with something else: the primary'
goes primary 'begin read only' 'select pg_advisory_xact_lock(4)' "$see" commit
goes primary 'begin read only' 'set local work_mem = 65536' "$see" commit
goes primary 'begin read only' 'show work_mem' "$see" commit
goes primary 'begin read only' 'savepoint s' "$see" commit
goes primary 'begin read only' 'listen n' "$see" commit
goes primary 'begin read only' 'set transaction read write' \
	"insert into written values (0, 0, 'rw')" "$see" commit
expect 'written' "$(on a 'select how from written')" rw

it 'l39 default_transaction_read_only is no licence'
goes primary 'set default_transaction_read_only = on' begin "$see" commit
goes primary 'set default_transaction_read_only = on' "$see"
expect 'by role' "$(query "$see" app careful)" a
goes primary 'set default_transaction_read_only = off' "$see"

it 'l18 hints'
goes replica "/* pgweir:replica */ $see"
goes replica "/*pgweir:replica*/ $see"
goes replica "$see /* pgweir:replica */"
goes primary "/* pgweir:primary */ $see"
goes primary 'begin read only' "/* pgweir:primary */ $see" commit
goes primary "select '/* pgweir:replica */'" "$see"
goes primary "/* pgweir:elsewhere */ $see"
goes replica "copy ($see) to stdout /* pgweir:replica */"
talk <<'PY'
c = Client(db='app')
SEE = 'select name from here'
HINT = '/* pgweir:replica */ '
for _ in range(4):
    assert c.run(HINT + SEE)[0][0] in 'bc'
    same('without', c.run(SEE)[0][0], 'a')
# By a name.
c.send(P(HINT + SEE, 'hinted') + P(SEE, 'plain') + S)
c.until()
for _ in range(4):
    for name, where in ('hinted', 'bc'), ('plain', 'a'):
        c.send(B((), name) + D() + E() + S)
        got = c.result()[0][0]
        assert got in where, (name, got)
# l33: what is closed does not matter for what follows, in the same batch.
c.send(C('S', 'hinted') + B((), 'plain') + D() + E() + S)
same('plain', c.result(), [('a',)])
c.send(P(HINT + SEE, 'hinted') + C('S', 'plain') + B((), 'hinted') + D()
       + E() + S)
assert c.result()[0][0] in 'abc'
PY

it 'SET pgweir.route'
goes replica 'set pgweir.route = replica' "$see" "$see"
goes replica "set pgweir.route to 'replica'" 'begin read only' "$see" commit
goes primary 'set pgweir.route = primary' 'begin read only' "$see" commit
goes primary 'set pgweir.route = replica' 'set pgweir.route = auto' "$see"
goes replica 'set pgweir.route = primary' 'set pgweir.route = auto' \
	'begin read only' "$see" commit
goes primary 'set pgweir.route = replica' 'reset pgweir.route' "$see"
goes primary 'set pgweir.route = replica' 'discard all' "$see"
goes primary 'set pgweir.route = replica' 'set pgweir.route = default' "$see"
expect_failure 'nonsense' 'pgweir.route' query 'set pgweir.route = moon' app

it 'l64 SET pgweir.route of one client is no other one'\''s'
talk <<'PY'
c = Client(db='app', params=[('pgweir.route', 'replica')])
assert c.one('select name from here') in 'bc'
d = Client(db='app', params=[('options', '-c pgweir.route=replica')])
assert d.one('select name from here') in 'bc'
for _ in range(4):
    same("another's", Client(db='app').one('select name from here'), 'a')
assert c.one('select name from here') in 'bc'
PY

it 'l25 what a replica does not have, a temporary table, is asked of the primary'
for entry in app session; do
	expect "$entry" "$(psql -XAtq -h "$HOST" -p "$PORT" -U postgres \
		-d "$entry" <<'SQL'
create temp table mine as select 7 as n;
begin read only;
select n from mine;
commit;
drop table mine;
SQL
)" 7
done

it 'l38 session pooling: the primary'
DB=session goes primary 'begin read only' "$see" commit
DB=session goes primary "/* pgweir:replica */ $see"

it 'entries for replicas, and for any of them'
for _ in 1 2 3 4; do
	DB=reader goes replica "$see"
	DB=reader goes replica begin "$see" commit
done
expect_failure 'a write' 'read-only transaction' \
	query "insert into written values (9, 9, 'no')" reader
talk <<'PY'
seen = set()
crowd = [Client(db='anyone') for _ in range(6)]
for c in crowd:
    c.query('begin')
for c in crowd:
    seen.add(c.one('select name from here'))
for c in crowd:
    c.query('commit')
same('any', seen, {'a', 'b', 'c'})
PY

it 'l63 in_hot_standby tells the truth of the entry'
talk <<'PY'
def status(c):
    return c.status.get('in_hot_standby'), \
        c.status.get('default_transaction_read_only')


c = Client(db='app')
same('app', status(c), ('off', 'off'))
for _ in range(6):
    c.query('begin read only')
    assert c.one('select name from here') in 'bc'
    same('on a replica', status(c), ('off', 'off'))
    c.query('commit')
    same('at the primary', c.one('select name from here'), 'a')
    same('after', status(c), ('off', 'off'))
same('asked', c.one('show in_hot_standby'), 'off')
for _ in range(3):
    same('reader', status(Client(db='reader')), ('on', 'off'))
same('solo', status(Client(db='solo')), ('off', 'off'))
PY
for wish in app:read-write app:primary reader:read-only reader:standby; do
	expect "$wish" "$(psql -XAtq -c 'select 1' "host=$HOST port=$PORT
		user=postgres dbname=${wish%:*} target_session_attrs=${wish#*:}")" 1
done
for wish in app:read-only app:standby reader:read-write reader:primary; do
	expect_failure "$wish" 'read-only|read-write|standby' \
		psql -XAtq -c 'select 1' "host=$HOST port=$PORT
		user=postgres dbname=${wish%:*} target_session_attrs=${wish#*:}"
done

it 'l62 routing off: any of the hosts, for all are the same'
talk <<'PY'
seen = set()
crowd = [Client(db='plain') for _ in range(9)]
for c in crowd:
    c.query('begin')
for c in crowd:
    seen.add(c.one('select name from here'))
for c in crowd:
    c.query('commit')
same('hosts', seen, {'a', 'b', 'c'})
PY
DB=solo goes primary 'begin read only' "$see" commit
DB=solo goes primary "/* pgweir:replica */ $see"
# It is a name as any other is.
expect 'SET' "$(query 'set pgweir.route = moon; show pgweir.route' solo)" moon

it 'l31 l32 l34 l36 statements and settings follow from server to server'
talk <<'PY'
c = Client(db='app', params=[('work_mem', '123kB')])
c.send(P("select name, $1::int, current_setting('work_mem') "
         "|| current_setting('application_name') from here", 'known') + S)
c.until()
c.query("set application_name = 'me'")
for i in range(6):
    if i % 2:
        c.query('begin read only')
        c.query('select name from here')
    c.send(B((str(i),), 'known') + D() + E() + S)
    name, n, settings = c.result()[0]
    same('which', name in 'bc', i % 2 == 1)
    same('number and settings', (n, settings), (str(i), '123kBme'))
    if i % 2:
        c.query('commit')
c.query('prepare p as select name from here')
for i in range(6):
    if i % 2:
        c.query('begin read only')
        c.query('select name from here')
    same('EXECUTE', c.one('execute p') in 'bc', i % 2 == 1)
    if i % 2:
        c.query('commit')
c.query('begin read only')
c.query('select name from here')
c.query('deallocate p')
c.query('commit')
refused('p', lambda: c.query('execute p'), '26000')
PY

it 'l40 a cursor stays where it was declared'
talk <<'PY'
c = Client(db='app')
c.query('begin read only')
where = c.one('select name from here')
assert where in 'bc', where
c.query('declare k cursor for select name from here, generate_series(1, 9)')
for _ in range(9):
    same('fetch', c.query('fetch k'), [(where,)])
c.query('commit')
PY

it 'l44 errors of queries are no reason to leave a replica out'
talk <<'PY'
c = Client(db='app')
for sql in ('select 1/0', 'select nothing', 'selec 1', 'table nowhere',
            'set statement_timeout = 1; select pg_sleep(1)'):
    for _ in range(4):
        refused(sql, lambda: c.query('/* pgweir:replica */ ' + sql))
        c.query('begin read only')
        c.query('select name from here')
        refused(sql, lambda: c.query(sql))
        c.query('rollback')
PY
console RECONNECT >/dev/null	# statement_timeout is in some of them
for node in b c; do
	expect "$node" "$(host_is "$node" role) $(host_is "$node" state)" \
		'replica up'
done

it 'c20 l29 l30 pipelines: answers in order, whoever gives them'
talk <<'PY'
c = Client(db='app')
SEE = "select name || ' %d' from here"
HINT = '/* pgweir:replica */ '
for _ in range(10):
    c.send(b''.join(
        (run if i % 3 else Q)(('' if i % 2 else HINT) + SEE % i)
        for i in range(12)))
    for i in range(12):
        name, n = c.result()[0][0].split()
        same('order', n, str(i))
        # A read may stay at the primary behind what has to be there.
        assert name == 'a' or i % 2 == 0, (i, name)
        assert name != 'a' or i > 0, (i, name)
# A write in front of the read, and one behind; then the other way round.
c.send(Q("insert into written values (3, 1, 'x')")
       + Q(HINT + SEE % 1) + Q("insert into written values (3, 2, 'x')"))
for _ in range(3):
    c.result()
c.send(Q(HINT + SEE % 1) + Q("insert into written values (3, 3, 'x')")
       + run(HINT + SEE % 2) + run("insert into written values (3, 4, 'x')"))
for _ in range(4):
    c.result()
same('all', c.one('select count(*) from written where client = 3'), '4')
PY

it 'd13 COPY FROM: the first message of data comes in pieces'
talk <<'PY'
c = Client(db='app')
c.send(Q('copy written from stdin'))
same('answer', c.read()[0], 'G')
row = b'4\t4\t' + 20000 * b'x' + b'\n'
data = copy_data(row)
c.sock.sendall(data[:3000])
time.sleep(0.2)
c.sock.sendall(data[3000:] + message('c'))
c.result()
same('rows', c.one('select count(*) from written where client = 4'), '1')
PY

it 'g22 a query that runs at a replica can be cancelled'
talk <<'PY'
c = Client(db='app')
c.query('begin read only')
assert c.one('select name from here') in 'bc'
c.send(Q('select pg_sleep(100)'))
time.sleep(0.2)
c.cancel()
refused('cancel', c.result, '57014')
c.query('rollback')
PY

it 'no write ever reached a replica, but for the one we sent there'
grep -hE 'LOG:  (statement|execute)' "$T/pg-b.log" "$T/pg-c.log" |
	grep -vE "$CONTROL@|values \(9, 9" >"$T/writes" || true
[ ! -s "$T/writes" ] || fail "$(head -n 3 "$T/writes")"
expect 'refused' "$(cat "$T/pg-b.log" "$T/pg-c.log" |
	grep -c 'in a read-only transaction')" 1
