/*
 * transport.h - how bytes travel: plain or by TLS. The rest never asks.
 */
#ifndef NET_TRANSPORT_H
#define NET_TRANSPORT_H

#include <stddef.h>
#include <sys/uio.h>

struct conn;

enum io { IO_OK, IO_AGAIN, IO_EOF, IO_ERROR };

struct transport {
	const char *name;
	enum io (*read)(struct conn *, void *, size_t cap, size_t *got);
	enum io (*write)(struct conn *, const struct iovec *, int n,
	    size_t *put);
	/* IO_ERROR leaves the reason in errno. */
	void (*shutdown)(struct conn *);
		/* Nothing more follows from us. */
	const struct transport_secure *secure;
		/* NULL for the plain one. */
};

/* What a transport has to do besides where it is more than a socket. */
struct transport_secure {
	enum io (*handshake)(struct conn *);
		/* One step. IO_OK: bytes may travel now. */
	unsigned (*waits)(const struct conn *);
		/* What lets the next read or step get on: READABLE, WRITABLE,
		 * or 0: nothing, for there are bytes inside that no readiness
		 * tells of. A read that was told 0 leaves the socket alone,
		 * so that draining ends. */
	const char *(*why)(const struct conn *);
		/* What was wrong, if it was not the socket; else NULL. */
	void (*destroy)(struct conn *);
};

extern const struct transport transport_plain;

#endif
