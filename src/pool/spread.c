/*
 * spread.c - which of several hosts has the next query, and the next server.
 *
 * A query goes to an idle server, so a rule chooses among the hosts that have
 * one: who asks does not wait for a certain host while another could answer.
 * With ip_hash it does: all clients of an address have the same host, as long
 * as it is there. (Not where fair_by says whose turn it is; then that counts
 * first.)
 *
 * Servers are opened where they lack most by the weights of the hosts, or
 * with ip_hash where most wait.
 */
#include "pool/spread.h"

#include <string.h>

#include "base/must.h"
#include "cluster/balance.h"
#include "cluster/host.h"
#include "cluster/topology.h"
#include "config/config.h"
#include "pgwire/crypto.h"
#include "pool/database.h"
#include "pool/lane.h"
#include "pool/pools.h"
#include "pool/queue.h"
#include "pool/server.h"
#include "pool/state.h"

#define HOSTS_MAX 64            /* further ones are not chosen by rule */
#define LOOK_MAX 256u           /* at so many who wait, for a host of theirs */

static enum balance_rule
rule_of(const struct pool *p)
{
	return config_load_balance(p->pooler->config, p->database->entry,
	    NULL);
}

static uint32_t
weight_of(const struct lane *l)
{
	return topology_weight(l->pool->database->topology, l->host,
	    loop_now(l->pool->pooler->loop));
}

/* Nothing can be had there for a while, though it is said to be up. */
static bool
is_left_alone(const struct lane *l)
{
	return lane_count(l) == 0 &&
	    !lane_may_dial(l, loop_now(l->pool->pooler->loop));
}

/* The hosts that may be used now. */
struct field {
	struct candidate candidates[HOSTS_MAX];
	struct lane *lanes[HOSTS_MAX];
	size_t n;
};

static void
take_field(struct field *f, const struct pool *p, bool idle_only)
{
	struct list *m;
	struct lane *l;

	f->n = 0;
	LANE_EACH (m, l, p) {
		if ((idle_only && l->count[SERVER_IDLE] == 0) ||
		    !lane_is_used(l) || is_left_alone(l) ||
		    f->n == HOSTS_MAX)
			continue;
		f->candidates[f->n] = (struct candidate){
			.id = balance_id(l->host->name, l->host->port),
			.weight = weight_of(l),
			.in_use = l->count[SERVER_ACTIVE],
		};
		f->lanes[f->n++] = l;
	}
}

static struct lane *
pick(struct pool *p, const struct field *f, enum balance_rule rule,
    uint64_t number)
{
	size_t i;

	if (f->n < 2)
		return f->n == 1 ? f->lanes[0] : NULL;
	if (rule == BALANCE_RANDOM)
		crypto_random_take(&p->pooler->random, &number,
		    sizeof number);
	i = balance_pick(&p->balance, rule, f->candidates, f->n, number);
	return i != BALANCE_NONE ? f->lanes[i] : NULL;
}

bool
spread_is_strict(const struct pool *p)
{
	return p->serves != 0 && p->queue.fairness == NULL &&
	    rule_of(p) == BALANCE_IP_HASH;
}

/* The first one whose own host has an idle server. */
static struct wait *
next_at_home(struct pool *p, struct lane **lane)
{
	struct field f;
	struct list *n;
	struct wait *w;
	uint32_t looked = 0;

	take_field(&f, p, false);
	LIST_EACH (n, &p->queue.waits) {
		w = container_of(n, struct wait, member);
		*lane = pick(p, &f, BALANCE_IP_HASH, w->number);
		if (*lane != NULL && (*lane)->count[SERVER_IDLE] > 0)
			return w;
		if (++looked == LOOK_MAX)
			break;
	}
	return NULL;
}

struct wait *
spread_next(struct pool *p, struct lane **lane)
{
	struct field f;
	struct wait *w;

	if (p->count[SERVER_IDLE] == 0)
		return NULL;
	if (spread_is_strict(p))
		return next_at_home(p, lane);
	w = queue_next(&p->queue, pools_servers(p));
	if (w == NULL)
		return NULL;
	take_field(&f, p, true);
	*lane = pick(p, &f, rule_of(p), w->number);
	return *lane != NULL ? w : NULL;
}

struct lane *
spread_lacks(struct pool *p)
{
	uint32_t wanted[HOSTS_MAX], looked = 0, most = 0;
	struct lane *l, *best = NULL;
	struct field f;
	struct list *n;
	size_t i;

	if (!spread_is_strict(p))
		return NULL;
	memset(wanted, 0, sizeof wanted);
	take_field(&f, p, false);
	LIST_EACH (n, &p->queue.waits) {
		l = pick(p, &f, BALANCE_IP_HASH, container_of(n, struct wait,
		    member)->number);
		for (i = 0; i < f.n; i++)
			wanted[i] += f.lanes[i] == l;
		if (++looked == LOOK_MAX)
			break;
	}
	for (i = 0; i < f.n; i++) {
		l = f.lanes[i];
		if (wanted[i] > most + l->count[SERVER_LOGIN] +
		    l->count[SERVER_TESTED]) {
			most = wanted[i] - l->count[SERVER_LOGIN] -
			    l->count[SERVER_TESTED];
			best = l;
		}
	}
	return best;
}

struct shares
spread_shares(const struct pool *p)
{
	struct shares s = { .lack = 0 };
	int64_t weights = 0, servers = 0, above;
	struct list *m;
	struct lane *l;

	LANE_EACH (m, l, p)
		if (lane_is_used(l)) {
			weights += weight_of(l);
			servers += lane_count(l);
		}
	LANE_EACH (m, l, p) {
		if (!lane_is_used(l))
			continue;
		above = lane_count(l) * weights - servers * weight_of(l);
		/* A whole server must be amiss, or it would go to and fro. */
		if (-above >= weights && -above > s.lack) {
			s.poorest = l;
			s.lack = -above;
		} else if (above >= weights && above > s.excess) {
			s.richest = l;
			s.excess = above;
		}
	}
	return s;
}

bool
spread_comes_before(const struct lane *a, const struct lane *b)
{
	return (uint64_t)(lane_count(a) + 1) * weight_of(b) <
	    (uint64_t)(lane_count(b) + 1) * weight_of(a);
}
