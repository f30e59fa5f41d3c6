/*
 * handover.h - the running process' side of a restart without refusing a
 * connection: it waits to be asked for its listening sockets.
 */
#ifndef HANDOVER_H
#define HANDOVER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"
#include "base/list.h"
#include "net/listener.h"

/* What the program does for it. */
struct handover_hooks {
	void *context;
	pid_t (*start)(void *context);
		/* Start the process that is to succeed; -1 if that fails. */
	void (*budgets)(void *context);
		/* Tell the successor, by handover_budget(), what it may not
		 * have yet; called again and again. */
	void (*gone)(void *context);
		/* It has not taken over: it has none of the budget. */
	void (*taken)(void *context, pid_t);
		/* That process accepts from now on. */
	void (*client)(void *context, int fd);
		/* One who has come to the successor; takes the socket. */
};

struct handover_peer;

struct handover {
	struct handover_hooks hooks;
	struct listeners *listeners;    /* that are given away */
	struct listeners control;       /* one socket, where we are asked */
	struct loop *loop;
	struct list peers;
	unsigned npeers;
	struct handover_peer *successor; /* NULL: none, or gone */
	struct timer tick;              /* armed: there is one */
	struct io_watch starting;       /* the end of a started process ... */
	int pidfd;                      /* ... by this; -1: none */
	bool given_by_manager;          /* the sockets: whatever their place,
					 * the successor uses them all */
	bool taken;
};

void handover_init(struct handover *, struct loop *, struct listeners *,
    const struct handover_hooks *);
void handover_fini(struct handover *);

char *handover_path(const char *unix_socket_dir, int port);
	/* Of the control socket; to be freed. */

bool handover_listen(struct handover *, const char *path, int fd,
    struct err *);
	/* Wait to be asked. fd: the control socket of the process before us,
	 * or -1. */

void handover_leave(struct handover *);
	/* The control socket is another process' (still, or by now). */

void handover_budget(struct handover *, const char *key, uint32_t kept);
	/* For handover_hooks.budgets only. */

#endif
