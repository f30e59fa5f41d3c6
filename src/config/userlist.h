/*
 * userlist.h - the auth_file: who may log in, and with which secret.
 *
 * A secret is kept as it was written: plain text, MD5 or SCRAM. It is never
 * printed, not even in the message about a broken line.
 */
#ifndef CONFIG_USERLIST_H
#define CONFIG_USERLIST_H

#include <stddef.h>

#include "base/err.h"
#include "base/str.h"

struct userlist;

struct userlist *userlist_load(const char *path, struct err *);
	/* NULL with "FILE:LINE: what was expected", or why the file cannot
	 * be read. */

struct userlist *userlist_parse(struct str text, const char *path,
    struct err *);
	/* The same from memory; path is for messages. */

struct userlist *userlist_single(const char *user, const char *secret);
	/* A list of one user. */

struct userlist *userlist_ref(struct userlist *);
void userlist_unref(struct userlist *);
	/* Snapshots of the configuration share a list. NULL is fine. */

const char *userlist_secret(const struct userlist *, const char *user);
	/* NULL: not in the list. "": no password will ever match. */

size_t userlist_count(const struct userlist *);
const char *userlist_name(const struct userlist *, size_t i);
const char *userlist_secret_at(const struct userlist *, size_t i);
	/* By name, bytewise; i < userlist_count(). */

#endif
