/* test_md5.c - MD5 secrets and challenges. */
#include "pgwire/md5.h"

#include <check.h>
#include <stdlib.h>

#include "base/must.h"

/* As PostgreSQL stores the password "pencil" of the user "alice". */
#define STORED "md5ee69efad287c7423caf0b3229d71f567"

/* The answer to the salt below; digits, and digits without the last. */
#define SHORT_DIGITS "4678fa86d4a3749e442a15220ebfa2a"
#define RESPONSE_DIGITS SHORT_DIGITS "f"
#define RESPONSE "md5" RESPONSE_DIGITS

static const unsigned char salt[MD5_SALT_SIZE] = { 1, 0, 0xff, '%' };

START_TEST(secret_is_what_the_server_stores)
{
	char out[MD5_TEXT_ROOM];

	ck_assert(md5_secret(out, str_of("pencil"), str_of("alice")));
	ck_assert_str_eq(out, STORED);
}
END_TEST

START_TEST(response_is_salted)
{
	const unsigned char other[MD5_SALT_SIZE] = { 1, 0, 0xff, '&' };
	char a[MD5_TEXT_ROOM], b[MD5_TEXT_ROOM];

	ck_assert(md5_response(a, str_of(STORED), salt));
	ck_assert_str_eq(a, RESPONSE);
	ck_assert(md5_response(b, str_of(STORED), other));
	ck_assert_str_ne(a, b);
}
END_TEST

START_TEST(b18_captured_response_fails_with_another_salt)
{
	const unsigned char other[MD5_SALT_SIZE] = { 2, 0, 0xff, '%' };

	ck_assert(md5_accepts(str_of(RESPONSE), str_of(STORED), salt));
	ck_assert(!md5_accepts(str_of(RESPONSE), str_of(STORED), other));
}
END_TEST

static const struct {
	const char *why, *response;
} wrong[] = {
	{ "empty", "" },
	{ "the stored secret itself", STORED },
	{ "digits alone", RESPONSE_DIGITS },
	{ "one too short", "md5" SHORT_DIGITS },
	{ "one too long", RESPONSE "0" },
	{ "last digit differs", "md5" SHORT_DIGITS "x" },
	{ "other prefix", "MD5" RESPONSE_DIGITS },
	{ "plain text", "pencil" },
};

START_TEST(b15_other_responses_are_refused)
{
	ck_assert_msg(!md5_accepts(str_of(wrong[_i].response), str_of(STORED),
	    salt), "%s", wrong[_i].why);
}
END_TEST

static const struct {
	const char *why, *text;
	bool want;
} kinds[] = {
	{ "a secret", STORED, true },
	{ "digits only", "md501234567890123456789012345678901", true },
	{ "upper-case digit", "md5Ae69efad287c7423caf0b3229d71f567", false },
	{ "no hex digit", "md5ge69efad287c7423caf0b3229d71f567", false },
	{ "too short", "md5ee69efad287c7423caf0b3229d71f56", false },
	{ "too long", STORED "0", false },
	{ "upper-case prefix", "MD5ee69efad287c7423caf0b3229d71f567", false },
	{ "prefix alone", "md5", false },
	{ "empty", "", false },
};

START_TEST(secret_is_recognised)
{
	ck_assert_msg(md5_is_secret(str_of(kinds[_i].text)) == kinds[_i].want,
	    "%s", kinds[_i].why);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("md5");
	TCase *t = tcase_create("login");

	tcase_add_test(t, secret_is_what_the_server_stores);
	tcase_add_test(t, response_is_salted);
	tcase_add_test(t, b18_captured_response_fails_with_another_salt);
	tcase_add_loop_test(t, b15_other_responses_are_refused, 0,
	    (int)countof(wrong));
	tcase_add_loop_test(t, secret_is_recognised, 0, (int)countof(kinds));
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
