/*
 * deadline.h - deadlines of one kind share one timer.
 *
 * Thousands of clients wait under the same time limit, so those who came
 * first are due first: a FIFO list and one timer do for all of them, and to
 * arm or disarm costs a few memory writes. Where the limit differs by user
 * or database there is a list for each duration.
 */
#ifndef NET_DEADLINE_H
#define NET_DEADLINE_H

#include "base/list.h"
#include "base/mono.h"
#include "net/loop.h"

#define DEADLINE_LANES 8

struct deadline {
	struct list member;
	struct mono due;
};

struct deadlines {
	void (*on_late)(struct deadlines *, struct deadline *);
	struct timer timer;
	struct {
		int64_t usec;
		struct list fifo;
	} lanes[DEADLINE_LANES];
};

void deadlines_init(struct deadlines *, struct loop *,
    void (*on_late)(struct deadlines *, struct deadline *));
void deadlines_fini(struct deadlines *);

void deadline_init(struct deadline *);

void deadline_arm(struct deadlines *, struct deadline *, int64_t usec);
	/* on_late follows once, usec from now, unless disarmed before. Zero
	 * or less disarms: "no limit". May be armed anew. */

void deadline_disarm(struct deadline *);

#endif
