#!/usr/bin/env bash
# dump.sh - pg_dump through session pooling, restored through session
# pooling, is what pg_dump says directly.
. "${0%/*}/lib.sh"

pg_start
pgweir_start '
pool_mode = session
default_pool_size = 4
server_reset_query = DISCARD ALL'

pg 'create database original'
pg 'create database copied'

it 'a database with every contrib extension that loads'
loaded=0
share=${PGBIN/lib/share}
for control in "${share%/bin}"/extension/*.control; do
	name=$(basename "$control" .control)
	if pg "create extension if not exists \"$name\" cascade" original \
		>/dev/null 2>&1; then
		loaded=$((loaded + 1))
	fi
done
echo "$loaded extensions"
[ "$loaded" -ge 15 ] || fail "only $loaded extensions: is contrib there?"

psql -XAtq -v ON_ERROR_STOP=1 -h "$T" -p "$PG_PORT" -U postgres original \
	>/dev/null <<'SQL'
create schema "odd names; --";
create type mood as enum ('good', 'it''s bad', E'tab\there');
create table things (
	id int generated always as identity primary key,
	feeling mood default 'good',
	amount numeric(12, 3) check (amount >= 0),
	made timestamptz default '2024-02-29 12:00+14',
	data jsonb, bytes bytea, words text[], loc point
);
insert into things (feeling, amount, data, bytes, words, loc)
	select 'it''s bad', i * 1.5, jsonb_build_object('n', i, 'q', '"\'),
		decode(md5(i::text), 'hex'), array['a', null, '"x"', i::text],
		point(i, -i)
	from generate_series(1, 20000) i;
create table "odd names; --"."Table ""1""" ("col;umn" text collate "C");
insert into "odd names; --"."Table ""1""" values (E'\\N'), (E'\\.'),
	(E'line\nbreak\ttab\\'), (null), (''), ('ünïcödé ☃');
create view seen as select feeling, count(*) from things group by 1;
create materialized view stored as select * from seen;
create function f(a int, variadic b text[]) returns text language plpgsql
	as $body$ begin return 'it''s ' || a || $in$ $$ $in$; end $body$;
create index on things using gin (data);
create index on things (lower(words[1])) where amount > 10;
create rule r as on delete to seen do instead nothing;
create sequence s minvalue -100 maxvalue 20 start 17 increment -3;
select nextval('s');
comment on table things is 'it''s a comment; -- really';
select lo_from_bytea(4711, decode(repeat('00ff', 10000), 'hex'));
SQL

# dump HOST PORT DATABASE: without the key that is another each time.
dump()
{
	pg_dump --no-sync -b -h "$1" -p "$2" -U postgres "$3" |
		sed -E '/^\\(un)?restrict /d'
}

it 'the dump through pgweir is the dump'
dump "$T" "$PG_PORT" original >"$T/direct.sql"
dump "$HOST" "$PORT" original >"$T/pooled.sql"
cmp "$T/direct.sql" "$T/pooled.sql" || fail 'the dumps differ'

it 'pg_dump | psql through pgweir makes the same database'
dump "$HOST" "$PORT" original | psql -Xq -v ON_ERROR_STOP=1 -h "$HOST" \
	-p "$PORT" -U postgres -d copied >"$T/restore.log" 2>&1 ||
	fail "restore: $(tail -n 3 "$T/restore.log")"
dump "$T" "$PG_PORT" copied >"$T/copied.sql"
cmp "$T/direct.sql" "$T/copied.sql" || fail 'the copy differs'

it 'in pieces, too: a dump in parallel, rows as INSERT'
pg_dump --no-sync -j 3 -Fd -f "$T/folder" -h "$HOST" -p "$PORT" -U postgres \
	original
pg 'drop database copied with (force)'
pg 'create database copied'
pg_restore -j 3 -h "$HOST" -p "$PORT" -U postgres -d copied "$T/folder"
dump "$T" "$PG_PORT" copied >"$T/copied.sql"
cmp "$T/direct.sql" "$T/copied.sql" || fail 'the copy differs'
pg_dump --no-sync --rows-per-insert=500 -t things -h "$HOST" -p "$PORT" \
	-U postgres original >"$T/inserts.sql"
query 'drop table things cascade' copied
psql -Xq -v ON_ERROR_STOP=1 -h "$HOST" -p "$PORT" -U postgres -d copied \
	-f "$T/inserts.sql" >/dev/null
expect 'rows' "$(query 'select count(*), sum(amount) from things' copied)" \
	'20000|300015000.000'

it 'the pool is at rest'
wait_for '[ "$(show POOLS cl_active database=original)" = 0 ]'
expect 'active' "$(show POOLS sv_active database=original)" 0
