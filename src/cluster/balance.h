/*
 * balance.h - which of several hosts is next.
 *
 * Pure: who is there, how much each has in use and a number that decides are
 * arguments.
 */
#ifndef CLUSTER_BALANCE_H
#define CLUSTER_BALANCE_H

#include <stddef.h>
#include <stdint.h>

#include "config/setting.h"

#define BALANCE_NONE SIZE_MAX

struct candidate {
	uint64_t id;            /* the same for a host each time, not 0 */
	uint32_t weight;        /* thousandths, with slow start; 0: none */
	uint32_t in_use;        /* connections */
};

/* Whose turn it is; {0} at first. */
struct balance {
	struct balance_turn *turns;
	size_t n;
};

size_t balance_pick(struct balance *, enum balance_rule,
    const struct candidate *, size_t n, uint64_t number);
	/* The index of the next one, or BALANCE_NONE if none has a weight.
	 * number is any at all for RANDOM, and a hash of the client's address
	 * for IP_HASH, where the same number has the same host as long as
	 * that is there; when another one goes or comes, only those move
	 * that have to. Unused by the other rules. */

void balance_fini(struct balance *);

uint64_t balance_id(const char *name, uint16_t port);
	/* An id for a host, the same in every process. */

#endif
