/*
 * heal.h - running a batch again whose plan was too old; see heal.c.
 */
#ifndef POOL_HEAL_H
#define POOL_HEAL_H

#include <stdbool.h>
#include <stddef.h>

#include "base/str.h"

struct link;
struct outgoing;
struct server;

void heal_batch_begin(struct link *, const unsigned char *base);
void heal_batch_end(struct link *, size_t n, char last);
	/* Frames from base on, n bytes of them in the end, are sent; last:
	 * the type of the last one, 0 if a part of it is missing. */

bool heal_can(struct server *, const void *error, size_t n);
	/* This ErrorResponse frame need not be shown: its batch will be run
	 * again, and its end is hidden. */

bool heal_is_on(const struct server *);
	/* From then on. The client is not read meanwhile. */

enum heal {
	HEAL_PROBES,   /* out holds what to send first */
	HEAL_REPLAYS,  /* bytes are the client's, to be sent */
	HEAL_FAILS     /* bytes are the error, to be shown */
};

enum heal heal_step(struct server *, struct outgoing *out,
    struct str *bytes);
	/* A hidden ReadyForQuery has come while healing. */

void heal_over(struct server *);
	/* It is replayed, or has failed. */

bool heal_hides(const struct server *);
	/* Its client was told of results that look different: what comes is
	 * hidden, up to ReadyForQuery. */

void heal_tell(struct server *, struct text *out);
	/* That is due: append the error that comes instead. NULL: the server
	 * has sent one itself. */

void heal_description(struct server *, char type, const void *body,
    size_t n);
	/* ParameterDescription, and a description that is due. */

bool heal_is_described(const struct server *);
	/* Is a description due, of a statement or portal that matters? */

#endif
