/*
 * plans.c - least recently used statements of a server; see plans.h.
 */
#include "pool/plans.h"

#include "base/mem.h"
#include "base/must.h"
#include "pool/statement.h"

#define uthash_malloc(n) mem_alloc(n)
#define uthash_free(p, n) mem_free(p)
#include <uthash.h>

struct plan_entry {
	struct plan plan;
	UT_hash_handle hh;
};

static struct plan *
of(struct list *n)
{
	return container_of(n, struct plan, member);
}

void
plans_init(struct plans *ps)
{
	*ps = (struct plans){ .n = 0 };
	list_init(&ps->used);
}

struct plan *
plans_find(struct plans *ps, const struct statement *s)
{
	struct plan_entry *e;

	HASH_FIND_PTR(ps->entries, &s, e);
	return e != NULL ? &e->plan : NULL;
}

struct plan *
plans_add(struct plans *ps, struct statement *s)
{
	struct plan_entry *e = mem_alloc(sizeof *e);

	must(plans_find(ps, s) == NULL);
	e->plan = (struct plan){ .statement = statement_ref(s),
		.pending = true };
	list_init(&e->plan.member);
	list_prepend(&ps->used, &e->plan.member);
	HASH_ADD_PTR(ps->entries, plan.statement, e);
	ps->n++;
	return &e->plan;
}

void
plans_touch(struct plans *ps, struct plan *p)
{
	list_remove(&p->member);
	list_prepend(&ps->used, &p->member);
}

static void
drop(struct plans *ps, struct plan *p)
{
	struct plan_entry *e = container_of(p, struct plan_entry, plan);

	HASH_DEL(ps->entries, e);
	list_remove(&p->member);
	statement_release(p->statement);
	mem_free(e);
	ps->n--;
}

void
plans_remove(struct plans *ps, const struct statement *s)
{
	struct plan *p = plans_find(ps, s);

	if (p != NULL)
		drop(ps, p);
}

struct plan *
plans_oldest(const struct plans *ps, uint64_t batch)
{
	struct list *n = list_last(&ps->used);

	/* What this batch has used is all at the other end. */
	return n != NULL && of(n)->batch != batch && !of(n)->pending ?
	    of(n) : NULL;
}

void
plans_distrust(struct plans *ps)
{
	struct list *n;

	LIST_EACH (n, &ps->used)
		of(n)->stale = true;
}

void
plans_clear_settled(struct plans *ps)
{
	struct list *n, *next;

	LIST_EACH_SAFE (n, next, &ps->used)
		if (!of(n)->pending)
			drop(ps, of(n));
}

void
plans_fini(struct plans *ps)
{
	struct list *n;

	while ((n = list_first(&ps->used)) != NULL)
		drop(ps, of(n));
}
