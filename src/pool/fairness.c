/*
 * fairness.c - the servers of a pool, shared among the keys of its clients.
 *
 * A key is what fair_by says: an address, an application_name, a user. Keys
 * of which somebody waits stand in a line, those first that were served
 * longest ago, so they get one server in turn, however many clients each
 * has. Before a key of which somebody waits all the time, no other one gets
 * two. A new key has its place as if it had been served just before the last
 * one that was: it need not wait behind who has had all, and names that are
 * new at each login do not overtake those who stay.
 *
 * Turns alone would let slow transactions pile up: who keeps a server ten
 * times as long would hold ten times as many. So there is a cap as well:
 *
 *   - A key is live while it holds servers or waits for one. Its part is the
 *     number of the pool's servers by that of live keys, rounded up.
 *   - Who holds its part is passed over, and keeps its place in the line,
 *     while another one waits that holds less; but not a third time. Nobody
 *     gets a third server since the other began to wait for its next one, if
 *     that holds no more than its part: it is served first, and then holds
 *     one more.
 *   - If all who wait hold their part, the first one is served: the parts of
 *     those who do not want them are borrowed, and no server idles while
 *     somebody waits. What is borrowed comes back as it is released.
 *
 * So of each other key two are served at most before it is a key's turn,
 * unless it holds more than its part all the time. Turns and parts cannot
 * both be had where transactions differ in length; the one server more is
 * enough for lengths that differ threefold (which a test holds us to), and
 * for nearly all turns where they differ without bounds. Whoever holds more
 * than that, because its transactions are long or because it has borrowed,
 * waits until some are back.
 *
 * The servers that count are those that the pool has at the time, on their
 * way or in use, and not its pool_size: while somebody waits the pool opens
 * what it may, so this is what all limits together (pool_size, reserve,
 * database, user, budget) have left it.
 *
 * Looking for a key below its part passes over those that are not; together
 * these hold no more servers than there are, so that is a short walk. It
 * finds the one of them that is due as well: it has waited longest, and two
 * stamps of a key tell whether it was served twice since. Nor does it take
 * long to find a key's place in the line: who comes back was served a short
 * while ago, and there are at most FAIR_KEYS_MAX. Names beyond these share
 * one key.
 */
#include "pool/fairness.h"

#include <string.h>
#include <xxhash.h>

/* Names come from clients; see user.c. Here the fairness is f. */
#define HASH_FUNCTION(key, n, hash) \
	((hash) = (unsigned)XXH3_64bits_withSeed((key), (n), f->hash_seed))
#define uthash_malloc(n) mem_alloc(n)
#define uthash_free(p, n) mem_free(p)
#include <uthash.h>

#include "base/mem.h"
#include "base/must.h"
#include "base/roster.h"

struct entry {
	struct fair_key key;
	char *name;
	UT_hash_handle hh;
};

struct fairness {
	uint64_t hash_seed;
	struct entry *entries;          /* by name */
	struct entry *others;           /* the key of too many names */
	struct roster all;
	struct list line;               /* keys, by served */
	uint64_t served;                /* the last one's, always odd */
	uint32_t live;
};

struct fairness *
fairness_create(uint64_t hash_seed)
{
	struct fairness *f = mem_alloc(sizeof *f);

	f->hash_seed = hash_seed;
	f->served = 1;
	list_init(&f->line);
	return f;
}

void
fairness_destroy(struct fairness *f)
{
	if (f == NULL)
		return;
	must(f->all.count == 0 && f->live == 0);
	roster_fini(&f->all);
	mem_free(f);
}

/*
 * Keys.
 */

static struct entry *
make(struct fairness *f, const char *name, size_t n)
{
	struct entry *e = mem_alloc(sizeof *e);

	e->name = mem_dup(name, n);
	e->key.name = e->name;
	e->key.fairness = f;
	e->key.served = f->served - 1;
	list_init(&e->key.waits);
	list_init(&e->key.member);
	e->key.place = roster_add(&f->all, &e->key);
	return e;
}

static struct entry *
find(struct fairness *f, const char *name)
{
	size_t n = strnlen(name, FAIR_NAME_MAX);
	struct entry *e;

	HASH_FIND(hh, f->entries, name, n, e);
	if (e != NULL)
		return e;
	if (f->all.count < FAIR_KEYS_MAX) {
		e = make(f, name, n);
		HASH_ADD_KEYPTR(hh, f->entries, e->name, n, e);
		return e;
	}
	if (f->others == NULL)
		f->others = make(f, "(others)", strlen("(others)"));
	return f->others;
}

static void
forget_unused(struct fair_key *k)
{
	struct fairness *f = k->fairness;
	struct entry *e = container_of(k, struct entry, key);

	if (k->clients > 0 || k->held > 0)
		return;
	must(k->waiting == 0);
	roster_remove(&f->all, k->place);
	if (e == f->others)
		f->others = NULL;
	else
		HASH_DEL(f->entries, e);
	mem_free(e->name);
	mem_free(e);
}

struct fair_key *
fair_key_acquire(struct fairness *f, const char *name)
{
	struct fair_key *k = &find(f, name)->key;

	k->clients++;
	return k;
}

void
fair_key_release(struct fair_key **kp)
{
	struct fair_key *k = *kp;

	if (k == NULL)
		return;
	*kp = NULL;
	must(k->clients > 0);
	k->clients--;
	forget_unused(k);
}

/*
 * Waiting and holding.
 */

static bool
is_live(const struct fair_key *k)
{
	return k->waiting > 0 || k->held > 0;
}

static void
count_live(struct fair_key *k, bool before)
{
	struct fairness *f = k->fairness;

	if (is_live(k) == before)
		return;
	must(!before || f->live > 0);
	if (before)
		f->live--;
	else
		f->live++;
}

/* Find its place from the end; behind those of the same age. */
static void
stand_in_line(struct fair_key *k)
{
	struct list *line = &k->fairness->line, *n = line;

	while (n->prev != line && container_of(n->prev, struct fair_key,
	    member)->served > k->served)
		n = n->prev;
	list_append(n, &k->member);
	k->since = k->fairness->served;
}

void
fair_key_join(struct fair_key *k, struct list *turn)
{
	bool before = is_live(k);

	if (k->waiting++ == 0)
		stand_in_line(k);
	list_append(&k->waits, turn);
	count_live(k, before);
}

void
fair_key_leave(struct fair_key *k, struct list *turn)
{
	must(k->waiting > 0);
	list_remove(turn);
	if (--k->waiting == 0)
		list_remove(&k->member);
	count_live(k, true);
}

void
fair_key_hold(struct fair_key *k)
{
	bool before = is_live(k);

	k->held++;
	count_live(k, before);
}

void
fair_key_serve(struct fair_key *k)
{
	fair_key_hold(k);
	/* A new key's first stamp is none of a grant. */
	k->before = k->granted++ > 0 ? k->served : 0;
	k->fairness->served += 2;
	k->served = k->fairness->served;
	if (k->waiting > 0) {
		list_remove(&k->member);
		stand_in_line(k);
	}
}

void
fair_key_return(struct fair_key **kp)
{
	struct fair_key *k = *kp;

	if (k == NULL)
		return;
	*kp = NULL;
	must(k->held > 0);
	k->held--;
	count_live(k, true);
	forget_unused(k);
}

/*
 * Whose turn it is.
 */

uint32_t
fairness_part(const struct fairness *f, uint32_t servers)
{
	if (f->live <= 1 || servers == 0)
		return servers;
	return (servers - 1) / f->live + 1;
}

static struct fair_key *
next_key(const struct fairness *f, uint32_t part)
{
	struct fair_key *k, *passed = NULL;
	struct list *n;

	LIST_EACH (n, &f->line) {
		k = container_of(n, struct fair_key, member);
		if (k->held < part)
			return passed != NULL && k->before > passed->since ?
			    passed : k;
		if (k->held == part &&
		    (passed == NULL || k->since < passed->since))
			passed = k;
	}
	n = list_first(&f->line);
	return n == NULL ? NULL : container_of(n, struct fair_key, member);
}

struct list *
fairness_next(const struct fairness *f, uint32_t servers)
{
	const struct fair_key *k = next_key(f, fairness_part(f, servers));

	return k == NULL ? NULL : list_first(&k->waits);
}

bool
fair_key_is_sated(const struct fair_key *k, uint32_t servers)
{
	return k->fairness->live > 1 && k->held > 0 &&
	    k->held >= fairness_part(k->fairness, servers);
}

/*
 * For SHOW and for tests.
 */

const struct fair_key *
fairness_each(const struct fairness *f, uint32_t *cursor)
{
	return roster_next(&f->all, cursor);
}

void
fairness_check(const struct fairness *f, uint32_t waiting, uint32_t held)
{
	const struct fair_key *k;
	uint32_t cursor = 0, live = 0;

	while ((k = fairness_each(f, &cursor)) != NULL) {
		must(list_empty(&k->member) == (k->waiting == 0));
		must(list_empty(&k->waits) == (k->waiting == 0));
		must(k->clients >= k->waiting);
		live += is_live(k);
		waiting -= k->waiting;
		held -= k->held;
	}
	must(waiting == 0 && held == 0 && live == f->live);
}
