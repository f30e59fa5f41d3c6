/*
 * conn.c - sockets; see conn.h.
 *
 * Rules of cost: one read per readiness, no buffer while idle, no change of
 * what is watched in steady state (only backpressure stops the reading).
 *
 * This file does not know the protocol, nor clients and servers.
 */
#include "net/conn.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/must.h"
#include "net/transport.h"

enum conn_state {
	CONN_CLOSED,
	CONN_DIALLING,
	CONN_SHAKING,           /* conn_secure(): a handshake */
	CONN_OPEN,
	CONN_FINISHING,         /* conn_finish(): flushing, then draining */
	CONN_ENDED              /* on_end was called or is due */
};

/* Bytes begin..end of data are in use. */
struct chunk {
	uint32_t begin, end, cap;
	unsigned char data[];
};

static uint32_t
chunk_len(const struct chunk *k)
{
	return k != NULL ? k->end - k->begin : 0;
}

/* Make room for n more bytes behind what k holds; k may be NULL. */
static struct chunk *
chunk_reserve(struct chunk *k, size_t n)
{
	size_t used = chunk_len(k);

	if (k != NULL && k->cap - k->end >= n)
		return k;
	if (k != NULL && k->begin > 0) {
		memmove(k->data, k->data + k->begin, used);
		k->begin = 0;
		k->end = (uint32_t)used;
		if (k->cap - used >= n)
			return k;
	}
	must(n <= UINT32_MAX / 2 - used);
	if (k == NULL) {
		k = mem_resize(NULL, sizeof *k + n);
		k->begin = k->end = 0;
		k->cap = (uint32_t)n;
		return k;
	}
	n = used + n > 2 * used ? used + n : 2 * used;
	k = mem_resize(k, sizeof *k + n);
	k->cap = (uint32_t)n;
	return k;
}

static void
chunk_add(struct chunk **kp, const void *p, size_t n)
{
	struct chunk *k = chunk_reserve(*kp, n);

	memcpy(k->data + k->end, p, n);
	k->end += (uint32_t)n;
	*kp = k;
}

static void
chunk_drop(struct chunk **kp)
{
	mem_free(*kp);
	*kp = NULL;
}

void
conn_env_init(struct conn_env *env, struct loop *loop)
{
	*env = (struct conn_env){ .loop = loop };
	env->scratch = mem_resize(NULL, CONN_SCRATCH);
}

void
conn_env_fini(struct conn_env *env)
{
	must(!env->scratch_lent);
	mem_free(env->scratch);
}

/* Has anybody a use for what is received? */
static bool
may_read(const struct conn *c)
{
	switch ((enum conn_state)c->state) {
	case CONN_CLOSED:
	case CONN_DIALLING:
	case CONN_ENDED:
		break;
	case CONN_SHAKING:
		return !c->frozen;
	case CONN_OPEN:
		return !c->held && !c->frozen && (c->need != 0 ||
		    chunk_len(c->in) < CONN_SCRATCH);
	case CONN_FINISHING:
		return true;
	}
	return false;
}

/* Which event lets us read? None may be needed: what a transport holds
 * inside is read at the end of this turn. */
static unsigned
read_event(struct conn *c)
{
	unsigned event;

	if (c->transport->secure == NULL)
		return READABLE;
	event = c->transport->secure->waits(c);
	if (event != 0)
		return event;
	chore_add(c->env->loop, &c->later);
	return READABLE;
}

/* Watch for just what this conn can use now. */
static void
update_watch(struct conn *c)
{
	unsigned events = 0;

	if (may_read(c))
		events = read_event(c);
	if (c->state == CONN_DIALLING || (c->out != NULL &&
	    (c->state == CONN_OPEN || c->state == CONN_FINISHING)))
		events |= WRITABLE;
	io_watch_set(&c->watch, events);
}

static void
end(struct conn *c, int error)
{
	c->state = CONN_ENDED;
	c->error = error;
	update_watch(c);
	chore_cancel(&c->later);
	c->ops->on_end(c, error);
}

/* Forget what was received, unless the owner is reading it just now. */
static void
drop_input(struct conn *c)
{
	if (!c->delivering)
		chunk_drop(&c->in);
}

/* Hand n bytes to the owner; false if the conn was closed meanwhile. */
static bool
deliver(struct conn *c, const unsigned char *p, size_t n)
{
	c->consumed = 0;
	c->offered = (uint32_t)n;
	c->need = 0;
	c->delivering = true;
	c->ops->on_bytes(c, p, n);
	c->delivering = false;
	must(c->consumed <= n);
	must(c->state != CONN_SHAKING || c->consumed == n);
	if (c->state == CONN_OPEN)
		return true;
	chunk_drop(&c->in);
	return false;
}

/* Read into the chunk itself: a message larger than the working buffer. */
static enum io
read_large(struct conn *c)
{
	size_t got = 0, want = c->need;
	enum io io;

	c->in = chunk_reserve(c->in, want - chunk_len(c->in));
	io = c->transport->read(c, c->in->data + c->in->end,
	    c->in->cap - c->in->end, &got);
	c->in->end += (uint32_t)got;
	if (io != IO_OK || chunk_len(c->in) < want)
		return io;
	conn_redeliver(c);
	return IO_OK;
}

static enum io
read_some(struct conn *c)
{
	struct conn_env *env = c->env;
	unsigned char *buf = env->scratch;
	size_t kept = chunk_len(c->in), got = 0;
	enum io io;

	if (c->need > CONN_SCRATCH)
		return read_large(c);
	must(!env->scratch_lent && kept < CONN_SCRATCH);
	if (kept > 0)
		memcpy(buf, c->in->data + c->in->begin, kept);
	io = c->transport->read(c, buf + kept, CONN_SCRATCH - kept, &got);
	if (io != IO_OK)
		return io;
	env->scratch_lent = true;
	if (deliver(c, buf, kept + got)) {
		size_t rest = kept + got - c->consumed;

		if (rest == 0) {
			chunk_drop(&c->in);
		} else if (c->consumed == 0 && kept > 0) {
			chunk_add(&c->in, buf + kept, got);
		} else {
			chunk_drop(&c->in);
			chunk_add(&c->in, buf + c->consumed, rest);
		}
		update_watch(c);
	}
	env->scratch_lent = false;
	return IO_OK;
}

/* Read what nobody wants any more, until the peer ends. */
static enum io
read_dropping(struct conn *c)
{
	size_t got;

	return c->transport->read(c, c->env->scratch, CONN_SCRATCH, &got);
}

static void
shut_our_side(struct conn *c)
{
	c->transport->shutdown(c);
	/* Not connected any more: why that is, reading will tell. */
	if (shutdown(c->fd, SHUT_WR) == -1 && errno != ENOTCONN &&
	    c->error == 0)
		c->error = errno;
	if (c->error != 0)
		chore_add(c->env->loop, &c->later);
}

static void
on_writable(struct conn *c)
{
	struct iovec iov;
	size_t put = 0;
	enum io io;

	iov.iov_base = c->out->data + c->out->begin;
	iov.iov_len = chunk_len(c->out);
	io = c->transport->write(c, &iov, 1, &put);
	if (io == IO_ERROR) {
		end(c, errno);
		return;
	}
	c->out->begin += (uint32_t)put;
	if (chunk_len(c->out) > 0)
		return;
	chunk_drop(&c->out);
	if (c->state == CONN_FINISHING)
		shut_our_side(c);
	else if (c->ops->on_drained != NULL)
		c->ops->on_drained(c);
	if (c->state != CONN_CLOSED)
		update_watch(c);
}

static void
on_connected(struct conn *c)
{
	int error = 0;
	socklen_t len = sizeof error;

	if (getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &error, &len) == -1)
		error = errno;
	if (error != 0) {
		end(c, error);
		return;
	}
	c->state = CONN_OPEN;
	update_watch(c);
	c->ops->on_connect(c);
}

static void
shake(struct conn *c)
{
	switch (c->transport->secure->handshake(c)) {
	case IO_OK:
		c->state = CONN_OPEN;
		update_watch(c);
		c->ops->on_secure(c);
		break;
	case IO_AGAIN:
		update_watch(c);
		break;
	case IO_EOF:
		end(c, 0);
		break;
	case IO_ERROR:
		end(c, errno);
		break;
	}
}

static void
on_readable(struct conn *c)
{
	enum io io = c->state == CONN_OPEN ? read_some(c) : read_dropping(c);

	switch (io) {
	case IO_OK:
	case IO_AGAIN:
		if (c->tls != NULL)
			update_watch(c);
		break;
	case IO_EOF:
		end(c, 0);
		break;
	case IO_ERROR:
		end(c, errno);
		break;
	}
}

static void
read_or_shake(struct conn *c)
{
	if (c->state == CONN_SHAKING)
		shake(c);
	else
		on_readable(c);
}

static void
on_later(struct chore *chore)
{
	struct conn *c = container_of(chore, struct conn, later);

	if (c->state == CONN_CLOSED || c->state == CONN_ENDED)
		return;
	if (c->error != 0)
		end(c, c->error);
	else if (may_read(c) && c->tls != NULL &&
	    c->transport->secure->waits(c) == 0)
		read_or_shake(c);
}

static void
on_ready(struct io_watch *w, unsigned ready)
{
	struct conn *c = container_of(w, struct conn, watch);

	if (c->state == CONN_DIALLING) {
		on_connected(c);
		return;
	}
	if ((ready & WRITABLE) && c->out != NULL)
		on_writable(c);
	if (c->tls == NULL ? (ready & w->events & READABLE) != 0 :
	    may_read(c) && (ready & read_event(c)) != 0)
		read_or_shake(c);
}

void
conn_init(struct conn *c, struct conn_env *env, const struct conn_ops *ops)
{
	*c = (struct conn){ .env = env, .ops = ops, .fd = -1,
		.transport = &transport_plain };
	chore_init(&c->later, on_later);
}

static void
attach(struct conn *c, int fd, enum conn_state state)
{
	must(c->state == CONN_CLOSED);
	c->fd = fd;
	c->error = 0;
	c->state = state;
	io_watch_init(&c->watch, c->env->loop, fd, on_ready);
	/* Servers come before clients: the end of an idle one is seen before
	 * it is given a query, and a free one before somebody new asks. */
	if (state == CONN_DIALLING)
		io_watch_hurry(&c->watch);
	update_watch(c);
}

void
conn_open(struct conn *c, int fd)
{
	attach(c, fd, CONN_OPEN);
}

static void
set_int(int fd, int level, int name, int value)
{
	/* A socket that lacks an option works without it. */
	(void)setsockopt(fd, level, name, &value, sizeof value);
}

static void
set_tcp_options(const struct conn_env *env, int fd)
{
	set_int(fd, IPPROTO_TCP, TCP_NODELAY, 1);
	if (env->keepalive)
		set_int(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
	if (env->keepidle)
		set_int(fd, IPPROTO_TCP, TCP_KEEPIDLE, env->keepidle);
	if (env->keepintvl)
		set_int(fd, IPPROTO_TCP, TCP_KEEPINTVL, env->keepintvl);
	if (env->keepcnt)
		set_int(fd, IPPROTO_TCP, TCP_KEEPCNT, env->keepcnt);
	if (env->user_timeout)
		set_int(fd, IPPROTO_TCP, TCP_USER_TIMEOUT,
		    env->user_timeout);
	if (env->socket_buffer) {
		set_int(fd, SOL_SOCKET, SO_SNDBUF, env->socket_buffer);
		set_int(fd, SOL_SOCKET, SO_RCVBUF, env->socket_buffer);
	}
}

int
conn_dial(struct conn *c, const struct sockaddr *sa, socklen_t len)
{
	int saved, rc;
	int fd = socket(sa->sa_family,
	    SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd == -1)
		return -1;
	if (sa->sa_family != AF_UNIX)
		set_tcp_options(c->env, fd);
	do
		rc = connect(fd, sa, len);
	while (rc == -1 && errno == EINTR);
	if (rc == -1 && errno != EINPROGRESS) {
		saved = errno;
		close(fd);
		errno = saved;
		return -1;
	}
	attach(c, fd, CONN_DIALLING);
	return 0;
}

void
conn_close(struct conn *c)
{
	if (c->state == CONN_CLOSED)
		return;
	io_watch_set(&c->watch, 0);
	chore_cancel(&c->later);
	/* close() is never repeated, even on EINTR: the number is free. */
	close(c->fd);
	c->fd = -1;
	if (c->tls != NULL)
		c->transport->secure->destroy(c);
	c->tls = NULL;
	c->transport = &transport_plain;
	c->state = CONN_CLOSED;
	c->held = c->frozen = false;
	c->need = 0;
	drop_input(c);
	chunk_drop(&c->out);
}

bool
conn_is_open(const struct conn *c)
{
	return c->state == CONN_OPEN;
}

bool
conn_has_ended(const struct conn *c)
{
	return c->state == CONN_CLOSED || c->state == CONN_ENDED;
}

void
conn_secure(struct conn *c, const struct transport *transport,
    struct tls *tls)
{
	must(c->state == CONN_OPEN && c->tls == NULL);
	must(c->out == NULL && (c->delivering || c->in == NULL));
	must(c->ops->on_secure != NULL && transport->secure != NULL);
	c->transport = transport;
	c->tls = tls;
	c->state = CONN_SHAKING;
	update_watch(c);
}

const char *
conn_reason(const struct conn *c, int error)
{
	const char *why = NULL;

	if (error != 0 && c->transport->secure != NULL)
		why = c->transport->secure->why(c);
	return why != NULL ? why : strerror(error);
}

void
conn_consume(struct conn *c, size_t n)
{
	must(c->delivering);
	c->consumed += (uint32_t)n;
}

void
conn_need(struct conn *c, size_t n)
{
	must(c->delivering && n <= UINT32_MAX / 4);
	c->need = (uint32_t)n;
}

void
conn_redeliver(struct conn *c)
{
	size_t n = chunk_len(c->in);

	if (n == 0 || c->delivering || c->state != CONN_OPEN)
		return;
	if (!deliver(c, c->in->data + c->in->begin, n))
		return;
	if (c->consumed == n)
		chunk_drop(&c->in);
	else
		c->in->begin += c->consumed;
	update_watch(c);
}

size_t
conn_kept(const struct conn *c)
{
	return c->delivering ? c->offered - c->consumed : chunk_len(c->in);
}

void
conn_hold(struct conn *c, bool held)
{
	if (c->held == held)
		return;
	c->held = held;
	update_watch(c);
}

void
conn_freeze(struct conn *c, bool frozen)
{
	if (c->frozen == frozen)
		return;
	c->frozen = frozen;
	update_watch(c);
}

/* Append what is left of iov behind the first skip bytes. */
static void
keep_unsent(struct conn *c, const struct iovec *iov, int n, size_t skip)
{
	int i;

	for (i = 0; i < n; i++) {
		size_t len = iov[i].iov_len;
		const unsigned char *p = iov[i].iov_base;

		if (skip >= len) {
			skip -= len;
			continue;
		}
		chunk_add(&c->out, p + skip, len - skip);
		skip = 0;
	}
	update_watch(c);
}

void
conn_sendv(struct conn *c, const struct iovec *iov, int n)
{
	size_t total = 0, put = 0;
	enum io io = IO_OK;
	int i;

	for (i = 0; i < n; i++)
		total += iov[i].iov_len;
	if (total == 0 || c->state != CONN_OPEN || c->error != 0)
		return;
	if (c->out == NULL)
		io = c->transport->write(c, iov, n, &put);
	if (io == IO_ERROR) {
		c->error = errno;
		chore_add(c->env->loop, &c->later);
		return;
	}
	if (put < total)
		keep_unsent(c, iov, n, put);
}

void
conn_send(struct conn *c, const void *p, size_t n)
{
	/* An iovec is never const, sending does not write to it. */
	struct iovec iov = { (void *)(uintptr_t)p, n };

	conn_sendv(c, &iov, 1);
}

bool
conn_is_clogged(const struct conn *c)
{
	return c->out != NULL;
}

size_t
conn_unsent(const struct conn *c)
{
	return chunk_len(c->out);
}

void
conn_finish(struct conn *c)
{
	if (c->state != CONN_OPEN)
		return;
	c->state = CONN_FINISHING;
	drop_input(c);
	if (c->out == NULL)
		shut_our_side(c);
	update_watch(c);
}
