/*
 * test_params.c - names, interned sets, and the SQL between two sets.
 */
#include "pgwire/params.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "base/must.h"

#define SEED 42

static struct param_names *
names_of(const char *extras)
{
	struct err err = { "" };
	struct param_names *names = param_names_create(extras, SEED, &err);

	ck_assert_msg(names != NULL, "%s", err.text);
	return names;
}

/* The set with one more value; takes the reference. */
static struct paramset *
set(struct paramset *s, const struct param_names *names, const char *name,
    const char *value)
{
	int i = param_names_find(names, name);
	struct paramset *next;

	ck_assert_msg(i >= 0, "%s is not tracked", name);
	next = paramset_with(s, (unsigned)i, value);
	paramset_unref(s);
	return next;
}

START_TEST(e20_names_are_found_in_any_case)
{
	struct param_names *names = names_of("intervalstyle, search_path");

	ck_assert_uint_eq(param_names_count(names), 7);
	ck_assert_str_eq(param_names_at(names, 0), "DateStyle");
	ck_assert_str_eq(param_names_at(names, 4), "application_name");
	ck_assert_str_eq(param_names_at(names, 5), "IntervalStyle");
	ck_assert_int_eq(param_names_find(names, "timezone"), 2);
	ck_assert_int_eq(param_names_find(names, "TIMEZONE"), 2);
	ck_assert_int_eq(param_names_find(names, "TimeZone"), 2);
	ck_assert_int_eq(param_names_find(names, "TimeZon"), -1);
	ck_assert_int_eq(param_names_find(names, ""), -1);
	param_names_destroy(names);
}
END_TEST

START_TEST(e18_read_only_names_are_never_tracked)
{
	struct param_names *names = names_of("server_version,IS_SUPERUSER, "
	    "in_hot_standby server_encoding integer_datetimes,jit,timezone");

	ck_assert_uint_eq(param_names_count(names), 6);
	ck_assert_str_eq(param_names_at(names, 5), "jit");
	param_names_destroy(names);
}
END_TEST

static const char *const bad_names[] = { "a;b", "1a", "a.", "a'b", "\"a\"",
	"a-b", "\xc3\xa4" };

START_TEST(what_is_no_name_is_refused)
{
	struct err err = { "" };

	ck_assert_ptr_null(param_names_create(bad_names[_i], SEED, &err));
	ck_assert(strstr(err.text, "is not the name") != NULL);
}
END_TEST

START_TEST(names_have_a_limit)
{
	struct text list = { 0 };
	struct err err = { "" };
	int i;

	for (i = 0; i < PARAMS_MAX - 5; i++)
		text_printf(&list, "my.n%d,", i);
	param_names_destroy(names_of(list.p));
	text_puts(&list, "one.more");
	ck_assert_ptr_null(param_names_create(list.p, SEED, &err));
	text_fini(&list);
}
END_TEST

START_TEST(equal_sets_are_one_object)
{
	struct param_names *names = names_of(NULL);
	struct paramset *none = paramset_empty(names);
	struct paramset *a, *b;

	a = set(paramset_ref(none), names, "TimeZone", "UTC");
	a = set(a, names, "application_name", "x");
	b = set(paramset_ref(none), names, "application_name", "x");
	ck_assert_ptr_ne(a, b);
	b = set(b, names, "TimeZone", "UTC");
	ck_assert_ptr_eq(a, b);
	ck_assert_str_eq(paramset_get(a, 2), "UTC");
	ck_assert_ptr_null(paramset_get(a, 0));

	b = set(b, names, "TimeZone", NULL);
	b = set(b, names, "application_name", NULL);
	ck_assert_ptr_eq(b, none);
	paramset_unref(none);
	paramset_unref(a);
	paramset_unref(b);
	paramset_unref(NULL);
	param_names_destroy(names);     /* dies if a set is left */
}
END_TEST

START_TEST(e06_empty_string_is_a_value)
{
	struct param_names *names = names_of(NULL);
	struct paramset *none = paramset_empty(names);
	struct paramset *s = set(paramset_ref(none), names,
	    "application_name", "");

	ck_assert_ptr_ne(s, none);
	ck_assert_str_eq(paramset_get(s, 4), "");
	paramset_unref(none);
	paramset_unref(s);
	param_names_destroy(names);
}
END_TEST

START_TEST(values_do_not_run_into_each_other)
{
	struct param_names *names = names_of(NULL);
	struct paramset *none = paramset_empty(names), *a, *b;

	a = set(paramset_ref(none), names, "DateStyle", "a");
	a = set(a, names, "client_encoding", "b");
	b = set(paramset_ref(none), names, "DateStyle", "a+b");
	ck_assert_ptr_ne(a, b);
	paramset_unref(none);
	paramset_unref(a);
	paramset_unref(b);
	param_names_destroy(names);
}
END_TEST

START_TEST(e07_defaults_show_through_where_nothing_was_set)
{
	struct param_names *names = names_of(NULL);
	struct paramset *none = paramset_empty(names);
	struct paramset *server = set(paramset_ref(none), names, "TimeZone",
	    "UTC");
	struct paramset *client, *both;

	server = set(server, names, "application_name", "psql");
	client = set(paramset_ref(none), names, "application_name", "");
	both = paramset_over(server, client);
	ck_assert_str_eq(paramset_get(both, 2), "UTC");
	ck_assert_str_eq(paramset_get(both, 4), "");
	paramset_unref(both);
	both = paramset_over(server, none);
	ck_assert_ptr_eq(both, server);
	paramset_unref(both);
	paramset_unref(none);
	paramset_unref(server);
	paramset_unref(client);
	param_names_destroy(names);
}
END_TEST

START_TEST(values_have_a_limit)
{
	struct param_names *names = names_of(NULL);
	struct paramset *none = paramset_empty(names), *s;
	char *longest = mem_alloc(PARAM_VALUE_MAX + 2);

	memset(longest, 'x', PARAM_VALUE_MAX);
	s = paramset_with(none, 4, longest);
	ck_assert_ptr_nonnull(s);
	paramset_unref(s);
	longest[PARAM_VALUE_MAX] = 'x';
	ck_assert_ptr_null(paramset_with(none, 4, longest));
	mem_free(longest);
	paramset_unref(none);
	param_names_destroy(names);
}
END_TEST

static const struct {
	const char *why;
	const char *name, *from, *to;
	const char *want;
} diffs[] = {
	{ "same", "TimeZone", "UTC", "UTC", "" },
	{ "e04 only the case differs", "client_encoding", "UTF8", "utf8",
	    "" },
	{ "other", "TimeZone", "UTC", "Europe/Berlin",
	    "SET TimeZone='Europe/Berlin';" },
	{ "not known of the server", "TimeZone", NULL, "UTC",
	    "SET TimeZone='UTC';" },
	{ "e03 nothing wanted", "TimeZone", "UTC", NULL,
	    "RESET TimeZone;" },
	{ "e06 empty", "application_name", "x", "",
	    "SET application_name='';" },
	{ "e06 from empty", "application_name", "", "x",
	    "SET application_name='x';" },
	{ "e08 quotes", "application_name", "", "o'x''y'",
	    "SET application_name='o''x''''y''';" },
	{ "e09 a list", "search_path", "x", "\"$user\", public, \"B c\"",
	    "SELECT pg_catalog.set_config('search_path',"
	    "'\"$user\", public, \"B c\"',false);" },
	{ "e09 an empty list", "search_path", "x", "\"\"",
	    "SELECT pg_catalog.set_config('search_path','\"\"',false);" },
	{ "e09 no SQL in a list", "search_path", "x", "a'; DROP TABLE t",
	    "SELECT pg_catalog.set_config('search_path',"
	    "'a''; DROP TABLE t',false);" },
	{ "custom", "app.tenant", NULL, "7", "SET app.tenant='7';" },
};

START_TEST(difference_as_sql)
{
	struct param_names *names = names_of("search_path,app.tenant");
	struct paramset *from = paramset_empty(names);
	struct paramset *to = paramset_ref(from);
	struct text sql = { 0 };
	unsigned n;

	from = set(from, names, diffs[_i].name, diffs[_i].from);
	to = set(to, names, diffs[_i].name, diffs[_i].to);
	text_puts(&sql, "");
	n = params_diff_sql(from, to, &sql);
	ck_assert_msg(strcmp(sql.p, diffs[_i].want) == 0, "%s: %s",
	    diffs[_i].why, sql.p);
	ck_assert_uint_eq(n, sql.n != 0);
	text_fini(&sql);
	paramset_unref(from);
	paramset_unref(to);
	param_names_destroy(names);
}
END_TEST

START_TEST(differences_come_in_one_text)
{
	struct param_names *names = names_of(NULL);
	struct paramset *from = paramset_empty(names);
	struct paramset *to = paramset_ref(from);
	struct text sql = { 0 };

	to = set(to, names, "application_name", "x");
	to = set(to, names, "DateStyle", "ISO, MDY");
	ck_assert_uint_eq(params_diff_sql(from, to, &sql), 2);
	ck_assert_str_eq(sql.p,
	    "SET DateStyle='ISO, MDY';SET application_name='x';");
	text_fini(&sql);
	paramset_unref(from);
	paramset_unref(to);
	param_names_destroy(names);
}
END_TEST

static const char *const backslashed[] = { "\\", "a\\'; DROP TABLE t; --",
	"$q$\\", "\\$", "\x95\\", "\\$q0123456789abcdef" };

START_TEST(e08_backslashes_mean_nothing)
{
	struct param_names *names = names_of(NULL);
	struct paramset *from = paramset_empty(names);
	struct paramset *to = set(paramset_ref(from), names,
	    "application_name", backslashed[_i]);
	struct text sql = { 0 };
	const char *p, *value;
	char tag[21];

	/* SET application_name=$q<16 digits>$...$q<16 digits>$; */
	ck_assert_uint_eq(params_diff_sql(from, to, &sql), 1);
	p = sql.p + strlen("SET application_name=");
	ck_assert_int_eq(strncmp(p, "$q", 2), 0);
	snprintf(tag, sizeof tag, "%.19s", p);
	ck_assert_int_eq(tag[18], '$');
	value = p + 19;
	ck_assert_int_eq(strncmp(value, backslashed[_i],
	    strlen(backslashed[_i])), 0);
	ck_assert_ptr_eq(strstr(value, tag), value +
	    strlen(backslashed[_i]));
	ck_assert_str_eq(value + strlen(backslashed[_i]) + 19, ";");
	text_fini(&sql);
	paramset_unref(from);
	paramset_unref(to);
	param_names_destroy(names);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("params");
	TCase *tc = tcase_create("sets");
	SRunner *sr = srunner_create(s);
	int failed;

	tcase_add_test(tc, e20_names_are_found_in_any_case);
	tcase_add_test(tc, e18_read_only_names_are_never_tracked);
	tcase_add_loop_test(tc, what_is_no_name_is_refused, 0,
	    (int)countof(bad_names));
	tcase_add_test(tc, names_have_a_limit);
	tcase_add_test(tc, equal_sets_are_one_object);
	tcase_add_test(tc, e06_empty_string_is_a_value);
	tcase_add_test(tc, values_do_not_run_into_each_other);
	tcase_add_test(tc, e07_defaults_show_through_where_nothing_was_set);
	tcase_add_test(tc, values_have_a_limit);
	tcase_add_loop_test(tc, difference_as_sql, 0, (int)countof(diffs));
	tcase_add_test(tc, differences_come_in_one_text);
	tcase_add_loop_test(tc, e08_backslashes_mean_nothing, 0,
	    (int)countof(backslashed));
	suite_add_tcase(s, tc);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
