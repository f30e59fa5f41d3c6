/*
 * prepared_state.h - what prepared*.c, effects.c and heal.c have in common:
 * the state of one server's prepared statements.
 */
#ifndef POOL_PREPARED_STATE_H
#define POOL_PREPARED_STATE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"
#include "pgwire/tracker.h"
#include "pool/effects.h"
#include "pool/plans.h"
#include "pool/shape.h"

struct link;
struct name;
struct outgoing;
struct server;
struct statement;

/* Running an execution again, unseen; see heal.c. */
enum healing {
	HEALING_NOT,
	HEALING_END,            /* the rest of the failed batch is skipped */
	HEALING_PROBE,          /* what does it look like now? */
	HEALING_REPLAY          /* the batch runs again */
};

/* Is all that was prepared before being taken away? */
enum clearing {
	CLEARING_NOT,
	CLEARING,               /* perhaps, when all owed was answered */
	CLEARING_AWAITED        /* and what follows waits for that */
};

struct prepared {
	struct plans plans;
	uint64_t batch;         /* counts Syncs and Queries */
	struct effect *effects; /* by mark - 1 */
	uint32_t n, used;
	uint32_t evicting;      /* of them, that are EFFECT_EVICT ... */
	uint64_t evicting_since;        /* ... the first of this batch */
	enum clearing clearing;
	char *clash;            /* the name of the one that failed last */
	bool refused;           /* or it was meant to, see EFFECT_REFUSE */
	struct statement *failed;       /* in whose use that was ... */
	uint32_t failed_at;     /* ... and where in the batch */
	struct shape failed_told;
	bool erring;            /* these are known for this error */
	const unsigned char *base;      /* of the batch that is being read */
	bool uses;              /* it has a USE */
	bool alone;             /* nothing was owed when it began */
	struct text kept;       /* the batch, if it can be run again */
	enum healing healing;
	struct text error;      /* that its client does not know yet */
	struct text bound;      /* the last Bind's portal and name, ended by
				 * zeros; empty: none that matters */
	char *described;        /* a name whose Describe was answered ... */
	const struct statement *described_as;   /* ... what it was then */
	struct shape shape;     /* so much of which has come */
	struct statement *checked;      /* whose description comes now ... */
	struct shape check;     /* ... and should have this shape */
	bool misled;            /* it has not: its client must not read it */
};

struct prepared *prepared_of(struct server *);
	/* Made if there is none yet. */

uint32_t prepared_note_use(struct prepared *, const struct name *,
    const unsigned char *frame, const char *text);
	/* An effect, too, of a message that uses what a name stands for, made
	 * of this frame of the client's. Text: the name itself, if the client
	 * is told what that looks like; or NULL. */

void prepared_forget_error(struct prepared *);

void prepared_say_misled(struct text *);
	/* Append the error of who would misread results. */

bool prepared_track(struct server *, char type, char target, enum hide,
    uint32_t mark);
	/* Tell the tracker of a frame of ours. */

const char *prepared_name_there(const struct statement *, char *buf);
	/* By what name servers know it; STATEMENT_NAME_ROOM bytes at buf. */

void prepared_make_named(struct outgoing *, char type, char target,
    const struct statement *, const void *rest, size_t n);
	/* A message about a statement, by our name. */

void prepared_make_parse(struct outgoing *, const struct statement *);
	/* Likewise; of one that a Parse cannot prepare, something else. */

void prepared_have_plan(struct server *, struct statement *,
    struct outgoing *);
	/* See to it that the server has it, in a batch of the extended
	 * protocol. */

struct plan *prepared_add_plan(struct server *, struct statement *,
    struct outgoing *);
	/* Make room for one that the server is about to learn. */

void prepared_touch(struct prepared *, const struct statement *);
	/* It is used in this batch. It must be there. */

enum prepared_known { SERVER_HAS, SERVER_LACKS, SERVER_IS_UNSURE };

enum prepared_known prepared_ask(struct server *, const struct statement *);
	/* Has the server a plan of it that can be used? */

bool prepared_is_unsure(const struct prepared *, const struct plan *);
	/* Was it prepared in a batch before this one, and is not answered
	 * yet? NULL is sure. */

bool prepared_is_replayed(const struct link *);
	/* Then a batch goes as a whole, and waits for nothing. */

bool prepared_waits_for(struct link *, const char *name);
	/* Is what this name stands for still uncertain, or whether there is
	 * one? */

struct name *prepared_new_name(struct link *, const char *,
    struct statement *);
	/* Takes over the reference; it is pending. */

void prepared_clash(struct server *, const char *name, struct statement *,
    struct outgoing *);
	/* The name is in use: the server is to say so, in its own time. */

void prepared_unnamed(struct link *);
void prepared_query(struct link *);
	/* An unnamed Parse, or a Query, is sent as it is. */

#endif
