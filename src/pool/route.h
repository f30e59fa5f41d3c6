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

#define ROUTE_SETTING "pgweir.route"    /* for SET, and at the login */

/* Where a client's requests are to run, as it or its database says. */
enum wish {
	WISH_DEFAULT,           /* as the entry of the database says */
	WISH_AUTO,              /* as the request itself says */
	WISH_PRIMARY,
	WISH_REPLICA
};

/* Every client has one: it is kept small. */
struct route_state {
	char *begin;            /* what is to be sent for a BEGIN that was
				 * answered; NULL: there is none */
	enum wish begun : 4;    /* the wish it had */
	enum wish startup : 4;  /* what it asked for at its login */
	enum wish wish : 4;     /* not DEFAULT, once it is logged in */
	bool serializable : 1;  /* it has made that its default */
	bool temporary : 1;     /* it has made temporary tables */
	bool failed : 1;        /* a block whose BEGIN waited has failed
				 * here, and has not been ended yet */
};

bool route_ask(struct client *, const char *value);
	/* It asks for this while it logs in. False: there is no such value. */

void route_start(struct client *);
	/* It is logged in, or takes all its settings back. */

static inline void
route_forget(struct route_state *r)
{
	mem_free(r->begin);
	r->begin = NULL;
	r->failed = false;
}

/* Is the client in a block of which no server knows? */
static inline bool
route_is_in_block(const struct route_state *r)
{
	return r->begin != NULL || r->failed;
}

static inline void
route_fail_block(struct route_state *r)
{
	route_forget(r);
	r->failed = true;
}

enum route_step {
	ROUTE_SERVER,           /* get one, for *route */
	ROUTE_MORE,             /* there have to be so many bytes */
	ROUTE_DONE,             /* answered; so many bytes are done with */
	ROUTE_FAILED            /* refuse it: its block has failed */
};

enum route_step route_request(struct client *, const unsigned char *p,
    size_t n, enum route *, size_t *bytes);
	/* What an idle client sent begins with something that needs a
	 * server. Where its pool has two sides, or it is in a block of which
	 * no server knows. */

bool route_stays(struct client *, const unsigned char *p, size_t n);
	/* May what follows in a pipeline go to the server that the client is
	 * linked to, before that has answered what it was sent? */

#endif
