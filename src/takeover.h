/*
 * takeover.h - the new process' side of a restart without refusing a
 * connection: it gets the listening sockets of the one that runs.
 */
#ifndef TAKEOVER_H
#define TAKEOVER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "net/loop.h"

struct handover_message;

#define TAKEOVER_SOCKETS 64

struct takeover {
	int fd;                 /* to the process before us; -1: none */
	int sockets[TAKEOVER_SOCKETS];  /* that nobody has claimed yet */
	unsigned nsockets;
	int control;            /* its control socket; -1: none, or claimed */
	bool given_by_manager;  /* the sockets: use them all */
	struct handover_message *budgets;       /* for on_budget, later */
	unsigned nbudgets;
	struct io_watch watch;
	void (*on_budget)(struct takeover *, const char *key, uint32_t kept);
		/* So many connections to this server are not for us yet. */
	void (*on_gone)(struct takeover *);
		/* The process before us has ended. */
};

bool takeover_begin(struct takeover *, const char *path, struct err *);
	/* Ask the process behind this control socket for its sockets; waits
	 * some seconds. True with fd -1: there is none. */

void takeover_finish(struct takeover *, struct loop *);
	/* We accept from now on. on_budget is called for what is known of
	 * budgets, and later on; on_gone follows in the end. */

void takeover_fini(struct takeover *);
	/* The one before us keeps its sockets unless takeover_finish() was
	 * called. Harmless if there is none. */

int takeover_reach(struct takeover *);
	/* A connection to the process before us; -1 if it is gone. */

bool takeover_ask_restart(const char *path, struct err *);
	/* Ask the process behind this control socket to start its successor,
	 * and wait until that has taken over. */

#endif
