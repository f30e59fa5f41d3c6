/*
 * server.h - one connection to PostgreSQL; see server.c for its life.
 */
#ifndef POOL_SERVER_H
#define POOL_SERVER_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include "base/addr.h"
#include "base/list.h"
#include "base/log.h"
#include "base/mono.h"
#include "cluster/budget.h"
#include "net/conn.h"
#include "net/deadline.h"
#include "pgwire/params.h"
#include "pgwire/tracker.h"

struct dial;
struct fair_key;
struct lane;
struct link;
struct pool;
struct pooler;
struct prepared;
struct server;
struct stats;

/* By their names in SHOW SERVERS; server.c says what follows what. */
#define SERVER_STATES(X)                                                     \
	X(LOGIN,          "new")            /* connecting, logging in */     \
	X(IDLE,           "idle")           /* may be handed out */          \
	X(ACTIVE,         "active")         /* linked to a client */         \
	X(TESTED,         "tested")         /* an errand of ours runs */     \
	X(BEING_CANCELED, "being_canceled") /* held until a cancel is done */\
	X(CLOSING,        "closing")        /* until its end of file */

enum server_state {
#define X(id, name) SERVER_##id,
	SERVER_STATES(X)
#undef X
	SERVER_NSTATES
};

/* Why a login, or an established connection, has failed. */
struct failure {
	char sqlstate[6];       /* "" if the server did not say */
	char message[256];
	bool from_server;       /* what it did, not a broken socket */
};

/* What an errand of ours on this server is about; see errand.h. */
struct errand {
	const char *name;       /* NULL: none */
	void (*on_done)(struct server *, const struct failure *);
	void (*on_row)(struct server *, const void *body, size_t n);
	void (*on_lost)(struct server *);       /* these two, or NULL */
	void *context;
	struct failure failure; /* message is "" if all went well */
};

/* What the server reports to its pool. */
struct server_hooks {
	void (*up)(struct server *);
		/* Logged in, at rest, and not yet in any use. */
	void (*failed)(struct server *, const struct failure *);
		/* Could not log in: close it. */
	void (*closed)(struct server *);
		/* Became CLOSING from any other state. */
	void (*unheld)(struct server *);
		/* BEING_CANCELED, and the last hold was released. */
	void (*gone)(struct server *);
		/* The host has let go; the memory goes after this turn. */
};

struct server {
	unsigned magic;
	enum server_state state;
	struct conn conn;
	struct log_ctx log;
	struct list member;             /* of its lane's list for the state */
	struct pooler *pooler;
	struct pool *pool;
	struct lane *lane;
	const struct server_hooks *hooks;
	struct stats *stats;            /* its pool's */
	uint64_t id;
	uint32_t place;                 /* in pooler->servers */
	struct tracker tracker;
	struct paramset *params;        /* tracked ones, as it reports them */
	struct extras *extras;          /* what else of a login it wears */
	uint64_t reported;              /* bit per tracked name it reports */
	struct link *link;              /* ACTIVE: the client's */
	struct fair_key *holder;        /* NULL: nobody, or fair_by is off */
	struct errand errand;
	void (*on_set)(struct server *, const struct failure *);
	struct prepared *prepared;      /* NULL: no statements */
	struct dial *dial;              /* LOGIN: see dial.c */
	uint32_t passing;               /* bytes left of a frame from it */
	bool hiding;                    /* that frame is for nobody */
	bool close_needed;              /* not to be used again */
	bool extras_in_doubt;           /* some may have been reset */
	bool said_goodbye;              /* it sent a FATAL error */
	struct ticket ticket;
	struct deadline deadline;
	struct mono born, used, checked; /* into this state; past a check */
	time_t connect_time, request_time;
	struct addr addr, local;
	unsigned char key[8];           /* for cancel requests */
	bool has_key;
	struct list holds;              /* cancel requests under way */
};

/* A cancel request is on its way to it: nobody else may get it before. */
struct server_hold {
	struct list member;
	struct server *server;          /* NULL: released, or it is gone */
};

struct server *server_create(struct pooler *, struct pool *, struct lane *,
    const struct server_hooks *);
	/* In state LOGIN, without a socket; NULL at the limit of memory. */

void server_set_state(struct server *, enum server_state);
	/* The only way to change it. */
const char *server_state_name(enum server_state);

void server_close(struct server *, const char *why);
	/* Say goodbye if possible and wait for the host's end of file. No
	 * link may be left; an errand just ends. Harmless when CLOSING. */

void server_late(struct server *);
	/* CLOSING, and the host has not let go for long. Where a budget
	 * counts it, it is waited for even so. */

void server_gone(struct server *);
	/* CLOSING, and the host has let go (or will never say so): give the
	 * ticket back; the memory goes at the end of the turn. */

void server_hold(struct server *, struct server_hold *);
void server_unhold(struct server_hold *);
	/* Harmless if it holds nothing. */

void server_destroy(struct server *);
	/* For the graveyard only. */
struct server *server_of(struct conn *);

#endif
