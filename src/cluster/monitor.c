/*
 * monitor.c - control connections; see monitor.h.
 *
 * Each host has an asker. When a probe is due (health.h says when) the name
 * is looked up, since it may mean another server by now, the connection is
 * opened unless it is still good, and the question is asked; all of that
 * within health_timeout. Whatever fails, the connection is closed: the next
 * probe is made on a new one.
 *
 * A connection that ends while nothing is asked is no failure yet, but a
 * reason to ask at once.
 *
 * What is reported may lead to a host being released: its asker is silenced
 * then, and freed at the end of the turn, since it may be the one at work.
 */
#include "cluster/monitor.h"

#include <stdio.h>
#include <string.h>

#include "base/list.h"
#include "base/mem.h"
#include "base/must.h"
#include "cluster/host.h"
#include "cluster/libpq.h"
#include "cluster/topology.h"
#include "config/config.h"
#include "net/loop.h"
#include "net/resolve.h"

enum asker_state { WAITING, RESOLVING, OPENING, ASKING };

struct monitor {
	struct loop *loop;
	struct resolver *resolver;
	struct topologies *topologies;
	struct list askers, dead;
	struct chore burial;
	bool opened;            /* the first connection */
};

struct asker {
	struct list member;
	struct monitor *monitor;
	struct node *node;
	enum asker_state state;
	struct timer due, late;
	struct lookup lookup;
	struct libpq *conn;
	struct libpq_owner owner;
	struct addr addr;       /* of the connection; AF_UNSPEC: Unix socket */
	unsigned turn;          /* which of several addresses */
	char *user, *password, *dbname; /* as the connection has them */
};

static void begin(struct asker *);

static void
set_text(char **to, const char *s)
{
	mem_free(*to);
	*to = mem_strdup(s);
}

static bool
same_text(const char *a, const char *b)
{
	return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

static bool
has_same_login(const struct asker *a)
{
	return same_text(a->user, a->node->login.user) &&
	    same_text(a->password, a->node->login.password) &&
	    same_text(a->dbname, a->node->login.dbname);
}

static void
disconnect(struct asker *a)
{
	libpq_close(a->conn);
	a->conn = NULL;
}

/* Nothing is being asked any more. */
static void
rest(struct asker *a)
{
	timer_disarm(&a->late);
	lookup_cancel(&a->lookup);
	a->state = WAITING;
}

static void
fail(struct asker *a, const char *error)
{
	struct err why;

	/* The text may be the connection's. */
	(void)err_set(&why, "%s", error);
	disconnect(a);
	rest(a);
	a->turn++;
	topologies_fail(a->monitor->topologies, a->node->host, why.text);
}

static void
ask(struct asker *a)
{
	a->state = ASKING;
	libpq_ask(a->conn, probe_query);
}

static struct asker *
asker_of(struct libpq_owner *o)
{
	return container_of(o, struct asker, owner);
}

static void
on_open(struct libpq_owner *o)
{
	ask(asker_of(o));
}

static void
on_broken(struct libpq_owner *o, const char *error)
{
	struct asker *a = asker_of(o);

	if (a->state == OPENING || a->state == ASKING) {
		fail(a, error);
		return;
	}
	disconnect(a);
	if (a->state == WAITING)
		begin(a);       /* else the name is being looked up */
}

static void
on_answer(struct libpq_owner *o)
{
	struct asker *a = asker_of(o);
	const char *values[PROBE_COLUMNS];
	struct probe probe;
	struct err err;
	int i;

	for (i = 0; i < PROBE_COLUMNS; i++)
		values[i] = libpq_value(a->conn, i);
	if (!probe_parse(&probe, values, &err)) {
		fail(a, err.text);
		return;
	}
	rest(a);
	topologies_report(a->monitor->topologies, a->node->host, &probe);
}

static void
connect_to(struct asker *a, const struct addr *addr)
{
	struct monitor *m = a->monitor;
	const struct config *cfg = m->topologies->config;
	const struct node *n = a->node;
	char options[120];
	struct libpq_target t = {
		.host = n->host->name, .port = n->host->port,
		.user = n->login.user, .password = n->login.password,
		.dbname = n->login.dbname, .options = options,
		.sslmode = cfg->server_tls_sslmode,
		.ca_file = cfg->server_tls_ca_file,
		.cert_file = cfg->server_tls_cert_file,
		.key_file = cfg->server_tls_key_file,
	};

	snprintf(options, sizeof options, "-c search_path=pg_catalog "
	    "-c statement_timeout=%lld",
	    (long long)(cfg->health_timeout / 1000));
	a->addr = addr != NULL ? *addr : (struct addr){ .family = AF_UNSPEC };
	t.addr = a->addr;
	set_text(&a->user, n->login.user);
	set_text(&a->password, n->login.password);
	set_text(&a->dbname, n->login.dbname);
	if (!m->opened)
		libpq_forget_environment();
	m->opened = true;
	a->state = OPENING;
	a->conn = libpq_open(m->loop, &t, &a->owner);
}

static bool
is_among(const struct addr *addr, const struct addr *addrs, unsigned n)
{
	unsigned i;

	for (i = 0; i < n; i++)
		if (addr_same_ip(addr, &addrs[i]))
			return true;
	return false;
}

static void
on_resolved(struct lookup *l, const struct addr *addrs, unsigned n,
    const char *error)
{
	struct asker *a = container_of(l, struct asker, lookup);
	char text[HEALTH_ERROR_MAX];

	if (n == 0 && a->conn == NULL) {
		snprintf(text, sizeof text, "cannot resolve the name: %s",
		    error);
		fail(a, text);
		return;
	}
	/* A name that cannot be resolved is still where it was. */
	if (a->conn != NULL && n > 0 && !is_among(&a->addr, addrs, n))
		disconnect(a);
	if (a->conn != NULL)
		ask(a);
	else
		connect_to(a, &addrs[a->turn % n]);
}

static void
on_late(struct timer *t)
{
	struct asker *a = container_of(t, struct asker, late);
	char text[HEALTH_ERROR_MAX];

	snprintf(text, sizeof text, "%s within %g s",
	    a->state == RESOLVING ? "its name was not resolved" :
	    a->state == OPENING ? "no connection" : "no answer",
	    (double)a->monitor->topologies->config->health_timeout / 1e6);
	fail(a, text);
}

static void
begin(struct asker *a)
{
	struct monitor *m = a->monitor;
	const struct host *h = a->node->host;

	must(a->state == WAITING);
	timer_disarm(&a->due);
	if (!node_is_asked(a->node)) {
		disconnect(a);
		return;
	}
	if (a->conn != NULL && !has_same_login(a))
		disconnect(a);
	timer_arm(&a->late, mono_after(loop_now(m->loop),
	    m->topologies->config->health_timeout));
	a->state = RESOLVING;
	if (!host_is_unix(h))
		resolver_ask(m->resolver, h->name, h->port, &a->lookup);
	else if (a->conn != NULL)
		ask(a);
	else
		connect_to(a, NULL);
}

static void
on_due(struct timer *t)
{
	begin(container_of(t, struct asker, due));
}

/*
 * Hosts come and go.
 */

static void
on_node(void *arg, struct node *n)
{
	struct monitor *m = arg;
	struct asker *a = n->asker;

	if (a == NULL) {
		a = mem_alloc(sizeof *a);
		a->monitor = m;
		a->node = n;
		a->owner = (struct libpq_owner){ on_open, on_answer,
			on_broken };
		timer_init(&a->due, m->loop, on_due);
		timer_init(&a->late, m->loop, on_late);
		lookup_init(&a->lookup, on_resolved);
		list_append(&m->askers, &a->member);
		n->asker = a;
	}
	/* While it is being asked, the answer says when to ask again. */
	if (a->state != WAITING)
		return;
	if (a->conn != NULL && !has_same_login(a))
		timer_arm(&a->due, loop_now(m->loop));
	else
		timer_arm(&a->due, n->health.due);
}

static void
on_node_gone(void *arg, struct node *n)
{
	struct monitor *m = arg;
	struct asker *a = n->asker;

	if (a == NULL)
		return;
	rest(a);
	timer_disarm(&a->due);
	disconnect(a);
	a->node = n->asker = NULL;
	list_remove(&a->member);
	list_append(&m->dead, &a->member);
	chore_add(m->loop, &m->burial);
}

static void
on_burial(struct chore *c)
{
	struct monitor *m = container_of(c, struct monitor, burial);
	struct list *l;

	while ((l = list_pop(&m->dead)) != NULL) {
		struct asker *a = container_of(l, struct asker, member);

		set_text(&a->user, NULL);
		if (a->password != NULL)
			explicit_bzero(a->password, strlen(a->password));
		set_text(&a->password, NULL);
		set_text(&a->dbname, NULL);
		mem_free(a);
	}
}

struct monitor *
monitor_create(struct loop *loop, struct resolver *resolver,
    struct topologies *ts)
{
	struct monitor *m = mem_alloc(sizeof *m);
	struct list *l;

	m->loop = loop;
	m->resolver = resolver;
	m->topologies = ts;
	list_init(&m->askers);
	list_init(&m->dead);
	chore_init(&m->burial, on_burial);
	ts->on_node = on_node;
	ts->on_node_gone = on_node_gone;
	ts->monitor = m;
	LIST_EACH (l, &ts->nodes)
		on_node(m, container_of(l, struct node, member));
	return m;
}

void
monitor_destroy(struct monitor *m)
{
	struct list *l;

	if (m == NULL)
		return;
	while ((l = list_first(&m->askers)) != NULL)
		on_node_gone(m, container_of(l, struct asker, member)->node);
	chore_cancel(&m->burial);
	on_burial(&m->burial);
	m->topologies->on_node = NULL;
	m->topologies->on_node_gone = NULL;
	mem_free(m);
}
