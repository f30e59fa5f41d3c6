/*
 * budget.c - tickets over a store; see budget.h.
 *
 * This file does not know what a connection is.
 */
#include "cluster/budget.h"

#include <stddef.h>

#include "base/must.h"

static bool
count_take(void *state, enum budget_purpose purpose)
{
	struct budget_count *c = state;
	uint32_t sum = 0;
	int i;

	for (i = 0; i < BUDGET_NPURPOSES; i++)
		sum += c->held[i];
	if (c->limit != 0 && sum >= c->limit)
		return false;
	c->held[purpose]++;
	return true;
}

static void
count_give(void *state, enum budget_purpose purpose)
{
	struct budget_count *c = state;

	must(c->held[purpose] > 0);
	c->held[purpose]--;
}

static uint32_t
count_held(const void *state, enum budget_purpose purpose)
{
	const struct budget_count *c = state;

	return c->held[purpose];
}

static uint32_t
count_limit(const void *state)
{
	const struct budget_count *c = state;

	return c->limit;
}

const struct budget_store budget_count_store = {
	count_take, count_give, count_held, count_limit
};

void
budget_init(struct budget *b, const struct budget_store *store, void *state)
{
	*b = (struct budget){ .store = store, .state = state };
	list_init(&b->waits);
}

void
budget_on_shortage(struct budget *b,
    void (*reclaim)(void *context, struct budget *), void *context)
{
	b->reclaim = reclaim;
	b->context = context;
}

bool
budget_take(struct budget *b, enum budget_purpose purpose, struct ticket *t)
{
	must(t->budget == NULL);
	if (!b->store->take(b->state, purpose)) {
		if (b->reclaim != NULL)
			b->reclaim(b->context, b);
		return false;
	}
	*t = (struct ticket){ b, purpose };
	return true;
}

static bool
has_room(const struct budget *b)
{
	return budget_limit(b) == 0 || budget_held(b) < budget_limit(b);
}

void
budget_give(struct ticket *t)
{
	struct budget *b = t->budget;
	struct budget_wait *w;
	struct list *n;

	if (b == NULL)
		return;
	t->budget = NULL;
	b->store->give(b->state, t->purpose);
	/* The first may not want it any more: then it is the next one's. */
	while (has_room(b) && (n = list_pop(&b->waits)) != NULL) {
		w = container_of(n, struct budget_wait, member);
		w->on_room(w);
	}
}

void
budget_await(struct budget *b, struct budget_wait *w)
{
	list_remove(&w->member);
	list_append(&b->waits, &w->member);
}

uint32_t
budget_held(const struct budget *b)
{
	uint32_t sum = 0;
	int i;

	for (i = 0; i < BUDGET_NPURPOSES; i++)
		sum += b->store->held(b->state, (enum budget_purpose)i);
	return sum;
}

uint32_t
budget_limit(const struct budget *b)
{
	return b->store->limit(b->state);
}
