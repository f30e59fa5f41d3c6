/*
 * suspend.c - everything stands still for a while.
 *
 * While pooler->suspended is set nobody is given a server, no server is
 * opened, and the relay stops at the next boundary of messages in each
 * direction. What is left is to send what peers have not taken yet. A client
 * or server that has nothing half done is frozen: its socket is not read. A
 * timer looks every few milliseconds for who has come to rest meanwhile; when
 * all have, the suspension is complete and the timer stops.
 *
 * Time stands still as well: no limit on what a client does runs out during
 * a suspension, nor by its length afterwards.
 *
 * Freezing is apart from holding for backpressure, which goes on as always.
 * Clients of the console are not concerned.
 */
#include "pool/suspend.h"

#include "base/log.h"
#include "base/must.h"
#include "config/config.h"
#include "pgwire/messages.h"
#include "pool/client.h"
#include "pool/request.h"
#include "pool/server.h"
#include "pool/state.h"

#define LOOK_USEC INT64_C(10000)

enum rest {
	REST_MOVES,             /* something is half done */
	REST_STILL,             /* can be frozen */
	REST_NONE               /* does not matter */
};

static enum rest
rest_of_client(const struct client *c)
{
	switch (c->state) {
	case CLIENT_CONSOLE:
	case CLIENT_CANCEL:
	case CLIENT_CLOSING:
	case CLIENT_NSTATES:
		return REST_NONE;
	case CLIENT_LOGIN:
		break;
	case CLIENT_IDLE:
	case CLIENT_WAITING:
	case CLIENT_ACTIVE:
		if (c->link.passing > 0 || c->discarding > 0)
			return REST_MOVES;
		break;
	}
	return conn_is_clogged(&c->conn) ? REST_MOVES : REST_STILL;
}

static enum rest
rest_of_server(const struct server *s)
{
	switch (s->state) {
	case SERVER_LOGIN:
	case SERVER_TESTED:
		return REST_MOVES;
	case SERVER_CLOSING:
	case SERVER_NSTATES:
		return REST_NONE;
	case SERVER_IDLE:
	case SERVER_ACTIVE:
	case SERVER_BEING_CANCELED:
		break;
	}
	return s->passing > 0 || s->errand.name != NULL ||
	    conn_is_clogged(&s->conn) ? REST_MOVES : REST_STILL;
}

/* Freeze who has come to rest; the number of the others. */
static uint32_t
freeze_clients(struct pooler *p, bool cut)
{
	uint32_t cursor = 0, left = 0;
	struct client *c;

	while ((c = roster_next(&p->clients, &cursor)) != NULL) {
		switch (rest_of_client(c)) {
		case REST_NONE:
			break;
		case REST_STILL:
			conn_freeze(&c->conn, true);
			break;
		case REST_MOVES:
			if (cut)
				client_fail(c, SQLSTATE_ADMIN_SHUTDOWN,
				    "suspend_timeout");
			else
				left++;
			break;
		}
	}
	return left;
}

/* Ending the client of a server in the middle of something closes both. */
static void
cut_server(struct server *s)
{
	if (s->link != NULL)
		client_fail(container_of(s->link, struct client, link),
		    SQLSTATE_ADMIN_SHUTDOWN, "suspend_timeout");
	else
		server_close(s, "suspend_timeout");
}

static uint32_t
freeze_servers(struct pooler *p, bool cut)
{
	uint32_t cursor = 0, left = 0;
	struct server *s;

	while ((s = roster_next(&p->servers, &cursor)) != NULL) {
		switch (rest_of_server(s)) {
		case REST_NONE:
			break;
		case REST_STILL:
			conn_freeze(&s->conn, true);
			break;
		case REST_MOVES:
			if (cut)
				cut_server(s);
			else
				left++;
			break;
		}
	}
	return left;
}

static void
look(struct pooler *p)
{
	struct mono now = loop_now(p->loop);
	bool cut = mono_is_set(p->suspend_limit) &&
	    mono_reached(now, p->suspend_limit);
	uint32_t left = freeze_clients(p, cut) + freeze_servers(p, cut);

	if (left > 0) {
		timer_arm(&p->suspend_timer, mono_after(now, LOOK_USEC));
		return;
	}
	p->still = true;
	chore_add(p->loop, &p->review);
}

static void
on_look(struct timer *t)
{
	look(container_of(t, struct pooler, suspend_timer));
}

void
suspend_init(struct pooler *p)
{
	timer_init(&p->suspend_timer, p->loop, on_look);
}

void
suspend_begin(struct pooler *p)
{
	int64_t timeout = p->config->suspend_timeout;

	must(!p->suspended && !p->still);
	p->suspended = true;
	p->suspend_began = loop_now(p->loop);
	p->suspend_limit = timeout > 0 ?
	    mono_after(loop_now(p->loop), timeout) : (struct mono){ 0 };
	if (p->program.hold_listening != NULL)
		p->program.hold_listening(p->program.context, true);
	look(p);
}

static void
shift(struct mono *t, int64_t usec)
{
	if (mono_is_set(*t))
		*t = mono_after(*t, usec);
}

static void
shift_times(struct client *c, int64_t usec)
{
	shift(&c->link.query_start, usec);
	shift(&c->link.xact_start, usec);
	shift(&c->link.idle_start, usec);
	request_idle_anew(c);
}

/* What was kept is handed over again: nobody else would do it. It may have
 * come after the last look. */
static void
thaw(struct conn *conn)
{
	conn_freeze(conn, false);
	conn_redeliver(conn);
}

void
suspend_end(struct pooler *p)
{
	int64_t usec = mono_between(p->suspend_began, loop_now(p->loop));
	uint32_t cursor = 0;
	struct client *c;
	struct server *s;

	must(p->suspended);
	p->suspended = p->still = false;
	timer_disarm(&p->suspend_timer);
	if (p->program.hold_listening != NULL)
		p->program.hold_listening(p->program.context, false);
	while ((c = roster_next(&p->clients, &cursor)) != NULL)
		shift_times(c, usec);
	cursor = 0;
	while ((s = roster_next(&p->servers, &cursor)) != NULL)
		thaw(&s->conn);
	cursor = 0;
	while ((c = roster_next(&p->clients, &cursor)) != NULL)
		thaw(&c->conn);
}
