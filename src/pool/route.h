/*
 * route.h - where a client's next request may run; see route.c for the rules.
 */
#ifndef POOL_ROUTE_H
#define POOL_ROUTE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/mem.h"
#include "pool/queue.h"

struct client;

/* Where a client's requests are to run, as it or its database says. */
enum wish {
	WISH_AUTO,              /* as the request itself says */
	WISH_PRIMARY,
	WISH_REPLICA
};

struct route_state {
	enum wish wish;
	bool serializable;      /* it has made that its default */
	char *begin;            /* what is to be sent for a BEGIN that was
				 * answered; NULL: there is none */
	enum wish begun;        /* the wish it had */
};

void route_start(struct client *);
	/* It is logged in. */

static inline void
route_forget(struct route_state *r)
{
	mem_free(r->begin);
	r->begin = NULL;
}

enum route_step {
	ROUTE_SERVER,           /* get one, for *route */
	ROUTE_MORE,             /* there have to be so many bytes */
	ROUTE_DONE              /* answered; so many bytes are done with */
};

enum route_step route_request(struct client *, const unsigned char *p,
    size_t n, enum route *, size_t *bytes);
	/* What an idle client sent begins with something that needs a
	 * server. */

#endif
