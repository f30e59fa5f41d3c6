/*
 * extras.h - the settings of a client's login that nobody tracks.
 */
#ifndef PGWIRE_EXTRAS_H
#define PGWIRE_EXTRAS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"

#define EXTRAS_MAX 64           /* settings of one client */
#define EXTRAS_BYTES 16384u     /* of their names and values */
#define EXTRA_NAME_MAX 63u      /* bytes that SQL takes between two dots */

struct extras_table;            /* all sets that exist */
struct extras;                  /* one or more settings; none is NULL */

struct extras_table *extras_table_create(uint64_t seed);
	/* The seed protects the table from chosen values. */

void extras_table_destroy(struct extras_table *);
	/* No set may be left. NULL is fine. */

enum extra {
	EXTRA_TAKEN,
	EXTRA_TOO_MANY,         /* settings, or bytes */
	EXTRA_NAME_TOO_LONG     /* SQL would cut the name */
};

enum extra extras_add(struct extras_table *, struct extras **,
    const char *name, const char *value);
	/* Replace the set by one that has this value, whatever it had for
	 * the name before. The case of names does not matter. Equal sets are
	 * the same object. */

struct extras *extras_ref(struct extras *);
void extras_unref(struct extras *);
	/* NULL is fine for both. */

unsigned extras_off_sql(const struct extras *from, const struct extras *to,
    struct text *);
unsigned extras_on_sql(const struct extras *from, const struct extras *to,
    struct text *);
	/* Append the statements that take from off and put to on, as far as
	 * they differ, and return their number. What is between the two in
	 * the same query runs with neither. Safe in every client encoding,
	 * with and without standard_conforming_strings. */

#endif
