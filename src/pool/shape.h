/*
 * shape.h - what a statement takes and gives, as two numbers.
 *
 * Two descriptions with the same shape have the same parameter types and the
 * same columns, by name and type, as PostgreSQL itself compares them; not the
 * formats, which each Bind chooses, nor the tables, which each search_path
 * does. Of a portal only the columns are described. See "RowDescription" in
 * the chapter "Message Formats" of the PostgreSQL manual.
 */
#ifndef POOL_SHAPE_H
#define POOL_SHAPE_H

#include <stddef.h>
#include <stdint.h>

struct shape {
	uint64_t parameters, columns;   /* 0: not known */
};

uint64_t shape_parameters(const void *, size_t n);
	/* From the body of a ParameterDescription. Never 0. */

uint64_t shape_columns(const void *, size_t n);
	/* From the body of a RowDescription; n 0: NoData. Never 0. */

enum shape_match { SHAPE_SAME, SHAPE_OTHER, SHAPE_UNSURE };

enum shape_match shape_match(const struct shape *, const struct shape *told);
	/* Is it as it was told, as far as it was? */

void shape_add(struct shape *, const struct shape *);
	/* What is known of that is the latest news. */

#endif
