/*
 * secure.h - TLS as the configuration asks for it: contexts, and what goes
 * before a handshake with a server.
 */
#ifndef POOL_SECURE_H
#define POOL_SECURE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

struct config;
struct conn;
struct pooler;
struct tls_context;

/* The contexts in force. NULL: no TLS. */
struct secure {
	struct tls_context *clients, *servers;
};

bool secure_load(struct secure *, const struct config *, struct err *);
	/* Fresh contexts for this configuration. */

void secure_keep(struct secure *fresh, const struct secure *old);
	/* Where nothing has changed, use the old ones. */

void secure_fini(struct secure *);

bool secure_servers_differ(const struct secure *, const struct config *,
    const struct secure *, const struct config *);
	/* Does TLS with servers differ between the two? Then servers that
	 * are connected have to be replaced, by and by. */

bool secure_is_demanded(const struct config *);
	/* May a client of a TCP socket not go on without TLS? */

/* What is next for a connection to a server. */
enum secure_next {
	SECURE_PLAIN,           /* go on without TLS */
	SECURE_ASKED,           /* an SSLRequest was sent: read the answer */
	SECURE_BEGUN,           /* wait for on_secure() */
	SECURE_REFUSED
};

enum secure_next secure_begin(struct pooler *, struct conn *,
    const char *host);
	/* host: as it was dialled. On a connection by TCP only. */

enum secure_next secure_answer(struct pooler *, struct conn *,
    const char *host, const unsigned char *, size_t n, const char **why);
	/* Within on_bytes, with all that has come: consumes one byte. Says
	 * why if it is refused. Never SECURE_ASKED. */

#endif
