/*
 * login.c - what a client goes through before its first query.
 *
 *   TLS, by an SSLRequest or at once (GSSENCRequest is answered "N") ->
 *   startup packet ->
 *   checks that need no secret -> who is it (perhaps by auth_query)? ->
 *   authentication -> checks that only one who is authenticated may see the
 *   result of, and the welcome: admission.c.
 *
 * One deadline covers it all.
 *
 * Until the password is checked nothing of the configuration is told, and
 * nothing permanent is made: no database, no pool, no user.
 */
#include "pool/login.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/must.h"
#include "cluster/credentials.h"
#include "config/config.h"
#include "net/tls.h"
#include "pgwire/frame.h"
#include "pgwire/messages.h"
#include "pgwire/reader.h"
#include "pgwire/startup.h"
#include "pgwire/writer.h"
#include "pool/access.h"
#include "pool/admission.h"
#include "pool/cancel.h"
#include "pool/client.h"
#include "pool/login_state.h"
#include "pool/state.h"
#include "pool/user.h"
#include "pool/wishes.h"

#define PASSWORD_MESSAGE_MAX (SECRET_MAX + 1024u)
#define SASL_MESSAGE_MAX (SCRAM_MESSAGE_MAX + 1024u)
#define USER_NAME_MAX 127
#define TLS_HANDSHAKE 0x16      /* the first byte of such a record */

static const struct conn_ops login_ops;

void
login_left(struct client *c)
{
	login_end(c);
}

void
login_accept(struct pooler *p, int fd, const struct addr *addr,
    const struct addr *local)
{
	struct client *c = client_create(p, fd, addr, local, &login_ops);

	if (c == NULL) {
		close(fd);
		return;
	}
	login_begin(c);
	if (!source_enter(p, addr, &c->login->hold)) {
		client_fail(c, SQLSTATE_TOO_MANY_CONNECTIONS,
		    "too many unfinished logins (max_unfinished_logins)");
		return;
	}
	deadline_arm(&p->login_deadlines, &c->deadline,
	    p->config->client_login_timeout);
}

static void
tell_refusal(struct client *c)
{
	client_fail(c, c->login->auth.sqlstate, "%s", c->login->auth.why);
}

void
login_late(struct client *c)
{
	if (c->login->step == STEP_REFUSED) {
		tell_refusal(c);
		return;
	}
	client_fail(c, c->login->step == STEP_WELCOME ?
	    SQLSTATE_TOO_MANY_CONNECTIONS : SQLSTATE_PROTOCOL_VIOLATION, "%s",
	    c->login->step == STEP_WELCOME ?
	    "client_login_timeout (server down)" : "client_login_timeout");
}

/* The name that was tried, whoever it turned out to be. */
static const char *
name_tried(const struct login *l)
{
	return l->asked_name != NULL ? l->asked_name : l->user_name;
}

/* At once, or in a while: who guesses waits, and counts as unfinished while
 * he does. The deadline of the login stays the last moment. */
static void
refuse(struct client *c)
{
	struct pooler *p = c->pooler;
	int64_t delay = p->config->login_failure_delay;

	source_failed(p, &c->addr, name_tried(c->login));
	if (delay == 0) {
		tell_refusal(c);
		return;
	}
	c->login->step = STEP_REFUSED;
	if (!mono_is_set(c->deadline.due) ||
	    mono_between(loop_now(p->loop), c->deadline.due) > delay)
		deadline_arm(&p->login_deadlines, &c->deadline, delay);
}

static void
on_verdict(struct client *c, enum auth_verdict v)
{
	struct login *l = c->login;

	switch (v) {
	case AUTH_CONTINUE:
		login_send(c);
		break;
	case AUTH_ACCEPTED:
		source_leave(c->pooler, &l->hold);
		source_proved(c->pooler, &c->addr, name_tried(l));
		/* What ends the exchange goes with the welcome. */
		admission_begin(c);
		break;
	case AUTH_REFUSED:
		if (c->pooler->config->log_connections)
			log_info(&c->log, "login failed: db=%s user=%s",
			    l->database_name, l->user_name);
		refuse(c);
		break;
	}
}

/*
 * The startup packet.
 */

static bool
is_within_limits(struct client *c)
{
	struct pooler *p = c->pooler;
	struct login *l = c->login;

	if (p->counts.all - p->counts.console >
	    (uint32_t)p->config->max_client_conn &&
	    !config_is_console(l->database_name)) {
		client_fail(c, SQLSTATE_TOO_MANY_CONNECTIONS,
		    "no more connections allowed (max_client_conn)");
		return false;
	}
	if (strlen(l->user_name) > USER_NAME_MAX) {
		client_fail(c, SQLSTATE_PROTOCOL_VIOLATION,
		    "username too long");
		return false;
	}
	return true;
}

/*
 * Who is it?
 */

static void
begin_exchange(struct client *c)
{
	struct login *l = c->login;

	l->step = STEP_AUTH;
	l->auth.user = l->user;
	l->auth.found = l->found;
	l->auth.name = l->user_name;
	on_verdict(c, access_begin(c, &l->auth, l->database_name, &l->out));
}

/* The answer of a client did not fit what was remembered of its user: does it
 * fit what is true now? */
static void
judge_again(struct client *c)
{
	struct login *l = c->login;
	enum auth_verdict v;

	l->step = STEP_AUTH;
	l->auth.found = l->found;
	v = auth_answer(&l->auth, (struct str){ l->answer.p, l->answer.n },
	    &l->out);
	crypto_wipe_text(&l->answer);
	on_verdict(c, v);
}

static void
learn_user(struct login *l, const struct authquery_answer *a)
{
	l->auth.found = NULL;
	credentials_destroy(l->found);
	l->found = NULL;
	l->cached = a->cached;
	if (a->result != AUTHQUERY_FOUND)
		return;
	l->found = credentials_create(a->name, a->secret);
	if (l->asked_name == NULL)
		l->asked_name = l->user_name;
	else
		mem_free(l->user_name);
	l->user_name = mem_strdup(a->name);
	l->auth.name = l->user_name;
}

static void
on_lookup(struct authquery_wait *w, const struct authquery_answer *a)
{
	struct login *l = container_of(w, struct login, lookup);
	struct client *c = l->client;

	if (a->result == AUTHQUERY_FAILED) {
		client_fail(c, a->sqlstate, "%s", a->why);
		return;
	}
	learn_user(l, a);
	if (l->answer.n > 0)
		judge_again(c);
	else
		begin_exchange(c);
	/* What came meanwhile was kept. */
	if (c->login != NULL && c->login->step == STEP_AUTH)
		conn_redeliver(&c->conn);
}

static void
look_up(struct client *c, enum authquery_cache cache)
{
	struct login *l = c->login;

	l->step = STEP_LOOKUP;
	l->lookup.on_answer = on_lookup;
	authquery_ask(c->pooler, l->database_name, l->user_name, cache,
	    &l->lookup);
}

/* Whom the rules do not let in is not looked up; and auth_type=any wants to
 * know nothing. */
static void
begin_lookup(struct client *c)
{
	struct login *l = c->login;
	enum authquery_cache cache;

	if (!access_foresee(c, &l->auth, l->database_name, &cache))
		on_verdict(c, AUTH_REFUSED);
	else if (c->pooler->config->auth_type == AUTH_TYPE_ANY)
		begin_exchange(c);
	else
		look_up(c, cache);
}

/* After a failure nobody is heard for a while, whatever the password. */
static bool
is_heard(struct client *c)
{
	int64_t wait = source_wait(c->pooler, &c->addr, c->login->user_name);

	if (wait > 0)
		client_fail(c, SQLSTATE_INVALID_AUTHORIZATION,
		    "too many failed logins, try again in %lld s",
		    (long long)((wait + 999999) / 1000000));
	return wait == 0;
}

static void
begin_auth(struct client *c)
{
	struct login *l = c->login;
	struct pooler *p = c->pooler;
	unsigned char binding[TLS_DIGEST_MAX];
	char tls[80];

	if (p->config->log_connections)
		log_info(&c->log, "login attempt: db=%.63s user=%.127s "
		    "tls=%s replication=no", l->database_name, l->user_name,
		    tls_is_on(&c->conn) ?
		    tls_describe(&c->conn, tls, sizeof tls) : "no");
	auth_init(&l->auth, p, l->user_name);
	gs2_channel_set(&l->auth.channel, (struct str){ (char *)binding,
		tls_binding(&c->conn, binding) });
	if (config_is_console(l->database_name) &&
	    access_is_own_user(c, l->user_name)) {
		log_info(&c->log, "pgweir access from unix socket");
		admission_console(c, CONSOLE_ADMIN);
		return;
	}
	if (!is_heard(c))
		return;
	if (config_secret(p->config, l->user_name) != NULL) {
		l->user = user_acquire(p, l->user_name);
		begin_exchange(c);
	} else {
		begin_lookup(c);
	}
}

static void
on_startup(struct client *c, const struct startup *packet)
{
	struct login *l = c->login;
	const char *user = startup_get(packet, "user");
	const char *database = startup_get(packet, "database");

	if (c->addr.family != AF_UNIX && !tls_is_on(&c->conn) &&
	    secure_is_demanded(c->pooler->config)) {
		client_fail(c, SQLSTATE_PROTOCOL_VIOLATION, "SSL required");
		return;
	}
	l->params = paramset_empty(c->pooler->names);
	if (!wishes_read(c, packet, &l->params))
		return;
	if (user == NULL || user[0] == '\0') {
		client_fail(c, SQLSTATE_INVALID_AUTHORIZATION,
		    "no username supplied");
		return;
	}
	l->user_name = mem_strdup(user);
	l->database_name = mem_strdup(database != NULL &&
	    database[0] != '\0' ? database : user);
	if (!is_within_limits(c))
		return;
	c->asked = paramset_ref(l->params);
	if (c->pooler->config->application_name_add_host)
		wishes_add_host(c, &l->params);
	(void)startup_negotiate(packet, PROTOCOL_3_0, &l->out);
	begin_auth(c);
}

static void
fail_header(struct client *c, const unsigned char *p, size_t n)
{
	char hex[32];

	crypto_hex(p, n < 8 ? n : 8, hex, sizeof hex);
	client_fail(c, SQLSTATE_PROTOCOL_VIOLATION,
	    "bad packet header: '%s'", hex);
}

/* Could this client have TLS? */
static bool
may_have_tls(const struct client *c)
{
	return c->pooler->secure.clients != NULL &&
	    c->addr.family != AF_UNIX && !tls_is_on(&c->conn);
}

static void
accept_tls(struct client *c)
{
	const struct tls_start s = { .context = c->pooler->secure.clients };

	conn_send(&c->conn, "S", 1);
	if (conn_is_clogged(&c->conn))
		client_close(c, "failed to ack SSL");
	else
		tls_start(&c->conn, &s);
}

/* The client begins with a handshake, without asking. */
static void
accept_direct_tls(struct client *c, const unsigned char *p, size_t n)
{
	const struct tls_start s = { .context = c->pooler->secure.clients,
		.early = p, .early_len = n, .direct = true };

	tls_start(&c->conn, &s);
}

/* SSLRequest and GSSENCRequest: once each, and only if nothing follows in
 * the same breath; whoever sends plain text behind a request for encryption
 * may be one who slips it in. */
static void
on_encryption_request(struct client *c, bool ssl, bool more)
{
	struct login *l = c->login;
	bool *asked = ssl ? &l->asked_ssl : &l->asked_gss;

	if (tls_is_on(&c->conn)) {
		client_close(c, ssl ? "SSL req inside SSL" :
		    "GSS req inside SSL");
		return;
	}
	if (*asked || more) {
		client_fail(c, SQLSTATE_PROTOCOL_VIOLATION, "received "
		    "unencrypted data after %s request",
		    ssl ? "SSL" : "GSSAPI encryption");
		return;
	}
	*asked = true;
	if (ssl && may_have_tls(c))
		accept_tls(c);
	else
		conn_send(&c->conn, "N", 1);
}

static void
on_cancel_request(struct client *c, const struct startup *packet)
{
	struct cancelkey key;

	if (!cancelkey_read(&key, packet->key)) {
		client_close(c, "bad cancel request");
		return;
	}
	deadline_disarm(&c->deadline);
	login_end(c);
	cancel_request(c, &key);
}

static void
on_packet(struct client *c, const unsigned char *p, size_t n, bool more)
{
	struct startup packet;

	switch (startup_parse(&packet, p + 4, n - 4)) {
	case STARTUP_FINE:
		break;
	case STARTUP_WRONG_SIZE:
		if (packet.kind == STARTUP_CANCEL) {
			client_close(c, "bad cancel request");
			return;
		}
		fail_header(c, p, n);
		return;
	case STARTUP_SHORT:
		fail_header(c, p, n);
		return;
	case STARTUP_UNTERMINATED:
	case STARTUP_TRAILING:
		client_fail(c, SQLSTATE_PROTOCOL_VIOLATION, "invalid startup "
		    "packet layout: expected terminator as last byte");
		return;
	}
	switch (packet.kind) {
	case STARTUP_LOGIN:
		on_startup(c, &packet);
		break;
	case STARTUP_SSL:
	case STARTUP_GSSENC:
		on_encryption_request(c, packet.kind == STARTUP_SSL, more);
		break;
	case STARTUP_CANCEL:
		on_cancel_request(c, &packet);
		break;
	case STARTUP_V2:
		client_fail(c, SQLSTATE_PROTOCOL_VIOLATION,
		    "old V2 protocol not supported");
		break;
	case STARTUP_UNKNOWN:
		fail_header(c, p, n);
		break;
	}
}

/*
 * Bytes.
 */

static size_t
read_startup(struct client *c, const unsigned char *p, size_t n)
{
	struct login *l = c->login;
	struct frame f;

	if (p[0] == TLS_HANDSHAKE && !l->asked_ssl && !l->asked_gss &&
	    may_have_tls(c)) {
		accept_direct_tls(c, p, n);
		return n;
	}
	switch (frame_startup_peek(p, n, &f)) {
	case PARSE_MORE:
		return 0;
	case PARSE_BAD:
		fail_header(c, p, n);
		return 0;
	case PARSE_OK:
		break;
	}
	if (n < f.len)
		return 0;
	on_packet(c, p, f.len, n > f.len);
	return f.len;
}

static void
on_answer(struct client *c, struct str body)
{
	struct login *l = c->login;
	enum auth_verdict v = auth_answer(&l->auth, body, &l->out);

	if (v == AUTH_REFUSED && l->cached && !l->auth.in_scram &&
	    body.n > 0) {
		text_add(&l->answer, body.p, body.n);
		look_up(c, CACHE_NOTHING);
	} else {
		on_verdict(c, v);
	}
}

static size_t
read_auth(struct client *c, const unsigned char *p, size_t n)
{
	struct login *l = c->login;
	struct frame f;

	switch (frame_peek(p, n, l->auth.in_scram ? SASL_MESSAGE_MAX :
	    PASSWORD_MESSAGE_MAX, &f)) {
	case PARSE_MORE:
		return 0;
	case PARSE_BAD:
		client_fail(c, SQLSTATE_PROTOCOL_VIOLATION, "bad pkt header");
		return 0;
	case PARSE_OK:
		break;
	}
	if (f.type == FE_TERMINATE) {
		client_close(c, "client close request");
		return 0;
	}
	if (f.type != FE_PASSWORD) {
		client_fail(c, SQLSTATE_PROTOCOL_VIOLATION, "unknown pkt");
		return 0;
	}
	if (n < f.len) {
		conn_need(&c->conn, f.len);
		return 0;
	}
	on_answer(c, (struct str){ (const char *)p + FRAME_HEADER,
	    f.len - FRAME_HEADER });
	return f.len;
}

static void
on_bytes(struct conn *conn, const unsigned char *p, size_t n)
{
	struct client *c = client_of(conn);
	size_t at = 0, took = 1;

	while (at < n && took > 0 && c->login != NULL &&
	    c->login->step != STEP_LOOKUP &&
	    c->login->step != STEP_REFUSED &&
	    c->login->step != STEP_WELCOME) {
		took = c->login->step == STEP_STARTUP ?
		    read_startup(c, p + at, n - at) :
		    read_auth(c, p + at, n - at);
		conn_consume(conn, took);
		at += took;
	}
	if (c->login != NULL && c->login->step == STEP_REFUSED)
		conn_consume(conn, n - at);
	/* The first query came with the startup packet: it is handled when
	 * this returns, since a conn hands over one thing at a time. */
	if (at < n && (c->state == CLIENT_IDLE ||
	    c->state == CLIENT_CONSOLE))
		c->conn.ops->on_bytes(conn, p + at, n - at);
}

/* From now on all is as before, only nobody listens. */
static void
on_secure(struct conn *conn)
{
	struct client *c = client_of(conn);

	must(c->login != NULL && c->login->step == STEP_STARTUP);
}

static void
on_end(struct conn *conn, int error)
{
	struct client *c = client_of(conn);
	const char *why = error != 0 ? conn_reason(conn, error) :
	    "client unexpected eof";

	if (error != 0 && conn->tls != NULL && !conn_is_open(conn) &&
	    c->login->step == STEP_STARTUP)
		log_warning(&c->log, "TLS handshake error: %s", why);
	client_close(c, why);
}

static const struct conn_ops login_ops = {
	.on_secure = on_secure,
	.on_bytes = on_bytes,
	.on_end = on_end,
};
