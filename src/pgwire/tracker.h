/*
 * tracker.h - what one server connection still owes; see tracker.c.
 *
 * Every frame that goes to the server and every frame that comes from it
 * passes here, by its type byte. The pool asks one question: at rest?
 */
#ifndef PGWIRE_TRACKER_H
#define PGWIRE_TRACKER_H

#include <stdbool.h>
#include <stdint.h>

/* Transaction status, as the last ReadyForQuery told it. */
enum tx { TX_IDLE, TX_BLOCK, TX_FAILED };

/* What is to become of a frame. */
enum track {
	TRACK_SHOW, TRACK_HIDE, /* it answers what is shown, or hidden */
	TRACK_BAD               /* out of step: close the connection */
};

/* What the client sees of an answer. */
enum hide {
	HIDE_NOTHING,
	HIDE_ALL,
	HIDE_SUCCESS,           /* of an injected Parse: its error is shown */
	HIDE_FIRST,             /* of a Query: the first CommandComplete */
	HIDE_SECOND,            /* of a Query: the second one */
	HIDE_SEVERAL            /* of a Query: see tracker_several() */
};

enum owed_kind {
	OWED_QUERY, OWED_FUNCTION, OWED_SYNC,   /* end at ReadyForQuery */
	OWED_PARSE, OWED_BIND, OWED_DESCRIBE_STATEMENT,
	OWED_DESCRIBE_PORTAL, OWED_CLOSE, OWED_EXECUTE,
	OWED_COPY_END,          /* a mark: owes no answer of its own */
	OWED_LOCAL              /* the answer is ours to give */
};

enum copying { COPYING_NOTHING, COPYING_IN, COPYING_OUT, COPYING_BOTH };

struct owed {
	uint8_t kind, hide;     /* enum owed_kind, enum hide */
	char answer;            /* of OWED_LOCAL: its type */
	uint8_t several;        /* so many are still to be hidden */
	uint32_t mark;          /* the owner's; 0: none */
};

#define TRACKER_INLINE 8u       /* entries that need no allocation */
struct tracker {
	struct owed *ring;      /* NULL: few */
	uint32_t head, count, cap;
	uint32_t nlocal;        /* entries that are OWED_LOCAL */
	enum tx tx;
	enum copying copying;
	bool skipping;          /* after an error, until a Sync is sent */
	bool batch_open;        /* extended messages without their Sync */
	bool syncs_dropped;     /* the current COPY IN swallowed a Sync */
	bool tainted;           /* how many Z will come is no longer known */
	void (*on_mark)(struct tracker *, uint32_t mark, bool done);
		/* What bore this mark was answered, or never will be: if it
		 * has not failed itself, skipping is set. */
	struct owed few[TRACKER_INLINE];
};

void tracker_init(struct tracker *);
void tracker_fini(struct tracker *);

void tracker_reset(struct tracker *);
	/* Forget everything, also the memory of a long queue. */

enum track tracker_frontend(struct tracker *, char type, char target,
    enum hide);
	/* A frame is about to be sent to the server. target is the first byte
	 * of the body of Describe ('S' or 'P') and matters only there.
	 * TRACK_BAD: no message that a session may send, or the queue is at
	 * its end (see tracker_full); nothing was recorded. */

void tracker_mark(struct tracker *, uint32_t mark);
	/* Put a mark on what was sent just now. on_mark follows, at once if
	 * the server will skip it. A Query is done, for its mark, when its
	 * first command is. */

void tracker_several(struct tracker *, uint8_t n);
	/* Of the Query sent just now, with HIDE_SEVERAL, the first n
	 * completions are hidden. It is done, for its mark, at its end. */

bool tracker_local(struct tracker *, char answer, uint32_t mark);
	/* Something is not sent, since we know the answer: it is due when all
	 * before it was answered, and not if an error makes the server skip
	 * what comes before the next Sync. False: the queue is at its end. */

void tracker_abandon(struct tracker *);
	/* Nothing will be answered any more: on_mark, the last first. */

void tracker_hide_end(struct tracker *);
	/* After an error that left but the end of a Query, or Sync: hide it. */

char tracker_next_local(struct tracker *);
/* The type of the answer that we have to give now; 0: none. To be asked until
 * then, after each call of the others. */
static inline char
tracker_take_local(struct tracker *t)
{
	return t->nlocal == 0 ? 0 : tracker_next_local(t);
}

enum track tracker_backend(struct tracker *, char type, char status);
	/* A frame came from the server after its login. status is the body
	 * of ReadyForQuery and matters only there. */

bool tracker_describes(const struct tracker *);
	/* Is a description of columns that bears a mark owed next? */

bool tracker_full(const struct tracker *);
	/* So much is owed that the client should not be read for now. There
	 * is room for what one read may still bring. */

/* Is some answer, or part of one, still to come? */
static inline bool
tracker_owes(const struct tracker *t)
{
	return t->count != 0;
}

/* May another client have this connection? Not while a transaction, a batch,
 * a COPY or an answer is open, nor when the count of answers is uncertain. */
static inline bool
tracker_at_rest(const struct tracker *t)
{
	return t->tx == TX_IDLE && t->count == 0 && !t->skipping &&
	    !t->batch_open && t->copying == COPYING_NOTHING && !t->tainted;
}

/* It would be at rest, but must be closed instead of being reused. */
static inline bool
tracker_is_spent(const struct tracker *t)
{
	return t->tainted && t->tx == TX_IDLE && t->count == 0 &&
	    !t->skipping && !t->batch_open && t->copying == COPYING_NOTHING;
}

/* Does the server read CopyData now? */
static inline bool
tracker_copy_in(const struct tracker *t)
{
	return t->copying == COPYING_IN || t->copying == COPYING_BOTH;
}

#endif
