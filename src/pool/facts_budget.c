/*
 * facts_budget.c - what the budget of each server is used for; see facts.h.
 */
#include "pool/facts.h"

#include "base/must.h"
#include "cluster/host.h"
#include "config/config.h"
#include "pool/lane.h"
#include "pool/pools.h"
#include "pool/state.h"

static struct account *
account_at(const struct pooler *p, uint32_t i)
{
	struct list *n;

	LIST_EACH (n, &p->hosts.ledger.accounts)
		if (i-- == 0)
			return container_of(n, struct account, member);
	return NULL;
}

/* What only the pools know. */
static void
add_pools(const struct pooler *p, const struct account *a,
    struct budget_facts *f)
{
	const struct pool *pool;
	struct list *n, *m;
	struct lane *l;

	LIST_EACH (n, &p->pools) {
		pool = container_of(n, struct pool, member);
		LANE_EACH (m, l, pool) {
			if (l->host->account != a)
				continue;
			f->idle += (int)l->count[SERVER_IDLE];
			if (l->room.quota != NULL)
				f->waiting += (int)pool->queue.n;
		}
	}
}

static int
held(const struct budget *b, enum budget_purpose purpose)
{
	return (int)b->store->held(b->state, purpose);
}

bool
facts_budget(const struct pooler *p, uint32_t *cursor, struct budget_facts *f)
{
	const struct account *a = account_at(p, *cursor);
	const struct budget *b;

	if (a == NULL)
		return false;
	(*cursor)++;
	b = &a->budget;
	*f = (struct budget_facts){
		.host = a->host, .port = a->port,
		.total = (int)a->total,
		.source = total_source_name(a->source),
		.app_instances = p->config->app_instances,
		.instance_number = p->config->instance_number,
		.share = (int)budget_usable(b), .held = (int)budget_held(b),
		.pool = held(b, BUDGET_POOL), .auth = held(b, BUDGET_AUTH),
		.catalog = held(b, BUDGET_CATALOG),
		.listen = held(b, BUDGET_LISTEN),
		.closing = (int)b->report.returning,
		.ghosts = (int)b->report.ghosts,
		.refused = b->report.refused,
		.changed = b->report.changed, .change = b->report.change,
	};
	add_pools(p, a, f);
	return true;
}
