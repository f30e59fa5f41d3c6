/*
 * wishes.h - what a client asks for when it connects.
 */
#ifndef POOL_WISHES_H
#define POOL_WISHES_H

#include <stdbool.h>

struct client;
struct paramset;
struct startup;

bool wishes_read(struct client *, const struct startup *,
    struct paramset **);
	/* Add the tracked parameters of the packet, those in its "options"
	 * included; others become the link's extras. False: something
	 * is not possible and the client has been told so. */

void wishes_add_host(struct client *, struct paramset **);
	/* application_name becomes "NAME - ADDR:PORT". */

#endif
