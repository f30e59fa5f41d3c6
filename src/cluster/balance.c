/*
 * balance.c - the rules of load_balance; see balance.h.
 *
 * Round robin is smooth: each earns its weight in every round and the
 * richest pays for all, so 3:1 is a a b a and not a a a b. The least used is
 * the one with the fewest connections for its weight, and among equals the
 * turn decides, so an idle system spreads by weight as well.
 *
 * For the same address the same host: each host draws a number from its id
 * and the address, and the best one wins. When one goes, the others' numbers
 * are what they were. Weights make a draw better: -ln(draw) / weight is the
 * time until the first event of a process of that rate, so the chance to be
 * first is the weight's share.
 */
#include "cluster/balance.h"

#include <math.h>
#include <xxhash.h>

#include "base/mem.h"
#include "base/must.h"

struct balance_turn {
	uint64_t id;
	int64_t credit;
};

static int64_t *
credit_of(const struct balance *b, uint64_t id)
{
	size_t i;

	for (i = 0; i < b->n; i++)
		if (b->turns[i].id == id)
			return &b->turns[i].credit;
	return NULL;
}

static bool
is_candidate(const struct candidate *c, size_t n, uint64_t id)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (c[i].id == id)
			return true;
	return false;
}

/* A turn for each candidate, and for nobody else: who comes back has no
 * claims from before. */
static void
settle(struct balance *b, const struct candidate *c, size_t n)
{
	size_t i, kept;

	for (i = kept = 0; i < b->n; i++)
		if (is_candidate(c, n, b->turns[i].id))
			b->turns[kept++] = b->turns[i];
	b->n = kept;
	if (kept == n)
		return;
	b->turns = mem_resize(b->turns, n * sizeof *b->turns);
	for (i = 0; i < n; i++)
		if (credit_of(b, c[i].id) == NULL)
			b->turns[b->n++] = (struct balance_turn){ c[i].id, 0 };
}

/* Has a fewer connections for its weight than b (or as few)? */
static bool
is_freer(const struct candidate *a, const struct candidate *b, bool or_equal)
{
	uint64_t x = (uint64_t)a->in_use * b->weight;
	uint64_t y = (uint64_t)b->in_use * a->weight;

	return or_equal ? x <= y : x < y;
}

/* One of those that are as free as the freest of all; all if any is. */
static bool
is_eligible(const struct candidate *c, const struct candidate *freest)
{
	return c->weight > 0 &&
	    (freest == NULL || is_freer(c, freest, true));
}

static size_t
pick_turn(struct balance *b, const struct candidate *c, size_t n,
    const struct candidate *freest)
{
	size_t i, best = BALANCE_NONE;
	int64_t sum = 0, *credit, most = 0;

	settle(b, c, n);
	for (i = 0; i < n; i++) {
		if (!is_eligible(&c[i], freest))
			continue;
		credit = credit_of(b, c[i].id);
		*credit += c[i].weight;
		sum += c[i].weight;
		if (best == BALANCE_NONE || *credit > most) {
			best = i;
			most = *credit;
		}
	}
	if (best != BALANCE_NONE)
		*credit_of(b, c[best].id) -= sum;
	return best;
}

static size_t
pick_freest(struct balance *b, const struct candidate *c, size_t n)
{
	const struct candidate *freest = NULL;
	size_t i;

	for (i = 0; i < n; i++)
		if (c[i].weight > 0 &&
		    (freest == NULL || is_freer(&c[i], freest, false)))
			freest = &c[i];
	return freest != NULL ? pick_turn(b, c, n, freest) : BALANCE_NONE;
}

static size_t
pick_random(const struct candidate *c, size_t n, uint64_t number)
{
	uint64_t sum = 0;
	size_t i;

	for (i = 0; i < n; i++)
		sum += c[i].weight;
	if (sum == 0)
		return BALANCE_NONE;
	number %= sum;
	for (i = 0; number >= c[i].weight; i++)
		number -= c[i].weight;
	must(i < n);
	return i;
}

static size_t
pick_hash(const struct candidate *c, size_t n, uint64_t number)
{
	size_t i, best = BALANCE_NONE;
	double draw, wait, least = 0;
	uint64_t hash;

	for (i = 0; i < n; i++) {
		if (c[i].weight == 0)
			continue;
		hash = XXH3_64bits_withSeed(&number, sizeof number, c[i].id);
		draw = ((double)(hash >> 11) + 0.5) / (double)(1ull << 53);
		wait = -log(draw) / c[i].weight;
		if (best == BALANCE_NONE || wait < least) {
			best = i;
			least = wait;
		}
	}
	return best;
}

size_t
balance_pick(struct balance *b, enum balance_rule rule,
    const struct candidate *c, size_t n, uint64_t number)
{
	switch (rule) {
	case BALANCE_LEAST_CONNECTIONS:
		return pick_freest(b, c, n);
	case BALANCE_ROUND_ROBIN:
		return pick_turn(b, c, n, NULL);
	case BALANCE_IP_HASH:
		return pick_hash(c, n, number);
	case BALANCE_RANDOM:
		return pick_random(c, n, number);
	}
	return BALANCE_NONE;
}

void
balance_fini(struct balance *b)
{
	mem_free(b->turns);
	*b = (struct balance){ 0 };
}

uint64_t
balance_id(const char *name, uint16_t port)
{
	uint64_t id = XXH3_64bits_withSeed(name, str_of(name).n, port);

	return id != 0 ? id : 1;
}
