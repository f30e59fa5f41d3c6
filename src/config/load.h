/*
 * load.h - make a configuration, from a file, from a URL or from another.
 */
#ifndef CONFIG_LOAD_H
#define CONFIG_LOAD_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "config/config.h"

struct config *config_load(const char *path, struct err *);
	/* Read the file and what it includes and names (auth_file, rules).
	 * NULL if anything is wrong: err says "FILE:LINE: what was expected".
	 * The caller logs cfg->warnings and ends with config_unref(). */

struct config *config_reload(const struct config *old, struct err *);
	/* The same, from old->conffile. What only a restart can change keeps
	 * its old value, with a warning where the file says otherwise. */

struct config *config_set(const struct config *old, const char *key,
    const char *value, struct err *);
	/* A copy with one setting changed, for the console's SET: the same
	 * checks as in a file, and an error for what needs a restart. */

struct config *config_from_url(const char *url, struct err *);
	/* postgres://user:password@host:port/db: transaction pooling of that
	 * database, clients log in as that user with that password, on the
	 * loopback address and a Unix socket. Without a password only on a
	 * Unix socket that nobody else can open. */

/* All that is wrong with a file, for --check. */
struct config_report {
	char **errors, **warnings, **differences;
	size_t nerrors, nwarnings, ndifferences;
};

const char *config_report_add(char ***list, size_t *n, const char *file,
    int line, const char *fmt, va_list)
    __attribute__((format(printf, 5, 0)));
	/* Append "FILE:LINE: " and the text to one of its lists; line 0: none.
	 * Returns what was appended. */

bool config_check(const char *path, struct config_report *);
	/* True if the file would load. End with config_report_fini(). */

void config_differences(const char *path, struct config_report *);
	/* Add what a pgbouncer.ini means here that it does not mean to
	 * PgBouncer; nothing for a file with [pgweir]. */

void config_report_fini(struct config_report *);

#endif
