/*
 * scram_keys.h - what SCRAM-SHA-256 makes of a password; see scram_keys.c.
 */
#ifndef PGWIRE_SCRAM_KEYS_H
#define PGWIRE_SCRAM_KEYS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

#define SCRAM_KEY_SIZE 32
#define SCRAM_SALT_SIZE 16          /* of the salts that are made here */
#define SCRAM_SALT_MAX 256          /* of those made elsewhere */
#define SCRAM_ITERATIONS_DEFAULT 4096
#define SCRAM_ITERATIONS_MAX 100000 /* about 50 ms; what a peer may ask for */

/* With which salt and at what cost keys are derived from a password. */
struct scram_params {
	uint32_t iterations;
	uint32_t salt_len;
	unsigned char salt[SCRAM_SALT_MAX];
};

/* What a client needs; as good as the password. */
struct scram_keys {
	struct scram_params params;
	unsigned char client_key[SCRAM_KEY_SIZE];
	unsigned char server_key[SCRAM_KEY_SIZE];
};

/* What a server needs: it can check a proof, but not make one. */
struct scram_verifier {
	struct scram_params params;
	unsigned char stored_key[SCRAM_KEY_SIZE];
	unsigned char server_key[SCRAM_KEY_SIZE];
	bool mock;      /* of an unknown user: no proof is ever accepted */
};

void scram_params_set(struct scram_params *, struct str salt,
    uint32_t iterations);
	/* 1 to SCRAM_SALT_MAX bytes of salt, at least one iteration. */

bool scram_params_equal(const struct scram_params *,
    const struct scram_params *);

void scram_keys_derive(struct scram_keys *, struct str password,
    const struct scram_params *);
	/* Slow by design: 2 ms for 4096 iterations. Whoever lets a peer
	 * choose them caps them first. The password is prepared here. */

void scram_verifier_of(struct scram_verifier *, const struct scram_keys *);

bool scram_verifier_parse(struct scram_verifier *, struct str)
    __attribute__((warn_unused_result));
	/* Read SCRAM-SHA-256$iterations:salt$storedkey:serverkey. */

void scram_verifier_format(const struct scram_verifier *, struct text *);
	/* Append that text, as PostgreSQL stores it. */

void scram_verifier_mock(struct scram_verifier *,
    const unsigned char process_key[SCRAM_KEY_SIZE], struct str user,
    uint32_t iterations);
	/* For a user who does not exist or has no such secret: the same salt
	 * for the same name, random to who does not know the key. */

bool scram_keys_fit(const struct scram_keys *, const struct scram_verifier *);
	/* Do these keys log in to a server that stores this verifier? */

#endif
