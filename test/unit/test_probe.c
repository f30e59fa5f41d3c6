/*
 * test_probe.c - reading what a host answers.
 */
#include "cluster/probe.h"

#include <check.h>
#include <stdlib.h>

#include "base/must.h"

#define PRIMARY "7301", "1700000000000000", "5432", "f", "f", "0000000A", \
	NULL, "171966464", NULL, NULL
#define REPLICA "7301", "1700000000000001", "5433", "t", "t", NULL, "10", \
	"171966400", "171966464", "2500000"

static const struct {
	const char *why;
	const char *values[PROBE_COLUMNS];
	bool good;
	struct probe want;
} answers[] = {
	{ "a primary: its timeline is hexadecimal", { PRIMARY }, true,
	    { 7301, 1700000000000000, 5432, false, false, 10, 171966464, 0,
	    -1 } },
	{ "a replica: its timeline is decimal", { REPLICA }, true,
	    { 7301, 1700000000000001, 5433, true, true, 10, 171966400,
	    171966464, 2500000 } },
	{ "a replica that has replayed nothing and may not say more",
	    { "7301", "1", "1", "t", "f", NULL, NULL, NULL, NULL, NULL },
	    true, { 7301, 1, 1, true, false, 0, 0, 0, -1 } },
	{ "a system identifier of 64 bits", { "18446744073709551615", "1",
	    "1", "f", "f", "00000001", NULL, "1", NULL, NULL }, true,
	    { UINT64_MAX, 1, 1, false, false, 1, 1, 0, -1 } },
	{ "replayed what is written in the future: clocks differ",
	    { "7301", "1", "1", "t", "f", NULL, "1", "1", "1", "-50" },
	    true, { 7301, 1, 1, true, false, 1, 1, 1, 0 } },
	{ "nothing at all", { NULL }, false, { .port = 0 } },
	{ "no identifier", { NULL, "1", "1", "f", "f", "1", NULL, "1", NULL,
	    NULL }, false, { .port = 0 } },
	{ "text for a number", { "7301", "yesterday", "1", "f", "f", "1",
	    NULL, "1", NULL, NULL }, false, { .port = 0 } },
	{ "a number and text", { "7301", "1", "1", "f", "f", "1", NULL,
	    "1.5", NULL, NULL }, false, { .port = 0 } },
	{ "a negative LSN", { "7301", "1", "1", "f", "f", "1", NULL, "-1",
	    NULL, NULL }, false, { .port = 0 } },
	{ "a port that is none", { "7301", "1", "65536", "f", "f", "1", NULL,
	    "1", NULL, NULL }, false, { .port = 0 } },
	{ "a timeline that is none", { "7301", "1", "1", "f", "f",
	    "100000000", NULL, "1", NULL, NULL }, false, { .port = 0 } },
	{ "an age that is none", { "7301", "1", "1", "t", "f", NULL, "1",
	    "1", "1", "new" }, false, { .port = 0 } },
};

START_TEST(answers_are_read)
{
	struct probe p = { .port = 0 };
	const struct probe *w = &answers[_i].want;
	struct err err;

	ck_assert_msg(probe_parse(&p, answers[_i].values, &err) ==
	    answers[_i].good, "%s", answers[_i].why);
	if (!answers[_i].good)
		return;
	ck_assert(probe_is_same_server(&p, w));
	ck_assert_int_eq(p.in_recovery, w->in_recovery);
	ck_assert_int_eq(p.read_only, w->read_only);
	ck_assert_uint_eq(p.timeline, w->timeline);
	ck_assert_uint_eq(p.lsn, w->lsn);
	ck_assert_uint_eq(p.received, w->received);
	ck_assert_int_eq(p.replay_age, w->replay_age);
}
END_TEST

START_TEST(a_server_is_its_cluster_start_and_port)
{
	const struct probe a = { 1, 2, 3, false, false, 0, 0, 0, 0 };
	struct probe b = a;

	b.in_recovery = true;
	b.lsn = 5;
	ck_assert(probe_is_same_server(&a, &b));
	b.port = 4;
	ck_assert(!probe_is_same_server(&a, &b));
	b = a;
	b.started = 4;
	ck_assert(!probe_is_same_server(&a, &b));
	b = a;
	b.system_identifier = 4;
	ck_assert(!probe_is_same_server(&a, &b));
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("probe");
	TCase *t = tcase_create("probe");
	SRunner *r = srunner_create(s);
	int failed;

	tcase_add_loop_test(t, answers_are_read, 0, (int)countof(answers));
	tcase_add_test(t, a_server_is_its_cluster_start_and_port);
	suite_add_tcase(s, t);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed == 0 ? 0 : 1;
}
