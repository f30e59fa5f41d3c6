/*
 * tree.c - statements and their names, out of the library's memory.
 *
 * A tree lives for one look at a text, so names are kept in blocks that go
 * all at once.
 */
#include "sql/tree.h"

#include "base/mem.h"
#include "base/must.h"

#define BLOCK 2000

struct block {
	struct block *next;
	size_t used, size;
	char bytes[];
};

struct sql_tree {
	struct sql_statement statements[TREE_STATEMENTS_MAX];
	size_t from[TREE_STATEMENTS_MAX];       /* the first of its refs */
	size_t n;
	struct sql_ref *refs;
	size_t nrefs, cap;
	struct block *blocks;
};

static const char *const kind_names[] = {
#define X(id, name) [SQL_##id] = name,
	SQL_KINDS(X)
#undef X
};

const char *
sql_kind_name(enum sql_kind k)
{
	return kind_names[k];
}

struct sql_tree *
tree_create(void)
{
	return mem_alloc(sizeof(struct sql_tree));
}

void
sql_tree_destroy(struct sql_tree *t)
{
	struct block *b, *next;

	if (t == NULL)
		return;
	for (b = t->blocks; b != NULL; b = next) {
		next = b->next;
		mem_free(b);
	}
	mem_free(t->refs);
	mem_free(t);
}

size_t
sql_tree_count(const struct sql_tree *t)
{
	return t->n;
}

/* The array of refs moves while the tree grows, so they are found now. */
struct sql_statement
sql_tree_at(const struct sql_tree *t, size_t i)
{
	struct sql_statement s;

	must(i < t->n);
	s = t->statements[i];
	s.refs = s.nrefs > 0 ? &t->refs[t->from[i]] : NULL;
	return s;
}

struct sql_statement *
tree_add(struct sql_tree *t, struct str text)
{
	struct sql_statement *s;

	if (t->n == TREE_STATEMENTS_MAX)
		return NULL;
	s = &t->statements[t->n];
	s->text = text;
	t->from[t->n++] = t->nrefs;
	return s;
}

struct str
tree_keep(struct sql_tree *t, const char *string)
{
	struct block *b = t->blocks;
	struct str s = str_of(string);
	size_t size = s.n > BLOCK ? s.n : BLOCK;

	if (s.n == 0)
		return (struct str){ NULL, 0 };
	if (b == NULL || b->size - b->used < s.n) {
		b = mem_alloc(sizeof *b + size);
		b->size = size;
		b->next = t->blocks;
		t->blocks = b;
	}
	memcpy(b->bytes + b->used, s.p, s.n);
	s.p = b->bytes + b->used;
	b->used += s.n;
	return s;
}

/* Texts repeat their names; looking at the last few finds most of that. */
static bool
is_recent(const struct sql_tree *t, enum sql_ref_kind kind, struct str schema,
    struct str name)
{
	size_t i, n = t->statements[t->n - 1].nrefs;
	const struct sql_ref *r;

	for (i = 0; i < n && i < 16; i++) {
		r = &t->refs[t->nrefs - 1 - i];
		if (r->kind == kind && str_eq(r->name, name) &&
		    str_eq(r->schema, schema))
			return true;
	}
	return false;
}

void
tree_add_ref(struct sql_tree *t, enum sql_ref_kind kind, const char *schema,
    const char *name)
{
	struct sql_statement *s;

	must(t->n > 0);
	s = &t->statements[t->n - 1];
	if (is_recent(t, kind, str_of(schema), str_of(name)))
		return;
	if (t->nrefs == TREE_REFS_MAX) {
		s->facts |= SQL_ODD;
		return;
	}
	if (t->nrefs == t->cap) {
		t->cap = t->cap > 0 ? t->cap * 2 : 32;
		t->refs = mem_resize(t->refs, t->cap * sizeof *t->refs);
	}
	t->refs[t->nrefs++] = (struct sql_ref){ kind, tree_keep(t, schema),
		tree_keep(t, name) };
	s->nrefs++;
}
