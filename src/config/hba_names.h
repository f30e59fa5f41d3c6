/*
 * hba_names.h - a list of databases or users in a rule; for this folder.
 */
#ifndef CONFIG_HBA_NAMES_H
#define CONFIG_HBA_NAMES_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "base/str.h"

enum hba_field { HBA_DATABASES, HBA_USERS };

struct hba_names {
	bool all, sameuser, replication;        /* keywords */
	char **names;           /* sorted */
	size_t n;
};

bool hba_names_parse(struct hba_names *, struct str *line,
    enum hba_field, const char *path, struct err *);
	/* Take a list off the line: names and keywords with commas between,
	 * and @FILE for what that file holds, relative to the folder of path.
	 * On failure err needs the place of the line before it; *names is to
	 * be ended either way. */

void hba_names_fini(struct hba_names *);

bool hba_names_has(const struct hba_names *, const char *name);
	/* By name; keywords are the caller's business. */

#endif
