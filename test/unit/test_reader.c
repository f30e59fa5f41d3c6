/*
 * test_reader.c - no field is read that is not there.
 */
#include "pgwire/reader.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "base/must.h"
#include "pgwire/error.h"

START_TEST(fields_come_in_network_order)
{
	static const char body[] = "\x01\x02\x03\xff\xfe\x80\0\0\1name\0xyz";
	struct reader r = reader_of(body, sizeof body - 1);

	ck_assert_uint_eq(reader_u8(&r), 1);
	ck_assert_uint_eq(reader_u16(&r), 0x0203);
	ck_assert_int_eq(reader_i16(&r), -2);
	ck_assert_uint_eq(reader_u32(&r), 0x80000001);
	ck_assert_str_eq(reader_cstring(&r), "name");
	ck_assert(str_is(reader_bytes(&r, 2), "xy"));
	ck_assert(reader_ok(&r));
	ck_assert(!reader_done(&r));
	ck_assert(str_is(reader_rest(&r), "z"));
	ck_assert(reader_done(&r));
}
END_TEST

START_TEST(failure_stays)
{
	struct reader r = reader_of("\1\2\3", 3);

	ck_assert_uint_eq(reader_u32(&r), 0);
	ck_assert(!reader_ok(&r));
	ck_assert_uint_eq(reader_u8(&r), 0);
	ck_assert_str_eq(reader_cstring(&r), "");
	ck_assert_uint_eq(reader_rest(&r).n, 0);
	ck_assert(!reader_done(&r));
}
END_TEST

START_TEST(c26_string_without_nul_fails)
{
	struct reader r = reader_of("abc", 3);

	ck_assert_str_eq(reader_cstring(&r), "");
	ck_assert(!reader_ok(&r));
	r = reader_of(NULL, 0);
	ck_assert_str_eq(reader_cstring(&r), "");
	ck_assert(!reader_ok(&r));
}
END_TEST

START_TEST(b01_inner_length_cannot_wrap)
{
	static const uint32_t lengths[] = { 5, 0x7fffffff, 0x80000000,
		0xfffffffe, 0xffffffff };
	struct reader r = reader_of("abcd", 4);

	reader_bytes(&r, (size_t)(ptrdiff_t)(int32_t)lengths[_i]);
	ck_assert(!reader_ok(&r));
}
END_TEST

START_TEST(error_fields_are_read)
{
	static const char body[] = "SFEHLER\0VERROR\0C42601\0Msyntax error\0"
	    "Dmore\0Hhint\0Fscan.l\0";
	struct error_fields e = error_fields_of(body, sizeof body);

	ck_assert_str_eq(e.severity, "ERROR");
	ck_assert_str_eq(e.message, "syntax error");
	ck_assert_str_eq(e.detail, "more");
	ck_assert_str_eq(e.hint, "hint");
	ck_assert(error_is(&e, "42601"));
	ck_assert(!error_ends_connection(&e));
}
END_TEST

static const struct {
	const char *why;
	const char *body;
	size_t n;
	const char *severity, *code, *message;
} errors[] = {
	{ "a41 nothing at all", "", 0, "?", "?????", "(no message)" },
	{ "a41 only the terminator", "\0", 1, "?", "?????",
	    "(no message)" },
	{ "a41 no code", "SFATAL\0Mgone\0\0", 14, "FATAL", "?????", "gone" },
	{ "a41 message cut off", "VFATAL\0C57P01\0Mgo", 17, "FATAL", "57P01",
	    "(no message)" },
	{ "before 9.6", "SPANIC\0C57P02\0Mx\0\0", 18, "PANIC", "57P02", "x" },
};

START_TEST(a41_missing_error_fields_get_placeholders)
{
	struct error_fields e = error_fields_of(errors[_i].body,
	    errors[_i].n);

	ck_assert_str_eq(e.severity, errors[_i].severity);
	ck_assert_str_eq(e.code, errors[_i].code);
	ck_assert_str_eq(e.message, errors[_i].message);
	ck_assert_ptr_null(e.detail);
	ck_assert_int_eq(error_ends_connection(&e),
	    e.severity[0] == 'F' || e.severity[0] == 'P');
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("reader");
	TCase *tc = tcase_create("fields");
	SRunner *sr = srunner_create(s);
	int failed;

	tcase_add_test(tc, fields_come_in_network_order);
	tcase_add_test(tc, failure_stays);
	tcase_add_test(tc, c26_string_without_nul_fails);
	tcase_add_loop_test(tc, b01_inner_length_cannot_wrap, 0, 5);
	tcase_add_test(tc, error_fields_are_read);
	tcase_add_loop_test(tc, a41_missing_error_fields_get_placeholders, 0,
	    (int)countof(errors));
	suite_add_tcase(s, tc);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
