/*
 * pool.h - who may use which server connection; see pool.c for the rules.
 */
#ifndef POOL_POOL_H
#define POOL_POOL_H

#include "pool/queue.h"
#include "pool/server.h"

struct failure;
struct pool;
struct pooler;
struct wait;

void pool_register(struct pooler *);
	/* Before the first pool is made. */

void pool_acquire(struct pool *, struct wait *);
	/* Ask for a server, or for the welcome (w->want). Exactly one of
	 * w->granted and w->refused follows, possibly before this returns.
	 * Until then *w must stay in place. */

void pool_cancel(struct wait *);
	/* Stop waiting. No callback follows. Harmless if not waiting. */

void pool_release(struct server *);
	/* A server that has no link any more: reset it if that is due, give
	 * it to who waits longest, or keep it. What is not clean is closed. */

/* For the operator, the janitor and reloads: */

void pool_serve(struct pool *);
	/* Something has changed: hand out what may be handed out, open what
	 * is missing. */

void pool_close_idle(struct pool *, const char *why);
	/* Close the servers that nobody uses, those logging in included. */

void pool_reconnect(struct pool *, const char *why);
	/* Replace each server as soon as it is at rest. */

void pool_refuse_all(struct pool *, const struct failure *);
	/* Everybody who waits. */

void pool_maintain(struct pool *);
	/* Once a second: ages, idle times, min_pool_size. */

void pool_check(const struct pool *);
	/* The invariants; for debugging. */

#endif
