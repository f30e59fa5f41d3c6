/*
 * cancel.c - "Canceling Requests in Progress" of the protocol chapter.
 *
 * A client whose query runs: its server is sent a CancelRequest over a
 * connection of its own, and is not handed to anybody else until that
 * connection has ended, for until then the request may still strike. A
 * client that waits in the queue is answered at once. A key that carries
 * another process's id is forwarded to that peer; one that nobody here has
 * may be a client's of the process that we have replaced.
 *
 * At most one request at a time is under way to a server, so storms of
 * cancels take no more connections than there are servers.
 */
#include "pool/cancel.h"

#include <string.h>
#include <unistd.h>

#include "base/must.h"
#include "cluster/host.h"
#include "config/config.h"
#include "net/resolve.h"
#include "pgwire/cancelkey.h"
#include "pgwire/writer.h"
#include "pool/client.h"
#include "pool/request.h"
#include "pool/lane.h"
#include "pool/server.h"
#include "pool/state.h"

struct cancel {
	struct conn conn;
	struct pooler *pooler;
	struct client *client;          /* who asked; NULL: has left, or
					 * we want it ourselves */
	struct server_hold hold;
	struct lookup lookup;           /* of a peer */
	char *host;                     /* of a server by TCP; or NULL */
	bool asked;                     /* an SSLRequest was sent */
	struct deadline deadline;
	struct chore burial;
	uint32_t place;
	int peer;                       /* 0: goes to a server of ours */
	unsigned char key[8];           /* what is sent */
};

static struct cancel *
of_conn(struct conn *conn)
{
	return container_of(conn, struct cancel, conn);
}

struct cancel *
cancel_of_deadline(struct deadline *d)
{
	return container_of(d, struct cancel, deadline);
}

size_t
cancel_size(void)
{
	return sizeof(struct cancel);
}

static void
on_burial(struct chore *chore)
{
	struct cancel *x = container_of(chore, struct cancel, burial);

	mem_free(x->host);
	slab_give(&x->pooler->cancel_slab, x);
}

/* The request is over, whatever became of it. */
static void
end(struct cancel *x, const char *why)
{
	struct client *c = x->client;

	if (x->place == UINT32_MAX)
		return;
	roster_remove(&x->pooler->cancels, x->place);
	x->place = UINT32_MAX;
	deadline_disarm(&x->deadline);
	lookup_cancel(&x->lookup);
	conn_close(&x->conn);
	chore_add(x->pooler->loop, &x->burial);
	server_unhold(&x->hold);
	if (c != NULL) {
		c->cancel = NULL;
		x->client = NULL;
		client_close(c, why);
	}
}

void
cancel_left(struct client *c)
{
	c->cancel->client = NULL;
	c->cancel = NULL;
}

void
cancel_late(struct cancel *x)
{
	/* It may still strike, whoever has the server then: nobody will. */
	if (x->hold.server != NULL)
		x->hold.server->close_needed = true;
	end(x, "cancel_wait_timeout");
}

void
cancel_abandon_all(struct pooler *p)
{
	uint32_t cursor = 0;
	struct cancel *x;

	while ((x = roster_next(&p->cancels, &cursor)) != NULL)
		end(x, "pooler is shutting down");
}

static void
send_request(struct cancel *x)
{
	struct text text = { 0 };

	/* The server has been given to nobody since, as it is held; but the
	 * query may have ended meanwhile: then the request strikes nothing,
	 * for the server stays out of the pool until we see its end. */
	writer_cancel_request(&text, x->key, sizeof x->key);
	conn_send(&x->conn, text.p, text.n);
	text_fini(&text);
}

static void
go_on(struct cancel *x, enum secure_next next, const char *why)
{
	x->asked = next == SECURE_ASKED;
	switch (next) {
	case SECURE_PLAIN:
		send_request(x);
		break;
	case SECURE_ASKED:
	case SECURE_BEGUN:
		break;
	case SECURE_REFUSED:
		end(x, why);
		break;
	}
}

/* Where TLS is only preferred the request goes without, as libpq's and
 * PgBouncer's do: it is not worth a handshake. */
static void
on_connect(struct conn *conn)
{
	struct cancel *x = of_conn(conn);

	go_on(x, x->host == NULL || x->pooler->config->server_tls_sslmode <
	    SSLMODE_REQUIRE ? SECURE_PLAIN :
	    secure_begin(x->pooler, conn, x->host), "");
}

static void
on_secure(struct conn *conn)
{
	send_request(of_conn(conn));
}

static void
on_bytes(struct conn *conn, const unsigned char *p, size_t n)
{
	struct cancel *x = of_conn(conn);
	enum secure_next next;
	const char *why;

	if (!x->asked) {
		conn_consume(conn, n);
		return;
	}
	next = secure_answer(x->pooler, conn, x->host, p, n, &why);
	go_on(x, next, why);
}

static void
on_end(struct conn *conn, int error)
{
	end(of_conn(conn), error == 0 ? "successfully sent cancel request" :
	    "failed to send cancel request");
}

static const struct conn_ops cancel_ops = {
	.on_connect = on_connect,
	.on_secure = on_secure,
	.on_bytes = on_bytes,
	.on_end = on_end,
};

static void
on_peer_addrs(struct lookup *l, const struct addr *addrs, unsigned n,
    const char *error)
{
	struct cancel *x = container_of(l, struct cancel, lookup);
	struct sockaddr_storage ss;
	socklen_t len;

	(void)error;
	if (n == 0) {
		end(x, "could not find peer to forward request to");
		return;
	}
	len = addr_to_sockaddr(addrs, &ss);
	if (conn_dial(&x->conn, (struct sockaddr *)&ss, len) == -1)
		end(x, "failed to forward cancel request");
}

static struct cancel *
create(struct pooler *p, struct client *c, const unsigned char key[8])
{
	struct cancel *x = slab_take(&p->cancel_slab);

	if (x == NULL)
		return NULL;
	x->pooler = p;
	x->client = c;
	if (c != NULL)
		c->cancel = x;
	memcpy(x->key, key, sizeof x->key);
	x->place = roster_add(&p->cancels, x);
	conn_init(&x->conn, &p->env, &cancel_ops);
	lookup_init(&x->lookup, on_peer_addrs);
	deadline_init(&x->deadline);
	deadline_arm(&p->cancel_deadlines, &x->deadline,
	    p->config->cancel_wait_timeout);
	chore_init(&x->burial, on_burial);
	return x;
}

/* To the very address that the server was reached at. */
static void
dial_server(struct cancel *x, struct server *s)
{
	struct sockaddr_storage ss;
	socklen_t len = 0;
	char *path;
	int rc;

	if (s->addr.family == AF_UNIX) {
		path = host_unix_path(s->lane->host);
		rc = addr_unix(path, &ss, &len);
		mem_free(path);
	} else {
		x->host = mem_strdup(s->lane->host->name);
		len = addr_to_sockaddr(&s->addr, &ss);
		rc = 0;
	}
	if (rc == 0)
		rc = conn_dial(&x->conn, (struct sockaddr *)&ss, len);
	if (rc == -1)
		end(x, "failed to send cancel request");
}

static void
forward_to_peer(struct client *c, const struct cancelkey *key)
{
	struct pooler *p = c->pooler;
	struct cancelkey hop = *key;
	const struct config_peer *peer = config_peer(p->config,
	    cancelkey_peer(key));
	struct cancel *x;
	struct host unix_host;
	struct sockaddr_storage ss;
	socklen_t len;
	char *path;

	if (peer == NULL) {
		client_close(c, "could not find peer to forward request to");
		return;
	}
	if (!cancelkey_hop(&hop)) {
		client_close(c, "failed to forward cancel request because "
		    "its TTL was exhausted");
		return;
	}
	x = create(p, c, hop.bytes);
	if (x == NULL) {
		client_close(c, "failed cancel request");
		return;
	}
	x->peer = peer->id;
	unix_host = (struct host){ .name = peer->host,
		.port = (uint16_t)peer->port };
	if (!host_is_unix(&unix_host)) {
		resolver_ask(p->resolver, peer->host, (uint16_t)peer->port,
		    &x->lookup);
		return;
	}
	path = host_unix_path(&unix_host);
	if (addr_unix(path, &ss, &len) == -1 ||
	    conn_dial(&x->conn, (struct sockaddr *)&ss, len) == -1)
		end(x, "failed to forward cancel request");
	mem_free(path);
}

struct cancel_counts
cancel_count(const struct pooler *p, int peer)
{
	struct cancel_counts counts = { 0 };
	uint32_t cursor = 0;
	const struct cancel *x;

	while ((x = roster_next(&p->cancels, &cursor)) != NULL) {
		if (x->peer != peer)
			continue;
		if (conn_is_open(&x->conn))
			counts.sent++;
		else
			counts.connecting++;
	}
	return counts;
}

static struct client *
find_target(const struct pooler *p, const struct cancelkey *key)
{
	bool peering = p->config->peer_id > 0;
	uint64_t id = cancelkey_id(key, peering);
	uint32_t cursor = 0;
	struct client *c;

	while ((c = roster_next(&p->clients, &cursor)) != NULL)
		if ((c->state == CLIENT_IDLE || c->state == CLIENT_WAITING ||
		    c->state == CLIENT_ACTIVE ||
		    c->state == CLIENT_CONSOLE) &&
		    cancelkey_id(&c->key, peering) == id)
			return c;
	return NULL;
}

static void
cancel_query(struct client *c, struct server *s)
{
	struct cancel *x;

	if (!s->has_key || !list_empty(&s->holds)) {
		client_close(c, "cancel request under way already");
		return;
	}
	x = create(c->pooler, c, s->key);
	if (x == NULL) {
		client_close(c, "failed cancel request");
		return;
	}
	server_hold(s, &x->hold);
	dial_server(x, s);
}

void
cancel_orphan(struct server *s)
{
	struct cancel *x = create(s->pooler, NULL, s->key);

	if (x != NULL)
		dial_server(x, s);
}

/* Perhaps a client of the process before us: it has stopped accepting. */
static void
ask_predecessor(struct client *c, const struct cancelkey *key)
{
	const struct program_hooks *h = &c->pooler->program;
	int fd = h->reach_predecessor == NULL ? -1 :
	    h->reach_predecessor(h->context);
	struct cancel *x = fd == -1 ? NULL : create(c->pooler, c, key->bytes);

	if (x == NULL) {
		if (fd != -1)
			close(fd);
		client_close(c, "failed cancel request");
		return;
	}
	conn_open(&x->conn, fd);
	send_request(x);
}

void
cancel_request(struct client *c, const struct cancelkey *key)
{
	struct pooler *p = c->pooler;
	struct client *target;

	client_set_state(c, CLIENT_CANCEL);
	if (p->config->peer_id > 0 &&
	    cancelkey_peer(key) != (uint16_t)p->config->peer_id) {
		forward_to_peer(c, key);
		return;
	}
	target = find_target(p, key);
	if (target == NULL) {
		ask_predecessor(c, key);
	} else if (target->state == CLIENT_CONSOLE) {
		p->console.on_cancel(target->session);
		client_close(c, "cancel request for console client");
	} else if (request_cancel(target)) {
		client_close(c, "cancel request for waiting client");
	} else if (target->state == CLIENT_ACTIVE &&
	    tracker_owes(&target->link.server->tracker)) {
		cancel_query(c, target->link.server);
	} else {
		client_close(c, "cancel request for idle client");
	}
}
