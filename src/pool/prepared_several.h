/*
 * prepared_several.h - a Query that executes many prepared statements.
 */
#ifndef POOL_PREPARED_SEVERAL_H
#define POOL_PREPARED_SEVERAL_H

#include "base/str.h"
#include "pool/prepared.h"

enum prepared_step prepared_several(struct link *, struct str query,
    struct outgoing *);
	/* Such a Query, with several statements, is to go to the linked
	 * server. On DONE what is to be sent instead was added, and the
	 * tracker knows. */

#endif
