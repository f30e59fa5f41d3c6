/*
 * limits.h - limits that several pools share: per database and per user.
 */
#ifndef POOL_LIMITS_H
#define POOL_LIMITS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct database;
struct failure;
struct pool;
struct pooler;
struct server;
struct user;

enum limit {
	LIMIT_NONE,
	LIMIT_DATABASE,         /* max_db_connections */
	LIMIT_USER              /* max_user_connections */
};

enum limit limits_on_servers(const struct pool *);
	/* Which limit forbids this pool one more server connection? */

bool limits_evict(struct pool *, enum limit);
	/* Close the server of another pool under the same limit that has
	 * been idle longest. False: none is idle. The pool is remembered as
	 * hungry then, and woken when one is. */

bool limits_yield(const struct server *);
	/* This server has come to rest. Does a hungry pool under the same
	 * limit wait longer than anybody here? Then it should be closed. */

bool limits_freed(struct pool *);
	/* A server of this pool has been closed, or has nothing to do. Is
	 * some pool hungry? Then all who want something, this pool included,
	 * are woken at the end of the turn, who waits longest first. */

void limits_start(struct pooler *);

bool limits_admit(const struct pooler *, const struct database *,
    const struct user *, struct failure *, char *detail, size_t cap);
	/* May one more client of this database (NULL: the console) and user
	 * log in? If not, say why. */

#endif
