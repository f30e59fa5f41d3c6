/*
 * tls.h - a conn goes on by TLS; and what is known of its peer then.
 */
#ifndef NET_TLS_H
#define NET_TLS_H

#include <stdbool.h>
#include <stddef.h>

#include "net/tls_context.h"

struct conn;

#define TLS_DIGEST_MAX 64

struct tls_start {
	struct tls_context *context;    /* a reference is taken */
	const char *host;       /* of a server: as it was dialled */
	const void *early;      /* of a client: its first bytes, which were */
	size_t early_len;       /* read before it was known what they are */
	bool direct;            /* no SSLRequest came before: ALPN decides */
};

void tls_start(struct conn *, const struct tls_start *);
	/* Begin a handshake; see conn_secure() for who may and what comes.
	 * It never calls back before this turn's end. By then the peer's
	 * certificate has been found good, as the context demands. */

bool tls_is_on(const struct conn *);
	/* Is all that it sends and receives protected by TLS? */

const char *tls_describe(const struct conn *, char *buf, size_t cap);
	/* "TLSv1.3/TLS_AES_256_GCM_SHA384", with "/ECDH=X25519" behind it in
	 * earlier versions; "" if it is plain; returns buf. */

size_t tls_binding(const struct conn *, unsigned char out[TLS_DIGEST_MAX]);
	/* Channel binding data "tls-server-end-point", of whichever side the
	 * server is. 0: plain, or a certificate whose signature has no
	 * digest, so that nothing can be bound to. */

bool tls_has_certificate(const struct conn *);
	/* Did the peer show a certificate (and prove that it is its own) that
	 * an authority of ca_file, as it was then, stands for? */

const char *tls_common_name(const struct conn *, char *buf, size_t cap);
	/* The peer's, returns buf; NULL: there is none, or it is not text
	 * that fits. */

bool tls_peer_is(const struct conn *, const char *name);
	/* Does one of the names in the peer's certificate fit, as those of
	 * hosts do: case does not matter, "*" is for one label? */

#endif
