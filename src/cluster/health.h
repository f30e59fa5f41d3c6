/*
 * health.h - is a host up? Rise and fall by the answers it gives.
 *
 * Pure: time is an argument, and so is what happened.
 */
#ifndef CLUSTER_HEALTH_H
#define CLUSTER_HEALTH_H

#include <stdbool.h>
#include <stdint.h>

#include "base/mono.h"

#define HEALTH_EAGER_USEC INT64_C(250000) /* between probes after a failure */
#define HEALTH_HURRY_USEC INT64_C(50000) /* ... after an answer, at least */
#define HEALTH_ERROR_MAX 160

#define HEALTH_STATES(X)        \
	X(UNKNOWN, "unknown")   \
	X(UP,      "up")        \
	X(DOWN,    "down")

enum health_state {
#define X(id, name) HEALTH_##id,
	HEALTH_STATES(X)
#undef X
};

struct health_rules {
	int64_t interval_usec;
	unsigned rise, fall;    /* at least 1 */
};

struct health {
	enum health_state state;
	unsigned passes, failures;      /* in a row; one of them is 0 */
	struct mono since;              /* of the state */
	struct mono due;                /* the next probe */
	struct mono passed;             /* the last answer */
	char error[HEALTH_ERROR_MAX];   /* the last one, "" if none ever */
};

void health_init(struct health *, struct mono now);
	/* Nothing is known, and a probe is due. */

void health_assume_up(struct health *, struct mono now);
	/* It will not be asked. */

void health_pass(struct health *, const struct health_rules *,
    struct mono now);
	/* It answered. The first answer of a host that was never down is
	 * enough. */

void health_fail(struct health *, const struct health_rules *,
    struct mono now, const char *error);
	/* It did not, for this reason. */

void health_hurry(struct health *, struct mono now);
	/* Something speaks against it: a probe is due, unless one was a
	 * moment ago that failed; and soon, if one was that passed: what
	 * clients do must not decide how often it is asked. */

void health_ask_by(struct health *, struct mono when);
	/* A probe is due then at the latest. */

bool health_is_up(const struct health *);

const char *health_state_name(enum health_state);

#endif
