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
#include "pgwire/messages.h"
#include "pgwire/tracker.h"
#include "pgwire/writer.h"
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

/* Unnamed statement and portal; all values as text. */
static void
write_question(struct batch *batch, const struct errand_question *q)
{
	static const char types[] = { FE_PARSE, FE_BIND, FE_EXECUTE,
		FE_SYNC };
	struct text t = { 0 };
	size_t i, at;

	for (i = 0; i < sizeof types; i++) {
		text_clear(&t);
		at = writer_begin(&t, types[i]);
		if (types[i] == FE_PARSE) {
			writer_cstring(&t, "");
			writer_cstring(&t, q->sql);
			writer_u16(&t, 0);
		} else if (types[i] == FE_BIND) {
			writer_cstring(&t, "");
			writer_cstring(&t, "");
			writer_u16(&t, 0);
			writer_u16(&t, 1);
			writer_u32(&t, (uint32_t)strlen(q->value));
			writer_bytes(&t, q->value, strlen(q->value));
			writer_u16(&t, 0);
		} else if (types[i] == FE_EXECUTE) {
			writer_cstring(&t, "");
			writer_u32(&t, 0);
		}
		writer_end(&t, at);
		batch_add(batch, t.p, t.n, HIDE_ALL);
	}
	text_fini(&t);
}

void
errand_ask(struct server *s, const struct errand_question *q)
{
	struct batch batch = { 0 };
	bool sent;

	must(s->errand.name == NULL && tracker_at_rest(&s->tracker));
	s->errand = (struct errand){
		.name = q->name, .on_done = q->on_done, .on_row = q->on_row,
		.on_lost = q->on_lost, .context = q->context,
	};
	log_noise(&s->log, "errand: %s", q->name);
	deadline_arm(&s->pooler->server_deadlines, &s->deadline,
	    s->pooler->config->server_connect_timeout);
	write_question(&batch, q);
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
	s->errand = (struct errand){ .context = e.context };
	if (s->state != SERVER_LOGIN)
		deadline_disarm(&s->deadline);
	e.on_done(s, e.failure.message[0] != '\0' ? &e.failure : NULL);
}
