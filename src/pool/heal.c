/*
 * heal.c - running an execution again whose plan was too old; see heal.h.
 *
 * After a migration a server refuses to use a plan whose results would look
 * different now. What fails so outside of a transaction, before
 * anything of its batch was executed or told, is run again on a new plan, if
 * the client will not be misled: the batch asks for the description, or the
 * results still look as the client was told. The end of the failed batch is
 * hidden, and so is what we ask the server in between.
 *
 * Batches that came in one piece and are small are kept for that, and so is
 * a Query of an EXECUTE, whose results always come with a description. A
 * client is told by the description of a statement, or by that of a portal
 * right behind its Bind, which leaves the parameters out.
 *
 * A server that learns a statement only now does not know what its client was
 * told of it. Where the client does not ask again, we do, unseen. If it looks
 * different, the client gets the error that PostgreSQL has for that, before
 * anything is executed: drivers rely on that and try again. Only what reads is
 * executed in the same write, since to wait would cost its first use a round
 * trip; then the error comes in place of the rows.
 */
#include "pool/heal.h"

#include <string.h>

#include "base/mem.h"
#include "base/must.h"
#include "pgwire/error.h"
#include "pgwire/frame.h"
#include "pgwire/messages.h"
#include "pgwire/reader.h"
#include "pgwire/tracker.h"
#include "pgwire/writer.h"
#include "pool/names.h"
#include "pool/outgoing.h"
#include "pool/prepared_state.h"
#include "pool/relay.h"
#include "pool/server.h"
#include "pool/shape.h"

#define KEEP_MAX (64u * 1024)    /* of a batch that can be run again */

void
heal_batch_begin(struct link *link, const unsigned char *base)
{
	struct server *s = link->server;
	struct prepared *p = prepared_of(s);

	p->base = base;
	p->uses = false;
	p->alone = tracker_at_rest(&s->tracker) && link->passing == 0;
	if (p->healing == HEALING_NOT)
		text_clear(&p->kept);
}

void
heal_batch_end(struct link *link, size_t n, char last)
{
	struct prepared *p = link->server->prepared;

	if (p->uses && p->alone && (last == FE_SYNC || last == FE_QUERY) &&
	    n <= KEEP_MAX && p->healing == HEALING_NOT)
		text_add(&p->kept, p->base, n);
}

/* What the kept frames are about, from the one that failed on. */
enum outlook { OUTLOOK_BAD, OUTLOOK_DESCRIBES, OUTLOOK_BLIND };

static enum outlook
outlook(const struct prepared *p)
{
	const unsigned char *b = (const unsigned char *)p->kept.p;
	enum outlook result = OUTLOOK_BLIND;
	uint32_t at = 0, len;

	for (; at + FRAME_HEADER <= p->kept.n; at += len + 1) {
		len = reader_u32(&(struct reader){ b + at + 1, 4, false });
		switch (b[at]) {
		case FE_PARSE:
		case FE_CLOSE:
			break;
		case FE_DESCRIBE:
			return at >= p->failed_at ? OUTLOOK_DESCRIBES :
			    OUTLOOK_BAD;
		case FE_BIND:
			if (at < p->failed_at)
				return OUTLOOK_BAD;
			break;
		case FE_EXECUTE:
			return at < p->failed_at ? OUTLOOK_BAD : result;
		case FE_QUERY:
			/* Its results always come with a description. */
			return at == p->failed_at ? OUTLOOK_DESCRIBES :
			    OUTLOOK_BAD;
		default:
			return OUTLOOK_BAD;
		}
	}
	return OUTLOOK_BAD;
}

/* Is the client told what the results look like, or can it be asked? */
static bool
is_promising(const struct prepared *p)
{
	switch (outlook(p)) {
	case OUTLOOK_BAD:
		break;
	case OUTLOOK_DESCRIBES:
		return true;
	case OUTLOOK_BLIND:
		return p->failed_told.columns != 0;
	}
	return false;
}

/* PostgreSQL describes the parameters before it looks at the plan. */
static bool
is_half_told(const struct prepared *p)
{
	return p->kept.p[p->failed_at] == FE_DESCRIBE &&
	    p->shape.parameters != 0;
}

/* Nothing else is under way, and no transaction. */
static bool
is_alone(const struct server *s)
{
	return s->tracker.tx == TX_IDLE && s->tracker.count == 1 &&
	    s->link != NULL && s->link->passing == 0;
}

/* "cached plan must not change result type", in any language. A Query has
 * parsed, bound and executed, so the code alone does not tell. */
static bool
is_about_age(const struct prepared *p, const void *frame, size_t n)
{
	struct error_fields e = error_fields_of((const char *)frame +
	    FRAME_HEADER, n - FRAME_HEADER);

	return error_is(&e, "0A000") && (p->kept.p[p->failed_at] != FE_QUERY ||
	    (e.routine != NULL &&
	    strcmp(e.routine, "RevalidateCachedQuery") == 0));
}

bool
heal_can(struct server *s, const void *frame, size_t n)
{
	struct prepared *p = s->prepared;

	if (p == NULL || p->failed == NULL || p->kept.n == 0 ||
	    p->healing != HEALING_NOT || !is_alone(s) ||
	    !is_about_age(p, frame, n) || !is_promising(p) ||
	    is_half_told(p))
		return false;
	tracker_hide_end(&s->tracker);
	text_add(&p->error, frame, n);
	p->healing = HEALING_END;
	return true;
}

bool
heal_is_on(const struct server *s)
{
	return s->prepared != NULL && s->prepared->healing != HEALING_NOT;
}

/* Ask what the statement looks like on a new plan. */
static void
probe(struct server *s, struct outgoing *out)
{
	struct prepared *p = s->prepared;

	p->shape = (struct shape){ 0, 0 };
	p->healing = HEALING_PROBE;
	prepared_have_plan(s, p->failed, out);
	prepared_make_named(out, FE_DESCRIBE, 'S', p->failed, NULL, 0);
	prepared_track(s, FE_DESCRIBE, 'S', HIDE_ALL, 0);
	writer_empty(&out->made, FE_SYNC);
	outgoing_made(out);
	prepared_track(s, FE_SYNC, 0, HIDE_ALL, 0);
}

enum heal
heal_step(struct server *s, struct outgoing *out, struct str *bytes)
{
	struct prepared *p = s->prepared;
	bool same = p->healing == HEALING_PROBE &&
	    shape_match(&p->shape, &p->failed_told) == SHAPE_SAME;

	if (p->healing == HEALING_END && outlook(p) == OUTLOOK_BLIND) {
		probe(s, out);
		return HEAL_PROBES;
	}
	if (p->healing == HEALING_END || same) {
		p->healing = HEALING_REPLAY;
		*bytes = (struct str){ p->kept.p + p->failed_at,
			p->kept.n - p->failed_at };
		return HEAL_REPLAYS;
	}
	*bytes = (struct str){ p->error.p, p->error.n };
	return HEAL_FAILS;
}

void
heal_over(struct server *s)
{
	struct prepared *p = s->prepared;

	p->healing = HEALING_NOT;
	p->shape = (struct shape){ 0, 0 };
	text_clear(&p->kept);
	text_fini(&p->error);
	prepared_forget_error(p);
}

static void
note_shape(struct prepared *p, const struct statement *st)
{
	struct plan *plan = plans_find(&p->plans, st);

	/* It may be a new one already, that was not described. */
	if (plan != NULL && !plan->pending)
		shape_add(&plan->shape, &p->shape);
}

/* What the client is about to read looks so: as it was told? */
static void
check(struct prepared *p)
{
	note_shape(p, p->checked);
	p->misled = shape_match(&p->shape, &p->check) != SHAPE_SAME;
	p->checked = NULL;
}

static void
tell(struct server *s)
{
	struct prepared *p = s->prepared;
	struct name *name = p->described != NULL && s->link != NULL ?
	    names_look(s->link->names, p->described) : NULL;

	/* By now it may be another's. */
	if (name != NULL && name->statement == p->described_as) {
		shape_add(&name->told, &p->shape);
		note_shape(p, name->statement);
	}
	if (p->described != NULL && (name == NULL || name->pending))
		effects_tell(p, p->described, p->described_as, &p->shape);
	mem_free(p->described);
	p->described = NULL;
}

bool
heal_hides(const struct server *s)
{
	return s->prepared != NULL && s->prepared->misled;
}

void
heal_tell(struct server *s, struct text *out)
{
	s->prepared->misled = false;
	if (out != NULL)
		prepared_say_misled(out);
}

void
heal_description(struct server *s, char type, const void *body, size_t n)
{
	struct prepared *p = s->prepared;

	if (type == BE_PARAMETERS) {
		p->shape.parameters = shape_parameters(body, n);
		p->checked = NULL;
		mem_free(p->described);
		p->described = NULL;
		return;
	}
	p->shape.columns = shape_columns(body, type == BE_NO_DATA ? 0 : n);
	if (p->healing == HEALING_PROBE) {
		note_shape(p, p->failed);
		return;
	}
	if (p->checked != NULL)
		check(p);
	else
		tell(s);
	p->shape = (struct shape){ 0, 0 };
}

bool
heal_is_described(const struct server *s)
{
	return s->prepared != NULL && (s->prepared->shape.parameters != 0 ||
	    tracker_describes(&s->tracker));
}
