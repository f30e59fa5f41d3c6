/*
 * verb.h - the commands of the console.
 */
#ifndef ADMIN_VERB_H
#define ADMIN_VERB_H

#include <stdbool.h>
#include <stddef.h>

#include "base/str.h"

struct dialog;

/* A command, for the manual. */
struct verb_facts {
	const char *name, *args;
	bool is_for_admins;
};

bool verb_facts(size_t i, struct verb_facts *);
	/* The i-th; false behind the last. */

void verb_run(struct dialog *, struct str text);
	/* Take the command apart, check the right to it, log it, and answer
	 * now or later. Any text gets an answer. */

void verb_reject(struct dialog *, struct str text);
	/* Answer that this, or what begins like this, is no command. */

void verb_cancel(struct dialog *);
	/* A cancel request: end what takes time, with an error. */

#endif
