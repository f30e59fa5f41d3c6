/*
 * diff.h - what a reload changed.
 */
#ifndef CONFIG_DIFF_H
#define CONFIG_DIFF_H

#include <stddef.h>

#include "config/config.h"

enum config_change_kind {
	CHANGE_SETTING,             /* .setting */
	CHANGE_DATABASE_ADDED,      /* .name: of the entry; maybe "*" */
	CHANGE_DATABASE_REMOVED,
	CHANGE_DATABASE_CONNECTION, /* its servers must be replaced */
	CHANGE_DATABASE_LIMITS,     /* anything else: new servers only */
	CHANGE_USER,                /* [users]: added, removed or changed */
	CHANGE_PEER_ADDED,          /* .peer */
	CHANGE_PEER_REMOVED,
	CHANGE_PEER_CHANGED,
	CHANGE_SECRET_ADDED,        /* .name: a user of auth_file */
	CHANGE_SECRET_REMOVED,
	CHANGE_SECRET_CHANGED
};

struct config_change {
	enum config_change_kind kind;
	const char *name;
	const struct setting *setting;
	int peer;
};

struct config_diff {
	struct config_change *items;
	size_t n;
};

void config_diff(struct config_diff *, const struct config *was,
    const struct config *now);
	/* List the differences: settings, databases, users, peers, secrets,
	 * each by name. An entry with both kinds of change has one of each.
	 * Names belong to was or now: hold both until config_diff_fini(). */

void config_diff_fini(struct config_diff *);

#endif
