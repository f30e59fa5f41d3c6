/*
 * prepared.h - the parts of PREPARE, EXECUTE and DEALLOCATE, from the text.
 */
#ifndef SQL_PREPARED_H
#define SQL_PREPARED_H

#include <stdbool.h>

#include "base/str.h"
#include "sql/token.h"

enum prepared_kind {
	PREPARED_NOT,           /* none of these, or several statements */
	PREPARED_UNCLEAR,       /* one of these, but with a name that only the
	                         * server can read (U&""), or broken */
	PREPARED_PREPARE,
	PREPARED_EXECUTE,
	PREPARED_DEALLOCATE,
	PREPARED_DEALLOCATE_ALL,
};

struct prepared_text {
	enum prepared_kind kind;
	char name[SQL_NAME_MAX];        /* folded and cut as the server does */
	struct str types;       /* PREPARE: what is between the parentheses
	                         * behind the name; p is NULL if there are
	                         * none */
	struct str rest;        /* PREPARE: the query; EXECUTE: the arguments
	                         * with their parentheses, or empty. Without
	                         * white space and comments around it, and
	                         * without the semicolon. */
};

struct prepared_text prepared_read(struct str text, bool backslashes);
	/* The one statement in text, which may end in a semicolon. For text
	 * of any length: one pass that stops early for other statements,
	 * no grammar. Backslashes as in fingerprint_of(). The strs point
	 * into text.
	 *
	 * Only the beginning is checked: with what stands behind the name
	 * the server may still find fault. PREPARE TRANSACTION and EXECUTE
	 * inside of CREATE TABLE AS or EXPLAIN are PREPARED_NOT: the facts of
	 * classify.h have those. */

/* The EXECUTEs of a text that has several statements, one by one. */
struct prepared_list {
	struct lexer lexer;
};

struct prepared_place {
	char name[SQL_NAME_MAX];        /* as above */
	struct str at;          /* where it stands in the text */
};

struct prepared_list prepared_list_on(struct str text, bool backslashes);
	/* At the beginning of text, which must stay in place. */

enum prepared_kind prepared_list_next(struct prepared_list *,
    struct prepared_place *);
	/* PREPARED_EXECUTE: there is one. PREPARED_NOT: no more.
	 * PREPARED_UNCLEAR: a PREPARE or DEALLOCATE is among them, a name
	 * that only the server can read, or where a statement ends is not
	 * sure (BEGIN ATOMIC, what is broken). Linear. */

#endif
