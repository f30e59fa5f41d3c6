/*
 * token.h - SQL text, token by token, cut as PostgreSQL's scanner cuts it.
 */
#ifndef SQL_TOKEN_H
#define SQL_TOKEN_H

#include <stdbool.h>

#include "base/str.h"

enum token_type {
	TOKEN_END,
	TOKEN_WORD,             /* a keyword or a bare identifier */
	TOKEN_QUOTED,           /* "name" */
	TOKEN_UNICODE,          /* U&"name" */
	TOKEN_NUMBER,
	TOKEN_STRING,           /* '', E'', B'', X'', N'', U&'', $$ */
	TOKEN_PARAM,            /* $1 */
	TOKEN_OPERATOR,
	TOKEN_PUNCT,            /* ( ) [ ] , ; . .. : :: := or a stray byte */
	TOKEN_BROKEN,           /* a quote or comment without its end */
};

/* What comments of the form pgweir:WORD ask for, as bits. */
#define HINT_PRIMARY 1u
#define HINT_REPLICA 2u

struct token {
	enum token_type type;
	struct str text;        /* as it stands there, quotes included */
};

struct lexer {
	const char *at, *end;
	bool backslashes;       /* standard_conforming_strings is off */
	unsigned hints;         /* of the comments so far */
	const char *signs;      /* up to here only + and - follow */
	const char *run;        /* up to here only operator characters */
	size_t waste;           /* bytes that PostgreSQL's scanner, unlike
	                         * this one, has looked at again and again */
};

struct lexer lexer_on(struct str text, bool backslashes);
	/* At the beginning of text, which must stay in place. Backslashes
	 * says that they escape in '' too, that is,
	 * standard_conforming_strings is off. */

enum token_type lexer_next(struct lexer *, struct token *);
	/* The next token, behind white space and comments, and its type. At
	 * the end, and behind what is broken, always TOKEN_END. Linear, does
	 * not recurse, reads nothing beyond the text, whatever it holds. */

size_t lexer_waste(struct str text);
	/* The waste of the whole text. PostgreSQL's scanner takes seconds for
	 * 64 KB of +-+-+-, or of comments that begin in comments. */

bool token_is_word(const struct token *, const char *lower);
	/* Is it this keyword, whatever the case of its letters? */

/* PostgreSQL cuts names at 63 bytes (NAMEDATALEN). */
#define SQL_NAME_MAX 64

bool token_name(const struct token *, char name[SQL_NAME_MAX]);
	/* The name that a word or a quoted identifier stands for: folded, or
	 * without quotes, and cut between characters of UTF-8. Not for
	 * U&"": false, as for all that is no name. */

bool lexer_encoding_is_safe(struct str client_encoding);
	/* May text in this encoding be read byte by byte? Not in SJIS, BIG5,
	 * GBK, UHC, GB18030, JOHAB and the like, where the second byte of a
	 * character may look like a quote, a backslash or a letter; nor in
	 * one that has an unknown name. */

#endif
