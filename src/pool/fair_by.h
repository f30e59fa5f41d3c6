/*
 * fair_by.h - which key a client belongs to; see fairness.h for what that is
 * good for.
 */
#ifndef POOL_FAIR_BY_H
#define POOL_FAIR_BY_H

struct client;
struct pooler;

void fair_by_enter(struct client *);
	/* It has a pool now: give it the keys that fair_by says, one for each
	 * side of the pool. Its departure gives them back. */

void fair_by_complete(struct pooler *);
	/* Some pools may have another side now. */

void fair_by_reload(struct pooler *);
	/* fair_by is another: all clients, those who wait and those who hold
	 * a server included, change their keys. */

#endif
