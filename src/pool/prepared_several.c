/*
 * prepared_several.c - a Query that executes many prepared statements; see
 * prepared_several.h.
 *
 * Drivers that gather their statements send them so. Each EXECUTE of a name
 * of the client's gets ours in its place, and what the server lacks is
 * prepared in front of all, in the same text, with its CommandComplete
 * hidden. If any of it fails nobody knows how far the server came: then it
 * has none of them for sure.
 *
 * The first statement must be an EXECUTE, and none a PREPARE or DEALLOCATE,
 * which would change what the names behind it mean.
 */
#include "pool/prepared_several.h"

#include "pgwire/messages.h"
#include "pgwire/tracker.h"
#include "pgwire/writer.h"
#include "pool/names.h"
#include "pool/outgoing.h"
#include "pool/prepared_state.h"
#include "pool/relay.h"
#include "pool/server.h"
#include "pool/sqlplan.h"
#include "pool/statement.h"
#include "sql/prepared.h"

#define PARTS_MAX 64u           /* statements that one Query may execute */

/* What is executed, each once. */
struct parts {
	struct statement *of[PARTS_MAX];
	unsigned n;
};

/* False: too many. */
static bool
add_part(struct parts *parts, struct statement *st)
{
	unsigned i = 0;

	while (i < parts->n && parts->of[i] != st)
		i++;
	if (i == PARTS_MAX)
		return false;
	parts->of[i] = st;
	if (i == parts->n)
		parts->n++;
	return true;
}

static bool
can_execute(struct server *s, const struct statement *st)
{
	return prepared_ask(s, st) == SERVER_HAS || sqlplan_can_say(st);
}

/* Append the client's text with our names. DONE: so it can be sent. */
static enum prepared_step
read_parts(struct link *link, struct str query, struct parts *parts,
    struct text *out)
{
	struct prepared_list list = prepared_list_on(query, false);
	const char *p = query.p, *end = p + query.n;
	char ours[STATEMENT_NAME_ROOM];
	struct prepared_place place;
	enum prepared_kind kind;
	struct name *name;

	while ((kind = prepared_list_next(&list, &place)) ==
	    PREPARED_EXECUTE) {
		name = names_find(link->names, place.name);
		if (prepared_waits_for(link, place.name))
			return PREPARED_WAIT;
		if (name == NULL)
			continue;
		if (!can_execute(link->server, name->statement))
			continue;
		if (!add_part(parts, name->statement))
			return PREPARED_PASS;
		text_add(out, p, (size_t)(place.at.p - p));
		text_puts(out, statement_name(name->statement, ours));
		p = place.at.p + place.at.n;
	}
	text_add(out, p, (size_t)(end - p));
	return kind == PREPARED_NOT && parts->n > 0 ? PREPARED_DONE :
	    PREPARED_PASS;
}

/* Append what prepares those that the server lacks; returns how many. The
 * others are touched first, lest they are given up for these. */
static unsigned
teach(struct server *s, const struct parts *parts, struct text *text,
    struct outgoing *out)
{
	char ours[STATEMENT_NAME_ROOM];
	unsigned i, n = 0;

	for (i = 0; i < parts->n; i++)
		if (prepared_ask(s, parts->of[i]) == SERVER_HAS)
			prepared_touch(s->prepared, parts->of[i]);
	for (i = 0; i < parts->n; i++) {
		if (prepared_ask(s, parts->of[i]) == SERVER_HAS)
			continue;
		sqlplan_say(text, statement_name(parts->of[i], ours),
		    parts->of[i]);
		text_puts(text, ";");
		prepared_add_plan(s, parts->of[i], out);
		n++;
	}
	return n;
}

/* One mark for all of them. */
static uint32_t
note(struct prepared *p, const struct parts *parts)
{
	uint32_t mark = 0, next;
	unsigned i;

	for (i = 0; i < parts->n; i++) {
		next = mark;
		mark = effect_note(p, EFFECT_PART, parts->of[i], NULL);
		p->effects[mark - 1].next = next;
	}
	return mark;
}

static void
send_parts(struct server *s, const struct parts *parts, const struct text *body,
    struct outgoing *out)
{
	struct text text = { 0 };
	unsigned taught = teach(s, parts, &text, out);
	uint32_t mark = note(s->prepared, parts);

	text_add(&text, body->p, body->n);
	writer_query(&out->made, text.p);
	outgoing_made(out);
	if (prepared_track(s, FE_QUERY, 0, HIDE_SEVERAL, mark))
		tracker_several(&s->tracker, (uint8_t)taught);
	text_fini(&text);
}

enum prepared_step
prepared_several(struct link *link, struct str query, struct outgoing *out)
{
	struct parts parts;
	enum prepared_step step;
	struct text body = { 0 };

	parts.n = 0;
	step = read_parts(link, query, &parts, &body);
	if (step == PREPARED_DONE)
		send_parts(link->server, &parts, &body, out);
	text_fini(&body);
	return step;
}
