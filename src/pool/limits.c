/*
 * limits.c - what several pools share: the budget of a host,
 * max_db_connections, max_user_connections; and their like for clients.
 *
 * The three are quotas (quota.h), and this is the one piece of code that
 * moves servers from one pool to another below them. A pool that needs a
 * server and finds no room waits in the quota's line, and gets one
 *
 *   - at once, if some other pool has an idle one: that of the pool which is
 *     furthest above its fair part, the longest idle first (but a pool that
 *     has its part already takes only what is above that of others);
 *   - when a server comes to rest whose pool has waiters of its own but more
 *     than its fair part, if the pool that waits has less than that.
 *
 * Fair is max-min (fair.h): busy servers and waiting clients are the demand.
 * Where there are more pools than servers the parts are fractions, and pools
 * without a server take turns: so no pool starves.
 *
 * Against flapping: idle servers are taken no more often than as if each
 * stayed where it is for TENURE_USEC, but for a first burst; a busy one does
 * stay so long; a pool without any waits for PATIENCE_USEC before it takes one
 * that others wait for; and a pool that has some gets another only up to the
 * whole number below its fair part.
 *
 * min_pool_size never takes anything from others.
 */
#include "pool/limits.h"

#include <stdio.h>

#include "base/mem.h"
#include "base/must.h"
#include "cluster/fair.h"
#include "cluster/host.h"
#include "config/config.h"
#include "pgwire/messages.h"
#include "pool/database.h"
#include "pool/lane.h"
#include "pool/pools.h"
#include "pool/queue.h"
#include "pool/server.h"
#include "pool/state.h"
#include "pool/user.h"

#define TENURE_USEC   INT64_C(100000)
#define PATIENCE_USEC INT64_C(100000)
#define BURST         8u
#define DEMAND_USEC   INT64_C(100000)
#define LEVEL_USEC    INT64_C(10000)    /* the fair part is as old as this */

static struct pool *
pool_of(struct list *n)
{
	return container_of(n, struct pool, member);
}

static struct mono
now_of(const struct pooler *p)
{
	return loop_now(p->loop);
}

struct mono
limits_waiting_since(const struct pool *p)
{
	const struct wait *w = queue_first(&p->queue);
	struct mono since;

	if (w == NULL)
		w = queue_first(&p->newcomers);
	if (w == NULL)
		return QUOTA_NEVER;
	/* Who logs in comes before those who have. */
	if (p->purpose == BUDGET_AUTH)
		return (struct mono){ 0 };
	since = p->moved.usec > w->since.usec ? p->moved : w->since;
	return mono_after(since, pools_servers(p) * TENURE_USEC);
}

/*
 * Who has how much below a quota.
 */

/* Is a pool's lane counted in this quota? */
static bool
counts_lane(const struct quota *q, const struct lane *l)
{
	return q == &l->host->budget->quota ||
	    q == &l->pool->database->servers.quota ||
	    q == &l->pool->user->servers.quota;
}

struct holding {
	bool counts;            /* it has a lane below the quota */
	uint32_t held, idle;
};

static struct holding
holding_of(const struct pool *p, const struct quota *q)
{
	struct holding h = { 0 };
	struct list *n;
	struct lane *l;

	LANE_EACH (n, l, p) {
		if (!counts_lane(q, l))
			continue;
		h.counts = true;
		h.held += lane_count(l);
		h.idle += l->count[SERVER_IDLE];
	}
	return h;
}

/* Busy servers and waiting clients, at their most in the last DEMAND_USEC: who
 * pauses between two bursts is not idle. */
static uint32_t
demand_of(struct pool *p, const struct holding *h)
{
	uint32_t n = h->held - h->idle + p->queue.n + (p->newcomers.n > 0);
	struct mono now = now_of(p->pooler);

	if (n >= p->demand || mono_between(p->demand_at, now) > DEMAND_USEC) {
		p->demand = n;
		p->demand_at = now;
	}
	return p->demand < p->size ? p->demand : p->size;
}

/* The level of the fair parts below a quota. */
static uint64_t
level_of(const struct pooler *pooler, struct quota *q)
{
	struct mono now = now_of(pooler);
	struct holding h;
	uint32_t *demands;
	struct list *n;
	size_t k = 0;

	if (mono_is_set(q->level_at) &&
	    mono_between(q->level_at, now) < LEVEL_USEC)
		return q->level;
	demands = mem_resize(NULL, (pooler->npools + 1) * sizeof *demands);
	LIST_EACH (n, &pooler->pools) {
		h = holding_of(pool_of(n), q);
		if (h.counts)
			demands[k++] = demand_of(pool_of(n), &h);
	}
	q->level = fair_level(demands, k, q->limit(q));
	q->level_at = now;
	mem_free(demands);
	return q->level;
}

/* Has this pool more than the whole part that it should have? */
static bool
has_more(const struct holding *h, uint64_t part)
{
	return h->held > part / FAIR_ONE;
}

/* Nothing at all, or less than the whole part that it should have? */
static bool
has_less(const struct holding *h, uint64_t part)
{
	return h->held == 0 || h->held < part / FAIR_ONE;
}

/*
 * Taking what is idle.
 */

/* May one more be taken now? If not, who waits is told when. */
static bool
may_take(struct quota *q, struct mono now)
{
	uint32_t limit = q->limit(q), most = limit > BURST ? limit : BURST;
	int64_t each = TENURE_USEC / (limit > 0 ? limit : 1) + 1;
	int64_t more = mono_between(q->refilled, now) / each;

	if (!mono_is_set(q->refilled) || more >= most) {
		q->takes = most;
		q->refilled = now;
	} else if (more > 0) {
		q->takes = q->takes + (uint32_t)more < most ?
		    q->takes + (uint32_t)more : most;
		q->refilled = mono_after(q->refilled, more * each);
	}
	if (q->takes > 0)
		return true;
	quota_freed_at(q, mono_after(q->refilled, each));
	return false;
}

/* The server of a pool below the quota that is idle longest. */
static struct server *
idle_longest(const struct pool *p, const struct quota *q)
{
	struct server *best = NULL, *s;
	struct list *n, *last;
	struct lane *l;

	LANE_EACH (n, l, p) {
		last = list_last(&l->servers[SERVER_IDLE]);
		if (last == NULL || !counts_lane(q, l))
			continue;
		s = container_of(last, struct server, member);
		if (best == NULL || s->used.usec < best->used.usec)
			best = s;
	}
	return best;
}

/* From which surplus on, in parts of a server, is an idle one taken for this
 * pool? Who has its whole part takes only what is above that of others. */
static int64_t
least_surplus(struct pool *wants, struct quota *q)
{
	struct holding h;

	if (wants == NULL)
		return INT64_MIN;
	h = holding_of(wants, q);
	return has_less(&h, fair_part(demand_of(wants, &h),
	    level_of(wants->pooler, q))) ? INT64_MIN : 0;
}

/* The idle server to take first, but none of the pool that wants it. */
static struct server *
find_idle(const struct pooler *pooler, struct pool *wants, struct quota *q)
{
	uint64_t level = level_of(pooler, q), part;
	int64_t above, most = least_surplus(wants, q);
	struct server *best = NULL, *s;
	struct holding h;
	struct list *n;

	LIST_EACH (n, &pooler->pools) {
		s = pool_of(n) != wants ? idle_longest(pool_of(n), q) : NULL;
		if (s == NULL)
			continue;
		h = holding_of(pool_of(n), q);
		part = fair_part(demand_of(pool_of(n), &h), level);
		above = (int64_t)h.held * FAIR_ONE - (int64_t)part;
		if (above > most || (above == most && best != NULL &&
		    s->used.usec < best->used.usec)) {
			best = s;
			most = above;
		}
	}
	return best;
}

static bool
evict(const struct pooler *pooler, struct pool *wants, struct quota *q)
{
	struct server *s = find_idle(pooler, wants, q);

	if (s == NULL || !may_take(q, now_of(pooler)))
		return false;
	q->takes--;
	server_close(s, "evicted");
	return true;
}

/* Room that there is or soon will be: what a budget's pools have closed counts
 * until their host has let go. */
static uint64_t
room_soon(const struct quota *q, const struct budget *b)
{
	return (uint64_t)q->room(q) + (b == NULL ? 0 :
	    b->report.returning - b->report.ghosts);
}

/* May p enter? If not it waits in line, and idle servers are taken from
 * others for all who do. b: the budget whose quota this is, if it is one. */
static bool
have_room(struct pool *p, struct quota *q, struct quota_wait *w,
    struct budget *b, bool somebody_waits)
{
	uint32_t wanted = q->nwaits + (w->quota == q ? 0 : 1);

	if (quota_may_enter(q, w))
		return true;
	if (!somebody_waits)
		return false;
	while (room_soon(q, b) < wanted && evict(p->pooler, p, q))
		;
	if (quota_may_enter(q, w))
		return true;
	if (b != NULL && w->quota == NULL)
		b->report.refused++;
	quota_await(q, w);
	if (quota_has_room(q))
		quota_freed(q);
	return false;
}

bool
limits_make_room(struct pool *p, struct lane *l, bool somebody_waits)
{
	struct budget *b = l->host->budget;

	return have_room(p, &p->database->servers.quota, &p->room, NULL,
	    somebody_waits) &&
	    have_room(p, &p->user->servers.quota, &p->room, NULL,
	    somebody_waits) &&
	    have_room(p, &b->quota, &l->room, b, somebody_waits);
}

bool
limits_reclaim(struct pooler *pooler, struct budget *b)
{
	return evict(pooler, NULL, &b->quota);
}

/*
 * Giving up what has come to rest.
 */

static bool
is_settled(const struct server *s, struct mono now)
{
	return mono_between(s->born, now) >= TENURE_USEC;
}

/* Should the one who waits have the server that p could use itself? */
static bool
deserves(const struct quota_wait *w, const struct pool *p, struct quota *q)
{
	struct pool *r = w->owner;
	struct mono now = now_of(p->pooler), since = w->since(w);
	struct holding h;

	if (since.usec == 0)
		return true;
	if (r == p || since.usec == INT64_MAX)
		return false;
	h = holding_of(r, q);
	return has_less(&h, fair_part(demand_of(r, &h),
	    level_of(p->pooler, q))) &&
	    (h.held > 0 || mono_between(since, now) >= PATIENCE_USEC);
}

static bool
yields(const struct server *s, struct quota *q)
{
	struct pool *p = s->pool;
	struct holding h;
	struct list *n;

	if (list_empty(&q->waits) || p->queue.n == 0 || quota_has_room(q) ||
	    !is_settled(s, now_of(p->pooler)))
		return false;
	h = holding_of(p, q);
	if (!has_more(&h, fair_part(demand_of(p, &h),
	    level_of(p->pooler, q))))
		return false;
	LIST_EACH (n, &q->waits)
		if (deserves(container_of(n, struct quota_wait, member), p,
		    q))
			return true;
	return false;
}

/* Tickets that are on their way back are for those who wait already. */
static bool
yields_ticket(const struct server *s, struct budget *b)
{
	return b->over || (!list_empty(&b->quota.waits) &&
	    room_soon(&b->quota, b) < b->quota.nwaits &&
	    yields(s, &b->quota));
}

bool
limits_yield(const struct server *s)
{
	const struct pool *p = s->pool;

	return yields(s, &p->database->servers.quota) ||
	    yields(s, &p->user->servers.quota) ||
	    yields_ticket(s, s->lane->host->budget);
}

void
limits_freed(const struct server *s)
{
	quota_freed(&s->pool->database->servers.quota);
	quota_freed(&s->pool->user->servers.quota);
	quota_freed(&s->lane->host->budget->quota);
}

void
limits_shrink(struct pooler *p)
{
	struct account *a;
	struct server *s;
	struct list *n;

	LIST_EACH (n, &p->hosts.ledger.accounts) {
		a = container_of(n, struct account, member);
		while (a->budget.over && budget_held(&a->budget) -
		    a->budget.report.returning > budget_limit(&a->budget) &&
		    (s = find_idle(p, NULL, &a->budget.quota)) != NULL)
			server_close(s, "evicted");
	}
}

/* "N clients, the limit is M" */
static bool
exceeds(int limit, uint32_t count, const char *setting, struct failure *f,
    char *detail, size_t cap)
{
	if (limit <= 0 || count < (uint32_t)limit)
		return false;
	snprintf(f->sqlstate, sizeof f->sqlstate, "%s",
	    SQLSTATE_TOO_MANY_CONNECTIONS);
	snprintf(f->message, sizeof f->message,
	    "client connections exceeded (%s)", setting);
	snprintf(detail, cap, "There are %u clients already, the limit is "
	    "%d.", (unsigned)count, limit);
	return true;
}

bool
limits_admit(const struct pooler *p, const struct database *db,
    const struct user *u, struct failure *f, char *detail, size_t cap)
{
	const struct config *cfg = p->config;

	*f = (struct failure){ 0 };
	if (db != NULL && exceeds(config_max_db_client_connections(cfg,
	    db->entry, NULL), db->nclients, "max_db_client_connections", f,
	    detail, cap))
		return false;
	return !exceeds(config_max_user_client_connections(cfg, NULL,
	    user_config(p, u)), u->nclients, "max_user_client_connections",
	    f, detail, cap);
}
