/*
 * budget_shared.h - one host's count of tickets for several processes.
 *
 * A store for struct budget (see budget.h) in shared memory. Each worker
 * process has a slot of its own, so that what a worker held that died can be
 * given back by another. One struct budget_shared is one process's view.
 */
#ifndef CLUSTER_BUDGET_SHARED_H
#define CLUSTER_BUDGET_SHARED_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "cluster/budget.h"

#define BUDGET_SHARED_SLOTS 28
#define BUDGET_SHARED_MAX 262143u       /* PostgreSQL takes no more */

struct budget_shared_map;

struct budget_shared {
	struct budget_shared_map *map;
	unsigned slot;          /* BUDGET_SHARED_SLOTS: none yet */
	int fd;                 /* closed by exec unless told otherwise */
};

extern const struct budget_store budget_shared_store;
	/* Its state is a struct budget_shared that has joined. held is over
	 * all slots; while others take and give, the purposes need not add
	 * up to a total that ever was: that is budget_shared_total. */

bool budget_shared_create(struct budget_shared *, uint32_t limit,
    struct err *);
	/* New memory with nothing held. Children of a fork use the same
	 * struct, after a join of their own; after an exec, or elsewhere,
	 * the same memory is had from its fd, by attach. */

bool budget_shared_attach(struct budget_shared *, int fd, struct err *);
	/* Memory that somebody else made. The fd is ours if this succeeds. */

void budget_shared_close(struct budget_shared *);
	/* What is held stays held: the slot can be joined again. Harmless
	 * when closed. */

void budget_shared_join(struct budget_shared *, unsigned slot);
	/* From now on this process is the only one to take and give for this
	 * slot. It goes on with what is held there: nothing, unless it is
	 * the successor of the process that opened the connections. */

void budget_shared_forget(struct budget_shared *, unsigned slot);
	/* Give back what a process held that is gone. One caller at a time,
	 * once the process has been waited for; it may itself be called
	 * again where the caller died in it. A backend that was busy outlives
	 * its client: who calls this knows that the host has let go. */

void budget_shared_set_limit(struct budget_shared *, uint32_t limit);
	/* 0: none; at most BUDGET_SHARED_MAX. Takes nothing away. From this
	 * moment no take succeeds that the new limit does not allow. */

uint32_t budget_shared_total(const struct budget_shared *);
	/* What all of them hold. Never above the limit because of a take. */

uint32_t budget_shared_of(const struct budget_shared *, unsigned slot,
    enum budget_purpose);
	/* What one of them holds. */

#endif
