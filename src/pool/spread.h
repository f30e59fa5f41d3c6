/*
 * spread.h - the servers of a pool over the hosts that share its work.
 */
#ifndef POOL_SPREAD_H
#define POOL_SPREAD_H

struct lane;
struct pool;
struct wait;

struct lane *spread_pick(struct pool *, const struct wait *);
	/* The lane whose idle server is next for this one, by load_balance;
	 * NULL: none is idle at a host that may be used. */

void spread_even(struct pool *);
	/* Once a second: a host that has come, or whose weight grows, gets
	 * servers before others are worn out; one by one. */

#endif
