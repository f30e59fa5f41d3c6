/*
 * file.h - reading a whole file.
 */
#ifndef CONFIG_FILE_H
#define CONFIG_FILE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/str.h"

bool file_read(const char *path, size_t max, struct text *)
    __attribute__((warn_unused_result));
	/* Append it. False with errno; EFBIG: it has more than max bytes. A
	 * file that does not grow meanwhile leaves no copy but in the text,
	 * so that a secret can be wiped there. */

#endif
