/*
 * test_frame.c - headers from the wire are judged before they are believed.
 */
#include "pgwire/frame.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "base/must.h"
#include "pgwire/messages.h"

static const struct {
	const char *why;
	const char bytes[10];
	size_t n;
	uint32_t max;
	enum parse want;
	uint32_t len;
} frames[] = {
	{ "nothing yet", "", 0, 1000, PARSE_MORE, 0 },
	{ "c02 header 1 of 5", "Z", 1, 1000, PARSE_MORE, 0 },
	{ "c02 header 4 of 5", "Z\0\0\0", 4, 1000, PARSE_MORE, 0 },
	{ "c01 length 0", "Z\0\0\0\0", 5, 1000, PARSE_BAD, 0 },
	{ "c01 length 3", "Z\0\0\0\3", 5, 1000, PARSE_BAD, 0 },
	{ "no body", "S\0\0\0\4", 5, 1000, PARSE_OK, 5 },
	{ "body on its way", "Q\0\0\0\x10", 5, 1000, PARSE_OK, 17 },
	{ "ready for query", "Z\0\0\0\5I", 6, 1000, PARSE_OK, 6 },
	{ "as long as allowed", "Q\0\0\3\xe8", 5, 1000, PARSE_OK, 1001 },
	{ "c01 one more", "Q\0\0\3\xe9", 5, 1000, PARSE_BAD, 0 },
	{ "c01 length -1", "Q\xff\xff\xff\xff", 5, UINT32_MAX, PARSE_BAD, 0 },
	{ "c01 length INT_MIN", "Q\x80\0\0\0", 5, UINT32_MAX, PARSE_BAD, 0 },
	{ "c27 the longest of all", "d\x7f\xff\xff\xff", 5, 2147483647,
	    PARSE_OK, 2147483648u },
	{ "c28 bytes above 127", "d\0\x80\x80\x80", 5, 2147483647, PARSE_OK,
	    0x808081 },
};

START_TEST(frame_peek_judges_the_header)
{
	struct frame f = { 0 };
	enum parse got = frame_peek(frames[_i].bytes, frames[_i].n,
	    frames[_i].max, &f);

	ck_assert_msg(got == frames[_i].want, "%s: got %d", frames[_i].why,
	    (int)got);
	if (got == PARSE_OK) {
		ck_assert_msg(f.len == frames[_i].len, "%s: length %u",
		    frames[_i].why, f.len);
		ck_assert_int_eq(f.type, frames[_i].bytes[0]);
	}
}
END_TEST

static const struct {
	const char *why;
	const char bytes[10];
	size_t n;
	enum parse want;
	uint32_t len;
} startups[] = {
	{ "nothing yet", "", 0, PARSE_MORE, 0 },
	{ "a21 one byte", "\0", 1, PARSE_MORE, 0 },
	{ "a21 three bytes", "\0\0\0", 3, PARSE_MORE, 0 },
	{ "SSLRequest", "\0\0\0\10\4\xd2\x16\x2f", 8, PARSE_OK, 8 },
	{ "a19 below 8", "\0\0\0\7", 4, PARSE_BAD, 0 },
	{ "a19 zero", "\0\0\0\0", 4, PARSE_BAD, 0 },
	{ "a19 the cap", "\0\0\x27\x10", 4, PARSE_OK, 10000 },
	{ "a19 above the cap", "\0\0\x27\x11", 4, PARSE_BAD, 0 },
	{ "a19 negative", "\xff\xff\xff\xff", 4, PARSE_BAD, 0 },
	{ "a20 an HTTP request", "GET / HT", 8, PARSE_BAD, 0 },
	{ "a20 its first byte", "G", 1, PARSE_BAD, 0 },
	{ "a34 a Query first", "Q\0\0\0\5", 5, PARSE_BAD, 0 },
};

START_TEST(frame_startup_peek_judges_the_header)
{
	struct frame f = { 0 };
	enum parse got = frame_startup_peek(startups[_i].bytes,
	    startups[_i].n, &f);

	ck_assert_msg(got == startups[_i].want, "%s: got %d",
	    startups[_i].why, (int)got);
	if (got == PARSE_OK)
		ck_assert_uint_eq(f.len, startups[_i].len);
}
END_TEST

START_TEST(tables_know_each_message_once)
{
	int i, front = 0, back = 0;

	for (i = 0; i < 256; i++) {
		front += frontend_flags((char)i) != 0;
		back += backend_flags((char)i) != 0;
	}
	ck_assert_int_eq(front, 14);
	ck_assert_int_eq(back, 24);
	ck_assert_str_eq(frontend_name('S'), "Sync");
	ck_assert_str_eq(backend_name('S'), "ParameterStatus");
	ck_assert_str_eq(backend_name('!'), "unknown");
	ck_assert_uint_eq(backend_flags('\xff'), 0);
	ck_assert_uint_eq(SSL_REQUEST, 80877103);
	ck_assert_uint_eq(GSSENC_REQUEST, 80877104);
	ck_assert_uint_eq(CANCEL_REQUEST, 80877102);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("frame");
	TCase *tc = tcase_create("headers");
	SRunner *sr = srunner_create(s);
	int failed;

	tcase_add_loop_test(tc, frame_peek_judges_the_header, 0,
	    (int)countof(frames));
	tcase_add_loop_test(tc, frame_startup_peek_judges_the_header, 0,
	    (int)countof(startups));
	tcase_add_test(tc, tables_know_each_message_once);
	suite_add_tcase(s, tc);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
