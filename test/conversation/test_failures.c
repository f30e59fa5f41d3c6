/*
 * test_failures.c - servers that do not let us in, do not answer or go away
 * (pitfalls h03 to h05, i, b34).
 */
#include <stdio.h>

#include "base/must.h"
#include "conversation/play.h"
#include "conversation/world.h"
#include "pool/lane.h"
#include "pool/pool.h"
#include "pool/server.h"

#define TRANSACTION "pool_mode = transaction\ndefault_pool_size = 1\n" \
	"query_wait_notify = 0\nquery_wait_timeout = 0\n" \
	"client_login_timeout = 0\n"
#define TWO "pool_mode = transaction\ndefault_pool_size = 2\n" \
	"query_wait_notify = 0\n"
#define CHECK TWO "server_check_query = SELECT 1\n" \
	"server_check_delay = 10\n"

static const struct play failures[] = {
	{ "h03: a lasting error is told to who logs in", NULL, {
		"refuse FATAL 28P01 password authentication failed",
		"client 1 comes",
		"client 1 < E FATAL 28P01 password authentication failed",
		"client 1 is gone",
		"count = 0" } },
	{ "h03, i14: and to who waits; the next one hears it at once", NULL, {
		"client 1 joins",
		"client 2 joins",
		"server 1 dies",
		"refuse FATAL 28000 role is not permitted to log in",
		"client 1: Q SELECT 1",
		"client 1 < E FATAL 28000 role is not permitted to log in",
		"client 1 is gone",
		"client 2: Q SELECT 2",
		"client 2 < E FATAL 28000 server login has been failing, "
		    "cached error: role is not permitted to log in "
		    "(server_login_retry)",
		"client 2 is gone" } },
	{ "h04: the database was dropped", NULL, {
		"client 1 joins",
		"server 1 dies",
		"refuse FATAL 3D000 database \"shop\" does not exist",
		"client 1: Q SELECT 1",
		"client 1 < E FATAL 3D000 database \"shop\" does not exist" } },
	{ "h03: a failure is forgotten after server_login_retry", NULL, {
		"refuse FATAL 28P01 password authentication failed",
		"client 1 comes",
		"client 1 < E FATAL 28P01",
		"let in",
		"client 2 comes",
		"client 2 < E FATAL 28P01 server login has been failing",
		"wait 15.5",
		"client 3 joins" } },
	{ "i09: who starts up is waited for", NULL, {
		"refuse FATAL 57P03 the database system is starting up",
		"client 1 comes",
		"client 1 <",
		"wait 10",
		"client 1 <",
		/* After 1, 3, 7 and 15 seconds. */
		"let in",
		"wait 6",
		"owner 5 = pool" } },
	{ "h36: who has no room is waited for", NULL, {
		"client 1 joins",
		"server 1 dies",
		"refuse FATAL 53300 sorry, too many clients already",
		"client 1: Q SELECT 1",
		"client 1 <",
		"client 1 waits login_backoff",
		"let in",
		"wait 15.5",
		"server 3 < Q SELECT 1",
		"server 3: C SELECT 1 / Z I",
		"client 1 < C SELECT 1 / Z I" } },
	{ "i09: 57P01 during the login", NULL, {
		"client 1 joins",
		"server 1 dies",
		"refuse FATAL 57P01 terminating connection",
		"client 1: Q SELECT 1",
		"client 1 <",
		"let in",
		"wait 15.5",
		"server 3 < Q SELECT 1" } },
	{ "h03: with a server left nobody is sent away", TWO, {
		"client 1: Q BEGIN",
		"server 1: C BEGIN / Z T",
		"refuse FATAL 28P01 password authentication failed",
		"client 2: Q SELECT 2",
		"client 2 <",
		"client 2 waits login_backoff",
		"client 1: Q COMMIT",
		"server 1: C COMMIT / Z I",
		"owner 1 = client 2" } },
	{ "i13: a success ends the back-off", NULL, {
		"refuse FATAL 53300 sorry, too many clients already",
		"client 1 comes",
		"let in",
		"wait 15.5",
		"owner 2 = pool",
		"server 2 dies",
		"client 1: Q SELECT 1",
		"server 3 < Q SELECT 1" } },
	{ "i07, a40: a server that stops talking in its login", NULL, {
		"logins by hand",
		"client 1 comes",
		"server 1: R 0 / S TimeZone=UTC",
		"wait 14.5",
		"count = 1",
		"wait 1",
		"server 1 <",
		"count = 0",
		"client 1 <",
		"wait 1",
		"server 2: R 0 / K / Z I",
		"client 1 < R 0 / K / Z I" } },
	{ "d29: a server that goes right behind its answer", NULL, {
		"client 2 joins",
		"client 1: Q SELECT 1",
		"client 2: Q SELECT 2",
		"server 1: C SELECT 1 / Z I / E FATAL 57P01 terminating",
		"client 1 < C SELECT 1 / Z I",
		"owner 1 = gone",
		"server 2 < Q SELECT 2",
		"server 1 dies",
		"server 2: C SELECT 2 / Z I",
		"client 2 < C SELECT 2 / Z I",
		"client 1: Q SELECT 1",
		"server 2: C SELECT 1 / Z I",
		"client 1 < C SELECT 1 / Z I" } },
	{ "d30: but in a transaction its client hears of it, once", NULL, {
		"client 1: Q BEGIN",
		"server 1: C BEGIN / Z T / E FATAL 57P01 terminating",
		"client 1 < C BEGIN / Z T / E FATAL 57P01 terminating",
		"client 1: Q SELECT 1",
		"server 1 dies",
		"client 1 <",
		"client 1 is gone" } },
	{ "d30: and in a session", "pool_mode = session\n", {
		"client 1: Q SELECT 1",
		"server 1: C SELECT 1 / Z I / E FATAL 57P01 terminating",
		"client 1 < C SELECT 1 / Z I / E FATAL 57P01 terminating",
		"server 1 dies",
		"client 1 <",
		"client 1 is gone" } },
	{ "a server that hangs up in its login", NULL, {
		"logins by hand",
		"client 1 comes",
		"server 1: R 0",
		"server 1 dies",
		"count = 0",
		"wait 1.1",
		"count = 1",
		"server 2: R 0 / K / Z I",
		"client 1 < R 0 / K / Z I" } },
	{ "a39: a server without a key is usable", NULL, {
		"logins by hand",
		"client 1 comes",
		"server 1: R 0 / Z I",
		"client 1: Q SELECT 1",
		"server 1 < Q SELECT 1",
		"client 2 cancels 1",
		"client 2 is gone",
		"server 1: C SELECT 1 / Z I",
		"client 1 < R 0 / K / Z I / C SELECT 1 / Z I" } },
	{ "b05: a server that is ready without letting us in", NULL, {
		"logins by hand",
		"client 1 comes",
		"server 1: Z I",
		"client 1 < E FATAL 08P01 server is ready before it let us in",
		"count = 0" } },
	{ "b48: an authentication that we lack", NULL, {
		"logins by hand",
		"client 1 comes",
		"server 1: R 7",
		"count = 0" } },
	{ "a question instead of a login", NULL, {
		"logins by hand",
		"client 1 comes",
		"server 1: R 0 / T",
		"count = 0" } },
	{ "i04, d32: the check query", CHECK, {
		"client 1: Q SELECT 'x'",
		"server 1: C SELECT 1 / Z I",
		"client 1 < C SELECT 1 / Z I",
		"wait 9",
		"client 1: Q SELECT 'y'",
		"server 1 < Q SELECT 'y'",
		"server 1: C SELECT 1 / Z I",
		"client 1 < C SELECT 1 / Z I",
		"wait 10.5",
		"client 1: Q SELECT 'z'",
		"server 1 < Q SELECT 1",
		"owner 1 = tested",
		"server 1: T / D 1 / C SELECT 1 / Z I",
		"client 1 <",
		"server 1 < Q SELECT 'z'",
		"server 1: C SELECT 1 / Z I",
		"client 1 < C SELECT 1 / Z I" } },
	{ "i04: its failure is another server's turn", CHECK, {
		"client 1 joins",
		"wait 10.5",
		"client 1: Q SELECT 'x'",
		"server 1: E 57014 canceled / Z I",
		"owner 1 = gone",
		"server 2 < Q SELECT 'x'",
		"server 2: C SELECT 1 / Z I",
		"client 1 < C SELECT 1 / Z I" } },
	{ "i04: as is its end", CHECK, {
		"client 1 joins",
		"wait 10.5",
		"client 1: Q SELECT 'x'",
		"server 1 dies",
		"server 2 < Q SELECT 'x'" } },
	{ "i04: and its silence", CHECK, {
		"client 1 joins",
		"wait 10.5",
		"client 1: Q SELECT 'x'",
		"server 1 < Q SELECT 1",
		"wait 14.8",
		"client 1 waits connecting",
		"wait 0.3",
		"server 2 < Q SELECT 'x'" } },
	{ "i05: a server that is tested does not hold up the others", CHECK, {
		"client 1 joins",
		"client 2 joins",
		"wait 10.5",
		"client 1: Q SELECT 'x'",
		"client 2: Q SELECT 'y'",
		"owner 1 = tested",
		"server 2 < Q SELECT 'x'" } },
	{ "server_check_delay = 0 checks each time", CHECK
	    "server_check_delay = 0\n", {
		"client 1 joins",
		"client 1: Q SELECT 'x'",
		"server 1 < Q SELECT 1",
		"server 1: C SELECT 1 / Z I",
		"server 1 < Q SELECT 'x'",
		"server 1: C SELECT 1 / Z I",
		"wait 0.1",
		"client 1: Q SELECT 'y'",
		"server 1 < Q SELECT 1",
		"server 1: C SELECT 1 / Z I",
		"server 1 < Q SELECT 'y'" } },
	{ "e22: connect_query", "[databases]\n"
	    "shop = host=$1 connect_query='SELECT 1'\n", {
		"client 1 comes",
		"server 1 < Q SELECT 1",
		"owner 1 = login",
		"server 1: T / D 1 / C SELECT 1 / Z I",
		"owner 1 = pool",
		"client 1: Q SELECT 2",
		"server 1 < Q SELECT 2" } },
	{ "e22: a connect_query that fails", "[databases]\n"
	    "shop = host=$1 connect_query='SELECT 1'\n", {
		"client 1 comes",
		"server 1: E 42601 syntax error / Z I",
		"owner 1 = gone",
		"count = 0",
		"wait 5",
		"count = 0" } },
	{ "e22: a connect_query that hangs", "query_wait_timeout = 0\n"
	    "[databases]\n"
	    "shop = host=$1 connect_query='SELECT 1'\n", {
		"client 1 comes",
		"server 1 < Q SELECT 1",
		"wait 15.1",
		"owner 1 = gone" } },
	{ "i10: a server restarts", "pool_mode = transaction\n"
	    "default_pool_size = 3\nquery_wait_notify = 0\n", {
		"client 1: Q BEGIN",
		"client 2: Q BEGIN",
		"client 3: Q BEGIN",
		"server 1: C BEGIN / Z T",
		"server 2: C BEGIN / Z I",
		"server 3: C BEGIN / Z I",
		"refuse FATAL 57P03 the database system is starting up",
		"server 1 dies",
		"server 2 dies",
		"server 3 dies",
		"client 1 < C BEGIN / Z T / E FATAL 08006",
		"client 2: Q SELECT 2",
		"client 3: Q SELECT 3",
		"client 2 waits login_backoff",
		"let in",
		"wait 15.5",
		"count = 2",
		"client 2 < C BEGIN / Z I" } },
	{ "i27: no goodbye after a FATAL error", NULL, {
		"client 1 joins",
		"server 1: E FATAL 57P01 terminating connection",
		"server 1 dies",
		"server 1 <" } },
	{ "i27: else there is one", NULL, {
		"client 1 joins",
		"reconnect",
		"server 1 < X" } },
	{ "i03: a server that is to go is not handed out again", NULL, {
		"client 1: Q BEGIN",
		"server 1: C BEGIN / Z T",
		"client 2: Q SELECT 2",
		"reconnect",
		"owner 1 = client 1",
		"client 1: Q COMMIT",
		"server 1: C COMMIT / Z I",
		"owner 1 = gone",
		"server 2 < Q SELECT 2" } },
	{ "i23: of two hosts one is gone", "pool_mode = transaction\n"
	    "default_pool_size = 2\n"
	    "[databases]\nshop = host=$1,$2\n", {
		"host 1 is down",
		"client 1 joins",
		"client 1: Q SELECT 1",
		"server 1 < Q SELECT 1",
		"client 2: Q SELECT 2",
		"server 2 < Q SELECT 2" } },
	{ "i11: a host that fails does not hold up the other",
	    "pool_mode = transaction\ndefault_pool_size = 4\n"
	    "[databases]\nshop = host=$1,$2\n", {
		"client 1 joins",
		"host 1 is down",
		"client 1: Q BEGIN",
		"client 2: Q BEGIN",
		"client 3: Q BEGIN",
		"server 2 < Q BEGIN",
		"server 3 < Q BEGIN",
		"host 1 is up",
		"wait 15",
		"client 4: Q BEGIN",
		"server 4 < Q BEGIN" } },
	{ "all hosts are down, and one comes back",
	    "query_wait_notify = 0\n[databases]\nshop = host=$1,$2\n", {
		"host 1 is down",
		"host 2 is down",
		"client 1 comes",
		"wait 5",
		"client 1 <",
		"count = 0",
		"host 2 is up",
		"wait 15",
		"count = 1",
		"owner 1 = pool" } },
	{ "i12: the back-off outlives the one who waited", NULL, {
		"refuse FATAL 53300 sorry, too many clients already",
		"client 1 comes",
		"client 1 leaves",
		"let in",
		"client 2 comes",
		"wait 0.9",
		"client 2 <",
		"wait 0.2",
		"owner 2 = pool" } },
	{ "h05: a min_pool_size that cannot be had", "query_wait_notify = 0\n"
	    "[databases]\nshop = host=$1 user=app min_pool_size=3\n", {
		"let in",
		"wait 1.5",
		"count = 3",
		"refuse FATAL 3D000 database does not exist",
		"server 1 dies",
		"wait 2",
		"count = 2" } },
};

START_TEST(a_server_fails)
{
	play(&failures[_i], TRANSACTION);
}
END_TEST

/* b34: known bad credentials are tried once for each back-off, however many
 * wait. */
START_TEST(b34_one_attempt_per_back_off)
{
	struct world *w = world_start(TRANSACTION);
	unsigned i;

	client_joins(w, 101, "");
	server_dies(w, 1);
	servers_refuse(w, "FATAL 28P01 password authentication failed");
	for (i = 1; i <= 100; i++) {
		client_comes(w, i, "");
		client_sends(w, i, "Q SELECT 1");
	}
	ck_assert_uint_le(w->nservers, 2);
	world_advance(w, 60);
	for (i = 1; i <= 100; i++)
		ck_assert(client_is_gone(w, i));
	ck_assert_uint_le(w->nservers, 2);
	world_stop(w);
}
END_TEST

/* h03: fifty wait, and all hear the reason. */
START_TEST(h03_fifty_wait)
{
	struct world *w = world_start(TRANSACTION);
	unsigned i;

	w->by_hand = true;
	for (i = 1; i <= 50; i++)
		client_comes(w, i, "");
	ck_assert_uint_eq(w->nservers, 1);
	server_replies(w, 1, "E FATAL 28P01 no");
	for (i = 1; i <= 50; i++) {
		client_gets(w, i, "E FATAL 28P01 no");
		ck_assert(client_is_gone(w, i));
	}
	world_stop(w);
}
END_TEST

START_TEST(h03_fifty_wait_for_a_server_that_starts_up)
{
	struct world *w = world_start(TRANSACTION);
	unsigned i;

	w->by_hand = true;
	for (i = 1; i <= 50; i++)
		client_comes(w, i, "");
	server_replies(w, 1, "E FATAL 57P03 the system is starting up");
	world_advance(w, 15.5);
	ck_assert_uint_eq(w->nservers, 2);
	server_replies(w, 2, "R 0", "K", "Z I");
	for (i = 1; i <= 50; i++)
		client_gets(w, i, "R 0", "K", "Z I");
	world_stop(w);
}
END_TEST

/* h05: no tight loop, with clients or without. */
START_TEST(h05_attempts_follow_the_back_off)
{
	struct world *w = world_start("[databases]\n"
	    "shop = host=$1 user=app min_pool_size=3\n");
	unsigned before;

	world_advance(w, 1.5);
	servers_refuse(w, "FATAL 3D000 database does not exist");
	server_dies(w, 1);
	server_dies(w, 2);
	server_dies(w, 3);
	before = w->nservers;
	world_advance(w, 60);
	/* Up to server_connect_parallel at once, each 15 seconds. */
	ck_assert_uint_le(w->nservers - before, 5 * 3);
	ck_assert_uint_ge(w->nservers - before, 3);
	world_stop(w);
}
END_TEST

/* Nobody answers: the first attempts follow soon, the later ones less. */
START_TEST(i07_attempts_when_nobody_answers)
{
	static const struct {
		double after;
		unsigned attempts;
	} steps[] = {
		{ 0.9, 1 }, { 0.3, 2 }, { 1.7, 2 }, { 0.4, 3 }, { 3.6, 3 },
		{ 0.6, 4 }, { 7.3, 4 }, { 0.9, 5 }, { 14, 5 }, { 1.5, 6 },
		{ 13.5, 6 }, { 1, 7 },
	};
	struct world *w = world_start(TRANSACTION);
	size_t i;

	w->by_hand = true;
	w->hangs_up = true;
	client_comes(w, 1, "");
	for (i = 0; i < countof(steps); i++) {
		world_advance(w, steps[i].after);
		ck_assert_msg(w->nservers == steps[i].attempts,
		    "step %zu: %u attempts", i, w->nservers);
	}
	client_gets_nothing(w, 1);
	world_stop(w);
}
END_TEST

/* i22: lists and addresses, which the configuration takes apart. */
static const char *const places[] = {
	"host=$TCP", "host='$1'", "host='$1, $2'",
};

START_TEST(i22_places)
{
	struct world *w;
	char ini[200];

	snprintf(ini, sizeof ini, "[databases]\nshop = %s\n", places[_i]);
	w = world_start(ini);
	client_sends(w, 1, "Q SELECT 1");
	server_gets(w, 1, "Q SELECT 1");
	world_stop(w);
}
END_TEST

/* a41: an error without any field. */
START_TEST(a41_an_error_without_fields)
{
	static const char error[] = { 'E', 0, 0, 0, 5, 0 };
	struct world *w = world_start(TRANSACTION);

	w->by_hand = true;
	client_comes(w, 1, "");
	server_replies_bytes(w, 1, error, sizeof error);
	ck_assert_uint_eq(server_count(w), 0);
	world_stop(w);
}
END_TEST

/* m17: a server that tells of settings for ever. */
START_TEST(m17_a_welcome_has_an_end)
{
	struct world *w = world_start(TRANSACTION);
	unsigned i;

	w->by_hand = true;
	client_comes(w, 1, "");
	server_replies(w, 1, "R 0");
	for (i = 0; i < 2000 && server_count(w) > 0; i++)
		server_replies(w, 1, "S a=bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
		    "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb");
	ck_assert_uint_gt(i, 500);
	ck_assert_uint_lt(i, 1000);
	client_gets(w, 1, "E FATAL 08P01 too many ParameterStatus packets");
	world_stop(w);
}
END_TEST

/* b48: who may ask for the password itself, without TLS. */
static const struct {
	const char *why, *addr, *allowed;
	bool gets_it;
} askers[] = {
	{ "the Unix socket", "unix", "0", true },
	{ "loopback", "127.0.0.1", "0", true },
	{ "all of it is", "127.3.4.5", "0", true },
	{ "IPv6", "::1", "0", true },
	{ "over the network", "10.0.0.9", "0", false },
	{ "by IPv6", "2001:db8::1", "0", false },
	{ "one that looks like loopback", "::127", "0", false },
	{ "if that is allowed", "10.0.0.9", "1", true },
};

START_TEST(b48_a_server_asks_for_the_password_itself)
{
	struct addr addr = { .family = AF_UNIX };
	struct text ini = { 0 };
	uint32_t cursor = 0;
	struct server *s;
	struct world *w;

	if (strcmp(askers[_i].addr, "unix") != 0)
		ck_assert(addr_parse(&addr, askers[_i].addr, 5432));
	text_printf(&ini, "server_plain_passwords = %s\n[databases]\n"
	    "shop = host=$1 user=app password=secret\n",
	    askers[_i].allowed);
	w = world_start(ini.p);
	text_fini(&ini);
	w->by_hand = true;
	client_comes(w, 1, "");
	s = roster_next(&w->pooler->servers, &cursor);
	ck_assert_ptr_nonnull(s);
	s->addr = addr;
	server_replies(w, 1, "R 3");
	if (askers[_i].gets_it) {
		server_gets(w, 1, "p secret");
		server_replies(w, 1, "R 0", "Z I");
		ck_assert_uint_eq(server_count(w), 1);
	} else {
		ck_assert_uint_eq(server_unread(w, 1), 0);
		ck_assert_uint_eq(server_count(w), 0);
		client_gets(w, 1, "E FATAL 28P01 server login failed: it asks "
		    "for the password itself without TLS");
	}
	world_stop(w);
}
END_TEST

/* i24, h27: the server has gone, and the first write may not know it yet. */
START_TEST(i24_the_server_closes_between_checkout_and_first_write)
{
	struct world *w = world_start(TRANSACTION);

	client_joins(w, 1, "");
	if (_i == 0)
		server_drops(w, 1);
	client_writes(w, 1, "Q SELECT 1");
	if (_i == 1)
		server_drops(w, 1);
	world_turn(w);
	server_gets(w, 2, "Q SELECT 1");
	server_replies(w, 2, "C SELECT 1", "Z I");
	client_gets(w, 1, "C SELECT 1", "Z I");
	world_stop(w);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("failures");
	TCase *t = tcase_create("failures");

	tcase_set_timeout(t, 60);
	tcase_add_loop_test(t, a_server_fails, 0, (int)countof(failures));
	tcase_add_test(t, b34_one_attempt_per_back_off);
	tcase_add_test(t, h03_fifty_wait);
	tcase_add_test(t, h03_fifty_wait_for_a_server_that_starts_up);
	tcase_add_test(t, h05_attempts_follow_the_back_off);
	tcase_add_test(t, i07_attempts_when_nobody_answers);
	tcase_add_loop_test(t, i22_places, 0, (int)countof(places));
	tcase_add_test(t, a41_an_error_without_fields);
	tcase_add_test(t, m17_a_welcome_has_an_end);
	tcase_add_loop_test(t, b48_a_server_asks_for_the_password_itself, 0,
	    (int)countof(askers));
	tcase_add_loop_test(t,
	    i24_the_server_closes_between_checkout_and_first_write, 0, 2);
	suite_add_tcase(s, t);
	return world_run(s);
}
