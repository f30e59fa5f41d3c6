/* test_sasl.c - the framing of SASL messages, with hostile lengths. */
#include "pgwire/sasl.h"

#include <check.h>
#include <stdlib.h>

#include "base/must.h"

#define BODY(s) s, sizeof s - 1

static const struct {
	const char *why, *body;
	size_t n;
	bool want;
} initials[] = {
	{ "libpq", BODY("SCRAM-SHA-256\0\0\0\0\5hello"), true },
	{ "no data", BODY("SCRAM-SHA-256\0\xff\xff\xff\xff"), true },
	{ "empty data", BODY("SCRAM-SHA-256\0\0\0\0\0"), true },
	{ "b01: -1 with bytes behind", BODY("X\0\xff\xff\xff\xffhello"),
	    false },
	{ "b01: 0 with bytes behind", BODY("X\0\0\0\0\0hello"), false },
	{ "b01: -2", BODY("X\0\xff\xff\xff\xfehello"), false },
	{ "b01: INT_MIN", BODY("X\0\x80\0\0\0hello"), false },
	{ "b01: INT_MAX", BODY("X\0\x7f\xff\xff\xffhello"), false },
	{ "b01: one too many", BODY("X\0\0\0\0\6hello"), false },
	{ "b01: one too few", BODY("X\0\0\0\0\4hello"), false },
	{ "b01: length cut off", BODY("X\0\0\0\0"), false },
	{ "b01: no length", BODY("X\0"), false },
	{ "no end of the name", BODY("SCRAM-SHA-256"), false },
	{ "no name", BODY("\0\0\0\0\5hello"), false },
	{ "empty", BODY(""), false },
};

START_TEST(b01_initial_response_is_measured)
{
	/* A copy of exact size, so that reading past it is noticed. */
	const size_t n = initials[_i].n;
	char *body = malloc(n != 0 ? n : 1);
	struct sasl_initial m;

	memcpy(body, initials[_i].body, n);
	ck_assert_msg(sasl_initial_parse(&m, (struct str){ body, n }) ==
	    initials[_i].want, "%s", initials[_i].why);
	free(body);
}
END_TEST

START_TEST(initial_response_is_read)
{
	const struct str with = { BODY("SCRAM-SHA-256\0\0\0\0\5hello") };
	const struct str without = { BODY("X\0\xff\xff\xff\xff") };
	struct sasl_initial m;

	ck_assert(sasl_initial_parse(&m, with));
	ck_assert(str_is(m.mechanism, SASL_SCRAM_SHA_256));
	ck_assert(m.has_data && str_is(m.data, "hello"));
	ck_assert(sasl_initial_parse(&m, without));
	ck_assert(str_is(m.mechanism, "X") && !m.has_data && m.data.n == 0);
}
END_TEST

START_TEST(initial_response_is_written)
{
	struct text t = { 0 };
	struct sasl_initial m;

	sasl_initial_format(&t, SASL_SCRAM_SHA_256, str_of("n,,n=,r=x"));
	ck_assert(sasl_initial_parse(&m, (struct str){ t.p, t.n }));
	ck_assert(str_is(m.mechanism, SASL_SCRAM_SHA_256));
	ck_assert(str_is(m.data, "n,,n=,r=x"));
	text_fini(&t);
}
END_TEST

static const struct {
	const char *why, *list;
	size_t n;
	bool ok, plain, plus;
} offers[] = {
	{ "without TLS", BODY("SCRAM-SHA-256\0\0"), true, true, false },
	{ "with TLS", BODY("SCRAM-SHA-256-PLUS\0SCRAM-SHA-256\0\0"),
	    true, true, true },
	{ "unknown ones", BODY("FOO\0BAR\0\0"), true, false, false },
	{ "prefix is not the name", BODY("SCRAM-SHA-25\0\0"),
	    true, false, false },
	{ "longer is not the name", BODY("SCRAM-SHA-2566\0\0"),
	    true, false, false },
	{ "other case is not the name", BODY("scram-sha-256\0\0"),
	    true, false, false },
	{ "empty list", BODY("\0"), true, false, false },
	{ "no end", BODY("SCRAM-SHA-256\0"), false, true, false },
	{ "no end of a name", BODY("SCRAM-SHA-256"), false, false, false },
	{ "bytes behind the end", BODY("SCRAM-SHA-256\0\0x"),
	    false, true, false },
	{ "empty", BODY(""), false, false, false },
};

START_TEST(b01_offer_is_read)
{
	const size_t n = offers[_i].n;
	char *list = malloc(n != 0 ? n : 1);
	struct sasl_offer o;

	memcpy(list, offers[_i].list, n);
	ck_assert_msg(sasl_offer_parse(&o, (struct str){ list, n }) ==
	    offers[_i].ok, "%s", offers[_i].why);
	ck_assert_msg(!offers[_i].ok ||
	    (o.scram_sha_256 == offers[_i].plain &&
	    o.scram_sha_256_plus == offers[_i].plus), "%s", offers[_i].why);
	free(list);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("sasl");
	TCase *t = tcase_create("framing");

	tcase_add_loop_test(t, b01_initial_response_is_measured, 0,
	    (int)countof(initials));
	tcase_add_test(t, initial_response_is_read);
	tcase_add_test(t, initial_response_is_written);
	tcase_add_loop_test(t, b01_offer_is_read, 0, (int)countof(offers));
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
