/*
 * connstr.h - strings of key=value pairs, and lists of hosts.
 */
#ifndef CONFIG_CONNSTR_H
#define CONFIG_CONNSTR_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

typedef bool connstr_pair_fn(void *arg, const char *key, const char *value,
    struct err *);
	/* False ends the read. */

bool connstr_parse(const char *text, connstr_pair_fn *, void *arg,
    struct err *);
	/* Call back for each pair, in order. False if the text is not
	 * well-formed or a callback said so; err never quotes a value. */

bool connstr_split_hosts(const char *list, char ***hosts, size_t *n,
    struct err *);
	/* "a, b,[::1]" as n strings from mem_alloc(), without brackets. An
	 * empty entry is an error, and then nothing was allocated. */

#endif
