/*
 * succession.c - sharing budgets with the process before or after us.
 *
 * What one process keeps the other may not use, so both together never hold
 * more than the budget. The old one keeps what its clients have in use, and
 * so much of half the budget as it still has of its clients: as they leave,
 * it closes idle connections and hands back their place. It keeps one as
 * long as anybody is left, so that no client of its is stuck; so with a
 * budget of one the clients of the new process wait until it has ended.
 */
#include "pool/succession.h"

#include <string.h>

#include "base/must.h"
#include "cluster/host.h"
#include "pool/lane.h"
#include "pool/server.h"
#include "pool/state.h"

static struct account *
account_of(struct list *n)
{
	return container_of(n, struct account, member);
}

/* Its due, if nothing were in use. */
static uint32_t
due(const struct pooler *p, uint32_t limit)
{
	uint64_t all = p->crowd_left_to_us;
	uint64_t left = p->counts.all < all ? p->counts.all : all;
	uint64_t n = all == 0 ? 0 : limit / 2 * left / all;

	return n > 0 ? (uint32_t)n : 1;
}

/* Close idle connections of this server until only so many are left. */
static void
shrink_to(struct pooler *p, const struct account *a, uint32_t due_now)
{
	const struct budget *b = &a->budget;
	uint32_t cursor = 0;
	struct server *s;

	while (budget_held(b) - b->report.returning > due_now) {
		s = roster_next(&p->servers, &cursor);
		if (s == NULL)
			return;
		if (s->state == SERVER_IDLE && s->lane->host->account == a)
			server_close(s, "handed over");
	}
}

static uint32_t
keep(struct pooler *p, struct account *a)
{
	struct budget *b = &a->budget;
	uint32_t limit = budget_limit(b), mine = due(p, limit), before;

	if (p->succeeded)
		shrink_to(p, a, mine);
	if (budget_held(b) > mine)
		mine = budget_held(b);
	before = b->withheld;
	/* What the process before us has comes out of our successor's part,
	 * as it will get it in the end. */
	if (before > limit)
		before = limit;
	if (mine > limit - before)
		mine = limit - before;
	budget_set_elsewhere(b, b->withheld, limit - before - mine);
	return before + mine;
}

void
succession_keep(struct pooler *p, void (*tell)(void *, const char *,
    uint32_t), void *arg)
{
	struct list *n;
	struct account *a;

	if (!p->succeeded)
		p->crowd_left_to_us = p->counts.all;
	LIST_EACH (n, &p->hosts.ledger.accounts) {
		a = account_of(n);
		if (budget_limit(&a->budget) != 0)
			tell(arg, a->key, keep(p, a));
	}
}

void
succession_undo(struct pooler *p)
{
	struct list *n;
	struct budget *b;

	LIST_EACH (n, &p->hosts.ledger.accounts) {
		b = &account_of(n)->budget;
		budget_set_elsewhere(b, b->withheld, 0);
	}
}

void
succession_withhold(struct pooler *p, const char *key, uint32_t kept)
{
	struct list *n;
	struct account *a;

	LIST_EACH (n, &p->hosts.ledger.accounts) {
		a = account_of(n);
		if (key == NULL || strcmp(a->key, key) == 0)
			budget_set_elsewhere(&a->budget, key == NULL ? 0 :
			    kept, a->budget.lent);
	}
}
