/*
 * crypto.h - digests, randomness, base64 and hex; see crypto.c.
 */
#ifndef PGWIRE_CRYPTO_H
#define PGWIRE_CRYPTO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

#define CRYPTO_MD5_SIZE 16
#define CRYPTO_SHA256_SIZE 32

/* Characters of n bytes in base64, and the room they need with the NUL. */
#define CRYPTO_BASE64_LEN(n) (((n) + 2) / 3 * 4)
#define CRYPTO_BASE64_ROOM(n) (CRYPTO_BASE64_LEN(n) + 1)

bool crypto_md5(const struct str *part, size_t nparts,
    unsigned char out[CRYPTO_MD5_SIZE])
    __attribute__((warn_unused_result));
	/* The MD5 of the parts, one after the other. False if the library
	 * has MD5 switched off (FIPS); out is then zeroed. */

void crypto_sha256(const void *, size_t n,
    unsigned char out[CRYPTO_SHA256_SIZE]);

void crypto_hmac_sha256(const unsigned char key[CRYPTO_SHA256_SIZE],
    struct str message, unsigned char out[CRYPTO_SHA256_SIZE]);
	/* out may be key. */

void crypto_pbkdf2(struct str password, struct str salt, uint32_t iterations,
    unsigned char out[CRYPTO_SHA256_SIZE]);
	/* PBKDF2 with HMAC-SHA-256, one block. This is the one call here
	 * that costs milliseconds: the caller caps iterations. */

bool crypto_same(const void *, const void *, size_t n);
	/* Are n bytes equal? The time taken tells nothing about them. */

bool crypto_same_text(struct str, struct str);
	/* The same for texts of unknown length: digests are compared, so
	 * neither content nor length of the secret one shows in the time. */

void crypto_wipe(void *, size_t n);
	/* Zero the bytes, in a way that the compiler cannot drop. */

void crypto_wipe_text(struct text *);
	/* Zero and free the text. Fill such a text in one piece: growing it
	 * leaves the older, smaller copy behind. */

size_t crypto_base64_encode(const void *, size_t n, char *out, size_t cap);
	/* Write base64 and a NUL; cap is at least CRYPTO_BASE64_ROOM(n).
	 * Returns the length without the NUL. */

bool crypto_base64_decode(struct str, unsigned char *out, size_t cap,
    size_t *n) __attribute__((warn_unused_result));
	/* Strict: full groups of four, padding only at the end, no blanks,
	 * no stray bits. False if malformed or longer than cap: out is then
	 * undefined and *n is 0, so a length is never made of an error. */

size_t crypto_hex(const void *, size_t n, char *out, size_t cap);
	/* Write lower-case hex and a NUL; cap is at least 2n + 1. */

void crypto_library(char *buf, size_t cap);
	/* "OpenSSL 3.0.17", for the start-up line. */

/* A generator that asks the library for many bytes at a time. */
#define CRYPTO_RANDOM_BUFFER 1024

struct crypto_random {
	size_t left;                                /* unused, at the end */
	unsigned char bytes[CRYPTO_RANDOM_BUFFER];
};

void crypto_random_init(struct crypto_random *);
	/* Empty; call it again in a child after fork(), or both processes
	 * would hand out the same bytes. */

void crypto_random_take(struct crypto_random *, void *, size_t n);
	/* n random bytes, each handed out once and forgotten. */

void crypto_random_fini(struct crypto_random *);
	/* Wipe what is left. */

#endif
