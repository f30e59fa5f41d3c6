/*
 * spread.h - the servers and requests of a pool over the hosts that share its
 * work; see spread.c.
 */
#ifndef POOL_SPREAD_H
#define POOL_SPREAD_H

#include <stdbool.h>
#include <stdint.h>

struct lane;
struct pool;
struct wait;

struct wait *spread_next(struct pool *, struct lane **);
	/* Who is next, and the lane whose idle server it gets, by
	 * load_balance; NULL: nobody who waits has an idle server. For a
	 * pool whose hosts have roles. */

bool spread_is_strict(const struct pool *);
	/* Do its clients wait for a host of their own though a server of
	 * another one is idle? */

struct lane *spread_lacks(struct pool *);
	/* If it is strict: the lane that most wait for and no server is on
	 * the way at. NULL: none. */

/* How far a pool is from having servers by the weights of its hosts. */
struct shares {
	struct lane *poorest, *richest;         /* NULL: none is so */
	int64_t lack, excess;   /* in servers, times the sum of weights */
};

struct shares spread_shares(const struct pool *);

bool spread_comes_before(const struct lane *, const struct lane *);
	/* Should the first one rather than the other have the next server?
	 * False for both if they are alike. */

#endif
