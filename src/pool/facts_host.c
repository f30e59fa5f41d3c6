/*
 * facts_host.c - what is known of hosts, and what they do for us; see
 * facts_host.h.
 */
#include "pool/facts_host.h"

#include <stdio.h>
#include <string.h>

#include "base/must.h"
#include "cluster/host.h"
#include "cluster/topology.h"
#include "pool/database.h"
#include "pool/lane.h"
#include "pool/pools.h"
#include "pool/state.h"

/* The topology that has row i, which then is its place there. */
static const struct topology *
topology_at(const struct pooler *p, uint32_t *i)
{
	const struct topology *t = NULL;

	while ((t = topologies_next(&p->topologies, t)) != NULL) {
		if (*i < topology_count(t))
			return t;
		*i -= (uint32_t)topology_count(t);
	}
	return NULL;
}

static void
name_databases(const struct pooler *p, const struct topology *t, char *buf,
    size_t cap)
{
	const struct database *db = NULL;
	size_t n = 0, len;

	buf[0] = '\0';
	while ((db = database_next(p, db)) != NULL) {
		if (db->topology != t)
			continue;
		len = strlen(db->name) + (n > 0);
		if (n + len + 4 >= cap) {
			snprintf(buf + n, cap - n, "...");
			return;
		}
		snprintf(buf + n, cap - n, "%s%s", n > 0 ? "," : "",
		    db->name);
		n += len;
	}
}

/* Pools of databases with another list may use it too, for something else. */
static uint32_t
count_connections(const struct pooler *p, const struct topology *t,
    const struct host *h)
{
	const struct pool *pool;
	struct list *n, *m;
	struct lane *l;
	uint32_t sum = 0;

	LIST_EACH (n, &p->pools) {
		pool = container_of(n, struct pool, member);
		if (pool->database->topology != t)
			continue;
		LANE_EACH (m, l, pool)
			if (l->host == h)
				sum += lane_count(l);
	}
	return sum;
}

static time_t
wall_time(const struct pooler *p, struct mono t)
{
	return time(NULL) -
	    (time_t)(mono_between(t, loop_now(p->loop)) / 1000000);
}

bool
facts_host(const struct pooler *p, uint32_t *cursor, struct host_facts *f)
{
	uint32_t i = *cursor;
	const struct topology *t = topology_at(p, &i);
	struct topology_status st;
	const struct host *h;
	const struct node *n;
	bool spoke;

	if (t == NULL)
		return false;
	(*cursor)++;
	topology_status(t, i, &st);
	n = st.node;
	h = n->host;
	spoke = n->answers > 0;
	*f = (struct host_facts){
		.host = h->name, .port = h->port,
		.role = role_name(st.role),
		.state = health_state_name(n->health.state),
		.reason = st.reason != REASON_NOTHING ?
		    role_reason_text(st.reason) : NULL,
		.lag_usec = st.role == ROLE_PRIMARY ? -1 : st.lag_usec,
		.lag_bytes = st.role == ROLE_PRIMARY ? -1 : st.lag_bytes,
		.lsn = spoke ? n->probe.lsn : 0,
		.timeline = spoke ? n->probe.timeline : 0,
		.weight = topology_weight(t, h, loop_now(p->loop)),
		.connections = (int)count_connections(p, t, h),
		.requests = h->requests, .reads = h->reads,
		.retries = h->retries,
		.last_error = n->health.error[0] != '\0' ? n->health.error :
		    NULL,
		.since = wall_time(p, st.since),
	};
	name_databases(p, t, f->databases, sizeof f->databases);
	return true;
}
