/*
 * login_state.h - what is known of a client that logs in; only for login.c,
 * which brings it to the end of the exchange, and admission.c, which takes
 * it from there.
 */
#ifndef POOL_LOGIN_STATE_H
#define POOL_LOGIN_STATE_H

#include <stdbool.h>

#include "base/str.h"
#include "pool/auth.h"
#include "pool/authquery.h"
#include "pool/source.h"

struct client;
struct credentials;
struct paramset;
struct user;

enum login_step {
	STEP_STARTUP, STEP_LOOKUP, STEP_AUTH, STEP_WELCOME,
	STEP_REFUSED    /* which it is told later */
};

struct login {
	enum login_step step;
	bool asked_ssl, asked_gss;
	char *user_name, *database_name;
	char *asked_name;               /* by the client; NULL: user_name */
	struct source_hold hold;
	struct user *user;              /* of the userlist, held; or NULL */
	struct client *client;
	struct authquery_wait lookup;   /* LOOKUP */
	struct credentials *found;      /* by it; NULL: nobody */
	bool cached;                    /* that may be out of date */
	struct text answer;             /* kept to be judged once more */
	struct paramset *params;        /* what the client asks for */
	struct auth auth;
	struct text out;                /* to go with the next message */
};

void login_begin(struct client *);
	/* Make it: c->login. */

void login_end(struct client *);
	/* Forget it, wiped. */

void login_send(struct client *);
	/* Send what has been put into out. */

#endif
