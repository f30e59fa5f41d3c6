/*
 * list.h - an intrusive doubly linked ring.
 *
 * A node can leave without knowing its head, which <sys/queue.h> does not
 * offer together with appending; everything here has one member per list it
 * may be in. A node that is in no list points to itself.
 */
#ifndef BASE_LIST_H
#define BASE_LIST_H

#include <stdbool.h>
#include <stddef.h>

struct list {
	struct list *next, *prev;
};

static inline void
list_init(struct list *l)
{
	l->next = l->prev = l;
}

static inline bool
list_empty(const struct list *l)
{
	return l->next == l;
}

/* Put n, which is in no list, before l: at the end if l is a head. */
static inline void
list_append(struct list *l, struct list *n)
{
	n->prev = l->prev;
	n->next = l;
	l->prev->next = n;
	l->prev = n;
}

/* Put n, which is in no list, right after l: at the front of a head. */
static inline void
list_prepend(struct list *l, struct list *n)
{
	list_append(l->next, n);
}

/* Take n out of its list. Harmless if it is in none (but initialised). */
static inline void
list_remove(struct list *n)
{
	n->prev->next = n->next;
	n->next->prev = n->prev;
	list_init(n);
}

static inline struct list *
list_first(const struct list *l)
{
	return list_empty(l) ? NULL : l->next;
}

static inline struct list *
list_last(const struct list *l)
{
	return list_empty(l) ? NULL : l->prev;
}

/* Take the first node out; NULL if there is none. */
static inline struct list *
list_pop(struct list *l)
{
	struct list *n = list_first(l);

	if (n != NULL)
		list_remove(n);
	return n;
}

/* Move all of from to the end of to. */
static inline void
list_splice(struct list *to, struct list *from)
{
	if (list_empty(from))
		return;
	from->next->prev = to->prev;
	to->prev->next = from->next;
	from->prev->next = to;
	to->prev = from->prev;
	list_init(from);
}

/* Walk the nodes; n may not be removed, LIST_EACH_SAFE allows it. */
#define LIST_EACH(n, head) \
	for ((n) = (head)->next; (n) != (head); (n) = (n)->next)
#define LIST_EACH_SAFE(n, tmp, head)                                 \
	for ((n) = (head)->next, (tmp) = (n)->next; (n) != (head); \
	    (n) = (tmp), (tmp) = (n)->next)

#endif
