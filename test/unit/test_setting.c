/*
 * test_setting.c - values are read as PgBouncer reads them, within bounds.
 */
#include "config/setting.h"

#include <check.h>
#include <stdlib.h>

#include "base/must.h"
#include "config/config.h"

static const struct {
	const char *why, *name, *value;
	const char *want;       /* as SHOW CONFIG prints it; NULL: refused */
} values[] = {
	{ "decimal", "listen_port", "5432", "5432" },
	{ "j25 hexadecimal", "listen_port", "0x20", "32" },
	{ "j25 octal", "listen_port", "010", "8" },
	{ "sign", "listen_port", "+7", "7" },
	{ "largest", "listen_port", "65535", "65535" },
	{ "j25 too large", "listen_port", "65536", NULL },
	{ "j25 too small", "listen_port", "0", NULL },
	{ "j25 negative", "max_client_conn", "-1", NULL },
	{ "would be cut to 1 in 32 bits", "max_client_conn", "4294967297",
	    NULL },
	{ "does not fit in 64 bits", "max_client_conn",
	    "99999999999999999999", NULL },
	{ "j25 empty", "listen_port", "", NULL },
	{ "text behind", "listen_port", "5432 ; note", NULL },
	{ "fraction of an integer", "listen_port", "1.5", NULL },
	{ "unit on an integer", "max_client_conn", "10s", NULL },
	{ "words", "listen_port", "yes", NULL },
	{ "mode is octal, printed decimal", "unix_socket_mode", "0700",
	    "448" },
	{ "off", "syslog", "0", "0" },
	{ "on", "syslog", "1", "1" },
	{ "yes", "syslog", "yes", "1" },
	{ "ON", "syslog", "ON", "1" },
	{ "true", "syslog", "true", "1" },
	{ "no", "log_stats", "no", "0" },
	{ "Off", "log_stats", "Off", "0" },
	{ "false", "log_stats", "false", "0" },
	{ "neither", "syslog", "2", NULL },
	{ "maybe", "syslog", "maybe", NULL },
	{ "empty truth", "syslog", "", NULL },
	{ "k34 seconds", "server_lifetime", "3600", "3600" },
	{ "k34 fraction", "query_wait_timeout", "0.5", "0.5" },
	{ "k34 leading dot", "query_wait_timeout", ".25", "0.25" },
	{ "k34 exponent", "query_wait_timeout", "1e3", "1000" },
	{ "six digits as PgBouncer", "query_wait_timeout", "1234567",
	    "1.23457e+06" },
	{ "zero", "query_wait_timeout", "0", "0" },
	{ "microseconds", "query_wait_timeout", "5us", "5e-06" },
	{ "milliseconds", "query_wait_timeout", "500ms", "0.5" },
	{ "seconds with a unit", "query_wait_timeout", "2s", "2" },
	{ "minutes", "query_wait_timeout", "2 min", "120" },
	{ "hours", "query_wait_timeout", "1.5h", "5400" },
	{ "days", "query_wait_timeout", "1d", "86400" },
	{ "unit in capitals", "query_wait_timeout", "500MS", "0.5" },
	{ "unknown unit", "query_wait_timeout", "1 week", NULL },
	{ "text behind a unit", "query_wait_timeout", "1s;", NULL },
	{ "negative time", "query_wait_timeout", "-1", NULL },
	{ "no number", "query_wait_timeout", "", NULL },
	{ "only a dot", "query_wait_timeout", ".", NULL },
	{ "infinity", "query_wait_timeout", "inf", NULL },
	{ "not a number", "query_wait_timeout", "nan", NULL },
	{ "hexadecimal time", "query_wait_timeout", "0x10", NULL },
	{ "more than is counted", "query_wait_timeout", "1e300", NULL },
	{ "a period of nothing", "stats_period", "0", NULL },
	{ "bytes", "max_packet_size", "1000", "1000" },
	{ "kilobytes", "max_packet_size", "4kB", "4096" },
	{ "largest unsigned", "max_packet_size", "4294967295",
	    "4294967295" },
	{ "one more", "max_packet_size", "4294967296", NULL },
	{ "word", "pool_mode", "transaction", "transaction" },
	{ "word in capitals", "pool_mode", "Statement", "statement" },
	{ "no such word", "pool_mode", "transactions", NULL },
	{ "empty word", "pool_mode", "", NULL },
	{ "not a number", "pool_mode", "1", NULL },
	{ "text is kept as it is", "server_reset_query", "a 'b'; c",
	    "a 'b'; c" },
	{ "j25 empty text", "server_reset_query", "", "" },
};

static const struct setting *
row_of(const char *name)
{
	const struct setting *rows, *row;
	size_t n;

	rows = config_settings(&n);
	row = setting_find(rows, n, name);
	ck_assert_msg(row != NULL, "%s", name);
	return row;
}

START_TEST(values_are_read)
{
	const struct setting *row = row_of(values[_i].name);
	static struct config c;
	struct err err = {{0}};
	char buf[32];
	const char *got;
	bool ok;

	setting_default(row, &c);
	ok = setting_parse(row, &c, values[_i].value, &err);
	ck_assert_msg(ok == (values[_i].want != NULL), "%s: %s",
	    values[_i].why, err.text);
	if (ok) {
		got = setting_format(row, &c, buf, sizeof buf);
		ck_assert_str_eq(got, values[_i].want);
	} else {
		/* What was expected, and nothing has changed. */
		ck_assert(strncmp(err.text, "expected ", 9) == 0);
		got = setting_format(row, &c, buf, sizeof buf);
		setting_default(row, &c);
		ck_assert_str_eq(got, setting_format(row, &c, buf,
		    sizeof buf));
	}
	setting_free(row, &c);
}
END_TEST

START_TEST(defaults_fit_their_rows)
{
	const struct setting *rows, *row;
	static struct config c;
	char buf[32];
	size_t n, i, k;

	rows = config_settings(&n);
	ck_assert_uint_eq(n, 124);
	for (i = 0; i < n; i++) {
		row = &rows[i];
		setting_default(row, &c);
		ck_assert_msg((setting_format(row, &c, buf, sizeof buf) !=
		    NULL) == (row->def != NULL), "%s", row->name);
		ck_assert_msg(setting_state_of(row, &c, &c) ==
		    SETTING_IMPLEMENTED, "%s: default", row->name);
		for (k = 0; k < i; k++)
			ck_assert_str_ne(rows[k].name, row->name);
		/* The manual needs a sentence. */
		ck_assert(strlen(row->help) > 5);
		ck_assert_int_eq(row->help[strlen(row->help) - 1], '.');
		setting_free(row, &c);
	}
}
END_TEST

START_TEST(settings_come_in_order)
{
	const struct setting *row = NULL, *next;
	size_t n, seen = 0;

	(void)config_settings(&n);
	while ((next = config_setting_after(row)) != NULL) {
		if (row != NULL)
			ck_assert(strcmp(row->name, next->name) < 0);
		row = next;
		seen++;
	}
	ck_assert_uint_eq(seen, n);
}
END_TEST

static const struct {
	const char *name, *value;
	enum setting_state want;
} states[] = {
	{ "pool_mode", "transaction", SETTING_IMPLEMENTED },
	{ "auth_type", "scram-sha-256", SETTING_IMPLEMENTED },
	{ "auth_type", "hba", SETTING_IMPLEMENTED },
	{ "auth_type", "cert", SETTING_IMPLEMENTED },
	{ "auth_type", "pam", SETTING_REFUSED },
	{ "auth_type", "ldap", SETTING_REFUSED },
	{ "client_tls_sslmode", "disable", SETTING_IMPLEMENTED },
	{ "client_tls_sslmode", "allow", SETTING_IMPLEMENTED },
	{ "client_tls_sslmode", "require", SETTING_IMPLEMENTED },
	{ "server_tls_sslmode", "disable", SETTING_IMPLEMENTED },
	{ "server_tls_sslmode", "allow", SETTING_IMPLEMENTED },
	{ "server_tls_sslmode", "prefer", SETTING_IMPLEMENTED },
	{ "server_tls_sslmode", "require", SETTING_IMPLEMENTED },
	{ "server_tls_sslmode", "verify-full", SETTING_IMPLEMENTED },
	{ "auth_ldap_options", "", SETTING_IMPLEMENTED },
	{ "auth_ldap_options", "x", SETTING_REFUSED },
	{ "max_prepared_statements", "0", SETTING_IMPLEMENTED },
	{ "pkt_buf", "8192", SETTING_SILENT },
};

START_TEST(states_depend_on_values)
{
	const struct setting *row = row_of(states[_i].name);
	static struct config c, defaults;
	struct err err;

	setting_default(row, &defaults);
	ck_assert(setting_parse(row, &c, states[_i].value, &err));
	ck_assert_msg(setting_state_of(row, &c, &defaults) ==
	    states[_i].want, "%s = %s", states[_i].name, states[_i].value);
	setting_free(row, &c);
	setting_free(row, &defaults);
}
END_TEST

static const struct {
	const char *name, *want;
} likes[] = {
	{ "pool_mod", "pool_mode" },
	{ "poolmode", "pool_mode" },
	{ "POOL_MODE", "pool_mode" },
	{ "listen_adress", "listen_addr" },
	{ "max_client_connections", "max_db_client_connections" },
	{ "max_clients_conn", "max_client_conn" },
	{ "default_poolsize", "default_pool_size" },
	{ "xyzzy", NULL },
	{ "", NULL },
	{ "a_name_that_is_longer_than_any_name_of_ours_and_not_like_one",
	    NULL },
};

START_TEST(nearest_names)
{
	const struct setting *rows;
	const char *got;
	size_t n;

	rows = config_settings(&n);
	got = setting_nearest(rows, n, likes[_i].name);
	ck_assert_pstr_eq(got, likes[_i].want);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("setting");
	TCase *tc = tcase_create("rows");
	SRunner *sr = srunner_create(s);
	int failed;

	tcase_add_loop_test(tc, values_are_read, 0, (int)countof(values));
	tcase_add_test(tc, defaults_fit_their_rows);
	tcase_add_test(tc, settings_come_in_order);
	tcase_add_loop_test(tc, states_depend_on_values, 0,
	    (int)countof(states));
	tcase_add_loop_test(tc, nearest_names, 0, (int)countof(likes));
	suite_add_tcase(s, tc);
	srunner_run_all(sr, CK_NORMAL);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
