/*
 * effects.c - what messages that are under way will have changed; see
 * effects.h.
 *
 * An effect is noted when its message is sent, and lives until the tracker
 * says that the message was answered, or that it never will be.
 */
#include "pool/effects.h"

#include <string.h>

#include "base/mem.h"
#include "base/must.h"
#include "pgwire/error.h"
#include "pgwire/writer.h"
#include "pool/names.h"
#include "pool/prepared.h"
#include "pool/prepared_state.h"
#include "pool/relay.h"
#include "pool/retry.h"
#include "pool/server.h"
#include "pool/statement.h"

static void on_mark(struct tracker *, uint32_t mark, bool done);

struct prepared *
prepared_of(struct server *s)
{
	if (s->prepared == NULL) {
		s->prepared = mem_alloc(sizeof *s->prepared);
		plans_init(&s->prepared->plans);
		s->prepared->batch = 1;
		s->tracker.on_mark = on_mark;
	}
	return s->prepared;
}

/*
 * Effects.
 */

uint32_t
effect_note(struct prepared *p, enum effect_kind kind, struct statement *s,
    const char *name)
{
	uint32_t i = 0, n = p->n;

	if (p->used < n)
		while (p->effects[i].kind != EFFECT_NONE)
			i++;
	else
		i = n;
	if (i == n) {
		p->n = n * 2 + 4;
		p->effects = mem_resize(p->effects,
		    p->n * sizeof *p->effects);
		memset(p->effects + n, 0, (p->n - n) * sizeof *p->effects);
	}
	p->effects[i] = (struct effect){ .kind = kind,
		.statement = s != NULL ? statement_ref(s) : NULL,
		.name = mem_strdup(name) };
	p->used++;
	return i + 1;
}

uint32_t
effect_note_close(struct prepared *p, struct names *names, const char *text)
{
	struct name *name = names_find(names, text);
	uint32_t mark = effect_note(p, EFFECT_CLOSE, name->statement, text);

	p->effects[mark - 1].told = name->told;
	names_close(names, text, p->batch);
	return mark;
}

void
effects_tell(struct prepared *p, const char *name,
    const struct statement *st, const struct shape *shape)
{
	struct effect *e;
	uint32_t i;

	for (i = 0; i < p->n; i++) {
		e = &p->effects[i];
		if (e->kind == EFFECT_CLOSE && e->statement == st &&
		    strcmp(e->name, name) == 0)
			shape_add(&e->told, shape);
	}
}

static void
drop(struct prepared *p, struct effect *e)
{
	if (e->statement != NULL)
		statement_release(e->statement);
	mem_free(e->name);
	*e = (struct effect){ .kind = EFFECT_NONE };
	p->used--;
}

static void
settle_plan(struct prepared *p, const struct effect *e, bool done)
{
	struct plan *plan = plans_find(&p->plans, e->statement);

	if (plan == NULL)
		return;
	if (done) {
		plan->pending = plan->again = false;
	} else if (plan->again) {
		plan->pending = false;
		plan->stale = true;
	} else {
		plans_remove(&p->plans, e->statement);
	}
}

/* Whichever of them it was that failed, and how far they came: none is what
 * the server is known to have. */
static void
settle_part(struct prepared *p, const struct effect *e, bool done)
{
	struct plan *plan = plans_find(&p->plans, e->statement);

	if (plan == NULL)
		return;
	plan->pending = false;
	if (!done)
		plan->stale = true;
}

static void
settle_name(struct link *link, const struct effect *e, bool done)
{
	struct name *name = link != NULL ?
	    names_find(link->names, e->name) : NULL;

	if (name == NULL || name->statement != e->statement)
		return;
	name->pending = false;
	if (!done)
		names_remove(link->names, e->name);
	else if (link->retry != NULL)
		retry_named(link, e->name);
}

/* If the Close was never read, the name is there after all. What was done to
 * it later is taken back already. */
static void
settle_close(struct link *link, const struct effect *e, bool done)
{
	struct name *name = link != NULL ?
	    names_look(link->names, e->name) : NULL;

	if (link == NULL)
		return;
	if (!done)
		names_reopen(link->names, e->name, e->statement, &e->told);
	else if (name != NULL && name->closed &&
	    name->statement == e->statement)
		names_remove(link->names, e->name);
}

/* If its Close was never read it is there still, though a later batch may be
 * preparing it anew. */
static void
settle_evict(struct prepared *p, const struct effect *e, bool done)
{
	struct plan *plan = plans_find(&p->plans, e->statement);

	must(p->evicting > 0);
	p->evicting--;
	if (done)
		return;
	if (plan == NULL)
		plans_add(&p->plans, e->statement)->pending = false;
	else
		plan->again = true;
}

void
prepared_forget_error(struct prepared *p)
{
	mem_free(p->clash);
	p->clash = NULL;
	if (p->failed != NULL)
		statement_release(p->failed);
	p->failed = NULL;
	p->refused = false;
	p->erring = false;
}

void
prepared_say_misled(struct text *out)
{
	static const struct error_fields e = {
		.severity = "ERROR", .code = "0A000",
		.message = "cached plan must not change result type",
		.detail = "The results of the prepared statement look "
		    "different from what this client was told.",
		.hint = "Prepare it again.",
		/* By this drivers know what to do. */
		.routine = "RevalidateCachedQuery",
	};

	writer_error(out, &e);
}

/* The error that just came is about this one, if it is the first that fails,
 * and not skipped because of an earlier error. */
static void
remember(struct prepared *p, struct effect *e)
{
	if (p->erring)
		return;
	p->erring = true;
	if (e->kind == EFFECT_CLASH) {
		p->clash = e->name;
		e->name = NULL;
	} else if (e->kind == EFFECT_REFUSE) {
		p->refused = true;
	} else {
		p->failed = statement_ref(e->statement);
		p->failed_at = e->at;
		p->failed_told = e->told;
	}
}

/* A Describe of this name was answered: with what comes next. */
static void
note_described(struct prepared *p, struct effect *e)
{
	mem_free(p->described);
	p->described = e->name;
	p->described_as = e->statement;
	e->name = NULL;
	p->checked = NULL;
}

/* Returns the mark of what settles with it. */
static uint32_t
settle(struct server *s, uint32_t mark, bool done)
{
	struct prepared *p = s->prepared;
	struct effect *e = &p->effects[mark - 1];
	uint32_t next;

	must(mark <= p->n && e->kind != EFFECT_NONE);
	next = e->next;
	switch (e->kind) {
	case EFFECT_NONE:
		break;
	case EFFECT_PLAN:
		settle_plan(p, e, done);
		break;
	case EFFECT_NAME:
		settle_name(s->link, e, done);
		break;
	case EFFECT_BOTH:
		settle_plan(p, e, done);
		settle_name(s->link, e, done);
		break;
	case EFFECT_CLOSE:
		settle_close(s->link, e, done);
		break;
	case EFFECT_EVICT:
		settle_evict(p, e, done);
		break;
	case EFFECT_PART:
		settle_part(p, e, done);
		break;
	case EFFECT_LOOK:
	case EFFECT_CHECK:
		p->checked = done ? e->statement : NULL;
		p->check = e->kind == EFFECT_CHECK ? e->told :
		    (struct shape){ 0, 0 };
		/* FALLTHROUGH */
	case EFFECT_USE:
	case EFFECT_CLASH:
	case EFFECT_REFUSE:
		if (!done && !s->tracker.skipping)
			remember(p, e);
		else if (done && e->name != NULL)
			note_described(p, e);
		break;
	case EFFECT_TELL:
		if (done)
			note_described(p, e);
		break;
	}
	drop(p, e);
	return next;
}

static void
on_mark(struct tracker *t, uint32_t mark, bool done)
{
	struct server *s = container_of(t, struct server, tracker);

	while (mark != 0)
		mark = settle(s, mark, done);
}

void
prepared_close(struct server *s)
{
	struct prepared *p = s->prepared;
	uint32_t i;

	if (p == NULL)
		return;
	for (i = 0; i < p->n; i++)
		if (p->effects[i].kind != EFFECT_NONE)
			drop(p, &p->effects[i]);
	prepared_forget_error(p);
	mem_free(p->described);
	text_fini(&p->bound);
	text_fini(&p->kept);
	text_fini(&p->error);
	plans_fini(&p->plans);
	mem_free(p->effects);
	mem_free(p);
	s->prepared = NULL;
}
