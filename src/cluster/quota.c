/*
 * quota.c - who waits for room below a limit; see quota.h.
 *
 * Nobody is given anything here: who is first in line is told that it may
 * try. That happens at the end of a turn, so that whoever gives something
 * back need not expect to be called.
 *
 * The line is searched for who waits longest when somebody is to be told: the
 * times are those of the pools' own queues, which change with every grant.
 *
 * This file does not know pools.
 */
#include "cluster/quota.h"

#include "base/must.h"

static struct quota_wait *
of(struct list *n)
{
	return container_of(n, struct quota_wait, member);
}

/* The first of those who were not asked yet in this round. */
static struct quota_wait *
first(const struct quota *q, bool also_asked)
{
	struct quota_wait *best = NULL, *w;
	struct mono since, least = { 0 };
	struct list *n;

	LIST_EACH (n, &q->waits) {
		w = of(n);
		if (w->asked && !also_asked)
			continue;
		since = w->since(w);
		if (best == NULL || since.usec < least.usec) {
			best = w;
			least = since;
		}
	}
	return best;
}

/* Ask each once, while there is room; but at least the first, who may be able
 * to make some. */
static void
ask_all(struct quota *q)
{
	struct quota_wait *w;
	struct list *n;

	LIST_EACH (n, &q->waits)
		of(n)->asked = false;
	do {
		w = first(q, false);
		if (w == NULL)
			break;
		quota_leave(w);
		w->asked = true;
		q->turn = w;
		w->on_room(w);
		q->turn = NULL;
	} while (quota_has_room(q));
}

static void
on_waking(struct chore *chore)
{
	struct quota *q = container_of(chore, struct quota, waking);
	uint32_t before;

	/* Each takes one at a time: who wants more is asked again. */
	do {
		before = q->room(q);
		ask_all(q);
	} while (quota_has_room(q) && q->room(q) < before &&
	    !list_empty(&q->waits));
}

static void
on_later(struct timer *t)
{
	quota_freed(container_of(t, struct quota, later));
}

void
quota_init(struct quota *q, struct loop *loop,
    uint32_t (*room)(const struct quota *),
    uint32_t (*limit)(const struct quota *))
{
	*q = (struct quota){ .loop = loop, .room = room, .limit = limit };
	list_init(&q->waits);
	chore_init(&q->waking, on_waking);
	timer_init(&q->later, loop, on_later);
}

static uint32_t
count_limit(const struct quota *q)
{
	const struct quota_count *c = container_of(q,
	    const struct quota_count, quota);

	return c->limit != 0 ? c->limit : UINT32_MAX;
}

static uint32_t
count_room(const struct quota *q)
{
	const struct quota_count *c = container_of(q,
	    const struct quota_count, quota);
	uint32_t limit = count_limit(q);

	return c->held < limit ? limit - c->held : 0;
}

void
quota_count_init(struct quota_count *c, struct loop *loop)
{
	*c = (struct quota_count){ 0 };
	quota_init(&c->quota, loop, count_room, count_limit);
}

bool
quota_has_room(const struct quota *q)
{
	return q->room(q) > 0;
}

bool
quota_may_enter(struct quota *q, const struct quota_wait *w)
{
	uint32_t others = q->nwaits - (w->quota == q ? 1 : 0);

	if (q->turn == w && quota_has_room(q)) {
		q->turn = NULL;
		return true;
	}
	return q->room(q) > others;
}

void
quota_fini(struct quota *q)
{
	struct list *n;

	while ((n = list_first(&q->waits)) != NULL)
		quota_leave(of(n));
	chore_cancel(&q->waking);
	timer_disarm(&q->later);
}

void
quota_wait_init(struct quota_wait *w, void *owner,
    struct mono (*since)(const struct quota_wait *),
    void (*on_room)(struct quota_wait *))
{
	*w = (struct quota_wait){ .owner = owner, .since = since,
		.on_room = on_room };
	list_init(&w->member);
}

void
quota_await(struct quota *q, struct quota_wait *w)
{
	if (w->quota == q)
		return;
	quota_leave(w);
	w->quota = q;
	list_append(&q->waits, &w->member);
	q->nwaits++;
}

void
quota_leave(struct quota_wait *w)
{
	if (w->quota == NULL)
		return;
	must(w->quota->nwaits > 0);
	w->quota->nwaits--;
	w->quota = NULL;
	list_remove(&w->member);
}

struct quota_wait *
quota_first(const struct quota *q)
{
	return first(q, true);
}

void
quota_freed(struct quota *q)
{
	if (!list_empty(&q->waits))
		chore_add(q->loop, &q->waking);
}

void
quota_freed_at(struct quota *q, struct mono due)
{
	if (!timer_is_armed(&q->later) || due.usec < q->later.due.usec)
		timer_arm(&q->later, due);
}
