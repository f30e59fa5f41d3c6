/*
 * test_quotas.c - limits that pools share, and time limits of queries,
 * transactions and idle clients (pitfalls d41, d42, h06 to h08, m09).
 */
#include "base/must.h"
#include "conversation/play.h"
#include "conversation/world.h"
#include "pgwire/writer.h"
#include "pool/pool.h"

#define FIVE "pool_mode = transaction\ndefault_pool_size = 5\n" \
	"query_wait_notify = 0\nserver_check_query =\n"
#define SESSION "query_wait_notify = 0\n"
#define BOTH "[databases]\nshop = host=$1\nstock = host=$1\n"

/* Client n has an open transaction on server n. */
#define BLOCK(n)                                     \
	"client " #n ": Q BEGIN",                    \
	"server " #n ": C BEGIN / Z T",              \
	"client " #n " < C BEGIN / Z T"

static const struct play quotas[] = {
	{ "h07: of the idle servers of others the oldest gives way",
	    FIVE "max_db_connections = 2\n", {
		"client 1 joins user=app",
		"wait 1",
		"client 2 joins user=other",
		"wait 1",
		"client 3 joins user=third",
		"owner 1 = gone",
		"owner 2 = pool",
		"owner 3 = pool",
		"count = 2" } },
	{ "h08: a busy one does not, and then who waits longest is served",
	    FIVE "max_db_connections = 2\n", {
		"client 1 joins user=app",
		"client 2 joins user=other",
		"client 3 joins user=app",
		BLOCK(1), BLOCK(2),
		"client 3: Q SELECT 3",
		"client 3 waits db_limit",
		"wait 1",
		"client 4 comes user=third",
		"wait 0.02",
		"client 4 <",
		"count = 2",
		"client 2: Q COMMIT",
		"server 2: C COMMIT / Z I",
		"owner 2 = gone",
		"server 3 < Q SELECT 3",
		"count = 2",
		"wait 1",
		"server 3: C SELECT 1 / Z I",
		"client 3 < C SELECT 1 / Z I",
		"owner 3 = gone",
		"count = 2",
		"owner 4 = pool" } },
	{ "h08: a server of one's own pool is not taken for oneself",
	    FIVE "max_db_connections = 1\n", {
		BLOCK(1),
		"client 2: Q SELECT 2",
		"client 2 waits db_limit",
		"client 1: Q COMMIT",
		"server 1: C COMMIT / Z I",
		"owner 1 = client 2" } },
	{ "h06: min_pool_size takes nothing from others",
	    FIVE "max_db_connections = 1\nmin_pool_size = 1\n", {
		"client 1 joins user=app",
		"client 2 joins user=other",
		"owner 1 = gone",
		"owner 2 = pool",
		"wait 20",
		"owner 2 = pool",
		"count = 1",
		"client 1: Q SELECT 1",
		"server 3 < Q SELECT 1",
		"count = 1" } },
	{ "max_user_connections, over databases",
	    FIVE "max_user_connections = 1\n" BOTH, {
		"client 1 joins database=shop",
		"client 2 joins database=stock",
		"owner 1 = gone",
		"owner 2 = pool",
		"client 1: Q BEGIN",
		"owner 2 = gone",
		"client 2: Q SELECT 2",
		"client 2 waits user_limit",
		"client 3 joins user=other&database=stock",
		"client 3: Q SELECT 3",
		"server 4 < Q SELECT 3",
		"server 3: C BEGIN / Z T",
		"client 1: Q COMMIT",
		"server 3: C COMMIT / Z I",
		"owner 3 = gone",
		"server 5 < Q SELECT 2" } },
	{ "max_db_client_connections", FIVE BOTH
	    "[pgweir]\nmax_db_client_connections = 1\n", {
		"client 1 joins",
		"client 2 comes",
		"client 2 < E FATAL 53300 client connections exceeded "
		    "(max_db_client_connections)",
		"client 2 is gone",
		"client 3 joins database=stock",
		"client 1 leaves",
		"client 2 joins" } },
	{ "max_user_client_connections", FIVE
	    "max_user_client_connections = 1\n" BOTH, {
		"client 1 joins",
		"client 2 comes database=stock",
		"client 2 < E FATAL 53300 client connections exceeded "
		    "(max_user_client_connections)",
		"client 3 joins user=other",
		"client 1 leaves",
		"client 2 joins database=stock" } },
	{ "max_user_client_connections of one user", FIVE BOTH
	    "[users]\nother = max_user_client_connections=1\n", {
		"client 1 joins user=other",
		"client 2 comes user=other",
		"client 2 < E FATAL 53300",
		"client 3 joins",
		"client 4 joins" } },
	{ "d41: query_timeout", FIVE "query_timeout = 5\n", {
		"client 1: Q SELECT pg_sleep(9)",
		"wait 4.8",
		"client 1 <",
		"wait 0.5",
		"client 1 < E FATAL 57014 query timeout",
		"client 1 is gone",
		"owner 1 = gone" } },
	{ "d41: it does not count between queries", FIVE
	    "query_timeout = 5\n", {
		BLOCK(1),
		"wait 60",
		"client 1: Q SELECT 1",
		"wait 4",
		"server 1: C SELECT 1 / Z T",
		"wait 4",
		"client 1: Q COMMIT",
		"server 1: C COMMIT / Z I",
		"wait 60",
		"client 1 < C SELECT 1 / Z T / C COMMIT / Z I",
		"client 1 is here" } },
	{ "d41: each of a pipeline has its own time", FIVE
	    "query_timeout = 5\n", {
		"client 1: Q SELECT 1 / Q SELECT 2",
		"wait 4",
		"server 1: C SELECT 1 / Z I",
		"wait 4",
		"client 1 < C SELECT 1 / Z I",
		"wait 1.5",
		"client 1 < E FATAL 57014 query timeout" } },
	{ "d41: query_timeout in the queue", FIVE "default_pool_size = 1\n"
	    "query_timeout = 5\n", {
		BLOCK(1),
		"client 2: Q SELECT 2",
		"wait 4.8",
		"client 2 <",
		"wait 0.5",
		"client 2 < E FATAL 57014 query_timeout" } },
	{ "d41: idle_transaction_timeout", FIVE
	    "idle_transaction_timeout = 5\n", {
		BLOCK(1),
		"wait 4.8",
		"client 1 <",
		"wait 0.5",
		"client 1 < E FATAL 25P03 idle transaction timeout",
		"client 1 is gone",
		"owner 1 = gone" } },
	{ "d41: it counts only while the server waits", FIVE
	    "idle_transaction_timeout = 5\n", {
		BLOCK(1),
		"wait 3",
		"client 1: Q SELECT pg_sleep(9)",
		"wait 30",
		"server 1: C SELECT 1 / Z T",
		"wait 3",
		"client 1: Q SELECT 1",
		"server 1: C SELECT 1 / Z T",
		"wait 3",
		"client 1: Q COMMIT",
		"server 1: C COMMIT / Z I",
		"wait 60",
		"client 1 is here" } },
	{ "d41: also in a failed transaction", FIVE
	    "idle_transaction_timeout = 5\n", {
		BLOCK(1),
		"client 1: Q bad",
		"server 1: E 42601 syntax error / Z E",
		"wait 5.3",
		"client 1 < E 42601 / Z E / E FATAL 25P03" } },
	{ "m09: transaction_timeout", FIVE "transaction_timeout = 5\n", {
		BLOCK(1),
		"wait 3",
		"client 1: Q SELECT 1",
		"server 1: C SELECT 1 / Z T",
		"client 1 < C SELECT 1 / Z T",
		"wait 1.8",
		"client 1 <",
		"wait 0.5",
		"client 1 < E FATAL 25P04 transaction timeout",
		"owner 1 = gone" } },
	{ "m09: each transaction has its own time", FIVE
	    "transaction_timeout = 5\n", {
		BLOCK(1),
		"wait 3",
		"client 1: Q COMMIT",
		"server 1: C COMMIT / Z I",
		"client 1 < C COMMIT / Z I",
		"wait 3",
		BLOCK(1),
		"wait 3",
		"client 1 is here" } },
	{ "in session mode as well", SESSION "transaction_timeout = 5\n"
	    "idle_transaction_timeout = 4\n", {
		"client 1: Q SELECT 1",
		"server 1: C SELECT 1 / Z I",
		"wait 60",
		"client 1 < C SELECT 1 / Z I",
		"client 1: Q BEGIN",
		"server 1: C BEGIN / Z T",
		"wait 4.3",
		"client 1 < C BEGIN / Z T / E FATAL 25P03" } },
	{ "a user's own time limit", FIVE BOTH
	    "[users]\nother = idle_transaction_timeout=5\n", {
		BLOCK(1),
		"client 2 joins user=other",
		BLOCK(2),
		"wait 5.3",
		"client 1 <",
		"client 2 < E FATAL 25P03" } },
	{ "client_idle_timeout", FIVE "client_idle_timeout = 5\n", {
		"client 1: Q SELECT 1",
		"wait 60",
		"server 1: C SELECT 1 / Z I",
		"client 1 < C SELECT 1 / Z I",
		"wait 4.8",
		"client 1 <",
		"wait 0.5",
		"client 1 < E FATAL 57P05 client_idle_timeout",
		"client 1 is gone" } },
	{ "client_idle_timeout does not count in a transaction", FIVE
	    "client_idle_timeout = 5\n", {
		BLOCK(1),
		"wait 60",
		"client 1 is here",
		"client 2 joins",
		"wait 4.8",
		"client 2: Q SELECT 2",
		"server 2: C SELECT 1 / Z I",
		"wait 4.8",
		"client 2 is here",
		"wait 0.5",
		"client 2 < C SELECT 1 / Z I / E FATAL 57P05" } },
	{ "client_idle_timeout of who never asks", FIVE
	    "client_idle_timeout = 5\n", {
		"client 1 joins",
		"wait 5.3",
		"client 1 < E FATAL 57P05",
		"client 1 is gone" } },
	{ "a reload sets the limits", FIVE, {
		BLOCK(1),
		"client 2 joins",
		"reload " FIVE "idle_transaction_timeout = 5\n"
		    "client_idle_timeout = 5\n",
		"client 2: Q SELECT 2",
		"server 2: C SELECT 1 / Z I",
		"wait 6",
		"client 1 < E FATAL 25P03",
		"client 2 < C SELECT 1 / Z I / E FATAL 57P05" } },
};

START_TEST(a_quota_is_kept)
{
	play(&quotas[_i], FIVE);
}
END_TEST

/* d42: also when the server does not even read the query. */
START_TEST(d42_a_query_that_the_server_does_not_read)
{
	struct world *w = world_start(FIVE "query_timeout = 5\n");
	struct text big = { 0 };
	size_t place = writer_begin(&big, 'Q'), i;

	for (i = 0; i < 3000000; i++)
		writer_u8(&big, 'x');
	writer_u8(&big, 0);
	writer_end(&big, place);
	client_joins(w, 1, "");
	server_stalls(w, 1, true);
	client_sends_bytes(w, 1, big.p, big.n);
	world_advance(w, 5.3);
	client_gets(w, 1, "E FATAL 57014 query timeout");
	ck_assert_str_eq(server_owner(w, 1), "gone");
	text_fini(&big);
	world_stop(w);
}
END_TEST

/* h34: two busy pools share without trading connections all the time. */
START_TEST(h34_two_pools_under_one_limit)
{
	struct world *w = world_start(FIVE "max_db_connections = 1\n");
	unsigned i, who, served[2] = { 0 };

	for (who = 1; who <= 4; who++)
		client_joins(w, who, who % 2 == 0 ? "user=app" :
		    "user=other");
	for (who = 1; who <= 4; who++)
		client_sends(w, who, "Q SELECT 1");
	for (i = 0; i < 200; i++) {
		who = (unsigned)server_owner(w, w->nservers)[7] - '0';
		ck_assert_uint_eq(server_count(w), 1);
		world_advance(w, 0.01);
		server_replies(w, w->nservers, "C SELECT 1", "Z I");
		served[who % 2]++;
		client_sends(w, who, "Q SELECT 1");
	}
	ck_assert_uint_gt(served[0], 30);
	ck_assert_uint_gt(served[1], 30);
	/* Each may have the connection of the other ten times a second. */
	ck_assert_uint_le(w->nservers, 45);
	world_stop(w);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("quotas");
	TCase *t = tcase_create("quotas");

	tcase_set_timeout(t, 60);
	tcase_add_loop_test(t, a_quota_is_kept, 0, (int)countof(quotas));
	tcase_add_test(t, d42_a_query_that_the_server_does_not_read);
	tcase_add_test(t, h34_two_pools_under_one_limit);
	suite_add_tcase(s, t);
	return world_run(s);
}
