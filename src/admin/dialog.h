/*
 * dialog.h - one client of the console and the answer it is getting.
 *
 * Answers are collected in out and leave when the console has done its part
 * of the turn. A command ends with exactly one of dialog_done() and
 * dialog_error(), now or later.
 */
#ifndef ADMIN_DIALOG_H
#define ADMIN_DIALOG_H

#include <stdbool.h>
#include <stddef.h>

#include "admin/command.h"
#include "admin/show.h"
#include "base/str.h"
#include "net/loop.h"
#include "pool/console.h"
#include "pool/control.h"

enum dialog_state {
	DIALOG_READY,          /* for the next message */
	DIALOG_SHOWING,        /* in the middle of a table */
	DIALOG_WAITING,        /* for a PAUSE or the like to be done */
	DIALOG_ENDED           /* failed or shutting down: says no more */
};

#define DIALOG_MAGIC 0x5e551a11u

struct dialog {
	unsigned magic;
	struct pooler *pooler;
	struct client *client;  /* NULL: gone */
	enum console_role role;
	const char *name;       /* by which the client calls the console */
	enum dialog_state state;
	bool is_busy;           /* on the stack: may not be freed */
	bool skips;             /* to the next Sync */
	struct text out;        /* answers that have not left */
	struct text in;         /* messages whose turn has not come */
	size_t taken;           /* bytes of in that are done */
	size_t sent;            /* bytes that left in the turn below */
	struct mono turn;
	struct timer tick;      /* goes on in the next turn */
	struct walk walk;       /* of SHOWING */
	struct control_wait wait;       /* of WAITING */
	struct command command; /* the last one; wait.database is in it */
};

const struct log_ctx *dialog_log(const struct dialog *);
	/* For log lines about its client; NULL when that is gone. */

void dialog_ready(struct dialog *);
	/* Append ReadyForQuery. */

void dialog_done(struct dialog *, const char *tag);
	/* CommandComplete and ReadyForQuery: the command is over. */

void dialog_report(struct dialog *, const char *sqlstate,
    const char *fmt, ...) __attribute__((format(printf, 3, 4)));
	/* Log and append an ERROR, but no ReadyForQuery. */

void dialog_error(struct dialog *, const char *sqlstate,
    const char *fmt, ...) __attribute__((format(printf, 3, 4)));
	/* ERROR and ReadyForQuery: the command is over. */

void dialog_error_detail(struct dialog *, const char *sqlstate,
    const char *message, const char *detail);
	/* The same with a detail. */

void dialog_notice(struct dialog *, const char *message,
    const char *detail);
	/* detail may be NULL. */

void dialog_show(struct dialog *, const struct show *);
	/* Begin a table: its head. The rows follow by dialog_rows(). */

void dialog_rows(struct dialog *, size_t limit);
	/* SHOWING: append rows until there are no more, which ends the
	 * command, or out has limit bytes. */

void dialog_flush(struct dialog *);
	/* Send what was appended, if there is still somebody to send it to. */

void dialog_wake(struct dialog *);
	/* Something was appended outside the console's own callbacks, or
	 * there is more to do: go on in the next turn. */

#endif
