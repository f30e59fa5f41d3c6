/*
 * lag.h - how far a replica is behind, in bytes and in time.
 *
 * Pure. Positions of the primary's log are kept with the time at which they
 * were seen; no clock of a server is ever looked at. Exact to within the time
 * between two of them.
 */
#ifndef CLUSTER_LAG_H
#define CLUSTER_LAG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/mono.h"

#define LAG_SAMPLES 64

struct lag {
	struct { struct mono at; uint64_t lsn; } samples[LAG_SAMPLES];
	size_t n;               /* by time and by LSN, both rising */
};

void lag_note(struct lag *, struct mono now, uint64_t lsn);
	/* The primary is there now. One that goes back is another history:
	 * what was before is forgotten. */

int64_t lag_bytes(const struct lag *, uint64_t lsn);
	/* How much a replica lacks that is there; -1: not known. */

int64_t lag_usec(const struct lag *, struct mono now, uint64_t lsn);
	/* How long ago the primary was known to have something that a
	 * replica which is there now lacks. 0 if it lacks nothing, however
	 * long ago that was written; -1: not known. */

bool lag_is_before(const struct lag *, uint64_t lsn);
	/* A replica there lacks something since before we looked: what
	 * lag_usec() says is too little. */

#endif
