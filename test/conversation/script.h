/*
 * script.h - protocol messages as short lines of text.
 *
 * A line begins with the type byte of its message. "-" is an empty name.
 *
 *   from clients: "Q SELECT 1", "P name sql", "B portal statement" (read
 *     back with " =value" for each value), "D S name", "E portal 10",
 *     "C S name", "S", "H", "X", "d data", "c", "f reason", "F", "p password"
 *   (the pooler's own names of statements are read as "_1", "_2"),
 *   from servers: "C tag", "Z I", "E 57014 message", "E FATAL 57P01 message",
 *     "E 0A000 message@routine", "N 00000 message", "S name=value", "T",
 *     "D value|value", "1", "2", "3", "n", "s", "t", "I", "G", "H", "W",
 *     "d data", "c", "A channel", "V", "K", "R 0"; of several values in a
 *     row, NULL is none
 *
 * An error or notice is read back with " | " and its detail behind it.
 */
#ifndef CONVERSATION_SCRIPT_H
#define CONVERSATION_SCRIPT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/str.h"

enum speaker { CLIENT_SPEAKS, SERVER_SPEAKS };

void script_write(enum speaker, const char *line, struct text *out);
	/* Append the message; a line that is none fails the test. */

size_t script_read(enum speaker, const char *p, size_t n, struct text *line);
	/* The message at p as a line, which replaces what was in line.
	 * Returns its length, 0 if it is not here as a whole. */

bool script_matches(const char *want, const char *got);
	/* Equal; of an error or a notice the beginning is enough. */

void script_startup(const char *params, struct text *out);
	/* StartupMessage from "user=app&database=shop&TimeZone=UTC". */

#endif
