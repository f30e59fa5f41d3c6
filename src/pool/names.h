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
	struct shape told;      /* as the client was told */
};

struct names *names_create(uint64_t seed);
void names_destroy(struct names *);
	/* NULL is fine. */

struct name *names_find(struct names *, const char *);
	/* NULL if there is none; names may be NULL. */

struct name *names_add(struct names *, const char *, struct statement *);
	/* It must be new. Takes over the reference. */

void names_remove(struct names *, const char *);
	/* Harmless if there is none. */

void names_clear_settled(struct names *);
	/* Forget all that are not pending. NULL is fine. */

unsigned names_count(const struct names *);

#endif
