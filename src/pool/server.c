/*
 * server.c - the life of a server connection.
 *
 *   LOGIN -> IDLE <-> ACTIVE     handed out and back
 *              \-> TESTED -/     an errand: check, reset, connect_query
 *         ACTIVE -> BEING_CANCELED -> IDLE    until a cancel has hit or not
 *   any -> CLOSING               goodbye, then the host's end of file
 *
 * A server is in exactly one list of its lane, chosen by its state. Its
 * ticket is given back when the host has let go, not when we close: a
 * backend may live on for seconds. That is why CLOSING is a state.
 *
 * This file does not know who uses a server, nor how it logs in.
 */
#include "pool/server.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/must.h"
#include "config/config.h"
#include "net/loop.h"
#include "pgwire/extras.h"
#include "pgwire/messages.h"
#include "pool/database.h"
#include "pool/lane.h"
#include "pool/pools.h"
#include "pool/prepared.h"
#include "pool/state.h"
#include "pool/user.h"

#define SERVER_MAGIC 0x5e7e7e51u
#define GOODBYE_USEC INT64_C(60000000)  /* how long a host may linger */

#define TO(s) (1u << SERVER_##s)
static const unsigned allowed[SERVER_NSTATES] = {
	[SERVER_LOGIN] = TO(IDLE) | TO(TESTED) | TO(CLOSING),
	[SERVER_IDLE] = TO(ACTIVE) | TO(TESTED) | TO(CLOSING),
	[SERVER_ACTIVE] = TO(IDLE) | TO(TESTED) | TO(BEING_CANCELED) |
	    TO(ACTIVE) | TO(CLOSING),
	[SERVER_TESTED] = TO(IDLE) | TO(ACTIVE) | TO(BEING_CANCELED) |
	    TO(TESTED) | TO(CLOSING),
	[SERVER_BEING_CANCELED] = TO(IDLE) | TO(ACTIVE) | TO(TESTED) |
	    TO(CLOSING),
	[SERVER_CLOSING] = 0,
};

static const char *const state_names[SERVER_NSTATES] = {
#define X(id, name) name,
	SERVER_STATES(X)
#undef X
};

static void
log_prefix(const struct log_ctx *ctx, char *buf, size_t cap)
{
	const struct server *s = container_of(ctx, struct server, log);
	char ip[64];

	snprintf(buf, cap, "S-%llu: %s/%s@%s:%u",
	    (unsigned long long)s->id, s->pool->database->name,
	    s->pool->user->name, addr_format(&s->addr, ip, sizeof ip),
	    (unsigned)s->addr.port);
}

struct server *
server_create(struct pooler *p, struct pool *pool, struct lane *lane,
    const struct server_hooks *hooks)
{
	struct server *s = slab_take(&p->server_slab);

	if (s == NULL)
		return NULL;
	s->magic = SERVER_MAGIC;
	s->pooler = p;
	s->pool = pool;
	s->lane = lane;
	s->hooks = hooks;
	s->stats = &pool->stats;
	s->id = p->next_id++;
	s->log.prefix = log_prefix;
	s->place = roster_add(&p->servers, s);
	s->born = s->used = loop_now(p->loop);
	s->connect_time = time(NULL);
	s->state = SERVER_LOGIN;
	list_init(&s->member);
	list_append(&lane->servers[SERVER_LOGIN], &s->member);
	lane->count[SERVER_LOGIN]++;
	pool->count[SERVER_LOGIN]++;
	pool->database->servers.held++;
	pool->user->servers.held++;
	tracker_init(&s->tracker);
	list_init(&s->holds);
	deadline_init(&s->deadline);
	conn_init(&s->conn, &p->env, NULL);
	s->params = paramset_empty(p->names);
	return s;
}

const char *
server_state_name(enum server_state state)
{
	return state_names[state];
}

void
server_set_state(struct server *s, enum server_state to)
{
	enum server_state from = s->state;

	must(s->magic == SERVER_MAGIC);
	must(allowed[from] & (1u << to));
	log_noise(&s->log, "%s -> %s", state_names[from], state_names[to]);
	s->state = to;
	list_remove(&s->member);
	/* The idle one that was used last is the first of its list. */
	if (to == SERVER_IDLE)
		list_prepend(&s->lane->servers[to], &s->member);
	else
		list_append(&s->lane->servers[to], &s->member);
	s->lane->count[from]--;
	s->lane->count[to]++;
	s->pool->count[from]--;
	s->pool->count[to]++;
	s->used = loop_now(s->pooler->loop);
}

/* Has only the way to the host been lost? Then the host may still hold its
 * end, and the ticket counts for another while. */
static bool
is_lost(const struct server *s, int error)
{
	return error != 0 && error != ECONNRESET && error != EPIPE &&
	    ticket_is_counted(&s->ticket);
}

static void
linger(struct server *s)
{
	deadline_arm(&s->pooler->server_deadlines, &s->deadline,
	    GOODBYE_USEC);
}

/* Nothing a closing server says is of interest but its end. */
static void
on_closing_end(struct conn *c, int error)
{
	struct server *s = server_of(c);

	if (!is_lost(s, error)) {
		server_gone(s);
		return;
	}
	conn_close(c);
	linger(s);
}

static void
on_closing_bytes(struct conn *c, const unsigned char *p, size_t n)
{
	(void)p;
	conn_consume(c, n);
}

static const struct conn_ops closing_ops = {
	.on_bytes = on_closing_bytes,
	.on_end = on_closing_end,
};

/* A backend that is busy when its connection ends lives on until its query is
 * over: where that counts in a budget, the query is cancelled. */
static void
cancel_query(struct server *s)
{
	struct pooler *p = s->pooler;

	if (ticket_is_counted(&s->ticket) && !p->stopping && s->has_key &&
	    conn_is_open(&s->conn) &&
	    tracker_owes(&s->tracker) && list_empty(&s->holds) &&
	    p->on_orphan != NULL)
		p->on_orphan(s);
}

void
server_close(struct server *s, const char *why)
{
	static const char terminate[] = { FE_TERMINATE, 0, 0, 0, 4 };
	bool polite = s->dial == NULL && !s->said_goodbye &&
	    conn_is_open(&s->conn);
	void (*on_lost)(struct server *) = s->errand.on_lost;
	bool lost = s->state != SERVER_LOGIN && is_lost(s, s->conn.error);

	if (s->state == SERVER_CLOSING)
		return;
	must(s->link == NULL);
	if (s->pooler->config->log_disconnections)
		log_info(&s->log, "closing because: %s (age=%llds)", why,
		    (long long)(mono_between(s->born,
			loop_now(s->pooler->loop)) / 1000000));
	cancel_query(s);
	server_set_state(s, SERVER_CLOSING);
	if (on_lost != NULL)
		on_lost(s);
	s->errand = (struct errand){ 0 };
	s->on_set = NULL;
	s->pool->database->servers.held--;
	s->pool->user->servers.held--;
	s->conn.ops = &closing_ops;
	if (polite)
		conn_send(&s->conn, terminate, sizeof terminate);
	budget_return(&s->ticket);
	s->hooks->closed(s);
	if (!conn_is_open(&s->conn) && !lost) {
		server_gone(s);
		return;
	}
	conn_finish(&s->conn);
	linger(s);
}

void
server_late(struct server *s)
{
	must(s->state == SERVER_CLOSING);
	if (!ticket_is_counted(&s->ticket) || conn_has_ended(&s->conn)) {
		server_gone(s);
		return;
	}
	log_warning(&s->log, "the server does not let go of this connection: "
	    "it still counts in the budget");
	budget_give_up(&s->ticket);
}

void
server_gone(struct server *s)
{
	struct pooler *p = s->pooler;
	struct list *n;

	must(s->state == SERVER_CLOSING);
	if (s->place == UINT32_MAX)
		return;
	while ((n = list_pop(&s->holds)) != NULL)
		container_of(n, struct server_hold, member)->server = NULL;
	conn_close(&s->conn);
	deadline_disarm(&s->deadline);
	roster_remove(&p->servers, s->place);
	s->place = UINT32_MAX;
	list_remove(&s->member);
	s->lane->count[SERVER_CLOSING]--;
	s->pool->count[SERVER_CLOSING]--;
	list_append(&p->dead_servers, &s->member);
	chore_add(p->loop, &p->burial);
	budget_give(&s->ticket);
	s->hooks->gone(s);
}

void
server_hold(struct server *s, struct server_hold *h)
{
	must(s->state != SERVER_CLOSING);
	h->server = s;
	list_init(&h->member);
	list_append(&s->holds, &h->member);
}

void
server_unhold(struct server_hold *h)
{
	struct server *s = h->server;

	if (s == NULL)
		return;
	h->server = NULL;
	list_remove(&h->member);
	if (list_empty(&s->holds) && s->state == SERVER_BEING_CANCELED)
		s->hooks->unheld(s);
}

void
server_destroy(struct server *s)
{
	must(s->magic == SERVER_MAGIC && s->state == SERVER_CLOSING);
	must(s->dial == NULL && list_empty(&s->holds));
	prepared_close(s);
	tracker_fini(&s->tracker);
	paramset_unref(s->params);
	extras_unref(s->extras);
	s->magic = 0;
	slab_give(&s->pooler->server_slab, s);
}

struct server *
server_of(struct conn *c)
{
	struct server *s = container_of(c, struct server, conn);

	must(s->magic == SERVER_MAGIC);
	return s;
}
