/*
 * test_hosts.c - how replicas share the reads, and what becomes of requests
 * when hosts come, go and change their roles.
 */
#include <stdio.h>

#include "base/must.h"
#include "conversation/hosts.h"
#include "conversation/play.h"
#include "conversation/world.h"
#include "pool/pools.h"

static const struct play faults[] = {
	{ "no primary: reads go on, writes wait", TWO, {
		PAIR,
		"client 1: Q select 1",
		"server 1: " ROW,
		"client 1 < " ROW,
		"host 1 is silent",
		"owner 1 = gone",
		"client 1: Q insert into t values (1)",
		"client 1 waits no_primary",
		"client 2: Q /* pgweir:replica */ select 1",
		"server 2 is at 2",
		"server 2: " ROW,
		"client 2 < " ROW,
		"host 1 is primary",
		"server 3 is at 1",
		"server 3: C INSERT 0 1 / Z I",
		"client 1 < C INSERT 0 1 / Z I" } },
	{ "no primary at the login: a replica tells the welcome", TWO, {
		"host 1 is silent", "host 2 is replica",
		"client 1: Q /* pgweir:replica */ select 1",
		"server 1 is at 2",
		"server 1: " ROW,
		"client 1 < " ROW } },
	{ "no replica: reads at the primary", TWO, {
		"host 1 is primary", "host 2 is silent",
		"client 1: Q /* pgweir:replica */ select 1",
		"server 1 is at 1",
		"server 1: " ROW,
		"client 1 < " ROW } },
	{ "who waits goes to the other side when the last replica goes", TWO, {
		PAIR,
		"client 1: Q select 1",
		"server 1: " ROW,
		"client 1 < " ROW,
		"logins by hand",
		"client 1: Q /* pgweir:replica */ select 2",
		"count = 2",
		"host 2 is silent",
		"owner 1 = client 1",
		"server 1: " ROW,
		"client 1 < " ROW } },
	{ "a promotion: writes follow", TWO, {
		PAIR,
		"client 1: Q select 1",
		"server 1: " ROW,
		"client 1 < " ROW,
		"host 1 is silent",
		"client 1: Q insert into t values (1)",
		"client 1 waits no_primary",
		"host 2 is primary 2",
		"server 2 is at 2",
		"server 2 < Q insert into t values (1)",
		"server 2: C INSERT 0 1 / Z I",
		"client 1 < C INSERT 0 1 / Z I",
		"host 1 is primary 1",
		"client 2: Q select 2",
		"owner 2 = client 2",
		"host 1 is replica 2",
		"client 3: Q /* pgweir:replica */ select 3",
		"server 3 is at 1" } },
	{ "l48: a primary that was replaced commits nothing more", TWO, {
		PAIR,
		"client 1: Q begin",
		"server 1: C BEGIN / Z T",
		"client 1 < C BEGIN / Z T",
		"client 2: Q insert into t values (2)",
		"server 2 < Q insert into t values (2)",
		"host 1 is silent",
		"owner 1 = client 1",
		"client 3: Q insert into t values (3)",
		"client 3 waits no_primary",
		"host 2 is primary 2",
		"client 1 < E FATAL 08006",
		"client 2 < E FATAL 08006",
		"client 1 is gone",
		"client 2 is gone",
		"owner 1 = gone",
		"owner 2 = gone",
		"server 3 is at 2",
		"server 3 < Q insert into t values (3)" } },
	{ "l50: also while it is there; a block of reads ends where it began",
	    TWO, {
		PAIR,
		"client 1: Q begin",
		"server 1: C BEGIN / Z T",
		"client 1 < C BEGIN / Z T",
		"client 2: Q begin read only",
		"client 2 < C BEGIN / Z T",
		"client 2: " READ,
		"server 2: C BEGIN / Z T / C SELECT 1 / Z T",
		"client 2 < C SELECT 1 / Z T",
		"host 2 is primary 2",
		"client 1 < E FATAL 08006",
		"owner 1 = gone",
		"client 2: Q commit",
		"server 2: C COMMIT / Z I",
		"client 2 < C COMMIT / Z I" } },
	{ "a replica is lost before its answer: another one is asked", TWO, {
		PAIR,
		"client 1: Q /* pgweir:replica */ select 1",
		"server 2 < Q /* pgweir:replica */ select 1",
		"server 2 dies",
		"server 3 < Q /* pgweir:replica */ select 1",
		"server 3: " ROW,
		"client 1 < " ROW } },
	{ "so does a block whose first statement is unanswered", TWO, {
		PAIR,
		"client 1: Q begin read only",
		"client 1 < C BEGIN / Z T",
		"client 1: " READ,
		"server 2: C BEGIN / Z T",
		"server 2 dies",
		"server 3 < Q begin read only / " READ,
		"server 3: C BEGIN / Z T / C SELECT 1 / Z T",
		"client 1 < C SELECT 1 / Z T",
		"server 3 dies",
		"client 1 < E FATAL 08006",
		"client 1 is gone" } },
	{ "results that have begun are not", TWO, {
		PAIR,
		"client 1: Q /* pgweir:replica */ select 1",
		"server 2: D 1",
		"client 1 < D 1",
		"server 2 dies",
		"client 1 < E FATAL 08006" } },
	{ "a replica's error: the primary's answer counts", TWO, {
		PAIR,
		"client 1: Q /* pgweir:replica */ select 1",
		"server 2: E 40001 conflict with recovery / Z I",
		"server 1 < Q /* pgweir:replica */ select 1",
		"server 1: E 42P01 no such table / Z I",
		"client 1 < E 42P01 / Z I",
		"owner 2 = pool" } },
	{ "l42: also where rows were about to follow", TWO, {
		PAIR,
		"client 1: P - select 1 /* pgweir:replica */ / B - - / "
		    "D P - / E - 0 / S",
		"server 2: 1 / 2 / T / E 40001 conflict with recovery / Z I",
		"client 1 <",
		"server 1: 1 / 2 / T / C SELECT 1 / Z I",
		"client 1 < 1 / 2 / T / C SELECT 1 / Z I",
		"owner 2 = pool" } },
	{ "l41: a goodbye where rows were about to follow", TWO, {
		PAIR,
		"client 1: Q /* pgweir:replica */ select 1",
		"server 2: T / E FATAL 57P01 shutdown",
		"server 2 dies",
		"client 1 <",
		"server 3: T / D 1 / " ROW,
		"client 1 < T / D 1 / " ROW } },
	{ "but for a cancelled one", TWO, {
		PAIR,
		"client 1: Q /* pgweir:replica */ select 1",
		"server 2: E 57014 canceled / Z I",
		"client 1 < E 57014 / Z I",
		"server 1 <" } },
	{ "a replica says goodbye", TWO, {
		PAIR,
		"client 1: Q /* pgweir:replica */ select 1",
		"server 2: E FATAL 57P01 shutdown",
		"client 1 <",
		"server 2 dies",
		"server 3 < Q /* pgweir:replica */ select 1",
		"server 3: " ROW,
		"client 1 < " ROW } },
	{ "a goodbye to a BEGIN that waited: nothing has happened", TWO, {
		PAIR,
		"client 1: Q begin read only",
		"client 1 < C BEGIN / Z T",
		"client 1: Q select pg_notify('a', 'b')",
		"server 1 < Q begin read only / Q select pg_notify('a', 'b')",
		"server 1: E FATAL 57P01 shutdown",
		"server 1 dies",
		"client 1 <",
		"server 2 < Q begin read only / Q select pg_notify('a', 'b')",
		"server 2: C BEGIN / Z T / C SELECT 1 / Z T",
		"client 1 < C SELECT 1 / Z T" } },
	{ "that is not tried for ever, and the client hears of it", TWO, {
		PAIR,
		"client 1: Q begin read only",
		"client 1 < C BEGIN / Z T",
		"client 1: " READ,
		"server 2: E FATAL 57P01 shutdown",
		"server 2 dies",
		"server 3: E FATAL 57P01 shutdown",
		"server 3 dies",
		"server 1: E FATAL 57P01 shutdown",
		"server 1 dies",
		"client 1 <",
		"server 4: E FATAL 57P01 shutdown",
		"server 4 dies",
		"client 1 < E FATAL 08006",
		"client 1 is gone" } },
	{ "a primary says goodbye instead of an answer", TWO, {
		PAIR,
		"client 1: Q insert into t values (1)",
		"server 1: E FATAL 57P01 shutdown",
		"server 1 dies",
		"client 1 <",
		"server 2 < Q insert into t values (1)",
		"server 2: C INSERT 0 1 / Z I",
		"client 1 < C INSERT 0 1 / Z I" } },
	{ "what an operator has ended is not begun anew", TWO, {
		PAIR,
		"client 1: Q insert into t select * from t",
		"wait 2",
		"server 1: E FATAL 57P01 terminated",
		"client 1 < E FATAL 57P01" } },
	{ "nor a read that has been ended twice", TWO, {
		PAIR,
		"client 1: " HINT,
		"wait 2",
		"server 2: E FATAL 57P01 terminated",
		"server 2 dies",
		"server 3 < " HINT,
		"wait 2",
		"server 3: E FATAL 57P01 terminated",
		"client 1 < E FATAL 57P01" } },
	{ "a read at the primary may have written", TWO, {
		"host 1 is primary", "host 2 is silent",
		"client 1: Q /* pgweir:replica */ select f()",
		"server 1 dies",
		"client 1 < E FATAL 08006" } },
	{ "but not one without a function", TWO, {
		"host 1 is primary", "host 2 is silent",
		"client 1: " HINT,
		"server 1 dies",
		"server 2 < " HINT,
		"server 2: " ROW,
		"client 1 < " ROW } },
	{ "after two replicas the primary is asked", ROUTED, {
		"host 1 is primary", "host 2 is replica", "host 3 is replica",
		"client 1: " HINT,
		"server 2 dies",
		"server 3 dies",
		"server 1 < " HINT,
		"server 1: " ROW,
		"client 1 < " ROW } },
	{ "nobody knows what became of a write", TWO, {
		PAIR,
		"client 1: Q insert into t values (1)",
		"server 1 dies",
		"client 1 < E FATAL 08006" } },
	{ "several statements may be several transactions", TWO, {
		PAIR,
		"client 1: Q insert into t values (1); commit; select 1",
		"server 1: E FATAL 57P01 shutdown",
		"client 1 < E FATAL 57P01" } },
	{ "a host that is down gives up reads it has not answered", TWO, {
		PAIR,
		"client 1: Q /* pgweir:replica */ select 1",
		"owner 2 = client 1",
		"client 2: Q begin read only",
		"client 2 < C BEGIN / Z T",
		"client 2: Q select 2",
		"server 3: C BEGIN / Z T / C SELECT 1 / Z T",
		"client 2 < C SELECT 1 / Z T",
		"host 2 is silent",
		"owner 1 = client 1",
		"server 1 < Q /* pgweir:replica */ select 1",
		"owner 3 = client 2" } },
	{ "all are gone: wait, then the usual error", TWO
	    "[pgbouncer]\nquery_wait_timeout = 5\n", {
		PAIR,
		"client 1: Q select 1",
		"server 1: " ROW,
		"client 1 < " ROW,
		"host 1 is silent",
		"host 2 is silent",
		"client 1: Q /* pgweir:replica */ select 1",
		"client 1 waits no_primary",
		"wait 6",
		"client 1 < E FATAL 53300",
		"client 1 is gone" } },
	{ "prepared statements follow a read to another server", TWO, {
		PAIR,
		"client 1: P s1 select 1 /* pgweir:replica */ / D S s1 / S",
		"server 2: 1 / t / n / Z I",
		"client 1 < 1 / t / n / Z I",
		"client 1: B - s1 / E - 0 / S",
		"server 2 dies",
		"server 3: 1 / t / n / 2 / C SELECT 1 / Z I",
		"client 1 < 2 / C SELECT 1 / Z I" } },
	{ "f05 l42: a name that was made on the way is made anew", TWO, {
		PAIR,
		"client 1: P s1 select 1 /* pgweir:replica */ / B - s1 / "
		    "D P - / E - 0 / S",
		"server 2: 1 / 2 / T / E 40001 conflict with recovery / Z I",
		"client 1 <",
		"server 1: 1 / 2 / T / C SELECT 1 / Z I",
		"client 1 < 1 / 2 / T / C SELECT 1 / Z I" } },
	{ "f05 l41: what is ours to answer is answered once", TWO, {
		PAIR,
		"client 1: P s1 select 1 /* pgweir:replica */ / S",
		"server 2: 1 / Z I",
		"client 1 < 1 / Z I",
		"client 2: P s2 select 1 /* pgweir:replica */ / S",
		"server 2 < S",
		"client 2 <",
		"server 2: E FATAL 57P01 shutdown",
		"server 2 dies",
		"client 2 <",
		"server 3: 1 / Z I",
		"client 2 < 1 / Z I",
		"client 1: P s3 select 1 /* pgweir:replica */ / S",
		"client 1 <",
		"server 3: Z I",
		"client 1 < 1 / Z I",
		"client 2: P s2 select 2 / S",
		"server 1: E 42P05 / Z I",
		"client 2 < E 42P05 / Z I" } },
	{ "l41: what only prepares is prepared elsewhere", TWO, {
		PAIR,
		"client 1: P s1 select 1 /* pgweir:replica */ / "
		    "P s2 insert into t values (1) / S",
		"server 2 dies",
		"server 3: 1 / 1 / Z I",
		"client 1 < 1 / 1 / Z I",
		"client 2: P s3 insert into t values (2) / S",
		"server 1: 1",
		"client 2 < 1",
		"server 1 dies",
		"client 2 < E FATAL 08006",
		"client 3: P s3 insert into t values (2) / S",
		"server 4 dies",
		"server 5: 1 / Z I",
		"client 3 < 1 / Z I" } },
};

#define RULE(rule) "[databases]\nshop = host=$1,$2,$3 load_balance=" rule "\n"
#define BALANCED(rule, more) MAIN "routing = explicit\n" more RULE(rule)
#define TRIO "host 1 is primary", "host 2 is replica", "host 3 is replica"

/* Client n is given server s, which is at this host. */
#define READS(n, s, host)                                       \
	"client " #n ": " HINT, "owner " #s " = client " #n,    \
	"server " #s " is at " #host
#define ENDS(n, s) "server " #s ": " ROW, "client " #n " < " ROW

static const struct play balance[] = {
	{ "l59: new servers go where there are fewest",
	    BALANCED("least_connections", ""), {
		TRIO,
		READS(1, 2, 2), READS(2, 3, 3), READS(3, 4, 2),
		READS(4, 5, 3) } },
	{ "l59: least_connections among the idle ones",
	    BALANCED("least_connections", ""), {
		TRIO,
		READS(1, 2, 2), READS(2, 3, 3), READS(3, 4, 2),
		READS(4, 5, 3),
		ENDS(1, 2), ENDS(2, 3), ENDS(3, 4),
		/* One is busy at 3, none at 2. */
		READS(5, 4, 2) } },
	{ "round_robin", BALANCED("round_robin", ""), {
		TRIO,
		READS(1, 2, 2), READS(2, 3, 3), ENDS(1, 2), ENDS(2, 3),
		READS(1, 2, 2), ENDS(1, 2),
		READS(1, 3, 3), ENDS(1, 3),
		READS(1, 2, 2), ENDS(1, 2) } },
	{ "a host that comes gets its part of a full pool",
	    BALANCED("least_connections", "default_pool_size = 4\n"), {
		"host 1 is primary", "host 2 is replica", "host 3 is silent",
		READS(1, 2, 2), READS(2, 3, 2), READS(3, 4, 2),
		READS(4, 5, 2),
		ENDS(1, 2), ENDS(2, 3), ENDS(3, 4), ENDS(4, 5),
		"host 3 is replica",
		"wait 5",
		"owner 6 = pool", "server 6 is at 3",
		"owner 7 = pool", "server 7 is at 3",
		"count = 5",
		"wait 10",
		"count = 5" } },
	{ "slow start: little by little", MAIN "routing = explicit\n"
	    "slow_start = 100\ndefault_pool_size = 4\n"
	    RULE("least_connections"), {
		TRIO,
		"wait 100",
		"host 3 is silent",
		READS(1, 2, 2), READS(2, 3, 2), READS(3, 4, 2),
		READS(4, 5, 2),
		ENDS(1, 2), ENDS(2, 3), ENDS(3, 4), ENDS(4, 5),
		"host 3 is replica",
		"wait 10",
		"count = 5",
		"wait 90",
		"server 6 is at 3", "server 7 is at 3" } },
};

START_TEST(replicas_share)
{
	play(&balance[_i], ROUTED);
}
END_TEST

/* Which of them is a matter of its name. */
START_TEST(ip_hash_keeps_the_host)
{
	static const char *const begin[] = { TRIO, "client 1: " HINT,
		"owner 2 = client 1", "client 2: " HINT,
		"owner 3 = client 2", "client 3: " HINT,
		"client 3 waits pool_size", ENDS(1, 2),
		"owner 2 = client 3", ENDS(3, 2), ENDS(2, 3), NULL };
	static const char *const again[] = { "client 1: " HINT, NULL };
	struct world *w = world_start(BALANCED("ip_hash",
	    "default_pool_size = 2\n"));
	int host;

	play_lines(w, "ip_hash", begin);
	host = server_host(w, 2);
	ck_assert_int_ne(host, 1);
	ck_assert_int_eq(server_host(w, 3), host);
	host_is_silent(w, (unsigned)host);
	play_lines(w, "ip_hash", again);
	ck_assert_int_eq(server_host(w, 4), 5 - host);
	server_replies(w, 4, "C SELECT 1", "Z I");
	host_reports(w, (unsigned)host, true, 1);
	play_lines(w, "ip_hash", again);
	ck_assert_int_eq(server_host(w, 5), host);
	world_stop(w);
}
END_TEST

/* The pool is full of servers of the other host. */
START_TEST(ip_hash_makes_room_for_all)
{
	static const char *const begin[] = { TRIO, "client 1: " HINT,
		ENDS(1, 2), NULL };
	static const char *const fill[] = { "client 1: " HINT,
		"client 2: " HINT, ENDS(1, 3), ENDS(2, 4), NULL };
	static const char *const end[] = { "client 1: " HINT,
		"client 2: " HINT, "wait 0.5", "owner 5 = client 1",
		"owner 6 = client 2", "owner 3 = gone", "owner 4 = gone",
		NULL };
	struct world *w = world_start(BALANCED("ip_hash",
	    "default_pool_size = 2\n"));
	int host;

	play_lines(w, "room", begin);
	host = server_host(w, 2);
	host_is_silent(w, (unsigned)host);
	play_lines(w, "room", fill);
	host_reports(w, (unsigned)host, true, 1);
	play_lines(w, "room", end);
	ck_assert_int_eq(server_host(w, 5), host);
	ck_assert_int_eq(server_host(w, 6), host);
	world_stop(w);
}
END_TEST

/* It is said to be up. */
START_TEST(ip_hash_waits_for_nobody_who_lets_nobody_in)
{
	static const char *const begin[] = { TRIO, "client 1: " HINT,
		ENDS(1, 2), NULL };
	static const char *const end[] = { "server 2 dies",
		"client 1: " HINT, "owner 3 = client 1", NULL };
	struct world *w = world_start(BALANCED("ip_hash", ""));
	int host;

	play_lines(w, "nobody", begin);
	host = server_host(w, 2);
	servers_listen(w, (unsigned)host, false);
	play_lines(w, "nobody", end);
	ck_assert_int_eq(server_host(w, 3), 5 - host);
	world_stop(w);
}
END_TEST

/* The pool goes, and its side at the replicas with it. */
START_TEST(an_automatic_database_is_forgotten)
{
	static const char *const end[] = { "client 1: " HINT, ENDS(1, 2),
		"client 1 leaves", "wait 20", "count = 0", NULL };
	struct world *w = world_start(MAIN "routing = explicit\n"
	    "autodb_idle_timeout = 5\n[databases]\n* = host=$1,$2\n");
	struct text line = { 0 };

	client_comes(w, 1, "");
	host_reports(w, 1, false, 1);
	host_reports(w, 2, true, 1);
	while (client_next(w, 1, &line))
		;
	text_fini(&line);
	play_lines(w, "an automatic database", end);
	ck_assert_uint_eq(w->pooler->npools, 0);
	world_stop(w);
}
END_TEST

START_TEST(hosts_fail)
{
	play(&faults[_i], ROUTED);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("hosts");
	TCase *t = tcase_create("hosts");

	tcase_set_timeout(t, 60);
	tcase_add_loop_test(t, replicas_share, 0, (int)countof(balance));
	tcase_add_test(t, ip_hash_keeps_the_host);
	tcase_add_test(t, ip_hash_makes_room_for_all);
	tcase_add_test(t, ip_hash_waits_for_nobody_who_lets_nobody_in);
	tcase_add_test(t, an_automatic_database_is_forgotten);
	tcase_add_loop_test(t, hosts_fail, 0, (int)countof(faults));
	suite_add_tcase(s, t);
	return world_run(s);
}
