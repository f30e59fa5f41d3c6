/*
 * test_retries.c - what else may happen to a client while it is in a block of
 * which no server knows, or while its request is on the way to another server.
 */
#include <stdio.h>

#include "base/must.h"
#include "conversation/hosts.h"
#include "conversation/play.h"
#include "conversation/world.h"
#include "pool/suspend.h"

#define SPLIT "pool_mode = session\ncontrol_user = watch\n" \
	"query_wait_notify = 0\nrouting = explicit\n[databases]\n"

/* The first statement waits for a login, and is cancelled. */
#define FAILED BLOCK, "logins by hand", "client 1: " READ, \
	"client 2 cancels 1", "client 1 < E 57014 / Z E"

/* A batch is one of these, and the next. */
#define TEXT(sql) "P - " sql " / B - - / E - 0 / "

static const struct play blocks[] = {
	{ "d44: it has failed when its first statement is cancelled", TWO, {
		FAILED,
		"client 1: Q insert 1",
		"client 1 < E 25P02 / Z E",
		"client 1: Q insert 1 / Q insert 2 / " TEXT("insert 3") "S",
		"client 1 < E 25P02 / Z E / E 25P02 / Z E / E 25P02 / Z E",
		"client 1: P s1 select 1 / H",
		"client 1 < E 25P02",
		"client 1: S",
		"client 1 < Z E",
		"client 1: Q set pgweir.route = replica",
		"client 1 < E 25P02 / Z E",
		"server 1 <",
		"client 1: Q commit",
		"client 1 < C ROLLBACK / Z I",
		"client 1: Q insert 1",
		"server 1 < Q insert 1" } },
	{ "d24: what is empty passes", TWO, {
		FAILED,
		"client 1: Q ;",
		"client 1 < I / Z E",
		"client 1: " TEXT("") "S",
		"client 1 < 1 / 2 / I / Z E",
		"client 1: S",
		"client 1 < Z E",
		"client 1: " TEXT("rollback") "S",
		"client 1 < 1 / 2 / C ROLLBACK / Z I" } },
	{ "its end may have a name", TWO, {
		FAILED,
		"client 1: P s1 rollback / B - s1 / E - 0 / S",
		"server 1 < P _1 rollback / B - _1 / E - 0 / S",
		"server 1: 1 / 2 / N 25P01 none / C ROLLBACK / Z I",
		"client 1 < 1 / 2 / N 25P01 none / C ROLLBACK / Z I" } },
	{ "d41: it is idle in a transaction", TWO
	    "[pgbouncer]\nidle_transaction_timeout = 5\n", {
		FAILED,
		"wait 4",
		"client 1: Q insert 1",
		"client 1 < E 25P02 / Z E",
		"wait 4",
		"client 1 is here",
		"wait 2",
		"client 1 < E FATAL 25P03" } },
	{ "a setting of ours that is wrong fails it", TWO, {
		BLOCK,
		"client 1: Q set pgweir.route = x",
		"client 1 < E 22023 / Z E",
		"client 1: " READ,
		"client 1 < E 25P02 / Z E",
		"client 1: Q rollback",
		"client 1 < C ROLLBACK / Z I" } },
	{ "h: too many wait: it has failed, too", TWO
	    "[pgbouncer]\ndefault_pool_size = 1\nmax_waiting_clients = 1\n", {
		BLOCK,
		"client 2: Q insert 2",
		"owner 1 = client 2",
		"client 3: Q insert 3",
		"client 3 waits pool_size",
		"client 1: Q insert 1",
		"client 1 < E 53300 / Z E",
		"client 1: Q insert 1",
		"client 1 < E 25P02 / Z E" } },
	{ "routing goes off while it waits", TWO, {
		BLOCK,
		"reload " MAIN "[databases]\nshop = host=$1,$2\n",
		"client 1: Q insert 1",
		"server 1 < Q begin read only / Q insert 1",
		"server 1: C BEGIN / Z T / E 25006 read only / Z E",
		"client 1 < E 25006 / Z E" } },
	{ "sessions are kept from now on, while it waits", TWO, {
		BLOCK,
		"reload " SPLIT "shop = host=$1,$2\n",
		"client 1: Q select 1",
		"server 1 < Q begin read only / Q select 1",
		"server 1: C BEGIN / Z T / C SELECT 1 / Z T",
		"client 1 < C SELECT 1 / Z T",
		"client 1: Q commit",
		"server 1: C COMMIT / Z I",
		"client 1 < C COMMIT / Z I",
		"client 1: Q select 2 / Q select 3",
		"server 1 < Q select 2 / Q select 3" } },
	{ "l26 l29: a batch that goes on behind its end: the primary", TWO, {
		PAIR,
		"client 1: " TEXT("begin read only") TEXT("select 1")
		    TEXT("commit") TEXT("insert 1") "S",
		"owner 1 = client 1" } },
	{ "the same where BEGIN has waited", TWO, {
		BLOCK,
		"client 1: " TEXT("select 1") TEXT("commit") TEXT("insert 1")
		    "S",
		"owner 1 = client 1" } },
	{ "one that ends with it may go to a replica", TWO, {
		BLOCK,
		"client 1: " TEXT("select 1") TEXT("commit") "S",
		"owner 2 = client 1" } },
	{ "f: what is closed along with a BEGIN is closed", TWO, {
		PAIR,
		"client 1: P s1 select 1 / S",
		"server 1: 1 / Z I",
		"client 1 < 1 / Z I",
		"client 1: C S s1 / " TEXT("begin read only") "S",
		"server 1: 1 / 2 / C BEGIN / Z T",
		"client 1 < 3 / 1 / 2 / C BEGIN / Z T",
		"client 1: P s1 select 2 / S",
		"server 1: 1 / Z T",
		"client 1 < 1 / Z T" } },
	{ "a SAVEPOINT first: the primary", TWO, {
		BLOCK,
		"client 1: Q savepoint a",
		"server 1 < Q begin read only / Q savepoint a" } },
	{ "a Flush, and the client leaves", TWO, {
		BLOCK,
		"client 1: P - select 1 / H",
		"server 1 < Q begin read only / P - select 1 / H",
		"client 1 leaves",
		"owner 1 = gone" } },
	{ "the first statement waits for too long", TWO
	    "[pgbouncer]\nquery_wait_timeout = 5\n", {
		BLOCK,
		"logins by hand",
		"client 1: " READ,
		"wait 6",
		"client 1 < E FATAL 53300",
		"client 1 is gone" } },
	{ "PAUSE", TWO, {
		BLOCK,
		"pause",
		"client 1: " READ,
		"client 1 waits paused",
		"resume",
		"server 2 < Q begin read only / " READ } },
	{ "KILL", TWO, {
		BLOCK,
		"kill",
		"client 1 is gone" } },
};

/* A read that was lost at a replica is on its way to the next server. */
#define LOST PAIR, "client 1: " HINT, "logins by hand", "server 2 dies", \
	"client 1 <"

static const struct play others[] = {
	{ "d13: COPY data is not held back", TWO, {
		PAIR,
		"client 1: Q copy t from stdin / d one / d two",
		"server 1 < Q copy t from stdin / d one / d two",
		"server 1: G",
		"client 1 < G",
		"client 1: d three / c",
		"server 1 < d three / c",
		"server 1: C COPY 3 / Z I",
		"client 1 < C COPY 3 / Z I" } },
	{ "l41: a goodbye is enough, its end may take long to come", TWO, {
		PAIR,
		"client 1: " HINT,
		"server 2 lingers",
		"server 2: E FATAL 57P01 shutdown",
		"owner 2 = gone",
		"server 3 < " HINT,
		"server 3: " ROW,
		"client 1 < " ROW } },
	{ "the same in place of BEGIN's answer", TWO, {
		BLOCK,
		"client 1: Q savepoint a",
		"server 1 lingers",
		"server 1: E FATAL 57P01 shutdown",
		"server 2 < Q begin read only / Q savepoint a",
		"server 2: C BEGIN / Z T / C SAVEPOINT / Z T",
		"client 1 < C SAVEPOINT / Z T" } },
	{ "d44: BEGIN itself has failed: nothing may go on without it", TWO, {
		BLOCK,
		"client 1: " READ,
		"server 2: E 57014 canceled / Z I / C SELECT 1 / Z I",
		"owner 2 = gone",
		"server 3 < Q begin read only / " READ,
		"server 3: C BEGIN / Z T / C SELECT 1 / Z T",
		"client 1 < C SELECT 1 / Z T",
		"client 2: Q begin read only",
		"client 2 < C BEGIN / Z T",
		"client 2: Q insert 1",
		"server 1: E 57014 canceled / Z I / C INSERT 0 1 / Z I",
		"client 2 < E FATAL 08006" } },
	{ "g: it is cancelled: the client hears the end", TWO, {
		LOST,
		"client 2 cancels 1",
		"client 1 < E 57014 / Z I",
		"client 1: Q insert 1",
		"server 1 < Q insert 1" } },
	{ "g: the names that it has made are not there", TWO
	    "[pgbouncer]\ndefault_pool_size = 1\n", {
		PAIR,
		"client 1: P s1 select 1 /* pgweir:replica */ / B - s1 / "
		    "E - 0 / S",
		"client 2: Q insert 2",
		"server 2: 1 / 2 / E 40001 conflict / Z I",
		"client 1 <",
		"client 3 cancels 1",
		"client 1 < E 57014 / Z I",
		"server 1: C INSERT 0 1 / Z I",
		"client 1: P s1 insert 1 / S",
		"server 1: 1 / Z I",
		"client 1 < 1 / Z I" } },
	{ "g: the first statement of a block", TWO, {
		BLOCK,
		"client 1: " READ,
		"logins by hand",
		"server 2: C BEGIN / Z T",
		"server 2 dies",
		"client 1 <",
		"client 2 cancels 1",
		"client 1 < E 57014 / Z E",
		"client 1: Q rollback",
		"client 1 < C ROLLBACK / Z I" } },
	{ "PAUSE, RESUME", TWO, {
		PAIR,
		"client 1: " HINT,
		"pause",
		"server 2 dies",
		"client 1 waits paused",
		"resume",
		"server 3 < " HINT,
		"server 3: " ROW,
		"client 1 < " ROW } },
	{ "RECONNECT", TWO, {
		LOST,
		"reconnect",
		"client 1 waits connecting" } },
	{ "KILL", TWO, {
		LOST,
		"kill",
		"client 1 is gone" } },
	{ "the client leaves", TWO, {
		LOST,
		"client 1 leaves",
		"client 2: Q insert 1",
		"server 1 < Q insert 1" } },
	{ "routing goes off", TWO, {
		LOST,
		"reload " MAIN "[databases]\nshop = host=$1,$2\n",
		"server 1 < " HINT,
		"server 1: " ROW,
		"client 1 < " ROW } },
	{ "statement pooling", "pool_mode = statement\ncontrol_user = watch\n"
	    "query_wait_notify = 0\nslow_start = 0\nrouting = explicit\n"
	    "[databases]\nshop = host=$1,$2\n", {
		PAIR,
		"client 1: " HINT,
		"server 2 dies",
		"server 3 < " HINT,
		"server 3: E 40001 conflict / Z I",
		"server 1 < " HINT,
		"server 1: " ROW,
		"client 1 < " ROW } },
	{ "l60: an error of a read while there is no primary to ask", TWO, {
		PAIR,
		"client 1: " HINT,
		"host 1 is silent",
		"server 2: E 22012 division by zero / Z I",
		"client 1 < E 22012 / Z I" } },
	{ "l57 l61: a replica that lets nobody in: reads at the primary",
	    TWO, {
		PAIR,
		"client 1 joins",
		"refuse FATAL 53300 full",
		"client 1: " HINT,
		"server 1 < " HINT,
		"server 1: " ROW,
		"client 1 < " ROW,
		"client 1: " HINT,
		"server 1: " ROW,
		"client 1 < " ROW,
		"let in",
		"wait 2",
		"client 1: " HINT,
		"server 3 is at 2",
		"server 3 < " HINT } },
};

START_TEST(blocks_wait)
{
	play(&blocks[_i], NULL);
}
END_TEST

START_TEST(requests_are_on_their_way)
{
	play(&others[_i], NULL);
}
END_TEST

/* Half a message, and there is nothing to wait for: the server wants it. */
START_TEST(d13_nor_is_half_of_it)
{
	static const char *const begin[] = { PAIR,
		"client 1: Q copy t from stdin", "server 1: G", NULL };
	static const char *const end[] = { "client 1: c",
		"server 1: C COPY 1 / Z I", "client 1 < G / C COPY 1 / Z I",
		"owner 1 = pool", NULL };
	struct world *w = world_start(TWO);
	char data[1 + 8196] = "d\0\0\x20\x04";

	play_lines(w, "half", begin);
	client_sends_bytes(w, 1, data, 3000);
	ck_assert_uint_eq(server_unread(w, 1), 3000);
	client_sends_bytes(w, 1, data + 3000, sizeof data - 3000);
	ck_assert_uint_eq(server_unread(w, 1), sizeof data);
	play_lines(w, "half", end);
	world_stop(w);
}
END_TEST

/* The server gets its settings when everything comes to a stand. */
START_TEST(a_suspension_lets_it_through)
{
	static const char *const begin[] = { PAIR,
		"client 1 joins application_name=one", "client 1: " HINT,
		"server 2: S application_name=one / C SET / Z I",
		"server 2 < " HINT, "server 2 dies",
		"client 1 <", NULL };
	static const char *const end[] = {
		"server 3: S application_name=one / C SET / Z I",
		"client 1 is here", "server 3 < " HINT, "server 3: " ROW,
		NULL };
	static const char *const after[] = { "client 1 < " ROW, NULL };
	struct world *w = world_start(TWO);

	play_lines(w, "suspend", begin);
	suspend_begin(w->pooler);
	play_lines(w, "suspend", end);
	if (w->pooler->suspended)
		suspend_end(w->pooler);
	world_turn(w);
	play_lines(w, "suspend", after);
	world_stop(w);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("retries");
	TCase *t = tcase_create("retries");

	tcase_set_timeout(t, 60);
	tcase_add_loop_test(t, blocks_wait, 0, (int)countof(blocks));
	tcase_add_loop_test(t, requests_are_on_their_way, 0,
	    (int)countof(others));
	tcase_add_test(t, a_suspension_lets_it_through);
	tcase_add_test(t, d13_nor_is_half_of_it);
	suite_add_tcase(s, t);
	return world_run(s);
}
