/*
 * tls_context.h - what TLS connections of one side have in common: keys,
 * certificates, authorities, protocols; see tls_context.c.
 *
 * A context is made from settings and never changes. It is counted: a reload
 * makes a new one, and connections keep theirs.
 */
#ifndef NET_TLS_CONTEXT_H
#define NET_TLS_CONTEXT_H

#include <stdbool.h>

#include "base/err.h"

struct tls_context;

enum tls_verify {
	TLS_VERIFY_NONE,
	TLS_VERIFY_OPTIONAL,    /* a certificate that is sent must be good */
	TLS_VERIFY_CA,          /* there must be a good one */
	TLS_VERIFY_FULL         /* and of a server its name must be right */
};

/* Strings may be NULL, which is as good as empty. */
struct tls_settings {
	const char *prefix;     /* of the settings: "client_tls" */
	bool accepts;           /* we are the server in the handshake */
	enum tls_verify verify;
	const char *key_file, *cert_file, *ca_file;
	const char *protocols;  /* "secure", "tlsv1.2:tlsv1.3", "!tlsv1.1" */
	const char *ciphers;    /* up to TLS 1.2 */
	const char *suites;     /* TLS 1.3 */
	const char *dheparams, *ecdhcurve;
};

struct tls_context *tls_context_create(const struct tls_settings *,
    struct err *);
	/* Reads the files. NULL if anything is wrong: err names the setting
	 * and the file. */

struct tls_context *tls_context_ref(struct tls_context *);
void tls_context_unref(struct tls_context *);
	/* NULL is fine for both. */

bool tls_context_same(const struct tls_context *, const struct tls_context *);
	/* Were they made from the same settings and the same contents of
	 * files? Either may be NULL. */

#endif
