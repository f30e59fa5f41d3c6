/*
 * lag.c - a short history of the primary's log; see lag.h.
 *
 * A primary that writes nothing adds nothing, so an idle one is no lag. When
 * the samples are full every second one is dropped: the older, the sparser,
 * and hours fit.
 */
#include "cluster/lag.h"

void
lag_note(struct lag *l, struct mono now, uint64_t lsn)
{
	size_t i, kept;

	if (l->n > 0 && lsn < l->samples[l->n - 1].lsn)
		l->n = 0;
	if (l->n > 0 && lsn == l->samples[l->n - 1].lsn)
		return;
	if (l->n == LAG_SAMPLES) {
		for (i = kept = 0; i < l->n; i += 2)
			l->samples[kept++] = l->samples[i];
		l->n = kept;
	}
	l->samples[l->n].at = now;
	l->samples[l->n].lsn = lsn;
	l->n++;
}

int64_t
lag_bytes(const struct lag *l, uint64_t lsn)
{
	uint64_t last;

	if (l->n == 0 || lsn == 0)
		return -1;
	last = l->samples[l->n - 1].lsn;
	return last > lsn ? (int64_t)(last - lsn) : 0;
}

int64_t
lag_usec(const struct lag *l, struct mono now, uint64_t lsn)
{
	size_t i;

	if (l->n == 0 || lsn == 0)
		return -1;
	for (i = 0; i < l->n; i++)
		if (l->samples[i].lsn > lsn)
			return mono_between(l->samples[i].at, now);
	return 0;
}
