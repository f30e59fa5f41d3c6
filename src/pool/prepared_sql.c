/*
 * prepared_sql.c - PREPARE, EXECUTE and DEALLOCATE follow their clients too.
 *
 * PostgreSQL has one set of names for what was prepared by SQL and by the
 * protocol, and so has a client here. These statements are understood where
 * one of them is the whole text of a simple Query, or of an unnamed Parse:
 * that is how drivers send them. They go to the server with names of ours.
 *
 * A simple Query gets exactly one ReadyForQuery, so what has to be done
 * before it is done in the same text, as a statement in front of it or behind
 * it, whose CommandComplete is hidden: the server stops at the first error,
 * and its transaction ends up as the client's own statement would have left
 * it. Only what cannot fail, a Close, goes ahead as a message of its own.
 *
 *	PREPARE      as it is, if the server lacks it; else to a stand-in
 *	             that is taken away again, for the sake of its errors
 *	EXECUTE      behind a PREPARE, if the server lacks it
 *	DEALLOCATE   of a stand-in: others may use what the client knew
 *	a name that is in use: EXECUTE of what is not there, whose error is
 *	             told as the other one
 *
 * In a batch the same is done by messages of ours before the client's. Many
 * EXECUTEs in one Query are the matter of prepared_several.c, and one that a
 * Parse gives a name to that of prepared_execute.c.
 *
 * All else passes as it is: other texts of several statements, names written
 * as U&"", text that cannot be read byte by byte, or in which backslashes
 * escape. So does a simple EXECUTE of what was prepared by a Parse message,
 * where the server lacks it and PREPARE could not do the same: a Parse of ours
 * that fails would make the server skip the Query.
 */
#include "pool/prepared_sql.h"

#include <string.h>

#include "base/must.h"
#include "pgwire/frame.h"
#include "pgwire/messages.h"
#include "pgwire/params.h"
#include "pgwire/tracker.h"
#include "pgwire/writer.h"
#include "pool/names.h"
#include "pool/outgoing.h"
#include "pool/plans.h"
#include "pool/prepared_execute.h"
#include "pool/prepared_several.h"
#include "pool/prepared_state.h"
#include "pool/relay.h"
#include "pool/server.h"
#include "pool/sqlplan.h"
#include "pool/state.h"
#include "pool/statement.h"
#include "sql/prepared.h"

#define GLANCE_MAX 1024u        /* comments longer than that hide the word */

/* A statement of the client's, and what is to be sent for it. */
struct sql {
	struct link *link;
	struct server *server;
	struct outgoing *out;
	struct str whole;
	struct prepared_text text;
	struct str tail;        /* of a Parse, behind its text */
	const unsigned char *frame;
	const char *own;        /* of a Parse: its name */
	const struct name *name;        /* of the client's; NULL: none */
	struct statement *known;        /* what that stands for; or NULL */
};

/*
 * Is it one of the three?
 */

enum glance { GLANCE_NO, GLANCE_YES, GLANCE_MORE };

static enum glance
glance(struct str text, bool whole)
{
	struct lexer l;
	struct token t;

	if (text.n > 0 && memchr("PpEeDd;-/ \t\n\r\f\v", text.p[0], 15) ==
	    NULL)
		return GLANCE_NO;
	if (text.n >= GLANCE_MAX) {
		text.n = GLANCE_MAX;
		whole = true;
	}
	l = lexer_on(text, false);
	do
		lexer_next(&l, &t);
	while (t.type == TOKEN_PUNCT && t.text.p[0] == ';');
	if (!whole && (t.type == TOKEN_END || t.type == TOKEN_BROKEN ||
	    t.text.p + t.text.n == text.p + text.n))
		return GLANCE_MORE;
	return token_is_word(&t, "execute") || token_is_word(&t, "prepare") ||
	    token_is_word(&t, "deallocate") ? GLANCE_YES : GLANCE_NO;
}

static const char *
param(const struct server *s, const char *name)
{
	int i = param_names_find(s->pooler->names, name);

	return i >= 0 ? paramset_get(s->params, (unsigned)i) : NULL;
}

static bool
is_readable(const struct server *s)
{
	const char *encoding = param(s, "client_encoding");
	const char *strings = param(s, "standard_conforming_strings");

	return (encoding == NULL ||
	    lexer_encoding_is_safe(str_of(encoding))) &&
	    (strings == NULL || strcmp(strings, "off") != 0);
}

/* Its text begins at byte `at` of the frame. DONE: it was read. */
static enum prepared_step
read_text(struct sql *sql, const struct frame *f, const unsigned char *p,
    size_t n, size_t at, size_t *bytes)
{
	size_t here = n < f->len ? n : f->len;
	struct str text = { (const char *)p + at, here - at };
	const char *end = memchr(text.p, 0, text.n);

	if (end != NULL)
		text.n = (size_t)(end - text.p);
	switch (glance(text, end != NULL || here == f->len)) {
	case GLANCE_NO:
		return PREPARED_PASS;
	case GLANCE_MORE:
		*bytes = f->len - here < here ? f->len : 2 * here;
		return PREPARED_MORE;
	case GLANCE_YES:
		break;
	}
	if (!is_readable(sql->server))
		return PREPARED_PASS;
	if (n < f->len) {
		*bytes = f->len;
		return PREPARED_MORE;
	}
	if (end == NULL)
		return PREPARED_PASS;
	sql->whole = text;
	sql->text = prepared_read(text, false);
	sql->tail = (struct str){ end + 1,
		(size_t)((const char *)p + f->len - (end + 1)) };
	return PREPARED_DONE;
}

/* All behind the name, in one form. */
static struct statement *
acquire(const struct sql *sql)
{
	struct text body = { 0 };
	struct statement *st;

	if (sql->text.types.p != NULL) {
		text_puts(&body, "(");
		text_add(&body, sql->text.types.p, sql->text.types.n);
		text_puts(&body, ") ");
	}
	text_puts(&body, "AS ");
	text_add(&body, sql->text.rest.p, sql->text.rest.n);
	st = statement_acquire(sql->server->pooler->statements, STATEMENT_SQL,
	    body.p, body.n);
	text_fini(&body);
	return st;
}

/*
 * What changes: these return the mark of what does it.
 */

static uint32_t
note_name(const struct sql *sql, enum effect_kind kind, struct statement *st)
{
	prepared_new_name(sql->link, sql->text.name, statement_ref(st));
	return effect_note(sql->server->prepared, kind, st, sql->text.name);
}

static uint32_t
note_close(const struct sql *sql)
{
	return effect_note_close(sql->server->prepared, sql->link->names,
	    sql->text.name);
}

static uint32_t
note_use(const struct sql *sql)
{
	struct prepared *p = sql->server->prepared;

	prepared_touch(p, sql->known);
	return prepared_note_use(p, sql->name, sql->frame, NULL);
}

/*
 * A simple Query.
 */

/* Send this text instead of the client's. */
static void
send_query(const struct sql *sql, const struct text *text, enum hide hide,
    uint32_t mark)
{
	writer_query(&sql->out->made, text->p);
	outgoing_made(sql->out);
	prepared_track(sql->server, FE_QUERY, 0, hide, mark);
}

static enum prepared_step
query_clash(const struct sql *sql)
{
	struct text text = { 0 };

	sqlplan_no_stand_in(sql->server, sql->out);
	text_puts(&text, "EXECUTE " SQLPLAN_STAND_IN);
	send_query(sql, &text, HIDE_NOTHING,
	    effect_note(sql->server->prepared, EFFECT_CLASH, NULL,
	    sql->text.name));
	text_fini(&text);
	return PREPARED_DONE;
}

static enum prepared_step
query_prepare(const struct sql *sql)
{
	struct server *s = sql->server;
	struct statement *st = acquire(sql);
	char ours[STATEMENT_NAME_ROOM];
	struct text text = { 0 };

	switch (prepared_ask(s, st)) {
	case SERVER_IS_UNSURE:
		statement_release(st);
		return PREPARED_WAIT;
	case SERVER_LACKS:
		sqlplan_text(&text, statement_name(st, ours),
		    statement_body(st));
		prepared_add_plan(s, st, sql->out);
		send_query(sql, &text, HIDE_NOTHING,
		    note_name(sql, EFFECT_BOTH, st));
		break;
	case SERVER_HAS:
		sqlplan_no_stand_in(s, sql->out);
		sqlplan_text(&text, SQLPLAN_STAND_IN, statement_body(st));
		text_puts(&text, ";DEALLOCATE " SQLPLAN_STAND_IN);
		send_query(sql, &text, HIDE_SECOND,
		    note_name(sql, EFFECT_NAME, st));
		break;
	}
	statement_release(st);
	text_fini(&text);
	return PREPARED_DONE;
}

static enum prepared_step
query_execute(const struct sql *sql)
{
	struct statement *st = sql->known;
	bool has = prepared_ask(sql->server, st) == SERVER_HAS;
	char ours[STATEMENT_NAME_ROOM];
	struct text text = { 0 };
	uint32_t mark;

	statement_name(st, ours);
	if (has) {
		mark = note_use(sql);
	} else if (!sqlplan_can_say(st)) {
		return PREPARED_PASS;
	} else {
		sqlplan_say(&text, ours, st);
		prepared_add_plan(sql->server, st, sql->out);
		mark = effect_note(sql->server->prepared, EFFECT_PLAN, st,
		    NULL);
		text_puts(&text, ";");
	}
	text_printf(&text, "EXECUTE %s", ours);
	text_add(&text, sql->text.rest.p, sql->text.rest.n);
	send_query(sql, &text, has ? HIDE_NOTHING : HIDE_FIRST, mark);
	text_fini(&text);
	return PREPARED_DONE;
}

static enum prepared_step
query_deallocate(const struct sql *sql)
{
	struct text text = { 0 };

	sqlplan_no_stand_in(sql->server, sql->out);
	text_puts(&text, "PREPARE " SQLPLAN_STAND_IN
	    " AS SELECT;DEALLOCATE " SQLPLAN_STAND_IN);
	send_query(sql, &text, HIDE_FIRST, note_close(sql));
	text_fini(&text);
	return PREPARED_DONE;
}

/*
 * An unnamed Parse. What it stands for is taken for done when it was parsed.
 */

static void
send_parse(const struct sql *sql, const struct text *text, uint32_t mark)
{
	struct text *made = &sql->out->made;
	size_t place = writer_begin(made, FE_PARSE);

	writer_cstring(made, "");
	writer_cstring(made, text->p);
	text_add(made, sql->tail.p, sql->tail.n);
	writer_end(made, place);
	outgoing_made(sql->out);
	prepared_track(sql->server, FE_PARSE, 0, HIDE_NOTHING, mark);
}

static enum prepared_step
parse_prepare(const struct sql *sql)
{
	struct statement *st = acquire(sql);
	struct text text = { 0 };

	if (prepared_ask(sql->server, st) == SERVER_IS_UNSURE) {
		statement_release(st);
		return PREPARED_WAIT;
	}
	prepared_have_plan(sql->server, st, sql->out);
	sqlplan_no_stand_in(sql->server, sql->out);
	sqlplan_text(&text, SQLPLAN_STAND_IN, statement_body(st));
	send_parse(sql, &text, note_name(sql, EFFECT_NAME, st));
	statement_release(st);
	text_fini(&text);
	return PREPARED_DONE;
}

static enum prepared_step
parse_execute(const struct sql *sql)
{
	struct statement *st = sql->known;
	char ours[STATEMENT_NAME_ROOM];
	struct text text = { 0 };

	if (statement_kind(st) == STATEMENT_EXECUTE)
		return PREPARED_PASS;
	prepared_have_plan(sql->server, st, sql->out);
	text_printf(&text, "EXECUTE %s", statement_name(st, ours));
	text_add(&text, sql->text.rest.p, sql->text.rest.n);
	send_parse(sql, &text, 0);
	text_fini(&text);
	return PREPARED_DONE;
}

static enum prepared_step
parse_deallocate(const struct sql *sql)
{
	struct text text = { 0 };

	sqlplan_stand_in(sql->server, sql->out);
	text_puts(&text, "DEALLOCATE " SQLPLAN_STAND_IN);
	send_parse(sql, &text, note_close(sql));
	text_fini(&text);
	return PREPARED_DONE;
}

static enum prepared_step
parse_clash(const struct sql *sql)
{
	prepared_clash(sql->server, sql->text.name, sql->known, sql->out);
	return PREPARED_DONE;
}

/* An EXECUTE that gets a name of its own. */
static enum prepared_step
parse_named(const struct sql *sql)
{
	struct link *link = sql->link;
	struct server *s = sql->server;
	struct name *taken = names_find(link->names, sql->own);
	struct statement *st;

	if (prepared_waits_for(link, sql->own))
		return PREPARED_WAIT;
	if (taken != NULL) {
		prepared_clash(s, sql->own, taken->statement, sql->out);
		return PREPARED_DONE;
	}
	st = statement_acquire(s->pooler->statements, STATEMENT_EXECUTE,
	    sql->whole.p, sql->whole.n + 1 + sql->tail.n);
	if (prepared_execute_waits(link, st)) {
		statement_release(st);
		return PREPARED_WAIT;
	}
	prepared_new_name(link, sql->own, st);
	prepared_execute_parse(link, st, HIDE_NOTHING,
	    effect_note(s->prepared, EFFECT_NAME, st, sql->own), sql->out);
	return PREPARED_DONE;
}

/*
 * What is it, and what is done?
 */

struct doings {
	enum prepared_step (*prepare)(const struct sql *);
	enum prepared_step (*clash)(const struct sql *);
	enum prepared_step (*execute)(const struct sql *);
	enum prepared_step (*deallocate)(const struct sql *);
};

static const struct doings by_query = {
	query_prepare, query_clash, query_execute, query_deallocate };
static const struct doings by_parse = {
	parse_prepare, parse_clash, parse_execute, parse_deallocate };

static enum prepared_step
act(const struct sql *sql, const struct doings *by)
{
	bool known = sql->known != NULL;

	switch (sql->text.kind) {
	case PREPARED_PREPARE:
		return known ? by->clash(sql) : by->prepare(sql);
	case PREPARED_EXECUTE:
		return known ? by->execute(sql) : PREPARED_PASS;
	case PREPARED_DEALLOCATE:
		return known ? by->deallocate(sql) : PREPARED_PASS;
	case PREPARED_DEALLOCATE_ALL:
	case PREPARED_UNCLEAR:
	case PREPARED_NOT:
		break;
	}
	return PREPARED_PASS;
}

/* DONE is it with the whole frame. */
static enum prepared_step
whole(enum prepared_step step, const struct frame *f, size_t *bytes)
{
	if (step == PREPARED_DONE)
		*bytes = f->len;
	return step;
}

/* The name that a Parse gives; NULL: its end is not here. */
static const char *
own_name(const struct frame *f, const unsigned char *p, size_t n)
{
	size_t here = n < f->len ? n : f->len;

	return here > FRAME_HEADER && memchr(p + FRAME_HEADER, 0,
	    here - FRAME_HEADER) != NULL ? (const char *)p + FRAME_HEADER :
	    NULL;
}

static enum prepared_step
see(struct link *link, const struct frame *f, const unsigned char *p,
    size_t n, struct outgoing *out, size_t *bytes)
{
	struct sql sql = { .link = link, .server = link->server, .out = out,
		.frame = p };
	size_t at = FRAME_HEADER;
	enum prepared_step step;
	struct name *name;

	if (f->type == FE_PARSE) {
		sql.own = own_name(f, p, n);
		if (sql.own == NULL)
			return PREPARED_PASS;
		at += strlen(sql.own) + 1;
	}
	if (at >= f->len)
		return PREPARED_PASS;
	step = read_text(&sql, f, p, n, at, bytes);
	if (step == PREPARED_DONE && sql.text.kind == PREPARED_NOT)
		return f->type != FE_QUERY ? PREPARED_PASS :
		    whole(prepared_several(link, sql.whole, out), f, bytes);
	if (step != PREPARED_DONE)
		return step;
	if (sql.own != NULL && *sql.own != '\0')
		return sql.text.kind != PREPARED_EXECUTE ? PREPARED_PASS :
		    whole(parse_named(&sql), f, bytes);
	if (prepared_waits_for(link, sql.text.name))
		return PREPARED_WAIT;
	name = names_find(link->names, sql.text.name);
	sql.name = name;
	sql.known = name != NULL ? name->statement : NULL;
	return whole(act(&sql, f->type == FE_QUERY ? &by_query : &by_parse), f,
	    bytes);
}

static enum prepared_step
see_frame(struct link *link, const struct frame *f, const unsigned char *p,
    size_t n, struct outgoing *out, size_t *bytes)
{
	enum prepared_step step = PREPARED_PASS;

	if (f->type == FE_QUERY || f->type == FE_PARSE)
		step = see(link, f, p, n, out, bytes);
	switch (step) {
	case PREPARED_PASS:
		return prepared_frame(link, f, p, n, out, bytes);
	case PREPARED_DONE:
		if (f->type == FE_QUERY)
			prepared_query(link);
		else if (p[FRAME_HEADER] == '\0')
			prepared_unnamed(link);
		return step;
	case PREPARED_MORE:
	case PREPARED_WAIT:
	case PREPARED_BAD:
		break;
	}
	return step;
}

enum prepared_step
prepared_sql_frame(struct link *link, const struct frame *f,
    const unsigned char *p, size_t n, struct outgoing *out, size_t *bytes)
{
	struct prepared *state = link->server->prepared;
	enum prepared_step step;

	if (state != NULL && !tracker_owes(&link->server->tracker))
		state->clearing = CLEARING_NOT;
	/* Its Describe follows a Bind at once: later names may have changed. */
	if (state != NULL && f->type != FE_DESCRIBE)
		text_clear(&state->bound);
	step = see_frame(link, f, p, n, out, bytes);
	state = link->server->prepared;
	/* The Sync may be behind what waits. */
	if (step == PREPARED_WAIT && state->clearing == CLEARING &&
	    link->server->tracker.batch_open) {
		writer_empty(&out->made, FE_FLUSH);
		outgoing_made(out);
		state->clearing = CLEARING_AWAITED;
	}
	return step;
}
