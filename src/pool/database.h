/*
 * database.h - a database as clients name it, while it is in use.
 */
#ifndef POOL_DATABASE_H
#define POOL_DATABASE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/list.h"
#include "base/mono.h"
#include "cluster/quota.h"

struct config_database;
struct credentials;
struct pooler;
struct topology;

struct database {
	char *name;
	const struct config_database *entry;    /* in the config in force */
	struct credentials *forced;     /* of user= and password=, or NULL */
	bool automatic;                 /* made from the "*" entry */
	bool paused, disabled;
	struct topology *topology;      /* its hosts' roles; NULL: it is not
					 * routed */
	struct quota_count servers;     /* max_db_connections */
	uint32_t nclients, npools;
	uint32_t nwaiting;      /* clients */
	struct mono unused_since;       /* automatic and without clients */
	struct database_table *table;
	void *place;
};

struct database_table *database_table_create(void);
void database_table_destroy(struct database_table *);

struct database *database_find(const struct pooler *, const char *name);
	/* One that exists now, or NULL. */

struct database *database_get(struct pooler *, const char *name);
	/* The same, but made if the configuration has an entry for it or a
	 * "*" entry. NULL: no such database. */

void database_load(struct pooler *);
	/* Make what the configuration lists and point what exists to the new
	 * entries; entry is NULL for what is gone from it. */

void database_forget(struct database *);
	/* Nobody may use it: no clients, no pools. */

const char *database_dbname(const struct database *);
	/* Its name on the server. */

struct database *database_next(const struct pooler *,
    const struct database *);
	/* By name; the first after NULL. */

#endif
