/*
 * verdicts.c - a cache from fingerprints to classes.
 *
 * A table of sets of WAYS entries. In its set each entry has a mark that a
 * hit puts on; who needs room takes the first entry without a mark, going
 * round from where the last one stopped, and takes off the marks that it
 * passes (CLOCK). So texts that come back stay, and a flood of unique ones
 * only drives out itself. A look costs one line or two of memory.
 *
 * Keys are seeded hashes that clients cannot choose, so sets fill evenly.
 */
#include "sql/verdicts.h"

#include "base/mem.h"
#include "base/must.h"

#define WAYS 8

struct entry {
	uint64_t key;
	struct sql_class class;
	bool used, mark;
};

struct set {
	struct entry way[WAYS];
	unsigned hand;
};

struct verdicts {
	struct set *sets;
	uint32_t nsets;                 /* a power of two */
	int64_t rate;                   /* bytes a second */
	int64_t budget;                 /* millionths of a byte */
	struct mono filled;             /* when the budget was brought up */
	struct verdicts_counts counts;
};

struct verdicts *
verdicts_create(uint32_t entries, uint32_t bytes_per_second)
{
	struct verdicts *v = mem_alloc(sizeof *v);
	uint32_t nsets = 64 / WAYS;

	while (nsets < UINT32_C(1) << 24 && (uint64_t)nsets * WAYS < entries)
		nsets *= 2;
	v->nsets = nsets;
	v->sets = mem_alloc(nsets * sizeof *v->sets);
	v->rate = bytes_per_second;
	v->budget = v->rate * 1000000;
	v->counts.entries = nsets * WAYS;
	return v;
}

void
verdicts_destroy(struct verdicts *v)
{
	if (v == NULL)
		return;
	mem_free(v->sets);
	mem_free(v);
}

static uint64_t
key_of(const struct fingerprint *f, uint64_t context)
{
	uint64_t x = f->hash ^ context * UINT64_C(0x9e3779b97f4a7c15);

	return context == 0 ? x : x ^ x >> 32;
}

static struct set *
set_of(struct verdicts *v, uint64_t key)
{
	return &v->sets[key & (v->nsets - 1)];
}

static struct entry *
find(struct set *set, uint64_t key)
{
	unsigned i;

	for (i = 0; i < WAYS; i++)
		if (set->way[i].used && set->way[i].key == key)
			return &set->way[i];
	return NULL;
}

/* The entry to overwrite. Ends: the second time round no mark is left. */
static struct entry *
make_room(struct verdicts *v, struct set *set)
{
	struct entry *e;

	for (;;) {
		e = &set->way[set->hand];
		set->hand = (set->hand + 1) % WAYS;
		if (!e->used) {
			v->counts.used++;
			return e;
		}
		if (!e->mark) {
			v->counts.evicted++;
			return e;
		}
		e->mark = false;
	}
}

static void
store(struct verdicts *v, uint64_t key, const struct sql_class *c)
{
	struct set *set = set_of(v, key);
	struct entry *e = find(set, key);

	if (e == NULL)
		e = make_room(v, set);
	*e = (struct entry){ .key = key, .class = *c, .used = true };
}

/* May so many bytes be parsed now? If so, they are paid. */
static bool
pay(struct verdicts *v, size_t bytes, struct mono now)
{
	int64_t full = v->rate * 1000000, gone, price;

	gone = mono_between(v->filled, now);
	v->filled = now;
	if (gone >= 1000000)
		v->budget = full;
	else if (gone > 0)
		v->budget += gone * v->rate;
	if (v->budget > full)
		v->budget = full;
	must(bytes <= PARSE_TEXT_MAX);
	price = (int64_t)bytes * 1000000;
	if (v->budget < price)
		return false;
	v->budget -= price;
	return true;
}

enum verdict
verdicts_ask(struct verdicts *v, const struct fingerprint *f,
    struct str text, uint64_t context, struct mono now, struct sql_class *out)
{
	uint64_t key = key_of(f, context);
	struct entry *e = find(set_of(v, key), key);

	if (e != NULL) {
		e->mark = true;
		*out = e->class;
		v->counts.known++;
		return VERDICT_KNOWN;
	}
	*out = (struct sql_class){ .result = SQL_TOO_LONG,
		.kind = SQL_OTHER, .inner = SQL_OTHER };
	if (text.n > PARSE_TEXT_MAX || f->broken) {
		v->counts.none++;
		return VERDICT_NONE;
	}
	if (!pay(v, text.n, now)) {
		v->counts.busy++;
		return VERDICT_BUSY;
	}
	v->counts.parsed_bytes += text.n;
	v->counts.new++;
	*out = classify_text(text);
	if (out->result == SQL_PARSED)
		store(v, key, out);
	return VERDICT_NEW;
}

void
verdicts_learn(struct verdicts *v, const struct fingerprint *f,
    uint64_t context, const struct sql_class *c)
{
	store(v, key_of(f, context), c);
}

struct verdicts_counts
verdicts_counts(const struct verdicts *v)
{
	return v->counts;
}
