/*
 * budget_shared.c - tickets counted in shared memory.
 *
 * Everything that a take depends on is in one word: the total, the limit,
 * and a bit for each slot that is within a step. So one compare-and-swap
 * decides, nobody ever waits for anybody (a worker that is stopped in the
 * middle of a take stops no other), and a limit that is lowered holds from
 * that moment on.
 *
 * Who holds the total is in the slots, and each slot is written by its owner
 * alone. A process may be killed between the two; therefore a step says
 * first what its slot will hold when it is done:
 *
 *	next = (purpose, count)         the intention
 *	word: total +-1, busy bit on    the step happens here, or not at all
 *	held[purpose] = count
 *	word: busy bit off
 *
 * A busy bit that a dead process has left on means that its step has
 * happened, and doing the rest (again) makes the slot right: finish().
 * So the total is the sum over all slots, whenever no bit is on.
 *
 * The memory is a memfd and no anonymous mapping, because that one ends with
 * exec: a successor of the program, or a worker that is started afresh, gets
 * the file's descriptor instead. It is sealed, so that no one who has it can
 * make it shorter under us.
 *
 * This file knows neither workers nor hosts.
 */
#include "cluster/budget_shared.h"

#include <errno.h>
#include <fcntl.h>
#include <stdalign.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/must.h"

/* The word, from its lowest bit: total, limit, busy bits. */
#define COUNT_BITS 18
#define TOTAL(word) ((uint32_t)((word) & BUDGET_SHARED_MAX))
#define LIMIT(word) ((uint32_t)((word) >> COUNT_BITS & BUDGET_SHARED_MAX))
#define LIMIT_MASK ((uint64_t)BUDGET_SHARED_MAX << COUNT_BITS)
#define BUSY(slot) (UINT64_C(1) << (2 * COUNT_BITS + (slot)))

/* The layout, too: who was built otherwise must not attach. */
#define MAGIC (UINT64_C(0x7067776275640100) + BUDGET_NPURPOSES)

#define SEALS (F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL)

_Static_assert(2 * COUNT_BITS + BUDGET_SHARED_SLOTS == 64, "one word");
_Static_assert(BUDGET_SHARED_MAX == (1u << COUNT_BITS) - 1, "all bits");
_Static_assert(ATOMIC_LLONG_LOCK_FREE == 2 && ATOMIC_INT_LOCK_FREE == 2,
    "atomics that work between processes");

/* Slots do not share cache lines. */
struct slot {
	alignas(64) _Atomic uint64_t next;      /* purpose << 32 | count */
	_Atomic uint32_t held[BUDGET_NPURPOSES];
};

struct budget_shared_map {
	uint64_t magic;
	alignas(64) _Atomic uint64_t word;
	struct slot slots[BUDGET_SHARED_SLOTS];
};

static bool
has_room(uint64_t word)
{
	uint32_t limit = LIMIT(word);

	return TOTAL(word) < (limit == 0 ? BUDGET_SHARED_MAX : limit);
}

/* Count one more or one less for a slot. False: there is no room. */
static bool
step(struct budget_shared_map *map, unsigned slot,
    enum budget_purpose purpose, bool up)
{
	struct slot *s = &map->slots[slot];
	uint32_t count = atomic_load(&s->held[purpose]);
	uint64_t old, new;

	must(up || count > 0);
	count = up ? count + 1 : count - 1;
	atomic_store(&s->next, (uint64_t)purpose << 32 | count);
	old = atomic_load(&map->word);
	do {
		must((old & BUSY(slot)) == 0);
		must(up || TOTAL(old) > 0);
		if (up && !has_room(old))
			return false;
		new = (up ? old + 1 : old - 1) | BUSY(slot);
	} while (!atomic_compare_exchange_weak(&map->word, &old, new));
	atomic_store(&s->held[purpose], count);
	atomic_fetch_and(&map->word, ~BUSY(slot));
	return true;
}

/* Do the rest of a step in which the owner of this slot was killed. */
static void
finish(struct budget_shared_map *map, unsigned slot)
{
	struct slot *s = &map->slots[slot];
	uint64_t next = atomic_load(&s->next);

	if ((atomic_load(&map->word) & BUSY(slot)) == 0)
		return;
	must(next >> 32 < BUDGET_NPURPOSES);
	atomic_store(&s->held[next >> 32], (uint32_t)next);
	atomic_fetch_and(&map->word, ~BUSY(slot));
}

static bool
map_it(struct budget_shared *b, int fd, struct err *err)
{
	void *p = mmap(NULL, sizeof *b->map, PROT_READ | PROT_WRITE,
	    MAP_SHARED, fd, 0);

	if (p == MAP_FAILED)
		return err_errno(err, "shared budget: mmap");
	*b = (struct budget_shared){ p, BUDGET_SHARED_SLOTS, fd };
	return true;
}

bool
budget_shared_create(struct budget_shared *b, uint32_t limit,
    struct err *err)
{
	int fd;

	*b = (struct budget_shared){ .fd = -1 };
	fd = memfd_create("pgweir-budget", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (fd == -1)
		return err_errno(err, "shared budget: memfd_create");
	if (ftruncate(fd, sizeof *b->map) == -1) {
		err_errno(err, "shared budget: ftruncate");
		goto out;
	}
	if (fcntl(fd, F_ADD_SEALS, SEALS) == -1) {
		err_errno(err, "shared budget: seals");
		goto out;
	}
	if (!map_it(b, fd, err))
		goto out;
	b->map->magic = MAGIC;
	budget_shared_set_limit(b, limit);
	return true;
out:
	close(fd);
	return false;
}

bool
budget_shared_attach(struct budget_shared *b, int fd, struct err *err)
{
	struct stat st = { 0 };
	int seals = fcntl(fd, F_GET_SEALS);

	*b = (struct budget_shared){ .fd = -1 };
	if (seals == -1)
		return err_errno(err, "shared budget: no memory file");
	/* Without the seals a size says nothing about the next moment. */
	if (fstat(fd, &st) == -1 || (seals & SEALS) != SEALS ||
	    st.st_size != sizeof *b->map)
		return err_set(err, "shared budget: a memory file of %lld "
		    "bytes with seals %#x, want %zu and %#x",
		    (long long)st.st_size, (unsigned)seals, sizeof *b->map,
		    (unsigned)SEALS);
	if (!map_it(b, fd, err))
		return false;
	if (b->map->magic != MAGIC) {
		b->fd = -1;             /* it stays the caller's */
		budget_shared_close(b);
		return err_set(err, "shared budget: made by another version");
	}
	return true;
}

void
budget_shared_close(struct budget_shared *b)
{
	if (b->map == NULL)
		return;
	munmap(b->map, sizeof *b->map);
	if (b->fd != -1)
		close(b->fd);
	*b = (struct budget_shared){ .fd = -1 };
}

void
budget_shared_join(struct budget_shared *b, unsigned slot)
{
	must(slot < BUDGET_SHARED_SLOTS);
	finish(b->map, slot);
	b->slot = slot;
}

void
budget_shared_forget(struct budget_shared *b, unsigned slot)
{
	struct slot *s;
	int i;

	must(slot < BUDGET_SHARED_SLOTS);
	s = &b->map->slots[slot];
	finish(b->map, slot);
	/* One by one, as its owner would: then we may be killed, too. */
	for (i = 0; i < BUDGET_NPURPOSES; i++)
		while (atomic_load(&s->held[i]) > 0)
			step(b->map, slot, (enum budget_purpose)i, false);
}

void
budget_shared_set_limit(struct budget_shared *b, uint32_t limit)
{
	uint64_t old = atomic_load(&b->map->word), new;

	if (limit > BUDGET_SHARED_MAX)
		limit = BUDGET_SHARED_MAX;
	do {
		new = (old & ~LIMIT_MASK) | (uint64_t)limit << COUNT_BITS;
	} while (!atomic_compare_exchange_weak(&b->map->word, &old, new));
}

uint32_t
budget_shared_total(const struct budget_shared *b)
{
	return TOTAL(atomic_load(&b->map->word));
}

uint32_t
budget_shared_of(const struct budget_shared *b, unsigned slot,
    enum budget_purpose purpose)
{
	must(slot < BUDGET_SHARED_SLOTS);
	return atomic_load(&b->map->slots[slot].held[purpose]);
}

/* ---- the four functions of a store ---- */

static bool
shared_take(void *state, enum budget_purpose purpose)
{
	struct budget_shared *b = state;

	must(b->slot < BUDGET_SHARED_SLOTS);
	return step(b->map, b->slot, purpose, true);
}

static void
shared_give(void *state, enum budget_purpose purpose)
{
	struct budget_shared *b = state;

	must(b->slot < BUDGET_SHARED_SLOTS);
	step(b->map, b->slot, purpose, false);
}

static uint32_t
shared_held(const void *state, enum budget_purpose purpose)
{
	const struct budget_shared *b = state;
	uint32_t sum = 0;
	unsigned i;

	for (i = 0; i < BUDGET_SHARED_SLOTS; i++)
		sum += budget_shared_of(b, i, purpose);
	return sum;
}

static uint32_t
shared_limit(const void *state)
{
	const struct budget_shared *b = state;

	return LIMIT(atomic_load(&b->map->word));
}

const struct budget_store budget_shared_store = {
	shared_take, shared_give, shared_held, shared_limit
};
