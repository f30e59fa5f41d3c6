/*
 * test_daemon.c - user, pid file, background.
 *
 * What ends or changes a process is done in a forked one.
 */
#include "daemon.h"

#include <check.h>
#include <fcntl.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/must.h"

static char dir[40], path[60];

static void
world_start(void)
{
	strcpy(dir, "/tmp/test_daemon.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dir));
	snprintf(path, sizeof path, "%s/pid", dir);
}

static void
world_stop(void)
{
	unlink(path);
	ck_assert_int_eq(rmdir(dir), 0);
}

static void
put_file(const char *text)
{
	FILE *f = fopen(path, "w");

	fputs(text, f);
	fclose(f);
}

/* A process id that nobody has any more. */
static pid_t
dead_pid(void)
{
	pid_t pid = fork();

	if (pid == 0)
		_exit(0);
	waitpid(pid, NULL, 0);
	return pid;
}

START_TEST(pidfile_holds_our_id_and_goes_with_us)
{
	struct pidfile p;
	struct stat st;
	struct err err;
	char text[40];
	FILE *f;

	ck_assert(pidfile_check(path, &err));
	ck_assert_msg(pidfile_write(&p, path, &err), "%s", err.text);
	f = fopen(path, "r");
	ck_assert_ptr_nonnull(fgets(text, sizeof text, f));
	fclose(f);
	ck_assert_int_eq(atol(text), getpid());
	ck_assert_int_eq(text[strlen(text) - 1], '\n');
	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert_int_eq(st.st_mode & 0777 & ~0644, 0);
	pidfile_remove(&p);
	ck_assert_int_eq(access(path, F_OK), -1);
	pidfile_remove(&p);
}
END_TEST

START_TEST(k05_two_cannot_both_write)
{
	struct pidfile p, q;
	struct err err;

	ck_assert(pidfile_write(&p, path, &err));
	ck_assert(!pidfile_write(&q, path, &err));
	ck_assert_ptr_nonnull(strstr(err.text, path));
	pidfile_remove(&q);
	ck_assert_int_eq(access(path, F_OK), 0);
	pidfile_remove(&p);
}
END_TEST

START_TEST(k05_another_file_is_not_removed)
{
	struct pidfile p;
	struct err err;
	char other[80];

	ck_assert(pidfile_write(&p, path, &err));
	snprintf(other, sizeof other, "%s.other", path);
	close(open(other, O_CREAT | O_WRONLY, 0600));
	ck_assert_int_eq(rename(other, path), 0);
	pidfile_remove(&p);
	ck_assert_int_eq(access(path, F_OK), 0);
}
END_TEST

static const struct {
	const char *why, *text;
} garbage[] = {
	{ "empty", "" },
	{ "no number", "hello\n" },
	{ "zero", "0\n" },
	{ "negative: would signal a group", "-1\n" },
	{ "too large", "99999999999\n" },
	{ "a number and more", "12x\n" },
	{ "blank", " \n" },
};

START_TEST(k05_corrupt_file_is_a_clear_error)
{
	struct err err;

	put_file(garbage[_i].text);
	ck_assert_msg(!pidfile_check(path, &err), "%s", garbage[_i].why);
	ck_assert_ptr_nonnull(strstr(err.text,
	    "exists, another instance running?"));
	ck_assert_ptr_nonnull(strstr(err.text, "no process id"));
	ck_assert_int_eq(access(path, F_OK), 0);
}
END_TEST

START_TEST(k05_living_process_is_respected)
{
	struct err err;
	char text[40];

	snprintf(text, sizeof text, "%ld\n", (long)getppid());
	put_file(text);
	ck_assert(!pidfile_check(path, &err));
	ck_assert_ptr_nonnull(strstr(err.text,
	    "exists, another instance running?"));
	ck_assert_int_eq(access(path, F_OK), 0);
}
END_TEST

START_TEST(k05_stale_file_is_removed)
{
	struct err err;
	char text[40];

	snprintf(text, sizeof text, "%ld\n", (long)dead_pid());
	put_file(text);
	ck_assert_msg(pidfile_check(path, &err), "%s", err.text);
	ck_assert_int_eq(access(path, F_OK), -1);
}
END_TEST

START_TEST(k05_own_id_is_of_a_former_life)
{
	struct err err;
	char text[40];

	snprintf(text, sizeof text, "%ld\n", (long)getpid());
	put_file(text);
	ck_assert_msg(pidfile_check(path, &err), "%s", err.text);
	ck_assert_int_eq(access(path, F_OK), -1);
}
END_TEST

START_TEST(pidfile_in_no_directory_is_an_error)
{
	struct pidfile p;
	struct err err;

	ck_assert(!pidfile_write(&p, "/nonexistent/pid", &err));
	ck_assert_ptr_nonnull(strstr(err.text, "/nonexistent/pid"));
}
END_TEST

START_TEST(k30_user_switch_is_for_good)
{
	const struct passwd *pw;
	struct err err;

	if (geteuid() != 0)
		return;
	ck_assert(!daemon_refuse_root(&err));
	ck_assert_ptr_nonnull(strstr(err.text, "should not run as root"));
	ck_assert_msg(daemon_switch_user("nobody", &err), "%s", err.text);
	pw = getpwnam("nobody");
	ck_assert_uint_eq(getuid(), pw->pw_uid);
	ck_assert_uint_eq(getegid(), pw->pw_gid);
	ck_assert_int_eq(setuid(0), -1);
	ck_assert(daemon_refuse_root(&err));
	/* To become who we are is no change. */
	ck_assert(daemon_switch_user("nobody", &err));
	ck_assert(!daemon_switch_user("root", &err));
	ck_assert_ptr_nonnull(strstr(err.text, "'root'"));
}
END_TEST

START_TEST(k30_unknown_user)
{
	struct err err;

	ck_assert(!daemon_switch_user("no such user", &err));
	ck_assert_str_eq(err.text,
	    "could not find user 'no such user' to switch to");
}
END_TEST

START_TEST(k12_soft_limit_becomes_hard_limit)
{
	struct rlimit l = { .rlim_cur = 100, .rlim_max = 200 };
	uint64_t hard, soft;

	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &l), 0);
	soft = daemon_raise_fd_limit(&hard);
	ck_assert_uint_eq(soft, 200);
	ck_assert_uint_eq(hard, 200);
	ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &l), 0);
	ck_assert_uint_eq(l.rlim_cur, 200);
}
END_TEST

START_TEST(k15_broken_pipe_is_an_error_only)
{
	int ends[2];

	daemon_ignore_signals();
	ck_assert_int_eq(pipe(ends), 0);
	close(ends[0]);
	ck_assert_int_eq(write(ends[1], "x", 1), -1);
	close(ends[1]);
}
END_TEST

/* Start a "program" that goes to the background, and its exit status as
 * whoever started it sees it. The daemon writes its ids to the file. */
static int
start_in_background(bool works)
{
	struct background b;
	struct err err;
	pid_t pid = fork();
	char text[60];
	int status;

	if (pid == 0) {
		if (!background_enter(&b, &err))
			_exit(9);
		if (!works)
			_exit(7);
		snprintf(text, sizeof text, "%ld %ld %ld", (long)getpid(),
		    (long)getsid(0), (long)getppid());
		put_file(text);
		background_ready(&b);
		background_ready(&b);
		_exit(write(STDERR_FILENO, "lost", 4) == 4 ? 0 : 1);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert(WIFEXITED(status));
	return WEXITSTATUS(status);
}

START_TEST(daemon_is_ready_when_its_starter_ends)
{
	long pid, sid, parent;
	FILE *f;

	ck_assert_int_eq(start_in_background(true), 0);
	f = fopen(path, "r");
	ck_assert_ptr_nonnull(f);
	ck_assert_int_eq(fscanf(f, "%ld %ld %ld", &pid, &sid, &parent), 3);
	fclose(f);
	/* A session of its own, of which it is not the leader. */
	ck_assert_int_ne(sid, getsid(0));
	ck_assert_int_ne(sid, pid);
}
END_TEST

START_TEST(starter_of_a_daemon_that_fails_exits_1)
{
	ck_assert_int_eq(start_in_background(false), 1);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("daemon");
	TCase *t = tcase_create("daemon");
	SRunner *run;
	int failed;

	tcase_add_checked_fixture(t, world_start, world_stop);
	tcase_add_test(t, pidfile_holds_our_id_and_goes_with_us);
	tcase_add_test(t, k05_two_cannot_both_write);
	tcase_add_test(t, k05_another_file_is_not_removed);
	tcase_add_loop_test(t, k05_corrupt_file_is_a_clear_error, 0,
	    countof(garbage));
	tcase_add_test(t, k05_living_process_is_respected);
	tcase_add_test(t, k05_stale_file_is_removed);
	tcase_add_test(t, k05_own_id_is_of_a_former_life);
	tcase_add_test(t, pidfile_in_no_directory_is_an_error);
	tcase_add_test(t, k12_soft_limit_becomes_hard_limit);
	tcase_add_test(t, k15_broken_pipe_is_an_error_only);
	tcase_add_test(t, daemon_is_ready_when_its_starter_ends);
	tcase_add_test(t, starter_of_a_daemon_that_fails_exits_1);
	suite_add_tcase(s, t);
	/* These change who we are: no directory to be removed after. */
	t = tcase_create("user");
	tcase_add_test(t, k30_user_switch_is_for_good);
	tcase_add_test(t, k30_unknown_user);
	suite_add_tcase(s, t);
	run = srunner_create(s);
	srunner_run_all(run, CK_NORMAL);
	failed = srunner_ntests_failed(run);
	srunner_free(run);
	return failed != 0;
}
