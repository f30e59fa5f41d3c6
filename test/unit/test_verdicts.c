/*
 * test_verdicts.c - the cache, its limits and its budget.
 */
#include "sql/verdicts.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/must.h"

#define SEED 7

static struct mono now = { 1000000 };

static enum verdict
ask(struct verdicts *v, const char *text, struct sql_class *c)
{
	struct fingerprint f = fingerprint_of(str_of(text), false, SEED);

	return verdicts_ask(v, &f, str_of(text), 0, now, c);
}

START_TEST(a_shape_is_parsed_once)
{
	struct verdicts *v = verdicts_create(64, VERDICTS_BYTES_PER_SECOND);
	struct verdicts_counts n;
	struct sql_class c;

	ck_assert_int_eq(ask(v, "select a from t where b = 1", &c),
	    VERDICT_NEW);
	ck_assert(c.facts & SQL_READ);
	ck_assert_int_eq(ask(v, "SELECT a FROM t WHERE b = 'x';", &c),
	    VERDICT_KNOWN);
	ck_assert(c.facts & SQL_READ);
	ck_assert_int_eq(c.kind, SQL_SELECT);
	ck_assert_int_eq(ask(v, "delete from t", &c), VERDICT_NEW);
	ck_assert(!(c.facts & SQL_READ));
	n = verdicts_counts(v);
	ck_assert_uint_eq(n.known, 1);
	ck_assert_uint_eq(n.new, 2);
	ck_assert_uint_eq(n.used, 2);
	verdicts_destroy(v);
}
END_TEST

START_TEST(contexts_are_apart)
{
	struct verdicts *v = verdicts_create(64, VERDICTS_BYTES_PER_SECOND);
	struct str text = str_of("select f(1)");
	struct fingerprint f = fingerprint_of(text, false, SEED);
	struct sql_class c;

	ck_assert_int_eq(verdicts_ask(v, &f, text, 1, now, &c), VERDICT_NEW);
	ck_assert_int_eq(verdicts_ask(v, &f, text, 2, now, &c), VERDICT_NEW);
	c.facts &= ~SQL_READ;
	verdicts_learn(v, &f, 1, &c);
	ck_assert_int_eq(verdicts_ask(v, &f, text, 1, now, &c),
	    VERDICT_KNOWN);
	ck_assert(!(c.facts & SQL_READ));
	ck_assert_int_eq(verdicts_ask(v, &f, text, 2, now, &c),
	    VERDICT_KNOWN);
	ck_assert(c.facts & SQL_READ);
	verdicts_destroy(v);
}
END_TEST

START_TEST(l13_a_bad_literal_speaks_for_no_other)
{
	struct verdicts *v = verdicts_create(64, VERDICTS_BYTES_PER_SECOND);
	struct sql_class c;

	ck_assert_int_eq(ask(v, "select U&'\\zzzz'", &c), VERDICT_NEW);
	ck_assert_int_eq(c.result, SQL_UNREADABLE);
	ck_assert_int_eq(ask(v, "select 'a'", &c), VERDICT_NEW);
	ck_assert_int_eq(c.result, SQL_PARSED);
	verdicts_destroy(v);
}
END_TEST

START_TEST(l16_new_text_has_a_budget)
{
	struct verdicts *v = verdicts_create(64, 100);
	struct sql_class c;
	struct mono start = now;

	ck_assert_int_eq(ask(v, "select a000000000000000000000000000000000000"
	    "00000000000000000000000000000000000000000000", &c), VERDICT_NEW);
	ck_assert_int_eq(ask(v, "select b, c, d, e, f", &c), VERDICT_BUSY);
	ck_assert_int_eq(c.result, SQL_TOO_LONG);
	ck_assert(!(c.facts & SQL_READ));
	now = mono_after(start, 100000);
	ck_assert_int_eq(ask(v, "select b, c, d, e, f", &c), VERDICT_NEW);
	ck_assert_int_eq(ask(v, "select b, c, d, e, f", &c), VERDICT_KNOWN);
	ck_assert_int_eq(ask(v, "select g, h, i, j, k, l", &c), VERDICT_BUSY);
	/* An hour saves up no more than a second. */
	now = mono_after(start, INT64_C(3600) * 1000000);
	ck_assert_int_eq(ask(v, "select g, h, i, j, k, l", &c), VERDICT_NEW);
	ck_assert_int_eq(ask(v, "select a111111111111111111111111111111111111"
	    "11111111111111111111111111111111111111111111", &c), VERDICT_BUSY);
	/* A clock that goes back takes nothing away. */
	now = start;
	ck_assert_int_eq(ask(v, "select m, n, o", &c), VERDICT_NEW);
	ck_assert_uint_eq(verdicts_counts(v).busy, 3);
	verdicts_destroy(v);
}
END_TEST

START_TEST(l16_the_budget_is_one_second_at_most)
{
	struct verdicts *v = verdicts_create(64, 100);
	struct sql_class c;

	ck_assert_int_eq(ask(v, "select a, b, c", &c), VERDICT_NEW);
	now = mono_after(now, 900000);
	ck_assert_int_eq(ask(v, "select a000000000000000000000000000000000000"
	    "00000000000000000000000000000000000000000000", &c), VERDICT_NEW);
	ck_assert_int_eq(ask(v, "select d, e, f, g, h", &c), VERDICT_BUSY);
	verdicts_destroy(v);
}
END_TEST

START_TEST(l16_long_text_is_known_by_its_shape_only)
{
	struct verdicts *v = verdicts_create(64, VERDICTS_BYTES_PER_SECOND);
	struct text t = { 0 };
	struct sql_class c;

	text_puts(&t, "select 1 from t where a in (1");
	while (t.n < 2 * PARSE_TEXT_MAX)
		text_puts(&t, ", 2");
	text_puts(&t, ")");
	ck_assert_int_eq(ask(v, t.p, &c), VERDICT_NONE);
	ck_assert_int_eq(ask(v, "select 1 from t where a in (3)", &c),
	    VERDICT_NEW);
	ck_assert_int_eq(ask(v, t.p, &c), VERDICT_KNOWN);
	ck_assert(c.facts & SQL_READ);
	ck_assert_int_eq(ask(v, "select 'a", &c), VERDICT_NONE);
	ck_assert_uint_eq(verdicts_counts(v).none, 2);
	text_fini(&t);
	verdicts_destroy(v);
}
END_TEST

/* A flood of texts that come once drives out itself. */
START_TEST(f11_what_comes_back_stays)
{
	struct verdicts *v = verdicts_create(64, 1000000000);
	struct sql_class c;
	char text[64];
	unsigned i, lost = 0;

	ck_assert_int_eq(ask(v, "select hot", &c), VERDICT_NEW);
	for (i = 0; i < 10000; i++) {
		snprintf(text, sizeof text, "select cold%u", i);
		(void)ask(v, text, &c);
		if (ask(v, "select hot", &c) != VERDICT_KNOWN)
			lost++;
	}
	ck_assert_uint_eq(lost, 0);
	ck_assert_uint_eq(verdicts_counts(v).used, 64);
	ck_assert_uint_eq(verdicts_counts(v).entries, 64);
	ck_assert_uint_ge(verdicts_counts(v).evicted, 9900);
	verdicts_destroy(v);
}
END_TEST

START_TEST(sizes_are_rounded_up)
{
	struct verdicts *v = verdicts_create(0, 1);

	ck_assert_uint_eq(verdicts_counts(v).entries, 64);
	verdicts_destroy(v);
	v = verdicts_create(1000, 1);
	ck_assert_uint_eq(verdicts_counts(v).entries, 1024);
	verdicts_destroy(v);
	verdicts_destroy(NULL);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("verdicts");
	TCase *tc = tcase_create("cache");
	SRunner *sr = srunner_create(s);
	int failed;

	tcase_add_test(tc, a_shape_is_parsed_once);
	tcase_add_test(tc, contexts_are_apart);
	tcase_add_test(tc, l13_a_bad_literal_speaks_for_no_other);
	tcase_add_test(tc, l16_new_text_has_a_budget);
	tcase_add_test(tc, l16_the_budget_is_one_second_at_most);
	tcase_add_test(tc, l16_long_text_is_known_by_its_shape_only);
	tcase_add_test(tc, f11_what_comes_back_stays);
	tcase_add_test(tc, sizes_are_rounded_up);
	suite_add_tcase(s, tc);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
