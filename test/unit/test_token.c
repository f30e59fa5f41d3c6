/*
 * test_token.c - tokens as PostgreSQL's scanner cuts them.
 */
#include "sql/token.h"

#include <check.h>
#include <stdlib.h>

#include "base/must.h"

/* One letter for each type, then the token; a bar between two. */
static void
render(struct text *out, struct str text, bool backslashes)
{
	static const char letter[] = { [TOKEN_WORD] = 'W',
		[TOKEN_QUOTED] = 'Q', [TOKEN_UNICODE] = 'U',
		[TOKEN_NUMBER] = 'N', [TOKEN_STRING] = 'S',
		[TOKEN_PARAM] = 'P', [TOKEN_OPERATOR] = 'O',
		[TOKEN_PUNCT] = 'C', [TOKEN_BROKEN] = 'B' };
	struct lexer l = lexer_on(text, backslashes);
	struct token t;

	text_add(out, "", 0);
	while (lexer_next(&l, &t) != TOKEN_END)
		text_printf(out, "%s%c%.*s", out->n > 0 ? "|" : "",
		    letter[t.type], (int)t.text.n, t.text.p);
}

static const struct {
	const char *why, *text, *want;
} cases[] = {
	{ "nothing", "", "" },
	{ "words and numbers", "select 1, x_2$", "Wselect|N1|C,|Wx_2$" },
	{ "a quote doubled", "'a''b' 'c'", "S'a''b'|S'c'" },
	{ "a backslash means nothing", "'\\' 'b'", "S'\\'|S'b'" },
	{ "E'' escapes", "E'\\'' e'\\\\' x", "SE'\\''|Se'\\\\'|Wx" },
	{ "a string goes on in the next line", "'a'\n 'b' c",
	    "S'a'\n 'b'|Wc" },
	{ "not in the same line", "'a' 'b'", "S'a'|S'b'" },
	{ "a comment may be between", "'a' -- '\n 'b'", "S'a' -- '\n 'b'" },
	{ "but none in C's way", "'a' /* \n */ 'b'", "S'a'|S'b'" },
	{ "it goes on as what it was", "E'a'\n'\\'' x", "SE'a'\n'\\''|Wx" },
	{ "a plain one does not escape later", "'a'\n'\\' x",
	    "S'a'\n'\\'|Wx" },
	{ "bits, hex, national", "b'01' X'f' N'a' U&'\\0041'",
	    "Sb'01'|SX'f'|SN'a'|SU&'\\0041'" },
	{ "two bit strings in a row", "B'0''1'", "SB'0'|S'1'" },
	{ "letters before no quote", "e b x n u u&x",
	    "We|Wb|Wx|Wn|Wu|Wu|O&|Wx" },
	{ "a quoted name", "\"a\"\"b;\" c", "Q\"a\"\"b;\"|Wc" },
	{ "a name in unicode", "U&\"d\"\"a\" x", "UU&\"d\"\"a\"|Wx" },
	{ "dollar quotes", "$$a'b$$ $t$ $$ $x$ $t$ z",
	    "S$$a'b$$|S$t$ $$ $x$ $t$|Wz" },
	{ "the end may share a dollar", "$a$b$a$ $a$ $b$a$",
	    "S$a$b$a$|S$a$ $b$a$" },
	{ "no dollar quote", "$ $1a a$b$c $a b", "C$|P$1|Wa|Wa$b$c|C$|Wa|Wb" },
	{ "parameters", "$1 $23", "P$1|P$23" },
	{ "nested comments", "a/*b/*c*/d*/e", "Wa|We" },
	{ "stars and slashes in comments", "a /*/ b */ c /***/ d /*/**/*/ e",
	    "Wa|Wc|Wd|We" },
	{ "a comment ends with the line", "a--b\nc", "Wa|Wc" },
	{ "or with a CR", "a--b\rc", "Wa|Wc" },
	{ "a quote in a comment", "a -- '\n b /* ' */ c", "Wa|Wb|Wc" },
	{ "a comment in a string", "'/*' b '--'", "S'/*'|Wb|S'--'" },
	{ "an operator ends at a comment", "a+/*x*/b <--\n c",
	    "Wa|O+|Wb|O<|Wc" },
	{ "no operator ends in a sign", "a=-1", "Wa|O=|O-|N1" },
	{ "unless it has a special character", "a@-1 ~+2", "Wa|O@-|N1|O~+|N2" },
	{ "several signs", "1<>--x\n-+-2", "N1|O<>|O-|O+|O-|N2" },
	{ "a run of signs", "*+-+@+ <+-+- -+/**/-1",
	    "O*+-+@+|O<|O+|O-|O+|O-|O-|O+|O-|N1" },
	{ "json", "a->>'b' #> c ?| d", "Wa|O->>|S'b'|O#>|Wc|O?||Wd" },
	{ "numbers", "1.5 .5 1. 1e5 1.e-5 1E+5",
	    "N1.5|N.5|N1.|N1e5|N1.e-5|N1E+5" },
	{ "no exponent", "1e 1e+ 1ex", "N1|We|N1|We|O+|N1|Wex" },
	{ "a range", "1..10", "N1|C..|N10" },
	{ "junk is a word of its own", "1into 0x1F 1_000",
	    "N1|Winto|N0|Wx1F|N1|W_000" },
	{ "casts and names of arguments", "a::b c:=d e=>f x[1:2]",
	    "Wa|C::|Wb|Wc|C:=|Wd|We|O=>|Wf|Wx|C[|N1|C:|N2|C]" },
	{ "a qualified name", "a.b.*", "Wa|C.|Wb|C.|O*" },
	{ "letters beyond ASCII", "\xc3\xa4x \xff", "W\xc3\xa4x|W\xff" },
	{ "stray bytes", "{\\}\x01", "C{|C\\|C}|C\x01" },
	{ "no end: string", "a 'b", "Wa|B'b" },
	{ "no end: escaped quote", "E'b\\'", "BE'b\\'" },
	{ "no end: backslash last", "E'b\\", "BE'b\\" },
	{ "no end: name", "\"b", "B\"b" },
	{ "no end: dollar", "$a$ $b$", "B$a$ $b$" },
	{ "no end: comment", "a /* /* */", "Wa|B" },
	{ "no end: the next line", "'a'\n'", "B'a'\n'" },
};

START_TEST(l13_tokens_end_where_postgresql_ends_them)
{
	struct text got = { 0 };

	render(&got, str_of(cases[_i].text), false);
	ck_assert_msg(strcmp(got.p, cases[_i].want) == 0, "%s: got %s",
	    cases[_i].why, got.p);
	text_fini(&got);
}
END_TEST

START_TEST(l14_strings_end_elsewhere_with_backslashes)
{
	struct text got = { 0 };

	render(&got, str_of("'\\' ' n'\\'' u&'\\' $$\\$$"), true);
	ck_assert_str_eq(got.p, "S'\\' '|Sn'\\''|Su&'\\'|S$$\\$$");
	text_fini(&got);
}
END_TEST

/* In memory of exactly that size, so that a sanitizer sees its end. */
START_TEST(every_beginning_of_a_text_is_read_within_bounds)
{
	const char *text = cases[_i].text;
	size_t n, all = strlen(text);
	struct text got = { 0 };
	char *exact;

	for (n = 0; n <= all; n++) {
		exact = malloc(n > 0 ? n : 1);
		memcpy(exact, text, n);
		text_clear(&got);
		render(&got, (struct str){ exact, n }, _i % 2 == 0);
		ck_assert(got.n <= 3 * n + 2);
		free(exact);
	}
	text_fini(&got);
}
END_TEST

#define TEN "abcdefghij"
#define SIXTY TEN TEN TEN TEN TEN TEN

static const struct {
	const char *why, *token, *want;
} names[] = {
	{ "folded", "Ab_C1", "ab_c1" },
	{ "only ASCII is folded", "\xc3\x84Z", "\xc3\x84z" },
	{ "f27_quotes keep the case", "\"A b\"", "A b" },
	{ "a quote in it", "\"a\"\"b\"", "a\"b" },
	{ "63 bytes", SIXTY "123", SIXTY "123" },
	{ "64 are cut", SIXTY "1234", SIXTY "123" },
	{ "not in a character", SIXTY "12\xc3\xa4", SIXTY "12" },
	{ "unless it is none", SIXTY "12\x9c\x9c", SIXTY "12\x9c" },
	{ "quotes count once", "\"" SIXTY "1\"\"345\"", SIXTY "1\"3" },
	{ "no name: a string", "'a'", NULL },
	{ "no name: for the server only", "U&\"a\"", NULL },
	{ "no name: empty", "\"\"", NULL },
};

START_TEST(names_are_folded_and_cut)
{
	struct lexer l = lexer_on(str_of(names[_i].token), false);
	char name[SQL_NAME_MAX];
	struct token t;
	bool ok;

	lexer_next(&l, &t);
	ok = token_name(&t, name);
	ck_assert_msg(ok == (names[_i].want != NULL), "%s", names[_i].why);
	if (ok)
		ck_assert_msg(strcmp(name, names[_i].want) == 0, "%s: %s",
		    names[_i].why, name);
}
END_TEST

static const struct {
	const char *text;
	unsigned want;
} hints[] = {
	{ "/* pgweir:replica */ select 1", HINT_REPLICA },
	{ "select 1 /*pgweir:primary*/", HINT_PRIMARY },
	{ "/*pgweir:primary*//*pgweir:replica*/", HINT_PRIMARY | HINT_REPLICA },
	{ "select '/* pgweir:replica */'", 0 },
	{ "select $$/* pgweir:replica */$$", 0 },
	{ "-- pgweir:replica", 0 },
	{ "/* x pgweir:replica */", 0 },
	{ "/* pgweir:replica, please */", 0 },
	{ "/* /* pgweir:replica */ */", 0 },
	{ "/* pgweir: */ /* pgweir */ /**/", 0 },
	{ "/* pgweir:replica", 0 },
};

START_TEST(l18_hints_are_comments_and_nothing_else)
{
	struct lexer l = lexer_on(str_of(hints[_i].text), false);
	struct token t;

	while (lexer_next(&l, &t) != TOKEN_END)
		;
	ck_assert_msg(l.hints == hints[_i].want, "%s: %u", hints[_i].text,
	    l.hints);
}
END_TEST

START_TEST(l15_encodings_with_ascii_inside_characters_are_unsafe)
{
	static const char *const safe[] = { "UTF8", "utf-8", "UNICODE",
		"SQL_ASCII", "LATIN1", "iso-8859-1", "WIN1252", "KOI8R",
		"EUC_JP", "Windows-1251", "win" };
	static const char *const unsafe[] = { "SJIS", "Shift_JIS", "BIG5",
		"gbk", "UHC", "GB18030", "JOHAB", "SHIFT_JIS_2004", "WIN932",
		"win936", "Windows949", "WIN950", "", "nonsense", "mskanji" };
	size_t i;

	for (i = 0; i < countof(safe); i++)
		ck_assert_msg(lexer_encoding_is_safe(str_of(safe[i])), "%s",
		    safe[i]);
	for (i = 0; i < countof(unsafe); i++)
		ck_assert_msg(!lexer_encoding_is_safe(str_of(unsafe[i])), "%s",
		    unsafe[i]);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("token");
	TCase *tc = tcase_create("tokens");
	SRunner *sr = srunner_create(s);
	int failed;

	tcase_add_loop_test(tc, l13_tokens_end_where_postgresql_ends_them, 0,
	    countof(cases));
	tcase_add_test(tc, l14_strings_end_elsewhere_with_backslashes);
	tcase_add_loop_test(tc, every_beginning_of_a_text_is_read_within_bounds,
	    0, countof(cases));
	tcase_add_loop_test(tc, names_are_folded_and_cut, 0, countof(names));
	tcase_add_loop_test(tc, l18_hints_are_comments_and_nothing_else, 0,
	    countof(hints));
	tcase_add_test(tc,
	    l15_encodings_with_ascii_inside_characters_are_unsafe);
	suite_add_tcase(s, tc);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
