/*
 * shape.c - hashes of descriptions; see shape.h.
 */
#include "pool/shape.h"

#include <xxhash.h>

#include "pgwire/reader.h"

/* Behind the name: table and column there; type; format. */
#define ORIGIN_BYTES 6
#define TYPE_BYTES 10

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
	struct str type;

	while (left-- > 0 && reader_ok(&r)) {
		name = reader_cstring(&r);
		(void)reader_bytes(&r, ORIGIN_BYTES);
		type = reader_bytes(&r, TYPE_BYTES);
		(void)reader_u16(&r);
		if (!reader_ok(&r))
			break;
		hash = XXH3_64bits_withSeed(name, strlen(name), hash);
		hash = XXH3_64bits_withSeed(type.p, type.n, hash);
	}
	return not_zero(hash);
}

static enum shape_match
match(uint64_t is, uint64_t told)
{
	if (told == 0 || told == is)
		return SHAPE_SAME;
	return is == 0 ? SHAPE_UNSURE : SHAPE_OTHER;
}

enum shape_match
shape_match(const struct shape *s, const struct shape *told)
{
	enum shape_match columns = match(s->columns, told->columns);
	enum shape_match parameters = match(s->parameters, told->parameters);

	if (columns == SHAPE_OTHER || parameters == SHAPE_OTHER)
		return SHAPE_OTHER;
	return columns == SHAPE_SAME ? parameters : columns;
}

void
shape_add(struct shape *s, const struct shape *news)
{
	if (news->columns != 0)
		s->columns = news->columns;
	if (news->parameters != 0)
		s->parameters = news->parameters;
}
