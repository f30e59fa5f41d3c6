/*
 * prepared_execute.c - a Parse message that prepares an EXECUTE of another
 * prepared statement; see prepared_execute.h.
 *
 * Drivers prepare whatever is run often. What its name stands for is looked
 * up whenever the EXECUTE runs, so no server keeps it: with each use a
 * stand-in is prepared, which has our name for what the client's stands for
 * by then.
 */
#include "pool/prepared_execute.h"

#include "base/str.h"
#include "pgwire/messages.h"
#include "pgwire/writer.h"
#include "pool/names.h"
#include "pool/outgoing.h"
#include "pool/prepared_state.h"
#include "pool/relay.h"
#include "pool/server.h"
#include "pool/sqlplan.h"
#include "pool/statement.h"
#include "sql/prepared.h"

static struct prepared_text
text_of(const struct statement *st)
{
	return prepared_read(str_of(statement_body(st).p), false);
}

/* What it runs; NULL: nothing of ours. */
static struct name *
target(struct link *link, const struct prepared_text *text)
{
	struct name *name = names_find(link->names, text->name);

	return name != NULL && statement_kind(name->statement) !=
	    STATEMENT_EXECUTE ? name : NULL;
}

bool
prepared_execute_waits(struct link *link, const struct statement *st)
{
	struct prepared_text text = text_of(st);

	return prepared_waits_for(link, text.name);
}

void
prepared_execute_parse(struct link *link, const struct statement *st,
    enum hide hide, uint32_t mark, struct outgoing *out)
{
	struct prepared_text text = text_of(st);
	struct name *name = target(link, &text);
	struct str body = statement_body(st);
	size_t n = strlen(body.p), place;
	char ours[STATEMENT_NAME_ROOM];

	if (name != NULL)
		prepared_have_plan(link->server, name->statement, out);
	sqlplan_no_stand_in(link->server, out);
	place = writer_begin(&out->made, FE_PARSE);
	writer_cstring(&out->made, SQLPLAN_STAND_IN);
	if (name != NULL) {
		text_printf(&out->made, "EXECUTE %s",
		    statement_name(name->statement, ours));
		text_add(&out->made, text.rest.p, text.rest.n);
	} else {
		text_add(&out->made, body.p, n);
	}
	text_add(&out->made, body.p + n, body.n - n);
	writer_end(&out->made, place);
	outgoing_made(out);
	prepared_track(link->server, FE_PARSE, 0, hide, mark);
}
