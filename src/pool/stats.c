/*
 * stats.c - sums and averages over the counters of stats.def.
 */
#include "pool/stats.h"

void
stats_add(struct stats *sum, const struct stats *s)
{
#define STAT(name) sum->name += s->name;
#include "pool/stats.def"
#undef STAT
}

void
stats_subtract(struct stats *from, const struct stats *s)
{
#define STAT(name) from->name -= s->name;
#include "pool/stats.def"
#undef STAT
}

static uint64_t
per(uint64_t sum, uint64_t count)
{
	return count != 0 ? sum / count : 0;
}

void
stats_average(struct stats *avg, const struct stats *d, int64_t usec)
{
	*avg = (struct stats){ 0 };
	if (usec <= 0)
		return;
#define STAT(name) \
	avg->name = (uint64_t)((double)d->name * 1e6 / (double)usec);
#include "pool/stats.def"
#undef STAT
	avg->xact_time = per(d->xact_time, d->xact_count);
	avg->query_time = per(d->query_time, d->query_count);
	avg->wait_time = per(d->wait_time, d->server_assignment_count);
}
