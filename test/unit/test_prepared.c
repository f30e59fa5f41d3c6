/*
 * test_prepared.c - SQL's own prepared statements, read from the text.
 */
#include "sql/prepared.h"

#include <check.h>
#include <stdlib.h>

#include "base/must.h"

static const struct {
	const char *why, *text;
	enum prepared_kind kind;
	const char *name, *types, *rest;        /* NULL: none */
} cases[] = {
	{ "plain", "prepare a as select 1", PREPARED_PREPARE, "a", NULL,
	    "select 1" },
	{ "comments around",
	    " /* x */ PREPARE \"A b\" AS -- y\n select 1 ; -- z",
	    PREPARED_PREPARE, "A b", NULL, "select 1" },
	{ "types", "prepare a(int, numeric(1,2)) as select $1, $2;",
	    PREPARED_PREPARE, "a", "int, numeric(1,2)", "select $1, $2" },
	{ "AS in the query", "prepare a as select 1 as as_, ';' as b",
	    PREPARED_PREPARE, "a", NULL, "select 1 as as_, ';' as b" },
	{ "keywords may be names", "prepare transaction as select 1",
	    PREPARED_PREPARE, "transaction", NULL, "select 1" },
	{ "l37_two-phase commit", "prepare transaction 'x'", PREPARED_NOT,
	    NULL, NULL, NULL },
	{ "another statement follows", "prepare a as select 1; select 2",
	    PREPARED_NOT, NULL, NULL, NULL },
	{ "no AS", "prepare a select 1", PREPARED_UNCLEAR, NULL, NULL, NULL },
	{ "no name", "prepare", PREPARED_UNCLEAR, NULL, NULL, NULL },
	{ "types without end", "prepare a(int as select 1", PREPARED_UNCLEAR,
	    NULL, NULL, NULL },
	{ "a name in unicode", "prepare U&\"a\" as select 1",
	    PREPARED_UNCLEAR, NULL, NULL, NULL },
	{ "a string without end", "prepare a as select 'x",
	    PREPARED_UNCLEAR, NULL, NULL, NULL },
	{ "execute", "EXECUTE Ab", PREPARED_EXECUTE, "ab", NULL, "" },
	{ "arguments", "execute a (1, ')', f(2)) ;", PREPARED_EXECUTE, "a",
	    NULL, "(1, ')', f(2))" },
	{ "two", "execute a; execute b", PREPARED_NOT, NULL, NULL, NULL },
	{ "empty statements", ";; execute a ;;", PREPARED_EXECUTE, "a", NULL,
	    "" },
	{ "not at the top", "explain execute a", PREPARED_NOT, NULL, NULL,
	    NULL },
	{ "deallocate", "deallocate a", PREPARED_DEALLOCATE, "a", NULL,
	    NULL },
	{ "with a word more", "deallocate prepare a", PREPARED_DEALLOCATE,
	    "a", NULL, NULL },
	{ "f22_all", "deallocate all;", PREPARED_DEALLOCATE_ALL, NULL, NULL,
	    NULL },
	{ "f22_all, with a word more", "DEALLOCATE PREPARE ALL",
	    PREPARED_DEALLOCATE_ALL, NULL, NULL, NULL },
	{ "quoted, all is a name", "deallocate \"all\"", PREPARED_DEALLOCATE,
	    "all", NULL, NULL },
	{ "prepare is a name", "deallocate prepare;", PREPARED_DEALLOCATE,
	    "prepare", NULL, NULL },
	{ "its last word too", "deallocate prepare prepare",
	    PREPARED_DEALLOCATE, "prepare", NULL, NULL },
	{ "too much", "deallocate a b", PREPARED_UNCLEAR, NULL, NULL, NULL },
	{ "nothing", "", PREPARED_NOT, NULL, NULL, NULL },
	{ "something else", "select 1", PREPARED_NOT, NULL, NULL, NULL },
	{ "a word that begins alike", "executed a", PREPARED_NOT, NULL, NULL,
	    NULL },
};

START_TEST(f23_parts_are_found)
{
	struct prepared_text p = prepared_read(str_of(cases[_i].text), false);

	ck_assert_msg(p.kind == cases[_i].kind, "%s: kind %d", cases[_i].why,
	    (int)p.kind);
	if (cases[_i].name != NULL)
		ck_assert_str_eq(p.name, cases[_i].name);
	ck_assert((p.types.p != NULL) == (cases[_i].types != NULL));
	if (cases[_i].types != NULL)
		ck_assert(str_is(p.types, cases[_i].types));
	if (cases[_i].rest != NULL)
		ck_assert_msg(str_is(p.rest, cases[_i].rest), "%s: %.*s",
		    cases[_i].why, (int)p.rest.n, p.rest.p);
}
END_TEST

START_TEST(f27_long_names_are_cut_and_long_texts_read)
{
	struct text t = { 0 };
	struct prepared_text p;
	int i;

	text_puts(&t, "execute ");
	for (i = 0; i < 10000; i++)
		text_puts(&t, "x");
	text_puts(&t, " ('");
	for (i = 0; i < 200000; i++)
		text_puts(&t, "y");
	text_puts(&t, "')");
	p = prepared_read((struct str){ t.p, t.n }, false);
	ck_assert_int_eq(p.kind, PREPARED_EXECUTE);
	ck_assert_uint_eq(strlen(p.name), SQL_NAME_MAX - 1);
	ck_assert_uint_eq(p.rest.n, 200004);
	text_fini(&t);
}
END_TEST

static const struct {
	const char *why, *text, *names;         /* ? : unclear */
} lists[] = {
	{ "many", "execute a(1);execute B (2) ; EXECUTE \"c c\"",
	    "a B \"c c\"" },
	{ "others in between", "execute a; select ';' from (b); ; execute c;",
	    "a c" },
	{ "a semicolon in what is quoted",
	    "execute a($$;execute x$$, '; execute y'); -- ; execute z\n"
	    "execute /* ;execute v */ b", "a b" },
	{ "in parentheses",
	    "execute a; create rule r as on insert to t do (execute x; "
	    "execute y); execute b", "a b" },
	{ "not at the top", "execute a; explain execute b", "a" },
	{ "a transaction", "execute a; commit; begin; execute b", "a b" },
	{ "a body of statements",
	    "execute a; create function f() begin atomic select 1; end", "a?" },
	{ "PREPARE", "execute a; prepare b as select 1", "a?" },
	{ "DEALLOCATE", "execute a; deallocate a", "a?" },
	{ "unicode", "execute a; execute U&\"a\"", "a?" },
	{ "no name", "execute a; execute", "a?" },
	{ "broken", "execute a; execute b('x", "a?" },
	{ "no end of a parenthesis", "execute a; execute b(1; select 2",
	    "a?" },
	{ "nothing", "", "" },
};

START_TEST(f23_many_are_found)
{
	struct prepared_list list = prepared_list_on(
	    str_of(lists[_i].text), false);
	struct prepared_place place;
	enum prepared_kind kind;
	struct text got = { 0 };

	text_puts(&got, "");
	while ((kind = prepared_list_next(&list, &place)) ==
	    PREPARED_EXECUTE) {
		if (got.n > 0)
			text_puts(&got, " ");
		text_add(&got, place.at.p, place.at.n);
	}
	if (kind == PREPARED_UNCLEAR)
		text_puts(&got, "?");
	ck_assert_msg(str_is((struct str){ got.p, got.n }, lists[_i].names),
	    "%s: %.*s", lists[_i].why, (int)got.n, got.p);
	text_fini(&got);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("prepared");
	TCase *tc = tcase_create("parts");
	SRunner *sr = srunner_create(s);
	int failed;

	tcase_add_loop_test(tc, f23_parts_are_found, 0, countof(cases));
	tcase_add_loop_test(tc, f23_many_are_found, 0, countof(lists));
	tcase_add_test(tc, f27_long_names_are_cut_and_long_texts_read);
	suite_add_tcase(s, tc);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
