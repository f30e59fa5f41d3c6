/*
 * sides.h - which of a pool's two sides a request waits at; see pools.c for
 * what they are.
 */
#ifndef POOL_SIDES_H
#define POOL_SIDES_H

#include <stdbool.h>

#include "pool/queue.h"

struct pool;
struct pooler;
struct topology;

bool sides_has_two(const struct pool *);
	/* Are there requests that would not wait in front? */

struct pool *sides_choose(struct pool *, enum want, enum route);
	/* Of the pool that the client is of: the side that would serve this
	 * now. A pool that is not routed has only one. */

void sides_acquire(struct pool *, struct wait *);
	/* pool_acquire() there, for w->want and w->route. */

void sides_load(struct pooler *);
	/* A new configuration: the same for all pools. Serves them. */

void sides_follow(struct pooler *, const struct topology *);
	/* Hosts of this topology may be used for something else now: servers
	 * at the wrong ones are closed as they come to rest, and who waits
	 * does so at the right side. */

#endif
