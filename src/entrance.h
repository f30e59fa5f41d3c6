/*
 * entrance.h - where clients come in: sockets that we open, that the service
 * manager gave us, or that the process before us had; see entrance.c.
 */
#ifndef ENTRANCE_H
#define ENTRANCE_H

#include <stdbool.h>

#include "base/err.h"
#include "net/listener.h"

#include "handover.h"
#include "takeover.h"

struct config;

struct entrance {
	struct listeners listeners;
	struct handover handover;       /* to the process after us */
	struct takeover takeover;       /* from the process before us */
	int inherited;                  /* sockets of the service manager */
	bool claimed;                   /* others' sockets, not ours yet */
};

void entrance_init(struct entrance *, int inherited);
	/* First of all, before any fork. */

bool entrance_claim(struct entrance *, const struct config *, struct err *);
	/* Ask the process that runs, if one does, for its sockets: then
	 * entrance_has_predecessor(). */

bool entrance_has_predecessor(const struct entrance *);

void entrance_set_up(struct entrance *, struct loop *,
    const struct listener_options *, void (*on_accept)(struct listeners *,
    int fd, const struct addr *peer, const struct addr *local),
    const struct handover_hooks *);

bool entrance_open(struct entrance *, const struct config *, struct err *);
	/* Listen as the configuration says. */

void entrance_commit(struct entrance *, struct loop *);
	/* Nothing can fail any more: from now on the sockets are ours. */

bool entrance_close(struct entrance *);
	/* We are about to end. Sockets of the service manager are left to it:
	 * true, who comes now will be accepted by the one that it starts
	 * next. Otherwise TCP connections are refused from now on; our Unix
	 * socket stays, for the console. */

void entrance_fini(struct entrance *);
	/* If it comes before entrance_commit(), the process before us has
	 * noticed nothing. */

#endif
