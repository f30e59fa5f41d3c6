/*
 * ident.h - the auth_ident_file: which names of the outside world may log in
 * as which user.
 *
 * The outside world is the operating system for the method peer and the
 * certificate for cert.
 */
#ifndef CONFIG_IDENT_H
#define CONFIG_IDENT_H

#include <stdbool.h>

#include "base/err.h"
#include "base/str.h"

struct ident;
struct ident_map;

struct ident *ident_load(const char *path, struct err *);
	/* NULL with "FILE:LINE: what was expected", or why the file cannot
	 * be read. */

struct ident *ident_parse(struct str text, const char *path, struct err *);
	/* The same from memory; path is for messages. */

struct ident *ident_ref(struct ident *);
void ident_unref(struct ident *);
	/* NULL is fine. */

const struct ident_map *ident_map(const struct ident *, const char *name);
	/* NULL: there is none of that name. Lives as long as the ident. */

typedef bool ident_is_fn(const void *arg, const char *system_name);
	/* Is the peer known by that name outside? */

bool ident_allows(const struct ident_map *, const char *user, ident_is_fn *,
    const void *arg);
	/* May the peer log in as user? Without a map (NULL) the two names
	 * must be the same. */

#endif
