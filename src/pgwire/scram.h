/*
 * scram.h - both sides of a SCRAM-SHA-256(-PLUS) exchange; see scram.c.
 */
#ifndef PGWIRE_SCRAM_H
#define PGWIRE_SCRAM_H

#include <stdbool.h>
#include <stddef.h>

#include "base/str.h"
#include "pgwire/gs2.h"
#include "pgwire/sasl.h"
#include "pgwire/scram_keys.h"

#define SCRAM_RANDOM_SIZE 18    /* random bytes in a nonce: 24 characters */
#define SCRAM_MESSAGE_MAX 8192  /* bytes of a message that is looked at */
#define SCRAM_NONCE_MAX 1024    /* characters of a peer's nonce */

/* What became of a message. The text is for the log, not for the peer. */
#define SCRAM_RESULTS(X)                                                     \
	X(OK,              "ok")                                             \
	X(TOO_LONG,        "SCRAM message, nonce or salt is too long")       \
	X(MALFORMED,       "malformed SCRAM message")                        \
	X(CHANNEL_BINDING, "SCRAM channel binding does not match the offer") \
	X(BINDING_CHECK,   "SCRAM channel binding check failed")             \
	X(NOT_BOUND,       "channel binding is required, but not possible")  \
	X(NO_MECHANISM,    "none of the server's SASL authentication "       \
	                   "mechanisms are supported")                       \
	X(AUTHZID,         "SCRAM authorization identity is not supported")  \
	X(EXTENSION,       "SCRAM extension is mandatory but unknown")       \
	X(NONCE,           "SCRAM nonce does not match")                     \
	X(WRONG_PROOF,     "password does not match")                        \
	X(ITERATIONS,      "server asks for too many SCRAM iterations")      \
	X(NO_PASSWORD,     "no password or keys to log in with SCRAM")       \
	X(OTHER_SECRET,    "stored SCRAM secret is not the server's: salt "  \
	                   "or iterations differ")                           \
	X(REFUSED,         "server refused the SCRAM exchange")              \
	X(SIGNATURE,       "invalid server signature")

enum scram {
#define X(id, why) SCRAM_##id,
	SCRAM_RESULTS(X)
#undef X
};

const char *scram_why(enum scram);

enum scram_step { SCRAM_STEP_FIRST, SCRAM_STEP_FINAL, SCRAM_STEP_DONE };

/* A nonce of our own; the room is for the longer ones of the RFCs. */
#define SCRAM_OWN_NONCE_ROOM 40

/* We authenticate a client. Embedded; about 1 KB, gone after the login. */
struct scram_server {
	enum scram_step step;
	bool plus;                              /* the client chose PLUS */
	bool accepted;                          /* the client proved itself */
	struct scram_verifier verifier;
	struct gs2_channel channel;             /* empty: PLUS not offered */
	enum gs2 gs2;                           /* what the client said */
	char own_nonce[SCRAM_OWN_NONCE_ROOM];
	struct text nonce;                      /* the client's and ours */
	struct text transcript;                 /* AuthMessage so far */
	unsigned char client_key[SCRAM_KEY_SIZE];  /* if accepted */
};

void scram_server_init(struct scram_server *, const struct scram_verifier *,
    struct str binding, const unsigned char random[SCRAM_RANDOM_SIZE]);
	/* The verifier is copied; it may be a mock. binding is our own
	 * tls-server-end-point, or nothing. With it PLUS is offered, and a
	 * client that believes it was not was lied to, and is refused. */

void scram_server_offer(const struct scram_server *, const char *list[3]);
	/* The mechanisms, the best first, and NULL. */

bool scram_server_choose(struct scram_server *, struct str mechanism)
    __attribute__((warn_unused_result));
	/* The client's choice; without this call it is SCRAM-SHA-256. False:
	 * it was not offered. */

void scram_server_fini(struct scram_server *);
	/* Wipe and free. */

enum scram scram_server_first(struct scram_server *, struct str client_first,
    struct text *server_first) __attribute__((warn_unused_result));
	/* Append our answer; on failure nothing, and the exchange is over. */

enum scram scram_server_final(struct scram_server *, struct str client_final,
    struct text *server_final) __attribute__((warn_unused_result));
	/* SCRAM_OK: the client knows the password. A mock verifier never
	 * gets there, but costs and answers the same as a wrong password. */

void scram_server_keys(const struct scram_server *, struct scram_keys *);
	/* After success: the keys to log in as this client to any server
	 * that stores the very same verifier. */

/* We log in to a server. */
struct scram_client {
	enum scram_step step;
	enum gs2 gs2;
	struct gs2_channel channel;
	bool first_made;
	bool derived;                           /* keys come from a password */
	bool verified;                          /* the server proved itself */
	char own_nonce[SCRAM_OWN_NONCE_ROOM];
	struct text transcript;
	struct scram_keys keys;                 /* after scram_client_final */
	unsigned char server_signature[SCRAM_KEY_SIZE];
};

/* What there is to log in with; one of the two will do. */
struct scram_login {
	struct str password;            /* plain text; n == 0: none */
	const struct scram_keys *keys;  /* passed through or cached; or NULL */
};

void scram_client_init(struct scram_client *,
    const unsigned char random[SCRAM_RANDOM_SIZE]);

void scram_client_fini(struct scram_client *);
	/* Wipe and free. */

enum scram scram_client_choose(struct scram_client *,
    const struct sasl_offer *, struct str binding, bool must_bind,
    const char **mechanism) __attribute__((warn_unused_result));
	/* Before the first message; without this call SCRAM-SHA-256 is used.
	 * binding is the server's tls-server-end-point, or nothing: with it
	 * PLUS is used if offered; if not, the server is told that we could
	 * (so who struck it off the list is found out) or, with must_bind,
	 * this fails. */

void scram_client_first(struct scram_client *, struct text *client_first);
	/* Append our first message. */

enum scram scram_client_final(struct scram_client *, struct str server_first,
    const struct scram_login *, struct text *client_final)
    __attribute__((warn_unused_result));
	/* Append our proof. Keys that fit the server's salt and iterations
	 * cost nothing; else the password is derived (slow), c->derived is
	 * true, and c->keys are worth keeping for the next login. */

enum scram scram_client_verify(struct scram_client *,
    struct str server_final) __attribute__((warn_unused_result));
	/* SCRAM_OK: the server knows the password, too. */

bool scram_client_is_verified(const struct scram_client *);
	/* Ask this when AuthenticationOk comes: a server that left out its
	 * final message has proved nothing. */

#endif
