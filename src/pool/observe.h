/*
 * observe.h - what is learned from a server's frames as they pass.
 */
#ifndef POOL_OBSERVE_H
#define POOL_OBSERVE_H

#include <stdbool.h>

struct frame;
struct server;

#define OBSERVE_WHOLE_MAX (256u * 1024) /* of a frame that is waited for */

bool observe_wants_whole(const struct server *, const struct frame *);
	/* Is this frame to be looked into? Then it must be here whole. */

void observe_frame(struct server *, const struct frame *,
    const unsigned char *p, bool hidden);
	/* Such a frame, of which the tracker knows already. hidden: the
	 * client will not see it. */

void observe_ready(struct server *, char status);
	/* A cycle of the linked client is over: for the statistics. */

#endif
