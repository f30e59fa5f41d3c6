/*
 * multiplexer.c - the least that a transaction pooler on libev can do.
 *
 *	bench_multiplexer LISTEN_PORT BACKEND_PORT SERVERS [FOLDER]
 *
 * No login check, no settings, no limits, no framing but a look at
 * ReadyForQuery, a first-come queue. It knows only small messages that come
 * whole, and gives up (status 1) at whatever else. It is the floor: what
 * remains is the kernel's time for the same reads and writes, so pgweir over
 * this says what pgweir itself costs. With a FOLDER, everything goes through
 * Unix sockets there.
 */
#include <errno.h>
#include <ev.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common.h"

#define SCRATCH 65536u
#define SERVERS_MAX 1000u

struct peer {
	ev_io io;               /* first: a watcher is its peer */
	struct peer *mate;      /* whom it is linked to */
	struct peer *next;      /* in the queue */
	bool logged_in;
	struct bytes parked;    /* the question of one who waits */
};

struct multiplexer {
	struct peer *idle[SERVERS_MAX];
	unsigned nidle;
	struct peer *first, **last;
	struct sockaddr_storage address;
	char scratch[SCRATCH];
};

static void
pass(const struct peer *to, const char *p, size_t n)
{
	if (send(to->io.fd, p, n, MSG_NOSIGNAL) != (ssize_t)n)
		die("send: %s", strerror(errno));
}

static void
link_up(struct peer *client, struct peer *server, const char *p, size_t n)
{
	client->mate = server;
	server->mate = client;
	pass(server, p, n);
}

/* Whoever waits longest has the server, else it idles. */
static void
release(struct multiplexer *m, struct peer *server)
{
	struct peer *client = m->first;

	server->mate = NULL;
	if (client == NULL) {
		m->idle[m->nidle++] = server;
		return;
	}
	m->first = client->next;
	if (m->first == NULL)
		m->last = &m->first;
	link_up(client, server, client->parked.p, client->parked.n);
	bytes_free(&client->parked);
}

/* Is the last message of these a ReadyForQuery outside of a transaction? */
static bool
is_over(const char *p, size_t n)
{
	size_t at = 0, before = 0;

	while (at < n) {
		if (n - at < 5)
			die("half a message");
		before = at;
		at += get32(p + at + 1) + (size_t)1;
	}
	if (at != n)
		die("half a message");
	return p[before] == 'Z' && p[before + 5] == 'I';
}

static void
on_server(struct ev_loop *loop, ev_io *w, int revents)
{
	struct multiplexer *m = ev_userdata(loop);
	struct peer *s = (struct peer *)(void *)w, *client = s->mate;
	ssize_t n = recv(w->fd, m->scratch, sizeof m->scratch, 0);

	(void)revents;
	if (n <= 0)
		die("lost a server");
	if (!s->logged_in) {
		if (!is_over(m->scratch, (size_t)n))
			return;
		s->logged_in = true;
		release(m, s);
		return;
	}
	pass(client, m->scratch, (size_t)n);
	if (!is_over(m->scratch, (size_t)n))
		return;
	client->mate = NULL;
	release(m, s);
}

static void
leave(struct ev_loop *loop, struct peer *c)
{
	if (c->mate != NULL || c->parked.n > 0)
		die("a client left too early");
	ev_io_stop(loop, &c->io);
	close(c->io.fd);
	free(c);
}

static void
on_client(struct ev_loop *loop, ev_io *w, int revents)
{
	static const char welcome[] = "R\0\0\0\10\0\0\0\0Z\0\0\0\5I";
	struct multiplexer *m = ev_userdata(loop);
	struct peer *c = (struct peer *)(void *)w;
	ssize_t n = recv(w->fd, m->scratch, sizeof m->scratch, 0);

	(void)revents;
	if (n <= 0 || (c->logged_in && m->scratch[0] == 'X')) {
		leave(loop, c);
	} else if (!c->logged_in) {
		pass(c, welcome, sizeof welcome - 1);
		c->logged_in = true;
	} else if (c->mate != NULL) {
		pass(c->mate, m->scratch, (size_t)n);
	} else if (m->nidle > 0) {
		link_up(c, m->idle[--m->nidle], m->scratch, (size_t)n);
	} else {
		bytes_add(&c->parked, m->scratch, (size_t)n);
		c->next = NULL;
		*m->last = c;
		m->last = &c->next;
	}
}

static struct peer *
add(struct ev_loop *loop, int fd, void (*on)(struct ev_loop *, ev_io *, int))
{
	struct peer *p = calloc(1, sizeof *p);

	if (p == NULL)
		die("out of memory");
	ev_io_init(&p->io, on, fd, EV_READ);
	ev_io_start(loop, &p->io);
	return p;
}

static void
on_listener(struct ev_loop *loop, ev_io *w, int revents)
{
	const struct multiplexer *m = ev_userdata(loop);
	int fd;

	(void)revents;
	while ((fd = accept4(w->fd, NULL, NULL,
	    SOCK_NONBLOCK | SOCK_CLOEXEC)) != -1) {
		no_delay(fd, &m->address);
		add(loop, fd, on_client);
	}
}

static void
dial(struct ev_loop *loop, const char *host, unsigned port)
{
	struct sockaddr_storage ss;
	socklen_t len = address(&ss, host, port);
	int fd = socket(ss.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct bytes b = { 0 };
	size_t at = message_begin(&b, 0);

	if (fd == -1 || connect(fd, (struct sockaddr *)&ss, len) == -1)
		die("connect: %s", strerror(errno));
	no_delay(fd, &ss);
	message_int(&b, 0x30000, 4);
	message_text(&b, "user");
	message_text(&b, "postgres");
	message_text(&b, "database");
	message_text(&b, "postgres");
	message_int(&b, 0, 1);
	message_end(&b, at);
	pass(add(loop, fd, on_server), b.p, b.n);
	bytes_free(&b);
}

int
main(int argc, char **argv)
{
	static struct multiplexer m;
	struct ev_loop *loop = ev_default_loop(0);
	const char *host = argc == 5 ? argv[4] : "127.0.0.1";
	socklen_t len;
	unsigned i, servers;
	int one = 1, fd;

	if (argc != 4 && argc != 5)
		die("LISTEN_PORT BACKEND_PORT SERVERS [FOLDER]");
	m.last = &m.first;
	ev_set_userdata(loop, &m);
	len = address(&m.address, host, (unsigned)number(argv[1], 65535));
	fd = socket(m.address.ss_family,
	    SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd == -1 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one,
	    sizeof one) == -1 ||
	    bind(fd, (struct sockaddr *)&m.address, len) == -1 ||
	    listen(fd, 4096) == -1)
		die("port %s: %s", argv[1], strerror(errno));
	servers = (unsigned)number(argv[3], SERVERS_MAX);
	for (i = 0; i < servers; i++)
		dial(loop, host, (unsigned)number(argv[2], 65535));
	add(loop, fd, on_listener);
	ev_run(loop, 0);
	return 0;
}
