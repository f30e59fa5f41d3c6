/*
 * test_logins.c - the way in: startup packets, who is let in, and what an
 * outsider does not learn (pitfalls a and b, as far as they need no TLS).
 */
#include <string.h>

#include "base/must.h"
#include "cluster/credentials.h"
#include "conversation/play.h"
#include "conversation/world.h"
#include "pgwire/messages.h"
#include "pgwire/writer.h"
#include "pool/database.h"
#include "pool/pool.h"
#include "pool/user.h"

#define MD5 "auth_type = md5\n"
#define PLAIN "auth_type = plain\n"
#define SCRAM "auth_type = scram-sha-256\n"
#define ANY "auth_type = any\n[databases]\nshop = host=$1 user=app\n" \
	"stock = host=$1\n"

static const struct play logins[] = {
	{ "a23: no user", NULL, {
		"client 1 comes user=",
		"client 1 < E FATAL 28000 no username supplied",
		"client 1 is gone" } },
	{ "a24: no database is the user's", "[databases]\napp = host=$1\n", {
		"client 1 comes database=",
		"owner 1 = pool" } },
	{ "a25: a user name that is too long", NULL, {
		"client 1 comes user=uuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuu"
		    "uuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuu"
		    "uuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuu",
		"client 1 < E FATAL 08P01 username too long",
		"client 1 is gone" } },
	{ "a26: a longer name is another one", "[databases]\n* = host=$1\n", {
		"client 1 comes user=appp",
		"client 1 < E FATAL 28000 \"trust\" authentication failed" } },
	{ "a27: of two values the last one counts", NULL, {
		"client 1 comes user=nobody&database=nothing&user=app"
		    "&database=shop",
		"owner 1 = pool" } },
	{ "a28, a29: replication is refused, and only when it is asked for",
	    NULL, {
		"client 1 comes replication=database",
		"client 1 < E FATAL 0A000",
		"client 1 comes replication=ON",
		"client 1 < E FATAL 0A000",
		"client 1 comes replication=perhaps",
		"client 1 < E FATAL 22023",
		"client 1 joins replication=false" } },
	{ "a33: options", NULL, {
		"client 1 joins options=-c jit=off",
		"client 1 leaves",
		"client 1 comes options=-x",
		"client 1 < E FATAL 08P01 unsupported options startup "
		    "parameter",
		"client 1 joins options=--timezone=Asia/Tokyo" } },
	{ "ignore_startup_parameters",
	    "ignore_startup_parameters = extra_float_digits, options\n", {
		"client 1 joins extra_float_digits=2&options=-c jit=off",
		"client 1: Q SELECT 1",
		"server 1 < Q SELECT 1" } },
	{ "a36, b50: a password that nobody asked for", NULL, {
		"client 1 joins",
		"client 1: p secret",
		"client 1 < E FATAL 08P01 unknown pkt",
		"client 1 is gone" } },
	{ "b17: a wrong password, and an unknown user, look the same", PLAIN, {
		"client 1 comes",
		"client 1 < R 3",
		"client 1: p wrong",
		"client 1 < E FATAL 28P01 password authentication failed",
		"client 2 comes user=nobody",
		"client 2 < R 3",
		"client 2: p wrong",
		"client 2 < E FATAL 28P01 password authentication failed",
		"count = 0" } },
	{ "b19: an empty password", PLAIN, {
		"client 1 comes",
		"client 1: p ",
		"client 1 < R 3 / E FATAL 28P01 empty password" } },
	{ "b11: unknown users are asked as known ones", SCRAM, {
		"client 1 comes",
		"client 1 < R 10",
		"client 2 comes user=nobody",
		"client 2 < R 10" } },
	{ "b13: an unknown database is told only behind the password", MD5, {
		"client 1 comes database=nowhere",
		"client 1 < R 5",
		"client 1: p wrong",
		"client 1 < E FATAL 28P01 password authentication failed" } },
	{ "b13: with trust at once, but not to strangers", NULL, {
		"client 1 comes database=nowhere",
		"client 1 < E FATAL 3D000 no such database: nowhere",
		"client 2 comes database=nowhere&user=nobody",
		"client 2 < E FATAL 28000 \"trust\" authentication failed" } },
	{ "b14: nor what is wrong with the server", MD5, {
		"refuse FATAL 3D000 database does not exist",
		"client 1 comes",
		"client 1: p wrong",
		"client 1 < R 5 / E FATAL 28P01 password authentication failed",
		"count = 0" } },
	{ "another message in place of the password", MD5, {
		"client 1 comes",
		"client 1: Q SELECT 1",
		"client 1 < R 5 / E FATAL 08P01 unknown pkt" } },
	{ "a client that says goodbye at the password", MD5, {
		"client 1 comes",
		"client 1: X",
		"client 1 is gone" } },
	{ "auth_type any needs a forced user", ANY, {
		"client 1 joins user=whoever",
		"client 1: Q SELECT 1",
		"server 1 < Q SELECT 1",
		"client 2 comes user=whoever&database=stock",
		"client 2 < E FATAL 28000 bouncer config error" } },
	{ "h21: all clients of a forced user share one pool", ANY, {
		"client 1 joins user=one",
		"client 2 joins user=two",
		"count = 1" } },
	{ "one pool for each user", "pool_mode = transaction\n", {
		"client 1 joins user=app",
		"client 2 joins user=other",
		"client 3 joins user=app",
		"count = 2" } },
	{ "j: nobody comes to the console who may not",
	    "admin_users = admin\n", {
		"client 1 comes database=pgbouncer",
		"client 1 < E FATAL 42501 not allowed",
		"client 1 is gone" } },
};

START_TEST(somebody_logs_in)
{
	play(&logins[_i], "");
}
END_TEST

/* Packets that are none, or not to be answered with a login. */
static const struct {
	const char *why, *bytes;
	size_t n;
	const char *answer;     /* NULL: the connection goes on */
	const char *raw;
} packets[] = {
	{ "a03: GSSENCRequest", "\0\0\0\10\4\322\26\60", 8, NULL, "N" },
	{ "a09: SSLRequest", "\0\0\0\10\4\322\26/", 8, NULL, "N" },
	{ "a04: twice", "\0\0\0\10\4\322\26/\0\0\0\10\4\322\26/", 16,
	    "E FATAL 08P01", NULL },
	{ "a01: a query behind it", "\0\0\0\10\4\322\26/Q\0\0\0\5\0", 14,
	    "E FATAL 08P01", NULL },
	{ "a19: length 0", "\0\0\0\0", 4, "E FATAL 08P01", NULL },
	{ "a19: length 7", "\0\0\0\7", 4, "E FATAL 08P01", NULL },
	{ "a19: a negative length", "\377\377\377\377", 4, "E FATAL 08P01",
	    NULL },
	{ "a19: a length of 10001", "\0\0\47\21", 4, "E FATAL 08P01", NULL },
	{ "a20: HTTP", "GET / HTTP/1.1\r\n\r\n", 18, "E FATAL 08P01", NULL },
	{ "a22: no end", "\0\0\0\20\0\3\0\0user\0a\0x", 16, "E FATAL 08P01",
	    NULL },
	{ "a22: a name without value", "\0\0\0\16\0\3\0\0user\0\0", 14,
	    "E FATAL", NULL },
	{ "a32: protocol 2", "\0\0\0\14\0\2\0\0aaaa", 12, "E FATAL 08P01",
	    NULL },
	{ "a32: protocol 4", "\0\0\0\14\0\4\0\0aaaa", 12, "E FATAL 08P01",
	    NULL },
	{ "a34: a query first", "Q\0\0\0\15SELECT 1\0", 14, "E FATAL 08P01",
	    NULL },
};

START_TEST(a_packet_that_is_no_login)
{
	struct world *w = world_start("");
	const char *why = packets[_i].why;

	client_sends_bytes(w, 1, packets[_i].bytes, packets[_i].n);
	if (packets[_i].answer != NULL) {
		const char *const lines[] = { packets[_i].answer, NULL };

		if (client_unread(w, 1) > 0 &&
		    *(const char *)client_bytes(w, 1) == 'N')
			client_skips(w, 1, 1);
		client_gets_lines(w, 1, lines, why, 0);
		ck_assert_msg(client_is_gone(w, 1), "%s", why);
	} else {
		ck_assert_msg(client_unread(w, 1) == 1 &&
		    *(const char *)client_bytes(w, 1) == *packets[_i].raw,
		    "%s", why);
		ck_assert_msg(!client_is_gone(w, 1), "%s", why);
	}
	ck_assert_uint_eq(server_count(w), 0);
	world_stop(w);
}
END_TEST

/* a07: who connects and leaves is no event. */
START_TEST(a07_connect_and_leave)
{
	struct world *w = world_start("");
	unsigned i;

	for (i = 0; i < 1000; i++) {
		client_sends_bytes(w, 1, "", 0);
		client_leaves(w, 1);
	}
	ck_assert_uint_eq(w->pooler->counts.all, 0);
	world_stop(w);
}
END_TEST

/* a30, a31: newer minor versions and unknown options are negotiated down,
 * also when the login has to wait for a server. */
START_TEST(a30_negotiation)
{
	struct world *w = world_start("");
	struct text t = { 0 };
	size_t place;

	w->by_hand = true;
	place = writer_begin(&t, '\0');
	writer_u32(&t, PROTOCOL(3, 9999));
	text_add(&t, "user\0app\0database\0shop\0_pq_.new\0x\0", 34);
	writer_u8(&t, 0);
	writer_end(&t, place);
	client_sends_bytes(w, 1, t.p, t.n);
	server_replies(w, 1, "R 0", "K", "Z I");
	client_gets(w, 1, "v", "R 0", "K", "Z I");
	client_sends(w, 1, "Q SELECT 1");
	server_gets(w, 1, "Q SELECT 1");
	text_fini(&t);
	world_stop(w);
}
END_TEST

/* b18: the salt is another one each time. */
START_TEST(b18_salts)
{
	struct world *w = world_start(MD5);
	unsigned i, j;

	for (i = 1; i <= 20; i++) {
		client_comes(w, i, "");
		ck_assert_uint_eq(client_unread(w, i), 13);
	}
	for (i = 1; i <= 20; i++)
		for (j = i + 1; j <= 20; j++)
			ck_assert(memcmp(client_bytes(w, i),
			    client_bytes(w, j), 13) != 0);
	world_stop(w);
}
END_TEST

/* h22: when all places are taken, the console still has one. */
START_TEST(max_client_conn_counts_who_logs_in)
{
	struct world *w = world_start("max_client_conn = 3\n" MD5);
	unsigned i;

	for (i = 1; i <= 3; i++)
		client_comes(w, i, "");
	client_comes(w, 4, "");
	client_gets(w, 4, "E FATAL 53300");
	client_leaves(w, 1);
	client_comes(w, 4, "");
	client_gets(w, 4, "R 5");
	world_stop(w);
}
END_TEST

/* b11: who is known answers as fast as nobody, from the first login on. */
static const struct {
	const char *ini, *secret;
	bool derived;
} ahead[] = {
	{ SCRAM, "secret", true },
	{ SCRAM, "md500000000000000000000000000000000", false },
	{ SCRAM, "", false },
	{ MD5, "secret", false },
	{ SCRAM "scram_iterations = 20000\n", "secret", true },
};

START_TEST(b11_secrets_are_derived_ahead)
{
	struct world *w = world_start(ahead[_i].ini);
	struct user *u = user_find(w->pooler, "app");

	credentials_destroy(u->credentials);
	u->credentials = credentials_create("app", ahead[_i].secret);
	world_advance(w, 1.1);
	ck_assert((u->credentials->verifier != NULL) == ahead[_i].derived);
	world_stop(w);
}
END_TEST

START_TEST(b11_a_few_at_a_time)
{
	static const char *const names[] = { "app", "other", "third",
		"admin" };
	struct world *w = world_start(SCRAM);
	unsigned second, i, n;
	struct user *u;

	for (i = 0; i < countof(names); i++) {
		u = user_find(w->pooler, names[i]);
		credentials_destroy(u->credentials);
		u->credentials = credentials_create(names[i], "secret");
	}
	for (second = 1; second <= 3; second++) {
		world_advance(w, 1);
		for (i = n = 0; i < countof(names); i++)
			n += user_find(w->pooler, names[i])->credentials->
			    verifier != NULL;
		ck_assert_uint_eq(n, second == 1 ? 3 : 4);
	}
	world_stop(w);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("logins");
	TCase *t = tcase_create("logins");

	tcase_set_timeout(t, 60);
	tcase_add_loop_test(t, somebody_logs_in, 0, (int)countof(logins));
	tcase_add_loop_test(t, a_packet_that_is_no_login, 0,
	    (int)countof(packets));
	tcase_add_test(t, a07_connect_and_leave);
	tcase_add_test(t, a30_negotiation);
	tcase_add_test(t, b18_salts);
	tcase_add_test(t, max_client_conn_counts_who_logs_in);
	tcase_add_loop_test(t, b11_secrets_are_derived_ahead, 0,
	    (int)countof(ahead));
	tcase_add_test(t, b11_a_few_at_a_time);
	suite_add_tcase(s, t);
	return world_run(s);
}
