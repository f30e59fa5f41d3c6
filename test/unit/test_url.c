/*
 * test_url.c - a URL instead of a file.
 */
#include "config/load.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/must.h"
#include "base/str.h"
#include "config/userlist.h"

static const struct {
	const char *why, *url;
	const char *want;       /* user secret host:port.. dbname, or error */
} urls[] = {
	{ "all of it", "postgres://u:p@h:5433/d", "u p h:5433 d" },
	{ "the long scheme", "postgresql://u:p@h/d", "u p h:5432 d" },
	{ "dbname from the user", "postgres://u:p@h", "u p h:5432 u" },
	{ "no host", "postgres://u:p@/d", "u p localhost:5432 d" },
	{ "IPv6", "postgres://u:p@[::1]:5433/d", "u p ::1:5433 d" },
	{ "hosts", "postgres://u:p@a,b:77,c/d", "u p a:77 b:77 c:77 d" },
	{ "encoded", "postgres://u%40x:p%3a%2F%27@h/d%20e", "u@x p:/' "
	    "h:5432 d e" },
	{ "a bare @ in the password", "postgres://u:p@q@h/d",
	    "u p@q h:5432 d" },
	{ "socket directory", "postgres://u:p@%2Frun%2Fpg/d",
	    "u p /run/pg:5432 d" },
	{ "parameters", "postgres:///?user=u&password=p&host=h&port=7&"
	    "dbname=d&sslmode=prefer&application_name=x", "u p h:7 d" },
	{ "no user", "postgres://h/d",
	    "URL: expected a user before the @" },
	{ "no URL", "u:hidden@h/d",
	    "URL: expected postgres://user:password@host:port/db" },
	{ "two ports", "postgres://u:hidden@a:1,b:2/d",
	    "URL: expected the same port for all hosts" },
	{ "bad port", "postgres://u:hidden@a:99999/d", "URL: database \"d\": "
	    "port: expected a number from 1 to 65535, found \"99999\"" },
	{ "bad escape", "postgres://u:hidden%4@h/d", "URL: expected two "
	    "hexadecimal digits behind each % in the password" },
	{ "NUL byte", "postgres://u:hidden%00@h/d", "URL: expected two "
	    "hexadecimal digits behind each % in the password" },
	{ "bracket", "postgres://u:hidden@[::1/d",
	    "URL: expected a ] behind [" },
	{ "text behind the bracket", "postgres://u:hidden@[::1]5/d",
	    "URL: expected : and a port behind the host" },
	{ "TLS", "postgres://u:p@h/d?sslmode=verify-full&sslrootcert=/x",
	    "u p h:5432 d" },
	{ "no mode of TLS", "postgres://u:hidden@h/d?sslmode=perhaps",
	    "URL: server_tls_sslmode: expected one of: disable, allow, "
	    "prefer, require, verify-ca, verify-full" },
	{ "unknown parameter", "postgres://u:hidden@h/d?x=y",
	    "URL: expected a known parameter, found \"x\"" },
	{ "the console's name", "postgres://u:hidden@h/pgweir",
	    "URL: expected another name: database name \"pgweir\" is "
	    "reserved" },
	{ "every database", "postgres://u:hidden@h/*",
	    "URL: expected the name of one database" },
	{ "empty host in a list", "postgres://u:hidden@a,,b/d",
	    "URL: database \"d\": expected a host between the commas of "
	    "host" },
};

START_TEST(a_url_is_a_configuration)
{
	struct err err = {{0}};
	struct config *c = config_from_url(urls[_i].url, &err);
	const struct config_database *db;
	struct text t = {0};
	size_t i;

	if (c == NULL) {
		text_puts(&t, err.text);
		ck_assert(strstr(err.text, "hidden") == NULL);
	} else {
		ck_assert_uint_eq(c->ndatabases, 1);
		db = &c->databases[0];
		text_printf(&t, "%s %s", userlist_name(c->userlist, 0),
		    userlist_secret_at(c->userlist, 0));
		for (i = 0; i < db->nhosts; i++)
			text_printf(&t, " %s:%d", db->hosts[i].name,
			    db->hosts[i].port);
		text_printf(&t, " %s", db->dbname);
		ck_assert_int_eq(c->pool_mode, POOL_TRANSACTION);
		ck_assert_int_eq(c->auth_type, AUTH_TYPE_SCRAM);
		ck_assert_str_eq(c->listen_addr, "127.0.0.1");
		ck_assert_ptr_null(c->conffile);
		ck_assert(config_reload(c, &err) == NULL);
	}
	ck_assert_msg(strcmp(t.p, urls[_i].want) == 0,
	    "%s:\n got %s\nwant %s", urls[_i].why, t.p, urls[_i].want);
	text_fini(&t);
	config_unref(c);
}
END_TEST

static const struct {
	const char *parameters;
	enum sslmode want;
} tls[] = {
	{ "", SSLMODE_PREFER },
	{ "?sslmode=disable", SSLMODE_DISABLE },
	{ "?sslmode=require", SSLMODE_REQUIRE },
	{ "?sslmode=require&sslrootcert=/x", SSLMODE_VERIFY_CA },
	{ "?sslmode=verify-full&sslrootcert=/x", SSLMODE_VERIFY_FULL },
};

START_TEST(a_url_says_how_to_protect_the_connection)
{
	char *url = mem_printf("postgres://u:p@h/d%s", tls[_i].parameters);
	struct err err = {{0}};
	struct config *c = config_from_url(url, &err);

	ck_assert_msg(c != NULL, "%s", err.text);
	ck_assert_int_eq(c->server_tls_sslmode, tls[_i].want);
	config_unref(c);
	mem_free(url);
}
END_TEST

START_TEST(a_url_without_a_password_is_for_us_alone)
{
	struct err err;
	struct config *c = config_from_url("postgres://u@h/d", &err);

	ck_assert_str_eq(c->listen_addr, "");
	ck_assert_int_eq(c->unix_socket_mode, 0700);
	ck_assert_int_eq(c->auth_type, AUTH_TYPE_TRUST);
	ck_assert_str_eq(config_secret(c, "u"), "");
	config_unref(c);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("url");
	TCase *tc = tcase_create("urls");
	SRunner *sr = srunner_create(s);
	int failed;

	tcase_add_loop_test(tc, a_url_is_a_configuration, 0,
	    (int)countof(urls));
	tcase_add_loop_test(tc, a_url_says_how_to_protect_the_connection, 0,
	    (int)countof(tls));
	tcase_add_test(tc, a_url_without_a_password_is_for_us_alone);
	suite_add_tcase(s, tc);
	srunner_run_all(sr, CK_NORMAL);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
