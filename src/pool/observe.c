/*
 * observe.c - what is learned from a server's frames as they pass: how long
 * queries take, what parameters are, that the server is about to leave.
 */
#include "pool/observe.h"

#include "base/log.h"
#include "base/must.h"
#include "net/loop.h"
#include "pgwire/error.h"
#include "pgwire/frame.h"
#include "pgwire/messages.h"
#include "pgwire/params.h"
#include "pgwire/reader.h"
#include "pgwire/tracker.h"
#include "pool/errand.h"
#include "pool/heal.h"
#include "pool/prepared.h"
#include "pool/relay.h"
#include "pool/server.h"
#include "pool/session.h"
#include "pool/state.h"
#include "pool/stats.h"

void
observe_ready(struct server *s, char status)
{
	struct link *link = s->link;
	struct mono now = loop_now(s->pooler->loop);

	if (mono_is_set(link->query_start)) {
		s->stats->query_count++;
		s->stats->query_time += (uint64_t)mono_between(
		    link->query_start, now);
	}
	link->query_start = tracker_owes(&s->tracker) ? now :
	    (struct mono){ 0 };
	link->idle_start = now;
	if (status != 'I' || !mono_is_set(link->xact_start))
		return;
	s->stats->xact_count++;
	s->stats->xact_time += (uint64_t)mono_between(link->xact_start, now);
	link->xact_start = link->query_start;
}

/* A tracked parameter has changed: server and client both have it now. */
static void
note_parameter(struct server *s, const unsigned char *body, size_t n,
    bool hidden)
{
	struct reader r = reader_of(body, n);
	const char *name = reader_cstring(&r);
	const char *value = reader_cstring(&r);
	int i = param_names_find(s->pooler->names, name);

	if (!reader_ok(&r) || i < 0)
		return;
	params_set(&s->params, (unsigned)i, value);
	s->reported |= UINT64_C(1) << i;
	if (s->link != NULL && !hidden)
		params_set(&s->link->params, (unsigned)i, value);
}

/* A frame that is here as a whole and matters to us. */
void
observe_frame(struct server *s, const struct frame *f, const unsigned char *p,
    bool hidden)
{
	const unsigned char *body = p + FRAME_HEADER;
	size_t n = f->len - FRAME_HEADER;
	struct error_fields e;
	struct str tag;

	switch (f->type) {
	case BE_PARAMETER_STATUS:
		note_parameter(s, body, n, hidden);
		break;
	case BE_ERROR:
		if (hidden)
			errand_note_error(s, body, n);
		e = error_fields_of(body, n);
		if (error_ends_connection(&e)) {
			s->said_goodbye = true;
			if (s->link == NULL)
				log_info(&s->log, "server says: %s %s",
				    e.code, e.message);
		}
		break;
	case BE_READY_FOR_QUERY:
		if (!hidden && s->link != NULL) {
			observe_ready(s, (char)body[0]);
			session_ready(s->link);
		}
		break;
	case BE_PARAMETERS:
	case BE_ROW_DESCRIPTION:
	case BE_NO_DATA:
		if (s->prepared != NULL)
			heal_description(s, f->type, body, n);
		break;
	case BE_COMMAND_COMPLETE:
		tag = (struct str){ (const char *)body, n > 0 ? n - 1 : 0 };
		prepared_complete(s, tag);
		session_completed(s, tag, hidden);
		break;
	case BE_DATA_ROW:
		if (hidden)
			s->errand.on_row(s, body, n);
		break;
	default:
		break;
	}
}

/* "DISCARD ALL" and "DEALLOCATE ALL", "RESET", by their lengths. */
static bool
may_be_reset(const struct frame *f)
{
	return f->type == BE_COMMAND_COMPLETE &&
	    (f->len == FRAME_HEADER + sizeof "DISCARD ALL" ||
	    f->len == FRAME_HEADER + sizeof "DEALLOCATE ALL" ||
	    f->len == FRAME_HEADER + sizeof "RESET");
}

/* A description that says what a named statement looks like. */
static bool
is_description(const struct server *s, const struct frame *f)
{
	return s->prepared != NULL && f->len <= OBSERVE_WHOLE_MAX &&
	    (f->type == BE_PARAMETERS || ((f->type == BE_ROW_DESCRIPTION ||
	    f->type == BE_NO_DATA) && heal_is_described(s)));
}

/* An error may quote a statement of any size: a very long one passes by. */
bool
observe_wants_whole(const struct server *s, const struct frame *f)
{
	return f->type == BE_READY_FOR_QUERY ||
	    f->type == BE_PARAMETER_STATUS || may_be_reset(f) ||
	    (f->type == BE_ERROR && f->len <= OBSERVE_WHOLE_MAX) ||
	    (f->type == BE_DATA_ROW && s->errand.on_row != NULL) ||
	    is_description(s, f);
}
