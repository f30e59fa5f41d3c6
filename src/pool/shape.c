/*
 * shape.c - hashes of descriptions; see shape.h.
 */
#include "pool/shape.h"

#include <xxhash.h>

#include "pgwire/reader.h"

#define COLUMN_BYTES 16         /* behind the name, without the format */

static uint64_t
not_zero(uint64_t hash)
{
	return hash != 0 ? hash : 1;
}

uint64_t
shape_parameters(const void *parameters, size_t n)
{
	return not_zero(XXH3_64bits(parameters, n));
}

uint64_t
shape_columns(const void *columns, size_t n)
{
	struct reader r = reader_of(columns, n);
	/* No data is something else than no columns. */
	int left = n > 0 ? reader_u16(&r) : -1;
	uint64_t hash = XXH3_64bits(&left, sizeof left);
	const char *name;
	struct str rest;

	while (left-- > 0 && reader_ok(&r)) {
		name = reader_cstring(&r);
		rest = reader_bytes(&r, COLUMN_BYTES);
		(void)reader_u16(&r);
		if (!reader_ok(&r))
			break;
		hash = XXH3_64bits_withSeed(name, strlen(name), hash);
		hash = XXH3_64bits_withSeed(rest.p, rest.n, hash);
	}
	return not_zero(hash);
}

bool
shape_agrees(const struct shape *s, const struct shape *told)
{
	return (told->columns == 0 || told->columns == s->columns) &&
	    (told->parameters == 0 || told->parameters == s->parameters);
}

void
shape_add(struct shape *s, const struct shape *news)
{
	if (news->columns != 0)
		s->columns = news->columns;
	if (news->parameters != 0)
		s->parameters = news->parameters;
}
