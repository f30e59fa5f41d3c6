/*
 * params.h - the settings that follow a client from server to server.
 */
#ifndef PGWIRE_PARAMS_H
#define PGWIRE_PARAMS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/str.h"

#define PARAMS_MAX 32           /* tracked names */
#define PARAM_VALUE_MAX 65536u  /* bytes of one value */

struct param_names;             /* which settings are tracked */
struct paramset;                /* one value, or none, for each of them */

bool param_is_read_only(const char *name);
	/* Servers report it, but nobody can set it. */

bool param_is_list(const char *name);
	/* Its value is a list of names, each in its own quotes. */

void param_put_literal(struct text *, const char *value, uint64_t seed);
	/* The value as SQL; see params_diff_sql() for how safe that is. */

struct param_names *param_names_create(const char *extras, uint64_t seed,
    struct err *);
	/* DateStyle, client_encoding, TimeZone, standard_conforming_strings,
	 * application_name, then the names in extras (parted by commas or
	 * blanks; may be NULL). Names that a server reports but nobody can
	 * set are left out. NULL and an error for what is no name, or for too
	 * many. The seed protects the table of sets from chosen values. */

void param_names_destroy(struct param_names *);
	/* No set may be left. NULL is fine. */

unsigned param_names_count(const struct param_names *);

const char *param_names_at(const struct param_names *, unsigned i);
	/* In the spelling that servers use for it. */

int param_names_find(const struct param_names *, const char *name);
	/* Its place, whatever the case of its letters; -1: not tracked. */

/*
 * Sets are immutable, shared and counted. Equal sets are the same object, so
 * two of them are compared by their pointers.
 */
struct paramset *paramset_empty(struct param_names *);
	/* A reference to the set without values. */

struct paramset *paramset_with(struct paramset *, unsigned i,
    const char *value);
	/* A reference to the set that differs in one value; NULL takes the
	 * value away, "" is a value. The argument's reference stays. Returns
	 * NULL if the value is longer than PARAM_VALUE_MAX. */

struct paramset *paramset_over(struct paramset *below,
    struct paramset *above);
	/* A reference to the values of above, and those of below where above
	 * has none: what a client set, and the server's defaults. */

struct paramset *paramset_ref(struct paramset *);
void paramset_unref(struct paramset *);
	/* NULL is fine. */

const char *paramset_get(const struct paramset *, unsigned i);
	/* NULL: none. Lives as long as the set. */

unsigned params_diff_sql(const struct paramset *from,
    const struct paramset *to, struct text *);
	/* Append the statements that turn a session with the values of from
	 * into one with those of to, and return their number. What only from
	 * has a value for gets the server's default back; letters that
	 * differ only in case are the same. Safe in every client encoding,
	 * with and without standard_conforming_strings. */

#endif
