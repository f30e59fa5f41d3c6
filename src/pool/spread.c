/*
 * spread.c - which of several hosts has the next query; see spread.h.
 *
 * A query goes to an idle server, so the rule chooses among the hosts that
 * have one: who asks does not wait for a certain host while another could
 * answer. That each host has servers according to its weight is seen to
 * apart from that: new ones go where they lack most (gate.c), and where a
 * host has come back to a pool that is full, servers are moved to it little
 * by little.
 */
#include "pool/spread.h"

#include "base/must.h"
#include "cluster/balance.h"
#include "cluster/host.h"
#include "cluster/topology.h"
#include "config/config.h"
#include "pgwire/crypto.h"
#include "pool/database.h"
#include "pool/gate.h"
#include "pool/lane.h"
#include "pool/pools.h"
#include "pool/queue.h"
#include "pool/server.h"
#include "pool/state.h"

#define HOSTS_MAX 64            /* further ones are not chosen by rule */

static uint64_t
number(const struct pool *p, enum balance_rule rule, const struct wait *w)
{
	uint64_t n = w != NULL ? w->number : 0;

	if (rule == BALANCE_RANDOM)
		crypto_random_take(&p->pooler->random, &n, sizeof n);
	return n;
}

static uint32_t
weight_of(const struct lane *l)
{
	return topology_weight(l->pool->database->topology, l->host,
	    loop_now(l->pool->pooler->loop));
}

struct lane *
spread_pick(struct pool *p, const struct wait *w)
{
	enum balance_rule rule = config_load_balance(p->pooler->config,
	    p->database->entry, NULL);
	struct candidate candidates[HOSTS_MAX];
	struct lane *lanes[HOSTS_MAX], *l;
	size_t n = 0, i;
	struct list *m;

	LANE_EACH (m, l, p) {
		if (l->count[SERVER_IDLE] == 0 || !pools_uses(p, l) ||
		    n == HOSTS_MAX)
			continue;
		candidates[n] = (struct candidate){
			.id = balance_id(l->host->name, l->host->port),
			.weight = weight_of(l),
			.in_use = l->count[SERVER_ACTIVE],
		};
		lanes[n++] = l;
	}
	if (n < 2)
		return n == 1 ? lanes[0] : NULL;
	i = balance_pick(&p->balance, rule, candidates, n, number(p, rule, w));
	return i != BALANCE_NONE ? lanes[i] : NULL;
}

/*
 * Evening out. A lane's due part is its weight's part of all servers.
 */

struct shares {
	struct lane *poorest, *richest;
	int64_t lack, excess;   /* in servers, times the sum of weights */
};

static struct shares
shares_of(struct pool *p)
{
	struct shares s = { .lack = 0 };
	int64_t weights = 0, servers = 0, above;
	struct list *m;
	struct lane *l;

	LANE_EACH (m, l, p)
		if (pools_uses(p, l)) {
			weights += weight_of(l);
			servers += lane_count(l);
		}
	LANE_EACH (m, l, p) {
		if (!pools_uses(p, l))
			continue;
		above = lane_count(l) * weights - servers * weight_of(l);
		/* A whole server must be amiss, or it would go to and fro. */
		if (-above >= weights && -above > s.lack &&
		    gate_may_dial(l)) {
			s.poorest = l;
			s.lack = -above;
		} else if (above >= weights && above > s.excess) {
			s.richest = l;
			s.excess = above;
		}
	}
	return s;
}

void
spread_even(struct pool *p)
{
	struct shares s;
	struct list *idle;

	if (p->serves == 0 || pools_is_stopped(p) ||
	    p->count[SERVER_LOGIN] > 0)
		return;
	s = shares_of(p);
	if (s.poorest == NULL || s.richest == NULL)
		return;
	idle = list_last(&s.richest->servers[SERVER_IDLE]);
	if (idle != NULL)
		server_close(container_of(idle, struct server, member),
		    "moved to another host");
	(void)gate_open(s.poorest);
}
