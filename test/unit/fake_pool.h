/*
 * fake_pool.h - a pool layer for the tests of the console: it has facts, it
 * notes what it is told to do, and it keeps what its clients are sent.
 */
#ifndef FAKE_POOL_H
#define FAKE_POOL_H

#include <stdbool.h>
#include <stddef.h>

#include "base/log.h"
#include "base/str.h"
#include "config/config.h"
#include "net/loop.h"
#include "pool/console.h"
#include "pool/control.h"
#include "pool/facts.h"
#include "pool/facts_host.h"
#include "pool/facts_socket.h"
#include "pool/pooler.h"

struct pooler {
	struct loop *loop;
	struct config *config;
	struct console_hooks hooks;
	struct control_state state;
	enum control result;    /* what the control functions say */
	bool reload_fails, set_fails, pauses_at_once;
	struct client *killed;  /* leaves inside control_kill...() */
	struct text calls;      /* "pause(db) resume() " */
	struct list waits;      /* for control_pause() and the like */
	uint32_t nclients;      /* rows of SHOW CLIENTS */
};

struct client {
	struct log_ctx log;
	struct pooler *pooler;
	void *dialog;
	struct text got;
	size_t sends;           /* calls of client_send() */
	size_t capacity;        /* clogged above that; 0: never */
	char *fatal;            /* "SQLSTATE text" */
};

struct pooler *fake_create(void);
void fake_destroy(struct pooler *);

struct client *fake_login(struct pooler *, enum console_role);
void fake_leave(struct client *);
	/* The connection is gone; what it got can still be read. */
void fake_free(struct client *);

void fake_frame(struct client *, char type, const void *body, size_t n);
void fake_query(struct client *, const char *sql);
void fake_turn(struct pooler *);
void fake_paused(struct pooler *, bool done);
	/* Fire the wait. */

const char *fake_said(struct client *);
	/* What the client was sent since the last call, a line per message:
	 * "T name t, n i", "D a|NULL|", "C SHOW", "Z I", "E 42601 text",
	 * "N text". Valid until the next call. */

#endif
