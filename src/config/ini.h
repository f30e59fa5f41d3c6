/*
 * ini.h - reads a file of sections and keys; the only user of inih.
 */
#ifndef CONFIG_INI_H
#define CONFIG_INI_H

#include <stdbool.h>
#include <stdio.h>

#include "base/err.h"

/* A key, or with key == NULL the head of a section. Good until the callback
 * returns; file lives as long as the read. */
struct ini_item {
	const char *section;    /* NULL before the first one */
	const char *key, *value;
	const char *file;
	int line;
};

typedef bool ini_item_fn(void *arg, const struct ini_item *, struct err *);
	/* False ends the read; err needs no file and line. */

bool ini_read(const char *path, ini_item_fn *, void *arg, struct err *);
	/* Call back for each item of the file and its includes, in order.
	 * False if the file cannot be read, is not well-formed, or a callback
	 * said so; err begins with FILE:LINE. */

bool ini_read_stream(FILE *, const char *name, ini_item_fn *, void *arg,
    struct err *);
	/* The same from an open stream, which stays open. */

#endif
