/*
 * gate.h - when a pool opens one more server connection; see gate.c.
 */
#ifndef POOL_GATE_H
#define POOL_GATE_H

#include <stdbool.h>
#include <stdint.h>

#include "pool/queue.h"

struct failure;
struct lane;
struct pool;

void gate_fill(struct pool *);
	/* Open what is missing and may be opened now; see to it that this is
	 * called again when more becomes possible by itself. */

bool gate_may_dial(const struct lane *);
	/* Its host has the right role, and is not left alone. */

bool gate_open(struct lane *);
	/* Open one there now, for whoever will need it, if there is room.
	 * False: not now. */

void gate_even(struct pool *);
	/* Once a second: servers by the weights of the hosts. */

uint32_t gate_min(const struct pool *);
	/* So many servers are kept even if nobody needs them. */

enum wait_reason gate_wait_reason(const struct pool *, const struct wait *);

void gate_failed(struct lane *, const struct failure *);
	/* A login on this lane has failed: leave it alone for a while. */

bool gate_is_shut(const struct pool *);
	/* Is there no server, and is every host left alone because it has
	 * refused us, whatever for? */

const struct failure *gate_lasting_failure(const struct pool *);
	/* If there is no server and every host has refused us for a reason
	 * that does not pass by itself: the last such reason. For a pool of
	 * auth_query any reason will do. */

#endif
