/*
 * libpq.h - a connection to a server by libpq, on our loop.
 *
 * For the few connections that are pgweir's own. Nothing here blocks: names
 * are resolved by the caller, and how long anything may take is the caller's
 * business too. One question at a time.
 */
#ifndef CLUSTER_LIBPQ_H
#define CLUSTER_LIBPQ_H

#include <stdint.h>

#include "base/addr.h"
#include "config/setting.h"

struct loop;
struct libpq;

/* Strings may be NULL or "", which is: none. */
struct libpq_target {
	const char *host;       /* name, /directory or @name */
	struct addr addr;       /* of the name; AF_UNSPEC for a Unix socket */
	uint16_t port;
	const char *user, *password, *dbname;
	const char *options;    /* "-c name=value ..." */
	enum sslmode sslmode;
	const char *ca_file, *cert_file, *key_file;
};

struct libpq_owner {
	void (*on_open)(struct libpq_owner *);
	void (*on_answer)(struct libpq_owner *);
		/* See libpq_value(). */
	void (*on_broken)(struct libpq_owner *, const char *error);
		/* It could not be opened, is lost, or the question was an
		 * error. To be closed; the text is gone then. */
};

struct libpq *libpq_open(struct loop *, const struct libpq_target *,
    struct libpq_owner *);
	/* Either on_open or on_broken follows, never before this returns.
	 * on_broken may follow at any time later. The owner may close it from
	 * within each of these. */

void libpq_ask(struct libpq *, const char *sql);
	/* It is open and nothing is being asked. One of on_answer and
	 * on_broken follows, never before this returns. */

const char *libpq_value(const struct libpq *, int column);
	/* Of the first row; NULL for SQL's null, or if there is none such.
	 * Only while on_answer runs. */

void libpq_close(struct libpq *);
	/* No callback follows. NULL is fine. */

void libpq_forget_environment(void);
	/* Once, before the first is opened: PGHOST, PGSERVICE and the like
	 * are for other programs. */

#endif
