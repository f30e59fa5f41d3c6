/*
 * roster.h - a growing table of pointers with stable places.
 *
 * Who is in it can be walked over several turns of the loop by an index,
 * while others come and go: nothing moves.
 */
#ifndef BASE_ROSTER_H
#define BASE_ROSTER_H

#include <stdint.h>

struct roster {
	void **slots;
	uint32_t *spare;        /* free places below end, as a stack */
	uint32_t end, cap, nspare, count;
};

uint32_t roster_add(struct roster *, void *);
	/* Returns the place. */

void roster_remove(struct roster *, uint32_t place);

void *roster_next(const struct roster *, uint32_t *cursor);
	/* The next member at or after *cursor, which moves behind it; NULL
	 * at the end. Start with 0. */

void roster_fini(struct roster *);
	/* It is empty again; {0} is an empty one. */

#endif
