/*
 * token.c - PostgreSQL's scanner, by hand.
 *
 * It must find the same ends of strings, comments and identifiers as the
 * server does: who sees one token less hides a statement from routing, who
 * sees one more invents it. What differs between PostgreSQL's versions is cut
 * into the smaller pieces: 1_000 and 0x1F are a number and a word here, so
 * that `1into` is never taken for a number.
 *
 * Keywords are words like any other; their meaning is up to who asks.
 */
#include "sql/token.h"

#include <stddef.h>
#include <stdint.h>
#include <strings.h>

#include "base/must.h"

#define SPACE 1u
#define START 2u        /* begins an identifier */
#define DIGIT 4u
#define OPCHAR 8u       /* may be part of an operator */
#define TAGCHAR (START | DIGIT)

/* \v is white space since version 16, and an error before. */
static const uint8_t kind[256] = {
	[' '] = SPACE, ['\t'] = SPACE, ['\n'] = SPACE, ['\r'] = SPACE,
	['\f'] = SPACE, ['\v'] = SPACE,
	['a' ... 'z'] = START, ['A' ... 'Z'] = START, ['_'] = START,
	[128 ... 255] = START, ['0' ... '9'] = DIGIT,
	['~'] = OPCHAR, ['!'] = OPCHAR, ['@'] = OPCHAR, ['#'] = OPCHAR,
	['^'] = OPCHAR, ['&'] = OPCHAR, ['|'] = OPCHAR, ['`'] = OPCHAR,
	['?'] = OPCHAR, ['+'] = OPCHAR, ['-'] = OPCHAR, ['*'] = OPCHAR,
	['/'] = OPCHAR, ['%'] = OPCHAR, ['<'] = OPCHAR, ['>'] = OPCHAR,
	['='] = OPCHAR,
};

/* How the inside of a string is read. */
enum quoting { DOUBLED, BACKSLASHED, BARE };

struct lexer
lexer_on(struct str text, bool backslashes)
{
	return (struct lexer){ .at = text.p, .end = text.p + text.n,
		.backslashes = backslashes, .signs = text.p,
		.run = text.p };
}

static inline bool
is(char c, unsigned kinds)
{
	return (kind[(unsigned char)c] & kinds) != 0;
}

/* The byte at p + i, or NUL beyond the end. */
static inline char
peek(const char *p, const char *end, ptrdiff_t i)
{
	return end - p > i ? p[i] : '\0';
}

static const char *
run_end(const char *p, const char *end, unsigned kinds)
{
	while (p < end && is(*p, kinds))
		p++;
	return p;
}

static const char *
word_end(const char *p, const char *end)
{
	while (p < end && (is(*p, TAGCHAR) || *p == '$'))
		p++;
	return p;
}

static const char *
line_end(const char *p, const char *end)
{
	while (p < end && *p != '\n' && *p != '\r')
		p++;
	return p;
}

/* ---- white space and comments ---------------------------------------- */

/* pgweir:primary or pgweir:replica, and nothing else in the comment. */
static unsigned
hint_in(struct str comment)
{
	static const char mark[] = "pgweir:";
	struct str s = str_trim(comment);

	if (s.n < sizeof mark || memcmp(s.p, mark, sizeof mark - 1) != 0)
		return 0;
	s.p += sizeof mark - 1;
	s.n -= sizeof mark - 1;
	if (str_is(s, "primary"))
		return HINT_PRIMARY;
	return str_is(s, "replica") ? HINT_REPLICA : 0;
}

/*
 * The end of the comment that begins at p, NULL if it has none.
 *
 * PostgreSQL reads a whole run of operator characters for each beginning.
 */
static const char *
comment_end(struct lexer *l, const char *p)
{
	const char *body = p + 2;
	size_t depth = 0;

	while (l->end - p >= 2) {
		if (p[0] == '/' && p[1] == '*') {
			if (l->run <= p)
				l->run = run_end(p, l->end, OPCHAR);
			l->waste += (size_t)(l->run - p);
			depth++;
			p += 2;
		} else if (p[0] == '*' && p[1] == '/') {
			p += 2;
			if (--depth == 0) {
				l->hints |= hint_in((struct str){ body,
				    (size_t)(p - 2 - body) });
				return p;
			}
		} else {
			p++;
		}
	}
	return NULL;
}

/* Go to the next token; false if a comment has no end. */
static bool
skip_blanks(struct lexer *l)
{
	for (;;) {
		l->at = run_end(l->at, l->end, SPACE);
		if (l->end - l->at < 2)
			return true;
		if (l->at[0] == '-' && l->at[1] == '-') {
			l->at = line_end(l->at, l->end);
		} else if (l->at[0] == '/' && l->at[1] == '*') {
			l->at = comment_end(l, l->at);
			if (l->at == NULL)
				return false;
		} else {
			return true;
		}
	}
}

/* ---- strings ----------------------------------------------------------- */

/* Behind the quote that ends what p is inside of, or NULL. */
static const char *
segment_end(const char *p, const char *end, char quote, enum quoting how)
{
	for (; p < end; p++) {
		if (*p == '\\' && how == BACKSLASHED) {
			if (++p == end)
				return NULL;
		} else if (*p == quote) {
			if (how == BARE || peek(p, end, 1) != quote)
				return p + 1;
			p++;
		}
	}
	return NULL;
}

/*
 * A string goes on in the next line: behind the opening quote of the part
 * that follows what ended at p, or NULL. Only comments of the -- kind may
 * stand between them.
 */
static const char *
continuation(const char *p, const char *end)
{
	bool new_line = false;

	for (;;) {
		for (; p < end && is(*p, SPACE); p++)
			new_line |= *p == '\n' || *p == '\r';
		if (peek(p, end, 0) != '-' || peek(p, end, 1) != '-')
			break;
		p = line_end(p, end);
	}
	return new_line && p < end && *p == '\'' ? p + 1 : NULL;
}

/* p is behind the opening quote. */
static const char *
string_end(const char *p, const char *end, enum quoting how)
{
	const char *more;

	for (;;) {
		p = segment_end(p, end, '\'', how);
		if (p == NULL)
			return NULL;
		more = continuation(p, end);
		if (more == NULL)
			return p;
		p = more;
	}
}

/* The end of the dollar-quoted string at p; p itself if that is none. */
static const char *
dollar_end(const char *p, const char *end)
{
	const char *body = p + 1, *close;

	if (body < end && is(*body, START))
		body = run_end(body, end, TAGCHAR);
	if (body == end || *body != '$')
		return p;
	body++;
	close = memmem(body, (size_t)(end - body), p, (size_t)(body - p));
	return close != NULL ? close + (body - p) : NULL;
}

/* ---- tokens ------------------------------------------------------------ */

/* Ends the token at p; NULL says that it has no end. */
static enum token_type
take(struct lexer *l, struct token *t, enum token_type type, const char *p)
{
	if (p == NULL) {
		type = TOKEN_BROKEN;
		p = l->end;
	}
	*t = (struct token){ type, { l->at, (size_t)(p - l->at) } };
	l->at = p;
	return type;
}

/* A word, or a string or name with a letter before its quote. */
static enum token_type
take_word(struct lexer *l, struct token *t)
{
	const char *p = l->at, *end = l->end;
	char next = peek(p, end, 1);
	char third = peek(p, end, 2);
	enum quoting plain = l->backslashes ? BACKSLASHED : DOUBLED;

	if (next != '\'' && next != '&')
		return take(l, t, TOKEN_WORD, word_end(p, end));
	switch (*p | 0x20) {
	case 'e':
		if (next == '\'')
			return take(l, t, TOKEN_STRING,
			    string_end(p + 2, end, BACKSLASHED));
		break;
	case 'b':
	case 'x':
		if (next == '\'')
			return take(l, t, TOKEN_STRING,
			    string_end(p + 2, end, BARE));
		break;
	case 'n':
		if (next == '\'')
			return take(l, t, TOKEN_STRING,
			    string_end(p + 2, end, plain));
		break;
	case 'u':
		if (next == '&' && third == '\'')
			return take(l, t, TOKEN_STRING,
			    string_end(p + 3, end, DOUBLED));
		if (next == '&' && third == '"')
			return take(l, t, TOKEN_UNICODE,
			    segment_end(p + 3, end, '"', DOUBLED));
		break;
	}
	return take(l, t, TOKEN_WORD, word_end(p, end));
}

static enum token_type
take_number(struct lexer *l, struct token *t)
{
	const char *p = run_end(l->at, l->end, DIGIT), *exponent;

	/* 1..10 is a range, not 1. and .10 */
	if (peek(p, l->end, 0) == '.' && peek(p, l->end, 1) != '.')
		p = run_end(p + 1, l->end, DIGIT);
	if ((peek(p, l->end, 0) | 0x20) == 'e') {
		exponent = p + 1;
		if (peek(p, l->end, 1) == '+' || peek(p, l->end, 1) == '-')
			exponent++;
		if (exponent < l->end && is(*exponent, DIGIT))
			p = run_end(exponent, l->end, DIGIT);
	}
	return take(l, t, TOKEN_NUMBER, p);
}

/*
 * An operator ends where a comment begins. One of several characters may end
 * in + or - only if it has one that standard SQL has no use for. Where such
 * an end is cut off, each sign in it is an operator.
 */
static enum token_type
take_operator(struct lexer *l, struct token *t)
{
	const char *p = l->at;
	bool special = false;
	size_t cut;

	if (p < l->signs)
		return take(l, t, TOKEN_OPERATOR, p + 1);
	for (; p < l->end && is(*p, OPCHAR); p++) {
		if ((*p == '/' && peek(p, l->end, 1) == '*') ||
		    (*p == '-' && peek(p, l->end, 1) == '-'))
			break;
		special |= strchr("~!@#^&|`?%", *p) != NULL;
	}
	l->signs = p;
	while (!special && p - l->at > 1 && (p[-1] == '+' || p[-1] == '-'))
		p--;
	cut = (size_t)(l->signs - p);
	l->waste += cut * cut / 2;
	return take(l, t, TOKEN_OPERATOR, p);
}

static enum token_type
take_punct(struct lexer *l, struct token *t)
{
	char next = peek(l->at, l->end, 1);
	int n = 1;

	if (*l->at == '.' && next == '.')
		n = 2;
	if (*l->at == ':' && (next == ':' || next == '='))
		n = 2;
	return take(l, t, TOKEN_PUNCT, l->at + n);
}

static enum token_type
take_dollar(struct lexer *l, struct token *t)
{
	const char *p;

	if (is(peek(l->at, l->end, 1), DIGIT))
		return take(l, t, TOKEN_PARAM,
		    run_end(l->at + 1, l->end, DIGIT));
	p = dollar_end(l->at, l->end);
	if (p == l->at)
		return take_punct(l, t);
	return take(l, t, TOKEN_STRING, p);
}

enum token_type
lexer_next(struct lexer *l, struct token *t)
{
	const char *p;
	unsigned k;

	if (!skip_blanks(l)) {
		l->at = l->end;
		*t = (struct token){ TOKEN_BROKEN, { l->end, 0 } };
		return TOKEN_BROKEN;
	}
	p = l->at;
	if (p == l->end) {
		*t = (struct token){ TOKEN_END, { p, 0 } };
		return TOKEN_END;
	}
	k = kind[(unsigned char)*p];
	if (k == START)
		return take_word(l, t);
	if (k == DIGIT || (*p == '.' && is(peek(p, l->end, 1), DIGIT)))
		return take_number(l, t);
	if (k == OPCHAR)
		return take_operator(l, t);
	if (*p == '\'')
		return take(l, t, TOKEN_STRING, string_end(p + 1, l->end,
		    l->backslashes ? BACKSLASHED : DOUBLED));
	if (*p == '"')
		return take(l, t, TOKEN_QUOTED,
		    segment_end(p + 1, l->end, '"', DOUBLED));
	if (*p == '$')
		return take_dollar(l, t);
	return take_punct(l, t);
}

size_t
lexer_waste(struct str text)
{
	struct lexer l = lexer_on(text, false);
	struct token t;

	while (lexer_next(&l, &t) != TOKEN_END)
		;
	return l.waste;
}

/* ---- words and names --------------------------------------------------- */

bool
token_is_word(const struct token *t, const char *lower)
{
	return t->type == TOKEN_WORD && str_is_nocase(t->text, lower);
}

static char
fold(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
}

/* The bytes of the character of UTF-8 that c begins; 1 if it cannot. */
static size_t
char_size(char c)
{
	unsigned char u = (unsigned char)c;

	if ((u & 0xe0) == 0xc0)
		return 2;
	if ((u & 0xf0) == 0xe0)
		return 3;
	return (u & 0xf8) == 0xf0 ? 4 : 1;
}

bool
token_name(const struct token *t, char name[SQL_NAME_MAX])
{
	const char *p = t->text.p, *end = p + t->text.n;
	bool quoted = t->type == TOKEN_QUOTED;
	size_t n = 0, cut = 0;

	if (t->type != TOKEN_WORD && !quoted)
		return false;
	if (quoted) {
		p++;
		end--;
	}
	for (; p < end && n < SQL_NAME_MAX; p++) {
		name[n++] = quoted ? *p : fold(*p);
		if (quoted && *p == '"')
			p++;
	}
	if (n == 0)
		return false;
	if (n == SQL_NAME_MAX) {
		while (cut + char_size(name[cut]) < SQL_NAME_MAX)
			cut += char_size(name[cut]);
		n = cut;
	}
	name[n] = '\0';
	return true;
}

bool
lexer_encoding_is_safe(struct str encoding)
{
	/* Beginnings; PostgreSQL ignores case and all that is no letter or
	 * digit. */
	static const char *const safe[] = { "utf8", "unicode", "sqlascii",
		"latin", "iso8859", "win125", "windows125", "win866",
		"windows866", "win874", "windows874", "koi8", "euc", "mule",
		"abc", "alt", "tcvn", "vscii" };
	char name[32];
	size_t i, n = 0;

	for (i = 0; i < encoding.n && n < sizeof name - 1; i++)
		if (is(encoding.p[i], TAGCHAR) && encoding.p[i] != '_')
			name[n++] = fold(encoding.p[i]);
	name[n] = '\0';
	for (i = 0; i < countof(safe); i++)
		if (strncmp(name, safe[i], strlen(safe[i])) == 0)
			return true;
	return strcmp(name, "win") == 0;
}
