/*
 * prepared_sql.h - PREPARE, EXECUTE and DEALLOCATE as SQL; see
 * prepared_sql.c.
 */
#ifndef POOL_PREPARED_SQL_H
#define POOL_PREPARED_SQL_H

#include <stddef.h>

#include "pool/prepared.h"

enum prepared_step prepared_sql_frame(struct link *, const struct frame *,
    const unsigned char *p, size_t n, struct outgoing *, size_t *bytes);
	/* prepared_frame(), and what is said in SQL. */

#endif
