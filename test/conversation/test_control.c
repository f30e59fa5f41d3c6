/*
 * test_control.c - what an operator does: pause, resume, kill, reconnect,
 * shutdown, reload (pitfalls h10, h15, i03, i17, i25, i28).
 */
#include "base/must.h"
#include "conversation/play.h"
#include "conversation/world.h"
#include "pool/control.h"
#include "pool/database.h"
#include "pool/lane.h"
#include "pool/pool.h"
#include "pool/server.h"

#define TRANSACTION "pool_mode = transaction\ndefault_pool_size = 1\n" \
	"query_wait_notify = 0\n"
#define TWO "pool_mode = transaction\ndefault_pool_size = 2\n" \
	"query_wait_notify = 0\n"
#define SESSION "default_pool_size = 1\n"
#define SHOP "[databases]\nshop = host=$1\n"
#define BOTH "[databases]\nshop = host=$1\nstock = host=$1\n"

static const struct play controls[] = {
	{ "PAUSE closes what is idle, and nothing is opened (i25)", NULL, {
		"client 1 joins",
		"pause",
		"owner 1 = gone",
		"client 1: Q SELECT 1",
		"client 1 waits paused",
		"wait 60",
		"count = 0",
		"client 2 joins",
		"client 2: Q SELECT 2",
		"resume",
		"server 2 < Q SELECT 1",
		"server 2: C SELECT 1 / Z I",
		"server 2 < Q SELECT 2" } },
	{ "PAUSE lets a transaction end", NULL, {
		"client 1: Q BEGIN",
		"server 1: C BEGIN / Z T",
		"pause",
		"owner 1 = client 1",
		"client 1: Q COMMIT",
		"server 1: C COMMIT / Z I",
		"owner 1 = gone",
		"client 1 < C BEGIN / Z T / C COMMIT / Z I",
		"client 1: Q SELECT 1",
		"client 1 waits paused" } },
	{ "PAUSE of one database leaves the others", TRANSACTION BOTH, {
		"client 1 joins",
		"client 2 joins database=stock",
		"pause shop",
		"client 1: Q SELECT 1",
		"client 1 waits paused",
		"client 2: Q SELECT 2",
		"server 2 < Q SELECT 2",
		"resume shop",
		"server 3 < Q SELECT 1" } },
	{ "PAUSE ends logins to servers", NULL, {
		"logins by hand",
		"client 1 comes",
		"pause",
		"count = 0",
		"wait 30",
		"count = 0",
		"resume",
		"count = 1",
		"server 2: R 0 / K / Z I",
		"client 1 < R 0 / K / Z I" } },
	{ "PAUSE while a server is checked", TRANSACTION
	    "server_check_query = SELECT 1\nserver_check_delay = 5\n", {
		"client 1 joins",
		"wait 6",
		"client 1: Q SELECT 'x'",
		"owner 1 = tested",
		"pause",
		"server 1: C SELECT 1 / Z I",
		"owner 1 = gone",
		"client 1 waits paused",
		"resume",
		"server 2 < Q SELECT 'x'" } },
	{ "PAUSE while a server is given its parameters", NULL, {
		"client 1 joins TimeZone=Asia/Tokyo",
		"client 1: Q SELECT 1",
		"pause",
		"server 1: C SET / S TimeZone=Asia/Tokyo / Z I",
		"server 1 < Q SELECT 1",
		"server 1: C SELECT 1 / Z I",
		"client 1 < C SELECT 1 / Z I",
		"owner 1 = gone" } },
	{ "KILL drops clients and servers, and pauses", NULL, {
		"client 1: Q BEGIN",
		"server 1: C BEGIN / Z T",
		"client 2: Q SELECT 2",
		"client 3 joins",
		"kill shop",
		"client 1 < C BEGIN / Z T / E FATAL 57P01",
		"client 2 < E FATAL 57P01",
		"client 3 < E FATAL 57P01",
		"client 1 is gone",
		"client 2 is gone",
		"client 3 is gone",
		"count = 0",
		"client 4 comes",
		"wait 5",
		"count = 0",
		"resume shop",
		"client 4: Q SELECT 4",
		"server 2 < Q SELECT 4" } },
	{ "RECONNECT while servers log in, and clients wait for them",
	    "pool_mode = transaction\ndefault_pool_size = 5\n"
	    "query_wait_notify = 0\n", {
		"client 1 joins", "client 2 joins", "client 3 joins",
		"server 1 dies",
		"logins by hand",
		"client 1: Q SELECT 1",
		"client 2: Q SELECT 2",
		"client 3: Q SELECT 3",
		"count = 3",
		"reconnect",
		"count = 3",
		"client 1 waits connecting",
		"server 5: R 0 / Z I",
		"client 1 waits",
		"client 2 waits connecting" } },
	{ "RECONNECT while a client logs in", NULL, {
		"logins by hand",
		"client 1 comes",
		"reconnect",
		"count = 1",
		"server 2: R 0 / K / Z I",
		"client 1 < R 0 / K / Z I" } },
	{ "RECONNECT in session mode waits for the client to leave", SESSION, {
		"client 1: Q SELECT 1",
		"server 1: C SELECT 1 / Z I",
		"reconnect",
		"owner 1 = client 1",
		"client 1: Q SELECT 2",
		"server 1: C SELECT 1 / Z I",
		"owner 1 = client 1",
		"client 1 leaves",
		"owner 1 = gone",
		"server 1 < X" } },
	{ "unless server_fast_close is set", SESSION "server_fast_close = 1\n",
	    {
		"client 1: Q BEGIN",
		"server 1: C BEGIN / Z T",
		"reconnect",
		"owner 1 = client 1",
		"client 1: Q COMMIT",
		"server 1: C COMMIT / Z I",
		"client 1 < C BEGIN / Z T / C COMMIT / Z I / "
		    "E FATAL 57P01 database configuration changed",
		"owner 1 = gone" } },
	{ "i28: a reload that changes nothing", TRANSACTION SHOP, {
		"client 1: Q SELECT 1",
		"server 1: C SELECT 1 / Z I",
		"reload " TRANSACTION SHOP,
		"owner 1 = pool",
		"client 1: Q SELECT 2",
		"server 1 < Q SELECT 2" } },
	{ "i28: a reload that concerns another database", TRANSACTION BOTH, {
		"client 1 joins",
		"client 2 joins database=stock",
		"client 1: Q BEGIN",
		"reload " TRANSACTION "[databases]\nshop = host=$1\n"
		    "stock = host=$2\n",
		"owner 1 = client 1",
		"owner 2 = gone",
		"server 1: C BEGIN / Z T",
		"client 1: Q COMMIT",
		"server 1: C COMMIT / Z I",
		"owner 1 = pool",
		"client 2: Q SELECT 2",
		"server 3 < Q SELECT 2" } },
	{ "a reload names another host", TRANSACTION SHOP, {
		"client 1: Q BEGIN",
		"server 1: C BEGIN / Z T",
		"client 2: Q SELECT 2",
		"reload " TRANSACTION "[databases]\nshop = host=$2\n",
		"host 1 is down",
		"owner 1 = client 1",
		"client 1: Q COMMIT",
		"server 1: C COMMIT / Z I",
		"owner 1 = gone",
		"client 1 < C BEGIN / Z T / C COMMIT / Z I",
		"server 2 < Q SELECT 2" } },
	{ "a reload drops a database", TRANSACTION BOTH, {
		"client 1: Q BEGIN",
		"server 1: C BEGIN / Z T",
		"client 2: Q SELECT 2",
		"client 3 joins database=stock",
		"reload " TRANSACTION "[databases]\nstock = host=$1\n",
		"client 1 < C BEGIN / Z T / E FATAL 57P01 database removed",
		"client 2 < E FATAL 57P01 database removed",
		"client 3 <",
		"owner 1 = gone",
		"client 4 comes",
		"client 4 < E FATAL 3D000 no such database: shop",
		"wait 3",
		"reload " TRANSACTION BOTH,
		"client 4 joins",
		"client 4: Q SELECT 4",
		"server 3 < Q SELECT 4" } },
	{ "i17: while its first server is being opened", TRANSACTION BOTH, {
		"logins by hand",
		"client 1 comes",
		"reload " TRANSACTION "[databases]\nstock = host=$1\n",
		"client 1 < E FATAL 57P01 database removed",
		"count = 0",
		"wait 3" } },
	{ "h10: a smaller pool", TWO, {
		"client 1: Q BEGIN",
		"server 1: C BEGIN / Z T",
		"client 2: Q BEGIN",
		"server 2: C BEGIN / Z T",
		"reload " TRANSACTION,
		"count = 2",
		"client 3: Q SELECT 3",
		"client 1: Q COMMIT",
		"server 1: C COMMIT / Z I",
		"owner 1 = gone",
		"client 3 waits pool_size",
		"client 2: Q COMMIT",
		"server 2: C COMMIT / Z I",
		"owner 2 = client 3",
		"count = 1" } },
	{ "h10: of idle servers", TWO, {
		"client 1: Q BEGIN",
		"server 1: C BEGIN / Z I",
		"client 1: Q BEGIN",
		"client 2: Q BEGIN",
		"server 1: C BEGIN / Z I",
		"server 2: C BEGIN / Z I",
		"count = 2",
		"reload " TRANSACTION,
		"wait 1.5",
		"count = 1" } },
	{ "a larger pool serves those who wait", TRANSACTION, {
		"client 1: Q BEGIN",
		"client 2: Q SELECT 2",
		"reload " TWO,
		"server 2 < Q SELECT 2" } },
	{ "another pool mode", TRANSACTION, {
		"client 1: Q SELECT 1",
		"server 1: C SELECT 1 / Z I",
		"reload " SESSION,
		"client 1: Q SELECT 2",
		"server 1: C SELECT 1 / Z I",
		"owner 1 = client 1",
		"reload " TRANSACTION,
		"client 1: Q SELECT 2",
		"server 1: C SELECT 1 / Z I",
		"owner 1 = pool" } },
	{ "a database becomes an automatic one", TRANSACTION SHOP, {
		"client 1 joins",
		"reload " TRANSACTION "[databases]\n* = host=$1\n",
		"client 1 < E FATAL 57P01 database removed",
		"client 2 comes",
		"wait 3" } },
	{ "an automatic database gets an entry",
	    TRANSACTION "[databases]\n* = host=$1\n", {
		"client 1 joins",
		"reload " TRANSACTION "[databases]\nshop = host=$2\n",
		"client 1 <",
		"client 1: Q SELECT 1",
		"server 2 < Q SELECT 1" } },
};

START_TEST(an_operator_acts)
{
	play(&controls[_i], TRANSACTION);
}
END_TEST

/* Somebody who waits for a command. */
struct waiting {
	struct control_wait wait;
	int called;
	bool done;
};

static void
on_done(struct control_wait *w, bool done)
{
	struct waiting *x = container_of(w, struct waiting, wait);

	x->called++;
	x->done = done;
}

START_TEST(a_pause_is_over_when_the_servers_are_gone)
{
	struct world *w = world_start(TWO);
	struct waiting x = { .wait.on_done = on_done };

	client_sends(w, 1, "Q BEGIN");
	client_sends(w, 2, "Q BEGIN");
	ck_assert_int_eq(control_pause(w->pooler, NULL, &x.wait),
	    CONTROL_WAIT);
	ck_assert_int_eq(control_pause(w->pooler, NULL, NULL),
	    CONTROL_ALREADY);
	server_replies(w, 1, "C BEGIN", "Z I");
	ck_assert_int_eq(x.called, 0);
	client_leaves(w, 2);
	ck_assert_int_eq(x.called, 1);
	ck_assert(x.done);
	ck_assert(control_state(w->pooler).paused);
	ck_assert_int_eq(control_resume(w->pooler, NULL), CONTROL_DONE);
	ck_assert_int_eq(control_resume(w->pooler, NULL),
	    CONTROL_NOT_PAUSED);
	world_stop(w);
}
END_TEST

START_TEST(a_pause_of_nothing_is_done_at_once)
{
	struct world *w = world_start(TRANSACTION);
	struct waiting x = { .wait.on_done = on_done };

	client_joins(w, 1, "");
	ck_assert_int_eq(control_pause(w->pooler, NULL, &x.wait),
	    CONTROL_DONE);
	world_turn(w);
	ck_assert_int_eq(x.called, 0);
	world_stop(w);
}
END_TEST

START_TEST(resume_ends_a_pause_that_is_waited_for)
{
	struct world *w = world_start(TRANSACTION);
	struct waiting all = { .wait.on_done = on_done };
	struct waiting one = { .wait = { .database = "shop",
		.on_done = on_done } };

	client_sends(w, 1, "Q BEGIN");
	ck_assert_int_eq(control_pause(w->pooler, "shop", &one.wait),
	    CONTROL_WAIT);
	ck_assert_int_eq(control_pause(w->pooler, NULL, &all.wait),
	    CONTROL_WAIT);
	ck_assert_int_eq(control_resume(w->pooler, NULL), CONTROL_DONE);
	ck_assert_int_eq(all.called, 1);
	ck_assert(!all.done);
	ck_assert_int_eq(one.called, 0);
	ck_assert_int_eq(control_resume(w->pooler, "shop"), CONTROL_DONE);
	ck_assert_int_eq(one.called, 1);
	ck_assert(!one.done);
	world_stop(w);
}
END_TEST

/* The console that waited has been closed. */
START_TEST(who_waits_may_leave)
{
	struct world *w = world_start(TRANSACTION);
	struct waiting x = { .wait.on_done = on_done };

	client_sends(w, 1, "Q BEGIN");
	ck_assert_int_eq(control_pause(w->pooler, NULL, &x.wait),
	    CONTROL_WAIT);
	control_wait_cancel(&x.wait);
	client_leaves(w, 1);
	ck_assert_int_eq(x.called, 0);
	world_stop(w);
}
END_TEST

START_TEST(names_that_are_no_database)
{
	struct world *w = world_start(TRANSACTION);

	ck_assert_int_eq(control_pause(w->pooler, "nowhere", NULL),
	    CONTROL_NO_SUCH_DATABASE);
	ck_assert_int_eq(control_resume(w->pooler, "nowhere"),
	    CONTROL_NO_SUCH_DATABASE);
	ck_assert_int_eq(control_kill(w->pooler, "nowhere"),
	    CONTROL_NO_SUCH_DATABASE);
	ck_assert_int_eq(control_reconnect(w->pooler, "nowhere"),
	    CONTROL_NO_SUCH_DATABASE);
	ck_assert_int_eq(control_pause(w->pooler, "pgbouncer", NULL),
	    CONTROL_IS_CONSOLE);
	world_stop(w);
}
END_TEST

/* The end of the program, as its hooks see it. */
struct program {
	int stopped, closed;
};

static void
on_stop_listening(void *context)
{
	((struct program *)context)->closed++;
}

static void
on_stopped(void *context)
{
	((struct program *)context)->stopped++;
}

static void
watch_program(struct world *w, struct program *p)
{
	const struct program_hooks hooks = { .context = p,
		.stop_listening = on_stop_listening, .stopped = on_stopped };

	pooler_set_program(w->pooler, &hooks);
}

START_TEST(shutdown_wait_for_servers)
{
	struct world *w = world_start(TWO);
	struct program p = { 0 };

	watch_program(w, &p);
	client_sends(w, 1, "Q BEGIN");
	server_replies(w, 1, "C BEGIN", "Z T");
	client_sends(w, 2, "Q SELECT 2");
	client_sends(w, 3, "Q SELECT 3");
	control_shutdown(w->pooler, SHUTDOWN_WAIT_FOR_SERVERS);
	world_turn(w);
	ck_assert_int_eq(p.closed, 1);
	client_gets(w, 3, "E FATAL 57P03 server shutting down");
	server_replies(w, 2, "C SELECT 1", "Z I");
	client_gets(w, 2, "C SELECT 1", "Z I");
	ck_assert_str_eq(server_owner(w, 2), "gone");
	client_sends(w, 2, "Q SELECT 2");
	client_gets(w, 2, "E FATAL 57P03 server shutting down");
	client_comes(w, 4, "");
	client_gets(w, 4, "E FATAL 57P03");
	ck_assert_int_eq(control_resume(w->pooler, NULL),
	    CONTROL_SHUTTING_DOWN);
	ck_assert_int_eq(p.stopped, 0);
	client_sends(w, 1, "Q COMMIT");
	server_replies(w, 1, "C COMMIT", "Z I");
	client_gets(w, 1, "C BEGIN", "Z T", "C COMMIT", "Z I");
	ck_assert_int_eq(p.stopped, 1);
	ck_assert_int_eq(p.closed, 1);
	world_stop(w);
}
END_TEST

START_TEST(shutdown_wait_for_clients)
{
	struct world *w = world_start(TRANSACTION);
	struct program p = { 0 };

	watch_program(w, &p);
	client_joins(w, 1, "");
	client_joins(w, 2, "");
	control_shutdown(w->pooler, SHUTDOWN_WAIT_FOR_CLIENTS);
	world_turn(w);
	ck_assert_int_eq(p.closed, 1);
	client_sends(w, 1, "Q SELECT 1");
	server_replies(w, 1, "C SELECT 1", "Z I");
	client_gets(w, 1, "C SELECT 1", "Z I");
	client_leaves(w, 1);
	ck_assert_int_eq(p.stopped, 0);
	client_leaves(w, 2);
	ck_assert_int_eq(p.stopped, 1);
	world_stop(w);
}
END_TEST

START_TEST(shutdown_now)
{
	struct world *w = world_start(TRANSACTION);
	struct program p = { 0 };

	watch_program(w, &p);
	client_sends(w, 1, "Q BEGIN");
	control_shutdown(w->pooler, SHUTDOWN_NOW);
	world_turn(w);
	ck_assert_int_eq(p.stopped, 1);
	world_stop(w);
}
END_TEST

/* The pooler is destroyed with everything in use. */
START_TEST(the_end_with_everything_in_use)
{
	struct world *w = world_start(TWO);

	w->holds_cancels = true;
	client_sends(w, 1, "Q BEGIN");
	client_joins(w, 2, "TimeZone=Asia/Tokyo");
	client_sends(w, 2, "Q SELECT 2");
	client_sends(w, 3, "Q SELECT 3");
	client_cancels(w, 4, 1);
	client_sends_bytes(w, 5, "\0", 1);
	w->by_hand = true;
	client_comes(w, 6, "user=other");
	server_lingers(w, 1);
	world_abandon(w);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("control");
	TCase *t = tcase_create("control");

	tcase_set_timeout(t, 60);
	tcase_add_loop_test(t, an_operator_acts, 0, (int)countof(controls));
	tcase_add_test(t, a_pause_is_over_when_the_servers_are_gone);
	tcase_add_test(t, a_pause_of_nothing_is_done_at_once);
	tcase_add_test(t, resume_ends_a_pause_that_is_waited_for);
	tcase_add_test(t, who_waits_may_leave);
	tcase_add_test(t, names_that_are_no_database);
	tcase_add_test(t, shutdown_wait_for_servers);
	tcase_add_test(t, shutdown_wait_for_clients);
	tcase_add_test(t, shutdown_now);
	tcase_add_test(t, the_end_with_everything_in_use);
	suite_add_tcase(s, t);
	return world_run(s);
}
