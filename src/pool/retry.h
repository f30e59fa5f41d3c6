/*
 * retry.h - asking another server what one left unanswered; see retry.c.
 */
#ifndef POOL_RETRY_H
#define POOL_RETRY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"
#include "pool/queue.h"

struct frame;
struct link;
struct outgoing;
struct server;

/* Of one link, and of those that follow it for the same request. */
struct retry {
	enum route route;
	uint8_t tries;
	char *begin;            /* goes before, unseen; NULL: nothing */
	struct text kept;       /* what the client has sent */
	struct text deferred;   /* answers of ours, for the server's first */
	struct text named;      /* statements made, each ended by a zero */
	bool begun;             /* begin was sent to this server */
	bool ended;             /* so was the end of a request */
	bool keeps;             /* the client has seen no answer yet */
	bool hiding;            /* up to ReadyForQuery */
	bool unstarted;         /* the server has said so, or it is a read */
	bool due;               /* the next server is to be asked */
	bool replays;           /* kept is what it gets first */
};

void retry_start(struct link *, enum route, char *begin);
	/* The first server for this request comes. Takes over begin. */

void retry_end(struct link *);
	/* It is answered, or the client has left. Harmless without one. */

bool retry_is_due(const struct link *);

enum route retry_route(const struct link *, bool has_primary);
	/* Where the next server is to be. */

bool retry_replays(const struct link *);
	/* Is what the server is sent now what another one was sent before? */

bool retry_is_in_block(const struct link *);
	/* Has a BEGIN waited that the next server is to be sent? */

struct str retry_take_back(struct link *);
	/* What the client has sent, and no server has answered; without a
	 * retry nothing. Names that were made by it are forgotten. */

struct str retry_next(struct link *);
	/* The next server is linked: what it is to be sent first, which stays
	 * in place until it has answered. */

/* For the relay, while there is one: */

void retry_begin(struct link *, struct outgoing *);
	/* The client's bytes follow. */

void retry_keep(struct link *, const void *, size_t n);
	/* These were passed on. */

void retry_sent(struct link *, char type);
	/* A frame of this type was. */

void retry_named(struct link *, const char *);
	/* A statement of this name was made. To be made again it must not be
	 * there. */

bool retry_pauses(struct link *, const unsigned char *, size_t n);
	/* These bytes are of a request that may be for another server: has
	 * it to wait until this one has answered? */

bool retry_defers(struct link *, const struct text *answers);
	/* These are ours to give now. False: give them, and that was the end
	 * of retrying. True: they go before the first answer of the server,
	 * which is certain to come, and are forgotten if it does not. */

void retry_answered(struct link *);
	/* The client sees something that can be said only once. */

bool retry_survives(struct server *);
	/* Something of ours that went before has failed, and the client was
	 * not shown that. False: what follows cannot be right. */

bool retry_hides(struct server *, const struct frame *,
    const unsigned char *p, size_t n);
	/* A frame that its client would see, at p, where n bytes are here.
	 * Is it not to be shown? */

bool retry_lost(struct server *);
	/* The server is lost: will another one be asked? Its tracker owes
	 * nothing any more then. */

bool retry_may_lose(const struct server *);
	/* Could it be lost without the client's noticing? */

#endif
