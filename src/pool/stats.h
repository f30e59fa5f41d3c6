/*
 * stats.h - what a pool has done: plain counters and their sums.
 */
#ifndef POOL_STATS_H
#define POOL_STATS_H

#include <stdint.h>

struct stats {
#define STAT(name) uint64_t name;
#include "pool/stats.def"
#undef STAT
};

void stats_add(struct stats *sum, const struct stats *);

void stats_subtract(struct stats *from, const struct stats *);

/* Averages as PgBouncer has them: counts and bytes per second, times per
 * transaction, query and assignment. */
void stats_average(struct stats *avg, const struct stats *in_period,
    int64_t usec);

#endif
