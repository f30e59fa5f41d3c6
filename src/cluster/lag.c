/*
 * lag.c - a short history of the primary's log; see lag.h.
 *
 * A primary that writes nothing adds nothing, so an idle one is no lag. The
 * older the samples, the sparser they are, so hours fit.
 */
#include "cluster/lag.h"

/* Merge two neighbours, where it matters least: close to each other for how
 * long ago they are. What the later one saw counts from the earlier time on:
 * a replica is rather thought too old than too young. */
static void
make_room(struct lag *l, struct mono now)
{
	double gap, age, least = 0;
	size_t i, best = 0;

	for (i = 1; i + 1 < l->n; i++) {
		gap = (double)mono_between(l->samples[i].at,
		    l->samples[i + 1].at);
		age = (double)mono_between(l->samples[i].at, now) + 1;
		if (best == 0 || gap / age < least) {
			best = i;
			least = gap / age;
		}
	}
	l->samples[best].lsn = l->samples[best + 1].lsn;
	l->n--;
	for (i = best + 1; i < l->n; i++)
		l->samples[i] = l->samples[i + 1];
}

void
lag_note(struct lag *l, struct mono now, uint64_t lsn)
{
	if (l->n > 0 && lsn < l->samples[l->n - 1].lsn)
		l->n = 0;
	if (l->n > 0 && lsn == l->samples[l->n - 1].lsn)
		return;
	if (l->n == LAG_SAMPLES)
		make_room(l, now);
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
			return now.usec < l->samples[i].at.usec ? 0 :
			    mono_between(l->samples[i].at, now);
	return 0;
}

bool
lag_is_before(const struct lag *l, uint64_t lsn)
{
	return l->n > 0 && lsn < l->samples[0].lsn;
}
