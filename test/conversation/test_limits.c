/*
 * test_limits.c - how many servers, who waits, how long and why (pitfalls h,
 * i01 and on).
 */
#include <stdio.h>

#include "base/must.h"
#include "cluster/host.h"
#include "conversation/play.h"
#include "conversation/world.h"
#include "pool/database.h"
#include "pool/lane.h"
#include "pool/pool.h"
#include "pool/pools.h"
#include "pool/server.h"

#define TRANSACTION "pool_mode = transaction\ndefault_pool_size = 1\n"
#define TWO "pool_mode = transaction\ndefault_pool_size = 2\n"
#define THREE "pool_mode = transaction\ndefault_pool_size = 3\n"

/* Client n has an open transaction on server n. */
#define BLOCK(n)                                     \
	"client " #n ": Q BEGIN",                    \
	"server " #n ": C BEGIN / Z T",              \
	"client " #n " < C BEGIN / Z T"

static const struct play waits[] = {
	{ "h09: the reserve, after its time, and back again", TRANSACTION
	    "reserve_pool_size = 1\nreserve_pool_timeout = 3\n", {
		BLOCK(1),
		"client 2: Q SELECT 2",
		"wait 2.8",
		"count = 1",
		"client 2 waits pool_size",
		"wait 0.3",
		"count = 2",
		"server 2 < Q SELECT 2",
		"client 3: Q SELECT 3",
		"wait 10",
		"count = 2",
		"client 3 waits pool_size",
		"server 2: C SELECT 1 / Z I",
		"owner 2 = client 3",
		"server 2: C SELECT 1 / Z I",
		"owner 2 = gone",
		"count = 1" } },
	{ "h11: pool size 0 is no limit", "pool_mode = transaction\n"
	    "default_pool_size = 0\n", {
		BLOCK(1), BLOCK(2), BLOCK(3), BLOCK(4),
		"count = 4" } },
	{ "h12: first come, first served", NULL, {
		BLOCK(1),
		"client 2: Q SELECT 2",
		"client 3: Q SELECT 3",
		"client 4: Q SELECT 4",
		"client 3 leaves",
		"client 1: Q COMMIT",
		"server 1: C COMMIT / Z I",
		"owner 1 = client 2",
		"server 1: C SELECT 1 / Z I",
		"owner 1 = client 4" } },
	{ "h13: nobody overtakes when a pause ends", NULL, {
		"client 1 joins", "client 2 joins", "client 3 joins",
		"pause",
		"client 2: Q SELECT 2",
		"client 1: Q SELECT 1",
		"client 2 waits paused",
		"resume",
		"client 3: Q SELECT 3",
		"server 2 < Q SELECT 2",
		"server 2: C SELECT 1 / Z I",
		"server 2 < Q SELECT 1",
		"server 2: C SELECT 1 / Z I",
		"server 2 < Q SELECT 3" } },
	{ "h15: query_wait_timeout", TRANSACTION "query_wait_timeout = 4\n"
	    "query_wait_notify = 0\n", {
		BLOCK(1),
		"client 2: Q SELECT 2",
		"wait 3.8",
		"client 2 <",
		"wait 0.3",
		"client 2 < E FATAL 53300 query_wait_timeout | "
		    "waited 4.0 s because: pool_size",
		"client 2 is gone",
		"client 1: Q COMMIT",
		"server 1: C COMMIT / Z I",
		"owner 1 = pool" } },
	{ "h15: also in a pause", TRANSACTION "query_wait_timeout = 4\n"
	    "query_wait_notify = 0\n", {
		"client 1 joins",
		"pause",
		"client 1: Q SELECT 1",
		"wait 4.1",
		"client 1 < E FATAL 53300 query_wait_timeout | "
		    "waited 4.0 s because: paused",
		"client 1 is gone" } },
	{ "h15: and while it logs in", TRANSACTION "query_wait_timeout = 4\n"
	    "query_wait_notify = 0\n", {
		"logins by hand",
		"client 1 comes",
		"wait 4.1",
		"client 1 < E FATAL 53300 query_wait_timeout",
		"client 1 is gone" } },
	{ "query_wait_notify says why", TRANSACTION, {
		BLOCK(1),
		"client 2: Q SELECT 2",
		"wait 4.8",
		"client 2 <",
		"wait 0.3",
		"client 2 < N 00000 No server connection available in "
		    "postgres backend, client being queued | "
		    "waiting because: pool_size",
		"wait 60",
		"client 2 <",
		"client 1: Q COMMIT",
		"server 1: C COMMIT / Z I",
		"server 1: C SELECT 1 / Z I",
		"client 2 < C SELECT 1 / Z I",
		"wait 100",
		"client 2 <" } },
	{ "query_wait_timeout goes on behind the notice", TRANSACTION
	    "query_wait_timeout = 8\n", {
		BLOCK(1),
		"client 2: Q SELECT 2",
		"wait 7.8",
		"client 2 < N 00000",
		"wait 0.3",
		"client 2 < E FATAL 53300 query_wait_timeout | "
		    "waited 8.0 s because: pool_size" } },
	{ "query_wait_timeout of a database", TRANSACTION
	    "[databases]\nshop = host=$1 query_wait_timeout=2\n", {
		BLOCK(1),
		"client 2: Q SELECT 2",
		"wait 2.1",
		"client 2 < E FATAL 53300 query_wait_timeout",
		"client 2 is gone" } },
	{ "h17: who was refused leaves no place behind", TRANSACTION
	    "query_wait_timeout = 2\nquery_wait_notify = 0\n", {
		BLOCK(1),
		"client 2: Q SELECT 2",
		"client 3: Q SELECT 3",
		"wait 2.1",
		"client 2 is gone",
		"client 3 is gone",
		"client 1: Q COMMIT",
		"server 1: C COMMIT / Z I",
		"owner 1 = pool",
		"count = 1" } },
	{ "a35: client_login_timeout", NULL, {
		"client 1 comes user=",
		"client 1 < E FATAL 28000",
		"logins by hand",
		"client 2 comes",
		"wait 59.8",
		"client 2 <",
		"wait 0.3",
		"client 2 < E FATAL 53300 client_login_timeout (server down)",
		"client 2 is gone" } },
	{ "max_client_conn", TRANSACTION "max_client_conn = 2\n", {
		"client 1 joins",
		"client 2 joins",
		"client 3 comes",
		"client 3 < E FATAL 53300 no more connections allowed "
		    "(max_client_conn)",
		"client 3 is gone",
		"client 1 leaves",
		"client 3 joins" } },
	{ "h24: the server that was used last is used next", THREE, {
		BLOCK(1), BLOCK(2), BLOCK(3),
		"client 1: Q COMMIT",
		"server 1: C COMMIT / Z I",
		"client 3: Q COMMIT",
		"server 3: C COMMIT / Z I",
		"client 2: Q COMMIT",
		"server 2: C COMMIT / Z I",
		"client 1: Q SELECT 1",
		"owner 2 = client 1",
		"server 2: C SELECT 1 / Z I",
		"client 3: Q SELECT 3",
		"owner 2 = client 3" } },
	{ "h24: server_round_robin", THREE "server_round_robin = 1\n", {
		BLOCK(1), BLOCK(2), BLOCK(3),
		"client 1: Q COMMIT",
		"server 1: C COMMIT / Z I",
		"wait 0.1",
		"client 3: Q COMMIT",
		"server 3: C COMMIT / Z I",
		"wait 0.1",
		"client 2: Q COMMIT",
		"server 2: C COMMIT / Z I",
		"client 1: Q SELECT 1",
		"owner 1 = client 1",
		"server 1: C SELECT 1 / Z I",
		"client 1: Q SELECT 1",
		"owner 3 = client 1" } },
	{ "i02: server_lifetime = 0 uses a server once", TRANSACTION
	    "server_lifetime = 0\n", {
		"client 1: Q SELECT 1",
		"server 1: C SELECT 1 / Z I",
		"owner 1 = gone",
		"client 1: Q SELECT 2",
		"server 2: C SELECT 1 / Z I",
		"owner 2 = gone",
		"client 1 < C SELECT 1 / Z I / C SELECT 1 / Z I" } },
	{ "i02: a busy server honours its lifetime when released", TRANSACTION
	    "server_lifetime = 100\n", {
		BLOCK(1),
		"client 2: Q SELECT 2",
		"wait 101",
		"owner 1 = client 1",
		"client 1: Q COMMIT",
		"server 1: C COMMIT / Z I",
		"owner 1 = gone",
		"server 2 < Q SELECT 2" } },
	{ "server_lifetime of an idle server", TRANSACTION
	    "server_lifetime = 100\n", {
		"client 1 joins",
		"wait 99",
		"owner 1 = pool",
		"wait 2.5",
		"owner 1 = gone",
		"count = 0" } },
	{ "server_idle_timeout", TRANSACTION "server_idle_timeout = 30\n", {
		"client 1: Q SELECT 1",
		"wait 60",
		"server 1: C SELECT 1 / Z I",
		"wait 29",
		"owner 1 = pool",
		"wait 2.5",
		"owner 1 = gone",
		"client 1: Q SELECT 2",
		"server 2 < Q SELECT 2" } },
	{ "h26: min_pool_size is kept while there are clients", THREE
	    "min_pool_size = 2\nserver_idle_timeout = 5\n", {
		"count = 0",
		"client 1 joins",
		"wait 1.5",
		"count = 2",
		"server 2 dies",
		"wait 1.5",
		"count = 2",
		"wait 60",
		"count = 2",
		"client 1: Q SELECT 1",
		"count = 2",
		"client 1 leaves",
		"wait 10",
		"count = 0" } },
	{ "h26: min_pool_size of a forced user, without clients",
	    "[databases]\nshop = host=$1 user=app min_pool_size=2\n", {
		"wait 1.5",
		"count = 2",
		"client 1: Q SELECT 1",
		"count = 2" } },
	{ "h06: min_pool_size is bounded by the pool's size", TWO
	    "min_pool_size = 5\n", {
		"client 1 joins",
		"wait 10",
		"count = 2" } },
	{ "a database's own pool size", "pool_mode = transaction\n"
	    "[databases]\nshop = host=$1 pool_size=1\n", {
		BLOCK(1),
		"client 2: Q SELECT 2",
		"client 2 waits pool_size" } },
	{ "a user's own pool size and mode", TRANSACTION
	    "[databases]\nshop = host=$1\n"
	    "[users]\nother = pool_size=2 pool_mode=session\n", {
		"client 1 joins user=other",
		"client 2 joins user=other",
		"client 3 joins user=other",
		"client 1: Q SELECT 1",
		"server 1: C SELECT 1 / Z I",
		"owner 1 = client 1",
		"client 2: Q SELECT 2",
		"owner 2 = client 2",
		"client 3: Q SELECT 3",
		"client 3 waits pool_size" } },
	{ "h28: one pool's queue is not another's", TRANSACTION, {
		BLOCK(1),
		"client 2: Q SELECT 2",
		"client 3 joins user=other",
		"client 3: Q SELECT 3",
		"server 2 < Q SELECT 3",
		"client 2 waits pool_size" } },
};

START_TEST(somebody_waits)
{
	play(&waits[_i], TRANSACTION);
}
END_TEST

/* h18: many want a server at once; few are opened at the same time. */
START_TEST(h18_the_gate)
{
	struct world *w = world_start("pool_mode = transaction\n"
	    "default_pool_size = 20\nserver_connect_parallel = 3\n");
	struct pool *p;
	unsigned i;

	client_joins(w, 1, "");
	for (i = 2; i <= 12; i++)
		client_joins(w, i, "");
	p = world_pool(w, "shop", "app");
	ck_assert_uint_eq(server_count(w), 1);
	w->by_hand = true;
	for (i = 1; i <= 12; i++)
		client_sends(w, i, "Q SELECT 1");
	ck_assert_str_eq(server_owner(w, 1), "client 1");
	ck_assert_uint_eq(p->count[SERVER_LOGIN], 3);
	ck_assert_str_eq(client_waits(w, 12), "connecting");
	server_replies(w, 2, "R 0", "Z I");
	ck_assert_uint_eq(p->count[SERVER_LOGIN], 3);
	ck_assert_uint_eq(p->count[SERVER_ACTIVE], 2);
	ck_assert_uint_eq(w->nservers, 5);
	world_stop(w);
}
END_TEST

/* No more than those who wait. */
START_TEST(h18_one_waits_one_is_opened)
{
	struct world *w = world_start(THREE);

	client_joins(w, 1, "");
	client_joins(w, 2, "");
	client_sends(w, 1, "Q BEGIN");
	w->by_hand = true;
	client_sends(w, 2, "Q SELECT 1");
	ck_assert_uint_eq(server_count(w), 2);
	world_advance(w, 5);
	ck_assert_uint_eq(server_count(w), 2);
	world_stop(w);
}
END_TEST

/* i01: those born together do not die together. */
START_TEST(i01_lifetimes_are_spread)
{
	struct world *w = world_start("pool_mode = transaction\n"
	    "default_pool_size = 10\nmin_pool_size = 10\n"
	    "server_lifetime = 100\nserver_idle_timeout = 0\n");
	unsigned before, i;

	client_joins(w, 1, "");
	world_advance(w, 5);
	ck_assert_uint_eq(server_count(w), 10);
	world_advance(w, 94);
	before = w->nservers;
	ck_assert_uint_eq(before, 10);
	for (i = 0; i < 5; i++) {
		world_advance(w, 10);
		ck_assert_uint_le(w->nservers, before + 2);
		ck_assert_uint_ge(w->nservers, before + 1 - (i == 0));
		before = w->nservers;
	}
	world_stop(w);
}
END_TEST

START_TEST(h14_the_longest_wait)
{
	struct world *w = world_start(TRANSACTION);
	struct pool_facts f;
	struct pool *p;
	uint32_t cursor = 0;

	client_sends(w, 1, "Q BEGIN");
	server_replies(w, 1, "C BEGIN", "Z T");
	world_advance(w, 7);
	client_sends(w, 2, "Q SELECT 2");
	world_advance(w, 2);
	client_sends(w, 3, "Q SELECT 3");
	world_advance(w, 1);
	do
		ck_assert(facts_pool(w->pooler, &cursor, &f));
	while (strcmp(f.database, "shop") != 0);
	ck_assert_int_eq(f.maxwait_usec, 3000000);
	ck_assert_int_eq(f.cl_waiting, 2);
	ck_assert_int_eq(f.cl_active, 1);
	ck_assert_int_eq(f.sv_active, 1);
	client_sends(w, 1, "Q COMMIT");
	server_replies(w, 1, "C COMMIT", "Z I");
	p = world_pool(w, "shop", "app");
	ck_assert_uint_eq(p->stats.wait_time, 3000000);
	server_replies(w, 1, "C SELECT 1", "Z I");
	ck_assert_uint_eq(p->stats.wait_time, 4000000);
	world_stop(w);
}
END_TEST

/* n08, n09: what is counted, and for how long. */
START_TEST(n08_times_of_queries_and_transactions)
{
	struct world *w = world_start(TRANSACTION);
	struct stats_facts all;
	const struct stats *s;

	client_sends(w, 1, "Q BEGIN");
	world_advance(w, 1);
	server_replies(w, 1, "C BEGIN", "Z T");
	world_advance(w, 10);
	client_sends(w, 1, "P - SELECT 1", "B - -", "E - 0", "S");
	world_advance(w, 2);
	server_replies(w, 1, "1", "2", "C SELECT 1", "Z T");
	client_sends(w, 1, "Q COMMIT");
	world_advance(w, 3);
	server_replies(w, 1, "N 00000 a notice", "C COMMIT", "Z I");
	s = &world_pool(w, "shop", "app")->stats;
	ck_assert_uint_eq(s->query_count, 3);
	ck_assert_uint_eq(s->query_time, 6000000);
	ck_assert_uint_eq(s->xact_count, 1);
	ck_assert_uint_eq(s->xact_time, 16000000);
	ck_assert_uint_eq(s->client_parse_count, 1);
	ck_assert_uint_eq(s->bind_count, 1);
	ck_assert_uint_eq(s->server_assignment_count, 1);
	ck_assert_uint_eq(s->client_login_count, 1);
	/* Less than one in a second is not none. */
	world_advance(w, 50);
	facts_stats_of_all(w->pooler, &all);
	ck_assert_uint_eq(all.total.xact_count, 1);
	ck_assert_uint_eq(all.average.xact_count, 0);
	ck_assert_uint_eq(all.average.xact_time, 16000000);
	ck_assert_uint_eq(all.average.query_time, 2000000);
	world_stop(w);
}
END_TEST

/* The budget: tickets of a host, whatever the pool. */

static struct host *
host_of(struct world *w, const char *user)
{
	struct pool *p = world_pool(w, "shop", user);

	return container_of(list_first(&p->lanes), struct lane, member)->host;
}

START_TEST(h32_a_budget_is_shared_by_all_pools_of_a_host)
{
	struct world *w = world_start(THREE);
	struct host *h;

	client_sends(w, 1, "Q BEGIN");
	server_replies(w, 1, "C BEGIN", "Z T");
	h = host_of(w, "app");
	h->account->count.limit = 2;
	client_sends(w, 2, "Q BEGIN");
	server_replies(w, 2, "C BEGIN", "Z T");
	client_sends(w, 3, "Q SELECT 3");
	ck_assert_str_eq(client_waits(w, 3), "budget");
	ck_assert_uint_eq(budget_held(h->budget), 2);

	/* h08: an idle server of another pool gives way, a busy one not. */
	client_joins(w, 4, "");
	client_comes(w, 5, "user=other");
	ck_assert_uint_eq(server_count(w), 2);
	client_sends(w, 2, "Q COMMIT");
	server_replies(w, 2, "C COMMIT", "Z I");
	ck_assert_str_eq(server_owner(w, 2), "client 3");
	server_replies(w, 2, "C SELECT 1", "Z I");
	world_advance(w, 2);
	ck_assert_str_eq(server_owner(w, 2), "gone");
	ck_assert_uint_eq(w->nservers, 3);
	ck_assert_uint_le(budget_held(h->budget), 2);
	world_stop(w);
}
END_TEST

/* h29: the ticket goes back when the host has let go, not before. */
START_TEST(h29_a_ticket_is_held_until_the_host_lets_go)
{
	struct world *w = world_start(TRANSACTION);
	struct host *h;

	client_sends(w, 1, "Q BEGIN");
	h = host_of(w, "app");
	h->account->count.limit = 1;
	server_lingers(w, 1);
	client_leaves(w, 1);
	ck_assert_str_eq(server_owner(w, 1), "gone");
	ck_assert_uint_eq(budget_held(h->budget), 1);
	client_sends(w, 2, "Q SELECT 2");
	ck_assert_str_eq(client_waits(w, 2), "budget");
	server_dies(w, 1);
	server_gets(w, 2, "Q SELECT 2");
	world_stop(w);
}
END_TEST

/* A host that does not let go for long is told apart, and still counts. */
START_TEST(h29_a_ghost_still_counts)
{
	struct world *w = world_start(TRANSACTION);
	struct budget_facts f;
	uint32_t cursor = 0;

	client_sends(w, 1, "Q BEGIN");
	server_replies(w, 1, "C BEGIN", "Z T");
	host_of(w, "app")->account->count.limit = 1;
	server_lingers(w, 1);
	client_leaves(w, 1);
	client_sends(w, 2, "Q SELECT 2");
	world_advance(w, 59);
	ck_assert(facts_budget(w->pooler, &cursor, &f));
	ck_assert_int_eq(f.closing, 1);
	ck_assert_int_eq(f.ghosts, 0);
	ck_assert_int_eq(f.waiting, 1);
	world_advance(w, 3);
	cursor = 0;
	ck_assert(facts_budget(w->pooler, &cursor, &f));
	ck_assert_int_eq(f.held, 1);
	ck_assert_int_eq(f.ghosts, 1);
	world_advance(w, 50);
	ck_assert_uint_eq(w->nservers, 1);
	server_dies(w, 1);
	server_gets(w, 2, "Q SELECT 2");
	world_stop(w);
}
END_TEST

/* Without a budget there is nothing to count, and an end to patience. */
START_TEST(h29_without_a_budget_a_ghost_is_forgotten)
{
	struct world *w = world_start(TRANSACTION);

	client_sends(w, 1, "Q BEGIN");
	server_lingers(w, 1);
	client_leaves(w, 1);
	ck_assert_uint_eq(budget_held(host_of(w, "app")->budget), 1);
	world_advance(w, 62);
	ck_assert_uint_eq(budget_held(host_of(w, "app")->budget), 0);
	world_stop(w);
}
END_TEST

/* What is given up while busy is cancelled, where that counts. */
START_TEST(h29_an_orphan_is_cancelled)
{
	struct world *w = world_start(TRANSACTION);

	client_sends(w, 1, "Q SELECT pg_sleep(1000)");
	server_lingers(w, 1);
	client_leaves(w, 1);
	ck_assert_uint_eq(w->ncancels, 0);
	server_dies(w, 1);
	host_of(w, "app")->account->count.limit = 1;
	client_sends(w, 2, "Q SELECT pg_sleep(1000)");
	server_lingers(w, 2);
	client_leaves(w, 2);
	ck_assert_uint_eq(w->ncancels, 1);
	ck_assert_uint_eq(budget_held(host_of(w, "app")->budget), 1);
	server_dies(w, 2);
	ck_assert_uint_eq(budget_held(host_of(w, "app")->budget), 0);
	world_stop(w);
}
END_TEST

/* The one whom a ticket wakes may not want it any more. */
START_TEST(a_ticket_finds_somebody_who_wants_it)
{
	struct world *w = world_start(TRANSACTION);
	struct host *h;

	client_sends(w, 1, "Q BEGIN");
	h = host_of(w, "app");
	h->account->count.limit = 1;
	client_comes(w, 2, "user=other");
	client_comes(w, 3, "user=third");
	client_leaves(w, 2);
	ck_assert_uint_eq(w->nservers, 1);
	client_leaves(w, 1);
	ck_assert_uint_eq(w->nservers, 2);
	ck_assert_uint_gt(client_unread(w, 3), 0);
	world_stop(w);
}
END_TEST

/* Databases of the "*" entry. */

START_TEST(h19_h20_automatic_databases_are_forgotten)
{
	struct world *w = world_start("autodb_idle_timeout = 100\n"
	    "server_idle_timeout = 0\nserver_lifetime = 1000\n"
	    "[databases]\n* = host=$1\n");

	client_joins(w, 1, "database=one");
	client_joins(w, 2, "database=two");
	client_leaves(w, 2);
	ck_assert_ptr_ne(database_find(w->pooler, "two"), NULL);
	world_advance(w, 98);
	ck_assert_ptr_ne(database_find(w->pooler, "two"), NULL);
	world_advance(w, 10);
	ck_assert_ptr_eq(database_find(w->pooler, "two"), NULL);
	ck_assert_ptr_ne(database_find(w->pooler, "one"), NULL);
	client_joins(w, 2, "database=two");
	client_sends(w, 2, "Q SELECT 1");
	server_replies(w, 3, "C SELECT 1", "Z I");
	client_gets(w, 2, "C SELECT 1", "Z I");
	world_stop(w);
}
END_TEST

START_TEST(m03_names_that_fail_leave_nothing_behind)
{
	struct world *w = world_start("auth_type = md5\n"
	    "[databases]\n* = host=$1\n");
	char params[64];
	unsigned i;

	for (i = 0; i < 100; i++) {
		snprintf(params, sizeof params, "database=db%u&user=u%u", i,
		    i);
		client_comes(w, 1, params);
		client_sends(w, 1, "p wrong");
		ck_assert(client_is_gone(w, 1));
	}
	ck_assert_uint_eq(w->pooler->npools, 0);
	ck_assert_ptr_eq(database_find(w->pooler, "db1"), NULL);
	world_stop(w);
}
END_TEST

/* a35: bytes do not extend the time for the login. */
START_TEST(a35_a_byte_per_second)
{
	struct world *w = world_start("client_login_timeout = 10\n");
	struct text t = { 0 };
	unsigned i;

	script_startup("user=app&database=shop", &t);
	for (i = 0; i < 9; i++) {
		client_sends_bytes(w, 1, t.p + i, 1);
		world_advance(w, 1);
	}
	ck_assert(!client_is_gone(w, 1));
	world_advance(w, 1.2);
	client_gets(w, 1, "E FATAL 08P01 client_login_timeout");
	ck_assert(client_is_gone(w, 1));
	text_fini(&t);
	world_stop(w);
}
END_TEST

/* A client that does not even read its last word is let go of. */
START_TEST(m01_the_last_word_is_not_waited_for_long)
{
	struct world *w = world_start("client_login_timeout = 10\n");

	client_sends_bytes(w, 1, "\0\0", 2);
	client_lingers(w, 1);
	world_advance(w, 11);
	ck_assert_uint_eq(w->pooler->counts.all, 1);
	world_advance(w, 2);
	ck_assert_uint_eq(w->pooler->counts.all, 0);
	world_stop(w);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("limits");
	TCase *t = tcase_create("limits");

	tcase_set_timeout(t, 60);
	tcase_add_loop_test(t, somebody_waits, 0, (int)countof(waits));
	tcase_add_test(t, h18_the_gate);
	tcase_add_test(t, h18_one_waits_one_is_opened);
	tcase_add_test(t, i01_lifetimes_are_spread);
	tcase_add_test(t, h14_the_longest_wait);
	tcase_add_test(t, n08_times_of_queries_and_transactions);
	tcase_add_test(t, h32_a_budget_is_shared_by_all_pools_of_a_host);
	tcase_add_test(t, h29_a_ticket_is_held_until_the_host_lets_go);
	tcase_add_test(t, h29_a_ghost_still_counts);
	tcase_add_test(t, h29_without_a_budget_a_ghost_is_forgotten);
	tcase_add_test(t, h29_an_orphan_is_cancelled);
	tcase_add_test(t, a_ticket_finds_somebody_who_wants_it);
	tcase_add_test(t, h19_h20_automatic_databases_are_forgotten);
	tcase_add_test(t, m03_names_that_fail_leave_nothing_behind);
	tcase_add_test(t, a35_a_byte_per_second);
	tcase_add_test(t, m01_the_last_word_is_not_waited_for_long);
	suite_add_tcase(s, t);
	return world_run(s);
}
