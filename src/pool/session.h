/*
 * session.h - what follows a client from server to server.
 *
 * Today these are the tracked parameters, one shared set for all who have
 * the same values, so a client that is like all others costs a pointer.
 */
#ifndef POOL_SESSION_H
#define POOL_SESSION_H

#include <stdbool.h>

#include "pgwire/params.h"
#include "pool/server.h"

struct link;

void params_set(struct paramset **, unsigned i, const char *value);
	/* Replace the set by one that has this value; what is too long for a
	 * value is not kept. */

bool session_fits(const struct link *, const struct server *);
	/* Does the server have the client's parameters already? */

void session_put_on(struct link *, void (*on_done)(struct server *,
    const struct failure *));
	/* Give the linked server the client's parameters by an errand, if
	 * they differ by more than spelling; on_done(server, NULL) at once
	 * if not. When it succeeded, client and server have the same set:
	 * the server's spelling of it. */

void session_taken_off(struct server *);
	/* The server was reset: what it does not report is unknown now. */

#endif
