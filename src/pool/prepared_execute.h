/*
 * prepared_execute.h - a Parse message that prepares an EXECUTE.
 */
#ifndef POOL_PREPARED_EXECUTE_H
#define POOL_PREPARED_EXECUTE_H

#include <stdbool.h>
#include <stdint.h>

#include "pgwire/tracker.h"

struct link;
struct outgoing;
struct statement;

bool prepared_execute_waits(struct link *, const struct statement *);
	/* Is it uncertain what this one, of kind STATEMENT_EXECUTE, runs? */

void prepared_execute_parse(struct link *, const struct statement *,
    enum hide, uint32_t mark, struct outgoing *);
	/* Have the server prepare it as SQLPLAN_STAND_IN. The mark is on that;
	 * 0: none. */

#endif
