/*
 * fuzz_server.c - a server that says what it likes (m17): in answer to the
 * SSLRequest, while we log in, to auth_query, and to a client's query.
 *
 * The first byte says when the others come, and in pieces of which size.
 * Whatever they are, when both peers have left nothing of them is left here.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"
#include "base/must.h"
#include "config/load.h"
#include "net/loop.h"
#include "pool/pooler.h"
#include "pool/state.h"
#include "test/fuzz/target.h"

#define PATIENCE 30             /* turns, for what crosses the kernel */

/* When the bytes come. */
enum moment { AT_TLS, AT_LOGIN, AT_LOOKUP, AT_QUERY, MOMENTS };

static const char welcome[] =
    "R\0\0\0\10\0\0\0\0" "K\0\0\0\14\0\0\0\1\0\0\0\2" "Z\0\0\0\5I";
static const char query[] = "Q\0\0\0\15SELECT 1";

static struct {
	struct loop *loop;
	struct pooler *pooler;
	int listener;
} the;

static void
put_file(const char *text, char path[64])
{
	int fd = memfd_create("server", 0);

	must(fd >= 0);
	must(write(fd, text, strlen(text)) == (ssize_t)strlen(text));
	snprintf(path, 64, "/proc/self/fd/%d", fd);
}

static unsigned
listen_somewhere(void)
{
	struct sockaddr_in sin = { .sin_family = AF_INET };
	socklen_t len = sizeof sin;

	sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	the.listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	must(the.listener >= 0);
	must(bind(the.listener, (struct sockaddr *)&sin, sizeof sin) == 0);
	must(listen(the.listener, 16) == 0);
	must(getsockname(the.listener, (struct sockaddr *)&sin, &len) == 0);
	return ntohs(sin.sin_port);
}

static void
set_up(void)
{
	const struct log_setup silence = { 0 };
	unsigned port = listen_somewhere();
	char users[64], path[64];
	const struct config *config;
	struct text ini = { 0 };
	struct err err;

	must(log_open(&silence, &err));
	put_file("\"app\" \"secret\"\n\"asker\" \"secret\"\n", users);
	text_printf(&ini, "[pgweir]\nauth_type = trust\nauth_file = %s\n"
	    "auth_user = asker\nauth_query = select it\n"
	    "auth_query_cache = 0\nserver_tls_sslmode = prefer\n"
	    "pool_mode = transaction\nlog_connections = 0\n"
	    "log_disconnections = 0\nlog_pooler_errors = 0\n"
	    "[databases]\nshop = host=127.0.0.1 port=%u\n", users, port);
	put_file(ini.p, path);
	text_fini(&ini);
	config = config_load(path, &err);
	must(config != NULL);
	the.loop = loop_create(LOOP_VIRTUAL);
	the.pooler = pooler_create(the.loop, config, &err);
	must(the.pooler != NULL);
	config_unref(config);
}

static void
turn(void)
{
	unsigned i;

	for (i = 0; i < 4; i++)
		loop_turn(the.loop, false);
}

/* The next connection of pgweir's; -1: there is none. */
static int
next_dial(void)
{
	unsigned i;
	int fd;

	for (i = 0; i < PATIENCE; i++) {
		turn();
		fd = accept4(the.listener, NULL, NULL, SOCK_NONBLOCK);
		if (fd >= 0)
			return fd;
	}
	return -1;
}

/* Read what pgweir says, and forget it. */
static void
listen_to(int fd)
{
	char buf[4096];
	unsigned i;

	for (i = 0; i < 3; i++) {
		turn();
		while (recv(fd, buf, sizeof buf, MSG_DONTWAIT) > 0)
			;
	}
}

static void
say(int fd, const void *bytes, size_t n, size_t piece)
{
	const char *p = bytes;

	while (n > 0) {
		size_t some = n < piece ? n : piece;

		if (send(fd, p, some, MSG_NOSIGNAL | MSG_DONTWAIT) <= 0)
			return;
		turn();
		p += some;
		n -= some;
	}
	listen_to(fd);
}

/* A client that logs in and asks. A pool that was warm once needs no server
 * for the login alone. */
static int
come(const char *user)
{
	struct addr addr = { .family = AF_INET, .port = 1 };
	struct text t = { 0 };
	int fds[2];

	must(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds) == 0);
	pooler_accept(the.pooler, fds[0], &addr, &addr);
	text_add(&t, "\0\0\0\0\0\3\0\0user", 13);
	text_add(&t, user, strlen(user) + 1);
	text_add(&t, "database\0shop\0", 15);
	t.p[3] = (char)t.n;
	text_add(&t, query, sizeof query);
	say(fds[1], t.p, t.n, t.n);
	text_fini(&t);
	return fds[1];
}

/* All that belongs to an earlier input is over, and no host is left alone any
 * more. */
static void
leave(void)
{
	unsigned i;
	int fd;

	for (i = 0; i < PATIENCE && (i == 0 || the.pooler->counts.all > 0 ||
	    the.pooler->servers.count > 0); i++) {
		while ((fd = accept(the.listener, NULL, NULL)) >= 0)
			close(fd);
		loop_advance(the.loop, INT64_C(20000000));
		turn();
	}
	must(the.pooler->counts.all == 0);
	must(the.pooler->servers.count == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	static const size_t pieces[] = { 1, 5, 100, 100000 };
	enum moment when;
	size_t piece;
	int client, server;

	if (n < 1)
		return 0;
	if (the.loop == NULL)
		set_up();
	when = p[0] % MOMENTS;
	piece = pieces[p[0] / MOMENTS % countof(pieces)];
	client = come(when == AT_LOOKUP ? "who" : "app");
	server = next_dial();
	must(server >= 0);
	listen_to(server);
	if (when != AT_TLS)
		say(server, "N", 1, 1);
	if (when == AT_LOOKUP || when == AT_QUERY)
		say(server, welcome, sizeof welcome - 1, sizeof welcome);
	say(server, p + 1, n - 1, piece);
	close(server);
	turn();
	close(client);
	leave();
	return 0;
}
