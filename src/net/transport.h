/*
 * transport.h - how bytes travel: plain now, TLS later. The rest never asks.
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
};

extern const struct transport transport_plain;

#endif
