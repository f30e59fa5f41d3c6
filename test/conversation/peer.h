/*
 * peer.h - one end of a connection that a test speaks for.
 */
#ifndef CONVERSATION_PEER_H
#define CONVERSATION_PEER_H

#include <stdbool.h>

#include "base/str.h"
#include "conversation/script.h"

struct peer {
	unsigned n;             /* its number; 0: none yet */
	int fd;                 /* -1: closed */
	bool tcp;               /* a connection to $TCP */
	bool stalled, lingers, ended;
	bool says_last;         /* ends its side when out is empty */
	struct text in;
	size_t at;              /* so much of it was looked at */
	struct text out;
	struct text told;       /* ParameterStatus lines of the login */
	unsigned char key[8];
};

struct peer *peer_create(int fd);
	/* Takes over the non-blocking socket; -1: closed. */
void peer_destroy(struct peer *);
void peers_destroy(struct peer **, unsigned n);
void peer_close(struct peer *);

void peer_enlist(struct peer ***all, unsigned *n, struct peer *);
	/* Add it and give it its number. */

bool peer_exchange(struct peer *);
	/* Write what is due, read what is there; did anything move? */

void peer_say(struct peer *, enum speaker, const char *const *lines,
    const char *file, int line);
void peer_expect(struct peer *, enum speaker, const char *const *lines,
    const char *file, int line);
	/* Exactly these lines are unread; they are read now. */

#endif
