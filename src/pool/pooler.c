/*
 * pooler.c - the whole: making it, running it by a configuration, ending it.
 *
 * Here the files of pool/ are wired together: deadlines to those whose time
 * is over, departures to those who wait for them, once a second the janitor.
 */
#include "pool/pooler.h"

#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/must.h"
#include "cluster/credentials.h"
#include "cluster/monitor.h"
#include "cluster/topology.h"
#include "config/config.h"
#include "config/diff.h"
#include "net/resolve.h"
#include "pgwire/extras.h"
#include "pgwire/messages.h"
#include "pool/auth.h"
#include "pool/authquery.h"
#include "pool/cancel.h"
#include "pool/client.h"
#include "pool/control.h"
#include "pool/database.h"
#include "pool/dial.h"
#include "pool/fair_by.h"
#include "pool/limits.h"
#include "pool/login.h"
#include "pool/overdue.h"
#include "pool/pool.h"
#include "pool/pools.h"
#include "pool/relay.h"
#include "pool/request.h"
#include "pool/server.h"
#include "pool/source.h"
#include "pool/sides.h"
#include "pool/state.h"
#include "pool/statement.h"
#include "pool/suspend.h"
#include "pool/user.h"
#include "sql/verdicts.h"

#define JANITOR_USEC INT64_C(1000000)
#define CROWD 1000              /* clients */
#define TRIM_USEC INT64_C(10000000)

/*
 * Deadlines.
 */

static struct client *
client_of_deadline(struct deadline *d)
{
	return container_of(d, struct client, deadline);
}

static void
on_login_late(struct deadlines *ds, struct deadline *d)
{
	struct client *c = client_of_deadline(d);

	(void)ds;
	if (c->state == CLIENT_LOGIN)
		login_late(c);
	else
		client_bury(c);
}

static void
on_wait_late(struct deadlines *ds, struct deadline *d)
{
	(void)ds;
	request_wait_late(client_of_deadline(d));
}

static void
on_notify_late(struct deadlines *ds, struct deadline *d)
{
	(void)ds;
	request_notify_late(client_of_deadline(d));
}

static void
on_idle_late(struct deadlines *ds, struct deadline *d)
{
	(void)ds;
	request_idle_late(client_of_deadline(d));
}

static void
on_server_late(struct deadlines *ds, struct deadline *d)
{
	struct server *s = container_of(d, struct server, deadline);

	(void)ds;
	if (s->state == SERVER_CLOSING)
		server_late(s);
	else if (s->state == SERVER_LOGIN)
		dial_late(s);
	else
		relay_errand_late(s);
}

static void
on_cancel_late(struct deadlines *ds, struct deadline *d)
{
	(void)ds;
	cancel_late(cancel_of_deadline(d));
}

/*
 * The end of a turn.
 */

static void
on_burial(struct chore *chore)
{
	struct pooler *p = container_of(chore, struct pooler, burial);
	struct list *n;

	while ((n = list_pop(&p->dead_clients)) != NULL)
		client_destroy(container_of(n, struct client, wait.member));
	while ((n = list_pop(&p->dead_servers)) != NULL)
		server_destroy(container_of(n, struct server, member));
	if (p->draining && p->succeeded)
		chore_add(p->loop, &p->review);
}

static void
on_review(struct chore *chore)
{
	control_review(container_of(chore, struct pooler, review));
}

static void
on_departure(struct pooler *p)
{
	if (p->draining || p->suspended || !list_empty(&p->control_waits))
		chore_add(p->loop, &p->review);
}

/*
 * Once a second.
 */

static struct pool *
pool_of(struct list *n)
{
	return container_of(n, struct pool, member);
}

/* Pools of databases that are gone, or that nobody has used for long. */
static bool
is_forgotten(const struct pooler *p, const struct database *db)
{
	int64_t limit = p->config->autodb_idle_timeout;

	if (db->entry == NULL)
		return true;
	return db->automatic && db->nclients == 0 && !db->paused &&
	    !db->disabled && limit > 0 &&
	    mono_between(db->unused_since, loop_now(p->loop)) > limit;
}

static struct pool *
find_forgotten(const struct pooler *p)
{
	struct list *n;

	LIST_EACH (n, &p->pools)
		if (is_forgotten(p, pool_of(n)->database) &&
		    pools_is_idle(pool_of(n)))
			return pool_of(n);
	return NULL;
}

static void
sweep_databases(struct pooler *p)
{
	struct database *db = database_next(p, NULL), *next;

	for (; db != NULL; db = next) {
		next = database_next(p, db);
		if (is_forgotten(p, db) && db->nclients == 0 &&
		    db->npools == 0 && db->servers.held == 0)
			database_forget(db);
	}
}

/* TLS takes what it needs from malloc(), which keeps it: when a crowd leaves
 * it goes back to the system, again and again until nobody else has left. */
static void
give_back(struct pooler *p)
{
	struct mono now = loop_now(p->loop);
	uint32_t all = p->counts.all;

	if (all > p->crowd) {
		p->crowd = all;
		p->stayed = UINT32_MAX;
	}
	if (p->crowd - all < CROWD ||
	    mono_between(p->trimmed, now) < TRIM_USEC)
		return;
	mem_give_back();
	p->trimmed = now;
	if (all >= p->stayed)
		p->crowd = all;
	p->stayed = all;
}

static void
on_janitor(struct timer *t)
{
	struct pooler *p = container_of(t, struct pooler, janitor);
	struct list *n, *next;
	struct pool *pool;

	LIST_EACH_SAFE (n, next, &p->pools)
		if (is_forgotten(p, pool_of(n)->database))
			pool_close_idle(pool_of(n), "obsolete connection");
		else
			pool_maintain(pool_of(n));
	/* A pool may take its neighbour along. */
	while ((pool = find_forgotten(p)) != NULL)
		pools_destroy(pool);
	sweep_databases(p);
	authquery_sweep(p);
	source_sweep(p);
	auth_prepare(p);
	give_back(p);
	if (!timer_is_armed(&p->overdue))
		overdue_start(p);
	timer_arm(t, mono_after(loop_now(p->loop), JANITOR_USEC));
}

static void
log_stats(const struct stats *a)
{
	log_info(NULL, "stats: %llu xacts/s, %llu queries/s, "
	    "%llu client parses/s, %llu server parses/s, %llu binds/s, "
	    "in %llu B/s, out %llu B/s, xact %llu us, query %llu us, "
	    "wait %llu us", (unsigned long long)a->xact_count,
	    (unsigned long long)a->query_count,
	    (unsigned long long)a->client_parse_count,
	    (unsigned long long)a->server_parse_count,
	    (unsigned long long)a->bind_count,
	    (unsigned long long)a->bytes_received,
	    (unsigned long long)a->bytes_sent,
	    (unsigned long long)a->xact_time,
	    (unsigned long long)a->query_time,
	    (unsigned long long)a->wait_time);
}

static void
on_stats(struct timer *t)
{
	struct pooler *p = container_of(t, struct pooler, stats_timer);
	struct stats sum = { 0 }, average;
	struct mono now = loop_now(p->loop);
	int64_t usec = mono_between(p->stats_at, now);
	struct list *n;
	struct pool *pool;

	LIST_EACH (n, &p->pools) {
		pool = pool_of(n);
		pool->last = pool->stats;
		stats_subtract(&pool->last, &pool->before);
		pool->before = pool->stats;
		stats_add(&sum, &pool->last);
	}
	stats_average(&average, &sum, usec);
	if (p->config->log_stats)
		log_stats(&average);
	p->stats_at = now;
	p->stats_usec = usec;
	timer_arm(t, mono_after(now, p->config->stats_period));
}

static void
on_roles(void *arg, struct topology *t)
{
	sides_follow(arg, t);
}

/*
 * Making and ending.
 */

/* Pools of a forced user keep min_pool_size even without a client. */
static void
open_forced_pools(struct pooler *p)
{
	struct database *db = NULL;

	while ((db = database_next(p, db)) != NULL)
		if (db->entry != NULL && db->forced != NULL &&
		    !db->automatic && strcmp(db->name, "*") != 0 &&
		    config_min_pool_size(p->config, db->entry, NULL) > 0)
			pools_get(p, db, db->forced->user);
}

static bool
has_idle_timeout(const struct config *cfg)
{
	size_t i;

	for (i = 0; i < cfg->nusers; i++)
		if (cfg->users[i].over.client_idle_timeout > 0)
			return true;
	return cfg->client_idle_timeout > 0;
}

static void
apply_settings(struct pooler *p)
{
	const struct config *cfg = p->config;
	const struct resolver_options r = {
		.resolv_conf = cfg->resolv_conf,
		.max_ttl_usec = cfg->dns_max_ttl,
		.nxdomain_ttl_usec = cfg->dns_nxdomain_ttl,
	};

	p->times_idle_clients = has_idle_timeout(cfg);
	p->env.keepalive = cfg->tcp_keepalive;
	p->env.keepidle = cfg->tcp_keepidle;
	p->env.keepintvl = cfg->tcp_keepintvl;
	p->env.keepcnt = cfg->tcp_keepcnt;
	p->env.user_timeout = cfg->tcp_user_timeout;
	p->env.socket_buffer = cfg->tcp_socket_buffer;
	if (p->resolver != NULL)
		resolver_set_options(p->resolver, &r);
}

static bool
create_parts(struct pooler *p, struct err *err)
{
	const struct config *cfg = p->config;
	const struct resolver_options r = {
		.resolv_conf = cfg->resolv_conf,
		.max_ttl_usec = cfg->dns_max_ttl,
		.nxdomain_ttl_usec = cfg->dns_nxdomain_ttl,
	};
	uint64_t seed;

	if (!secure_load(&p->secure, cfg, err))
		return false;
	crypto_random_init(&p->random);
	crypto_random_take(&p->random, p->mock_key, sizeof p->mock_key);
	crypto_random_take(&p->random, &seed, sizeof seed);
	crypto_random_take(&p->random, &p->hash_seed, sizeof p->hash_seed);
	p->extras = extras_table_create(seed);
	p->names = param_names_create(cfg->track_extra_parameters, seed, err);
	if (p->names == NULL)
		return false;
	p->resolver = resolver_create(p->loop, &r, err);
	return p->resolver != NULL;
}

static void
init_deadlines(struct pooler *p)
{
	deadlines_init(&p->login_deadlines, p->loop, on_login_late);
	deadlines_init(&p->wait_deadlines, p->loop, on_wait_late);
	deadlines_init(&p->notify_deadlines, p->loop, on_notify_late);
	deadlines_init(&p->idle_deadlines, p->loop, on_idle_late);
	deadlines_init(&p->server_deadlines, p->loop, on_server_late);
	deadlines_init(&p->cancel_deadlines, p->loop, on_cancel_late);
}

struct pooler *
pooler_create(struct loop *loop, const struct config *cfg, struct err *err)
{
	struct pooler *p = mem_alloc(sizeof *p);
	uint32_t tag;

	p->loop = loop;
	p->config = config_ref(cfg);
	p->next_id = 1;
	if (!create_parts(p, err)) {
		secure_fini(&p->secure);
		param_names_destroy(p->names);
		extras_table_destroy(p->extras);
		config_unref(p->config);
		mem_free(p);
		return NULL;
	}
	crypto_random_take(&p->random, &tag, sizeof tag);
	conn_env_init(&p->env, loop);
	apply_settings(p);
	slab_init(&p->client_slab, "client_cache", sizeof(struct client), 0);
	slab_init(&p->server_slab, "server_cache", sizeof(struct server), 0);
	slab_init(&p->cancel_slab, "outstanding_request_cache",
	    cancel_size(), 0);
	list_init(&p->dead_clients);
	list_init(&p->dead_servers);
	list_init(&p->pools);
	list_init(&p->control_waits);
	chore_init(&p->burial, on_burial);
	chore_init(&p->review, on_review);
	hosts_init(&p->hosts, loop);
	hosts_load(&p->hosts, cfg);
	topologies_init(&p->topologies, loop, &p->hosts);
	p->topologies.on_change = on_roles;
	p->topologies.arg = p;
	topologies_load(&p->topologies, cfg);
	pool_register(p);
	p->statements = statement_table_create(p->hash_seed, tag);
	p->databases = database_table_create();
	p->users = user_table_create();
	p->lookups = authquery_table_create();
	p->sources = source_table_create();
	p->on_server_closed = p->on_client_gone = on_departure;
	p->on_login_left = login_left;
	p->on_cancel_left = cancel_left;
	p->on_orphan = cancel_orphan;
	init_deadlines(p);
	suspend_init(p);
	timer_init(&p->janitor, loop, on_janitor);
	timer_init(&p->stats_timer, loop, on_stats);
	timer_arm(&p->janitor, mono_after(loop_now(loop), JANITOR_USEC));
	timer_arm(&p->stats_timer, mono_after(loop_now(loop),
	    cfg->stats_period));
	p->stats_at = loop_now(loop);
	database_load(p);
	user_refresh(p);
	open_forced_pools(p);
	return p;
}

bool
pooler_check(const struct config *cfg, struct err *err)
{
	struct secure secure;

	if (!secure_load(&secure, cfg, err))
		return false;
	secure_fini(&secure);
	return true;
}

/* End everybody; what closing servers still owe us is not waited for. */
static void
cut_all(struct pooler *p)
{
	uint32_t cursor = 0;
	struct client *c;
	struct server *s;

	while ((c = roster_next(&p->clients, &cursor)) != NULL) {
		client_close(c, "pooler is shutting down");
		client_bury(c);
	}
	cancel_abandon_all(p);
	cursor = 0;
	while ((s = roster_next(&p->servers, &cursor)) != NULL) {
		server_close(s, "pooler is shutting down");
		server_gone(s);
	}
	loop_turn(p->loop, false);
}

void
pooler_destroy(struct pooler *p)
{
	struct list *n;

	if (p == NULL)
		return;
	p->stopping = true;
	timer_disarm(&p->janitor);
	timer_disarm(&p->stats_timer);
	timer_disarm(&p->suspend_timer);
	overdue_stop(p);
	cut_all(p);
	authquery_table_destroy(p->lookups);
	source_table_destroy(p->sources);
	while ((n = list_first(&p->pools)) != NULL)
		pools_destroy(pool_of(n));
	database_table_destroy(p->databases);
	user_table_destroy(p->users);
	monitor_destroy(p->monitor);
	topologies_fini(&p->topologies);
	hosts_fini(&p->hosts);
	verdicts_destroy(p->verdicts);
	deadlines_fini(&p->login_deadlines);
	deadlines_fini(&p->wait_deadlines);
	deadlines_fini(&p->notify_deadlines);
	deadlines_fini(&p->idle_deadlines);
	deadlines_fini(&p->server_deadlines);
	deadlines_fini(&p->cancel_deadlines);
	roster_fini(&p->clients);
	roster_fini(&p->servers);
	roster_fini(&p->cancels);
	slab_fini(&p->client_slab);
	slab_fini(&p->server_slab);
	slab_fini(&p->cancel_slab);
	resolver_destroy(p->resolver);
	param_names_destroy(p->names);
	extras_table_destroy(p->extras);
	statement_table_destroy(p->statements);
	crypto_random_fini(&p->random);
	crypto_wipe(p->mock_key, sizeof p->mock_key);
	chore_cancel(&p->review);
	conn_env_fini(&p->env);
	secure_fini(&p->secure);
	config_unref(p->config);
	mem_free(p);
}

void
pooler_set_program(struct pooler *p, const struct program_hooks *hooks)
{
	p->program = *hooks;
}

void
pooler_set_console(struct pooler *p, const struct console_hooks *hooks)
{
	p->console = *hooks;
}

void
pooler_watch_hosts(struct pooler *p)
{
	p->monitor = monitor_create(p->loop, p->resolver, &p->topologies);
}

void
pooler_accept(struct pooler *p, int fd, const struct addr *peer,
    const struct addr *local)
{
	login_accept(p, fd, peer, local);
}

const struct config *
pooler_config(const struct pooler *p)
{
	return p->config;
}

struct loop *
pooler_loop(const struct pooler *p)
{
	return p->loop;
}

/*
 * A new configuration.
 */

static void
each_pool_of(struct pooler *p, const struct database *db,
    void (*visit)(struct pool *, const char *why), const char *why)
{
	struct list *n, *next;

	LIST_EACH_SAFE (n, next, &p->pools)
		if (pool_of(n)->database == db)
			visit(pool_of(n), why);
}

static void
recycle(struct pool *pool, const char *why)
{
	pools_forget_welcome(pool);
	pool_reconnect(pool, why);
}

/* Databases to which this entry of the file applies. */
static void
each_database(struct pooler *p, const char *name,
    void (*visit)(struct pooler *, struct database *))
{
	struct database *db = database_next(p, NULL), *next;

	for (; db != NULL; db = next) {
		next = database_next(p, db);
		if (strcmp(name, "*") == 0 ? db->automatic :
		    strcmp(name, db->name) == 0)
			visit(p, db);
	}
}

static void
change_connection(struct pooler *p, struct database *db)
{
	each_pool_of(p, db, recycle, "database configuration changed");
}

static void
remove_database(struct pooler *p, struct database *db)
{
	if (db->entry != NULL)
		return;
	log_warning(NULL, "dropping database '%s' as it does not exist "
	    "anymore or inactive auto-database", db->name);
	control_drop_clients(p, db, SQLSTATE_ADMIN_SHUTDOWN,
	    "database removed");
	each_pool_of(p, db, pool_close_idle, "database removed");
}

static void
apply_change(struct pooler *p, const struct config_change *change)
{
	switch (change->kind) {
	case CHANGE_DATABASE_ADDED:
		/* There may be an automatic one of that name. */
	case CHANGE_DATABASE_CONNECTION:
		each_database(p, change->name, change_connection);
		break;
	case CHANGE_DATABASE_REMOVED:
		each_database(p, change->name, remove_database);
		break;
	case CHANGE_SETTING:
		log_info(NULL, "setting changed: %s", change->setting->name);
		break;
	case CHANGE_DATABASE_LIMITS:
	case CHANGE_USER:
	case CHANGE_PEER_ADDED:
	case CHANGE_PEER_REMOVED:
	case CHANGE_PEER_CHANGED:
	case CHANGE_SECRET_ADDED:
	case CHANGE_SECRET_REMOVED:
	case CHANGE_SECRET_CHANGED:
		/* The tables were loaded anew: nothing more to do. */
		break;
	}
}

/* Their client_idle_timeout may be another now. */
static void
time_idle_clients(struct pooler *p)
{
	uint32_t cursor = 0;
	struct client *c;

	while ((c = roster_next(&p->clients, &cursor)) != NULL)
		request_idle_anew(c);
}

/* Swap the contexts; connections keep theirs. */
static void
change_tls(struct pooler *p, const struct config *old, struct secure *fresh)
{
	struct secure before = p->secure;
	struct list *n, *next;

	secure_keep(fresh, &before);
	p->secure = *fresh;
	if (secure_servers_differ(&before, old, fresh, p->config))
		LIST_EACH_SAFE (n, next, &p->pools)
			recycle(pool_of(n), "server TLS settings changed");
	secure_fini(&before);
}

bool
pooler_reload(struct pooler *p, const struct config *fresh, struct err *err)
{
	const struct config *old = p->config;
	bool timed = p->times_idle_clients;
	struct config_diff diff;
	struct secure secure;
	struct list *n;
	size_t i;

	if (!secure_load(&secure, fresh, err))
		return false;
	config_diff(&diff, old, fresh);
	p->config = config_ref(fresh);
	apply_settings(p);
	hosts_load(&p->hosts, fresh);
	topologies_load(&p->topologies, fresh);
	database_load(p);
	user_refresh(p);
	LIST_EACH (n, &p->pools)
		pools_load(pool_of(n));
	if (old->fair_by != fresh->fair_by)
		fair_by_reload(p);
	else
		fair_by_complete(p);
	for (i = 0; i < diff.n; i++)
		apply_change(p, &diff.items[i]);
	change_tls(p, old, &secure);
	authquery_reload(p);
	config_diff_fini(&diff);
	config_unref(old);
	if (timed || p->times_idle_clients)
		time_idle_clients(p);
	open_forced_pools(p);
	limits_shrink(p);
	sides_load(p);
	log_info(NULL, "configuration reloaded");
	return true;
}
