/*
 * facts_socket.c - clients and servers as plain values; see facts_socket.h.
 *
 * A cursor is a place in a roster, and those never move.
 */
#include "pool/facts_socket.h"

#include "base/must.h"
#include "config/config.h"
#include "net/tls.h"
#include "pgwire/frame.h"
#include "pgwire/params.h"
#include "pool/client.h"
#include "pool/database.h"
#include "pool/lane.h"
#include "pool/pool.h"
#include "pool/pools.h"
#include "pool/prepared.h"
#include "pool/server.h"
#include "pool/state.h"
#include "pool/user.h"

static time_t
wall(const struct pooler *p, struct mono t)
{
	if (!mono_is_set(t))
		return 0;
	return time(NULL) -
	    (time_t)(mono_between(t, loop_now(p->loop)) / 1000000);
}

static const char *
param(const struct pooler *p, const struct paramset *set, const char *name)
{
	int i = param_names_find(p->names, name);

	return set != NULL && i >= 0 ? paramset_get(set, (unsigned)i) : NULL;
}

static bool
is_listed(const struct client *c)
{
	switch (c->state) {
	case CLIENT_IDLE:
	case CLIENT_WAITING:
	case CLIENT_ACTIVE:
	case CLIENT_CONSOLE:
	case CLIENT_CANCEL:
		return true;
	case CLIENT_LOGIN:
	case CLIENT_CLOSING:
	case CLIENT_NSTATES:
		break;
	}
	return false;
}

static bool
is_busy(const struct client *c)
{
	return c->state == CLIENT_WAITING || (c->state == CLIENT_ACTIVE &&
	    mono_is_set(c->link.query_start));
}

static const char *
database_of(const struct client *c)
{
	if (c->database != NULL)
		return c->database->name;
	return c->session != NULL ? c->pooler->console.name(c->session) :
	    NULL;
}

static void
describe_client(const struct client *c, struct socket_facts *f)
{
	const struct pooler *p = c->pooler;
	const struct server *s = c->link.server;

	*f = (struct socket_facts){
		.user = c->user != NULL ? c->user->name : NULL,
		.database = database_of(c),
		.replication = "none",
		.state = client_state_name(c->state),
		.addr = c->addr, .local = c->local,
		.connect_time = c->connect_time,
		.request_time = wall(p, c->request),
		.wait_usec = is_busy(c) ?
		    mono_between(c->request, loop_now(p->loop)) : 0,
		.id = c->id, .link_id = s != NULL ? s->id : 0,
		.ptr = c, .link = s,
		.application_name = param(p, c->link.params,
		    "application_name"),
		.kept = (uint32_t)conn_kept(&c->conn),
		.unsent = (uint32_t)conn_unsent(&c->conn),
		.passing = c->link.passing,
		.prepared_statements = (int)prepared_on_client(&c->link),
	};
	f->tls = tls_describe(&c->conn, f->tls_text, sizeof f->tls_text);
	if (c->wait.pool != NULL)
		f->wait_reason = wait_reason_name(
		    pool_wait_reason(&c->wait));
}

static const struct client *
next_client(const struct pooler *p, uint32_t *cursor)
{
	const struct client *c;

	do
		c = roster_next(&p->clients, cursor);
	while (c != NULL && !is_listed(c));
	return c;
}

bool
facts_client(const struct pooler *p, uint32_t *cursor,
    struct socket_facts *f)
{
	const struct client *c = next_client(p, cursor);

	if (c != NULL)
		describe_client(c, f);
	return c != NULL;
}

/* Idle longer than server_check_delay: to be checked before use. */
bool
facts_is_used(const struct server *s)
{
	return s->state == SERVER_IDLE &&
	    mono_between(s->used, loop_now(s->pooler->loop)) >
	    s->pooler->config->server_check_delay;
}

static void
describe_server(const struct server *s, struct socket_facts *f)
{
	const struct pooler *p = s->pooler;
	const struct client *c = NULL;

	if (s->link != NULL)
		c = container_of(s->link, const struct client, link);
	*f = (struct socket_facts){
		.is_server = true,
		.user = s->pool->user->name,
		.database = s->pool->database->name,
		.replication = "none",
		.state = facts_is_used(s) ? "used" :
		    server_state_name(s->state),
		.addr = s->addr, .local = s->local,
		.connect_time = s->connect_time,
		.request_time = wall(p, s->used),
		.close_needed = s->close_needed,
		.id = s->id, .link_id = c != NULL ? c->id : 0,
		.ptr = s, .link = c,
		.remote_pid = s->has_key ? (int)frame_u32(s->key) : 0,
		.application_name = param(p, s->params, "application_name"),
		.kept = (uint32_t)conn_kept(&s->conn),
		.unsent = (uint32_t)conn_unsent(&s->conn),
		.passing = s->passing,
		.prepared_statements = (int)prepared_on_server(s),
		.role = s->pool->database->topology != NULL ?
		    role_name(topology_role(s->pool->database->topology,
		    s->lane->host)) : NULL,
	};
	f->tls = tls_describe(&s->conn, f->tls_text, sizeof f->tls_text);
}

static const struct server *
next_server(const struct pooler *p, uint32_t *cursor)
{
	const struct server *s;

	do
		s = roster_next(&p->servers, cursor);
	while (s != NULL && s->state == SERVER_CLOSING);
	return s;
}

bool
facts_server(const struct pooler *p, uint32_t *cursor,
    struct socket_facts *f)
{
	const struct server *s = next_server(p, cursor);

	if (s != NULL)
		describe_server(s, f);
	return s != NULL;
}

/*
 * Clients and then servers, by one cursor: the top bit says that it is among
 * the servers.
 */

#define AMONG_SERVERS (UINT32_C(1) << 31)

static const struct server *
next_after_clients(const struct pooler *p, uint32_t *cursor)
{
	uint32_t place = *cursor & ~AMONG_SERVERS;
	const struct server *s;

	if (!(*cursor & AMONG_SERVERS))
		place = 0;
	s = next_server(p, &place);
	*cursor = place | AMONG_SERVERS;
	return s;
}

static const char *
client_socket_state(const struct client *c)
{
	switch (c->state) {
	case CLIENT_LOGIN:
		return "cl_login";
	case CLIENT_WAITING:
		return "cl_waiting";
	case CLIENT_IDLE:
	case CLIENT_ACTIVE:
	case CLIENT_CONSOLE:
		return "cl_active";
	case CLIENT_CANCEL:
		return "cl_active_cancel_req";
	case CLIENT_CLOSING:
	case CLIENT_NSTATES:
		break;
	}
	return NULL;
}

static const char *
server_socket_state(const struct server *s)
{
	switch (s->state) {
	case SERVER_LOGIN:
		return "sv_login";
	case SERVER_IDLE:
		return facts_is_used(s) ? "sv_used" : "sv_idle";
	case SERVER_ACTIVE:
		return "sv_active";
	case SERVER_TESTED:
		return "sv_tested";
	case SERVER_BEING_CANCELED:
		return "sv_being_canceled";
	case SERVER_CLOSING:
	case SERVER_NSTATES:
		break;
	}
	return NULL;
}

bool
facts_socket(const struct pooler *p, uint32_t *cursor,
    struct socket_facts *f)
{
	const struct client *c;
	const struct server *s;

	while (!(*cursor & AMONG_SERVERS) &&
	    (c = roster_next(&p->clients, cursor)) != NULL) {
		if (c->state == CLIENT_CLOSING)
			continue;
		describe_client(c, f);
		f->state = client_socket_state(c);
		return true;
	}
	s = next_after_clients(p, cursor);
	if (s == NULL)
		return false;
	describe_server(s, f);
	f->state = server_socket_state(s);
	return true;
}

static void
describe_params(const struct pooler *p, const struct paramset *set,
    struct fd_facts *f)
{
	f->client_encoding = param(p, set, "client_encoding");
	f->std_strings = param(p, set, "standard_conforming_strings");
	f->datestyle = param(p, set, "DateStyle");
	f->timezone = param(p, set, "TimeZone");
}

bool
facts_fd(const struct pooler *p, uint32_t *cursor, struct fd_facts *f)
{
	const struct client *c = NULL;
	const struct server *s;

	if (!(*cursor & AMONG_SERVERS))
		c = next_client(p, cursor);
	if (c != NULL) {
		s = c->link.server;
		*f = (struct fd_facts){
			.task = "client", .fd = c->conn.fd,
			.link_fd = s != NULL ? s->conn.fd : 0,
			.user = c->user != NULL ? c->user->name : NULL,
			.database = database_of(c),
			.addr = c->addr,
		};
		describe_params(p, c->link.params, f);
		return true;
	}
	s = next_after_clients(p, cursor);
	if (s == NULL)
		return false;
	*f = (struct fd_facts){
		.task = "server", .fd = s->conn.fd,
		.link_fd = s->link != NULL ? s->link->conn->fd : 0,
		.user = s->pool->user->name,
		.database = s->pool->database->name, .addr = s->addr,
	};
	describe_params(p, s->params, f);
	return true;
}
