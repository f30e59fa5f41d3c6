/*
 * world.c - both ends of the pooler; see world.h.
 *
 * Everything is one thread: the pooler's loop turns without waiting, then
 * the peers read and write what they can, and so on until a few rounds have
 * passed in which no byte moved. Unix sockets deliver at once, so nothing
 * is ever on its way where nobody sees it.
 */
#include "conversation/world.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/must.h"
#include "cluster/host.h"
#include "config/load.h"
#include "conversation/peer.h"
#include "pgwire/frame.h"
#include "pgwire/messages.h"
#include "pgwire/writer.h"
#include "pool/lane.h"
#include "pool/database.h"
#include "pool/fairness.h"
#include "pool/pool.h"
#include "pool/pools.h"
#include "pool/server.h"
#include "pool/user.h"

#define HOSTS 4
#define QUIET_ROUNDS 3

struct host_socket {
	char name[64];
	struct sockaddr_storage ss;
	socklen_t len;
	int fd;
};

/*
 * Configurations.
 */

static int
put_file(const char *text, size_t n)
{
	int fd = memfd_create("world", MFD_CLOEXEC);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, text, n), (ssize_t)n);
	return fd;
}

/* $1, $2, $3 and $TCP become places of hosts. */
static void
add_ini(struct world *w, struct text *t, const char *ini)
{
	const struct sockaddr_in *tcp = (void *)&w->hosts[HOSTS - 1].ss;

	for (; *ini != '\0'; ini++) {
		if (*ini != '$') {
			text_add(t, ini, 1);
		} else if (strncmp(ini, "$TCP", 4) == 0) {
			text_printf(t, "127.0.0.1 port=%u",
			    ntohs(tcp->sin_port));
			ini += 3;
		} else {
			ini++;
			ck_assert(*ini >= '1' && *ini < '0' + HOSTS);
			text_puts(t, w->hosts[*ini - '1'].name);
		}
	}
}

static const struct config *
load(struct world *w, const char *ini)
{
	static const char users[] = "\"app\" \"\"\n\"other\" \"\"\n"
	    "\"third\" \"\"\n\"admin\" \"\"\n";
	int users_fd = put_file(users, strlen(users)), fd;
	struct text text = { 0 };
	struct err err = { 0 };
	const struct config *config;
	char path[64];

	text_printf(&text, "[pgweir]\nauth_type = trust\n"
	    "server_tls_sslmode = disable\nauth_file = /proc/self/fd/%d\n",
	    users_fd);
	add_ini(w, &text, ini);
	if (strstr(ini, "[databases]") == NULL)
		add_ini(w, &text, "\n[databases]\nshop = host=$1\n");
	fd = put_file(text.p, text.n);
	snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	config = config_load(path, &err);
	ck_assert_msg(config != NULL, "%s", err.text);
	text_fini(&text);
	close(fd);
	close(users_fd);
	return config;
}

/*
 * Peers.
 */

static void
let_in(struct world *w, struct peer *p)
{
	struct text t = { 0 };
	char **r;

	if (w->refusal != NULL) {
		text_printf(&t, "E %s", w->refusal);
		script_write(SERVER_SPEAKS, t.p, &p->out);
		text_fini(&t);
		p->lingers = false;
		peer_exchange(p);
		peer_close(p);
		return;
	}
	writer_auth(&p->out, AUTH_OK, NULL, 0);
	for (r = w->reports; *r != NULL; r++) {
		text_clear(&t);
		text_printf(&t, "S %s", *r);
		script_write(SERVER_SPEAKS, t.p, &p->out);
	}
	text_fini(&t);
	writer_key_data(&p->out, p->key, sizeof p->key);
	writer_ready(&p->out, 'I');
}

/* The first packet on a connection to a host: a login, or a cancel. False if
 * it is not here yet. */
static bool
greet(struct world *w, struct peer *p)
{
	struct frame f;

	if (p->in.n < 8 || frame_startup_peek(p->in.p, p->in.n, &f) !=
	    PARSE_OK || p->in.n < f.len)
		return p->fd == -1;
	if (frame_u32((const unsigned char *)p->in.p + 4) == CANCEL_REQUEST) {
		peer_enlist(&w->cancels, &w->ncancels, p);
		memcpy(p->key, p->in.p + 8, sizeof p->key);
		if (!w->holds_cancels)
			peer_close(p);
		return true;
	}
	peer_enlist(&w->servers, &w->nservers, p);
	p->key[2] = (unsigned char)(p->n >> 8);
	p->key[3] = (unsigned char)p->n;
	p->key[7] = 0x77;
	p->at = f.len;
	if (w->hangs_up)
		peer_close(p);
	else if (!w->by_hand)
		let_in(w, p);
	return true;
}

static bool
greet_all(struct world *w)
{
	unsigned i, kept = 0;
	bool moved = false;
	struct peer *p;

	for (i = 0; i < w->narrivals; i++) {
		p = w->arrivals[i];
		moved |= peer_exchange(p);
		if (!greet(w, p))
			w->arrivals[kept++] = p;
		else if (p->n == 0)
			peer_destroy(p);
	}
	w->narrivals = kept;
	return moved;
}

/* An application_name that is set before the client's own bytes come. */
static bool
take_name(struct peer *p, const char *line)
{
	char name[64] = "", report[100];

	if (strncmp(line, "Q SET application_name='", 24) != 0 ||
	    (line[24] != '\'' &&
	    sscanf(line + 24, "%63[^']", name) != 1))
		return false;
	snprintf(report, sizeof report, "S application_name=%s", name);
	script_write(SERVER_SPEAKS, report, &p->out);
	script_write(SERVER_SPEAKS, "C SET", &p->out);
	script_write(SERVER_SPEAKS, "Z I", &p->out);
	return true;
}

/* A line that somebody else than the test answers. */
static bool
answer(struct world *w, struct peer *p, const char *line)
{
	if (w->takes_names && take_name(p, line))
		return true;
	if (w->on_query != NULL) {
		w->on_query(w, p->n, line);
		return true;
	}
	if (w->keeps_resets)
		return false;
	if (strcmp(line, "Q DISCARD ALL") == 0)
		script_write(SERVER_SPEAKS, "C DISCARD ALL", &p->out);
	else if (strcmp(line, "Q ") == 0)
		script_write(SERVER_SPEAKS, "I", &p->out);
	else
		return false;
	script_write(SERVER_SPEAKS, "Z I", &p->out);
	return true;
}

static bool
serve(struct world *w, struct peer *p)
{
	struct text line = { 0 };
	bool moved = false;
	size_t n;

	while (p->fd != -1 && p->at < p->in.n) {
		n = script_read(CLIENT_SPEAKS, p->in.p + p->at,
		    p->in.n - p->at, &line);
		if (n == 0 || !answer(w, p, line.p))
			break;
		p->at += n;
		moved = true;
	}
	text_fini(&line);
	return moved;
}

/*
 * Hosts.
 */

static void
open_host(struct host_socket *h)
{
	socklen_t len = sizeof h->ss;

	h->fd = socket(h->ss.ss_family, SOCK_STREAM | SOCK_NONBLOCK |
	    SOCK_CLOEXEC, 0);
	ck_assert_int_ge(h->fd, 0);
	ck_assert_msg(bind(h->fd, (void *)&h->ss, h->len) == 0, "bind: %s",
	    strerror(errno));
	ck_assert_int_eq(listen(h->fd, 128), 0);
	if (h->ss.ss_family == AF_INET)
		ck_assert_int_eq(getsockname(h->fd, (void *)&h->ss, &len), 0);
}

static void
make_hosts(struct world *w)
{
	struct host_socket *h;
	struct sockaddr_in *tcp;
	char path[100];
	int i;

	w->hosts = mem_alloc(HOSTS * sizeof *w->hosts);
	for (i = 0; i < HOSTS; i++) {
		h = &w->hosts[i];
		snprintf(h->name, sizeof h->name, "@pgweir-world-%ld-%d",
		    (long)getpid(), i + 1);
		snprintf(path, sizeof path, "%s/.s.PGSQL.5432", h->name);
		ck_assert_int_eq(addr_unix(path, &h->ss, &h->len), 0);
		if (i == HOSTS - 1) {
			tcp = (void *)&h->ss;
			*tcp = (struct sockaddr_in){ .sin_family = AF_INET };
			tcp->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
			h->len = sizeof *tcp;
		}
		open_host(h);
	}
}

static bool
accept_servers(struct world *w)
{
	struct peer *p;
	bool moved = false;
	int i, fd;

	for (i = 0; i < HOSTS; i++) {
		while (w->hosts[i].fd != -1 && (fd = accept4(w->hosts[i].fd,
		    NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) != -1) {
			p = peer_create(fd);
			p->tcp = i == HOSTS - 1;
			w->arrivals = mem_resize(w->arrivals,
			    (w->narrivals + 1) * sizeof *w->arrivals);
			w->arrivals[w->narrivals++] = p;
			moved = true;
		}
	}
	return moved;
}

/*
 * Turning.
 */

static bool
turn(struct world *w)
{
	bool moved;
	unsigned i;

	loop_turn(w->loop, false);
	moved = accept_servers(w) | greet_all(w);
	for (i = 0; i < w->nclients; i++)
		if (w->clients[i]->fd != -1)
			moved |= peer_exchange(w->clients[i]);
	for (i = 0; i < w->ncancels; i++)
		if (w->cancels[i]->fd != -1)
			moved |= peer_exchange(w->cancels[i]);
	for (i = 0; i < w->nservers; i++) {
		struct peer *p = w->servers[i];

		if (p->fd == -1)
			continue;
		moved |= peer_exchange(p);
		moved |= serve(w, p);
	}
	return moved;
}

static void
check_pools(struct world *w)
{
	struct list *n;

	LIST_EACH (n, &w->pooler->pools)
		pool_check(container_of(n, struct pool, member));
}

void
world_turn(struct world *w)
{
	int quiet = 0, rounds = 0;

	while (quiet < QUIET_ROUNDS) {
		quiet = turn(w) ? 0 : quiet + 1;
		ck_assert_msg(rounds++ < 100000, "it does not come to rest");
	}
	check_pools(w);
}

void
world_advance(struct world *w, double seconds)
{
	int64_t left = (int64_t)(seconds * 1e6 + 0.5), step;

	world_turn(w);
	while (left > 0) {
		step = left > INT64_C(60000000) ? INT64_C(1000000) : 250000;
		if (step > left)
			step = left;
		loop_advance(w->loop, step);
		world_turn(w);
		left -= step;
	}
}

/*
 * The world as a whole.
 */

static char **
first_reports(void)
{
	static const char *const reports[] = { "server_version=15.4",
		"server_encoding=UTF8", "client_encoding=UTF8",
		"DateStyle=ISO, MDY", "TimeZone=UTC",
		"IntervalStyle=postgres", "standard_conforming_strings=on",
		"application_name=", "integer_datetimes=on",
		"is_superuser=off", NULL };
	char **copy = mem_alloc(sizeof reports);
	size_t i;

	for (i = 0; reports[i] != NULL; i++)
		copy[i] = mem_strdup(reports[i]);
	return copy;
}

struct world *
world_start(const char *ini)
{
	struct world *w = mem_alloc(sizeof *w);
	const struct log_setup log = { .verbose = 2,
		.to_stderr = getenv("WORLD_LOG") != NULL };
	struct err err = { 0 };

	ck_assert(log_open(&log, &err));
	make_hosts(w);
	w->reports = first_reports();
	w->config = load(w, ini);
	w->loop = loop_create(LOOP_VIRTUAL);
	w->pooler = pooler_create(w->loop, w->config, &err);
	ck_assert_msg(w->pooler != NULL, "%s", err.text);
	world_turn(w);
	return w;
}

void
world_reload(struct world *w, const char *ini)
{
	const struct config *fresh = load(w, ini);
	struct err err = { 0 };

	ck_assert_msg(pooler_reload(w->pooler, fresh, &err), "%s", err.text);
	config_unref(w->config);
	w->config = fresh;
	world_turn(w);
}

static void
check_clients_gone(struct pooler *p)
{
	struct database *db = NULL;
	struct user *u = NULL;
	struct list *n;
	struct pool *pool;

	ck_assert_uint_eq(p->counts.all, 0);
	ck_assert_uint_eq(p->counts.login, 0);
	ck_assert_uint_eq(p->counts.console, 0);
	ck_assert_uint_eq(p->counts.waiting, 0);
	ck_assert_uint_eq(p->clients.count, 0);
	ck_assert_uint_eq(p->client_slab.used, 0);
	while ((db = database_next(p, db)) != NULL) {
		ck_assert_uint_eq(db->nclients, 0);
		ck_assert_uint_eq(db->nwaiting, 0);
	}
	while ((u = user_next(p, u)) != NULL)
		ck_assert_uint_eq(u->nclients, 0);
	LIST_EACH (n, &p->pools) {
		pool = container_of(n, struct pool, member);
		ck_assert_uint_eq(pool->nclients, 0);
		ck_assert_uint_eq(pool->queue.n, 0);
		ck_assert_uint_eq(pool->newcomers.n, 0);
		ck_assert_uint_eq(pool->count[SERVER_ACTIVE], 0);
		if (pool->queue.fairness != NULL)
			fairness_check(pool->queue.fairness, 0, 0);
	}
}

static void
check_servers_gone(struct pooler *p)
{
	struct database *db = NULL;
	struct user *u = NULL;
	struct list *n;
	int i;

	ck_assert_uint_eq(p->servers.count, 0);
	ck_assert_uint_eq(p->server_slab.used, 0);
	ck_assert_uint_eq(p->cancels.count, 0);
	ck_assert_uint_eq(p->cancel_slab.used, 0);
	while ((db = database_next(p, db)) != NULL)
		ck_assert_uint_eq(db->servers.held, 0);
	while ((u = user_next(p, u)) != NULL)
		ck_assert_uint_eq(u->servers.held, 0);
	LIST_EACH (n, &p->hosts.all)
		ck_assert_uint_eq(budget_held(container_of(n, struct host,
		    member)->budget), 0);
	LIST_EACH (n, &p->pools)
		for (i = 0; i < SERVER_NSTATES; i++)
			ck_assert_uint_eq(container_of(n, struct pool,
			    member)->count[i], 0);
}

static void
end_all(struct world *w)
{
	unsigned i;

	for (i = 0; i < w->nclients; i++)
		peer_close(w->clients[i]);
	world_turn(w);
	check_clients_gone(w->pooler);
	for (i = 1; i < HOSTS + 1; i++)
		servers_listen(w, i, false);
	for (i = 0; i < w->ncancels; i++)
		peer_close(w->cancels[i]);
	for (i = 0; i < w->narrivals; i++)
		peer_close(w->arrivals[i]);
	for (i = 0; i < w->nservers; i++)
		peer_close(w->servers[i]);
	world_turn(w);
	check_servers_gone(w->pooler);
}

void
world_stop(struct world *w)
{
	end_all(w);
	world_abandon(w);
}

void
world_abandon(struct world *w)
{
	char **r;

	pooler_destroy(w->pooler);
	loop_destroy(w->loop);
	config_unref(w->config);
	peers_destroy(w->clients, w->nclients);
	peers_destroy(w->servers, w->nservers);
	peers_destroy(w->cancels, w->ncancels);
	peers_destroy(w->arrivals, w->narrivals);
	for (r = w->reports; *r != NULL; r++)
		mem_free(*r);
	mem_free(w->reports);
	mem_free(w->refusal);
	mem_free(w->hosts);
	mem_free(w);
}

void
servers_listen(struct world *w, unsigned host, bool on)
{
	struct host_socket *h = &w->hosts[host - 1];

	if (on == (h->fd != -1))
		return;
	if (on) {
		open_host(h);
	} else {
		close(h->fd);
		h->fd = -1;
	}
	world_turn(w);
}

/* As the pooler knows it. */
static struct host *
host_in_pooler(struct world *w, unsigned host)
{
	const struct host_socket *h = &w->hosts[host - 1];
	struct host *found;
	struct list *n;

	LIST_EACH (n, &w->pooler->hosts.all) {
		found = container_of(n, struct host, member);
		if (strcmp(found->name, h->name) == 0)
			return found;
	}
	ck_abort_msg("host %u is in no database", host);
}

void
host_reports(struct world *w, unsigned host, bool replica, unsigned timeline)
{
	const struct probe p = { .system_identifier = 7, .started = host,
		.port = 5432, .in_recovery = replica, .timeline = timeline,
		.lsn = 1000, .received = replica ? 1000 : 0,
		.replay_age = replica ? 0 : -1 };

	/* One that was down has to say so twice. */
	topologies_report(&w->pooler->topologies, host_in_pooler(w, host),
	    &p);
	topologies_report(&w->pooler->topologies, host_in_pooler(w, host),
	    &p);
	world_turn(w);
}

void
host_is_silent(struct world *w, unsigned host)
{
	int i;

	for (i = 0; i < 3; i++)
		topologies_fail(&w->pooler->topologies,
		    host_in_pooler(w, host), "no answer");
	world_turn(w);
}

int
server_host(struct world *w, unsigned n)
{
	const struct server *s = server_in_pooler(w, n);
	int i;

	for (i = 0; s != NULL && i < HOSTS; i++)
		if (strcmp(w->hosts[i].name, s->lane->host->name) == 0)
			return i + 1;
	return 0;
}

int
world_run(Suite *s)
{
	SRunner *r = srunner_create(s);
	int failed;

	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed > 0;
}

unsigned
server_count(struct world *w)
{
	struct list *n;
	unsigned sum = 0;

	LIST_EACH (n, &w->pooler->pools)
		sum += pools_servers(container_of(n, struct pool, member));
	return sum;
}

struct pool *
world_pool(struct world *w, const char *database, const char *user)
{
	struct database *db = database_find(w->pooler, database);

	return db != NULL ? pools_find(w->pooler, db, user) : NULL;
}
