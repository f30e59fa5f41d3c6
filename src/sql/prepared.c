/*
 * prepared.c - PREPARE name [(types)] AS query; EXECUTE name [(arguments)];
 * DEALLOCATE [PREPARE] {name | ALL}.
 *
 * The names in these differ from client to client, so no cache can answer
 * for them, and the query or the arguments may be longer than what the
 * grammar is run on. Their form is simple enough to be read from the tokens.
 */
#include "sql/prepared.h"

#include <stddef.h>

struct reader {
	struct lexer lexer;
	struct token token;     /* the current one */
	bool broken;
};

static enum token_type
next(struct reader *r)
{
	if (lexer_next(&r->lexer, &r->token) == TOKEN_BROKEN)
		r->broken = true;
	return r->token.type;
}

static bool
at_punct(const struct reader *r, char c)
{
	return r->token.type == TOKEN_PUNCT && r->token.text.n == 1 &&
	    r->token.text.p[0] == c;
}

/* What is between the parenthesis here and its end; go on behind it. */
static bool
read_group(struct reader *r, struct str *inside)
{
	const char *begin = r->token.text.p + 1;
	size_t depth = 1;

	while (next(r) != TOKEN_END) {
		if (at_punct(r, '('))
			depth++;
		if (at_punct(r, ')') && --depth == 0)
			break;
	}
	if (depth > 0)
		return false;
	*inside = (struct str){ begin, (size_t)(r->token.text.p - begin) };
	next(r);
	return true;
}

/*
 * All from the current token to the end of the statement. False if another
 * statement follows.
 */
static bool
read_rest(struct reader *r, struct str *rest)
{
	const char *begin = r->token.text.p, *end = begin;
	size_t depth = 0;

	for (; r->token.type != TOKEN_END; next(r)) {
		if (depth == 0 && at_punct(r, ';'))
			break;
		if (at_punct(r, '('))
			depth++;
		else if (at_punct(r, ')') && depth > 0)
			depth--;
		end = r->token.text.p + r->token.text.n;
	}
	*rest = (struct str){ begin, (size_t)(end - begin) };
	while (at_punct(r, ';'))
		next(r);
	return r->token.type == TOKEN_END;
}

/* The name at the current token, and go on behind it. */
static bool
read_name(struct reader *r, struct prepared_text *out)
{
	if (!token_name(&r->token, out->name))
		return false;
	next(r);
	return true;
}

static enum prepared_kind
read_prepare(struct reader *r, struct prepared_text *out)
{
	bool transaction = token_is_word(&r->token, "transaction");

	if (!read_name(r, out))
		return PREPARED_UNCLEAR;
	if (transaction && r->token.type == TOKEN_STRING)
		return PREPARED_NOT;
	if (at_punct(r, '(') && !read_group(r, &out->types))
		return PREPARED_UNCLEAR;
	if (!token_is_word(&r->token, "as"))
		return PREPARED_UNCLEAR;
	next(r);
	return read_rest(r, &out->rest) ? PREPARED_PREPARE : PREPARED_NOT;
}

static enum prepared_kind
read_execute(struct reader *r, struct prepared_text *out)
{
	if (!read_name(r, out))
		return PREPARED_UNCLEAR;
	return read_rest(r, &out->rest) ? PREPARED_EXECUTE : PREPARED_NOT;
}

/* PREPARE may be the word before the name, or the name. */
static enum prepared_kind
read_deallocate(struct reader *r, struct prepared_text *out)
{
	struct token prepare = r->token;
	enum prepared_kind kind = PREPARED_DEALLOCATE;
	struct str rest;

	if (token_is_word(&r->token, "prepare") &&
	    (next(r) == TOKEN_END || at_punct(r, ';'))) {
		(void)token_name(&prepare, out->name);
	} else if (token_is_word(&r->token, "all")) {
		kind = PREPARED_DEALLOCATE_ALL;
		next(r);
	} else if (!read_name(r, out)) {
		return PREPARED_UNCLEAR;
	}
	if (!read_rest(r, &rest))
		return PREPARED_NOT;
	return rest.n == 0 ? kind : PREPARED_UNCLEAR;
}

struct prepared_text
prepared_read(struct str text, bool backslashes)
{
	struct reader r = { .lexer = lexer_on(text, backslashes) };
	struct prepared_text out = { .kind = PREPARED_NOT };

	do
		next(&r);
	while (at_punct(&r, ';'));
	if (token_is_word(&r.token, "prepare")) {
		next(&r);
		out.kind = read_prepare(&r, &out);
	} else if (token_is_word(&r.token, "execute")) {
		next(&r);
		out.kind = read_execute(&r, &out);
	} else if (token_is_word(&r.token, "deallocate")) {
		next(&r);
		out.kind = read_deallocate(&r, &out);
	}
	if (r.broken && out.kind != PREPARED_NOT)
		out.kind = PREPARED_UNCLEAR;
	return out;
}

/* Go to the end of the statement; false: that cannot be told. */
static bool
skip_statement(struct reader *r)
{
	size_t depth = 0;
	bool begin = false;

	for (; r->token.type != TOKEN_END; next(r)) {
		if (depth == 0 && at_punct(r, ';'))
			break;
		if (begin && token_is_word(&r->token, "atomic"))
			return false;
		begin = token_is_word(&r->token, "begin");
		if (at_punct(r, '('))
			depth++;
		else if (at_punct(r, ')') && depth > 0)
			depth--;
	}
	return depth == 0 && !r->broken;
}

struct prepared_list
prepared_list_on(struct str text, bool backslashes)
{
	return (struct prepared_list){ lexer_on(text, backslashes) };
}

enum prepared_kind
prepared_list_next(struct prepared_list *list, struct prepared_place *place)
{
	struct reader r = { .lexer = list->lexer };
	bool found = false;

	while (!found && next(&r) != TOKEN_END) {
		if (token_is_word(&r.token, "prepare") ||
		    token_is_word(&r.token, "deallocate"))
			return PREPARED_UNCLEAR;
		found = token_is_word(&r.token, "execute");
		if (found) {
			next(&r);
			place->at = r.token.text;
			if (!token_name(&r.token, place->name))
				return PREPARED_UNCLEAR;
			next(&r);
		}
		if (!skip_statement(&r))
			return PREPARED_UNCLEAR;
	}
	list->lexer = r.lexer;
	return found ? PREPARED_EXECUTE : PREPARED_NOT;
}
