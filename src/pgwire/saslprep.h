/*
 * saslprep.h - the form in which a password enters SCRAM; see saslprep.c.
 */
#ifndef PGWIRE_SASLPREP_H
#define PGWIRE_SASLPREP_H

#include "base/str.h"

/* A longer password with non-ASCII characters is taken as raw bytes. */
#define SASLPREP_MAX 4096

void saslprep(struct str password, struct text *out);
	/* Put the prepared password, or its raw bytes if it cannot be
	 * prepared, into out, which was empty. The caller wipes it. */

#endif
