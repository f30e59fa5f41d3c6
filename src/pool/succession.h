/*
 * succession.h - two processes, one budget: while one takes the other's
 * place, both have server connections.
 */
#ifndef POOL_SUCCESSION_H
#define POOL_SUCCESSION_H

#include <stdint.h>

struct pooler;

void succession_keep(struct pooler *, void (*tell)(void *arg,
    const char *key, uint32_t kept), void *arg);
	/* Before a successor may come, and now and then after it has: keep
	 * of each server's budget what is needed here, and tell how much
	 * that is. */

void succession_undo(struct pooler *);
	/* It did not come: all of the budget is ours again. */

void succession_withhold(struct pooler *, const char *key, uint32_t kept);
	/* So much of this server's budget is the process' before us. NULL:
	 * nothing of any: it has ended. */

#endif
