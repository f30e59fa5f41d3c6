/*
 * client.h - one client connection; see client.c for its life.
 */
#ifndef POOL_CLIENT_H
#define POOL_CLIENT_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include "base/addr.h"
#include "base/log.h"
#include "base/mono.h"
#include "net/conn.h"
#include "net/deadline.h"
#include "pgwire/cancelkey.h"
#include "pool/console.h"
#include "pool/queue.h"
#include "pool/relay.h"
#include "pool/route.h"

struct cancel;
struct database;
struct error_fields;
struct login;
struct paramset;
struct pool;
struct pooler;
struct user;

/* The names are those of SHOW CLIENTS. */
#define CLIENT_STATES(X)                                                     \
	X(LOGIN,    "login")                                                 \
	X(IDLE,     "idle")             /* has no server, wants none */      \
	X(WAITING,  "waiting")          /* for a server, or its dressing */  \
	X(ACTIVE,   "active")           /* linked */                         \
	X(CONSOLE,  "idle")             /* belongs to a console session */   \
	X(CANCEL,   "active_cancel_req") /* waits for its cancel request */  \
	X(CLOSING,  "closing")          /* until it has seen our last word */

enum client_state {
#define X(id, name) CLIENT_##id,
	CLIENT_STATES(X)
#undef X
	CLIENT_NSTATES
};

struct client {
	unsigned magic;
	enum client_state state;
	struct conn conn;
	struct link link;
	struct wait wait;
	struct route_state routing;
	struct deadline deadline;       /* login, wait or closing */
	struct log_ctx log;
	struct pooler *pooler;
	struct database *database;      /* NULL before the login */
	struct user *user;              /* who logged in */
	struct pool *pool;
	struct paramset *asked;         /* tracked ones of its login */
	struct login *login;            /* LOGIN: see login.c */
	struct cancel *cancel;          /* CANCEL: see cancel.c */
	void *session;                  /* CONSOLE */
	uint64_t id;
	uint32_t place;                 /* in pooler->clients */
	uint32_t discarding;            /* bytes left of a dropped frame */
	uint8_t losses;                 /* servers, before it had any */
	bool refusing;                  /* its error was sent: drop messages
					 * up to the end of the cycle */
	struct cancelkey key;
	struct addr addr, local;
	struct mono born, request;      /* request: since when waiting/active */
	time_t connect_time;
};

struct client *client_create(struct pooler *, int fd, const struct addr *,
    const struct addr *local, const struct conn_ops *login_ops);
	/* In state LOGIN; NULL at the limit of memory (fd stays open). */

void client_set_state(struct client *, enum client_state);
	/* The only way to change it. */

const char *client_state_name(enum client_state);

void client_enter(struct client *, struct database *, struct user *,
    struct pool *);
	/* It is known now who this is: count it. pool NULL: the console. */

/* client_send, client_is_clogged, client_fail: see console.h. */

void client_vfail(struct client *, const struct failure *, const char *detail);
	/* client_fail with a ready-made reason. */

void client_efail(struct client *, const struct error_fields *);
	/* The same with all that the message says; severity is FATAL. */

void client_close(struct client *, const char *why);
	/* End it without a message: it has left, or knows why already.
	 * Harmless when CLOSING. */

void client_finish(struct client *, const char *why);
	/* End it once it has read what was sent to it. */

void client_bury(struct client *);
	/* CLOSING: the socket is done with, whatever it still had to say. */

void client_destroy(struct client *);
	/* For the graveyard only. */

struct client *client_of(struct conn *);

#endif
