/*
 * effects.h - what a message that is under way will have changed; see
 * effects.c.
 */
#ifndef POOL_EFFECTS_H
#define POOL_EFFECTS_H

#include <stdint.h>

#include "pool/shape.h"

struct names;
struct prepared;
struct statement;

enum effect_kind {
	EFFECT_NONE,            /* a free place */
	EFFECT_PLAN,            /* the server has the statement */
	EFFECT_NAME,            /* the client has the name ... */
	EFFECT_BOTH,            /* ... and the server the statement */
	EFFECT_CLOSE,           /* the client has it no more */
	EFFECT_EVICT,           /* the server has it no more */
	EFFECT_USE,             /* none, but it may fail for its age */
	EFFECT_CLASH,           /* none: the name is in use */
	EFFECT_CHECK,           /* none: does it look as was told? */
	EFFECT_LOOK,            /* none: how does it look? */
	EFFECT_REFUSE,          /* none: the client would misread it */
	EFFECT_TELL,            /* none: the client is told how it looks */
	EFFECT_PART             /* one of several that the server has, or may
	                         * have if they failed */
};

struct effect {
	enum effect_kind kind;
	struct statement *statement;
	char *name;             /* the client's, or NULL */
	uint32_t at;            /* USE: of its frame in the batch */
	struct shape told;      /* USE, CHECK, CLOSE: what the client was
	                         * told */
	uint32_t next;          /* PART: the mark of another one; 0: none */
};

uint32_t effect_note(struct prepared *, enum effect_kind, struct statement *,
    const char *name);
	/* Statement and name may be NULL. Returns the mark. */

uint32_t effect_note_close(struct prepared *, struct names *, const char *);
	/* The client has closed this name, which there is. */

void effects_tell(struct prepared *, const char *name,
    const struct statement *, const struct shape *);
	/* Before that was answered it was told how this looks. */

#endif
