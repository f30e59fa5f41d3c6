/*
 * client.c - a client that is logged in: what it sends, and its departure.
 *
 *   LOGIN -> IDLE <-> WAITING -> ACTIVE -> IDLE      transactions
 *         -> CONSOLE                                 a console session
 *         -> CANCEL                                  a cancel request
 *   any -> CLOSING                                   our last word
 *
 * Frames of an idle client are peeked: the first one that needs a server
 * makes it wait, and its bytes stay with the conn until it has one. From
 * then on they are the relay's. At rest, in transaction pooling, the server
 * goes back and the client is idle again.
 *
 * End of file from a client is its departure, also when it only shut down
 * its sending side: a client that leaves its place in the queue must be
 * noticed at once, and drivers do not half-close.
 *
 * Whatever way a client goes, leave() undoes what was counted: its place in
 * the queue, its server, its session. This file does not know how a client
 * logs in.
 */
#include "pool/client.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/must.h"
#include "config/config.h"
#include "net/loop.h"
#include "pgwire/frame.h"
#include "pgwire/messages.h"
#include "pgwire/writer.h"
#include "pool/database.h"
#include "pool/gate.h"
#include "pool/pool.h"
#include "pool/pools.h"
#include "pool/session.h"
#include "pool/state.h"
#include "pool/user.h"

#define CLIENT_MAGIC 0xc11e4751u
#define LAST_WORD_USEC INT64_C(2000000)

#define TO(s) (1u << CLIENT_##s)
static const unsigned allowed[CLIENT_NSTATES] = {
	[CLIENT_LOGIN] = TO(IDLE) | TO(CONSOLE) | TO(CANCEL) | TO(CLOSING),
	[CLIENT_IDLE] = TO(WAITING) | TO(CLOSING),
	[CLIENT_WAITING] = TO(ACTIVE) | TO(IDLE) | TO(CLOSING),
	[CLIENT_ACTIVE] = TO(IDLE) | TO(CLOSING),
	[CLIENT_CONSOLE] = TO(CLOSING),
	[CLIENT_CANCEL] = TO(CLOSING),
	[CLIENT_CLOSING] = 0,
};

static const char *const state_names[CLIENT_NSTATES] = {
#define X(id, name) name,
	CLIENT_STATES(X)
#undef X
};

static const struct conn_ops session_ops, closing_ops;
static const struct link_hooks link_hooks;

static struct mono
now_of(const struct client *c)
{
	return loop_now(c->pooler->loop);
}

static void
log_prefix(const struct log_ctx *ctx, char *buf, size_t cap)
{
	const struct client *c = container_of(ctx, struct client, log);
	char ip[64];

	snprintf(buf, cap, "C-%llu: %.64s/%.64s@%s:%u",
	    (unsigned long long)c->id,
	    c->database != NULL ? c->database->name :
	    c->session != NULL ? "pgweir" : "(nodb)",
	    c->user != NULL ? c->user->name : "(nouser)",
	    addr_format(&c->addr, ip, sizeof ip), (unsigned)c->addr.port);
}

struct client *
client_create(struct pooler *p, int fd, const struct addr *addr,
    const struct addr *local, const struct conn_ops *ops)
{
	struct client *c = slab_take(&p->client_slab);

	if (c == NULL)
		return NULL;
	c->magic = CLIENT_MAGIC;
	c->state = CLIENT_LOGIN;
	c->pooler = p;
	c->id = p->next_id++;
	c->log.prefix = log_prefix;
	c->addr = *addr;
	c->local = *local;
	c->born = now_of(c);
	c->connect_time = time(NULL);
	c->place = roster_add(&p->clients, c);
	p->counts.all++;
	p->counts.login++;
	list_init(&c->wait.member);
	deadline_init(&c->deadline);
	conn_init(&c->conn, &p->env, ops);
	c->link.conn = &c->conn;
	c->link.hooks = &link_hooks;
	conn_open(&c->conn, fd);
	return c;
}

const char *
client_state_name(enum client_state state)
{
	return state_names[state];
}

void
client_set_state(struct client *c, enum client_state to)
{
	must(c->magic == CLIENT_MAGIC);
	must(allowed[c->state] & (1u << to));
	log_noise(&c->log, "%s -> %s", state_names[c->state],
	    state_names[to]);
	if (c->state == CLIENT_LOGIN)
		c->pooler->counts.login--;
	c->state = to;
}

void
client_enter(struct client *c, struct database *db, struct user *u,
    struct pool *pool)
{
	must(c->user == NULL && c->database == NULL);
	c->user = u;
	u->refs++;
	u->nclients++;
	c->database = db;
	c->pool = pool;
	if (db == NULL) {
		c->pooler->counts.console++;
		return;
	}
	db->nclients++;
	pool->nclients++;
}

/*
 * Leaving.
 */

/* Give the server back if nothing is under way, else close it: nobody else
 * may meet the rest of this transaction. */
static void
drop_server(struct client *c)
{
	struct server *s = c->link.server;
	bool rested;

	if (s == NULL)
		return;
	rested = c->link.passing == 0 && relay_is_clean(s);
	relay_unlink(&c->link);
	if (rested)
		pool_release(s);
	else
		server_close(s, "client disconnect while server was not ready");
}

/* Undo what was counted for this client. */
static void
leave(struct client *c)
{
	struct pooler *p = c->pooler;

	deadline_disarm(&c->deadline);
	pool_cancel(&c->wait);
	drop_server(c);
	if (c->login != NULL)
		p->on_login_left(c);
	if (c->cancel != NULL)
		p->on_cancel_left(c);
	if (c->session != NULL)
		p->console.close(c->session);
	c->session = NULL;
	if (c->user == NULL)
		return;
	c->user->nclients--;
	if (c->database == NULL) {
		p->counts.console--;
	} else {
		c->database->nclients--;
		c->database->unused_since = now_of(c);
		c->pool->nclients--;
	}
}

void
client_bury(struct client *c)
{
	struct pooler *p = c->pooler;

	if (c->place == UINT32_MAX)
		return;
	deadline_disarm(&c->deadline);
	conn_close(&c->conn);
	roster_remove(&p->clients, c->place);
	c->place = UINT32_MAX;
	p->counts.all--;
	list_append(&p->dead_clients, &c->wait.member);
	chore_add(p->loop, &p->burial);
	if (p->on_client_gone != NULL)
		p->on_client_gone(p);
}

static void
log_closing(const struct client *c, const char *why)
{
	if (c->pooler->config->log_disconnections)
		log_info(&c->log, "closing because: %s (age=%llds)", why,
		    (long long)(mono_between(c->born, now_of(c)) / 1000000));
}

void
client_close(struct client *c, const char *why)
{
	if (c->state == CLIENT_CLOSING)
		return;
	log_closing(c, why);
	leave(c);
	client_set_state(c, CLIENT_CLOSING);
	client_bury(c);
}

/* End the client once it has read what was sent to it. */
static void
finish(struct client *c, const char *why)
{
	log_closing(c, why);
	leave(c);
	client_set_state(c, CLIENT_CLOSING);
	c->conn.ops = &closing_ops;
	if (!conn_is_open(&c->conn)) {
		client_bury(c);
		return;
	}
	conn_finish(&c->conn);
	deadline_arm(&c->pooler->login_deadlines, &c->deadline,
	    LAST_WORD_USEC);
}

/* Is a message to this client half sent? Then nothing may come between. */
static bool
is_mid_message(const struct client *c)
{
	const struct server *s = c->link.server;

	return s != NULL && s->passing > 0 && !s->hiding;
}

void
client_vfail(struct client *c, const struct failure *f, const char *detail)
{
	struct error_fields e = {
		.severity = "FATAL", .message = f->message, .detail = detail,
		.code = f->sqlstate[0] != '\0' ? f->sqlstate :
		    SQLSTATE_PROTOCOL_VIOLATION,
	};
	struct text text = { 0 };

	if (c->state == CLIENT_CLOSING)
		return;
	if (c->pooler->config->log_pooler_errors)
		log_warning(&c->log, "pooler error: %s", f->message);
	if (!is_mid_message(c)) {
		writer_error(&text, &e);
		conn_send(&c->conn, text.p, text.n);
		text_fini(&text);
	}
	finish(c, f->message);
}

void
client_fail(struct client *c, const char *sqlstate, const char *fmt, ...)
{
	struct failure f = { 0 };
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(f.message, sizeof f.message, fmt, ap);
	va_end(ap);
	snprintf(f.sqlstate, sizeof f.sqlstate, "%s", sqlstate);
	client_vfail(c, &f, NULL);
}

void
client_destroy(struct client *c)
{
	must(c->magic == CLIENT_MAGIC && c->state == CLIENT_CLOSING);
	must(c->login == NULL && c->link.server == NULL);
	paramset_unref(c->link.params);
	if (c->user != NULL)
		user_release(c->user);
	c->magic = 0;
	slab_give(&c->pooler->client_slab, c);
}

struct client *
client_of(struct conn *conn)
{
	struct client *c = container_of(conn, struct client, conn);

	must(c->magic == CLIENT_MAGIC);
	return c;
}

/*
 * Getting a server.
 */

static void
on_dressed(struct server *s, const struct failure *f)
{
	struct client *c = container_of(s->link, struct client, link);
	struct failure why = { .message = "invalid server parameter" };

	if (f != NULL) {
		/* The refused SET changed nothing: the server is clean. */
		snprintf(why.sqlstate, sizeof why.sqlstate, "%s",
		    f->sqlstate);
		relay_unlink(&c->link);
		pool_release(s);
		client_vfail(c, &why, f->message);
		return;
	}
	client_set_state(c, CLIENT_ACTIVE);
	conn_redeliver(&c->conn);
}

static void
on_granted(struct wait *w, struct server *s)
{
	struct client *c = container_of(w, struct client, wait);

	must(c->state == CLIENT_WAITING);
	deadline_disarm(&c->deadline);
	c->link.single_statements = c->pool->mode == POOL_STATEMENT;
	relay_link(&c->link, s);
	if (!session_fits(&c->link, s)) {
		session_put_on(&c->link, on_dressed);
		return;
	}
	client_set_state(c, CLIENT_ACTIVE);
	conn_redeliver(&c->conn);
}

static void
on_refused(struct wait *w, const struct failure *f)
{
	client_vfail(container_of(w, struct client, wait), f, NULL);
}

/* How long it may wait: query_timeout counts the queue as well. */
static int64_t
wait_limit(const struct client *c)
{
	int64_t wait = c->pool->query_wait_timeout;
	int64_t query = c->state == CLIENT_LOGIN ? 0 :
	    c->pool->query_timeout;

	return wait == 0 || (query > 0 && query < wait) ? query : wait;
}

static void
want_server(struct client *c)
{
	struct pooler *p = c->pooler;
	int64_t notify = p->config->query_wait_notify;
	int64_t limit = wait_limit(c);

	if (p->draining && p->shutdown == SHUTDOWN_WAIT_FOR_SERVERS &&
	    c->pool->count[SERVER_IDLE] == 0) {
		client_fail(c, SQLSTATE_CANNOT_CONNECT_NOW,
		    "server shutting down");
		return;
	}
	client_set_state(c, CLIENT_WAITING);
	c->request = now_of(c);
	c->wait.want = WANT_SERVER;
	c->wait.granted = on_granted;
	c->wait.refused = on_refused;
	pool_acquire(c->pool, &c->wait);
	if (c->wait.pool == NULL)
		return;
	if (notify > 0 && (limit == 0 || notify < limit))
		deadline_arm(&p->notify_deadlines, &c->deadline, notify);
	else
		deadline_arm(&p->wait_deadlines, &c->deadline, limit);
}

void
client_notify_late(struct client *c)
{
	static const struct error_fields notice = {
		.severity = "NOTICE", .code = SQLSTATE_SUCCESS,
		.message = "No server connection available in postgres "
		    "backend, client being queued",
	};
	struct pooler *p = c->pooler;
	struct error_fields e = notice;
	struct text text = { 0 };
	int64_t limit = wait_limit(c);
	char detail[64];

	snprintf(detail, sizeof detail, "waiting because: %s",
	    wait_reason_name(gate_wait_reason(c->pool, &c->wait)));
	e.detail = detail;
	writer_notice(&text, &e);
	conn_send(&c->conn, text.p, text.n);
	text_fini(&text);
	if (limit > 0)
		deadline_arm(&p->wait_deadlines, &c->deadline,
		    limit - mono_between(c->wait.since, now_of(c)));
}

void
client_wait_late(struct client *c)
{
	struct failure wait = { .sqlstate = SQLSTATE_TOO_MANY_CONNECTIONS,
		.message = "query_wait_timeout" };
	struct failure query = { .sqlstate = SQLSTATE_QUERY_CANCELED,
		.message = "query_timeout" };
	char detail[128];

	snprintf(detail, sizeof detail, "waited %.1f s because: %s",
	    (double)mono_between(c->wait.since, now_of(c)) / 1e6,
	    wait_reason_name(gate_wait_reason(c->pool, &c->wait)));
	client_vfail(c, wait_limit(c) == c->pool->query_wait_timeout ?
	    &wait : &query, detail);
}

/* The login user's client_idle_timeout; the pool's user may be another. */
static void
arm_idle(struct client *c)
{
	const struct config *cfg = c->pooler->config;

	if (!c->pooler->times_idle_clients)
		return;
	deadline_arm(&c->pooler->idle_deadlines, &c->deadline,
	    config_client_idle_timeout(cfg, c->database->entry,
	    user_config(c->pooler, c->user)));
}

void
client_idle_late(struct client *c)
{
	if (c->state == CLIENT_IDLE)
		client_fail(c, SQLSTATE_IDLE_SESSION, "client_idle_timeout");
}

bool
client_cancel_wait(struct client *c)
{
	if (c->state != CLIENT_WAITING || c->wait.pool == NULL)
		return false;
	deadline_disarm(&c->deadline);
	pool_cancel(&c->wait);
	client_set_state(c, CLIENT_IDLE);
	arm_idle(c);
	c->refusing = true;
	conn_redeliver(&c->conn);
	return true;
}

/*
 * What an idle client sends.
 */

static void
answer_canceled(struct client *c)
{
	static const struct error_fields e = {
		.severity = "ERROR", .code = SQLSTATE_QUERY_CANCELED,
		.message = "canceling statement due to user request",
		.detail = "The query was still waiting for a server.",
	};
	struct text text = { 0 };

	writer_error(&text, &e);
	writer_ready(&text, 'I');
	conn_send(&c->conn, text.p, text.n);
	text_fini(&text);
}

/* What an idle client's message asks for. */
enum ask { ASK_SERVER, ASK_NOTHING, ASK_MORE, ASK_END };

static enum ask
classify(struct client *c, const unsigned char *p, size_t n, struct frame *f)
{
	uint32_t max = (uint32_t)c->pooler->config->max_packet_size;

	switch (frame_peek(p, n, max, f)) {
	case PARSE_MORE:
		return ASK_MORE;
	case PARSE_BAD:
		client_fail(c, SQLSTATE_PROTOCOL_VIOLATION, "bad pkt header");
		return ASK_END;
	case PARSE_OK:
		break;
	}
	switch (f->type) {
	case FE_TERMINATE:
		client_close(c, "client close request");
		return ASK_END;
	case FE_COPY_DATA:
	case FE_COPY_DONE:
	case FE_COPY_FAIL:
		/* Late: the COPY has failed and its server is gone. */
	case FE_FLUSH:
		return ASK_NOTHING;
	case FE_QUERY:
	case FE_FUNCTION_CALL:
	case FE_PARSE:
	case FE_BIND:
	case FE_DESCRIBE:
	case FE_EXECUTE:
	case FE_CLOSE:
	case FE_SYNC:
		return c->refusing ? ASK_NOTHING : ASK_SERVER;
	default:
		client_fail(c, SQLSTATE_PROTOCOL_VIOLATION, "unknown pkt");
		return ASK_END;
	}
}

/* Drop the frame at p, or as much of it as is here. */
static size_t
discard(struct client *c, const struct frame *f, size_t n)
{
	size_t take = f->len < n ? f->len : n;

	c->discarding = f->len - (uint32_t)take;
	if (c->refusing && (f->type == FE_QUERY || f->type == FE_SYNC ||
	    f->type == FE_FUNCTION_CALL)) {
		c->refusing = false;
		answer_canceled(c);
	}
	return take;
}

/* Handle what an idle client sent; returns what was consumed. When it has
 * got a server meanwhile, the rest is the relay's. */
static size_t
read_idle(struct client *c, const unsigned char *p, size_t n)
{
	size_t at = 0, take;
	struct frame f;

	while (at < n && c->state == CLIENT_IDLE) {
		if (c->discarding > 0) {
			take = c->discarding < n - at ? c->discarding :
			    n - at;
			c->discarding -= (uint32_t)take;
			at += take;
			continue;
		}
		switch (classify(c, p + at, n - at, &f)) {
		case ASK_SERVER:
			want_server(c);
			break;
		case ASK_NOTHING:
			at += discard(c, &f, n - at);
			break;
		case ASK_MORE:
		case ASK_END:
			return at;
		}
	}
	return at;
}

static void
read_linked(struct client *c, const unsigned char *p, size_t n)
{
	size_t took = 0;
	enum relay rc = relay_from_client(&c->link, p, n, &took);

	conn_consume(&c->conn, took);
	switch (rc) {
	case RELAY_OK:
		break;
	case RELAY_TERMINATE:
		client_close(c, "client close request");
		break;
	case RELAY_BAD_HEADER:
		client_fail(c, SQLSTATE_PROTOCOL_VIOLATION, "bad pkt header");
		break;
	case RELAY_UNKNOWN:
		client_fail(c, SQLSTATE_PROTOCOL_VIOLATION, "unknown pkt");
		break;
	case RELAY_NO_QUERY:
		client_fail(c, SQLSTATE_PROTOCOL_VIOLATION,
		    "PQexec disallowed");
		break;
	}
}

static void
on_bytes(struct conn *conn, const unsigned char *p, size_t n)
{
	struct client *c = client_of(conn);
	size_t at = 0;

	if (c->state == CLIENT_IDLE) {
		at = read_idle(c, p, n);
		if (c->state == CLIENT_CLOSING)
			return;
		conn_consume(conn, at);
	}
	if (c->state == CLIENT_ACTIVE && at < n)
		read_linked(c, p + at, n - at);
}

static void
on_drained(struct conn *conn)
{
	struct client *c = client_of(conn);

	if (c->link.server != NULL)
		relay_client_drained(&c->link);
}

static void
on_end(struct conn *conn, int error)
{
	client_close(client_of(conn), error != 0 ? strerror(error) :
	    "client unexpected eof");
}

static const struct conn_ops session_ops = {
	.on_bytes = on_bytes,
	.on_drained = on_drained,
	.on_end = on_end,
};

/*
 * What happens to its link.
 */

static void
on_rest(struct link *link)
{
	struct client *c = container_of(link, struct client, link);
	struct server *s = link->server;

	if (c->pool->mode == POOL_SESSION) {
		if (!s->close_needed || !c->pooler->config->server_fast_close)
			return;
		client_fail(c, SQLSTATE_ADMIN_SHUTDOWN,
		    "database configuration changed");
		return;
	}
	relay_unlink(link);
	client_set_state(c, CLIENT_IDLE);
	arm_idle(c);
	pool_release(s);
	conn_redeliver(&c->conn);
}

static void
on_block(struct link *link)
{
	client_fail(container_of(link, struct client, link),
	    SQLSTATE_PROTOCOL_VIOLATION,
	    "transaction blocks not allowed in statement pooling mode");
}

static void
on_lost(struct link *link, const char *why, bool told)
{
	struct client *c = container_of(link, struct client, link);

	if (told)
		finish(c, why);
	else
		client_fail(c, SQLSTATE_CONNECTION_FAILURE,
		    "server conn crashed?");
}

static const struct link_hooks link_hooks = { on_rest, on_block, on_lost };

/*
 * The end.
 */

static void
on_closing_bytes(struct conn *conn, const unsigned char *p, size_t n)
{
	(void)p;
	conn_consume(conn, n);
}

static void
on_closing_end(struct conn *conn, int error)
{
	(void)error;
	client_bury(client_of(conn));
}

static const struct conn_ops closing_ops = {
	.on_bytes = on_closing_bytes,
	.on_end = on_closing_end,
};

void
client_start(struct client *c)
{
	deadline_disarm(&c->deadline);
	client_set_state(c, CLIENT_IDLE);
	arm_idle(c);
	c->conn.ops = &session_ops;
	c->pool->stats.client_login_count++;
	conn_redeliver(&c->conn);
}
