/*
 * names.c - a client's names of statements; see names.h.
 */
#include "pool/names.h"

#include <string.h>

#include <xxhash.h>

#include "base/mem.h"
#include "base/must.h"
#include "pool/statement.h"

#define uthash_malloc(n) mem_alloc(n)
#define uthash_free(p, n) mem_free(p)
#define HASH_INITIAL_NUM_BUCKETS 4
#define HASH_INITIAL_NUM_BUCKETS_LOG2 2
#define HASH_FUNCTION(key, n, hash)                                     \
	((hash) = (unsigned)XXH3_64bits_withSeed((key), (n), ns->seed))
#include <uthash.h>

struct entry {
	struct name name;
	UT_hash_handle hh;
	char text[];
};

struct names {
	uint64_t seed;
	struct entry *entries;
};

struct names *
names_create(uint64_t seed)
{
	struct names *ns = mem_alloc(sizeof *ns);

	ns->seed = seed;
	return ns;
}

static struct entry *
find(struct names *ns, const char *text)
{
	struct entry *e = NULL;

	if (ns != NULL)
		HASH_FIND_STR(ns->entries, text, e);
	return e;
}

struct name *
names_look(struct names *ns, const char *text)
{
	struct entry *e = find(ns, text);

	return e != NULL ? &e->name : NULL;
}

struct name *
names_find(struct names *ns, const char *text)
{
	struct name *name = names_look(ns, text);

	return name != NULL && !name->closed ? name : NULL;
}

static void
drop(struct names *ns, struct entry *e)
{
	HASH_DEL(ns->entries, e);
	statement_release(e->name.statement);
	mem_free(e);
}

void
names_remove(struct names *ns, const char *text)
{
	struct entry *e = find(ns, text);

	if (e != NULL)
		drop(ns, e);
}

struct name *
names_add(struct names *ns, const char *text, struct statement *s)
{
	size_t n = strlen(text);
	struct entry *e = mem_resize(NULL, sizeof *e + n + 1);

	must(names_find(ns, text) == NULL);
	names_remove(ns, text);
	*e = (struct entry){ .name = { .statement = s } };
	memcpy(e->text, text, n + 1);
	HASH_ADD_KEYPTR(hh, ns->entries, e->text, n, e);
	return &e->name;
}

void
names_close(struct names *ns, const char *text, uint64_t batch)
{
	struct name *name = names_find(ns, text);

	must(name != NULL);
	name->closed = name->pending = true;
	name->batch = batch;
}

void
names_reopen(struct names *ns, const char *text, struct statement *s,
    const struct shape *told)
{
	struct name *name = names_look(ns, text);

	if (name == NULL) {
		name = names_add(ns, text, statement_ref(s));
		name->told = *told;
	}
	name->closed = name->pending = false;
}

void
names_clear_settled(struct names *ns)
{
	struct entry *e, *next;

	if (ns == NULL)
		return;
	HASH_ITER (hh, ns->entries, e, next)
		if (!e->name.pending)
			drop(ns, e);
}

unsigned
names_count(const struct names *ns)
{
	return ns != NULL ? HASH_COUNT(ns->entries) : 0;
}

void
names_destroy(struct names *ns)
{
	if (ns == NULL)
		return;
	while (ns->entries != NULL)
		drop(ns, ns->entries);
	mem_free(ns);
}
