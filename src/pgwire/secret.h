/*
 * secret.h - what is stored about a user's password; see secret.c.
 */
#ifndef PGWIRE_SECRET_H
#define PGWIRE_SECRET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"
#include "pgwire/md5.h"
#include "pgwire/scram_keys.h"

#define SECRET_MAX 65530        /* bytes of a secret or a password */

enum secret_kind {
	SECRET_NONE,            /* empty: no password ever matches */
	SECRET_PLAIN,
	SECRET_MD5,
	SECRET_SCRAM
};

struct secret {
	enum secret_kind kind;
	char *text;             /* NUL-terminated, "" if none */
	size_t len;
};

enum secret_kind secret_classify(struct str);
	/* What is neither MD5 nor SCRAM in every detail is a plain text. */

bool secret_init(struct secret *, struct str)
    __attribute__((warn_unused_result));
	/* Copy a stored secret. False, and SECRET_NONE, if it is longer than
	 * SECRET_MAX or holds a NUL byte. */

void secret_fini(struct secret *);
	/* Wipe and free; it is a SECRET_NONE again. {0} is one, too. */

struct str secret_text(const struct secret *);

bool secret_equal(const struct secret *, const struct secret *);
	/* Was the same secret stored? */

/*
 * Checking a client. secret may be NULL for an unknown user: no password
 * matches, nor does an empty one ever match.
 */
bool secret_accepts_password(const struct secret *, struct str user,
    struct str password);
	/* Clear text against any kind of secret. With a SCRAM secret this
	 * derives keys (slow), unless it has more than SCRAM_ITERATIONS_MAX
	 * iterations: then it refuses. */

void secret_pass_time(struct str password, uint32_t iterations);
	/* Takes as long as the above with a SCRAM secret of so many. */

bool secret_accepts_md5(const struct secret *, struct str user,
    const unsigned char salt[MD5_SALT_SIZE], struct str response);
	/* The answer to an MD5 challenge; plain and MD5 secrets can match. */

bool secret_scram_verifier(const struct secret *,
    const struct scram_params *fresh, struct scram_verifier *)
    __attribute__((warn_unused_result));
	/* What the SCRAM exchange with a client needs. A plain secret is
	 * derived with *fresh (slow: keep the result), a SCRAM secret is
	 * read. False for the other kinds: use scram_verifier_mock(). */

/* Logging in to a server. */
bool secret_answers_md5(const struct secret *, struct str user,
    const unsigned char salt[MD5_SALT_SIZE], char out[MD5_TEXT_ROOM])
    __attribute__((warn_unused_result));
	/* Make the answer to an MD5 challenge from a plain or MD5 secret.
	 * False: this secret cannot ("wrong password type"). */

#endif
