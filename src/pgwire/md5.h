/*
 * md5.h - PostgreSQL's MD5 passwords: the stored secret and the answer to a
 * challenge. Both are "md5" and 32 hex digits.
 */
#ifndef PGWIRE_MD5_H
#define PGWIRE_MD5_H

#include <stdbool.h>

#include "base/str.h"

#define MD5_TEXT_LEN 35
#define MD5_TEXT_ROOM (MD5_TEXT_LEN + 1)
#define MD5_SALT_SIZE 4

bool md5_is_secret(struct str);
	/* Exactly "md5" and 32 lower-case hex digits? */

bool md5_secret(char out[MD5_TEXT_ROOM], struct str password, struct str user)
    __attribute__((warn_unused_result));
	/* What the server stores: "md5" + hex(md5(password user)). False if
	 * the crypto library refuses MD5. Reads password, never changes it. */

bool md5_response(char out[MD5_TEXT_ROOM], struct str secret,
    const unsigned char salt[MD5_SALT_SIZE])
    __attribute__((warn_unused_result));
	/* The answer to a challenge: "md5" + hex(md5(hex of secret, salt)).
	 * secret is a stored MD5 secret (md5_is_secret). */

bool md5_accepts(struct str response, struct str secret,
    const unsigned char salt[MD5_SALT_SIZE]);
	/* Is response the answer to this challenge? Constant time. A salt
	 * must be fresh for each login, or an answer could be replayed. */

#endif
