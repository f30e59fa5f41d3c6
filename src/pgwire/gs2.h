/*
 * gs2.h - the head of a SCRAM exchange: is it bound to the TLS channel?
 *
 * Channel binding (RFC 5929) puts a digest of the server's certificate into
 * what both sides sign, so nobody between them can pass the exchange on.
 */
#ifndef PGWIRE_GS2_H
#define PGWIRE_GS2_H

#include <stddef.h>

#include "base/str.h"
#include "pgwire/crypto.h"

#define GS2_DATA_MAX 64         /* bytes: the longest digest there is */
#define GS2_HEAD_MAX 24         /* characters of a head */
#define GS2_TEXT_ROOM CRYPTO_BASE64_ROOM(GS2_HEAD_MAX + GS2_DATA_MAX)

enum gs2 {
	GS2_CANNOT,             /* the client has nothing to bind to */
	GS2_COULD,              /* it has, but believes the server cannot */
	GS2_BOUND               /* to tls-server-end-point */
};

/* What the channel has to offer. */
struct gs2_channel {
	size_t n;               /* bytes of data; 0: nothing to bind to */
	unsigned char data[GS2_DATA_MAX];
};

void gs2_channel_set(struct gs2_channel *, struct str data);
	/* The tls-server-end-point of RFC 5929, or nothing. */

struct str gs2_channel_data(const struct gs2_channel *);
	/* What was set; nothing if nothing was. */

const char *gs2_head(enum gs2);
	/* "n,,", "y,," or "p=tls-server-end-point,,". */

void gs2_binding(enum gs2, const struct gs2_channel *,
    char out[GS2_TEXT_ROOM]);
	/* The value of c=: the head and, if bound, the data, in base64. */

#endif
