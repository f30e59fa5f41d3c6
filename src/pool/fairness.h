/*
 * fairness.h - the servers of a pool, shared among the keys of its clients;
 * see fairness.c for the rules.
 *
 * What waits is a list node here, and what it is granted a number, so that
 * this can be tested without clients and servers.
 */
#ifndef POOL_FAIRNESS_H
#define POOL_FAIRNESS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/list.h"

#define FAIR_KEYS_MAX 1024u     /* of a pool; further names share one key */
#define FAIR_NAME_MAX 63u       /* bytes of a name that count */

struct fairness;                /* of one pool */

/* One whom clients of the same name belong to. For reading only. */
struct fair_key {
	struct fairness *fairness;
	struct list waits;              /* its turns, the first come first */
	struct list member;             /* of the line; alone: nobody waits */
	uint64_t served;                /* when last, in grants */
	uint64_t before;                /* and when before that; 0: never */
	uint64_t since;                 /* when its turn was over, or it came */
	const char *name;
	uint32_t clients, waiting, held;
	uint32_t place;                 /* in the roster of all keys */
	uint64_t granted;               /* since the key was made */
};

struct fairness *fairness_create(uint64_t hash_seed);
void fairness_destroy(struct fairness *);
	/* Without keys; NULL is fine. */

struct fair_key *fair_key_acquire(struct fairness *, const char *name);
	/* For a client: the key of that name, made if need be. It lives as
	 * long as it has clients or holds servers. */

void fair_key_release(struct fair_key **);
	/* The client leaves; nothing of it waits. Harmless if it is NULL. */

void fair_key_join(struct fair_key *, struct list *turn);
void fair_key_leave(struct fair_key *, struct list *turn);
	/* Begin and stop waiting. */

struct list *fairness_next(const struct fairness *, uint32_t servers);
	/* Whose turn it is to get a server, in a pool that has so many;
	 * NULL: nobody waits. */

void fair_key_serve(struct fair_key *);
	/* It was granted a server (and has left the line for it): it holds
	 * one more, and the others have their turn before it. */

void fair_key_hold(struct fair_key *);
	/* It holds one more, which was not granted now. */

void fair_key_return(struct fair_key **);
	/* It holds one less. Harmless if it is NULL. */

uint32_t fairness_part(const struct fairness *, uint32_t servers);
	/* How many of them are a key's own while others want them; it may
	 * hold one more. */

bool fair_key_is_sated(const struct fair_key *, uint32_t servers);
	/* Does it hold its part, and is it not the only one? Then whoever of
	 * it waits, waits because of that. */

const struct fair_key *fairness_each(const struct fairness *,
    uint32_t *cursor);
	/* As roster_next(). */

void fairness_check(const struct fairness *, uint32_t waiting,
    uint32_t held);
	/* The sums over all keys; for debugging. */

#endif
