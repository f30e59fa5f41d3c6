/*
 * test_prepared.c - prepared statements of the extended protocol follow their
 * clients across servers (group f).
 */
#include "base/must.h"
#include "conversation/play.h"
#include "conversation/script.h"
#include "conversation/world.h"

#define ONE "pool_mode = transaction\ndefault_pool_size = 1\n" \
	"query_wait_notify = 0\nserver_check_query =\n"
#define TWO "pool_mode = transaction\ndefault_pool_size = 2\n" \
	"query_wait_notify = 0\nserver_check_query =\n"

/* Client n has prepared s as select 1. */
#define PREPARED(n)                               \
	"client " #n ": P s select 1 / S",        \
	"server 1 < P _1 select 1 / S",           \
	"server 1: 1 / Z I",                      \
	"client " #n " < 1 / Z I"

#define STALE "E 0A000 cached plan must not change result type"

/* Server 1 is held by a transaction of client 9. */
#define HELD                                      \
	"client 9: Q BEGIN",                      \
	"server 1: C BEGIN / Z T"

#define MISLED STALE " | The results of the prepared statement look " \
	"different from what this client was told."

/* Client 1 knows what comes back. */
#define WRITE                                                      \
	"client 1: P s insert into t returning * / D S s / S",     \
	"server 1: 1 / t / T / Z I"

static const struct play plays[] = {
	{ "f01: the same name with another text", ONE, {
		PREPARED(1),
		"client 2: P s select 2 / S",
		"server 1 < P _2 select 2 / S",
		"server 1: 1 / Z I",
		"client 1: B - s / E - 0 / S",
		"server 1 < B - _1 / E - 0 / S",
		"server 1: 2 / C SELECT 1 / Z I",
		"client 1 < 2 / C SELECT 1 / Z I",
		"client 2: B - s / E - 0 / S",
		"server 1 < B - _2 / E - 0 / S" } },
	{ "f01: the same text with another name is one", ONE, {
		PREPARED(1),
		"client 2: P t select 1 / B - t / E - 0 / S",
		"client 2 < 1",
		"server 1 < B - _1 / E - 0 / S",
		"server 1: 2 / C SELECT 1 / Z I",
		"client 2 < 2 / C SELECT 1 / Z I" } },
	{ "f03: another server is taught first, unseen", TWO, {
		PREPARED(1),
		HELD,
		"client 1: B - s / E - 0 / S",
		"server 2 < P _1 select 1 / B - _1 / E - 0 / S",
		"server 2: 1 / 2 / C SELECT 1 / Z I",
		"client 1 < 2 / C SELECT 1 / Z I" } },
	{ "f04: Describe of it as well", TWO, {
		PREPARED(1),
		HELD,
		"client 1: D S s / S",
		"server 2 < P _1 select 1 / D S _1 / S",
		"server 2: 1 / t / n / Z I",
		"client 1 < t / n / Z I" } },
	{ "f05: what is taught in vain is told", TWO, {
		PREPARED(1),
		HELD,
		"client 1: B - s / E - 0 / S",
		"server 2: E 42P01 no such table / Z I",
		"client 1 < E 42P01 no such table / Z I",
		"client 1: B - s / E - 0 / S",
		"server 2 < P _1 select 1 / B - _1 / E - 0 / S" } },
	{ "f06: a Parse that failed leaves no name", ONE, {
		"client 1: P s bad / S",
		"server 1 < P _1 bad / S",
		"server 1: E 42601 syntax error / Z I",
		"client 1 < E 42601 syntax error / Z I",
		"client 1: B - s / S",
		"server 1 < B - s / S",
		"server 1: E 26000 no s / Z I",
		"client 1 < E 26000 no s / Z I",
		"client 1: P s good / S",
		"server 1 < P _2 good / S" } },
	{ "f07: a Parse behind an error never was", ONE, {
		"client 1: P s one / B - s / E - 0 / P t two / S",
		"server 1 < P _1 one / B - _1 / E - 0 / P _2 two / S",
		"server 1: 1 / E 22012 division by zero / Z I",
		"client 1 < 1 / E 22012 division by zero / Z I",
		"client 1: B - t / S",
		"server 1 < B - t / S",
		"server 1: E 26000 no t / Z I",
		"client 1: B - s / S",
		"server 1 < B - _1 / S" } },
	{ "f07: nor one that we would have answered", ONE, {
		PREPARED(2),
		"client 1: B - - / P s select 1 / S",
		"server 1 < C S - / B - - / S",
		"server 1: 3 / E 26000 no statement / Z I",
		"client 1 < E 26000 no statement / Z I",
		"client 1: B - s / S",
		"server 1 < B - s / S" } },
	{ "f07: nor its name for the next batch, which waits", ONE, {
		"client 1: B - x / P s one / S / P s two / S",
		"server 1 < B - x / P _1 one / S",
		"server 1: E 26000 no x / Z I",
		"client 1 < E 26000 no x / Z I",
		"server 1 < P _2 two / S",
		"server 1: 1 / Z I",
		"client 1 < 1 / Z I" } },
	{ "f07: nor a Close, and the next batch waits for that", ONE, {
		PREPARED(1),
		"client 1: B - x / C S s / S / B - s / S",
		"server 1 < B - x / S",
		"server 1: E 26000 no x / Z I",
		"client 1 < E 26000 no x / Z I",
		"server 1 < B - _1 / S" } },
	{ "f07: nor both, the last before the first", ONE, {
		PREPARED(1),
		"client 1: B - x / C S s / P s two / P t one / C S t / S",
		"server 1: E 26000 no x / Z I",
		"client 1 < E 26000 no x / Z I",
		"client 1: B - s / S",
		"server 1 < B - _1 / S",
		"server 1: 2 / Z I",
		"client 1: B - t / S",
		"server 1 < B - t / S" } },
	{ "f07: a Close that was read is one for good", ONE, {
		PREPARED(1),
		"client 1: C S s / S / P s two / S",
		"client 1 < 3",
		"server 1 < S / P _2 two / S",
		"server 1: Z I / 1 / Z I",
		"client 1 < Z I / 1 / Z I",
		"client 1: B - s / S",
		"server 1 < B - _2 / S" } },
	{ "f08 f09: answers of ours come in their turn", ONE, {
		PREPARED(2),
		"client 1: P a other / P b select 1 / C S a / C S zz / "
		    "P c third / S",
		"server 1 < P _2 other / P _3 third / S",
		"client 1 <",
		"server 1: 1",
		"client 1 < 1 / 1 / 3 / 3",
		"server 1: 1 / Z I",
		"client 1 < 1 / Z I" } },
	{ "f10 f11: the one used longest ago is given up",
	    ONE "max_prepared_statements = 2\n", {
		"client 1: P a one / S",
		"server 1: 1 / Z I",
		"client 1: P b two / S",
		"server 1: 1 / Z I",
		"client 1: B - a / S",
		"server 1: 2 / Z I",
		"client 1: P c three / S",
		"server 1 < C S _2 / P _3 three / S",
		"server 1: 3 / 1 / Z I",
		"client 1: B - a / S",
		"server 1 < B - _1 / S",
		"server 1: 2 / Z I",
		"client 1: B - b / S",
		"server 1 < C S _3 / P _2 two / B - _2 / S" } },
	{ "f10: not what its own batch uses",
	    ONE "max_prepared_statements = 1\n", {
		"client 1: P a one / P b two / B - a / E - 0 / S",
		"server 1 < P _1 one / P _2 two / B - _1 / E - 0 / S" } },
	{ "f10: what was not given up is there still",
	    ONE "max_prepared_statements = 1\n", {
		"client 1: P a one / S",
		"server 1: 1 / Z I",
		"client 1: B - - / P b two / S",
		"server 1 < C S - / B - - / C S _1 / P _2 two / S",
		"server 1: 3 / E 26000 none / Z I",
		"client 1: B - a / S",
		"server 1 < B - _1 / S" } },
	{ "f10: nor by what the server skips",
	    ONE "max_prepared_statements = 1\n", {
		"client 1: P a one / S",
		"server 1: 1 / Z I",
		"client 1: P - bad",
		"server 1: E 42601 syntax error",
		"client 1: P b two / S",
		"server 1: Z I",
		"client 1 < 1 / Z I / E 42601 syntax error / Z I",
		"client 1: B - a / S",
		"server 1 < B - _1 / S" } },
	{ "f10: nor is it taught twice before that is known",
	    ONE "max_prepared_statements = 1\n", {
		"client 1: P a one / S",
		"server 1: 1 / Z I",
		"client 1 < 1 / Z I",
		"client 1: B - x / P b two / S / B - a / S",
		"server 1 < B - x / C S _1 / P _2 two / S / C S _1 / "
		    "P _1 one / B - _1 / S",
		"server 1: E 26000 no x / Z I / 3 / 1 / 2 / Z I",
		"client 1 < E 26000 no x / Z I / 2 / Z I" } },
	{ "f10: and if it cannot be taught again it is there still",
	    ONE "max_prepared_statements = 1\n", {
		"client 1: P a one / S",
		"server 1: 1 / Z I",
		"client 1: B - x / P b two / S / B - y / B - a / S",
		"server 1: E 26000 no x / Z I / E 26000 no y / Z I",
		"client 1: B - a / S",
		"server 1 < C S _1 / P _1 one / B - _1 / S" } },
	{ "f14: nobody finds somebody else's unnamed statement", ONE, {
		"client 1: P - select 1 / S",
		"server 1: 1 / Z I",
		"client 2: B - - / E - 0 / S",
		"server 1 < C S - / B - - / E - 0 / S",
		"server 1: 3 / E 26000 unnamed / Z I",
		"client 2 < E 26000 unnamed / Z I" } },
	{ "unnamed_statement_reuse: one for all who send the same",
	    ONE "unnamed_statement_reuse = 1\n", {
		"client 1: P - one / B - - / E - 0 / S",
		"server 1 < P _1 one / B - _1 / E - 0 / S",
		"server 1: 1 / 2 / C SELECT 1 / Z I",
		"client 2: P - one / B - - / E - 0 / P - two / B - - / E - 0 /"
		    " S",
		"server 1 < B - _1 / E - 0 / P _2 two / B - _2 / E - 0 / S",
		"server 1: 2 / C SELECT 1 / 1 / 2 / C SELECT 1 / Z I",
		"client 2 < 1 / 2 / C SELECT 1 / 1 / 2 / C SELECT 1 / Z I" } },
	{ "f30: a Query takes the unnamed one away",
	    ONE "unnamed_statement_reuse = 1\n", {
		"client 1: P - one / S",
		"server 1: 1 / Z I",
		"client 1: Q SELECT 1",
		"server 1: C SELECT 1 / Z I",
		"client 1: B - - / S",
		"server 1 < C S - / B - - / S" } },
	{ "f13 f15: but its own, in the same batch", ONE, {
		"client 1: P - one / B - - / E - 0 / P - two / B - - / "
		    "E - 0 / S",
		"server 1 < P - one / B - - / E - 0 / P - two / B - - / "
		    "E - 0 / S" } },
	{ "f17: a portal of that name is another thing", ONE, {
		PREPARED(1),
		"client 1: B s s / C P s / S",
		"server 1 < B s _1 / C P s / S",
		"server 1: 2 / 3 / Z I",
		"client 1: B - s / S",
		"server 1 < B - _1 / S" } },
	{ "f18: Close of what is not there", ONE, {
		"client 1: C S nothing / S",
		"client 1 < 3",
		"server 1 < S",
		"server 1: Z I",
		"client 1 < Z I" } },
	{ "f19: a name that was closed is free", ONE, {
		PREPARED(1),
		"client 1: C S s / P s other / B - s / S",
		"server 1 < P _2 other / B - _2 / S" } },
	{ "f20: a name in use, in the words of the server", ONE, {
		PREPARED(1),
		"client 1: P s other / S",
		"server 1 < P _1 select 1 / S",
		"server 1: E 42P05 prepared statement \"x\" already exists / "
		    "Z I",
		"client 1 < E 42P05 prepared statement \"s\" already exists /"
		    " Z I",
		"client 1: B - s / S",
		"server 1 < B - _1 / S" } },
	{ "f20: an error of something before it is another matter", ONE, {
		PREPARED(1),
		"client 1: B - s / E - 0 / P s other / S",
		"server 1 < B - _1 / E - 0 / P _1 select 1 / S",
		"server 1: 2 / E 26000 no such thing / Z I",
		"client 1 < 2 / E 26000 no such thing / Z I" } },
	{ "f21: a name that is not there", ONE, {
		"client 1: B - s / E - 0 / S",
		"server 1 < B - s / E - 0 / S",
		"server 1: E 26000 prepared statement \"s\" does not exist / "
		    "Z I",
		"client 1 is here" } },
	{ "f22: DISCARD ALL takes all, but what comes behind it", ONE, {
		"resets by hand",
		PREPARED(1),
		"client 1: Q DISCARD ALL / P t two / S",
		"server 1 < Q DISCARD ALL",
		"server 1: C DISCARD ALL / Z I",
		"server 1 < P _2 two / S",
		"server 1: 1 / Z I",
		"client 1 < C DISCARD ALL / Z I / 1 / Z I",
		"client 1: B - t / S",
		"server 1 < B - _2 / S",
		"server 1: 2 / Z I",
		"client 1: B - s / S",
		"server 1 < B - s / S" } },
	{ "f22: also in the same breath", ONE, {
		PREPARED(1),
		"client 1: Q DEALLOCATE ALL / P t two / S",
		"server 1 < Q DEALLOCATE ALL",
		"server 1: C DEALLOCATE ALL / Z I",
		"client 1 < C DEALLOCATE ALL / Z I",
		"server 1 < P _2 two / S",
		"server 1: 1 / Z I",
		"client 1 < 1 / Z I",
		"client 1: B - t / S",
		"server 1 < B - _2 / S",
		"server 1: 2 / Z I",
		"client 1: B - s / S",
		"server 1 < B - s / S" } },
	{ "f22: so does DEALLOCATE ALL, in the extended protocol", ONE, {
		PREPARED(1),
		"client 1: P - DEALLOCATE ALL / B - - / E - 0 / S",
		"server 1: 1 / 2 / C DEALLOCATE ALL / Z I",
		"client 2: P s select 1 / S",
		"server 1 < P _2 select 1 / S" } },
	{ "f22: and the same text is prepared anew behind it", ONE, {
		PREPARED(1),
		"client 1: Q DEALLOCATE ALL / P s select 1 / B - s / S",
		"server 1 < Q DEALLOCATE ALL",
		"server 1: C DEALLOCATE ALL / Z I",
		"server 1 < P _2 select 1 / B - _2 / S",
		"server 1: 1 / 2 / Z I",
		"client 1 < C DEALLOCATE ALL / Z I / 1 / 2 / Z I" } },
	{ "f22: also in one batch, which is flushed for that", ONE, {
		PREPARED(1),
		"client 1: P - DISCARD ALL / B - - / E - 0 / "
		    "P s select 1 / B - s / S",
		"server 1 < P - DISCARD ALL / B - - / E - 0 / H",
		"server 1: 1",
		"server 1 <",
		"server 1: 2 / C DISCARD ALL",
		"server 1 < P _2 select 1 / B - _2 / S",
		"server 1: 1 / 2 / Z I",
		"client 1 < 1 / 2 / C DISCARD ALL / 1 / 2 / Z I" } },
	{ "f22: also by a statement with a name", ONE, {
		"client 1: P d DEALLOCATE ALL / P s select 1 / S",
		"server 1 < P _1 DEALLOCATE ALL / P _2 select 1 / S",
		"server 1: 1 / 1 / Z I",
		"client 1 < 1 / 1 / Z I",
		"client 1: B - d / E - 0 / B - s / S",
		"server 1 < B - _1 / E - 0 / H",
		"server 1: 2 / C DEALLOCATE ALL",
		"server 1 < B - s / S",
		"server 1: E 26000 no s / Z I",
		"client 1 < 2 / C DEALLOCATE ALL / E 26000 no s / Z I" } },
	{ "f22: and if that fails, nothing is gone", ONE, {
		PREPARED(1),
		"client 1: Q BEGIN / Q DISCARD ALL / Q ROLLBACK / B - s / S",
		"server 1 < Q BEGIN / Q DISCARD ALL",
		"server 1: C BEGIN / Z T / E 25001 not in a block / Z E",
		"server 1 < Q ROLLBACK / B - _1 / S" } },
	{ "f22: another client's names stay", ONE, {
		PREPARED(1),
		"client 2: Q DEALLOCATE ALL",
		"server 1: C DEALLOCATE ALL / Z I",
		"client 1: B - s / S",
		"server 1 < P _1 select 1 / B - _1 / S" } },
	{ "f24: what is too old is run again, unseen", ONE, {
		PREPARED(1),
		"client 1: B - s / D P - / E - 0 / S",
		"server 1: " STALE " / Z I",
		"client 1 <",
		"server 1 < C S _1 / P _1 select 1 / B - _1 / D P - / E - 0 /"
		    " S",
		"server 1: 3 / 1 / 2 / T / C SELECT 1 / Z I",
		"client 1 < 2 / T / C SELECT 1 / Z I",
		"owner 1 = pool" } },
	{ "f24: also a Describe", ONE, {
		PREPARED(1),
		"client 1: D S s / S",
		"server 1: " STALE " / Z I",
		"server 1 < C S _1 / P _1 select 1 / D S _1 / S",
		"server 1: 3 / 1 / t / T / Z I",
		"client 1 < t / T / Z I" } },
	{ "f24: but not if half of it was told", ONE, {
		PREPARED(1),
		"client 1: D S s / S",
		"server 1: t / " STALE " / Z I",
		"client 1 < t / " STALE " / Z I" } },
	{ "f24: what is given up for that is not executed unseen",
	    ONE "max_prepared_statements = 1\n", {
		"client 1: P s select 1 / D S s / P w insert into t / D S w /"
		    " S",
		"server 1: 1 / t / T / 1 / t / T / Z I",
		"client 1 < 1 / t / T / 1 / t / T / Z I",
		"client 1: B - s / D P - / E - 0 / B - w / E - 0 / S",
		"server 1 < B - _1 / D P - / E - 0 / B - _2 / E - 0 / S",
		"server 1: " STALE " / Z I",
		"server 1 < C S _1 / C S _2 / P _1 select 1 / B - _1 / D P - /"
		    " E - 0 / P _2 insert into t / C S _tmp / B - _tmp / "
		    "E - 0 / S",
		"server 1: 3 / 3 / 1 / 2 / T / C SELECT 1 / 1 / 3 / "
		    "E 26000 no such statement / Z I",
		"client 1 < 2 / T / C SELECT 1 / " MISLED " / Z I" } },
	{ "f24: blindly if it looks as the client was told", ONE, {
		"client 1: P s select 1 / D S s / S",
		"server 1: 1 / t / T / Z I",
		"client 1: B - s / E - 0 / S",
		"server 1: " STALE " / Z I",
		"client 1 < 1 / t / T / Z I",
		"server 1 < C S _1 / P _1 select 1 / D S _1 / S",
		"server 1: 3 / 1 / t / T / Z I",
		"client 1 <",
		"server 1 < B - _1 / E - 0 / S",
		"server 1: 2 / C SELECT 1 / Z I",
		"client 1 < 2 / C SELECT 1 / Z I" } },
	{ "f24: not if it looks different now", ONE, {
		"client 1: P s select 1 / D S s / S",
		"server 1: 1 / t / T / Z I",
		"client 1: B - s / E - 0 / S",
		"server 1: " STALE " / Z I",
		"client 1 < 1 / t / T / Z I",
		"server 1: 3 / 1 / t / n / Z I",
		"client 1 < " STALE " / Z I",
		"owner 1 = pool",
		"client 1: B - s / D P - / E - 0 / S",
		"server 1 < B - _1 / D P - / E - 0 / S" } },
	{ "f24: rows of another shape are not shown", TWO, {
		"client 1: P s select 1 / D S s / S",
		"server 1: 1 / t / T / Z I",
		HELD,
		"client 1: B - s / E - 0 / S",
		"client 1 < 1 / t / T / Z I",
		"server 2 < P _1 select 1 / D S _1 / B - _1 / E - 0 / S",
		"server 2: 1 / t / n / 2 / D row / C SELECT 1 / Z I",
		"client 1 < " MISLED " / Z I",
		"client 1: B - s / D P - / E - 0 / S",
		"server 2 < B - _1 / D P - / E - 0 / S" } },
	{ "f24: it may depend on the client: it is looked at each time", TWO, {
		"client 1: P s select 1 / D S s / S",
		"server 1: 1 / t / T / Z I",
		HELD,
		"client 1: B - s / E - 0 / S",
		"server 2: 1 / t / n / 2 / D row / C SELECT 1 / Z I",
		"client 1 < 1 / t / T / Z I / " MISLED " / Z I",
		"client 1: B - s / E - 0 / S",
		"server 2 < D S _1 / B - _1 / E - 0 / S",
		"server 2: t / T / 2 / D row / C SELECT 1 / Z I",
		"client 1 < 2 / D row / C SELECT 1 / Z I" } },
	{ "f24: what writes is not executed before that is known", TWO, {
		WRITE,
		HELD,
		"client 1: B - s / E - 0 / S",
		"client 1 < 1 / t / T / Z I",
		"server 2 < P _1 insert into t returning * / D S _1 / H",
		"server 2: 1",
		"server 2 <",
		"server 2: t / T",
		"server 2 < B - _1 / E - 0 / S",
		"server 2: 2 / D row / C INSERT 0 1 / Z I",
		"client 1 < 2 / D row / C INSERT 0 1 / Z I",
		"client 1: B - s / E - 0 / S",
		"server 2 < B - _1 / E - 0 / S" } },
	{ "f24: if it looks different it is refused", TWO, {
		WRITE,
		HELD,
		"client 1: B - s / E - 0 / S",
		"client 1 < 1 / t / T / Z I",
		"server 2: 1 / t / n",
		"server 2 < C S _tmp / B - _tmp / E - 0 / S",
		"server 2: 3 / E 26000 no such statement / Z I",
		"client 1 < " MISLED " / Z I",
		"client 1: C S s / P s insert into t returning * / D S s /"
		    " B - s / E - 0 / S",
		"server 2 < D S _1 / B - _1 / E - 0 / S" } },
	{ "f24: what it looked like before counts for nothing", TWO, {
		WRITE,
		HELD,
		"client 1: B - s / E - 0 / S",
		"client 1 < 1 / t / T / Z I",
		"server 2: 1 / t / n",
		"server 2 < C S _tmp / B - _tmp / E - 0 / S",
		"server 2: 3 / E 26000 no such statement / Z I",
		"client 1 < " MISLED " / Z I",
		"client 1: B - s / E - 0 / S",
		"server 2 < D S _1 / H",
		"server 2: t / T",
		"server 2 < B - _1 / E - 0 / S" } },
	{ "f24: another error passes then", TWO, {
		WRITE,
		HELD,
		"client 1: B - s / E - 0 / S",
		"client 1 < 1 / t / T / Z I",
		"server 2: 1 / t / n",
		"server 2: 3 / E 25P02 aborted / Z I",
		"client 1 < E 25P02 aborted / Z I" } },
	{ "f24: in between others, and what it cannot learn", TWO, {
		WRITE,
		HELD,
		"client 1: P - q / B - - / E - 0 / B - s / E - 0 / S",
		"client 1 < 1 / t / T / Z I",
		"server 2 < P - q / B - - / E - 0 / "
		    "P _1 insert into t returning * / D S _1 / H",
		"server 2: 1 / 2 / C SELECT 1",
		"client 1 < 1 / 2 / C SELECT 1",
		"server 2: E 42P01 no such table",
		"client 1 < E 42P01 no such table",
		"server 2 < P _1 insert into t returning * / B - _1 / E - 0 /"
		    " S",
		"server 2: Z I",
		"client 1 < Z I" } },
	{ "f24: one that fails for its age when it is asked", TWO, {
		WRITE,
		HELD,
		"client 2: P s insert into t returning * / S",
		"server 2: 1 / Z I",
		"client 2 < 1 / Z I",
		"client 1: B - s / E - 0 / S",
		"client 1 < 1 / t / T / Z I",
		"server 2: " STALE,
		"client 1 < " STALE,
		"server 2: Z I",
		"client 1 < Z I",
		"client 1: B - s / E - 0 / S",
		"server 2 < C S _1 / P _1 insert into t returning * / D S _1 /"
		    " H",
		"server 2: 3 / 1 / t / T",
		"server 2 < B - _1 / E - 0 / S" } },
	{ "f24: and one that reads is run again", TWO, {
		"client 1: P s select 1 / D S s / S",
		"server 1: 1 / t / T / Z I",
		HELD,
		"client 2: P s select 1 / S",
		"server 2: 1 / Z I",
		"client 2 < 1 / Z I",
		"client 1: B - s / E - 0 / S",
		"client 1 < 1 / t / T / Z I",
		"server 2 < D S _1 / B - _1 / E - 0 / S",
		"server 2: " STALE " / Z I",
		"server 2 < C S _1 / P _1 select 1 / D S _1 / S",
		"server 2: 3 / 1 / t / T / Z I",
		"server 2 < B - _1 / E - 0 / S",
		"server 2: 2 / C SELECT 1 / Z I",
		"client 1 < 2 / C SELECT 1 / Z I" } },
	{ "f24: who asks in the same batch is not refused", TWO, {
		WRITE,
		HELD,
		"client 1: D S s / B - s / E - 0 / S",
		"server 2 < P _1 insert into t returning * / D S _1 / B - _1 /"
		    " E - 0 / S",
		"server 2: 1 / t / n / 2 / C INSERT 0 1 / Z I",
		"client 1 < 1 / t / T / Z I / t / n / 2 / C INSERT 0 1 /"
		    " Z I" } },
	{ "f24: those of the same shape are, and are not asked for again",
	    TWO, {
		"client 1: P s select 1 / D S s / S",
		"server 1: 1 / t / T / Z I",
		HELD,
		"client 1: B - s / E - 0 / S",
		"server 2: 1 / t / T / 2 / D row / C SELECT 1 / Z I",
		"client 1 < 1 / t / T / Z I / 2 / D row / C SELECT 1 / Z I",
		"client 1: B - s / E - 0 / S",
		"server 2 < B - _1 / E - 0 / S" } },
	{ "f24: what a portal looks like counts as well", TWO, {
		"client 1: P s select 1 / B - s / D P - / E - 0 / S",
		"server 1: 1 / 2 / T / C SELECT 1 / Z I",
		"client 1: B - s / E - 0 / S",
		"server 1 < B - _1 / E - 0 / S",
		"server 1: 2 / C SELECT 1 / Z I",
		"client 1 < 1 / 2 / T / C SELECT 1 / Z I / 2 / C SELECT 1 /"
		    " Z I",
		HELD,
		"client 1: B - s / E - 0 / S",
		"server 2 < P _1 select 1 / D S _1 / B - _1 / E - 0 / S",
		"server 2: 1 / t / n / 2 / D row / C SELECT 1 / Z I",
		"client 1 < " MISLED " / Z I" } },
	{ "f24: of that, parameters are no part", TWO, {
		"client 1: P s select 1 / B c s / D P c / S",
		"server 1: 1 / 2 / T / Z I",
		HELD,
		"client 1: B - s / E - 0 / S",
		"server 2: 1 / t / T / 2 / D row / C SELECT 1 / Z I",
		"client 1 < 1 / 2 / T / Z I / 2 / D row / C SELECT 1 / Z I",
		"client 1: B - s / E - 0 / S",
		"server 2 < B - _1 / E - 0 / S" } },
	{ "f24: nor is what another portal looks like", TWO, {
		"client 1: P s select 1 / B c s / D P - / S",
		"server 1: 1 / 2 / T / Z I",
		HELD,
		"client 1: B - s / E - 0 / S",
		"server 2 < P _1 select 1 / B - _1 / E - 0 / S" } },
	{ "f24: nor one of a name that is another's by then", TWO, {
		PREPARED(1),
		"client 1: B - s / C S s / P s select 2 / D P - / S",
		"server 1 < B - _1 / P _2 select 2 / D P - / S",
		"server 1: 2 / 1 / T / Z I",
		HELD,
		"client 1: B - s / E - 0 / S",
		"server 2 < P _2 select 2 / B - _2 / E - 0 / S" } },
	{ "f24: nor what the name was when it was asked for", TWO, {
		PREPARED(1),
		"client 1: D S s / C S s / P s select 2 / S",
		"server 1 < D S _1 / P _2 select 2 / S",
		"server 1: t / T / 1 / Z I",
		HELD,
		"client 1: B - s / E - 0 / S",
		"server 2 < P _2 select 2 / B - _2 / E - 0 / S" } },
	{ "f24: a portal whose description is old news is not noted", ONE, {
		PREPARED(1),
		"client 1: B - s / D P - / E - 0 / S",
		"server 1: 2 / T / C SELECT 1 / Z I",
		"client 1: B - s / D P - / E - 0 / S",
		"server 1 < B - _1 / D P - / E - 0 / S",
		"server 1: 2 / T / C SELECT 1 / Z I",
		"client 1 < 2 / T / C SELECT 1 / Z I / 2 / T / C SELECT 1 /"
		    " Z I" } },
	{ "f24: blindly by what a portal looked like", ONE, {
		"client 1: P s select 1 / B - s / D P - / E - 0 / S",
		"server 1: 1 / 2 / T / C SELECT 1 / Z I",
		"client 1: B - s / E - 0 / S",
		"server 1: " STALE " / Z I",
		"client 1 < 1 / 2 / T / C SELECT 1 / Z I",
		"server 1 < C S _1 / P _1 select 1 / D S _1 / S",
		"server 1: 3 / 1 / t / T / Z I",
		"server 1 < B - _1 / E - 0 / S",
		"server 1: 2 / C SELECT 1 / Z I",
		"client 1 < 2 / C SELECT 1 / Z I" } },
	{ "f24: a batch that asks for nothing new is told what is", ONE, {
		"client 1: P s select 1 / B - s / D P - / E - 0 / S",
		"server 1: 1 / 2 / T / C SELECT 1 / Z I",
		"client 1: B - s / D P - / E - 0 / S",
		"server 1: " STALE " / Z I",
		"server 1: 3 / 1 / 2 / n / C SELECT 1 / Z I",
		"client 1 < 1 / 2 / T / C SELECT 1 / Z I / 2 / n /"
		    " C SELECT 1 / Z I",
		"client 1: B - s / E - 0 / S",
		"server 1 < B - _1 / E - 0 / S" } },
	{ "f24: that is no other one where it is executed again", ONE, {
		WRITE,
		"client 1: B - s / D P - / E - 0 / B - s / E - 0 / S",
		"server 1: " STALE " / Z I",
		"server 1 < C S _1 / P _1 insert into t returning * / B - _1 /"
		    " D P - / E - 0 / B - _1 / E - 0 / S",
		"server 1: 3 / 1 / 2 / n / C INSERT 0 1 / 2 / C INSERT 0 1 /"
		    " Z I",
		"client 1 < 1 / t / T / Z I / 2 / n / C INSERT 0 1 / 2 / "
		    "C INSERT 0 1 / Z I" } },
	{ "f24: nothing is run again of which something was told", ONE, {
		"client 1: P s select 1 / D S s / S",
		"server 1: 1 / t / T / Z I",
		"client 1 < 1 / t / T / Z I",
		"client 1: D S s / B - s / E - 0 / S",
		"server 1: t / n / " STALE " / Z I",
		"client 1 < t / n / " STALE " / Z I" } },
	{ "f24: what reads among others is not executed either", TWO, {
		"client 1: P s select 1 / D S s / S",
		"server 1: 1 / t / T / Z I",
		HELD,
		"client 1: B - s / E - 0 / P - insert into t / B - - / E - 0 /"
		    " S",
		"client 1 < 1 / t / T / Z I",
		"server 2 < P _1 select 1 / D S _1 / H",
		"server 2: 1 / t / n",
		"server 2 < C S _tmp / B - _tmp / E - 0 / P - insert into t / "
		    "B - - / E - 0 / S",
		"server 2: 3 / E 26000 no such statement / Z I",
		"client 1 < " MISLED " / Z I" } },
	{ "f24: nor behind others", TWO, {
		"client 1: P s select 1 / D S s / S",
		"server 1: 1 / t / T / Z I",
		HELD,
		"client 1: P - insert into t / B - - / E - 0 / B - s / E - 0 /"
		    " S",
		"client 1 < 1 / t / T / Z I",
		"server 2 < P - insert into t / B - - / E - 0 / "
		    "P _1 select 1 / D S _1 / H",
		"server 2: 1 / 2 / C INSERT 0 1 / 1 / t / T",
		"server 2 < B - _1 / E - 0 / S" } },
	{ "f24: what is told of a name that is being closed stays", TWO, {
		PREPARED(1),
		"client 1: D S s / S / B - x / C S s / P s select 1 / S",
		"server 1 < D S _1 / S / B - x / S",
		"server 1: t / T / Z I / E 26000 no x / Z I",
		"client 1 < t / T / Z I / E 26000 no x / Z I",
		HELD,
		"client 1: B - s / E - 0 / S",
		"server 2 < P _1 select 1 / D S _1 / B - _1 / E - 0 / S" } },
	{ "f24: a Close that was not read takes nothing from that", TWO, {
		"client 1: P s select 1 / D S s / S",
		"server 1: 1 / t / T / Z I",
		"client 1 < 1 / t / T / Z I",
		"client 1: B - x / C S s / P s select 2 / S",
		"server 1: E 26000 no x / Z I",
		"client 1 < E 26000 no x / Z I",
		HELD,
		"client 1: B - s / E - 0 / S",
		"server 2 < P _1 select 1 / D S _1 / B - _1 / E - 0 / S" } },
	{ "f24: a portal's description that never comes", ONE, {
		PREPARED(1),
		"client 1: B - s / D P - / E - 0 / S",
		"server 1: E 22P02 bad value / Z I",
		"client 1: Q SELECT 2",
		"server 1: T / D 2 / C SELECT 1 / Z I",
		"client 1: B - s / E - 0 / S",
		"server 1 < B - _1 / E - 0 / S" } },
	{ "f24: nothing is asked for where the server skips it", TWO, {
		"client 1: P s select 1 / D S s / S",
		"server 1: 1 / t / T / Z I",
		HELD,
		"client 1: P - bad",
		"server 2: E 42601 syntax error",
		"client 1: B - s / E - 0 / S",
		"server 2: Z I",
		"client 1 < 1 / t / T / Z I / E 42601 syntax error / Z I" } },
	{ "f24: nor in a transaction", ONE, {
		PREPARED(1),
		"client 1: Q BEGIN",
		"server 1: C BEGIN / Z T",
		"client 1: B - s / D P - / E - 0 / S",
		"server 1: " STALE " / Z E",
		"client 1 < C BEGIN / Z T / " STALE " / Z E" } },
	{ "f24: nor if something was executed before it", ONE, {
		PREPARED(1),
		"client 1: P - q / B - - / E - 0 / B - s / D P - / E - 0 / S",
		"server 1: 1 / 2 / C SELECT 1 / " STALE " / Z I",
		"client 1 < 1 / 2 / C SELECT 1 / " STALE " / Z I" } },
	{ "f24: once only", ONE, {
		PREPARED(1),
		"client 1: B - s / D P - / E - 0 / S",
		"server 1: " STALE " / Z I",
		"server 1: 3 / 1 / " STALE " / Z I",
		"client 1 < " STALE " / Z I" } },
	{ "f24: what the client sends meanwhile waits", ONE, {
		PREPARED(1),
		"client 1: B - s / D P - / E - 0 / S",
		"server 1: " STALE,
		"client 1: Q SELECT 2",
		"server 1: Z I",
		"server 1 < C S _1 / P _1 select 1 / B - _1 / D P - / E - 0 /"
		    " S / Q SELECT 2" } },
	{ "f24: a stale plan is made anew at its next use", ONE, {
		PREPARED(1),
		"client 1: B - s / E - 0 / S",
		"server 1: E 0A000 cached plan must not change result type / "
		    "Z I",
		"client 1: B - s / E - 0 / S",
		"server 1 < C S _1 / P _1 select 1 / B - _1 / E - 0 / S" } },
	{ "f25: a new server knows nothing", ONE, {
		PREPARED(1),
		"server 1 dies",
		"client 1: B - s / E - 0 / S",
		"server 2 < P _1 select 1 / B - _1 / E - 0 / S" } },
	{ "f28: those who have statements keep them", ONE, {
		PREPARED(1),
		"reload " ONE "max_prepared_statements = 0\n",
		"client 1: B - s / S",
		"server 1 < B - _1 / S",
		"server 1: 2 / Z I",
		"client 2: P s select 2 / S",
		"server 1 < P s select 2 / S" } },
	{ "session pooling passes all of it", "pool_mode = session\n", {
		"client 1: P s select 1 / S",
		"server 1 < P s select 1 / S" } },
	{ "a batch that builds on one that is not sure waits", ONE, {
		"client 1: P s bad / S / B - s / E - 0 / S",
		"server 1 < P _1 bad / S",
		"server 1: E 42601 syntax error / Z I",
		"server 1 < B - s / E - 0 / S" } },
	{ "f27: strange names", ONE, {
		"client 1: P %s\"';-- one / S",
		"server 1: 1 / Z I",
		"client 1: B - %s\"';-- / S",
		"server 1 < B - _1 / S" } },
};

/* A Bind whose values come later: what is kept is of one read only. */
START_TEST(f24_a_batch_in_two_pieces)
{
	struct world *w = world_start(ONE);
	struct text t = { 0 };

	client_sends(w, 1, "P s select 1", "S");
	server_replies(w, 1, "1", "Z I");
	script_write(CLIENT_SPEAKS, "B - s", &t);
	script_write(CLIENT_SPEAKS, "D P -", &t);
	script_write(CLIENT_SPEAKS, "E - 0", &t);
	script_write(CLIENT_SPEAKS, "S", &t);
	client_sends_bytes(w, 1, t.p, 9);
	client_sends_bytes(w, 1, t.p + 9, t.n - 9);
	server_replies(w, 1, STALE, "Z I");
	client_gets(w, 1, "1", "Z I", STALE, "Z I");
	text_fini(&t);
	world_stop(w);
}
END_TEST

/* What a portal looks like comes byte by byte. */
START_TEST(f24_a_description_in_pieces)
{
	struct world *w = world_start(ONE);
	struct text t = { 0 };
	size_t i;

	client_sends(w, 1, "P s select 1", "B - s", "D P -", "S");
	server_replies(w, 1, "1", "2");
	script_write(SERVER_SPEAKS, "T", &t);
	for (i = 0; i < t.n; i++)
		server_replies_bytes(w, 1, t.p + i, 1);
	server_replies(w, 1, "Z I");
	client_gets(w, 1, "1", "2", "T", "Z I");
	client_sends(w, 1, "B - s", "E - 0", "S");
	server_replies(w, 1, STALE, "Z I");
	server_gets(w, 1, "C S _1", "P _1 select 1", "D S _1", "S");
	server_replies(w, 1, "3", "1", "t", "n", "Z I");
	client_gets(w, 1, STALE, "Z I");
	text_fini(&t);
	world_stop(w);
}
END_TEST

START_TEST(f_statements_follow_their_clients)
{
	play(&plays[_i], ONE);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("prepared");
	TCase *t = tcase_create("prepared");

	tcase_add_loop_test(t, f_statements_follow_their_clients, 0,
	    (int)countof(plays));
	tcase_add_test(t, f24_a_batch_in_two_pieces);
	tcase_add_test(t, f24_a_description_in_pieces);
	suite_add_tcase(s, t);
	return world_run(s);
}
