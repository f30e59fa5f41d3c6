/*
 * test_config_hba.c - the files of access rules and name maps as a part of
 * the configuration: read with it, kept with it.
 */
#include "config/config.h"

#include "base/must.h"
#include "config/hba.h"
#include "config/load.h"
#include "unit/files.h"

#define MAIN "[pgweir]\nauth_type=hba\nauth_hba_file=rules\n"

static struct config *
load(const char *text, struct err *err)
{
	files_put("c", text);
	return config_load("c", err);
}

/* What the rules say about the user u over the Unix socket. */
static enum hba_method
method_of(const struct config *c)
{
	const struct addr addr = { .family = AF_UNIX };
	const struct hba_query q = {
		.addr = &addr, .database = "db", .user = "u",
	};

	return hba_ask(c->hba, &q).method;
}

START_TEST(rules_are_read_with_the_rest)
{
	struct err err = {{0}};
	struct config *c;

	files_put("rules", "local all all peer map=m\n");
	files_put("maps", "m a b\n");
	c = load(MAIN "auth_ident_file=maps\n", &err);
	ck_assert_msg(c != NULL, "%s", err.text);
	ck_assert_uint_eq(c->nwarnings, 0);
	ck_assert_int_eq(method_of(c), HBA_PEER);
	config_unref(c);
}
END_TEST

static const struct {
	const char *why, *file, *rules, *maps, *want;
} bad[] = {
	{ "no file is named", "[pgweir]\nauth_type=hba\n", "", "",
	    "auth_type=hba: expected auth_hba_file to name a file" },
	{ "b41 it is not there", "[pgweir]\nauth_type=hba\n"
	    "auth_hba_file=absent\n", "", "",
	    "absent: expected a readable auth_hba_file: No such file or "
	    "directory" },
	{ "b42 a broken rule", MAIN, "local all all trust\nlocal all\n", "",
	    "rules:2: expected a user, found the end of the line" },
	{ "a map without a file of maps", MAIN, "local all all peer map=m\n",
	    "", "rules:1: expected a map of auth_ident_file, found \"m\"" },
	{ "a broken map", MAIN "auth_ident_file=maps\n", "", "m a\n",
	    "maps:1: expected a map, a name outside and a user" },
	{ "certificates of anybody", MAIN "client_tls_sslmode=require\n",
	    "hostssl all all all cert\n", "",
	    "rules: cert: expected client_tls_ca_file to name a file" },
	{ "besides a password, too", MAIN "client_tls_sslmode=require\n",
	    "hostssl all all all md5 clientcert=verify-ca\n", "",
	    "rules: cert: expected client_tls_ca_file to name a file" },
	{ "no file of maps", MAIN "auth_ident_file=absent\n", "", "",
	    "absent: expected a readable auth_ident_file: No such file or "
	    "directory" },
};

START_TEST(b41_bad_rules_are_a_bad_configuration)
{
	struct err err = {{0}};

	files_put("rules", bad[_i].rules);
	files_put("maps", bad[_i].maps);
	ck_assert_ptr_null(load(bad[_i].file, &err));
	ck_assert_msg(strcmp(err.text, bad[_i].want) == 0, "%s: %s",
	    bad[_i].why, err.text);
}
END_TEST

START_TEST(rules_are_not_read_without_need)
{
	struct err err = {{0}};
	struct config *c = load("[pgweir]\nauth_hba_file=absent\n"
	    "auth_ident_file=absent\n", &err);

	ck_assert_msg(c != NULL, "%s", err.text);
	ck_assert_ptr_null(c->hba);
	ck_assert_uint_eq(c->nwarnings, 0);
	config_unref(c);
}
END_TEST

START_TEST(b41_a_reload_reads_the_rules_or_changes_nothing)
{
	struct config *was, *now;
	struct err err;

	files_put("rules", "local all all md5\n");
	was = load(MAIN, &err);
	ck_assert_ptr_nonnull(was);
	files_put("rules", "local all all rejct\n");
	ck_assert_ptr_null(config_reload(was, &err));
	ck_assert(strncmp(err.text, "rules:1: ", 9) == 0);
	ck_assert_int_eq(method_of(was), HBA_MD5);
	files_put("rules", "local all all reject\n");
	now = config_reload(was, &err);
	ck_assert_ptr_nonnull(now);
	ck_assert_int_eq(method_of(now), HBA_REJECT);
	ck_assert_int_eq(method_of(was), HBA_MD5);
	config_unref(was);
	config_unref(now);
}
END_TEST

START_TEST(set_reads_the_rules)
{
	struct config *plain, *rules, *same;
	struct err err;

	files_put("rules", "local all all md5\n");
	files_put("other", "local all all trust\n");
	plain = load("[pgweir]\n", &err);
	ck_assert_ptr_nonnull(plain);
	ck_assert_ptr_null(config_set(plain, "auth_type", "hba", &err));
	ck_assert_str_eq(err.text, "auth_type=hba: expected auth_hba_file "
	    "to name a file");
	config_unref(plain);
	rules = load(MAIN, &err);
	same = config_set(rules, "verbose", "1", &err);
	ck_assert_ptr_eq(same->hba, rules->hba);
	config_unref(same);
	ck_assert_ptr_null(config_set(rules, "auth_hba_file", "no", &err));
	same = config_set(rules, "auth_hba_file", "other", &err);
	ck_assert_int_eq(method_of(same), HBA_TRUST);
	ck_assert_int_eq(method_of(rules), HBA_MD5);
	config_unref(same);
	same = config_set(rules, "auth_type", "md5", &err);
	ck_assert_ptr_null(same->hba);
	config_unref(same);
	config_unref(rules);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("config_hba");
	TCase *tc = tcase_create("files");
	SRunner *sr = srunner_create(s);
	int failed;

	tcase_add_checked_fixture(tc, files_start, files_stop);
	tcase_add_test(tc, rules_are_read_with_the_rest);
	tcase_add_loop_test(tc, b41_bad_rules_are_a_bad_configuration, 0,
	    (int)countof(bad));
	tcase_add_test(tc, rules_are_not_read_without_need);
	tcase_add_test(tc, b41_a_reload_reads_the_rules_or_changes_nothing);
	tcase_add_test(tc, set_reads_the_rules);
	suite_add_tcase(s, tc);
	srunner_run_all(sr, CK_NORMAL);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
