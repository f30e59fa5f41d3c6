/*
 * request.c - what a client that is logged in sends, and how it gets a
 * server for it.
 *
 * Frames of an idle client are peeked: the first one that needs a server
 * makes it wait, and its bytes stay with the conn until it has one. From
 * then on they are the relay's. At rest, in transaction pooling, the server
 * goes back and the client is idle again.
 *
 * End of file from a client is its departure, also when it only shut down
 * its sending side: a client that leaves its place in the queue must be
 * noticed at once, and drivers do not half-close.
 */
#include "pool/request.h"

#include <stdio.h>
#include <string.h>
#include <xxhash.h>

#include "base/log.h"
#include "base/must.h"
#include "config/config.h"
#include "net/loop.h"
#include "pgwire/frame.h"
#include "pgwire/messages.h"
#include "pgwire/writer.h"
#include "pool/client.h"
#include "pool/pool.h"
#include "pool/pools.h"
#include "pool/database.h"
#include "pool/retry.h"
#include "pool/session.h"
#include "pool/sides.h"
#include "pool/state.h"
#include "pool/user.h"

/* Servers that one request may lose before it was sent to any. */
#define LOSSES_MAX 2

static const struct link_hooks link_hooks;

static struct mono
now_of(const struct client *c)
{
	return loop_now(c->pooler->loop);
}

/*
 * Getting a server.
 */

static void refuse_cycle(struct client *, const struct error_fields *);
static size_t discard(struct client *, const struct frame *, size_t n);
static void arm_idle(struct client *);
static void ask_again(struct client *);

/* PostgreSQL refuses what this client asked for when it connected: each of
 * its queries gets that answer, in PostgreSQL's words. */
static void
refuse_dress(struct client *c, const struct failure *f)
{
	const struct error_fields e = {
		.severity = "ERROR", .code = f->sqlstate,
		.message = f->message,
		.detail = "invalid server parameter: this client asked for "
		    "it when it connected",
	};

	if (c->pooler->config->log_pooler_errors)
		log_warning(&c->log, "pooler error: %s", e.message);
	client_set_state(c, CLIENT_IDLE);
	arm_idle(c);
	refuse_cycle(c, &e);
	conn_redeliver(&c->conn);
}

/* It has a server that wears its settings. */
static void
go_on(struct client *c)
{
	struct str again;
	size_t took = 0;

	client_set_state(c, CLIENT_ACTIVE);
	if (c->link.retry != NULL) {
		again = retry_next(&c->link);
		if (again.n > 0 && (relay_from_client(&c->link,
		    (const unsigned char *)again.p, again.n, &took) !=
		    RELAY_OK || took != again.n)) {
			client_fail(c, SQLSTATE_CONNECTION_FAILURE,
			    "server conn crashed?");
			return;
		}
	}
	conn_redeliver(&c->conn);
}

static void
on_dressed(struct server *s, const struct failure *f)
{
	struct client *c = container_of(s->link, struct client, link);
	struct failure why;

	if (f != NULL && s->close_needed) {
		/* It may be another client's fault: another server, then. */
		relay_unlink(&c->link);
		ask_again(c);
		pool_release(s);
		return;
	}
	if (f != NULL) {
		/* The refused SET changed nothing: the server is clean. */
		why = *f;
		relay_unlink(&c->link);
		pool_release(s);
		refuse_dress(c, &why);
		return;
	}
	go_on(c);
}

static void
on_granted(struct wait *w, struct server *s)
{
	struct client *c = container_of(w, struct client, wait);

	must(c->state == CLIENT_WAITING);
	deadline_disarm(&c->deadline);
	c->link.single_statements = c->pool->mode == POOL_STATEMENT;
	relay_link(&c->link, s);
	if (c->link.retry == NULL && (c->routing.begin != NULL ||
	    (s->pool->serves != 0 && c->pool->mode != POOL_SESSION))) {
		retry_start(&c->link, w->route, c->routing.begin);
		c->routing.begin = NULL;
	}
	if (!session_fits(&c->link, s))
		session_put_on(&c->link, on_dressed);
	else
		go_on(c);
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
refuse_next(struct client *c, const struct error_fields *e)
{
	struct text text = { 0 };

	writer_error(&text, e);
	conn_send(&c->conn, text.p, text.n);
	text_fini(&text);
	c->refusing = true;
}

/* Answer what it has sent with an error, up to the end of the cycle. The
 * error goes out now: who has sent a Flush instead of a Sync waits for it.
 * What a server had been sent already is not with the conn any more. */
static void
refuse_cycle(struct client *c, const struct error_fields *e)
{
	struct str kept = retry_take_back(&c->link);
	struct frame f;
	size_t take;

	if (route_is_in_block(&c->routing) || retry_is_in_block(&c->link))
		route_fail_block(&c->routing);
	refuse_next(c, e);
	while (frame_peek((const unsigned char *)kept.p, kept.n,
	    UINT32_MAX / 8, &f) == PARSE_OK) {
		if (!c->refusing)
			refuse_next(c, e);
		take = discard(c, &f, kept.n);
		kept.p += take;
		kept.n -= take;
	}
	retry_end(&c->link);
}

bool
request_is_admitted(struct client *c, enum want want)
{
	char detail[160];
	struct error_fields e = {
		.severity = "ERROR", .code = SQLSTATE_TOO_MANY_CONNECTIONS,
		.message = "too many clients wait for a server",
		.detail = detail,
		.hint = "Try again after a pause, longer each time.",
	};

	if (pool_admits(sides_choose(c->pool, want, c->wait.route), want,
	    detail, sizeof detail))
		return true;
	if (c->state == CLIENT_LOGIN) {
		e.severity = "FATAL";
		client_efail(c, &e);
		return false;
	}
	if (c->pooler->config->log_pooler_errors)
		log_warning(&c->log, "pooler error: %s", e.message);
	refuse_cycle(c, &e);
	request_idle_anew(c);
	return false;
}

static void
wait_for_server(struct client *c)
{
	struct pooler *p = c->pooler;
	int64_t notify = p->config->query_wait_notify;
	int64_t limit = wait_limit(c);

	client_set_state(c, CLIENT_WAITING);
	c->wait.want = WANT_SERVER;
	if (c->pool->serves != 0)
		c->wait.number = XXH3_64bits(c->addr.ip,
		    sizeof c->addr.ip);
	c->wait.granted = on_granted;
	c->wait.refused = on_refused;
	sides_acquire(c->pool, &c->wait);
	if (c->wait.pool == NULL)
		return;
	if (notify > 0 && (limit == 0 || notify < limit))
		deadline_arm(&p->notify_deadlines, &c->deadline, notify);
	else
		deadline_arm(&p->wait_deadlines, &c->deadline, limit);
}

/* The server it had is of no use, and it has seen nothing of that. */
static void
ask_again(struct client *c)
{
	client_set_state(c, CLIENT_IDLE);
	if (c->link.retry != NULL)
		c->wait.route = retry_route(&c->link, pools_has_host(c->pool));
	wait_for_server(c);
}

static void
want_server(struct client *c)
{
	struct pooler *p = c->pooler;

	if (p->draining && p->shutdown == SHUTDOWN_WAIT_FOR_SERVERS &&
	    c->pool->count[SERVER_IDLE] == 0) {
		client_fail(c, SQLSTATE_CANNOT_CONNECT_NOW,
		    "server shutting down");
		return;
	}
	if (!request_is_admitted(c, WANT_SERVER))
		return;
	c->request = now_of(c);
	c->losses = 0;
	wait_for_server(c);
}

void
request_notify_late(struct client *c)
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
	    wait_reason_name(pool_wait_reason(&c->wait)));
	e.detail = detail;
	writer_notice(&text, &e);
	conn_send(&c->conn, text.p, text.n);
	text_fini(&text);
	if (limit == 0)
		return;
	/* Zero would mean no limit: also one that is over ends at once. */
	limit -= mono_between(c->wait.since, now_of(c));
	deadline_arm(&p->wait_deadlines, &c->deadline, limit > 0 ? limit : 1);
}

void
request_wait_late(struct client *c)
{
	struct failure wait = { .sqlstate = SQLSTATE_TOO_MANY_CONNECTIONS,
		.message = "query_wait_timeout" };
	struct failure query = { .sqlstate = SQLSTATE_QUERY_CANCELED,
		.message = "query_timeout" };
	char detail[128];

	if (c->pooler->suspended) {
		deadline_arm(&c->pooler->wait_deadlines, &c->deadline,
		    wait_limit(c));
		return;
	}
	snprintf(detail, sizeof detail, "waited %.1f s because: %s",
	    (double)mono_between(c->wait.since, now_of(c)) / 1e6,
	    wait_reason_name(pool_wait_reason(&c->wait)));
	client_vfail(c, wait_limit(c) == c->pool->query_wait_timeout ?
	    &wait : &query, detail);
}

/* Is it in a block that has no server yet, and may not rest there for ever? */
static bool
is_idle_in_block(const struct client *c)
{
	return route_is_in_block(&c->routing) &&
	    c->pool->idle_transaction_timeout > 0;
}

/* The login user's client_idle_timeout; the pool's user may be another. */
static void
arm_idle(struct client *c)
{
	const struct config *cfg = c->pooler->config;

	if (is_idle_in_block(c)) {
		deadline_arm(&c->pooler->idle_deadlines, &c->deadline,
		    c->pool->idle_transaction_timeout);
		return;
	}
	if (!c->pooler->times_idle_clients)
		return;
	deadline_arm(&c->pooler->idle_deadlines, &c->deadline,
	    config_client_idle_timeout(cfg, c->database->entry,
	    user_config(c->pooler, c->user)));
}

void
request_idle_anew(struct client *c)
{
	if (c->state != CLIENT_IDLE)
		return;
	deadline_disarm(&c->deadline);
	arm_idle(c);
}

void
request_idle_late(struct client *c)
{
	if (c->pooler->suspended)
		request_idle_anew(c);
	else if (c->state == CLIENT_IDLE && is_idle_in_block(c))
		client_fail(c, SQLSTATE_IDLE_IN_TRANSACTION,
		    "idle transaction timeout");
	else if (c->state == CLIENT_IDLE)
		client_fail(c, SQLSTATE_IDLE_SESSION, "client_idle_timeout");
}

bool
request_cancel(struct client *c)
{
	static const struct error_fields canceled = {
		.severity = "ERROR", .code = SQLSTATE_QUERY_CANCELED,
		.message = "canceling statement due to user request",
		.detail = "The query was still waiting for a server.",
	};

	if (c->state != CLIENT_WAITING || c->wait.pool == NULL)
		return false;
	deadline_disarm(&c->deadline);
	pool_cancel(&c->wait);
	client_set_state(c, CLIENT_IDLE);
	arm_idle(c);
	refuse_cycle(c, &canceled);
	conn_redeliver(&c->conn);
	return true;
}

/*
 * What an idle client sends.
 */

static void
end_cycle(struct client *c)
{
	struct text text = { 0 };

	c->refusing = false;
	writer_ready(&text, c->routing.failed ? 'E' : 'I');
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
	    f->type == FE_FUNCTION_CALL))
		end_cycle(c);
	return take;
}

static void
refuse_in_failed_block(struct client *c)
{
	static const struct error_fields e = {
		.severity = "ERROR", .code = "25P02",
		.message = "current transaction is aborted, commands ignored "
		    "until end of transaction block",
	};

	refuse_cycle(c, &e);
}

/* Something that needs a server, unless it can be answered without one.
 * False: more of it is needed to know which. */
static bool
take_request(struct client *c, const unsigned char *p, size_t n, size_t *at)
{
	size_t bytes = 0;

	if (!sides_has_two(c->pool) && !route_is_in_block(&c->routing)) {
		c->wait.route = ROUTE_PRIMARY;
		want_server(c);
		return true;
	}
	switch (route_request(c, p + *at, n - *at, &c->wait.route, &bytes)) {
	case ROUTE_SERVER:
		want_server(c);
		return true;
	case ROUTE_DONE:
		*at += bytes;
		request_idle_anew(c);
		return true;
	case ROUTE_FAILED:
		refuse_in_failed_block(c);
		request_idle_anew(c);
		return true;
	case ROUTE_MORE:
		break;
	}
	conn_need(&c->conn, bytes);
	return false;
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
			if (!take_request(c, p, n, &at))
				return at;
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
	client_close(client_of(conn), error != 0 ?
	    conn_reason(conn, error) : "client unexpected eof");
}

static const struct conn_ops session_ops = {
	.on_bytes = on_bytes,
	.on_drained = on_drained,
	.on_end = on_end,
};

/*
 * What happens to its link.
 */

/* It keeps its server, perhaps to get its settings back. */
static void
on_session_rest(struct client *c, struct server *s)
{
	if (s->close_needed && c->pooler->config->server_fast_close) {
		client_fail(c, SQLSTATE_ADMIN_SHUTDOWN,
		    "database configuration changed");
	} else if (session_was_reset(&c->link)) {
		client_set_state(c, CLIENT_WAITING);
		session_put_on(&c->link, on_dressed);
	}
}

static void
on_rest(struct link *link)
{
	struct client *c = container_of(link, struct client, link);
	struct server *s = link->server;

	session_tell(link);
	if (c->pool->mode == POOL_SESSION) {
		retry_end(link);
		on_session_rest(c, s);
		return;
	}
	relay_unlink(link);
	retry_end(link);
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

static bool
stays(struct link *link, const unsigned char *p, size_t n)
{
	return route_stays(container_of(link, struct client, link), p, n);
}

static void
on_again(struct link *link)
{
	struct client *c = container_of(link, struct client, link);
	struct server *s = relay_unlink(link);

	ask_again(c);
	pool_release(s);
}

/* While it was given its settings nothing of the client's was under way. */
static bool
may_ask_again(struct client *c)
{
	return retry_is_due(&c->link) ||
	    (c->state == CLIENT_WAITING && c->losses++ < LOSSES_MAX);
}

static void
on_lost(struct link *link, const char *why, bool told)
{
	struct client *c = container_of(link, struct client, link);

	if (!told && may_ask_again(c))
		ask_again(c);
	else if (told)
		client_finish(c, why);
	else
		client_fail(c, SQLSTATE_CONNECTION_FAILURE,
		    "server conn crashed?");
}

static const struct link_hooks link_hooks = {
	on_rest, on_block, stays, on_again, on_lost
};

void
request_start(struct client *c)
{
	deadline_disarm(&c->deadline);
	c->link.hooks = &link_hooks;
	client_set_state(c, CLIENT_IDLE);
	route_start(c);
	arm_idle(c);
	c->conn.ops = &session_ops;
	c->pool->stats.client_login_count++;
	conn_redeliver(&c->conn);
}
