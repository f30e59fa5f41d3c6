/*
 * words.h - files of lines of words: access rules and name maps.
 */
#ifndef CONFIG_WORDS_H
#define CONFIG_WORDS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "base/str.h"

#define WORDS_FILE_MAX (64 << 20)       /* bytes */

enum word {
	WORD_BARE,              /* may be a keyword */
	WORD_QUOTED,            /* never is one */
	WORD_COMMA,
	WORD_END,               /* of the line, or a comment begins */
	WORD_BROKEN             /* a quote that does not end, or a NUL byte */
};

bool words_read_file(const char *path, const char *what, struct text *,
    struct err *);
	/* Append the whole file. False with "PATH: expected a readable WHAT:
	 * why". */

bool words_line(struct str *rest, struct str *line);
	/* Take the next line off rest, without its newline. False at the
	 * end. */

enum word words_next(struct str *line, struct text *word)
    __attribute__((warn_unused_result));
	/* Take the next word off the line; its text is in word, without the
	 * quotes, and "" inside a quoted word stands for one quote. A bare
	 * word ends at white space, a comma, a quote or #. */

#endif
