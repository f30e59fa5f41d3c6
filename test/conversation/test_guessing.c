/*
 * test_guessing.c - those who connect and do not log in, and those who guess
 * (m01, m04, m05): max_unfinished_logins and login_failure_delay.
 */
#include "base/must.h"
#include "conversation/play.h"
#include "conversation/world.h"

#define ASKING "auth_user = other\nauth_query = select it\n"
#define PLAIN ASKING "auth_type = plain\n"
#define TWO PLAIN "max_unfinished_logins = 2\n"
#define SLOW PLAIN "login_failure_delay = 2\n"

#define SAYS(s) "server " #s ": 1 / 2 / D who|secret / C SELECT 1 / Z I"
#define WRONG(n) "client " #n " < E FATAL 28P01 password authentication failed"
#define TOO_MANY(n) "client " #n " < E FATAL 53300 too many unfinished logins"
#define UNHEARD(n, s) "client " #n " < E FATAL 28000 too many failed " \
	"logins, try again in " #s " s"
#define GUESS(n) "client " #n " comes", "client " #n " < R 3", \
	"client " #n ": p guess"

static const struct play guesses[] = {
	{ "m05: so many may be unfinished", TWO, {
		"client 1 comes", "client 2 comes",
		"client 3 comes",
		TOO_MANY(3),
		"client 3 is gone",
		"client 2 leaves",
		"client 4 comes",
		"client 4 < R 3",
		"client 5 comes",
		TOO_MANY(5),
		"client 4: p wrong",
		WRONG(4),
		"client 6 comes",
		"client 6 < R 3" } },
	{ "m14: at the console's door as at the others", TWO
	    "stats_users = who\n", {
		"client 1 comes database=pgbouncer",
		"client 2 comes database=pgbouncer",
		"client 3 comes database=pgbouncer",
		TOO_MANY(3),
		"client 1 leaves",
		"client 4 comes",
		"client 4 < R 3" } },
	{ "who has logged in is not unfinished", TWO, {
		"client 1 comes",
		"client 2 comes user=who",
		SAYS(1),
		"client 2: p secret",
		"owner 2 = pool",
		"client 3 comes",
		"client 3 < R 3",
		"client 4 comes",
		TOO_MANY(4) } },
	{ "nor who waits for a server", "max_unfinished_logins = 1\n", {
		"logins by hand",
		"client 1 comes", "client 2 comes", "client 3 comes",
		"client 3 <" } },
	{ "m01: nobody stays for ever", TWO "client_login_timeout = 3\n", {
		"client 1 comes", "client 2 comes",
		"wait 3.1",
		"client 1 is gone", "client 2 is gone",
		"client 3 comes",
		"client 3 < R 3" } },
	{ "the limit is changed while it counts", TWO, {
		"client 1 comes", "client 2 comes",
		"reload " PLAIN "max_unfinished_logins = 0\n",
		"client 3 comes",
		"client 3 < R 3",
		"client 1 leaves", "client 2 leaves",
		"reload " PLAIN "max_unfinished_logins = 1\n",
		"client 4 comes",
		"client 4 < R 3",
		"client 5 comes",
		TOO_MANY(5) } },

	{ "m04: it takes a while to learn that a guess was wrong", SLOW, {
		GUESS(1),
		"client 1 <",
		"wait 1.9",
		"client 1 <",
		"wait 0.2",
		WRONG(1),
		"client 1 is gone",
		GUESS(2),
		"wait 2.1",
		WRONG(2) } },
	{ "b11: also for one who does not exist", SLOW, {
		"client 1 comes user=who",
		"server 1: 1 / 2 / C SELECT 0 / Z I",
		"client 1 < R 3",
		"client 1: p guess",
		"client 1 <",
		"client 2 comes user=who",
		UNHEARD(2, 2),
		"wait 2.1",
		WRONG(1) } },
	{ "m04: meanwhile nobody tries the same", SLOW, {
		GUESS(1),
		"client 2 comes",
		UNHEARD(2, 2),
		"client 2 is gone",
		"client 3 comes user=third",
		"client 3 < R 3" } },
	{ "m04: each failure doubles it", SLOW, {
		GUESS(1),
		"wait 2.1",
		GUESS(2),
		"wait 2.1",
		WRONG(2),
		"client 3 comes",
		UNHEARD(3, 2),
		"wait 2",
		GUESS(4),
		"client 5 comes",
		UNHEARD(5, 8),
		"wait 8",
		GUESS(6), "wait 16",
		GUESS(7), "wait 32",
		GUESS(8), "wait 64",
		GUESS(9),
		"client 10 comes",
		UNHEARD(10, 128),
		"wait 128",
		GUESS(11),
		"client 12 comes",
		UNHEARD(12, 128) } },
	{ "and is over after a while", SLOW, {
		GUESS(1),
		"wait 2.1",
		"wait 130",
		GUESS(2),
		"client 3 comes",
		UNHEARD(3, 2) } },
	{ "or with a login that succeeds", SLOW, {
		"client 1 comes user=who",
		SAYS(1),
		"client 1: p guess",
		"client 1 < R 3",
		"wait 2.1",
		WRONG(1),
		"client 2 comes user=who",
		"client 2: p secret",
		"owner 2 = pool",
		"client 3 comes user=who",
		"client 3: p guess",
		SAYS(1),
		"wait 2.1",
		"client 3 < R 3 / E FATAL 28P01 password",
		"client 4 comes user=who",
		"client 4 < R 3" } },
	{ "the deadline of the login comes first",
	    SLOW "client_login_timeout = 1\n", {
		GUESS(1),
		"wait 1.1",
		WRONG(1) } },
	{ "who is refused by and by is unfinished until then",
	    SLOW "max_unfinished_logins = 1\n", {
		GUESS(1),
		"client 2 comes user=third",
		TOO_MANY(2),
		"wait 2.1",
		WRONG(1),
		"client 3 comes user=third",
		"client 3 < R 3" } },
	{ "what it sends meanwhile is not looked at", SLOW, {
		GUESS(1),
		"client 1: p another / Q SELECT 1",
		"client 1 <",
		"wait 2.1",
		WRONG(1),
		"client 2 comes user=third",
		"client 2: p guess / p another",
		"client 2 < R 3",
		"client 2 leaves" } },
	{ "the name that was tried counts, not whose it is", SLOW, {
		"client 1 comes user=WHO",
		SAYS(1),
		"client 1: p guess",
		"client 2 comes user=WHO",
		UNHEARD(2, 2),
		"client 3 comes user=who",
		SAYS(1),
		"client 3 < R 3" } },
	{ "switched off it is forgotten", SLOW, {
		GUESS(1),
		"reload " PLAIN,
		"client 2 comes",
		"client 2 < R 3",
		"wait 2.1",
		WRONG(1) } },
};

START_TEST(somebody_guesses)
{
	play(&guesses[_i], "");
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("guessing");
	TCase *t = tcase_create("guesses");

	tcase_set_timeout(t, 60);
	tcase_add_loop_test(t, somebody_guesses, 0, (int)countof(guesses));
	suite_add_tcase(s, t);
	return world_run(s);
}
