/*
 * overdue.h - clients that hold a server for too long.
 */
#ifndef POOL_OVERDUE_H
#define POOL_OVERDUE_H

struct pooler;

void overdue_start(struct pooler *);
	/* Look now and then, from now on, as long as some pool has
	 * query_timeout, transaction_timeout or idle_transaction_timeout.
	 * Call it again after a reload, or when pools were made. */

void overdue_stop(struct pooler *);

#endif
