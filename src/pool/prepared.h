/*
 * prepared.h - prepared statements that follow their clients from server to
 * server; see prepared.c.
 */
#ifndef POOL_PREPARED_H
#define POOL_PREPARED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

struct error_fields;
struct frame;
struct link;
struct outgoing;
struct prepared;
struct server;

/* What becomes of a client's frame. */
enum prepared_step {
	PREPARED_PASS,          /* it concerns no statement of ours */
	PREPARED_DONE,          /* seen to: so many bytes are done with */
	PREPARED_MORE,          /* so many bytes of it are needed first */
	PREPARED_WAIT,          /* the server has to answer first */
	PREPARED_BAD            /* no well-formed message */
};

enum prepared_step prepared_frame(struct link *, const struct frame *,
    const unsigned char *p, size_t n, struct outgoing *, size_t *bytes);
	/* A frame that the linked server is to be sent; n bytes of it are
	 * here, at p. On DONE what is to be sent instead was added, and the
	 * tracker knows; of the frame, what is behind *bytes passes on. */

void prepared_link(struct link *);
	/* It has a server now. */

const char *prepared_error(struct server *, const struct error_fields *);
	/* An error that the client will see. The name of the client's that
	 * it must have instead of ours; NULL: it may pass. */

void prepared_error_over(struct server *);
	/* It was dealt with. */

/* Running a batch again whose plan was too old; see prepared.c. */

void prepared_batch_begin(struct link *, const unsigned char *base);
void prepared_batch_end(struct link *, size_t n, char last);
	/* Frames from base on, n bytes of them in the end, are sent; last:
	 * the type of the last one, 0 if a part of it is missing. */

bool prepared_heals(struct server *, const void *error, size_t n);
	/* This ErrorResponse frame need not be shown: its batch will be run
	 * again, and its end is hidden. */

bool prepared_is_healing(const struct server *);
	/* From then on. The client is not read meanwhile. */

enum prepared_heal {
	PREPARED_HEAL_PROBES,   /* out holds what to send first */
	PREPARED_HEAL_REPLAYS,  /* bytes are the client's, to be sent */
	PREPARED_HEAL_FAILS     /* bytes are the error, to be shown */
};

enum prepared_heal prepared_heal(struct server *, struct outgoing *out,
    struct str *bytes);
	/* A hidden ReadyForQuery has come while healing. */

void prepared_healed(struct server *);
	/* It is replayed, or has failed. */

void prepared_description(struct server *, char type, const void *body,
    size_t n);
	/* ParameterDescription, and what follows one. */

bool prepared_is_described(const struct server *);
	/* Is the latter due? */

void prepared_complete(struct server *, struct str tag);
	/* A command of the linked client is over. */

void prepared_forget(struct link *);
	/* The client leaves. */

void prepared_close(struct server *);
	/* The server is gone, and what it had with it. */

unsigned prepared_on_client(const struct link *);
unsigned prepared_on_server(const struct server *);
	/* For SHOW: how many statements there are. */

#endif
