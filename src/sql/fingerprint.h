/*
 * fingerprint.h - what one pass over SQL text can tell: a hash of its shape,
 * and how its statements begin.
 */
#ifndef SQL_FINGERPRINT_H
#define SQL_FINGERPRINT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"
#include "sql/token.h"

enum verb {
	VERB_NONE,              /* there is no statement */
#define VERB(id, word, literals) VERB_##id,
#include "sql/verbs.def"
#undef VERB
	VERB_OTHER,             /* a word without an entry, or no word */
};

/* A set of verbs. */
#define VERB_BIT(id) (UINT64_C(1) << VERB_##id)

struct fingerprint {
	uint64_t hash;
	uint64_t verbs;         /* VERB_BITs of all statements */
	uint32_t statements;    /* that are not empty, see below */
	enum verb first;
	unsigned hints;         /* HINT_*; of all comments */
	bool broken;            /* a quote or comment has no end */
};

struct fingerprint fingerprint_of(struct str text, bool backslashes,
    uint64_t seed);
	/* One pass, linear, without recursion or allocation, for text of any
	 * length and content. Backslashes says that
	 * standard_conforming_strings is off; for encodings that are not
	 * safe (token.h) the answer is worth nothing.
	 *
	 * Texts have the same hash if they differ only in white space,
	 * comments, the case of bare words, a last semicolon, and, in
	 * statements that a verb marked LEFT_OUT begins, in
	 *   - literals, with a sign or not; also NULL, TRUE, FALSE and DEFAULT
	 *     as members of a list; the numbers of parameters;
	 *   - the length of lists of literals, of parameters, or of rows or
	 *     members that are alike: IN (1, 2, 3), VALUES (1, now()), (2,
	 *     now()), ($1::int, $2::int).
	 * Such texts do the same kind of thing: they name the same functions,
	 * operators and relations in the same clauses. Different texts have
	 * different hashes but by chance, 2^-64 for who does not know the
	 * seed.
	 *
	 * A semicolon outside of parentheses parts statements. The body of a
	 * CREATE FUNCTION ... BEGIN ATOMIC has such ones inside, so there
	 * may be fewer statements than are counted, never more; verbs of
	 * what is inside are in the set then. Only the grammar knows. */

enum verb fingerprint_verb(struct str text, bool backslashes);
	/* The verb of the only statement in text, if that can be told from
	 * its beginning because no semicolon stands before its end; a tenth
	 * of the cost. VERB_NONE: it cannot, ask fingerprint_of(). */

const char *verb_name(enum verb);
	/* In lower case; "" and "other" for the two that have no word. */

#endif
