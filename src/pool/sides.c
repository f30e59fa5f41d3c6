/*
 * sides.c - a pool's side at the primary and its side at the replicas; see
 * sides.h.
 *
 * Where somebody waits follows from what is asked for and from the roles
 * that hosts have just now, so after each change of these it is simply
 * decided again for all.
 */
#include "pool/sides.h"

#include "base/must.h"
#include "cluster/topology.h"
#include "pool/database.h"
#include "pool/gate.h"
#include "pool/lane.h"
#include "pool/pool.h"
#include "pool/pools.h"
#include "pool/relay.h"
#include "pool/state.h"

/* Is there a replica that a server may be opened at, or one is open at? */
static bool
has_replica(const struct pool *front)
{
	return pools_has_host(front->replicas) &&
	    !gate_is_shut(front->replicas);
}

bool
sides_has_two(const struct pool *front)
{
	return front->replicas != NULL && front->serves != 0 &&
	    front->mode != POOL_SESSION;
}

struct pool *
sides_choose(struct pool *front, enum want want, enum route route)
{
	if (!sides_has_two(front))
		return front;
	/* While the primary is gone, a replica may tell the welcome. */
	if (want == WANT_WELCOME)
		return front->defaults != NULL || pools_has_host(front) ||
		    !has_replica(front) ? front : front->replicas;
	switch (route) {
	case ROUTE_PRIMARY:
		return front;
	case ROUTE_READ:
		return has_replica(front) ? front->replicas : front;
	case ROUTE_REPLICA:
		break;
	}
	return front->replicas;
}

void
sides_acquire(struct pool *front, struct wait *w)
{
	pool_acquire(sides_choose(front, w->want, w->route), w);
}

static void
move_queue(struct queue *q, struct pool *front)
{
	struct list *n, *next;
	struct wait *w;
	struct pool *to;

	LIST_EACH_SAFE (n, next, &q->waits) {
		w = container_of(n, struct wait, member);
		to = sides_choose(front, w->want, w->route);
		if (to != w->pool)
			pool_move(w, to);
	}
}

static bool
is_down(const struct topology *t, const struct host *h)
{
	struct topology_status status;
	size_t i;

	for (i = 0; i < topology_count(t); i++)
		if (topology_host(t, i) == h) {
			topology_status(t, i, &status);
			return status.reason == REASON_DOWN;
		}
	return false;
}

/* What was asked at a host that is down may be asked elsewhere, if it has not
 * begun to answer. The rest may still get its answers. */
static void
give_up(struct pool *p)
{
	struct list *n, *m, *next;
	struct lane *l;

	LANE_EACH (n, l, p) {
		if (p->serves == 0 || !is_down(p->database->topology, l->host))
			continue;
		LIST_EACH_SAFE (m, next, &l->servers[SERVER_ACTIVE])
			relay_abandon(container_of(m, struct server, member),
			    "host is down");
	}
}

static void
follow(struct pool *front)
{
	struct pool *behind = front->replicas;

	if (front->serves != 0)
		pool_follow(front);
	if (behind != NULL) {
		pool_follow(behind);
		move_queue(&front->queue, front);
		move_queue(&front->newcomers, front);
		move_queue(&behind->queue, front);
		move_queue(&behind->newcomers, front);
		pool_serve(behind);
		give_up(behind);
	}
	pool_serve(front);
	give_up(front);
}

void
sides_load(struct pooler *p)
{
	struct list *n;
	struct pool *pool;

	LIST_EACH (n, &p->pools) {
		pool = container_of(n, struct pool, member);
		if (pool->front == NULL)
			follow(pool);
	}
}

void
sides_follow(struct pooler *p, const struct topology *t)
{
	struct list *n;
	struct pool *pool;

	LIST_EACH (n, &p->pools) {
		pool = container_of(n, struct pool, member);
		if (pool->front == NULL && pool->database->topology == t)
			follow(pool);
	}
}
