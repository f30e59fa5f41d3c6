/*
 * fuzz_sql.c - SQL that nobody would write, read by us and by PostgreSQL.
 *
 * The first byte says how: 'b' with backslashes, where only the bounds are
 * looked at; anything else also compares our scanner with the grammar.
 */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/must.h"
#include "base/str.h"
#include "sql/classify.h"
#include "sql/fingerprint.h"
#include "sql/parse.h"
#include "sql/prepared.h"
#include "test/fuzz/target.h"

#define SEED UINT64_C(0x5eed)

static bool
inside(struct str part, struct str all)
{
	return part.n == 0 || (part.p >= all.p && part.n <= all.n &&
	    part.p - all.p <= (ptrdiff_t)(all.n - part.n));
}

static void
check_tokens(struct str text, bool backslashes)
{
	struct lexer l = lexer_on(text, backslashes);
	const char *last = text.p;
	char name[SQL_NAME_MAX];
	struct token t;

	while (lexer_next(&l, &t) != TOKEN_END) {
		must(inside(t.text, text) && t.text.p >= last);
		must(t.text.n > 0 || t.type == TOKEN_BROKEN);
		last = t.text.p + t.text.n;
		if (token_name(&t, name))
			must(strlen(name) < SQL_NAME_MAX);
	}
	must(l.at == l.end);
}

static void
check_prepared(struct str text, const struct sql_tree *tree)
{
	struct prepared_text p = prepared_read(text, false);
	struct sql_statement s;

	must(inside(p.types, text) && inside(p.rest, text));
	if (tree == NULL || sql_tree_count(tree) != 1)
		return;
	s = sql_tree_at(tree, 0);
	switch (p.kind) {
	case PREPARED_NOT:
	case PREPARED_UNCLEAR:
		break;
	case PREPARED_PREPARE:
		must(s.kind == SQL_PREPARE && str_is(s.name, p.name));
		break;
	case PREPARED_EXECUTE:
		must(s.kind == SQL_EXECUTE && str_is(s.name, p.name));
		break;
	case PREPARED_DEALLOCATE:
		must(s.kind == SQL_DEALLOCATE && str_is(s.name, p.name));
		break;
	case PREPARED_DEALLOCATE_ALL:
		must(s.kind == SQL_DEALLOCATE_ALL);
		break;
	}
	if (s.kind == SQL_PREPARE || s.kind == SQL_DEALLOCATE)
		must(p.kind != PREPARED_NOT);
}

/* Queries begin with one of their verbs, whatever is around them. */
static void
check_verbs(const struct fingerprint *f, const struct sql_tree *tree)
{
	const uint64_t queries = CLASSIFY_QUERIES;
	const uint64_t harmless = VERB_BIT(SELECT) | VERB_BIT(VALUES) |
	    VERB_BIT(TABLE) | VERB_BIT(WITH);
	struct sql_statement s;
	size_t i, n = sql_tree_count(tree);

	must(!f->broken);
	must(n <= f->statements);
	must(n == f->statements || f->verbs & VERB_BIT(CREATE));
	for (i = 0; i < n; i++) {
		s = sql_tree_at(tree, i);
		if (s.kind == SQL_SELECT)
			must(f->verbs & harmless);
		if (s.kind == SQL_SET || s.kind == SQL_SET_TRANSACTION)
			must(f->verbs & VERB_BIT(SET));
		if (!(f->verbs & ~queries))
			must(s.kind == SQL_SELECT || s.kind == SQL_CHANGE);
	}
}

static unsigned
brackets(struct str text)
{
	unsigned n = 0;
	size_t i;

	for (i = 0; i < text.n; i++)
		n += text.p[i] == '(' || text.p[i] == '[';
	return n;
}

/*
 * The same text with other blanks, and, where they do not count, with other
 * numbers and longer lists of them: it must have the same fingerprint, and so
 * the same class. (Lists in very deep brackets are not shortened.)
 */
static void
check_twin(struct str text, const struct fingerprint *f)
{
	bool all_queries = !(f->verbs & ~CLASSIFY_QUERIES) &&
	    brackets(text) < 40;
	struct lexer l = lexer_on(text, false);
	const char *last = text.p;
	char before = '\0';
	struct sql_class a, b;
	struct fingerprint g;
	struct text twin = { 0 };
	struct token t;

	while (lexer_next(&l, &t) != TOKEN_END) {
		if (t.text.p != last)
			text_puts(&twin, " /* */\n");
		if (t.type == TOKEN_NUMBER && all_queries)
			text_puts(&twin, before == '(' || before == ',' ?
			    ".7, 7" : ".7");
		else
			text_add(&twin, t.text.p, t.text.n);
		last = t.text.p + t.text.n;
		before = *t.text.p;
	}
	text_puts(&twin, "\n;");
	g = fingerprint_of((struct str){ twin.p, twin.n }, false, SEED);
	must(g.hash == f->hash && g.verbs == f->verbs);
	a = classify_text(text);
	b = classify_text((struct str){ twin.p, twin.n });
	if (a.result == SQL_PARSED && b.result == SQL_PARSED)
		must(a.kind == b.kind && a.facts == b.facts &&
		    a.statements == b.statements);
	text_fini(&twin);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	bool backslashes = n > 0 && data[0] == 'b';
	struct sql_tree *tree = NULL;
	struct fingerprint f;
	struct str text;
	char *copy;

	if (n == 0)
		return 0;
	copy = malloc(n);
	must(copy != NULL);
	memcpy(copy, data + 1, n - 1);
	text = (struct str){ copy, n - 1 };
	check_tokens(text, backslashes);
	f = fingerprint_of(text, backslashes, SEED);
	if (fingerprint_verb(text, backslashes) != VERB_NONE)
		must(f.statements == 1 &&
		    f.first == fingerprint_verb(text, backslashes));
	if (!backslashes) {
		if (parse_text(text, &tree) == SQL_PARSED)
			check_verbs(&f, tree);
		check_prepared(text, tree);
		if (tree != NULL)
			check_twin(text, &f);
		sql_tree_destroy(tree);
	}
	free(copy);
	return 0;
}
