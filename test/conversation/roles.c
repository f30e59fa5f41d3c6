/*
 * roles.c - what clients and servers do in a conversation; see world.h.
 */
#include "conversation/world.h"

#include <stdio.h>
#include <sys/socket.h>

#include "base/mem.h"
#include "base/must.h"
#include "conversation/peer.h"
#include "pgwire/frame.h"
#include "pgwire/writer.h"
#include "pool/client.h"
#include "pool/server.h"

static struct peer *
client(struct world *w, unsigned n)
{
	ck_assert_msg(n > 0 && n <= w->nclients, "there is no client %u", n);
	return w->clients[n - 1];
}

static struct peer *
server(struct world *w, unsigned n)
{
	ck_assert_msg(n > 0 && n <= w->nservers, "there is no server %u", n);
	return w->servers[n - 1];
}

static bool
has_joined(struct world *w, unsigned n)
{
	return n <= w->nclients && w->clients[n - 1]->fd != -1;
}

void
client_sends_lines(struct world *w, unsigned n, const char *const *lines,
    const char *file, int line)
{
	if (!has_joined(w, n))
		client_joins(w, n, "");
	peer_say(client(w, n), CLIENT_SPEAKS, lines, file, line);
	world_turn(w);
}

void
client_gets_lines(struct world *w, unsigned n, const char *const *lines,
    const char *file, int line)
{
	peer_expect(client(w, n), SERVER_SPEAKS, lines, file, line);
}

void
server_replies_lines(struct world *w, unsigned n, const char *const *lines,
    const char *file, int line)
{
	struct peer *p = server(w, n);

	p->at = p->in.n;
	peer_say(p, SERVER_SPEAKS, lines, file, line);
	world_turn(w);
}

void
server_gets_lines(struct world *w, unsigned n, const char *const *lines,
    const char *file, int line)
{
	peer_expect(server(w, n), CLIENT_SPEAKS, lines, file, line);
}

/*
 * Clients.
 */

static struct peer *
connect_client(struct world *w, unsigned n)
{
	struct addr peer = { .family = AF_INET, .port = (uint16_t)n,
		.ip = { 10, 0, 0, 1 } };
	const struct addr local = { .family = AF_INET, .port = 6432,
		.ip = { 10, 0, 0, 2 } };
	struct peer *p;
	int fds[2];

	while (w->nclients < n)
		peer_enlist(&w->clients, &w->nclients, peer_create(-1));
	p = client(w, n);
	ck_assert_msg(p->fd == -1, "client %u is there already", n);
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK |
	    SOCK_CLOEXEC, 0, fds), 0);
	if (w->send_buffer > 0)
		setsockopt(fds[1], SOL_SOCKET, SO_SNDBUF, &w->send_buffer,
		    sizeof w->send_buffer);
	p->fd = fds[0];
	p->at = 0;
	p->ended = p->stalled = p->lingers = false;
	text_clear(&p->in);
	text_clear(&p->out);
	text_clear(&p->told);
	pooler_accept(w->pooler, fds[1], &peer, &local);
	return p;
}

void
client_comes(struct world *w, unsigned n, const char *params)
{
	struct peer *p = connect_client(w, n);
	struct text all = { 0 };

	/* Of two the last one counts. */
	text_printf(&all, "user=app&database=shop&%s", params);
	script_startup(all.p, &p->out);
	text_fini(&all);
	world_turn(w);
}

void
client_joins(struct world *w, unsigned n, const char *params)
{
	struct text line = { 0 };
	struct peer *p;
	size_t len;

	client_comes(w, n, params);
	p = client(w, n);
	do {
		len = script_read(SERVER_SPEAKS, p->in.p + p->at,
		    p->in.n - p->at, &line);
		ck_assert_msg(len > 0, "the login of client %u stopped", n);
		ck_assert_msg(line.p[0] != 'E', "client %u: %s", n, line.p);
		if (line.p[0] == 'S')
			text_add(&p->told, line.p + 2, line.n - 1);
		if (line.p[0] == 'K')
			memcpy(p->key, p->in.p + p->at + FRAME_HEADER, 8);
		p->at += len;
	} while (line.p[0] != 'Z');
	text_fini(&line);
}

const char *
client_param(struct world *w, unsigned n, const char *name)
{
	struct peer *p = client(w, n);
	const char *at = p->told.p, *end = p->told.p + p->told.n;
	const char *found = NULL;
	size_t len = strlen(name);

	/* As a client sees it: the last one counts. */
	for (; at < end; at += strlen(at) + 1)
		if (strncmp(at, name, len) == 0 && at[len] == '=')
			found = at + len + 1;
	return found;
}

void
client_sends_bytes(struct world *w, unsigned n, const void *p, size_t len)
{
	if (n > w->nclients || client(w, n)->fd == -1)
		connect_client(w, n);
	text_add(&client(w, n)->out, p, len);
	world_turn(w);
}

void
client_writes(struct world *w, unsigned n, const char *line)
{
	script_write(CLIENT_SPEAKS, line, &client(w, n)->out);
	peer_exchange(client(w, n));
}

void
client_drops(struct world *w, unsigned n)
{
	peer_close(client(w, n));
	text_clear(&client(w, n)->told);
}

void
client_leaves(struct world *w, unsigned n)
{
	client_drops(w, n);
	world_turn(w);
}

void
client_lingers(struct world *w, unsigned n)
{
	client(w, n)->lingers = true;
}

void
client_stops_sending(struct world *w, unsigned n)
{
	ck_assert_int_eq(shutdown(client(w, n)->fd, SHUT_WR), 0);
	world_turn(w);
}

void
client_stalls(struct world *w, unsigned n, bool stalled)
{
	client(w, n)->stalled = stalled;
	world_turn(w);
}

bool
client_is_gone(struct world *w, unsigned n)
{
	return client(w, n)->ended || client(w, n)->fd == -1;
}

struct client *
client_in_pooler(struct world *w, unsigned n)
{
	uint32_t cursor = 0;
	struct client *c;

	while ((c = roster_next(&w->pooler->clients, &cursor)) != NULL)
		if (c->addr.port == n)
			return c;
	return NULL;
}

const char *
client_waits(struct world *w, unsigned n)
{
	struct socket_facts f;
	uint32_t cursor = 0;

	while (facts_client(w->pooler, &cursor, &f))
		if (f.addr.port == n)
			return f.wait_reason != NULL ? f.wait_reason : "";
	return "";
}

void
client_cancels(struct world *w, unsigned n, unsigned target)
{
	struct peer *p = connect_client(w, n);

	writer_cancel_request(&p->out, client(w, target)->key, 8);
	world_turn(w);
}

size_t
client_unread(struct world *w, unsigned n)
{
	return client(w, n)->in.n - client(w, n)->at;
}

const void *
client_bytes(struct world *w, unsigned n)
{
	return client(w, n)->in.p + client(w, n)->at;
}

bool
client_next(struct world *w, unsigned n, struct text *line)
{
	struct peer *p = client(w, n);
	size_t len = script_read(SERVER_SPEAKS, p->in.p + p->at,
	    p->in.n - p->at, line);

	p->at += len;
	return len > 0;
}

void
client_skips(struct world *w, unsigned n, size_t bytes)
{
	ck_assert_uint_le(bytes, client_unread(w, n));
	client(w, n)->at += bytes;
}

/*
 * Servers.
 */

void
server_next(struct world *w, unsigned n, struct text *line)
{
	struct peer *p = server(w, n);
	size_t len = script_read(CLIENT_SPEAKS, p->in.p + p->at,
	    p->in.n - p->at, line);

	ck_assert_msg(len > 0, "server %u has got nothing", n);
	p->at += len;
}

void
server_answers(struct world *w, unsigned n, const char *line)
{
	script_write(SERVER_SPEAKS, line, &server(w, n)->out);
}

unsigned
server_somewhere(struct world *w, unsigned random)
{
	unsigned i, n;

	for (i = 0; i < w->nservers; i++) {
		n = (random + i) % w->nservers + 1;
		if (server(w, n)->fd != -1)
			return n;
	}
	return 0;
}

void
server_replies_bytes(struct world *w, unsigned n, const void *p, size_t len)
{
	server(w, n)->at = server(w, n)->in.n;
	text_add(&server(w, n)->out, p, len);
	world_turn(w);
}

void
server_drops(struct world *w, unsigned n)
{
	peer_close(server(w, n));
}

void
server_dies(struct world *w, unsigned n)
{
	server_drops(w, n);
	world_turn(w);
}

void
server_resets(struct world *w, unsigned n)
{
	const struct linger l = { .l_onoff = 1 };

	ck_assert_int_eq(setsockopt(server(w, n)->fd, SOL_SOCKET, SO_LINGER,
	    &l, sizeof l), 0);
	server_dies(w, n);
}

void
server_says_last(struct world *w, unsigned n)
{
	server(w, n)->says_last = true;
	world_turn(w);
}

void
server_stalls(struct world *w, unsigned n, bool stalled)
{
	server(w, n)->stalled = stalled;
	world_turn(w);
}

void
server_lingers(struct world *w, unsigned n)
{
	server(w, n)->lingers = true;
}

struct server *
server_in_pooler(struct world *w, unsigned n)
{
	const struct peer *p = server(w, n);
	uint32_t cursor = 0;
	struct server *s;

	while ((s = roster_next(&w->pooler->servers, &cursor)) != NULL)
		if (s->has_key && memcmp(s->key, p->key, sizeof s->key) == 0)
			return s;
	return NULL;
}

const char *
server_owner(struct world *w, unsigned n)
{
	struct server *s = server_in_pooler(w, n);

	if (s == NULL || s->state == SERVER_CLOSING)
		return "gone";
	if (s->state == SERVER_IDLE)
		return "pool";
	if (s->state == SERVER_LOGIN)
		return "login";
	if (s->link == NULL)
		return server_state_name(s->state);
	snprintf(w->owner, sizeof w->owner, "client %u",
	    (unsigned)container_of(s->link, struct client, link)->addr.port);
	return w->owner;
}

size_t
server_unread(struct world *w, unsigned n)
{
	return server(w, n)->in.n - server(w, n)->at;
}

void
servers_report(struct world *w, const char *pair)
{
	size_t len = strcspn(pair, "=") + 1, n = 0;
	char **r = w->reports;

	for (; r[n] != NULL; n++) {
		if (strncmp(r[n], pair, len) == 0) {
			mem_free(r[n]);
			r[n] = mem_strdup(pair);
			return;
		}
	}
	r = mem_resize(r, (n + 2) * sizeof *r);
	r[n] = mem_strdup(pair);
	r[n + 1] = NULL;
	w->reports = r;
}

void
servers_refuse(struct world *w, const char *error)
{
	mem_free(w->refusal);
	w->refusal = mem_strdup(error);
}

unsigned
cancel_target(struct world *w, unsigned k)
{
	unsigned i;

	ck_assert_msg(k <= w->ncancels, "there is no cancel request %u", k);
	for (i = 1; i <= w->nservers; i++)
		if (memcmp(server(w, i)->key, w->cancels[k - 1]->key, 8) == 0)
			return i;
	return 0;
}

bool
cancel_is_tcp(struct world *w, unsigned k)
{
	ck_assert_uint_le(k, w->ncancels);
	return w->cancels[k - 1]->tcp;
}

void
cancel_says(struct world *w, unsigned k, const char *line)
{
	ck_assert_uint_le(k, w->ncancels);
	script_write(SERVER_SPEAKS, line, &w->cancels[k - 1]->out);
	world_turn(w);
}

void
cancel_ends(struct world *w, unsigned k)
{
	ck_assert_uint_le(k, w->ncancels);
	peer_close(w->cancels[k - 1]);
	world_turn(w);
}

const void *
server_bytes(struct world *w, unsigned n)
{
	return server(w, n)->in.p + server(w, n)->at;
}
