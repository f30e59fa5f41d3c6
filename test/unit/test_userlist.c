/*
 * test_userlist.c - who is in an auth_file, and that it is whole or nothing.
 */
#include "config/userlist.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/must.h"

static struct userlist *
parse(const char *text, struct err *err)
{
	return userlist_parse(str_of(text), "u", err);
}

static const struct {
	const char *why, *text;
	const char *user, *secret;      /* secret NULL: unknown */
} lists[] = {
	{ "nothing", "", "a", NULL },
	{ "one", "\"a\" \"x\"\n", "a", "x" },
	{ "no newline at the end", "\"a\" \"x\"", "a", "x" },
	{ "CRLF", "\"a\" \"x\"\r\n\"b\" \"y\"\r\n", "b", "y" },
	{ "tabs and blanks", "  \"a\"\t\"x\"  \n", "a", "x" },
	{ "no blank between", "\"a\"\"b\" \"x\"", "a\"b", "x" },
	{ "anything behind", "\"a\" \"x\" \"y\" z # c\n", "a", "x" },
	{ "quotes inside", "\"a\" \"p\"\"q\"\n", "a", "p\"q" },
	{ "a backslash is a backslash", "\"a\" \"\\n\"\n", "a", "\\n" },
	{ "comment", "; \"a\" \"x\"\n", "a", NULL },
	{ "empty secret", "\"a\" \"\"\n", "a", "" },
	{ "another case is another user", "\"A\" \"x\"\n", "a", NULL },
	{ "b29 the last one wins", "\"a\" \"x\"\n\"b\" \"z\"\n\"a\" \"y\"\n",
	    "a", "y" },
	{ "md5", "\"a\" \"md5d8578edf8458ce06fbc5bb76a58c5ca4\"\n", "a",
	    "md5d8578edf8458ce06fbc5bb76a58c5ca4" },
	{ "UTF-8", "\"\xc3\xa4\" \"\xc3\xb6\"\n", "\xc3\xa4", "\xc3\xb6" },
};

START_TEST(users_and_secrets)
{
	struct err err = {{0}};
	struct userlist *l = parse(lists[_i].text, &err);

	ck_assert_msg(l != NULL, "%s: %s", lists[_i].why, err.text);
	ck_assert_pstr_eq(userlist_secret(l, lists[_i].user),
	    lists[_i].secret);
	userlist_unref(l);
}
END_TEST

static const struct {
	const char *why, *text;
	int line;
} broken[] = {
	{ "# is no comment", "# c\n", 1 },
	{ "no quotes", "a x\n", 1 },
	{ "no secret", "\"a\"\n\"b\" \"hidden\"\n", 1 },
	{ "secret on the next line", "\"b\" \"y\"\n\n\"a\"\n\"hidden\"\n",
	    3 },
	{ "quote that does not end", "\"b\" \"y\"\n\"a\" \"hidden\n", 2 },
	{ "user whose quote does not end", "\"a\n", 1 },
	{ "single quotes", "'a' 'hidden'\n", 1 },
};

START_TEST(a_broken_line_is_named)
{
	struct err err = {{0}};
	char place[16];

	ck_assert_msg(parse(broken[_i].text, &err) == NULL, "%s",
	    broken[_i].why);
	snprintf(place, sizeof place, "u:%d: expected ", broken[_i].line);
	ck_assert_msg(strncmp(err.text, place, strlen(place)) == 0,
	    "%s: %s", broken[_i].why, err.text);
	ck_assert_msg(strstr(err.text, "hidden") == NULL,
	    "%s tells the secret: %s", broken[_i].why, err.text);
}
END_TEST

START_TEST(names_and_secrets_have_a_bound)
{
	struct text t = {0};
	struct userlist *l;
	struct err err;
	int i, longest[] = { 127, 65530 }, part, extra;

	for (part = 0; part < 2; part++) {
		for (extra = 0; extra < 2; extra++) {
			text_clear(&t);
			text_puts(&t, part == 0 ? "\"" : "\"a\" \"");
			for (i = 0; i < longest[part] + extra; i++)
				text_puts(&t, "x");
			text_puts(&t, part == 0 ? "\" \"y\"" : "\"");
			l = parse(t.p, &err);
			ck_assert((l == NULL) == (extra == 1));
			userlist_unref(l);
		}
	}
	text_fini(&t);
}
END_TEST

START_TEST(a_nul_byte_hides_nothing)
{
	static const char text[] = "\"a\" \"x\0y\"\n";
	struct err err;

	ck_assert(userlist_parse((struct str){ text, sizeof text - 1 }, "u",
	    &err) == NULL);
	ck_assert(strncmp(err.text, "u:1: ", 5) == 0);
}
END_TEST

START_TEST(users_come_in_order)
{
	struct err err;
	struct userlist *l = parse("\"c\" \"1\"\n\"a\" \"2\"\n\"b\" \"3\"\n"
	    "\"c\" \"4\"\n", &err);

	ck_assert_uint_eq(userlist_count(l), 3);
	ck_assert_str_eq(userlist_name(l, 0), "a");
	ck_assert_str_eq(userlist_name(l, 2), "c");
	ck_assert_str_eq(userlist_secret_at(l, 2), "4");
	userlist_unref(userlist_ref(l));
	userlist_unref(l);
}
END_TEST

START_TEST(from_a_file)
{
	char path[] = "/tmp/pgweir-test-XXXXXX";
	struct userlist *l;
	struct err err;
	int fd = mkstemp(path);

	ck_assert_int_ne(fd, -1);
	ck_assert_int_eq((int)write(fd, "\"a\" \"x\"\n", 8), 8);
	close(fd);
	l = userlist_load(path, &err);
	ck_assert(l != NULL);
	ck_assert_str_eq(userlist_secret(l, "a"), "x");
	userlist_unref(l);
	unlink(path);
	ck_assert(userlist_load(path, &err) == NULL);
	ck_assert(strstr(err.text, "No such file") != NULL);
	ck_assert(userlist_load("/tmp", &err) == NULL);
	ck_assert(strstr(err.text, "Is a directory") != NULL);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("userlist");
	TCase *tc = tcase_create("files");
	SRunner *sr = srunner_create(s);
	int failed;

	tcase_add_loop_test(tc, users_and_secrets, 0, (int)countof(lists));
	tcase_add_loop_test(tc, a_broken_line_is_named, 0,
	    (int)countof(broken));
	tcase_add_test(tc, names_and_secrets_have_a_bound);
	tcase_add_test(tc, a_nul_byte_hides_nothing);
	tcase_add_test(tc, users_come_in_order);
	tcase_add_test(tc, from_a_file);
	suite_add_tcase(s, tc);
	srunner_run_all(sr, CK_NORMAL);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
