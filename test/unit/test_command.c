/*
 * test_command.c - the console's grammar.
 */
#include "admin/command.h"

#include <check.h>
#include <stdlib.h>

#include "base/must.h"

#define TEN "0123456789"
#define SIXTY TEN TEN TEN TEN TEN TEN
#define TWO_HUNDRED_FORTY SIXTY SIXTY SIXTY SIXTY

static const struct {
	const char *why, *text;
	enum command_result result;
	enum command_form form;
	const char *verb, *arg, *value;
} good[] = {
#define OK(form) COMMAND_OK, COMMAND_##form
	{ "one word", "PAUSE", OK(VERB), "PAUSE", "", "" },
	{ "with a semicolon", "PAUSE;", OK(VERB), "PAUSE", "", "" },
	{ "blanks around", " \n\tPAUSE \r\n; \n", OK(VERB), "PAUSE", "", "" },
	{ "two words", "pause Db_1", OK(VERB_ARG), "pause", "Db_1", "" },
	{ "two words and a semicolon", "SHOW  pools ;", OK(VERB_ARG), "SHOW",
	    "pools", "" },
	{ "j03 quoted name", "KILL \"a b\"", OK(VERB_ARG), "KILL", "a b", "" },
	{ "j03 quotes and semicolons in a name", "KILL \"it's; a \"\"b\"\" *\"",
	    OK(VERB_ARG), "KILL", "it's; a \"b\" *", "" },
	{ "j03 UTF-8 in a name", "KILL \"dätä\"", OK(VERB_ARG), "KILL",
	    "dätä", "" },
	{ "a name that is empty is still a name", "PAUSE \"\"", OK(VERB_ARG),
	    "PAUSE", "", "" },
	{ "quoted verb", "\"SHOW\" \"pools\"", OK(VERB_ARG), "SHOW", "pools",
	    "" },
	{ "j05 SET to a string", "SET datestyle TO 'ISO, MDY'", OK(SET), "SET",
	    "datestyle", "ISO, MDY" },
	{ "j05 SET with =", "set client_encoding='UTF8';", OK(SET), "set",
	    "client_encoding", "UTF8" },
	{ "SET to a word", "SET a = 10", OK(SET), "SET", "a", "10" },
	{ "SET to a quoted word", "SET \"a\"=\"b\"\"c\"", OK(SET), "SET", "a",
	    "b\"c" },
	{ "SET to a string with a quote", "SET a to'it''s'", OK(SET), "SET",
	    "a", "it's" },
	{ "j25 SET to nothing", "SET a = ''", OK(SET), "SET", "a", "" },
	{ "a key named to", "SET to TO to", OK(SET), "SET", "to", "to" },
	{ "verb of 15 bytes", "ABCDEFGHIJKLMNO", OK(VERB), "ABCDEFGHIJKLMNO",
	    "", "" },
	{ "name of 63 bytes", "KILL " SIXTY "123", OK(VERB_ARG), "KILL",
	    SIXTY "123", "" },
	{ "value of 255 bytes", "SET a='" TWO_HUNDRED_FORTY TEN "12345'",
	    OK(SET), "SET", "a", TWO_HUNDRED_FORTY TEN "12345" },
#undef OK
};

START_TEST(command_is_taken_apart)
{
	struct command c;
	enum command_result got = command_parse(&c, str_of(good[_i].text));

	ck_assert_msg(got == good[_i].result && c.form == good[_i].form &&
	    strcmp(c.verb, good[_i].verb) == 0 &&
	    strcmp(c.arg, good[_i].arg) == 0 &&
	    strcmp(c.value, good[_i].value) == 0,
	    "%s: %d, form %d [%s] [%s] [%s]", good[_i].why, (int)got,
	    (int)c.form, c.verb, c.arg, c.value);
}
END_TEST

#define INVALID(s) { s, sizeof(s) - 1 }, COMMAND_INVALID
#define TOO_LONG(s) { s, sizeof(s) - 1 }, COMMAND_TOO_LONG

static const struct {
	const char *why;
	struct str text;
	enum command_result want;
} bad[] = {
	{ "j02 nothing", INVALID("") },
	{ "j02 blanks", INVALID(" \n ") },
	{ "j02 a semicolon", INVALID(";") },
	{ "j02 semicolons", INVALID(";;;;") },
	{ "two semicolons", INVALID("SHOW pools;;") },
	{ "j02 a second command", INVALID("SHOW pools; SHUTDOWN") },
	{ "three words", INVALID("SHOW all pools") },
	{ "j02 quote without end", INVALID("KILL \"abc") },
	{ "j02 the end is a doubled quote", INVALID("KILL \"a\"\"") },
	{ "j02 string without end", INVALID("SET a = 'b") },
	{ "a string is no name", INVALID("KILL 'db'") },
	{ "no blank between words", INVALID("KILL\"db\"") },
	{ "text behind a quoted name", INVALID("KILL \"db\"x") },
	{ "a comment", INVALID("SHOW pools -- all") },
	{ "SQL", INVALID("SELECT 1 + 1") },
	{ "a name with a dash", INVALID("KILL my-db") },
	{ "a name in UTF-8 without quotes", INVALID("KILL dätä") },
	{ "a NUL byte", INVALID("KILL \0db") },
	{ "a NUL byte in a name", INVALID("KILL \"d\0b\"") },
	{ "SET alone", INVALID("SET") },
	{ "SET of nothing", INVALID("SET a") },
	{ "SET without a value", INVALID("SET a =") },
	{ "SET without TO", INVALID("SET a b") },
	{ "SET with TO glued on", INVALID("SET a TOb") },
	{ "SET to a negative number", INVALID("SET a=-1") },
	{ "SET to a fraction", INVALID("SET a=1.5") },
	{ "SET to two values", INVALID("SET a = b, c") },
	{ "verb of 16 bytes", TOO_LONG("ABCDEFGHIJKLMNOP") },
	{ "name of 64 bytes", TOO_LONG("KILL " SIXTY "1234") },
	{ "quoted name of 64 bytes", TOO_LONG("KILL \"" SIXTY "1234\"") },
	{ "key of 64 bytes", TOO_LONG("SET " SIXTY "1234 TO b") },
	{ "value of 256 bytes",
	    TOO_LONG("SET a='" TWO_HUNDRED_FORTY TEN "123456'") },
	{ "too long, and wrong", INVALID("KILL " SIXTY SIXTY "!") },
};

START_TEST(other_text_is_refused)
{
	struct command c;
	enum command_result got;
	char *copy = malloc(bad[_i].text.n + 1);

	/* In a block without room behind it, for ASan. */
	copy = realloc(copy, bad[_i].text.n != 0 ? bad[_i].text.n : 1);
	memcpy(copy, bad[_i].text.p, bad[_i].text.n);
	got = command_parse(&c, (struct str){ copy, bad[_i].text.n });
	free(copy);
	ck_assert_msg(got == bad[_i].want, "%s: %d", bad[_i].why, (int)got);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("command");
	TCase *tc = tcase_create("grammar");
	SRunner *sr = srunner_create(s);
	int failed;

	tcase_add_loop_test(tc, command_is_taken_apart, 0,
	    (int)countof(good));
	tcase_add_loop_test(tc, other_text_is_refused, 0, (int)countof(bad));
	suite_add_tcase(s, tc);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
