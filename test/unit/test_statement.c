/*
 * test_statement.c - statements are kept once, names and plans refer to them
 * (f01, f02, f10 to f12, f26, f27).
 */
#include "pool/statement.h"

#include <check.h>
#include <stdio.h>
#include <string.h>

#include "base/must.h"
#include "pool/names.h"
#include "pool/plans.h"

static struct statement_table *table;

static void
start(void)
{
	table = statement_table_create(42, 0xabc);
}

static void
stop(void)
{
	uint32_t n;
	uint64_t bytes;

	/* f26: nothing stays behind. */
	statement_table_count(table, &n, &bytes);
	ck_assert_uint_eq(n, 0);
	ck_assert_uint_eq(bytes, 0);
	statement_table_destroy(table);
}

static struct statement *
acquire(const char *body, size_t n)
{
	return statement_acquire(table, STATEMENT_PARSE, body, n);
}

/* The text, its NUL byte, the number of types and the types. */
static const char plain[] = "select $1\0\0";
static const char typed[] = "select $1\0\0\1\0\0\0\27";
static const char other[] = "select $1\0\0\1\0\0\0\31";

START_TEST(f02_types_belong_to_the_statement)
{
	struct statement *a = acquire(plain, sizeof plain);
	struct statement *b = acquire(typed, sizeof typed);
	struct statement *c = acquire(other, sizeof other);
	struct statement *same = acquire(typed, sizeof typed);
	char x[STATEMENT_NAME_ROOM], y[STATEMENT_NAME_ROOM];

	ck_assert_ptr_ne(a, b);
	ck_assert_ptr_ne(b, c);
	ck_assert_ptr_eq(b, same);
	ck_assert_str_ne(statement_name(b, x), statement_name(c, y));
	ck_assert_uint_eq(statement_body(b).n, sizeof typed);
	ck_assert_int_eq(memcmp(statement_body(b).p, typed, sizeof typed), 0);
	statement_release(same);
	statement_release(a);
	statement_release(b);
	statement_release(c);
}
END_TEST

/* What is prepared by Parse and what by PREPARE is not the same. */
START_TEST(kinds_are_apart)
{
	struct statement *a = acquire("x", 1);
	struct statement *b = statement_acquire(table, STATEMENT_SQL, "x", 1);

	ck_assert_ptr_ne(a, b);
	ck_assert_int_eq(statement_kind(b), STATEMENT_SQL);
	statement_release(a);
	statement_release(b);
}
END_TEST

/* f01: a name is not used again, even for the same text. */
START_TEST(f01_names_are_never_used_again)
{
	char x[STATEMENT_NAME_ROOM], y[STATEMENT_NAME_ROOM];
	struct statement *a = acquire("x", 1);

	statement_name(a, x);
	ck_assert_str_eq(x, "pgweir_00000abc_1");
	statement_release(a);
	a = acquire("x", 1);
	ck_assert_str_ne(statement_name(a, y), x);
	statement_release(a);
}
END_TEST

START_TEST(f27_strange_names)
{
	static const char *const strange[] = { "", "%s%n", "\"'--", "\xff" };
	struct names *names = names_create(7);
	char longest[10001];
	size_t i;

	memset(longest, 'x', sizeof longest - 1);
	longest[sizeof longest - 1] = '\0';
	ck_assert_ptr_null(names_find(NULL, "x"));
	for (i = 0; i < countof(strange); i++)
		names_add(names, strange[i], acquire(strange[i],
		    strlen(strange[i])));
	names_add(names, longest, acquire(longest, sizeof longest));
	for (i = 0; i < countof(strange); i++)
		ck_assert_uint_eq(statement_body(names_find(names,
		    strange[i])->statement).n, strlen(strange[i]));
	ck_assert_ptr_nonnull(names_find(names, longest));
	ck_assert_uint_eq(names_count(names), countof(strange) + 1);
	names_remove(names, longest);
	names_remove(names, longest);
	ck_assert_ptr_null(names_find(names, longest));
	names_close(names, "%s%n", 7);
	ck_assert_ptr_null(names_find(names, "%s%n"));
	ck_assert(names_look(names, "%s%n")->pending);
	names_reopen(names, "%s%n", NULL, NULL);
	ck_assert_ptr_nonnull(names_find(names, "%s%n"));
	names_close(names, "%s%n", 7);
	names_add(names, "%s%n", acquire("new", 3));
	ck_assert(!names_find(names, "%s%n")->pending);
	names_find(names, "")->pending = true;
	names_clear_settled(names);
	ck_assert_uint_eq(names_count(names), 1);
	names_destroy(names);
	names_destroy(NULL);
}
END_TEST

static struct plan *
add(struct plans *ps, const char *text, uint64_t batch)
{
	struct statement *s = acquire(text, strlen(text));
	struct plan *p = plans_add(ps, s);

	statement_release(s);
	p->pending = false;
	p->batch = batch;
	return p;
}

START_TEST(f10_f11_the_oldest_goes_but_not_of_this_batch)
{
	struct plans ps;
	struct plan *a, *b;

	plans_init(&ps);
	ck_assert_ptr_null(plans_oldest(&ps, 1));
	a = add(&ps, "a", 1);
	b = add(&ps, "b", 2);
	ck_assert_ptr_eq(plans_oldest(&ps, 2), a);
	plans_touch(&ps, a);
	ck_assert_ptr_eq(plans_oldest(&ps, 3), b);
	ck_assert_ptr_null(plans_oldest(&ps, 2));
	b->pending = true;
	ck_assert_ptr_null(plans_oldest(&ps, 3));
	plans_clear_settled(&ps);
	ck_assert_uint_eq(ps.n, 1);
	ck_assert_ptr_eq(plans_find(&ps, b->statement), b);
	plans_remove(&ps, b->statement);
	ck_assert_uint_eq(ps.n, 0);
	plans_fini(&ps);
}
END_TEST

/* f12: it is not a matter of how many there are. */
START_TEST(f12_a_hundred_thousand)
{
	struct names *names = names_create(7);
	struct plans ps;
	char text[32];
	unsigned i;

	plans_init(&ps);
	for (i = 0; i < 100000; i++) {
		snprintf(text, sizeof text, "select %u", i);
		add(&ps, text, 1);
		names_add(names, text, acquire(text, strlen(text)));
		if (ps.n > 200)
			plans_remove(&ps,
			    plans_oldest(&ps, 2)->statement);
	}
	ck_assert_uint_eq(ps.n, 200);
	ck_assert_uint_eq(names_count(names), 100000);
	plans_fini(&ps);
	names_destroy(names);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("statement");
	TCase *t = tcase_create("statement");
	SRunner *r;
	int failed;

	tcase_add_checked_fixture(t, start, stop);
	tcase_set_timeout(t, 60);
	tcase_add_test(t, f02_types_belong_to_the_statement);
	tcase_add_test(t, kinds_are_apart);
	tcase_add_test(t, f01_names_are_never_used_again);
	tcase_add_test(t, f27_strange_names);
	tcase_add_test(t, f10_f11_the_oldest_goes_but_not_of_this_batch);
	tcase_add_test(t, f12_a_hundred_thousand);
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed > 0;
}
