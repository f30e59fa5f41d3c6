/*
 * pool.c - who may use which server connection, and who waits.
 *
 * A pool belongs to one (database, user) pair. It owns its servers, in one
 * lane for each host; it only borrows those who wait. A server is always in
 * exactly one list of its lane.
 *
 * Invariants, see pool_check():
 *   - nobody waits for a server while one is idle, unless paused;
 *   - a server that was released goes to who waits longest, or whose turn it
 *     is by fair_by, not to the one who comes right back.
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
#include "cluster/topology.h"
#include "config/config.h"
#include "pgwire/params.h"
#include "pgwire/messages.h"
#include "pool/database.h"
#include "pool/dial.h"
#include "pool/errand.h"
#include "pool/fairness.h"
#include "pool/gate.h"
#include "pool/lane.h"
#include "pool/limits.h"
#include "pool/pools.h"
#include "pool/relay.h"
#include "pool/session.h"
#include "pool/spread.h"
#include "pool/state.h"
#include "pool/user.h"

static struct mono
now_of(const struct pool *p)
{
	return loop_now(p->pooler->loop);
}

/*
 * Acquire and release.
 */

static struct queue *
queue_of(struct pool *p, enum want want)
{
	return want == WANT_SERVER ? &p->queue : &p->newcomers;
}

static void
start_waiting(struct pool *p, struct wait *w)
{
	w->pool = p;
	w->key = w->keys[pools_side(p)];
	p->database->nwaiting++;
	p->pooler->counts.waiting++;
	queue_join(queue_of(p, w->want), w, now_of(p));
}

void
pool_move(struct wait *w, struct pool *to)
{
	must(w->pool != NULL && w->pool->database == to->database);
	queue_leave(queue_of(w->pool, w->want), w);
	w->pool = to;
	w->key = w->keys[pools_side(to)];
	queue_rejoin(queue_of(to, w->want), w);
}

static void
stop_waiting(struct wait *w)
{
	struct pool *p = w->pool;

	must(p->database->nwaiting > 0 && p->pooler->counts.waiting > 0);
	p->database->nwaiting--;
	p->pooler->counts.waiting--;
	queue_leave(queue_of(p, w->want), w);
	w->pool = NULL;
}

static void
refuse_queue(struct queue *q, const struct failure *f)
{
	struct wait *w;
	uint32_t n = q->n;

	/* Who is refused may ask again at once: not in this round. */
	while (n-- > 0 && (w = queue_first(q)) != NULL) {
		stop_waiting(w);
		w->refused(w, f);
	}
}

/* Reads that no replica will have go to the primary. */
static void
retreat(struct pool *p)
{
	struct list *n, *next;
	struct wait *w;

	if (p->front == NULL)
		return;
	LIST_EACH_SAFE (n, next, &p->queue.waits) {
		w = container_of(n, struct wait, member);
		if (w->route == ROUTE_READ)
			pool_move(w, p->front);
	}
	pool_serve(p->front);
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
	start_waiting(p, w);
	pool_serve(p);
}

void
pool_cancel(struct wait *w)
{
	if (w->pool != NULL)
		stop_waiting(w);
}

enum wait_reason
pool_wait_reason(const struct wait *w)
{
	const struct pool *p = w->pool;
	enum wait_reason reason;

	if (p == NULL)
		return WAIT_NONE;
	reason = gate_wait_reason(p, w);
	switch (reason) {
	case WAIT_POOL_SIZE:
	case WAIT_DB_LIMIT:
	case WAIT_USER_LIMIT:
	case WAIT_BUDGET:
		/* There are no more servers; of those, it has its part. */
		if (w->want == WANT_SERVER && w->key != NULL &&
		    fair_key_is_sated(w->key, pools_servers(p)))
			return WAIT_FAIR_SHARE;
		break;
	case WAIT_NONE:
	case WAIT_PAUSED:
	case WAIT_FAIR_SHARE:
	case WAIT_NO_PRIMARY:
	case WAIT_NO_REPLICA:
	case WAIT_CONNECTING:
	case WAIT_LOGIN_BACKOFF:
		break;
	}
	return reason;
}

/* The idle server that is due: the one used last, so that the others can go
 * to rest, or with server_round_robin the one used first. */
static struct server *
pick_idle(const struct pool *p, const struct lane *only)
{
	bool oldest = p->pooler->config->server_round_robin;
	struct server *best = NULL, *s;
	struct list *n, *m;
	struct lane *l;

	LANE_EACH (n, l, p) {
		m = oldest ? list_last(&l->servers[SERVER_IDLE]) :
		    list_first(&l->servers[SERVER_IDLE]);
		if (m == NULL || (only != NULL && l != only))
			continue;
		s = container_of(m, struct server, member);
		if (best == NULL || (oldest ? s->used.usec < best->used.usec :
		    s->used.usec > best->used.usec))
			best = s;
	}
	return best;
}

/* Whose turn it is, and the server it gets; NULL: nobody's, or there is none
 * for who waits. */
static struct wait *
next_of(struct pool *p, struct server **s)
{
	struct lane *lane = NULL;
	struct wait *w;

	w = p->serves != 0 ? spread_next(p, &lane) :
	    queue_next(&p->queue, pools_servers(p));
	*s = w != NULL ? pick_idle(p, lane) : NULL;
	return *s != NULL ? w : NULL;
}

static void
grant(struct pool *p, struct wait *w, struct server *s)
{
	must(s->state == SERVER_IDLE && s->holder == NULL);
	stop_waiting(w);
	p->moved = now_of(p);
	if (w->key != NULL)
		fair_key_serve(w->key);
	s->holder = w->key;
	s->lane->host->requests++;
	s->lane->host->reads += p->front != NULL;
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
	if (f != NULL) {
		server_close(s, "test query failed");
		/* Another one may be fine. */
		pool_serve(s->pool);
		return;
	}
	s->checked = now_of(s->pool);
	pool_settle(s);
}

static void
start_check(struct server *s)
{
	const char *sql = s->pooler->config->server_check_query;

	server_set_state(s, SERVER_TESTED);
	errand_start(s, "check query",
	    strcmp(sql, "<empty>") == 0 ? "" : sql, on_checked);
}

/* Would who asks now be served later? Who is refused is served at once. */
static bool
would_wait(const struct pool *p, enum want want)
{
	const struct server *s = pick_idle(p, NULL);

	if (gate_lasting_failure(p) != NULL)
		return false;
	if (want == WANT_WELCOME)
		return p->defaults == NULL;
	return pools_is_stopped(p) || s == NULL || needs_check(s);
}

struct wait *
pool_waits_longest(const struct pool *p)
{
	struct wait *a = queue_first(&p->queue);
	struct wait *b = queue_first(&p->newcomers);

	if (a == NULL || b == NULL)
		return a != NULL ? a : b;
	return b->since.usec < a->since.usec ? b : a;
}

bool
pool_admits(const struct pool *p, enum want want, char *detail, size_t cap)
{
	const struct pooler *pooler = p->pooler;
	uint32_t n = pooler->counts.waiting;
	uint32_t limit = (uint32_t)pooler->config->max_waiting_clients;
	const struct wait *w;

	if (limit == 0 || n < limit) {
		n = p->database->nwaiting;
		limit = p->max_waiting;
	}
	if (limit == 0 || n < limit || !would_wait(p, want))
		return true;
	w = pool_waits_longest(p);
	snprintf(detail, cap, "There are %u waiting already, the limit is %u "
	    "(max_waiting_clients); waiting because: %s", (unsigned)n,
	    (unsigned)limit, wait_reason_name(w != NULL ?
	    pool_wait_reason(w) : gate_wait_reason(p, &(struct wait){
	    .pool = (struct pool *)(uintptr_t)p, .want = want })));
	return false;
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
		stop_waiting(w);
		w->granted(w, NULL);
	}
	while (!pools_is_stopped(p) && p->queue.n > 0 &&
	    (w = next_of(p, &s)) != NULL) {
		if (!needs_check(s))
			grant(p, w, s);
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

	if (s->said_goodbye)
		return "server conn crashed?";
	if (!relay_is_clean(s))
		return "client disconnect while server was not ready";
	if (s->close_needed)
		return "close_needed";
	if (s->lane->retired || p->database->entry == NULL)
		return "connect string changed";
	if (!lane_is_used(s->lane))
		return "host changed its role";
	if (pools_is_paused(p))
		return "pause mode";
	if (limits_yield(s))
		return "evicted";
	if (pools_servers(p) > p->size && (p->queue.n == 0 ||
	    pools_servers(p) - p->size > p->reserve_size))
		return "too many servers in the pool";
	return is_too_old(s) ? "server lifetime over" : NULL;
}

/* A clean server that nobody has: to who waits, or to the idle ones. */
void
pool_settle(struct server *s)
{
	struct pool *p = s->pool;
	const char *why;

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
	else
		limits_freed(s);
}

static void
on_reset(struct server *s, const struct failure *f)
{
	if (f != NULL) {
		server_close(s, "reset query failed");
		return;
	}
	session_taken_off(s);
	pool_settle(s);
}

/* A server whose client has left it. A cancel request that is still under
 * way would strike the reset query: so that waits for its end. */
static void
come_back(struct server *s)
{
	const char *sql = s->pool->reset_query;

	if (!list_empty(&s->holds)) {
		server_set_state(s, SERVER_BEING_CANCELED);
		return;
	}
	if (sql == NULL || !relay_is_clean(s) || s->close_needed) {
		pool_settle(s);
		return;
	}
	server_set_state(s, SERVER_TESTED);
	errand_start(s, "reset query", sql, on_reset);
}

void
pool_release(struct server *s)
{
	must(s->link == NULL && s->state == SERVER_ACTIVE);
	fair_key_return(&s->holder);
	if (s->pool->lifetime == 0)
		s->close_needed = true;
	come_back(s);
}

/*
 * What servers report.
 */

static void
on_up(struct server *s)
{
	struct pool *p = s->pool;

	lane_succeeded(s->lane);
	pool_settle(s);
	pool_serve(p);
	if (p->front != NULL)
		pool_serve(p->front);
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
	if (lasting != NULL)
		copy = *lasting;
	if (gate_is_shut(p))
		retreat(p);
	if (lasting != NULL)
		pool_refuse_all(p, &copy);
	gate_fill(p);
}

static void
on_closed(struct server *s)
{
	struct pool *p = s->pool;

	fair_key_return(&s->holder);
	dial_abandon(s);
	if (p->pooler->on_server_closed != NULL)
		p->pooler->on_server_closed(p->pooler);
	if (p->sweeping || p->pooler->stopping)
		return;
	limits_freed(s);
	if (somebody_waits(p))
		gate_fill(p);
}

static void
on_gone(struct server *s)
{
	/* Its lane may be empty now; pool_maintain() looks after that. */
	(void)s;
}

static const struct server_hooks server_hooks = {
	on_up, on_failed, on_closed, come_back, on_gone
};

static const struct pool_hooks pool_hooks = {
	&server_hooks, gate_fill
};

void
pool_register(struct pooler *p)
{
	p->pool_hooks = &pool_hooks;
}

/*
 * For the operator and the janitor.
 */

/* Walk over the servers of a pool in one state, which closing may unlink.
 * Nothing is opened meanwhile: that would change the lists. */
static void
each_server(struct pool *p, enum server_state state,
    void (*visit)(struct server *, const char *why), const char *why)
{
	struct list *n, *m, todo;
	struct lane *l;

	p->sweeping = true;
	LANE_EACH (n, l, p) {
		/* A visit may close others, too: of the list, each is taken
		 * out of what is still to do and put back first. */
		list_init(&todo);
		list_splice(&todo, &l->servers[state]);
		while ((m = list_pop(&todo)) != NULL) {
			list_append(&l->servers[state], m);
			visit(container_of(m, struct server, member), why);
		}
	}
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

static void
close_misplaced(struct server *s, const char *why)
{
	if (!lane_is_used(s->lane))
		server_close(s, why);
}

/* Another host has taken its place: whatever is committed there from now on
 * is lost, and its client must not be told that it was done. Others that are
 * in use are closed when they come back. */
static void
cut_replaced(struct server *s, const char *why)
{
	struct pool *p = s->pool;

	if (p->serves == ROLE_BIT(ROLE_PRIMARY) && !s->lane->retired &&
	    !lane_is_used(s->lane) &&
	    topology_has(p->database->topology, ROLE_PRIMARY))
		relay_cut(s, why);
}

/* Others that are in use are closed when they come back. */
void
pool_follow(struct pool *p)
{
	struct list *n;
	struct lane *l;

	each_server(p, SERVER_ACTIVE, cut_replaced,
	    "another host is the primary");
	each_server(p, SERVER_IDLE, close_misplaced, "host changed its role");
	each_server(p, SERVER_LOGIN, close_misplaced, "host changed its role");
	LANE_EACH (n, l, p)
		if (lane_is_used(l))
			l->retry_at = (struct mono){ 0 };
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
	} else if (pools_servers(p) > p->size && p->queue.n == 0) {
		server_close(s, "too many servers in the pool");
	} else if (limit > 0 && pools_servers(p) > gate_min(p) &&
	    mono_between(s->used, now_of(p)) >= limit) {
		server_close(s, "server idle timeout");
	}
}

void
pool_maintain(struct pool *p)
{
	each_server(p, SERVER_IDLE, maintain_idle, NULL);
	gate_even(p);
	pools_drop_retired(p);
	if (pools_servers(p) < gate_min(p) || somebody_waits(p))
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
	must(p->queue.n == 0 || pools_is_stopped(p) ||
	    p->count[SERVER_IDLE] == 0 || spread_is_strict(p) ||
	    p->count[SERVER_TESTED] >= p->queue.n);
	if (p->queue.fairness != NULL)
		fairness_check(p->queue.fairness, p->queue.n,
		    p->count[SERVER_ACTIVE]);
}
