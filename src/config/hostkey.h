/*
 * hostkey.h - one PostgreSQL server's name for the budget: "host:port".
 *
 * The same server may be written in several ways. What can be told without
 * asking anybody is made equal here: case, the form of an IP address, a dot
 * at the end of a name, slashes at the end of a directory, and the names of
 * the loopback interface (localhost, 127.0.0.1, ::1).
 */
#ifndef CONFIG_HOSTKEY_H
#define CONFIG_HOSTKEY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

char *hostkey_format(const char *host, uint16_t port);
	/* host as in host= of a database. To be freed by the caller. */

bool hostkey_parse(const char *text, char **key, struct err *);
	/* "10.0.0.5:5432", "[::1]:5432", "db1", "/run/postgresql:5433"; the
	 * port is 5432 if there is none. The key is the caller's. */

#endif
