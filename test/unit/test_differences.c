/*
 * test_differences.c - what pgweir --check says about a pgbouncer.ini, on
 * files as they are found at sites.
 */
#include "config/load.h"

#include "base/must.h"
#include "unit/files.h"

#define SAMPLES TOP_SRCDIR "/test/unit/samples/"

static bool
has(char **list, size_t n, const char *part)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (strstr(list[i], part) != NULL)
			return true;
	return false;
}

static const struct {
	const char *file;
	bool runs;
	const char *why, *told;         /* NULL: nothing is */
} cases[] = {
	{ "plain.ini", true, "a default of an older version",
	    "plain.ini: server_tls_sslmode is not set: prefer" },
	{ "plain.ini", true, "a file that is read more strictly",
	    "plain.ini:13: auth_file:" },
	{ "fleet.ini", true, "with its line", "fleet.ini:22: server_tls_" },
	{ "fleet.ini", true, "a value that matters",
	    "fleet.ini:26: max_prepared_statements: no client" },
	{ "fleet.ini", true, "without effect",
	    "fleet.ini:28: pkt_buf: has no effect" },
	{ "fleet.ini", true, "better behaviour",
	    "fleet.ini:31: query_timeout: counts while" },
	{ "fleet.ini", true, "not for all values of a setting",
	    "!disable_pqexec" },
	{ "fleet.ini", true, "what is set has no default",
	    "!server_check_query" },
	{ "fleet.ini", true, "not implemented: load.c warns of it",
	    "!pool_idle_timeout" },
	{ "two.ini", true, "a section that comes twice",
	    "two.ini:7: [pgbouncer]: continues" },
	{ "ldap.ini", false, "also where it would not run",
	    "ldap.ini: auth_query is not set" },
};

START_TEST(lines_of_a_pgbouncer_ini)
{
	const char *want = cases[_i].told;
	struct config_report r;
	char path[512];

	fclose(fopen("userlist.txt", "w"));
	snprintf(path, sizeof path, SAMPLES "%s", cases[_i].file);
	ck_assert_msg(config_check(path, &r) == cases[_i].runs, "%s: %s",
	    path, r.nerrors > 0 ? r.errors[0] : "no error");
	config_differences(path, &r);
	if (want[0] == '!')
		ck_assert_msg(!has(r.differences, r.ndifferences, want + 1),
		    "%s", cases[_i].why);
	else
		ck_assert_msg(has(r.differences, r.ndifferences, want), "%s",
		    cases[_i].why);
	config_report_fini(&r);
}
END_TEST

START_TEST(what_is_not_implemented_is_told)
{
	struct config_report r;

	fclose(fopen("userlist.txt", "w"));
	ck_assert(config_check(SAMPLES "fleet.ini", &r));
	ck_assert(has(r.warnings, r.nwarnings,
	    "fleet.ini:32: pool_idle_timeout is not implemented"));
	config_report_fini(&r);
	ck_assert(!config_check(SAMPLES "ldap.ini", &r));
	ck_assert(has(r.errors, r.nerrors, "ldap.ini:5: "));
	config_report_fini(&r);
}
END_TEST

START_TEST(a_file_of_ours_differs_from_nothing)
{
	struct config_report r = {0};
	FILE *f = fopen("pgweir.ini", "w");

	fputs("[pgweir]\nstats_period = 3\npkt_buf = 1\n", f);
	fclose(f);
	config_differences("pgweir.ini", &r);
	ck_assert_uint_eq(r.ndifferences, 0);
	config_differences("not-there.ini", &r);
	ck_assert_uint_eq(r.ndifferences, 0);
	config_report_fini(&r);
}
END_TEST

/* A row about a setting that has gone would never be seen again. */
START_TEST(every_row_is_about_a_setting)
{
	static const char *const names[] = {
#define LINE(name, value, text) name,
#include "config/differences.def"
#define UNSET(name, text) name,
#include "config/differences.def"
	};
	const struct setting *rows;
	size_t i, n;

	rows = config_settings(&n);
	for (i = 0; i < countof(names); i++)
		ck_assert_msg(setting_find(rows, n, names[i]) != NULL, "%s",
		    names[i]);
}
END_TEST

/* What stands beside the generated sample. */
START_TEST(the_minimal_sample_loads)
{
	struct config_report r;
	struct config *c;
	struct err err;
	char line[256];
	FILE *in = fopen(TOP_SRCDIR "/etc/pgweir-minimal.ini", "r");
	FILE *out = fopen("minimal.ini", "w");

	ck_assert(in != NULL && out != NULL);
	fclose(fopen("userlist.txt", "w"));
	while (fgets(line, sizeof line, in) != NULL)
		fputs(strncmp(line, "auth_file", 9) == 0 ?
		    "auth_file = userlist.txt\n" : line, out);
	fclose(in);
	fclose(out);
	ck_assert(config_check("minimal.ini", &r));
	ck_assert_uint_eq(r.nwarnings, 0);
	config_report_fini(&r);
	c = config_load("minimal.ini", &err);
	ck_assert(c != NULL);
	ck_assert_int_eq(c->server_connections, 50);
	config_unref(c);
}
END_TEST

/* Debian's own, where PgBouncer is installed; it may be unreadable. */
START_TEST(debians_file_runs)
{
	static const char path[] = "/etc/pgbouncer/pgbouncer.ini";
	struct config_report r;

	if (access(path, R_OK) != 0 ||
	    access("/etc/pgbouncer/userlist.txt", R_OK) != 0)
		return;
	ck_assert_msg(config_check(path, &r), "%s", r.errors[0]);
	config_report_fini(&r);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("differences");
	TCase *t = tcase_create("differences");
	SRunner *r = srunner_create(s);
	int failed;

	tcase_add_checked_fixture(t, files_start, files_stop);
	tcase_add_loop_test(t, lines_of_a_pgbouncer_ini, 0,
	    (int)countof(cases));
	tcase_add_test(t, what_is_not_implemented_is_told);
	tcase_add_test(t, a_file_of_ours_differs_from_nothing);
	tcase_add_test(t, every_row_is_about_a_setting);
	tcase_add_test(t, the_minimal_sample_loads);
	tcase_add_test(t, debians_file_runs);
	suite_add_tcase(s, t);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed > 0;
}
