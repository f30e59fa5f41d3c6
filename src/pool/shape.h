/*
 * shape.h - what a statement takes and gives, as one number.
 *
 * Two descriptions with the same shape have the same parameter types and the
 * same columns: names, tables, types; only the formats are left out, which
 * each Bind chooses. See "RowDescription" in the chapter "Message Formats" of
 * the PostgreSQL manual.
 */
#ifndef POOL_SHAPE_H
#define POOL_SHAPE_H

#include <stddef.h>
#include <stdint.h>

uint64_t shape_begin(const void *parameters, size_t n);
	/* From the body of a ParameterDescription. */

uint64_t shape_end(uint64_t, const void *columns, size_t n);
	/* Then the body of the RowDescription; n 0: NoData. Never 0. */

#endif
