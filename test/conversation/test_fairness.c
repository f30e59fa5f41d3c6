/*
 * test_fairness.c - who gets the next server where clients are of many kinds,
 * and who may not even wait (fair_by, max_waiting_clients).
 */
#include <stdio.h>
#include <string.h>

#include "base/must.h"
#include "conversation/ahead.h"
#include "conversation/play.h"
#include "conversation/world.h"
#include "pool/client.h"
#include "pool/database.h"
#include "pool/fairness.h"
#include "pool/pool.h"
#include "pool/pools.h"

#define SIZE(n) "pool_mode = transaction\nquery_wait_notify = 0\n" \
	"default_pool_size = " #n "\n"
#define BY_NAME "fair_by = application_name\n"

/* Client n, of this application, asks. */
#define ASK(n, name)                                 \
	"client " #n " joins application_name=" name, \
	"client " #n ": Q SELECT " #n

#define DONE(n) "server " #n ": C SELECT 1 / Z I"

/* Server n is done with its client, so that client m has it. */
#define NEXT(n, m) DONE(n), "owner " #n " = client " #m

static const struct play turns[] = {
	{ "one each in turn, whoever has more clients", SIZE(1) BY_NAME, {
		ASK(1, "a"), ASK(2, "a"), ASK(3, "a"), ASK(4, "a"),
		ASK(5, "b"), ASK(6, "b"), ASK(7, "c"),
		NEXT(1, 5), NEXT(1, 7), NEXT(1, 2), NEXT(1, 6), NEXT(1, 3),
		NEXT(1, 4), DONE(1), "owner 1 = pool" } },
	{ "off: first come, first served", SIZE(1), {
		ASK(1, "a"), ASK(2, "a"), ASK(3, "a"), ASK(4, "a"),
		ASK(5, "b"), ASK(6, "b"), ASK(7, "c"),
		NEXT(1, 2), NEXT(1, 3), NEXT(1, 4), NEXT(1, 5), NEXT(1, 6),
		NEXT(1, 7) } },
	{ "the cap, what is borrowed, and why they wait", SIZE(4) BY_NAME, {
		ASK(1, "a"), ASK(2, "a"), ASK(3, "a"), ASK(4, "a"),
		ASK(5, "a"),
		"client 5 waits pool_size",
		ASK(6, "a"), ASK(7, "b"), ASK(8, "b"), ASK(9, "b"),
		"client 5 waits fair_share",
		"client 7 waits pool_size",
		NEXT(1, 7), NEXT(2, 8),
		"client 9 waits fair_share",
		NEXT(3, 5), NEXT(1, 9), NEXT(2, 6) } },
	{ "who comes late gets the next free server", SIZE(3) BY_NAME, {
		ASK(1, "a"), ASK(2, "a"), ASK(3, "a"),
		ASK(4, "a"), ASK(5, "a"),
		ASK(6, "late"),
		NEXT(3, 6) } },
	{ "an idle server is given to whoever asks", SIZE(2) BY_NAME, {
		ASK(1, "a"), ASK(2, "a"),
		ASK(3, "b"),
		NEXT(1, 3),
		DONE(1),
		"owner 1 = pool",
		"client 3 < C SELECT 1 / Z I",
		ASK(4, "a"),
		"owner 1 = client 4" } },
	{ "its name is that of the login, not one that it sets later",
	    SIZE(1) BY_NAME, {
		"client 5 joins application_name=b",
		"client 5: Q SET application_name TO a",
		"server 1: S application_name=a / C SET / Z I",
		"client 1 joins application_name=a",
		"client 1: Q SELECT 1",
		ASK(2, "a"), ASK(3, "a"),
		"client 5: Q SELECT 5",
		NEXT(1, 5) } },
	{ "nor with its address behind it", SIZE(1) BY_NAME
	    "application_name_add_host = 1\n", {
		ASK(1, "a"), ASK(2, "a"), ASK(3, "a"), ASK(4, "b"),
		NEXT(1, 4), NEXT(1, 2) } },
	{ "who gives no name is one as well", SIZE(1) BY_NAME, {
		ASK(1, "a"), ASK(2, "a"),
		"client 3: Q SELECT 3", "client 4: Q SELECT 4",
		NEXT(1, 3), NEXT(1, 2), NEXT(1, 4) } },
	{ "by user, where all share a pool", SIZE(1) "fair_by = user\n"
	    "[databases]\nshop = host=$1 user=third\n", {
		ASK(1, "a"), ASK(2, "b"), ASK(3, "c"),
		"client 4 joins user=other",
		"client 4: Q SELECT 4",
		NEXT(1, 4), NEXT(1, 2) } },
	{ "by address: all of a machine are one", SIZE(1)
	    "fair_by = client_addr\n", {
		ASK(1, "a"), ASK(2, "b"), ASK(3, "c"),
		NEXT(1, 2), NEXT(1, 3) } },
	{ "who leaves gives its part back", SIZE(2) BY_NAME, {
		ASK(1, "a"), ASK(2, "a"),
		ASK(3, "b"), ASK(4, "b"), ASK(5, "a"),
		"client 3 leaves",
		"client 2 leaves",
		"owner 2 = gone",
		"owner 3 = client 4",
		"client 1 leaves",
		"server 4 < Q SELECT 5",
		"owner 4 = client 5" } },
	{ "a server that dies is held no more", SIZE(2) BY_NAME, {
		ASK(1, "a"), ASK(2, "a"), ASK(3, "a"), ASK(4, "b"),
		"server 1 dies",
		"owner 3 = client 4",
		"client 3 waits fair_share",
		"server 2 dies",
		"owner 4 = client 3" } },
	{ "in session pooling a key has its part as well",
	    "default_pool_size = 2\nquery_wait_notify = 0\n" BY_NAME, {
		"client 1 joins application_name=a", "client 1: Q SELECT 1",
		"client 2 joins application_name=a", "client 2: Q SELECT 2",
		"client 3 joins application_name=a", "client 3: Q SELECT 3",
		"client 4 joins application_name=b", "client 4: Q SELECT 4",
		"client 4 waits pool_size",
		DONE(1),
		"client 1 leaves",
		"owner 1 = client 4",
		"client 3 waits fair_share" } },
};

/* Servers take the names of clients without the test. */
static void
play_named(const struct play *p)
{
	struct world *w = world_start(p->ini);

	w->takes_names = true;
	play_lines(w, p->why, p->lines);
	world_stop(w);
}

START_TEST(turns_are_taken)
{
	play_named(&turns[_i]);
}
END_TEST

static const struct play reloads[] = {
	{ "on, while they wait", SIZE(2), {
		ASK(1, "a"), ASK(2, "a"), ASK(3, "a"), ASK(4, "a"),
		ASK(5, "b"), ASK(6, "b"),
		"client 4 waits pool_size",
		"reload " SIZE(2) BY_NAME,
		"client 4 waits fair_share",
		NEXT(1, 5), NEXT(2, 3), NEXT(1, 6), NEXT(2, 4) } },
	{ "off, while they wait", SIZE(1) BY_NAME, {
		ASK(1, "a"), ASK(2, "a"), ASK(3, "a"), ASK(4, "b"),
		"reload " SIZE(1),
		NEXT(1, 2), NEXT(1, 3), NEXT(1, 4) } },
	{ "another one: the name of the login counts, long after it",
	    SIZE(1) "fair_by = client_addr\n", {
		"client 4 joins application_name=b",
		"client 4: Q SET application_name TO a",
		"server 1: S application_name=a / C SET / Z I",
		ASK(1, "a"), ASK(2, "a"), ASK(3, "a"),
		"client 4: Q SELECT 4",
		"reload " SIZE(1) BY_NAME,
		NEXT(1, 2), NEXT(1, 4), NEXT(1, 3) } },
	{ "there and back, with clients in every state", SIZE(1), {
		"client 8 joins",
		ASK(1, "a"), ASK(2, "a"),
		"logins by hand",
		"client 9 comes user=other",
		"reload " SIZE(1) BY_NAME,
		"reload " SIZE(1) "fair_by = user\n",
		"reload " SIZE(1),
		"reload " SIZE(1) BY_NAME,
		"client 8 leaves",
		NEXT(1, 2),
		"server 2: R 0 / K / Z I",
		"client 9 < R 0 / K / Z I",
		"client 9: Q SELECT 9",
		"server 2 < Q SELECT 9" } },
};

START_TEST(reload_gives_other_keys)
{
	play_named(&reloads[_i]);
}
END_TEST

#define FULL "E 53300 too many clients wait for a server | There are "

static const struct play crowds[] = {
	{ "an error at once, and the connection lives", SIZE(1)
	    "max_waiting_clients = 1\n", {
		ASK(1, "a"), ASK(2, "a"),
		"client 3: Q SELECT 3",
		"client 3 < " FULL "1 waiting already, the limit is 1 "
		    "(max_waiting_clients); waiting because: pool_size / Z I",
		"client 3: Q SELECT 3 / Q SELECT 4",
		"client 3 < " FULL " / Z I / " FULL " / Z I",
		NEXT(1, 2),
		"client 3: Q SELECT 3",
		"client 3 <",
		NEXT(1, 3),
		DONE(1),
		"client 3 < C SELECT 1 / Z I",
		"client 3: Q SELECT 4",
		"server 1 < Q SELECT 4" } },
	{ "0 is no limit", SIZE(1) "max_waiting_clients = 0\n", {
		ASK(1, "a"), ASK(2, "a"), ASK(3, "a"), ASK(4, "a"),
		"client 4 <",
		"client 4 waits pool_size" } },
	{ "the error does not wait for the Sync", SIZE(1)
	    "max_waiting_clients = 1\n", {
		ASK(1, "a"), ASK(2, "a"),
		"client 3: P - SELECT 3 / H",
		"client 3 < " FULL,
		"client 3: B - - / E - 0 / S / Q SELECT 4",
		"client 3 < Z I / " FULL " / Z I" } },
	{ "who can be served does not wait", SIZE(2)
	    "max_waiting_clients = 1\n[databases]\nshop = host=$1\n"
	    "mart = host=$1\n", {
		"client 5 joins database=mart",
		ASK(2, "a"), "client 1: Q SELECT 1", "client 3: Q SELECT 3",
		"client 3 waits pool_size",
		"client 5: Q SELECT 5",
		"server 1 < Q SELECT 5",
		"client 6 joins database=mart" } },
	{ "all databases together", SIZE(1) "max_waiting_clients = 2\n"
	    "[databases]\nshop = host=$1\nmart = host=$1\n", {
		ASK(1, "a"),
		"client 2 joins database=mart", "client 2: Q SELECT 2",
		ASK(3, "a"),
		"client 4 joins database=mart", "client 4: Q SELECT 4",
		"client 5 joins database=mart", "client 5: Q SELECT 5",
		"client 5 < " FULL "2 waiting already, the limit is 2 / Z I",
		"client 3 leaves",
		"client 5: Q SELECT 5",
		"client 5 waits pool_size" } },
	{ "a database's own, beside the one of all", SIZE(1)
	    "max_waiting_clients = 3\n"
	    "[databases]\nshop = host=$1 max_waiting_clients=1\n"
	    "mart = host=$1\n", {
		ASK(1, "a"),
		"client 2 joins database=mart", "client 2: Q SELECT 2",
		ASK(3, "a"),
		"client 4: Q SELECT 4",
		"client 4 < " FULL "1 waiting already, the limit is 1 / Z I",
		"client 5 joins database=mart", "client 5: Q SELECT 5",
		"client 6 joins database=mart", "client 6: Q SELECT 6",
		"client 6 waits pool_size",
		"client 7 joins database=mart", "client 7: Q SELECT 7",
		"client 7 < " FULL "3 waiting already, the limit is 3 / Z I"
		} },
	{ "who logs in is turned away", SIZE(1) "max_waiting_clients = 1\n", {
		"logins by hand",
		"client 1 comes",
		"client 2 comes",
		"client 2 < E FATAL 53300 too many clients wait for a server "
		    "| There are 1 waiting already, the limit is 1 "
		    "(max_waiting_clients); waiting because: connecting",
		"client 2 is gone",
		"server 1: R 0 / K / Z I",
		"client 1 < R 0 / K / Z I",
		"client 2 comes",
		"client 2 < R 0 / K / Z I" } },
	{ "each way to wait no more makes room", SIZE(1)
	    "max_waiting_clients = 1\nquery_wait_timeout = 5\n", {
		ASK(1, "a"), ASK(2, "a"),
		"client 9 cancels 2",
		"client 2 < E 57014 canceling statement / Z I",
		ASK(3, "a"),
		"client 3 <",
		"wait 5.1",
		"client 3 < E FATAL 53300 query_wait_timeout",
		ASK(4, "a"),
		"client 4 leaves",
		ASK(5, "a"),
		NEXT(1, 5),
		ASK(6, "a"),
		"client 6 <",
		"kill",
		"resume",
		"refuse FATAL 28P01 no",
		"client 7 comes" } },
	{ "one who is refused is idle again", SIZE(1)
	    "max_waiting_clients = 1\nclient_idle_timeout = 10\n", {
		ASK(1, "a"), ASK(2, "a"),
		"client 3 joins",
		"wait 8",
		"client 3: Q SELECT 3",
		"client 3 < " FULL " / Z I",
		"wait 8",
		"client 3 is here",
		"wait 2.5",
		"client 3 < E FATAL 57P05 client_idle_timeout" } },
	{ "changed by a reload", SIZE(1), {
		ASK(1, "a"), ASK(2, "a"), ASK(3, "a"),
		"reload " SIZE(1) "max_waiting_clients = 1\n",
		"client 3 waits pool_size",
		"client 4: Q SELECT 4",
		"client 4 < " FULL "2 waiting already, the limit is 1 / Z I",
		"reload " SIZE(1),
		"client 5: Q SELECT 5",
		"client 5 waits pool_size" } },
	{ "and why", SIZE(1) "max_waiting_clients = 1\n", {
		"client 1 joins", "client 2 joins",
		"pause",
		"client 1: Q SELECT 1",
		"client 2: Q SELECT 2",
		"client 2 < " FULL "1 waiting already, the limit is 1 "
		    "(max_waiting_clients); waiting because: paused / Z I" } },
};

START_TEST(a_queue_may_be_full)
{
	play_named(&crowds[_i]);
}
END_TEST

START_TEST(who_is_refused_is_told_what_to_do)
{
	struct world *w = world_start(SIZE(1) "max_waiting_clients = 1\n");

	client_sends(w, 1, "Q SELECT 1");
	client_sends(w, 2, "Q SELECT 1");
	client_sends(w, 3, "Q SELECT 1");
	ck_assert_ptr_nonnull(memmem(client_bytes(w, 3), client_unread(w, 3),
	    "\0HTry again", 11));
	world_stop(w);
}
END_TEST

/*
 * What is shown.
 */

START_TEST(facts_name_keys_and_reasons)
{
	static const char *const lines[] = {
		ASK(1, "web"), ASK(2, "web"),
		ASK(3, "web"), "client 4 joins application_name=batch",
		"client 5 joins user=other&application_name=web", NULL
	};
	struct world *w = world_start(SIZE(2) BY_NAME);
	struct fairness_facts f;
	struct pool_facts p;
	uint32_t cursor = 0;

	w->takes_names = true;
	play_lines(w, "facts", lines);
	ck_assert(facts_fairness(w->pooler, &cursor, &f));
	ck_assert_str_eq(f.database, "shop");
	ck_assert_str_eq(f.user, "app");
	ck_assert_str_eq(f.key, "web");
	ck_assert_uint_eq(f.clients, 3);
	ck_assert_uint_eq(f.waiting, 1);
	ck_assert_uint_eq(f.held, 2);
	ck_assert_uint_eq(f.part, 2);
	ck_assert_uint_eq(f.granted, 2);
	ck_assert(facts_fairness(w->pooler, &cursor, &f));
	ck_assert_str_eq(f.key, "batch");
	ck_assert_uint_eq(f.clients, 1);
	ck_assert_uint_eq(f.granted, 0);
	ck_assert(facts_fairness(w->pooler, &cursor, &f));
	ck_assert_str_eq(f.user, "other");
	ck_assert(!facts_fairness(w->pooler, &cursor, &f));
	cursor = 0;
	ck_assert(facts_pool(w->pooler, &cursor, &p));
	ck_assert_str_eq(p.wait_reason, "pool_size");
	client_sends(w, 4, "Q SELECT 1");
	cursor = 0;
	ck_assert(facts_pool(w->pooler, &cursor, &p));
	ck_assert_str_eq(p.wait_reason, "fair_share");
	ck_assert(facts_pool(w->pooler, &cursor, &p));
	ck_assert_ptr_null(p.wait_reason);
	client_leaves(w, 5);
	cursor = 0;
	while (facts_fairness(w->pooler, &cursor, &f))
		ck_assert_str_eq(f.user, "app");
	world_stop(w);
	w = world_start(SIZE(2));
	client_joins(w, 1, "");
	cursor = 0;
	ck_assert(!facts_fairness(w->pooler, &cursor, &f));
	world_stop(w);
}
END_TEST

/*
 * The promise: 500 clients of ten instances on 20 servers, 400 of them of
 * one. When somebody of an instance is the next of its own, no other instance
 * gets more than two servers before it does; where lengths are exponential,
 * while it holds no more than its part.
 */

#define CROWD 400u
#define CLIENTS 500u
#define SERVERS 20u
#define GRANTS 3000u

struct rush {
	struct world *w;
	enum lengths lengths;
	uint64_t seed, now, ends[SERVERS];
	unsigned client_of[SERVERS];
	unsigned ngrants;
	struct ahead ahead;
};

static struct rush *the_rush;

static unsigned
instance_of(unsigned client)
{
	return client <= CROWD ? 0 : 1 + (client - CROWD) % (AHEAD_KEYS - 1);
}

static void
on_query(struct world *w, unsigned n, const char *line)
{
	struct rush *r = the_rush;
	unsigned client;

	(void)w;
	if (sscanf(line, "Q %u", &client) != 1)
		return;
	ck_assert_uint_le(n, SERVERS);
	r->client_of[n - 1] = client;
	r->ends[n - 1] = r->now + ahead_length(r->lengths, &r->seed);
	r->ngrants++;
	ahead_served(&r->ahead, instance_of(client));
}

static void
ask(struct rush *r, unsigned client)
{
	char line[16];

	snprintf(line, sizeof line, "Q %u", client);
	ahead_asks(&r->ahead, instance_of(client));
	client_writes(r->w, client, line);
}

/* One is done, and its client asks again. */
static void
finish_one(struct rush *r)
{
	unsigned n = ahead_first(r->lengths, &r->seed, r->ends, SERVERS);
	unsigned client = r->client_of[n];
	struct text line = { 0 };

	r->now = r->ends[n];
	ahead_done(&r->ahead, instance_of(client));
	server_answers(r->w, n + 1, "C SELECT 1");
	server_answers(r->w, n + 1, "Z I");
	world_turn(r->w);
	while (client_next(r->w, client, &line))
		;
	text_fini(&line);
	ask(r, client);
}

static struct ahead
rush(const char *fair_by, enum lengths lengths)
{
	static struct rush r;
	char text[300];
	unsigned i;

	snprintf(text, sizeof text, SIZE(20) "max_client_conn = 1000\n"
	    "server_connect_parallel = 20\nquery_wait_timeout = 0\n"
	    "fair_by = %s\n", fair_by);
	r = (struct rush){ .w = world_start(text), .lengths = lengths,
	    .seed = 17, .ahead = { .part = SERVERS / AHEAD_KEYS } };
	the_rush = &r;
	r.w->takes_names = true;
	r.w->on_query = on_query;
	for (i = 1; i <= CLIENTS; i++) {
		snprintf(text, sizeof text, "application_name=app%u",
		    instance_of(i));
		client_joins(r.w, i, text);
	}
	/* The crowd first, and it takes all there is. */
	for (i = 1; i <= CLIENTS; i++) {
		ask(&r, i);
		if (i <= CROWD)
			world_turn(r.w);
	}
	while (r.ngrants < GRANTS)
		finish_one(&r);
	world_abandon(r.w);
	return r.ahead;
}

START_TEST(no_crowd_pushes_the_others_back)
{
	struct ahead a = rush("application_name", (enum lengths)_i);

	ck_assert_uint_gt(a.served, GRANTS / 2);
	ck_assert_msg(a.most_due <= 2, "%u grants", a.most_due);
	if (_i != LENGTHS_EXPONENTIAL)
		ck_assert_msg(a.most <= 2, "%u grants", a.most);
	/* To have one more than its part is what it costs. */
	ck_assert_uint_le(a.most_held, a.part + 1);
	ck_assert_msg(a.late * 25 <= a.served, "%u of %u late", a.late,
	    a.served);
}
END_TEST

START_TEST(without_fair_by_a_crowd_does)
{
	ck_assert_uint_gt(rush("off", LENGTHS_SAME).most, 2);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("fairness");
	TCase *t = tcase_create("turns");
	TCase *promise = tcase_create("promise");

	tcase_add_loop_test(t, turns_are_taken, 0, countof(turns));
	tcase_add_loop_test(t, reload_gives_other_keys, 0, countof(reloads));
	tcase_add_loop_test(t, a_queue_may_be_full, 0, countof(crowds));
	tcase_add_test(t, who_is_refused_is_told_what_to_do);
	tcase_add_test(t, facts_name_keys_and_reasons);
	tcase_add_loop_test(promise, no_crowd_pushes_the_others_back,
	    LENGTHS_SAME, LENGTHS_EXPONENTIAL + 1);
	tcase_add_test(promise, without_fair_by_a_crowd_does);
	tcase_set_timeout(t, 60);
	tcase_set_timeout(promise, 240);
	suite_add_tcase(s, t);
	suite_add_tcase(s, promise);
	return world_run(s);
}
