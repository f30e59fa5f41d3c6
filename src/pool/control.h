/*
 * control.h - what an operator can do to a running pooler.
 *
 * Commands that must wait (PAUSE) embed a struct control_wait and are called
 * back; nothing here blocks.
 */
#ifndef POOL_CONTROL_H
#define POOL_CONTROL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/list.h"

struct pooler;

enum control {
	CONTROL_DONE,           /* done, or will call back: see the wait */
	CONTROL_WAIT,           /* control_wait.on_done follows */
	CONTROL_NO_SUCH_DATABASE,
	CONTROL_NO_SUCH_CLIENT,
	CONTROL_ALREADY,        /* "already suspended/paused" */
	CONTROL_DATABASE_PAUSED, /* one is: no SUSPEND */
	CONTROL_NOT_PAUSED,
	CONTROL_SHUTTING_DOWN,
	CONTROL_IS_CONSOLE      /* not possible for the console's database */
};

/* What is waited for. */
enum control_goal {
	GOAL_PAUSED,            /* no server is left */
	GOAL_SUSPENDED,         /* nothing moves */
	GOAL_CLOSED             /* no server to be replaced is left */
};

struct control_wait {
	struct list member;
	enum control_goal goal;
	uint64_t before;        /* GOAL_CLOSED: servers with smaller ids */
	const char *database;   /* NULL: all; the wait's own copy */
	void (*on_done)(struct control_wait *, bool done);
		/* done is false when a RESUME ended it meanwhile. */
};

enum control control_pause(struct pooler *, const char *database,
    struct control_wait *);
	/* Stop handing out servers (of one database, or of all: NULL), close
	 * idle ones, and call back when none is left. wait may be NULL. */

enum control control_suspend(struct pooler *, struct control_wait *);
	/* Stop reading from clients and servers, each after the message that
	 * it is sending, send what is left, accept nobody, and call back
	 * when all stand still. Who does not by suspend_timeout is cut. It
	 * ends with a RESUME, or when no client of the console is left. */

enum control control_wait_close(struct pooler *, const char *database,
    struct control_wait *);
	/* Call back when no server is left that was to be closed or replaced
	 * now. Changes nothing by itself. */

void control_wait_cancel(struct control_wait *);
	/* Nobody wants to know any more. Harmless if not waiting. */

enum control control_resume(struct pooler *, const char *database);
	/* Without a database: end a PAUSE, KILL or SUSPEND of all. */

enum control control_disable(struct pooler *, const char *database);
enum control control_enable(struct pooler *, const char *database);
	/* Refuse new logins to it, or let them in again. */

enum control control_kill(struct pooler *, const char *database);
	/* Drop all clients and servers of it; it is left paused. */

enum control control_kill_client(struct pooler *, uint64_t id);
	/* End one client that is logged in, by its id in the facts. */

enum control control_reconnect(struct pooler *, const char *database);
	/* Replace each server connection once it is at rest. */

bool control_reload(struct pooler *, struct err *);
	/* What SIGHUP does: read the configuration again. Registered by the
	 * program, see pooler_set_program(). */

bool control_set(struct pooler *, const char *key, const char *value,
    struct err *);
	/* Change one setting, checked as in the file, until the next reload.
	 * What needs a restart is an error. */

enum shutdown_mode {
	SHUTDOWN_NOW,
	SHUTDOWN_WAIT_FOR_SERVERS,
	SHUTDOWN_WAIT_FOR_CLIENTS
};

void control_shutdown(struct pooler *, enum shutdown_mode);
	/* The earlier in the list above, the stricter: a second call makes a
	 * shutdown stricter, never milder. Ends a SUSPEND. */

void control_hand_over(struct pooler *);
	/* Another process accepts from now on: SHUTDOWN_WAIT_FOR_CLIENTS, and
	 * control_let_in(). */

void control_let_in(struct pooler *);
	/* Nobody new comes any more, but will be served elsewhere: so who
	 * has connected already may log in, although a shutdown has begun. */

struct control_state {
	bool active, paused, suspended, shutting_down;
	bool waits_for_clients; /* this shutdown does */
};

struct control_state control_state(const struct pooler *);

/* For pooler.c: */

struct database;

void control_review(struct pooler *);
	/* A client or a server has gone: does somebody wait for that? */

void control_drop_clients(struct pooler *, const struct database *,
    const char *sqlstate, const char *why);
	/* End the clients of a database, or of all (NULL). */

#endif
