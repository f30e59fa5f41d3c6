/*
 * statement.h - a prepared statement's text, kept once for all clients.
 *
 * Equal statements are one object, whatever name each client gave it: text
 * and the declared types of its parameters are compared byte by byte. On
 * servers it goes by a name of ours.
 */
#ifndef POOL_STATEMENT_H
#define POOL_STATEMENT_H

#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

struct statement;
struct statement_table;

#define STATEMENT_NAME_ROOM 40

/* How it is prepared. */
enum statement_kind {
	STATEMENT_PARSE,        /* by Parse; the body is all behind its name */
	STATEMENT_SQL,          /* by PREPARE; likewise */
	STATEMENT_EXECUTE,      /* by a Parse of EXECUTE: no server keeps it */
	STATEMENT_NKINDS
};

struct statement_table *statement_table_create(uint64_t seed, uint32_t tag);
	/* tag: random, part of the names, so that no client guesses them. */
void statement_table_destroy(struct statement_table *);
	/* Nothing may be acquired any more. */

struct statement *statement_acquire(struct statement_table *,
    enum statement_kind, const void *body, size_t n);
	/* The one with this body, which is copied if it is new. */
struct statement *statement_ref(struct statement *);
void statement_release(struct statement *);

enum statement_kind statement_kind(const struct statement *);
struct str statement_body(const struct statement *);

const char *statement_name(const struct statement *,
    char buf[STATEMENT_NAME_ROOM]);
	/* On servers. Returns buf. */

void statement_table_count(const struct statement_table *, uint32_t *n,
    uint64_t *bytes);

#endif
