/*
 * test_handover.c - taking another process' place: who may, and what comes
 * of messages that are not as agreed. The whole way is in test/e2e.
 */
#include "handover.h"

#include <check.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/addr.h"
#include "base/mem.h"
#include "base/must.h"
#include "net/loop.h"

#include "handover_wire.h"
#include "takeover.h"

#define NOBODY 65534

static char dir[40], *path;

static void
world_start(void)
{
	strcpy(dir, "/tmp/test_handover.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dir));
	ck_assert_int_eq(chmod(dir, 0777), 0);
	path = handover_path(dir, 6432);
}

static void
world_stop(void)
{
	unlink(path);
	mem_free(path);
	ck_assert_int_eq(rmdir(dir), 0);
}

static unsigned
open_fds(void)
{
	DIR *d = opendir("/proc/self/fd");
	unsigned n = 0;

	while (readdir(d) != NULL)
		n++;
	closedir(d);
	return n;
}

/*
 * Messages.
 */

START_TEST(message_and_descriptor_arrive)
{
	struct handover_message m;
	int ends[2], fd, pipe_ends[2];
	char c;

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0,
	    ends), 0);
	ck_assert_int_eq(handover_receive(ends[1], &m, &fd), HANDOVER_AGAIN);
	ck_assert_int_eq(pipe(pipe_ends), 0);
	ck_assert_int_eq(handover_send(ends[0], HANDOVER_BUDGET, 7, "a:1",
	    -1), HANDOVER_OK);
	ck_assert_int_eq(handover_send(ends[0], HANDOVER_SOCKET, 0, NULL,
	    pipe_ends[1]), HANDOVER_OK);
	ck_assert_int_eq(handover_receive(ends[1], &m, &fd), HANDOVER_OK);
	ck_assert_uint_eq(m.kind, HANDOVER_BUDGET);
	ck_assert_uint_eq(m.number, 7);
	ck_assert_str_eq(m.text, "a:1");
	ck_assert_int_eq(fd, -1);
	ck_assert_int_eq(handover_receive(ends[1], &m, &fd), HANDOVER_OK);
	ck_assert_uint_eq(m.kind, HANDOVER_SOCKET);
	ck_assert_int_ne(fd, -1);
	ck_assert_int_eq(fcntl(fd, F_GETFD), FD_CLOEXEC);
	ck_assert_int_eq(write(fd, "x", 1), 1);
	ck_assert_int_eq(read(pipe_ends[0], &c, 1), 1);
	close(ends[0]);
	ck_assert_int_eq(handover_receive(ends[1], &m, &fd), HANDOVER_GONE);
}
END_TEST

static const struct {
	const char *why;
	size_t n;
	uint32_t magic;
	char last;
} rubbish[] = {
	{ "short", 255, 0x70677731, 0 },
	{ "one byte", 1, 0x70677731, 0 },
	{ "another language", 256, 0x70677732, 0 },
	{ "a text without end", 256, 0x70677731, 'x' },
};

/* Descriptors that come with it are not kept. */
START_TEST(what_is_not_as_agreed_ends_it)
{
	struct handover_message m = { .magic = rubbish[_i].magic, .kind = 1 },
	    got;
	union { char bytes[CMSG_SPACE(2 * sizeof(int))]; struct cmsghdr h; }
	    a = { 0 };
	struct iovec iov = { &m, rubbish[_i].n };
	struct msghdr h = { .msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = a.bytes, .msg_controllen = sizeof a.bytes };
	int ends[2], fd, fds[2] = { 0, 1 };
	unsigned before;

	m.text[sizeof m.text - 1] = rubbish[_i].last;
	a.h = (struct cmsghdr){ CMSG_LEN(sizeof fds), SOL_SOCKET,
		SCM_RIGHTS };
	memcpy(CMSG_DATA(&a.h), fds, sizeof fds);
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0,
	    ends), 0);
	ck_assert_int_ne(sendmsg(ends[0], &h, 0), -1);
	before = open_fds();
	ck_assert_msg(handover_receive(ends[1], &got, &fd) == HANDOVER_GONE,
	    "%s", rubbish[_i].why);
	ck_assert_int_eq(fd, -1);
	ck_assert_uint_eq(open_fds(), before);
}
END_TEST

START_TEST(of_several_descriptors_one_is_kept)
{
	struct handover_message m = { .magic = 0x70677731, .kind = 1 }, got;
	union { char bytes[CMSG_SPACE(3 * sizeof(int))]; struct cmsghdr h; }
	    a = { 0 };
	struct iovec iov = { &m, sizeof m };
	struct msghdr h = { .msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = a.bytes,
		.msg_controllen = CMSG_SPACE(2 * sizeof(int)) };
	int ends[2], fd, fds[2] = { 0, 1 };
	unsigned before;

	a.h = (struct cmsghdr){ CMSG_LEN(sizeof fds), SOL_SOCKET,
		SCM_RIGHTS };
	memcpy(CMSG_DATA(&a.h), fds, sizeof fds);
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
	ck_assert_int_ne(sendmsg(ends[0], &h, 0), -1);
	before = open_fds();
	ck_assert_int_eq(handover_receive(ends[1], &got, &fd), HANDOVER_OK);
	ck_assert_int_ne(fd, -1);
	ck_assert_uint_eq(open_fds(), before + 1);
}
END_TEST

/*
 * Who may.
 */

static void
on_accept(struct listeners *ls, int fd, const struct addr *peer,
    const struct addr *local)
{
	(void)ls;
	(void)peer;
	(void)local;
	close(fd);
}

static void
no_budgets(void *context)
{
	(void)context;
}

static void
on_taken(void *context, pid_t pid)
{
	(void)pid;
	loop_stop(context);
}

/* A process of this user that gives its sockets away; mode: of its socket. */
static pid_t
giver(uid_t uid, mode_t mode)
{
	const struct listener_options o = { .backlog = 5, .quiet = true };
	struct handover_hooks hooks = { .budgets = no_budgets,
		.gone = no_budgets, .taken = on_taken };
	struct listeners ls;
	struct handover h;
	struct err err;
	int ready[2];
	pid_t pid;
	char c;

	ck_assert_int_eq(pipe(ready), 0);
	pid = fork();
	if (pid != 0) {
		close(ready[1]);
		ck_assert_int_eq(read(ready[0], &c, 1), 1);
		close(ready[0]);
		return pid;
	}
	if (uid != geteuid() && setuid(uid) == -1)
		_exit(1);
	hooks.context = loop_create(LOOP_REAL);
	listeners_init(&ls, hooks.context, &o, on_accept);
	handover_init(&h, hooks.context, &ls, &hooks);
	(void)listeners_open_tcp(&ls, "127.0.0.1", 0);
	if (!handover_listen(&h, path, -1, &err))
		_exit(2);
	chmod(path, mode);
	(void)!write(ready[1], "", 1);
	loop_run(hooks.context);
	handover_fini(&h);
	listeners_fini(&ls);
	loop_destroy(hooks.context);
	_exit(0);
}

static void
end(pid_t pid)
{
	kill(pid, SIGKILL);
	ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
}

static void
ignore_budget(struct takeover *t, const char *key, uint32_t kept)
{
	(void)t;
	(void)key;
	(void)kept;
}

static struct takeover
taker(void)
{
	return (struct takeover){ .fd = -1, .control = -1,
		.on_budget = ignore_budget };
}

START_TEST(sockets_come_and_the_other_leaves)
{
	struct takeover t = taker();
	struct loop *loop = loop_create(LOOP_REAL);
	struct err err;
	pid_t pid = giver(geteuid(), 0600);
	int status;

	ck_assert_msg(takeover_begin(&t, path, &err), "%s", err.text);
	ck_assert_int_ne(t.fd, -1);
	ck_assert_uint_eq(t.nsockets, 1);
	ck_assert_int_ne(t.control, -1);
	takeover_finish(&t, loop);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
	/* Its file is ours now. */
	ck_assert_int_eq(access(path, F_OK), 0);
	takeover_fini(&t);
	loop_destroy(loop);
}
END_TEST

START_TEST(nobody_there_is_no_error)
{
	struct takeover t = taker();
	struct err err;

	ck_assert(takeover_begin(&t, path, &err));
	ck_assert_int_eq(t.fd, -1);
	ck_assert(!takeover_ask_restart(path, &err));
	ck_assert_ptr_nonnull(strstr(err.text, "no process is there"));
}
END_TEST

START_TEST(another_user_gets_nothing)
{
	struct takeover t = taker();
	struct err err;
	pid_t pid, child;
	int status;

	if (geteuid() != 0)
		return;
	pid = giver(0, 0666);
	child = fork();
	if (child == 0)
		_exit(setuid(NOBODY) == 0 && !takeover_begin(&t, path, &err) &&
		    t.nsockets == 0 ? 0 : 1);
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert_int_eq(status, 0);
	end(pid);
}
END_TEST

START_TEST(sockets_of_another_user_are_not_taken)
{
	struct takeover t = taker();
	struct err err;
	pid_t pid;

	if (geteuid() != 0)
		return;
	pid = giver(NOBODY, 0666);
	ck_assert(!takeover_begin(&t, path, &err));
	ck_assert_ptr_nonnull(strstr(err.text, "another user's"));
	ck_assert_uint_eq(t.nsockets, 0);
	takeover_fini(&t);
	end(pid);
}
END_TEST

/* Somebody who speaks, but not as agreed. */
START_TEST(rubbish_is_no_answer)
{
	struct sockaddr_storage ss;
	struct takeover t = taker();
	struct err err;
	socklen_t len;
	int fd = socket(AF_UNIX, SOCK_STREAM, 0), client;
	pid_t pid;

	addr_unix(path, &ss, &len);
	ck_assert_int_eq(bind(fd, (void *)&ss, len), 0);
	ck_assert_int_eq(listen(fd, 5), 0);
	pid = fork();
	if (pid == 0) {
		client = accept(fd, NULL, NULL);
		/* A socket message without its socket. */
		handover_send(client, HANDOVER_SOCKET, 0, NULL, -1);
		pause();
	}
	ck_assert(!takeover_begin(&t, path, &err));
	ck_assert_ptr_nonnull(strstr(err.text, "another language"));
	takeover_fini(&t);
	end(pid);
	close(fd);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("handover");
	TCase *t = tcase_create("handover");
	SRunner *run;
	int failed;

	tcase_add_checked_fixture(t, world_start, world_stop);
	tcase_add_test(t, message_and_descriptor_arrive);
	tcase_add_loop_test(t, what_is_not_as_agreed_ends_it, 0,
	    countof(rubbish));
	tcase_add_test(t, of_several_descriptors_one_is_kept);
	tcase_add_test(t, sockets_come_and_the_other_leaves);
	tcase_add_test(t, nobody_there_is_no_error);
	tcase_add_test(t, another_user_gets_nothing);
	tcase_add_test(t, sockets_of_another_user_are_not_taken);
	tcase_add_test(t, rubbish_is_no_answer);
	suite_add_tcase(s, t);
	run = srunner_create(s);
	srunner_run_all(run, CK_NORMAL);
	failed = srunner_ntests_failed(run);
	srunner_free(run);
	return failed != 0;
}
