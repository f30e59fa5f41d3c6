/*
 * access.h - how a client has to prove who it is, by auth_type and by the
 * rules of auth_hba_file.
 */
#ifndef POOL_ACCESS_H
#define POOL_ACCESS_H

#include "pool/auth.h"

struct client;

enum auth_verdict access_begin(const struct client *, struct auth *,
    const char *database, struct text *out);
	/* auth_begin() with the method that this client has to use: from
	 * where it comes and where it wants to go decide. What needs no
	 * message (trust, reject, peer, cert) is decided at once. */

#endif
