/*
 * test_routing.c - which of several hosts a request runs on.
 */
#include <stdio.h>

#include "base/must.h"
#include "conversation/hosts.h"
#include "conversation/play.h"
#include "conversation/world.h"

static const struct play explicit[] = {
	{ "all but reads that say so: the primary", TWO, {
		PAIR,
		"client 1: Q select 1",
		"server 1 < Q select 1",
		"server 1 is at 1",
		"server 1: " ROW,
		"client 1 < " ROW } },
	{ "BEGIN READ ONLY waits for its first statement", TWO, {
		PAIR,
		"client 1: Q BEGIN READ ONLY",
		"client 1 < C BEGIN / Z T",
		"owner 1 = pool",
		"client 1: " READ,
		"server 2 is at 2",
		"server 2 < Q BEGIN READ ONLY / " READ,
		"server 2: C BEGIN / Z T / D 1 / C SELECT 1 / Z T",
		"client 1 < D 1 / C SELECT 1 / Z T",
		"client 1: Q select 2",
		"server 2 < Q select 2",
		"server 2: C SELECT 1 / Z T",
		"client 1 < C SELECT 1 / Z T",
		"client 1: Q COMMIT",
		"server 2: C COMMIT / Z I",
		"client 1 < C COMMIT / Z I",
		"owner 2 = pool" } },
	{ "a block that ends at once needs no server", TWO, {
		PAIR,
		"client 1: Q START TRANSACTION READ ONLY",
		"client 1 < C BEGIN / Z T",
		"client 1: Q commit;",
		"client 1 < C COMMIT / Z I",
		"client 1: Q begin isolation level repeatable read, read only",
		"client 1 < C BEGIN / Z T",
		"client 1: Q ROLLBACK",
		"client 1 < C ROLLBACK / Z I",
		"server 1 <",
		"count = 1" } },
	{ "one that begins with something else: the primary", TWO, {
		PAIR,
		"client 1: Q BEGIN READ ONLY",
		"client 1 < C BEGIN / Z T",
		"client 1: Q select pg_notify('a', 'b')",
		"server 1 < Q BEGIN READ ONLY / Q select pg_notify('a', 'b')",
		"server 1: C BEGIN / Z T / C SELECT 1 / Z T",
		"client 1 < C SELECT 1 / Z T" } },
	{ "SERIALIZABLE and READ WRITE: the primary", TWO, {
		PAIR,
		"client 1: Q begin isolation level serializable, read only",
		"server 1 < Q begin isolation level serializable, read only",
		"server 1: C BEGIN / Z T",
		"client 1 < C BEGIN / Z T",
		"client 1: Q rollback",
		"server 1: C ROLLBACK / Z I",
		"client 1 < C ROLLBACK / Z I",
		"client 1: Q begin",
		"server 1 < Q begin",
		"server 1: C BEGIN / Z T" } },
	{ "SERIALIZABLE by default: the primary", TWO, {
		PAIR,
		"client 1: Q set default_transaction_isolation to "
		    "'serializable'",
		"server 1: C SET / Z I",
		"client 1 < C SET / Z I",
		"client 1: Q begin read only",
		"server 1 < Q begin read only",
		"server 1: C BEGIN / Z T",
		"client 1 < C BEGIN / Z T",
		"client 1: Q rollback",
		"server 1: C ROLLBACK / Z I",
		"client 1 < C ROLLBACK / Z I",
		"client 1: Q discard all",
		"server 1: C DISCARD ALL / Z I",
		"client 1 < C DISCARD ALL / Z I",
		"client 1: Q begin read only",
		"client 1 < C BEGIN / Z T" } },
	{ "l15: an encoding with bytes of SQL in its characters", TWO, {
		PAIR,
		"client 1 joins client_encoding=SJIS",
		"client 1: " HINT,
		"server 1: S client_encoding=SJIS / C SET / Z I",
		"server 1 < " HINT,
		"server 1: " ROW,
		"client 1 < " ROW,
		"client 1: Q begin read only",
		"server 1 < Q begin read only" } },
	{ "l14: standard_conforming_strings is off", TWO, {
		PAIR,
		"client 1 joins standard_conforming_strings=off",
		"client 1: Q begin read only",
		"server 1: S standard_conforming_strings=off / C SET / Z I",
		"server 1 < Q begin read only" } },
	{ "l17: several statements, and one of them writes", TWO, {
		BLOCK,
		"client 1: Q select 1; insert into t values (1)",
		"server 1 < Q begin read only / "
		    "Q select 1; insert into t values (1)" } },
	{ "l17: several that only read", TWO, {
		BLOCK,
		"client 1: Q select 1; table t",
		"server 2 < Q begin read only / Q select 1; table t" } },
	{ "l23: a FunctionCall", TWO, {
		BLOCK,
		"client 1: F",
		"server 1 < Q begin read only / F" } },
	{ "a temporary table: the primary", TWO, {
		PAIR,
		"client 1: Q BEGIN READ ONLY",
		"client 1 < C BEGIN / Z T",
		"client 1: Q select * from t",
		"server 2 < Q BEGIN READ ONLY / Q select * from t",
		"server 2: C BEGIN / Z T / E 42P01 no such table / Z E",
		"client 1 <",
		"server 1 < Q BEGIN READ ONLY / Q select * from t",
		"server 1: C BEGIN / Z T / C SELECT 1 / Z T",
		"client 1 < C SELECT 1 / Z T",
		"owner 2 = gone" } },
	{ "a batch with BEGIN READ ONLY and a read", TWO, {
		PAIR,
		"client 1: P - BEGIN READ ONLY / B - - / E - 0 / "
		    "P - select 1 from t / B - - / E - 0 / S",
		"server 2 is at 2",
		"server 2 < P - BEGIN READ ONLY / B - - / E - 0 / "
		    "P - select 1 from t / B - - / E - 0 / S",
		"server 2: 1 / 2 / C BEGIN / 1 / 2 / C SELECT 1 / Z T",
		"client 1 < 1 / 2 / C BEGIN / 1 / 2 / C SELECT 1 / Z T" } },
	{ "a batch with BEGIN READ ONLY alone", TWO, {
		PAIR,
		"client 1: P - BEGIN READ ONLY / B - - / E - 0 / S",
		"client 1 < 1 / 2 / C BEGIN / Z T",
		"client 1: P - select 1 from t / B - - / E - 0 / S",
		"server 2 < Q BEGIN READ ONLY / P - select 1 from t / B - - / "
		    "E - 0 / S",
		"server 2: C BEGIN / Z T / 1 / 2 / C SELECT 1 / Z T",
		"client 1 < 1 / 2 / C SELECT 1 / Z T",
		"client 1: P - COMMIT / B - - / E - 0 / S",
		"server 2: 1 / 2 / C COMMIT / Z I",
		"client 1 < 1 / 2 / C COMMIT / Z I" } },
	{ "hints", TWO, {
		PAIR,
		"client 1: Q /* pgweir:replica */ select 1",
		"server 2 is at 2",
		"server 2: " ROW,
		"client 1 < " ROW,
		"client 1: P - select 1 /* pgweir:replica */ / B - - / "
		    "E - 0 / S",
		"server 2: 1 / 2 / C SELECT 1 / Z I",
		"client 1 < 1 / 2 / C SELECT 1 / Z I",
		"client 1: Q BEGIN READ ONLY",
		"client 1 < C BEGIN / Z T",
		"client 1: Q select 1 /* pgweir:primary */",
		"server 1 < Q BEGIN READ ONLY / "
		    "Q select 1 /* pgweir:primary */",
		"server 1: C BEGIN / Z T / C SELECT 1 / Z T" } },
	{ "a batch without its Sync is waited for", TWO, {
		PAIR,
		"client 1: P - select 1 /* pgweir:replica */ / B - - / E - 0",
		"server 1 <",
		"client 1: S",
		"server 2 < P - select 1 /* pgweir:replica */ / B - - / "
		    "E - 0 / S" } },
	{ "a Flush: the primary", TWO, {
		PAIR,
		"client 1: P - select 1 /* pgweir:replica */ / D S - / H",
		"server 1 < P - select 1 /* pgweir:replica */ / D S - / H" } },
	{ "SET pgweir.route is answered here", TWO, {
		PAIR,
		"client 1: Q SET pgweir.route = 'replica'",
		"client 1 < C SET / Z I",
		"client 1: Q select 1",
		"server 2: " ROW,
		"client 1 < " ROW,
		"client 1: Q set session pgweir.route to PRIMARY;",
		"client 1 < C SET / Z I",
		"client 1: Q /* pgweir:replica */ select 2",
		"server 2: " ROW,
		"client 1 < " ROW,
		"client 1: Q BEGIN READ ONLY",
		"server 1 < Q BEGIN READ ONLY",
		"server 1: C BEGIN / Z T",
		"client 1 < C BEGIN / Z T" } },
	{ "SHOW, and a SET to something else", TWO, {
		PAIR,
		"client 1: Q SET pgweir.route = 'replica'",
		"client 1 < C SET / Z I",
		"client 1: Q show pgweir.route",
		"client 1 < T / D replica / C SHOW / Z I",
		"client 1: Q SET pgweir.route = somewhere",
		"client 1 < E 22023 / Z I",
		"client 1: P - SET pgweir.route = 'x' / B - - / E - 0 / S",
		"client 1 < E 22023 / Z I",
		"client 1: Q show pgweir.route",
		"client 1 < T / D replica / C SHOW / Z I" } },
	{ "SET in a batch, and RESET", TWO, {
		PAIR,
		"client 1: P - SET pgweir.route = replica / B - - / D P - / "
		    "E - 0 / S",
		"client 1 < 1 / 2 / n / C SET / Z I",
		"client 1: Q insert into t values (1)",
		"server 2 < Q insert into t values (1)",
		"server 2: E 25006 read only / Z I",
		"client 1 < E 25006 / Z I",
		"client 1: Q reset pgweir.route",
		"client 1 < C RESET / Z I",
		"client 1: Q insert into t values (1)",
		"server 1 < Q insert into t values (1)" } },
	{ "a wish for a replica is for blocks, too", TWO, {
		PAIR,
		"client 1: Q SET pgweir.route = replica",
		"client 1 < C SET / Z I",
		"client 1: Q begin",
		"client 1 < C BEGIN / Z T",
		"client 1: Q delete from t",
		"server 2 is at 2",
		"server 2: C BEGIN / C SET / Z T / E 25006 read only / Z E",
		"server 1 <" } },
	{ "statement pooling: no block waits for its first statement",
	    "pool_mode = statement\ncontrol_user = watch\n"
	    "query_wait_notify = 0\nrouting = explicit\n"
	    "[databases]\nshop = host=$1,$2\n", {
		PAIR,
		"client 1: Q begin read only",
		"server 1: C BEGIN / Z T",
		"client 1 < C BEGIN / E FATAL 08P01" } },
	{ "a block that waits is idle in a transaction", TWO
	    "[pgbouncer]\nidle_transaction_timeout = 5\n", {
		PAIR,
		"client 1: Q begin read only",
		"client 1 < C BEGIN / Z T",
		"wait 4",
		"client 1 is here",
		"wait 2",
		"client 1 < E FATAL 25P03",
		"client 1 is gone" } },
	{ "a write that was not begun, where it has to be learned", TWO, {
		PAIR,
		"client 1: P s insert into t values (1) returning * / D S s /"
		    " S",
		"server 1: 1 / t / T / Z I",
		"client 1 < 1 / t / T / Z I",
		"client 1: B - s / E - 0 / S",
		"server 1 < B - _1 / E - 0 / S",
		"server 1: E FATAL 57P01 bye",
		"server 1 dies",
		"server 2 < P _1 insert into t values (1) returning * / D S _1"
		    " / B - _1 / E - 0 / S",
		"client 1 <" } },
	{ "routing goes off while somebody waits for a replica", TWO, {
		PAIR,
		"client 1: Q select 1",
		"server 1: " ROW,
		"client 1 < " ROW,
		"host 2 is silent",
		"client 1: Q set pgweir.route = replica",
		"client 1 < C SET / Z I",
		"client 1: Q insert 1",
		"client 1 waits no_replica",
		"reload " MAIN "[databases]\nshop = host=$1,$2\n",
		"owner 1 = client 1",
		"server 1: C INSERT 0 1 / Z I",
		"client 1 < C INSERT 0 1 / Z I" } },
	{ "routing goes on: what is a read from then on", MAIN
	    "[databases]\nshop = host=$1\n", {
		"client 1: Q begin read only",
		"server 1: C BEGIN / Z T",
		"client 1 < C BEGIN / Z T",
		"reload " MAIN "routing = explicit\n[databases]\n"
		    "shop = host=$1,$2\n",
		PAIR,
		"client 1: Q commit",
		"server 1: C COMMIT / Z I",
		"client 1 < C COMMIT / Z I",
		"client 1: " HINT,
		"server 2 is at 2" } },
	{ "pipelines: answers in order, whoever gives them", TWO, {
		PAIR,
		"client 1: Q insert 1 / Q insert 2 / " HINT " / Q insert 3 / "
		    "Q insert 4",
		"server 1 < Q insert 1 / Q insert 2",
		"server 1: C INSERT 0 1 / Z I",
		"client 1 < C INSERT 0 1 / Z I",
		"server 1: C INSERT 0 1 / Z I",
		"client 1 < C INSERT 0 1 / Z I",
		"owner 1 = pool",
		"server 2 < " HINT,
		"server 2: " ROW,
		"client 1 < " ROW,
		"owner 2 = pool",
		"server 1 < Q insert 3 / Q insert 4" } },
	{ "a pipeline behind a block of reads", TWO, {
		PAIR,
		"client 1: Q begin read only / Q select 1 / Q select 2 / "
		    "Q commit / Q insert 1",
		"client 1 < C BEGIN / Z T",
		"server 2 < Q begin read only / Q select 1",
		"server 2: C BEGIN / Z T / C SELECT 1 / Z T",
		"client 1 < C SELECT 1 / Z T",
		"server 2 < Q select 2",
		"server 2: C SELECT 1 / Z T",
		"client 1 < C SELECT 1 / Z T",
		"server 2 < Q commit",
		"server 2: C COMMIT / Z I",
		"client 1 < C COMMIT / Z I",
		"server 1 < Q insert 1" } },
	{ "routing off: any of the hosts", MAIN
	    "[databases]\nshop = host=$1,$2\n", {
		"client 1: Q BEGIN READ ONLY",
		"server 1 < Q BEGIN READ ONLY",
		"server 1: C BEGIN / Z T",
		"client 1 < C BEGIN / Z T" } },
	{ "session pooling: the primary", "pool_mode = session\n"
	    "control_user = watch\nquery_wait_notify = 0\n"
	    "routing = explicit\n[databases]\nshop = host=$1,$2\n", {
		PAIR,
		"client 1: Q BEGIN READ ONLY",
		"server 1 < Q BEGIN READ ONLY",
		"server 1 is at 1" } },
};

START_TEST(says_replica)
{
	play(&explicit[_i], ROUTED);
}
END_TEST

static const struct play entries[] = {
	{ "role=replica: replicas", ENTRY("replica"), {
		PAIR,
		"client 1: Q select 1",
		"server 2 is at 2",
		"server 2: " ROW,
		"client 1 < " ROW } },
	{ "role=replica without one: reads at the primary", ENTRY("replica"), {
		"host 1 is primary", "host 2 is silent",
		"client 1: Q select 1",
		"server 1 < Q select 1",
		"server 1: " ROW,
		"client 1 < " ROW,
		"client 1: Q begin",
		"client 1 < C BEGIN / Z T",
		"client 1: Q delete from t",
		"server 1: C BEGIN / C SET / Z T / E 25006 read only / Z E",
		"client 1 < E 25006 / Z E",
		"client 1: Q rollback",
		"server 1: C ROLLBACK / Z I",
		"client 1 < C ROLLBACK / Z I",
		"client 1: Q delete from t",
		"client 1 waits no_replica" } },
	{ "role=replica in session pooling", "pool_mode = session\n"
	    "control_user = watch\nquery_wait_notify = 0\n"
	    "[databases]\nshop = host=$1,$2 role=replica\n", {
		PAIR,
		"client 1: Q select 1",
		"server 1 is at 2",
		"client 2 joins",
		"host 2 is silent",
		"client 2: Q select 2",
		"server 2 is at 1",
		"owner 1 = client 1" } },
	{ "role=replica in session pooling: the replica is back",
	    "pool_mode = session\ncontrol_user = watch\n"
	    "query_wait_notify = 0\nslow_start = 0\n"
	    "[databases]\nshop = host=$1,$2 role=replica\n", {
		"host 1 is primary", "host 2 is silent",
		"client 1: Q select 1",
		"server 1 is at 1",
		"server 1: " ROW,
		"host 2 is replica",
		"owner 1 = client 1",
		"client 2: Q select 2",
		"server 2 is at 2",
		"client 1 leaves",
		"owner 1 = gone",
		"host 2 is silent",
		"owner 2 = client 2",
		"host 1 is silent",
		"client 3 joins",
		"client 3: Q select 3",
		"client 3 waits no_primary",
		"host 1 is primary",
		"server 3 is at 1" } },
	{ "min_pool_size: on both sides, while they have hosts", MAIN
	    "min_pool_size = 2\nrouting = explicit\n[databases]\n"
	    "shop = host=$1,$2\n", {
		PAIR,
		"client 1 joins",
		"wait 3",
		"count = 4",
		"host 2 is silent",
		"wait 3",
		"count = 2",
		"host 2 is replica",
		"wait 3",
		"count = 4",
		"host 1 is silent",
		"wait 3",
		"count = 2",
		"host 2 is primary 2",
		"wait 3",
		"count = 2",
		"host 1 is replica 2",
		"wait 3",
		"count = 4" } },
	{ "role=any: all", ENTRY("any"), {
		"host 1 is silent", "host 2 is replica",
		"client 1: Q delete from t",
		"server 1 is at 2",
		"server 1 < Q delete from t" } },
};

START_TEST(entries_have_roles)
{
	play(&entries[_i], ROUTED);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("routing");
	TCase *t = tcase_create("routing");

	tcase_set_timeout(t, 60);
	tcase_add_loop_test(t, says_replica, 0, (int)countof(explicit));
	tcase_add_loop_test(t, entries_have_roles, 0, (int)countof(entries));
	suite_add_tcase(s, t);
	return world_run(s);
}
