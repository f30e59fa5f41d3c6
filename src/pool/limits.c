/*
 * limits.c - max_db_connections, max_user_connections and their like for
 * clients.
 *
 * A pool that may not open a server because others have used the limit up
 * takes an idle one away from them: the one that has been idle longest, and
 * exactly one for each that it opens. If none is idle the pool is hungry. It
 * is woken when a server under the same limit comes to rest or goes; and if
 * its clients wait longer than those of the pool where that happens, the
 * server is given up for it, at most once in STEAL_USEC and not when it is
 * younger than that, so that busy pools share in equal turns without trading
 * connections all the time.
 *
 * min_pool_size never takes anything from others.
 */
#include "pool/limits.h"

#include <stdio.h>

#include "base/must.h"
#include "config/config.h"
#include "pgwire/messages.h"
#include "pool/database.h"
#include "pool/lane.h"
#include "pool/pools.h"
#include "pool/queue.h"
#include "pool/server.h"
#include "pool/state.h"
#include "pool/user.h"

#define STEAL_USEC INT64_C(100000)

static struct pool *
pool_of(struct list *n)
{
	return container_of(n, struct pool, member);
}

enum limit
limits_on_servers(const struct pool *p)
{
	const struct config *cfg = p->pooler->config;
	const struct config_database *e = p->database->entry;
	int db = config_max_db_connections(cfg, e, NULL);
	int user = config_max_user_connections(cfg, NULL,
	    user_config(p->pooler, p->user));

	if (db > 0 && p->database->nservers >= (uint32_t)db)
		return LIMIT_DATABASE;
	if (user > 0 && p->user->nservers >= (uint32_t)user)
		return LIMIT_USER;
	return LIMIT_NONE;
}

/* Do these two count under the same limit? */
static bool
shares(const struct pool *a, const struct pool *b, enum limit limit)
{
	switch (limit) {
	case LIMIT_NONE:
		return false;
	case LIMIT_DATABASE:
		return a->database == b->database;
	case LIMIT_USER:
		return a->user == b->user;
	}
	return false;
}

/* The server of a pool that is idle longest; NULL if none is idle. */
static struct server *
idle_longest(const struct pool *p)
{
	struct server *best = NULL, *s;
	struct list *n, *last;
	struct lane *l;

	LANE_EACH (n, l, p) {
		last = list_last(&l->servers[SERVER_IDLE]);
		if (last == NULL)
			continue;
		s = container_of(last, struct server, member);
		if (best == NULL || s->used.usec < best->used.usec)
			best = s;
	}
	return best;
}

bool
limits_evict(struct pool *p, enum limit limit)
{
	struct server *best = NULL, *s;
	struct list *n;

	LIST_EACH (n, &p->pooler->pools) {
		if (pool_of(n) == p || !shares(pool_of(n), p, limit))
			continue;
		s = idle_longest(pool_of(n));
		if (s != NULL && (best == NULL ||
		    s->used.usec < best->used.usec))
			best = s;
	}
	if (best == NULL) {
		p->hungry = limit;
		p->pooler->has_hungry = true;
		return false;
	}
	server_close(best, "evicted");
	return true;
}

/* Since when somebody has been waiting here; the far future if nobody is. */
static int64_t
waiting_since(const struct pool *p)
{
	const struct wait *w = queue_first(&p->queue);

	if (w == NULL)
		w = queue_first(&p->newcomers);
	return w != NULL ? w->since.usec : INT64_MAX;
}

bool
limits_yield(const struct server *s)
{
	const struct pool *p = s->pool;
	struct pool *q;
	struct mono now = loop_now(p->pooler->loop);
	struct list *n;

	if (!p->pooler->has_hungry ||
	    (waiting_since(p) != INT64_MAX &&
	    mono_between(s->born, now) < STEAL_USEC))
		return false;
	LIST_EACH (n, &p->pooler->pools) {
		q = pool_of(n);
		if (q == p || q->hungry == LIMIT_NONE ||
		    !shares(p, q, q->hungry) ||
		    waiting_since(q) >= waiting_since(p) ||
		    mono_between(q->stolen, now) < STEAL_USEC)
			continue;
		q->stolen = now;
		return true;
	}
	return false;
}

bool
limits_freed(struct pool *p)
{
	if (!p->pooler->has_hungry)
		return false;
	if (waiting_since(p) != INT64_MAX && p->hungry == LIMIT_NONE)
		p->hungry = LIMIT_DATABASE;
	chore_add(p->pooler->loop, &p->pooler->feeding);
	return true;
}

/* Of the hungry pools that have not been asked yet, who waits longest? */
static struct pool *
hungriest(const struct pooler *p, int64_t round)
{
	struct pool *best = NULL, *q;
	struct list *n;

	LIST_EACH (n, &p->pools) {
		q = pool_of(n);
		if (q->hungry != LIMIT_NONE && q->fed != round &&
		    (best == NULL ||
		    waiting_since(q) < waiting_since(best)))
			best = q;
	}
	return best;
}

/* Each is asked once a round, so that one who stays hungry does not keep the
 * round going. */
static void
on_feeding(struct chore *chore)
{
	struct pooler *p = container_of(chore, struct pooler, feeding);
	int64_t round = ++p->feeding_round;
	struct pool *q;

	p->has_hungry = false;
	while ((q = hungriest(p, round)) != NULL) {
		q->fed = round;
		p->pool_hooks->wake(q);
	}
}

void
limits_start(struct pooler *p)
{
	chore_init(&p->feeding, on_feeding);
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
