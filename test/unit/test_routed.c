/*
 * test_routed.c - the configuration of databases with several hosts.
 */
#include "config/config.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "base/must.h"
#include "config/diff.h"
#include "config/load.h"
#include "unit/files.h"

#define NOBODY_ASKS "expected control_user in the main section, or user " \
	"and password here, or a role for each host in [hosts]: without it " \
	"nobody can ask which host is the primary"

static struct config *
good(const char *text)
{
	struct err err;
	struct config *c;

	files_put("c", text);
	c = config_load("c", &err);
	ck_assert_msg(c != NULL, "%s", err.text);
	return c;
}

static const struct {
	const char *why, *file, *want;
} bad[] = {
	{ "auto is for later", "[pgweir]\nrouting = auto\n",
	    "c:2: expected routing to be one of: off, explicit; other values "
	    "are not implemented yet and cannot be ignored" },
	{ "of a database, too", "[pgweir]\ncontrol_user = c\n[databases]\n"
	    "x = host=a,b routing=auto\n",
	    "c:4: \"x\": expected routing to be one of: off, explicit; other "
	    "values are not implemented yet and cannot be ignored" },
	{ "no such rule", "[pgweir]\nload_balance = round-robin\n",
	    "c:2: load_balance: expected one of: least_connections, "
	    "round_robin, ip_hash, random" },
	{ "nobody asks", "[pgweir]\n[databases]\ny = host=a\n"
	    "x = host=a,b routing=explicit\n",
	    "c:4: database \"x\": " NOBODY_ASKS },
	{ "nobody asks for a role", "[databases]\nx = host=a,b role=any\n"
	    "[pgweir]\n", "c:2: database \"x\": " NOBODY_ASKS },
	{ "a user without a password is none", "[databases]\n"
	    "x = host=a,b user=u routing=explicit\n[pgweir]\n",
	    "c:2: database \"x\": " NOBODY_ASKS },
	{ "routing for all of them", "[databases]\nx = host=a,b\n"
	    "[pgweir]\nrouting = explicit\n",
	    "c:2: database \"x\": " NOBODY_ASKS },
	{ "one host has no role", "[databases]\n"
	    "x = host=a,b routing=explicit\n[hosts]\na = role=primary\n"
	    "[pgweir]\n", "c:2: database \"x\": " NOBODY_ASKS },
	{ "the same host on another port", "[databases]\n"
	    "x = host=a,b port=1,2 routing=explicit\n"
	    "[hosts]\na:1 = role=primary\nb:1 = role=replica\n[pgweir]\n",
	    "c:2: database \"x\": " NOBODY_ASKS },
	{ "fewer ports than hosts", "[databases]\n"
	    "x = host=a,b,c port=1,2\n[pgweir]\n",
	    "c:2: database \"x\": port: expected one port for all hosts or "
	    "as many as there are hosts (3), found 2" },
	{ "more ports than hosts", "[databases]\n"
	    "x = host=a,b port=1,2,3\n[pgweir]\n",
	    "c:2: database \"x\": port: expected one port for all hosts or "
	    "as many as there are hosts (2), found 3" },
	{ "ports for a socket", "[databases]\nx = port=1,2\n[pgweir]\n",
	    "c:2: database \"x\": port: expected one port for all hosts or "
	    "as many as there are hosts (1), found 2" },
	{ "an empty port", "[databases]\nx = host=a,b port=1,\n[pgweir]\n",
	    "c:2: database \"x\": port: expected a number from 1 to 65535, "
	    "found \"\"" },
	{ "a port that is none", "[databases]\n"
	    "x = host=a,b port=1,70000\n[pgweir]\n",
	    "c:2: database \"x\": port: expected a number from 1 to 65535, "
	    "found \"70000\"" },
	{ "no weight", "[hosts]\na = weight=0\n[pgweir]\n",
	    "c:2: host \"a\": weight: expected a number from 1 to 1000, "
	    "found \"0\"" },
	{ "no role", "[hosts]\na = role=standby\n[pgweir]\n",
	    "c:2: host \"a\": role: expected one of: auto, primary, "
	    "replica" },
};

START_TEST(a_bad_file_is_refused_with_its_place)
{
	struct err err = {{0}};

	files_put("c", bad[_i].file);
	ck_assert_msg(config_load("c", &err) == NULL, "%s", bad[_i].why);
	ck_assert_msg(strcmp(err.text, bad[_i].want) == 0,
	    "%s:\n got %s\nwant %s", bad[_i].why, err.text, bad[_i].want);
}
END_TEST

static const struct {
	const char *why, *file;
	bool routed;
	enum routing routing;
	enum balance_rule balance;
} fine[] = {
	{ "by default several hosts are what they are in PgBouncer",
	    "[databases]\nx = host=a,b\n[pgweir]\n", false, ROUTING_OFF,
	    BALANCE_LEAST_CONNECTIONS },
	{ "control_user asks", "[databases]\n"
	    "x = host=a,b routing=explicit load_balance=random\n[pgweir]\n"
	    "control_user=c\n", true, ROUTING_EXPLICIT, BALANCE_RANDOM },
	{ "its own user asks", "[databases]\n"
	    "x = host=a,b user=u password=p\n[pgweir]\nrouting=explicit\n"
	    "load_balance = ip_hash\n", true, ROUTING_EXPLICIT,
	    BALANCE_IP_HASH },
	{ "nobody has to ask", "[databases]\n"
	    "x = host=a,b port=1,2 routing=explicit\n"
	    "[hosts]\nA:1 = role=primary\nb:2 = role=replica\n[pgweir]\n",
	    true, ROUTING_EXPLICIT, BALANCE_LEAST_CONNECTIONS },
	{ "a role needs to know the others'", "[databases]\n"
	    "x = host=a,b role=replica\n[pgweir]\ncontrol_user=c\n", true,
	    ROUTING_OFF, BALANCE_LEAST_CONNECTIONS },
	{ "off for one of them", "[databases]\n"
	    "x = host=a,b routing=off load_balance=round_robin\n[pgweir]\n"
	    "routing=explicit\n", false, ROUTING_OFF, BALANCE_ROUND_ROBIN },
};

START_TEST(l62_routing_is_what_was_asked_for)
{
	struct config *c = good(fine[_i].file);
	const struct config_database *db = config_database(c, "x");

	ck_assert_msg(config_is_routed(c, db) == fine[_i].routed, "%s",
	    fine[_i].why);
	ck_assert_int_eq(config_routing(c, db, NULL), fine[_i].routing);
	ck_assert_int_eq(config_load_balance(c, db, NULL), fine[_i].balance);
	config_unref(c);
}
END_TEST

START_TEST(ports_go_with_hosts)
{
	struct config *c = good("[databases]\none = host=a,b port=0x1538\n"
	    "each = host=a,b,[::1] port='1, 2,3'\n[pgweir]\n");
	const struct config_database *db = config_database(c, "one");

	ck_assert_uint_eq(db->hosts[0].port, 5432);
	ck_assert_uint_eq(db->hosts[1].port, 5432);
	db = config_database(c, "each");
	ck_assert_uint_eq(db->hosts[0].port, 1);
	ck_assert_uint_eq(db->hosts[1].port, 2);
	ck_assert_uint_eq(db->hosts[2].port, 3);
	ck_assert_int_eq(db->port, 1);
	config_unref(c);
}
END_TEST

START_TEST(another_port_is_another_server)
{
	struct config *a = good("[databases]\nx = host=a,b port=1,2\n"
	    "[pgweir]\n");
	struct config *b = good("[databases]\nx = host=a,b port=1,3\n"
	    "[pgweir]\n");
	struct config_diff d;

	config_diff(&d, a, b);
	ck_assert_uint_eq(d.n, 1);
	ck_assert_int_eq(d.items[0].kind, CHANGE_DATABASE_CONNECTION);
	config_diff_fini(&d);
	config_unref(a);
	config_unref(b);
}
END_TEST

START_TEST(hosts_have_roles_and_weights)
{
	struct config *c = good("[hosts]\ndb1:5433 = role=replica weight=5\n"
	    "[pgweir]\n");
	const struct config_budget *b = config_budget_of(c, "DB1.", 5433);

	ck_assert_ptr_nonnull(b);
	ck_assert_int_eq(b->role, HOST_ROLE_REPLICA);
	ck_assert_int_eq(b->weight, 5);
	ck_assert_ptr_null(config_budget_of(c, "db1", 5432));
	config_unref(c);
}
END_TEST

START_TEST(nobody_is_shown_the_password)
{
	struct config *c = good("[pgweir]\ncontrol_password = hidden\n");
	const struct setting *rows, *row;
	char buf[64];
	size_t n;

	rows = config_settings(&n);
	row = setting_find(rows, n, "control_password");
	ck_assert_str_eq(c->control_password, "hidden");
	ck_assert_str_eq(setting_format(row, c, buf, sizeof buf), "********");
	config_unref(c);
}
END_TEST

START_TEST(set_is_checked_as_the_file_is)
{
	struct config *was = good("[databases]\nx = host=a,b\n[pgweir]\n");
	struct err err = {{0}};
	struct config *now;

	ck_assert_ptr_null(config_set(was, "routing", "explicit", &err));
	ck_assert_str_eq(err.text, "database \"x\": " NOBODY_ASKS);
	now = config_set(was, "control_user", "c", &err);
	ck_assert_ptr_nonnull(now);
	config_unref(was);
	was = now;
	now = config_set(was, "routing", "explicit", &err);
	ck_assert_ptr_nonnull(now);
	ck_assert(config_is_routed(now, config_database(now, "x")));
	config_unref(now);
	config_unref(was);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("routed");
	TCase *t = tcase_create("files");
	SRunner *r = srunner_create(s);
	int failed;

	tcase_add_checked_fixture(t, files_start, files_stop);
	tcase_add_loop_test(t, a_bad_file_is_refused_with_its_place, 0,
	    (int)countof(bad));
	tcase_add_loop_test(t, l62_routing_is_what_was_asked_for, 0,
	    (int)countof(fine));
	tcase_add_test(t, ports_go_with_hosts);
	tcase_add_test(t, another_port_is_another_server);
	tcase_add_test(t, hosts_have_roles_and_weights);
	tcase_add_test(t, nobody_is_shown_the_password);
	tcase_add_test(t, set_is_checked_as_the_file_is);
	suite_add_tcase(s, t);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed == 0 ? 0 : 1;
}
