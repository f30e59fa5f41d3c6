/*
 * gate.c - when a pool opens one more server connection.
 *
 * One is opened when more clients wait than servers are on the way, within
 * pool_size (and the reserve, once somebody has waited long enough), with a
 * ticket of the host's budget, and at most server_connect_parallel at the
 * same time. A host that has failed is left alone for a while; the pool's
 * timer wakes the gate when that is over.
 *
 * Why somebody still waits is computed from these same conditions when it is
 * asked for, so it cannot be stale.
 */
#include "pool/gate.h"

#include <string.h>

#include "base/log.h"
#include "base/must.h"
#include "cluster/host.h"
#include "cluster/topology.h"
#include "config/config.h"
#include "pool/database.h"
#include "pool/dial.h"
#include "pool/lane.h"
#include "pool/limits.h"
#include "pool/pools.h"
#include "pool/spread.h"
#include "pool/state.h"
#include "pool/user.h"

#define TRADE_USEC INT64_C(100000)      /* between two of a pool */

static struct mono
now_of(const struct pool *p)
{
	return loop_now(p->pooler->loop);
}

/* When the reserve may be used for the one who waits longest. */
static struct mono
reserve_due(const struct pool *p)
{
	const struct wait *w = queue_first(&p->queue);

	must(w != NULL);
	return mono_after(w->since, p->pooler->config->reserve_pool_timeout);
}

static uint32_t
size_now(const struct pool *p)
{
	if (p->size == UINT32_MAX || p->reserve_size == 0 ||
	    p->queue.n == 0 || !mono_reached(now_of(p), reserve_due(p)))
		return p->size;
	return p->size + p->reserve_size;
}

/* Servers that will soon be there for those who wait. */
static uint32_t
on_the_way(const struct pool *p)
{
	return p->count[SERVER_LOGIN] + p->count[SERVER_TESTED];
}

uint32_t
gate_min(const struct pool *p)
{
	const struct pool *front = p->front != NULL ? p->front : p;

	return front->nclients == 0 && p->database->forced == NULL ? 0 :
	    p->min_size;
}

/* Does somebody wait for whom no server is on the way? */
static bool
lacks_server(const struct pool *p)
{
	return p->queue.n + (p->newcomers.n > 0 ? 1 : 0) > on_the_way(p);
}

static bool
wants_server(const struct pool *p)
{
	return p->database->entry != NULL && (lacks_server(p) ||
	    pools_servers(p) < gate_min(p));
}

bool
gate_may_dial(const struct lane *l)
{
	return lane_may_dial(l, now_of(l->pool)) && lane_is_used(l);
}

/* The next lane that may be tried; with "round-robin" each in its turn, with
 * "disable" the one at the head until it fails; where roles are known, the
 * one with the fewest servers. One whose host has a ticket left comes
 * first. */
static struct lane *
choose_lane(struct pool *p)
{
	struct lane *l, *full = NULL, *free = NULL, **best;
	struct list *n;

	l = p->serves != 0 ? spread_lacks(p) : NULL;
	if (l != NULL && gate_may_dial(l))
		return l;
	LANE_EACH (n, l, p) {
		if (!gate_may_dial(l))
			continue;
		best = quota_has_room(&l->host->budget->quota) ? &free : &full;
		if (*best == NULL || (p->serves != 0 &&
		    spread_comes_before(l, *best)))
			*best = l;
	}
	return free != NULL ? free : full;
}

static void
rotate_lanes(struct pool *p, struct lane *l)
{
	list_remove(&l->member);
	list_append(&p->lanes, &l->member);
}

/* False: out of tickets, or of memory. */
static bool
open_server(struct pool *p, struct lane *l)
{
	struct ticket ticket = { 0 };
	struct server *s;

	if (!budget_take(l->host->budget, p->purpose, &ticket)) {
		quota_await(&l->host->budget->quota, &l->room);
		return false;
	}
	s = server_create(p->pooler, p, l, p->server_hooks);
	if (s == NULL) {
		budget_give(&ticket);
		return false;
	}
	s->ticket = ticket;
	if (p->database->entry->load_balance_hosts ==
	    LOAD_BALANCE_ROUND_ROBIN)
		rotate_lanes(p, l);
	dial_start(s);
	return true;
}

/* An idle server of a host that has too many, or that nobody waits for. */
static void
close_idle(struct lane *l)
{
	struct list *idle = list_last(&l->servers[SERVER_IDLE]);

	if (idle != NULL)
		server_close(container_of(idle, struct server, member),
		    "moved to another host");
}

/* The pool is full, and somebody waits for another host than those that have
 * idle servers: which of these may lose one? */
static struct lane *
find_excess(struct pool *p)
{
	struct lane *lacks = spread_lacks(p), *l;
	struct list *n;

	if (lacks == NULL || !gate_may_dial(lacks) ||
	    pools_servers(p) < size_now(p))
		return NULL;
	LANE_EACH (n, l, p)
		if (l != lacks && l->count[SERVER_IDLE] > 0)
			return l;
	return NULL;
}

/* Make room where somebody waits. */
static void
trade(struct pool *p)
{
	struct lane *l;

	if (mono_between(p->traded, now_of(p)) < TRADE_USEC)
		return;
	l = find_excess(p);
	if (l == NULL)
		return;
	p->traded = now_of(p);
	close_idle(l);
}

static void
note_due(struct mono *due, struct mono t, struct mono now)
{
	if (!mono_reached(now, t) &&
	    (!mono_is_set(*due) || t.usec < due->usec))
		*due = t;
}

/* When a change will come by itself: the end of a back-off, the time for the
 * reserve, or for the next trade. */
static void
arm_timer(struct pool *p)
{
	struct mono due = { 0 }, now = now_of(p);
	struct list *n;
	struct lane *l;

	timer_disarm(&p->timer);
	if (!wants_server(p) || pools_is_stopped(p))
		return;
	LANE_EACH (n, l, p)
		if (lane_is_used(l))
			note_due(&due, l->retry_at, now);
	if (p->queue.n > 0 && p->reserve_size > 0)
		note_due(&due, reserve_due(p), now);
	if (p->serves != 0 && find_excess(p) != NULL)
		note_due(&due, mono_after(p->traded, TRADE_USEC), now);
	if (mono_is_set(due))
		timer_arm(&p->timer, due);
}

/* Open what is missing. */
void
gate_fill(struct pool *p)
{
	uint32_t gate = (uint32_t)p->pooler->config->server_connect_parallel;
	struct lane *l;

	/* Who walks over our servers fills up when that is done. */
	if (p->pooler->stopping || p->sweeping)
		return;
	if (p->serves != 0 && !pools_is_stopped(p))
		trade(p);
	while (!pools_is_stopped(p) && wants_server(p) &&
	    p->count[SERVER_LOGIN] < gate && pools_servers(p) < size_now(p) &&
	    (l = choose_lane(p)) != NULL &&
	    limits_make_room(p, l, lacks_server(p))) {
		if (pools_servers(p) == p->size)
			log_warning(NULL, "%s/%s: taking connection from "
			    "reserve_pool", p->database->name, p->user->name);
		if (!open_server(p, l))
			break;
	}
	arm_timer(p);
}

bool
gate_open(struct lane *l)
{
	struct pool *p = l->pool;
	bool opened;

	if (p->pooler->stopping || p->sweeping || pools_is_stopped(p) ||
	    pools_servers(p) >= p->size || !gate_may_dial(l) ||
	    p->count[SERVER_LOGIN] >=
	    (uint32_t)p->pooler->config->server_connect_parallel ||
	    !limits_make_room(p, l, false) ||
	    !quota_has_room(&l->host->budget->quota))
		return false;
	opened = open_server(p, l);
	arm_timer(p);
	return opened;
}

/* One by one a host that has come, or whose weight grows, gets servers before
 * those of the others are worn out. */
void
gate_even(struct pool *p)
{
	struct shares s;

	if (p->serves == 0 || pools_is_stopped(p) || spread_is_strict(p) ||
	    p->count[SERVER_LOGIN] > 0)
		return;
	s = spread_shares(p);
	if (s.poorest == NULL || s.richest == NULL ||
	    !gate_may_dial(s.poorest))
		return;
	close_idle(s.richest);
	(void)gate_open(s.poorest);
}

static bool
waits_for_ticket(const struct pool *p)
{
	struct list *n;
	struct lane *l;

	LANE_EACH (n, l, p)
		if (l->room.quota != NULL)
			return true;
	return false;
}

static bool
can_dial(const struct pool *p)
{
	struct list *n;
	struct lane *l;

	LANE_EACH (n, l, p)
		if (gate_may_dial(l))
			return true;
	return false;
}

enum wait_reason
gate_wait_reason(const struct pool *p, const struct wait *w)
{
	if (w->pool == NULL)
		return WAIT_NONE;
	if (pools_is_stopped(p))
		return WAIT_PAUSED;
	if (!pools_has_host(p))
		return p->front != NULL ? WAIT_NO_REPLICA : WAIT_NO_PRIMARY;
	if (waits_for_ticket(p))
		return WAIT_BUDGET;
	if (p->room.quota != NULL)
		return p->room.quota == &p->user->servers.quota ?
		    WAIT_USER_LIMIT : WAIT_DB_LIMIT;
	if (on_the_way(p) > 0)
		return WAIT_CONNECTING;
	if (pools_servers(p) >= size_now(p))
		return WAIT_POOL_SIZE;
	return can_dial(p) ? WAIT_CONNECTING : WAIT_LOGIN_BACKOFF;
}

/*
 * Failures.
 */

void
gate_failed(struct lane *l, const struct failure *f)
{
	struct pool *p = l->pool;

	lane_failed(l, f, now_of(p), p->pooler->config->server_login_retry);
	rotate_lanes(p, l);
}

bool
gate_is_shut(const struct pool *p)
{
	bool failed = false;
	struct list *n;
	struct lane *l;

	if (pools_servers(p) > 0)
		return false;
	LANE_EACH (n, l, p) {
		if (!lane_is_used(l))
			continue;
		if (l->failures == 0 || lane_may_dial(l, now_of(p)))
			return false;
		failed = true;
	}
	return failed;
}

/* Is it shut, and did every host refuse us for a lasting reason? Who logs in
 * is not kept waiting for a transient one either. */
const struct failure *
gate_lasting_failure(const struct pool *p)
{
	const struct failure *f = NULL;
	struct list *n;
	struct lane *l;

	if (!gate_is_shut(p))
		return NULL;
	LANE_EACH (n, l, p) {
		if (!lane_is_used(l))
			continue;
		if (p->purpose != BUDGET_AUTH &&
		    failure_is_transient(&l->failure))
			return NULL;
		f = &l->failure;
	}
	return f;
}
