/*
 * slices.h - bytes on their way to a client, in slices of the buffer that
 * they were read into.
 *
 * Slices that touch are one; all of them leave in one write.
 */
#ifndef POOL_SLICES_H
#define POOL_SLICES_H

#include <stddef.h>
#include <sys/uio.h>

#include "net/conn.h"
#include "pool/relay.h"

#define SLICES 16

/* Slices of one buffer on their way to the client. */
struct slices {
	struct iovec iov[SLICES];
	int n;
	size_t bytes;
};

static inline void
slices_flush(struct slices *out, struct link *link)
{
	if (link != NULL && out->n > 0)
		conn_sendv(link->conn, out->iov, out->n);
	out->n = 0;
}

static inline void
slices_add(struct slices *out, struct link *link, const unsigned char *p,
    size_t n)
{
	struct iovec *last = out->n > 0 ? &out->iov[out->n - 1] : NULL;

	out->bytes += n;
	if (last != NULL &&
	    (const unsigned char *)last->iov_base + last->iov_len == p) {
		last->iov_len += n;
		return;
	}
	if (out->n == SLICES)
		slices_flush(out, link);
	out->iov[out->n++] = (struct iovec){ (void *)(uintptr_t)p, n };
}

#endif
