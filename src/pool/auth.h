/*
 * auth.h - how a client proves who it is.
 *
 * One exchange per login, driven by the client's messages. An unknown user
 * goes through the same messages as a known one with a wrong password.
 */
#ifndef POOL_AUTH_H
#define POOL_AUTH_H

#include <stdbool.h>
#include <stddef.h>

#include "config/setting.h"
#include "pgwire/md5.h"
#include "pgwire/scram.h"

struct credentials;
struct pooler;
struct user;

enum auth_verdict {
	AUTH_CONTINUE,          /* what was written is to be sent */
	AUTH_ACCEPTED,
	AUTH_REFUSED            /* .sqlstate and .why say so */
};

struct auth {
	struct pooler *pooler;
	const char *name;       /* of the user, the caller's */
	struct user *user;      /* of the userlist, or NULL */
	struct credentials *found;      /* by auth_query, or NULL */
	enum auth_type method;
	struct gs2_channel channel;     /* of the connection; may be set
					 * after auth_init() */
	bool in_scram;
	unsigned char salt[MD5_SALT_SIZE];
	struct scram_server scram;
	const char *sqlstate, *why;
};

void auth_init(struct auth *, struct pooler *, const char *name);
	/* For nobody of that name; the caller sets user or found, which must
	 * outlive the exchange. */

bool auth_knows(const struct auth *);
	/* Is there such a user? */

void auth_fini(struct auth *);
	/* Wipe. */

enum auth_verdict auth_begin(struct auth *, enum auth_type,
    struct text *out);
	/* Write the request of this method, or decide at once. */

enum auth_verdict auth_refuse(struct auth *, const char *sqlstate,
    const char *why);
	/* AUTH_REFUSED, for this reason; both strings are kept. */

enum auth_verdict auth_answer(struct auth *, struct str body,
    struct text *out);
	/* The body of a 'p' message of the client. */

void auth_prepare(struct pooler *);
	/* Once a second: derive ahead what SCRAM needs of users with plain
	 * secrets, a few at a time. The first login of one would take longer
	 * than that of nobody, and hold up others. */

#endif
