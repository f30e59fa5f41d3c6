/*
 * client.c - the life of a client connection, and its departure.
 *
 *   LOGIN -> IDLE <-> WAITING -> ACTIVE -> IDLE      transactions
 *         -> CONSOLE                                 a console session
 *         -> CANCEL                                  a cancel request
 *   any -> CLOSING                                   our last word
 *
 * Whatever way a client goes, leave() undoes what was counted: its place in
 * the queue, its server, its session. This file does not know how a client
 * logs in (login.c), nor what it sends (request.c).
 */
#include "pool/client.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/must.h"
#include "config/config.h"
#include "net/loop.h"
#include "pgwire/extras.h"
#include "pgwire/messages.h"
#include "pgwire/writer.h"
#include "pool/database.h"
#include "pool/fairness.h"
#include "pool/pool.h"
#include "pool/pools.h"
#include "pool/prepared.h"
#include "pool/retry.h"
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
	[CLIENT_ACTIVE] = TO(IDLE) | TO(WAITING) | TO(CLOSING),
	[CLIENT_CONSOLE] = TO(CLOSING),
	[CLIENT_CANCEL] = TO(CLOSING),
	[CLIENT_CLOSING] = 0,
};

static const char *const state_names[CLIENT_NSTATES] = {
#define X(id, name) name,
	CLIENT_STATES(X)
#undef X
};

static const struct conn_ops closing_ops;

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
	    c->session != NULL ? c->pooler->console.name(c->session) :
	    "(nodb)",
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
	queue_release_keys(&c->wait);
	retry_end(&c->link);
	route_forget(&c->routing);
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

void
client_finish(struct client *c, const char *why)
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
	const struct error_fields e = {
		.severity = "FATAL", .message = f->message, .detail = detail,
		.code = f->sqlstate[0] != '\0' ? f->sqlstate :
		    SQLSTATE_PROTOCOL_VIOLATION,
	};

	client_efail(c, &e);
}

void
client_efail(struct client *c, const struct error_fields *e)
{
	struct text text = { 0 };

	if (c->state == CLIENT_CLOSING)
		return;
	if (c->pooler->config->log_pooler_errors)
		log_warning(&c->log, "pooler error: %s", e->message);
	if (!is_mid_message(c)) {
		writer_error(&text, e);
		conn_send(&c->conn, text.p, text.n);
		text_fini(&text);
	}
	client_finish(c, e->message);
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
	must(c->wait.keys[0] == NULL && c->wait.keys[1] == NULL);
	paramset_unref(c->link.params);
	paramset_unref(c->link.startup);
	session_forget_reset(&c->link);
	extras_unref(c->link.extras);
	prepared_forget(&c->link);
	paramset_unref(c->asked);
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
