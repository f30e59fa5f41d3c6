/*
 * prepared.c - named statements of the extended protocol in transaction
 * pooling.
 *
 * A client's names stand for statements that all clients share (statement.h),
 * and which go by names of ours on the servers. A statement that a server
 * lacks is prepared just before it is used, in the same write, and its answer
 * is hidden; one that it has already is not sent again, and its ParseComplete
 * is given by us when its turn comes. Close never reaches the server, except
 * for what is given up to keep below max_prepared_statements.
 *
 * What a message changes is noted when it is sent, since the next one may
 * rely on it, and taken back if the server never gets to it: each change is
 * an effect, whose number is the mark of what the tracker owes for it. An
 * effect that may still be taken back, from a batch before the current one,
 * is waited for, so that no batch is built on one that failed.
 *
 * Errors are the server's own, so that its transaction is in the state that
 * the client thinks: an unknown name is passed on as it is, and a name that
 * is in use is sent as one that the server has.
 */
#include "pool/prepared.h"

#include <string.h>

#include "base/must.h"
#include "config/config.h"
#include "pgwire/error.h"
#include "pgwire/frame.h"
#include "pgwire/messages.h"
#include "pgwire/tracker.h"
#include "pgwire/writer.h"
#include "pool/names.h"
#include "pool/outgoing.h"
#include "pool/plans.h"
#include "pool/prepared_execute.h"
#include "pool/prepared_state.h"
#include "pool/relay.h"
#include "pool/retry.h"
#include "pool/server.h"
#include "pool/sqlplan.h"
#include "pool/state.h"
#include "pool/statement.h"
#include "sql/fingerprint.h"
#include "sql/prepared.h"

/*
 * The client's frames.
 */

/* A frame that was dealt with as a whole. */
static enum prepared_step
done(const struct frame *f, size_t *bytes)
{
	*bytes = f->len;
	return PREPARED_DONE;
}

uint32_t
prepared_note_use(struct prepared *p, const struct name *name,
    const unsigned char *frame, const char *text)
{
	uint32_t mark = effect_note(p, EFFECT_USE, name->statement, text);

	p->effects[mark - 1].at = (uint32_t)(frame - p->base);
	p->effects[mark - 1].told = name->told;
	p->uses = true;
	return mark;
}

static enum prepared_step
need(size_t n, size_t *bytes)
{
	*bytes = n;
	return PREPARED_MORE;
}

/* The string at p + at; NULL: its end is not within n bytes. */
static const char *
string_at(const unsigned char *p, size_t at, size_t n)
{
	return at < n && memchr(p + at, 0, n - at) != NULL ?
	    (const char *)p + at : NULL;
}

static struct statement *
intern(struct server *s, const char *text, const unsigned char *end)
{
	return statement_acquire(s->pooler->statements, STATEMENT_PARSE,
	    text, (size_t)((const char *)end - text));
}

struct name *
prepared_new_name(struct link *link, const char *text, struct statement *st)
{
	struct server *s = link->server;
	struct name *name;

	if (link->names == NULL)
		link->names = names_create(s->pooler->hash_seed);
	name = names_add(link->names, text, st);
	name->pending = true;
	name->batch = s->prepared->batch;
	return name;
}

void
prepared_clash(struct server *s, const char *text, struct statement *st,
    struct outgoing *out)
{
	if (statement_kind(st) == STATEMENT_EXECUTE)
		sqlplan_stand_in(s, out);
	else
		prepared_have_plan(s, st, out);
	prepared_make_parse(out, st);
	prepared_track(s, FE_PARSE, 0, HIDE_NOTHING,
	    effect_note(s->prepared, EFFECT_CLASH, NULL, text));
}

/* Comments in front of it are not worth a look at each text. */
static bool
may_clear(unsigned char first)
{
	return first == 'D' || first == 'd' || (first <= ' ' && first != '\0');
}

/* Is this something like DEALLOCATE ALL? */
static void
note_clearing(struct prepared *p, const void *text, size_t n)
{
	const uint64_t clear = VERB_BIT(DEALLOCATE) | VERB_BIT(DISCARD) |
	    VERB_BIT(NONE);
	struct str sql = { text, n };

	if (n == 0 || !may_clear(*(const unsigned char *)text))
		return;
	sql.n = strnlen(sql.p, n);
	if ((clear >> fingerprint_verb(sql, false) & 1) != 0 &&
	    prepared_read(sql, false).kind != PREPARED_DEALLOCATE)
		p->clearing = CLEARING;
}

void
prepared_unnamed(struct link *link)
{
	link->unnamed = true;
	names_remove(link->names, "");
}

static enum prepared_step
see_parse(struct link *link, const struct frame *f, const unsigned char *p,
    size_t n, struct outgoing *out, size_t *bytes)
{
	struct server *s = link->server;
	struct prepared *pr = prepared_of(s);
	const char *text = string_at(p, FRAME_HEADER, n);
	struct statement *st;
	struct plan *plan;
	struct name *name;

	if (text != NULL && *text == '\0' &&
	    !s->pooler->config->unnamed_statement_reuse) {
		prepared_unnamed(link);
		note_clearing(pr, text + 1, (size_t)((n < f->len ? n :
		    f->len) - FRAME_HEADER - 1));
		return PREPARED_PASS;
	}
	if (n < f->len)
		return need(f->len, bytes);
	if (text == NULL)
		return PREPARED_BAD;
	/* There is always room for the unnamed one. */
	if (*text == '\0')
		names_remove(link->names, text);
	name = names_find(link->names, text);
	if (prepared_waits_for(link, text))
		return PREPARED_WAIT;
	if (name != NULL) {
		prepared_clash(s, text, name->statement, out);
		return done(f, bytes);
	}
	st = intern(s, text + strlen(text) + 1, p + f->len);
	plan = plans_find(&pr->plans, st);
	if (prepared_is_unsure(pr, plan)) {
		statement_release(st);
		return PREPARED_WAIT;
	}
	prepared_new_name(link, text, st);
	if (plan == NULL) {
		prepared_add_plan(s, st, out);
		prepared_make_parse(out, st);
		prepared_track(s, FE_PARSE, 0, HIDE_NOTHING,
		    effect_note(pr, EFFECT_BOTH, st, text));
	} else {
		prepared_have_plan(s, st, out);
		tracker_local(&s->tracker, BE_PARSE_COMPLETE,
		    effect_note(pr, EFFECT_NAME, st, text));
	}
	return done(f, bytes);
}

/* The client has no unnamed statement on this server: nor may it find that of
 * somebody else. */
static void
have_no_unnamed(struct link *link, struct outgoing *out)
{
	struct server *s = link->server;
	size_t place;

	if (link->unnamed)
		return;
	place = writer_begin(&out->made, FE_CLOSE);
	writer_u8(&out->made, 'S');
	writer_cstring(&out->made, "");
	writer_end(&out->made, place);
	outgoing_made(out);
	prepared_track(s, FE_CLOSE, 'S', HIDE_ALL, 0);
}

/* Ask what a statement looks like, for this client, unseen. */
static void
ask(struct server *s, const struct name *name, const unsigned char *frame,
    enum effect_kind kind, struct outgoing *out)
{
	struct prepared *p = s->prepared;
	uint32_t mark = prepared_note_use(p, name, frame, NULL);

	p->effects[mark - 1].kind = kind;
	prepared_make_named(out, FE_DESCRIBE, 'S', name->statement, NULL, 0);
	prepared_track(s, FE_DESCRIBE, 'S', HIDE_SUCCESS, mark);
}

/* Can it be executed again, if its results are not shown? */
static bool
only_reads(const struct statement *st)
{
	const uint64_t reads = VERB_BIT(SELECT) | VERB_BIT(VALUES) |
	    VERB_BIT(TABLE) | VERB_BIT(SHOW);

	/* Only a Parse has a text that ends in a zero. */
	return statement_kind(st) == STATEMENT_PARSE &&
	    (reads >> fingerprint_verb(str_of(statement_body(st).p), false) &
	    1) != 0;
}

/* Ask, and have the answer before anything else is sent. */
static enum prepared_step
look(struct server *s, const struct name *name, const unsigned char *frame,
    struct outgoing *out)
{
	struct plan *plan = plans_find(&s->prepared->plans, name->statement);

	if (plan->looked != s->prepared->batch) {
		ask(s, name, frame, EFFECT_LOOK, out);
		writer_empty(&out->made, FE_FLUSH);
		outgoing_made(out);
		plan->looked = s->prepared->batch;
	}
	return PREPARED_WAIT;
}

/* A client that was told what a statement looks like, by another server or
 * long ago, may not ask again. Where that may be different now it is found
 * out; see heal.c. */
enum sight {
	SIGHT_CLEAR,
	SIGHT_ASK,              /* in the same write */
	SIGHT_LOOK,             /* before anything is executed */
	SIGHT_REFUSE            /* it would misread what it gets */
};

/* Single: it is all that its batch executes, so an error instead of its rows
 * is not about anything else. */
static enum sight
judge(const struct link *link, const struct name *name, bool single)
{
	struct server *s = link->server;
	struct prepared *p = s->prepared;
	struct plan *plan = plans_find(&p->plans, name->statement);
	enum shape_match match;
	bool looked;

	if (plan == NULL || plan->described == p->batch ||
	    s->tracker.skipping)
		return SIGHT_CLEAR;
	match = shape_match(&plan->shape, &name->told);
	if (match == SHAPE_SAME)
		return SIGHT_CLEAR;
	looked = plan->looked == p->batch && !tracker_owes(&s->tracker);
	if (looked && match == SHAPE_OTHER)
		return SIGHT_REFUSE;
	if (looked || (single && only_reads(name->statement)))
		return SIGHT_ASK;
	/* It was given up for what is run again. */
	if (p->healing != HEALING_NOT)
		return SIGHT_REFUSE;
	return prepared_is_replayed(link) ? SIGHT_ASK : SIGHT_LOOK;
}

/* What is done with the portal of a Bind, as far as it is here? */
enum behind { BEHIND_OTHER, BEHIND_EXECUTE, BEHIND_EXECUTE_AND_SYNC };

static enum behind
look_behind(const struct frame *bind, const unsigned char *p, size_t n)
{
	size_t at = bind->len;
	struct frame f;

	if (n <= at || p[at] != FE_EXECUTE)
		return BEHIND_OTHER;
	return frame_peek(p + at, n - at, UINT32_MAX, &f) == PARSE_OK &&
	    n - at > f.len && p[at + f.len] == FE_SYNC ?
	    BEHIND_EXECUTE_AND_SYNC : BEHIND_EXECUTE;
}

/* The portal that a Describe may be about. */
static void
note_bound(struct prepared *p, const char *portal, const char *name)
{
	text_clear(&p->bound);
	text_add(&p->bound, portal, strlen(portal) + 1);
	text_add(&p->bound, name, strlen(name) + 1);
}

/* The name that this portal was bound from, just before; NULL: unknown. */
static const char *
bound_name(const struct prepared *p, const char *portal)
{
	if (p->bound.n == 0 || strcmp(p->bound.p, portal) != 0)
		return NULL;
	return p->bound.p + strlen(p->bound.p) + 1;
}

/* Have the server know what this name stands for. PASS: that is nothing of
 * ours. */
static enum prepared_step
have(struct link *link, const char *text, struct outgoing *out,
    struct name **name)
{
	struct server *s = link->server;
	struct statement *st;

	if (prepared_waits_for(link, text))
		return PREPARED_WAIT;
	*name = names_find(link->names, text);
	if (*name == NULL && *text == '\0')
		have_no_unnamed(link, out);
	if (*name == NULL)
		return PREPARED_PASS;
	st = (*name)->statement;
	if (statement_kind(st) != STATEMENT_EXECUTE)
		prepared_have_plan(s, st, out);
	else if (prepared_execute_waits(link, st))
		return PREPARED_WAIT;
	else
		prepared_execute_parse(link, st, HIDE_SUCCESS, 0, out);
	return PREPARED_DONE;
}

/* Only the names at its head are looked at; the values pass on. */
static enum prepared_step
see_bind(struct link *link, const struct frame *f, const unsigned char *p,
    size_t n, struct outgoing *out, size_t *bytes)
{
	struct server *s = link->server;
	struct prepared *pr = prepared_of(s);
	size_t here = n < f->len ? n : f->len, at;
	const char *portal = string_at(p, FRAME_HEADER, here), *text = NULL;
	char buf[STATEMENT_NAME_ROOM];
	enum behind behind = look_behind(f, p, n);
	bool single = behind == BEHIND_EXECUTE_AND_SYNC &&
	    !s->tracker.batch_open;
	enum sight sight = SIGHT_CLEAR;
	enum prepared_step step;
	const char *ours;
	struct name *name;
	uint32_t mark;

	if (portal != NULL)
		text = string_at(p, FRAME_HEADER + strlen(portal) + 1, here);
	if (text == NULL)
		return n < f->len ? need(f->len, bytes) : PREPARED_BAD;
	step = have(link, text, out, &name);
	if (step != PREPARED_DONE)
		return step;
	if (behind != BEHIND_OTHER)
		sight = judge(link, name, single);
	if (sight == SIGHT_LOOK)
		return look(s, name, p, out);
	if (sight == SIGHT_ASK)
		ask(s, name, p, EFFECT_CHECK, out);
	note_bound(pr, portal, text);
	at = FRAME_HEADER + strlen(portal) + strlen(text) + 2;
	ours = prepared_name_there(name->statement, buf);
	mark = prepared_note_use(pr, name, p, NULL);
	if (sight == SIGHT_REFUSE) {
		sqlplan_no_stand_in(s, out);
		ours = SQLPLAN_STAND_IN;
		pr->effects[mark - 1].kind = EFFECT_REFUSE;
	}
	writer_u8(&out->made, FE_BIND);
	writer_u32(&out->made, (uint32_t)(f->len - 1 - strlen(text) +
	    strlen(ours)));
	writer_cstring(&out->made, portal);
	writer_cstring(&out->made, ours);
	outgoing_made(out);
	prepared_track(s, FE_BIND, 0, HIDE_NOTHING, mark);
	if (statement_kind(name->statement) == STATEMENT_PARSE)
		note_clearing(pr, statement_body(name->statement).p,
		    statement_body(name->statement).n);
	*bytes = at;
	return PREPARED_DONE;
}

/* What the client is told of a portal, it is told of the statement. It passes
 * on as it is. */
static enum prepared_step
see_describe_portal(struct link *link, const char *portal, size_t *bytes)
{
	struct server *s = link->server;
	struct prepared *pr = s->prepared;
	const char *text = bound_name(pr, portal);
	struct name *name = text != NULL ? names_find(link->names, text) :
	    NULL;
	struct plan *plan = name != NULL ?
	    plans_find(&pr->plans, name->statement) : NULL;

	if (plan == NULL)
		return PREPARED_PASS;
	plan->described = pr->batch;
	/* The same again is no news. */
	if (plan->shape.columns != 0 &&
	    plan->shape.columns == name->told.columns)
		return PREPARED_PASS;
	prepared_track(s, FE_DESCRIBE, 'P', HIDE_NOTHING,
	    effect_note(pr, EFFECT_TELL, name->statement, text));
	*bytes = 0;
	return PREPARED_DONE;
}

static enum prepared_step
see_describe(struct link *link, const struct frame *f,
    const unsigned char *p, size_t n, struct outgoing *out, size_t *bytes)
{
	struct server *s = link->server;
	struct prepared *pr = prepared_of(s);
	enum prepared_step step;
	struct plan *plan;
	const char *text;
	struct name *name;

	if (n < f->len)
		return need(f->len, bytes);
	text = string_at(p, FRAME_HEADER + 1, f->len);
	if (text == NULL)
		return PREPARED_BAD;
	if (p[FRAME_HEADER] == 'P')
		return see_describe_portal(link, text, bytes);
	if (p[FRAME_HEADER] != 'S')
		return PREPARED_PASS;
	step = have(link, text, out, &name);
	if (step != PREPARED_DONE)
		return step;
	plan = plans_find(&pr->plans, name->statement);
	if (plan != NULL)
		plan->described = pr->batch;
	prepared_make_named(out, FE_DESCRIBE, 'S', name->statement, NULL, 0);
	prepared_track(s, FE_DESCRIBE, 'S', HIDE_NOTHING,
	    prepared_note_use(pr, name, p, text));
	return done(f, bytes);
}

/* Nothing is under way that could fail before what comes now. */
static bool
is_certain(const struct server *s)
{
	return !tracker_owes(&s->tracker) && !s->tracker.skipping;
}

static enum prepared_step
see_close(struct link *link, const struct frame *f, const unsigned char *p,
    size_t n, size_t *bytes)
{
	struct server *s = link->server;
	struct prepared *pr = prepared_of(s);
	const char *text;
	struct name *name;
	uint32_t mark = 0;

	if (n < f->len)
		return need(f->len, bytes);
	text = string_at(p, FRAME_HEADER + 1, f->len);
	if (text == NULL)
		return PREPARED_BAD;
	if (p[FRAME_HEADER] != 'S')
		return PREPARED_PASS;
	if (prepared_waits_for(link, text))
		return PREPARED_WAIT;
	name = names_find(link->names, text);
	if (name == NULL && *text == '\0') {
		link->unnamed = false;
		return PREPARED_PASS;
	}
	if (name != NULL && is_certain(s)) {
		names_remove(link->names, text);
	} else if (name != NULL) {
		mark = effect_note_close(pr, link->names, text);
	}
	tracker_local(&s->tracker, BE_CLOSE_COMPLETE, mark);
	return done(f, bytes);
}

void
prepared_query(struct link *link)
{
	/* It takes the unnamed statement away. */
	link->unnamed = false;
	names_remove(link->names, "");
	if (link->server->prepared != NULL)
		link->server->prepared->batch++;
}

enum prepared_step
prepared_frame(struct link *link, const struct frame *f,
    const unsigned char *p, size_t n, struct outgoing *out, size_t *bytes)
{
	struct server *s = link->server;

	switch (f->type) {
	case FE_PARSE:
		return see_parse(link, f, p, n, out, bytes);
	case FE_BIND:
		return see_bind(link, f, p, n, out, bytes);
	case FE_DESCRIBE:
		return see_describe(link, f, p, n, out, bytes);
	case FE_CLOSE:
		return see_close(link, f, p, n, bytes);
	case FE_QUERY:
		prepared_query(link);
		note_clearing(prepared_of(s), p + FRAME_HEADER, (n < f->len ?
		    n : f->len) - FRAME_HEADER);
		return PREPARED_PASS;
	case FE_SYNC:
		if (s->prepared != NULL)
			s->prepared->batch++;
		return PREPARED_PASS;
	default:
		return PREPARED_PASS;
	}
}

/*
 * What happens to link and server.
 */

void
prepared_link(struct link *link)
{
	struct server *s = link->server;

	link->unnamed = false;
	if (s->prepared == NULL)
		return;
	must(s->prepared->used == 0 &&
	    s->prepared->healing == HEALING_NOT);
	prepared_forget_error(s->prepared);
	s->prepared->clearing = CLEARING_NOT;
	s->prepared->batch++;
}

/* "cached plan must not change result type", in any language: whatever was
 * used then is to be prepared anew. It is not known where EXECUTE was run by
 * another statement, or in a batch; then it may be any. */
static void
note_age(struct prepared *p, const struct error_fields *e)
{
	struct plan *plan;

	if (!error_is(e, "0A000"))
		return;
	if (p->failed != NULL) {
		plan = plans_find(&p->plans, p->failed);
		if (plan != NULL)
			plan->stale = true;
	} else if (e->routine != NULL &&
	    strcmp(e->routine, "RevalidateCachedQuery") == 0) {
		plans_distrust(&p->plans);
	}
}

/* The name is not the client's. */
static void
say_clash(struct error_fields *e, const char *name, struct text *out)
{
	struct text message = { 0 };

	text_printf(&message, "prepared statement \"%s\" already exists",
	    name);
	e->code = "42P05";
	e->message = message.p;
	writer_error(out, e);
	text_fini(&message);
}

bool
prepared_error(struct server *s, struct error_fields *e, struct text *out)
{
	struct prepared *p = s->prepared;
	bool missing = error_is(e, "26000");

	note_age(p, e);
	if (p->refused && missing) {
		prepared_say_misled(out);
		return true;
	}
	/* In SQL it is asked for what is not there; see prepared_sql.c. */
	if (p->clash != NULL && (missing || error_is(e, "42P05"))) {
		say_clash(e, p->clash, out);
		return true;
	}
	return false;
}

void
prepared_error_over(struct server *s)
{
	if (s->prepared != NULL && s->prepared->healing == HEALING_NOT)
		prepared_forget_error(s->prepared);
}

void
prepared_complete(struct server *s, struct str tag)
{
	bool all = str_is(tag, "DISCARD ALL") || str_is(tag, "DEALLOCATE ALL");

	if (!all)
		return;
	if (s->prepared != NULL)
		plans_clear_settled(&s->prepared->plans);
	if (s->link != NULL)
		names_clear_settled(s->link->names);
}

void
prepared_forget(struct link *link)
{
	names_destroy(link->names);
	link->names = NULL;
}

unsigned
prepared_on_client(const struct link *link)
{
	return names_count(link->names);
}

unsigned
prepared_on_server(const struct server *s)
{
	return s->prepared != NULL ? s->prepared->plans.n : 0;
}
