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

bool prepared_error(struct server *, struct error_fields *, struct text *);
	/* An error that the client will see. True: it is to see another one
	 * instead, which was appended. */

void prepared_error_over(struct server *);
	/* It was dealt with. */

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
