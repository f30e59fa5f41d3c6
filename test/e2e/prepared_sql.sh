#!/usr/bin/env bash
# prepared_sql.sh - PREPARE, EXECUTE and DEALLOCATE as SQL, across servers
# in transaction pooling (f22, f23).
. "${0%/*}/lib.sh"

pg_start
pgweir_start '
pool_mode = transaction
default_pool_size = 2'

it 'f23 five clients of psql have the same name for other texts'
for i in 1 2 3 4 5; do
	{
		echo "prepare mine(int) as select $i, \$1 + $i;"
		for j in $(seq 1 40); do
			echo "execute mine($j);"
			[ $((j % 10)) != 0 ] ||
				echo "begin; select 1; execute mine(0); commit;"
		done
		echo 'deallocate mine;'
		echo "prepare mine as select 'again';"
		echo 'execute mine;'
	} >"$T/$i.sql"
	psql -XAtq -v ON_ERROR_STOP=1 -h "$HOST" -p "$PORT" -U postgres \
		-f "$T/$i.sql" postgres >"$T/$i.out" 2>&1 &
	pids[i]=$!
done
for i in 1 2 3 4 5; do
	wait "${pids[i]}" || fail "$(tail -n 3 "$T/$i.out")"
	for j in $(seq 1 40); do
		echo "$i|$((i + j))"
		[ $((j % 10)) != 0 ] || printf '1\n%s|%s\n' "$i" "$i"
	done >"$T/want"
	echo again >>"$T/want"
	cmp "$T/$i.out" "$T/want" || fail "$(diff "$T/$i.out" "$T/want")"
done

it 'f23 PREPARE on one server, EXECUTE on another'
talk <<'PY'
a, holder = Client(), Client()
a.query("prepare s(int) as select pg_backend_pid(), $1 * 2")
first = a.query('execute s(4)')[0]
holder.query('begin')
pid = holder.one('select pg_backend_pid()')
second = a.query('execute s(5)')[0]
same('another', second[1], '10')
holder.query('commit')
others = [Client(), Client()]
seen = set()
for other in others:
    other.query('begin')
    seen.add(other.one('select pg_backend_pid()'))
    if len(seen) == 1:
        row = a.query('execute s(6)')[0]
        same('not the one that is held', row[0] in seen, False)
        same('value', row[1], '12')
same('two servers', len(seen), 2)
for other in others:
    other.query('commit')
PY

it 'f20 f21 the errors are those of PostgreSQL'
talk <<'PY'
def error(c, sql, code, text):
    try:
        c.query(sql)
    except PgError as e:
        same(sql, (e.code, e.text), (code, text))
    else:
        raise AssertionError(sql + ': no error')

a, b = Client(), Client()
a.query('prepare s as select 1')
error(a, 'prepare s as select 2', '42P05',
      'prepared statement "s" already exists')
error(a, 'execute nothing', '26000',
      'prepared statement "nothing" does not exist')
error(a, 'deallocate nothing', '26000',
      'prepared statement "nothing" does not exist')
error(b, 'execute s', '26000', 'prepared statement "s" does not exist')
error(a, 'prepare bad as select nowhere', '42703',
      'column "nowhere" does not exist')
error(a, 'execute bad', '26000',
      'prepared statement "bad" does not exist')
aborted = ('25P02', 'current transaction is aborted, commands ignored until '
           'end of transaction block')
a.query('begin')
error(a, 'select 1/0', '22012', 'division by zero')
for sql in ('prepare t as select 1', 'prepare s as select 1', 'execute s',
            'deallocate s'):
    error(a, sql, *aborted)
a.query('rollback')
same('still there', a.one('execute s'), '1')
error(a, 'execute t', '26000', 'prepared statement "t" does not exist')
a.query('deallocate s')
error(a, 'execute s', '26000', 'prepared statement "s" does not exist')
PY

it 'f23 one set of names for SQL and the protocol'
talk <<'PY'
a, holder = Client(), Client()
a.query('prepare s(int) as select $1 + 1')
for turn in range(2):
    a.send(B(['41'], 's') + D() + E() + S)
    same('Bind', a.result(), [('42',)])
    same('in between', holder.one('select 1') if turn else
         holder.query('begin'), '1' if turn else [])
same('unnamed EXECUTE', a.run('execute s(1)'), [('2',)])
holder.query('commit')
same('unnamed EXECUTE', a.run('execute s(2)'), [('3',)])
a.run('deallocate s')
a.run("prepare s as select 'x'")
same('unnamed PREPARE', a.query('execute s'), [('x',)])
a.send(C('S', 's') + S)
a.until()
a.query("prepare s as select 'y'")
same('after Close', a.query('execute s'), [('y',)])
a.query('deallocate all')
a.query("prepare s as select 'z'")
same('after DEALLOCATE ALL', a.query('execute s'), [('z',)])
PY

it 'f23 messages that come in bits, and long ones'
talk <<'PY'
a = Client()
for sql in ('prepare s as select 7', '/* a */ execute s', 'select 7'):
    a.drip(Q(sql))
    rows = a.result()
same('bit by bit', rows, [('7',)])
long = 'x' * 300000
a.query("/*%s*/ select 1" % long)
a.query("prepare l(text) as select length($1 || '%s')" % long)
same('long', a.query("execute l('%s')" % long), [('600000',)])
PY

it 'f24 a plan that a migration has made stale is made anew'
pg 'create table t as select 1 as a'
talk <<'PY'
a = Client()
a.query('prepare t as select * from t')
same('before', a.query('execute t'), [('1',)])
direct('alter table t add b int default 2')
same('unseen', a.query('execute t'), [('1', '2')])

# Behind a description, or behind another statement, it is told once.
for number, how in enumerate((lambda: a.run('execute t'),
                              lambda: a.query('execute t; execute t'))):
    direct('alter table t add c%d int' % number)
    try:
        how()
    except PgError as e:
        same('code', e.code, '0A000')
    else:
        raise AssertionError('no error')
    how()
    how()
PY

it 'f24 what writes is not executed if its results would be misread'
pg 'create table written (a int default 1)'
talk <<'PY'
a, holder = Client(), Client()
a.send(P('insert into written default values returning *', 'w') +
       D('S', 'w') + B([], 'w') + E() + S)
same('one', a.result(), [('1',)])
holder.query('begin')
direct('alter table written add b int')
for _ in range(2):
    try:
        a.send(B([], 'w') + E() + S)
        a.result()
    except PgError as e:
        same('code', e.code, '0A000')
    else:
        raise AssertionError('no error')
same('rows', a.one('select count(*) from written'), '1')
a.send(C('S', 'w') + P('insert into written default values returning *', 'w')
       + B([], 'w') + D('P') + E() + S)
same('anew', a.result(), [('1', None)])
holder.query('commit')
PY

it 'f10 no more than max_prepared_statements on a server'
talk <<'PY'
a = Client()
for i in range(300):
    a.query('prepare n%d as select %d' % (i, i))
for i in 0, 150, 299:
    same('each', a.one('execute n%d' % i), str(i))
same('bounded', int(a.one("select count(*) from pg_prepared_statements "
                          "where name <> 'pgweir_tmp'")) <= 200, True)
PY
