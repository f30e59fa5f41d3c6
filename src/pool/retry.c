/*
 * retry.c - requests that another server is asked as well; see retry.h.
 *
 * In a routed database what a client sends first, when it has got a server,
 * is kept until it has seen some of the answer. It is sent again elsewhere
 *
 *	- if nothing of it was sent yet, or the server says goodbye to what is
 *	  sent before it, a BEGIN that has waited;
 *	- if it executes nothing, but prepares;
 *	- if it is a read, and the replica is lost, or answers with an error:
 *	  that may be for the replica's being one. Then the primary is asked,
 *	  once, and its answer counts;
 *	- if the server says goodbye instead of an answer, soon, and it is a
 *	  single statement that is one transaction: then it has not been
 *	  committed. (Later it may be an operator who ended just this one.)
 *
 * If the connection just breaks, nobody knows whether a write has happened:
 * the client is told so.
 */
#include "pool/retry.h"

#include <string.h>

#include "base/mem.h"
#include "base/must.h"
#include "cluster/host.h"
#include "cluster/topology.h"
#include "net/conn.h"
#include "pgwire/error.h"
#include "pgwire/frame.h"
#include "pgwire/messages.h"
#include "pgwire/tracker.h"
#include "pgwire/writer.h"
#include "pool/asked.h"
#include "pool/lane.h"
#include "pool/names.h"
#include "pool/outgoing.h"
#include "pool/pools.h"
#include "pool/relay.h"
#include "pool/server.h"
#include "pool/state.h"
#include "sql/classify.h"

#define TRIES_MAX 3
#define YOUNG_USEC INT64_C(500000)

void
retry_start(struct link *link, enum route route, char *begin)
{
	struct retry *r = mem_alloc(sizeof *r);

	must(link->retry == NULL);
	r->route = route;
	r->begin = begin;
	r->keeps = true;
	link->retry = r;
}

void
retry_end(struct link *link)
{
	struct retry *r = link->retry;

	if (r == NULL)
		return;
	mem_free(r->begin);
	text_fini(&r->kept);
	text_fini(&r->deferred);
	text_fini(&r->named);
	mem_free(r);
	link->retry = NULL;
}

bool
retry_is_due(const struct link *link)
{
	return link != NULL && link->retry != NULL && link->retry->due;
}

bool
retry_replays(const struct link *link)
{
	return link->retry != NULL && link->retry->replays;
}

bool
retry_is_in_block(const struct link *link)
{
	return link->retry != NULL && link->retry->begin != NULL;
}

/* Where one replica is gone others may be, too, and so may be the rest of the
 * connections to it. */
enum route
retry_route(const struct link *link, bool has_primary)
{
	const struct retry *r = link->retry;

	return r->route == ROUTE_READ && r->tries > 1 && has_primary ?
	    ROUTE_PRIMARY : r->route;
}

void
retry_named(struct link *link, const char *name)
{
	struct retry *r = link->retry;

	if (r->keeps)
		text_add(&r->named, name, strlen(name) + 1);
}

/* What made these names is about to be sent again. */
static void
forget_named(struct link *link)
{
	struct text *named = &link->retry->named;
	size_t at;

	for (at = 0; at < named->n; at += strlen(named->p + at) + 1)
		names_remove(link->names, named->p + at);
	text_fini(named);
}

struct str
retry_take_back(struct link *link)
{
	const struct retry *r = link->retry;

	if (r == NULL)
		return (struct str){ NULL, 0 };
	forget_named(link);
	return (struct str){ r->kept.p, r->kept.n };
}

struct str
retry_next(struct link *link)
{
	struct retry *r = link->retry;

	r->due = false;
	r->begun = r->ended = false;
	r->unstarted = false;
	r->replays = r->kept.n > 0;
	text_fini(&r->deferred);
	return retry_take_back(link);
}

void
retry_begin(struct link *link, struct outgoing *out)
{
	struct retry *r = link->retry;

	if (r->begun || r->begin == NULL)
		return;
	r->begun = true;
	writer_query(&out->made, r->begin);
	outgoing_made(out);
	(void)tracker_frontend(&link->server->tracker, FE_QUERY, 0, HIDE_ALL);
}

void
retry_keep(struct link *link, const void *p, size_t n)
{
	struct retry *r = link->retry;

	if (!r->keeps)
		return;
	if (r->replays)
		r->replays = false;
	else if (n <= ASKED_BYTES_MAX - r->kept.n)
		text_add(&r->kept, p, n);
	else
		retry_answered(link);
}

void
retry_sent(struct link *link, char type)
{
	link->retry->ended = type == FE_QUERY || type == FE_SYNC ||
	    type == FE_FUNCTION_CALL;
}

bool
retry_pauses(struct link *link, const unsigned char *p, size_t n)
{
	const struct tracker *t = &link->server->tracker;

	/* While it is sent data the server does not answer. */
	if (!link->retry->ended || t->copying == COPYING_IN)
		return false;
	/* Out of a block it is at rest now, and the link will end. */
	if (!tracker_owes(t))
		return t->tx == TX_IDLE;
	return !link->hooks->stays(link, p, n);
}

bool
retry_defers(struct link *link, const struct text *answers)
{
	struct retry *r = link->retry;

	if (!r->keeps || !r->ended) {
		retry_answered(link);
		return false;
	}
	text_add(&r->deferred, answers->p, answers->n);
	return true;
}

void
retry_answered(struct link *link)
{
	struct retry *r = link->retry;

	conn_send(link->conn, r->deferred.p, r->deferred.n);
	text_fini(&r->deferred);
	text_fini(&r->named);
	text_fini(&r->kept);
	r->keeps = false;
}

static bool
is_at_replica(const struct server *s)
{
	return s->pool->front != NULL;
}

bool
retry_survives(struct server *s)
{
	struct retry *r = s->link->retry;

	if (s->said_goodbye) {
		r->unstarted = r->keeps;
		return true;
	}
	/* Without its BEGIN what follows is not in a block. */
	return !r->begun || !r->keeps || s->errand.name != NULL ||
	    s->tracker.tx != TX_IDLE;
}

/* One that does not commit before its end? */
static bool
is_one_transaction(struct str text)
{
	struct fingerprint fp = fingerprint_of(text, false, 0);

	return !fp.broken && fp.statements == 1 && (fp.verbs &
	    ~(CLASSIFY_QUERIES | VERB_BIT(BEGIN) | VERB_BIT(START))) == 0;
}

/* Is what was sent exactly one request, which can be sent again? */
static bool
is_whole(const struct link *link, struct asked *a)
{
	const struct text *kept = &link->retry->kept;

	return link->passing == 0 && asked_read(a,
	    (const unsigned char *)kept->p, kept->n, UINT32_MAX / 8,
	    link->names) == ASKED && a->bytes == kept->n;
}

/* And one that has not committed? */
static bool
is_uncommitted(const struct link *link)
{
	struct asked a;
	unsigned i;

	if (!is_whole(link, &a))
		return false;
	for (i = 0; i < a.n; i++)
		if (!is_one_transaction(a.texts[i]))
			return false;
	return true;
}

/* An error that a replica gives for being one? In a block that costs the
 * connection, so it has to be likely. */
static bool
is_of_replicas(const struct retry *r, const struct error_fields *e)
{
	static const char *const codes[] = { "0A000", "55000", "XX000",
		 "42P01", "42703", "42883", "42704", "3F000",
		"40001", "40P01" };
	size_t i;

	if (r->begin == NULL)
		return !error_is(e, "57014");
	for (i = 0; i < sizeof codes / sizeof codes[0]; i++)
		if (error_is(e, codes[i]))
			return true;
	return false;
}

/* Does it name no function? Then its form tells that it only reads. */
static bool
is_plain(struct str text)
{
	struct sql_class k = classify_text(text);

	return k.result == SQL_PARSED && (k.facts & SQL_READ) != 0 &&
	    (k.facts & SQL_CALLS) == 0;
}

/* Has it surely written nothing? What only prepares has not, nor has a read at
 * a replica, nor in a block that is READ ONLY. */
static bool
is_harmless(const struct server *s)
{
	const struct retry *r = s->link->retry;
	struct asked a;
	unsigned i;

	if (!is_whole(s->link, &a))
		return false;
	if (!a.executes)
		return true;
	if (r->route != ROUTE_READ)
		return false;
	if (is_at_replica(s) || r->begin != NULL)
		return true;
	for (i = 0; i < a.n; i++)
		if (!is_plain(a.texts[i]))
			return false;
	return true;
}

/* Has it been at work for so short a time that nobody can have meant it, and
 * not the server, who sent that away? */
static bool
is_young(const struct server *s)
{
	return mono_between(s->link->query_start,
	    loop_now(s->pooler->loop)) < YOUNG_USEC;
}

/* A goodbye is followed by the connection's end. What an operator has ended
 * is not to begin anew again and again. */
static bool
hides_goodbye(struct server *s, const struct error_fields *e)
{
	struct retry *r = s->link->retry;

	if (r->tries > 0 && !is_young(s))
		return false;
	r->unstarted = error_is(e, "57P01") && is_young(s) &&
	    is_uncommitted(s->link);
	return r->unstarted || is_harmless(s);
}

static bool
hides_error(struct server *s, const struct error_fields *e)
{
	struct retry *r = s->link->retry;

	if (r->tries >= TRIES_MAX)
		return false;
	if (error_ends_connection(e))
		return hides_goodbye(s, e);
	/* A write at a primary that is none any more? */
	if (error_is(e, "25006") && !is_at_replica(s))
		topologies_suspect(&s->pooler->topologies, s->lane->host);
	if (!is_of_replicas(r, e) || !is_at_replica(s) ||
	    !pools_has_host(s->pool->front) || !is_harmless(s))
		return false;
	s->lane->host->retries++;
	r->route = ROUTE_PRIMARY;
	r->hiding = true;
	return true;
}

/* What may come before the first row, and says only that one may come. */
static bool
is_preface(char type)
{
	switch (type) {
	case BE_PARSE_COMPLETE:
	case BE_BIND_COMPLETE:
	case BE_CLOSE_COMPLETE:
	case BE_PARAMETERS:
	case BE_ROW_DESCRIPTION:
	case BE_NO_DATA:
	case BE_NOTICE:
	case BE_PARAMETER_STATUS:
		return true;
	default:
		return false;
	}
}

/* Is the next frame that says something an error that is not to be shown? A
 * server sends it along with what is before it, for it has held that back. */
static bool
fails(struct server *s, const unsigned char *p, size_t n)
{
	struct error_fields e;
	struct frame f;

	while (frame_peek(p, n, UINT32_MAX / 8, &f) == PARSE_OK &&
	    f.len <= n) {
		if (f.type == BE_ERROR) {
			e = error_fields_of(p + FRAME_HEADER,
			    f.len - FRAME_HEADER);
			return hides_error(s, &e);
		}
		if (!is_preface(f.type))
			return false;
		p += f.len;
		n -= f.len;
	}
	return false;
}

bool
retry_hides(struct server *s, const struct frame *f, const unsigned char *p,
    size_t n)
{
	struct retry *r = s->link->retry;

	if (r->hiding) {
		r->hiding = f->type != BE_READY_FOR_QUERY;
		r->due = !r->hiding;
		return true;
	}
	if (!r->keeps)
		return false;
	if (fails(s, p, n))
		return true;
	if (f->type != BE_NOTICE && f->type != BE_PARAMETER_STATUS)
		retry_answered(s->link);
	return false;
}

bool
retry_may_lose(const struct server *s)
{
	const struct retry *r = s->link->retry;

	if (!r->keeps || r->tries >= TRIES_MAX)
		return false;
	return r->kept.n == 0 || r->unstarted || is_harmless(s);
}

bool
retry_lost(struct server *s)
{
	struct retry *r = s->link->retry;

	/* Its error was not shown, and its end has not come. */
	if (!r->hiding && !retry_may_lose(s))
		return false;
	tracker_abandon(&s->tracker);
	s->lane->host->retries++;
	r->hiding = false;
	r->tries++;
	r->due = true;
	return true;
}
