/*
 * cancelkey.c - cancel keys; see cancelkey.h for the layout.
 */
#include "pgwire/cancelkey.h"

#include <string.h>

#define TTL_MASK 3u             /* also the number of hops at first */

struct cancelkey
cancelkey_make(const unsigned char random[CANCELKEY_SIZE], uint16_t peer_id)
{
	struct cancelkey k;

	memcpy(k.bytes, random, sizeof k.bytes);
	k.bytes[0] &= 0x7f;
	if (peer_id != 0) {
		k.bytes[1] = (unsigned char)peer_id;
		k.bytes[2] = (unsigned char)(peer_id >> 8);
		k.bytes[7] |= TTL_MASK;
	}
	return k;
}

bool
cancelkey_read(struct cancelkey *k, struct str s)
{
	if (s.n != sizeof k->bytes)
		return false;
	memcpy(k->bytes, s.p, sizeof k->bytes);
	return true;
}

uint16_t
cancelkey_peer(const struct cancelkey *k)
{
	return (uint16_t)(k->bytes[1] | k->bytes[2] << 8);
}

unsigned
cancelkey_ttl(const struct cancelkey *k)
{
	return k->bytes[7] & TTL_MASK;
}

bool
cancelkey_hop(struct cancelkey *k)
{
	if (cancelkey_ttl(k) == 0)
		return false;
	k->bytes[7]--;
	return true;
}

uint64_t
cancelkey_id(const struct cancelkey *k, bool peering)
{
	uint64_t id = 0;
	unsigned i;

	for (i = 0; i < CANCELKEY_SIZE; i++)
		id = id << 8 | k->bytes[i];
	return peering ? id & ~(uint64_t)TTL_MASK : id;
}
