/*
 * probe.h - what a host said of itself when it was asked.
 */
#ifndef CLUSTER_PROBE_H
#define CLUSTER_PROBE_H

#include <stdbool.h>
#include <stdint.h>

struct probe {
	/* Who it is. Addresses with the same three are one server. */
	uint64_t system_identifier;     /* of the cluster: replicas share it */
	int64_t started;        /* postmaster, microseconds since 1970 */
	uint16_t port;          /* that it listens on itself */

	/* What it is. */
	bool in_recovery;
	bool read_only;         /* default_transaction_read_only */
	uint32_t timeline;      /* 0: it did not say */
	uint64_t lsn;           /* written, or on a replica replayed; 0: none */
	uint64_t received;      /* on a replica; 0: none */
	int64_t replay_age;     /* since the commit that was replayed last,
				 * microseconds by its clock; -1: none */
};

static inline bool
probe_is_same_server(const struct probe *a, const struct probe *b)
{
	return a->system_identifier == b->system_identifier &&
	    a->started == b->started && a->port == b->port;
}

#endif
