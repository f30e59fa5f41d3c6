/*
 * test_departures.c - clients that leave, at every moment (pitfalls d34 and
 * on, c21, c29, h02, h17). That all counters are zero afterwards is checked
 * by world_stop().
 */
#include "base/must.h"
#include "conversation/play.h"
#include "conversation/world.h"
#include "pool/database.h"
#include "pool/pool.h"
#include "pool/pools.h"

#define TRANSACTION "pool_mode = transaction\ndefault_pool_size = 1\n"
#define SESSION "pool_mode = session\ndefault_pool_size = 1\n"

static const struct play departures[] = {
	{ "d34: in a transaction", NULL, {
		"client 1: Q BEGIN",
		"server 1: C BEGIN / Z T",
		"client 2: Q SELECT 2",
		"client 1 leaves",
		"server 1 < X",
		"owner 1 = gone",
		"server 2 < Q SELECT 2",
		"owner 2 = client 2" } },
	{ "d34: in a failed transaction", NULL, {
		"client 1: Q BEGIN",
		"server 1: C BEGIN / Z T",
		"client 1: Q bad",
		"server 1: E 42601 syntax error / Z E",
		"client 1: X",
		"owner 1 = gone" } },
	{ "d35: between Parse and Sync", NULL, {
		"client 1: P - SELECT 1 / H",
		"server 1: 1",
		"client 1 leaves",
		"owner 1 = gone" } },
	{ "d35: after an error, before Sync", NULL, {
		"client 1: P - bad / H",
		"server 1: E 42601 syntax error",
		"client 1 leaves",
		"owner 1 = gone" } },
	{ "d36: while its query runs", NULL, {
		"client 1: Q SELECT pg_sleep(1000)",
		"client 1 leaves",
		"server 1 < Q SELECT pg_sleep(1000) / X",
		"owner 1 = gone" } },
	{ "c29: Terminate right behind a query", NULL, {
		"client 1: Q SELECT 1 / X",
		"client 1 is gone",
		"server 1 < Q SELECT 1 / X",
		"owner 1 = gone",
		"client 2: Q SELECT 2",
		"server 2: C SELECT 1 / Z I",
		"client 2 < C SELECT 1 / Z I" } },
	{ "c29: Terminate behind a query that waits", NULL, {
		"client 1: Q BEGIN",
		"server 1: C BEGIN / Z T",
		"client 2: Q SELECT 2 / X",
		"client 1: Q COMMIT",
		"server 1: C COMMIT / Z I",
		"client 2 is gone",
		"client 1: Q SELECT 1",
		"server 2 < Q SELECT 1" } },
	{ "h02: while it waits", NULL, {
		"client 1: Q BEGIN",
		"server 1: C BEGIN / Z T",
		"client 2: Q SELECT 2",
		"client 2 waits pool_size",
		"client 2 leaves",
		"client 1: Q COMMIT",
		"server 1: C COMMIT / Z I",
		"owner 1 = pool",
		"server 1 <" } },
	{ "h02: before its startup packet, after it, and at the password",
	    "auth_type = md5\n", {
		"client 1 comes user=nobody",
		"client 1 < R 5",
		"client 1 leaves",
		"client 1 comes",
		"client 1 leaves",
		"count = 0" } },
	{ "h02: while the first server is being opened", NULL, {
		"logins by hand",
		"client 1 comes",
		"count = 1",
		"client 1 leaves",
		"client 1 comes",
		"count = 1",
		"server 1: R 0 / S TimeZone=UTC / K / Z I",
		"client 1 < R 0 / S TimeZone=UTC / K / Z I",
		"count = 1" } },
	{ "h02: while its parameters are being set", NULL, {
		"client 1 joins TimeZone=Asia/Tokyo",
		"client 1: Q SELECT 1",
		"server 1 < Q SET TimeZone='Asia/Tokyo';",
		"client 2: Q SELECT 2",
		"client 1 leaves",
		"owner 1 = gone",
		"server 2 < Q SELECT 2" } },
	{ "h02: while a reset runs for the one before", SESSION, {
		"resets by hand",
		"client 1: Q SELECT 1",
		"server 1: C SELECT 1 / Z I",
		"client 2: Q SELECT 2",
		"client 1 leaves",
		"owner 1 = tested",
		"client 2 leaves",
		"server 1: C DISCARD ALL / Z I",
		"owner 1 = pool" } },
	{ "h17: a server for one who gave up is not one too many", NULL, {
		"client 1 joins",
		"server 1 dies",
		"logins by hand",
		"client 1: Q SELECT 1",
		"client 1 waits connecting",
		"client 1 leaves",
		"count = 1",
		"client 2 comes",
		"client 2: Q SELECT 2",
		"count = 1",
		"client 2 waits connecting" } },
	{ "h17: and the next one gets it", NULL, {
		"client 1 joins",
		"client 2 joins",
		"server 1 dies",
		"client 1: Q SELECT 1",
		"server 2 < Q SELECT 1",
		"client 1 leaves",
		"owner 2 = gone",
		"client 2: Q SELECT 2",
		"server 3 < Q SELECT 2" } },
	{ "an idle client leaves the pool as it was", NULL, {
		"client 1: Q SELECT 1",
		"server 1: C SELECT 1 / Z I",
		"client 1 leaves",
		"owner 1 = pool",
		"server 1 <" } },
	{ "in session mode its server is cleaned for the next", SESSION, {
		"client 1: Q SELECT 1",
		"server 1: C SELECT 1 / Z I",
		"client 1 leaves",
		"owner 1 = pool",
		"client 2: Q SELECT 2",
		"server 1 < Q SELECT 2" } },
};

START_TEST(a_client_leaves)
{
	play(&departures[_i], TRANSACTION);
}
END_TEST

START_TEST(c21_the_end_of_a_client_in_the_middle_of_its_message)
{
	struct world *w = world_start(TRANSACTION);
	struct text t = { 0 };
	bool began;
	size_t cut;

	script_write(CLIENT_SPEAKS, "Q SELECT 'half'", &t);
	for (cut = 1; cut < t.n; cut++) {
		client_joins(w, 1, "");
		client_sends_bytes(w, 1, t.p, cut);
		/* What it may be is seen by its first word: before that
		 * nothing was passed on, and the server can be used. */
		began = server_unread(w, w->nservers) > 0;
		client_leaves(w, 1);
		ck_assert_str_eq(server_owner(w, w->nservers),
		    began ? "gone" : "pool");
		ck_assert(began || cut < 12);
	}
	text_fini(&t);
	world_stop(w);
}
END_TEST

/* It has sent nothing yet, or a part of its startup packet. */
START_TEST(h02_a_client_leaves_during_the_startup_packet)
{
	struct world *w = world_start(TRANSACTION);
	struct text t = { 0 };
	size_t cut;

	script_startup("user=app&database=shop", &t);
	for (cut = 0; cut < t.n; cut++) {
		client_sends_bytes(w, 1, t.p, cut);
		ck_assert_uint_eq(w->pooler->counts.login, 1);
		client_leaves(w, 1);
		ck_assert_uint_eq(w->pooler->counts.all, 0);
	}
	text_fini(&t);
	world_stop(w);
}
END_TEST

/* The end of what a client sends is its departure: nothing hangs. */
START_TEST(c30_half_close)
{
	struct world *w = world_start(TRANSACTION);

	client_sends(w, 1, "Q SELECT 1");
	client_stops_sending(w, 1);
	ck_assert(client_is_gone(w, 1));
	ck_assert_str_eq(server_owner(w, 1), "gone");
	world_stop(w);
}
END_TEST

/* h02: each departure decrements what its arrival incremented. */
START_TEST(h02_counts_of_database_and_user)
{
	struct world *w = world_start(TRANSACTION);
	struct pool *p;

	client_joins(w, 1, "");
	client_joins(w, 2, "");
	p = world_pool(w, "shop", "app");
	ck_assert_uint_eq(p->nclients, 2);
	ck_assert_uint_eq(p->database->nclients, 2);
	client_leaves(w, 1);
	ck_assert_uint_eq(p->nclients, 1);
	ck_assert_uint_eq(p->database->nclients, 1);
	ck_assert_uint_eq(w->pooler->counts.all, 1);
	world_stop(w);
}
END_TEST

/* h23: who leaves in the same turn as others is dealt with once. */
START_TEST(h23_all_leave_at_once)
{
	struct world *w = world_start(TRANSACTION);
	unsigned i;

	for (i = 1; i <= 50; i++)
		client_sends(w, i, "Q SELECT 1");
	for (i = 1; i <= 50; i++)
		client_drops(w, i);
	server_dies(w, 1);
	world_stop(w);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("departures");
	TCase *t = tcase_create("departures");

	tcase_set_timeout(t, 60);
	tcase_add_loop_test(t, a_client_leaves, 0, (int)countof(departures));
	tcase_add_test(t,
	    c21_the_end_of_a_client_in_the_middle_of_its_message);
	tcase_add_test(t, h02_a_client_leaves_during_the_startup_packet);
	tcase_add_test(t, c30_half_close);
	tcase_add_test(t, h02_counts_of_database_and_user);
	tcase_add_test(t, h23_all_leave_at_once);
	suite_add_tcase(s, t);
	return world_run(s);
}
