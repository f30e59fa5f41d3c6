/*
 * source.h - where logins come from: how many are unfinished, and how often
 * they failed; see source.c.
 */
#ifndef POOL_SOURCE_H
#define POOL_SOURCE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/list.h"

struct pooler;
struct source;
struct source_table;

/* One that logs in; embedded by it. */
struct source_hold {
	struct source *source;          /* NULL: not counted */
};

/* A row of SHOW LOGINS. */
struct source_facts {
	struct addr addr;               /* an IPv6 one: its first half */
	const char *user;               /* NULL: all users from there */
	uint32_t unfinished, failures;
	int64_t wait_usec;              /* until the next try is heard */
};

struct source_table *source_table_create(void);
void source_table_destroy(struct source_table *);

bool source_enter(struct pooler *, const struct addr *,
    struct source_hold *);
	/* One more from there begins to log in, until source_leave(). False:
	 * there are max_unfinished_logins already. */

void source_leave(struct pooler *, struct source_hold *);
	/* It has logged in, or has left. Harmless if it is not counted. */

int64_t source_wait(struct pooler *, const struct addr *, const char *user);
	/* For how long nobody there may try to log in as this user; 0: one
	 * may. */

void source_failed(struct pooler *, const struct addr *, const char *user);
void source_proved(struct pooler *, const struct addr *, const char *user);
	/* How it ended. */

void source_sweep(struct pooler *);
	/* Now and then: forget what is long past. */

bool facts_source(const struct pooler *, uint32_t *cursor,
    struct source_facts *);
	/* As those of facts.h. */

#endif
