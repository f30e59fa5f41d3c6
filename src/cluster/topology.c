/*
 * topology.c - the topologies there are, and news for them; see topology.h.
 *
 * One list of hosts is one topology, whichever databases name it; a host is
 * one node, whichever topologies it is in. Who does what, is judge.c's
 * business. When something changes, all of them are judged before anybody is
 * told.
 */
#include "cluster/topology.h"

#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/must.h"
#include "cluster/host.h"
#include "cluster/member.h"
#include "config/config.h"
#include "net/loop.h"

#define SEEK_USEC INT64_C(60000000)

static const char *const role_names[] = {
#define X(id, name) name,
	ROLES(X)
#undef X
};

static const char *const reason_texts[] = {
#define X(id, text) text,
	ROLE_REASONS(X)
#undef X
};

const char *
role_name(enum role role)
{
	return role_names[role];
}

const char *
role_reason_text(enum role_reason reason)
{
	return reason_texts[reason];
}

static struct topology *
topology_of(struct list *l)
{
	return container_of(l, struct topology, member);
}

static struct node *
node_of(struct list *l)
{
	return container_of(l, struct node, member);
}

static struct member *
find(const struct topology *t, const struct host *h)
{
	size_t i;

	for (i = 0; i < t->n; i++)
		if (t->members[i].node->host == h)
			return &t->members[i];
	return NULL;
}

static void
judge_now(struct topology *t)
{
	judge(t, loop_now(t->owner->loop));
}

/* on_change may come back here in any way: begin anew after each. */
static void
announce(struct topologies *ts)
{
	struct list *l;
	bool again;

	do {
		again = false;
		LIST_EACH (l, &ts->all) {
			struct topology *t = topology_of(l);

			if (!t->changed)
				continue;
			t->changed = false;
			if (ts->on_change != NULL) {
				ts->on_change(ts->arg, t);
				again = true;
				break;
			}
		}
	} while (again);
}

/*
 * Hosts.
 */

static void
tell_monitor(struct topologies *ts, struct node *n)
{
	if (ts->on_node != NULL)
		ts->on_node(ts->monitor, n);
}

static void
load_node(struct topologies *ts, struct node *n)
{
	bool login_changed;

	node_load(n, ts->config, &login_changed);
	if (login_changed)
		tell_monitor(ts, n);
	if (node_is_asked(n))
		return;
	n->answers = 0;
	health_assume_up(&n->health, loop_now(ts->loop));
}

static struct node *
acquire_node(struct topologies *ts, const struct config_host *h)
{
	struct host *host = host_acquire(ts->hosts, h->name, h->port);
	struct list *l;
	struct node *n;

	LIST_EACH (l, &ts->nodes) {
		if (node_of(l)->host == host) {
			host_release(host);
			node_of(l)->refs++;
			return node_of(l);
		}
	}
	n = mem_alloc(sizeof *n);
	n->host = host;
	n->refs = 1;
	health_init(&n->health, loop_now(ts->loop));
	list_append(&ts->nodes, &n->member);
	load_node(ts, n);
	return n;
}

static void
release_node(struct topologies *ts, struct node *n)
{
	must(n->refs > 0);
	if (--n->refs > 0)
		return;
	if (ts->on_node_gone != NULL)
		ts->on_node_gone(ts->monitor, n);
	list_remove(&n->member);
	host_release(n->host);
	node_fini(n);
	mem_free(n);
}

static struct node *
find_node(struct topologies *ts, const struct host *h)
{
	struct list *l;

	LIST_EACH (l, &ts->nodes)
		if (node_of(l)->host == h)
			return node_of(l);
	return NULL;
}

/*
 * Topologies.
 */

void
topologies_init(struct topologies *ts, struct loop *loop, struct hosts *hosts)
{
	*ts = (struct topologies){ .loop = loop, .hosts = hosts };
	list_init(&ts->all);
	list_init(&ts->nodes);
}

void
topologies_fini(struct topologies *ts)
{
	must(list_empty(&ts->all) && list_empty(&ts->nodes));
}

void
topologies_load(struct topologies *ts, const struct config *cfg)
{
	struct list *l;

	ts->config = cfg;
	LIST_EACH (l, &ts->nodes)
		load_node(ts, node_of(l));
	LIST_EACH (l, &ts->all)
		judge_now(topology_of(l));
	announce(ts);
}

/* Is it in the list before place i? */
static bool
is_repeated(const struct config_database *db, size_t i)
{
	size_t k;

	for (k = 0; k < i; k++)
		if (db->hosts[k].port == db->hosts[i].port &&
		    strcmp(db->hosts[k].name, db->hosts[i].name) == 0)
			return true;
	return false;
}

static bool
has_list(const struct topology *t, const struct config_database *db)
{
	size_t i, k = 0;

	for (i = 0; i < db->nhosts; i++) {
		const struct host *h;

		if (is_repeated(db, i))
			continue;
		if (k == t->n)
			return false;
		h = t->members[k++].node->host;
		if (h->port != db->hosts[i].port ||
		    strcmp(h->name, db->hosts[i].name) != 0)
			return false;
	}
	return k == t->n;
}

/* What other topologies have learned about our hosts. */
static void
inherit(struct topology *t)
{
	const struct node *n;
	size_t i;

	for (i = 0; i < t->n; i++) {
		n = t->members[i].node;
		if (t->system == 0)
			t->system = n->system;
		if (n->system == t->system && n->timeline > t->timeline)
			t->timeline = n->timeline;
	}
}

struct topology *
topology_acquire(struct topologies *ts, const struct config_database *db)
{
	struct topology *t;
	struct list *l;
	size_t i;

	must(ts->config != NULL && db->nhosts > 0);
	LIST_EACH (l, &ts->all) {
		if (has_list(topology_of(l), db)) {
			topology_of(l)->refs++;
			return topology_of(l);
		}
	}
	t = mem_alloc(sizeof *t);
	t->owner = ts;
	t->refs = 1;
	t->members = mem_alloc(db->nhosts * sizeof *t->members);
	for (i = 0; i < db->nhosts; i++) {
		if (is_repeated(db, i))
			continue;
		t->members[t->n++] = (struct member){
			.node = acquire_node(ts, &db->hosts[i]),
			.reason = REASON_UNKNOWN,
			.since = loop_now(ts->loop),
			.lag_usec = -1, .lag_bytes = -1,
		};
	}
	inherit(t);
	list_append(&ts->all, &t->member);
	judge_now(t);
	t->changed = false;
	return t;
}

void
topology_release(struct topology *t)
{
	size_t i;

	if (t == NULL)
		return;
	must(t->refs > 0);
	if (--t->refs > 0)
		return;
	list_remove(&t->member);
	for (i = 0; i < t->n; i++)
		release_node(t->owner, t->members[i].node);
	mem_free(t->members);
	mem_free(t);
}

enum role
topology_role(const struct topology *t, const struct host *h)
{
	const struct member *m = find(t, h);

	return m != NULL ? m->role : ROLE_NONE;
}

bool
topology_has(const struct topology *t, enum role role)
{
	size_t i;

	for (i = 0; i < t->n; i++)
		if (t->members[i].role == role)
			return true;
	return false;
}

uint32_t
topology_weight(const struct topology *t, const struct host *h,
    struct mono now)
{
	const struct member *m = find(t, h);
	int64_t full = t->owner->config->slow_start, age, weight;

	if (m == NULL || m->role == ROLE_NONE)
		return 0;
	weight = (int64_t)m->node->weight * 1000;
	if (!mono_is_set(m->slow_since))
		return (uint32_t)weight;
	age = mono_between(m->slow_since, now);
	if (age >= full)
		return (uint32_t)weight;
	weight = (int64_t)((double)weight * (double)age / (double)full);
	return weight > 10 ? (uint32_t)weight : 10;
}

const struct topology *
topologies_next(const struct topologies *ts, const struct topology *t)
{
	struct list *l = t != NULL ? t->member.next : ts->all.next;

	return l != &ts->all ? topology_of(l) : NULL;
}

size_t
topology_count(const struct topology *t)
{
	return t->n;
}

struct host *
topology_host(const struct topology *t, size_t i)
{
	must(i < t->n);
	return t->members[i].node->host;
}

void
topology_status(const struct topology *t, size_t i,
    struct topology_status *status)
{
	const struct member *m = &t->members[i];

	must(i < t->n);
	*status = (struct topology_status){
		.node = m->node, .role = m->role, .reason = m->reason,
		.since = m->since, .lag_usec = m->lag_usec,
		.lag_bytes = m->lag_bytes,
	};
}

/*
 * News of a host.
 */

static struct health_rules
rules(const struct topologies *ts)
{
	return (struct health_rules){
		.interval_usec = ts->config->health_interval,
		.rise = (unsigned)ts->config->health_rise,
		.fall = (unsigned)ts->config->health_fall,
	};
}

/* Where there was a primary until now, any host may be the next one at any
 * moment: for a while all are asked often. */
static void
seek_primary(struct topology *t, bool had)
{
	struct topologies *ts = t->owner;
	struct mono now = loop_now(ts->loop);
	struct node *n;
	size_t i;

	if (topology_has(t, ROLE_PRIMARY))
		t->seeks_until = (struct mono){ 0 };
	else if (had)
		t->seeks_until = mono_after(now, SEEK_USEC);
	if (!mono_is_set(t->seeks_until) || mono_reached(now, t->seeks_until))
		return;
	for (i = 0; i < t->n; i++) {
		n = t->members[i].node;
		if (!node_is_asked(n))
			continue;
		health_ask_by(&n->health, mono_after(now, HEALTH_EAGER_USEC));
		tell_monitor(ts, n);
	}
}

static void
judge_all_of(struct topologies *ts, const struct host *h)
{
	struct topology *t;
	struct list *l;
	bool had;

	LIST_EACH (l, &ts->all) {
		t = topology_of(l);
		if (find(t, h) == NULL)
			continue;
		had = topology_has(t, ROLE_PRIMARY);
		judge_now(t);
		seek_primary(t, had);
	}
	announce(ts);
}

void
topologies_report(struct topologies *ts, struct host *h,
    const struct probe *probe)
{
	struct node *n = find_node(ts, h);
	const struct health_rules r = rules(ts);

	if (n == NULL)
		return;
	node_pass(n, &r, loop_now(ts->loop), probe);
	tell_monitor(ts, n);
	judge_all_of(ts, h);
}

void
topologies_fail(struct topologies *ts, struct host *h, const char *error)
{
	struct node *n = find_node(ts, h);
	const struct health_rules r = rules(ts);

	if (n == NULL)
		return;
	node_fail(n, &r, loop_now(ts->loop), error);
	tell_monitor(ts, n);
	judge_all_of(ts, h);
}

void
topologies_suspect(struct topologies *ts, const struct host *h)
{
	struct node *n = find_node(ts, h);

	if (n == NULL || !node_is_asked(n))
		return;
	health_hurry(&n->health, loop_now(ts->loop));
	tell_monitor(ts, n);
}
