/*
 * queue.h - who waits for a server, in the order of arrival.
 */
#ifndef POOL_QUEUE_H
#define POOL_QUEUE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/list.h"
#include "base/mono.h"

struct failure;
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
	X(CONNECTING,    "connecting")        \
	X(LOGIN_BACKOFF, "login_backoff")

enum wait_reason {
#define X(id, name) WAIT_##id,
	WAIT_REASONS(X)
#undef X
};

const char *wait_reason_name(enum wait_reason);

/* What is wanted. Later: which lanes, the fairness key, a minimum LSN. */
enum want {
	WANT_SERVER,
	WANT_WELCOME            /* what a first server tells at its login */
};

/* A place in the queue; the one who waits embeds it. */
struct wait {
	struct list member;
	struct pool *pool;      /* NULL: does not wait */
	enum want want;
	struct mono since;
	void (*granted)(struct wait *, struct server *);
		/* Here it is; NULL for a welcome. */
	void (*refused)(struct wait *, const struct failure *);
};

struct queue {
	struct list waits;
	uint32_t n;
};

void queue_init(struct queue *);
void queue_join(struct queue *, struct wait *, struct mono now);
void queue_leave(struct queue *, struct wait *);
struct wait *queue_first(const struct queue *);
	/* The one who waits longest; NULL if nobody does. */

#endif
