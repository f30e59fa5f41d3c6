/*
 * outgoing.h - bytes on their way to a server, in pieces.
 *
 * What a client sent is not copied: its pieces lie in the buffer that they
 * were read into. What we put in between is made here. All of it leaves in
 * one write, in order.
 */
#ifndef POOL_OUTGOING_H
#define POOL_OUTGOING_H

#include <stddef.h>

#include "base/str.h"

struct conn;

#define OUTGOING_PIECES 32

struct outgoing_piece {
	const void *p;          /* NULL: at this place in made */
	size_t at, n;
};

struct outgoing {
	struct conn *conn;
	int n;
	struct outgoing_piece pieces[OUTGOING_PIECES];
	struct text made;
	size_t made_before;     /* so much of it is in pieces */
};

static inline void
outgoing_init(struct outgoing *out, struct conn *conn)
{
	/* Not the pieces: this is done for every query. */
	out->conn = conn;
	out->n = 0;
	out->made = (struct text){ 0 };
	out->made_before = 0;
}

void outgoing_add(struct outgoing *, const void *, size_t n);
	/* These bytes, which stay in place until they are flushed. */

void outgoing_made(struct outgoing *);
	/* All that was appended to out->made since the last time. */

void outgoing_flush(struct outgoing *);
	/* Send all. It is empty then, and holds no memory. */

#endif
