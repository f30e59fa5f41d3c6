/*
 * names.h - the names that one client gave to its prepared statements.
 */
#ifndef POOL_NAMES_H
#define POOL_NAMES_H

#include <stdbool.h>
#include <stdint.h>

#include "pool/shape.h"

struct names;
struct statement;

struct name {
	struct statement *statement;    /* a reference of its own */
	uint64_t batch;         /* of the server that it was made in */
	bool pending;           /* it has not been answered yet */
	bool closed;            /* nor has its Close */
	struct shape told;      /* as the client was told */
};

struct names *names_create(uint64_t seed);
void names_destroy(struct names *);
	/* NULL is fine. */

struct name *names_find(struct names *, const char *);
	/* NULL if there is none, or it is closed; names may be NULL. */

struct name *names_look(struct names *, const char *);
	/* Also if it is closed. */

struct name *names_add(struct names *, const char *, struct statement *);
	/* There must be none, but it may be closed. Takes over the
	 * reference. */

void names_remove(struct names *, const char *);
	/* Harmless if there is none. */

void names_close(struct names *, const char *, uint64_t batch);
	/* names_find() finds it no more, but it may come back: until it is
	 * removed, or made anew, it is pending. It must be there. */

void names_reopen(struct names *, const char *, struct statement *,
    const struct shape *told);
	/* It was not closed after all. If it is gone it is made again, for
	 * this statement, of which it takes a reference. */

void names_clear_settled(struct names *);
	/* Forget all that are not pending. NULL is fine. */

unsigned names_count(const struct names *);

#endif
