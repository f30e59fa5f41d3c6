/*
 * test_listener.c - listening sockets on loopback and in a temporary
 * directory.
 */
#include "net/listener.h"

#include <arpa/inet.h>
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/log.h"

#define SECOND INT64_C(1000000)

static struct loop *loop;
static struct listeners ls;
static unsigned accepted;
static int last_fd = -1;        /* the newest accepted socket */
static struct addr last_peer, last_local;
static bool close_in_callback;
static char dir[40], path[80], log_file[80];

static void
on_accept(struct listeners *from, int fd, const struct addr *peer,
    const struct addr *local)
{
	ck_assert_ptr_eq(from->loop, loop);
	accepted++;
	if (last_fd != -1)
		close(last_fd);
	last_fd = fd;
	last_peer = *peer;
	last_local = *local;
	if (close_in_callback)
		listeners_close_tcp(&ls);
}

static void
world_start(void)
{
	struct listener_options o = { .backlog = 300, .keepalive = true,
		.keepidle = 33 };
	struct log_setup logs = { .file = log_file };
	struct err err;

	strcpy(dir, "/tmp/test_listener.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dir));
	snprintf(path, sizeof path, "%s/.s.PGSQL.6432", dir);
	snprintf(log_file, sizeof log_file, "%s/log", dir);
	ck_assert(log_open(&logs, &err));
	loop = loop_create(LOOP_VIRTUAL);
	listeners_init(&ls, loop, &o, on_accept);
}

static void
world_stop(void)
{
	listeners_fini(&ls);
	loop_destroy(loop);
	if (last_fd != -1)
		close(last_fd);
	log_close();
	unlink(log_file);
	unlink(path);
	ck_assert_int_eq(rmdir(dir), 0);
}

/* How often does text occur in the log? */
static unsigned
logged(const char *text)
{
	static char all[100000];
	FILE *f = fopen(log_file, "r");
	const char *at = all;
	unsigned n = 0;

	all[fread(all, 1, sizeof all - 1, f)] = '\0';
	fclose(f);
	while ((at = strstr(at, text)) != NULL) {
		n++;
		at++;
	}
	return n;
}

static uint16_t
port_of_first(void)
{
	struct list *n = list_first(&ls.all);
	uint16_t port = 0;
	char line[400], *at;
	FILE *f = fopen(log_file, "r");

	/* A listener is opaque, and its log line names the real port. */
	ck_assert_ptr_nonnull(n);
	while (fgets(line, sizeof line, f) != NULL && port == 0)
		if (strstr(line, "listening on") != NULL &&
		    (at = strrchr(line, ':')) != NULL)
			port = (uint16_t)atoi(at + 1);
	fclose(f);
	return port;
}

static int
dial(int family, uint16_t port)
{
	struct sockaddr_in in = { .sin_family = AF_INET,
		.sin_port = htons(port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct sockaddr_in6 in6 = { .sin6_family = AF_INET6,
		.sin6_port = htons(port), .sin6_addr = IN6ADDR_LOOPBACK_INIT };
	int fd = socket(family, SOCK_STREAM, 0);

	if (connect(fd, family == AF_INET ? (void *)&in : (void *)&in6,
	    family == AF_INET ? sizeof in : sizeof in6) == 0)
		return fd;
	close(fd);
	return -1;
}

static int
dial_unix(const char *where)
{
	struct sockaddr_storage ss;
	socklen_t len;
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	ck_assert_int_eq(addr_unix(where, &ss, &len), 0);
	if (connect(fd, (void *)&ss, len) == 0)
		return fd;
	close(fd);
	return -1;
}

static int
option_of(int fd, int level, int name)
{
	int value = -1;
	socklen_t len = sizeof value;

	ck_assert_int_eq(getsockopt(fd, level, name, &value, &len), 0);
	return value;
}

START_TEST(tcp_client_comes_in_ready_to_use)
{
	int fd;

	ck_assert_uint_eq(listeners_open_tcp(&ls, "127.0.0.1", 0), 1);
	fd = dial(AF_INET, port_of_first());
	loop_turn(loop, false);
	ck_assert_uint_eq(accepted, 1);
	ck_assert_int_eq(last_peer.family, AF_INET);
	ck_assert_int_eq(last_peer.ip[0], 127);
	ck_assert_int_ne(last_peer.port, 0);
	ck_assert_int_eq(last_local.port, port_of_first());
	ck_assert_int_ne(fcntl(last_fd, F_GETFL) & O_NONBLOCK, 0);
	ck_assert_int_eq(fcntl(last_fd, F_GETFD), FD_CLOEXEC);
	ck_assert_int_ne(option_of(last_fd, IPPROTO_TCP, TCP_NODELAY), 0);
	ck_assert_int_ne(option_of(last_fd, SOL_SOCKET, SO_KEEPALIVE), 0);
	ck_assert_int_eq(option_of(last_fd, IPPROTO_TCP, TCP_KEEPIDLE), 33);
	close(fd);
}
END_TEST

START_TEST(new_options_apply_after_reload)
{
	struct listener_options o = { .keepalive = true, .keepidle = 44,
		.user_timeout_msec = 5000 };
	int fd;

	listeners_open_tcp(&ls, "127.0.0.1", 0);
	listeners_set_options(&ls, &o);
	fd = dial(AF_INET, port_of_first());
	loop_turn(loop, false);
	ck_assert_int_eq(option_of(last_fd, IPPROTO_TCP, TCP_KEEPIDLE), 44);
	ck_assert_int_eq(option_of(last_fd, IPPROTO_TCP, TCP_USER_TIMEOUT),
	    5000);
	close(fd);
}
END_TEST

START_TEST(k31_star_is_both_families)
{
	bool has_v6 = dial(AF_INET6, 1) == -1 && errno == ECONNREFUSED;
	uint16_t port;
	int a, b;

	ck_assert_uint_eq(listeners_open_tcp(&ls, "127.0.0.1", 0), 1);
	port = port_of_first();
	listeners_close_tcp(&ls);
	ck_assert_uint_eq(listeners_open_tcp(&ls, "*", port),
	    has_v6 ? 2 : 1);
	ck_assert_uint_eq(logged("WARNING"), 0);
	a = dial(AF_INET, port);
	ck_assert_int_ne(a, -1);
	close(a);
	if (has_v6) {
		b = dial(AF_INET6, port);
		ck_assert_int_ne(b, -1);
		close(b);
	}
}
END_TEST

START_TEST(names_are_resolved)
{
	ck_assert_uint_ge(listeners_open_tcp(&ls, "localhost", 0), 1);
	ck_assert_uint_ge(logged("listening on 127.0.0.1:"), 1);
}
END_TEST

START_TEST(k08_address_that_cannot_bind_is_a_warning)
{
	ck_assert_uint_eq(listeners_open_tcp(&ls, "203.0.113.1", 0), 0);
	ck_assert_uint_eq(logged("WARNING cannot listen on 203.0.113.1:0: "
	    "bind(): Cannot assign requested address"), 1);
	ck_assert_uint_eq(listeners_open_tcp(&ls, "no such host", 0), 0);
	ck_assert_uint_eq(logged("WARNING getaddrinfo('no such host', '0')"),
	    1);
	ck_assert_uint_eq(listeners_open_tcp(&ls, "127.0.0.1", 0), 1);
	ck_assert_uint_eq(listeners_open_tcp(&ls, "127.0.0.1",
	    port_of_first()), 0);
	ck_assert_uint_eq(logged("Address already in use"), 1);
}
END_TEST

START_TEST(k29_reuseport_lets_two_listen)
{
	struct listener_options o = { .backlog = 5, .reuseport = true };

	listeners_init(&ls, loop, &o, on_accept);
	ck_assert_uint_eq(listeners_open_tcp(&ls, "127.0.0.1", 0), 1);
	ck_assert_uint_eq(listeners_open_tcp(&ls, "127.0.0.1",
	    port_of_first()), 1);
}
END_TEST

START_TEST(unix_client_comes_in)
{
	struct err err;
	pid_t pid;
	uid_t uid;
	int fd;

	ck_assert_msg(listeners_open_unix(&ls, path, 6432, 0700, "", &err),
	    "%s", err.text);
	fd = dial_unix(path);
	loop_turn(loop, false);
	ck_assert_uint_eq(accepted, 1);
	ck_assert_int_eq(last_peer.family, AF_UNIX);
	ck_assert_int_eq(last_peer.port, 6432);
	ck_assert_int_eq(last_local.port, 6432);
	ck_assert(listener_unix_peer(last_fd, &pid, &uid));
	ck_assert_int_eq(pid, getpid());
	ck_assert_int_eq(uid, getuid());
	close(fd);
}
END_TEST

START_TEST(k06_mode_and_group_of_the_file)
{
	struct err err;
	struct stat st;
	char gid[20];

	snprintf(gid, sizeof gid, "%u", (unsigned)getgid());
	ck_assert_msg(listeners_open_unix(&ls, path, 6432, 0640, gid, &err),
	    "%s", err.text);
	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert_int_eq(st.st_mode & 07777, 0640);
	ck_assert_int_eq(st.st_gid, getgid());
	listeners_fini(&ls);
	ck_assert_int_eq(stat(path, &st), -1);
	ck_assert(!listeners_open_unix(&ls, path, 6432, 0640, "no such", &err));
	ck_assert_ptr_nonnull(strstr(err.text, "no such"));
	ck_assert_int_eq(stat(path, &st), -1);
}
END_TEST

START_TEST(k06_stale_file_is_replaced)
{
	struct sockaddr_storage ss;
	struct err err;
	socklen_t len;
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	addr_unix(path, &ss, &len);
	ck_assert_int_eq(bind(fd, (void *)&ss, len), 0);
	close(fd);
	ck_assert_msg(listeners_open_unix(&ls, path, 6432, 0700, "", &err),
	    "%s", err.text);
}
END_TEST

START_TEST(k06_file_that_somebody_answers_at_is_left)
{
	struct sockaddr_storage ss;
	struct err err;
	socklen_t len;
	int fd = socket(AF_UNIX, SOCK_STREAM, 0), client;

	addr_unix(path, &ss, &len);
	ck_assert_int_eq(bind(fd, (void *)&ss, len), 0);
	ck_assert_int_eq(listen(fd, 0), 0);
	ck_assert(!listeners_open_unix(&ls, path, 6432, 0700, "", &err));
	ck_assert_ptr_nonnull(strstr(err.text,
	    "unix socket is in use, cannot continue"));
	/* Its backlog is full now: it still answers. */
	ck_assert(!listeners_open_unix(&ls, path, 6432, 0700, "", &err));
	client = accept(fd, NULL, NULL);
	ck_assert_int_ne(client, -1);
	close(client);
	close(fd);
}
END_TEST

START_TEST(k06_file_that_is_no_socket_is_left)
{
	struct err err;
	int fd = open(path, O_CREAT | O_WRONLY, 0600);

	close(fd);
	ck_assert(!listeners_open_unix(&ls, path, 6432, 0700, "", &err));
	ck_assert_ptr_nonnull(strstr(err.text, "not a socket"));
	ck_assert_int_eq(access(path, F_OK), 0);
}
END_TEST

START_TEST(k06_another_process_file_is_not_removed)
{
	struct err err;

	ck_assert(listeners_open_unix(&ls, path, 6432, 0700, "", &err));
	/* Somebody took our place. */
	unlink(path);
	close(open(path, O_CREAT | O_WRONLY, 0600));
	listeners_fini(&ls);
	ck_assert_int_eq(access(path, F_OK), 0);
}
END_TEST

START_TEST(k07_abstract_name)
{
	struct err err;
	char name[60];
	int fd;

	snprintf(name, sizeof name, "@test_listener.%ld", (long)getpid());
	ck_assert_msg(listeners_open_unix(&ls, name, 6432, 0700, "", &err),
	    "%s", err.text);
	ck_assert_uint_eq(logged("listening on unix:@test_listener"), 1);
	fd = dial_unix(name);
	loop_turn(loop, false);
	ck_assert_uint_eq(accepted, 1);
	ck_assert(!listeners_open_unix(&ls, name, 6432, 0700, "", &err));
	close(fd);
}
END_TEST

START_TEST(k07_long_path_is_refused)
{
	char name[200];
	struct err err;

	memset(name, 'x', sizeof name);
	name[sizeof ((struct sockaddr_un *)0)->sun_path] = '\0';
	ck_assert(!listeners_open_unix(&ls, name, 6432, 0700, "", &err));
	ck_assert_ptr_nonnull(strstr(err.text, "too long"));
}
END_TEST

START_TEST(k09_missing_directory_is_an_error)
{
	struct err err;

	ck_assert(!listeners_open_unix(&ls, "/nonexistent/socket", 6432,
	    0700, "", &err));
	ck_assert_ptr_nonnull(strstr(err.text,
	    "failed to create unix socket"));
}
END_TEST

START_TEST(k10_short_of_descriptors_rests_and_resumes)
{
	struct rlimit was, now;
	int fd, i;

	listeners_open_tcp(&ls, "127.0.0.1", 0);
	fd = dial(AF_INET, port_of_first());
	getrlimit(RLIMIT_NOFILE, &was);
	now = was;
	now.rlim_cur = (rlim_t)fd + 1;
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &now), 0);
	for (i = 0; i < 100; i++)
		loop_turn(loop, false);
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &was), 0);
	ck_assert_uint_eq(accepted, 0);
	ck_assert_uint_eq(logged("accept() failed"), 1);
	loop_turn(loop, false);
	ck_assert_uint_eq(accepted, 0);
	loop_advance(loop, SECOND);
	loop_turn(loop, false);
	ck_assert_uint_eq(accepted, 1);
	close(fd);
}
END_TEST

START_TEST(k11_a_turn_accepts_many_but_not_all)
{
	int fds[150], i;

	listeners_open_tcp(&ls, "127.0.0.1", 0);
	for (i = 0; i < 150; i++)
		fds[i] = dial(AF_INET, port_of_first());
	loop_turn(loop, false);
	ck_assert_uint_gt(accepted, 1);
	ck_assert_uint_lt(accepted, 150);
	loop_turn(loop, false);
	loop_turn(loop, false);
	loop_turn(loop, false);
	ck_assert_uint_eq(accepted, 150);
	for (i = 0; i < 150; i++)
		close(fds[i]);
}
END_TEST

START_TEST(k18_closed_tcp_refuses_at_once_and_unix_stays)
{
	struct err err;
	uint16_t port;
	int fd;

	listeners_open_tcp(&ls, "127.0.0.1", 0);
	port = port_of_first();
	ck_assert(listeners_open_unix(&ls, path, 6432, 0700, "", &err));
	listeners_close_tcp(&ls);
	ck_assert_int_eq(dial(AF_INET, port), -1);
	fd = dial_unix(path);
	ck_assert_int_ne(fd, -1);
	close(fd);
}
END_TEST

START_TEST(closing_from_within_accept_is_safe)
{
	int a, b;

	listeners_open_tcp(&ls, "127.0.0.1", 0);
	a = dial(AF_INET, port_of_first());
	b = dial(AF_INET, port_of_first());
	close_in_callback = true;
	loop_turn(loop, false);
	ck_assert_uint_eq(accepted, 1);
	close(a);
	close(b);
}
END_TEST

START_TEST(held_clients_wait_in_the_backlog)
{
	int fd;

	listeners_open_tcp(&ls, "127.0.0.1", 0);
	listeners_hold(&ls, true);
	fd = dial(AF_INET, port_of_first());
	ck_assert_int_ne(fd, -1);
	loop_turn(loop, false);
	ck_assert_uint_eq(accepted, 0);
	listeners_hold(&ls, false);
	loop_turn(loop, false);
	ck_assert_uint_eq(accepted, 1);
	close(fd);
}
END_TEST

START_TEST(k22_inherited_socket_is_used_and_not_removed)
{
	struct sockaddr_storage ss;
	struct err err;
	socklen_t len;
	int fd = socket(AF_UNIX, SOCK_STREAM, 0), client;

	ck_assert(!listeners_adopt(&ls, fd, 6432, &err));
	addr_unix(path, &ss, &len);
	ck_assert_int_eq(bind(fd, (void *)&ss, len), 0);
	ck_assert_int_eq(listen(fd, 5), 0);
	ck_assert_msg(listeners_adopt(&ls, fd, 6432, &err), "%s", err.text);
	client = dial_unix(path);
	loop_turn(loop, false);
	ck_assert_uint_eq(accepted, 1);
	ck_assert_int_eq(last_peer.port, 6432);
	close(client);
	listeners_fini(&ls);
	ck_assert_int_eq(access(path, F_OK), 0);
}
END_TEST

static void
copy_fd(void *arg, int fd)
{
	*(int *)arg = dup(fd);
}

START_TEST(offered_socket_is_used_at_its_address_only)
{
	const struct listener_options o = { .backlog = 5 };
	struct listeners next;
	struct err err;
	int unix_fd = -1, tcp_fd = -1, client;
	uint16_t port;

	ck_assert_uint_eq(listeners_open_tcp(&ls, "127.0.0.1", 0), 1);
	port = port_of_first();
	ck_assert_uint_eq(listeners_each(&ls, copy_fd, &tcp_fd), 1);
	listeners_leave(&ls);
	ck_assert(listeners_open_unix(&ls, path, 6432, 0700, NULL, &err));
	ck_assert_uint_eq(listeners_each(&ls, copy_fd, &unix_fd), 1);

	/* Its clients wait for the next one. */
	listeners_leave(&ls);
	ck_assert_int_eq(access(path, F_OK), 0);
	client = dial(AF_INET, port);
	ck_assert_int_ne(client, -1);
	listeners_init(&next, loop, &o, on_accept);
	ck_assert(listeners_offer(&next, unix_fd));
	ck_assert(listeners_offer(&next, tcp_fd));
	ck_assert(!listeners_offer(&next, dup(client)));
	/* Another place: a socket of its own. */
	ck_assert_uint_eq(listeners_open_tcp(&next, "127.0.0.2", port), 1);
	ck_assert(listeners_open_unix(&next, path, 6432, 0711, NULL, &err));
	ck_assert_uint_eq(listeners_each(&next, NULL, NULL), 2);
	ck_assert_uint_eq(listeners_open_tcp(&next, "127.0.0.1", port), 1);
	loop_turn(loop, false);
	ck_assert_uint_eq(accepted, 1);
	listeners_fini(&next);
	ck_assert_int_eq(access(path, F_OK), -1);
	close(client);
}
END_TEST

START_TEST(offered_socket_that_nobody_wants_is_closed)
{
	struct err err;
	int fd = -1;

	ck_assert(listeners_open_unix(&ls, path, 6432, 0700, NULL, &err));
	ck_assert_uint_eq(listeners_each(&ls, copy_fd, &fd), 1);
	listeners_leave(&ls);
	ck_assert(listeners_offer(&ls, fd));
	listeners_leave(&ls);
	ck_assert_int_eq(access(path, F_OK), 0);
	unlink(path);
	ck_assert(listeners_open_unix(&ls, path, 6432, 0700, NULL, &err));
	ck_assert_uint_eq(listeners_each(&ls, copy_fd, &fd), 1);
	listeners_leave(&ls);
	ck_assert(listeners_offer(&ls, fd));
	listeners_drop_offered(&ls);
	ck_assert_int_eq(access(path, F_OK), -1);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("listener");
	TCase *t = tcase_create("listener");
	SRunner *run;
	int failed;

	tcase_add_checked_fixture(t, world_start, world_stop);
	tcase_add_test(t, tcp_client_comes_in_ready_to_use);
	tcase_add_test(t, new_options_apply_after_reload);
	tcase_add_test(t, k31_star_is_both_families);
	tcase_add_test(t, names_are_resolved);
	tcase_add_test(t, k08_address_that_cannot_bind_is_a_warning);
	tcase_add_test(t, k29_reuseport_lets_two_listen);
	tcase_add_test(t, unix_client_comes_in);
	tcase_add_test(t, k06_mode_and_group_of_the_file);
	tcase_add_test(t, k06_stale_file_is_replaced);
	tcase_add_test(t, k06_file_that_somebody_answers_at_is_left);
	tcase_add_test(t, k06_file_that_is_no_socket_is_left);
	tcase_add_test(t, k06_another_process_file_is_not_removed);
	tcase_add_test(t, k07_abstract_name);
	tcase_add_test(t, k07_long_path_is_refused);
	tcase_add_test(t, k09_missing_directory_is_an_error);
	tcase_add_test(t, k10_short_of_descriptors_rests_and_resumes);
	tcase_add_test(t, k11_a_turn_accepts_many_but_not_all);
	tcase_add_test(t, k18_closed_tcp_refuses_at_once_and_unix_stays);
	tcase_add_test(t, closing_from_within_accept_is_safe);
	tcase_add_test(t, held_clients_wait_in_the_backlog);
	tcase_add_test(t, k22_inherited_socket_is_used_and_not_removed);
	tcase_add_test(t, offered_socket_is_used_at_its_address_only);
	tcase_add_test(t, offered_socket_that_nobody_wants_is_closed);
	suite_add_tcase(s, t);
	run = srunner_create(s);
	srunner_run_all(run, CK_NORMAL);
	failed = srunner_ntests_failed(run);
	srunner_free(run);
	return failed != 0;
}
