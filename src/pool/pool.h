/*
 * pool.h - who may use which server connection; see pool.c for the rules.
 */
#ifndef POOL_POOL_H
#define POOL_POOL_H

#include <stdbool.h>
#include <stddef.h>

#include "pool/queue.h"
#include "pool/server.h"

struct failure;
struct pool;
struct pooler;
struct wait;

void pool_register(struct pooler *);
	/* Before the first pool is made. */

bool pool_admits(const struct pool *, enum want, char *detail, size_t cap);
	/* May one ask for this? Not who would have to wait where as many
	 * wait as max_waiting_clients allows: detail says how many, and
	 * why. */

void pool_acquire(struct pool *, struct wait *);
	/* Ask for a server, or for the welcome (w->want). Exactly one of
	 * w->granted and w->refused follows, possibly before this returns.
	 * Until then *w must stay in place. */

void pool_move(struct wait *, struct pool *to);
	/* Let it wait at its pool's other side instead, as if it had always
	 * been there. Nobody is served by that alone. */

void pool_cancel(struct wait *);
	/* Stop waiting. No callback follows. Harmless if not waiting. */

struct wait *pool_waits_longest(const struct pool *);
	/* For a server or the welcome; NULL: nobody waits. */

enum wait_reason pool_wait_reason(const struct wait *);
	/* Why it still waits; WAIT_NONE if it does not. */

void pool_release(struct server *);
	/* A server that has no link any more: reset it if that is due, give
	 * it to who waits longest, or keep it. What is not clean is closed. */

void pool_settle(struct server *);
	/* The same for one that was TESTED: the owner of the errand that ran
	 * on it has no further use for it. */

/* For the operator, the janitor and reloads: */

void pool_serve(struct pool *);
	/* Something has changed: hand out what may be handed out, open what
	 * is missing. */

void pool_close_idle(struct pool *, const char *why);
	/* Close the servers that nobody uses, those logging in included. */

void pool_reconnect(struct pool *, const char *why);
	/* Replace each server as soon as it is at rest. */

void pool_follow(struct pool *);
	/* Hosts have changed their roles: close what is at the wrong ones and
	 * at rest, and, whatever it does, what is at a primary that was
	 * replaced; leave no right one alone any longer. Serve it then. */

void pool_refuse_all(struct pool *, const struct failure *);
	/* Everybody who waits. */

void pool_maintain(struct pool *);
	/* Once a second: ages, idle times, min_pool_size. */

void pool_check(const struct pool *);
	/* The invariants; for debugging. */

#endif
