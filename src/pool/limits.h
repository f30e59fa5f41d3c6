/*
 * limits.h - limits that several pools share: the budget of a host, and those
 * per database and per user; see limits.c.
 */
#ifndef POOL_LIMITS_H
#define POOL_LIMITS_H

#include <stdbool.h>
#include <stddef.h>

struct budget;
struct database;
struct failure;
struct lane;
struct pool;
struct pooler;
struct server;
struct user;

bool limits_make_room(struct pool *, struct lane *, bool somebody_waits);
	/* May one more server be opened here? If a limit is used up and
	 * somebody waits, an idle server is taken from another pool. False:
	 * not now; if somebody waits the pool is told (pool_hooks->wake) when
	 * to try again. */

bool limits_reclaim(struct pooler *, struct budget *);
	/* Somebody who is not a pool waits for a ticket: close an idle
	 * server. False: there is none. */

bool limits_yield(const struct server *);
	/* This server has come to rest. Should it be closed, since the limit
	 * sank below what is open, or another pool needs it more? */

void limits_freed(const struct server *);
	/* It has been closed, or has nothing to do: others may have use for
	 * that. */

void limits_shrink(struct pooler *);
	/* Close idle servers where more is open than a budget allows. */

struct mono limits_waiting_since(const struct pool *);
	/* Since when the pool's line has not moved, as far as its place in a
	 * quota's line goes: each server that it has makes that a bit later.
	 * QUOTA_NEVER: nobody is in it. */

bool limits_admit(const struct pooler *, const struct database *,
    const struct user *, struct failure *, char *detail, size_t cap);
	/* May one more client of this database (NULL: the console) and user
	 * log in? If not, say why. */

#endif
