/*
 * queue.h - who waits for a server, in the order of arrival, and who is next.
 */
#ifndef POOL_QUEUE_H
#define POOL_QUEUE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/list.h"
#include "base/mono.h"

struct failure;
struct fair_key;
struct fairness;
struct pool;
struct server;

/* Why one still waits. */
#define WAIT_REASONS(X)                       \
	X(NONE,          "")                  \
	X(PAUSED,        "paused")            \
	X(POOL_SIZE,     "pool_size")         \
	X(DB_LIMIT,      "db_limit")          \
	X(USER_LIMIT,    "user_limit")        \
	X(BUDGET,        "budget")            \
	X(FAIR_SHARE,    "fair_share")        \
	X(NO_PRIMARY,    "no_primary")        \
	X(NO_REPLICA,    "no_replica")        \
	X(CONNECTING,    "connecting")        \
	X(LOGIN_BACKOFF, "login_backoff")

enum wait_reason {
#define X(id, name) WAIT_##id,
	WAIT_REASONS(X)
#undef X
};

const char *wait_reason_name(enum wait_reason);

enum want {
	WANT_SERVER,
	WANT_WELCOME            /* what a first server tells at its login */
};

#define QUEUE_SIDES 2           /* of a pool, see pools_side() */

/* Where a request may run, if its database is routed. Later: not before an
 * LSN is replayed. */
enum route {
	ROUTE_PRIMARY,
	ROUTE_READ,             /* a replica; the primary while there is none */
	ROUTE_REPLICA           /* only a replica: it might write */
};

/* A place in the queue; the one who waits embeds it. */
struct wait {
	struct list member;
	struct pool *pool;      /* NULL: does not wait */
	enum want want;
	enum route route;
	uint64_t number;        /* of the client's address: for ip_hash */
	struct mono since;
	struct fair_key *key;   /* whose turn it uses; NULL: fair_by is off */
	struct fair_key *keys[QUEUE_SIDES];     /* those it has */
	struct list turn;       /* among those of the key */
	void (*granted)(struct wait *, struct server *);
		/* Here it is; NULL for a welcome. */
	void (*refused)(struct wait *, const struct failure *);
};

struct queue {
	struct list waits;
	uint32_t n;
	struct fairness *fairness;      /* NULL: first come, first served */
};

void queue_init(struct queue *);
void queue_join(struct queue *, struct wait *, struct mono now);

void queue_rejoin(struct queue *, struct wait *);
	/* Come from another queue, at the place that w->since gives it. */

void queue_leave(struct queue *, struct wait *);
struct wait *queue_first(const struct queue *);
	/* The one who waits longest; NULL if nobody does. */

struct wait *queue_next(const struct queue *, uint32_t servers);
	/* The one to be served next, in a pool that has so many servers; NULL
	 * if nobody waits. */

void queue_release_keys(struct wait *);
	/* Who does not wait any more gives its keys back. */

void queue_forget_keys(struct queue *);
void queue_learn_keys(struct queue *);
	/* Those who wait get other keys, and the queue another fairness,
	 * between these two. */

#endif
