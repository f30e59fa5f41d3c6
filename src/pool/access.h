/*
 * access.h - how a client has to prove who it is, by auth_type and by the
 * rules of auth_hba_file.
 */
#ifndef POOL_ACCESS_H
#define POOL_ACCESS_H

#include "pool/auth.h"
#include "pool/authquery.h"

struct client;

enum auth_verdict access_begin(const struct client *, struct auth *,
    const char *database, struct text *out);
	/* auth_begin() with the method that this client has to use: from
	 * where it comes and where it wants to go decide. What needs no
	 * message (trust, reject, peer, cert) is decided at once. */

bool access_foresee(const struct client *, struct auth *,
    const char *database, enum authquery_cache *);
	/* Before the user is looked up: may one of that name get in at all?
	 * If so, how old may what is known of the user be? If not, auth says
	 * why. */

bool access_is_own_user(const struct client *, const char *user);
	/* Is it the console's user, in a process of our own account? */

#endif
