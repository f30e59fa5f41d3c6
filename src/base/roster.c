/*
 * roster.c - stable places in a growing table; see roster.h.
 */
#include "base/roster.h"

#include <stddef.h>

#include "base/mem.h"
#include "base/must.h"

uint32_t
roster_add(struct roster *r, void *p)
{
	uint32_t place;

	must(p != NULL);
	if (r->nspare > 0) {
		place = r->spare[--r->nspare];
	} else {
		if (r->end == r->cap) {
			r->cap = r->cap * 2 + 16;
			r->slots = mem_resize(r->slots,
			    r->cap * sizeof *r->slots);
			r->spare = mem_resize(r->spare,
			    r->cap * sizeof *r->spare);
		}
		place = r->end++;
	}
	r->slots[place] = p;
	r->count++;
	return place;
}

void
roster_remove(struct roster *r, uint32_t place)
{
	must(place < r->end && r->slots[place] != NULL);
	r->slots[place] = NULL;
	r->spare[r->nspare++] = place;
	r->count--;
}

void *
roster_next(const struct roster *r, uint32_t *cursor)
{
	while (*cursor < r->end) {
		void *p = r->slots[(*cursor)++];

		if (p != NULL)
			return p;
	}
	return NULL;
}

void
roster_fini(struct roster *r)
{
	must(r->count == 0);
	mem_free(r->slots);
	mem_free(r->spare);
	*r = (struct roster){ 0 };
}
