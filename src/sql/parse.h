/*
 * parse.h - SQL text through PostgreSQL's own grammar, as plain values.
 */
#ifndef SQL_PARSE_H
#define SQL_PARSE_H

#include "base/str.h"
#include "sql/tree.h"

#define PARSE_TEXT_MAX 65536u   /* bytes; the grammar never sees more */

enum sql_result {
	SQL_PARSED,
	SQL_UNREADABLE,         /* a syntax error of PostgreSQL 15 */
	SQL_TOO_LONG,           /* more than PARSE_TEXT_MAX, or it would take
	                         * the scanner that long: 64 KB of +-+-+- */
	SQL_TOO_MANY,           /* statements */
};

enum sql_result parse_text(struct str text, struct sql_tree **);
	/* Run the grammar. On SQL_PARSED the tree is the caller's, to be
	 * destroyed, and text must stay in place as long; otherwise it is
	 * NULL. Not for standard_conforming_strings = off, nor for encodings
	 * that are not safe (token.h). Time and memory are linear in the
	 * text, no depth of nesting costs stack: what is nested deeper than
	 * the grammar's limit of 10,000 is unreadable. */

#endif
