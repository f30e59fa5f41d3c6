/*
 * outgoing.c - one write from many pieces; see outgoing.h.
 */
#include "pool/outgoing.h"

#include <stdint.h>
#include <sys/uio.h>

#include "net/conn.h"

static void
send_all(struct outgoing *out)
{
	struct iovec iov[OUTGOING_PIECES];
	int i;

	for (i = 0; i < out->n; i++) {
		const struct outgoing_piece *piece = &out->pieces[i];
		const void *p = piece->p != NULL ? piece->p :
		    out->made.p + piece->at;

		/* An iovec is never const, sending does not write to it. */
		iov[i] = (struct iovec){ (void *)(uintptr_t)p, piece->n };
	}
	if (out->n > 0)
		conn_sendv(out->conn, iov, out->n);
	out->n = 0;
}

static void
push(struct outgoing *out, struct outgoing_piece piece)
{
	if (out->n == OUTGOING_PIECES)
		send_all(out);
	out->pieces[out->n++] = piece;
}

void
outgoing_add(struct outgoing *out, const void *p, size_t n)
{
	struct outgoing_piece *last = out->n > 0 ?
	    &out->pieces[out->n - 1] : NULL;

	if (n == 0)
		return;
	if (last != NULL && last->p != NULL &&
	    (const char *)last->p + last->n == p)
		last->n += n;
	else
		push(out, (struct outgoing_piece){ p, 0, n });
}

void
outgoing_made(struct outgoing *out)
{
	size_t n = out->made.n - out->made_before;

	if (n > 0)
		push(out, (struct outgoing_piece){ NULL, out->made_before,
		    n });
	out->made_before = out->made.n;
}

void
outgoing_flush(struct outgoing *out)
{
	send_all(out);
	text_fini(&out->made);
	out->made_before = 0;
}
