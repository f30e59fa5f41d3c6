/*
 * certs.h - certificates for tests, made on the spot.
 */
#ifndef TEST_UNIT_CERTS_H
#define TEST_UNIT_CERTS_H

#include <stdbool.h>
#include <stddef.h>

enum cert_key { CERT_EC, CERT_RSA, CERT_ED25519 };

/* What is to be in it. Lengths 0: that of the string. */
struct cert_spec {
	const char *cn;
	size_t cn_len;
	const char *dns[2];             /* alternative names */
	size_t dns_len;                 /* of the first one */
	const char *ip;                 /* four bytes, or NULL */
	enum cert_key key;
	const char *digest;             /* "SHA256" if NULL */
	bool is_authority;
	bool is_expired;
};

struct cert;

struct cert *cert_make(const struct cert_spec *, const struct cert *issuer);
	/* issuer NULL: signed by itself. */

void cert_free(struct cert *);

void cert_write(const struct cert *, const char *name);
	/* To files NAME.crt and NAME.key. */

void cert_revoke(const struct cert *authority, const struct cert *victim,
    const char *path);
	/* The authority and its list with that victim, into one file. */

#endif
