/*
 * tree.h - what the grammar has found in a text: statements, and what they
 * name. Values only; parse.c fills them in.
 */
#ifndef SQL_TREE_H
#define SQL_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

#define TREE_STATEMENTS_MAX 64
#define TREE_REFS_MAX 4096

/* What a statement is, by its node in the tree. */
#define SQL_KINDS(X)                                                    \
	X(OTHER, "other")       /* also VACUUM, ALTER SYSTEM, new ones */ \
	X(SELECT, "select")     /* also VALUES and TABLE */             \
	X(CHANGE, "change")     /* INSERT, UPDATE, DELETE, MERGE */     \
	X(BEGIN, "begin") X(COMMIT, "commit") X(ROLLBACK, "rollback")   \
	X(SAVEPOINT, "savepoint") X(RELEASE, "release")                 \
	X(ROLLBACK_TO, "rollback to")                                   \
	X(PREPARE_TRANSACTION, "prepare transaction")                   \
	X(COMMIT_PREPARED, "commit prepared")                           \
	X(ROLLBACK_PREPARED, "rollback prepared")                       \
	X(SET, "set")                                                   \
	X(SET_TRANSACTION, "set transaction") /* also its SNAPSHOT */   \
	X(SET_CHARACTERISTICS, "set session characteristics")           \
	X(RESET, "reset") X(RESET_ALL, "reset all") X(SHOW, "show")     \
	X(PREPARE, "prepare") X(EXECUTE, "execute")                     \
	X(DEALLOCATE, "deallocate")                                     \
	X(DEALLOCATE_ALL, "deallocate all")                             \
	X(DISCARD_ALL, "discard all") X(DISCARD_PLANS, "discard plans") \
	X(DISCARD_SEQUENCES, "discard sequences")                       \
	X(DISCARD_TEMP, "discard temp")                                 \
	X(DECLARE, "declare") X(FETCH, "fetch") /* also MOVE */         \
	X(CLOSE, "close") X(CLOSE_ALL, "close all")                     \
	X(LISTEN, "listen") X(UNLISTEN, "unlisten")                     \
	X(UNLISTEN_ALL, "unlisten all") X(NOTIFY, "notify")             \
	X(COPY_TO, "copy to") X(COPY_FROM, "copy from")                 \
	X(LOCK, "lock") X(EXPLAIN, "explain") X(CALL, "call")           \
	X(DO, "do") X(LOAD, "load")                                     \
	X(CREATE, "create")     /* of a table, view or sequence */      \
	X(DDL, "ddl")

enum sql_kind {
#define X(id, name) SQL_##id,
	SQL_KINDS(X)
#undef X
	SQL_NKINDS
};

/* What is true of a statement, as bits of struct sql_statement.facts. */
#define SQL_LOCKS 0x1u          /* FOR UPDATE and its kin, at any depth */
#define SQL_INTO 0x2u           /* SELECT INTO */
#define SQL_CHANGES 0x4u        /* INSERT, UPDATE, ... at any depth */
#define SQL_TEMP 0x8u           /* makes something temporary */
#define SQL_ODD 0x10u           /* part of it is unknown to us */
#define SQL_READ_ONLY 0x20u     /* BEGIN, SET TRANSACTION, ... */
#define SQL_READ_WRITE 0x40u
#define SQL_DEFERRABLE 0x80u
#define SQL_NOT_DEFERRABLE 0x100u
#define SQL_CHAIN 0x200u        /* COMMIT AND CHAIN */
#define SQL_LOCAL 0x400u        /* SET LOCAL */
#define SQL_DEFAULT 0x800u      /* SET x TO DEFAULT; no value */
#define SQL_VALUE 0x1000u       /* SET: .value holds it */
#define SQL_HOLD 0x2000u        /* DECLARE ... WITH HOLD */
#define SQL_ANALYZE 0x4000u     /* EXPLAIN that executes */
#define SQL_FILE 0x8000u        /* COPY with a file or program */
/* From here on by classify.h, which knows names of functions. */
#define SQL_READ 0x10000u       /* reads only, as far as its form tells */
#define SQL_CALLS 0x20000u      /* names functions */
#define SQL_BOUND 0x40000u      /* one that is tied to server or session */
#define SQL_SET_CONFIG 0x80000u
#define SQL_ADVISORY_LOCK 0x100000u     /* one that outlives transactions */
#define SQL_ADVISORY_UNLOCK 0x200000u
#define SQL_SEQUENCE 0x400000u  /* nextval, currval, lastval, setval */
#define SQL_ACTS 0x800000u      /* a bound one that does more than tell */

enum sql_isolation {
	SQL_ISOLATION_DEFAULT,  /* not said */
	SQL_READ_UNCOMMITTED,
	SQL_READ_COMMITTED,
	SQL_REPEATABLE_READ,
	SQL_SERIALIZABLE,
};

/* What a query names, each once or a few times. Names are folded. */
enum sql_ref_kind {
	REF_FUNCTION,           /* also CURRENT_DATE and the like */
	REF_OPERATOR,
	REF_RELATION,           /* in FROM, or what is changed */
	REF_CTE,                /* the name of a WITH query */
	REF_TYPE,               /* of a cast */
	REF_FIELD,              /* x.name: a column, or a call of name(x) */
};

struct sql_ref {
	enum sql_ref_kind kind;
	struct str schema;      /* n is 0: by search_path */
	struct str name;
};

struct sql_statement {
	enum sql_kind kind;
	enum sql_kind inner;    /* of what EXPLAIN, PREPARE, DECLARE, COPY (),
	                         * CREATE TABLE AS have inside; else kind */
	uint32_t facts;
	enum sql_isolation isolation;
	struct str text;        /* in the caller's text; blanks before it */
	struct str name;        /* of the setting, statement (also of the
	                         * EXECUTE inside), cursor, savepoint,
	                         * channel; folded and cut; or n is 0 */
	struct str value;       /* SQL_VALUE: what set_config() would take */
	const struct sql_ref *refs;
	size_t nrefs;
};

struct sql_tree;

void sql_tree_destroy(struct sql_tree *);
	/* NULL is fine. */

size_t sql_tree_count(const struct sql_tree *);
	/* Statements; empty ones are none. */

struct sql_statement sql_tree_at(const struct sql_tree *, size_t i);
	/* Its strs and refs live as long as the tree, and the text. */

const char *sql_kind_name(enum sql_kind);

/*
 * For parse.c. Strings are copied into the tree; NULL is an empty one.
 */
struct sql_tree *tree_create(void);
struct sql_statement *tree_add(struct sql_tree *, struct str text);
	/* One more statement, the current one from now on; NULL if there are
	 * TREE_STATEMENTS_MAX. */
struct str tree_keep(struct sql_tree *, const char *);
void tree_add_ref(struct sql_tree *, enum sql_ref_kind, const char *schema,
    const char *name);
	/* To the current statement; beyond TREE_REFS_MAX it is SQL_ODD. */

#endif
