/*
 * cancel.h - cancel requests: find who is meant, pass it on, hold on.
 */
#ifndef POOL_CANCEL_H
#define POOL_CANCEL_H

#include <stddef.h>

#include "net/deadline.h"

struct cancel;
struct cancelkey;
struct client;
struct pooler;
struct server;

void cancel_request(struct client *, const struct cancelkey *);
	/* This client, whose login is over, came to cancel. It is closed
	 * when the request has been delivered, or at once if there is nobody
	 * to cancel: it never learns which. */

void cancel_orphan(struct server *);
	/* Its connection is about to be closed, and nobody wants the answer
	 * to what it is doing: send a request of our own. */

void cancel_left(struct client *);
	/* The one who asked is leaving. The request goes on without it. */

void cancel_late(struct cancel *);
	/* cancel_wait_timeout is over. */

size_t cancel_size(void);
	/* Of a struct cancel, for its slab. */

void cancel_abandon_all(struct pooler *);

/* Requests that are passed on to a peer. */
struct cancel_counts {
	int connecting, sent;
};

struct cancel_counts cancel_count(const struct pooler *, int peer);

struct cancel *cancel_of_deadline(struct deadline *);

#endif
