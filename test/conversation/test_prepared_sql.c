/*
 * test_prepared_sql.c - PREPARE, EXECUTE and DEALLOCATE follow their clients
 * across servers (f23).
 */
#include "base/must.h"
#include "conversation/play.h"
#include "conversation/world.h"

#define ONE "pool_mode = transaction\ndefault_pool_size = 1\n" \
	"query_wait_notify = 0\nserver_check_query =\n"
#define TWO "pool_mode = transaction\ndefault_pool_size = 2\n" \
	"query_wait_notify = 0\nserver_check_query =\n"

/* Client n has prepared s as select 1. */
#define PREPARED(n)                               \
	"client " #n ": Q PREPARE s AS select 1", \
	"server 1 < Q PREPARE _1 AS select 1",    \
	"server 1: C PREPARE / Z I",              \
	"client " #n " < C PREPARE / Z I"

/* Server 1 is held by a transaction of client 9. */
#define HELD                                      \
	"client 9: Q BEGIN",                      \
	"server 1: C BEGIN / Z T"

/* What is sent for a DEALLOCATE, and what has a server prepare _1. */
#define GONE "PREPARE _tmp AS SELECT;DEALLOCATE _tmp"
#define TAUGHT "C S _tmp / P _tmp PREPARE _1 AS select 1 / B _tmp _tmp / " \
	"E _tmp 0 / C P _tmp"

#define STALE "E 0A000 cached plan must not change result type@Revalidate" \
	"CachedQuery"
#define TOO_OLD "E 0A000 cached plan must not change result type"

/* What prepares an EXECUTE of n that has a name of its own. */
#define NAMED(n, args) "C S _tmp / P _tmp EXECUTE _" #n args

static const struct play plays[] = {
	{ "the same name with another text", ONE, {
		PREPARED(1),
		"client 2: Q PREPARE s AS select 2",
		"server 1 < Q PREPARE _2 AS select 2",
		"server 1: C PREPARE / Z I",
		"client 2 < C PREPARE / Z I",
		"client 1: Q EXECUTE s",
		"server 1 < Q EXECUTE _1",
		"server 1: T / D 1 / C SELECT 1 / Z I",
		"client 1 < T / D 1 / C SELECT 1 / Z I",
		"client 2: Q execute S;",
		"server 1 < Q EXECUTE _2" } },
	{ "another server is taught first, unseen", TWO, {
		PREPARED(1),
		HELD,
		"client 1: Q EXECUTE s",
		"server 2 < Q PREPARE _1 AS select 1;EXECUTE _1",
		"server 2: C PREPARE / T / D 1 / C SELECT 1 / Z I",
		"client 1 < T / D 1 / C SELECT 1 / Z I",
		"client 1: Q EXECUTE s",
		"server 2 < Q EXECUTE _1" } },
	{ "what is taught in vain is told, once", TWO, {
		PREPARED(1),
		HELD,
		"client 1: Q EXECUTE s",
		"server 2: E 42P01 no such table / Z I",
		"client 1 < E 42P01 no such table / Z I",
		"client 1: Q EXECUTE s",
		"server 2 < Q PREPARE _1 AS select 1;EXECUTE _1" } },
	{ "an EXECUTE that fails has taught all the same", TWO, {
		PREPARED(1),
		HELD,
		"client 1: Q EXECUTE s",
		"server 2: C PREPARE / E 22012 division by zero / Z I",
		"client 1 < E 22012 division by zero / Z I",
		"client 1: Q EXECUTE s",
		"server 2 < Q EXECUTE _1" } },
	{ "types and arguments, comments and quotes", TWO, {
		"client 1: Q /* a */ PREPARE \"S x\" ( int, text ) AS /* b */ "
		    "select $1, ';', $2 -- c",
		"server 1 < Q PREPARE _1 ( int, text ) AS select $1, ';', $2",
		"server 1: C PREPARE / Z I",
		"client 1 < C PREPARE / Z I",
		HELD,
		"client 1: Q EXECUTE \"S x\"(1 + 2, ')')",
		"server 2 < Q PREPARE _1 ( int, text ) AS select $1, ';', $2;"
		    "EXECUTE _1(1 + 2, ')')" } },
	{ "what the server has is prepared for its errors only", ONE, {
		PREPARED(1),
		"client 2: Q PREPARE t AS select 1;",
		"server 1 < C S _tmp / Q PREPARE _tmp AS select 1;"
		    "DEALLOCATE _tmp",
		"server 1: 3 / C PREPARE / C DEALLOCATE / Z I",
		"client 2 < C PREPARE / Z I",
		"client 2: Q EXECUTE t",
		"server 1 < Q EXECUTE _1" } },
	{ "and if it has one, there is no name", ONE, {
		PREPARED(1),
		"client 2: Q PREPARE t AS select 1",
		"server 1: 3 / E 42P01 no such table / Z I",
		"client 2 < E 42P01 no such table / Z I",
		"client 2: Q EXECUTE t",
		"server 1 < Q EXECUTE t" } },
	{ "a name in use", ONE, {
		PREPARED(1),
		"client 1: Q PREPARE s AS select 2",
		"server 1 < C S _tmp / Q EXECUTE _tmp",
		"server 1: 3 / E 26000 prepared statement \"x\" does not exist"
		    " / Z I",
		"client 1 < E 42P05 prepared statement \"s\" already exists /"
		    " Z I",
		"client 1: Q EXECUTE s",
		"server 1 < Q EXECUTE _1" } },
	{ "a name in use, where the transaction has failed", ONE, {
		PREPARED(1),
		"client 1: Q PREPARE s AS select 2",
		"server 1: 3 / E 25P02 aborted / Z E",
		"client 1 < E 25P02 aborted / Z E" } },
	{ "DEALLOCATE of one's own name leaves the statement", ONE, {
		PREPARED(1),
		"client 2: Q PREPARE s AS select 1",
		"server 1: 3 / C PREPARE / C DEALLOCATE / Z I",
		"client 1: Q DEALLOCATE PREPARE s",
		"server 1 < C S _tmp / Q " GONE,
		"server 1: 3 / C PREPARE / C DEALLOCATE / Z I",
		"client 1 < C DEALLOCATE / Z I",
		"client 1: Q EXECUTE s",
		"server 1 < Q EXECUTE s",
		"server 1: E 26000 no s / Z I",
		"client 1 < E 26000 no s / Z I",
		"client 2: Q EXECUTE s",
		"server 1 < Q EXECUTE _1" } },
	{ "DEALLOCATE where the transaction has failed", ONE, {
		PREPARED(1),
		"client 1: Q BEGIN / Q bad",
		"server 1: C BEGIN / Z T / E 42601 bad / Z E",
		"client 1 < C BEGIN / Z T / E 42601 bad / Z E",
		"client 1: Q DEALLOCATE s",
		"server 1: 3 / E 25P02 aborted / Z E",
		"client 1 < E 25P02 aborted / Z E",
		"client 1: Q ROLLBACK",
		"server 1: C ROLLBACK / Z I",
		"client 1: Q EXECUTE s",
		"server 1 < Q EXECUTE _1" } },
	{ "names that are not there", ONE, {
		"client 1: Q DEALLOCATE s / Q EXECUTE s",
		"server 1 < Q DEALLOCATE s / Q EXECUTE s" } },
	{ "DEALLOCATE ALL takes the names", ONE, {
		PREPARED(1),
		"client 1: Q DEALLOCATE ALL",
		"server 1: C DEALLOCATE ALL / Z I",
		"client 1: Q EXECUTE s",
		"server 1 < Q EXECUTE s" } },
	{ "several statements, and a name for the server to read", ONE, {
		"client 1: Q PREPARE s AS select 1; EXECUTE s",
		"server 1 < Q PREPARE s AS select 1; EXECUTE s",
		"server 1: C PREPARE / C SELECT 1 / Z I",
		"client 1: Q PREPARE U&\"s\" AS select 1",
		"server 1 < Q PREPARE U&\"s\" AS select 1",
		"server 1: C PREPARE / Z I",
		"client 1: Q PREPARE TRANSACTION 's'",
		"server 1 < Q PREPARE TRANSACTION 's'" } },
	{ "f24: an EXECUTE that is too old is run again, unseen", ONE, {
		PREPARED(1),
		"client 1: Q EXECUTE s(1)",
		"server 1 < Q EXECUTE _1(1)",
		"server 1: " STALE " / Z I",
		"client 1 <",
		"server 1 < C S _1 / Q PREPARE _1 AS select 1;EXECUTE _1(1)",
		"server 1: 3 / C PREPARE / T / D 1 / C SELECT 1 / Z I",
		"client 1 < T / D 1 / C SELECT 1 / Z I",
		"owner 1 = pool",
		"client 1: Q EXECUTE s",
		"server 1 < Q EXECUTE _1" } },
	{ "f24: once only", ONE, {
		PREPARED(1),
		"client 1: Q EXECUTE s",
		"server 1: " STALE " / Z I",
		"server 1: 3 / C PREPARE / " STALE " / Z I",
		"client 1 < " TOO_OLD " / Z I" } },
	{ "f24: not in a transaction", ONE, {
		PREPARED(1),
		"client 1: Q BEGIN",
		"server 1: C BEGIN / Z T",
		"client 1: Q EXECUTE s",
		"server 1: " STALE " / Z E",
		"client 1 < C BEGIN / Z T / " TOO_OLD " / Z E" } },
	{ "f24: not if another has followed it", ONE, {
		PREPARED(1),
		"client 1: Q EXECUTE s / Q select 2",
		"server 1: " STALE " / Z I / C SELECT 1 / Z I",
		"client 1 < " TOO_OLD " / Z I / C SELECT 1 / Z I",
		"client 1: Q EXECUTE s",
		"server 1 < C S _1 / Q PREPARE _1 AS select 1;EXECUTE _1" } },
	{ "f24: not for what else is not supported", ONE, {
		PREPARED(1),
		"client 1: Q EXECUTE s",
		"server 1: E 0A000 no such feature / Z I",
		"client 1 < E 0A000 no such feature / Z I" } },
	{ "an EXECUTE with a name of its own", TWO, {
		PREPARED(1),
		"client 1: P e EXECUTE s(1) / B - e / D P - / E - 0 / S",
		"server 1 < " NAMED(1, "(1)") " / " NAMED(1, "(1)")
		    " / B - _tmp / D P - / E - 0 / S",
		"server 1: 3 / 1 / 3 / 1 / 2 / T / D 1 / C SELECT 1 / Z I",
		"client 1 < 1 / 2 / T / D 1 / C SELECT 1 / Z I",
		HELD,
		"client 1: B - e / E - 0 / D S e / S",
		"server 2 < " TAUGHT " / " NAMED(1, "(1)") " / B - _tmp /"
		    " E - 0 / " NAMED(1, "(1)") " / D S _tmp / S",
		"server 2: 3 / 1 / 2 / C PREPARE / 3 / 3 / 1 / 2 / "
		    "C SELECT 1 / 3 / 1 / t / T / Z I",
		"client 1 < 2 / C SELECT 1 / t / T / Z I" } },
	{ "it runs what its name stands for by then", ONE, {
		"client 1: P e EXECUTE s / S",
		"server 1 < C S _tmp / P _tmp EXECUTE s / S",
		"server 1: 3 / 1 / Z I",
		"client 1 < 1 / Z I",
		"client 1: Q PREPARE s AS select 1",
		"server 1 < Q PREPARE _2 AS select 1",
		"server 1: C PREPARE / Z I",
		"client 1 < C PREPARE / Z I",
		"client 1: B - e / S",
		"server 1 < " NAMED(2, "") " / B - _tmp / S",
		"server 1: 3 / 1 / 2 / Z I",
		"client 1 < 2 / Z I",
		"client 1: C S s / P s select 2 / B - e / S",
		"server 1 < P _3 select 2 / " NAMED(3, "") " / B - _tmp / S",
		"server 1: 1 / 3 / 1 / 2 / Z I",
		"client 1 < 3 / 1 / 2 / Z I",
		"client 2: P e EXECUTE s / S",
		"server 1 < C S _tmp / P _tmp EXECUTE s / S" } },
	{ "it waits for what is uncertain", ONE, {
		"client 1: P e EXECUTE s / S",
		"server 1: 3 / 1 / Z I",
		"client 1: P s bad / S / B - e / E - 0 / S",
		"server 1 < P _2 bad / S",
		"server 1: E 42601 syntax error / Z I",
		"server 1 < C S _tmp / P _tmp EXECUTE s / B - _tmp / E - 0 /"
		    " S" } },
	{ "its name can be in use, and closed", ONE, {
		"client 1: P e EXECUTE s / S",
		"server 1: 3 / 1 / Z I",
		"client 1: P e EXECUTE t / S",
		"server 1 < C S _tmp / P _tmp SELECT / P _tmp SELECT / S",
		"server 1: 3 / 1 / E 42P05 prepared statement \"x\" already "
		    "exists / Z I",
		"client 1 < 1 / Z I / E 42P05 prepared statement \"e\" already "
		    "exists / Z I",
		"client 1: C S e / P e select 2 / S",
		"server 1 < P _2 select 2 / S" } },
	{ "another EXECUTE does not run it", ONE, {
		"client 1: P e EXECUTE s / S",
		"server 1: 3 / 1 / Z I",
		"client 1: Q EXECUTE e",
		"server 1 < Q EXECUTE e",
		"server 1: E 26000 no e / Z I",
		"client 1: P - EXECUTE e / P f EXECUTE e / S",
		"server 1 < P - EXECUTE e / C S _tmp / P _tmp EXECUTE e /"
		    " S" } },
	{ "f24: in a batch it is told once, and made anew", ONE, {
		PREPARED(1),
		"client 1: P - EXECUTE s / B - - / E - 0 / S",
		"server 1 < P - EXECUTE _1 / B - - / E - 0 / S",
		"server 1: 1 / 2 / " STALE " / Z I",
		"client 1 < 1 / 2 / " TOO_OLD " / Z I",
		"client 1: P - EXECUTE s / B - - / E - 0 / S",
		"server 1 < C S _1 / " TAUGHT " / P - EXECUTE _1 / B - - /"
		    " E - 0 / S" } },
	{ "f24: not for what else is not supported in a batch", ONE, {
		PREPARED(1),
		"client 1: P - EXECUTE s / B - - / E - 0 / S",
		"server 1: 1 / 2 / E 0A000 no such feature / Z I",
		"client 1: Q EXECUTE s",
		"server 1 < Q EXECUTE _1" } },
	{ "many EXECUTEs in one text", TWO, {
		PREPARED(1),
		"client 1: Q PREPARE t (int) AS select 2",
		"server 1: C PREPARE / Z I",
		"client 1 < C PREPARE / Z I",
		HELD,
		"client 1: Q EXECUTE s;select 1;execute T(1); EXECUTE s;"
		    "EXECUTE other;",
		"server 2 < Q PREPARE _1 AS select 1;PREPARE _2 (int) AS "
		    "select 2;EXECUTE _1;select 1;execute _2(1); EXECUTE _1;"
		    "EXECUTE other;",
		"server 2: C PREPARE / C PREPARE / T / D 1 / C SELECT 1 / "
		    "C SELECT 1 / C INSERT 0 1 / C SELECT 1 / E 26000 x / Z I",
		"client 1 < T / D 1 / C SELECT 1 / C SELECT 1 / "
		    "C INSERT 0 1 / C SELECT 1 / E 26000 x / Z I" } },
	{ "the next time the server has them", TWO, {
		PREPARED(1),
		HELD,
		"client 1: Q EXECUTE s;EXECUTE s",
		"server 2 < Q PREPARE _1 AS select 1;EXECUTE _1;EXECUTE _1",
		"server 2: C PREPARE / C SELECT 1 / C SELECT 1 / Z I",
		"client 1 < C SELECT 1 / C SELECT 1 / Z I",
		"client 1: Q EXECUTE s(1);EXECUTE s(2)",
		"server 2 < Q EXECUTE _1(1);EXECUTE _1(2)",
		"server 2: C SELECT 1 / C SELECT 1 / Z I",
		"client 1 < C SELECT 1 / C SELECT 1 / Z I",
		"client 1: Q EXECUTE s",
		"server 2 < Q EXECUTE _1" } },
	{ "what failed among many is prepared anew", TWO, {
		PREPARED(1),
		HELD,
		"client 1: Q EXECUTE s;EXECUTE s",
		"server 2: E 42P01 no such table / Z I",
		"client 1 < E 42P01 no such table / Z I",
		"client 1: Q EXECUTE s;EXECUTE s",
		"server 2 < C S _1 / Q PREPARE _1 AS select 1;EXECUTE _1;"
		    "EXECUTE _1",
		"server 2: 3 / C PREPARE / C SELECT 1 / E 22012 zero / Z I",
		"client 1 < C SELECT 1 / E 22012 zero / Z I",
		"client 1: Q EXECUTE s",
		"server 2 < C S _1 / Q PREPARE _1 AS select 1;EXECUTE _1",
		"server 2: 3 / C PREPARE / C SELECT 1 / Z I",
		"client 1 < C SELECT 1 / Z I" } },
	{ "many of a name that is not there yet wait for it", ONE, {
		"client 1: Q PREPARE s AS select 1 / Q EXECUTE s;EXECUTE s",
		"server 1 < Q PREPARE _1 AS select 1",
		"server 1: C PREPARE / Z I",
		"client 1 < C PREPARE / Z I",
		"server 1 < Q EXECUTE _1;EXECUTE _1" } },
	{ "none is given up for another of the same text",
	    ONE "max_prepared_statements = 1\n", {
		PREPARED(1),
		"client 1: Q PREPARE t AS select 2",
		"server 1: 3 / C PREPARE / Z I",
		"client 1 < C PREPARE / Z I",
		"client 1: Q EXECUTE s;EXECUTE t",
		"server 1 < Q PREPARE _1 AS select 1;EXECUTE _1;"
		    "EXECUTE _2" } },
	{ "many where a batch has failed before", TWO, {
		PREPARED(1),
		HELD,
		"client 1: P - bad",
		"server 2: E 42601 syntax error",
		"client 1 < E 42601 syntax error",
		"client 1: Q EXECUTE s;EXECUTE s / S",
		"server 2: Z I",
		"client 1 < Z I",
		"client 1: Q EXECUTE s;EXECUTE s",
		"server 2 < C S _1 / Q PREPARE _1 AS select 1;EXECUTE _1;"
		    "EXECUTE _1" } },
	{ "PREPARE and DEALLOCATE among several pass", ONE, {
		PREPARED(1),
		"client 1: Q EXECUTE s; DEALLOCATE s",
		"server 1 < Q EXECUTE s; DEALLOCATE s" } },
	{ "one that follows its name at once waits for it", ONE, {
		"client 1: Q PREPARE s AS bad / Q EXECUTE s",
		"server 1 < Q PREPARE _1 AS bad",
		"server 1: E 42601 syntax error / Z I",
		"client 1 < E 42601 syntax error / Z I",
		"server 1 < Q EXECUTE s" } },
	{ "Bind of what SQL has prepared", TWO, {
		PREPARED(1),
		HELD,
		"client 1: B - s / D P - / E - 0 / S",
		"server 2 < " TAUGHT " / B - _1 / D P - / E - 0 / S",
		"server 2: 3 / 1 / 2 / C PREPARE / 3 / 2 / T / C SELECT 1 / "
		    "Z I",
		"client 1 < 2 / T / C SELECT 1 / Z I",
		"client 1: D S s / S",
		"server 2 < D S _1 / S" } },
	{ "f24: and it looks different there", TWO, {
		PREPARED(1),
		"client 1: D S s / S",
		"server 1: t / T / Z I",
		"client 1 < t / T / Z I",
		HELD,
		"client 1: B - s / E - 0 / S",
		"server 2 < " TAUGHT " / D S _1 / H",
		"server 2: 3 / 1 / 2 / C PREPARE / 3 / t / n",
		"server 2 < C S _tmp / B - _tmp / E - 0 / S",
		"server 2: 3 / E 26000 no such statement / Z I",
		"client 1 < " TOO_OLD " | The results of the prepared "
		    "statement look different from what this client was told."
		    " / Z I" } },
	{ "and if it cannot be prepared there", TWO, {
		PREPARED(1),
		HELD,
		"client 1: B - s / E - 0 / S",
		"server 2 < " TAUGHT " / B - _1 / E - 0 / S",
		"server 2: 3 / 1 / 2 / E 42P01 no such table / Z I",
		"client 1 < E 42P01 no such table / Z I",
		"client 1: B - s / S",
		"server 2 < " TAUGHT " / B - _1 / S" } },
	{ "EXECUTE of what a Parse has prepared", ONE, {
		"client 1: P s select 1 / S",
		"server 1 < P _1 select 1 / S",
		"server 1: 1 / Z I",
		"client 1: Q EXECUTE s",
		"server 1 < Q EXECUTE _1" } },
	{ "also on another server", TWO, {
		"client 1: P s select 1 -- one / S",
		"server 1: 1 / Z I",
		HELD,
		"client 1: Q EXECUTE s",
		"server 2 < Q PREPARE _1 AS select 1 -- one\n;EXECUTE _1",
		"server 2: C PREPARE / T / D 1 / C SELECT 1 / Z I",
		"client 1 < 1 / Z I / T / D 1 / C SELECT 1 / Z I",
		"client 1: B - s / S",
		"server 2 < B - _1 / S" } },
	{ "but not what PREPARE does not take", TWO, {
		"client 1: P s show timezone / S",
		"server 1: 1 / Z I",
		HELD,
		"client 1: Q EXECUTE s",
		"server 2 < Q EXECUTE s" } },
	{ "Parse and Close of a name that SQL gave", ONE, {
		PREPARED(1),
		"client 1: P s select 2 / S",
		"server 1 < P _1 SELECT / S",
		"server 1: E 42P05 prepared statement \"x\" already exists / "
		    "Z I",
		"client 1 < E 42P05 prepared statement \"s\" already exists /"
		    " Z I",
		"client 1: C S s / P s select 2 / S",
		"server 1 < P _2 select 2 / S" } },
	{ "EXECUTE as an unnamed statement", TWO, {
		PREPARED(1),
		HELD,
		"client 1: P - EXECUTE s(1) / B - - / E - 0 / S",
		"server 2 < " TAUGHT " / P - EXECUTE _1(1) / B - - / E - 0 / S",
		"server 2: 3 / 1 / 2 / C PREPARE / 3 / 1 / 2 / C SELECT 1 / "
		    "Z I",
		"client 1 < 1 / 2 / C SELECT 1 / Z I" } },
	{ "PREPARE as an unnamed statement", ONE, {
		"client 1: P - PREPARE s AS select 1 / B - - / E - 0 / S",
		"server 1 < " TAUGHT " / C S _tmp / P - PREPARE _tmp AS "
		    "select 1 / B - - / E - 0 / S",
		"server 1: 3 / 1 / 2 / C PREPARE / 3 / 3 / 1 / 2 / C PREPARE /"
		    " Z I",
		"client 1 < 1 / 2 / C PREPARE / Z I",
		"client 1: Q EXECUTE s",
		"server 1 < Q EXECUTE _1" } },
	{ "DEALLOCATE as an unnamed statement", ONE, {
		PREPARED(1),
		"client 1: P - DEALLOCATE s / B - - / E - 0 / S",
		"server 1 < C S _tmp / P _tmp SELECT / P - DEALLOCATE _tmp / "
		    "B - - / E - 0 / S",
		"server 1: 3 / 1 / 1 / 2 / C DEALLOCATE / Z I",
		"client 1 < 1 / 2 / C DEALLOCATE / Z I",
		"client 1: Q EXECUTE s",
		"server 1 < Q EXECUTE s" } },
	{ "a stale plan is made anew", ONE, {
		PREPARED(1),
		"client 1: Q EXECUTE s",
		"server 1 < Q EXECUTE _1",
		"server 1: E 0A000 cached plan must not change result type / "
		    "Z I",
		"client 1: Q EXECUTE s",
		"server 1 < C S _1 / Q PREPARE _1 AS select 1;EXECUTE _1",
		"server 1: 3 / C PREPARE / C SELECT 1 / Z I",
		"client 1 < E 0A000 cached plan / Z I / C SELECT 1 / Z I" } },
	{ "it is given up like others",
	    ONE "max_prepared_statements = 1\n", {
		PREPARED(1),
		"client 1: Q PREPARE t AS select 2",
		"server 1 < C S _1 / Q PREPARE _2 AS select 2",
		"server 1: 3 / C PREPARE / Z I",
		"client 1 < C PREPARE / Z I",
		"client 1: Q EXECUTE s",
		"server 1 < C S _2 / Q PREPARE _1 AS select 1;EXECUTE _1" } },
	{ "behind an error in a batch it never was", ONE, {
		"client 1: P - bad / Q PREPARE s AS select 1 / S",
		"server 1 < P - bad / Q PREPARE _1 AS select 1 / S",
		"server 1: E 42601 syntax error / Z I",
		"client 1 < E 42601 syntax error / Z I",
		"client 1: Q EXECUTE s",
		"server 1 < Q EXECUTE s" } },
	{ "nor is it where a batch has failed before", TWO, {
		PREPARED(1),
		HELD,
		"client 1: P - bad",
		"server 2: E 42601 syntax error",
		"client 1 < E 42601 syntax error",
		"client 1: B - s / P - EXECUTE s / Q EXECUTE s / Q DEALLOCATE "
		    "s / S",
		"server 2: Z I",
		"client 1 < Z I",
		"client 1: Q EXECUTE s",
		"server 2 < Q PREPARE _1 AS select 1;EXECUTE _1" } },
	{ "session pooling passes all of it", "pool_mode = session\n", {
		"client 1: Q PREPARE s AS select 1",
		"server 1 < Q PREPARE s AS select 1" } },
};

START_TEST(f_sql_statements_follow_their_clients)
{
	play(&plays[_i], ONE);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("prepared_sql");
	TCase *t = tcase_create("prepared_sql");

	tcase_add_loop_test(t, f_sql_statements_follow_their_clients, 0,
	    (int)countof(plays));
	suite_add_tcase(s, t);
	return world_run(s);
}
