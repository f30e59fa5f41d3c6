/*
 * err.h - the set-up road's errors: one human sentence.
 *
 * Functions of the set-up road (configuration, files, listeners) return bool
 * and fill a struct err; the caller decides what becomes of it.
 */
#ifndef BASE_ERR_H
#define BASE_ERR_H

#include <stdbool.h>

struct err {
	char text[512];
};

bool err_set(struct err *, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
	/* Store the sentence and return false: `return err_set(...)`. */

bool err_errno(struct err *, const char *what);
	/* The same with "what: strerror(errno)". */

#endif
