/*
 * console.h - what a client that is connected to the console can do.
 *
 * The console lives a layer above: it registers these hooks with the pooler
 * and gets the frames of its clients. A session belongs to one client and
 * ends with it.
 */
#ifndef POOL_CONSOLE_H
#define POOL_CONSOLE_H

#include <stdbool.h>
#include <stddef.h>

struct client;
struct log_ctx;
struct pooler;

enum console_role { CONSOLE_STATS, CONSOLE_ADMIN };

struct console_hooks {
	void *context;          /* for open(); the console's own */
	void *(*open)(void *context, struct pooler *, struct client *,
	    enum console_role, const char *name);
		/* A client has logged in; the result is its session. The name
		 * is the one of the console's two that it came by. */
	const char *(*name)(const void *session);
		/* That name. */
	void (*on_frame)(void *session, char type, const unsigned char *body,
	    size_t n);
		/* A whole message. Answer with client_send(). */
	void (*on_drained)(void *session);
		/* What was sent has left: go on with a long answer. */
	void (*on_cancel)(void *session);
		/* A cancel request came for this session. */
	void (*close)(void *session);
		/* The client is gone: forget it, free the session. */
};

void console_start(struct client *);
	/* Logged in, and its session is open: hand over what it sends. */

/* What a session may do with its client: */

void client_send(struct client *, const void *, size_t);
	/* Bytes of whole messages, in order. */

bool client_is_clogged(const struct client *);
	/* Does it not take what was sent? Wait for on_drained. */

const struct log_ctx *client_log(const struct client *);
	/* For log lines that are about it. */

void client_fail(struct client *, const char *sqlstate, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
	/* Log, send FATAL and end the client. Nothing it owns may be used
	 * for more than reading afterwards. */

#endif
