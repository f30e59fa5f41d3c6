/*
 * startup.h - the first packet of a connection, and what its values mean.
 */
#ifndef PGWIRE_STARTUP_H
#define PGWIRE_STARTUP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

enum startup_kind {
	STARTUP_LOGIN,          /* protocol 3.x */
	STARTUP_SSL,
	STARTUP_GSSENC,
	STARTUP_CANCEL,
	STARTUP_V2,             /* protocol 2, no longer spoken */
	STARTUP_UNKNOWN         /* any other first word */
};

enum startup_layout {
	STARTUP_FINE,
	STARTUP_SHORT,          /* no room for the first word */
	STARTUP_WRONG_SIZE,     /* of an SSL, GSS or cancel request */
	STARTUP_UNTERMINATED,   /* a name without value, or no last NUL */
	STARTUP_TRAILING        /* bytes behind the terminator */
};

struct startup {
	enum startup_kind kind;
	uint32_t code;          /* the first word */
	uint16_t minor;         /* of protocol 3 */
	struct str key;         /* STARTUP_CANCEL: process id and secret */
	struct str params;      /* STARTUP_LOGIN: name, value, name, ... */
};

enum startup_layout startup_parse(struct startup *, const void *body,
    size_t n);
	/* Read a packet without its length word. All strings lie in it. The
	 * kind is set unless the result is STARTUP_SHORT. */

struct startup_pair {
	const char *name, *value;
};

bool startup_next(struct str *params, struct startup_pair *);
	/* Is there one more pair? Start with a copy of startup->params, which
	 * this moves on. */

const char *startup_get(const struct startup *, const char *name);
	/* The value of the last pair with exactly this name; NULL if none. */

bool startup_negotiate(const struct startup *, uint32_t newest,
    struct text *);
	/* Does this client ask for more than protocol 3.0: a higher minor
	 * version, or _pq_. options? Then the one NegotiateProtocolVersion
	 * that answers it was written. */

bool startup_is_protocol_option(const char *name);
	/* One of the _pq_. names, which are no settings. */

/* The settings in the value of "options". */
struct startup_options {
	const char *p;          /* what is left of the value */
	struct text word;       /* the current one, without its escapes */
};

enum startup_option { OPTION_SETTING, OPTION_END, OPTION_BAD };

void startup_options_init(struct startup_options *, const char *value);
void startup_options_fini(struct startup_options *);

enum startup_option startup_options_next(struct startup_options *,
    struct startup_pair *);
	/* "-c name=value", "-cname=value" or "--name=value"; '-' in a name is
	 * '_'. The strings last until the next call. Anything else is
	 * OPTION_BAD. */

enum startup_replication {
	REPLICATION_NONE,
	REPLICATION_PHYSICAL,
	REPLICATION_LOGICAL,
	REPLICATION_INVALID
};

enum startup_replication startup_replication(const char *value);
	/* What "replication" asks for; NULL asks for none. */

#endif
