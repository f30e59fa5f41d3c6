/*
 * session.c - parameters that follow their client; see session.h.
 *
 * A value that the server reports back is the server's spelling of it, which
 * the client's set then takes over, so that the next server needs no SET for
 * a mere spelling. What a server does not report is taken to be as asked.
 *
 * Extras are put on and taken off in the same query, which succeeds or fails
 * as a whole. If it fails, that may be the fault of those before: then they
 * are taken off alone, and the client's are tried on a server without any.
 * Where there is a connect_query, RESET would undo what that has set, so
 * taking off is a query of its own there, and connect_query follows in it.
 */
#include "pool/session.h"

#include <string.h>

#include "base/must.h"
#include "base/str.h"
#include "config/config.h"
#include "config/entry.h"
#include "pgwire/extras.h"
#include "pgwire/frame.h"
#include "pgwire/messages.h"
#include "pgwire/writer.h"
#include "pool/database.h"
#include "pool/errand.h"
#include "pool/pools.h"
#include "pool/relay.h"
#include "pool/state.h"
#include "sql/fingerprint.h"

void
params_set(struct paramset **set, unsigned i, const char *value)
{
	struct paramset *fresh = paramset_with(*set, i, value);

	if (fresh == NULL)
		return;
	paramset_unref(*set);
	*set = fresh;
}

bool
session_fits(const struct link *link, const struct server *s)
{
	return link->params == s->params && link->extras == s->extras &&
	    !s->extras_in_doubt;
}

bool
session_was_reset(const struct link *link)
{
	return !session_fits(link, link->server) &&
	    !link->server->extras_in_doubt;
}

static void
wear(struct server *s, struct extras *extras)
{
	extras = extras_ref(extras);
	extras_unref(s->extras);
	s->extras = extras;
	s->extras_in_doubt = false;
}

/* Does the server wear what its client has not asked for? */
static bool
must_undress(const struct server *s)
{
	return s->extras != NULL &&
	    (s->extras != s->link->extras || s->extras_in_doubt);
}

/* Client and server agree: what is reported counts as the server has it, the
 * rest as the client wanted it. */
static void
settle(struct link *link, struct server *s)
{
	struct param_names *names = s->pooler->names;
	const char *value;
	unsigned i;

	for (i = 0; i < param_names_count(names); i++) {
		value = paramset_get(link->params, i);
		if (!(s->reported >> i & 1))
			params_set(&s->params, i, value);
	}
	paramset_unref(link->params);
	link->params = paramset_ref(s->params);
	wear(s, link->extras);
}

static void
finish(struct server *s, const struct failure *f)
{
	void (*on_done)(struct server *, const struct failure *) = s->on_set;

	must(s->link != NULL && on_done != NULL);
	s->on_set = NULL;
	if (f == NULL)
		settle(s->link, s);
	on_done(s, f);
}

static void put_on(struct server *);

static void
on_taken_off(struct server *s, const struct failure *f)
{
	if (f == NULL) {
		wear(s, NULL);
		put_on(s);
		return;
	}
	s->close_needed = true;
	finish(s, f);
}

static void
take_off(struct server *s)
{
	const char *again = s->pool->database->entry->connect_query;
	struct text sql = { 0 };

	(void)extras_off_sql(s->extras, NULL, &sql);
	if (again != NULL)
		text_puts(&sql, again);
	errand_start(s, "parameters", sql.p, on_taken_off);
	text_fini(&sql);
}

/* Called by the errand; the link is still the server's. */
static void
on_put_on(struct server *s, const struct failure *f)
{
	if (f != NULL && must_undress(s))
		take_off(s);
	else
		finish(s, f);
}

static void
put_on(struct server *s)
{
	const struct extras *from = s->extras, *to = s->link->extras;
	bool all = s->extras_in_doubt;
	struct text sql = { 0 };
	unsigned n = 0;

	n += extras_off_sql(from, all ? NULL : to, &sql);
	n += params_diff_sql(s->params, s->link->params, &sql);
	n += extras_on_sql(all ? NULL : from, to, &sql);
	if (n == 0)
		finish(s, NULL);
	else
		errand_start(s, "parameters", sql.p, on_put_on);
	text_fini(&sql);
}

void
session_put_on(struct link *link, void (*on_done)(struct server *,
    const struct failure *))
{
	struct server *s = link->server;

	must(s->on_set == NULL);
	s->on_set = on_done;
	if (must_undress(s) &&
	    s->pool->database->entry->connect_query != NULL)
		take_off(s);
	else
		put_on(s);
}

/* From the text of a Query or Parse to its frame's end; empty if it is none,
 * or not all here. */
static struct str
text_of(const struct frame *f, const unsigned char *p, size_t n)
{
	const char *text = (const char *)p + FRAME_HEADER;
	size_t left = n >= f->len ? f->len - FRAME_HEADER : 0;

	if (f->type == FE_PARSE && left > 0 &&
	    memchr(text, 0, left) != NULL) {
		left -= strlen(text) + 1;
		text += strlen(text) + 1;
	} else if (f->type != FE_QUERY) {
		left = 0;
	}
	return (struct str){ text, left };
}

/* So may begin what takes settings off. */
static bool
may_take_off(char first)
{
	return first == 'D' || first == 'd' || first == 'R' || first == 'r';
}

enum pausing
session_pauses(const struct link *link, const struct frame *f,
    const unsigned char *p, size_t n)
{
	const uint64_t off = VERB_BIT(DISCARD) | VERB_BIT(RESET);
	struct str text = text_of(f, p, n);

	if (link->server->pool->mode == POOL_SESSION)
		return PAUSING_NOT;
	if (text.n > 0 && may_take_off(text.p[0])) {
		text.n = strnlen(text.p, text.n);
		if ((off >> fingerprint_verb(text, false) & 1) != 0)
			return f->type == FE_QUERY ? PAUSING_NOW :
			    PAUSING_AT_SYNC;
	}
	if (link->pausing != PAUSING_AT_SYNC)
		return PAUSING_NOT;
	return f->type == FE_SYNC ? PAUSING_NOW : PAUSING_AT_SYNC;
}

/* The server resets to its own defaults, and will say so; the client's are
 * those of its login. */
static void
expect_reset(struct link *link, bool all)
{
	link->discarding = link->discarding || all;
	if (link->resetting == NULL)
		link->resetting = paramset_ref(link->params);
}

void
session_ready(struct link *link)
{
	struct param_names *names = link->server->pooler->names;
	const char *is, *was;
	unsigned i;

	if (link->resetting == NULL)
		return;
	for (i = 0; i < param_names_count(names); i++) {
		is = paramset_get(link->params, i);
		was = paramset_get(link->resetting, i);
		if (link->discarding || (is == NULL ? was != NULL :
		    was == NULL || strcmp(is, was) != 0))
			params_set(&link->params, i,
			    paramset_get(link->startup, i));
	}
	session_forget_reset(link);
}

void
session_tell(const struct link *link)
{
	const struct server *s = link->server;
	struct param_names *names = s->pooler->names;
	struct text text = { 0 };
	const char *is, *told;
	unsigned i;

	if (link->params == s->params)
		return;
	for (i = 0; i < param_names_count(names); i++) {
		is = paramset_get(link->params, i);
		told = paramset_get(s->params, i);
		if (is != NULL && told != NULL && strcmp(is, told) != 0)
			writer_parameter_status(&text,
			    param_names_at(names, i), is);
	}
	conn_send(link->conn, text.p, text.n);
	text_fini(&text);
}

void
session_forget_reset(struct link *link)
{
	paramset_unref(link->resetting);
	link->resetting = NULL;
	link->discarding = false;
}

void
session_completed(struct server *s, struct str tag, bool hidden)
{
	if (!hidden && s->link != NULL && (str_is(tag, "DISCARD ALL") ||
	    str_is(tag, "RESET")))
		expect_reset(s->link, str_is(tag, "DISCARD ALL"));
	if (s->extras == NULL)
		return;
	/* It is never part of a transaction that could be rolled back. */
	if (str_is(tag, "DISCARD ALL"))
		wear(s, NULL);
	else if (!hidden && str_is(tag, "RESET"))
		s->extras_in_doubt = true;
}

void
session_taken_off(struct server *s)
{
	unsigned i;

	for (i = 0; i < param_names_count(s->pooler->names); i++)
		if (!(s->reported >> i & 1))
			params_set(&s->params, i, NULL);
	s->extras_in_doubt = s->extras != NULL;
}
