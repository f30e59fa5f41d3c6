/*
 * pooler.h - the pooler as a whole: what the program, the console and the
 * tests see of it.
 */
#ifndef POOL_POOLER_H
#define POOL_POOLER_H

#include <stdbool.h>

#include "base/addr.h"
#include "base/err.h"
#include "pool/console.h"
#include "pool/control.h"

struct config;
struct loop;
struct pooler;

/* What the program around the pooler does for it. */
struct program_hooks {
	void *context;
	bool (*reload)(void *context, struct err *);
		/* Load the configuration and call pooler_reload(). */
	bool (*apply)(void *context, const struct config *, struct err *);
		/* Run by this one: the program's own part of it, and
		 * pooler_reload(). On failure nothing has changed. */
	void (*hold_listening)(void *context, bool held);
		/* Accept nobody for a while: who comes waits in the kernel's
		 * queue. */
	void (*stop_listening)(void *context);
		/* Close TCP listeners; the Unix socket stays for the console
		 * and its new clients. Called once, when a drain begins. */
	int (*reach_predecessor)(void *context);
		/* A connection to the process that this one has replaced and
		 * that still has clients, for a cancel request; -1 if there
		 * is none. May be NULL. */
	void (*stopped)(void *context);
		/* The pooler is drained, or is to end now: end the program. */
};

struct pooler *pooler_create(struct loop *, const struct config *,
    struct err *);
	/* Takes a reference of the configuration. NULL with a sentence. */

bool pooler_check(const struct config *, struct err *);
	/* Would pooler_create() find the files of TLS in order? */

void pooler_destroy(struct pooler *);
	/* Cuts all connections; waits for nothing. */

void pooler_set_program(struct pooler *, const struct program_hooks *);
void pooler_set_console(struct pooler *, const struct console_hooks *);
	/* Both are copied. */

void pooler_watch_hosts(struct pooler *);
	/* Ask the hosts of routed databases for their roles from now on. */

void pooler_accept(struct pooler *, int fd, const struct addr *peer,
    const struct addr *local);
	/* A new client; takes the non-blocking socket over. For AF_UNIX the
	 * port of both is the listening port. */

bool pooler_reload(struct pooler *, const struct config *, struct err *);
	/* Run by this configuration from now on (takes a reference). False if
	 * its TLS files are no good: then nothing has changed. */

const struct config *pooler_config(const struct pooler *);
	/* The configuration in force. */

struct loop *pooler_loop(const struct pooler *);

#endif
