/*
 * sqlplan.h - messages that have a server run SQL's PREPARE.
 */
#ifndef POOL_SQLPLAN_H
#define POOL_SQLPLAN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"
#include "pgwire/tracker.h"

struct outgoing;
struct server;
struct statement;

/* A statement that stands in for another, for the sake of its answer. */
#define SQLPLAN_STAND_IN "pgweir_tmp"

void sqlplan_text(struct text *, const char *name, struct str body);
	/* Append PREPARE with this name. */

bool sqlplan_can_say(const struct statement *);
	/* Is there a PREPARE that does the same, also for what was prepared
	 * by a Parse? */

void sqlplan_say(struct text *, const char *name, const struct statement *);
	/* Append it. */

void sqlplan_prepare(struct server *, const struct statement *, enum hide,
    uint32_t mark, struct outgoing *);
	/* Prepare one of kind STATEMENT_SQL, within a batch of the extended
	 * protocol. The mark is on what does it. */

void sqlplan_no_stand_in(struct server *, struct outgoing *);
	/* Have its name free, unseen; whatever follows. */

void sqlplan_stand_in(struct server *, struct outgoing *);
	/* Have one, unseen, within a batch of the extended protocol. */

#endif
