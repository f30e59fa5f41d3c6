/*
 * user.h - one who logs in, or as whom servers are logged in to.
 */
#ifndef POOL_USER_H
#define POOL_USER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/list.h"
#include "cluster/quota.h"

struct config_user;
struct credentials;
struct pooler;

struct user {
	char *name;
	bool known;             /* is in the userlist */
	struct credentials *credentials;        /* never NULL */
	unsigned refs;          /* clients and pools */
	struct quota_count servers;     /* max_user_connections */
	uint32_t nclients;
	struct user_table *table;
	void *place;            /* in the table */
};

struct user_table *user_table_create(void);
void user_table_destroy(struct user_table *);

struct user *user_find(const struct pooler *, const char *name);
	/* One that exists now, or NULL. */

struct user *user_acquire(struct pooler *, const char *name);
	/* The user of that name, made if need be; user_release() in the
	 * end. A name that nobody refers to and that the userlist does not
	 * hold is forgotten again. */

void user_release(struct user *);

void user_refresh(struct pooler *);
	/* Take over the userlist in force: users and their secrets. */

const struct config_user *user_config(const struct pooler *,
    const struct user *);
	/* Its [users] entry, or NULL. */

struct user *user_next(const struct pooler *, const struct user *);
	/* By name; the first after NULL. */

#endif
