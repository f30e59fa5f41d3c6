/*
 * suspend.h - everything stands still for a while; see suspend.c.
 */
#ifndef POOL_SUSPEND_H
#define POOL_SUSPEND_H

struct pooler;

void suspend_init(struct pooler *);

void suspend_begin(struct pooler *);
	/* pooler->suspended from now on; pooler->still, and a review of who
	 * waits for that, follows, perhaps before this returns. */

void suspend_end(struct pooler *);
	/* Go on reading. Pools are served by the caller. */

#endif
