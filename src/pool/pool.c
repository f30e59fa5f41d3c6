/*
 * pool.c - who may use which server connection, and who waits.
 *
 * A pool belongs to one (database, user) pair. It owns its servers, in one
 * lane for each host; it only borrows those who wait. A server is always in
 * exactly one list of its lane.
 *
 * Invariants, see pool_check():
 *   - nobody waits for a server while one is idle, unless paused;
 *   - a server that was released goes to who waits longest, not to the one
 *     who comes right back.
 *
 * When one more server is opened is decided in gate.c.
 *
 * This file does not know clients, sockets or SQL.
 */
#include "pool/pool.h"

#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/must.h"
#include "cluster/credentials.h"
#include "cluster/host.h"
#include "config/config.h"
#include "pgwire/params.h"
#include "pgwire/messages.h"
#include "pool/database.h"
#include "pool/dial.h"
#include "pool/errand.h"
#include "pool/gate.h"
#include "pool/lane.h"
#include "pool/relay.h"
#include "pool/session.h"
#include "pool/state.h"
#include "pool/user.h"

static void settle(struct server *);
static const struct server_hooks server_hooks;

static struct mono
now_of(const struct pool *p)
{
	return loop_now(p->pooler->loop);
}

static void
on_timer(struct timer *t)
{
	gate_fill(container_of(t, struct pool, timer));
}

static void
on_room(struct budget_wait *w)
{
	gate_fill(container_of(w, struct pool, budget_wait));
}

/*
 * Making and finding pools.
 */

struct pool *
pool_find(const struct pooler *pooler, const struct database *db,
    const char *user)
{
	const struct user *u = user_find(pooler, user);
	struct list *n;
	struct pool *p;

	if (u == NULL)
		return NULL;
	LIST_EACH(n, &pooler->pools) {
		p = container_of(n, struct pool, member);
		if (p->database == db && p->user == u)
			return p;
	}
	return NULL;
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

struct pool *
pool_get(struct pooler *pooler, struct database *db, const char *user)
{
	struct pool *p = pool_find(pooler, db, user);

	if (p != NULL)
		return p;
	p = mem_alloc(sizeof *p);
	p->pooler = pooler;
	p->database = db;
	p->user = user_acquire(pooler, user);
	list_init(&p->lanes);
	list_init(&p->budget_wait.member);
	p->budget_wait.on_room = on_room;
	p->server_hooks = &server_hooks;
	queue_init(&p->queue);
	queue_init(&p->newcomers);
	timer_init(&p->timer, pooler->loop, on_timer);
	db->npools++;
	insert_sorted(p);
	pool_load(p);
	return p;
}

bool
pool_is_idle(const struct pool *p)
{
	return p->nclients == 0 && p->queue.n == 0 && p->newcomers.n == 0 &&
	    pool_servers(p) == 0 && p->count[SERVER_CLOSING] == 0;
}

void
pool_destroy(struct pool *p)
{
	struct list *n;

	must(pool_is_idle(p));
	while ((n = list_first(&p->lanes)) != NULL)
		lane_destroy(container_of(n, struct lane, member));
	timer_disarm(&p->timer);
	list_remove(&p->budget_wait.member);
	list_remove(&p->member);
	p->pooler->npools--;
	p->database->npools--;
	user_release(p->user);
	text_fini(&p->welcome);
	paramset_unref(p->defaults);
	mem_free(p);
}

static void
drop_retired(struct pool *p)
{
	struct list *n, *next;
	struct lane *l;

	LIST_EACH_SAFE (n, next, &p->lanes) {
		l = container_of(n, struct lane, member);
		if (l->retired && lane_is_empty(l))
			lane_destroy(l);
	}
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

	p->mode = config_pool_mode(cfg, e, u);
	p->size = size > 0 ? (uint32_t)size : UINT32_MAX;
	p->min_size = min > 0 ? (uint32_t)min : 0;
	if (p->min_size > p->size)
		p->min_size = p->size;
	p->reserve_size = reserve > 0 && cfg->reserve_pool_timeout > 0 ?
	    (uint32_t)reserve : 0;
	p->lifetime = config_server_lifetime(cfg, e, u);
	p->query_wait_timeout = config_query_wait_timeout(cfg, e, u);
	p->reset_query = reset != NULL && reset[0] != '\0' &&
	    (p->mode == POOL_SESSION || cfg->server_reset_query_always) ?
	    reset : NULL;
}

void
pool_load(struct pool *p)
{
	const struct config_database *e = p->database->entry;
	struct list *n;
	struct lane *l, *found;
	size_t i;

	LANE_EACH (n, l, p)
		l->retired = true;
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
			list_append(&p->lanes, &found->member);
			budget_on_shortage(&found->host->budget,
			    gate_reclaim, p->pooler);
		}
		found->retired = false;
	}
	drop_retired(p);
	resolve_settings(p);
}

const char *
pool_user_name(const struct pool *p)
{
	return p->user->name;
}

struct credentials *
pool_credentials(const struct pool *p)
{
	return p->database->forced != NULL ? p->database->forced :
	    p->user->credentials;
}

void
pool_set_welcome(struct pool *p, const struct text *welcome,
    struct paramset *defaults)
{
	text_clear(&p->welcome);
	text_add(&p->welcome, welcome->p, welcome->n);
	paramset_unref(p->defaults);
	p->defaults = paramset_ref(defaults);
}

void
pool_forget_welcome(struct pool *p)
{
	paramset_unref(p->defaults);
	p->defaults = NULL;
}

uint32_t
pool_servers(const struct pool *p)
{
	uint32_t sum = 0;
	int i;

	for (i = 0; i < SERVER_NSTATES; i++)
		if (i != SERVER_CLOSING)
			sum += p->count[i];
	return sum;
}

bool
pool_is_paused(const struct pool *p)
{
	return p->pooler->paused || p->database->paused;
}

/*
 * Acquire and release.
 */

static void
refuse(struct queue *q, struct wait *w, const struct failure *f)
{
	queue_leave(q, w);
	w->pool = NULL;
	w->refused(w, f);
}

static void
refuse_queue(struct queue *q, const struct failure *f)
{
	struct wait *w;
	uint32_t n = q->n;

	/* Who is refused may ask again at once: not in this round. */
	while (n-- > 0 && (w = queue_first(q)) != NULL)
		refuse(q, w, f);
}

void
pool_refuse_all(struct pool *p, const struct failure *f)
{
	refuse_queue(&p->newcomers, f);
	refuse_queue(&p->queue, f);
}

static void
refuse_from_cache(struct wait *w, const struct failure *cached)
{
	struct failure f = *cached;

	snprintf(f.message, sizeof f.message, "server login has been failing, "
	    "cached error: %.160s (server_login_retry)", cached->message);
	w->refused(w, &f);
}

void
pool_acquire(struct pool *p, struct wait *w)
{
	const struct failure *f;

	must(w->pool == NULL);
	if (w->want == WANT_WELCOME && p->defaults != NULL) {
		w->granted(w, NULL);
		return;
	}
	f = gate_lasting_failure(p);
	if (f != NULL) {
		refuse_from_cache(w, f);
		return;
	}
	w->pool = p;
	queue_join(w->want == WANT_SERVER ? &p->queue : &p->newcomers, w,
	    now_of(p));
	pool_serve(p);
}

void
pool_cancel(struct wait *w)
{
	struct pool *p = w->pool;

	if (p == NULL)
		return;
	queue_leave(w->want == WANT_SERVER ? &p->queue : &p->newcomers, w);
	w->pool = NULL;
}

/* The idle server that is due: the one used last, so that the others can go
 * to rest, or with server_round_robin the one used first. */
static struct server *
pick_idle(const struct pool *p)
{
	bool oldest = p->pooler->config->server_round_robin;
	struct server *best = NULL, *s;
	struct list *n, *m;
	struct lane *l;

	LANE_EACH (n, l, p) {
		m = oldest ? list_last(&l->servers[SERVER_IDLE]) :
		    list_first(&l->servers[SERVER_IDLE]);
		if (m == NULL)
			continue;
		s = container_of(m, struct server, member);
		if (best == NULL || (oldest ? s->used.usec < best->used.usec :
		    s->used.usec > best->used.usec))
			best = s;
	}
	return best;
}

static void
grant(struct pool *p, struct server *s)
{
	struct wait *w = queue_first(&p->queue);

	must(w != NULL && s->state == SERVER_IDLE);
	queue_leave(&p->queue, w);
	w->pool = NULL;
	p->stats.wait_time += (uint64_t)mono_between(w->since, now_of(p));
	w->granted(w, s);
}

static bool
needs_check(const struct server *s)
{
	const struct config *cfg = s->pooler->config;
	struct mono now = now_of(s->pool);

	if (cfg->server_check_query == NULL ||
	    cfg->server_check_query[0] == '\0')
		return false;
	/* A check of this very moment is fresh, also with a delay of 0. */
	return s->checked.usec != now.usec &&
	    mono_between(s->used, now) >= cfg->server_check_delay;
}

static void
on_checked(struct server *s, const struct failure *f)
{
	deadline_disarm(&s->deadline);
	if (f != NULL) {
		server_close(s, "test query failed");
		return;
	}
	s->checked = now_of(s->pool);
	settle(s);
}

static void
start_check(struct server *s)
{
	const struct config *cfg = s->pooler->config;
	const char *sql = cfg->server_check_query;

	server_set_state(s, SERVER_TESTED);
	deadline_arm(&s->pooler->server_deadlines, &s->deadline,
	    cfg->server_connect_timeout);
	errand_start(s, "check query",
	    strcmp(sql, "<empty>") == 0 ? "" : sql, on_checked);
}

static bool
somebody_waits(const struct pool *p)
{
	return p->queue.n > 0 || p->newcomers.n > 0;
}

void
pool_serve(struct pool *p)
{
	struct server *s;
	struct wait *w;

	while (p->defaults != NULL &&
	    (w = queue_first(&p->newcomers)) != NULL) {
		queue_leave(&p->newcomers, w);
		w->pool = NULL;
		w->granted(w, NULL);
	}
	while (!pool_is_paused(p) && p->queue.n > 0 &&
	    (s = pick_idle(p)) != NULL) {
		if (!needs_check(s))
			grant(p, s);
		else if (p->count[SERVER_TESTED] < p->queue.n)
			start_check(s);
		else
			break;
	}
	if (somebody_waits(p))
		gate_fill(p);
}

static bool
is_too_old(const struct server *s)
{
	const struct pool *p = s->pool;
	struct mono now = now_of(p);
	int64_t spread;

	if (p->lifetime == 0 || mono_between(s->born, now) < p->lifetime)
		return false;
	/* Those born together must not die together. */
	spread = p->size != UINT32_MAX ? p->lifetime / p->size : 0;
	return !mono_is_set(p->lifetime_end) ||
	    mono_between(p->lifetime_end, now) >= spread;
}

/* Why this server may not be used again; NULL if it may. */
static const char *
reason_to_close(const struct server *s)
{
	const struct pool *p = s->pool;

	if (!relay_is_clean(s))
		return "client disconnect while server was not ready";
	if (s->close_needed)
		return "close_needed";
	if (s->lane->retired || p->database->entry == NULL)
		return "connect string changed";
	if (pool_is_paused(p))
		return "pause mode";
	if (pool_servers(p) > p->size && (p->queue.n == 0 ||
	    pool_servers(p) - p->size > p->reserve_size))
		return "too many servers in the pool";
	return is_too_old(s) ? "server lifetime over" : NULL;
}

/* A clean server that nobody has: to who waits, or to the idle ones. */
static void
settle(struct server *s)
{
	struct pool *p = s->pool;
	const char *why;

	if (!list_empty(&s->holds)) {
		server_set_state(s, SERVER_BEING_CANCELED);
		return;
	}
	why = reason_to_close(s);
	if (why != NULL) {
		if (is_too_old(s))
			p->lifetime_end = now_of(p);
		server_close(s, why);
		return;
	}
	server_set_state(s, SERVER_IDLE);
	if (p->queue.n > 0)
		pool_serve(p);
}

static void
on_reset(struct server *s, const struct failure *f)
{
	if (f != NULL) {
		server_close(s, "reset query failed");
		return;
	}
	session_taken_off(s);
	settle(s);
}

void
pool_release(struct server *s)
{
	const char *sql = s->pool->reset_query;

	must(s->link == NULL && s->state == SERVER_ACTIVE);
	if (s->pool->lifetime == 0)
		s->close_needed = true;
	if (sql == NULL || !relay_is_clean(s) || s->close_needed) {
		settle(s);
		return;
	}
	server_set_state(s, SERVER_TESTED);
	errand_start(s, "reset query", sql, on_reset);
}

/*
 * What servers report.
 */

static void
on_up(struct server *s)
{
	struct pool *p = s->pool;

	lane_succeeded(s->lane);
	settle(s);
	pool_serve(p);
}

static void
on_failed(struct server *s, const struct failure *f)
{
	struct pool *p = s->pool;
	const struct failure *lasting;
	struct failure copy;

	copy = *f;
	gate_failed(s->lane, &copy);
	server_close(s, copy.from_server ? "login failed" : "connect failed");
	lasting = gate_lasting_failure(p);
	if (lasting != NULL) {
		copy = *lasting;
		pool_refuse_all(p, &copy);
	}
	gate_fill(p);
}

static void
on_closed(struct server *s)
{
	struct pool *p = s->pool;

	dial_abandon(s);
	if (p->pooler->on_server_closed != NULL)
		p->pooler->on_server_closed(p->pooler);
	if (!p->sweeping && somebody_waits(p) && !p->pooler->stopping)
		gate_fill(p);
}

static void
on_gone(struct server *s)
{
	/* Its lane may be empty now; pool_maintain() looks after that. */
	(void)s;
}

static const struct server_hooks server_hooks = {
	on_up, on_failed, on_closed, settle, on_gone
};

/*
 * For the operator and the janitor.
 */

/* Walk over the servers of a pool in one state, which closing may unlink.
 * Nothing is opened meanwhile: that would change the lists. */
static void
each_server(struct pool *p, enum server_state state,
    void (*visit)(struct server *, const char *why), const char *why)
{
	struct list *n, *m, *next;
	struct lane *l;

	p->sweeping = true;
	LANE_EACH (n, l, p)
		LIST_EACH_SAFE (m, next, &l->servers[state])
			visit(container_of(m, struct server, member), why);
	p->sweeping = false;
}

void
pool_close_idle(struct pool *p, const char *why)
{
	each_server(p, SERVER_IDLE, server_close, why);
	each_server(p, SERVER_LOGIN, server_close, why);
	if (somebody_waits(p) && !p->pooler->stopping)
		gate_fill(p);
}

static void
mark(struct server *s, const char *why)
{
	(void)why;
	s->close_needed = true;
}

void
pool_reconnect(struct pool *p, const char *why)
{
	int i;

	for (i = 0; i < SERVER_NSTATES; i++)
		if (i != SERVER_CLOSING)
			each_server(p, (enum server_state)i, mark, why);
	pool_close_idle(p, why);
}

static void
maintain_idle(struct server *s, const char *unused)
{
	struct pool *p = s->pool;
	int64_t limit = p->pooler->config->server_idle_timeout;

	(void)unused;
	if (is_too_old(s)) {
		p->lifetime_end = now_of(p);
		server_close(s, "server lifetime over");
	} else if (pool_servers(p) > p->size && p->queue.n == 0) {
		server_close(s, "too many servers in the pool");
	} else if (limit > 0 && pool_servers(p) > gate_min(p) &&
	    mono_between(s->used, now_of(p)) >= limit) {
		server_close(s, "server idle timeout");
	}
}

void
pool_maintain(struct pool *p)
{
	each_server(p, SERVER_IDLE, maintain_idle, NULL);
	drop_retired(p);
	if (pool_servers(p) < gate_min(p) || somebody_waits(p))
		gate_fill(p);
}

void
pool_check(const struct pool *p)
{
	struct list *n;
	struct lane *l;
	uint32_t sum[SERVER_NSTATES] = { 0 };
	int i;

	LANE_EACH (n, l, p)
		for (i = 0; i < SERVER_NSTATES; i++)
			sum[i] += l->count[i];
	for (i = 0; i < SERVER_NSTATES; i++)
		must(sum[i] == p->count[i]);
	must(p->queue.n == 0 || pool_is_paused(p) ||
	    p->count[SERVER_IDLE] == 0 ||
	    p->count[SERVER_TESTED] >= p->queue.n);
}
