/*
 * sqlplan.c - SQL's PREPARE, sent by us; see sqlplan.h.
 *
 * In the extended protocol it is a statement like any other: parsed, bound,
 * executed. The client's unnamed statement and portal must not suffer, so
 * ours have a name. It is cleared before it is used, since an error in
 * between leaves it behind; Close finds no fault with what is not there, nor
 * with a transaction that has failed, and needs no Sync before a Query.
 */
#include "pool/sqlplan.h"

#include <string.h>

#include "base/must.h"
#include "pgwire/messages.h"
#include "pgwire/writer.h"
#include "pool/outgoing.h"
#include "pool/server.h"
#include "pool/statement.h"
#include "sql/fingerprint.h"

void
sqlplan_text(struct text *out, const char *name, struct str body)
{
	text_puts(out, "PREPARE ");
	text_puts(out, name);
	text_puts(out, " ");
	text_add(out, body.p, body.n);
}

/* The text of a Parse. */
static struct str
text_of(const struct statement *st)
{
	struct str body = statement_body(st);

	return (struct str){ body.p, strnlen(body.p, body.n) };
}

/* PREPARE takes what can be planned; and declared types, which are numbers in
 * a Parse, have names there. */
bool
sqlplan_can_say(const struct statement *st)
{
	const uint64_t plans = VERB_BIT(SELECT) | VERB_BIT(INSERT) |
	    VERB_BIT(UPDATE) | VERB_BIT(DELETE) | VERB_BIT(MERGE) |
	    VERB_BIT(VALUES) | VERB_BIT(WITH) | VERB_BIT(TABLE);
	struct str body = statement_body(st), text = text_of(st);

	if (statement_kind(st) == STATEMENT_SQL)
		return true;
	return body.n - text.n == 3 && body.p[text.n + 1] == 0 &&
	    body.p[text.n + 2] == 0 &&
	    (plans >> fingerprint_verb(text, false) & 1) != 0;
}

void
sqlplan_say(struct text *out, const char *name, const struct statement *st)
{
	struct str text = text_of(st);

	must(sqlplan_can_say(st));
	if (statement_kind(st) == STATEMENT_SQL) {
		sqlplan_text(out, name, statement_body(st));
		return;
	}
	text_printf(out, "PREPARE %s AS ", name);
	text_add(out, text.p, text.n);
	text_puts(out, "\n");           /* it may end in a comment */
}

static void
send_close(struct server *s, char target, struct outgoing *out)
{
	size_t place = writer_begin(&out->made, FE_CLOSE);

	writer_u8(&out->made, (uint8_t)target);
	writer_cstring(&out->made, SQLPLAN_STAND_IN);
	writer_end(&out->made, place);
	outgoing_made(out);
	tracker_frontend(&s->tracker, FE_CLOSE, target, HIDE_ALL);
}

static void
send_parse(struct server *s, const struct statement *st, enum hide hide,
    struct outgoing *out)
{
	size_t place = writer_begin(&out->made, FE_PARSE);
	char ours[STATEMENT_NAME_ROOM];

	writer_cstring(&out->made, SQLPLAN_STAND_IN);
	if (st != NULL)
		sqlplan_text(&out->made, statement_name(st, ours),
		    statement_body(st));
	else
		text_puts(&out->made, "SELECT");
	writer_u8(&out->made, 0);
	writer_u16(&out->made, 0);
	writer_end(&out->made, place);
	outgoing_made(out);
	tracker_frontend(&s->tracker, FE_PARSE, 0, hide);
}

static void
send_bind(struct server *s, enum hide hide, struct outgoing *out)
{
	size_t place = writer_begin(&out->made, FE_BIND);

	writer_cstring(&out->made, SQLPLAN_STAND_IN);
	writer_cstring(&out->made, SQLPLAN_STAND_IN);
	writer_u16(&out->made, 0);
	writer_u16(&out->made, 0);
	writer_u16(&out->made, 0);
	writer_end(&out->made, place);
	outgoing_made(out);
	tracker_frontend(&s->tracker, FE_BIND, 0, hide);
}

static void
send_execute(struct server *s, enum hide hide, uint32_t mark,
    struct outgoing *out)
{
	size_t place = writer_begin(&out->made, FE_EXECUTE);

	writer_cstring(&out->made, SQLPLAN_STAND_IN);
	writer_u32(&out->made, 0);
	writer_end(&out->made, place);
	outgoing_made(out);
	tracker_frontend(&s->tracker, FE_EXECUTE, 0, hide);
	tracker_mark(&s->tracker, mark);
}

void
sqlplan_prepare(struct server *s, const struct statement *st, enum hide hide,
    uint32_t mark, struct outgoing *out)
{
	sqlplan_no_stand_in(s, out);
	send_parse(s, st, hide, out);
	send_bind(s, hide, out);
	send_execute(s, hide, mark, out);
	send_close(s, 'P', out);
}

void
sqlplan_no_stand_in(struct server *s, struct outgoing *out)
{
	send_close(s, 'S', out);
}

void
sqlplan_stand_in(struct server *s, struct outgoing *out)
{
	sqlplan_no_stand_in(s, out);
	send_parse(s, NULL, HIDE_SUCCESS, out);
}
