/*
 * batch.h - messages that go to a server together, and may have to go again.
 *
 * What a client sent up to its Sync, or what we make ourselves: messages in
 * order, each with what the tracker is to know about it. They leave in one
 * write. Up to BATCH_KEEP bytes are kept until the first byte of the answer,
 * so that a batch that was certainly not started can be sent elsewhere.
 *
 * Where nothing has to be put in between or repeated there is no batch: the
 * relay passes bytes straight on.
 */
#ifndef POOL_BATCH_H
#define POOL_BATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"
#include "pgwire/tracker.h"

#define BATCH_KEEP (64u * 1024)

struct server;

/* {0} is an empty batch. */
struct batch {
	struct batch_message *messages;
	uint32_t n, cap;
	struct text bytes;      /* of all messages */
	bool complete;          /* ends with Query, FunctionCall or Sync */
};

void batch_add(struct batch *, const void *frame, size_t n, enum hide);
	/* Append a whole message, which is copied: its type byte is the
	 * first. hide says what the client will see of the answer. */

void batch_query(struct batch *, const char *sql, enum hide);
	/* Append a simple Query of our own. */

bool batch_write(const struct batch *, struct server *);
	/* Record all messages with the server's tracker and send them in one
	 * write. False if the tracker refuses one: the server is then out of
	 * step and has to be closed. The batch stays as it is. */

bool batch_may_repeat(const struct batch *);
	/* Is it complete, and small enough to be kept for a second time? */

void batch_clear(struct batch *);
	/* The answer has begun, or nobody wants it: empty again. */

#endif
