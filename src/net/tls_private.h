/*
 * tls_private.h - what the tls*.c files know of each other and of OpenSSL.
 */
#ifndef NET_TLS_PRIVATE_H
#define NET_TLS_PRIVATE_H

#include <openssl/ssl.h>
#include <stddef.h>

#include "net/tls_context.h"

#define TLS_RECORD_MAX SSL3_RT_MAX_PLAIN_LENGTH

/* To clients, as PostgreSQL: libpq reads 8 KB at a time, and an application
 * that sleeps on its socket never sees what it left of a larger record. */
#define TLS_CLIENT_RECORD_MAX 8192
#define TLS_BINDING_MAX EVP_MAX_MD_SIZE

struct tls_context {
	unsigned refs;
	bool accepts;
	enum tls_verify verify;
	bool has_authorities;           /* of ca_file, not the system's */
	SSL_CTX *ssl;
	BIO_METHOD *bio;                /* between OpenSSL and a conn */
	unsigned char *gather;          /* record_max bytes */
	size_t record_max;              /* payload of what we send */
	unsigned char fingerprint[32];  /* of all that it was made from */
	unsigned char binding[TLS_BINDING_MAX]; /* of our certificate */
	size_t binding_len;
};

BIO_METHOD *tls_bio_create(void);
	/* For tls_context.c: how OpenSSL reads and writes; it is tls.c that
	 * knows. NULL: out of memory. */

const char *tls_error_text(unsigned long code, char *buf, size_t cap);
	/* A code of OpenSSL's error queue in words; never NULL nor empty. */

size_t tls_certificate_digest(X509 *, unsigned char out[TLS_BINDING_MAX]);
	/* tls-server-end-point of RFC 5929: the certificate's digest, by the
	 * algorithm of its signature. 0: that one has none (Ed25519). */

#endif
