/*
 * pools.c - the pools there are: making, finding, forgetting them, and what
 * each has by way of settings, hosts and credentials.
 *
 * Where reads of a database may go to replicas a pool has two sides, each
 * with servers, a queue and a size of its own: the pool itself, in front,
 * which has the clients and uses the primary, and another one behind it for
 * the replicas. Both know all hosts; which of them each may use is the
 * topology's to say, and changes.
 *
 * How a pool hands out its servers is in pool.c, which registers itself in
 * pooler->pool_hooks.
 */
#include "pool/pools.h"

#include <string.h>

#include "base/mem.h"
#include "base/must.h"
#include "cluster/credentials.h"
#include "cluster/host.h"
#include "cluster/topology.h"
#include "config/config.h"
#include "pgwire/params.h"
#include "pool/database.h"
#include "pool/fairness.h"
#include "pool/lane.h"
#include "pool/limits.h"
#include "pool/state.h"
#include "pool/user.h"

#define AUTH_SERVERS_MAX 2

static void
on_timer(struct timer *t)
{
	struct pool *p = container_of(t, struct pool, timer);

	p->pooler->pool_hooks->wake(p);
}

static void
on_room(struct quota_wait *w)
{
	struct pool *p = w->owner;

	p->pooler->pool_hooks->wake(p);
}

static struct mono
since(const struct quota_wait *w)
{
	return limits_waiting_since(w->owner);
}

static struct pool *
find(const struct pooler *pooler, const struct database *db,
    const char *user, enum budget_purpose purpose)
{
	const struct user *u = user_find(pooler, user);
	struct list *n;
	struct pool *p;

	if (u == NULL)
		return NULL;
	LIST_EACH(n, &pooler->pools) {
		p = container_of(n, struct pool, member);
		if (p->database == db && p->user == u &&
		    p->purpose == purpose && p->front == NULL)
			return p;
	}
	return NULL;
}

struct pool *
pools_find(const struct pooler *pooler, const struct database *db,
    const char *user)
{
	return find(pooler, db, user, BUDGET_POOL);
}

/* Keep pooler->pools in the order of SHOW POOLS. */
static void
insert_sorted(struct pool *p)
{
	struct list *n;
	struct pool *q;
	int order;

	LIST_EACH(n, &p->pooler->pools) {
		q = container_of(n, struct pool, member);
		order = strcmp(p->database->name, q->database->name);
		if (order == 0)
			order = strcmp(p->user->name, q->user->name);
		if (order < 0)
			break;
	}
	list_append(n, &p->member);
	p->pooler->npools++;
}

static struct pool *
create(struct pooler *pooler, struct database *db, const char *user,
    enum budget_purpose purpose)
{
	struct pool *p = mem_alloc(sizeof *p);

	p->pooler = pooler;
	p->purpose = purpose;
	p->database = db;
	p->user = user_acquire(pooler, user);
	list_init(&p->lanes);
	quota_wait_init(&p->room, p, since, on_room);
	p->server_hooks = pooler->pool_hooks->server;
	queue_init(&p->queue);
	queue_init(&p->newcomers);
	if (pools_has_keys(p))
		p->queue.fairness = fairness_create(pooler->hash_seed);
	timer_init(&p->timer, pooler->loop, on_timer);
	db->npools++;
	return p;
}

static struct pool *
get(struct pooler *pooler, struct database *db, const char *user,
    enum budget_purpose purpose)
{
	struct pool *p = find(pooler, db, user, purpose);

	if (p != NULL)
		return p;
	p = create(pooler, db, user, purpose);
	insert_sorted(p);
	pools_load(p);
	return p;
}

struct pool *
pools_get(struct pooler *pooler, struct database *db, const char *user)
{
	return get(pooler, db, user, BUDGET_POOL);
}

struct pool *
pools_get_auth(struct pooler *pooler, struct database *db, const char *user)
{
	return get(pooler, db, user, BUDGET_AUTH);
}

bool
pools_has_keys(const struct pool *p)
{
	return p->pooler->config->fair_by != FAIR_BY_OFF &&
	    p->purpose == BUDGET_POOL;
}

struct pool *
pools_front(struct pool *p)
{
	return p->front != NULL ? p->front : p;
}

unsigned
pools_side(const struct pool *p)
{
	return p->front != NULL;
}

static bool
is_empty(const struct pool *p)
{
	return p->nclients == 0 && p->queue.n == 0 && p->newcomers.n == 0 &&
	    pools_servers(p) == 0 && p->count[SERVER_CLOSING] == 0;
}

bool
pools_is_idle(const struct pool *p)
{
	return p->front == NULL && is_empty(p) &&
	    (p->replicas == NULL || is_empty(p->replicas));
}

static void
destroy(struct pool *p)
{
	struct list *n;

	must(is_empty(p));
	while ((n = list_first(&p->lanes)) != NULL)
		lane_destroy(container_of(n, struct lane, member));
	timer_disarm(&p->timer);
	fairness_destroy(p->queue.fairness);
	quota_leave(&p->room);
	balance_fini(&p->balance);
	list_remove(&p->member);
	p->pooler->npools--;
	p->database->npools--;
	user_release(p->user);
	text_fini(&p->welcome);
	paramset_unref(p->defaults);
	credentials_destroy(p->learned);
	mem_free(p);
}

void
pools_destroy(struct pool *p)
{
	must(pools_is_idle(p));
	if (p->replicas != NULL)
		destroy(p->replicas);
	destroy(p);
}

void
pools_drop_retired(struct pool *p)
{
	struct list *n, *next;
	struct lane *l;

	LIST_EACH_SAFE (n, next, &p->lanes) {
		l = container_of(n, struct lane, member);
		if (l->retired && lane_is_empty(l))
			lane_destroy(l);
	}
}

static uint32_t
positive(int n)
{
	return n > 0 ? (uint32_t)n : 0;
}

/* Look-ups are short: few servers are enough for many, and as nobody else
 * uses them there is nothing to reset. */
static void
resolve_auth_settings(struct pool *p)
{
	if (p->size > AUTH_SERVERS_MAX)
		p->size = AUTH_SERVERS_MAX;
	p->min_size = p->reserve_size = 0;
	p->reset_query = NULL;
}

/* What user, database and global settings come to for this pool. */
static void
resolve_settings(struct pool *p)
{
	const struct config *cfg = p->pooler->config;
	const struct config_database *e = p->database->entry;
	const struct config_user *u = user_config(p->pooler, p->user);
	const char *reset = cfg->server_reset_query;
	int size = config_pool_size(cfg, e, u);
	int min = config_min_pool_size(cfg, e, u);
	int reserve = config_reserve_pool_size(cfg, e, u);

	p->database->servers.limit = positive(
	    config_max_db_connections(cfg, e, NULL));
	p->user->servers.limit = positive(
	    config_max_user_connections(cfg, NULL, u));
	p->mode = config_pool_mode(cfg, e, u);
	p->size = size > 0 ? (uint32_t)size : UINT32_MAX;
	p->min_size = min > 0 ? (uint32_t)min : 0;
	if (p->min_size > p->size)
		p->min_size = p->size;
	p->reserve_size = reserve > 0 && cfg->reserve_pool_timeout > 0 ?
	    (uint32_t)reserve : 0;
	p->max_waiting = (uint32_t)config_max_waiting_clients(cfg, e, NULL);
	p->lifetime = config_server_lifetime(cfg, e, u);
	p->query_wait_timeout = config_query_wait_timeout(cfg, e, u);
	p->query_timeout = config_query_timeout(cfg, e, u);
	p->transaction_timeout = config_transaction_timeout(cfg, e, u);
	p->idle_transaction_timeout =
	    config_idle_transaction_timeout(cfg, e, u);
	p->reset_query = reset != NULL && reset[0] != '\0' &&
	    (p->mode == POOL_SESSION || cfg->server_reset_query_always) ?
	    reset : NULL;
	if (p->purpose == BUDGET_AUTH)
		resolve_auth_settings(p);
}

/* An entry for replicas without another side goes to the primary if there is
 * no replica. */
static unsigned
serves_now(const struct pool *p)
{
	return p->front == NULL && p->serves == ROLE_BIT(ROLE_REPLICA) &&
	    !topology_has(p->database->topology, ROLE_REPLICA) ?
	    ROLE_BIT(ROLE_PRIMARY) : p->serves;
}

bool
pools_has_role(const struct pool *p, const struct host *h)
{
	return (serves_now(p) &
	    ROLE_BIT(topology_role(p->database->topology, h))) != 0;
}

bool
pools_has_host(const struct pool *p)
{
	struct list *n;
	struct lane *l;

	LANE_EACH (n, l, p)
		if (lane_is_used(l))
			return true;
	return false;
}

/* Which hosts this side is for. */
static unsigned
side_of(const struct pool *p)
{
	const struct config_database *e = p->database->entry;

	if (p->database->topology == NULL || e == NULL)
		return 0;
	/* Users can be looked up while there is no primary. */
	if (e->role == DATABASE_ROLE_ANY || p->purpose == BUDGET_AUTH)
		return p->front != NULL ? 0 :
		    ROLE_BIT(ROLE_PRIMARY) | ROLE_BIT(ROLE_REPLICA);
	/* Sessions are not told apart by what they send. */
	if (p->mode == POOL_SESSION)
		return p->front != NULL ? 0 :
		    ROLE_BIT(e->role == DATABASE_ROLE_REPLICA ?
		    ROLE_REPLICA : ROLE_PRIMARY);
	return ROLE_BIT(p->front != NULL ? ROLE_REPLICA : ROLE_PRIMARY);
}

/* A pool that serves only the primary has another side. It stays when it is
 * not needed any more, without hosts, as long as there are clients. */
static void
have_replicas(struct pool *p)
{
	if (p->front != NULL || p->replicas != NULL ||
	    p->serves != ROLE_BIT(ROLE_PRIMARY) || p->mode == POOL_SESSION)
		return;
	p->replicas = create(p->pooler, p->database, p->user->name,
	    p->purpose);
	p->replicas->front = p;
	list_append(p->member.next, &p->replicas->member);
	p->pooler->npools++;
	pools_load(p->replicas);
}

void
pools_load(struct pool *p)
{
	const struct config_database *e = p->database->entry;
	struct list *n;
	struct lane *l, *found;
	size_t i;

	resolve_settings(p);
	LANE_EACH (n, l, p)
		l->retired = true;
	p->serves = side_of(p);
	if (p->front != NULL && p->serves == 0)
		e = NULL;
	for (i = 0; e != NULL && i < e->nhosts; i++) {
		const struct config_host *h = &e->hosts[i];

		found = NULL;
		LANE_EACH (n, l, p)
			if (l->host->port == h->port &&
			    strcmp(l->host->name, h->name) == 0)
				found = l;
		if (found == NULL) {
			found = lane_create(p, host_acquire(
			    &p->pooler->hosts, h->name, h->port));
			quota_wait_init(&found->room, p, since, on_room);
			list_append(&p->lanes, &found->member);
		}
		found->retired = false;
	}
	pools_drop_retired(p);
	have_replicas(p);
}

struct credentials *
pools_credentials(const struct pool *p)
{
	if (p->purpose == BUDGET_AUTH)
		return p->user->credentials;
	if (p->database->forced != NULL)
		return p->database->forced;
	if (p->front != NULL)
		p = p->front;
	return p->learned != NULL && !p->user->known ? p->learned :
	    p->user->credentials;
}

void
pools_learn(struct pool *p, struct credentials **c)
{
	struct credentials *old = p->learned;

	if (old != NULL && credentials_same(old, (*c)->user,
	    secret_text(&(*c)->secret).p)) {
		if ((*c)->keys != NULL)
			credentials_keep(old, (*c)->keys);
		credentials_destroy(*c);
	} else {
		credentials_destroy(old);
		p->learned = *c;
	}
	*c = NULL;
}

void
pools_set_welcome(struct pool *p, const struct text *welcome,
    struct paramset *defaults)
{
	/* Clients read that of the side in front. */
	if (p->front != NULL && p->front->defaults == NULL)
		pools_set_welcome(p->front, welcome, defaults);
	text_clear(&p->welcome);
	text_add(&p->welcome, welcome->p, welcome->n);
	paramset_unref(p->defaults);
	p->defaults = paramset_ref(defaults);
}

void
pools_forget_welcome(struct pool *p)
{
	paramset_unref(p->defaults);
	p->defaults = NULL;
}

uint32_t
pools_servers(const struct pool *p)
{
	uint32_t sum = 0;
	int i;

	for (i = 0; i < SERVER_NSTATES; i++)
		if (i != SERVER_CLOSING)
			sum += p->count[i];
	return sum;
}

bool
pools_is_paused(const struct pool *p)
{
	return p->pooler->paused || p->database->paused;
}

bool
pools_is_stopped(const struct pool *p)
{
	return p->pooler->suspended || pools_is_paused(p);
}
