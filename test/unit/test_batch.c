/*
 * test_batch.c - batches of messages, and the lanes' back-off.
 */
#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/mem.h"
#include "cluster/host.h"
#include "pool/batch.h"
#include "pool/lane.h"
#include "pool/server.h"
#include "pool/stats.h"

static const char parse[] = "P\0\0\0\x0e" "s1\0sel\0\0\0";
static const char describe[] = "D\0\0\0\x08Ss1";
static const char sync_[] = "S\0\0\0\4";

/* A server that is nothing but a socket and a tracker. */
static struct {
	struct loop *loop;
	struct conn_env env;
	struct server server;
	int far_end;
} it;

static void
start(void)
{
	int fds[2];

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0,
	    fds), 0);
	it.loop = loop_create(LOOP_VIRTUAL);
	conn_env_init(&it.env, it.loop);
	memset(&it.server, 0, sizeof it.server);
	tracker_init(&it.server.tracker);
	conn_init(&it.server.conn, &it.env, NULL);
	conn_open(&it.server.conn, fds[0]);
	it.far_end = fds[1];
}

static void
stop(void)
{
	conn_close(&it.server.conn);
	tracker_fini(&it.server.tracker);
	close(it.far_end);
	conn_env_fini(&it.env);
	loop_destroy(it.loop);
}

START_TEST(batch_leaves_in_one_piece_and_is_owed)
{
	struct batch b = { 0 };
	char got[256];

	batch_query(&b, "SET a='x'", HIDE_ALL);
	batch_add(&b, parse, sizeof parse - 1, HIDE_SUCCESS);
	batch_add(&b, describe, sizeof describe, HIDE_NOTHING);
	batch_add(&b, sync_, sizeof sync_ - 1, HIDE_NOTHING);
	ck_assert(b.complete && batch_may_repeat(&b));
	ck_assert(batch_write(&b, &it.server));
	ck_assert_int_eq(read(it.far_end, got, sizeof got),
	    (ssize_t)b.bytes.n);
	ck_assert_int_eq(memcmp(got, b.bytes.p, b.bytes.n), 0);

	/* Q is hidden; the Parse's success too; what follows is shown. */
	ck_assert_int_eq(tracker_backend(&it.server.tracker, 'C', 0),
	    TRACK_HIDE);
	ck_assert_int_eq(tracker_backend(&it.server.tracker, 'Z', 'I'),
	    TRACK_HIDE);
	ck_assert_int_eq(tracker_backend(&it.server.tracker, '1', 0),
	    TRACK_HIDE);
	ck_assert_int_eq(tracker_backend(&it.server.tracker, 't', 0),
	    TRACK_SHOW);
	ck_assert_int_eq(tracker_backend(&it.server.tracker, 'n', 0),
	    TRACK_SHOW);
	ck_assert(!tracker_at_rest(&it.server.tracker));
	ck_assert_int_eq(tracker_backend(&it.server.tracker, 'Z', 'I'),
	    TRACK_SHOW);
	ck_assert(tracker_at_rest(&it.server.tracker));
	batch_clear(&b);
	ck_assert_uint_eq(b.n, 0);
}
END_TEST

START_TEST(batch_is_repeated_only_whole_and_small)
{
	struct batch b = { 0 };
	char *big = mem_alloc(BATCH_KEEP + 1);

	ck_assert(!batch_may_repeat(&b));
	batch_add(&b, parse, sizeof parse - 1, HIDE_NOTHING);
	ck_assert_msg(!batch_may_repeat(&b), "without its Sync");
	batch_add(&b, sync_, sizeof sync_ - 1, HIDE_NOTHING);
	ck_assert_msg(batch_may_repeat(&b), "with its Sync");
	memset(big, 'x', BATCH_KEEP);
	batch_query(&b, big, HIDE_NOTHING);
	ck_assert_msg(!batch_may_repeat(&b), "larger than what is kept");
	batch_clear(&b);
	mem_free(big);
}
END_TEST

START_TEST(batch_that_no_server_may_get_is_refused)
{
	struct batch b = { 0 };

	batch_add(&b, "p\0\0\0\5x", 6, HIDE_NOTHING);
	ck_assert(!batch_write(&b, &it.server));
	batch_clear(&b);
}
END_TEST

/*
 * Lanes.
 */

static const struct {
	const char *why;
	bool from_server;
	const char *sqlstate;
	unsigned failures;      /* before this one */
	int64_t retry_sec, want_sec;
} pauses[] = {
	{ "nobody answered: soon again", false, "", 0, 15, 1 },
	{ "still nobody: less soon", false, "", 1, 15, 2 },
	{ "never longer than asked for", false, "", 10, 15, 15 },
	{ "a count that would overflow", false, "", 70, 15, 15 },
	{ "b34 a refused login: the whole time", true, "28P01", 0, 15, 15 },
	{ "a short server_login_retry", false, "", 3, 1, 1 },
	{ "i09 it starts: soon again", true, "57P03", 0, 15, 1 },
	{ "h36 it has no room", true, "53300", 1, 15, 2 },
};

START_TEST(lane_rests_after_a_failure)
{
	struct hosts hosts;
	struct failure f = { .from_server = pauses[_i].from_server };
	struct mono now = { 5000000 };
	struct lane *l;

	hosts_init(&hosts, NULL);
	l = lane_create(NULL, host_acquire(&hosts, "h", 5432));
	l->failures = pauses[_i].failures;
	strcpy(f.sqlstate, pauses[_i].sqlstate);
	ck_assert(lane_may_dial(l, now));
	lane_failed(l, &f, now, pauses[_i].retry_sec * 1000000);
	ck_assert(!lane_may_dial(l, now));
	ck_assert_msg(!lane_may_dial(l, mono_after(now,
	    pauses[_i].want_sec * 1000000 - 1)), "%s", pauses[_i].why);
	ck_assert_msg(lane_may_dial(l, mono_after(now,
	    pauses[_i].want_sec * 1000000)), "%s", pauses[_i].why);
	lane_succeeded(l);
	ck_assert(lane_may_dial(l, now));
	l->retired = true;
	ck_assert(!lane_may_dial(l, now));
	lane_destroy(l);
	hosts_fini(&hosts);
}
END_TEST

/*
 * Statistics.
 */

START_TEST(n07_n09_averages_have_their_own_divisors)
{
	struct stats s = { .xact_count = 4, .query_count = 8,
		.server_assignment_count = 2, .xact_time = 400,
		.query_time = 400, .wait_time = 30, .bytes_sent = 1000 };
	struct stats none = { 0 }, avg;

	stats_average(&avg, &s, 2000000);
	ck_assert_uint_eq(avg.xact_count, 2);
	ck_assert_uint_eq(avg.query_count, 4);
	ck_assert_uint_eq(avg.bytes_sent, 500);
	ck_assert_uint_eq(avg.xact_time, 100);
	ck_assert_uint_eq(avg.query_time, 50);
	ck_assert_uint_eq(avg.wait_time, 15);
	stats_average(&avg, &none, 2000000);
	ck_assert_uint_eq(avg.wait_time, 0);
	stats_average(&avg, &s, 0);
	ck_assert_uint_eq(avg.xact_count, 0);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("batch");
	TCase *t = tcase_create("batch");
	SRunner *r;
	int failed;

	tcase_add_checked_fixture(t, start, stop);
	tcase_add_test(t, batch_leaves_in_one_piece_and_is_owed);
	tcase_add_test(t, batch_is_repeated_only_whole_and_small);
	tcase_add_test(t, batch_that_no_server_may_get_is_refused);
	suite_add_tcase(s, t);
	t = tcase_create("lane");
	tcase_add_loop_test(t, lane_rests_after_a_failure, 0,
	    (int)(sizeof pauses / sizeof pauses[0]));
	suite_add_tcase(s, t);
	t = tcase_create("stats");
	tcase_add_test(t, n07_n09_averages_have_their_own_divisors);
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
