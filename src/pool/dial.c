/*
 * dial.c - connecting and logging in to PostgreSQL as a client.
 *
 * The messages are those of "Start-up" and "SASL Authentication" in the
 * chapter "Frontend/Backend Protocol" of the PostgreSQL manual. TLS comes
 * before, if it is wanted. Each message is
 * waited for whole, so none may be larger than LOGIN_MESSAGE_MAX. Until the
 * server has proved that it knows the password too, nothing it says is
 * believed; its errors go to the pool, which decides who gets to see them.
 */
#include "pool/dial.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/must.h"
#include "cluster/credentials.h"
#include "cluster/host.h"
#include "config/config.h"
#include "net/resolve.h"
#include "net/tls.h"
#include "pgwire/frame.h"
#include "pgwire/messages.h"
#include "pgwire/params.h"
#include "pgwire/reader.h"
#include "pgwire/sasl.h"
#include "pgwire/scram.h"
#include "pgwire/writer.h"
#include "pool/database.h"
#include "pool/errand.h"
#include "pool/lane.h"
#include "pool/pools.h"
#include "pool/relay.h"
#include "pool/session.h"
#include "pool/state.h"
#include "pool/user.h"

#define ADDRS_MAX 64
#define LOGIN_MESSAGE_MAX (64u * 1024)
#define WELCOME_MAX (64u * 1024)        /* kept, and told to each client */

enum dial_step { DIAL_CONNECTING, DIAL_ASKING, DIAL_SHAKING, DIAL_LOGIN };

struct dial {
	struct server *server;
	enum dial_step step;
	struct lookup lookup;
	struct chore failing;           /* so that nobody fails in dial_start */
	struct failure failure;
	struct addr addrs[ADDRS_MAX];
	unsigned naddrs, tried, first;
	struct scram_client scram;
	bool authenticated;
	struct text welcome;            /* ParameterStatus that nobody tracks */
};

static void connect_next(struct dial *);
static const struct conn_ops dial_ops;

static void
destroy(struct dial *d)
{
	lookup_cancel(&d->lookup);
	chore_cancel(&d->failing);
	scram_client_fini(&d->scram);
	text_fini(&d->welcome);
	d->server->dial = NULL;
	mem_free(d);
}

void
dial_abandon(struct server *s)
{
	if (s->dial != NULL)
		destroy(s->dial);
}

static void
on_failing(struct chore *c)
{
	struct dial *d = container_of(c, struct dial, failing);
	struct server *s = d->server;
	struct failure f = d->failure;

	deadline_disarm(&s->deadline);
	log_warning(&s->log, "%s%s", s->said_goodbye ?
	    "server login failed: " : "", f.message);
	s->hooks->failed(s, &f);
}

/* Give up, at the end of this turn. The first reason counts. */
static void
fail(struct dial *d, const char *sqlstate, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

static void
fail(struct dial *d, const char *sqlstate, const char *fmt, ...)
{
	struct server *s = d->server;
	va_list ap;

	if (!list_empty(&d->failing.member))
		return;
	if (fmt != NULL) {
		va_start(ap, fmt);
		vsnprintf(d->failure.message, sizeof d->failure.message, fmt,
		    ap);
		va_end(ap);
		snprintf(d->failure.sqlstate, sizeof d->failure.sqlstate,
		    "%s", sqlstate);
		/* What has a code will not pass by itself: those who wait
		 * are told, as if the server had said it. */
		d->failure.from_server = sqlstate[0] != '\0';
	}
	/* The host may have begun a backend: where that counts its end is
	 * waited for. */
	if (!conn_is_open(&s->conn) || !ticket_is_counted(&s->ticket))
		conn_close(&s->conn);
	lookup_cancel(&d->lookup);
	chore_add(s->pooler->loop, &d->failing);
}

/*
 * Connecting.
 */

static void
on_addrs(struct lookup *l, const struct addr *addrs, unsigned n,
    const char *error)
{
	struct dial *d = container_of(l, struct dial, lookup);
	struct host *h = d->server->lane->host;

	if (n == 0) {
		fail(d, "", "DNS lookup failed: %s: %s", h->name, error);
		return;
	}
	d->naddrs = n < ADDRS_MAX ? n : ADDRS_MAX;
	memcpy(d->addrs, addrs, d->naddrs * sizeof *addrs);
	d->first = h->turn % d->naddrs;
	connect_next(d);
}

static void
dial_unix(struct dial *d)
{
	struct server *s = d->server;
	struct host *h = s->lane->host;
	char *path = host_unix_path(h);
	struct sockaddr_storage ss;
	socklen_t len;

	s->addr = (struct addr){ .family = AF_UNIX, .port = h->port };
	if (addr_unix(path, &ss, &len) == -1 ||
	    conn_dial(&s->conn, (struct sockaddr *)&ss, len) == -1)
		fail(d, "", "cannot connect to %s: %s", path,
		    strerror(errno));
	mem_free(path);
}

/* Try the next address; when none is left, the last reason stands. */
static void
connect_next(struct dial *d)
{
	struct server *s = d->server;
	struct sockaddr_storage ss;
	socklen_t len;
	char ip[64];

	while (d->tried < d->naddrs) {
		s->addr = d->addrs[(d->first + d->tried++) % d->naddrs];
		len = addr_to_sockaddr(&s->addr, &ss);
		if (conn_dial(&s->conn, (struct sockaddr *)&ss, len) == 0)
			return;
		snprintf(d->failure.message, sizeof d->failure.message,
		    "cannot connect to %s:%u: %s",
		    addr_format(&s->addr, ip, sizeof ip),
		    (unsigned)s->addr.port, strerror(errno));
	}
	fail(d, "", NULL);
}

static void
on_end(struct conn *c, int error)
{
	struct server *s = server_of(c);
	struct dial *d = s->dial;
	bool was_up = c->out != NULL || s->has_key || d->authenticated;
	char ip[64];

	if (error != 0 && c->tls != NULL) {
		fail(d, "", d->step == DIAL_SHAKING ?
		    "TLS handshake failed: %s" : "TLS failed: %s",
		    conn_reason(c, error));
		return;
	}
	conn_close(c);
	if (error == 0 || was_up) {
		fail(d, "", "server closed the connection during login");
		return;
	}
	snprintf(d->failure.message, sizeof d->failure.message,
	    "cannot connect to %s:%u: %s",
	    addr_format(&s->addr, ip, sizeof ip), (unsigned)s->addr.port,
	    strerror(error));
	if (s->addr.family == AF_UNIX)
		fail(d, "", NULL);
	else
		connect_next(d);
}

static void
send_startup(struct dial *d)
{
	struct server *s = d->server;
	const struct config_database *e = s->pool->database->entry;
	const struct writer_pair pairs[] = {
		{ "user", pools_credentials(s->pool)->user },
		{ "database", database_dbname(s->pool->database) },
		{ "client_encoding", e->client_encoding },
		{ "DateStyle", e->datestyle },
		{ "TimeZone", e->timezone },
		{ "application_name", e->application_name },
		{ "search_path", s->pool->purpose == BUDGET_AUTH ?
			"pg_catalog" : NULL },
	};
	struct text text = { 0 };

	d->step = DIAL_LOGIN;
	writer_startup(&text, PROTOCOL_3_0, pairs, countof(pairs));
	conn_send(&s->conn, text.p, text.n);
	text_fini(&text);
}

/* Where the connection stands as to TLS. */
static void
go_on(struct dial *d, enum secure_next next, const char *why)
{
	switch (next) {
	case SECURE_PLAIN:
		send_startup(d);
		break;
	case SECURE_ASKED:
		d->step = DIAL_ASKING;
		break;
	case SECURE_BEGUN:
		d->step = DIAL_SHAKING;
		break;
	case SECURE_REFUSED:
		fail(d, "", "%s", why);
		break;
	}
}

static void
on_connect(struct conn *c)
{
	struct server *s = server_of(c);
	struct sockaddr_storage ss;
	socklen_t len = sizeof ss;
	char ip[64];

	if (s->addr.family != AF_UNIX &&
	    getsockname(c->fd, (struct sockaddr *)&ss, &len) == 0)
		s->local = addr_from_sockaddr((struct sockaddr *)&ss);
	else
		s->local = s->addr;
	/* The next connection begins with the next address. */
	s->lane->host->turn = s->dial->first + s->dial->tried;
	if (s->pooler->config->log_connections)
		log_info(&s->log, "new connection to server (from %s:%u)",
		    addr_format(&s->local, ip, sizeof ip),
		    (unsigned)s->local.port);
	go_on(s->dial, s->addr.family == AF_UNIX ? SECURE_PLAIN :
	    secure_begin(s->pooler, c, s->lane->host->name), "");
}

static void
on_secure(struct conn *c)
{
	struct server *s = server_of(c);
	char tls[80];

	if (s->pooler->config->log_connections)
		log_info(&s->log, "SSL established: %s",
		    tls_describe(c, tls, sizeof tls));
	send_startup(s->dial);
}

/*
 * Authentication.
 */

static void
send_text(struct dial *d, struct text *text)
{
	conn_send(&d->server->conn, text->p, text->n);
	crypto_wipe_text(text);
}

static void
answer_cleartext(struct dial *d)
{
	const struct credentials *c = pools_credentials(d->server->pool);
	struct text text = { 0 };

	/* Who strips TLS off may ask in the server's place. */
	if (!tls_is_on(&d->server->conn) && !addr_is_local(&d->server->addr) &&
	    !d->server->pooler->config->server_plain_passwords) {
		fail(d, "28P01", "server login failed: it asks for the "
		    "password itself without TLS (server_plain_passwords)");
		return;
	}
	if (c->secret.kind != SECRET_PLAIN) {
		fail(d, "28P01", "server login failed: wrong password type");
		return;
	}
	writer_password(&text, c->secret.text);
	send_text(d, &text);
}

static void
answer_md5(struct dial *d, struct reader *r)
{
	const struct credentials *c = pools_credentials(d->server->pool);
	struct str salt = reader_bytes(r, MD5_SALT_SIZE);
	char answer[MD5_TEXT_ROOM];
	struct text text = { 0 };

	if (!reader_done(r)) {
		fail(d, "08P01", "broken authentication request");
		return;
	}
	if (!secret_answers_md5(&c->secret, str_of(c->user),
	    (const unsigned char *)salt.p, answer)) {
		fail(d, "28P01", "server login failed: wrong password type");
		return;
	}
	writer_password(&text, answer);
	crypto_wipe(answer, sizeof answer);
	send_text(d, &text);
}

static void
begin_scram(struct dial *d, struct reader *r)
{
	const struct credentials *c = pools_credentials(d->server->pool);
	unsigned char random[SCRAM_RANDOM_SIZE], binding[TLS_DIGEST_MAX];
	struct str bound = { (char *)binding,
		tls_binding(&d->server->conn, binding) };
	struct sasl_offer offer;
	struct text first = { 0 }, text = { 0 };
	const char *mechanism;
	enum scram rc;

	if (!sasl_offer_parse(&offer, reader_rest(r))) {
		fail(d, "08P01", "broken authentication request");
		return;
	}
	if (c->secret.kind != SECRET_PLAIN && c->keys == NULL) {
		fail(d, "28P01", "server login failed: wrong password type");
		return;
	}
	crypto_random_take(&d->server->pooler->random, random, sizeof random);
	scram_client_init(&d->scram, random);
	rc = scram_client_choose(&d->scram, &offer, bound, false, &mechanism);
	if (rc != SCRAM_OK) {
		fail(d, "08P01", "server login failed: %s", scram_why(rc));
		return;
	}
	scram_client_first(&d->scram, &first);
	writer_sasl_initial(&text, mechanism, first.p, first.n);
	text_fini(&first);
	send_text(d, &text);
}

static void
continue_scram(struct dial *d, struct reader *r)
{
	struct credentials *c = pools_credentials(d->server->pool);
	struct scram_login login = {
		.password = c->secret.kind == SECRET_PLAIN ?
		    secret_text(&c->secret) : (struct str){ NULL, 0 },
		.keys = c->keys,
	};
	struct text final = { 0 }, text = { 0 };
	enum scram rc;

	rc = scram_client_final(&d->scram, reader_rest(r), &login, &final);
	if (rc != SCRAM_OK) {
		fail(d, "28P01", "server login failed: %s", scram_why(rc));
	} else {
		if (d->scram.derived)
			credentials_keep(c, &d->scram.keys);
		writer_sasl_response(&text, final.p, final.n);
		send_text(d, &text);
	}
	crypto_wipe_text(&final);
}

static void
finish_scram(struct dial *d, struct reader *r)
{
	enum scram rc = scram_client_verify(&d->scram, reader_rest(r));

	if (rc != SCRAM_OK)
		fail(d, "08P01", "server login failed: %s", scram_why(rc));
}

/* Is this message the server's turn? One that skips or repeats a step of the
 * exchange is refused here: scram.c takes the order for granted. */
static bool
is_at(struct dial *d, bool begun, enum scram_step step)
{
	if (d->scram.first_made == begun && d->scram.step == step)
		return true;
	fail(d, "08P01", "unexpected authentication request");
	return false;
}

static void
on_authentication(struct dial *d, struct reader *r)
{
	uint32_t request = reader_u32(r);

	if (d->authenticated || !reader_ok(r)) {
		fail(d, "08P01", "unexpected authentication request");
		return;
	}
	switch (request) {
	case AUTH_OK:
		if (d->scram.first_made && !scram_client_is_verified(&d->scram))
			fail(d, "08P01",
			    "server login failed: invalid server signature");
		d->authenticated = true;
		break;
	case AUTH_CLEARTEXT:
		answer_cleartext(d);
		break;
	case AUTH_MD5:
		answer_md5(d, r);
		break;
	case AUTH_SASL:
		if (is_at(d, false, SCRAM_STEP_FIRST))
			begin_scram(d, r);
		break;
	case AUTH_SASL_CONTINUE:
		if (is_at(d, true, SCRAM_STEP_FIRST))
			continue_scram(d, r);
		break;
	case AUTH_SASL_FINAL:
		if (is_at(d, true, SCRAM_STEP_FINAL))
			finish_scram(d, r);
		break;
	default:
		fail(d, "08P01", "unknown/unsupported auth method: %u",
		    (unsigned)request);
		break;
	}
}

/*
 * After authentication.
 */

static void
on_parameter(struct dial *d, struct reader *r)
{
	struct server *s = d->server;
	const char *name = reader_cstring(r);
	const char *value = reader_cstring(r);
	int i;

	if (!reader_done(r)) {
		fail(d, "08P01", "broken ParameterStatus packet");
		return;
	}
	if (strcmp(name, "in_hot_standby") == 0 &&
	    s->pool->database->topology != NULL) {
		if (strcmp(value, "on") == 0 &&
		    s->pool->serves == ROLE_BIT(ROLE_PRIMARY))
			fail(d, "", "the host is a replica now");
		return;
	}
	i = param_names_find(s->pooler->names, name);
	if (i < 0) {
		writer_parameter_status(&d->welcome, name, value);
		if (d->welcome.n > WELCOME_MAX)
			fail(d, "08P01", "too many ParameterStatus packets");
		return;
	}
	params_set(&s->params, (unsigned)i, value);
	s->reported |= UINT64_C(1) << i;
}

static void
on_key(struct server *s, struct reader *r)
{
	struct str key = reader_rest(r);

	/* A key of another length comes from a newer protocol, which we did
	 * not ask for; then there is no cancelling. */
	s->has_key = key.n == sizeof s->key;
	if (s->has_key)
		memcpy(s->key, key.p, sizeof s->key);
}

static void
go_up(struct server *s)
{
	deadline_disarm(&s->deadline);
	s->hooks->up(s);
}

static void
on_connect_query_done(struct server *s, const struct failure *f)
{
	struct failure copy;

	if (f == NULL) {
		go_up(s);
		return;
	}
	copy = *f;
	deadline_disarm(&s->deadline);
	log_warning(&s->log, "error in connect_query: %s", copy.message);
	s->hooks->failed(s, &copy);
}

static void
on_ready(struct dial *d)
{
	struct server *s = d->server;
	const char *sql = s->pool->database->entry->connect_query;

	if (!d->authenticated) {
		fail(d, "08P01", "server is ready before it let us in");
		return;
	}
	pools_set_welcome(s->pool, &d->welcome, s->params);
	destroy(d);
	relay_open(s);
	if (sql != NULL && s->pool->purpose != BUDGET_AUTH)
		errand_start(s, "connect_query", sql, on_connect_query_done);
	else
		go_up(s);
}

static void
on_frame(struct dial *d, const struct frame *f, const unsigned char *p)
{
	struct reader r = reader_of(p + FRAME_HEADER, f->len - FRAME_HEADER);

	switch (f->type) {
	case BE_AUTHENTICATION:
		on_authentication(d, &r);
		break;
	case BE_PARAMETER_STATUS:
		on_parameter(d, &r);
		break;
	case BE_KEY_DATA:
		on_key(d->server, &r);
		break;
	case BE_READY_FOR_QUERY:
		on_ready(d);
		break;
	case BE_ERROR:
		failure_set(&d->failure, r.p, r.left);
		d->server->said_goodbye = true;
		fail(d, NULL, NULL);
		break;
	case BE_NOTICE:
	case BE_NEGOTIATE:
		break;
	default:
		fail(d, "08P01", "unexpected message 0x%02x during login",
		    (unsigned char)f->type);
		break;
	}
}

static void
on_bytes(struct conn *c, const unsigned char *p, size_t n)
{
	struct server *s = server_of(c);
	enum secure_next next;
	const char *why;
	size_t at = 0;
	struct frame f;

	if (s->dial->step == DIAL_ASKING) {
		next = secure_answer(s->pooler, c, s->lane->host->name, p, n,
		    &why);
		go_on(s->dial, next, why);
		return;
	}
	while (s->dial != NULL && list_empty(&s->dial->failing.member)) {
		switch (frame_peek(p + at, n - at, LOGIN_MESSAGE_MAX, &f)) {
		case PARSE_MORE:
			return;
		case PARSE_BAD:
			fail(s->dial, "08P01", "bad pkt header");
			return;
		case PARSE_OK:
			break;
		}
		if (n - at < f.len) {
			conn_need(c, f.len);
			return;
		}
		conn_consume(c, f.len);
		on_frame(s->dial, &f, p + at);
		at += f.len;
	}
}

static const struct conn_ops dial_ops = {
	.on_connect = on_connect,
	.on_secure = on_secure,
	.on_bytes = on_bytes,
	.on_end = on_end,
};

void
dial_late(struct server *s)
{
	struct failure f = { .message = "connect timeout" };

	if (s->dial != NULL) {
		fail(s->dial, "", "connect timeout");
		return;
	}
	/* connect_query takes too long. */
	s->hooks->failed(s, &f);
}

void
dial_start(struct server *s)
{
	struct dial *d = mem_alloc(sizeof *d);
	struct host *h = s->lane->host;

	d->server = s;
	s->dial = d;
	s->conn.ops = &dial_ops;
	s->addr = (struct addr){ .port = h->port };
	lookup_init(&d->lookup, on_addrs);
	chore_init(&d->failing, on_failing);
	deadline_arm(&s->pooler->server_deadlines, &s->deadline,
	    s->pooler->config->server_connect_timeout);
	if (host_is_unix(h))
		dial_unix(d);
	else
		resolver_ask(s->pooler->resolver, h->name, h->port,
		    &d->lookup);
}
