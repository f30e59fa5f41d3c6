/*
 * relay.c - the hot path; see relay.h.
 *
 * Both directions are the same walk over frames. A frame of which only a
 * part has arrived is passed on as it comes ("passing"); only ReadyForQuery,
 * ParameterStatus and ErrorResponse, which are small, are waited for whole.
 * The tracker sees each header once, and says what is to be hidden.
 *
 * Frames that are shown lie side by side in the buffer, so they leave as one
 * slice; a hidden one in between makes two slices of it.
 *
 * This file does not know pools, states of clients, or SQL.
 */
#include "pool/relay.h"

#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/must.h"
#include "config/config.h"
#include "net/loop.h"
#include "pgwire/error.h"
#include "pgwire/frame.h"
#include "pgwire/messages.h"
#include "pgwire/params.h"
#include "pgwire/reader.h"
#include "pgwire/tracker.h"
#include "pgwire/writer.h"
#include "pool/errand.h"
#include "pool/heal.h"
#include "pool/lane.h"
#include "pool/observe.h"
#include "pool/outgoing.h"
#include "pool/pools.h"
#include "pool/prepared.h"
#include "pool/prepared_sql.h"
#include "pool/retry.h"
#include "pool/server.h"
#include "pool/session.h"
#include "pool/slices.h"
#include "pool/state.h"
#include "pool/stats.h"

static struct mono
now_of(const struct server *s)
{
	return loop_now(s->pooler->loop);
}

void
relay_link(struct link *link, struct server *s)
{
	must(link->server == NULL && s->link == NULL);
	must(tracker_at_rest(&s->tracker));
	server_set_state(s, SERVER_ACTIVE);
	s->request_time = 0;
	link->server = s;
	s->link = link;
	link->tracking = s->pool->mode != POOL_SESSION &&
	    (s->pooler->config->max_prepared_statements > 0 ||
	    link->names != NULL);
	prepared_link(link);
	s->stats->server_assignment_count++;
}

struct server *
relay_unlink(struct link *link)
{
	struct server *s = link->server;

	must(s != NULL && s->link == link);
	conn_hold(&s->conn, false);
	conn_hold(link->conn, false);
	s->link = NULL;
	link->server = NULL;
	link->passing = 0;
	link->pausing = PAUSING_NOT;
	link->query_start = link->xact_start = (struct mono){ 0 };
	link->idle_start = link->query_start;
	return s;
}

bool
relay_is_clean(const struct server *s)
{
	return tracker_at_rest(&s->tracker) && s->passing == 0 &&
	    s->errand.name == NULL && conn_kept(&s->conn) == 0 &&
	    !conn_is_clogged(&s->conn) && !s->said_goodbye;
}

bool
relay_at_rest(const struct link *link)
{
	const struct server *s = link->server;

	/* A spent server is at rest too, though it will be closed. */
	return (tracker_at_rest(&s->tracker) ||
	    tracker_is_spent(&s->tracker)) && s->passing == 0 &&
	    s->errand.name == NULL && conn_kept(&s->conn) == 0 &&
	    !conn_is_clogged(&s->conn) && link->passing == 0 &&
	    !conn_is_clogged(link->conn);
}

/*
 * From the client.
 */

/* Counters, and when the query and its transaction began. */
static void
note_request(struct link *link, char type)
{
	struct server *s = link->server;

	if (type == FE_PARSE)
		s->stats->client_parse_count++;
	else if (type == FE_BIND)
		s->stats->bind_count++;
	if (mono_is_set(link->query_start))
		return;
	link->query_start = now_of(s);
	if (!mono_is_set(link->xact_start))
		link->xact_start = link->query_start;
}

/* One frame header: pass it, stop before it, or refuse it. */
static enum relay
see_client_frame(struct link *link, const unsigned char *p, size_t n,
    struct frame *f)
{
	struct server *s = link->server;

	switch (frame_peek(p, n, (uint32_t)s->pooler->config->max_packet_size,
	    f)) {
	case PARSE_MORE:
		f->len = 0;
		return RELAY_OK;
	case PARSE_BAD:
		return RELAY_BAD_HEADER;
	case PARSE_OK:
		break;
	}
	if (f->type == FE_TERMINATE)
		return RELAY_TERMINATE;
	if (f->type == FE_QUERY && s->pooler->config->disable_pqexec)
		return RELAY_NO_QUERY;
	if (f->type == FE_DESCRIBE) {
		if (f->len <= FRAME_HEADER)
			return RELAY_UNKNOWN;
		if (n <= FRAME_HEADER)
			f->len = 0;
	}
	return RELAY_OK;
}

/* Have the frame tracked and find out how much of it passes on: all of it, or
 * what is behind the *took bytes that were replaced. len 0: not yet. */
static enum relay
take_frame(struct link *link, const unsigned char *p, size_t n,
    struct frame *f, struct outgoing *out, size_t *took)
{
	struct server *s = link->server;
	size_t bytes = 0;
	char target = 0;

	*took = 0;
	if ((link->pausing == PAUSING_NOW && tracker_owes(&s->tracker)) ||
	    (link->retry != NULL && retry_pauses(link, p, n))) {
		conn_hold(link->conn, true);
		f->len = 0;
		return RELAY_OK;
	}
	link->pausing = session_pauses(link, f, p, n);
	switch (link->tracking ?
	    prepared_sql_frame(link, f, p, n, out, &bytes) : PREPARED_PASS) {
	case PREPARED_PASS:
		if (f->type == FE_DESCRIBE)
			target = (char)p[FRAME_HEADER];
		if (tracker_frontend(&s->tracker, f->type, target,
		    HIDE_NOTHING) == TRACK_BAD)
			return RELAY_UNKNOWN;
		break;
	case PREPARED_DONE:
		*took = bytes;
		break;
	case PREPARED_MORE:
		conn_need(link->conn, bytes);
		f->len = 0;
		return RELAY_OK;
	case PREPARED_WAIT:
		conn_hold(link->conn, true);
		f->len = 0;
		return RELAY_OK;
	case PREPARED_BAD:
		return RELAY_UNKNOWN;
	}
	note_request(link, f->type);
	if (link->retry != NULL)
		retry_sent(link, f->type);
	return RELAY_OK;
}

/* Answers that are ours to give, in their turn. */
static void
answer_client(struct link *link)
{
	struct server *s = link->server;
	struct text text = { 0 };
	char type;

	if (s->passing > 0 || s->tracker.nlocal == 0)
		return;
	while ((type = tracker_take_local(&s->tracker)) != 0)
		writer_empty(&text, type);
	if (text.n > 0 && (link->retry == NULL || !retry_defers(link, &text)))
		conn_send(link->conn, text.p, text.n);
	text_fini(&text);
}

enum relay
relay_from_client(struct link *link, const unsigned char *p, size_t n,
    size_t *consumed)
{
	struct server *s = link->server;
	struct outgoing out;
	enum relay result = RELAY_OK;
	struct frame f = { 0 };
	size_t at = 0, take, took = 0;

	outgoing_init(&out, &s->conn);
	if (link->retry != NULL)
		retry_begin(link, &out);
	if (link->tracking)
		heal_batch_begin(link, p);
	while (at < n && !tracker_full(&s->tracker)) {
		if (link->passing == 0) {
			/* What is sent again nobody would go on with. */
			if (s->pooler->suspended && !retry_replays(link))
				break;
			result = see_client_frame(link, p + at, n - at, &f);
			if (result == RELAY_OK && f.len > 0)
				result = take_frame(link, p + at, n - at, &f,
				    &out, &took);
			if (result != RELAY_OK || f.len == 0)
				break;
			at += took;
			link->passing = f.len - (uint32_t)took;
		}
		take = link->passing < n - at ? link->passing : n - at;
		outgoing_add(&out, p + at, take);
		link->passing -= (uint32_t)take;
		at += take;
	}
	s->stats->bytes_received += at;
	outgoing_flush(&out);
	*consumed = at;
	if (link->retry != NULL)
		retry_keep(link, p, at);
	if (link->tracking)
		heal_batch_end(link, at, link->passing == 0 &&
		    f.len > 0 ? f.type : 0);
	answer_client(link);
	if (conn_is_clogged(&s->conn) || tracker_full(&s->tracker))
		conn_hold(link->conn, true);
	return result;
}

/*
 * From the server.
 */

/* Is this a goodbye right behind the last answer of a client who was about to
 * give the server back? Then it is no longer for that client. */
static bool
is_late_goodbye(const struct server *s, const struct frame *f)
{
	return f->type == BE_ERROR && s->said_goodbye && s->link != NULL &&
	    s->pool->mode != POOL_SESSION && s->errand.name == NULL &&
	    (tracker_at_rest(&s->tracker) || tracker_is_spent(&s->tracker)) &&
	    s->link->passing == 0;
}

enum step { STEP_PASS, STEP_WAIT, STEP_STOP, STEP_BLOCK, STEP_CLOSE };

/* Is the next frame from the server here, as far as it has to be? */
static enum step
await_server_frame(struct server *s, const unsigned char *p, size_t n,
    struct frame *f)
{
	switch (frame_peek(p, n, (uint32_t)s->pooler->config->max_packet_size,
	    f)) {
	case PARSE_MORE:
		return STEP_WAIT;
	case PARSE_BAD:
		return STEP_CLOSE;
	case PARSE_OK:
		break;
	}
	if (f->type == BE_READY_FOR_QUERY && f->len != FRAME_HEADER + 1)
		return STEP_CLOSE;
	if (n >= f->len || !observe_wants_whole(s, f))
		return STEP_PASS;
	if (f->len > OBSERVE_WHOLE_MAX)
		return STEP_CLOSE;
	conn_need(&s->conn, f->len);
	return STEP_WAIT;
}

/* Is a frame that its client would be shown kept back? */
static bool
keep_back(struct server *s, const struct frame *f, const unsigned char *p,
    size_t n)
{
	if (s->link != NULL && s->link->retry != NULL &&
	    retry_hides(s, f, p, n))
		return true;
	if (f->type != BE_ERROR || s->prepared == NULL ||
	    f->len > OBSERVE_WHOLE_MAX || !heal_can(s, p, f->len))
		return false;
	conn_hold(s->link->conn, true);
	return true;
}

/* An error that nobody is shown. False: the rest makes no sense then. */
static bool
note_hidden_error(struct server *s, bool whole)
{
	if (!whole)
		errand_note_error(s, "", 0);
	return s->link == NULL || s->link->retry == NULL ||
	    retry_survives(s);
}

/* One frame header from the server. */
static enum step
see_server_frame(struct server *s, const unsigned char *p, size_t n,
    struct frame *f)
{
	enum step step = await_server_frame(s, p, n, f);
	bool hidden, whole, ready;
	enum track track;

	if (step != STEP_PASS)
		return step;
	ready = f->type == BE_READY_FOR_QUERY;
	whole = observe_wants_whole(s, f);
	track = tracker_backend(&s->tracker, f->type,
	    ready ? (char)p[FRAME_HEADER] : 0);
	if (track == TRACK_BAD)
		return STEP_CLOSE;
	hidden = track == TRACK_HIDE;
	if (ready && !hidden && s->link != NULL &&
	    s->link->single_statements && s->tracker.tx != TX_IDLE)
		return STEP_BLOCK;
	if (whole)
		observe_frame(s, f, p, hidden);
	if (!hidden)
		hidden = keep_back(s, f, p, n);
	else if (f->type == BE_ERROR && !note_hidden_error(s, whole))
		return STEP_CLOSE;
	if (heal_hides(s) && f->type == BE_ERROR)
		heal_tell(s, NULL);
	else if (heal_hides(s) && !ready)
		hidden = true;
	hidden = hidden || is_late_goodbye(s, f);
	s->passing = f->len;
	s->hiding = hidden;
	/* What is owed to an errand ends here: its owner may link a client
	 * now, so what follows must not be seen with today's eyes. */
	return hidden && ready ? STEP_STOP : STEP_PASS;
}

/* Without a link only asynchronous messages are in order, and a
 * notification means that somebody left a LISTEN behind. */
static bool
is_harmless_when_idle(char type)
{
	return type == BE_NOTICE || type == BE_PARAMETER_STATUS ||
	    type == BE_ERROR;
}

static void
close_broken(struct server *s, const char *why)
{
	struct link *link = s->link;
	bool again = link != NULL && link->retry != NULL && retry_lost(s);
	/* In the middle of a message nothing can be told any more; and what
	 * it answered to an errand, or to the BEGIN that waited, the client
	 * has not seen. */
	bool told = !again && !s->hiding && (s->passing > 0 ||
	    (s->said_goodbye && s->errand.name == NULL));
	struct failure f = s->errand.failure;

	topologies_suspect(&s->pooler->topologies, s->lane->host);
	if (s->state == SERVER_LOGIN) {
		/* In its connect_query: an attempt that has failed, too. */
		if (f.message[0] == '\0')
			snprintf(f.message, sizeof f.message, "%s", why);
		s->hooks->failed(s, &f);
		return;
	}
	if (link == NULL) {
		server_close(s, why);
		return;
	}
	relay_unlink(link);
	server_close(s, why);
	link->hooks->on_lost(link, why, told);
}

/* In a SUSPEND a client's answers stop between two messages; an errand of
 * ours is let through to its end. */
static bool
stops_here(const struct server *s)
{
	return s->pooler->suspended && s->link != NULL &&
	    s->errand.name == NULL;
}

static const unsigned char parse_complete[] = {
	BE_PARSE_COMPLETE, 0, 0, 0, 4 };
static const unsigned char close_complete[] = {
	BE_CLOSE_COMPLETE, 0, 0, 0, 4 };

/* Answers that are ours to give, between two of the server. */
static void
add_local(struct server *s, struct slices *out)
{
	char type;

	if (s->tracker.nlocal > 0 && s->link->retry != NULL) {
		slices_flush(out, s->link);
		answer_client(s->link);
	}
	while ((type = tracker_take_local(&s->tracker)) != 0)
		slices_add(out, s->link, type == BE_PARSE_COMPLETE ?
		    parse_complete : close_complete, sizeof parse_complete);
}

/* An error that names a statement as the server knows it. */
static void
translate_error(struct server *s, const struct frame *f,
    const unsigned char *p, struct slices *out)
{
	bool whole = observe_wants_whole(s, f);
	struct error_fields e = error_fields_of(p + FRAME_HEADER,
	    whole ? f->len - FRAME_HEADER : 0);
	struct text text = { 0 };

	if (prepared_error(s, &e, &text) && !s->hiding && s->link != NULL) {
		slices_flush(out, s->link);
		conn_send(s->link->conn, text.p, text.n);
		s->hiding = true;
	}
	text_fini(&text);
	prepared_error_over(s);
}

/* The client was not shown results that it would have misread. */
static void
tell_misled(struct server *s, struct slices *out)
{
	struct text text = { 0 };

	heal_tell(s, &text);
	slices_flush(out, s->link);
	conn_send(s->link->conn, text.p, text.n);
	text_fini(&text);
}

/* Walk the frames; returns what was consumed, and how the walk ended. */
static size_t
walk(struct server *s, const unsigned char *p, size_t n,
    struct slices *out, enum step *last)
{
	struct link *link = s->link;
	struct frame f = { 0 };
	size_t at = 0, take;

	*last = STEP_PASS;
	while (at < n) {
		if (s->passing == 0) {
			if (stops_here(s)) {
				*last = STEP_WAIT;
				break;
			}
			*last = see_server_frame(s, p + at, n - at, &f);
			if (*last == STEP_WAIT || *last == STEP_BLOCK ||
			    *last == STEP_CLOSE)
				break;
			if (link == NULL && !s->hiding &&
			    !is_harmless_when_idle(f.type)) {
				*last = STEP_CLOSE;
				break;
			}
			/* Its end may come when there is a link. */
			if (link == NULL)
				s->hiding = true;
			if (f.type == BE_ERROR && s->prepared != NULL)
				translate_error(s, &f, p + at, out);
			if (f.type == BE_READY_FOR_QUERY && !s->hiding &&
			    heal_hides(s))
				tell_misled(s, out);
		}
		take = s->passing < n - at ? s->passing : n - at;
		if (!s->hiding && link != NULL)
			slices_add(out, link, p + at, take);
		s->passing -= (uint32_t)take;
		at += take;
		if (s->passing == 0 && link != NULL)
			add_local(s, out);
		if (*last == STEP_STOP)
			break;
	}
	return at;
}

/* Go on reading a client that was held, if its server can take more. */
static void
resume_client(struct link *link)
{
	struct server *s = link->server;

	if (!link->conn->held || conn_is_clogged(&s->conn) ||
	    tracker_full(&s->tracker) || heal_is_on(s))
		return;
	/* What follows may get another server, and needs its settings. */
	if (link->pausing == PAUSING_NOW && relay_at_rest(link))
		return;
	conn_hold(link->conn, false);
	conn_redeliver(link->conn);
}

static void
after_bytes(struct server *s)
{
	struct link *link = s->link;

	if (link == NULL) {
		/* Its end of file will follow; nobody may get it before. */
		if (s->said_goodbye)
			close_broken(s, "server conn crashed?");
		return;
	}
	/* Its end may take long to come, and there is nothing to wait for. */
	if (s->said_goodbye && link->retry != NULL && retry_may_lose(s)) {
		close_broken(s, "server conn crashed?");
		return;
	}
	if (conn_is_clogged(link->conn)) {
		conn_hold(&s->conn, true);
		return;
	}
	resume_client(link);
	if (s->link == link && relay_at_rest(link))
		link->hooks->on_rest(link);
}

/* A batch that failed for the age of its plan is over: run it again. */
static void
heal(struct server *s)
{
	struct link *link = s->link;
	struct outgoing out;
	struct text ready = { 0 };
	struct str bytes;
	size_t took;

	must(link != NULL);
	outgoing_init(&out, &s->conn);
	switch (heal_step(s, &out, &bytes)) {
	case HEAL_PROBES:
		outgoing_flush(&out);
		return;
	case HEAL_REPLAYS:
		if (relay_from_client(link, (const unsigned char *)bytes.p,
		    bytes.n, &took) != RELAY_OK || took != bytes.n)
			must(!"a batch that was sent before is sent again");
		break;
	case HEAL_FAILS:
		conn_send(link->conn, bytes.p, bytes.n);
		writer_ready(&ready, 'I');
		conn_send(link->conn, ready.p, ready.n);
		text_fini(&ready);
		observe_ready(s, 'I');
		break;
	}
	heal_over(s);
}

static void
on_bytes(struct conn *c, const unsigned char *p, size_t n)
{
	struct server *s = server_of(c);
	size_t at = 0, took;
	enum step last;

	do {
		struct slices out = { .n = 0 };

		took = walk(s, p + at, n - at, &out, &last);
		at += took;
		conn_consume(c, took);
		slices_flush(&out, s->link);
		s->stats->bytes_sent += out.bytes;
		if (last == STEP_CLOSE) {
			close_broken(s, s->link != NULL ?
			    "unexpected packet from server" :
			    "idle server got dirty");
			return;
		}
		if (last == STEP_BLOCK) {
			s->link->hooks->on_block(s->link);
			return;
		}
		if (last == STEP_STOP && heal_is_on(s))
			heal(s);
		else if (last == STEP_STOP && s->errand.name != NULL)
			errand_finish(s);
		else if (last == STEP_STOP && retry_is_due(s->link))
			s->link->hooks->on_again(s->link);
	} while (last == STEP_STOP && s->state != SERVER_CLOSING && at < n);
	if (s->state != SERVER_CLOSING)
		after_bytes(s);
}

/* The server takes bytes again: go on reading its client. */
static void
on_drained(struct conn *c)
{
	struct server *s = server_of(c);

	if (s->link != NULL)
		resume_client(s->link);
}

static void
on_end(struct conn *c, int error)
{
	char why[128];

	if (error == 0)
		strcpy(why, "server conn crashed?");
	else
		snprintf(why, sizeof why, "server conn crashed? (%s)",
		    conn_reason(c, error));
	close_broken(server_of(c), why);
}

static const struct conn_ops relay_ops = {
	.on_bytes = on_bytes,
	.on_drained = on_drained,
	.on_end = on_end,
};

void
relay_abandon(struct server *s, const char *why)
{
	if (s->link != NULL && s->link->retry != NULL && retry_may_lose(s))
		close_broken(s, why);
}

void
relay_cut(struct server *s, const char *why)
{
	must(s->link != NULL);
	close_broken(s, why);
}

void
relay_errand_late(struct server *s)
{
	must(s->errand.name != NULL);
	close_broken(s, "server does not answer");
}

void
relay_open(struct server *s)
{
	s->conn.ops = &relay_ops;
}

void
relay_client_drained(struct link *link)
{
	struct server *s = link->server;

	conn_hold(&s->conn, false);
	conn_redeliver(&s->conn);
	/* The answers that made room in the tracker may all have been seen
	 * while the client was clogged. */
	if (link->server == s)
		resume_client(link);
	if (link->server == s && relay_at_rest(link))
		link->hooks->on_rest(link);
}
