/*
 * quota.h - a limit on server connections that several share, and who waits
 * for room below it; see quota.c.
 *
 * The budget of a host is one, max_db_connections of a database and
 * max_user_connections of a user are others.
 */
#ifndef CLUSTER_QUOTA_H
#define CLUSTER_QUOTA_H

#include <stdbool.h>
#include <stdint.h>

#include "base/list.h"
#include "base/mono.h"
#include "net/loop.h"

#define QUOTA_NEVER ((struct mono){ INT64_MAX })

struct quota {
	struct loop *loop;
	uint32_t (*room)(const struct quota *);
		/* How many more there may be. */
	uint32_t (*limit)(const struct quota *);
		/* UINT32_MAX: none. */
	struct list waits;
	uint32_t nwaits;
	struct chore waking;
	struct quota_wait *turn;        /* whose turn it is just now */
	struct timer later;
	uint64_t level;         /* the fair part, see fair.h ... */
	struct mono level_at;   /* ... as it was then; 0: never */
	uint32_t takes;         /* so many may be taken from others ... */
	struct mono refilled;   /* ... at this time; 0: never */
};

/* One that is a plain count in this process. */
struct quota_count {
	struct quota quota;
	uint32_t held, limit;   /* limit 0: none */
};

/* A place in the line; the one who waits embeds it. */
struct quota_wait {
	struct list member;
	struct quota *quota;    /* NULL: does not wait */
	void *owner;            /* for those who share the quota */
	bool asked;             /* in this round */
	struct mono (*since)(const struct quota_wait *);
		/* Since when it is needed: who waits longest is first. Time
		 * 0 comes before everybody, QUOTA_NEVER needs nothing. */
	void (*on_room)(struct quota_wait *);
		/* Waits no more: try again, and wait anew if need be. */
};

void quota_init(struct quota *, struct loop *,
    uint32_t (*room)(const struct quota *),
    uint32_t (*limit)(const struct quota *));
void quota_count_init(struct quota_count *, struct loop *);
void quota_fini(struct quota *);
	/* Who still waits, does not any more. */

bool quota_has_room(const struct quota *);

bool quota_may_enter(struct quota *, const struct quota_wait *);
	/* Is there room for one more, who does not pass by others that wait?
	 * Called from on_room it is once. */

void quota_wait_init(struct quota_wait *, void *owner,
    struct mono (*since)(const struct quota_wait *),
    void (*on_room)(struct quota_wait *));

void quota_await(struct quota *, struct quota_wait *);
	/* on_room follows when there is room or may be made. Who waits for it
	 * already, keeps its place; who waits for another quota, leaves
	 * that. */

void quota_leave(struct quota_wait *);
	/* Harmless if it does not wait. */

struct quota_wait *quota_first(const struct quota *);
	/* Who waits longest; NULL if nobody does. */

void quota_freed(struct quota *);
	/* There is room, or something idle that can be taken: at the end of
	 * the turn who waits longest is asked, and more of them while there
	 * is room. Free if nobody waits. */

void quota_freed_at(struct quota *, struct mono);
	/* The same, then. The earliest time counts. */

#endif
