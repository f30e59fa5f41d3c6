/*
 * batch.c - messages in order, with what they add to what is owed.
 *
 * This file does not know what the messages mean beyond their type bytes.
 */
#include "pool/batch.h"

#include "base/mem.h"
#include "base/must.h"
#include "net/conn.h"
#include "pgwire/frame.h"
#include "pgwire/messages.h"
#include "pgwire/writer.h"
#include "pool/server.h"

struct batch_message {
	uint32_t end;           /* where it ends in batch->bytes */
	char type;
	char target;            /* of Describe: 'S' or 'P' */
	enum hide hide;
};

static void
note(struct batch *b, const unsigned char *frame, size_t n, enum hide hide)
{
	struct batch_message *m;

	must(n >= FRAME_HEADER && b->bytes.n <= UINT32_MAX);
	if (b->n == b->cap) {
		b->cap = b->cap * 2 + 4;
		b->messages = mem_resize(b->messages,
		    b->cap * sizeof *b->messages);
	}
	m = &b->messages[b->n++];
	*m = (struct batch_message){ .end = (uint32_t)b->bytes.n,
		.type = (char)frame[0], .hide = hide };
	if (m->type == FE_DESCRIBE && n > FRAME_HEADER)
		m->target = (char)frame[FRAME_HEADER];
	b->complete = m->type == FE_QUERY || m->type == FE_SYNC ||
	    m->type == FE_FUNCTION_CALL;
}

void
batch_add(struct batch *b, const void *frame, size_t n, enum hide hide)
{
	text_add(&b->bytes, frame, n);
	note(b, frame, n, hide);
}

void
batch_query(struct batch *b, const char *sql, enum hide hide)
{
	size_t begin = b->bytes.n;

	writer_query(&b->bytes, sql);
	note(b, (const unsigned char *)b->bytes.p + begin,
	    b->bytes.n - begin, hide);
}

bool
batch_write(const struct batch *b, struct server *s)
{
	uint32_t i;

	for (i = 0; i < b->n; i++) {
		const struct batch_message *m = &b->messages[i];

		if (tracker_frontend(&s->tracker, m->type, m->target,
		    m->hide) == TRACK_BAD)
			return false;
	}
	conn_send(&s->conn, b->bytes.p, b->bytes.n);
	return true;
}

bool
batch_may_repeat(const struct batch *b)
{
	return b->complete && b->bytes.n <= BATCH_KEEP;
}

void
batch_clear(struct batch *b)
{
	mem_free(b->messages);
	text_fini(&b->bytes);
	*b = (struct batch){ 0 };
}
