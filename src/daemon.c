/*
 * daemon.c - what a process does to be a daemon.
 *
 * Unlike PgBouncer's, the process that was started with -d stays until the
 * daemon listens, so its exit status tells whether it does.
 *
 * The pid file is created, never overwritten: two that start at once cannot
 * both win. It is removed only by who wrote it, which is told by its inode.
 */
#include "daemon.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/must.h"

bool
daemon_switch_user(const char *name, struct err *err)
{
	const struct passwd *pw;

	errno = 0;
	pw = getpwnam(name);
	if (pw == NULL)
		return err_set(err, "could not find user '%s' to switch to",
		    name);
	if (pw->pw_uid == getuid() && pw->pw_uid == geteuid())
		return true;
	if (initgroups(name, pw->pw_gid) == -1 || setgid(pw->pw_gid) == -1 ||
	    setuid(pw->pw_uid) == -1)
		return err_set(err, "could not switch to user '%s': %s", name,
		    strerror(errno));
	must(getuid() == pw->pw_uid && geteuid() == pw->pw_uid);
	/* If root came back, the switch was worth nothing. */
	if (pw->pw_uid != 0 && setuid(0) != -1)
		return err_set(err, "could not give up root for user '%s'",
		    name);
	return true;
}

bool
daemon_refuse_root(struct err *err)
{
	if (geteuid() == 0)
		return err_set(err, "pgweir should not run as root");
	return true;
}

uint64_t
daemon_raise_fd_limit(uint64_t *hard)
{
	struct rlimit is, want;

	if (getrlimit(RLIMIT_NOFILE, &is) == -1) {
		log_warning(NULL, "getrlimit: %s", strerror(errno));
		*hard = 0;
		return 0;
	}
	*hard = is.rlim_max;
	want = is;
	want.rlim_cur = is.rlim_max;
	if (is.rlim_cur < is.rlim_max) {
		if (setrlimit(RLIMIT_NOFILE, &want) == 0)
			return want.rlim_cur;
		log_warning(NULL, "setrlimit: %s", strerror(errno));
	}
	return is.rlim_cur;
}

void
daemon_ignore_signals(void)
{
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN);
}

/*
 * The pid file.
 */

/* The process id in the file; 0 if there is none in it, -1 if the file
 * cannot be read (errno). */
static pid_t
read_pid(const char *path)
{
	char text[32], *end;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	ssize_t n;
	long pid;

	if (fd == -1)
		return -1;
	n = read(fd, text, sizeof text - 1);
	close(fd);
	if (n == -1)
		return -1;
	text[n] = '\0';
	pid = strtol(text, &end, 10);
	if (end == text || (*end != '\n' && *end != '\0') || pid <= 0 ||
	    pid > INT32_MAX)
		return 0;
	return (pid_t)pid;
}

bool
pidfile_check(const char *path, struct err *err)
{
	pid_t pid = read_pid(path);

	if (pid == -1) {
		if (errno == ENOENT)
			return true;
		return err_errno(err, path);
	}
	if (pid == 0)
		return err_set(err, "pidfile '%s' exists, another instance "
		    "running? It holds no process id; remove it if not", path);
	/* In a container each start may get the same pid: a file that names
	 * ourselves was left by a former life. */
	if (pid != getpid() && (kill(pid, 0) == 0 || errno != ESRCH))
		return err_set(err, "pidfile '%s' exists, another instance "
		    "running?", path);
	log_info(NULL, "stale pidfile, removing");
	if (unlink(path) == -1 && errno != ENOENT)
		return err_errno(err, path);
	return true;
}

bool
pidfile_write(struct pidfile *p, const char *path, struct err *err)
{
	struct stat st;
	bool ok = false;
	int fd;

	*p = (struct pidfile){ 0 };
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	if (fd == -1)
		return err_set(err, "could not open pidfile '%s': %s", path,
		    strerror(errno));
	if (dprintf(fd, "%ld\n", (long)getpid()) < 0 || fstat(fd, &st) == -1) {
		err_set(err, "could not write pidfile '%s': %s", path,
		    strerror(errno));
		unlink(path);
		goto out;
	}
	*p = (struct pidfile){ .path = mem_strdup(path), .dev = st.st_dev,
		.ino = st.st_ino, .written = true };
	ok = true;
out:
	close(fd);
	return ok;
}

bool
pidfile_replace(struct pidfile *p, const char *path, struct err *err)
{
	char *fresh = mem_printf("%s.%ld", path, (long)getpid());
	bool ok;

	ok = pidfile_write(p, fresh, err);
	if (ok && rename(fresh, path) == -1) {
		ok = err_set(err, "could not replace pidfile '%s': %s", path,
		    strerror(errno));
		pidfile_remove(p);
	} else if (ok) {
		mem_free(p->path);
		p->path = mem_strdup(path);
	}
	mem_free(fresh);
	return ok;
}

void
pidfile_remove(struct pidfile *p)
{
	struct stat st;

	if (p->written && lstat(p->path, &st) == 0 && st.st_dev == p->dev &&
	    st.st_ino == p->ino)
		unlink(p->path);
	mem_free(p->path);
	*p = (struct pidfile){ 0 };
}

void
pidfile_forget(struct pidfile *p)
{
	mem_free(p->path);
	*p = (struct pidfile){ 0 };
}

/*
 * The background.
 */

/* What the process does that was started: wait for the report. */
static _Noreturn void
await_report(int fd)
{
	char byte;
	ssize_t n;

	do
		n = read(fd, &byte, 1);
	while (n == -1 && errno == EINTR);
	_exit(n == 1 ? 0 : 1);
}

bool
background_enter(struct background *b, struct err *err)
{
	int ends[2];
	pid_t pid;

	b->report = -1;
	if (pipe2(ends, O_CLOEXEC) == -1)
		return err_errno(err, "pipe");
	pid = fork();
	if (pid == -1) {
		close(ends[0]);
		close(ends[1]);
		return err_errno(err, "fork");
	}
	if (pid > 0) {
		close(ends[1]);
		await_report(ends[0]);
	}
	close(ends[0]);
	/* A session without a terminal; and its leader ends, so that we can
	 * never get one again. */
	if (setsid() == -1 || (pid = fork()) == -1) {
		close(ends[1]);
		return err_errno(err, "cannot leave the terminal");
	}
	if (pid > 0)
		_exit(0);
	b->report = ends[1];
	return true;
}

void
background_ready(struct background *b)
{
	int fd;

	if (b->report == -1)
		return;
	fd = open("/dev/null", O_RDWR);
	if (fd != -1) {
		dup2(fd, STDIN_FILENO);
		dup2(fd, STDOUT_FILENO);
		dup2(fd, STDERR_FILENO);
		if (fd > STDERR_FILENO)
			close(fd);
	}
	/* If nobody waits any more, nobody needs to know. */
	if (write(b->report, "", 1) == -1 && errno != EPIPE)
		log_warning(NULL, "cannot report to the starter: %s",
		    strerror(errno));
	close(b->report);
	b->report = -1;
}

/*
 * Another process.
 */

char *
daemon_program(void)
{
	char path[4096];
	ssize_t n = readlink("/proc/self/exe", path, sizeof path - 1);

	return n > 0 ? mem_dup(path, (size_t)n) : NULL;
}

/* In the child: start the grandchild, say who it is, and end. */
static _Noreturn void
launch(char *const argv[], int report)
{
	sigset_t none;
	pid_t pid;

	if (setsid() == -1 || (pid = fork()) == -1)
		_exit(1);
	if (pid == 0) {
		sigemptyset(&none);
		sigprocmask(SIG_SETMASK, &none, NULL);
		execv(argv[0], argv);
		_exit(127);
	}
	_exit(write(report, &pid, sizeof pid) == sizeof pid ? 0 : 1);
}

pid_t
daemon_spawn(char *const argv[])
{
	pid_t child, pid = -1;
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) == -1)
		return -1;
	child = fork();
	if (child == 0)
		launch(argv, ends[1]);
	close(ends[1]);
	if (child != -1 && (read(ends[0], &pid, sizeof pid) != sizeof pid ||
	    pid <= 0))
		pid = -1;
	close(ends[0]);
	while (child != -1 && waitpid(child, NULL, 0) == -1 && errno == EINTR)
		;
	return pid;
}
