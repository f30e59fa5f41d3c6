/*
 * console.c - the messages of console clients, one after the other.
 *
 * Every message is queued and taken from the queue when its turn has come:
 * at once in the plain case, later while a command waits, while a long table
 * is on its way, or when this turn of the loop has had its share of work.
 * So a command never runs inside another one, and neither a long table nor
 * many short commands in one packet stall the traffic.
 *
 * A dialog is freed by on_close, or, where that comes from inside a command
 * (KILL, SHUTDOWN), when the command has returned.
 */
#include "admin/console.h"

#include <string.h>

#include "admin/dialog.h"
#include "admin/verb.h"
#include "base/mem.h"
#include "base/must.h"
#include "pgwire/messages.h"
#include "pool/console.h"
#include "pool/pooler.h"

#define TURN_BYTES  ((size_t)64 * 1024)  /* answers per turn of the loop */
#define QUEUE_BYTES ((size_t)256 * 1024) /* messages that wait */
#define QUERY_MAX   ((size_t)4096)       /* no command is longer */

enum queued_text {
	TEXT_WHOLE,
	TEXT_CUT,               /* only its beginning: no command is so long */
	TEXT_BAD                /* not a string */
};

/* A queued message; n bytes of its text follow. */
struct queued {
	char type;
	enum queued_text kind;
	size_t n;
};

static struct dialog *
checked(void *p)
{
	struct dialog *d = p;

	must(d != NULL && d->magic == DIALOG_MAGIC);
	return d;
}

static void
destroy(struct dialog *d)
{
	control_wait_cancel(&d->wait);
	timer_disarm(&d->tick);
	text_fini(&d->out);
	text_fini(&d->in);
	d->magic = 0;
	mem_free(d);
}

/* FATAL, and silence. */
static void
fail(struct dialog *d, const char *sqlstate, const char *why)
{
	dialog_flush(d);
	d->state = DIALOG_ENDED;
	if (d->client != NULL)
		client_fail(d->client, sqlstate, "%s", why);
}

/* An error in the extended protocol: what was sent along up to Sync is not
 * looked at. */
static void
skip(struct dialog *d, char type)
{
	if (type == FE_PARSE || type == FE_BIND || type == FE_EXECUTE)
		dialog_report(d, SQLSTATE_PROTOCOL_VIOLATION, "extended "
		    "query protocol not supported by admin console");
	else
		dialog_report(d, SQLSTATE_PROTOCOL_VIOLATION, "unsupported "
		    "packet type for admin console: %d", type);
	d->skips = true;
}

static void
query(struct dialog *d, enum queued_text kind, struct str text)
{
	switch (kind) {
	case TEXT_WHOLE:
		verb_run(d, text);
		return;
	case TEXT_CUT:
		verb_reject(d, text);
		return;
	case TEXT_BAD:
		dialog_error(d, SQLSTATE_PROTOCOL_VIOLATION,
		    "invalid message format");
		return;
	}
}

static void
handle(struct dialog *d, const struct queued *q, struct str text)
{
	if (d->skips && q->type != FE_SYNC)
		return;
	switch (q->type) {
	case FE_QUERY:
		query(d, q->kind, text);
		return;
	case FE_SYNC:
		d->skips = false;
		dialog_ready(d);
		return;
	case FE_PARSE:
	case FE_BIND:
	case FE_EXECUTE:
	case FE_DESCRIBE:
	case FE_CLOSE:
		skip(d, q->type);
		return;
	case FE_FUNCTION_CALL:
		dialog_error(d, SQLSTATE_PROTOCOL_VIOLATION, "unsupported "
		    "packet type for admin console: %d", q->type);
		return;
	}
	fail(d, SQLSTATE_PROTOCOL_VIOLATION, "unknown pkt");
}

/* Handle the first message of the queue. */
static void
next_message(struct dialog *d)
{
	const char *p = d->in.p + d->taken;
	struct queued q;

	must(d->in.n - d->taken >= sizeof q);
	memcpy(&q, p, sizeof q);
	d->taken += sizeof q;
	must(d->in.n - d->taken >= q.n);
	d->taken += q.n;
	handle(d, &q, (struct str){ p + sizeof q, q.n });
}

static bool
has_work(const struct dialog *d)
{
	switch (d->state) {
	case DIALOG_READY:
		return d->taken != d->in.n;
	case DIALOG_SHOWING:
		return true;
	case DIALOG_WAITING:
	case DIALOG_ENDED:
		return false;
	}
	return false;
}

/*
 * Send what was made. What is left to do is done when the client has taken
 * what it was sent, or in the next turn. An idle dialog holds no buffers.
 * May free the dialog.
 */
static void
leave(struct dialog *d)
{
	dialog_flush(d);
	d->is_busy = false;
	if (d->client == NULL) {
		destroy(d);
		return;
	}
	if (d->taken == d->in.n) {
		text_fini(&d->in);
		d->taken = 0;
	}
	if (!has_work(d))
		text_fini(&d->out);
	else if (!client_is_clogged(d->client))
		dialog_wake(d);
}

/* Do what there is to do, up to this turn's share. May free the dialog. */
static void
work(struct dialog *d)
{
	const struct mono now = loop_now(d->tick.loop);

	if (d->is_busy)
		return;
	d->is_busy = true;
	if (mono_between(d->turn, now) != 0) {
		d->turn = now;
		d->sent = 0;
	}
	while (d->client != NULL && !client_is_clogged(d->client) &&
	    has_work(d) && d->sent + d->out.n < TURN_BYTES) {
		if (d->state == DIALOG_SHOWING)
			dialog_rows(d, TURN_BYTES - d->sent);
		else
			next_message(d);
	}
	leave(d);
}

static void
on_tick(struct timer *t)
{
	work(container_of(t, struct dialog, tick));
}

static void
enqueue(struct dialog *d, char type, const char *body, size_t n)
{
	struct queued q = { .type = type };

	if (type == FE_QUERY) {
		q.n = n != 0 ? strnlen(body, n) : 0;
		q.kind = n == 0 || q.n != n - 1 ? TEXT_BAD :
		    q.n > QUERY_MAX ? TEXT_CUT : TEXT_WHOLE;
		if (q.kind != TEXT_WHOLE && q.n > QUERY_MAX)
			q.n = QUERY_MAX;
	}
	if (d->taken > d->in.n / 2) {
		d->in.n -= d->taken;
		memmove(d->in.p, d->in.p + d->taken, d->in.n);
		d->taken = 0;
	}
	text_add(&d->in, &q, sizeof q);
	text_add(&d->in, body, q.n);
}

/* The hooks of pool/console.h */

static void *
on_open(void *context, struct pooler *p, struct client *c,
    enum console_role role, const char *name)
{
	struct dialog *d = mem_alloc(sizeof *d);

	(void)context;
	d->magic = DIALOG_MAGIC;
	d->pooler = p;
	d->client = c;
	d->role = role;
	d->name = strcmp(name, "pgbouncer") == 0 ? "pgbouncer" : "pgweir";
	list_init(&d->wait.member);
	timer_init(&d->tick, pooler_loop(p), on_tick);
	return d;
}

static const char *
name_of(const void *session)
{
	const struct dialog *d = session;

	must(d->magic == DIALOG_MAGIC);
	return d->name;
}

/* COPY data is dropped as PostgreSQL drops it outside COPY; Flush has
 * nothing to flush; after Terminate the client closes. */
static void
on_frame(void *session, char type, const unsigned char *body, size_t n)
{
	struct dialog *d = checked(session);

	switch (type) {
	case FE_COPY_DATA:
	case FE_COPY_DONE:
	case FE_COPY_FAIL:
	case FE_FLUSH:
	case FE_TERMINATE:
		return;
	}
	if (d->state == DIALOG_ENDED)
		return;
	enqueue(d, type, (const char *)body, n);
	if (d->in.n - d->taken > QUEUE_BYTES && !d->is_busy) {
		d->is_busy = true;
		fail(d, SQLSTATE_TOO_COMPLEX,
		    "too much input while a command is running");
		leave(d);
		return;
	}
	work(d);
}

static void
on_drained(void *session)
{
	work(checked(session));
}

static void
on_cancel(void *session)
{
	verb_cancel(checked(session));
}

static void
on_close(void *session)
{
	struct dialog *d = checked(session);

	d->client = NULL;
	control_wait_cancel(&d->wait);
	if (!d->is_busy)
		destroy(d);
}

void
console_attach(struct pooler *p)
{
	static const struct console_hooks hooks = {
		.open = on_open,
		.name = name_of,
		.on_frame = on_frame,
		.on_drained = on_drained,
		.on_cancel = on_cancel,
		.close = on_close,
	};

	pooler_set_console(p, &hooks);
}
