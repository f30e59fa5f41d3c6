/*
 * test_authquery.c - look-ups of users: what is asked, what may be answered,
 * and that nobody waits for an answer that does not come (b20 to b31).
 */
#include <string.h>

#include "base/must.h"
#include "conversation/play.h"
#include "conversation/world.h"
#include "pgwire/writer.h"
#include "pool/pools.h"

#define ASKING "auth_user = other\nauth_query = select it\n"
#define PLAIN ASKING "auth_type = plain\n"
#define MD5 ASKING "auth_type = md5\n"
#define SCRAM ASKING "auth_type = scram-sha-256\n"
#define TRUST ASKING "auth_type = trust\n"

#define COMES(n) "client " #n " comes user=who"
#define ASKED(s, user) "server " #s " < P - select it / B - - =" user \
	" / E - 0 / S"
#define SAYS(s, row) "server " #s ": 1 / 2 / D " row " / C SELECT 1 / Z I"
#define SAYS_NOBODY(s) "server " #s ": 1 / 2 / C SELECT 0 / Z I"
#define FAILS(n) "client " #n " < E FATAL 28000 bouncer config error"
#define CANNOT(n) "client " #n " < E FATAL 57P03 bouncer config error"
#define WRONG(n) "client " #n " < E FATAL 28P01 password authentication failed"

static const struct play lookups[] = {
	{ "b20: the name is a value and no part of the query", PLAIN, {
		"client 1 comes user=x'; drop table t; --",
		ASKED(1, "x'; drop table t; --") } },
	{ "a user is found, and logs in to the server as itself", PLAIN, {
		COMES(1),
		ASKED(1, "who"),
		"owner 1 = tested",
		SAYS(1, "who|secret"),
		"owner 1 = pool",
		"client 1 < R 3",
		"client 1: p secret",
		"owner 2 = pool",
		"client 1: Q SELECT 1",
		"server 2 < Q SELECT 1",
		"server 2: C SELECT / Z I" } },
	{ "a wrong password", PLAIN, {
		COMES(1),
		SAYS(1, "who|secret"),
		"client 1 < R 3",
		"client 1: p Secret",
		WRONG(1) } },
	{ "b11, b22: nobody is asked as everybody", PLAIN, {
		COMES(1),
		SAYS_NOBODY(1),
		"client 1 < R 3",
		"client 1: p secret",
		WRONG(1),
		"count = 1" } },
	{ "b11: with SCRAM, too", SCRAM, {
		COMES(1),
		SAYS_NOBODY(1),
		"client 1 < R 10" } },
	{ "with trust one must exist", TRUST, {
		COMES(1),
		SAYS_NOBODY(1),
		"client 1 < E FATAL 28000 \"trust\" authentication failed",
		COMES(2),
		SAYS(1, "who|"),
		"owner 2 = pool" } },
	{ "who is in auth_file is not asked for", PLAIN, {
		"client 1 comes",
		"client 1 < R 3",
		"count = 0" } },
	{ "b13: nor is anybody for a database that is not there", PLAIN, {
		"client 1 comes user=who&database=nowhere",
		"client 1 < R 3",
		"client 1: p x",
		WRONG(1),
		"count = 0" } },
	{ "without a role to ask as there is nobody to ask",
	    "auth_type = plain\n", {
		COMES(1),
		"client 1 < R 3",
		"count = 0" } },
	{ "the name in the answer counts", PLAIN, {
		"client 1 comes user=WHO",
		ASKED(1, "WHO"),
		SAYS(1, "other|secret"),
		"client 1 < R 3",
		"client 1: p secret",
		"owner 2 = pool" } },

	{ "b23: a null secret is no secret", PLAIN, {
		COMES(1),
		SAYS(1, "who|NULL"),
		"client 1 < R 3",
		"client 1: p NULL",
		WRONG(1) } },
	{ "b23: a null name", PLAIN, {
		COMES(1), SAYS(1, "NULL|secret"), FAILS(1),
		"client 1 is gone" } },
	{ "b23: an empty name", PLAIN, {
		COMES(1), SAYS(1, "|secret"), FAILS(1) } },
	{ "b23: one column", PLAIN, {
		COMES(1), SAYS(1, "who"), FAILS(1) } },
	{ "b23: three columns", PLAIN, {
		COMES(1), SAYS(1, "who|secret|x"), FAILS(1) } },
	{ "b23: of two rows the last one counts", PLAIN, {
		COMES(1),
		"server 1: 1 / 2 / D who|first / D who|second / C SELECT 2 "
		    "/ Z I",
		"client 1 < R 3",
		"client 1: p second",
		"owner 2 = pool" } },
	{ "b24: notices and parameters in between", PLAIN, {
		COMES(1),
		"server 1: N 00000 hello / 1 / S TimeZone=UTC / 2 / "
		    "D who|secret / N 00000 again / C SELECT 1 / Z I",
		"client 1 < R 3",
		"client 1: p secret",
		"owner 2 = pool" } },
	{ "b24: an error is for the log", PLAIN, {
		COMES(1),
		"server 1: E 42P01 relation \"secret\" does not exist / Z I",
		FAILS(1),
		"owner 1 = pool",
		COMES(2),
		SAYS(1, "who|secret"),
		"client 2 < R 3" } },
	{ "b24: an error behind the row", PLAIN, {
		COMES(1),
		"server 1: 1 / 2 / D who|secret / E 22012 zero / Z I",
		FAILS(1) } },

	{ "who asks the same at the same time shares one query", PLAIN, {
		COMES(1), COMES(2), COMES(3),
		ASKED(1, "who"),
		SAYS(1, "who|secret"),
		"client 1 < R 3", "client 2 < R 3", "client 3 < R 3",
		"count = 1" } },
	{ "others have their own, over two connections at most", PLAIN, {
		"client 1 comes user=one",
		"client 2 comes user=two",
		"client 3 comes user=three",
		ASKED(1, "one"),
		ASKED(2, "two"),
		"count = 2",
		SAYS(2, "two|secret"),
		ASKED(2, "three"),
		"client 2 < R 3" } },
	{ "b28: one leaves, the others get their answer", PLAIN, {
		COMES(1), COMES(2),
		"client 1 leaves",
		SAYS(1, "who|secret"),
		"client 2 < R 3" } },
	{ "b28: all leave; the connection is fine", PLAIN, {
		COMES(1),
		"client 1 leaves",
		"owner 1 = tested",
		SAYS(1, "who|secret"),
		"owner 1 = pool",
		COMES(2),
		"client 2 < R 3" } },
	{ "b28: all leave before there is a connection", PLAIN, {
		"logins by hand",
		COMES(1),
		"client 1 leaves",
		"server 1: R 0 / K / Z I",
		"count = 1",
		COMES(2),
		SAYS(1, "who|secret"),
		"client 2 < R 3" } },

	{ "the connection breaks: one more attempt", PLAIN, {
		COMES(1),
		"server 1 dies",
		ASKED(2, "who"),
		SAYS(2, "who|secret"),
		"client 1 < R 3" } },
	{ "and no third one", PLAIN, {
		COMES(1),
		"server 1 dies",
		"server 2 dies",
		CANNOT(1) } },
	{ "half an answer is none", PLAIN, {
		COMES(1),
		"server 1: 1 / 2 / D who|secret",
		"server 1 dies",
		SAYS_NOBODY(2),
		"client 1 < R 3",
		"client 1: p secret",
		WRONG(1) } },
	{ "b26: a server that does not answer", PLAIN
	    "server_connect_timeout = 2\n", {
		COMES(1),
		ASKED(1, "who"),
		"wait 2.5",
		ASKED(2, "who"),
		"wait 2.5",
		CANNOT(1) } },
	{ "b26: a role that may not log in", PLAIN, {
		"refuse FATAL 28P01 password authentication failed",
		COMES(1),
		CANNOT(1),
		COMES(2),
		CANNOT(2),
		"count = 0",
		"let in",
		"wait 16",
		COMES(3),
		SAYS(2, "who|secret"),
		"client 3 < R 3" } },
	{ "b26: a host that is down", PLAIN, {
		"host 1 is down",
		COMES(1),
		CANNOT(1),
		COMES(2),
		CANNOT(2),
		"host 1 is up",
		"wait 2",
		COMES(3),
		SAYS(1, "who|secret"),
		"client 3 < R 3" } },
	{ "b26: all who wait are told", PLAIN, {
		"logins by hand",
		COMES(1), "client 2 comes user=two", COMES(3),
		"server 1: E FATAL 28000 no",
		"server 2: E FATAL 28000 no",
		CANNOT(1), CANNOT(2), CANNOT(3) } },
	{ "b27: a database to ask that is not there", PLAIN
	    "auth_dbname = nowhere\n", {
		COMES(1), FAILS(1), "count = 0" } },
	{ "the login's own deadline holds", PLAIN
	    "client_login_timeout = 1\n", {
		COMES(1),
		"wait 1.5",
		"client 1 < E FATAL 08P01 client_login_timeout",
		SAYS(1, "who|secret"),
		"owner 1 = pool" } },

	{ "the cache spares a query", PLAIN "auth_query_cache = 5\n", {
		COMES(1), SAYS(1, "who|secret"), "client 1 < R 3",
		"wait 4",
		COMES(2),
		"server 1 <",
		"client 2 < R 3",
		"client 2: p secret",
		"owner 2 = pool" } },
	{ "and only for a while", PLAIN "auth_query_cache = 5\n", {
		COMES(1), SAYS(1, "who|secret"),
		"wait 6",
		COMES(2),
		SAYS(1, "who|secret"),
		"client 2 < R 3" } },
	{ "0 is no cache", PLAIN "auth_query_cache = 0\n", {
		COMES(1), SAYS(1, "who|secret"),
		COMES(2),
		"client 1 < R 3",
		SAYS(1, "who|secret"),
		"client 2 < R 3" } },
	{ "b30: what does not fit is asked again, once", PLAIN, {
		COMES(1), SAYS(1, "who|old"),
		COMES(2),
		"client 2 < R 3",
		"client 2: p new",
		SAYS(1, "who|new"),
		"owner 2 = pool",
		COMES(3),
		"client 3 < R 3",
		"client 3: p old",
		SAYS(1, "who|new"),
		WRONG(3) } },
	{ "b30: what was just asked is not asked again", PLAIN, {
		COMES(1),
		SAYS(1, "who|secret"),
		"client 1: p wrong",
		"client 1 < R 3 / E FATAL 28P01 password",
		"server 1 <" } },
	{ "b30: nobody any more", PLAIN, {
		COMES(1), SAYS(1, "who|old"),
		COMES(2),
		"client 2: p new",
		SAYS_NOBODY(1),
		"client 2 < R 3 / E FATAL 28P01 password" } },
	{ "b30: or it cannot be asked", PLAIN, {
		COMES(1), SAYS(1, "who|old"),
		COMES(2),
		"client 2: p new",
		"server 1: E 42P01 gone / Z I",
		"client 2 < R 3 / E FATAL 28000 bouncer config error" } },
	{ "an exchange by SCRAM cannot be repaired: it is asked each time",
	    SCRAM, {
		COMES(1), SAYS(1, "who|secret"),
		COMES(2), SAYS(1, "who|secret"),
		"client 2 < R 10" } },
	{ "nor with md5 and a secret of that kind", MD5, {
		COMES(1),
		SAYS(1, "who|SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$"
		    "WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:"
		    "wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU="),
		"client 1 < R 10",
		COMES(2),
		SAYS_NOBODY(1),
		"client 2 < R 10" } },
	{ "b11: with md5 nobody is asked as somebody was lately", MD5, {
		COMES(1), SAYS_NOBODY(1),
		"client 1 < R 5",
		"client 2 comes user=some",
		SAYS(1, "some|SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$"
		    "WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:"
		    "wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU="),
		"client 2 < R 10",
		COMES(3), SAYS_NOBODY(1),
		"client 3 < R 10",
		"client 4 comes user=void",
		SAYS(1, "void|"),
		"client 4 < R 10",
		"client 5 comes user=next",
		SAYS(1, "next|secret"),
		"client 5 < R 5",
		COMES(6), SAYS_NOBODY(1),
		"client 6 < R 5" } },
	{ "b31: a reload forgets", PLAIN, {
		COMES(1), SAYS(1, "who|old"),
		"reload " PLAIN "verbose = 0\n",
		COMES(2),
		SAYS(1, "who|new"),
		"client 2: p new",
		"owner 2 = pool" } },
	{ "b31: what was asked before a reload is not kept", PLAIN, {
		COMES(1),
		"reload " PLAIN "verbose = 0\n",
		SAYS(1, "who|old"),
		"client 1 < R 3",
		COMES(2),
		SAYS(1, "who|new"),
		"client 2 < R 3" } },
	{ "the database that is asked goes", PLAIN "[databases]\n"
	    "shop = host=$1 auth_dbname=asked\nasked = host=$1\n", {
		"logins by hand",
		COMES(1),
		"reload " PLAIN "[databases]\nshop = host=$1 "
		    "auth_dbname=asked\n",
		FAILS(1) } },

	{ "a pause holds it up", PLAIN, {
		"pause",
		COMES(1),
		"count = 0",
		"resume",
		SAYS(1, "who|secret"),
		"client 1 < R 3" } },
	{ "who logs in comes before who waits for a server", TRUST
	    "pool_mode = transaction\nserver_connections = 1\n", {
		"client 1: Q BEGIN",
		"server 1: C BEGIN / Z T",
		"client 2 comes user=third",
		"wait 1",
		COMES(3),
		"client 1: Q COMMIT",
		"server 1: C COMMIT / Z I",
		"wait 0.3",
		"owner 1 = gone",
		ASKED(2, "who"),
		SAYS(2, "who|secret") } },
};

START_TEST(somebody_is_looked_up)
{
	play(&lookups[_i], "");
}
END_TEST

/* Rows that lie about their lengths, and one that is too long to be waited
 * for: the connection is not believed any more, and there is one more
 * attempt on another. */
static const struct {
	const char *why, *row;
	size_t n;
	bool closes;
} rows[] = {
#define ROW(s) s, sizeof s - 1
	{ "b01: a length beyond the end", ROW("D\0\0\0\15\0\2\0\0\0\11who"),
	    false },
	{ "b01: a negative length", ROW("D\0\0\0\16\0\2\377\377\377\376"
	    "\0\0\0\0"), false },
	{ "no columns at all", ROW("D\0\0\0\6\0\0"), false },
	{ "no count", ROW("D\0\0\0\4"), false },
	{ "bytes behind the last value", ROW("D\0\0\0\24\0\2\0\0\0\3who"
	    "\0\0\0\0xyz"), false },
	{ "a NUL byte in the name", ROW("D\0\0\0\21\0\2\0\0\0\3w\0o"
	    "\0\0\0\0"), false },
	{ "a row of 16 MB", ROW("D\1\0\0\0\0\2"), true },
#undef ROW
};

START_TEST(a_row_that_lies)
{
	struct world *w = world_start(PLAIN);
	struct text t = { 0 };

	script_write(SERVER_SPEAKS, "1", &t);
	script_write(SERVER_SPEAKS, "2", &t);
	text_add(&t, rows[_i].row, rows[_i].n);
	if (!rows[_i].closes) {
		script_write(SERVER_SPEAKS, "C SELECT 1", &t);
		script_write(SERVER_SPEAKS, "Z I", &t);
	}
	client_comes(w, 1, "user=who");
	server_replies_bytes(w, 1, t.p, t.n);
	if (rows[_i].closes) {
		ck_assert_str_eq(server_owner(w, 1), "gone");
		server_replies_bytes(w, 2, t.p, t.n);
	}
	client_gets(w, 1, rows[_i].closes ?
	    "E FATAL 57P03 bouncer config error" :
	    "E FATAL 28000 bouncer config error");
	ck_assert_msg(client_is_gone(w, 1), "%s", rows[_i].why);
	text_fini(&t);
	world_stop(w);
}
END_TEST

/* b20: the connection says nothing at its start that a client chose. */
START_TEST(b20_connection_is_our_own)
{
	struct world *w = world_start(PLAIN);
	const struct pool *p;

	client_comes(w, 1, "user=who&application_name=evil&TimeZone=Mars");
	server_replies(w, 1, "1", "2", "D who|secret", "C SELECT 1", "Z I");
	client_sends(w, 1, "p secret");
	p = world_pool(w, "shop", "other");
	ck_assert_ptr_null(p);
	ck_assert_uint_eq(w->pooler->npools, 2);
	server_gets_nothing(w, 1);
	/* And no client ever has it. */
	client_comes(w, 2, "user=other");
	ck_assert_str_eq(server_owner(w, 1), "pool");
	world_stop(w);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("authquery");
	TCase *t = tcase_create("look-ups");

	tcase_set_timeout(t, 60);
	tcase_add_loop_test(t, somebody_is_looked_up, 0,
	    (int)countof(lookups));
	tcase_add_loop_test(t, a_row_that_lies, 0, (int)countof(rows));
	tcase_add_test(t, b20_connection_is_our_own);
	suite_add_tcase(s, t);
	return world_run(s);
}
