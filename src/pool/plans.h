/*
 * plans.h - the statements that one server connection has prepared.
 */
#ifndef POOL_PLANS_H
#define POOL_PLANS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/list.h"
#include "pool/shape.h"

struct plan_entry;
struct statement;

struct plan {
	struct list member;     /* of plans->used */
	struct statement *statement;    /* a reference of its own */
	uint64_t batch;         /* that used it last */
	struct shape shape;     /* as the server said */
	bool pending;           /* the server has not said so yet */
	bool stale;             /* to be prepared anew before its next use */
	bool again;             /* until it is settled a stale one is there */
	uint64_t described;     /* the batch that has told its client, ... */
	uint64_t looked;        /* ... and the one that waits for its shape */
};

struct plans {
	struct plan_entry *entries;
	struct list used;       /* the one used last is the first */
	unsigned n;
};

void plans_init(struct plans *);
void plans_fini(struct plans *);

struct plan *plans_find(struct plans *, const struct statement *);

struct plan *plans_add(struct plans *, struct statement *);
	/* Used last, pending; takes a reference. It must be new. */

void plans_touch(struct plans *, struct plan *);
	/* It is used now. */

void plans_remove(struct plans *, const struct statement *);
	/* Harmless if it is not there. */

struct plan *plans_oldest(const struct plans *, uint64_t batch);
	/* The one to give up: used longest ago, but neither in this batch
	 * nor pending. NULL if there is none. */

void plans_distrust(struct plans *);
	/* All are stale. */

void plans_clear_settled(struct plans *);
	/* Forget all but those that are pending. */

#endif
