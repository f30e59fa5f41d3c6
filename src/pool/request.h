/*
 * request.h - what a client that is logged in asks for; see request.c.
 */
#ifndef POOL_REQUEST_H
#define POOL_REQUEST_H

#include <stdbool.h>

#include "pool/queue.h"

struct client;

void request_start(struct client *);
	/* Logged in: IDLE from now on. What it has sent already is handled
	 * at once. See console_start() for the console's clients. */

bool request_is_admitted(struct client *, enum want);
	/* May it ask for this, by max_waiting_clients? If not it has been
	 * told: by FATAL while it logs in, else by an ERROR that is the
	 * answer to what it has sent. */

bool request_cancel(struct client *);
	/* Does it wait for a server? Then its query fails with 57014. */

void request_idle_anew(struct client *);
	/* client_idle_timeout is another one: if it is idle, its time begins
	 * now. */

void request_wait_late(struct client *);
void request_notify_late(struct client *);
void request_idle_late(struct client *);
	/* query_wait_timeout (or query_timeout), query_wait_notify and
	 * client_idle_timeout are over. */

#endif
