/*
 * topology.c - from what hosts say to what they are used for.
 */
#include "cluster/topology.h"

#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/must.h"
#include "cluster/host.h"
#include "cluster/lag.h"
#include "config/config.h"
#include "net/loop.h"

struct member {
	struct node *node;
	enum role role, next_role;
	enum role_reason reason, next_reason;
	struct mono since;      /* of the role */
	struct mono slow_since; /* it came back then; 0: it never left */
	bool was_used;
	int64_t lag_usec, lag_bytes;
};

struct topology {
	struct list member;
	struct topologies *owner;
	unsigned refs;
	bool changed;           /* on_change is to be called */
	uint32_t timeline;      /* the highest that was seen */
	size_t n;
	struct member *members;
	struct lag lag;
};

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

/*
 * What follows for each host.
 */

static void
set_next(struct member *m, enum role role, enum role_reason reason)
{
	m->next_role = role;
	m->next_reason = reason;
}

static void
judge_fixed(struct topology *t, struct member *m, bool *has_primary)
{
	(void)t;
	if (!health_is_up(&m->node->health))
		set_next(m, ROLE_NONE,
		    m->node->health.state == HEALTH_DOWN ? REASON_DOWN :
		    REASON_UNKNOWN);
	else if (m->node->fixed == HOST_ROLE_REPLICA)
		set_next(m, ROLE_REPLICA, REASON_NOTHING);
	else if (*has_primary)
		set_next(m, ROLE_NONE, REASON_SPARE);
	else
		set_next(m, ROLE_PRIMARY, REASON_NOTHING);
	*has_primary |= m->next_role == ROLE_PRIMARY;
}

static void
judge_asked(struct topology *t, struct member *m, bool *has_primary)
{
	const struct node *n = m->node;

	if (n->health.state == HEALTH_DOWN)
		set_next(m, ROLE_NONE, REASON_DOWN);
	else if (!node_speaks(n))
		set_next(m, ROLE_NONE, REASON_UNKNOWN);
	else if (n->probe.in_recovery)
		set_next(m, ROLE_REPLICA, REASON_NOTHING);
	else if (n->probe.timeline < t->timeline)
		set_next(m, ROLE_NONE, REASON_STALE);
	else if (*has_primary)
		set_next(m, ROLE_NONE, REASON_SPARE);
	else
		set_next(m, ROLE_PRIMARY, REASON_NOTHING);
	*has_primary |= m->next_role == ROLE_PRIMARY;
}

static void
log_change(const struct member *m)
{
	const struct host *h = m->node->host;

	if (m->next_role != ROLE_NONE)
		log_info(NULL, "host %s:%u is used as %s", h->name,
		    (unsigned)h->port, role_name(m->next_role));
	else if (m->role != ROLE_NONE)
		log_warning(NULL, "host %s:%u is not used as %s any more: %s",
		    h->name, (unsigned)h->port, role_name(m->role),
		    role_reason_text(m->next_reason));
	else
		log_info(NULL, "host %s:%u is not used: %s", h->name,
		    (unsigned)h->port, role_reason_text(m->next_reason));
}

static void
apply_next(struct topology *t, struct member *m, struct mono now)
{
	if (m->next_role == m->role && m->next_reason == m->reason)
		return;
	log_change(m);
	if (m->next_role != m->role) {
		t->changed = true;
		m->since = now;
		if (m->role == ROLE_NONE && m->was_used)
			m->slow_since = now;
		m->was_used = true;
	}
	m->role = m->next_role;
	m->reason = m->next_reason;
}

static void
judge(struct topology *t)
{
	struct mono now = loop_now(t->owner->loop);
	bool has_primary = false;
	size_t i;

	for (i = 0; i < t->n; i++)
		if (node_speaks(t->members[i].node) &&
		    t->members[i].node->probe.timeline > t->timeline)
			t->timeline = t->members[i].node->probe.timeline;
	for (i = 0; i < t->n; i++)
		if (t->members[i].node->fixed != HOST_ROLE_AUTO)
			judge_fixed(t, &t->members[i], &has_primary);
	for (i = 0; i < t->n; i++)
		if (t->members[i].node->fixed == HOST_ROLE_AUTO)
			judge_asked(t, &t->members[i], &has_primary);
	for (i = 0; i < t->n; i++)
		apply_next(t, &t->members[i], now);
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

static bool
set_text(char **to, const char *s)
{
	if (*to == s || (*to != NULL && s != NULL && strcmp(*to, s) == 0))
		return false;
	mem_free(*to);
	*to = mem_strdup(s);
	return true;
}

static bool
names_host(const struct config_database *db, const struct host *h)
{
	size_t i;

	for (i = 0; i < db->nhosts; i++)
		if (db->hosts[i].port == h->port &&
		    strcmp(db->hosts[i].name, h->name) == 0)
			return true;
	return false;
}

/* The entry whose own user may ask this host. */
static const struct config_database *
lender(const struct config *cfg, const struct host *h)
{
	const struct config_database *db;
	size_t i;

	for (i = 0; i < cfg->ndatabases; i++) {
		db = &cfg->databases[i];
		if (db->user != NULL && db->password != NULL &&
		    config_is_routed(cfg, db) && names_host(db, h))
			return db;
	}
	return NULL;
}

/* Is there another way to log in than before? */
static bool
load_login(struct node_login *login, const struct config *cfg,
    const struct host *h)
{
	const char *user = cfg->control_user, *password, *dbname;
	const struct config_database *db;
	bool changed;

	password = cfg->control_password;
	dbname = cfg->control_dbname;
	if (user == NULL || user[0] == '\0') {
		db = lender(cfg, h);
		user = db != NULL ? db->user : NULL;
		password = db != NULL ? db->password : NULL;
		if (db != NULL && db->dbname != NULL)
			dbname = db->dbname;
		else if (db != NULL && strcmp(db->name, "*") != 0)
			dbname = db->name;
	}
	changed = set_text(&login->user, user);
	changed |= set_text(&login->password, password);
	changed |= set_text(&login->dbname, dbname);
	return changed;
}

static void
load_node(struct topologies *ts, struct node *n)
{
	const struct config_budget *b = config_budget_of(ts->config,
	    n->host->name, n->host->port);

	n->fixed = b != NULL ? b->role : HOST_ROLE_AUTO;
	n->weight = b != NULL ? (uint32_t)b->weight : 1;
	if (load_login(&n->login, ts->config, n->host) &&
	    ts->on_node != NULL)
		ts->on_node(ts->monitor, n);
	if (!node_is_asked(n))
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
	set_text(&n->login.user, NULL);
	set_text(&n->login.password, NULL);
	set_text(&n->login.dbname, NULL);
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
		judge(topology_of(l));
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
	list_append(&ts->all, &t->member);
	judge(t);
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

static void
judge_all_of(struct topologies *ts, const struct host *h)
{
	struct list *l;

	LIST_EACH (l, &ts->all)
		if (find(topology_of(l), h) != NULL)
			judge(topology_of(l));
	announce(ts);
}

void
topologies_report(struct topologies *ts, struct host *h,
    const struct probe *probe)
{
	struct node *n = find_node(ts, h);
	const struct health_rules r = rules(ts);
	struct mono now = loop_now(ts->loop);

	if (n == NULL)
		return;
	health_pass(&n->health, &r, now);
	n->probe = *probe;
	n->answered = now;
	n->answers++;
	judge_all_of(ts, h);
}

void
topologies_fail(struct topologies *ts, struct host *h, const char *error)
{
	struct node *n = find_node(ts, h);
	const struct health_rules r = rules(ts);

	if (n == NULL)
		return;
	health_fail(&n->health, &r, loop_now(ts->loop), error);
	judge_all_of(ts, h);
}

void
topologies_suspect(struct topologies *ts, const struct host *h)
{
	struct node *n = find_node(ts, h);

	if (n == NULL || !node_is_asked(n))
		return;
	health_hurry(&n->health, loop_now(ts->loop));
	if (ts->on_node != NULL)
		ts->on_node(ts->monitor, n);
}
