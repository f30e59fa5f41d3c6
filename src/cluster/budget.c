/*
 * budget.c - tickets over a store; see budget.h.
 *
 * This file does not know what a connection is.
 */
#include "cluster/budget.h"

#include <stdio.h>

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

static uint32_t
quota_limit(const struct quota *q)
{
	const struct budget *b = container_of(q, const struct budget, quota);

	return budget_limit(b) != 0 ? budget_limit(b) : UINT32_MAX;
}

/* What other processes may hold is as good as held. */
static uint32_t
used(const struct budget *b)
{
	return budget_held(b) + b->withheld + b->lent;
}

static uint32_t
quota_room(const struct quota *q)
{
	const struct budget *b = container_of(q, const struct budget, quota);
	uint32_t limit = quota_limit(q), n = used(b);

	return n < limit ? limit - n : 0;
}

static bool
is_over(const struct budget *b)
{
	return budget_limit(b) != 0 && budget_held(b) > budget_limit(b);
}

void
budget_init(struct budget *b, struct loop *loop,
    const struct budget_store *store, void *state)
{
	*b = (struct budget){ .store = store, .state = state };
	quota_init(&b->quota, loop, quota_room, quota_limit);
}

void
budget_fini(struct budget *b)
{
	must(budget_held(b) == 0);
	quota_fini(&b->quota);
}

bool
budget_take(struct budget *b, enum budget_purpose purpose, struct ticket *t)
{
	must(t->phase == TICKET_NONE);
	if (budget_limit(b) != 0 && b->withheld + b->lent > 0 &&
	    used(b) >= budget_limit(b))
		return false;
	if (!b->store->take(b->state, purpose))
		return false;
	*t = (struct ticket){ b, purpose, TICKET_HELD };
	return true;
}

bool
ticket_is_counted(const struct ticket *t)
{
	return t->phase != TICKET_NONE && budget_limit(t->budget) != 0;
}

/* It is not on its way back any more, or not hopefully. */
static void
leave_phase(struct ticket *t)
{
	struct budget_report *r = &t->budget->report;

	r->returning -= t->phase == TICKET_RETURNING ||
	    t->phase == TICKET_GHOST;
	r->ghosts -= t->phase == TICKET_GHOST;
}

void
budget_give(struct ticket *t)
{
	struct budget *b = t->budget;

	if (t->phase == TICKET_NONE)
		return;
	leave_phase(t);
	b->store->give(b->state, t->purpose);
	*t = (struct ticket){ 0 };
	b->over = b->over && is_over(b);
	quota_freed(&b->quota);
}

void
budget_return(struct ticket *t)
{
	if (t->phase != TICKET_HELD)
		return;
	t->phase = TICKET_RETURNING;
	t->budget->report.returning++;
}

void
budget_give_up(struct ticket *t)
{
	if (t->phase != TICKET_RETURNING)
		return;
	t->phase = TICKET_GHOST;
	t->budget->report.ghosts++;
}

void
budget_changed(struct budget *b, uint32_t was, time_t now)
{
	struct budget_report *r = &b->report;

	snprintf(r->change, sizeof r->change, "%u -> %u", (unsigned)was,
	    (unsigned)budget_limit(b));
	r->changed = now;
	b->over = is_over(b);
	if (quota_has_room(&b->quota))
		quota_freed(&b->quota);
}

void
budget_set_elsewhere(struct budget *b, uint32_t withheld, uint32_t lent)
{
	bool less = withheld + lent < b->withheld + b->lent;

	b->withheld = withheld;
	b->lent = lent;
	if (less && quota_has_room(&b->quota))
		quota_freed(&b->quota);
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

uint32_t
budget_usable(const struct budget *b)
{
	uint32_t limit = budget_limit(b), elsewhere = b->withheld + b->lent;

	return elsewhere < limit ? limit - elsewhere : 0;
}

uint32_t
budget_share(uint32_t total, uint32_t instances, int number)
{
	uint32_t share;

	must(instances > 0);
	share = total / instances;
	return share + (number >= 0 && (uint32_t)number < total % instances);
}
