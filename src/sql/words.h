/*
 * words.h - words that PostgreSQL gives a meaning to.
 */
#ifndef SQL_WORDS_H
#define SQL_WORDS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"
#include "sql/tree.h"

enum sql_kind word_kind(struct str statement, uint32_t *facts);
	/* SQL_DDL or SQL_OTHER, by the first word of a statement that is
	 * neither a query nor a command of the session. Adds SQL_TEMP to the
	 * facts if the name pg_temp occurs in it. */

enum sql_isolation word_isolation(const char *level);
	/* "read committed" and so on; the strictest for an unknown one or
	 * NULL. */

bool word_is_name_list(const char *setting);
	/* Is its value a list of names, each quoted by itself, like that of
	 * search_path? */

void word_put_name(struct text *, const char *name);
	/* Append it, in double quotes if it is not plain. */

#endif
