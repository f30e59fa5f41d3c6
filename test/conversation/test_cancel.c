/*
 * test_cancel.c - cancel requests: whom they hit, and whom never (pitfalls g).
 */
#include <string.h>

#include "base/must.h"
#include "conversation/play.h"
#include "conversation/world.h"
#include "pgwire/writer.h"
#include "pool/client.h"
#include "pool/server.h"

#define TRANSACTION "pool_mode = transaction\ndefault_pool_size = 1\n" \
	"query_wait_notify = 0\n"
#define SESSION "default_pool_size = 1\n"

static const struct play cancels[] = {
	{ "a running query", NULL, {
		"cancels by hand",
		"client 1: Q SELECT pg_sleep(9)",
		"client 2 cancels 1",
		"cancel 1 is for 1",
		"client 2 is here",
		"server 1: E 57014 canceling statement / Z I",
		"client 1 < E 57014 canceling statement / Z I",
		"cancel 1 ends",
		"client 2 is gone",
		"owner 1 = pool" } },
	{ "g01, g02: a server that is being cancelled is nobody else's",
	    NULL, {
		"cancels by hand",
		"client 1: Q SELECT pg_sleep(9)",
		"client 3: Q SELECT 3",
		"client 2 cancels 1",
		"server 1: C SELECT 1 / Z I",
		"client 1 < C SELECT 1 / Z I",
		"owner 1 = being_canceled",
		"server 1 <",
		"client 3 waits pool_size",
		"wait 5",
		"owner 1 = being_canceled",
		"cancel 1 ends",
		"owner 1 = client 3",
		"server 1 < Q SELECT 3" } },
	{ "g02: in session mode as well", SESSION, {
		"cancels by hand",
		"client 1: Q SELECT pg_sleep(9)",
		"client 2 cancels 1",
		"server 1: C SELECT 1 / Z I",
		"client 1 leaves",
		"client 3: Q SELECT 3",
		"owner 1 = being_canceled",
		"cancel 1 ends",
		"owner 1 = client 3" } },
	{ "g03: a request that was not heeded in time ends its server", NULL, {
		"cancels by hand",
		"client 1: Q SELECT pg_sleep(9)",
		"client 3: Q SELECT 3",
		"client 2 cancels 1",
		"server 1: C SELECT 1 / Z I",
		"owner 1 = being_canceled",
		"wait 10.2",
		"client 2 is gone",
		"owner 1 = gone",
		"server 2 < Q SELECT 3" } },
	{ "g04: an idle client has nothing to cancel", NULL, {
		"client 1: Q SELECT 1",
		"server 1: C SELECT 1 / Z I",
		"client 1 < C SELECT 1 / Z I",
		"client 2 cancels 1",
		"client 2 < ",
		"client 2 is gone",
		"client 1 <",
		"owner 1 = pool",
		"count = 1" } },
	{ "g23: nor has one between the queries of its transaction", NULL, {
		"client 1: Q BEGIN",
		"server 1: C BEGIN / Z T",
		"client 2 cancels 1",
		"client 2 is gone",
		"client 1: Q COMMIT",
		"server 1 < Q COMMIT" } },
	{ "g05: a query that waits never starts", NULL, {
		"client 1: Q BEGIN",
		"server 1: C BEGIN / Z T",
		"client 2: Q DELETE FROM t",
		"client 2 waits pool_size",
		"client 3 cancels 2",
		"client 3 is gone",
		"client 2 < E 57014 / Z I",
		"client 2 is here",
		"client 2 waits",
		"client 1: Q COMMIT",
		"server 1 < Q COMMIT",
		"server 1: C COMMIT / Z I",
		"owner 1 = pool",
		"client 2: Q SELECT 2",
		"server 1 < Q SELECT 2",
		"server 1: C SELECT 1 / Z I",
		"client 2 < C SELECT 1 / Z I" } },
	{ "g05: nor does a batch", NULL, {
		"client 1: Q BEGIN",
		"server 1: C BEGIN / Z T",
		"client 2: P - DELETE / B - - / E - 0 / S / Q SELECT 2",
		"client 3 cancels 2",
		"client 2 < E 57014 / Z I",
		"client 2 waits pool_size",
		"client 1: Q COMMIT",
		"server 1: C COMMIT / Z I",
		"server 1 < Q SELECT 2" } },
	{ "g05: whose Sync comes later", NULL, {
		"client 1: Q BEGIN",
		"server 1: C BEGIN / Z T",
		"client 2: P - DELETE / B - -",
		"client 3 cancels 2",
		"client 2 < E 57014",
		"client 2: E - 0 / S",
		"client 2 < Z I",
		"client 2: Q SELECT 2",
		"client 2 waits pool_size" } },
	{ "g06, e11: our own SET is not cancelled", NULL, {
		"client 1 joins TimeZone=Asia/Tokyo",
		"client 1: Q SELECT 1",
		"server 1 < Q SET TimeZone='Asia/Tokyo';",
		"client 2 cancels 1",
		"client 2 is gone",
		"no cancel",
		"server 1: C SET / S TimeZone=Asia/Tokyo / Z I",
		"server 1 < Q SELECT 1" } },
	{ "g09, g11: what the server says to a request is ignored", NULL, {
		"cancels by hand",
		"client 1: Q SELECT pg_sleep(9)",
		"client 2 cancels 1",
		"cancel 1 says E FATAL 53200 out of memory",
		"client 2 is here",
		"cancel 1 ends",
		"client 2 < ",
		"client 2 is gone",
		"client 1 <",
		"owner 1 = client 1" } },
	{ "g10: who asked leaves first", NULL, {
		"cancels by hand",
		"client 1: Q SELECT pg_sleep(9)",
		"client 2 cancels 1",
		"client 2 leaves",
		"server 1: E 57014 canceling statement / Z I",
		"owner 1 = being_canceled",
		"cancel 1 ends",
		"owner 1 = pool" } },
	{ "g10: whose query it is leaves first", NULL, {
		"cancels by hand",
		"client 1: Q SELECT pg_sleep(9)",
		"client 2 cancels 1",
		"client 1 leaves",
		"owner 1 = gone",
		"cancel 1 ends",
		"client 2 is gone" } },
	{ "g10: the server dies first", NULL, {
		"cancels by hand",
		"client 1: Q SELECT pg_sleep(9)",
		"client 2 cancels 1",
		"server 1 dies",
		"client 1 < E FATAL 08006",
		"cancel 1 ends",
		"client 2 is gone" } },
	{ "g10: nobody is there to be asked", NULL, {
		"client 1: Q SELECT pg_sleep(9)",
		"host 1 is down",
		"client 2 cancels 1",
		"client 2 < ",
		"client 2 is gone",
		"client 1 <",
		"server 1: C SELECT 1 / Z I",
		"client 1 < C SELECT 1 / Z I",
		"owner 1 = pool" } },
	{ "g12, d26: a notice while it is held", NULL, {
		"cancels by hand",
		"client 1: Q SELECT pg_sleep(9)",
		"client 2 cancels 1",
		"server 1: C SELECT 1 / Z I",
		"owner 1 = being_canceled",
		"server 1: N 00000 hello",
		"owner 1 = being_canceled",
		"client 1 < C SELECT 1 / Z I",
		"cancel 1 ends",
		"owner 1 = pool" } },
	{ "g12: its end while it is held", NULL, {
		"cancels by hand",
		"client 1: Q SELECT pg_sleep(9)",
		"client 3: Q SELECT 3",
		"client 2 cancels 1",
		"server 1: C SELECT 1 / Z I",
		"server 1: E FATAL 57P01 terminating connection",
		"server 1 dies",
		"owner 1 = gone",
		"client 1 < C SELECT 1 / Z I",
		"client 3 <",
		"server 2 < Q SELECT 3",
		"cancel 1 ends" } },
	{ "g12: an error late, as if the request had hit nothing", NULL, {
		"cancels by hand",
		"client 1: Q SELECT pg_sleep(9)",
		"client 2 cancels 1",
		"server 1: C SELECT 1 / Z I",
		"server 1: E 57014 canceling statement",
		"cancel 1 ends",
		"client 1 < C SELECT 1 / Z I",
		"client 1: Q SELECT 1",
		"server 1: C SELECT 1 / Z I",
		"client 1 < C SELECT 1 / Z I" } },
	{ "g20: in a transaction", NULL, {
		"client 1: Q BEGIN",
		"server 1: C BEGIN / Z T",
		"client 1: Q SELECT pg_sleep(9)",
		"client 2 cancels 1",
		"cancel 1 is for 1",
		"server 1: E 57014 canceling statement / Z E",
		"owner 1 = client 1",
		"client 1: Q ROLLBACK",
		"server 1: C ROLLBACK / Z I",
		"owner 1 = pool" } },
	{ "g20: in COPY IN", NULL, {
		"client 1: Q COPY t FROM STDIN",
		"server 1: G",
		"client 1: d 1",
		"client 2 cancels 1",
		"cancel 1 is for 1",
		"server 1: E 57014 canceling statement / Z I",
		"client 1: d 2 / c",
		"client 1 < G / E 57014 / Z I",
		"owner 1 = pool" } },
	{ "g20: in COPY OUT", NULL, {
		"client 1: Q COPY t TO STDOUT",
		"server 1: H / d 1",
		"client 2 cancels 1",
		"server 1: d 2 / E 57014 canceling statement / Z I",
		"client 1 < H / d 1 / d 2 / E 57014 / Z I",
		"owner 1 = pool" } },
	{ "g07: many requests for one query are one", NULL, {
		"cancels by hand",
		"client 1: Q SELECT pg_sleep(9)",
		"client 2 cancels 1",
		"client 3 cancels 1",
		"client 4 cancels 1",
		"client 3 is gone",
		"client 4 is gone",
		"client 2 is here",
		"cancel 1 ends",
		"client 2 is gone",
		"one cancel" } },
	{ "g08: requests do not count as logins that fail", NULL, {
		"client 1: Q SELECT pg_sleep(9)",
		"host 1 is down",
		"client 2 cancels 1",
		"host 1 is up",
		"server 1 dies",
		"client 3: Q SELECT 3",
		"server 2 < Q SELECT 3" } },
};

START_TEST(a_cancel_request_comes)
{
	play(&cancels[_i], TRANSACTION);
}
END_TEST

/* g04, g15, g16: keys that are nobody's. */
START_TEST(g04_keys_of_nobody)
{
	struct world *w = world_start(TRANSACTION);
	struct text t = { 0 };
	unsigned char key[16] = { 0 };
	struct client *c;
	size_t n;

	client_sends(w, 1, "Q SELECT pg_sleep(9)");
	c = client_in_pooler(w, 1);
	for (n = 0; n < 8; n++) {
		memcpy(key, c->key.bytes, 8);
		key[n] ^= 1;
		text_clear(&t);
		writer_cancel_request(&t, key, 8);
		client_sends_bytes(w, 2, t.p, t.n);
		ck_assert(client_is_gone(w, 2));
	}
	/* The beginning of a key, and more than a key. */
	memcpy(key, c->key.bytes, 8);
	for (n = 0; n < sizeof key; n++) {
		if (n == 8)
			continue;
		text_clear(&t);
		writer_cancel_request(&t, key, n);
		client_sends_bytes(w, 2, t.p, t.n);
		ck_assert(client_is_gone(w, 2));
	}
	/* The server's own key opens nothing. */
	text_clear(&t);
	writer_cancel_request(&t, server_in_pooler(w, 1)->key, 8);
	client_sends_bytes(w, 2, t.p, t.n);
	ck_assert(client_is_gone(w, 2));
	ck_assert_uint_eq(w->ncancels, 0);
	ck_assert_str_eq(server_owner(w, 1), "client 1");
	text_fini(&t);
	world_stop(w);
}
END_TEST

START_TEST(g15_keys_are_unique)
{
	struct world *w = world_start("max_client_conn = 300\n");
	unsigned i, j;

	for (i = 1; i <= 100; i++)
		client_joins(w, i, "");
	for (i = 1; i <= 100; i++)
		for (j = i + 1; j <= 100; j++)
			ck_assert_mem_ne(client_in_pooler(w, i)->key.bytes,
			    client_in_pooler(w, j)->key.bytes, 8);
	world_stop(w);
}
END_TEST

/* g09: more bytes behind the request. */
START_TEST(g09_bytes_behind_the_request)
{
	struct world *w = world_start(TRANSACTION);
	struct text t = { 0 };

	w->holds_cancels = true;
	client_sends(w, 1, "Q SELECT pg_sleep(9)");
	writer_cancel_request(&t, client_in_pooler(w, 1)->key.bytes, 8);
	script_write(CLIENT_SPEAKS, "X", &t);
	script_write(CLIENT_SPEAKS, "Q DROP TABLE t", &t);
	client_sends_bytes(w, 2, t.p, t.n);
	ck_assert_uint_eq(cancel_target(w, 1), 1);
	cancel_ends(w, 1);
	client_gets_nothing(w, 2);
	ck_assert(client_is_gone(w, 2));
	server_gets(w, 1, "Q SELECT pg_sleep(9)");
	text_fini(&t);
	world_stop(w);
}
END_TEST

/* g07: with every client connection in use a cancel still comes through. */
START_TEST(g07_cancels_when_the_clients_are_many)
{
	struct world *w = world_start(TRANSACTION "max_client_conn = 2\n");
	unsigned i;

	client_sends(w, 1, "Q SELECT pg_sleep(9)");
	client_joins(w, 2, "");
	for (i = 3; i < 200; i++) {
		client_cancels(w, i, 1);
		ck_assert(client_is_gone(w, i));
	}
	ck_assert_uint_eq(w->ncancels, 197);
	ck_assert_uint_eq(w->pooler->counts.all, 2);
	server_replies(w, 1, "E 57014 canceling statement", "Z I");
	client_gets(w, 1, "E 57014", "Z I");
	client_leaves(w, 2);
	client_joins(w, 2, "");
	world_stop(w);
}
END_TEST

/* g13: to the host that the server was reached at. */
START_TEST(g13_of_two_hosts)
{
	struct world *w = world_start("pool_mode = transaction\n"
	    "default_pool_size = 2\n[databases]\nshop = host=$1,$TCP\n");
	unsigned i;

	client_sends(w, 1, "Q SELECT pg_sleep(1)");
	client_sends(w, 2, "Q SELECT pg_sleep(2)");
	for (i = 1; i <= 2; i++) {
		client_cancels(w, 10 + i, i);
		world_turn(w);
		ck_assert_uint_eq(w->ncancels, i);
		ck_assert_uint_eq(cancel_target(w, i), i);
		ck_assert_int_eq(cancel_is_tcp(w, i),
		    server_in_pooler(w, i)->addr.family != AF_UNIX);
	}
	world_stop(w);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("cancel");
	TCase *t = tcase_create("cancel");

	tcase_set_timeout(t, 60);
	tcase_add_loop_test(t, a_cancel_request_comes, 0,
	    (int)countof(cancels));
	tcase_add_test(t, g04_keys_of_nobody);
	tcase_add_test(t, g15_keys_are_unique);
	tcase_add_test(t, g09_bytes_behind_the_request);
	tcase_add_test(t, g07_cancels_when_the_clients_are_many);
	tcase_add_test(t, g13_of_two_hosts);
	suite_add_tcase(s, t);
	return world_run(s);
}
