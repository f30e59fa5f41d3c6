/*
 * classify.h - what a text does to its session, and whether it only reads.
 */
#ifndef SQL_CLASSIFY_H
#define SQL_CLASSIFY_H

#include <stdint.h>

#include "base/str.h"
#include "sql/fingerprint.h"
#include "sql/parse.h"

/*
 * All that the shape of a text tells; texts of the same fingerprint have the
 * same class, so it may be kept (verdicts.h). Names and values are never part
 * of it: they are in the tree of the very text.
 */
struct sql_class {
	enum sql_result result; /* if not SQL_PARSED, nothing else is known */
	enum sql_kind kind;     /* of all statements; SQL_OTHER if they differ
	                         * or there are none */
	enum sql_kind inner;    /* see struct sql_statement; likewise */
	enum sql_isolation isolation;   /* the strictest that one asks for */
	uint32_t facts;         /* SQL_* of all statements together; SQL_READ
	                         * if it holds for each, and there is one */
	uint16_t statements;
};

struct sql_class classify_statement(const struct sql_statement *);
	/* One statement of a tree. */

struct sql_class classify_tree(const struct sql_tree *);
	/* All of them, together. */

struct sql_class classify_text(struct str text);
	/* Parse and classify; see parse_text() for what must hold. */

/*
 * SQL_READ: SELECT, VALUES or TABLE without FOR UPDATE, INTO or changes in
 * WITH; EXPLAIN of one without ANALYZE; COPY of one to the client. What its
 * functions do is another matter. SQL_BOUND is set for names (in any schema,
 * or none) of functions that are known to mean something else on a replica or
 * in another session, though a replica may not refuse them: advisory locks,
 * set_config, current_setting, pg_stat_*, recovery and backup functions,
 * large objects, dblink; SQL_ACTS as well, unless all of these only tell
 * about the server or the session. Everything else of SQL_CALLS must be
 * looked up: the refs of the tree have the names.
 *
 * Where a fingerprint's verbs have none of CLASSIFY_BY_TEXT, the class says
 * all, and may come from the cache; otherwise the names count, and the text
 * itself must be parsed. (For PREPARE, EXECUTE and DEALLOCATE prepared.h is
 * cheaper, and has no limit.)
 * Names count as well where inner is SQL_EXECUTE (EXPLAIN EXECUTE, CREATE
 * TABLE AS EXECUTE), and with SQL_SET_CONFIG.
 */
#define CLASSIFY_BY_TEXT (VERB_BIT(SET) | VERB_BIT(RESET) |             \
	VERB_BIT(SHOW) | VERB_BIT(PREPARE) | VERB_BIT(EXECUTE) |        \
	VERB_BIT(DEALLOCATE) | VERB_BIT(DECLARE) | VERB_BIT(FETCH) |    \
	VERB_BIT(MOVE) | VERB_BIT(CLOSE) | VERB_BIT(LISTEN) |           \
	VERB_BIT(UNLISTEN) | VERB_BIT(NOTIFY) | VERB_BIT(SAVEPOINT) |   \
	VERB_BIT(RELEASE))

/* Verbs of which neither the session nor the state of its transaction cares,
 * but for the functions that they call. */
#define CLASSIFY_QUERIES (VERB_BIT(SELECT) | VERB_BIT(INSERT) |         \
	VERB_BIT(UPDATE) | VERB_BIT(DELETE) | VERB_BIT(WITH) |          \
	VERB_BIT(VALUES) | VERB_BIT(TABLE) | VERB_BIT(MERGE))

#endif
