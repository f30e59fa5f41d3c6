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
#include "config/config.h"
#include "pgwire/error.h"
#include "pgwire/tracker.h"
#include "pool/batch.h"
#include "pool/state.h"

void
errand_start(struct server *s, const char *name, const char *sql,
    void (*on_done)(struct server *, const struct failure *))
{
	struct batch batch = { 0 };
	bool sent;

	must(s->errand.name == NULL && tracker_at_rest(&s->tracker));
	s->errand = (struct errand){ .name = name, .on_done = on_done };
	log_noise(&s->log, "errand: %s", name);
	/* During the login there is a deadline for all of it. */
	if (s->state != SERVER_LOGIN)
		deadline_arm(&s->pooler->server_deadlines, &s->deadline,
		    s->pooler->config->server_connect_timeout);
	batch_query(&batch, sql, HIDE_ALL);
	sent = batch_write(&batch, s);
	must(sent);
	batch_clear(&batch);
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
	if (s->state != SERVER_LOGIN)
		deadline_disarm(&s->deadline);
	e.on_done(s, e.failure.message[0] != '\0' ? &e.failure : NULL);
}
