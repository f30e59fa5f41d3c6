/*
 * test_app.c - start, signals, reload and end of the program, with a pooler
 * that only tells what was asked of it.
 *
 * Each test runs the program in a process of its own, on a loopback address
 * of its own, and reads its log.
 */
#include "app.h"

#include <arpa/inet.h>
#include <check.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/must.h"
#include "net/loop.h"
#include "config/config.h"
#include "pool/control.h"
#include "pool/pooler.h"
#include "pool/succession.h"
#include "admin/console.h"

/*
 * The pooler.
 */

struct pooler {
	struct config *config;
	struct program_hooks program;
	bool shutting_down, paused;
};

struct pooler *
pooler_create(struct loop *loop, const struct config *c, struct err *err)
{
	struct pooler *p = mem_alloc(sizeof *p);

	must(loop != NULL);
	(void)err;
	p->config = config_ref(c);
	return p;
}

void
pooler_destroy(struct pooler *p)
{
	config_unref(p->config);
	mem_free(p);
}

void
pooler_watch_hosts(struct pooler *p)
{
	(void)p;
}

void
pooler_set_program(struct pooler *p, const struct program_hooks *hooks)
{
	p->program = *hooks;
}

void
console_attach(struct pooler *p)
{
	must(p->program.reload != NULL);
}

void
pooler_accept(struct pooler *p, int fd, const struct addr *peer,
    const struct addr *local)
{
	(void)p;
	log_info(NULL, "pooler: accept family=%d port=%d", peer->family,
	    local->port);
	close(fd);
}

bool
pooler_check(const struct config *c, struct err *err)
{
	(void)c;
	(void)err;
	return true;
}

bool
pooler_reload(struct pooler *p, const struct config *c, struct err *err)
{
	(void)err;
	log_info(NULL, "pooler: reload default_pool_size=%d",
	    c->default_pool_size);
	config_unref(p->config);
	p->config = config_ref(c);
	return true;
}

const struct config *
pooler_config(const struct pooler *p)
{
	return p->config;
}

bool
control_reload(struct pooler *p, struct err *err)
{
	return p->program.reload(p->program.context, err);
}

enum control
control_pause(struct pooler *p, const char *database, struct control_wait *w)
{
	must(database == NULL);
	must(w == NULL);
	if (p->paused)
		return CONTROL_ALREADY;
	p->paused = true;
	return CONTROL_DONE;
}

enum control
control_resume(struct pooler *p, const char *database)
{
	must(database == NULL);
	if (!p->paused)
		return CONTROL_NOT_PAUSED;
	p->paused = false;
	return CONTROL_DONE;
}

struct control_state
control_state(const struct pooler *p)
{
	return (struct control_state){ .shutting_down = p->shutting_down };
}

void
control_shutdown(struct pooler *p, enum shutdown_mode mode)
{
	log_info(NULL, "pooler: shutdown mode=%d", (int)mode);
	if (mode == SHUTDOWN_NOW) {
		p->program.stopped(p->program.context);
	} else {
		p->shutting_down = true;
		p->program.stop_listening(p->program.context);
	}
}

void
control_hand_over(struct pooler *p)
{
	log_info(NULL, "pooler: handed over");
	p->shutting_down = true;
	p->program.stop_listening(p->program.context);
	p->program.stopped(p->program.context);
}

void
control_let_in(struct pooler *p)
{
	(void)p;
}

void
succession_keep(struct pooler *p, void (*tell)(void *, const char *,
    uint32_t), void *arg)
{
	(void)p;
	(void)tell;
	(void)arg;
}

void
succession_undo(struct pooler *p)
{
	(void)p;
}

void
succession_withhold(struct pooler *p, const char *key, uint32_t kept)
{
	(void)p;
	(void)key;
	(void)kept;
}

/*
 * The world: a folder with the program's files.
 */

static char dir[40], ini[60], log_file[60], pid_file[60], host[20];
static pid_t child;

static char *
in_dir(char *buf, const char *name)
{
	sprintf(buf, "%s/%s", dir, name);
	return buf;
}

static void
world_start(void)
{
	unsigned pid = (unsigned)getpid();

	strcpy(dir, "/tmp/test_app.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dir));
	ck_assert_int_eq(chmod(dir, 0777), 0);
	in_dir(ini, "ini");
	in_dir(log_file, "log");
	in_dir(pid_file, "pid");
	sprintf(host, "127.%u.%u.%u", (pid >> 16 & 127) + 1, pid >> 8 & 255,
	    pid & 255);
}

static void
world_stop(void)
{
	char command[80];

	if (child > 0) {
		kill(child, SIGKILL);
		waitpid(child, NULL, 0);
	}
	sprintf(command, "rm -r %s", dir);
	ck_assert_int_eq(system(command), 0);
}

/* What every configuration starts with; a line may be given once more by
 * the test, whose word is the last. */
static void write_ini(const char *fmt, ...)
    __attribute__((format(printf, 1, 2)));

static void
write_ini(const char *fmt, ...)
{
	FILE *f = fopen(ini, "w");
	va_list ap;

	fprintf(f, "[databases]\nd = host=127.0.0.1\n[pgweir]\n"
	    "auth_type = trust\nlisten_port = 6432\n%s",
	    geteuid() == 0 ? "user = nobody\n" : "");
	va_start(ap, fmt);
	vfprintf(f, fmt, ap);
	va_end(ap);
	fputs("\n", f);
	fclose(f);
	chmod(ini, 0644);
}

/* The usual one. */
static void
write_usual(const char *more)
{
	write_ini("listen_addr = %s\nunix_socket_dir = %s\nlogfile = %s\n"
	    "pidfile = %s\n%s", host, dir, log_file, pid_file, more);
}

static unsigned
count_in(const char *file, const char *text)
{
	static char all[100000];
	FILE *f = fopen(file, "r");
	const char *at = all;
	unsigned n = 0;

	if (f == NULL)
		return 0;
	all[fread(all, 1, sizeof all - 1, f)] = '\0';
	fclose(f);
	while ((at = strstr(at, text)) != NULL) {
		n++;
		at++;
	}
	return n;
}

static bool
appears(const char *file, const char *text, unsigned n)
{
	int i;

	for (i = 0; i < 1000; i++) {
		if (count_in(file, text) >= n)
			return true;
		usleep(5000);
	}
	return false;
}

#define logs(text) ck_assert_msg(appears(log_file, text, 1), "%s", text)

static void
run(struct options o)
{
	char err_file[60];
	int fd;

	o.source = ini;
	child = fork();
	if (child != 0)
		return;
	fd = open(in_dir(err_file, "stderr"), O_WRONLY | O_CREAT | O_APPEND,
	    0644);
	dup2(fd, STDERR_FILENO);
	close(fd);
	exit(app_run(&o));
}

static int
ended(void)
{
	int status;

	ck_assert_int_eq(waitpid(child, &status, 0), child);
	child = 0;
	ck_assert_msg(WIFEXITED(status), "ended by a signal");
	return WEXITSTATUS(status);
}

static void
start(void)
{
	run((struct options){ .quiet = true });
	logs("process up: pgweir");
}

static bool
connects(bool by_unix)
{
	struct sockaddr_in in = { .sin_family = AF_INET,
		.sin_port = htons(6432) };
	struct sockaddr_storage ss;
	socklen_t len;
	char path[80];
	int fd = socket(by_unix ? AF_UNIX : AF_INET, SOCK_STREAM, 0);
	bool ok;

	if (by_unix) {
		addr_unix(in_dir(path, ".s.PGSQL.6432"), &ss, &len);
		ok = connect(fd, (void *)&ss, len) == 0;
	} else {
		inet_pton(AF_INET, host, &in.sin_addr);
		ok = connect(fd, (void *)&in, sizeof in) == 0;
	}
	close(fd);
	return ok;
}

START_TEST(starts_listens_and_ends_cleanly)
{
	char text[100], path[80];

	write_usual("");
	start();
	logs("kernel file descriptor limit: ");
	logs("max_client_conn: 100, max expected fd use: 130");
	sprintf(text, "listening on %s:6432", host);
	logs(text);
	sprintf(text, "listening on unix:%s/.s.PGSQL.6432", dir);
	logs(text);
	sprintf(text, "%ld\n", (long)child);
	ck_assert_uint_eq(count_in(pid_file, text), 1);
	ck_assert(connects(true));
	sprintf(text, "pooler: accept family=%d port=6432", AF_UNIX);
	logs(text);
	kill(child, SIGQUIT);
	ck_assert_int_eq(ended(), 0);
	ck_assert_uint_eq(count_in(log_file, "got SIGQUIT, fast exit"), 1);
	ck_assert_int_eq(access(pid_file, F_OK), -1);
	ck_assert_int_eq(access(in_dir(path, ".s.PGSQL.6432"), F_OK), -1);
}
END_TEST

static const struct {
	const char *why;
	int first, second;
	const char *mode, *fast;
} drains[] = {
	{ "TERM waits for clients", SIGTERM, SIGTERM, "mode=2",
	    "got SIGTERM while shutting down, fast exit" },
	{ "INT waits for servers", SIGINT, SIGINT, "mode=1",
	    "got SIGINT while shutting down, fast exit" },
	{ "INT after TERM ends at once", SIGTERM, SIGINT, "mode=2",
	    "got SIGINT while shutting down, fast exit" },
};

START_TEST(k16_drain_and_second_signal)
{
	char text[60];

	write_usual("");
	start();
	kill(child, drains[_i].first);
	sprintf(text, "pooler: shutdown %s", drains[_i].mode);
	logs(text);
	/* k18: the balancer moves on, the console stays. */
	usleep(20000);
	ck_assert(!connects(false));
	ck_assert(connects(true));
	ck_assert_int_eq(kill(child, 0), 0);
	kill(child, drains[_i].second);
	ck_assert_msg(ended() == 0, "%s", drains[_i].why);
	ck_assert_uint_eq(count_in(log_file, drains[_i].fast), 1);
	ck_assert_int_eq(access(pid_file, F_OK), -1);
}
END_TEST

START_TEST(hup_reloads_and_reopens_the_log)
{
	char moved[80];

	write_usual("");
	start();
	ck_assert_int_eq(rename(log_file, in_dir(moved, "moved")), 0);
	write_usual("default_pool_size = 7\n");
	kill(child, SIGHUP);
	logs("pooler: reload default_pool_size=7");
	ck_assert_uint_eq(count_in(moved, "got SIGHUP, re-reading config"),
	    1);
	kill(child, SIGQUIT);
	ck_assert_int_eq(ended(), 0);
}
END_TEST

static const struct {
	const char *why, *more;
} broken[] = {
	{ "a bad value", "default_pool_size = many\n" },
	{ "an unknown setting", "no_such_setting = 1\n" },
	{ "a log file that cannot be opened",
	    "logfile = /nonexistent/log\ndefault_pool_size = 9\n" },
};

START_TEST(failed_reload_changes_nothing)
{
	write_usual("");
	start();
	write_usual(broken[_i].more);
	kill(child, SIGHUP);
	logs("ERROR reload failed, nothing was changed: ");
	ck_assert_uint_eq(count_in(log_file, "pooler: reload"), 0);
	write_usual("");
	kill(child, SIGHUP);
	logs("pooler: reload default_pool_size=20");
	kill(child, SIGQUIT);
	ck_assert_int_eq(ended(), 0);
}
END_TEST

START_TEST(warnings_are_logged_once)
{
	const char *const text = "login_notify_message";

	write_usual("login_notify_message = hello\n");
	start();
	ck_assert_uint_eq(count_in(log_file, text), 1);
	kill(child, SIGHUP);
	logs("pooler: reload");
	ck_assert_uint_eq(count_in(log_file, text), 1);
	kill(child, SIGQUIT);
	ck_assert_int_eq(ended(), 0);
}
END_TEST

START_TEST(usr1_pauses_usr2_resumes)
{
	write_usual("");
	start();
	kill(child, SIGUSR2);
	logs("got SIGUSR2, but not paused/suspended");
	kill(child, SIGUSR1);
	logs("got SIGUSR1, pausing all activity");
	kill(child, SIGUSR1);
	logs("got SIGUSR1, but already paused/suspended");
	kill(child, SIGUSR2);
	logs("got SIGUSR2, continuing from PAUSE");
	kill(child, SIGQUIT);
	ck_assert_int_eq(ended(), 0);
}
END_TEST

/* Start-up that must fail, and the last words. */
static void
must_fail(struct options o, const char *text)
{
	char err_file[60];

	run(o);
	ck_assert_int_eq(ended(), 1);
	in_dir(err_file, "stderr");
	ck_assert_msg(count_in(err_file, text) == 1, "%s", text);
	ck_assert_uint_eq(count_in(err_file, "FATAL"), 1);
	ck_assert_uint_eq(count_in(err_file, "process up"), 0);
}

static const struct {
	const char *why, *more, *text;
} failures[] = {
	{ "a bad value", "default_pool_size = many",
	    "expected a number from 0 to 1000000, found" },
	{ "k08 no address works", "listen_addr = 203.0.113.1, 203.0.113.2",
	    "FATAL failed to listen on any address in listen_addr list: "
	    "203.0.113.1, 203.0.113.2" },
	{ "nowhere to listen", "listen_addr =\nunix_socket_dir =",
	    "FATAL nowhere to listen on" },
	{ "k09 no folder for the socket", "unix_socket_dir = /nonexistent",
	    "FATAL failed to create unix socket" },
	{ "no such user", "user = nosuchuser",
	    "FATAL could not find user 'nosuchuser' to switch to" },
	{ "no folder for the log", "logfile = /nonexistent/log",
	    "FATAL cannot open log file" },
	{ "no folder for the pid file", "pidfile = /nonexistent/pid",
	    "FATAL could not open pidfile" },
};

START_TEST(start_fails_with_a_reason)
{
	write_usual(failures[_i].more);
	must_fail((struct options){ 0 }, failures[_i].text);
}
END_TEST

START_TEST(k30_root_is_refused)
{
	if (geteuid() != 0)
		return;
	write_usual("user = root\n");
	must_fail((struct options){ 0 },
	    "FATAL pgweir should not run as root");
	ck_assert_int_eq(access(log_file, F_OK), -1);
}
END_TEST

START_TEST(k30_files_belong_to_the_user_we_became)
{
	struct stat st;

	if (geteuid() != 0)
		return;
	write_usual("user = root\n");
	run((struct options){ .user = "nobody" });
	logs("process up: pgweir");
	ck_assert_int_eq(stat(log_file, &st), 0);
	ck_assert_uint_ne(st.st_uid, 0);
	kill(child, SIGQUIT);
	ck_assert_int_eq(ended(), 0);
}
END_TEST

START_TEST(k04_running_instance_is_respected)
{
	char lock[80];
	pid_t first;

	write_usual("");
	start();
	first = child;
	must_fail((struct options){ 0 }, "another instance running?");
	/* Without a pid file the Unix socket tells. */
	write_ini("listen_addr =\nunix_socket_dir = %s\n", dir);
	unlink(in_dir(lock, "stderr"));
	must_fail((struct options){ 0 },
	    "FATAL unix socket is in use, cannot continue");
	child = first;
	kill(child, SIGQUIT);
	ck_assert_int_eq(ended(), 0);

	close(open(in_dir(lock, ".s.PGSQL.6432.lock"), O_CREAT | O_WRONLY,
	    0600));
	in_dir(lock, "stderr");
	unlink(lock);
	must_fail((struct options){ 0 }, "FATAL unix port 6432 is in use");
}
END_TEST

START_TEST(k08_one_of_several_addresses_is_a_warning)
{
	char more[80];

	sprintf(more, "listen_addr = 203.0.113.1 , ,%s\n", host);
	write_usual(more);
	start();
	logs("WARNING cannot listen on 203.0.113.1:6432: bind(): ");
	ck_assert(connects(false));
	kill(child, SIGQUIT);
	ck_assert_int_eq(ended(), 0);
}
END_TEST

START_TEST(daemon_needs_a_pid_file)
{
	write_ini("unix_socket_dir = %s\n", dir);
	must_fail((struct options){ .daemonize = true },
	    "FATAL daemon needs pidfile configured");
}
END_TEST

START_TEST(k26_daemon_is_up_when_its_starter_ends)
{
	char text[20] = "";
	FILE *f;
	int i;

	write_usual("");
	run((struct options){ .daemonize = true });
	ck_assert_int_eq(ended(), 0);
	ck_assert_uint_eq(count_in(log_file, "process up: pgweir"), 1);
	ck_assert(connects(true));
	f = fopen(pid_file, "r");
	ck_assert_ptr_nonnull(fgets(text, sizeof text, f));
	fclose(f);
	ck_assert_int_gt(atoi(text), 1);
	kill(atoi(text), SIGQUIT);
	for (i = 0; i < 1000 && access(pid_file, F_OK) == 0; i++)
		usleep(5000);
	ck_assert_int_eq(access(pid_file, F_OK), -1);
}
END_TEST

START_TEST(starter_of_a_daemon_that_fails_tells)
{
	write_usual("unix_socket_dir = /nonexistent\n");
	must_fail((struct options){ .daemonize = true },
	    "FATAL failed to create unix socket");
}
END_TEST

#ifdef HAVE_SYSTEMD

/* What the service manager hears next. */
static void
hears(int fd, const char *text)
{
	struct timeval patience = { .tv_sec = 5 };
	char got[200];
	ssize_t n;

	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
	n = recv(fd, got, sizeof got - 1, 0);
	ck_assert_msg(n > 0, "nothing in place of %s", text);
	got[n] = '\0';
	ck_assert_msg(strstr(got, text) == got, "%s in place of %s", got,
	    text);
}

START_TEST(k21_service_manager_is_told)
{
	struct sockaddr_storage ss;
	socklen_t len;
	char path[80];
	int fd = socket(AF_UNIX, SOCK_DGRAM, 0);

	addr_unix(in_dir(path, "notify"), &ss, &len);
	ck_assert_int_eq(bind(fd, (void *)&ss, len), 0);
	chmod(path, 0777);
	setenv("NOTIFY_SOCKET", path, 1);
	write_usual("");
	run((struct options){ .quiet = true });
	hears(fd, "READY=1\nMAINPID=");
	ck_assert_uint_eq(count_in(log_file, "listening on unix"), 1);
	kill(child, SIGHUP);
	hears(fd, "RELOADING=1\nMONOTONIC_USEC=");
	hears(fd, "READY=1\n");
	kill(child, SIGTERM);
	hears(fd, "STOPPING=1");
	kill(child, SIGTERM);
	ck_assert_int_eq(ended(), 0);
	close(fd);
}
END_TEST

START_TEST(k22_sockets_of_the_service_manager_are_used)
{
	struct sockaddr_storage ss;
	socklen_t len;
	char path[80], pid[20];
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	struct options o = { .quiet = true, .source = ini };

	addr_unix(in_dir(path, ".s.PGSQL.6432"), &ss, &len);
	ck_assert_int_eq(bind(fd, (void *)&ss, len), 0);
	chmod(path, 0777);
	ck_assert_int_eq(listen(fd, 5), 0);
	write_usual("");
	child = fork();
	if (child == 0) {
		dup2(fd, 3);
		sprintf(pid, "%ld", (long)getpid());
		setenv("LISTEN_PID", pid, 1);
		setenv("LISTEN_FDS", "1", 1);
		exit(app_run(&o));
	}
	logs("process up: pgweir");
	logs("listening on inherited unix socket");
	ck_assert_uint_eq(count_in(log_file, "listen_addr is ignored"), 1);
	ck_assert(connects(true));
	ck_assert(!connects(false));
	logs("pooler: accept");
	kill(child, SIGQUIT);
	ck_assert_int_eq(ended(), 0);
	/* It was not ours to remove. */
	ck_assert_int_eq(access(path, F_OK), 0);
	close(fd);
}
END_TEST

START_TEST(k22_sockets_for_another_process_are_not_taken)
{
	setenv("LISTEN_PID", "1", 1);
	setenv("LISTEN_FDS", "1", 1);
	write_usual("");
	start();
	ck_assert(connects(false));
	kill(child, SIGQUIT);
	ck_assert_int_eq(ended(), 0);
}
END_TEST
#endif

START_TEST(check_says_ok_or_what_is_wrong)
{
	write_usual("");
	ck_assert_int_eq(app_check(ini), 0);
	write_usual("no_such_setting = 1\n");
	ck_assert_int_eq(app_check(ini), 1);
	ck_assert_int_eq(app_check("/nonexistent/ini"), 1);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("app");
	TCase *t = tcase_create("app");
	SRunner *run_all;
	int failed;

	tcase_add_checked_fixture(t, world_start, world_stop);
	tcase_set_timeout(t, 30);
	tcase_add_test(t, starts_listens_and_ends_cleanly);
	tcase_add_loop_test(t, k16_drain_and_second_signal, 0,
	    countof(drains));
	tcase_add_test(t, hup_reloads_and_reopens_the_log);
	tcase_add_loop_test(t, failed_reload_changes_nothing, 0,
	    countof(broken));
	tcase_add_test(t, warnings_are_logged_once);
	tcase_add_test(t, usr1_pauses_usr2_resumes);
	tcase_add_loop_test(t, start_fails_with_a_reason, 0,
	    countof(failures));
	tcase_add_test(t, k30_root_is_refused);
	tcase_add_test(t, k30_files_belong_to_the_user_we_became);
	tcase_add_test(t, k04_running_instance_is_respected);
	tcase_add_test(t, k08_one_of_several_addresses_is_a_warning);
	tcase_add_test(t, daemon_needs_a_pid_file);
	tcase_add_test(t, k26_daemon_is_up_when_its_starter_ends);
	tcase_add_test(t, starter_of_a_daemon_that_fails_tells);
#ifdef HAVE_SYSTEMD
	tcase_add_test(t, k21_service_manager_is_told);
	tcase_add_test(t, k22_sockets_of_the_service_manager_are_used);
	tcase_add_test(t, k22_sockets_for_another_process_are_not_taken);
#endif
	tcase_add_test(t, check_says_ok_or_what_is_wrong);
	suite_add_tcase(s, t);
	run_all = srunner_create(s);
	srunner_run_all(run_all, CK_NORMAL);
	failed = srunner_ntests_failed(run_all);
	srunner_free(run_all);
	return failed != 0;
}
