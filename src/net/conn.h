/*
 * conn.h - a socket with its transport and what could not be handled yet.
 *
 * A conn reads once when its socket is readable, into a working buffer that
 * is borrowed for this turn, and hands the bytes to its owner. What the
 * owner does not consume is kept and handed over again, together with what
 * comes next. What a socket does not take is kept too and sent when there is
 * room. So an idle conn owns no buffer.
 *
 * Owners embed a struct conn. Errors arrive through on_end only, never as a
 * result: a send cannot fail in the hands of its caller.
 */
#ifndef NET_CONN_H
#define NET_CONN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "base/addr.h"
#include "net/loop.h"

#define CONN_SCRATCH (64 * 1024)

struct conn;
struct tls;
struct transport;

/* What all conns of a loop share. */
struct conn_env {
	struct loop *loop;
	unsigned char *scratch;
	bool scratch_lent;
	int keepalive, keepidle, keepintvl, keepcnt;   /* of dialled sockets */
	int user_timeout, socket_buffer;
};

struct conn_ops {
	void (*on_connect)(struct conn *);
		/* A dialled socket is connected. */
	void (*on_secure)(struct conn *);
		/* The handshake that conn_secure() began is done. */
	void (*on_bytes)(struct conn *, const unsigned char *, size_t);
		/* Bytes from the peer; say how many with conn_consume(). */
	void (*on_drained)(struct conn *);
		/* All that was sent is in the kernel's hands again. */
	void (*on_end)(struct conn *, int error);
		/* The peer has left (0) or the socket has failed (errno).
		 * Called once; conn_close() is up to the owner. */
};

struct conn {
	struct io_watch watch;
	struct conn_env *env;
	const struct conn_ops *ops;
	const struct transport *transport;
	struct tls *tls;        /* of a transport that is not plain */
	struct chunk *in;       /* received, not consumed */
	struct chunk *out;      /* sent by the owner, not by the socket */
	struct chore later;     /* reports a failed send; reads what the
				 * transport holds */
	uint32_t need;          /* see conn_need() */
	uint32_t offered, consumed;     /* during on_bytes */
	int fd;
	int error;
	uint8_t state;          /* enum conn_state */
	bool held, frozen, delivering;
};

void conn_env_init(struct conn_env *, struct loop *);
void conn_env_fini(struct conn_env *);

void conn_init(struct conn *, struct conn_env *, const struct conn_ops *);
	/* Closed, so far. */

void conn_open(struct conn *, int fd);
	/* Take over a connected, non-blocking socket. */

int conn_dial(struct conn *, const struct sockaddr *, socklen_t);
	/* Begin to connect: on_connect or on_end follows, never before this
	 * returns. 0, or -1 with errno when it fails at once. */

void conn_close(struct conn *);
	/* Close the socket and forget all bytes. Harmless when closed. No
	 * callback follows. */

bool conn_is_open(const struct conn *);
	/* Connected, and neither in a handshake nor at its end. */

void conn_secure(struct conn *, const struct transport *, struct tls *);
	/* Go on by this transport, which owns the other: its handshake
	 * begins, on_secure or on_end follows. Nothing may be kept or
	 * unsent; within on_bytes all must have been consumed. */

const char *conn_reason(const struct conn *, int error);
	/* In words why on_end was called, until conn_close(). */

bool conn_has_ended(const struct conn *);
	/* There is no socket, or its end was seen; error tells, as errno,
	 * why. */

void conn_consume(struct conn *, size_t n);
	/* Within on_bytes: n more bytes are done with. */

void conn_need(struct conn *, size_t n);
	/* Within on_bytes: nothing can be consumed before n bytes are there,
	 * though they be more than the working buffer holds. */

void conn_redeliver(struct conn *);
	/* Hand over what was kept once more. Within on_bytes of this very
	 * conn it does nothing: the owner is at it already. */

size_t conn_kept(const struct conn *);
	/* Bytes received and not consumed. */

void conn_hold(struct conn *, bool held);
	/* Stop or go on reading: backpressure. */

void conn_freeze(struct conn *, bool frozen);
	/* The same, for somebody else than who holds: read is what is
	 * neither held nor frozen. */

void conn_send(struct conn *, const void *, size_t);
void conn_sendv(struct conn *, const struct iovec *, int n);
	/* Send, in order; what the socket does not take is kept. */

bool conn_is_clogged(const struct conn *);
	/* Are there bytes that the socket did not take yet? */

size_t conn_unsent(const struct conn *);

void conn_finish(struct conn *);
	/* Send what is left, then end our side, and read and drop what the
	 * peer still sends until it ends its own: on_end follows. So the
	 * peer surely sees the last message. */

#endif
