/*
 * statement.c - interned statements; see statement.h.
 */
#include "pool/statement.h"

#include <inttypes.h>
#include <stdio.h>

#include <xxhash.h>

#include "base/mem.h"
#include "base/must.h"

#define uthash_malloc(n) mem_alloc(n)
#define uthash_free(p, n) mem_free(p)
#define HASH_FUNCTION(key, n, hash)                                     \
	((hash) = (unsigned)XXH3_64bits_withSeed((key), (n), t->seed))
#include <uthash.h>

struct statement {
	struct statement_table *table;
	unsigned refs;
	enum statement_kind kind;
	uint64_t id;
	size_t n;
	UT_hash_handle hh;
	char body[];
};

struct statement_table {
	uint64_t seed, last_id, bytes;
	uint32_t tag;
	struct statement *entries[STATEMENT_NKINDS];
};

struct statement_table *
statement_table_create(uint64_t seed, uint32_t tag)
{
	struct statement_table *t = mem_alloc(sizeof *t);

	t->seed = seed;
	t->tag = tag;
	return t;
}

void
statement_table_destroy(struct statement_table *t)
{
	int i;

	for (i = 0; i < STATEMENT_NKINDS; i++)
		must(t->entries[i] == NULL);
	mem_free(t);
}

struct statement *
statement_acquire(struct statement_table *t, enum statement_kind kind,
    const void *body, size_t n)
{
	struct statement *s;

	HASH_FIND(hh, t->entries[kind], body, n, s);
	if (s != NULL)
		return statement_ref(s);
	s = mem_resize(NULL, sizeof *s + n);
	*s = (struct statement){ .table = t, .refs = 1, .kind = kind,
		.id = ++t->last_id, .n = n };
	memcpy(s->body, body, n);
	t->bytes += sizeof *s + n;
	HASH_ADD_KEYPTR(hh, t->entries[kind], s->body, n, s);
	return s;
}

struct statement *
statement_ref(struct statement *s)
{
	must(s->refs > 0);
	s->refs++;
	return s;
}

void
statement_release(struct statement *s)
{
	struct statement_table *t = s->table;

	must(s->refs > 0);
	if (--s->refs > 0)
		return;
	t->bytes -= sizeof *s + s->n;
	HASH_DEL(t->entries[s->kind], s);
	mem_free(s);
}

enum statement_kind
statement_kind(const struct statement *s)
{
	return s->kind;
}

struct str
statement_body(const struct statement *s)
{
	return (struct str){ s->body, s->n };
}

const char *
statement_name(const struct statement *s, char buf[STATEMENT_NAME_ROOM])
{
	snprintf(buf, STATEMENT_NAME_ROOM, "pgweir_%08" PRIx32 "_%" PRIu64,
	    s->table->tag, s->id);
	return buf;
}

void
statement_table_count(const struct statement_table *t, uint32_t *n,
    uint64_t *bytes)
{
	int i;

	*n = 0;
	for (i = 0; i < STATEMENT_NKINDS; i++)
		*n += HASH_COUNT(t->entries[i]);
	*bytes = t->bytes;
}
