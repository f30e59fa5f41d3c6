/*
 * prepared_plans.c - what a server has prepared, and how it comes to have it;
 * see prepared_state.h.
 *
 * Nothing here is the client's own message: it is made by us, on its behalf.
 */
#include "pool/prepared_state.h"

#include "base/must.h"
#include "config/config.h"
#include "pgwire/messages.h"
#include "pgwire/tracker.h"
#include "pgwire/writer.h"
#include "pool/names.h"
#include "pool/outgoing.h"
#include "pool/plans.h"
#include "pool/relay.h"
#include "pool/retry.h"
#include "pool/server.h"
#include "pool/sqlplan.h"
#include "pool/state.h"
#include "pool/statement.h"
#include "pool/stats.h"

bool
prepared_track(struct server *s, char type, char target, enum hide hide,
    uint32_t mark)
{
	if (tracker_frontend(&s->tracker, type, target, hide) == TRACK_BAD)
		return false;
	if (mark != 0)
		tracker_mark(&s->tracker, mark);
	return true;
}

const char *
prepared_name_there(const struct statement *s, char *buf)
{
	return statement_kind(s) == STATEMENT_EXECUTE ? SQLPLAN_STAND_IN :
	    statement_name(s, buf);
}

void
prepared_make_named(struct outgoing *out, char type, char target,
    const struct statement *s, const void *rest, size_t n)
{
	char buf[STATEMENT_NAME_ROOM];
	size_t place = writer_begin(&out->made, type);

	if (target != 0)
		writer_u8(&out->made, (uint8_t)target);
	writer_cstring(&out->made, prepared_name_there(s, buf));
	text_add(&out->made, rest, n);
	writer_end(&out->made, place);
	outgoing_made(out);
}

void
prepared_make_parse(struct outgoing *out, const struct statement *s)
{
	/* For the sake of its name, if it cannot be prepared so. */
	static const char other[] = "SELECT\0\0";
	struct str body = statement_kind(s) == STATEMENT_PARSE ?
	    statement_body(s) : (struct str){ other, sizeof other };

	prepared_make_named(out, FE_PARSE, 0, s, body.p, body.n);
}

/* Give up what the server has above max_prepared_statements. */
static void
evict(struct server *s, struct outgoing *out)
{
	struct prepared *p = s->prepared;
	unsigned max = (unsigned)s->pooler->config->max_prepared_statements;
	struct plan *oldest;
	uint32_t mark;

	/* Nothing is given up by what the server will not read. */
	if (s->tracker.skipping)
		return;
	while (max > 0 && p->plans.n >= max &&
	    (oldest = plans_oldest(&p->plans, p->batch)) != NULL) {
		mark = effect_note(p, EFFECT_EVICT, oldest->statement, NULL);
		if (p->evicting++ == 0)
			p->evicting_since = p->batch;
		prepared_make_named(out, FE_CLOSE, 'S', oldest->statement,
		    NULL, 0);
		plans_remove(&p->plans, oldest->statement);
		if (!prepared_track(s, FE_CLOSE, 'S', HIDE_ALL, mark))
			return;
	}
}

bool
prepared_is_unsure(const struct prepared *p, const struct plan *plan)
{
	return plan != NULL && plan->pending && plan->batch != p->batch;
}

void
prepared_touch(struct prepared *p, const struct statement *st)
{
	struct plan *plan = plans_find(&p->plans, st);

	must(plan != NULL);
	plan->batch = p->batch;
	plans_touch(&p->plans, plan);
}

enum prepared_known
prepared_ask(struct server *s, const struct statement *st)
{
	struct prepared *p = prepared_of(s);
	struct plan *plan = plans_find(&p->plans, st);

	if (prepared_is_unsure(p, plan))
		return SERVER_IS_UNSURE;
	return plan != NULL && !plan->stale ? SERVER_HAS : SERVER_LACKS;
}

struct plan *
prepared_add_plan(struct server *s, struct statement *st,
    struct outgoing *out)
{
	struct prepared *p = s->prepared;
	struct plan *plan = plans_find(&p->plans, st);
	bool again = plan != NULL;

	must(plan == NULL || plan->stale);
	/* What an earlier batch gives up is there if that has failed. */
	if (again || (p->evicting > 0 && p->evicting_since != p->batch)) {
		prepared_make_named(out, FE_CLOSE, 'S', st, NULL, 0);
		prepared_track(s, FE_CLOSE, 'S', HIDE_ALL, 0);
		plans_remove(&p->plans, st);
	}
	evict(s, out);
	s->stats->server_parse_count++;
	plan = plans_add(&p->plans, st);
	plan->batch = p->batch;
	plan->again = again;
	return plan;
}

void
prepared_have_plan(struct server *s, struct statement *st, struct outgoing *out)
{
	struct prepared *p = s->prepared;
	struct plan *plan = plans_find(&p->plans, st);
	enum hide hide = p->healing == HEALING_PROBE ? HIDE_ALL :
	    HIDE_SUCCESS;

	must(statement_kind(st) != STATEMENT_EXECUTE);
	if (plan != NULL && !plan->stale) {
		prepared_touch(p, st);
		return;
	}
	/* Where the server skips it, it is gone again at once. */
	prepared_add_plan(s, st, out);
	if (statement_kind(st) == STATEMENT_SQL) {
		sqlplan_prepare(s, st, hide,
		    effect_note(p, EFFECT_PLAN, st, NULL), out);
	} else {
		prepared_make_parse(out, st);
		prepared_track(s, FE_PARSE, 0, hide,
		    effect_note(p, EFFECT_PLAN, st, NULL));
	}
}

bool
prepared_is_replayed(const struct link *link)
{
	return link->server->prepared->healing != HEALING_NOT ||
	    retry_replays(link);
}

/* May it be gone when all that is under way was answered? */
static bool
waits_for_all(const struct link *link, const char *text)
{
	const struct server *s = link->server;

	return s->prepared->clearing != CLEARING_NOT && *text != '\0' &&
	    tracker_owes(&s->tracker) && !prepared_is_replayed(link);
}

bool
prepared_waits_for(struct link *link, const char *text)
{
	struct prepared *p = prepared_of(link->server);
	const struct name *name = names_look(link->names, text);

	if (waits_for_all(link, text))
		return true;
	return name != NULL && ((name->pending && name->batch != p->batch) ||
	    (!name->closed &&
	    prepared_is_unsure(p, plans_find(&p->plans, name->statement))));
}
