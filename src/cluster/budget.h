/*
 * budget.h - tickets: the right to hold one server connection on a host.
 *
 * No connection to a host is opened without a ticket, and a ticket goes back
 * when the host has really let go: when its end of file was read. What the
 * tickets are counted in is behind four functions, so that several processes
 * can share a count later. Without a limit every take succeeds.
 */
#ifndef CLUSTER_BUDGET_H
#define CLUSTER_BUDGET_H

#include <stdbool.h>
#include <stdint.h>

#include "base/list.h"

#define BUDGET_PURPOSES(X)  \
	X(POOL, "pool")     \
	X(AUTH, "auth")     \
	X(CATALOG, "catalog")

enum budget_purpose {
#define X(id, name) BUDGET_##id,
	BUDGET_PURPOSES(X)
#undef X
	BUDGET_NPURPOSES
};

/* Where the count is kept. */
struct budget_store {
	bool (*take)(void *state, enum budget_purpose);
	void (*give)(void *state, enum budget_purpose);
	uint32_t (*held)(const void *state, enum budget_purpose);
	uint32_t (*limit)(const void *state);   /* 0: none */
};

/* The store of a single process. */
struct budget_count {
	uint32_t limit;
	uint32_t held[BUDGET_NPURPOSES];
};

extern const struct budget_store budget_count_store;

struct budget {
	const struct budget_store *store;
	void *state;
	struct list waits;
	void (*reclaim)(void *context, struct budget *);
	void *context;
};

struct ticket {
	struct budget *budget;  /* NULL: none is held */
	enum budget_purpose purpose;
};

/* One who could not get a ticket; initialise member as a list. */
struct budget_wait {
	struct list member;
	void (*on_room)(struct budget_wait *);
};

void budget_init(struct budget *, const struct budget_store *, void *state);

void budget_on_shortage(struct budget *,
    void (*reclaim)(void *context, struct budget *), void *context);
	/* Ask this function to free something when a take fails. */

bool budget_take(struct budget *, enum budget_purpose, struct ticket *);
	/* Get a ticket. On failure reclaim was called, and who still wants
	 * one may wait. */

void budget_give(struct ticket *);
	/* Give it back and wake the first who waits. Harmless without one. */

void budget_await(struct budget *, struct budget_wait *);
	/* on_room follows once, when a ticket has come back. Take it then:
	 * it is not reserved. */

uint32_t budget_held(const struct budget *);
uint32_t budget_limit(const struct budget *);

#endif
