/*
 * deadline.c - FIFO lists under one timer; see deadline.h.
 *
 * The timer is lazy: disarming the first of a list does not touch it, it
 * fires for nothing and is set anew.
 */
#include "net/deadline.h"

#include "base/must.h"

static void arm_timer(struct deadlines *);

static struct deadline *
first_of(const struct list *fifo)
{
	struct list *n = list_first(fifo);

	return n != NULL ? container_of(n, struct deadline, member) : NULL;
}

static void
on_timer(struct timer *t)
{
	struct deadlines *ds = container_of(t, struct deadlines, timer);
	struct mono now = loop_now(t->loop);
	struct deadline *d;
	int i;

	for (i = 0; i < DEADLINE_LANES; i++)
		while ((d = first_of(&ds->lanes[i].fifo)) != NULL &&
		    mono_reached(now, d->due)) {
			deadline_disarm(d);
			ds->on_late(ds, d);
		}
	arm_timer(ds);
}

static void
arm_timer(struct deadlines *ds)
{
	const struct deadline *d, *next = NULL;
	int i;

	for (i = 0; i < DEADLINE_LANES; i++) {
		d = first_of(&ds->lanes[i].fifo);
		if (d != NULL &&
		    (next == NULL || d->due.usec < next->due.usec))
			next = d;
	}
	if (next != NULL)
		timer_arm(&ds->timer, next->due);
}

void
deadlines_init(struct deadlines *ds, struct loop *loop,
    void (*on_late)(struct deadlines *, struct deadline *))
{
	int i;

	ds->on_late = on_late;
	timer_init(&ds->timer, loop, on_timer);
	for (i = 0; i < DEADLINE_LANES; i++) {
		ds->lanes[i].usec = 0;
		list_init(&ds->lanes[i].fifo);
	}
}

void
deadlines_fini(struct deadlines *ds)
{
	int i;

	for (i = 0; i < DEADLINE_LANES; i++)
		must(list_empty(&ds->lanes[i].fifo));
	timer_disarm(&ds->timer);
}

void
deadline_init(struct deadline *d)
{
	list_init(&d->member);
	d->due = (struct mono){ 0 };
}

/* The list for this duration; the last one takes what finds no other. */
static struct list *
lane_for(struct deadlines *ds, int64_t usec)
{
	int i;

	for (i = 0; i < DEADLINE_LANES - 1; i++) {
		if (ds->lanes[i].usec == usec)
			return &ds->lanes[i].fifo;
		if (list_empty(&ds->lanes[i].fifo)) {
			ds->lanes[i].usec = usec;
			return &ds->lanes[i].fifo;
		}
	}
	return &ds->lanes[i].fifo;
}

void
deadline_arm(struct deadlines *ds, struct deadline *d, int64_t usec)
{
	struct list *fifo, *after;

	deadline_disarm(d);
	if (usec <= 0)
		return;
	d->due = mono_after(loop_now(ds->timer.loop), usec);
	fifo = lane_for(ds, usec);
	for (after = fifo->prev; after != fifo; after = after->prev)
		if (container_of(after, struct deadline, member)->due.usec <=
		    d->due.usec)
			break;
	list_prepend(after, &d->member);
	if (!timer_is_armed(&ds->timer) ||
	    d->due.usec < ds->timer.due.usec)
		timer_arm(&ds->timer, d->due);
}

void
deadline_disarm(struct deadline *d)
{
	list_remove(&d->member);
}
