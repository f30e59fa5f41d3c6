/*
 * budget.h - tickets: the right to hold one server connection on a host.
 *
 * No connection to a host is opened without a ticket, and a ticket goes back
 * when the host has really let go: when its end of file was read. Cancel
 * requests need none, since PostgreSQL gives them no backend slot. What the
 * tickets are counted in is behind four functions, so that several processes
 * can share a count. Without a limit every take succeeds.
 */
#ifndef CLUSTER_BUDGET_H
#define CLUSTER_BUDGET_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include "cluster/quota.h"

#define BUDGET_PURPOSES(X)    \
	X(POOL, "pool")       \
	X(AUTH, "auth")       \
	X(CATALOG, "catalog") \
	X(LISTEN, "listen")

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

/* What is to be told about it. */
struct budget_report {
	uint32_t returning;     /* tickets whose connection is closing */
	uint32_t ghosts;        /* of these: the host does not answer */
	uint64_t refused;       /* how often there was no ticket */
	time_t changed;         /* when the limit was set last; 0: never */
	char change[48];        /* and how: "20 -> 10" */
};

struct budget {
	struct quota quota;
	const struct budget_store *store;
	void *state;
	bool over;              /* holds more than its limit, which sank */
	uint32_t withheld;      /* the process before us has these still */
	uint32_t lent;          /* and these are our successor's */
	struct budget_report report;
};

enum ticket_phase {
	TICKET_NONE,            /* nothing is held */
	TICKET_HELD,
	TICKET_RETURNING,       /* the host has been told to let go ... */
	TICKET_GHOST            /* ... and has not done so for long */
};

struct ticket {
	struct budget *budget;
	enum budget_purpose purpose;
	enum ticket_phase phase;
};

void budget_init(struct budget *, struct loop *, const struct budget_store *,
    void *state);
void budget_fini(struct budget *);

bool budget_take(struct budget *, enum budget_purpose, struct ticket *);
	/* Get a ticket. Who gets none may wait in budget->quota. */

bool ticket_is_counted(const struct ticket *);
	/* Is it held below a limit? Then its connection has to be seen to
	 * its end. */

void budget_give(struct ticket *);
	/* Give it back; who waits is told. Harmless without one. */

void budget_return(struct ticket *);
	/* Its connection is closing: the ticket will come back soon. Harmless
	 * without one. */

void budget_give_up(struct ticket *);
	/* RETURNING, and the host does not let go: it is a ghost, and still
	 * counts. */

void budget_changed(struct budget *, uint32_t was, time_t now);
	/* The store's limit is another than it was: note it, and tell those
	 * who wait if there is room. */

void budget_set_elsewhere(struct budget *, uint32_t withheld, uint32_t lent);
	/* Of the limit these are other processes' to use. */

uint32_t budget_held(const struct budget *);
uint32_t budget_limit(const struct budget *);

uint32_t budget_usable(const struct budget *);
	/* Of the limit, what is not other processes' to use. */

uint32_t budget_share(uint32_t total, uint32_t instances, int number);
	/* What instance number, from 0, of so many may hold: the shares add
	 * up to the total. Number -1, not known: what each has for certain.
	 * total 0 is no limit, for each of them too. */

#endif
