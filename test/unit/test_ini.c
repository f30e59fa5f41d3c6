/*
 * test_ini.c - what is in a file, and where; however inih would read it.
 */
#include "config/ini.h"

#include "base/must.h"
#include "base/str.h"
#include "unit/files.h"

static bool
on_item(void *arg, const struct ini_item *it, struct err *err)
{
	struct text *seen = arg;

	if (it->key != NULL && strcmp(it->key, "bad") == 0)
		return err_set(err, "expected good");
	text_printf(seen, "%s:%d[%s]", it->file, it->line,
	    it->section != NULL ? it->section : "");
	if (it->key != NULL)
		text_printf(seen, "%s=%s", it->key, it->value);
	text_puts(seen, "|");
	return true;
}

/* One string of all items, and behind it the error if there is one. */
static struct text
read_all(const char *path)
{
	struct text seen = {0};
	struct err err;

	if (!ini_read(path, on_item, &seen, &err))
		text_puts(&seen, err.text);
	return seen;
}

#define QUOTES ", with single quotes around a NAME of other than letters, " \
	"digits and _.*-"

static const struct {
	const char *why, *file, *want;
} files[] = {
	{ "empty file", "", "" },
	{ "only a head", "[a]", "a:1[a]|" },
	{ "plain", "[a]\nx = 1\ny=2\n", "a:1[a]|a:2[a]x=1|a:3[a]y=2|" },
	{ "k32 no newline at the end", "[a]\nx=1", "a:1[a]|a:2[a]x=1|" },
	{ "k32 CRLF", "[a]\r\nx = 1\r\n", "a:1[a]|a:2[a]x=1|" },
	{ "k32 tabs", "[a]\n\tx\t=\t1\t\n", "a:1[a]|a:2[a]x=1|" },
	{ "k32 empty value", "[a]\nx =\ny=\n", "a:1[a]|a:2[a]x=|a:3[a]y=|" },
	{ "indented lines are no continuation", "[a]\nx=1\n  y=2\n",
	    "a:1[a]|a:2[a]x=1|a:3[a]y=2|" },
	{ "comments of both kinds", "; c\n# c\n[a]\n  ; c\n  # c\nx=1\n",
	    "a:3[a]|a:6[a]x=1|" },
	{ "a comment cannot follow a value", "[a]\nx = 1 ; one\ny=2 # two\n",
	    "a:1[a]|a:2[a]x=1 ; one|a:3[a]y=2 # two|" },
	{ "a value with what inih looks for", "[a]\nx = a=b:c ;d [e]\n",
	    "a:1[a]|a:2[a]x=a=b:c ;d [e]|" },
	{ "double quotes are part of the value", "[a]\nx = \"q\"\n",
	    "a:1[a]|a:2[a]x=\"q\"|" },
	{ "quoted names", "[a]\n'my db' = 1\n'\xc3\xa4=;' = 2\n",
	    "a:1[a]|a:2[a]my db=1|a:3[a]\xc3\xa4=;=2|" },
	{ "names with dots and stars", "[a]\n* = 1\na.b-c_d = 2\n",
	    "a:1[a]|a:2[a]*=1|a:3[a]a.b-c_d=2|" },
	{ "a name longer than inih keeps",
	    "[a]\nabcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz = 1\n",
	    "a:1[a]|a:2[a]abcdefghijklmnopqrstuvwxyz"
	    "abcdefghijklmnopqrstuvwxyz=1|" },
	{ "an item behind the head", "[a] x=1\n[b] ; c\n",
	    "a:1[a]|a:1[a]x=1|a:2[b]|" },
	{ "byte order mark", "\xef\xbb\xbf[a]\nx=1\n",
	    "a:1[a]|a:2[a]x=1|" },
	{ "the same section twice", "[a]\n[b]\n[a]\nx=1\n",
	    "a:1[a]|a:2[b]|a:3[a]|a:4[a]x=1|" },
	{ "before any section", "x=1\n", "a:1[]x=1|" },
	{ "no =", "[a]\n\nx\n", "a:1[a]|a:3: expected NAME = VALUE" },
	{ "double quotes around a name", "[a]\n\"x\" = 1\n",
	    "a:1[a]|a:2: expected NAME = VALUE" QUOTES },
	{ "quote that does not end", "[a]\n'x = 1\n",
	    "a:1[a]|a:2: expected NAME = VALUE" QUOTES },
	{ "quotes around nothing", "[a]\n'' = 1\n",
	    "a:1[a]|a:2: expected NAME = VALUE" QUOTES },
	{ "a space in a bare name", "[a]\nx y = 1\n",
	    "a:1[a]|a:2: expected NAME = VALUE" QUOTES },
	{ "head without an end", "[a\nx=1\n",
	    "a:1: expected the name of a section between [ and ]" },
	{ "head with blanks", "[ a ]\n",
	    "a:1: expected the name of a section between [ and ]" },
	{ "head without a name", "[]\n",
	    "a:1: expected the name of a section between [ and ]" },
	{ "the callback's error gets a place", "[a]\nx=1\nbad=1\ny=1\n",
	    "a:1[a]|a:2[a]x=1|a:3: expected good" },
	{ "include without a name", "%include\n",
	    "a:1: expected the name of a file behind %include" },
	{ "no other directive", "%included x\n",
	    "a:1: expected NAME = VALUE" },
	{ "k32 a file that is not there", "\n%include no.ini\n",
	    "a:2: expected a readable file \"no.ini\": "
	    "No such file or directory" },
	{ "k32 a file that includes itself", "[a]\n  %include a\n",
	    "a:1[a]|a:2: expected another file: \"a\" includes itself" },
	{ "k32 by another name", "%include ./a\n",
	    "a:1: expected another file: \"./a\" includes itself" },
};

START_TEST(items_and_places)
{
	struct text seen;

	files_put("a", files[_i].file);
	seen = read_all("a");
	ck_assert_msg(strcmp(seen.p != NULL ? seen.p : "",
	    files[_i].want) == 0, "%s:\n got %s\nwant %s", files[_i].why,
	    seen.p, files[_i].want);
	text_fini(&seen);
}
END_TEST

START_TEST(a_long_line_arrives_whole)
{
	static const char piece[] = "x='it''s; 100%' # \"q\" : = [z] ";
	struct text file = {0}, want = {0}, seen;
	int i;

	text_puts(&want, "connect_query='");
	for (i = 0; i < 5000 / (int)sizeof piece; i++)
		text_puts(&want, piece);
	text_puts(&want, "'");
	text_printf(&file, "[d]\nk = %s\nz = 1\n", want.p);
	ck_assert_uint_gt(want.n, 4096);
	files_put("a", file.p);
	seen = read_all("a");
	text_clear(&file);
	text_printf(&file, "a:1[d]|a:2[d]k=%s|a:3[d]z=1|", want.p);
	ck_assert_str_eq(seen.p, file.p);
	text_fini(&file);
	text_fini(&want);
	text_fini(&seen);
}
END_TEST

/* Around the sizes at which a line is cut into pieces. */
START_TEST(any_length_arrives_whole)
{
	struct text file = {0}, want = {0}, seen;
	int i;

	text_puts(&file, "[a]\nx = ");
	for (i = 0; i < _i; i++)
		text_puts(&file, i == _i - 1 ? "!" : "-");
	text_printf(&want, "a:1[a]|a:2[a]x=%s|", file.p + 8);
	files_put("a", file.p);
	seen = read_all("a");
	ck_assert_str_eq(seen.p, want.p);
	text_fini(&file);
	text_fini(&want);
	text_fini(&seen);
}
END_TEST

START_TEST(k32_sections_flow_through_includes)
{
	struct text seen;

	files_put("a", "[s]\n%include b\ny=2\n  %include\tc  \nz=3\n");
	files_put("b", "; first\nx=1\n[t]\n");
	files_put("c", "");
	seen = read_all("a");
	ck_assert_str_eq(seen.p, "a:1[s]|b:2[s]x=1|b:3[t]|a:3[t]y=2|"
	    "a:5[t]z=3|");
	text_fini(&seen);
}
END_TEST

START_TEST(k32_includes_end_at_ten_levels)
{
	char name[32], line[64];
	struct text seen;
	int i;

	for (i = 0; i < 12; i++) {
		snprintf(name, sizeof name, "f%d", i);
		snprintf(line, sizeof line, "%%include f%d\n", i + 1);
		files_put(name, line);
	}
	seen = read_all("f0");
	ck_assert_str_eq(seen.p, "f10:1: expected at most 10 levels and 999 "
	    "files of %include");
	text_fini(&seen);
	files_put("f10", "[end]\n");
	seen = read_all("f0");
	ck_assert_str_eq(seen.p, "f10:1[end]|");
	text_fini(&seen);
}
END_TEST

/* Ten levels of a hundred includes each would not end in our lifetime. */
START_TEST(includes_do_not_multiply_for_ever)
{
	struct text many = {0}, seen;
	char name[32];
	int i, k;

	for (i = 0; i < 3; i++) {
		text_clear(&many);
		for (k = 0; k < 100; k++)
			text_printf(&many, "%%include g%d\n", i + 1);
		snprintf(name, sizeof name, "g%d", i);
		files_put(name, many.p);
	}
	files_put("g3", "");
	seen = read_all("g0");
	ck_assert(strstr(seen.p, "999 files") != NULL);
	text_fini(&many);
	text_fini(&seen);
}
END_TEST

START_TEST(bytes_that_are_no_text)
{
	FILE *f = fopen("a", "w");
	struct text seen;

	ck_assert(f != NULL);
	ck_assert_int_eq((int)fwrite("[a]\nx=\0y\n", 1, 9, f), 9);
	fclose(f);
	seen = read_all("a");
	ck_assert_str_eq(seen.p,
	    "a:1[a]|a:2: expected text, found a NUL byte");
	text_fini(&seen);
	seen = read_all("missing");
	ck_assert_str_eq(seen.p, "missing: expected a readable file: "
	    "No such file or directory");
	text_fini(&seen);
	seen = read_all("/tmp");
	ck_assert_str_eq(seen.p, "/tmp:1: expected a readable file: "
	    "Is a directory");
	text_fini(&seen);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("ini");
	TCase *tc = tcase_create("files");
	SRunner *sr = srunner_create(s);
	int failed;

	tcase_add_checked_fixture(tc, files_start, files_stop);
	tcase_add_loop_test(tc, items_and_places, 0, (int)countof(files));
	tcase_add_test(tc, a_long_line_arrives_whole);
	tcase_add_loop_test(tc, any_length_arrives_whole, 80, 200);
	tcase_add_test(tc, k32_sections_flow_through_includes);
	tcase_add_test(tc, k32_includes_end_at_ten_levels);
	tcase_add_test(tc, includes_do_not_multiply_for_ever);
	tcase_add_test(tc, bytes_that_are_no_text);
	suite_add_tcase(s, tc);
	srunner_run_all(sr, CK_NORMAL);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
