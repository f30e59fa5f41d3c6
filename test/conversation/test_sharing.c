/*
 * test_sharing.c - limits that several pools share: max_db_connections,
 * max_user_connections, and those on clients (pitfalls h06 to h08, h11).
 */
#include <stdio.h>

#include "base/must.h"
#include "conversation/play.h"
#include "conversation/world.h"
#include "pool/database.h"
#include "pool/pool.h"
#include "pool/pools.h"
#include "pool/server.h"
#include "pool/user.h"

#define FIVE "pool_mode = transaction\ndefault_pool_size = 5\n" \
	"query_wait_notify = 0\n"
/* One database of one user, and the limits that its users share. */
#define DB(n) FIVE "max_db_connections = " #n "\n"
/* Two databases, and the limit that a user has in both of them. */
#define USER(n) FIVE "max_user_connections = " #n "\n" TWO_SHOPS
#define TWO_SHOPS "[databases]\nshop = host=$1\nmart = host=$1\n"

/* Client n gets server s, and is in a transaction. */
#define BLOCK(n, s)                                            \
	"client " #n ": Q BEGIN", "server " #s ": C BEGIN / Z T", \
	"client " #n " < C BEGIN / Z T"
#define COMMIT(n, s)                                           \
	"client " #n ": Q COMMIT", "server " #s ": C COMMIT / Z I", \
	"client " #n " < C COMMIT / Z I"
#define ANSWER(s) "server " #s ": C SELECT 1 / Z I"

static const struct play servers[] = {
	{ "max_db_connections counts the pools of all users", DB(2), {
		BLOCK(1, 1),
		"client 2 joins user=other",
		BLOCK(2, 2),
		"client 3: Q SELECT 3",
		"client 3 waits db_limit",
		"client 4: Q SELECT 4",
		"count = 2",
		COMMIT(1, 1),
		"owner 1 = client 3", ANSWER(1),
		"owner 1 = client 4",
		"count = 2" } },
	{ "another database has its own", DB(1) TWO_SHOPS, {
		BLOCK(1, 1),
		"client 2 joins database=mart",
		BLOCK(2, 2),
		"client 3: Q SELECT 3",
		"client 3 waits db_limit" } },
	{ "max_user_connections counts the pools of all databases",
	    USER(2), {
		BLOCK(1, 1),
		"client 2 joins database=mart",
		BLOCK(2, 2),
		"client 3: Q SELECT 3",
		"client 3 waits user_limit",
		"client 4 joins database=mart&user=other",
		"client 4: Q SELECT 4",
		"server 3 < Q SELECT 4",
		"client 3 waits user_limit" } },
	{ "h07: an idle one of another pool is taken", DB(1), {
		"client 1: Q SELECT 1", ANSWER(1),
		"owner 1 = pool",
		"client 2 joins user=other",
		"owner 1 = gone",
		"client 2: Q SELECT 2",
		"server 2 < Q SELECT 2",
		"count = 1" } },
	{ "h07: the one that is idle longest", DB(3), {
		BLOCK(1, 1), BLOCK(2, 2),
		"client 3 joins user=other",
		"wait 1", COMMIT(2, 2),
		"wait 1", COMMIT(1, 1),
		"wait 1",
		"client 3: Q SELECT 3", ANSWER(3),
		"client 4 joins user=third",
		"owner 2 = gone",
		"owner 1 = pool",
		"owner 3 = pool",
		"count = 3" } },
	{ "h07: none is taken while there is room", DB(3), {
		"client 1: Q SELECT 1", ANSWER(1),
		"client 2 joins user=other",
		"client 3 joins user=third",
		"owner 1 = pool",
		"count = 3" } },
	{ "h07: nor one of another database", DB(1) TWO_SHOPS, {
		"client 1: Q SELECT 1", ANSWER(1),
		"client 2 joins database=mart",
		"owner 1 = pool",
		"count = 2" } },
	{ "h07: nor of another user", USER(1), {
		"client 1: Q SELECT 1", ANSWER(1),
		"client 2 joins database=mart&user=other",
		"owner 1 = pool",
		"count = 2" } },
	{ "h07: one's own idle server is used, not a new one", DB(2), {
		"client 1: Q SELECT 1", ANSWER(1),
		"client 2 joins user=other",
		"client 1: Q SELECT 1",
		"owner 1 = client 1",
		"owner 2 = pool",
		"count = 2" } },
	{ "h08: who is in a transaction keeps it", DB(1), {
		BLOCK(1, 1),
		"client 2 comes user=other",
		"wait 50",
		"owner 1 = client 1",
		"client 2 <",
		COMMIT(1, 1),
		"owner 1 = gone",
		"count = 1",
		"client 2: Q SELECT 2",
		"server 2 < Q SELECT 2" } },
	{ "h08: a server that is being cancelled is left alone", DB(1), {
		"cancels by hand",
		"client 1: Q SELECT 1",
		"client 9 cancels 1",
		ANSWER(1),
		"owner 1 = being_canceled",
		"client 2 comes user=other",
		"owner 1 = being_canceled",
		"client 2 <",
		"cancel 1 ends",
		"owner 1 = gone",
		"count = 1" } },
	{ "a busy pool shares with who has waited longer", DB(1), {
		"client 2 joins user=other",
		"client 3 joins",
		"client 4 joins",
		BLOCK(1, 2),
		"client 2: Q SELECT 2",
		"wait 1",
		"client 3: Q SELECT 3",
		"client 4: Q SELECT 4",
		COMMIT(1, 2),
		"owner 2 = gone",
		"server 3 < Q SELECT 2",
		ANSWER(3),
		"owner 3 = gone",
		"server 4 < Q SELECT 3",
		ANSWER(4),
		"owner 4 = client 4" } },
	{ "but not with who has come later", DB(1), {
		"client 3 joins",
		BLOCK(1, 1),
		"client 3: Q SELECT 3",
		"wait 1",
		"client 2 comes user=other",
		COMMIT(1, 1),
		"owner 1 = client 3",
		ANSWER(1),
		"owner 1 = gone",
		"client 2: Q SELECT 2",
		"server 2 < Q SELECT 2" } },
	{ "who stops waiting takes nothing", DB(1), {
		BLOCK(1, 1),
		"client 2 comes user=other",
		"client 2 leaves",
		COMMIT(1, 1),
		"owner 1 = pool" } },
	{ "a server that dies makes room as well", DB(1), {
		BLOCK(1, 1),
		"client 2 comes user=other",
		"server 1 dies",
		"client 2: Q SELECT 2",
		"server 2 < Q SELECT 2" } },
	{ "and a client that leaves in a transaction", DB(1), {
		BLOCK(1, 1),
		"client 2 comes user=other",
		"client 1 leaves",
		"owner 1 = gone",
		"client 2: Q SELECT 2",
		"server 2 < Q SELECT 2" } },
	{ "h06: min_pool_size takes nothing from others", DB(3)
	    "min_pool_size = 2\n", {
		"client 1 joins",
		"wait 2",
		"count = 2",
		"client 2 joins user=other",
		"wait 10",
		"owner 1 = pool",
		"owner 2 = pool",
		"owner 3 = pool",
		"count = 3" } },
	{ "h06: nor does it exceed max_user_connections",
	    FIVE "max_user_connections = 3\nmin_pool_size = 2\n" TWO_SHOPS, {
		"client 1 joins",
		"wait 2.5",
		"count = 2",
		"client 2 joins database=mart",
		"wait 10",
		"count = 3" } },
	{ "the reserve is no way around it", DB(1)
	    "reserve_pool_size = 3\nreserve_pool_timeout = 1\n", {
		BLOCK(1, 1),
		"client 2: Q SELECT 2",
		"wait 10",
		"count = 1",
		"client 2 waits db_limit" } },
	{ "a database's own limit", DB(5)
	    "[databases]\nshop = host=$1 max_db_connections=1\n"
	    "mart = host=$1\n", {
		BLOCK(1, 1),
		"client 2: Q SELECT 2",
		"client 2 waits db_limit",
		"client 3 joins database=mart",
		BLOCK(3, 2),
		"client 4 joins database=mart",
		"client 4: Q SELECT 4",
		"server 3 < Q SELECT 4" } },
	{ "a database's own limit of 0 is everybody's", DB(1)
	    "[databases]\nshop = host=$1 max_db_connections=0\n", {
		BLOCK(1, 1),
		"client 2: Q SELECT 2",
		"client 2 waits db_limit" } },
	{ "a user's own limit, where nobody else has one", FIVE
	    TWO_SHOPS "[users]\nother = max_user_connections=1\n", {
		"client 1 joins user=other",
		BLOCK(1, 1),
		"client 2 comes database=mart&user=other",
		"wait 10",
		"client 2 <",
		"count = 1",
		"client 3 joins",
		BLOCK(3, 2),
		"client 4: Q SELECT 4",
		"server 3 < Q SELECT 4" } },
	{ "a user's own limit is more than everybody's", FIVE
	    "max_user_connections = 1\n[databases]\nshop = host=$1\n"
	    "[users]\nother = max_user_connections=2\n", {
		"client 1 joins user=other",
		BLOCK(1, 1),
		"client 2: Q SELECT 2",
		"server 2 < Q SELECT 2",
		"client 3 joins user=other",
		BLOCK(3, 3),
		"client 4 joins user=other",
		"client 4: Q SELECT 4",
		"client 4 waits user_limit" } },
	{ "both limits: the pool that stands in the way may be either",
	    FIVE "max_db_connections = 2\nmax_user_connections = 2\n"
	    TWO_SHOPS, {
		"client 1: Q SELECT 1", ANSWER(1),
		"client 2 joins user=other",
		"client 3 joins database=mart",
		"count = 3",
		"client 4 joins user=third",
		"owner 1 = gone",
		"count = 3",
		"client 1: Q SELECT 1",
		"owner 2 = gone",
		"server 5 < Q SELECT 1",
		"count = 3" } },
	{ "a forced user is who is counted", FIVE
	    "max_user_connections = 1\n"
	    "[databases]\nshop = host=$1 user=third\nmart = host=$1\n", {
		BLOCK(1, 1),
		"client 2 joins user=other",
		"client 2: Q SELECT 2",
		"client 2 waits user_limit",
		"client 3 joins database=mart",
		"client 3: Q SELECT 3",
		"server 2 < Q SELECT 3" } },
	{ "RELOAD: the limit is raised, and who waits goes on", DB(1), {
		BLOCK(1, 1),
		"client 2 comes user=other",
		"wait 1",
		"client 2 <",
		"reload " DB(2),
		"client 2: Q SELECT 2",
		"server 2 < Q SELECT 2" } },
	{ "RELOAD: the limit is lowered, nobody loses a transaction",
	    DB(2), {
		BLOCK(1, 1),
		"client 2 joins user=other",
		BLOCK(2, 2),
		"reload " DB(1),
		"owner 1 = client 1",
		"owner 2 = client 2",
		"client 3: Q SELECT 3",
		COMMIT(2, 2),
		"wait 2",
		"owner 2 = gone",
		"client 3 <",
		COMMIT(1, 1),
		"owner 1 = client 3" } },
	{ "a pause and what it ends", DB(1), {
		BLOCK(1, 1),
		"client 2 comes user=other",
		"pause",
		COMMIT(1, 1),
		"owner 1 = gone",
		"count = 0",
		"resume",
		"client 2: Q SELECT 2",
		"server 2 < Q SELECT 2" } },
	{ "i10: and RECONNECT", DB(1), {
		BLOCK(1, 1),
		"client 2 comes user=other",
		"reconnect",
		COMMIT(1, 1),
		"owner 1 = gone",
		"client 2: Q SELECT 2",
		"server 2 < Q SELECT 2" } },
};

START_TEST(pools_share)
{
	play(&servers[_i], FIVE);
}
END_TEST

static const struct play clients[] = {
	{ "max_db_client_connections: 53300", FIVE
	    "max_db_client_connections = 2\n" TWO_SHOPS, {
		"client 1 joins",
		"client 2 joins user=other",
		"client 3 comes user=third",
		"client 3 < E FATAL 53300 client connections exceeded "
		    "(max_db_client_connections) | "
		    "There are 2 clients already, the limit is 2.",
		"client 3 is gone",
		"client 4 joins database=mart",
		"client 1: Q SELECT 1", ANSWER(1),
		"client 1 < C SELECT 1 / Z I",
		"client 1 leaves",
		"client 3 joins user=third" } },
	{ "max_user_client_connections: 53300", FIVE
	    "max_user_client_connections = 2\n" TWO_SHOPS, {
		"client 1 joins",
		"client 2 joins database=mart",
		"client 3 comes",
		"client 3 < E FATAL 53300 client connections exceeded "
		    "(max_user_client_connections) | "
		    "There are 2 clients already, the limit is 2.",
		"client 3 is gone",
		"client 4 joins user=other",
		"client 2 leaves",
		"client 3 joins" } },
	{ "a database's own", FIVE "max_db_client_connections = 1\n"
	    "[databases]\nshop = host=$1 max_db_client_connections=2\n"
	    "mart = host=$1 max_db_client_connections=0\n", {
		"client 1 joins",
		"client 2 joins",
		"client 3 comes",
		"client 3 < E FATAL 53300",
		"client 4 joins database=mart",
		"client 5 comes database=mart",
		"client 5 < E FATAL 53300" } },
	{ "a user's own, where nobody else has one", FIVE
	    "[databases]\nshop = host=$1\n"
	    "[users]\nother = max_user_client_connections=1\n", {
		"client 1 joins user=other",
		"client 2 comes user=other",
		"client 2 < E FATAL 53300 client connections exceeded "
		    "(max_user_client_connections)",
		"client 3 joins",
		"client 4 joins" } },
	{ "with a forced user it is who logs in that counts", FIVE
	    "max_user_client_connections = 1\n"
	    "[databases]\nshop = host=$1 user=third\n", {
		"client 1 joins",
		"client 2 joins user=other",
		"client 3 comes",
		"client 3 < E FATAL 53300" } },
	{ "h02: who waits for the first server is counted once", FIVE
	    "max_db_client_connections = 1\n", {
		"logins by hand",
		"client 1 comes",
		"client 2 comes",
		"client 2 < E FATAL 53300",
		"client 1 leaves",
		"client 3 comes",
		"client 3 <",
		"server 1: R 0 / K / Z I",
		"client 3 < R 0 / K / Z I" } },
	{ "RELOAD: those who are in stay in", FIVE, {
		"client 1 joins",
		"client 2 joins",
		"reload " FIVE "max_db_client_connections = 1\n",
		"client 1 is here",
		"client 2: Q SELECT 2", ANSWER(1),
		"client 2 < C SELECT 1 / Z I",
		"client 3 comes",
		"client 3 < E FATAL 53300",
		"client 1 leaves",
		"client 3 comes",
		"client 3 < E FATAL 53300",
		"client 2 leaves",
		"client 3 joins" } },
};

START_TEST(clients_are_counted)
{
	play(&clients[_i], FIVE);
}
END_TEST

/* h07: as many as are opened, not one more. */
START_TEST(h07_exactly_enough_are_closed)
{
	struct world *w = world_start("pool_mode = transaction\n"
	    "default_pool_size = 8\nmax_db_connections = 8\n"
	    "server_connect_parallel = 8\nquery_wait_notify = 0\n");
	struct pool *app, *other;
	unsigned i;

	for (i = 1; i <= 8; i++)
		client_joins(w, i, "");
	for (i = 1; i <= 8; i++)
		client_sends(w, i, "Q SELECT 1");
	ck_assert_uint_eq(server_count(w), 8);
	for (i = 1; i <= 8; i++)
		server_replies(w, i, "C SELECT 1", "Z I");
	app = world_pool(w, "shop", "app");
	ck_assert_uint_eq(app->count[SERVER_IDLE], 8);
	client_joins(w, 11, "user=other");
	client_joins(w, 12, "user=other");
	client_joins(w, 13, "user=other");
	for (i = 11; i <= 13; i++)
		client_sends(w, i, "Q SELECT 1");
	other = world_pool(w, "shop", "other");
	ck_assert_uint_eq(other->count[SERVER_ACTIVE], 3);
	ck_assert_uint_eq(app->count[SERVER_IDLE], 5);
	world_stop(w);
}
END_TEST

/*
 * Three pools whose clients never rest share one server: everybody gets
 * through, and the server is not changed for every transaction.
 */
enum { POOLS = 3, EACH = 4, TURNS = 3000 };

/* Who has been answered asks again. */
static void
ask_again(struct world *w, unsigned *served)
{
	struct text line = { 0 };
	unsigned i;

	for (i = 1; i <= POOLS * EACH; i++)
		while (client_next(w, i, &line))
			if (strcmp(line.p, "Z I") == 0) {
				served[(i - 1) / EACH]++;
				client_writes(w, i, "Q SELECT 1");
			}
	text_fini(&line);
}

START_TEST(hungry_pools_make_progress)
{
	static const char *const users[POOLS] = {
		"user=app", "user=other", "user=third"
	};
	struct world *w = world_start(DB(1));
	unsigned served[POOLS] = { 0 }, i, before;

	for (i = 1; i <= POOLS * EACH; i++)
		client_joins(w, i, users[(i - 1) / EACH]);
	for (i = 1; i <= POOLS * EACH; i++)
		client_writes(w, i, "Q SELECT 1");
	world_turn(w);
	before = w->nservers;
	for (i = 0; i < TURNS; i++) {
		world_advance(w, 0.001);
		ck_assert_uint_le(server_count(w), 1);
		if (strncmp(server_owner(w, w->nservers), "client", 6) == 0)
			server_replies(w, w->nservers, "C SELECT 1", "Z I");
		ask_again(w, served);
	}
	for (i = 0; i < POOLS; i++)
		ck_assert_msg(served[i] > TURNS / POOLS / 2,
		    "pool %u was served %u times", i, served[i]);
	/* Each pool steals at most ten times a second. */
	ck_assert_uint_le(w->nservers - before,
	    POOLS * (TURNS / 100 + 1));
	world_stop(w);
}
END_TEST

/* h01: what is counted for a database and a user. */
START_TEST(h01_the_counts_of_databases_and_users)
{
	struct world *w = world_start(FIVE TWO_SHOPS);
	struct database *shop;
	struct user *app;
	unsigned i;

	client_joins(w, 1, "");
	client_joins(w, 2, "user=other");
	client_joins(w, 3, "database=mart");
	shop = database_find(w->pooler, "shop");
	app = user_find(w->pooler, "app");
	ck_assert_uint_eq(shop->servers.held, 2);
	ck_assert_uint_eq(app->servers.held, 2);
	for (i = 1; i <= 3; i++)
		client_sends(w, i, "Q BEGIN");
	server_dies(w, 1);
	ck_assert_uint_eq(shop->servers.held, 1);
	ck_assert_uint_eq(app->servers.held, 1);
	client_leaves(w, 2);
	client_leaves(w, 3);
	ck_assert_uint_eq(shop->servers.held, 0);
	ck_assert_uint_eq(app->servers.held, 0);
	world_stop(w);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("sharing");
	TCase *t = tcase_create("sharing");

	tcase_set_timeout(t, 60);
	tcase_add_loop_test(t, pools_share, 0, (int)countof(servers));
	tcase_add_loop_test(t, clients_are_counted, 0, (int)countof(clients));
	tcase_add_test(t, h07_exactly_enough_are_closed);
	tcase_add_test(t, hungry_pools_make_progress);
	tcase_add_test(t, h01_the_counts_of_databases_and_users);
	suite_add_tcase(s, t);
	return world_run(s);
}
