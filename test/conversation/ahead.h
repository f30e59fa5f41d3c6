/*
 * ahead.h - who is served before whom: the promise of fair_by, as seen by
 * those who wait.
 *
 * A key waits from when somebody asks for it, or from when it was served if
 * more of it wait. Until it is served (again), others are; that is counted
 * for each pair, once in all and once only while the one who waits holds no
 * more than its part. Key 0 is the crowd, to whom nothing was promised.
 *
 * How long transactions take comes from a seed.
 */
#ifndef CONVERSATION_AHEAD_H
#define CONVERSATION_AHEAD_H

#include <stdint.h>
#include <string.h>

#define AHEAD_KEYS 10u

enum lengths {
	LENGTHS_SAME,
	LENGTHS_VARY,           /* by +-50 % */
	LENGTHS_EXPONENTIAL
};

struct ahead {
	unsigned part;
	unsigned waiting[AHEAD_KEYS], held[AHEAD_KEYS];
	unsigned all[AHEAD_KEYS][AHEAD_KEYS];   /* who waits; who is served */
	unsigned due[AHEAD_KEYS][AHEAD_KEYS];   /* while it held its part */
	unsigned most, most_due, most_held;
	unsigned served, late;  /* of the nine; with more than two ahead */
};

static inline void
ahead_asks(struct ahead *a, unsigned k)
{
	if (a->waiting[k]++ == 0) {
		memset(a->all[k], 0, sizeof a->all[k]);
		memset(a->due[k], 0, sizeof a->due[k]);
	}
}

static inline void
ahead_most(unsigned *most, unsigned n)
{
	if (n > *most)
		*most = n;
}

static inline void
ahead_served(struct ahead *a, unsigned k)
{
	unsigned i, worst = 0;

	for (i = 0; i < AHEAD_KEYS; i++)
		ahead_most(&worst, a->all[k][i]);
	a->waiting[k]--;
	a->held[k]++;
	memset(a->all[k], 0, sizeof a->all[k]);
	memset(a->due[k], 0, sizeof a->due[k]);
	for (i = 1; i < AHEAD_KEYS; i++) {
		if (i == k || a->waiting[i] == 0)
			continue;
		ahead_most(&a->most, ++a->all[i][k]);
		if (a->held[i] <= a->part)
			ahead_most(&a->most_due, ++a->due[i][k]);
	}
	if (k == 0)
		return;
	a->served++;
	a->late += worst > 2;
	ahead_most(&a->most_held, a->held[k]);
}

static inline void
ahead_done(struct ahead *a, unsigned k)
{
	a->held[k]--;
}

static inline unsigned
ahead_random(uint64_t *seed, unsigned below)
{
	*seed = *seed * 6364136223846793005u + 1442695040888963407u;
	return (unsigned)((*seed >> 33) % below);
}

static inline unsigned
ahead_length(enum lengths lengths, uint64_t *seed)
{
	return lengths == LENGTHS_VARY ? 500 + ahead_random(seed, 1001) : 1000;
}

/* Of n that run, and end at these times: which one does first? Where lengths
 * are exponential it is any of them, however long it ran already. */
static inline unsigned
ahead_first(enum lengths lengths, uint64_t *seed, const uint64_t *ends,
    unsigned n)
{
	unsigned i, first = 0;

	if (lengths == LENGTHS_EXPONENTIAL)
		return ahead_random(seed, n);
	for (i = 1; i < n; i++)
		if (ends[i] < ends[first])
			first = i;
	return first;
}

#endif
