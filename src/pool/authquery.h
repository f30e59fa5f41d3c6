/*
 * authquery.h - asks PostgreSQL for the secrets of users who are not in
 * auth_file.
 *
 * The question goes over connections that nobody else uses, so nothing that
 * a client does or wants has any influence on it; the user's name is a bound
 * parameter. They need tickets of the host's budget, and come before pools
 * that wait for one.
 */
#ifndef POOL_AUTHQUERY_H
#define POOL_AUTHQUERY_H

#include <stdbool.h>

#include "base/list.h"

struct authquery_entry;
struct authquery_table;
struct pooler;

enum authquery_result {
	AUTHQUERY_FOUND,
	AUTHQUERY_NOBODY,       /* none of that name, or nobody to ask */
	AUTHQUERY_FAILED        /* it is not known */
};

struct authquery_answer {
	enum authquery_result result;
	const char *name;       /* FOUND: from now on; may be another */
	const char *secret;     /* "": no password matches */
	bool cached;            /* it may be out of date by now */
	const char *sqlstate;   /* FAILED: what the client may know */
	char why[128];
};

/* One who wants to know; embedded by who asks. */
struct authquery_wait {
	struct list member;
	struct authquery_entry *entry;  /* NULL: does not wait */
	void (*on_answer)(struct authquery_wait *,
	    const struct authquery_answer *);
};

/* What may be told from memory, for auth_query_cache. */
enum authquery_cache {
	CACHE_NOTHING,          /* the answer cannot be asked for again */
	CACHE_BUT_SCRAM,        /* nor if the secret is a SCRAM one */
	CACHE_ALL
};

struct authquery_table *authquery_table_create(void);
void authquery_table_destroy(struct authquery_table *);
	/* Nobody may wait. */

void authquery_ask(struct pooler *, const char *database, const char *user,
    enum authquery_cache, struct authquery_wait *);
	/* As auth_query, auth_user and auth_dbname of this database say.
	 * on_answer follows once, perhaps before this returns; what it is
	 * shown is gone afterwards. Who asks the same at the same time
	 * shares one query. */

void authquery_cancel(struct authquery_wait *);
	/* No answer is wanted any more. Harmless if none is under way. */

void authquery_sweep(struct pooler *);
	/* Now and then: forget what is out of date. */

void authquery_reload(struct pooler *);
	/* A new configuration: forget everything. */

#endif
