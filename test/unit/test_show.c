/*
 * test_show.c - the tables of the console: PgBouncer's columns, the facts,
 * and long answers that come in pieces.
 */
#include "admin/console.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>

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

static size_t
count(const char *in, const char *what)
{
	size_t n = 0;

	for (; (in = strstr(in, what)) != NULL; in += strlen(what))
		n++;
	return n;
}

#define SOCKET_COLUMNS "T type t, user t, database t, replication t, "       \
	"state t, addr t, port i, local_addr t, local_port i, "              \
	"connect_time t, request_time t, wait i, wait_us i, "                \
	"close_needed i, ptr t, link t, remote_pid i, tls t, "               \
	"application_name t, prepared_statements i, id i, "
#define OURS "kept i, unsent i"
#define SOCKETS SOCKET_COLUMNS "recv_pos i, pkt_pos i, pkt_remain i, "       \
	"send_pos i, send_remain i, pkt_avail i, send_avail i"
#define WAITING_SOCKET "D C|me|app|none|cl_waiting|10.0.0.5|4242|::1|6432|"  \
	"2001-09-09 01:46:40 UTC|2001-09-09 01:47:40 UTC|61|7|1|0x1f|"       \
	"0xabc|4242|TLSv1.3/AES|psql|3|31|10|0|30|0|0|10|20"

static const struct {
	const char *query, *want;
} tables[] = {
	{ "SHOW VERSION", "T version t\nD " PACKAGE_NAME " " PACKAGE_VERSION },
	{ "SHOW STATE", "T key t, value t\n"
	    "D active|yes\nD paused|no\nD suspended|no" },
	{ "SHOW DATABASES", "T name t, host t, port i, database t, "
	    "force_user t, pool_size i, min_pool_size i, "
	    "reserve_pool_size i, server_lifetime i, pool_mode t, "
	    "load_balance_hosts t, max_connections i, "
	    "current_connections i, max_client_connections i, "
	    "current_client_connections i, paused i, disabled i\n"
	    "D app|h1,h2|5432|app|boss|1|2|3|4|session|round-robin|5|6|7|8|"
	    "1|0\n"
	    "D bare|NULL|0|NULL|NULL|0|0|0|0|NULL|NULL|0|0|0|0|0|0" },
	{ "SHOW USERS", "T name t, pool_size t, reserve_pool_size t, "
	    "pool_mode t, max_user_connections i, current_connections i, "
	    "max_user_client_connections i, current_client_connections i\n"
	    "D me|       20|        0|statement|1|2|3|4\n"
	    "D you|||NULL|0|0|0|0" },
	{ "SHOW POOLS", "T database t, user t, cl_active i, cl_waiting i, "
	    "cl_active_cancel_req i, cl_waiting_cancel_req i, sv_active i, "
	    "sv_active_cancel i, sv_being_canceled i, sv_idle i, sv_used i, "
	    "sv_tested i, sv_login i, maxwait i, maxwait_us i, pool_mode t, "
	    "load_balance_hosts t, wait_reason t, sv_primary i, "
	    "sv_replica i\n"
	    "D app|me|1|2|3|4|5|6|7|8|9|10|11|12|13|transaction|NULL|"
	    "fair_share|3|6" },
	{ "SHOW FAIRNESS", "T database t, user t, key t, clients i, "
	    "waiting i, held i, part i, granted q\n"
	    "D app|me|web|400|380|2|3|9000000000" },
	{ "SHOW PEERS", "T peer_id i, host t, port i, pool_size i\n"
	    "D 3|peer.example|6433|20" },
	{ "SHOW PEER_POOLS", "T peer_id i, cl_active_cancel_req i, "
	    "cl_waiting_cancel_req i, sv_active_cancel i, sv_login i\n"
	    "D 3|1|2|4|5" },
	{ "SHOW LOGINS", "T addr t, user t, unfinished i, failures i, "
	    "wait i\n"
	    "D 10.0.0.5|NULL|7|0|0\n"
	    "D 10.0.0.5|eve|0|3|5" },
	{ "SHOW BUDGET", "T host t, port i, total i, source t, "
	    "app_instances i, instance_number i, share i, held i, pool i, "
	    "auth i, catalog i, listen i, idle i, closing i, ghosts i, "
	    "waiting i, refused q, last_change t\n"
	    "D 10.0.0.5|5432|100|server_connections|5|0|20|19|15|2|1|1|3|4|1|"
	    "7|42|2001-09-09 01:46:40 UTC: 0 -> 20\n"
	    "D /run/postgresql|5433|0||5|NULL|0|0|0|0|0|0|0|0|0|0|0|NULL" },
	{ "SHOW HOSTS", "T host t, port i, databases t, role t, state t, "
	    "reason t, lag n, lag_bytes q, lsn t, timeline i, weight n, "
	    "connections i, requests q, reads q, retries q, last_error t, "
	    "since t\n"
	    "D db1|5432|app,other|replica|up|NULL|1.235|4096|5/28|3|1.500|7|"
	    "100|90|1|timeout|2001-09-09 01:46:40 UTC\n"
	    "D /run/postgresql|5433||none|unknown|why|NULL|NULL|NULL|NULL|"
	    "0.000|0|0|0|0|NULL|1970-01-01 00:00:00 UTC" },
	{ "SHOW DNS_HOSTS", "T hostname t, ttl q, addrs t\n"
	    "D db.example|59|10.0.0.5:0,[::1]:0\n"
	    "D nowhere.example|0|" },
	{ "SHOW DNS_ZONES", "T zonename t, serial q, count i" },
	/* j07: one that is logging in. */
	{ "SHOW SOCKETS", SOCKETS "\n" WAITING_SOCKET "\n"
	    "D C|(nouser)|(nodb)|none|cl_login|unix|6432|?|0|"
	    "2001-09-09 01:46:40 UTC|2001-09-09 01:46:40 UTC|0|0|0|"
	    "0xb2d05e00||0|||0|NULL|0|0|0|0|0|0|0" },
	{ "SHOW ACTIVE_SOCKETS", SOCKETS "\n" WAITING_SOCKET },
	/* j07: the second one has nothing but a state. */
	{ "SHOW CLIENTS", SOCKET_COLUMNS OURS ", wait_reason t\n"
	    "D C|me|app|none|waiting|10.0.0.5|4242|::1|6432|"
	    "2001-09-09 01:46:40 UTC|2001-09-09 01:47:40 UTC|61|7|1|0x1f|"
	    "0xabc|4242|TLSv1.3/AES|psql|3|31|10|20|pool_size\n"
	    "D C|(nouser)|(nodb)|none|idle|unix|6432|?|0|"
	    "2001-09-09 01:46:40 UTC|2001-09-09 01:46:40 UTC|0|0|0|"
	    "0xb2d05e00||0|||0|NULL|0|0|NULL" },
	{ "SHOW SERVERS", SOCKET_COLUMNS OURS ", role t\n"
	    "D S|me|app|none|waiting|10.0.0.5|4242|::1|6432|"
	    "2001-09-09 01:46:40 UTC|2001-09-09 01:47:40 UTC|61|7|1|0x1f|"
	    "0xabc|4242|TLSv1.3/AES|psql|3|31|10|20|replica" },
	{ "SHOW STATS", "T database t, total_server_assignment_count n, "
	    "total_xact_count n, total_query_count n, total_received n, "
	    "total_sent n, total_xact_time n, total_query_time n, "
	    "total_wait_time n, total_client_parse_count n, "
	    "total_server_parse_count n, total_bind_count n, "
	    "total_client_login_count n, avg_server_assignment_count n, "
	    "avg_xact_count n, avg_query_count n, avg_recv n, avg_sent n, "
	    "avg_xact_time n, avg_query_time n, avg_wait_time n, "
	    "avg_client_parse_count n, avg_server_parse_count n, "
	    "avg_bind_count n, avg_client_login_count n\n"
	    "D app|1|2|3|40000000000|18446744073709551615|6|7|8|9|10|11|12|"
	    "1|2|3|40000000000|18446744073709551615|6|7|8|9|10|11|12\n"
	    "D other|3|6|9|100|0|10|20|30|4|5|6|7|"
	    "3|6|9|100|0|10|20|30|4|5|6|7" },
	{ "SHOW STATS_TOTALS", "T database t, server_assignment_count n, "
	    "xact_count n, query_count n, bytes_received n, bytes_sent n, "
	    "xact_time n, query_time n, wait_time n, client_parse_count n, "
	    "server_parse_count n, bind_count n, client_login_count n\n"
	    "D app|1|2|3|40000000000|18446744073709551615|6|7|8|9|10|11|12\n"
	    "D other|3|6|9|100|0|10|20|30|4|5|6|7" },
	{ "SHOW STATS_AVERAGES", "T database t, server_assignment_count n, "
	    "xact_count n, query_count n, bytes_received n, bytes_sent n, "
	    "xact_time n, query_time n, wait_time n, "
	    "avg_client_parse_count n, avg_server_parse_count n, "
	    "avg_bind_count n, avg_client_login_count n\n"
	    "D app|1|2|3|40000000000|18446744073709551615|6|7|8|9|10|11|12\n"
	    "D other|3|6|9|100|0|10|20|30|4|5|6|7" },
	{ "SHOW TOTALS", "T name t, value n\n"
	    "D total_server_assignment_count|3\n"
	    "D total_xact_count|6\n"
	    "D total_query_count|9\n"
	    "D total_client_bytes|100\n"
	    "D total_server_bytes|0\n"
	    "D total_xact_time|10\n"
	    "D total_query_time|20\n"
	    "D total_wait_time|30\n"
	    "D total_ps_client_parse_count|4\n"
	    "D total_ps_server_parse_count|5\n"
	    "D total_ps_bind_count|6\n"
	    "D total_client_login_count|7\n"
	    "D avg_server_assignment_count|1\n"
	    "D avg_xact_count|2\n"
	    "D avg_query_count|3\n"
	    "D avg_client_bytes|40000000000\n"
	    "D avg_server_bytes|18446744073709551615\n"
	    "D avg_xact_time|6\n"
	    "D avg_query_time|7\n"
	    "D avg_wait_time|8\n"
	    "D avg_ps_client_parse_count|9\n"
	    "D avg_ps_server_parse_count|10\n"
	    "D avg_ps_bind_count|11\n"
	    "D avg_client_login_count|12" },
	{ "SHOW LISTS", "T list t, items i\nD databases|7" },
	{ "SHOW MEM", "T name t, size i, used i, free i, memtotal i\n"
	    "D client_cache|640|5|3|5120\nD huge|1|2|3|2147483647" },
	/* j05 */
	{ "SHOW client_encoding", "T client_encoding t\nD UTF-8" },
	{ "SHOW default_transaction_isolation",
	    "T default_transaction_isolation t\nD read committed" },
	{ "SHOW Standard_Conforming_Strings",
	    "T standard_conforming_strings t\nD on" },
	{ "SHOW DateStyle;", "T datestyle t\nD ISO" },
	{ "SHOW TIMEZONE", "T timezone t\nD GMT" },
	{ "select version", "T version t\nD " PACKAGE_NAME " "
	    PACKAGE_VERSION },
};

START_TEST(table_has_pgbouncers_columns_and_the_facts)
{
	char want[4096];

	snprintf(want, sizeof want, "%s\nC SHOW\nZ I", tables[_i].want);
	fake_query(stats, tables[_i].query);
	ck_said(stats, want);
}
END_TEST

START_TEST(n01_fds_have_no_secret_and_are_not_for_everybody)
{
	fake_query(stats, "SHOW FDS");
	ck_said(stats, "E 42501 admin access needed\nZ I");
	fake_query(admin, "SHOW FDS");
	ck_said(admin, "T fd i, task t, user t, database t, addr t, port i, "
	    "cancel q, link i, client_encoding t, std_strings t, "
	    "datestyle t, timezone t, password t, scram_client_key b, "
	    "scram_server_key b\n"
	    "D 11|client|me|app|10.0.0.5|4242|NULL|12|UTF8|on|ISO|UTC|NULL|"
	    "NULL|NULL\n"
	    "D 12|server|NULL|NULL|?|0|NULL|0|NULL|NULL|NULL|NULL|NULL|NULL|"
	    "NULL\nC SHOW\nZ I");
}
END_TEST

START_TEST(j24_config_shows_every_setting_with_its_effective_value)
{
	const char *said;
	size_t n;

	config_settings(&n);
	fake_query(stats, "SHOW CONFIG");
	said = fake_said(stats);
	ck_assert_uint_eq(count(said, "\nD "), n);
	ck_assert_ptr_eq(strstr(said, "T key t, value t, default t, "
	    "changeable t\nD "), said);
	ck_assert_ptr_nonnull(strstr(said,
	    "\nD pool_mode|transaction|session|yes\n"));
	ck_assert_ptr_nonnull(strstr(said, "\nD listen_port|6432|6432|no\n"));
	ck_assert_ptr_nonnull(strstr(said, "\nD auth_user|NULL|NULL|yes\n"));
	ck_assert_ptr_nonnull(strstr(said, "\nC SHOW\nZ I"));
}
END_TEST

START_TEST(help_names_every_table_and_command)
{
	static const char *const names[] = {
		"HELP", "VERSION", "CONFIG", "DATABASES", "POOLS", "CLIENTS",
		"SERVERS", "STATS", "STATS_TOTALS", "STATS_AVERAGES",
		"TOTALS", "LISTS", "USERS", "MEM", "STATE", "PEERS",
		"PEER_POOLS", "FAIRNESS", "LOGINS",
		"\tPAUSE [db]", "\tRESUME [db]", "\tKILL [db]",
		"\tRECONNECT [db]", "\tRELOAD", "\tSHUTDOWN ["
	};
	const char *said;

	fake_query(stats, "SHOW HELP;");
	said = fake_said(stats);
	ck_assert_ptr_eq(strstr(said, "N Console usage\n\tSHOW HELP|"), said);
	for (size_t i = 0; i < countof(names); i++)
		ck_assert_msg(strstr(said, names[i]) != NULL, "%s in %s",
		    names[i], said);
	ck_assert_ptr_null(strstr(said, "not supported"));
	ck_assert_ptr_nonnull(strstr(said, "\n\tSHOW CLIENTS|SERVERS"));
	ck_assert_ptr_nonnull(strstr(said, "\nC SHOW\nZ I"));
}
END_TEST

START_TEST(j08_long_table_is_sent_in_slices_as_the_client_takes_them)
{
	size_t rows = 0, turns = 0, most = 0, n;

	pool->nclients = 50000;
	fake_query(admin, "SHOW CLIENTS");
	while (admin->got.n != 0) {
		n = admin->got.n;
		most = n > most ? n : most;
		rows += count(fake_said(admin), "D C|");
		turns++;
		/* Others are served meanwhile. */
		fake_query(stats, "SHOW VERSION");
		ck_assert_uint_eq(count(fake_said(stats), "C SHOW"), 1);
		fake_turn(pool);
	}
	ck_assert_uint_eq(rows, 50000);
	ck_assert_uint_le(most, 65536 + 1024);
	ck_assert_uint_ge(turns, 50000 * 150 / 65536);
}
END_TEST

START_TEST(j08_client_that_does_not_read_is_waited_for)
{
	size_t n, sends;

	pool->nclients = 5000;
	admin->capacity = 1000;
	fake_query(admin, "SHOW CLIENTS");
	n = admin->got.n;
	ck_assert_uint_gt(n, 60000);
	for (int i = 0; i < 10; i++)
		fake_turn(pool);
	fake_query(admin, "SHOW STATE");
	ck_assert_uint_eq(admin->got.n, n);
	sends = admin->sends;
	fake_said(admin);
	pool->hooks.on_drained(admin->dialog);
	fake_turn(pool);
	ck_assert_uint_eq(admin->sends, sends + 1);
	admin->capacity = 0;
	pool->hooks.on_drained(admin->dialog);
	for (int i = 0; i < 40; i++)
		fake_turn(pool);
	/* The rest, and then what was asked for meanwhile. */
	n = admin->got.n;
	ck_assert_ptr_nonnull(strstr(fake_said(admin),
	    "\nC SHOW\nZ I\nT key t, value t\nD active|yes\nD paused|no\n"
	    "D suspended|no\nC SHOW\nZ I"));
}
END_TEST

START_TEST(j08_many_commands_in_one_packet_share_the_turn)
{
	size_t answers = 0, most = 0, n;

	for (int i = 0; i < 2000; i++)
		fake_query(stats, "SHOW POOLS");
	for (int i = 0; i < 100; i++) {
		n = stats->got.n;
		most = n > most ? n : most;
		answers += count(fake_said(stats), "C SHOW");
		fake_turn(pool);
	}
	ck_assert_uint_eq(answers, 2000);
	ck_assert_uint_le(most, 65536 + 1024);
}
END_TEST

START_TEST(long_table_ends_when_canceled)
{
	pool->nclients = 5000;
	fake_query(admin, "SHOW CLIENTS");
	fake_said(admin);
	pool->hooks.on_cancel(admin->dialog);
	fake_turn(pool);
	ck_said(admin, "E 57014 canceling statement due to user request\n"
	    "Z I");
	fake_turn(pool);
	ck_said(admin, "");
	ck_assert_ptr_null(pool->calls.p);
}
END_TEST

START_TEST(client_that_leaves_a_long_table_leaves_nothing)
{
	pool->nclients = 5000;
	fake_query(admin, "SHOW CLIENTS");
	fake_said(admin);
	fake_leave(admin);
	fake_turn(pool);
	ck_said(admin, "");
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("show");
	TCase *tc = tcase_create("tables");
	SRunner *sr = srunner_create(s);
	int failed;

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_loop_test(tc, table_has_pgbouncers_columns_and_the_facts,
	    0, (int)countof(tables));
	tcase_add_test(tc,
	    n01_fds_have_no_secret_and_are_not_for_everybody);
	tcase_add_test(tc,
	    j24_config_shows_every_setting_with_its_effective_value);
	tcase_add_test(tc, help_names_every_table_and_command);
	tcase_add_test(tc,
	    j08_long_table_is_sent_in_slices_as_the_client_takes_them);
	tcase_add_test(tc, j08_client_that_does_not_read_is_waited_for);
	tcase_add_test(tc, j08_many_commands_in_one_packet_share_the_turn);
	tcase_add_test(tc, long_table_ends_when_canceled);
	tcase_add_test(tc, client_that_leaves_a_long_table_leaves_nothing);
	suite_add_tcase(s, tc);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
