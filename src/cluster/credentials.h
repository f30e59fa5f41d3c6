/*
 * credentials.h - as whom, and with which secret, to log in to a server.
 */
#ifndef CLUSTER_CREDENTIALS_H
#define CLUSTER_CREDENTIALS_H

#include <stdbool.h>

#include "pgwire/scram_keys.h"
#include "pgwire/secret.h"

struct credentials {
	char *user;
	struct secret secret;
	struct scram_keys *keys;        /* derived or passed through, or NULL */
	struct scram_verifier *verifier;        /* derived, or NULL */
};

struct credentials *credentials_create(const char *user, const char *secret);
	/* secret NULL: none is known. */

void credentials_destroy(struct credentials *);
	/* Wipes. NULL is fine. */

bool credentials_same(const struct credentials *, const char *user,
    const char *secret);
	/* Was it created from these? */

void credentials_keep(struct credentials *, const struct scram_keys *);
	/* Remember keys that are known to be this user's: a later login with
	 * the same salt and iterations costs no derivation, and one with a
	 * SCRAM secret is possible at all. */

bool credentials_verifier(struct credentials *,
    const struct scram_params *fresh, struct scram_verifier *);
	/* What the SCRAM exchange with this user as a client needs; derived
	 * once, with *fresh, from a plain secret. False: no such secret. */

#endif
