/*
 * errand.c - hidden queries; see errand.h.
 *
 * What hides the answers is the tracker: the Query is recorded as hidden,
 * and so is every answer up to its ReadyForQuery.
 */
#include "pool/errand.h"

#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/must.h"
#include "base/str.h"
#include "pgwire/error.h"
#include "pgwire/messages.h"
#include "pgwire/tracker.h"
#include "pgwire/writer.h"

void
errand_start(struct server *s, const char *name, const char *sql,
    void (*on_done)(struct server *, const struct failure *))
{
	struct text text = { 0 };
	enum track track;

	must(s->errand.name == NULL && tracker_at_rest(&s->tracker));
	s->errand = (struct errand){ .name = name, .on_done = on_done };
	log_noise(&s->log, "errand: %s", name);
	track = tracker_frontend(&s->tracker, FE_QUERY, 0, HIDE_ALL);
	must(track != TRACK_BAD);
	writer_query(&text, sql);
	conn_send(&s->conn, text.p, text.n);
	text_fini(&text);
}

void
failure_set(struct failure *f, const void *body, size_t n)
{
	struct error_fields e = error_fields_of(body, n);

	snprintf(f->sqlstate, sizeof f->sqlstate, "%s", e.code);
	snprintf(f->message, sizeof f->message, "%s", e.message);
	f->from_server = true;
}

void
errand_note_error(struct server *s, const void *body, size_t n)
{
	if (s->errand.failure.message[0] == '\0')
		failure_set(&s->errand.failure, body, n);
}

void
errand_finish(struct server *s)
{
	struct errand e = s->errand;

	must(e.name != NULL);
	s->errand = (struct errand){ 0 };
	e.on_done(s, e.failure.message[0] != '\0' ? &e.failure : NULL);
}
