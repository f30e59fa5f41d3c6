/*
 * overdue.c - query_timeout, transaction_timeout, idle_transaction_timeout.
 *
 * These concern clients that hold a server, and servers are few. So instead
 * of setting timers for every query, which all queries would pay for, the
 * active servers of the pools that have such a limit are looked at ten times
 * a second. Without such limits this costs nothing at all.
 */
#include "pool/overdue.h"

#include <stdio.h>

#include "base/must.h"
#include "pgwire/messages.h"
#include "pgwire/tracker.h"
#include "pool/client.h"
#include "pool/lane.h"
#include "pool/pools.h"
#include "pool/relay.h"
#include "pool/server.h"
#include "pool/state.h"

#define PERIOD_USEC INT64_C(100000)

static bool
is_timed(const struct pool *p)
{
	return p->query_timeout > 0 || p->transaction_timeout > 0 ||
	    p->idle_transaction_timeout > 0;
}

static bool
is_over(struct mono since, int64_t limit, struct mono now)
{
	return limit > 0 && mono_is_set(since) &&
	    mono_between(since, now) >= limit;
}

static void
end(struct client *c, const char *sqlstate, const char *message,
    int64_t limit)
{
	struct failure f = { 0 };
	char detail[64];

	snprintf(f.sqlstate, sizeof f.sqlstate, "%s", sqlstate);
	snprintf(f.message, sizeof f.message, "%s", message);
	snprintf(detail, sizeof detail, "The limit is %g s.",
	    (double)limit / 1e6);
	client_vfail(c, &f, detail);
}

/* Is the server waiting for its client inside a transaction block? */
static bool
is_idle_in_transaction(const struct server *s)
{
	return s->tracker.tx != TX_IDLE && !tracker_owes(&s->tracker);
}

static void
look_at(struct server *s, struct mono now)
{
	const struct pool *p = s->pool;
	const struct link *link = s->link;
	struct client *c = container_of(link, struct client, link);

	if (is_idle_in_transaction(s)) {
		if (is_over(link->idle_start, p->idle_transaction_timeout,
		    now)) {
			end(c, SQLSTATE_IDLE_IN_TRANSACTION,
			    "idle transaction timeout",
			    p->idle_transaction_timeout);
			return;
		}
	} else if (is_over(link->query_start, p->query_timeout, now)) {
		end(c, SQLSTATE_QUERY_CANCELED, "query timeout",
		    p->query_timeout);
		return;
	}
	if (is_over(link->xact_start, p->transaction_timeout, now))
		end(c, SQLSTATE_TRANSACTION_TIMEOUT, "transaction timeout",
		    p->transaction_timeout);
}

static void
look_at_pool(struct pool *p, struct mono now)
{
	struct list *n, *m, *next;
	struct lane *l;

	LANE_EACH (n, l, p)
		LIST_EACH_SAFE (m, next, &l->servers[SERVER_ACTIVE])
			look_at(container_of(m, struct server, member), now);
}

static bool
look_at_all(struct pooler *p)
{
	struct list *n;
	bool any = false;

	LIST_EACH (n, &p->pools) {
		struct pool *pool = container_of(n, struct pool, member);

		if (!is_timed(pool))
			continue;
		any = true;
		if (!p->suspended)
			look_at_pool(pool, loop_now(p->loop));
	}
	return any;
}

static void
on_timer(struct timer *t)
{
	overdue_start(container_of(t, struct pooler, overdue));
}

void
overdue_start(struct pooler *p)
{
	if (p->overdue.loop == NULL)
		timer_init(&p->overdue, p->loop, on_timer);
	if (look_at_all(p))
		timer_arm(&p->overdue, mono_after(loop_now(p->loop),
		    PERIOD_USEC));
}

void
overdue_stop(struct pooler *p)
{
	if (p->overdue.loop != NULL)
		timer_disarm(&p->overdue);
}
