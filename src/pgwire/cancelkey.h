/*
 * cancelkey.h - the keys by which clients cancel, in PgBouncer's layout.
 *
 * Eight bytes: process id and secret of a BackendKeyData. The top bit of
 * byte 0 is clear, as in a process id. With peering, bytes 1 and 2 are the
 * id of the process that made the key (low byte first) and the low two bits
 * of byte 7 count how often the request may still be forwarded.
 */
#ifndef PGWIRE_CANCELKEY_H
#define PGWIRE_CANCELKEY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"

#define CANCELKEY_SIZE 8u

struct cancelkey {
	unsigned char bytes[CANCELKEY_SIZE];
};

struct cancelkey cancelkey_make(const unsigned char random[CANCELKEY_SIZE],
    uint16_t peer_id);
	/* A key for a client; peer id 0: no peering. The caller sees to it
	 * that no other client has the same one. */

bool cancelkey_read(struct cancelkey *, struct str);
	/* From a CancelRequest; false unless it is exactly eight bytes. */

uint16_t cancelkey_peer(const struct cancelkey *);
unsigned cancelkey_ttl(const struct cancelkey *);
	/* What these parts say, if there is peering. */

bool cancelkey_hop(struct cancelkey *);
	/* May it be forwarded once more? Then that was counted. */

uint64_t cancelkey_id(const struct cancelkey *, bool peering);
	/* All eight bytes as a number, for look-up and comparison: two keys
	 * are the same if their ids are. With peering the hops left do not
	 * count, without it every bit does. */

#endif
