/*
 * test_console.c - the console as psql and drivers see it, over a fake pool
 * layer. Names begin with the id of the mishap that they rule out.
 */
#include "admin/console.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/must.h"
#include "fake_pool.h"

static struct pooler *pool;
static struct client *admin, *stats;

static void
setup(void)
{
	setenv("TZ", "UTC", 1);
	pool = fake_create();
	console_attach(pool);
	admin = fake_login(pool, CONSOLE_ADMIN);
	stats = fake_login(pool, CONSOLE_STATS);
}

static void
teardown(void)
{
	fake_free(admin);
	fake_free(stats);
	fake_destroy(pool);
}

#define ck_said(client, want) ck_assert_str_eq(fake_said(client), want)

static void
ck_calls(const char *want)
{
	ck_assert_str_eq(pool->calls.p != NULL ? pool->calls.p : "", want);
	text_clear(&pool->calls);
}

/* Rights */

static const struct {
	const char *query, *want, *tag;
} rights[] = {
	{ "PAUSE", "pause() ", "PAUSE" },
	{ "PAUSE app", "pause(app) ", "PAUSE" },
	{ "RESUME", "resume() ", "RESUME" },
	{ "RESUME app", "resume(app) ", "RESUME" },
	{ "KILL", "kill() ", "KILL" },
	{ "KILL app", "kill(app) ", "KILL" },
	{ "RECONNECT", "reconnect() ", "RECONNECT" },
	{ "reconnect app;", "reconnect(app) ", "RECONNECT" },
	{ "RELOAD", "reload() ", "RELOAD" },
	{ "SHUTDOWN WAIT_FOR_SERVERS", "shutdown(servers) ", "SHUTDOWN" },
	{ "shutdown wait_for_clients", "shutdown(clients) ", "SHUTDOWN" },
	{ "SHUTDOWN", "shutdown(now) ", NULL },
	{ "SUSPEND", "suspend() ", "SUSPEND" },
	{ "DISABLE app", "disable(app) ", "DISABLE" },
	{ "enable app", "enable(app) ", "ENABLE" },
	{ "WAIT_CLOSE", "wait_close() ", "WAIT_CLOSE" },
	{ "WAIT_CLOSE app", "wait_close(app) ", "WAIT_CLOSE" },
	{ "KILL_CLIENT 31", "kill_client(31) ", "KILL_CLIENT" },
	{ "KILL_CLIENT 0x1f", "kill_client(31) ", "KILL_CLIENT" },
	{ "KILL_CLIENT \"18446744073709551\"",
	    "kill_client(18446744073709551) ", "KILL_CLIENT" },
	{ "SET pool_mode = session", "set(pool_mode, session) ",
	    "SET pool_mode=session" },
	{ "SET query_wait_timeout TO '1.5 min'",
	    "set(query_wait_timeout, 1.5 min) ",
	    "SET query_wait_timeout=1.5 min" },
	{ "SET logfile = ''", "set(logfile, ) ", "SET logfile=" },
	/* j03: exactly the name that was given. */
	{ "KILL \"it's; \"\"a\"\" *.dätä\"", "kill(it's; \"a\" *.dätä) ",
	    "KILL" },
};

START_TEST(admin_command_is_done_and_tagged)
{
	char want[64] = "";

	if (rights[_i].tag != NULL)
		snprintf(want, sizeof want, "C %s\nZ I", rights[_i].tag);
	fake_query(admin, rights[_i].query);
	ck_calls(rights[_i].want);
	ck_said(admin, want);
}
END_TEST

START_TEST(j01_stats_user_is_refused)
{
	fake_query(stats, rights[_i].query);
	ck_calls("");
	ck_said(stats, "E 42501 admin access needed\nZ I");
}
END_TEST

START_TEST(j05_set_of_what_drivers_set_is_ignored)
{
	fake_query(stats, "SET client_encoding TO 'UTF8'");
	fake_query(stats, "set DateStyle = ISO;");
	fake_query(stats, "SET default_transaction_isolation = 'serializable'");
	fake_query(stats, "SET standard_conforming_strings = on");
	fake_query(stats, "SET TimeZone TO 'UTC'");
#define IGNORED "N SET ignored\nC SET\nZ I"
	ck_said(stats, IGNORED "\n" IGNORED "\n" IGNORED "\n" IGNORED "\n"
	    IGNORED);
}
END_TEST

/* Errors */

static const struct {
	const char *query, *want;
} errors[] = {
#define NO(s) s, "E 42601 invalid command '" s "', use SHOW HELP;\nZ I"
	{ NO("") },
	{ NO(";") },
	{ NO(";;;;") },
	{ NO(" \n") },
	{ NO("SHOW") },
	{ NO("SHOW nothing") },
	{ NO("SHOW x; SHUTDOWN") },
	{ NO("SHOW \"pools") },
	{ NO("SELECT 1") },
	{ NO("BEGIN") },
	{ NO("RELOAD app") },
	{ NO("SHUTDOWN now") },
	{ NO("SUSPEND app") },
	{ NO("SET") },
	{ NO("DROP \"dätä\"") },
#undef NO
	{ "PAUSE x123456789x123456789x123456789x123456789x123456789x123456789"
	    "x1234", "E 42601 bad arguments\nZ I" },
};

START_TEST(j02_other_text_is_a_syntax_error_and_nothing_else)
{
	fake_query(admin, errors[_i].query);
	ck_said(admin, errors[_i].want);
	ck_calls("");
	fake_query(admin, "SHOW client_encoding");
	ck_said(admin, "T client_encoding t\nD UTF-8\nC SHOW\nZ I");
}
END_TEST

START_TEST(j02_a_megabyte_is_a_syntax_error_too)
{
	const size_t n = 1024 * 1024;
	char *query = mem_alloc(n);

	/* It begins like a command, and a cut in the middle would make it
	 * one. */
	memset(query, ' ', n - 1);
	memcpy(query, "SHUTDOWN", 8);
	query[n - 2] = 'x';
	fake_frame(admin, 'Q', query, n);
	/* A cut within the second byte of a letter drops the letter. */
	for (size_t i = 1; i + 2 < n; i += 2)
		memcpy(query + i, "ä", 2);
	fake_frame(admin, 'Q', query, n);
	mem_free(query);
	ck_calls("");
	ck_assert_str_eq(fake_said(admin),
	    "E 42601 invalid command 'SHUTDOWN                              "
	    "                                                              "
	    "...', use SHOW HELP;\nZ I\n"
	    "E 42601 invalid command 'S"
	    "äääääääääääääääääääääääää"
	    "ääääääääääääääääääääääää"
	    "...', use SHOW HELP;\nZ I");
}
END_TEST

#define NOT_AN_ID "invalid client pointer supplied"

static const struct {
	const char *why, *query;
	enum control result;
	const char *want;
} refusals[] = {
	{ "unknown", "PAUSE nix", CONTROL_NO_SUCH_DATABASE,
	    "no such database: nix" },
	{ "unknown", "RESUME nix", CONTROL_NO_SUCH_DATABASE,
	    "no such database: nix" },
	{ "unknown", "KILL nix", CONTROL_NO_SUCH_DATABASE,
	    "no such database: nix" },
	{ "unknown", "RECONNECT nix", CONTROL_NO_SUCH_DATABASE,
	    "no such database: nix" },
	{ "a name that is empty is not all of them", "KILL \"\"",
	    CONTROL_NO_SUCH_DATABASE, "no such database: " },
	{ "twice", "PAUSE", CONTROL_ALREADY, "already suspended/paused" },
	{ "twice", "KILL app", CONTROL_ALREADY, "already suspended/paused" },
	{ "not paused", "RESUME", CONTROL_NOT_PAUSED,
	    "pooler is not paused/suspended" },
	{ "not paused", "RESUME app", CONTROL_NOT_PAUSED,
	    "database app is not paused" },
	{ "j28 draining", "RESUME", CONTROL_SHUTTING_DOWN,
	    "pooler is shutting down" },
	{ "console", "PAUSE pgbouncer", CONTROL_IS_CONSOLE,
	    "cannot pause admin db: pgbouncer" },
	{ "console", "KILL pgbouncer", CONTROL_IS_CONSOLE,
	    "cannot kill admin db: pgbouncer" },
	{ "console", "RECONNECT pgbouncer", CONTROL_IS_CONSOLE,
	    "cannot reconnect admin db: pgbouncer" },
	{ "j26 ENABLE's own words", "ENABLE pgweir", CONTROL_IS_CONSOLE,
	    "cannot enable admin db: pgweir" },
	{ "console", "DISABLE pgbouncer", CONTROL_IS_CONSOLE,
	    "cannot disable admin db: pgbouncer" },
	{ "console", "WAIT_CLOSE pgbouncer", CONTROL_IS_CONSOLE,
	    "cannot wait in admin db: pgbouncer" },
	{ "unknown", "DISABLE nix", CONTROL_NO_SUCH_DATABASE,
	    "no such database: nix" },
	{ "unknown", "ENABLE nix", CONTROL_NO_SUCH_DATABASE,
	    "no such database: nix" },
	{ "unknown", "WAIT_CLOSE nix", CONTROL_NO_SUCH_DATABASE,
	    "no such database: nix" },
	{ "which?", "DISABLE", CONTROL_DONE, "a database is required" },
	{ "which?", "ENABLE", CONTROL_DONE, "a database is required" },
	{ "twice", "SUSPEND", CONTROL_ALREADY, "already suspended/paused" },
	{ "paused", "SUSPEND", CONTROL_DATABASE_PAUSED,
	    "cannot suspend with paused databases" },
	{ "j28 draining", "SUSPEND", CONTROL_SHUTTING_DOWN,
	    "pooler is shutting down" },
	{ "j28 draining", "PAUSE", CONTROL_SHUTTING_DOWN,
	    "pooler is shutting down" },
	{ "j16 nobody", "KILL_CLIENT 5", CONTROL_NO_SUCH_CLIENT,
	    "client not found" },
	{ "j16 no id", "KILL_CLIENT app", CONTROL_DONE, NOT_AN_ID },
	{ "j16 no id", "KILL_CLIENT \"\"", CONTROL_DONE, NOT_AN_ID },
	{ "j16 no id", "KILL_CLIENT 0x", CONTROL_DONE, NOT_AN_ID },
	{ "j16 no id", "KILL_CLIENT 5x", CONTROL_DONE, NOT_AN_ID },
	{ "j16 negative", "KILL_CLIENT \"-5\"", CONTROL_DONE, NOT_AN_ID },
	{ "j16 blank", "KILL_CLIENT \" 5\"", CONTROL_DONE, NOT_AN_ID },
	{ "j16 wraps around", "KILL_CLIENT 18446744073709551621",
	    CONTROL_DONE, NOT_AN_ID },
	{ "j16 wraps around", "KILL_CLIENT 0x10000000000000005",
	    CONTROL_DONE, NOT_AN_ID },
	{ "console", "RESUME pgbouncer", CONTROL_IS_CONSOLE,
	    "cannot resume admin db: pgbouncer" },
};

START_TEST(refusal_has_pgbouncers_text)
{
	char want[128];

	snprintf(want, sizeof want, "E 08P01 %s\nZ I", refusals[_i].want);
	pool->result = refusals[_i].result;
	fake_query(admin, refusals[_i].query);
	ck_said(admin, want);
	/* It is over: the next command is answered. */
	fake_query(admin, "SHOW timezone");
	ck_said(admin, "T timezone t\nD GMT\nC SHOW\nZ I");
}
END_TEST

START_TEST(j19_failed_reload_says_what_was_wrong)
{
	pool->reload_fails = true;
	fake_query(admin, "RELOAD");
	ck_said(admin, "E F0000 RELOAD failed, see logs for additional "
	    "details (pgweir.ini:7: no such key)\nZ I");
}
END_TEST

START_TEST(j25_failed_set_says_what_was_wrong)
{
	pool->set_fails = true;
	fake_query(admin, "SET default_pool_size = '-1'");
	ck_calls("set(default_pool_size, -1) ");
	ck_said(admin, "E 22023 SET failed (expected a number)\nZ I");
}
END_TEST

/* Waiting */

static void
pause_waits(const char *query)
{
	pool->result = CONTROL_WAIT;
	fake_query(admin, query);
	pool->result = CONTROL_DONE;
	ck_said(admin, "");
	text_clear(&pool->calls);
}

START_TEST(j09_pause_is_answered_when_it_is_done)
{
	pause_waits("PAUSE");
	fake_turn(pool);
	ck_said(admin, "");
	fake_paused(pool, true);
	fake_turn(pool);
	ck_said(admin, "C PAUSE\nZ I");
}
END_TEST

START_TEST(j09_pause_may_be_done_at_once)
{
	pool->pauses_at_once = true;
	pool->result = CONTROL_WAIT;
	fake_query(admin, "PAUSE");
	fake_turn(pool);
	ck_said(admin, "C PAUSE\nZ I");
}
END_TEST

START_TEST(j10_resume_by_another_answers_the_pause)
{
	pause_waits("PAUSE");
	fake_paused(pool, false);
	fake_turn(pool);
	ck_said(admin, "E 57014 PAUSE was ended by RESUME\nZ I");
	fake_query(admin, "SHOW timezone");
	ck_said(admin, "T timezone t\nD GMT\nC SHOW\nZ I");
}
END_TEST

START_TEST(j13_cancel_ends_the_pause_and_is_answered)
{
	pause_waits(_i == 0 ? "PAUSE" : "PAUSE app");
	pool->hooks.on_cancel(admin->dialog);
	fake_turn(pool);
	ck_calls(_i == 0 ? "resume() " : "resume(app) ");
	ck_assert(list_empty(&pool->waits));
	ck_said(admin,
	    "E 57014 canceling statement due to user request\nZ I");
}
END_TEST

START_TEST(j14_suspend_is_answered_when_all_stands_still)
{
	pause_waits("SUSPEND");
	fake_paused(pool, true);
	fake_turn(pool);
	ck_said(admin, "C SUSPEND\nZ I");
	pause_waits("SUSPEND");
	fake_paused(pool, false);
	fake_turn(pool);
	ck_said(admin, "E 57014 SUSPEND was ended by RESUME\nZ I");
}
END_TEST

START_TEST(j14_cancel_ends_the_suspend)
{
	pause_waits("SUSPEND");
	pool->hooks.on_cancel(admin->dialog);
	fake_turn(pool);
	ck_calls("resume() ");
	ck_said(admin,
	    "E 57014 canceling statement due to user request\nZ I");
}
END_TEST

START_TEST(j18_wait_close_waits_and_its_cancel_resumes_nothing)
{
	pause_waits("WAIT_CLOSE app");
	fake_paused(pool, true);
	fake_turn(pool);
	ck_said(admin, "C WAIT_CLOSE\nZ I");
	pause_waits("WAIT_CLOSE");
	pool->hooks.on_cancel(admin->dialog);
	fake_turn(pool);
	ck_calls("");
	ck_assert(list_empty(&pool->waits));
	ck_said(admin,
	    "E 57014 canceling statement due to user request\nZ I");
}
END_TEST

START_TEST(j28_cancel_does_not_resume_a_shutdown)
{
	pause_waits("PAUSE");
	pool->state.shutting_down = true;
	pool->hooks.on_cancel(admin->dialog);
	fake_turn(pool);
	ck_calls("");
	ck_said(admin,
	    "E 57014 canceling statement due to user request\nZ I");
}
END_TEST

START_TEST(cancel_of_an_idle_session_does_nothing)
{
	pool->hooks.on_cancel(admin->dialog);
	fake_turn(pool);
	ck_calls("");
	ck_said(admin, "");
}
END_TEST

START_TEST(client_that_leaves_while_waiting_is_not_called_back)
{
	pause_waits("PAUSE");
	fake_query(admin, "SHOW POOLS");
	fake_leave(admin);
	ck_assert(list_empty(&pool->waits));
	fake_turn(pool);
	ck_said(admin, "");
}
END_TEST

START_TEST(what_comes_while_waiting_is_answered_afterwards_in_order)
{
	pause_waits("PAUSE");
	fake_query(admin, "SHOW timezone");
	fake_frame(admin, 'P', "x", 1);
	fake_frame(admin, 'S', "", 0);
	fake_query(admin, "RESUME");
	fake_turn(pool);
	ck_said(admin, "");
	ck_calls("");
	fake_paused(pool, true);
	fake_turn(pool);
	ck_said(admin, "C PAUSE\nZ I\nT timezone t\nD GMT\nC SHOW\nZ I\n"
	    "E 08P01 extended query protocol not supported by admin console\n"
	    "Z I\nC RESUME\nZ I");
	ck_calls("resume() ");
}
END_TEST

START_TEST(too_much_input_while_waiting_ends_the_client)
{
	char query[4000] = "SHOW POOLS";
	int i;

	memset(query + 10, ' ', sizeof query - 11);
	pause_waits("PAUSE");
	for (i = 0; i < 200 && admin->fatal == NULL; i++)
		fake_frame(admin, 'Q', query, sizeof query);
	ck_assert_int_gt(i, 50);
	ck_assert_int_lt(i, 80);
	ck_assert_str_eq(admin->fatal,
	    "54000 too much input while a command is running");
	fake_query(admin, "SHOW POOLS");
	fake_turn(pool);
	ck_said(admin, "");
}
END_TEST

START_TEST(j17_command_may_end_its_own_client)
{
	pool->killed = admin;
	fake_query(admin, _i == 0 ? "KILL" : "KILL_CLIENT 5");
	ck_said(admin, "");
	ck_assert_ptr_null(admin->dialog);
	fake_turn(pool);
}
END_TEST

/* Protocol */

static const struct {
	const char *why, *types, *want;
} batches[] = {
#define EXTENDED \
	"E 08P01 extended query protocol not supported by admin console"
#define PACKET "E 08P01 unsupported packet type for admin console: "
	{ "j04 a query, as drivers send it", "PBDES", EXTENDED "\nZ I" },
	{ "j04 two of them", "PSBES", EXTENDED "\nZ I\n" EXTENDED "\nZ I" },
	{ "j04 Flush before Sync", "PHDHS", EXTENDED "\nZ I" },
	{ "j04 no Sync, no ReadyForQuery", "PBE", EXTENDED },
	{ "Describe alone", "DS", PACKET "68\nZ I" },
	{ "Close alone", "CS", PACKET "67\nZ I" },
	{ "Sync alone", "S", "Z I" },
	{ "Flush alone", "H", "" },
	{ "function call", "F", PACKET "70\nZ I" },
	{ "COPY without COPY", "ddcf", "" },
};

START_TEST(j04_extended_protocol_gets_an_error_and_goes_on)
{
	for (const char *t = batches[_i].types; *t != '\0'; t++)
		fake_frame(admin, *t, "a\0b", 4);
	ck_assert_msg(strcmp(fake_said(admin), batches[_i].want) == 0,
	    "%s", batches[_i].why);
	fake_frame(admin, 'S', "", 0);
	fake_said(admin);
	fake_query(admin, "SHOW timezone");
	ck_said(admin, "T timezone t\nD GMT\nC SHOW\nZ I");
}
END_TEST

START_TEST(query_in_the_middle_of_a_failed_batch_is_skipped)
{
	fake_frame(admin, 'P', "", 0);
	fake_query(admin, "RELOAD");
	ck_calls("");
	ck_said(admin, EXTENDED);
}
END_TEST

START_TEST(query_that_is_no_string_is_an_error)
{
	fake_frame(admin, 'Q', "", 0);
	fake_frame(admin, 'Q', "RELOAD", 6);
	fake_frame(admin, 'Q', "RELOAD\0x", 9);
	ck_calls("");
	ck_said(admin, "E 08P01 invalid message format\nZ I\n"
	    "E 08P01 invalid message format\nZ I\n"
	    "E 08P01 invalid message format\nZ I");
}
END_TEST

START_TEST(unknown_message_ends_the_client)
{
	fake_query(admin, "SHOW timezone");
	fake_frame(admin, 'y', "", 0);
	ck_said(admin, "T timezone t\nD GMT\nC SHOW\nZ I");
	ck_assert_str_eq(admin->fatal, "08P01 unknown pkt");
	fake_query(admin, "RELOAD");
	ck_calls("");
}
END_TEST

START_TEST(commands_are_logged)
{
	char path[] = "/tmp/test_console.XXXXXX", got[2048];
	struct log_setup setup_log = { .file = path };
	struct err err;
	ssize_t n;
	int fd = mkstemp(path);

	ck_assert(fd != -1);
	ck_assert(log_open(&setup_log, &err));
	pool->config->log_pooler_errors = true;
	fake_query(admin, "PAUSE");
	fake_query(admin, "resume \"a\nb\"");
	fake_query(stats, "RELOAD");
	fake_query(stats, "SHOW POOLS");
	log_close();
	n = read(fd, got, sizeof got - 1);
	close(fd);
	unlink(path);
	ck_assert(n > 0);
	got[n] = '\0';
	ck_assert_ptr_nonnull(strstr(got,
	    "LOG C-7: pgweir/me@unix:6432 PAUSE command issued\n"));
	ck_assert_ptr_nonnull(strstr(got, " RESUME 'a"));
	ck_assert_ptr_null(strstr(got, "\nb' command"));
	ck_assert_ptr_nonnull(strstr(got,
	    " pooler error: admin access needed\n"));
	ck_assert_ptr_null(strstr(got, "SHOW"));
	ck_assert_ptr_null(strstr(got, "RELOAD"));
}
END_TEST

static TCase *
tcase(Suite *s, const char *name)
{
	TCase *tc = tcase_create(name);

	tcase_add_checked_fixture(tc, setup, teardown);
	suite_add_tcase(s, tc);
	return tc;
}

static void
add_commands(Suite *s)
{
	TCase *tc = tcase(s, "commands");

	tcase_add_loop_test(tc, admin_command_is_done_and_tagged, 0,
	    (int)countof(rights));
	tcase_add_loop_test(tc, j01_stats_user_is_refused, 0,
	    (int)countof(rights));
	tcase_add_test(tc, j05_set_of_what_drivers_set_is_ignored);
	tcase_add_loop_test(tc,
	    j02_other_text_is_a_syntax_error_and_nothing_else, 0,
	    (int)countof(errors));
	tcase_add_test(tc, j02_a_megabyte_is_a_syntax_error_too);
	tcase_add_loop_test(tc, refusal_has_pgbouncers_text, 0,
	    (int)countof(refusals));
	tcase_add_test(tc, j19_failed_reload_says_what_was_wrong);
	tcase_add_test(tc, j25_failed_set_says_what_was_wrong);
	tcase_add_test(tc, commands_are_logged);
}

static void
add_waiting(Suite *s)
{
	TCase *tc = tcase(s, "waiting");

	tcase_add_test(tc, j09_pause_is_answered_when_it_is_done);
	tcase_add_test(tc, j09_pause_may_be_done_at_once);
	tcase_add_test(tc, j10_resume_by_another_answers_the_pause);
	tcase_add_loop_test(tc, j13_cancel_ends_the_pause_and_is_answered, 0,
	    2);
	tcase_add_test(tc, j14_suspend_is_answered_when_all_stands_still);
	tcase_add_test(tc, j14_cancel_ends_the_suspend);
	tcase_add_test(tc,
	    j18_wait_close_waits_and_its_cancel_resumes_nothing);
	tcase_add_test(tc, j28_cancel_does_not_resume_a_shutdown);
	tcase_add_test(tc, cancel_of_an_idle_session_does_nothing);
	tcase_add_test(tc,
	    client_that_leaves_while_waiting_is_not_called_back);
	tcase_add_test(tc,
	    what_comes_while_waiting_is_answered_afterwards_in_order);
	tcase_add_test(tc, too_much_input_while_waiting_ends_the_client);
	tcase_add_loop_test(tc, j17_command_may_end_its_own_client, 0, 2);
}

static void
add_protocol(Suite *s)
{
	TCase *tc = tcase(s, "protocol");

	tcase_add_loop_test(tc,
	    j04_extended_protocol_gets_an_error_and_goes_on, 0,
	    (int)countof(batches));
	tcase_add_test(tc,
	    query_in_the_middle_of_a_failed_batch_is_skipped);
	tcase_add_test(tc, query_that_is_no_string_is_an_error);
	tcase_add_test(tc, unknown_message_ends_the_client);
}

int
main(void)
{
	Suite *s = suite_create("console");
	SRunner *sr = srunner_create(s);
	int failed;

	add_commands(s);
	add_waiting(s);
	add_protocol(s);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
