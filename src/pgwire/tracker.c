/*
 * tracker.c - what a server connection owes, and to whom its answers go.
 *
 * Each message that gets an answer leaves an entry in a queue; the answers
 * come in the same order, so the entry at the head says what may come next
 * and whether the client sees it. Nothing else hides an answer. What does
 * not fit the head means that the stream is out of step, and a connection
 * that is out of step would show one client the rows of another: TRACK_BAD.
 *
 * Three rules of the server (PostgreSQL 15, "Message Flow") shape the rest:
 *
 *   - After an error in an extended message it discards everything, simple
 *     queries included, up to the next Sync. If that Sync was sent already,
 *     the queue is cut up to it; if not, `skipping` says that what is sent
 *     now will get no answer.
 *   - While it reads COPY data it ignores Sync and Flush. Data may be sent
 *     before the server said that it wants it, so the Sync that follows it
 *     must be told from one that came before: CopyDone and CopyFail leave a
 *     mark in the queue.
 *   - An error during COPY IN leaves it open whether the server had read the
 *     Syncs that were sent before the end of the data; if it had not, it
 *     answers them after all. Then the connection is tainted.
 *
 * This file knows neither sockets nor clients, and looks into no body: the
 * two bytes it needs are given to it.
 */
#include "pgwire/tracker.h"

#include <string.h>

#include "base/mem.h"
#include "base/must.h"
#include "pgwire/messages.h"

#define OWED_MAX 65536u         /* entries, ever */
#define OWED_FULL 49152u        /* stop reading; the rest is for one read */
#define OWED_KEEP 1024u         /* a longer queue is freed once empty */

static struct owed *
slots(struct tracker *t)
{
	return t->ring != NULL ? t->ring : t->few;
}

/* The i-th entry from the head. */
static struct owed *
entry(struct tracker *t, uint32_t i)
{
	must(i < t->count);
	return &slots(t)[(t->head + i) & (t->cap - 1)];
}

void
tracker_init(struct tracker *t)
{
	*t = (struct tracker){ .cap = TRACKER_INLINE };
}

void
tracker_fini(struct tracker *t)
{
	mem_free(t->ring);
	t->ring = NULL;
}

void
tracker_reset(struct tracker *t)
{
	tracker_fini(t);
	tracker_init(t);
}

bool
tracker_describes(const struct tracker *t)
{
	const struct owed *slots = t->ring != NULL ? t->ring : t->few;
	const struct owed *head = &slots[t->head & (t->cap - 1)];

	return t->count > 0 && head->kind == OWED_DESCRIBE_PORTAL &&
	    head->mark != 0;
}

bool
tracker_full(const struct tracker *t)
{
	return t->count >= OWED_FULL;
}

static void
grow(struct tracker *t)
{
	struct owed *wider = mem_alloc(2 * t->cap * sizeof *wider);
	uint32_t i;

	for (i = 0; i < t->count; i++)
		wider[i] = *entry(t, i);
	mem_free(t->ring);
	t->ring = wider;
	t->head = 0;
	t->cap *= 2;
}

static enum track
push(struct tracker *t, enum owed_kind kind, enum hide hide)
{
	if (t->count >= OWED_MAX)
		return TRACK_BAD;
	if (t->count == t->cap)
		grow(t);
	t->count++;
	*entry(t, t->count - 1) = (struct owed){ .kind = (uint8_t)kind,
		.hide = (uint8_t)hide };
	return hide == HIDE_NOTHING ? TRACK_SHOW : TRACK_HIDE;
}

/* Take the head away; done: it was answered. */
static void
pop_one(struct tracker *t, bool done)
{
	uint32_t mark = entry(t, 0)->mark;

	t->nlocal -= entry(t, 0)->kind == OWED_LOCAL;
	t->head = (t->head + 1) & (t->cap - 1);
	t->count--;
	if (t->count == 0 && t->cap > OWED_KEEP) {
		mem_free(t->ring);
		t->ring = NULL;
		t->head = 0;
		t->cap = TRACKER_INLINE;
	}
	if (mark != 0)
		t->on_mark(t, mark, done);
}

/* The head was answered: the next one that owes an answer comes up. */
static void
pop(struct tracker *t)
{
	pop_one(t, true);
	while (t->count > 0 && entry(t, 0)->kind == OWED_COPY_END)
		pop_one(t, true);
}

/* Remove the n entries behind the head. */
static void
remove_behind_head(struct tracker *t, uint32_t n)
{
	*entry(t, n) = *entry(t, 0);
	t->head = (t->head + n) & (t->cap - 1);
	t->count -= n;
}

/* Is kind one of those that ReadyForQuery ends? */
static bool
ends_at_ready(uint8_t kind)
{
	return kind == OWED_QUERY || kind == OWED_FUNCTION ||
	    kind == OWED_SYNC;
}

/*
 * What the client sends.
 */

/* A Sync: the end of a batch, and of what an error made the server skip. */
static enum track
send_sync(struct tracker *t, enum hide hide)
{
	enum track result;

	/* Nothing behind the COPY, so its data has not ended yet. */
	if (t->copying == COPYING_IN && t->count == 1) {
		t->syncs_dropped = true;
		return TRACK_SHOW;
	}
	result = push(t, OWED_SYNC, hide);
	if (result != TRACK_BAD) {
		t->skipping = false;
		t->batch_open = false;
	}
	return result;
}

static enum track
send_cycle(struct tracker *t, enum owed_kind kind, enum hide hide)
{
	enum track result;

	if (t->skipping)
		return TRACK_SHOW;
	result = push(t, kind, hide);
	if (result != TRACK_BAD)
		t->batch_open = false;
	return result;
}

static enum track
send_extended(struct tracker *t, enum owed_kind kind, enum hide hide)
{
	enum track result;

	if (t->skipping)
		return TRACK_SHOW;
	result = push(t, kind, hide);
	if (result != TRACK_BAD)
		t->batch_open = true;
	return result;
}

/* CopyDone, CopyFail. Too late ones mean nothing, and the server ignores
 * them; too early ones belong to a COPY that is still owed. */
static enum track
send_copy_end(struct tracker *t)
{
	must(!t->skipping || t->count == 0);
	if (t->count == 0)
		return TRACK_SHOW;
	return push(t, OWED_COPY_END, HIDE_NOTHING);
}

enum track
tracker_frontend(struct tracker *t, char type, char target, enum hide hide)
{
	switch (type) {
	case FE_QUERY:
		return send_cycle(t, OWED_QUERY, hide);
	case FE_FUNCTION_CALL:
		return send_cycle(t, OWED_FUNCTION, hide);
	case FE_SYNC:
		return send_sync(t, hide);
	case FE_PARSE:
		return send_extended(t, OWED_PARSE, hide);
	case FE_BIND:
		return send_extended(t, OWED_BIND, hide);
	case FE_DESCRIBE:
		return send_extended(t, target == 'S' ?
		    OWED_DESCRIBE_STATEMENT : OWED_DESCRIBE_PORTAL, hide);
	case FE_EXECUTE:
		return send_extended(t, OWED_EXECUTE, hide);
	case FE_CLOSE:
		return send_extended(t, OWED_CLOSE, hide);
	case FE_COPY_DONE:
	case FE_COPY_FAIL:
		return send_copy_end(t);
	case FE_COPY_DATA:
	case FE_FLUSH:
	case FE_TERMINATE:
		return TRACK_SHOW;
	}
	return TRACK_BAD;
}

/*
 * What its owner knows more of it.
 */

void
tracker_mark(struct tracker *t, uint32_t mark)
{
	if (t->skipping)
		t->on_mark(t, mark, false);
	else
		entry(t, t->count - 1)->mark = mark;
}

void
tracker_several(struct tracker *t, uint8_t n)
{
	if (!t->skipping)
		entry(t, t->count - 1)->several = n;
}

bool
tracker_local(struct tracker *t, char answer, uint32_t mark)
{
	if (!t->skipping) {
		if (send_extended(t, OWED_LOCAL, HIDE_NOTHING) == TRACK_BAD)
			return false;
		entry(t, t->count - 1)->answer = answer;
		t->nlocal++;
	}
	if (mark != 0)
		tracker_mark(t, mark);
	return true;
}

void
tracker_abandon(struct tracker *t)
{
	uint32_t mark;

	t->skipping = true;
	while (t->count > 0) {
		mark = entry(t, t->count - 1)->mark;
		t->nlocal -= entry(t, t->count - 1)->kind == OWED_LOCAL;
		t->count--;
		if (mark != 0)
			t->on_mark(t, mark, false);
	}
}

void
tracker_hide_end(struct tracker *t)
{
	must(t->count == 1 && ends_at_ready(entry(t, 0)->kind));
	entry(t, 0)->hide = HIDE_ALL;
}

char
tracker_next_local(struct tracker *t)
{
	char answer;

	if (t->count == 0 || entry(t, 0)->kind != OWED_LOCAL)
		return 0;
	answer = entry(t, 0)->answer;
	pop(t);
	return answer;
}

/*
 * What the server answers.
 */

/*
 * The server begins to read COPY data: it will not answer the Syncs that
 * were sent before the end of that data. Only the mark of that end may come
 * behind them. Anything else ends the connection if the server reads it as
 * COPY data, and is answered as usual if the COPY had failed before.
 */
static void
drop_syncs(struct tracker *t)
{
	uint32_t n = 0, i;
	bool closed = false;

	while (n + 1 < t->count && entry(t, n + 1)->kind == OWED_SYNC)
		n++;
	if (n == 0)
		return;
	remove_behind_head(t, n);
	t->syncs_dropped = true;

	/* The batch those Syncs seemed to close is still open. */
	for (i = 1; i < t->count && !closed; i++)
		closed = ends_at_ready(entry(t, i)->kind);
	if (entry(t, 0)->kind == OWED_EXECUTE && !closed)
		t->batch_open = true;
}

/* The data was read to its end, so the Syncs before it were ignored for
 * sure, and the mark has done its work. */
static void
end_copy(struct tracker *t)
{
	if (t->copying == COPYING_IN && t->count > 1 &&
	    entry(t, 1)->kind == OWED_COPY_END)
		remove_behind_head(t, 1);
	t->copying = COPYING_NOTHING;
	t->syncs_dropped = false;
}

/* What the mark of the i-th entry stands for is done, or never will be,
 * though the entry stays. */
static void
settle_mark(struct tracker *t, uint32_t i, bool done)
{
	uint32_t mark = entry(t, i)->mark;

	entry(t, i)->mark = 0;
	if (mark != 0)
		t->on_mark(t, mark, done);
}

/* An error in an extended message: nothing up to the next Sync is answered. */
static void
skip_to_sync(struct tracker *t)
{
	uint32_t n = 0, i;

	while (n < t->count && entry(t, n)->kind != OWED_SYNC)
		n++;
	/* Each may rely on those before it. Only the first has failed. */
	t->skipping = true;
	for (i = n; i > 1; i--)
		settle_mark(t, i - 1, false);
	t->skipping = false;
	for (i = 0; i < n; i++)
		pop_one(t, false);
	t->skipping = t->count == 0;
}

static enum track
on_error(struct tracker *t)
{
	enum hide hide;

	if (t->copying == COPYING_IN && t->syncs_dropped)
		t->tainted = true;
	t->copying = COPYING_NOTHING;
	t->syncs_dropped = false;
	if (t->count == 0)
		return TRACK_SHOW;
	hide = entry(t, 0)->hide;
	if (ends_at_ready(entry(t, 0)->kind))
		settle_mark(t, 0, false);
	else
		skip_to_sync(t);
	return hide == HIDE_ALL ? TRACK_HIDE : TRACK_SHOW;
}

static bool
set_tx(struct tracker *t, char status)
{
	switch (status) {
	case 'I':
		t->tx = TX_IDLE;
		return true;
	case 'T':
		t->tx = TX_BLOCK;
		return true;
	case 'E':
		t->tx = TX_FAILED;
		return true;
	}
	return false;
}

static bool
on_ready(struct tracker *t, char status)
{
	if (!ends_at_ready(entry(t, 0)->kind) || !set_tx(t, status) ||
	    t->copying == COPYING_IN || t->copying == COPYING_OUT)
		return false;
	t->copying = COPYING_NOTHING;
	pop(t);
	return true;
}

/* An answer that ends its entry. */
static bool
answers(struct tracker *t, enum owed_kind kind)
{
	if (entry(t, 0)->kind != kind)
		return false;
	pop(t);
	return true;
}

/* A command of a Query is over, or an Execute. */
static bool
on_complete(struct tracker *t)
{
	uint8_t kind = entry(t, 0)->kind;

	if (kind != OWED_QUERY && kind != OWED_EXECUTE)
		return false;
	end_copy(t);
	if (kind == OWED_EXECUTE)
		pop(t);
	else if (entry(t, 0)->hide != HIDE_SEVERAL)
		/* Its end is still to come. */
		settle_mark(t, 0, true);
	return true;
}

static bool
on_copy_begin(struct tracker *t, enum copying what)
{
	uint8_t kind = entry(t, 0)->kind;

	if ((kind != OWED_QUERY && kind != OWED_EXECUTE) ||
	    t->copying != COPYING_NOTHING)
		return false;
	t->copying = what;
	if (what == COPYING_IN)
		drop_syncs(t);
	return true;
}

/* Does the answer fit the entry at the head? Then it has its effect. */
static bool
fits(struct tracker *t, char type, char status)
{
	struct owed *head = entry(t, 0);

	switch (type) {
	case BE_READY_FOR_QUERY:
		return on_ready(t, status);
	case BE_PARSE_COMPLETE:
		return answers(t, OWED_PARSE);
	case BE_BIND_COMPLETE:
		return answers(t, OWED_BIND);
	case BE_CLOSE_COMPLETE:
		return answers(t, OWED_CLOSE);
	case BE_PARAMETERS:
		/* What is left of this answer is that of a portal. */
		if (head->kind != OWED_DESCRIBE_STATEMENT)
			return false;
		head->kind = OWED_DESCRIBE_PORTAL;
		return true;
	case BE_ROW_DESCRIPTION:
		return head->kind == OWED_QUERY ||
		    answers(t, OWED_DESCRIBE_PORTAL);
	case BE_NO_DATA:
		return answers(t, OWED_DESCRIBE_PORTAL);
	case BE_DATA_ROW:
		return head->kind == OWED_QUERY || head->kind == OWED_EXECUTE;
	case BE_COMMAND_COMPLETE:
	case BE_EMPTY_QUERY:
		return on_complete(t);
	case BE_PORTAL_SUSPENDED:
		return t->copying == COPYING_NOTHING &&
		    answers(t, OWED_EXECUTE);
	case BE_COPY_IN:
		return on_copy_begin(t, COPYING_IN);
	case BE_COPY_OUT:
		return on_copy_begin(t, COPYING_OUT);
	case BE_COPY_BOTH:
		return on_copy_begin(t, COPYING_BOTH);
	case BE_COPY_DATA:
	case BE_COPY_DONE:
		return t->copying == COPYING_OUT ||
		    t->copying == COPYING_BOTH;
	case BE_FUNCTION_RESULT:
		return head->kind == OWED_FUNCTION;
	}
	return false;
}

/* ReadyForQuery for nothing. In a tainted stream that is the answer to a
 * Sync of which we did not know whether the server had ignored it. */
static enum track
on_stray_ready(struct tracker *t, char status)
{
	if (!t->tainted || !set_tx(t, status))
		return TRACK_BAD;
	if (t->skipping)
		t->skipping = t->batch_open = false;
	return TRACK_SHOW;
}

/* Is this part of the answer at the head hidden? */
static bool
hides(struct owed *head, char type)
{
	switch ((enum hide)head->hide) {
	case HIDE_NOTHING:
		break;
	case HIDE_ALL:
	case HIDE_SUCCESS:
		return true;
	case HIDE_FIRST:
		if (type != BE_COMMAND_COMPLETE)
			break;
		head->hide = HIDE_NOTHING;
		return true;
	case HIDE_SECOND:
		if (type == BE_COMMAND_COMPLETE)
			head->hide = HIDE_FIRST;
		break;
	case HIDE_SEVERAL:
		if (type != BE_COMMAND_COMPLETE || head->several == 0)
			break;
		head->several--;
		return true;
	}
	return false;
}

enum track
tracker_backend(struct tracker *t, char type, char status)
{
	bool hidden = t->count > 0 && hides(entry(t, 0), type);

	if (type == BE_ERROR)
		return on_error(t);
	if (!(backend_flags(type) & MSG_ASYNC)) {
		if (t->count == 0)
			return type == BE_READY_FOR_QUERY ?
			    on_stray_ready(t, status) : TRACK_BAD;
		if (!fits(t, type, status))
			return TRACK_BAD;
	}
	return hidden ? TRACK_HIDE : TRACK_SHOW;
}
