/*
 * queue.c - first come, first served; see queue.h.
 */
#include "pool/queue.h"

#include "base/must.h"

const char *
wait_reason_name(enum wait_reason reason)
{
	static const char *const names[] = {
#define X(id, name) name,
		WAIT_REASONS(X)
#undef X
	};

	return names[reason];
}

void
queue_init(struct queue *q)
{
	list_init(&q->waits);
	q->n = 0;
}

void
queue_join(struct queue *q, struct wait *w, struct mono now)
{
	w->since = now;
	list_append(&q->waits, &w->member);
	q->n++;
}

void
queue_leave(struct queue *q, struct wait *w)
{
	must(q->n > 0);
	list_remove(&w->member);
	q->n--;
}

struct wait *
queue_first(const struct queue *q)
{
	struct list *n = list_first(&q->waits);

	return n != NULL ? container_of(n, struct wait, member) : NULL;
}
