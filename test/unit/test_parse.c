/*
 * test_parse.c - statements as PostgreSQL's grammar reads them.
 */
#include "sql/parse.h"

#include <check.h>
#include <stdlib.h>

#include "base/must.h"

static const struct {
	uint32_t bit;
	const char *name;
} facts[] = {
	{ SQL_LOCKS, "locks" }, { SQL_INTO, "into" },
	{ SQL_CHANGES, "changes" }, { SQL_TEMP, "temp" }, { SQL_ODD, "odd" },
	{ SQL_READ_ONLY, "ro" }, { SQL_READ_WRITE, "rw" },
	{ SQL_DEFERRABLE, "deferrable" }, { SQL_NOT_DEFERRABLE, "prompt" },
	{ SQL_CHAIN, "chain" }, { SQL_LOCAL, "local" },
	{ SQL_DEFAULT, "default" }, { SQL_HOLD, "hold" },
	{ SQL_ANALYZE, "analyze" }, { SQL_FILE, "file" },
};

static void
render_one(struct text *out, const struct sql_statement *s)
{
	static const char *const levels[] = { "", " uncommitted",
		" committed", " repeatable", " serializable" };
	size_t i;

	text_puts(out, sql_kind_name(s->kind));
	if (s->inner != s->kind)
		text_printf(out, "(%s)", sql_kind_name(s->inner));
	for (i = 0; i < countof(facts); i++)
		if (s->facts & facts[i].bit)
			text_printf(out, " %s", facts[i].name);
	text_puts(out, levels[s->isolation]);
	if (s->name.n > 0)
		text_printf(out, " [%.*s]", (int)s->name.n, s->name.p);
	if (s->facts & SQL_VALUE)
		text_printf(out, "=[%.*s]", (int)s->value.n,
		    s->value.n > 0 ? s->value.p : "");
}

static char *
render(const char *text)
{
	struct sql_statement s;
	struct text out = { 0 };
	struct sql_tree *t;
	size_t i;

	text_puts(&out, "");
	switch (parse_text(str_of(text), &t)) {
	case SQL_PARSED:
		for (i = 0; i < sql_tree_count(t); i++) {
			s = sql_tree_at(t, i);
			text_puts(&out, i > 0 ? "; " : "");
			render_one(&out, &s);
		}
		break;
	case SQL_UNREADABLE:
		text_puts(&out, "unreadable");
		break;
	case SQL_TOO_LONG:
		text_puts(&out, "too long");
		break;
	case SQL_TOO_MANY:
		text_puts(&out, "too many");
		break;
	}
	sql_tree_destroy(t);
	return text_take(&out);
}

static const struct {
	const char *text, *want;
} cases[] = {
	{ "", "" },
	{ " ; -- x\n;", "" },
	{ "select 1", "select" },
	{ "(select 1)", "select" },
	{ "values (1)", "select" },
	{ "table t", "select" },
	{ "with a as (select 1) select * from a", "select" },
	{ "select 1; select 2;", "select; select" },
	{ "selec 1", "unreadable" },
	{ "select '", "unreadable" },
	{ "select 1; selec", "unreadable" },
	/* l05 */
	{ "select 1 from t for update", "select locks" },
	{ "select 1 from t for no key update of t nowait", "select locks" },
	{ "select 1 from t for share skip locked", "select locks" },
	{ "select 1 from t for key share", "select locks" },
	{ "select (select 1 from t for update)", "select locks" },
	{ "with a as (select 1 from t for update) table a", "select locks" },
	{ "select 1 from (select 1 from t for share) x", "select locks" },
	{ "select 1 union (select 1 from t for share)", "select locks" },
	{ "select 1 from t where a in (select 1 from t for share)",
	    "select locks" },
	/* l06, l07 */
	{ "with a as (insert into t values (1) returning *) select * from a",
	    "select changes" },
	{ "with a as (update t set a=1 returning *) select count(*) from a",
	    "select changes" },
	{ "select * from (with a as (delete from t returning *) table a) x",
	    "select changes" },
	/* l09 */
	{ "select 1 into t", "select into" },
	{ "select 1 into temp t", "select into temp" },
	{ "select 1 union select 2 into t", "select into" },
	{ "insert into t values (1)", "change changes" },
	{ "update t set a = 1", "change changes" },
	{ "delete from t", "change changes" },
	{ "merge into t using s on a=b when matched then delete",
	    "change changes" },
	/* transactions: d44, l27 */
	{ "begin", "begin" },
	{ "begin work", "begin" },
	{ "start transaction read only", "begin ro" },
	{ "begin isolation level serializable, read only, deferrable",
	    "begin ro deferrable serializable" },
	{ "begin transaction read write not deferrable",
	    "begin rw prompt" },
	{ "begin isolation level read uncommitted", "begin uncommitted" },
	{ "begin isolation level read committed", "begin committed" },
	{ "begin isolation level repeatable read read only",
	    "begin ro repeatable" },
	{ "begin read only read write", "begin rw" },
	{ "commit", "commit" },
	{ "end", "commit" },
	{ "commit and chain", "commit chain" },
	{ "rollback", "rollback" },
	{ "abort", "rollback" },
	{ "rollback and no chain", "rollback" },
	{ "savepoint A", "savepoint [a]" },
	{ "release a", "release [a]" },
	{ "release savepoint \"A\"", "release [A]" },
	{ "rollback to a", "rollback to [a]" },
	{ "prepare transaction 'x'", "prepare transaction" },
	{ "commit prepared 'x'", "commit prepared" },
	{ "rollback prepared 'x'", "rollback prepared" },
	/* e13 */
	{ "set local a.b to 1", "set local [a.b]=[1]" },
	{ "set transaction read only", "set transaction ro" },
	{ "set transaction isolation level serializable",
	    "set transaction serializable" },
	{ "set transaction snapshot 'x'", "set transaction" },
	{ "set session characteristics as transaction read only",
	    "set session characteristics ro" },
	{ "set constraints all deferred", "other" },
	/* SET */
	{ "set TimeZone to 'UTC'", "set [timezone]=[UTC]" },
	{ "set session a = on", "set [a]=[on]" },
	{ "set a = true", "set [a]=[true]" },
	{ "set a to -5", "set [a]=[-5]" },
	{ "set a to 1.5", "set [a]=[1.5]" },
	{ "set a to ''", "set [a]=[]" },
	{ "set a to '', b", "set [a]=[, b]" },
	{ "set a to default", "set default [a]" },
	{ "set search_path to A, \"B c\", '$user', ''",
	    "set [search_path]=[a, \"B c\", \"$user\", \"\"]" },
	{ "set search_path = 'a\"b'", "set [search_path]=[\"a\"\"b\"]" },
	{ "set search_path = 'a, b'", "set [search_path]=[\"a, b\"]" },
	{ "set datestyle = iso, mdy", "set [datestyle]=[iso, mdy]" },
	{ "set time zone 'UTC'", "set [timezone]=[UTC]" },
	{ "set time zone local", "set default [timezone]" },
	{ "set time zone -7", "set [timezone]=[-7]" },
	{ "set time zone interval '1' hour to minute", "set [timezone]" },
	{ "set names 'utf8'", "set [client_encoding]=[utf8]" },
	{ "set schema 'x'", "set [search_path]=[x]" },
	{ "set role none", "set [role]=[none]" },
	{ "set session authorization x", "set [session_authorization]=[x]" },
	{ "set session authorization default",
	    "set default [session_authorization]" },
	{ "set xml option content", "set [xmloption]=[CONTENT]" },
	{ "set \"A b\" to 1", "set [A b]=[1]" },
	{ "reset a", "reset [a]" },
	{ "reset time zone", "reset [timezone]" },
	{ "reset all", "reset all" },
	{ "show a.b", "show [a.b]" },
	{ "show all", "show [all]" },
	/* f23 */
	{ "prepare A (int) as select $1", "prepare(select) [a]" },
	{ "prepare a as insert into t values ($1)",
	    "prepare(change) changes [a]" },
	{ "execute \"A\" (1)", "execute [A]" },
	{ "explain execute a", "explain(execute) [a]" },
	{ "create table t as execute a", "create(execute) [a]" },
	{ "deallocate prepare a", "deallocate [a]" },
	{ "deallocate all", "deallocate all" },
	{ "discard all", "discard all" },
	{ "discard plans", "discard plans" },
	{ "discard sequences", "discard sequences" },
	{ "discard temporary", "discard temp" },
	/* l35 */
	{ "declare a cursor for select 1", "declare(select) [a]" },
	{ "declare a scroll cursor with hold for select 1",
	    "declare(select) hold [a]" },
	{ "declare a cursor without hold for select 1 from t for update",
	    "declare(select) locks [a]" },
	{ "fetch 1 from a", "fetch [a]" },
	{ "move a", "fetch [a]" },
	{ "close a", "close [a]" },
	{ "close all", "close all" },
	/* l37 */
	{ "listen A", "listen [a]" },
	{ "unlisten a", "unlisten [a]" },
	{ "unlisten *", "unlisten all" },
	{ "notify a, 'x'", "notify [a]" },
	{ "lock table t in share mode", "lock" },
	/* l11 */
	{ "copy t to stdout", "copy to" },
	{ "copy t from stdin", "copy from" },
	{ "copy t to '/x'", "copy to file" },
	{ "copy t from program 'x'", "copy from file" },
	{ "copy (select 1) to stdout", "copy to(select)" },
	{ "copy (delete from t returning *) to stdout",
	    "copy to(change) changes" },
	/* l10 */
	{ "explain select 1", "explain(select)" },
	{ "explain analyze select 1", "explain(select) analyze" },
	{ "explain (verbose, analyze) select 1", "explain(select) analyze" },
	{ "explain (analyze off) select 1", "explain(select)" },
	{ "explain (analyze 'FALSE', costs on) select 1", "explain(select)" },
	{ "explain (analyze 0) select 1", "explain(select)" },
	{ "explain (analyze 1) select 1", "explain(select) analyze" },
	{ "explain (analyze of) select 1", "explain(select) analyze" },
	{ "explain analyze delete from t", "explain(change) changes analyze" },
	{ "explain create table t as select 1", "explain(other) odd" },
	/* e24 */
	{ "create temp table t (a int)", "create temp" },
	{ "create table pg_temp.t (a int)", "create temp" },
	{ "create table t (a int)", "create" },
	{ "create temporary table t as select 1", "create(select) temp" },
	{ "create temp view v as select 1", "create temp" },
	{ "create temp sequence s", "create temp" },
	{ "create function pg_temp.f() returns int language sql as $$x$$",
	    "ddl temp" },
	/* l08 */
	{ "call p(1)", "call" },
	{ "do $$begin end$$", "do" },
	{ "load 'x'", "load" },
	{ "create index on t (a)", "ddl" },
	{ "alter table t add b int", "ddl" },
	{ "drop table t", "ddl" },
	{ "truncate t", "ddl" },
	{ "grant select on t to u", "ddl" },
	{ "comment on table t is 'x'", "ddl" },
	{ "refresh materialized view v", "ddl" },
	{ "create function f() returns int begin atomic; select 1; "
	    "select 2; end", "ddl" },
	{ "create rule r as on insert to t do (delete from a; delete from b)",
	    "ddl" },
	{ "alter system set a to b", "ddl" },
	{ "vacuum t", "other" },
	{ "analyze", "other" },
	{ "reindex table t", "other" },
	{ "checkpoint", "other" },
	/* every kind of node that a read may have */
	{ "select distinct on (a) b, count(*) filter (where c), sum(d) over w,"
	    " array[1], row(1,2), case when a then 1 else 2 end, x[1:2],"
	    " (y).z, a.*, nullif(1,2), coalesce(1), greatest(1,2),"
	    " cast(a as int), a::numeric(1,2)[], a collate \"C\","
	    " current_date, a is null, a is true, not a, a between 1 and 2,"
	    " a like 'b', a in (1,2), a = any(array[1]), exists (select 1),"
	    " array(select 1), b'01', 1.5, null, $1, interval '1' day,"
	    " f(a => 1), f(variadic a), extract(year from b), grouping(a),"
	    " xmlelement(name a, xmlattributes(b as c), 'd'),"
	    " percentile_cont(0.5) within group (order by e),"
	    " a is distinct from b, (1,2) < (3,4), b at time zone 'x',"
	    " xmlserialize(content a as text), overlay(a placing b from 1)"
	    " from only t as u (a,b), lateral (select 1) v, s.f(1) with"
	    " ordinality, rows from (f(1), g(2)) as (a int, b text),"
	    " t tablesample system (1) repeatable (2),"
	    " xmltable('/a' passing b columns c int path 'd' default 1)"
	    " natural join w left join x using (a) cross join y"
	    " where current_user = user group by grouping sets ((a), rollup"
	    " (b), cube (c)), () having count(*) > 1 window w as (partition by"
	    " a order by b desc nulls last rows between 1 preceding and"
	    " current row) order by 1 using <, 2 limit 1 offset 2", "select" },
	{ "with recursive a as (select 1 union all select 2 from a)"
	    " search depth first by b set c cycle b set d using e"
	    " table a except select 1 intersect select 2 order by 1"
	    " fetch first 1 row with ties", "select" },
	{ "insert into t (a[1], b.c) overriding system value values"
	    " (1, default) on conflict (a) where b do update set"
	    " (c, d) = (select 1, 2) where e returning *", "change changes" },
	{ "delete from t using s where current of c", "change changes" },
	{ "merge into t using s on a = b when not matched and c then insert"
	    " values (1) when matched then update set a = default",
	    "change changes" },
};

START_TEST(statements_are_what_the_grammar_says)
{
	char *got = render(cases[_i].text);

	ck_assert_msg(strcmp(got, cases[_i].want) == 0, "%s: got %s",
	    cases[_i].text, got);
	free(got);
}
END_TEST

static const struct {
	const char *text, *want;
} named[] = {
	{ "select a.f(1), \"B\".\"G\"(2), now()", "fa.f fB.G fnow" },
	{ "select 1 from s.t, u, only v", "rs.t ru rv" },
	{ "select a + b from t where c @> d", "o+ o@> rt" },
	{ "select a operator(s.+) b", "os.+" },
	{ "select x.lastval, (y).z, a[1].b, t.*", "flastval? fz? fb?" },
	{ "select a::s.d, 'x'::int", "ts.d tpg_catalog.int4" },
	{ "with c as (select 1) table c", "cc rc" },
	{ "select current_user, current_date",
	    "fpg_catalog.current_user fpg_catalog.current_date" },
	{ "select 1 between 2 and 3", "o< o<= o> o>=" },
	{ "select 1 in (select 2), 3 < all (select 4)", "o= o<" },
	{ "select 1 from a order by b using >>", "o>> ra" },
	{ "select 1 from t tablesample bernoulli (f(1))", "fbernoulli ff rt" },
	{ "select U&\"\\006eextval\"('x')", "fnextval" },
	{ "select a || b || c || d", "o||" },
	{ "copy t to stdout", "rt" },
	{ "call p.q(f())", "fp.q ff" },
	{ "select 1 from t for update of u", "rt ru" },
	{ "explain select f()", "ff" },
};

static int
by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Both as words in order of the alphabet: the walk has its own order. */
static void
sort_words(const char *text, char *out)
{
	char copy[1000], *word[64], *rest = copy;
	size_t i, n = 0;

	ck_assert(strlen(text) < sizeof copy);
	strcpy(copy, text);
	while ((word[n] = strsep(&rest, " ")) != NULL && n < 63)
		n++;
	qsort(word, n, sizeof *word, by_text);
	*out = '\0';
	for (i = 0; i < n; i++)
		strcat(strcat(out, word[i]), " ");
}

START_TEST(l03_names_are_found_wherever_they_hide)
{
	static const char letter[] = { [REF_FUNCTION] = 'f',
		[REF_OPERATOR] = 'o', [REF_RELATION] = 'r', [REF_CTE] = 'c',
		[REF_TYPE] = 't', [REF_FIELD] = 'f' };
	char want[1100], got[1100];
	struct text out = { 0 };
	struct sql_statement s;
	struct sql_tree *t;
	size_t i;

	ck_assert_int_eq(parse_text(str_of(named[_i].text), &t), SQL_PARSED);
	s = sql_tree_at(t, 0);
	for (i = 0; i < s.nrefs; i++)
		text_printf(&out, "%s%c%.*s%s%.*s%s", i > 0 ? " " : "",
		    letter[s.refs[i].kind], (int)s.refs[i].schema.n,
		    s.refs[i].schema.n > 0 ? s.refs[i].schema.p : "",
		    s.refs[i].schema.n > 0 ? "." : "", (int)s.refs[i].name.n,
		    s.refs[i].name.p, s.refs[i].kind == REF_FIELD ? "?" : "");
	sort_words(named[_i].want, want);
	sort_words(out.n > 0 ? out.p : "", got);
	ck_assert_msg(strcmp(got, want) == 0, "%s: got %s", named[_i].text,
	    got);
	text_fini(&out);
	sql_tree_destroy(t);
}
END_TEST

START_TEST(statements_know_their_place)
{
	const char *text = "begin; prepare a as select 1 ; commit";
	struct sql_statement s;
	struct sql_tree *t;

	ck_assert_int_eq(parse_text(str_of(text), &t), SQL_PARSED);
	ck_assert_uint_eq(sql_tree_count(t), 3);
	s = sql_tree_at(t, 0);
	ck_assert(str_is(s.text, "begin"));
	s = sql_tree_at(t, 1);
	ck_assert(str_is(str_trim(s.text), "prepare a as select 1"));
	s = sql_tree_at(t, 2);
	ck_assert(str_is(s.text, " commit"));
	sql_tree_destroy(t);
}
END_TEST

/* ---- hostile ----------------------------------------------------------- */

static const struct {
	const char *why, *head, *unit, *middle, *close, *tail;
	bool readable;  /* PostgreSQL's own limit is 10,000 states */
} deep[] = {
	{ "NOT", "select ", "not ", "true", "", "", false },
	{ "some NOT", "select ", "not     not     ", "true", "", "", true },
	{ "parentheses", "select ", "(", "1", ")", "", false },
	{ "SELECT in SELECT", "", "select (", "select 1", ")", "", false },
	{ "FROM in FROM", "", "select * from (", "select 1", ") a", "", false },
	{ "sums", "select 1", "+1", "", "", "", true },
	{ "minus signs", "select ", "- ", "1", "", "", false },
	{ "concatenation", "select a", "||a", "", "", "", true },
	{ "AND", "select a", " and a", "", "", "", true },
	{ "OR", "select a", " or a", "", "", "", true },
	{ "UNION", "select 1", " union select 1", "", "", "", true },
	{ "CASE", "select ", "case when a then ", "1", " end", "", false },
	{ "calls", "select ", "f(", "1", ")", "", false },
	{ "arrays", "select ", "array[", "1", "]", "", false },
	{ "brackets", "select array[", "[", "1", "]", "]", false },
	{ "subscripts", "select a", "[1]", "", "", "", true },
	{ "casts", "select a", "::int", "", "", "", true },
	{ "fields", "select a", ".b", "", "", "", true },
	{ "lists", "select 1 where 1 in (1", ",1", "", "", ")", true },
	{ "rows", "values (1)", ",(1)", "", "", "", true },
	{ "tables", "select 1 from a", ",a", "", "", "", true },
	{ "joins", "select 1 from a", " join a on b", "", "", "", true },
	{ "WITH in WITH", "", "with a as (", "select 1", ") select 1", "",
	    false },
	{ "EXISTS", "select ", "exists (select ", "1", ")", "", false },
	{ "statements", "select 1", ";select 1", "", "", "", false },
	{ "empty statements", "select 1", ";", "", "", "", true },
	{ "nothing closes", "select ", "(select ", "", "", "", false },
	{ "types", "select a::int", "[]", "", "", "", true },
	{ "strings over lines", "select 'a'", "\n'a'", "", "", "", true },
	{ "comments", "select 1", "/*", "", "*/", "", false },
	{ "comments apart", "select 1", "/* ", "", "*/", "", true },
	{ "signs without end", "select 1", "+-+-+", "1", "", "", false },
	{ "a run of an operator", "select 1", "=+", "1", "", "", false },
	{ "set", "set search_path to a", ",a", "", "", "", true },
	{ "explain", "", "explain ", "select 1", "", "", false },
};

/* As long as the grammar is ever given, or with so many levels. */
static char *
deepen(size_t i, size_t levels)
{
	size_t pair = strlen(deep[i].unit) + strlen(deep[i].close);
	size_t fixed = strlen(deep[i].head) + strlen(deep[i].middle) +
	    strlen(deep[i].tail);
	size_t n = (PARSE_TEXT_MAX - fixed) / pair, k;
	struct text t = { 0 };

	n = levels < n ? levels : n;
	text_puts(&t, deep[i].head);
	for (k = 0; k < n; k++)
		text_puts(&t, deep[i].unit);
	text_puts(&t, deep[i].middle);
	for (k = 0; k < n; k++)
		text_puts(&t, deep[i].close);
	text_puts(&t, deep[i].tail);
	ck_assert_uint_le(t.n, PARSE_TEXT_MAX);
	return text_take(&t);
}

START_TEST(l19_depth_costs_no_stack)
{
	char *text = deepen((size_t)_i, SIZE_MAX);
	struct sql_tree *t;
	enum sql_result r = parse_text(str_of(text), &t);

	if (deep[_i].readable)
		ck_assert_msg(r == SQL_PARSED, "%s: %d", deep[_i].why, (int)r);
	else
		ck_assert_msg(r != SQL_PARSED, "%s", deep[_i].why);
	sql_tree_destroy(t);
	free(text);
}
END_TEST

/* A depth that the grammar takes, so that the walk sees it. */
START_TEST(l19_depth_of_50_is_nothing)
{
	char *text = deepen((size_t)_i, 50);
	struct sql_tree *t;
	enum sql_result r = parse_text(str_of(text), &t);

	if (deep[_i].readable || deep[_i].close[0] != '\0')
		ck_assert_msg(r == SQL_PARSED, "%s: %d", deep[_i].why, (int)r);
	sql_tree_destroy(t);
	free(text);
}
END_TEST

START_TEST(l19_depth_of_1000_is_bounded)
{
	char *text = deepen((size_t)_i, 1000);
	struct sql_tree *t;

	(void)parse_text(str_of(text), &t);
	sql_tree_destroy(t);
	free(text);
}
END_TEST

START_TEST(l16_long_text_is_not_read)
{
	struct text t = { 0 };
	struct sql_tree *tree;

	text_puts(&t, "select 1");
	while (t.n < PARSE_TEXT_MAX)
		text_puts(&t, " ");
	ck_assert_int_eq(parse_text((struct str){ t.p, t.n }, &tree),
	    SQL_PARSED);
	sql_tree_destroy(tree);
	text_puts(&t, " ");
	ck_assert_int_eq(parse_text((struct str){ t.p, t.n }, &tree),
	    SQL_TOO_LONG);
	ck_assert_ptr_null(tree);
	text_fini(&t);
}
END_TEST

START_TEST(l16_a_nul_byte_hides_nothing)
{
	struct sql_tree *tree;

	ck_assert_int_eq(parse_text((struct str){ "select 1\0;drop", 14 },
	    &tree), SQL_UNREADABLE);
}
END_TEST

START_TEST(many_names_are_too_many)
{
	struct sql_statement s;
	struct text t = { 0 };
	struct sql_tree *tree;
	int i;

	text_puts(&t, "select 1");
	for (i = 0; i < TREE_REFS_MAX + 1; i++)
		text_printf(&t, ",f%d()", i);
	ck_assert_int_eq(parse_text((struct str){ t.p, t.n }, &tree),
	    SQL_PARSED);
	s = sql_tree_at(tree, 0);
	ck_assert(s.facts & SQL_ODD);
	ck_assert_uint_eq(s.nrefs, TREE_REFS_MAX);
	sql_tree_destroy(tree);
	text_fini(&t);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("parse");
	TCase *tc = tcase_create("grammar"), *hostile = tcase_create("hostile");
	SRunner *sr = srunner_create(s);
	int failed;

	tcase_add_loop_test(tc, statements_are_what_the_grammar_says, 0,
	    countof(cases));
	tcase_add_loop_test(tc, l03_names_are_found_wherever_they_hide, 0,
	    countof(named));
	tcase_add_test(tc, statements_know_their_place);
	suite_add_tcase(s, tc);
	tcase_add_loop_test(hostile, l19_depth_costs_no_stack, 0,
	    countof(deep));
	tcase_add_loop_test(hostile, l19_depth_of_50_is_nothing, 0,
	    countof(deep));
	tcase_add_loop_test(hostile, l19_depth_of_1000_is_bounded, 0,
	    countof(deep));
	tcase_add_test(hostile, l16_long_text_is_not_read);
	tcase_add_test(hostile, l16_a_nul_byte_hides_nothing);
	tcase_add_test(hostile, many_names_are_too_many);
	suite_add_tcase(s, hostile);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
