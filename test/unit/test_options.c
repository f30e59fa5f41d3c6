/*
 * test_options.c - the command line.
 */
#include "options.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "base/must.h"

#define ARGS_MAX 6

static const struct {
	const char *why;
	const char *args[ARGS_MAX];
	struct options want;
} good[] = {
	{ "a file", { "f.ini" }, { .source = "f.ini" } },
	{ "short letters in one", { "-dqvv", "f.ini" },
	    { .source = "f.ini", .daemonize = true, .quiet = true,
	      .verbose = 2 } },
	{ "options after the file", { "f.ini", "-v" },
	    { .source = "f.ini", .verbose = 1 } },
	{ "long forms", { "--daemon", "--quiet", "--verbose", "f.ini" },
	    { .source = "f.ini", .daemonize = true, .quiet = true,
	      .verbose = 1 } },
	{ "user", { "-u", "nobody", "f.ini" },
	    { .source = "f.ini", .user = "nobody" } },
	{ "user, long", { "--user=nobody", "f.ini" },
	    { .source = "f.ini", .user = "nobody" } },
	{ "a file with a dash", { "--", "-f.ini" }, { .source = "-f.ini" } },
	{ "a URL", { "postgres://u@h/d" },
	    { .source = "postgres://u@h/d", .source_is_url = true } },
	{ "a URL, long scheme", { "postgresql://u@h/d" },
	    { .source = "postgresql://u@h/d", .source_is_url = true } },
	{ "a file that looks like one", { "postgres:/x" },
	    { .source = "postgres:/x" } },
	{ "check", { "--check", "f.ini" },
	    { .action = ACTION_CHECK, .source = "f.ini" } },
	{ "check, with =", { "--check=f.ini" },
	    { .action = ACTION_CHECK, .source = "f.ini" } },
	{ "online restart", { "-R", "f.ini" },
	    { .source = "f.ini", .reboot = true } },
	{ "online restart, long", { "-d", "--reboot", "f.ini" },
	    { .source = "f.ini", .daemonize = true, .reboot = true } },
	{ "have it restarted", { "--restart", "f.ini" },
	    { .action = ACTION_RESTART, .source = "f.ini" } },
	{ "version needs no file", { "-V" }, { .action = ACTION_VERSION } },
	{ "version, long", { "--version" }, { .action = ACTION_VERSION } },
	{ "help needs no file", { "-h" }, { .action = ACTION_HELP } },
	{ "help wins over what follows", { "--help", "--bad" },
	    { .action = ACTION_HELP } },
};

static const struct {
	const char *why;
	const char *args[ARGS_MAX];
	const char *text;
} bad[] = {
	{ "no file", { NULL }, "need a configuration file" },
	{ "only options", { "-d" }, "need a configuration file" },
	{ "two files", { "a.ini", "b.ini" }, "\"b.ini\" is too much" },
	{ "check and a file", { "--check", "a.ini", "b.ini" },
	    "\"b.ini\" is too much" },
	{ "an unknown letter", { "-x", "f.ini" }, "unknown option -x" },
	{ "an unknown letter among others", { "-vx", "f.ini" },
	    "unknown option -x" },
	{ "an unknown word", { "--bad", "f.ini" }, "unknown option --bad" },
	{ "a letter without its value", { "f.ini", "-u" },
	    "-u needs a value" },
	{ "a word without its value", { "f.ini", "--user" },
	    "--user needs a value" },
	{ "check without a file", { "--check" }, "--check needs a value" },
	{ "a value too much", { "--daemon=1", "f.ini" },
	    "--daemon=1 takes no value" },
	{ "restart without a file", { "--restart" },
	    "--restart needs a value" },
	{ "restart and a file", { "--restart", "a.ini", "b.ini" },
	    "--restart takes one file" },
};

static bool
parse(const char *const *args, struct options *o, struct err *err)
{
	static char name[] = "pgweir";
	static char copies[ARGS_MAX][100];
	char *argv[ARGS_MAX + 2] = { name };
	int argc = 1;

	for (; argc <= ARGS_MAX && args[argc - 1] != NULL; argc++) {
		strcpy(copies[argc - 1], args[argc - 1]);
		argv[argc] = copies[argc - 1];
	}
	return options_parse(o, argc, argv, err);
}

static bool
same(const char *a, const char *b)
{
	return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

static const struct {
	const char *url, *shown;
} urls[] = {
	{ "postgres://u:secret@h:1/d", "postgres://u:******@h:1/d" },
	{ "postgres://u:s:e@c@h/d", "postgres://u:*****@h/d" },
	{ "postgresql://u@h:1/d", "postgresql://u@h:1/d" },
	{ "postgres://h:1/d?password=secret", "postgres://h:1/d?"
	    "***************" },
	{ "postgres://u:s@h/d?host=@", "postgres://u:***********@" },
	{ "postgres://", "postgres://" },
	{ "f.ini", NULL },
};

START_TEST(n01_the_command_line_shows_no_password)
{
	char program[] = "pgweir", arg[64];
	char *argv[] = { program, arg, NULL };
	struct options o;
	struct err err;
	char *copy;

	snprintf(arg, sizeof arg, "%s", urls[_i].url);
	ck_assert(options_parse(&o, 2, argv, &err));
	copy = options_hide_url(&o);
	ck_assert_str_eq(o.source, urls[_i].url);
	if (urls[_i].shown == NULL) {
		ck_assert_ptr_null(copy);
		return;
	}
	ck_assert_ptr_eq(o.source, copy);
	ck_assert_str_eq(arg, urls[_i].shown);
	free(copy);
}
END_TEST

START_TEST(command_line_is_understood)
{
	const struct options *want = &good[_i].want;
	struct options o;
	struct err err = { "" };

	ck_assert_msg(parse(good[_i].args, &o, &err), "%s: %s",
	    good[_i].why, err.text);
	ck_assert_msg(o.action == want->action, "%s", good[_i].why);
	ck_assert_msg(same(o.source, want->source), "%s", good[_i].why);
	ck_assert_msg(same(o.user, want->user), "%s", good[_i].why);
	ck_assert_msg(o.source_is_url == want->source_is_url &&
	    o.daemonize == want->daemonize && o.quiet == want->quiet &&
	    o.reboot == want->reboot && o.verbose == want->verbose, "%s",
	    good[_i].why);
}
END_TEST

START_TEST(bad_command_line_is_refused)
{
	struct options o;
	struct err err = { "" };

	ck_assert_msg(!parse(bad[_i].args, &o, &err), "%s", bad[_i].why);
	ck_assert_msg(strstr(err.text, bad[_i].text) != NULL, "%s: %s",
	    bad[_i].why, err.text);
}
END_TEST

START_TEST(usage_names_every_option)
{
	static const char *const words[] = { "--daemon", "--quiet",
		"--verbose", "--user", "--check", "--reboot", "--restart",
		"--version", "--help" };
	char *text = NULL;
	size_t n, i;
	FILE *f = open_memstream(&text, &n);

	options_usage(f);
	fclose(f);
	for (i = 0; i < countof(words); i++)
		ck_assert_msg(strstr(text, words[i]) != NULL, "%s", words[i]);
	free(text);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("options");
	TCase *t = tcase_create("options");
	SRunner *run;
	int failed;

	tcase_add_loop_test(t, command_line_is_understood, 0, countof(good));
	tcase_add_loop_test(t, bad_command_line_is_refused, 0, countof(bad));
	tcase_add_loop_test(t, n01_the_command_line_shows_no_password, 0,
	    countof(urls));
	tcase_add_test(t, usage_names_every_option);
	suite_add_tcase(s, t);
	run = srunner_create(s);
	srunner_run_all(run, CK_NORMAL);
	failed = srunner_ntests_failed(run);
	srunner_free(run);
	return failed != 0;
}
