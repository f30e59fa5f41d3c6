/*
 * reader.h - a cursor over the body of a message.
 *
 * Reading past the end yields zeros and empty strings and makes the reader
 * fail for good, so a caller reads all fields and asks once. Bounds are
 * checked by comparing with what is left, never by adding to a position.
 */
#ifndef PGWIRE_READER_H
#define PGWIRE_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

struct reader {
	const unsigned char *p;
	size_t left;
	bool failed;
};

static inline struct reader
reader_of(const void *p, size_t n)
{
	return (struct reader){ .p = p, .left = n };
}

/* Nothing was read that is not there. */
static inline bool
reader_ok(const struct reader *r)
{
	return !r->failed;
}

/* The same, and nothing is left over. */
static inline bool
reader_done(const struct reader *r)
{
	return !r->failed && r->left == 0;
}

uint8_t reader_u8(struct reader *);
uint16_t reader_u16(struct reader *);
uint32_t reader_u32(struct reader *);
int16_t reader_i16(struct reader *);
int32_t reader_i32(struct reader *);
	/* In network order; 0 on failure. */

const char *reader_cstring(struct reader *);
	/* A string whose NUL byte is inside; "" on failure, never NULL. It
	 * lies in the body. */

struct str reader_bytes(struct reader *, size_t n);
	/* The next n bytes, in place. A length that came from the wire as a
	 * negative number is too large once it is a size_t, and fails. */

struct str reader_rest(struct reader *);
	/* All that is left. */

#endif
