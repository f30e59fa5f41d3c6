/*
 * lane.h - a pool's servers on one host, with their own back-off.
 */
#ifndef POOL_LANE_H
#define POOL_LANE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/list.h"
#include "base/must.h"
#include "base/mono.h"
#include "cluster/quota.h"
#include "pool/pools.h"
#include "pool/server.h"

struct host;
struct pool;

struct lane {
	struct list member;             /* of pool->lanes */
	struct pool *pool;
	struct host *host;
	struct list servers[SERVER_NSTATES];
	uint32_t count[SERVER_NSTATES];
	struct quota_wait room;         /* in the host's budget */
	bool retired;                   /* the entry no longer names it */
	struct mono retry_at;           /* no attempt before; 0: any time */
	unsigned failures;              /* in a row */
	struct failure failure;         /* the last one, if any in a row */
};

/* Walk the lanes of a pool. */
#define LANE_EACH(n, l, p)                                              \
	LIST_EACH(n, &(p)->lanes)                                       \
		if (((l) = container_of(n, struct lane, member)) != NULL)

struct lane *lane_create(struct pool *, struct host *);
	/* Takes over the caller's reference of the host; room is the caller's
	 * to initialise. */

void lane_destroy(struct lane *);
	/* Without servers. */

uint32_t lane_count(const struct lane *);
	/* Servers in all states but CLOSING. */

bool lane_is_empty(const struct lane *);
	/* No server in any state. */

bool lane_may_dial(const struct lane *, struct mono now);
	/* Not retired and not backing off. */

/* May queries go to its host, as far as the entry and its role go? */
static inline bool
lane_is_used(const struct lane *l)
{
	return !l->retired && (l->pool->serves == 0 ||
	    pools_has_role(l->pool, l->host));
}

bool failure_is_transient(const struct failure *);
	/* May it pass by itself? Nobody answered, or the server starts or
	 * stops, or has no room. */

void lane_failed(struct lane *, const struct failure *, struct mono now,
    int64_t retry_usec);
	/* An attempt failed: no other one for retry_usec if the reason is a
	 * lasting one. If not, the first attempts follow sooner (after a
	 * second, then two, ...), so that a server that just restarts is
	 * found again quickly. */

void lane_succeeded(struct lane *);

#endif
