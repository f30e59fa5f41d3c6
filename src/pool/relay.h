/*
 * relay.h - bytes between a client and its server, both ways.
 *
 * A link is a client and a server paired, for a transaction or a session.
 * The client embeds it. Nothing is copied: bytes go from the buffer they
 * were read into straight to the other socket, and only headers are looked
 * at. Pressure is passed on: whose peer does not take what was sent is not
 * read meanwhile.
 */
#ifndef POOL_RELAY_H
#define POOL_RELAY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/mono.h"
#include "net/conn.h"

struct extras;
struct link;
struct names;
struct paramset;
struct retry;
struct server;

struct link_hooks {
	void (*on_rest)(struct link *);
		/* The server is at rest and the client has all its answers:
		 * the link may end. */
	void (*on_block)(struct link *);
		/* A transaction block has begun though single_statements is
		 * set. Its ReadyForQuery was not passed on. */
	bool (*stays)(struct link *, const unsigned char *, size_t n);
		/* One request was sent, and these bytes are of the next one:
		 * may the same server have it? Only with link->retry. */
	void (*on_again)(struct link *);
		/* What the server answered was not shown: another one is to
		 * be asked. */
	void (*on_lost)(struct link *, const char *why, bool told);
		/* The server is gone and the link is dissolved. told: the
		 * client has seen the server's own FATAL error, or half of a
		 * message: nothing more may be said. */
};

/* Does what follows wait until the server has answered all? */
enum pausing {
	PAUSING_NOT,
	PAUSING_AT_SYNC,        /* from the next Sync on */
	PAUSING_NOW
};

struct link {
	struct conn *conn;              /* the client's */
	struct server *server;          /* NULL: none */
	const struct link_hooks *hooks;
	struct paramset *params;        /* the client's tracked parameters */
	struct paramset *startup;       /* as at its login: RESET's target */
	struct paramset *resetting;     /* as they were before a RESET whose
					 * effect is not known yet; or NULL */
	struct extras *extras;          /* others of its login; NULL: none */
	struct names *names;            /* of its statements; NULL: none */
	struct retry *retry;            /* NULL: it is asked once; retry.h */
	uint32_t passing;               /* bytes left of a frame from it */
	enum pausing pausing : 8;
	bool discarding : 1;            /* a reset of all is under way */
	bool single_statements : 1;     /* no transaction blocks */
	bool tracking : 1;              /* statements follow the client */
	bool unnamed : 1;               /* it has sent an unnamed Parse */
	struct mono query_start, xact_start;    /* 0: none is running */
	struct mono idle_start;         /* of the wait for the client */
};

enum relay {
	RELAY_OK,               /* all that could be passed on was */
	RELAY_TERMINATE,        /* the client said goodbye */
	RELAY_BAD_HEADER,       /* length out of bounds */
	RELAY_UNKNOWN,          /* no message that a client may send */
	RELAY_NO_QUERY          /* simple Query while disable_pqexec is on */
};

void relay_link(struct link *, struct server *);
	/* Pair them. The server becomes ACTIVE. */

struct server *relay_unlink(struct link *);
	/* Part them; the server is the caller's to release or close. */

enum relay relay_from_client(struct link *, const unsigned char *, size_t n,
    size_t *consumed);
	/* Pass on what the client sent. */

bool relay_at_rest(const struct link *);
	/* Is nothing under way in either direction? */

bool relay_is_clean(const struct server *);
	/* May this server, which has no link, be used for something else? */

void relay_client_drained(struct link *);
	/* The client takes bytes again. */

void relay_cut(struct server *, const char *why);
	/* As if it had just been lost. It has a link. */

void relay_abandon(struct server *, const char *why);
	/* Its host is down. If what its client has asked for may be asked
	 * elsewhere it is lost, as if the connection were. */

void relay_errand_late(struct server *);
	/* It has left an errand unanswered for too long. */

void relay_open(struct server *);
	/* The login is over: from now on its bytes come here. */

#endif
