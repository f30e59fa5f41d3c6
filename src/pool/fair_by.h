/*
 * fair_by.h - which key a client belongs to; see fairness.h for what that is
 * good for.
 */
#ifndef POOL_FAIR_BY_H
#define POOL_FAIR_BY_H

struct client;
struct pooler;

void fair_by_enter(struct client *);
	/* It has a pool now: give it the key that fair_by says, if any. Its
	 * departure gives it back. */

void fair_by_reload(struct pooler *);
	/* fair_by is another: all clients, those who wait and those who hold
	 * a server included, change their keys. */

#endif
