#!/usr/bin/env bash
# prepared.sh - prepared statements across servers in transaction pooling
# (group f), with PostgreSQL's own load.
. "${0%/*}/lib.sh"

ulimit -n "$(ulimit -Hn)"

pg_create main
echo 'max_connections = 60' >>"$T/pg-main/extra.conf"
pg_start
pg 'create database bench'
pgbench -q -i -s 5 -h "$T" -p "$PG_PORT" -U postgres bench >"$T/init" 2>&1
pgweir_start "
pool_mode = transaction
default_pool_size = 20
max_client_conn = 2000
listen_backlog = 2048
log_connections = 0
log_disconnections = 0"

history()
{
	pg 'select count(*) from pgbench_history' bench
}

# load CLIENTS TRANSACTIONS_EACH OPTION...
load()
{
	local c=$1 t=$2

	shift 2
	pgbench -n -M prepared -c "$c" -j 2 -t "$t" -h "$HOST" -p "$PORT" \
		-U postgres "$@" bench >"$T/out" 2>&1 ||
		fail "pgbench: $(tail -n 5 "$T/out")"
	expect_match 'none failed' "$(cat "$T/out")" \
		'number of failed transactions: 0 '
	expect 'pgbench ran them all' \
		"$(sed -n 's|.*actually processed: \([0-9]*\)/.*|\1|p' "$T/out")" \
		$((c * t))
}

# Scripts of one statement: pgbench prepares in a call that blocks its whole
# thread, which must not wait for a server that another client of it holds.
cat >"$T/one.sql" <<'SQL'
\set aid random(1, 500000)
update pgbench_accounts set abalance = abalance + 1 where aid = :aid;
SQL
echo 'select * from shape;' >"$T/shape.sql"
pg 'create table shape (a int, b int)' bench
pg 'insert into shape values (1, 2)' bench

# Changes what the table looks like, and what it has, until it is stopped.
migrate()
{
	local type

	while [ ! -e "$T/stop" ]; do
		for type in bigint text int; do
			pg "alter table shape alter b type $type
				using b::$type" bench
			pg 'create index on shape (a)' bench
			pg 'drop index shape_a_idx' bench
		done
	done
}

for n in 1 20 200 1000; do
	it "f01 f03 pgbench -M prepared, $n clients"
	load "$n" $((6000 / n)) -S
	sum=$(pg 'select sum(abalance) from pgbench_accounts' bench)
	load "$n" $((2000 / n)) -f "$T/one.sql"
	expect 'every update was done once' \
		"$(pg 'select sum(abalance) from pgbench_accounts' bench)" \
		$((sum + 2000 / n * n))

	# pgbench asks for the description with each execution: what fails for
	# its age is run again, unseen.
	it "f24 a table changes under load, $n clients: nobody sees an error"
	migrate &
	load "$n" $((6000 / n)) -f "$T/shape.sql"
	touch "$T/stop"
	wait $!
	rm "$T/stop"
done

it 'd01 transactions of prepared statements'
before=$(history)
load 20 100
expect 'every transaction is in the history' "$(history)" $((before + 2000))

it 'm06 f26 the text of a statement is there once, whoever has it'
if ! is_sanitized; then
	before=$(awk '/^VmRSS/ { print $2 }' "/proc/$(pgweir_pid)/status")
	talk <<'PY'
texts = ['select %d /* %s */' % (i, 'x' * 5000) for i in range(200)]
everything = b''.join(P(t, 's%d' % i) for i, t in enumerate(texts)) + S
crowd = [Client() for _ in range(300)]
for c in crowd:
    c.send(everything)
    same('all are prepared', c.kinds(), '1' * 200 + 'Z')
for line in open('/proc/%s/status' % open(T + '/pids/pgweir').read().strip()):
    if line.startswith('VmRSS'):
        open(T + '/after', 'w').write(line.split()[1])
PY
	# 40 MB for 1,000 clients are 12 for these.
	expect_at_most 'KB' $(($(cat "$T/after") - before)) 12000
fi
