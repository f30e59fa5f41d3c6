/*
 * queue.c - who waits; see queue.h.
 *
 * Everybody stands in one list in the order of arrival. With fair_by each
 * stands in the one of the own key as well, and fairness.c says whose turn
 * it is.
 */
#include "pool/queue.h"

#include "base/must.h"
#include "pool/fairness.h"

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
	q->fairness = NULL;
}

void
queue_join(struct queue *q, struct wait *w, struct mono now)
{
	w->since = now;
	list_append(&q->waits, &w->member);
	if (q->fairness != NULL)
		fair_key_join(w->key, &w->turn);
	q->n++;
}

void
queue_rejoin(struct queue *q, struct wait *w)
{
	struct list *n;

	LIST_EACH (n, &q->waits)
		if (container_of(n, struct wait, member)->since.usec >
		    w->since.usec)
			break;
	list_append(n, &w->member);
	if (q->fairness != NULL)
		fair_key_join(w->key, &w->turn);
	q->n++;
}

void
queue_leave(struct queue *q, struct wait *w)
{
	must(q->n > 0);
	list_remove(&w->member);
	if (q->fairness != NULL)
		fair_key_leave(w->key, &w->turn);
	q->n--;
}

struct wait *
queue_first(const struct queue *q)
{
	struct list *n = list_first(&q->waits);

	return n != NULL ? container_of(n, struct wait, member) : NULL;
}

struct wait *
queue_next(const struct queue *q, uint32_t servers)
{
	struct list *n;

	if (q->fairness == NULL)
		return queue_first(q);
	n = fairness_next(q->fairness, servers);
	return n != NULL ? container_of(n, struct wait, turn) : NULL;
}

void
queue_release_keys(struct wait *w)
{
	int i;

	for (i = 0; i < QUEUE_SIDES; i++)
		fair_key_release(&w->keys[i]);
	w->key = NULL;
}

void
queue_forget_keys(struct queue *q)
{
	struct list *n;
	struct wait *w;

	if (q->fairness == NULL)
		return;
	LIST_EACH (n, &q->waits) {
		w = container_of(n, struct wait, member);
		fair_key_leave(w->key, &w->turn);
	}
}

void
queue_learn_keys(struct queue *q)
{
	struct list *n;
	struct wait *w;

	if (q->fairness == NULL)
		return;
	LIST_EACH (n, &q->waits) {
		w = container_of(n, struct wait, member);
		fair_key_join(w->key, &w->turn);
	}
}
