/*
 * probe.h - what a host says of itself when it is asked.
 *
 * Pure: the question as SQL, and reading the answer.
 */
#ifndef CLUSTER_PROBE_H
#define CLUSTER_PROBE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

#define PROBE_COLUMNS 10

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

extern const char probe_query[];
	/* One row of PROBE_COLUMNS. PostgreSQL 12 and later. */

bool probe_parse(struct probe *, const char *const values[PROBE_COLUMNS],
    struct err *);
	/* values are what the row has; NULL is SQL's null. */

bool probe_is_same_server(const struct probe *, const struct probe *);

#endif
