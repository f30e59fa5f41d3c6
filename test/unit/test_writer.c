/*
 * test_writer.c - each ready-made message, byte by byte.
 */
#include "pgwire/writer.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/must.h"
#include "pgwire/messages.h"

static void
error(struct text *t)
{
	writer_error(t, &(struct error_fields){ "FATAL", "28P01", "no",
	    NULL, "try", NULL });
}

static void
notice(struct text *t)
{
	writer_notice(t, &(struct error_fields){ "NOTICE", "00000", "n", "d",
	    NULL, NULL });
}

static void
parameter(struct text *t)
{
	writer_parameter_status(t, "application_name", "");
}

static void
key_data(struct text *t)
{
	writer_key_data(t, "\0\1\2\3\xff\5\6\7", 8);
}

static void
ready(struct text *t)
{
	writer_ready(t, 'T');
}

static void
complete(struct text *t)
{
	writer_command_complete(t, "SHOW");
}

static void
auth_md5(struct text *t)
{
	writer_auth(t, AUTH_MD5, "s\0lt", 4);
}

static void
auth_ok(struct text *t)
{
	writer_auth(t, AUTH_OK, NULL, 0);
}

static void
auth_sasl(struct text *t)
{
	static const char *const names[] = { "SCRAM-SHA-256", NULL };

	writer_auth_sasl(t, names);
}

static void
rows(struct text *t)
{
	static const struct writer_column cols[] = {
		{ "a", 25, -1 }, { "b", 20, 8 }
	};
	static const char *const values[] = { "x", NULL };

	writer_row_description(t, cols, 2);
	writer_data_row(t, values, 2);
}

static void
startup(struct text *t)
{
	static const struct writer_pair pairs[] = {
		{ "user", "u" }, { "database", NULL }, { "options", "" }
	};

	writer_startup(t, PROTOCOL_3_0, pairs, 3);
}

static void
cancel(struct text *t)
{
	writer_cancel_request(t, "12345678", 8);
}

static void
ssl(struct text *t)
{
	writer_request(t, SSL_REQUEST);
}

static void
login(struct text *t)
{
	writer_password(t, "pw");
	writer_sasl_initial(t, "M", "n,,", 3);
	writer_sasl_response(t, "c=", 2);
}

static void
queries(struct text *t)
{
	writer_query(t, "");
	writer_empty(t, FE_SYNC);
}

#define BYTES(s) s, sizeof(s) - 1

static const struct {
	const char *why;
	void (*write)(struct text *);
	const char *want;
	size_t n;
} cases[] = {
	{ "ErrorResponse", error, BYTES("E\0\0\0\x23SFATAL\0VFATAL\0"
	    "C28P01\0Mno\0Htry\0\0") },
	{ "NoticeResponse", notice, BYTES("N\0\0\0\x22SNOTICE\0VNOTICE\0"
	    "C00000\0Mn\0Dd\0\0") },
	{ "e06 empty ParameterStatus", parameter,
	    BYTES("S\0\0\0\x16" "application_name\0\0") },
	{ "BackendKeyData", key_data,
	    BYTES("K\0\0\0\x0c\0\1\2\3\xff\5\6\7") },
	{ "ReadyForQuery", ready, BYTES("Z\0\0\0\5T") },
	{ "CommandComplete", complete, BYTES("C\0\0\0\x09SHOW\0") },
	{ "b04 salt with a zero byte", auth_md5,
	    BYTES("R\0\0\0\x0c\0\0\0\5s\0lt") },
	{ "AuthenticationOk", auth_ok, BYTES("R\0\0\0\x08\0\0\0\0") },
	{ "AuthenticationSASL", auth_sasl,
	    BYTES("R\0\0\0\x17\0\0\0\x0aSCRAM-SHA-256\0\0") },
	{ "a table", rows, BYTES("T\0\0\0\x2e\0\2"
	    "a\0\0\0\0\0\0\0\0\0\0\x19\xff\xff\xff\xff\xff\xff\0\0"
	    "b\0\0\0\0\0\0\0\0\0\0\x14\0\x08\xff\xff\xff\xff\0\0"
	    "D\0\0\0\x0f\0\2\0\0\0\1x\xff\xff\xff\xff") },
	{ "StartupMessage", startup,
	    BYTES("\0\0\0\x19\0\3\0\0user\0u\0options\0\0\0") },
	{ "CancelRequest", cancel,
	    BYTES("\0\0\0\x10\x04\xd2\x16\x2e" "12345678") },
	{ "SSLRequest", ssl, BYTES("\0\0\0\x08\x04\xd2\x16\x2f") },
	{ "password messages", login, BYTES("p\0\0\0\7pw\0"
	    "p\0\0\0\x0dM\0\0\0\0\3n,,p\0\0\0\6c=") },
	{ "Query and Sync", queries, BYTES("Q\0\0\0\5\0S\0\0\0\4") },
};

START_TEST(message_has_exactly_these_bytes)
{
	struct text t = { 0 };

	text_puts(&t, "before");
	cases[_i].write(&t);
	ck_assert_msg(t.n == 6 + cases[_i].n, "%s: %zu bytes",
	    cases[_i].why, t.n - 6);
	ck_assert_msg(memcmp(t.p + 6, cases[_i].want, cases[_i].n) == 0,
	    "%s", cases[_i].why);
	text_fini(&t);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("writer");
	TCase *tc = tcase_create("messages");
	SRunner *sr = srunner_create(s);
	int failed;

	tcase_add_loop_test(tc, message_has_exactly_these_bytes, 0,
	    (int)countof(cases));
	suite_add_tcase(s, tc);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
