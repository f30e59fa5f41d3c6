/*
 * test_timeouts.c - clients that idle, and queries and transactions that
 * last too long (pitfalls h15, m09, n17).
 */
#include "base/must.h"
#include "conversation/play.h"
#include "conversation/world.h"

#define TRANSACTION "pool_mode = transaction\ndefault_pool_size = 1\n" \
	"query_wait_notify = 0\n"
#define SESSION "pool_mode = session\ndefault_pool_size = 1\n" \
	"query_wait_notify = 0\n"
/* What $1 has, and then the users. */
#define USERS "[databases]\nshop = host=$1\n[users]\n"

/* Client n has an open transaction on server n. */
#define BLOCK(n)                                     \
	"client " #n ": Q BEGIN", "server " #n ": C BEGIN / Z T", \
	"client " #n " < C BEGIN / Z T"
#define ANSWER(n) "server " #n ": C SELECT 1 / Z I"

static const struct play idle_clients[] = {
	{ "client_idle_timeout: 57P05", TRANSACTION
	    "client_idle_timeout = 10\n", {
		"client 1 joins",
		"wait 9.8",
		"client 1 is here",
		"wait 0.3",
		"client 1 < E FATAL 57P05 client_idle_timeout",
		"client 1 is gone",
		"owner 1 = pool" } },
	{ "each query begins the time anew", TRANSACTION
	    "client_idle_timeout = 10\n", {
		"client 1 joins",
		"wait 9",
		"client 1: Q SELECT 1", ANSWER(1),
		"client 1 < C SELECT 1 / Z I",
		"wait 9",
		"client 1: Q SELECT 1", ANSWER(1),
		"client 1 < C SELECT 1 / Z I",
		"wait 9.8",
		"client 1 is here",
		"wait 0.3",
		"client 1 < E FATAL 57P05" } },
	{ "who works is not idle, however long it takes", TRANSACTION
	    "client_idle_timeout = 10\n", {
		"client 1: Q SELECT 1",
		"wait 60",
		ANSWER(1),
		"client 1 < C SELECT 1 / Z I",
		"wait 9.8",
		"client 1 is here",
		"wait 0.3",
		"client 1 < E FATAL 57P05" } },
	{ "who waits in the queue is not idle", TRANSACTION
	    "client_idle_timeout = 10\n", {
		BLOCK(1),
		"client 2: Q SELECT 2",
		"wait 60",
		"client 2 is here",
		"client 1: Q COMMIT",
		"server 1: C COMMIT / Z I", ANSWER(1),
		"client 2 < C SELECT 1 / Z I" } },
	{ "who has a server is not idle: a transaction", TRANSACTION
	    "client_idle_timeout = 10\n", {
		BLOCK(1),
		"wait 60",
		"client 1 is here",
		"owner 1 = client 1" } },
	{ "who has a server is not idle: a session", SESSION
	    "client_idle_timeout = 10\n", {
		"client 1: Q SELECT 1", ANSWER(1),
		"client 1 < C SELECT 1 / Z I",
		"wait 60",
		"client 1 is here",
		"client 2 joins",
		"wait 10.1",
		"client 2 < E FATAL 57P05",
		"client 1 is here" } },
	{ "half a message does not begin the time anew", TRANSACTION
	    "client_idle_timeout = 10\n", {
		"client 1 joins",
		"wait 9",
		"client 1: H",
		"wait 1.1",
		"client 1 < E FATAL 57P05" } },
	{ "one user's, and nobody else's (9.4.7 of PgBouncer)", TRANSACTION
	    USERS "other = client_idle_timeout=5\n", {
		"client 1 joins",
		"client 2 joins user=other",
		"client 3 joins user=third",
		"wait 5.2",
		"client 2 < E FATAL 57P05",
		"wait 1000",
		"client 1 is here",
		"client 3 is here" } },
	{ "one user's is longer than everybody's", TRANSACTION
	    "client_idle_timeout = 5\n" USERS
	    "other = client_idle_timeout=50\n", {
		"client 1 joins",
		"client 2 joins user=other",
		"wait 5.2",
		"client 1 < E FATAL 57P05",
		"wait 44",
		"client 2 is here",
		"wait 1.1",
		"client 2 < E FATAL 57P05" } },
	{ "it is the user who logs in that counts, not the forced one",
	    TRANSACTION "[databases]\nshop = host=$1 user=third\n"
	    "[users]\nother = client_idle_timeout=5\n", {
		"client 1 joins",
		"client 2 joins user=other",
		"wait 5.2",
		"client 2 < E FATAL 57P05",
		"wait 60",
		"client 1 is here" } },
	{ "RELOAD: for all who are idle already", TRANSACTION, {
		"client 1 joins",
		"wait 100",
		"reload " TRANSACTION "client_idle_timeout = 10\n",
		"wait 10.2",
		"client 1 < E FATAL 57P05",
		"client 1 is gone" } },
	{ "RELOAD: and not any more", TRANSACTION
	    "client_idle_timeout = 10\n", {
		"client 1 joins",
		"wait 9",
		"reload " TRANSACTION,
		"wait 100",
		"client 1 is here",
		"client 1: Q SELECT 1", ANSWER(1),
		"client 1 < C SELECT 1 / Z I" } },
};

START_TEST(a_client_does_nothing)
{
	play(&idle_clients[_i], TRANSACTION);
}
END_TEST

static const struct play long_queries[] = {
	{ "query_timeout: 57014, and the server goes as well", TRANSACTION
	    "query_timeout = 5\n", {
		"client 1: Q SELECT 1",
		"wait 4.8",
		"client 1 <",
		"wait 0.4",
		"client 1 < E FATAL 57014 query timeout | The limit is 5 s.",
		"client 1 is gone",
		"owner 1 = gone" } },
	{ "it is the query that counts, not the transaction", TRANSACTION
	    "query_timeout = 5\n", {
		BLOCK(1),
		"wait 4",
		"client 1: Q SELECT 1",
		"wait 4",
		"server 1: C SELECT 1 / Z T",
		"client 1 < C SELECT 1 / Z T",
		"wait 60",
		"client 1 is here",
		"client 1: Q SELECT 1",
		"wait 5.2",
		"client 1 < E FATAL 57014 query timeout" } },
	{ "an answer in pieces does not begin the time anew", TRANSACTION
	    "query_timeout = 5\n", {
		"client 1: Q SELECT 1",
		"wait 4",
		"server 1: T / D a",
		"client 1 < T / D a",
		"wait 1.2",
		"client 1 < E FATAL 57014 query timeout",
		"owner 1 = gone" } },
	{ "a pipeline: each query has the whole time", TRANSACTION
	    "query_timeout = 5\n", {
		"client 1: Q SELECT 1 / Q SELECT 2",
		"wait 4",
		"server 1: C SELECT 1 / Z I",
		"wait 4",
		"client 1 < C SELECT 1 / Z I",
		"wait 1.2",
		"client 1 < E FATAL 57014 query timeout" } },
	{ "a session that is at rest runs no query", SESSION
	    "query_timeout = 5\n", {
		"client 1: Q SELECT 1", ANSWER(1),
		"client 1 < C SELECT 1 / Z I",
		"wait 60",
		"client 1 is here",
		"client 1: Q SELECT 1",
		"wait 5.2",
		"client 1 < E FATAL 57014 query timeout" } },
	{ "also while queued: query_timeout", TRANSACTION
	    "query_timeout = 5\n", {
		"client 2 joins",
		BLOCK(1),
		"client 2: Q SELECT 2",
		"wait 4.8",
		"client 2 <",
		"wait 0.4",
		"client 2 < E FATAL 57014 query_timeout | "
		    "waited 5.0 s because: pool_size",
		"client 2 is gone",
		"client 1 is here",
		"owner 1 = client 1",
		"client 1: Q COMMIT",
		"server 1: C COMMIT / Z I",
		"owner 1 = pool" } },
	{ "whichever is shorter: query_wait_timeout", TRANSACTION
	    "query_timeout = 5\nquery_wait_timeout = 3\n", {
		"client 2 joins",
		BLOCK(1),
		"client 2: Q SELECT 2",
		"wait 3.2",
		"client 2 < E FATAL 53300 query_wait_timeout" } },
	{ "query_timeout goes on behind the notice", TRANSACTION
	    "query_timeout = 5\nquery_wait_notify = 2\n", {
		"client 2 joins",
		BLOCK(1),
		"client 2: Q SELECT 2",
		"wait 2.2",
		"client 2 < N 00000",
		"wait 2.6",
		"client 2 <",
		"wait 0.4",
		"client 2 < E FATAL 57014 query_timeout" } },
	{ "a login that waits is no query", TRANSACTION
	    "query_timeout = 2\n", {
		"logins by hand",
		"client 1 comes",
		"wait 8",
		"client 1 <",
		"server 1: R 0 / K / Z I",
		"client 1 < R 0 / K / Z I" } },
	{ "one user's, and nobody else's", TRANSACTION USERS
	    "other = query_timeout=2\n", {
		"client 1: Q SELECT 1",
		"client 2 joins user=other",
		"client 2: Q SELECT 2",
		"wait 2.3",
		"client 2 < E FATAL 57014 query timeout",
		"owner 2 = gone",
		"wait 100",
		"client 1 is here" } },
	{ "one user's is longer than everybody's", TRANSACTION
	    "query_timeout = 2\n" USERS "other = query_timeout=20\n", {
		"client 1: Q SELECT 1",
		"client 2 joins user=other",
		"client 2: Q SELECT 2",
		"wait 2.3",
		"client 1 < E FATAL 57014 query timeout",
		"wait 17",
		"client 2 is here",
		"wait 1.3",
		"client 2 < E FATAL 57014 query timeout" } },
	{ "RELOAD: for a query that runs", TRANSACTION, {
		"client 1: Q SELECT 1",
		"wait 60",
		"reload " TRANSACTION "query_timeout = 5\n",
		"wait 1.3",
		"client 1 < E FATAL 57014 query timeout" } },
	{ "RELOAD: and not any more", TRANSACTION "query_timeout = 5\n", {
		"client 1: Q SELECT 1",
		"wait 4",
		"reload " TRANSACTION,
		"wait 60",
		"client 1 is here" } },
};

START_TEST(a_query_takes_long)
{
	play(&long_queries[_i], TRANSACTION);
}
END_TEST

static const struct play long_transactions[] = {
	{ "idle_transaction_timeout: 25P03", TRANSACTION
	    "idle_transaction_timeout = 5\n", {
		BLOCK(1),
		"wait 4.8",
		"client 1 <",
		"wait 0.4",
		"client 1 < E FATAL 25P03 idle transaction timeout | "
		    "The limit is 5 s.",
		"client 1 is gone",
		"owner 1 = gone" } },
	{ "m09: and who waits gets its place", TRANSACTION
	    "idle_transaction_timeout = 5\n", {
		"client 2 joins",
		BLOCK(1),
		"client 2: Q SELECT 2",
		"wait 5.2",
		"client 1 is gone",
		"server 2 < Q SELECT 2" } },
	{ "a query inside begins it anew, and is itself not idle",
	    TRANSACTION "idle_transaction_timeout = 5\n", {
		BLOCK(1),
		"wait 4",
		"client 1: Q SELECT 1",
		"wait 60",
		"server 1: C SELECT 1 / Z T",
		"client 1 < C SELECT 1 / Z T",
		"wait 4.8",
		"client 1 is here",
		"wait 0.4",
		"client 1 < E FATAL 25P03" } },
	{ "a failed transaction is one", TRANSACTION
	    "idle_transaction_timeout = 5\n", {
		"client 1: Q BEGIN",
		"server 1: E 42601 no / Z E",
		"client 1 < E 42601 no / Z E",
		"wait 5.2",
		"client 1 < E FATAL 25P03" } },
	{ "a session between transactions is none", SESSION
	    "idle_transaction_timeout = 5\ntransaction_timeout = 9\n", {
		BLOCK(1),
		"wait 4",
		"client 1: Q COMMIT",
		"server 1: C COMMIT / Z I",
		"client 1 < C COMMIT / Z I",
		"wait 60",
		"client 1 is here",
		"client 1: Q BEGIN",
		"server 1: C BEGIN / Z T",
		"client 1 < C BEGIN / Z T",
		"wait 4.8",
		"client 1 is here",
		"wait 0.4",
		"client 1 < E FATAL 25P03" } },
	{ "transaction_timeout: 25P04, idle or not", TRANSACTION
	    "transaction_timeout = 5\n", {
		BLOCK(1),
		"wait 3",
		"client 1: Q SELECT 1",
		"server 1: C SELECT 1 / Z T",
		"client 1 < C SELECT 1 / Z T",
		"wait 1.8",
		"client 1 <",
		"wait 0.4",
		"client 1 < E FATAL 25P04 transaction timeout | "
		    "The limit is 5 s.",
		"client 1 is gone",
		"owner 1 = gone" } },
	{ "transaction_timeout while a query runs", TRANSACTION
	    "transaction_timeout = 5\n", {
		BLOCK(1),
		"wait 3",
		"client 1: Q SELECT 1",
		"wait 2.2",
		"client 1 < E FATAL 25P04 transaction timeout" } },
	{ "and for a statement outside a block", TRANSACTION
	    "transaction_timeout = 5\n", {
		"client 1: Q SELECT 1",
		"wait 5.2",
		"client 1 < E FATAL 25P04 transaction timeout" } },
	{ "a new transaction has the whole time", TRANSACTION
	    "transaction_timeout = 5\n", {
		BLOCK(1),
		"wait 4",
		"client 1: Q COMMIT",
		"server 1: C COMMIT / Z I",
		"client 1 < C COMMIT / Z I",
		BLOCK(1),
		"wait 4",
		"client 1 is here" } },
	{ "waiting for a server is not part of a transaction", TRANSACTION
	    "transaction_timeout = 5\n", {
		"client 2 joins",
		"client 1: Q SELECT 1",
		"client 2: Q BEGIN",
		"wait 4", ANSWER(1),
		"wait 4",
		"client 2 is here",
		"server 1: C BEGIN / Z T",
		"wait 1.2",
		"client 2 < C BEGIN / Z T / E FATAL 25P04" } },
	{ "one user's, and nobody else's: idle", TRANSACTION USERS
	    "other = idle_transaction_timeout=2\n", {
		BLOCK(1),
		"client 2 joins user=other",
		BLOCK(2),
		"wait 2.3",
		"client 2 < E FATAL 25P03",
		"wait 100",
		"client 1 is here" } },
	{ "one user's, and nobody else's: transactions", TRANSACTION USERS
	    "other = transaction_timeout=2\n", {
		BLOCK(1),
		"client 2 joins user=other",
		BLOCK(2),
		"wait 2.3",
		"client 2 < E FATAL 25P04",
		"wait 100",
		"client 1 is here" } },
	{ "RELOAD: for a transaction that is open", TRANSACTION, {
		BLOCK(1),
		"wait 60",
		"reload " TRANSACTION "idle_transaction_timeout = 5\n",
		"wait 1.3",
		"client 1 < E FATAL 25P03" } },
};

START_TEST(a_transaction_takes_long)
{
	play(&long_transactions[_i], TRANSACTION);
}
END_TEST

/* The text of the error is never put into the middle of a message. */
START_TEST(c13_the_end_comes_between_messages)
{
	struct world *w = world_start(TRANSACTION "query_timeout = 5\n");

	client_sends(w, 1, "Q SELECT 1");
	server_replies_bytes(w, 1, "D\0\0\1\0\0\1", 7);
	world_advance(w, 5.3);
	ck_assert_uint_eq(client_unread(w, 1), 7);
	client_skips(w, 1, 7);
	ck_assert(client_is_gone(w, 1));
	ck_assert_str_eq(server_owner(w, 1), "gone");
	world_stop(w);
}
END_TEST

/* All of them at the same moment, and those who wait behind them. */
START_TEST(many_end_at_once)
{
	struct world *w = world_start("pool_mode = transaction\n"
	    "default_pool_size = 20\nidle_transaction_timeout = 5\n"
	    "query_wait_notify = 0\n");
	unsigned i;

	for (i = 1; i <= 40; i++)
		client_joins(w, i, "");
	for (i = 1; i <= 40; i++)
		client_sends(w, i, "Q BEGIN");
	for (i = 1; i <= 20; i++)
		server_replies(w, i, "C BEGIN", "Z T");
	world_advance(w, 5.3);
	for (i = 1; i <= 20; i++)
		ck_assert_str_eq(server_owner(w, i), "gone");
	for (; i <= 40; i++)
		server_gets(w, i, "Q BEGIN");
	ck_assert_uint_eq(server_count(w), 20);
	world_stop(w);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("timeouts");
	TCase *t = tcase_create("timeouts");

	tcase_set_timeout(t, 60);
	tcase_add_loop_test(t, a_client_does_nothing, 0,
	    (int)countof(idle_clients));
	tcase_add_loop_test(t, a_query_takes_long, 0,
	    (int)countof(long_queries));
	tcase_add_loop_test(t, a_transaction_takes_long, 0,
	    (int)countof(long_transactions));
	tcase_add_test(t, c13_the_end_comes_between_messages);
	tcase_add_test(t, many_end_at_once);
	suite_add_tcase(s, t);
	return world_run(s);
}
