/*
 * command.h - the console's grammar: one command, taken apart.
 *
 *	WORD [WORD] [;]
 *	SET WORD (= | TO) (WORD | 'string') [;]
 *
 * A WORD is letters, digits and underscores, or anything in double quotes.
 * There is no SQL here: no comments, no expressions, no second command.
 */
#ifndef ADMIN_COMMAND_H
#define ADMIN_COMMAND_H

#include "base/str.h"

enum command_form {
	COMMAND_VERB,           /* PAUSE */
	COMMAND_VERB_ARG,       /* PAUSE db */
	COMMAND_SET             /* SET arg = value */
};

/* The parts, unquoted, the case as it was. */
struct command {
	enum command_form form;
	char verb[16], arg[64], value[256];
};

enum command_result {
	COMMAND_OK,
	COMMAND_INVALID,        /* fits none of the forms */
	COMMAND_TOO_LONG        /* fits, but a part is longer than allowed */
};

enum command_result command_parse(struct command *, struct str text)
    __attribute__((warn_unused_result));

#endif
