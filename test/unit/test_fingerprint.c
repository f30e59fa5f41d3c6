/*
 * test_fingerprint.c - what has the same shape, and what must not.
 */
#include "sql/fingerprint.h"

#include <check.h>
#include <stdlib.h>

#include "base/must.h"

#define SEED 42

static struct fingerprint
of(const char *text)
{
	return fingerprint_of(str_of(text), false, SEED);
}

static const struct {
	const char *why, *a, *b;
} alike[] = {
	{ "white space", "select  a\n,b", "select a,b" },
	{ "comments", "select /* x */ a -- y", "select a" },
	{ "case of words", "SELECT A FROM t", "select a from T" },
	{ "a last semicolon", "select 1;", "select 1" },
	{ "empty statements", ";; select 1 ;;", "select 1" },
	{ "numbers", "select 1 from t where a = 1",
	    "select 2 from t where a = 22" },
	{ "strings", "select 'a'", "select E'\\''" },
	{ "dollars", "select $$a$$", "select 'a'" },
	{ "strings and numbers", "select f('a')", "select f(1)" },
	{ "signs", "select a from t where a = -1",
	    "select a from t where a = 1" },
	{ "signs of fractions", "select a = -.5", "select a = 1" },
	{ "signs in lists", "select f(-1, +2)", "select f(1, 2)" },
	{ "numbers of parameters", "select $1", "select $2" },
	{ "IN of any length", "select * from t where a in (1)",
	    "select * from t where a in (1,2,3,4,5)" },
	{ "IN of parameters", "select * from t where a in ($1)",
	    "select * from t where a in ($1,$2,$3)" },
	{ "arrays", "select array[1,2,3]", "select array[1]" },
	{ "casts in lists", "select * from t where a in ($1::int)",
	    "select * from t where a in ($1::int, $2::int, $3::int)" },
	{ "signs and NULL in lists", "select f(-1, null, 'x', true)",
	    "select f(1)" },
	{ "rows", "insert into t values (1,2)",
	    "insert into t values (1,2),(3,4),(5,6)" },
	{ "rows with calls", "insert into t values (1, now())",
	    "insert into t values (1, now()), (2, now())" },
	{ "rows with DEFAULT", "insert into t values (default, 2)",
	    "insert into t values (1, 2), (default, null)" },
	{ "rows with more behind", "insert into t values ($1,$2) returning a",
	    "insert into t values ($1,$2),($3,$4) returning a" },
	{ "rows of rows", "select * from t where (a,b) in ((1,2))",
	    "select * from t where (a,b) in ((1,2),(3,4),(5,6))" },
	{ "nested rows", "select f(array[[1,2],[3,4]])",
	    "select f(array[[1]])" },
	{ "leading parentheses", "(select 1) union (select 2)",
	    "(select 2) union (select 1)" },
	{ "arguments of EXECUTE", "execute a(1, 'x')", "execute a(2)" },
	{ "second statements", "select 1; select 2", "select 3; select 4" },
};

START_TEST(l13_shapes_that_are_alike_hash_alike)
{
	struct fingerprint a = of(alike[_i].a), b = of(alike[_i].b);

	ck_assert_msg(a.hash == b.hash, "%s", alike[_i].why);
	ck_assert_uint_eq(a.verbs, b.verbs);
}
END_TEST

static const struct {
	const char *why, *a, *b;
} unlike[] = {
	{ "names", "select a from t", "select b from t" },
	{ "words run together", "select a b", "select ab" },
	{ "names of more than eight letters", "select abcdefghi",
	    "select abcdefghj" },
	{ "functions", "select now()", "select nextval()" },
	{ "a name and a call", "select f", "select f()" },
	{ "quoted and bare names", "select \"SELECT\"", "select \"select\"" },
	{ "quoted words are no keywords", "select 1 \"for\" update",
	    "select 1 for update" },
	{ "schemas", "select a.f()", "select b.f()" },
	{ "operators", "select 1 + 2", "select 1 - 2" },
	{ "a sign is not subtraction", "select a -1", "select a, 1" },
	{ "locking", "select 1 from t", "select 1 from t for update" },
	{ "INTO behind a list", "select 1, 2, 3 into t", "select 1, 2, 3" },
	{ "INTO stuck to a number", "select 1into t", "select 1" },
	{ "letters stuck to a number", "select 0x1", "select 0" },
	{ "l10_options of EXPLAIN", "explain (analyze 0) select 1",
	    "explain (analyze 1) select 1" },
	{ "l10_and as strings", "explain (analyze 'off') select 1",
	    "explain (analyze 'on') select 1" },
	{ "values of SET", "set a to 1", "set a to 2" },
	{ "names in EXECUTE", "execute a(1)", "execute b(1)" },
	{ "UESCAPE makes the name", "select U&\"d!0061\" uescape '!'",
	    "select U&\"d!0061\" uescape '#'" },
	{ "a string is no end", "select 'a' ; delete from t",
	    "select 'a ; delete from t'" },
	{ "order of statements", "select 1; delete from t",
	    "delete from t; select 1" },
	{ "one statement or two", "select 1 select 1", "select 1; select 1" },
	{ "groups", "select (a) b", "select (a b)" },
	{ "kinds of groups", "select a[1]", "select a(1)" },
	{ "commas", "select a b", "select a, b" },
	{ "commas in groups", "select f(a b)", "select f(a, b)" },
	{ "lists of names have lengths", "select f(a, b, c)",
	    "select f(a, b)" },
	{ "a row that differs", "insert into t values (1), (f(1))",
	    "insert into t values (1), (1)" },
	{ "a call in the middle", "select f(1, g(), 2)", "select f(1, 2)" },
	{ "a cast in the middle", "select f(1, '2'::x, 2)", "select f(1, 2)" },
	{ "NULL outside of a list", "select a is null", "select a is true" },
	{ "IS NULL", "select a is null", "select a is not null" },
	{ "hidden by a comment", "select 1 /* */ for update",
	    "select 1 /* for update */" },
	{ "unfinished", "select 'a", "select 'a'" },
	{ "an open group", "select (1", "select (1)" },
	{ "brackets that do not match", "select (1]", "select (1)" },
	{ "a group closed too often", "select 1)", "select 1" },
	{ "a type", "select 1::int4", "select 1::int8" },
	{ "doubled colons", "select a::b", "select a:b" },
};

START_TEST(l13_shapes_that_differ_hash_apart)
{
	ck_assert_msg(of(unlike[_i].a).hash != of(unlike[_i].b).hash, "%s",
	    unlike[_i].why);
}
END_TEST

static const struct {
	const char *text;
	unsigned statements;
	enum verb first;
	uint64_t verbs;
	bool broken;
} looks[] = {
	{ "", 0, VERB_NONE, 0, false },
	{ " ; /* */ ;", 0, VERB_NONE, 0, false },
	{ "select 1", 1, VERB_SELECT, VERB_BIT(SELECT), false },
	{ "/* x */ -- y\n((Select 1))", 1, VERB_SELECT, VERB_BIT(SELECT),
	    false },
	{ "begin; insert into t values (';'); commit", 3, VERB_BEGIN,
	    VERB_BIT(BEGIN) | VERB_BIT(INSERT) | VERB_BIT(COMMIT), false },
	{ "select '; delete'; set a to b", 2, VERB_SELECT,
	    VERB_BIT(SELECT) | VERB_BIT(SET), false },
	{ "create rule r as on insert to t do (delete from a; delete from b)",
	    1, VERB_CREATE, VERB_BIT(CREATE), false },
	{ "DISCARD ALL", 1, VERB_DISCARD, VERB_BIT(DISCARD), false },
	{ "deallocate x", 1, VERB_DEALLOCATE, VERB_BIT(DEALLOCATE), false },
	{ "selectx 1", 1, VERB_OTHER, VERB_BIT(OTHER), false },
	{ "\"select\" 1", 1, VERB_OTHER, VERB_BIT(OTHER), false },
	{ "'select'", 1, VERB_OTHER, VERB_BIT(OTHER), false },
	{ "((", 1, VERB_OTHER, VERB_BIT(OTHER), false },
	{ "load 'x'; vacuum", 2, VERB_LOAD, VERB_BIT(LOAD) | VERB_BIT(VACUUM),
	    false },
	{ "select 'a; select 1", 1, VERB_SELECT, VERB_BIT(SELECT), true },
	{ "select 1; /* select 2", 2, VERB_SELECT,
	    VERB_BIT(SELECT) | VERB_BIT(OTHER), true },
};

START_TEST(l17_verbs_of_all_statements_are_seen)
{
	struct fingerprint f = of(looks[_i].text);

	ck_assert_msg(f.statements == looks[_i].statements, "%s: %u",
	    looks[_i].text, f.statements);
	ck_assert_msg(f.first == looks[_i].first, "%s: %s", looks[_i].text,
	    verb_name(f.first));
	ck_assert_uint_eq(f.verbs, looks[_i].verbs);
	ck_assert_int_eq(f.broken, looks[_i].broken);
}
END_TEST

static const struct {
	const char *text;
	enum verb want;
} glances[] = {
	{ "select 1", VERB_SELECT }, { "Select 1 ; ;\n", VERB_SELECT },
	{ "/* x */ ((table t))", VERB_TABLE }, { "deallocate a;",
	    VERB_DEALLOCATE }, { "foo", VERB_OTHER }, { "1", VERB_OTHER },
	{ "select ';'", VERB_NONE }, { "select 1; set a to 1", VERB_NONE },
	{ "select 1; -- x", VERB_NONE }, { "", VERB_NONE }, { ";",
	    VERB_NONE }, { "((", VERB_NONE }, { "'", VERB_NONE },
	{ "-- ;\nselect 1", VERB_NONE },
};

START_TEST(l17_a_glance_is_sure_or_says_nothing)
{
	enum verb v = fingerprint_verb(str_of(glances[_i].text), false);

	ck_assert_msg(v == glances[_i].want, "%s: %s", glances[_i].text,
	    verb_name(v));
	if (v != VERB_NONE)
		ck_assert_int_eq(of(glances[_i].text).first, v);
}
END_TEST

START_TEST(hashes_depend_on_the_seed)
{
	struct str text = str_of("select a from t where b = 1");

	ck_assert(fingerprint_of(text, false, 1).hash !=
	    fingerprint_of(text, false, 2).hash);
}
END_TEST

/* A text of n bytes: head, then as much of unit as fits, then tail. */
static struct str
filled(const char *head, const char *unit, const char *tail, size_t n)
{
	struct text t = { 0 };

	text_puts(&t, head);
	while (t.n + strlen(unit) + strlen(tail) <= n)
		text_puts(&t, unit);
	text_puts(&t, tail);
	return (struct str){ t.p, t.n };
}

START_TEST(l19_long_lists_hash_like_short_ones)
{
	struct str t = filled("select * from t where a in (1", ", -22", ")",
	    1 << 20);

	ck_assert(fingerprint_of(t, false, SEED).hash ==
	    of("select * from t where a in (5)").hash);
	free((void *)(uintptr_t)t.p);
}
END_TEST

START_TEST(l19_any_depth_is_harmless)
{
	static const char *const units[] = { "(", ")", "[", "([", "f(", "'",
		"/*", "--\n", "$a$", "$", "not ", "1+", "(select ", ",(", "\\",
		"'\n'", "\"", "case when ", "e'", "+-", "*+", "<>-+", "@+",
		"/*/", "'a'\n", "$a", "/**/", "/**/+" };
	struct str t;
	size_t i;

	for (i = 0; i < countof(units); i++) {
		t = filled("select ", units[i], "", 1 << 17);
		(void)fingerprint_of(t, false, SEED);
		(void)fingerprint_of(t, true, SEED);
		free((void *)(uintptr_t)t.p);
	}
}
END_TEST

/* What is deeper than the levels that are kept still counts. */
START_TEST(deep_groups_hash_apart)
{
	struct text a = { 0 }, b = { 0 };
	int i;

	for (i = 0; i < 100; i++)
		text_puts(&a, i == 0 ? "select (" : "(");
	text_add(&b, a.p, a.n);
	text_puts(&a, "nextval('a')");
	text_puts(&b, "lastval('a')");
	for (i = 0; i < 100; i++) {
		text_puts(&a, ")");
		text_puts(&b, ")");
	}
	ck_assert(of(a.p).hash != of(b.p).hash);
	ck_assert(of(a.p).statements == 1);
	text_fini(&a);
	text_fini(&b);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("fingerprint");
	TCase *tc = tcase_create("shape");
	SRunner *sr = srunner_create(s);
	int failed;

	tcase_add_loop_test(tc, l13_shapes_that_are_alike_hash_alike, 0,
	    countof(alike));
	tcase_add_loop_test(tc, l13_shapes_that_differ_hash_apart, 0,
	    countof(unlike));
	tcase_add_loop_test(tc, l17_verbs_of_all_statements_are_seen, 0,
	    countof(looks));
	tcase_add_loop_test(tc, l17_a_glance_is_sure_or_says_nothing, 0,
	    countof(glances));
	tcase_add_test(tc, hashes_depend_on_the_seed);
	tcase_add_test(tc, l19_long_lists_hash_like_short_ones);
	tcase_add_test(tc, l19_any_depth_is_harmless);
	tcase_add_test(tc, deep_groups_hash_apart);
	suite_add_tcase(s, tc);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
