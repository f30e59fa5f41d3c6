/*
 * test_budget.c - the budget of a server among many pools: never exceeded,
 * shared fairly, given back late (pitfalls h29 to h36).
 */
#include <stdio.h>
#include <string.h>

#include "base/list.h"
#include "base/must.h"
#include "cluster/host.h"
#include "conversation/play.h"
#include "conversation/world.h"
#include "pool/facts.h"
#include "pool/lane.h"
#include "pool/pool.h"
#include "pool/pools.h"
#include "pool/server.h"

#define MODE "pool_mode = transaction\nquery_wait_notify = 0\n" \
	"server_check_query =\n"

#define BLOCK(n)                                     \
	"client " #n ": Q BEGIN",                    \
	"server " #n ": C BEGIN / Z T",              \
	"client " #n " < C BEGIN / Z T"

static const struct play plays[] = {
	{ "h29: one budget for all databases and users of a server",
	    MODE "server_connections = 2\n[databases]\n"
	    "shop = host=$1\nstock = host=$1\n", {
		"client 1 joins database=shop",
		"client 2 joins database=stock",
		"client 3 joins database=shop&user=other",
		"count = 2",
		"owner 1 = gone" } },
	{ "h29: each server has its own", MODE "server_connections = 1\n"
	    "[databases]\nshop = host=$1\nstock = host=$2\n", {
		"client 1 joins database=shop",
		"client 2 joins database=stock",
		"count = 2" } },
	{ "h29: another lane with a ticket is used first",
	    MODE "server_connections = 1\n[databases]\nshop = host=$1,$2\n"
	    "stock = host=$1\n", {
		"client 1 joins database=stock",
		BLOCK(1),
		"client 2 joins database=shop",
		BLOCK(2),
		"client 3: Q SELECT 3",
		"client 3 waits budget",
		"client 2: Q COMMIT",
		"server 2: C COMMIT / Z I",
		"owner 2 = client 3" } },
	{ "h32: a lower budget closes what idles, then what comes to rest",
	    MODE "server_connections = 4\n", {
		BLOCK(1), BLOCK(2), BLOCK(3), BLOCK(4),
		"client 4: Q COMMIT",
		"server 4: C COMMIT / Z I",
		"count = 4",
		"reload " MODE "server_connections = 2\n",
		"owner 4 = gone",
		"count = 3",
		"client 4: Q SELECT 4",
		"client 4 waits budget",
		"client 3: Q COMMIT",
		"server 3: C COMMIT / Z I",
		"owner 3 = gone",
		"count = 2",
		"client 4 waits budget",
		"client 2: Q COMMIT",
		"server 2: C COMMIT / Z I",
		"owner 2 = client 4" } },
	{ "h34: a higher one is used at once",
	    MODE "server_connections = 1\n", {
		BLOCK(1),
		"client 2: Q BEGIN",
		"client 2 waits budget",
		"reload " MODE "server_connections = 2\n",
		"server 2 < Q BEGIN" } },
	{ "a share of a budget", MODE "server_connections = 5\n"
	    "app_instances = 3\ninstance_number = 2\n", {
		BLOCK(1),
		"client 2: Q BEGIN",
		"client 2 waits budget",
		"count = 1" } },
	{ "h33: a cancel request needs no ticket",
	    MODE "server_connections = 1\n", {
		"client 1: Q SELECT pg_sleep(9)",
		"client 2 cancels 1",
		"cancel 1 is for 1" } },
	{ "h36: the server's own limit is waited out",
	    MODE "server_connections = 5\nserver_login_retry = 2\n", {
		BLOCK(1),
		"refuse FATAL 53300 sorry, too many clients already",
		"client 2: Q BEGIN",
		"client 2 waits login_backoff",
		"let in",
		"wait 2.1",
		"server 3 < Q BEGIN" } },
	{ "h29: a login that failed holds its ticket until the host lets go",
	    MODE "server_connections = 1\nserver_login_retry = 1\n", {
		"logins by hand",
		"client 1 comes",
		"server 1 lingers",
		"server 1: E FATAL 57P03 the database system is starting up",
		"wait 5",
		"count = 0",
		"server 1 dies",
		"wait 2",
		"count = 1" } },
	{ "min_pool_size takes nothing from others",
	    MODE "server_connections = 2\nmin_pool_size = 2\n[databases]\n"
	    "shop = host=$1\nstock = host=$1\n", {
		"client 1 joins database=shop",
		"wait 5",
		"count = 2",
		"client 2 joins database=stock",
		"wait 5",
		"owner 3 = pool",
		"count = 2" } },
};

START_TEST(a_budget_is_kept)
{
	play(&plays[_i], MODE);
}
END_TEST

static struct budget *
budget_of(struct world *w, const char *database)
{
	struct pool *p = world_pool(w, database, "app");

	return container_of(list_first(&p->lanes), struct lane,
	    member)->host->budget;
}

/* Who has been answered asks again. */
static void
ask_again(struct world *w, unsigned clients)
{
	struct text line = { 0 };
	unsigned i;

	for (i = 1; i <= clients; i++)
		while (client_next(w, i, &line))
			if (strcmp(line.p, "Z I") == 0)
				client_writes(w, i, "Q SELECT 1");
	text_fini(&line);
}

/* All queries are answered that servers have. */
static void
answer_all(struct world *w)
{
	unsigned i, n = w->nservers;

	for (i = 1; i <= n; i++)
		if (strncmp(server_owner(w, i), "client", 6) == 0)
			server_replies(w, i, "C SELECT 1", "Z I");
}

/*
 * No starvation: a hundred pools whose clients never rest, on 20 servers.
 */
enum { POOLS = 100, EACH = 2, BUDGET = 20, STEPS = 600, STEP_MSEC = 10 };

static struct world *
world_of_pools(unsigned n)
{
	struct text ini = { 0 };
	struct world *w;
	unsigned i;

	text_printf(&ini, "%sserver_connections = %d\nmax_client_conn = 999\n"
	    "query_wait_timeout = 0\n[databases]\n", MODE, BUDGET);
	for (i = 1; i <= n; i++)
		text_printf(&ini, "d%u = host=$1\n", i);
	w = world_start(ini.p);
	text_fini(&ini);
	return w;
}

START_TEST(h34_a_hundred_pools_on_twenty)
{
	struct world *w = world_of_pools(POOLS);
	uint64_t served, least = UINT64_MAX, most = 0;
	unsigned i, before;
	struct pool *p;
	char who[32];

	for (i = 1; i <= POOLS * EACH; i++) {
		snprintf(who, sizeof who, "database=d%u",
		    (i - 1) / EACH + 1);
		client_joins(w, i, who);
		world_advance(w, 0.02);
	}
	for (i = 1; i <= POOLS * EACH; i++)
		client_writes(w, i, "Q SELECT 1");
	world_turn(w);
	before = w->nservers;
	for (i = 0; i < STEPS; i++) {
		world_advance(w, STEP_MSEC / 1000.0);
		ck_assert_uint_le(budget_held(budget_of(w, "d1")), BUDGET);
		answer_all(w);
		ask_again(w, POOLS * EACH);
	}
	for (i = 1; i <= POOLS; i++) {
		snprintf(who, sizeof who, "d%u", i);
		p = world_pool(w, who, "app");
		served = p->stats.server_assignment_count;
		ck_assert_msg(served > 0, "%s was never served", who);
		served = p->stats.wait_time / served;
		least = served < least ? served : least;
		most = served > most ? served : most;
	}
	ck_assert_msg(most <= 2 * least, "mean waits from %llu to %llu us",
	    (unsigned long long)least, (unsigned long long)most);
	/* Each server stays at least 100 ms where it is. */
	ck_assert_uint_le(w->nservers - before, BUDGET *
	    (STEPS * STEP_MSEC / 100 + 2));
	world_stop(w);
}
END_TEST

/* Two pools, one that wants much and one that wants little: the one gets what
 * it wants, the other the rest, and then nothing moves any more. */
START_TEST(h34_fair_parts_are_stable)
{
	struct world *w = world_of_pools(2);
	unsigned i, before;

	for (i = 1; i <= 40; i++)
		client_joins(w, i, i <= 36 ? "database=d1" : "database=d2");
	for (i = 1; i <= 36; i++)
		client_writes(w, i, "Q SELECT 1");
	world_advance(w, 0.2);
	ck_assert_uint_eq(pools_servers(world_pool(w, "d1", "app")), BUDGET);
	for (i = 37; i <= 40; i++)
		client_writes(w, i, "Q SELECT 1");
	for (i = 0; i < 100; i++) {
		world_advance(w, 0.01);
		answer_all(w);
		ask_again(w, 40);
	}
	ck_assert_uint_eq(pools_servers(world_pool(w, "d2", "app")), 4);
	ck_assert_uint_eq(pools_servers(world_pool(w, "d1", "app")),
	    BUDGET - 4);
	before = w->nservers;
	for (i = 0; i < 100; i++) {
		world_advance(w, 0.01);
		answer_all(w);
		ask_again(w, 40);
	}
	ck_assert_uint_eq(w->nservers, before);
	world_stop(w);
}
END_TEST

/* The idle server of the pool that has most to spare is taken, not the one
 * that has been idle longest. */
START_TEST(the_pool_furthest_above_its_part_gives)
{
	struct world *w = world_of_pools(3);
	unsigned i;

	/* d1: one, idle longest; d2: the other 19, idle since later. */
	client_joins(w, 1, "database=d1");
	world_advance(w, 1);
	for (i = 2; i <= BUDGET; i++)
		client_joins(w, i, "database=d2");
	for (i = 2; i <= BUDGET; i++)
		client_writes(w, i, "Q SELECT 1");
	world_advance(w, 1);
	answer_all(w);
	world_advance(w, 1);
	ck_assert_uint_eq(budget_held(budget_of(w, "d1")), BUDGET);
	client_joins(w, 30, "database=d3");
	ck_assert_uint_eq(pools_servers(world_pool(w, "d1", "app")), 1);
	ck_assert_uint_eq(pools_servers(world_pool(w, "d2", "app")),
	    BUDGET - 2);
	world_stop(w);
}
END_TEST

/* What SHOW BUDGET says. */
START_TEST(the_facts)
{
	struct world *w = world_start(MODE "server_connections = 7\n"
	    "app_instances = 3\ninstance_number = 0\n[databases]\n"
	    "shop = host=$1\nstock = host=$2\n");
	struct budget_facts f;
	uint32_t cursor = 0;
	unsigned i;

	for (i = 1; i <= 3; i++)
		client_sends(w, i, "Q BEGIN");
	client_sends(w, 4, "Q BEGIN");
	client_joins(w, 5, "database=stock");
	ck_assert(facts_budget(w->pooler, &cursor, &f));
	ck_assert_int_eq(f.total, 7);
	ck_assert_str_eq(f.source, "server_connections");
	ck_assert_int_eq(f.app_instances, 3);
	ck_assert_int_eq(f.instance_number, 0);
	ck_assert_int_eq(f.share, 3);
	ck_assert_int_eq(f.held, 3);
	ck_assert_int_eq(f.pool, 3);
	ck_assert_int_eq(f.idle, 0);
	ck_assert_int_eq(f.waiting, 1);
	ck_assert_uint_ge(f.refused, 1);
	ck_assert_str_eq(f.change, "0 -> 3");
	ck_assert(facts_budget(w->pooler, &cursor, &f));
	ck_assert_int_eq(f.held, 1);
	ck_assert_int_eq(f.idle, 1);
	ck_assert(!facts_budget(w->pooler, &cursor, &f));
	world_stop(w);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("budget");
	TCase *t = tcase_create("budget");

	tcase_set_timeout(t, 120);
	tcase_add_loop_test(t, a_budget_is_kept, 0, (int)countof(plays));
	tcase_add_test(t, h34_a_hundred_pools_on_twenty);
	tcase_add_test(t, h34_fair_parts_are_stable);
	tcase_add_test(t, the_pool_furthest_above_its_part_gives);
	tcase_add_test(t, the_facts);
	suite_add_tcase(s, t);
	return world_run(s);
}
