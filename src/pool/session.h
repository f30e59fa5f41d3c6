/*
 * session.h - what follows a client from server to server.
 *
 * These are the tracked parameters, which servers report, and the extras: all
 * other settings that a client asked for when it connected. There is one
 * shared set of each for all who have the same values, so a client that is
 * like all others costs two pointers.
 */
#ifndef POOL_SESSION_H
#define POOL_SESSION_H

#include <stdbool.h>
#include <stddef.h>

#include "base/str.h"
#include "pgwire/params.h"
#include "pool/relay.h"
#include "pool/server.h"

struct frame;
struct link;

void params_set(struct paramset **, unsigned i, const char *value);
	/* Replace the set by one that has this value; what is too long for a
	 * value is not kept. */

bool session_fits(const struct link *, const struct server *);
	/* Does the server have the client's settings already? */

bool session_was_reset(const struct link *);
	/* Has the client itself reset what it had asked for, in session
	 * pooling? Not if it is uncertain which of the extras. */

void session_put_on(struct link *, void (*on_done)(struct server *,
    const struct failure *));
	/* Give the linked server the client's settings by an errand, and take
	 * off those of the client before it; on_done(server, NULL) at once if
	 * they differ by no more than spelling. When it succeeded, client and
	 * server have the same sets: of tracked parameters, the server's
	 * spelling. When it failed, the server refused what the client asked
	 * for, and has not changed by more than what it took off; or, if it
	 * is close_needed, it could not be rid of what another client had
	 * asked for. */

enum pausing session_pauses(const struct link *, const struct frame *,
    const unsigned char *p, size_t n);
	/* With this frame of the client's, n bytes of which are at p, does it
	 * take off what it asked for at its login? That is put on again when
	 * it gets a server, so what follows the Query, or the Sync behind a
	 * Parse, must wait for the answers. Not in session pooling. */

void session_completed(struct server *, struct str tag, bool hidden);
	/* A command is over, of the client's or of ours if hidden: was it one
	 * that takes settings off? */

void session_ready(struct link *);
	/* The server is ready, and has told all that changed: after a RESET
	 * or DISCARD ALL the client has what it asked for at its login. */

void session_tell(const struct link *);
	/* The server is at rest: if it has told of values that the client
	 * will not have, since it has other ones of its login, tell it. */

void session_forget_reset(struct link *);
	/* The link ends, or the client does. */

void session_taken_off(struct server *);
	/* The server was reset: what it does not report is unknown now. */

#endif
