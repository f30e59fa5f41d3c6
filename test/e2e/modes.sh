#!/usr/bin/env bash
# modes.sh - session, transaction and statement pooling, seen from psql.
. "${0%/*}/lib.sh"

pg_start
pg 'create table t (id int, note text)'
pgweir_start "
pool_mode = transaction
default_pool_size = 1
[databases]
tx = host=$HOST port=$PG_PORT dbname=postgres
sess = host=$HOST port=$PG_PORT dbname=postgres pool_mode=session
stmt = host=$HOST port=$PG_PORT dbname=postgres pool_mode=statement"

it 'a query is answered in every mode'
for db in tx sess stmt; do
	expect "$db" "$(query 'select 6 * 7' "$db")" 42
done

it 'a transaction keeps one server'
expect 'same backend' "$(query 'begin; select pg_backend_pid();
	select pg_backend_pid(); commit' tx | sort -u | wc -l)" 1
expect 'rolled back' "$(psql -XAtq -h "$HOST" -p "$PORT" -U postgres tx <<-SQL
	begin;
	insert into t values (1, 'gone');
	rollback;
	select count(*) from t;
SQL
)" 0

it 'transaction mode gives the server back between transactions'
talk <<'PY'
a, b = Client(db='tx'), Client(db='tx')
a.query('begin')
b.send(Q('select 1'))
assert b.silent(0.3), 'one server served two transactions at once'
a.query('commit')
same('served after the commit', b.result(), [('1',)])
PY

it 'session mode keeps the server until the client leaves'
talk <<'PY'
a, b = Client(db='sess'), Client(db='sess', login=False)
a.query('select 1')
b.send(b.hello())
b.authenticate()
b.send(Q('select 2'))
assert b.silent(0.3), 'one server served two sessions at once'
a.close()
same('served after the first left', b.result(), [('2',)])
PY

it 'session mode resets the server between clients'
query "set work_mem = '77MB'; create temp table left_behind ()" sess >/dev/null
expect 'setting' "$(query 'show work_mem' sess)" 4MB
expect 'temp table' "$(query "select to_regclass('left_behind')" sess)" ''

it 'e16 nor is the next one somebody else, whom the last one became'
pg 'create role else_one'
query 'set role else_one' sess >/dev/null
query 'set session authorization else_one' sess >/dev/null
expect 'who' "$(query 'select session_user, current_user' sess)" \
	'postgres|postgres'

it 'd37 statement mode refuses a transaction block'
talk <<'PY'
c = Client(db='stmt')
c.send(Q('begin'))
e = c.fatal()
same('text', e.text,
     'transaction blocks not allowed in statement pooling mode')
same('severity', e.severity, 'FATAL')
PY
expect 'and goes on' "$(query 'select 1' stmt)" 1

it 'd37 statement mode lets an implicit block pass'
query "insert into t values (2, 'a'); insert into t values (3, 'b')" stmt
expect 'both rows' "$(query 'select count(*) from t' stmt)" 2

it 'd13 COPY in and out in every mode'
seq 1 100000 | sed 's/$/\tsome words that fill the row/' >"$T/rows"
for db in tx sess stmt; do
	query 'truncate t' "$db"
	query '\copy t from stdin' "$db" <"$T/rows"
	query '\copy t to stdout' "$db" >"$T/back"
	cmp "$T/rows" "$T/back" || fail "$db: COPY brought something else back"
done

it 'psql knows the server by its variables'
for db in tx sess stmt; do
	expect_match "$db" "$(psql -XAtq -h "$HOST" -p "$PORT" -U postgres "$db" \
		<<<'\echo :SERVER_VERSION_NUM :ENCODING :USER :DBNAME')" \
		"^$(pg 'show server_version_num') UTF8 postgres $db\$"
done

it 'h01 the pools are at rest'
wait_for '[ "$(show POOLS cl_active database=tx)" = 0 ]'
for db in tx sess stmt; do
	expect "$db waits" "$(show POOLS cl_waiting "database=$db")" 0
	expect "$db works" "$(show POOLS sv_active "database=$db")" 0
done
