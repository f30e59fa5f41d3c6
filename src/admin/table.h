/*
 * table.h - a table for psql: columns are rows of an array.
 *
 * A column reads one field of a fact, or makes its value from the whole
 * fact. Adding a column is adding a line; head and rows cannot disagree,
 * because both come from the same array and each column writes one value.
 */
#ifndef ADMIN_TABLE_H
#define ADMIN_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

enum pgtype { PG_TEXT, PG_INT4, PG_INT8, PG_NUMERIC, PG_BYTEA };

struct column {
	const char *name;
	enum pgtype type;
	void (*put)(struct text *, const void *field);
		/* Append exactly one value; field is at offset in the row. */
	size_t offset;
};

void table_head(struct text *, const struct column *, size_t n);
	/* RowDescription: no table, text format. */

void table_row(struct text *, const struct column *, size_t n,
    const void *row);
	/* DataRow. */

/* A column that prints the member of a struct, by the member's type. NULL
 * strings are SQL's NULL. */
#define COLUMN(name, type, row, member)                              \
	{ name, type, _Generic(((row *)0)->member,                   \
	    const char *: table_put_string,                          \
	    bool: table_put_bool,                                    \
	    int: table_put_int,                                      \
	    uint32_t: table_put_u32,                                 \
	    uint64_t: table_put_u64), offsetof(row, member) }

/* The same for a string whose NULL prints as nothing. */
#define COLUMN_OR_EMPTY(name, row, member)                           \
	{ name, PG_TEXT, _Generic(((row *)0)->member,                \
	    const char *: table_put_string_or_empty),                \
	    offsetof(row, member) }

/* A column that put() makes from the whole row. */
#define COLUMN_BY(name, type, put) { name, type, put, 0 }

void table_put_string(struct text *, const void *field);
void table_put_string_or_empty(struct text *, const void *field);
void table_put_bool(struct text *, const void *field);      /* 0 or 1 */
void table_put_int(struct text *, const void *field);
void table_put_u32(struct text *, const void *field);
void table_put_u64(struct text *, const void *field);

/* For a column's own put(): */
void table_text(struct text *, const char *);
	/* NULL is SQL's NULL. */
void table_int4(struct text *, int64_t);
	/* What an int4 cannot hold becomes the nearest that it can: a wrong
	 * digit misleads a person, an overflow stops a driver. */
void table_printf(struct text *, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

#endif
