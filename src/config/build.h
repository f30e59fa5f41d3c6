/*
 * build.h - a snapshot while it is being made; only for this folder.
 *
 * load.c, url.c and config_set() create or copy one, change it, and hand it
 * out; from then on it is const.
 */
#ifndef CONFIG_BUILD_H
#define CONFIG_BUILD_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "config/config.h"

struct config *build_create(void);
	/* All defaults, no databases, one reference. */

struct config *build_copy(const struct config *);
	/* The same values, no warnings; userlist and rules are shared. */

void build_warn(struct config *, const char *text);

bool build_setting(struct config *, const char *key, const char *value,
    const struct setting **row, struct err *);
	/* Set one by name; row says which. False for an unknown name or a bad
	 * value; err then names the nearest or what was expected. */

/* Add an entry; where one of that name is, the new one takes its place when
 * build_finish() sorts. value is a connstr. err has no file and line. */
struct config_database *build_database(struct config *, const char *name,
    const char *value, struct err *);
struct config_user *build_user(struct config *, const char *name,
    const char *value, struct err *);
struct config_peer *build_peer(struct config *, const char *id,
    const char *value, struct err *);
struct config_budget *build_budget(struct config *, const char *name,
    const char *value, struct err *);
	/* The entry, which may move when the next one is added, or NULL. */

bool build_check_shares(const struct config *, const char **setting,
    struct err *);
	/* Can the budget of the main section be shared by app_instances? If
	 * not, setting is the name of the one to blame. */

bool build_check_share(const struct config *, const struct config_budget *,
    struct err *);
	/* The same for an entry of [hosts]. */

bool build_check_routing(const struct config *,
    const struct config_database *, struct err *);
	/* After build_finish(): can its hosts be asked for their roles, if
	 * that has to be? */

bool build_finish(struct config *, struct err *);
	/* Sort, keep the last of each name, find the hosts of databases that
	 * name none. */

#endif
