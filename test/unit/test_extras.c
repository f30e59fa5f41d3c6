/*
 * test_extras.c - sets of untracked settings, and the SQL between two sets.
 */
#include "pgwire/extras.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/must.h"

#define SEED 42

/* "name=value&name=value" as a set. */
static struct extras *
set_of(struct extras_table *table, const char *text)
{
	struct extras *set = NULL;
	char *copy = mem_strdup(text), *rest = copy, *name, *value;

	while ((name = strsep(&rest, "&")) != NULL && *name != '\0') {
		value = strchr(name, '=');
		ck_assert_ptr_nonnull(value);
		*value++ = '\0';
		ck_assert_int_eq(extras_add(table, &set, name, value),
		    EXTRA_TAKEN);
	}
	mem_free(copy);
	return set;
}

static const struct {
	const char *why;
	const char *a, *b;
	bool same;
} pairs[] = {
	{ "the order does not matter", "a=1&b=2", "b=2&a=1", true },
	{ "e20 nor does the case of names", "App.Id=x", "app.id=x", true },
	{ "the last value wins", "a=1&a=2", "a=2", true },
	{ "values have a case", "a=x", "a=X", false },
	{ "e06 an empty value is one", "a=", "b=", false },
	{ "values do not run into names", "a=bc", "ab=c", false },
	{ "none is NULL", "", "", true },
	{ "one is not none", "a=1", "", false },
	{ "another one", "a=1&b=1", "a=1", false },
};

START_TEST(equal_sets_are_one_object)
{
	struct extras_table *table = extras_table_create(SEED);
	struct extras *a = set_of(table, pairs[_i].a);
	struct extras *b = set_of(table, pairs[_i].b);

	ck_assert_msg((a == b) == pairs[_i].same, "%s", pairs[_i].why);
	extras_unref(extras_ref(a));
	extras_unref(a);
	extras_unref(b);
	extras_table_destroy(table);    /* dies if a set is left */
}
END_TEST

static const struct {
	const char *why;
	const char *from, *to;
	const char *off, *on;
} diffs[] = {
	{ "same", "jit=off", "jit=off", "", "" },
	{ "put on", "", "jit=off", "", "SET \"jit\"='off';" },
	{ "e03 taken off", "jit=off", "", "RESET \"jit\";", "" },
	{ "another value", "jit=off", "jit=on", "", "SET \"jit\"='on';" },
	{ "only what differs", "a=1&b=2&c=3", "b=2&c=4&d=5",
	    "RESET \"a\";", "SET \"c\"='4';SET \"d\"='5';" },
	{ "taken off in the opposite order", "a=1&b=2", "",
	    "RESET \"b\";RESET \"a\";", "" },
	{ "dotted", "", "app.sub.id=7", "",
	    "SET \"app\".\"sub\".\"id\"='7';" },
	{ "m no SQL in names", "", "a\"; drop table x; --=1", "",
	    "SET \"a\"\"; drop table x; --\"='1';" },
	{ "a name without a part is PostgreSQL's to refuse", "", "a..b=1",
	    "", "SET \"a\".\"\".\"b\"='1';" },
	{ "e08 no SQL in values", "", "a='; drop table x; --", "",
	    "SET \"a\"='''; drop table x; --';" },
	{ "e06 empty", "", "a=", "", "SET \"a\"='';" },
	{ "e09 a list", "", "Search_Path=a, \"B c\"", "",
	    "SELECT pg_catalog.set_config('search_path','a, \"B c\"',"
	    "false);" },
	{ "a role is taken on last and off first", "", "zz=1&role=joe&aa=2",
	    "", "SET \"aa\"='2';SET \"zz\"='1';SET \"role\"='joe';" },
	{ "what one may set depends on the role",
	    "role=joe&log_statement=all", "role=joe",
	    "RESET \"role\";RESET \"log_statement\";",
	    "SET \"role\"='joe';" },
	{ "a timeout does not strike us",
	    "statement_timeout=1&role=joe&work_mem=1MB", "work_mem=1MB",
	    "RESET \"statement_timeout\";RESET \"role\";"
	    "RESET \"work_mem\";", "SET \"work_mem\"='1MB';" },
};

START_TEST(difference_as_sql)
{
	struct extras_table *table = extras_table_create(SEED);
	struct extras *from = set_of(table, diffs[_i].from);
	struct extras *to = set_of(table, diffs[_i].to);
	struct text off = { 0 }, on = { 0 };
	unsigned n;

	text_puts(&off, "");
	text_puts(&on, "");
	n = extras_off_sql(from, to, &off);
	ck_assert_uint_eq(n != 0, off.n != 0);
	n = extras_on_sql(from, to, &on);
	ck_assert_uint_eq(n != 0, on.n != 0);
	ck_assert_msg(strcmp(off.p, diffs[_i].off) == 0, "%s: %s",
	    diffs[_i].why, off.p);
	ck_assert_msg(strcmp(on.p, diffs[_i].on) == 0, "%s: %s",
	    diffs[_i].why, on.p);
	text_fini(&off);
	text_fini(&on);
	extras_unref(from);
	extras_unref(to);
	extras_table_destroy(table);
}
END_TEST

/* What is refused leaves the set as it was. */
START_TEST(there_are_limits)
{
	struct extras_table *table = extras_table_create(SEED);
	struct extras *set = NULL, *before;
	char name[80], *value = mem_alloc(EXTRAS_BYTES + 2);
	int i;

	for (i = 0; i < EXTRAS_MAX; i++) {
		snprintf(name, sizeof name, "my.n%d", i);
		ck_assert_int_eq(extras_add(table, &set, name, "1"),
		    EXTRA_TAKEN);
	}
	before = set;
	ck_assert_int_eq(extras_add(table, &set, "one.more", "1"),
	    EXTRA_TOO_MANY);
	ck_assert_ptr_eq(set, before);
	ck_assert_int_eq(extras_add(table, &set, "my.n3", "2"), EXTRA_TAKEN);
	ck_assert_ptr_ne(set, NULL);

	memset(value, 'x', EXTRAS_BYTES + 1);
	ck_assert_int_eq(extras_add(table, &set, "my.n3", value),
	    EXTRA_TOO_MANY);
	value[EXTRAS_BYTES - 10] = '\0';
	ck_assert_int_eq(extras_add(table, &set, "my.n3", value),
	    EXTRA_TOO_MANY);

	memset(name, 'n', sizeof name);
	name[EXTRA_NAME_MAX + 1] = '\0';
	ck_assert_int_eq(extras_add(table, &set, name, "1"),
	    EXTRA_NAME_TOO_LONG);
	name[EXTRA_NAME_MAX / 2] = '.';
	extras_unref(set);
	set = NULL;
	ck_assert_int_eq(extras_add(table, &set, name, "1"), EXTRA_TAKEN);
	extras_unref(set);
	mem_free(value);
	extras_table_destroy(table);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("extras");
	TCase *tc = tcase_create("sets");
	SRunner *sr = srunner_create(s);
	int failed;

	tcase_add_loop_test(tc, equal_sets_are_one_object, 0,
	    (int)countof(pairs));
	tcase_add_loop_test(tc, difference_as_sql, 0, (int)countof(diffs));
	tcase_add_test(tc, there_are_limits);
	suite_add_tcase(s, tc);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
