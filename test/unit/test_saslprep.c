/* test_saslprep.c - what SCRAM makes of a password's characters. */
#include "pgwire/saslprep.h"

#include <check.h>
#include <stdlib.h>

#include "base/must.h"

static const struct {
	const char *why, *in, *want;
} cases[] = {
	/* RFC 4013, section 3 */
	{ "soft hyphen is mapped to nothing", "I\xc2\xadX", "IX" },
	{ "ASCII is left alone", "user", "user" },
	{ "case is kept", "USER", "USER" },
	{ "compatibility form", "\xc2\xaa", "a" },
	{ "roman numeral nine", "\xe2\x85\xa8", "IX" },
	/* the rest */
	{ "empty", "", "" },
	{ "no-break space is a space", "a\xc2\xa0" "b", "a b" },
	{ "ogham space is a space", "a\xe1\x9a\x80" "b", "a b" },
	{ "composed", "e\xcc\x81", "\xc3\xa9" },
	{ "composed already", "\xc3\xa9", "\xc3\xa9" },
	{ "the longest expansion", "\xef\xb7\xba", "\xd8\xb5\xd9\x84\xd9\x89"
	    " \xd8\xa7\xd9\x84\xd9\x84\xd9\x87 \xd8\xb9\xd9\x84\xd9\x8a\xd9"
	    "\x87 \xd9\x88\xd8\xb3\xd9\x84\xd9\x85" },
	{ "outside the basic plane", "\xf0\x9d\x90\x80", "A" },
};

/* b09: what cannot be prepared is used as it is. */
static const struct {
	const char *why, *in;
} raw[] = {
	{ "ASCII with a control character", "a\x07z" },
	{ "control character among others", "a\x07\xc2\xad" },
	{ "left to right after right to left", "\xd8\xa7\x31" },
	{ "nothing would be left", "\xc2\xad" },
	{ "unassigned in Unicode 3.2", "\xc2\xad\xc8\xa1" },
	{ "private use", "\xc2\xad\xee\x80\x80" },
	{ "non-character", "\xc2\xad\xef\xbf\xbe" },
	{ "C1 control character", "\xc2\xad\xc2\x85" },
	{ "Latin-1, not UTF-8", "I\xadX" },
	{ "sequence cut short", "\xc2\xad\xc3" },
	{ "sequence cut shorter", "\xc2\xad\xe2\x85" },
	{ "overlong", "\xc2\xad\xc0\x80" },
	{ "surrogate", "\xc2\xad\xed\xa0\x80" },
	{ "beyond Unicode", "\xc2\xad\xf4\x90\x80\x80" },
	{ "stray continuation", "\xc2\xad\x80" },
};

static void
check(const char *why, struct str in, struct str want)
{
	/* A copy of exact size, so that reading past it is noticed. */
	char *copy = malloc(in.n + 1);
	struct text out = { 0 };

	memcpy(copy, in.p, in.n);
	copy = realloc(copy, in.n != 0 ? in.n : 1);
	saslprep((struct str){ copy, in.n }, &out);
	ck_assert_msg(str_eq((struct str){ out.p, out.n }, want), "%s: %s",
	    why, out.p);
	text_fini(&out);
	free(copy);
}

START_TEST(b09_prepares)
{
	check(cases[_i].why, str_of(cases[_i].in), str_of(cases[_i].want));
}
END_TEST

START_TEST(b09_falls_back_to_raw_bytes)
{
	check(raw[_i].why, str_of(raw[_i].in), str_of(raw[_i].in));
}
END_TEST

START_TEST(b09_zero_byte_falls_back_to_raw_bytes)
{
	check("zero byte", (struct str){ "\xc2\xad\0x", 4 },
	    (struct str){ "\xc2\xad\0x", 4 });
}
END_TEST

static struct text
hyphens(size_t n)
{
	struct text t = { 0 };

	text_puts(&t, "xx");
	while (t.n < n)
		text_puts(&t, "\xc2\xad");
	return t;
}

START_TEST(b47_long_passwords_are_prepared_up_to_a_limit)
{
	struct text t = hyphens(SASLPREP_MAX);

	check("at the limit", (struct str){ t.p, t.n }, str_of("xx"));
	text_fini(&t);
	t = hyphens(SASLPREP_MAX + 2);
	check("beyond", (struct str){ t.p, t.n }, (struct str){ t.p, t.n });
	text_fini(&t);
	t = hyphens(65530);
	check("64 KB", (struct str){ t.p, t.n }, (struct str){ t.p, t.n });
	text_fini(&t);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("saslprep");
	TCase *t = tcase_create("password");

	tcase_add_loop_test(t, b09_prepares, 0, (int)countof(cases));
	tcase_add_loop_test(t, b09_falls_back_to_raw_bytes, 0,
	    (int)countof(raw));
	tcase_add_test(t, b09_zero_byte_falls_back_to_raw_bytes);
	tcase_add_test(t, b47_long_passwords_are_prepared_up_to_a_limit);
	suite_add_tcase(s, t);
	return s;
}

int
main(void)
{
	SRunner *sr = srunner_create(suite());
	int failed;

	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
