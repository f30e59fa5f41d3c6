/*
 * login.c - what a client goes through before its first query.
 *
 *   TLS, by an SSLRequest or at once (GSSENCRequest is answered "N") ->
 *   startup packet ->
 *   checks that need no secret -> authentication -> checks that only one
 *   who is authenticated may see the result of -> the welcome.
 *
 * The welcome holds what the first server of the pool told at its own login,
 * so a client of a cold pool waits for that. One deadline covers it all.
 *
 * Until the password is checked nothing of the configuration is told, and
 * nothing permanent is made: no database, no pool, no user.
 */
#include "pool/login.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
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
#include "pool/auth.h"
#include "pool/cancel.h"
#include "pool/client.h"
#include "pool/database.h"
#include "pool/fair_by.h"
#include "pool/limits.h"
#include "pool/pool.h"
#include "pool/pools.h"
#include "pool/request.h"
#include "pool/session.h"
#include "pool/state.h"
#include "pool/user.h"
#include "pool/wishes.h"

#define VERSION_TEXT PACKAGE_VERSION
#define PASSWORD_MESSAGE_MAX (SECRET_MAX + 1024u)
#define SASL_MESSAGE_MAX (SCRAM_MESSAGE_MAX + 1024u)
#define USER_NAME_MAX 127
#define TLS_HANDSHAKE 0x16      /* the first byte of such a record */

enum login_step { STEP_STARTUP, STEP_AUTH, STEP_WELCOME };

struct login {
	enum login_step step;
	bool asked_ssl, asked_gss;
	char *user_name, *database_name;
	struct user *user;              /* held; NULL: unknown */
	struct paramset *params;        /* what the client asks for */
	struct auth auth;
	struct text out;                /* to go with the next message */
};

static const struct conn_ops login_ops;

static void
destroy(struct client *c)
{
	struct login *l = c->login;

	c->login = NULL;
	auth_fini(&l->auth);
	paramset_unref(l->params);
	if (l->user != NULL)
		user_release(l->user);
	text_fini(&l->out);
	mem_free(l->user_name);
	mem_free(l->database_name);
	mem_free(l);
}

void
login_left(struct client *c)
{
	destroy(c);
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
	c->login = mem_alloc(sizeof *c->login);
	deadline_arm(&p->login_deadlines, &c->deadline,
	    p->config->client_login_timeout);
}

void
login_late(struct client *c)
{
	client_fail(c, c->login->step == STEP_WELCOME ?
	    SQLSTATE_TOO_MANY_CONNECTIONS : SQLSTATE_PROTOCOL_VIOLATION, "%s",
	    c->login->step == STEP_WELCOME ?
	    "client_login_timeout (server down)" : "client_login_timeout");
}

static void
send_out(struct client *c)
{
	struct text *out = &c->login->out;

	conn_send(&c->conn, out->p, out->n);
	text_clear(out);
}

/*
 * The welcome.
 */

/* The fixed facts of the console, as PgBouncer gives them; tools know it by
 * the "/bouncer". */
static void
write_console_welcome(struct text *out)
{
	static const char *const facts[][2] = {
		{ "server_version", VERSION_TEXT "/bouncer" },
		{ "client_encoding", "UTF8" },
		{ "server_encoding", "UTF8" },
		{ "DateStyle", "ISO" },
		{ "TimeZone", "GMT" },
		{ "standard_conforming_strings", "on" },
		{ "is_superuser", "on" },
	};
	size_t i;

	for (i = 0; i < countof(facts); i++)
		writer_parameter_status(out, facts[i][0], facts[i][1]);
}

static void
write_tracked(struct client *c, struct text *out)
{
	struct param_names *names = c->pooler->names;
	const char *value;
	unsigned i;

	for (i = 0; i < param_names_count(names); i++) {
		value = paramset_get(c->link.params, i);
		if (value != NULL)
			writer_parameter_status(out, param_names_at(names, i),
			    value);
	}
}

/* Sixty and more random bits: two clients with the same key do not meet. */
static void
make_key(struct client *c)
{
	struct pooler *p = c->pooler;
	unsigned char random[CANCELKEY_SIZE];

	crypto_random_take(&p->random, random, sizeof random);
	c->key = cancelkey_make(random, (uint16_t)p->config->peer_id);
}

static void
welcome(struct client *c)
{
	struct login *l = c->login;
	struct paramset *defaults = c->pool != NULL ? c->pool->defaults :
	    NULL;

	writer_auth(&l->out, AUTH_OK, NULL, 0);
	if (c->pool != NULL) {
		text_add(&l->out, c->pool->welcome.p, c->pool->welcome.n);
		c->link.params = paramset_over(defaults, l->params);
		c->link.startup = paramset_ref(c->link.params);
	} else {
		write_console_welcome(&l->out);
		c->link.params = paramset_ref(l->params);
	}
	write_tracked(c, &l->out);
	make_key(c);
	writer_key_data(&l->out, c->key.bytes, sizeof c->key.bytes);
	writer_ready(&l->out, 'I');
	send_out(c);
	destroy(c);
	if (c->session != NULL)
		console_start(c);
	else
		request_start(c);
}

static void
on_welcome(struct wait *w, struct server *s)
{
	must(s == NULL);
	welcome(container_of(w, struct client, wait));
}

static void
on_refused(struct wait *w, const struct failure *f)
{
	client_vfail(container_of(w, struct client, wait), f, NULL);
}

/*
 * Behind the password.
 */

static enum console_role
console_role(const struct client *c, bool *allowed)
{
	const struct config *cfg = c->pooler->config;
	const char *name = c->login->user_name;

	*allowed = true;
	if (str_has_word(cfg->admin_users, name))
		return CONSOLE_ADMIN;
	*allowed = str_has_word(cfg->stats_users, name) ||
	    cfg->auth_type == AUTH_TYPE_ANY;
	return CONSOLE_STATS;
}

static void
enter_console(struct client *c, enum console_role role)
{
	struct pooler *p = c->pooler;
	struct user *u = user_acquire(p, c->login->user_name);
	char detail[128];
	struct failure f;

	if (role == CONSOLE_STATS &&
	    !limits_admit(p, NULL, u, &f, detail, sizeof detail)) {
		user_release(u);
		client_vfail(c, &f, detail);
		return;
	}
	client_enter(c, NULL, u, NULL);
	user_release(u);
	c->session = p->console.open(p->console.context, p, c, role);
	welcome(c);
}

/* One who runs as the same user of the operating system needs no password
 * on the console, through the Unix socket. */
static bool
is_own_user(const struct client *c)
{
	struct ucred peer;
	socklen_t len = sizeof peer;

	return c->addr.family == AF_UNIX &&
	    config_is_console(c->login->user_name) &&
	    getsockopt(c->conn.fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) ==
	    0 && peer.uid == geteuid();
}

/* The deadline of the login goes on, but query_wait_timeout holds for this
 * wait as for any other. */
static void
wait_for_welcome(struct client *c)
{
	struct pooler *p = c->pooler;
	int64_t limit = c->pool->query_wait_timeout;
	struct mono now = loop_now(p->loop);
	bool login_is_later;

	if (!request_is_admitted(c, WANT_WELCOME))
		return;
	c->login->step = STEP_WELCOME;
	c->request = now;
	c->wait.want = WANT_WELCOME;
	c->wait.granted = on_welcome;
	c->wait.refused = on_refused;
	pool_acquire(c->pool, &c->wait);
	if (c->wait.pool == NULL || limit == 0)
		return;
	login_is_later = !mono_is_set(c->deadline.due) ||
	    mono_between(now, c->deadline.due) > limit;
	if (login_is_later)
		deadline_arm(&p->wait_deadlines, &c->deadline, limit);
}

static void
enter_database(struct client *c)
{
	struct login *l = c->login;
	struct pooler *p = c->pooler;
	struct database *db = database_get(p, l->database_name);
	char detail[128];
	struct failure f;
	struct user *u;
	struct pool *pool;

	if (db == NULL) {
		client_fail(c, SQLSTATE_UNKNOWN_DATABASE,
		    "no such database: %.63s", l->database_name);
		return;
	}
	if (p->draining) {
		client_fail(c, SQLSTATE_CANNOT_CONNECT_NOW,
		    "pooler is shutting down");
		return;
	}
	if (db->disabled) {
		client_fail(c, SQLSTATE_CANNOT_CONNECT_NOW,
		    "database \"%s\" is disabled", db->name);
		return;
	}
	if (p->config->auth_type == AUTH_TYPE_ANY && db->forced == NULL) {
		client_fail(c, SQLSTATE_INVALID_AUTHORIZATION,
		    "bouncer config error");
		return;
	}
	u = user_acquire(p, l->user_name);
	if (!limits_admit(p, db, u, &f, detail, sizeof detail)) {
		user_release(u);
		client_vfail(c, &f, detail);
		return;
	}
	pool = pools_get(p, db, db->forced != NULL ? db->forced->user :
	    u->name);
	client_enter(c, db, u, pool);
	fair_by_enter(c);
	user_release(u);
	wait_for_welcome(c);
}

static void
on_authenticated(struct client *c)
{
	struct login *l = c->login;
	enum console_role role;
	bool allowed;

	if (!config_is_console(l->database_name)) {
		enter_database(c);
		return;
	}
	role = console_role(c, &allowed);
	if (!allowed) {
		client_fail(c, SQLSTATE_INSUFFICIENT_PRIVILEGE,
		    "not allowed");
		return;
	}
	enter_console(c, role);
}

static void
on_verdict(struct client *c, enum auth_verdict v)
{
	struct login *l = c->login;

	switch (v) {
	case AUTH_CONTINUE:
		send_out(c);
		break;
	case AUTH_ACCEPTED:
		/* What ends the exchange goes with the welcome. */
		on_authenticated(c);
		break;
	case AUTH_REFUSED:
		if (c->pooler->config->log_connections)
			log_info(&c->log, "login failed: db=%s user=%s",
			    l->database_name, l->user_name);
		client_fail(c, l->auth.sqlstate, "%s", l->auth.why);
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

static void
begin_auth(struct client *c)
{
	struct login *l = c->login;
	struct pooler *p = c->pooler;
	char tls[80];

	if (p->config->log_connections)
		log_info(&c->log, "login attempt: db=%.63s user=%.127s "
		    "tls=%s replication=no", l->database_name, l->user_name,
		    tls_is_on(&c->conn) ?
		    tls_describe(&c->conn, tls, sizeof tls) : "no");
	if (config_secret(p->config, l->user_name) != NULL)
		l->user = user_acquire(p, l->user_name);
	l->step = STEP_AUTH;
	auth_init(&l->auth, p, l->user_name, l->user);
	if (config_is_console(l->database_name) && is_own_user(c)) {
		log_info(&c->log, "pgweir access from unix socket");
		enter_console(c, CONSOLE_ADMIN);
		return;
	}
	on_verdict(c, access_begin(c, &l->auth, l->database_name, &l->out));
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
	destroy(c);
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
	on_verdict(c, auth_answer(&l->auth, (struct str){ (const char *)p +
		FRAME_HEADER, f.len - FRAME_HEADER }, &l->out));
	return f.len;
}

static void
on_bytes(struct conn *conn, const unsigned char *p, size_t n)
{
	struct client *c = client_of(conn);
	size_t at = 0, took = 1;

	while (at < n && took > 0 && c->login != NULL &&
	    c->login->step != STEP_WELCOME) {
		took = c->login->step == STEP_STARTUP ?
		    read_startup(c, p + at, n - at) :
		    read_auth(c, p + at, n - at);
		conn_consume(conn, took);
		at += took;
	}
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
