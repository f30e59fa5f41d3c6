/*
 * shape.c - hashes of descriptions; see shape.h.
 */
#include "pool/shape.h"

#include <xxhash.h>

#include "pgwire/reader.h"

#define COLUMN_BYTES 16         /* behind the name, without the format */

uint64_t
shape_begin(const void *parameters, size_t n)
{
	return XXH3_64bits(parameters, n);
}

uint64_t
shape_end(uint64_t shape, const void *columns, size_t n)
{
	struct reader r = reader_of(columns, n);
	/* No data is something else than no columns. */
	int left = n > 0 ? reader_u16(&r) : -1;
	const char *name;
	struct str rest;

	shape = XXH3_64bits_withSeed(&left, sizeof left, shape);
	while (left-- > 0 && reader_ok(&r)) {
		name = reader_cstring(&r);
		rest = reader_bytes(&r, COLUMN_BYTES);
		(void)reader_u16(&r);
		if (!reader_ok(&r))
			break;
		shape = XXH3_64bits_withSeed(name, strlen(name), shape);
		shape = XXH3_64bits_withSeed(rest.p, rest.n, shape);
	}
	return shape != 0 ? shape : 1;
}
