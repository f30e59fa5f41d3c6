#!/usr/bin/env bash
# sqlsmith.sh - some thousand random statements, directly and through session
# pooling, meet the same fate one by one.
. "${0%/*}/lib.sh"

queries=${QUERIES:-3000}
type sqlsmith >/dev/null 2>&1 || skip 'there is no sqlsmith'

pg_create main
cat >>"$T/pg-main/extra.conf" <<'CONF'
statement_timeout = 1s
jit = off
CONF
pg_start
# To copy a database may take longer than a statement of hers.
pg 'alter role postgres set statement_timeout = 0'
pg 'create role smith login'
pg 'create database seed'
pg "create table a (i int, t text, d date);
	insert into a select i, md5(i::text), date '2024-01-01' + i
		from generate_series(1, 20) i;
	create view v as select i, t from a;
	grant all on a, v to smith" seed
# What is volatile would end in its own way each time.
pg "do \$\$ declare f regprocedure; begin
	for f in select oid from pg_proc where provolatile = 'v'
		and prokind = 'f'
	loop
		execute format('revoke execute on function %s from public', f);
	end loop; end \$\$" seed
users postgres '' smith '' admin '' stats ''
pgweir_start '
pool_mode = session
default_pool_size = 2
server_reset_query = DISCARD ALL'

it 'the statements of seed 42'
sqlsmith --seed=42 --max-queries="$queries" --dry-run \
	--exclude-catalog --target="host=$T port=$PG_PORT dbname=seed user=smith" \
	>"$T/all" 2>"$T/smith.err" || fail "$(tail -n 3 "$T/smith.err")"
# A sample of a table is another one each time, unless it is told not to.
sed -E 's/tablesample [a-z]+ \([0-9.]+\)/& repeatable (1)/' "$T/all" \
	>"$T/statements"
kept=$(grep -c ';$' "$T/statements")
expect_at_most 'statements' "$queries" "$kept"

# smith NAME HOST PORT: runs them on a copy of the database. One line for
# each statement that failed: its line number and its SQLSTATE.
smith()
{
	pg "create database copy_$1 template seed"
	psql -Xq -v VERBOSITY=sqlstate -h "$2" -p "$3" -U smith -d "copy_$1" \
		-f "$T/statements" >"$T/rows.$1" 2>"$T/fates.$1" ||
		fail "$1: psql gave up: $(tail -n 3 "$T/fates.$1")"
	sed -n 's/^psql:[^:]*:\([0-9]*\): \(ERROR\|FATAL\): */\1 /p' \
		"$T/fates.$1" >"$T/codes.$1"
}

it 'the same errors at the same statements'
smith direct "$T" "$PG_PORT"
smith pooled "$HOST" "$PORT"
# One that ran out of time in one of the runs says nothing.
awk '$2 == "57014" { print $1 }' "$T/codes.direct" "$T/codes.pooled" |
	sort -u >"$T/late"
for run in direct pooled; do
	awk 'FILENAME == ARGV[1] { late[$1] = 1; next } !($1 in late)' "$T/late" \
		"$T/codes.$run" >"$T/compared.$run"
done
echo "$kept statements, $(wc -l <"$T/compared.direct") errors," \
	"$(wc -l <"$T/late") out of time"
diff "$T/compared.direct" "$T/compared.pooled" | head -n 20 || true
cmp -s "$T/compared.direct" "$T/compared.pooled" || fail 'the fates differ'
expect_at_most 'out of time' "$(wc -l <"$T/late")" $((kept / 20))

it 'pgweir is as it was'
wait_for '[ "$(show POOLS cl_active database=copy_pooled)" = 0 ]'
expect 'active' "$(show POOLS sv_active database=copy_pooled)" 0
expect 'works' "$(query 'select 1' copy_pooled)" 1
