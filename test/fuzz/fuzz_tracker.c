/*
 * fuzz_tracker.c - any two peers that send any types in any order.
 *
 * Three bytes make a step: whose frame it is and whether its answer is
 * hidden, its type, and what belongs to the type.
 */
#include "base/must.h"
#include "pgwire/tracker.h"
#include "test/fuzz/target.h"

static void
check(const struct tracker *t)
{
	const struct owed *ring = t->ring != NULL ? t->ring : t->few;

	must(t->count <= t->cap && t->head < t->cap);
	must((t->cap & (t->cap - 1)) == 0);
	must(!tracker_at_rest(t) || !tracker_is_spent(t));
	must(!t->skipping || t->count == 0 || t->tainted);
	/* a mark owes nothing, so it is never waited for */
	must(t->count == 0 || ring[t->head].kind != OWED_COPY_END);
	must(t->copying != COPYING_IN || t->count > 0);
}

/* At rest means: another client's query works, and is all that is owed. */
static void
check_rest(struct tracker *t)
{
	must(tracker_frontend(t, 'Q', 0, HIDE_NOTHING) == TRACK_SHOW);
	must(!tracker_at_rest(t));
	must(tracker_backend(t, 'C', 0) == TRACK_SHOW);
	must(tracker_backend(t, 'Z', 'I') == TRACK_SHOW);
	must(tracker_at_rest(t));
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct tracker t;
	uint32_t before;

	tracker_init(&t);
	for (; n >= 3; p += 3, n -= 3) {
		before = t.count;
		if (p[0] & 1) {
			if (tracker_backend(&t, (char)p[1], (char)p[2]) ==
			    TRACK_BAD)
				break;
			must(t.count <= before);
		} else {
			(void)tracker_frontend(&t, (char)p[1], (char)p[2],
			    (enum hide)(p[0] >> 1 & 3) % 3);
			must(t.count <= before + 1);
		}
		check(&t);
		if (tracker_at_rest(&t))
			check_rest(&t);
	}
	tracker_fini(&t);
	return 0;
}
