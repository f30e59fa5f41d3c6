/*
 * shape.h - what a statement takes and gives, as two numbers.
 *
 * Two descriptions with the same shape have the same parameter types and the
 * same columns: names, tables, types; only the formats are left out, which
 * each Bind chooses. Of a portal only the columns are described. See
 * "RowDescription" in the chapter "Message Formats" of the PostgreSQL manual.
 */
#ifndef POOL_SHAPE_H
#define POOL_SHAPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct shape {
	uint64_t parameters, columns;   /* 0: not known */
};

uint64_t shape_parameters(const void *, size_t n);
	/* From the body of a ParameterDescription. Never 0. */

uint64_t shape_columns(const void *, size_t n);
	/* From the body of a RowDescription; n 0: NoData. Never 0. */

bool shape_agrees(const struct shape *, const struct shape *told);
	/* Is it as it was told, as far as it was? */

void shape_add(struct shape *, const struct shape *);
	/* What is known of that is the latest news. */

#endif
