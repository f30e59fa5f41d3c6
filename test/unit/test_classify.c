/*
 * test_classify.c - what only reads, and what is tied to a session.
 */
#include "sql/classify.h"

#include <check.h>
#include <stdlib.h>

#include "base/must.h"

#define R SQL_READ
#define C SQL_CALLS
#define T (SQL_CALLS | SQL_BOUND)
#define B (T | SQL_ACTS)

/* Of all facts, those that are asked for here. */
#define ASKED (SQL_READ | SQL_CALLS | SQL_BOUND | SQL_SET_CONFIG |      \
	SQL_ADVISORY_LOCK | SQL_ADVISORY_UNLOCK | SQL_SEQUENCE | SQL_ACTS)

static const struct {
	const char *text;
	uint32_t want;
} cases[] = {
	{ "select 1", R },
	{ "values (1)", R },
	{ "table t", R },
	{ "((select 1) union (table t))", R },
	{ "with a as (select 1) table a", R },
	{ "explain select 1", R },
	{ "explain (analyze off) select 1", R },
	{ "copy (select 1) to stdout", R },
	{ "select 1; table t;", R },
	{ "select now()", R | C },
	/* l05, l06, l09 */
	{ "select 1 for update", 0 },
	{ "select 1 into t", 0 },
	{ "with a as (delete from t returning *) table a", 0 },
	{ "create table t as select 1", 0 },
	{ "select 1; insert into t values (1)", 0 },
	{ "insert into t values (1)", 0 },
	{ "", 0 },
	{ ";", 0 },
	/* l10, l11 */
	{ "explain analyze select 1", 0 },
	{ "explain delete from t", 0 },
	{ "explain execute a", 0 },
	{ "copy t to stdout", 0 },
	{ "copy (select 1) to '/x'", 0 },
	{ "copy (select 1) to program 'x'", 0 },
	{ "copy (insert into t values (1) returning *) to stdout", 0 },
	{ "prepare a as select 1", 0 },
	{ "declare a cursor for select 1", 0 },
	/* l08 */
	{ "call p()", C },
	{ "do 'x'", 0 },
	{ "show x", 0 },
	{ "vacuum", 0 },
	/* l02, l03 */
	{ "select nextval('s')", R | B | SQL_SEQUENCE },
	{ "select pg_catalog.nextval('s')", R | B | SQL_SEQUENCE },
	{ "select \"nextval\"('s')", R | B | SQL_SEQUENCE },
	{ "select NextVal('s')", R | B | SQL_SEQUENCE },
	{ "select U&\"n\\0065xtval\"('s')", R | B | SQL_SEQUENCE },
	{ "select \"NEXTVAL\"('s')", R | C },
	{ "select 1 where exists (select lastval())", R | B | SQL_SEQUENCE },
	{ "select t.lastval from t", R | B | SQL_SEQUENCE },
	{ "select a.b from a", R },
	{ "insert into t values (nextval('s'))", B | SQL_SEQUENCE },
	/* e14, l04, l21, l22 */
	{ "select set_config('a', 'b', false)", R | B | SQL_SET_CONFIG },
	{ "select pg_advisory_lock(1)", R | B | SQL_ADVISORY_LOCK },
	{ "select pg_try_advisory_lock_shared(1)",
	    R | B | SQL_ADVISORY_LOCK },
	{ "select pg_advisory_unlock_all()", R | B | SQL_ADVISORY_UNLOCK },
	{ "select pg_advisory_xact_lock(1)", R | B },
	{ "select pg_backend_pid()", R | T },
	{ "select * from pg_stat_activity", R | SQL_BOUND },
	{ "select * from pg_catalog.pg_locks", R | SQL_BOUND },
	{ "select pg_notify('a', 'b')", R | B },
	{ "select pg_stat_get_backend_pid(1)", R | T },
	{ "select pg_stat_reset()", R | B },
	{ "select pg_is_in_recovery(), pg_notify('a', 'b')", R | B },
	{ "select dblink_exec('x')", R | B },
	{ "select lo_create(1)", R | B },
	{ "select pg_is_in_recovery()", R | T },
	{ "select pg_switch_wal()", R | B },
	{ "select txid_current()", R | B },
	{ "select current_setting('x')", R | T },
	{ "select setseed(1)", R | B },
	{ "select nextvalue(1)", R | C },
	{ "select pg_typeof(1)", R | C },
};

START_TEST(l01_form_and_names_say_what_reads)
{
	struct sql_class c = classify_text(str_of(cases[_i].text));

	ck_assert_int_eq(c.result, SQL_PARSED);
	ck_assert_msg((c.facts & ASKED) == cases[_i].want, "%s: got %x",
	    cases[_i].text, c.facts & ASKED);
}
END_TEST

START_TEST(several_statements_have_one_class)
{
	struct sql_class c = classify_text(str_of("select 1; select 2"));

	ck_assert_int_eq(c.kind, SQL_SELECT);
	ck_assert_uint_eq(c.statements, 2);
	c = classify_text(str_of(
	    "begin read only; set transaction isolation level serializable"));
	ck_assert_int_eq(c.kind, SQL_OTHER);
	ck_assert_int_eq(c.isolation, SQL_SERIALIZABLE);
	ck_assert(c.facts & SQL_READ_ONLY);
	c = classify_text(str_of("explain select 1"));
	ck_assert_int_eq(c.kind, SQL_EXPLAIN);
	ck_assert_int_eq(c.inner, SQL_SELECT);
	c = classify_text(str_of(""));
	ck_assert_uint_eq(c.statements, 0);
}
END_TEST

START_TEST(l16_what_cannot_be_read_is_not_a_read)
{
	struct sql_class c = classify_text(str_of("select 'x"));

	ck_assert_int_eq(c.result, SQL_UNREADABLE);
	ck_assert_uint_eq(c.facts, 0);
	ck_assert_int_eq(c.kind, SQL_OTHER);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("classify");
	TCase *tc = tcase_create("class");
	SRunner *sr = srunner_create(s);
	int failed;

	tcase_add_loop_test(tc, l01_form_and_names_say_what_reads, 0,
	    countof(cases));
	tcase_add_test(tc, several_statements_have_one_class);
	tcase_add_test(tc, l16_what_cannot_be_read_is_not_a_read);
	suite_add_tcase(s, tc);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
