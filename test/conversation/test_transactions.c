/*
 * test_transactions.c - whose a server is, after each message (pitfalls d).
 */
#include "base/must.h"
#include "conversation/play.h"
#include "conversation/world.h"

#define TRANSACTION "pool_mode = transaction\ndefault_pool_size = 1\n"
#define STATEMENT "pool_mode = statement\ndefault_pool_size = 1\n"
#define SESSION "pool_mode = session\ndefault_pool_size = 1\n"

static const struct play transactions[] = {
	{ "d01: the server returns after COMMIT", NULL, {
		"client 1: Q BEGIN",
		"server 1 < Q BEGIN",
		"server 1: C BEGIN / Z T",
		"client 1 < C BEGIN / Z T",
		"owner 1 = client 1",
		"client 1: Q COMMIT",
		"server 1: C COMMIT / Z I",
		"client 1 < C COMMIT / Z I",
		"owner 1 = pool" } },
	{ "d01: the first ReadyForQuery in a batch is not the end", NULL, {
		"client 1: Q SELECT 1 / Q SELECT 2",
		"server 1 < Q SELECT 1 / Q SELECT 2",
		"server 1: C SELECT 1 / Z I",
		"client 1 < C SELECT 1 / Z I",
		"owner 1 = client 1",
		"server 1: C SELECT 2 / Z I",
		"client 1 < C SELECT 2 / Z I",
		"owner 1 = pool" } },
	{ "d02: a Query, and a batch in the same write", NULL, {
		"client 1: Q SELECT 1 / P - SELECT 2 / B - - / E - 0 / S",
		"server 1: T / D 1 / C SELECT 1 / Z I",
		"owner 1 = client 1",
		"server 1: 1 / 2 / D 2 / C SELECT 1 / Z I",
		"client 1 < T / D 1 / C SELECT 1 / Z I / 1 / 2 / D 2 / "
		    "C SELECT 1 / Z I",
		"owner 1 = pool" } },
	{ "d03: three Syncs, three ReadyForQuery", NULL, {
		"client 1: S / S / S",
		"server 1 < S / S / S",
		"server 1: Z I / Z I",
		"owner 1 = client 1",
		"server 1: Z I",
		"client 1 < Z I / Z I / Z I",
		"owner 1 = pool" } },
	{ "d04: after an error the rest of the batch owes nothing", NULL, {
		"client 1: P s1 bad / B - s1 / D P - / E - 0 / S",
		"server 1: E 42601 syntax error / Z I",
		"client 1 < E 42601 / Z I",
		"owner 1 = pool" } },
	{ "d04: and the next batch is answered", NULL, {
		"client 1: P - bad / S / P - good / S",
		"server 1: E 42601 syntax error / Z I",
		"owner 1 = client 1",
		"server 1: 1 / Z I",
		"client 1 < E 42601 / Z I / 1 / Z I",
		"owner 1 = pool" } },
	{ "d05: a Query behind a failed message is discarded", NULL, {
		"client 1: P - bad / Q SELECT 1",
		"server 1: E 42601 syntax error",
		"client 1 < E 42601",
		"owner 1 = client 1",
		"client 1: S",
		"server 1: Z I",
		"client 1 < Z I",
		"owner 1 = pool" } },
	{ "d06, d07: after an error the Sync may come late", NULL, {
		"client 1: P - bad / H",
		"server 1: E 42601 syntax error",
		"client 1 < E 42601",
		"owner 1 = client 1",
		"client 1: P - good / H",
		"server 1 < P - good / H",
		"owner 1 = client 1",
		"client 1: S",
		"server 1: Z I",
		"client 1 < Z I",
		"owner 1 = pool" } },
	{ "d08, d09: Flush in place of Sync", NULL, {
		"client 1: P - SELECT 1 / D S - / H",
		"server 1 < P - SELECT 1 / D S - / H",
		"server 1: 1 / t / T",
		"client 1 < 1 / t / T",
		"owner 1 = client 1",
		"client 1: B - - / E - 0 / S",
		"server 1: 2 / D 1 / C SELECT 1 / Z I",
		"client 1 < 2 / D 1 / C SELECT 1 / Z I",
		"owner 1 = pool" } },
	{ "d10: a suspended portal in a block", NULL, {
		"client 1: Q BEGIN",
		"server 1: C BEGIN / Z T",
		"client 1: P - q / B p1 - / E p1 1 / S",
		"server 1: 1 / 2 / D 1 / s / Z T",
		"owner 1 = client 1",
		"client 1: E p1 1 / S",
		"server 1 < E p1 1 / S",
		"server 1: D 2 / s / Z T",
		"client 1: Q COMMIT",
		"server 1: C COMMIT / Z I",
		"owner 1 = pool",
		"client 1 < C BEGIN / Z T / 1 / 2 / D 1 / s / Z T / D 2 / s / "
		    "Z T / C COMMIT / Z I" } },
	{ "d11: an open portal outside of BEGIN", NULL, {
		"client 1: P - q / B - - / E - 1 / H",
		"server 1 < P - q / B - - / E - 1 / H",
		"server 1: 1 / 2 / D 1 / s",
		"client 1 < 1 / 2 / D 1 / s",
		"owner 1 = client 1",
		"server 1 <",
		"client 1: E - 1 / S",
		"server 1: C SELECT 1 / Z I",
		"owner 1 = pool" } },
	{ "d12: what follows a Sync in the same write stays together", NULL, {
		"client 1: P - q / B p - / S / D P p / C P p / S",
		"server 1 < P - q / B p - / S / D P p / C P p / S",
		"server 1: 1 / 2 / Z I",
		"owner 1 = client 1",
		"server 1: n / 3 / Z I",
		"client 1 < 1 / 2 / Z I / n / 3 / Z I",
		"owner 1 = pool" } },
	{ "d21: only the last status of several statements counts", NULL, {
		"client 1: Q BEGIN; SELECT 1; COMMIT",
		"server 1: C BEGIN / T / D 1 / C SELECT 1",
		"owner 1 = client 1",
		"server 1: C COMMIT / Z I",
		"client 1 < C BEGIN / T / D 1 / C SELECT 1 / C COMMIT / Z I",
		"owner 1 = pool" } },
	{ "d22: an error outside of a block", NULL, {
		"client 1: Q INSERT; bad",
		"server 1: C INSERT 0 1 / E 42601 syntax error / Z I",
		"client 1 < C INSERT 0 1 / E 42601 / Z I",
		"owner 1 = pool" } },
	{ "d22: an error in a block keeps the server until ROLLBACK", NULL, {
		"client 1: Q BEGIN",
		"server 1: C BEGIN / Z T",
		"client 1: Q bad",
		"server 1: E 42601 syntax error / Z E",
		"owner 1 = client 1",
		"client 1: Q ROLLBACK",
		"server 1: C ROLLBACK / Z I",
		"owner 1 = pool",
		"client 1 < C BEGIN / Z T / E 42601 / Z E / C ROLLBACK / Z I"
		} },
	{ "d23: an empty query", NULL, {
		"client 1: Q ;",
		"server 1: I / Z I",
		"client 1 < I / Z I",
		"owner 1 = pool",
		"client 1: P - - / B - - / E - 0 / S",
		"server 1: 1 / 2 / I / Z I",
		"client 1 < 1 / 2 / I / Z I",
		"owner 1 = pool" } },
	{ "d24: an empty query in a failed block is the server's", NULL, {
		"client 1: Q BEGIN",
		"server 1: C BEGIN / Z T",
		"client 1: Q bad",
		"server 1: E 42601 syntax error / Z E",
		"client 1: Q ;",
		"server 1 < Q ;",
		"server 1: I / Z E",
		"client 1 < C BEGIN / Z T / E 42601 / Z E / I / Z E",
		"owner 1 = client 1" } },
	{ "d25: a FunctionCall gets a server", NULL, {
		"client 1: F",
		"server 1 < F",
		"owner 1 = client 1",
		"server 1: V / Z I",
		"client 1 < V / Z I",
		"owner 1 = pool" } },
	{ "d39: an answer too many ends the server, not the client", NULL, {
		"client 1: Q SELECT 1",
		"server 1: C SELECT 1 / Z I",
		"client 1 < C SELECT 1 / Z I",
		"server 1: C SELECT 1 / Z I",
		"owner 1 = gone",
		"client 1 <",
		"client 1: Q SELECT 2",
		"server 2 < Q SELECT 2",
		"server 2: C SELECT 1 / Z I",
		"client 1 < C SELECT 1 / Z I" } },
	{ "d39: an answer out of step ends both", NULL, {
		"client 1: Q SELECT 1",
		"server 1: 1",
		"owner 1 = gone",
		"client 1 < E FATAL 08006",
		"client 1 is gone" } },
	{ "d43: Close after Sync, its Sync later", NULL, {
		"client 1: P s1 q / S / C P p1",
		"server 1: 1 / Z I",
		"owner 1 = client 1",
		"client 1: S",
		"server 1: 3 / Z I",
		"client 1 < 1 / Z I / 3 / Z I",
		"owner 1 = pool" } },
	{ "h12: a released server goes to who waits longest", NULL, {
		"client 1: Q BEGIN",
		"server 1: C BEGIN / Z T",
		"client 2: Q SELECT 2",
		"client 3: Q SELECT 3",
		"client 2 waits pool_size",
		"client 1: Q COMMIT / Q SELECT 1",
		"server 1: C COMMIT / Z I / C SELECT 1 / Z I",
		"owner 1 = client 2",
		"client 1: Q SELECT 11",
		"server 1 < Q SELECT 2",
		"server 1: C SELECT 2 / Z I",
		"owner 1 = client 3",
		"server 1: C SELECT 3 / Z I",
		"owner 1 = client 1",
		"server 1 < Q SELECT 11",
		"server 1: C SELECT 11 / Z I",
		"client 2 < C SELECT 2 / Z I",
		"client 3 < C SELECT 3 / Z I",
		"client 1 < C BEGIN / Z T / C COMMIT / Z I / C SELECT 1 / Z I "
		    "/ C SELECT 11 / Z I" } },
};

START_TEST(a_transaction_keeps_its_server)
{
	play(&transactions[_i], TRANSACTION);
}
END_TEST

static const struct play copies[] = {
	{ "d13: COPY IN keeps the server to the last answer", NULL, {
		"client 1: Q COPY t FROM STDIN",
		"server 1: G",
		"client 1 < G",
		"client 2: Q SELECT 2",
		"client 1: d 1 / d 2",
		"server 1 < d 1 / d 2",
		"owner 1 = client 1",
		"client 1: c",
		"server 1 < c",
		"owner 1 = client 1",
		"server 1: C COPY 2 / Z I",
		"client 1 < C COPY 2 / Z I",
		"owner 1 = client 2",
		"server 1 < Q SELECT 2" } },
	{ "d14: data that come after a failed COPY are dropped", NULL, {
		"client 1: Q COPY t FROM STDIN",
		"server 1: G",
		"client 1: d 1",
		"server 1: E 22P02 bad / Z I",
		"client 1 < G / E 22P02 / Z I",
		"owner 1 = pool",
		"client 1: d 2 / c",
		"server 1 <",
		"count = 1",
		"client 1: Q SELECT 1",
		"server 1 < Q SELECT 1",
		"server 1: C SELECT 1 / Z I",
		"client 1 < C SELECT 1 / Z I" } },
	{ "d14: neither do they reach the next client's query", NULL, {
		"client 1: Q COPY t FROM STDIN",
		"server 1: G",
		"client 2: Q SELECT 2",
		"server 1: E 22P02 bad / Z I",
		"owner 1 = client 2",
		"client 1: d 2 / f no",
		"server 1 < Q SELECT 2" } },
	{ "d15: Sync right behind the Execute of a COPY", NULL, {
		"client 1: P - COPY / B - - / E - 0 / S",
		"server 1: 1 / 2 / G",
		"owner 1 = client 1",
		"client 1: d 1 / c / S",
		"server 1: C COPY 1 / Z I",
		"client 1 < 1 / 2 / G / C COPY 1 / Z I",
		"owner 1 = pool" } },
	{ "d15: when such a COPY fails nobody knows if the Sync counted",
	    NULL, {
		"client 1: P - COPY / B - - / E - 0 / S",
		"server 1: 1 / 2 / G",
		"client 1: d x",
		"server 1: E 22P02 bad",
		"owner 1 = client 1",
		"client 1: c / S",
		"server 1: Z I",
		"client 1 < 1 / 2 / G / E 22P02 / Z I",
		"owner 1 = gone",
		"client 1 is here",
		"client 1: Q SELECT 1",
		"server 2 < Q SELECT 1" } },
	{ "d16: Flush and Sync among the data", NULL, {
		"client 1: Q COPY t FROM STDIN",
		"server 1: G",
		"client 1: d 1 / H / S / d 2 / c",
		"server 1 < d 1 / H / S / d 2 / c",
		"server 1: C COPY 2 / Z I",
		"client 1 < G / C COPY 2 / Z I",
		"owner 1 = pool" } },
	{ "d17: data that come before they were asked for", NULL, {
		"client 1: Q COPY t FROM STDIN / d 1 / c",
		"server 1 < Q COPY t FROM STDIN / d 1 / c",
		"server 1: G / C COPY 1 / Z I",
		"client 1 < G / C COPY 1 / Z I",
		"owner 1 = pool" } },
	{ "d18: CopyFail", NULL, {
		"client 1: Q COPY t FROM STDIN",
		"server 1: G",
		"client 1: d 1 / f no",
		"server 1 < d 1 / f no",
		"server 1: E 57014 COPY failed / Z I",
		"client 1 < G / E 57014 / Z I",
		"owner 1 = pool" } },
	{ "d18: CopyDone twice", NULL, {
		"client 1: Q COPY t FROM STDIN",
		"server 1: G",
		"client 1: d 1 / c / c",
		"server 1: C COPY 1 / Z I",
		"client 1 < G / C COPY 1 / Z I",
		"owner 1 = pool" } },
	{ "d18: a Query among the data, which the server does not survive",
	    NULL, {
		"client 1: Q COPY t FROM STDIN",
		"server 1: G",
		"client 1: Q SELECT 1",
		"server 1: E 08P01 unexpected message type / "
		    "E FATAL 08P01 synchronization was lost",
		"server 1 dies",
		"client 1 < G / E 08P01 / E FATAL 08P01",
		"client 1 is gone",
		"owner 1 = gone" } },
	{ "d19: COPY OUT", NULL, {
		"client 1: Q COPY t TO STDOUT",
		"server 1: H / d 1",
		"owner 1 = client 1",
		"server 1: d 2 / c / C COPY 2 / Z I",
		"client 1 < H / d 1 / d 2 / c / C COPY 2 / Z I",
		"owner 1 = pool" } },
	{ "d19: COPY OUT whose client leaves", NULL, {
		"client 1: Q COPY t TO STDOUT",
		"server 1: H / d 1",
		"client 1 leaves",
		"owner 1 = gone",
		"client 2: Q SELECT 2",
		"server 2 < Q SELECT 2" } },
};

START_TEST(a_copy_keeps_its_server)
{
	play(&copies[_i], TRANSACTION);
}
END_TEST

static const struct play modes[] = {
	{ "d37: statement mode, one statement", STATEMENT, {
		"client 1: Q SELECT 1",
		"server 1: C SELECT 1 / Z I",
		"client 1 < C SELECT 1 / Z I",
		"owner 1 = pool" } },
	{ "d37: statement mode refuses a block", STATEMENT, {
		"client 1: Q BEGIN",
		"server 1: C BEGIN / Z T",
		"client 1 < C BEGIN / E FATAL 08P01",
		"client 1 is gone",
		"owner 1 = gone" } },
	{ "d37: statement mode takes several statements at once", STATEMENT, {
		"client 1: Q SELECT 1; SELECT 2",
		"server 1: C SELECT 1 / C SELECT 1 / Z I",
		"client 1 < C SELECT 1 / C SELECT 1 / Z I",
		"owner 1 = pool" } },
	{ "d37: and a failed statement", STATEMENT, {
		"client 1: Q bad",
		"server 1: E 42601 syntax error / Z I",
		"client 1 < E 42601 / Z I",
		"owner 1 = pool" } },
	{ "d38: session mode keeps the server between transactions", SESSION, {
		"client 1: Q SELECT 1",
		"server 1: C SELECT 1 / Z I",
		"owner 1 = client 1",
		"client 2: Q SELECT 2",
		"client 2 waits pool_size",
		"client 1: X",
		"client 1 is gone",
		"owner 1 = client 2",
		"server 1 < Q SELECT 2" } },
	{ "d38: the reset query runs when the client leaves", SESSION, {
		"resets by hand",
		"client 1: Q SELECT 1",
		"server 1: C SELECT 1 / Z I",
		"client 2: Q SELECT 2",
		"client 1 leaves",
		"owner 1 = tested",
		"server 1 < Q DISCARD ALL",
		"server 1: C DISCARD ALL / Z I",
		"owner 1 = client 2",
		"server 1 < Q SELECT 2" } },
	{ "d38: a failed reset query closes the server", SESSION, {
		"resets by hand",
		"client 1: Q SELECT 1",
		"server 1: C SELECT 1 / Z I",
		"client 1 leaves",
		"server 1: E 25001 cannot run / Z I",
		"owner 1 = gone" } },
	{ "d38: no reset query in a transaction", SESSION, {
		"resets by hand",
		"client 1: Q BEGIN",
		"server 1: C BEGIN / Z T",
		"client 1 leaves",
		"server 1 < X",
		"owner 1 = gone" } },
	{ "d38: server_reset_query_always", TRANSACTION
	    "server_reset_query_always = 1\n", {
		"resets by hand",
		"client 1: Q SELECT 1",
		"server 1: C SELECT 1 / Z I",
		"client 1 < C SELECT 1 / Z I",
		"server 1 < Q DISCARD ALL",
		"owner 1 = tested",
		"server 1: C DISCARD ALL / Z I",
		"client 1 <",
		"owner 1 = pool" } },
};

START_TEST(a_mode_says_when_a_server_returns)
{
	play(&modes[_i], TRANSACTION);
}
END_TEST

static const struct play idles[] = {
	{ "d26: a notice is for nobody", NULL, {
		"client 1 joins",
		"server 1: N 00000 hello",
		"owner 1 = pool",
		"client 1 <" } },
	{ "d27: a parameter that has changed is set back for the client",
	    NULL, {
		"client 1 joins TimeZone=UTC",
		"server 1: S TimeZone=Asia/Tokyo",
		"owner 1 = pool",
		"client 1 <",
		"client 1: Q SELECT now()",
		"server 1 < Q SET TimeZone='UTC';",
		"client 1 waits",
		"server 1: C SET / S TimeZone=UTC / Z I",
		"server 1 < Q SELECT now()",
		"server 1: C SELECT 1 / Z I",
		"client 1 < C SELECT 1 / Z I" } },
	{ "d28: a notification ends the server", NULL, {
		"client 1 joins",
		"server 1: A channel",
		"owner 1 = gone",
		"client 1 <",
		"client 1: Q SELECT 1",
		"server 2 < Q SELECT 1" } },
	{ "d29: the end of an idle server is seen by no client", NULL, {
		"client 1 joins",
		"server 1: E FATAL 57P01 terminating connection",
		"server 1 dies",
		"owner 1 = gone",
		"client 1 <",
		"client 1: Q SELECT 1",
		"server 2: C SELECT 1 / Z I",
		"client 1 < C SELECT 1 / Z I" } },
	{ "d29: idle_session_timeout (i21)", NULL, {
		"client 1 joins",
		"server 1: E FATAL 57P05 terminating connection due to "
		    "idle-session timeout",
		"server 1 dies",
		"client 1: Q SELECT 1",
		"server 2: C SELECT 1 / Z I",
		"client 1 < C SELECT 1 / Z I" } },
	{ "d29: an end without a word", NULL, {
		"client 1 joins",
		"server 1 dies",
		"owner 1 = gone",
		"client 1 <",
		"client 1: Q SELECT 1",
		"server 2 < Q SELECT 1" } },
	{ "d30: a FATAL error is told once", NULL, {
		"client 1: Q SELECT 1",
		"server 1: E FATAL 57P01 terminating connection",
		"server 1 dies",
		"client 1 < E FATAL 57P01 terminating connection",
		"client 1 is gone",
		"owner 1 = gone" } },
	{ "d30: also between the queries of a transaction", NULL, {
		"client 1: Q BEGIN",
		"server 1: C BEGIN / Z T",
		"client 1 < C BEGIN / Z T",
		"server 1: E FATAL 25P03 idle-in-transaction timeout",
		"server 1 dies",
		"client 1 < E FATAL 25P03",
		"client 1 is gone" } },
	{ "i20: FATAL 40001, a conflict with recovery", NULL, {
		"client 1: Q SELECT 1",
		"server 1: E FATAL 40001 conflict with recovery",
		"server 1 dies",
		"client 1 < E FATAL 40001",
		"client 1 is gone",
		"owner 1 = gone" } },
	{ "d31: a server that dies in silence", NULL, {
		"client 1: Q SELECT 1",
		"server 1: T / D 1",
		"server 1 dies",
		"client 1 < T / D 1 / E FATAL 08006",
		"client 1 is gone",
		"owner 1 = gone" } },
	{ "c23: an unknown message from an idle server", NULL, {
		"client 1 joins",
		"server 1: R 0",
		"owner 1 = gone",
		"client 1 <" } },
};

START_TEST(an_idle_server_is_nobodys)
{
	play(&idles[_i], TRANSACTION);
}
END_TEST

/* The rest of a notice that began while the server was idle would come in
 * the middle of the next client's answers. */
START_TEST(d33_half_a_notice_on_an_idle_server)
{
	struct world *w = world_start(TRANSACTION);
	struct text t = { 0 };
	size_t cut;

	script_write(SERVER_SPEAKS, "N 00000 a long notice", &t);
	for (cut = 1; cut < t.n; cut++) {
		client_sends(w, 1, "Q SELECT 1");
		server_replies(w, 1, "C SELECT 1", "Z I");
		client_gets(w, 1, "C SELECT 1", "Z I");
		server_replies_bytes(w, 1, t.p, cut);
		client_sends(w, 1, "Q SELECT 2");
		server_replies_bytes(w, 1, t.p + cut, t.n - cut);
		server_replies(w, 1, "C SELECT 2", "Z I");
		if (cut < 5)
			client_gets(w, 1, "N 00000", "C SELECT 2", "Z I");
		else
			client_gets(w, 1, "C SELECT 2", "Z I");
		ck_assert_str_eq(server_owner(w, 1), "pool");
	}
	text_fini(&t);
	world_stop(w);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("transactions");
	TCase *t = tcase_create("transactions");

	tcase_set_timeout(t, 60);
	tcase_add_loop_test(t, a_transaction_keeps_its_server, 0,
	    (int)countof(transactions));
	tcase_add_loop_test(t, a_copy_keeps_its_server, 0,
	    (int)countof(copies));
	tcase_add_loop_test(t, a_mode_says_when_a_server_returns, 0,
	    (int)countof(modes));
	tcase_add_loop_test(t, an_idle_server_is_nobodys, 0,
	    (int)countof(idles));
	tcase_add_test(t, d33_half_a_notice_on_an_idle_server);
	suite_add_tcase(s, t);
	return world_run(s);
}
