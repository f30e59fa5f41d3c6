/*
 * fingerprint.c - a hash of the shape of SQL, in one pass.
 *
 * Most of what clients send has been seen before, with other literals. This
 * hash is the key under which pgweir keeps what it has found out about a
 * text, so two texts that do different things must not share one. Hence the
 * rule is to leave out only what cannot change what a statement may do; in
 * doubt a token counts as it stands.
 *
 * Tokens become units of 64 bits. A group in brackets is one unit too, so the
 * pass keeps a level for each bracket that is open. A list is shortened in
 * two ways, of which each alone misses something:
 *   - a literal or a group behind a comma that is equal to the literal or
 *     group before that comma is dropped with the comma: rows of VALUES;
 *   - inside of brackets, all between two commas is a segment, and a segment
 *     that is equal to the one before is dropped: casts, calls, expressions.
 *
 * The mixing is a multiplication folded onto itself, with constants that are
 * made of the seed: nobody outside can steer it.
 *
 * Groups deeper than LEVELS are not shortened; their tokens count one by one.
 */
#include "sql/fingerprint.h"

#include <xxhash.h>

#include "base/must.h"

#define LEVELS 48

struct level {
	uint64_t hash;          /* of the segments that are closed */
	uint64_t segment;       /* of the units of the one that is open */
	uint64_t previous;      /* the last closed segment */
	uint64_t last;          /* the unit before */
	bool comma;             /* stands behind last, not counted yet */
	char open;              /* the bracket */
};

enum literals { LEFT_OUT, COUNT };

struct pass {
	struct lexer lexer;
	struct token token;
	uint64_t key[2];
	uint64_t literal, param;        /* what stands for each of them */
	struct fingerprint out;
	enum verb verb;                 /* of this statement */
	enum literals literals;
	enum token_type before;         /* type of the token before, */
	char before_char;               /* and its first byte */
	bool before_uescape;
	unsigned depth, beyond;         /* open levels, and brackets above */
	struct level level[LEVELS];
};

static const struct {
	const char *word;
	size_t n;
	enum literals literals;
} verbs[] = {
	[VERB_NONE] = { "", 0, COUNT },
#define VERB(id, word, literals) \
	[VERB_##id] = { word, sizeof word - 1, literals },
#include "sql/verbs.def"
#undef VERB
	[VERB_OTHER] = { "other", 0, COUNT },
};

_Static_assert(VERB_OTHER < 64, "a set of verbs has 64 bits");

const char *
verb_name(enum verb v)
{
	return verbs[v].word;
}

/* ---- hashing ----------------------------------------------------------- */

static inline uint64_t
scatter(uint64_t x)
{
	x += UINT64_C(0x9e3779b97f4a7c15);
	x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
	return x ^ x >> 31;
}

static inline uint64_t
mix(const struct pass *s, uint64_t a, uint64_t b)
{
	unsigned __int128 m = (unsigned __int128)(a ^ s->key[0]) *
	    (b ^ s->key[1]);

	return (uint64_t)m ^ (uint64_t)(m >> 64);
}

/* Eight bytes, with ASCII letters in lower case. */
static inline uint64_t
fold(uint64_t x)
{
	const uint64_t ones = UINT64_C(0x0101010101010101);
	uint64_t low = x & 0x7f * ones;
	uint64_t above_z = low + (0x7f - 'Z') * ones;
	uint64_t from_a = low + (0x80 - 'A') * ones;
	uint64_t upper = ~x & 0x80 * ones & (from_a ^ above_z);

	return x | upper >> 2;
}

/* Up to eight bytes at p; reads no further than end. */
static inline uint64_t
load(const char *p, size_t n, const char *end)
{
	uint64_t x = 0;

	if (end - p >= 8) {
		memcpy(&x, p, 8);
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
		return n >= 8 ? x : x & ((UINT64_C(1) << n * 8) - 1);
#endif
	}
	x = 0;
	memcpy(&x, p, n < 8 ? n : 8);
	return x;
}

static inline uint64_t
word_unit(const struct pass *s)
{
	const char *p = s->token.text.p, *end = s->lexer.end;
	size_t n = s->token.text.n;
	uint64_t h = TOKEN_WORD;

	for (; n > 8; n -= 8, p += 8)
		h = mix(s, h, fold(load(p, 8, end)));
	return mix(s, h, fold(load(p, n, end)));
}

/* A token as it stands. */
static uint64_t
exact_unit(const struct pass *s)
{
	return mix(s, s->token.type, XXH3_64bits_withSeed(s->token.text.p,
	    s->token.text.n, s->key[0]));
}

static inline uint64_t
short_unit(const struct pass *s)
{
	struct str t = s->token.text;

	if (t.n > 8)
		return exact_unit(s);
	return mix(s, s->token.type << 8 | t.n,
	    load(t.p, t.n, s->lexer.end));
}

/* ---- levels ------------------------------------------------------------ */

static void
close_segment(const struct pass *s, struct level *v)
{
	if (v->segment != v->previous || v->open == '\0')
		v->hash = mix(s, v->hash, v->segment);
	v->previous = v->segment;
	v->segment = 0;
}

/* One more unit; one that may be repeated is a literal or a group. */
static inline void
add(struct pass *s, uint64_t unit, bool repeatable)
{
	struct level *v = &s->level[s->depth];

	if (v->comma) {
		v->comma = false;
		if (repeatable && unit == v->last)
			return;
		close_segment(s, v);
	}
	v->segment = mix(s, v->segment, unit);
	v->last = unit;
}

static void
add_comma(struct pass *s)
{
	struct level *v = &s->level[s->depth];

	if (s->literals == COUNT || v->comma || s->beyond > 0)
		add(s, short_unit(s), false);
	else
		v->comma = true;
}

static void
open_group(struct pass *s, char bracket)
{
	if (s->depth == LEVELS - 1) {
		s->beyond++;
		add(s, short_unit(s), false);
		return;
	}
	s->depth++;
	s->level[s->depth] = (struct level){ .open = bracket };
}

/* The group becomes a unit of the level below. */
static void
pop_group(struct pass *s, uint64_t how)
{
	struct level *v = &s->level[s->depth];
	uint64_t unit;

	if (v->comma)
		v->hash = mix(s, v->hash, how);
	close_segment(s, v);
	unit = mix(s, v->hash, how << 8 | (unsigned char)v->open);
	s->depth--;
	add(s, unit, s->literals == LEFT_OUT);
}

static void
close_group(struct pass *s, char bracket)
{
	char open = bracket == ')' ? '(' : '[';

	if (s->beyond > 0) {
		s->beyond--;
		add(s, short_unit(s), false);
	} else if (s->depth > 0 && s->level[s->depth].open == open) {
		pop_group(s, 1);
	} else {
		add(s, short_unit(s), false);
	}
}

/* ---- statements -------------------------------------------------------- */

static enum verb
verb_of(const struct token *t)
{
	enum verb v;

	if (t->type != TOKEN_WORD)
		return VERB_OTHER;
	for (v = VERB_NONE + 1; v < VERB_OTHER; v++)
		if (verbs[v].n == t->text.n &&
		    (t->text.p[0] | 0x20) == verbs[v].word[0] &&
		    token_is_word(t, verbs[v].word))
			return v;
	return VERB_OTHER;
}

/* Is nothing but blanks and semicolons behind the first semicolon? */
static bool
is_single(struct str text)
{
	const char *p = text.n > 0 ? memchr(text.p, ';', text.n) : NULL;
	const char *end = text.p + text.n;

	while (p != NULL && p < end && strchr("; \t\n\r", *p) != NULL &&
	    *p != '\0')
		p++;
	return p == NULL || p == end;
}

enum verb
fingerprint_verb(struct str text, bool backslashes)
{
	struct lexer l = lexer_on(text, backslashes);
	struct token t;

	if (!is_single(text))
		return VERB_NONE;
	do
		lexer_next(&l, &t);
	while (t.type == TOKEN_PUNCT && t.text.p[0] == '(');
	if (t.type == TOKEN_END || t.type == TOKEN_BROKEN ||
	    (t.type == TOKEN_PUNCT && t.text.p[0] == ';'))
		return VERB_NONE;
	return verb_of(&t);
}

/* The first token behind opening parentheses says what it is. */
static void
begin_statement(struct pass *s)
{
	s->verb = verb_of(&s->token);
	s->literals = verbs[s->verb].literals;
	s->out.verbs |= UINT64_C(1) << s->verb;
	if (s->out.statements++ == 0)
		s->out.first = s->verb;
}

static void
end_statement(struct pass *s)
{
	struct level *v = &s->level[0];

	if (s->verb == VERB_NONE && s->depth == 0)
		return;                 /* an empty one */
	if (s->verb == VERB_NONE)
		begin_statement(s);     /* nothing but parentheses */
	while (s->depth > 0)
		pop_group(s, 2);
	if (v->comma)
		v->hash = mix(s, v->hash, 3);
	close_segment(s, v);
	s->out.hash = mix(s, s->out.hash, v->hash);
	*v = (struct level){ 0 };
	s->verb = VERB_NONE;
	s->literals = COUNT;
	s->beyond = 0;
	s->before_uescape = false;
}

/* ---- tokens ------------------------------------------------------------ */

static bool
in_list(const struct pass *s)
{
	return s->before == TOKEN_PUNCT &&
	    (s->before_char == '(' || s->before_char == ',');
}

/* Words that stand for a value where a member of a list begins. */
static bool
is_value(const struct token *t)
{
	static const char *const values[] = { "null", "true", "false",
		"default" };
	size_t i;

	if (t->text.n < 4 || t->text.n > 7)
		return false;
	for (i = 0; i < countof(values); i++)
		if (token_is_word(t, values[i]))
			return true;
	return false;
}

static void
on_word(struct pass *s)
{
	bool uescape = s->token.text.n == 7 &&
	    token_is_word(&s->token, "uescape");

	if (s->literals == LEFT_OUT && in_list(s) && is_value(&s->token))
		add(s, s->literal, true);
	else
		add(s, word_unit(s), false);
	s->before_uescape = uescape;
}

/* The string behind UESCAPE says what name a U&"" stands for. */
static void
on_literal(struct pass *s)
{
	if (s->literals == COUNT || s->before_uescape)
		add(s, exact_unit(s), false);
	else
		add(s, s->literal, true);
}

static bool
number_follows(const struct lexer *l)
{
	const char *p = l->at;

	if (p < l->end && *p == '.')
		p++;
	return p < l->end && *p >= '0' && *p <= '9';
}

static void
on_operator(struct pass *s)
{
	struct str t = s->token.text;
	bool sign = t.n == 1 && (t.p[0] == '-' || t.p[0] == '+') &&
	    (in_list(s) || s->before == TOKEN_OPERATOR);

	if (sign && s->literals == LEFT_OUT && number_follows(&s->lexer))
		return;         /* of the number that follows */
	add(s, short_unit(s), false);
}

static void
on_punct(struct pass *s)
{
	char c = s->token.text.p[0];

	if (c == ',')
		add_comma(s);
	else if (c == '(' || c == '[')
		open_group(s, c);
	else if (c == ')' || c == ']')
		close_group(s, c);
	else
		add(s, short_unit(s), false);
}

static void
on_token(struct pass *s)
{
	switch (s->token.type) {
	case TOKEN_WORD:
		on_word(s);
		break;
	case TOKEN_NUMBER:
	case TOKEN_STRING:
		on_literal(s);
		break;
	case TOKEN_PARAM:
		if (s->literals == LEFT_OUT)
			add(s, s->param, true);
		else
			add(s, exact_unit(s), false);
		break;
	case TOKEN_OPERATOR:
		on_operator(s);
		break;
	case TOKEN_PUNCT:
		on_punct(s);
		break;
	case TOKEN_QUOTED:
	case TOKEN_UNICODE:
		add(s, exact_unit(s), false);
		break;
	case TOKEN_BROKEN:
		s->out.broken = true;
		add(s, exact_unit(s), false);
		break;
	case TOKEN_END:
		break;
	}
	s->before = s->token.type;
	s->before_char = s->token.text.n > 0 ? s->token.text.p[0] : '\0';
	if (s->before != TOKEN_WORD)
		s->before_uescape = false;
}

/* Only parentheses may stand before the verb. */
static bool
is_semicolon(const struct pass *s)
{
	return s->token.type == TOKEN_PUNCT && s->token.text.p[0] == ';' &&
	    s->depth == 0;
}

static bool
is_opening(const struct pass *s)
{
	return s->token.type == TOKEN_PUNCT && s->token.text.p[0] == '(';
}

struct fingerprint
fingerprint_of(struct str text, bool backslashes, uint64_t seed)
{
	struct pass s;

	s.lexer = lexer_on(text, backslashes);
	s.key[0] = scatter(seed);
	s.key[1] = scatter(s.key[0]);
	s.literal = scatter(s.key[1]);
	s.param = scatter(s.literal);
	s.out = (struct fingerprint){ 0 };
	s.verb = VERB_NONE;
	s.literals = COUNT;
	s.before = TOKEN_END;
	s.before_char = '\0';
	s.before_uescape = false;
	s.depth = s.beyond = 0;
	s.level[0] = (struct level){ 0 };

	while (lexer_next(&s.lexer, &s.token) != TOKEN_END) {
		if (is_semicolon(&s)) {
			end_statement(&s);
			continue;
		}
		if (s.verb == VERB_NONE && !is_opening(&s))
			begin_statement(&s);
		on_token(&s);
	}
	end_statement(&s);
	s.out.hints = s.lexer.hints;
	return s.out;
}
