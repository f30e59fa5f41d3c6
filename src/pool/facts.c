/*
 * facts.c - reading the pooler's state into plain values; see facts.h.
 *
 * Cursors of pools, databases and users count along a sorted list: these are
 * few, and what comes and goes meanwhile shifts the rest by one at most.
 */
#include "pool/facts.h"

#include <string.h>

#include "base/must.h"
#include "cluster/host.h"
#include "cluster/topology.h"
#include "config/config.h"
#include "net/resolve.h"
#include "pool/cancel.h"
#include "pool/client.h"
#include "pool/database.h"
#include "pool/fairness.h"
#include "pool/facts_socket.h"
#include "pool/lane.h"
#include "pool/pool.h"
#include "pool/pools.h"
#include "pool/server.h"
#include "pool/state.h"
#include "pool/statement.h"
#include "pool/user.h"

static const char *
load_balance_name(const struct config_database *e)
{
	return e == NULL || e->nhosts < 2 ? NULL :
	    choice_name(choices_load_balance, (int)e->load_balance_hosts);
}

static void
count_used(const struct pool *p, struct pool_facts *f)
{
	const struct list *n, *m;
	const struct lane *l;
	int used = 0;

	LIST_EACH (n, &p->lanes) {
		l = container_of(n, const struct lane, member);
		LIST_EACH (m, &l->servers[SERVER_IDLE])
			used += facts_is_used(container_of(m,
			    const struct server, member));
	}
	f->sv_used += used;
	f->sv_idle -= used;
}

static void
count_cancels(const struct pool *p, struct pool_facts *f)
{
	const struct list *n, *m;
	const struct lane *l;

	LIST_EACH (n, &p->lanes) {
		l = container_of(n, const struct lane, member);
		LIST_EACH (m, &l->servers[SERVER_ACTIVE])
			if (!list_empty(&container_of(m, const struct server,
			    member)->holds))
				f->sv_active_cancel++;
	}
	f->cl_active_cancel_req = f->sv_active_cancel +
	    f->sv_being_canceled;
}

/* The console's own pool, which PgBouncer lists too. */
static void
console_pool(const struct pooler *p, struct pool_facts *f)
{
	*f = (struct pool_facts){
		.database = "pgweir", .user = "pgweir",
		.pool_mode = "statement",
		.cl_active = (int)p->counts.console,
	};
}

/* Servers by what their hosts are. */
static void
count_roles(const struct pool *p, struct pool_facts *f)
{
	const struct list *n;
	const struct lane *l;

	LIST_EACH (n, &p->lanes) {
		l = container_of(n, const struct lane, member);
		switch (topology_role(p->database->topology, l->host)) {
		case ROLE_PRIMARY:
			f->sv_primary += (int)lane_count(l);
			break;
		case ROLE_REPLICA:
			f->sv_replica += (int)lane_count(l);
			break;
		case ROLE_NONE:
			break;
		}
	}
}

/* Add a pool to its row. Who waits for auth_query is no client yet. */
static void
add_pool(const struct pool *pool, struct pool_facts *f)
{
	const struct pooler *p = pool->pooler;
	const struct wait *first = queue_first(&pool->queue);
	int64_t wait = first != NULL ?
	    mono_between(first->since, loop_now(p->loop)) : 0;
	const int waiting = (int)(pool->queue.n + pool->newcomers.n);

	if (f->pool_mode == NULL || pool->purpose == BUDGET_POOL)
		f->pool_mode = choice_name(choices_pool_mode,
		    (int)pool->mode);
	f->cl_waiting += waiting;
	if (pool->purpose == BUDGET_POOL)
		f->cl_active += (int)pool->nclients - waiting;
	f->sv_active += (int)pool->count[SERVER_ACTIVE];
	f->sv_being_canceled += (int)pool->count[SERVER_BEING_CANCELED];
	f->sv_idle += (int)pool->count[SERVER_IDLE];
	f->sv_tested += (int)pool->count[SERVER_TESTED];
	f->sv_login += (int)pool->count[SERVER_LOGIN];
	first = pool_waits_longest(pool);
	if (first != NULL && wait >= f->maxwait_usec)
		f->wait_reason = wait_reason_name(pool_wait_reason(first));
	if (wait > f->maxwait_usec)
		f->maxwait_usec = wait;
	count_used(pool, f);
	count_cancels(pool, f);
	if (pool->database->topology != NULL)
		count_roles(pool, f);
}

/* Is it of the same row as the one at n? At the end of the list: no. */
static bool
is_of_row(const struct pool *pool, const struct list *n)
{
	const struct pool *q = container_of(n, const struct pool, member);

	return n != &pool->pooler->pools && q->database == pool->database &&
	    q->user == pool->user;
}

/*
 * A pool, its side for replicas and the one for auth_query have the same
 * names and stand together in the list. They make one row: scripts take the
 * names for a key.
 */
bool
facts_pool(const struct pooler *p, uint32_t *cursor, struct pool_facts *f)
{
	const struct list *n = p->pools.next;
	const struct pool *pool;
	uint32_t i;

	if (*cursor > p->npools)
		return false;
	for (i = 0; i < *cursor; i++)
		n = n->next;
	for (; n != &p->pools && is_of_row(container_of(n, const struct pool,
	    member), n->prev); n = n->next)
		++*cursor;
	++*cursor;
	if (n == &p->pools) {
		console_pool(p, f);
		return true;
	}
	pool = container_of(n, const struct pool, member);
	*f = (struct pool_facts){
		.database = pool->database->name,
		.user = pool->user->name,
		.load_balance_hosts = load_balance_name(
		    pool->database->entry),
	};
	for (; is_of_row(pool, n); n = n->next)
		add_pool(container_of(n, const struct pool, member), f);
	return true;
}

/* A cursor is the place of the pool, and within it that in its roster. */
#define PLACES (2 * FAIR_KEYS_MAX)

bool
facts_fairness(const struct pooler *p, uint32_t *cursor,
    struct fairness_facts *f)
{
	uint32_t at = *cursor / PLACES, place = *cursor % PLACES, i = 0;
	const struct fair_key *k = NULL;
	const struct pool *pool;
	const struct list *n;

	LIST_EACH (n, &p->pools) {
		if (i++ < at)
			continue;
		pool = container_of(n, const struct pool, member);
		if (pool->queue.fairness != NULL)
			k = fairness_each(pool->queue.fairness, &place);
		if (k != NULL)
			break;
		place = 0;
	}
	if (k == NULL)
		return false;
	*cursor = (i - 1) * PLACES + place;
	*f = (struct fairness_facts){
		.database = pool->database->name, .user = pool->user->name,
		.key = k->name, .clients = k->clients, .waiting = k->waiting,
		.held = k->held, .granted = k->granted,
		.part = fairness_part(k->fairness, pools_servers(pool)),
	};
	return true;
}

static void
console_database(const struct pooler *p, struct database_facts *f)
{
	*f = (struct database_facts){
		.name = "pgweir", .dbname = "pgweir",
		.force_user = "pgweir", .pool_mode = "statement",
		.port = p->config->listen_port, .pool_size = 2,
		.current_client_connections = (int)p->counts.console,
	};
}

bool
facts_database(const struct pooler *p, uint32_t *cursor,
    struct database_facts *f)
{
	const struct config *cfg = p->config;
	const struct database *db = database_next(p, NULL);
	const struct config_database *e;
	uint32_t i;

	if (*cursor == UINT32_MAX)
		return false;
	for (i = 0; i < *cursor && db != NULL; i++)
		db = database_next(p, db);
	while (db != NULL && db->entry == NULL) {
		db = database_next(p, db);
		++*cursor;
	}
	if (db == NULL) {
		*cursor = UINT32_MAX;
		console_database(p, f);
		return true;
	}
	++*cursor;
	e = db->entry;
	*f = (struct database_facts){
		.name = db->name, .host = e->host,
		.port = e->port, .dbname = database_dbname(db),
		.force_user = e->user,
		.pool_mode = e->over.pool_mode >= 0 ?
		    choice_name(choices_pool_mode, e->over.pool_mode) : NULL,
		.load_balance_hosts = load_balance_name(e),
		.pool_size = config_pool_size(cfg, e, NULL),
		.min_pool_size = config_min_pool_size(cfg, e, NULL),
		.reserve_pool_size = config_reserve_pool_size(cfg, e, NULL),
		.server_lifetime = (int)(config_server_lifetime(cfg, e,
		    NULL) / 1000000),
		.max_connections = config_max_db_connections(cfg, e, NULL),
		.current_connections = (int)db->servers.held,
		.max_client_connections =
		    config_max_db_client_connections(cfg, e, NULL),
		.current_client_connections = (int)db->nclients,
		.paused = db->paused, .disabled = db->disabled,
	};
	return true;
}

bool
facts_user(const struct pooler *p, uint32_t *cursor, struct user_facts *f)
{
	const struct user *u = user_next(p, NULL);
	const struct config_user *cu;
	uint32_t i;

	for (i = 0; i < *cursor && u != NULL; i++)
		u = user_next(p, u);
	if (u == NULL)
		return false;
	++*cursor;
	cu = user_config(p, u);
	*f = (struct user_facts){
		.name = u->name,
		.pool_mode = cu != NULL && cu->over.pool_mode >= 0 ?
		    choice_name(choices_pool_mode, cu->over.pool_mode) : NULL,
		.pool_size = cu != NULL ? cu->over.pool_size : -1,
		.reserve_pool_size = cu != NULL ?
		    cu->over.reserve_pool_size : -1,
		.max_user_connections =
		    config_max_user_connections(p->config, NULL, cu),
		.current_connections = (int)u->servers.held,
		.max_user_client_connections =
		    config_max_user_client_connections(p->config, NULL, cu),
		.current_client_connections = (int)u->nclients,
	};
	return true;
}

bool
facts_stats(const struct pooler *p, uint32_t *cursor, struct stats_facts *f)
{
	const struct list *n = p->pools.next;
	const struct pool *pool;
	struct stats last = { 0 };
	uint32_t i;

	if (*cursor > p->npools)
		return false;
	*f = (struct stats_facts){ 0 };
	if (*cursor == p->npools) {
		/* The console's own row, which counts nothing. */
		f->database = "pgweir";
		++*cursor;
		return true;
	}
	for (i = 0; i < *cursor; i++)
		n = n->next;
	for (; n != &p->pools; n = n->next) {
		pool = container_of(n, const struct pool, member);
		if (f->database != NULL &&
		    strcmp(f->database, pool->database->name) != 0)
			break;
		f->database = pool->database->name;
		stats_add(&f->total, &pool->stats);
		stats_add(&last, &pool->last);
		++*cursor;
	}
	stats_average(&f->average, &last, p->stats_usec);
	return true;
}

/* Not the sum of rounded averages: of many databases each may have less than
 * one transaction in a second. */
void
facts_stats_of_all(const struct pooler *p, struct stats_facts *f)
{
	struct stats last = { 0 };
	const struct list *n;
	const struct pool *pool;

	*f = (struct stats_facts){ 0 };
	LIST_EACH (n, &p->pools) {
		pool = container_of(n, const struct pool, member);
		stats_add(&f->total, &pool->stats);
		stats_add(&last, &pool->last);
	}
	stats_average(&f->average, &last, p->stats_usec);
}

static uint32_t
count_databases(const struct pooler *p)
{
	const struct database *db = NULL;
	uint32_t n = 0;

	while ((db = database_next(p, db)) != NULL)
		n++;
	return n;
}

static uint32_t
count_users(const struct pooler *p)
{
	const struct user *u = NULL;
	uint32_t n = 0;

	while ((u = user_next(p, u)) != NULL)
		n++;
	return n;
}

bool
facts_list(const struct pooler *p, uint32_t *cursor, struct list_facts *f)
{
	unsigned names, queries;

	resolver_counts(p->resolver, &names, &queries);

	const struct list_facts all[] = {
		{ "databases", (int)count_databases(p) + 1 },
		{ "users", (int)count_users(p) },
		{ "peers", (int)p->config->npeers },
		{ "pools", (int)p->npools + 1 },
		{ "peer_pools", (int)p->config->npeers },
		{ "free_clients", (int)p->client_slab.kept },
		{ "used_clients", (int)p->counts.all },
		{ "login_clients", (int)p->counts.login },
		{ "free_servers", (int)p->server_slab.kept },
		{ "used_servers", (int)p->servers.count },
		{ "dns_names", (int)names },
		{ "dns_zones", 0 },
		{ "dns_queries", (int)queries },
		{ "dns_pending", 0 },
	};

	if (*cursor >= countof(all))
		return false;
	*f = all[(*cursor)++];
	return true;
}

static struct memory_facts
of_slab(const struct slab *s)
{
	return (struct memory_facts){
		.name = s->name, .size = (uint32_t)s->size,
		.used = s->used, .kept = s->kept,
		.bytes = (uint64_t)s->size * (s->used + s->kept),
	};
}

static struct memory_facts
of_objects(const char *name, size_t size, size_t used)
{
	return (struct memory_facts){
		.name = name, .size = (uint32_t)size,
		.used = (uint32_t)used, .bytes = size * used,
	};
}

/* Texts that all clients and servers share; the size is a mean. */
static struct memory_facts
of_statements(const struct pooler *p)
{
	uint64_t bytes;
	uint32_t n;

	statement_table_count(p->statements, &n, &bytes);
	return (struct memory_facts){
		.name = "server_prepared_statement_cache",
		.size = n > 0 ? (uint32_t)(bytes / n) : 0,
		.used = n, .bytes = bytes,
	};
}

bool
facts_memory(const struct pooler *p, uint32_t *cursor,
    struct memory_facts *f)
{
	const struct memory_facts all[] = {
		of_objects("user_cache", sizeof(struct user),
		    count_users(p)),
		of_objects("db_cache", sizeof(struct database),
		    count_databases(p)),
		of_objects("peer_cache", sizeof(struct config_peer),
		    p->config->npeers),
		of_objects("pool_cache", sizeof(struct pool), p->npools),
		of_slab(&p->cancel_slab),
		of_slab(&p->server_slab),
		of_slab(&p->client_slab),
		of_objects("iobuf_cache", CONN_SCRATCH, 1),
		of_statements(p),
	};

	if (*cursor >= countof(all))
		return false;
	*f = all[(*cursor)++];
	return true;
}

bool
facts_peer(const struct pooler *p, uint32_t *cursor, struct peer_facts *f)
{
	const struct config_peer *peer;

	if (*cursor >= p->config->npeers)
		return false;
	peer = &p->config->peers[(*cursor)++];
	*f = (struct peer_facts){
		.id = peer->id, .port = peer->port, .host = peer->host,
		.pool_size = peer->pool_size >= 0 ? peer->pool_size :
		    p->config->default_pool_size,
	};
	return true;
}

bool
facts_peer_pool(const struct pooler *p, uint32_t *cursor,
    struct peer_pool_facts *f)
{
	struct cancel_counts counts;

	if (*cursor >= p->config->npeers)
		return false;
	*f = (struct peer_pool_facts){
		.id = p->config->peers[(*cursor)++].id,
	};
	counts = cancel_count(p, f->id);
	f->cl_waiting_cancel_req = f->sv_login = counts.connecting;
	f->cl_active_cancel_req = f->sv_active_cancel = counts.sent;
	return true;
}

/* The name that a cursor stands for. */
struct dns_search {
	uint32_t left;
	bool found;
	struct dns_facts *facts;
};

static void
on_resolved(void *arg, const struct resolved *r)
{
	struct dns_search *search = arg;

	if (search->found || search->left-- > 0)
		return;
	search->found = true;
	*search->facts = (struct dns_facts){
		.hostname = r->name, .ttl_usec = r->ttl_usec,
		.addrs = r->addrs, .naddrs = r->n,
	};
}

/* Names are as few as hosts: each row may walk them all. */
bool
facts_dns(const struct pooler *p, uint32_t *cursor, struct dns_facts *f)
{
	struct dns_search search = { .left = (*cursor)++, .facts = f };

	resolver_each(p->resolver, on_resolved, &search);
	return search.found;
}
