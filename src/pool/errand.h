/*
 * errand.h - a hidden exchange that the pooler itself has with a server.
 *
 * Setting a client's parameters, checking whether a server is alive, the
 * reset query, connect_query: a simple Query whose answers are owed to us
 * and shown to nobody. One at a time, and only on a server at rest.
 */
#ifndef POOL_ERRAND_H
#define POOL_ERRAND_H

#include <stddef.h>

#include "pool/server.h"

void errand_start(struct server *, const char *name, const char *sql,
    void (*on_done)(struct server *, const struct failure *));
	/* Send the query. on_done follows once, with NULL if every statement
	 * succeeded. It does not follow if the server is closed before, as
	 * one that takes longer than server_connect_timeout is. */

/* A statement with one parameter, in the extended protocol. */
struct errand_question {
	const char *name, *sql, *value;
	void (*on_row)(struct server *, const void *body, size_t n);
		/* The body of a DataRow, in text format. */
	void (*on_done)(struct server *, const struct failure *);
		/* Once, unless the server is closed before; */
	void (*on_lost)(struct server *);
		/* then this follows, from within server_close(). */
	void *context;          /* server->errand.context in all three */
};

void errand_ask(struct server *, const struct errand_question *);
	/* The value is bound, never a part of the statement. */

/* For the relay: */

void errand_note_error(struct server *, const void *body, size_t n);
	/* An ErrorResponse to the errand; the first one counts. */

void errand_finish(struct server *);
	/* Its ReadyForQuery has come. */

void failure_set(struct failure *, const void *error_body, size_t n);
	/* From an ErrorResponse. */

#endif
