/*
 * verdicts.h - the classes of texts that have been seen, in fixed memory.
 */
#ifndef SQL_VERDICTS_H
#define SQL_VERDICTS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/mono.h"
#include "base/str.h"
#include "sql/classify.h"
#include "sql/fingerprint.h"

/* New text that the grammar is run on, a second; the usual setting. */
#define VERDICTS_BYTES_PER_SECOND 1000000u

struct verdicts;

struct verdicts *verdicts_create(uint32_t entries, uint32_t bytes_per_second);
	/* Room for so many classes, rounded up to a power of two of at least
	 * 64; about 40 bytes each, taken now. */

void verdicts_destroy(struct verdicts *);
	/* NULL is fine. */

enum verdict {
	VERDICT_KNOWN,          /* from the cache */
	VERDICT_NEW,            /* the grammar was run */
	VERDICT_BUSY,           /* too much new text: not looked at */
	VERDICT_NONE,           /* too long, or a broken quote or comment */
};

enum verdict verdicts_ask(struct verdicts *, const struct fingerprint *,
    struct str text, uint64_t context, struct mono now, struct sql_class *);
	/* The class of text, whose fingerprint this is. For BUSY and NONE
	 * *class says SQL_TOO_LONG, that is, nothing: treat the text as one
	 * that may do anything. Context keeps apart texts that mean something
	 * else elsewhere (database, catalog, search_path: hash them); 0 will
	 * do for what the text says by itself.
	 *
	 * A class that is not SQL_PARSED is NEW each time: a literal that
	 * PostgreSQL finds fault with must not speak for others. The budget
	 * is a bucket that holds one second's worth; text that has been seen
	 * is free, however long. Not for texts that are read with
	 * backslashes or in an encoding that is not safe: do not ask.
	 *
	 * The class is about the shape. Where fingerprint->verbs has one of
	 * CLASSIFY_BY_TEXT, names are wanted, and a look at the cache makes
	 * no sense: parse_text() or prepared_read(), which has no budget
	 * since such texts are short or scanned. */

void verdicts_learn(struct verdicts *, const struct fingerprint *,
    uint64_t context, const struct sql_class *);
	/* Put a class there that is known better, such as one without
	 * SQL_READ after a replica has refused the text. */

struct verdicts_counts {
	uint64_t known, new, busy, none;
	uint64_t parsed_bytes, evicted;
	uint32_t entries, used;
};

struct verdicts_counts verdicts_counts(const struct verdicts *);

#endif
