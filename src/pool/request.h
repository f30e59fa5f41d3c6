/*
 * request.h - what a client that is logged in asks for; see request.c.
 */
#ifndef POOL_REQUEST_H
#define POOL_REQUEST_H

#include <stdbool.h>

struct client;

void request_start(struct client *);
	/* Logged in: IDLE from now on. What it has sent already is handled
	 * at once. See console_start() for the console's clients. */

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
