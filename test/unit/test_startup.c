/*
 * test_startup.c - the first packet, as PostgreSQL reads it.
 */
#include "pgwire/startup.h"

#include <check.h>
#include <stdlib.h>

#include "base/must.h"
#include "pgwire/messages.h"

#define BYTES(s) s, sizeof(s) - 1
#define V3 "\0\3\0\0"

static const struct {
	const char *why;
	const char *body;
	size_t n;
	enum startup_layout want;
	enum startup_kind kind;
} layouts[] = {
	{ "no first word", BYTES("\0\3\0"), STARTUP_SHORT, STARTUP_UNKNOWN },
	{ "plain", BYTES(V3 "user\0u\0\0"), STARTUP_FINE, STARTUP_LOGIN },
	{ "no parameters", BYTES(V3 "\0"), STARTUP_FINE, STARTUP_LOGIN },
	{ "empty value", BYTES(V3 "user\0\0\0"), STARTUP_FINE,
	    STARTUP_LOGIN },
	{ "a22 nothing", BYTES(V3), STARTUP_UNTERMINATED, STARTUP_LOGIN },
	{ "a22 no final NUL", BYTES(V3 "user\0u\0"), STARTUP_UNTERMINATED,
	    STARTUP_LOGIN },
	{ "a22 value not ended", BYTES(V3 "user\0u"), STARTUP_UNTERMINATED,
	    STARTUP_LOGIN },
	{ "a22 key not ended", BYTES(V3 "user"), STARTUP_UNTERMINATED,
	    STARTUP_LOGIN },
	{ "a22 key without value", BYTES(V3 "user\0"), STARTUP_UNTERMINATED,
	    STARTUP_LOGIN },
	{ "a22 bytes behind the end", BYTES(V3 "user\0u\0\0x"),
	    STARTUP_TRAILING, STARTUP_LOGIN },
	{ "a22 a second terminator", BYTES(V3 "\0\0"), STARTUP_TRAILING,
	    STARTUP_LOGIN },
	{ "a32 protocol 3.1", BYTES("\0\3\0\1user\0u\0\0"), STARTUP_FINE,
	    STARTUP_LOGIN },
	{ "a32 protocol 2", BYTES("\0\2\0\0junk"), STARTUP_FINE,
	    STARTUP_V2 },
	{ "a32 protocol 4", BYTES("\0\4\0\0user\0u\0\0"), STARTUP_FINE,
	    STARTUP_UNKNOWN },
	{ "SSLRequest", BYTES("\x04\xd2\x16\x2f"), STARTUP_FINE,
	    STARTUP_SSL },
	{ "SSLRequest with more", BYTES("\x04\xd2\x16\x2fx"),
	    STARTUP_WRONG_SIZE, STARTUP_SSL },
	{ "a03 GSSENCRequest", BYTES("\x04\xd2\x16\x30"), STARTUP_FINE,
	    STARTUP_GSSENC },
	{ "CancelRequest", BYTES("\x04\xd2\x16\x2e" "12345678"),
	    STARTUP_FINE, STARTUP_CANCEL },
	{ "g16 key too short", BYTES("\x04\xd2\x16\x2e" "1234567"),
	    STARTUP_WRONG_SIZE, STARTUP_CANCEL },
};

START_TEST(layout_is_checked)
{
	struct startup s;
	char *exact = malloc(layouts[_i].n);    /* so that ASan sees the end */
	enum startup_layout got;

	memcpy(exact, layouts[_i].body, layouts[_i].n);
	got = startup_parse(&s, exact, layouts[_i].n);
	ck_assert_msg(got == layouts[_i].want, "%s: got %d",
	    layouts[_i].why, (int)got);
	ck_assert_msg(s.kind == layouts[_i].kind, "%s: kind %d",
	    layouts[_i].why, (int)s.kind);
	free(exact);
}
END_TEST

static struct startup
parse(const char *body, size_t n)
{
	struct startup s;

	ck_assert_int_eq(startup_parse(&s, body, n), STARTUP_FINE);
	return s;
}

START_TEST(a27_last_duplicate_wins)
{
	struct startup s = parse(BYTES(V3 "user\0a\0database\0d\0user\0b\0\0"));

	ck_assert_str_eq(startup_get(&s, "user"), "b");
	ck_assert_str_eq(startup_get(&s, "database"), "d");
	ck_assert_ptr_null(startup_get(&s, "User"));
	ck_assert_ptr_null(startup_get(&s, "options"));
}
END_TEST

START_TEST(pairs_come_in_order)
{
	struct startup s = parse(BYTES(V3 "user\0u\0application_name\0\0\0"));
	struct str params = s.params;
	struct startup_pair pair;

	ck_assert(startup_next(&params, &pair));
	ck_assert_str_eq(pair.name, "user");
	ck_assert_str_eq(pair.value, "u");
	ck_assert(startup_next(&params, &pair));
	ck_assert_str_eq(pair.name, "application_name");
	ck_assert_str_eq(pair.value, "");
	ck_assert(!startup_next(&params, &pair));
}
END_TEST

START_TEST(cancel_key_is_whole)
{
	struct startup s = parse(BYTES("\x04\xd2\x16\x2e" "\0\0\0\1sec\0"));

	ck_assert_uint_eq(s.key.n, 8);
	ck_assert(memcmp(s.key.p, "\0\0\0\1sec\0", 8) == 0);
}
END_TEST

static const struct {
	const char *why;
	const char *body;
	size_t n;
	const char *want;
	size_t want_n;
} negotiations[] = {
	{ "plain 3.0", BYTES(V3 "user\0u\0\0"), NULL, 0 },
	{ "a32 3.1", BYTES("\0\3\0\1user\0u\0\0"),
	    BYTES("v\0\0\0\x0c\0\3\0\0\0\0\0\0") },
	{ "a30 an option", BYTES(V3 "_pq_.x\0y\0user\0u\0\0"),
	    BYTES("v\0\0\0\x13\0\3\0\0\0\0\0\1_pq_.x\0") },
	{ "a31 libpq's grease", BYTES("\0\3\x27\x0fuser\0u\0"
	    "_pq_.test_protocol_negotiation\0\0\0"),
	    BYTES("v\0\0\0\x2b\0\3\0\0\0\0\0\1"
	    "_pq_.test_protocol_negotiation\0") },
};

START_TEST(a30_negotiates_once_and_names_each_option)
{
	struct startup s = parse(negotiations[_i].body, negotiations[_i].n);
	struct text t = { 0 };

	ck_assert_int_eq(startup_negotiate(&s, PROTOCOL_3_0, &t),
	    negotiations[_i].want != NULL);
	ck_assert_msg(t.n == negotiations[_i].want_n, "%s: %zu bytes",
	    negotiations[_i].why, t.n);
	ck_assert(t.n == 0 || memcmp(t.p, negotiations[_i].want, t.n) == 0);
	text_fini(&t);
}
END_TEST

static const struct {
	const char *why;
	const char *options;
	const char *want;       /* "name=value;", "!" for an error */
} options[] = {
	{ "empty", "", "" },
	{ "blank", "  \t ", "" },
	{ "a33 -c k=v", "-c geqo=off", "geqo=off;" },
	{ "a33 -ck=v", "-cgeqo=off", "geqo=off;" },
	{ "a33 --k=v", "--geqo=off", "geqo=off;" },
	{ "dashes in names", "--search-path=a-b", "search_path=a-b;" },
	{ "a33 escaped blank", "-c search_path=a,\\ b -c x.y=1",
	    "search_path=a, b;x.y=1;" },
	{ "a33 escaped backslash", "-c a=\\\\x", "a=\\x;" },
	{ "backslash at the end", "-c a=b\\", "a=b;" },
	{ "empty value", "-c a=", "a=;" },
	{ "equals in the value", "-c a=b=c", "a=b=c;" },
	{ "blanks around", "  -c  a=1  --b=2 ", "a=1;b=2;" },
	{ "other switch", "-c a=1 -d 5", "a=1;!" },
	{ "bare word", "a=1", "!" },
	{ "-c at the end", "-c", "!" },
	{ "no equals sign", "--geqo", "!" },
	{ "no name", "-c =1", "!" },
	{ "two dashes only", "--", "!" },
};

START_TEST(a33_options_are_split_like_postgresql_does)
{
	struct startup_options o;
	struct startup_pair pair;
	struct text got = { 0 };
	enum startup_option what;

	text_puts(&got, "");
	startup_options_init(&o, options[_i].options);
	while ((what = startup_options_next(&o, &pair)) == OPTION_SETTING)
		text_printf(&got, "%s=%s;", pair.name, pair.value);
	if (what == OPTION_BAD)
		text_puts(&got, "!");
	ck_assert_msg(strcmp(got.p, options[_i].want) == 0, "%s: got %s",
	    options[_i].why, got.p);
	startup_options_fini(&o);
	text_fini(&got);
}
END_TEST

static const struct {
	const char *value;
	enum startup_replication want;
} replications[] = {
	{ NULL, REPLICATION_NONE },
	{ "database", REPLICATION_LOGICAL },
	{ "Database", REPLICATION_INVALID },
	{ "true", REPLICATION_PHYSICAL }, { "T", REPLICATION_PHYSICAL },
	{ "tru", REPLICATION_PHYSICAL }, { "truex", REPLICATION_INVALID },
	{ "yes", REPLICATION_PHYSICAL }, { "y", REPLICATION_PHYSICAL },
	{ "ON", REPLICATION_PHYSICAL }, { "1", REPLICATION_PHYSICAL },
	{ "o", REPLICATION_INVALID }, { "of", REPLICATION_NONE },
	{ "off", REPLICATION_NONE }, { "no", REPLICATION_NONE },
	{ "f", REPLICATION_NONE }, { "0", REPLICATION_NONE },
	{ "", REPLICATION_INVALID }, { "2", REPLICATION_INVALID },
	{ "10", REPLICATION_INVALID }, { "logical", REPLICATION_INVALID },
};

START_TEST(a28_replication_takes_database_or_a_boolean)
{
	ck_assert_msg(startup_replication(replications[_i].value) ==
	    replications[_i].want, "%s", replications[_i].value);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("startup");
	TCase *tc = tcase_create("packet");
	SRunner *sr = srunner_create(s);
	int failed;

	tcase_add_loop_test(tc, layout_is_checked, 0, (int)countof(layouts));
	tcase_add_test(tc, a27_last_duplicate_wins);
	tcase_add_test(tc, pairs_come_in_order);
	tcase_add_test(tc, cancel_key_is_whole);
	tcase_add_loop_test(tc, a30_negotiates_once_and_names_each_option, 0,
	    (int)countof(negotiations));
	tcase_add_loop_test(tc, a33_options_are_split_like_postgresql_does, 0,
	    (int)countof(options));
	tcase_add_loop_test(tc, a28_replication_takes_database_or_a_boolean,
	    0, (int)countof(replications));
	suite_add_tcase(s, tc);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
