/*
 * dialog.c - the answers of the console; see dialog.h.
 */
#include "admin/dialog.h"

#include <stdarg.h>

#include "base/log.h"
#include "base/must.h"
#include "config/config.h"
#include "pgwire/error.h"
#include "pgwire/messages.h"
#include "pgwire/writer.h"
#include "pool/pooler.h"

const struct log_ctx *
dialog_log(const struct dialog *d)
{
	return d->client != NULL ? client_log(d->client) : NULL;
}

void
dialog_ready(struct dialog *d)
{
	d->state = DIALOG_READY;
	writer_ready(&d->out, 'I');
}

void
dialog_done(struct dialog *d, const char *tag)
{
	writer_command_complete(&d->out, tag);
	dialog_ready(d);
}

static void
append_error(struct dialog *d, const char *sqlstate, const char *message,
    const char *detail)
{
	const struct error_fields e = {
		.severity = "ERROR",
		.code = sqlstate,
		.message = message,
		.detail = detail,
	};

	if (pooler_config(d->pooler)->log_pooler_errors)
		log_warning(dialog_log(d), "pooler error: %s", message);
	writer_error(&d->out, &e);
}

static void append_verror(struct dialog *, const char *sqlstate,
    const char *fmt, va_list) __attribute__((format(printf, 3, 0)));

static void
append_verror(struct dialog *d, const char *sqlstate, const char *fmt,
    va_list ap)
{
	struct text message = { 0 };

	text_vprintf(&message, fmt, ap);
	append_error(d, sqlstate, message.p, NULL);
	text_fini(&message);
}

void
dialog_report(struct dialog *d, const char *sqlstate, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	append_verror(d, sqlstate, fmt, ap);
	va_end(ap);
}

void
dialog_error(struct dialog *d, const char *sqlstate, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	append_verror(d, sqlstate, fmt, ap);
	va_end(ap);
	dialog_ready(d);
}

void
dialog_error_detail(struct dialog *d, const char *sqlstate,
    const char *message, const char *detail)
{
	append_error(d, sqlstate, message, detail);
	dialog_ready(d);
}

void
dialog_notice(struct dialog *d, const char *message, const char *detail)
{
	const struct error_fields e = {
		.severity = "NOTICE",
		.code = SQLSTATE_SUCCESS,
		.message = message,
		.detail = detail,
	};

	writer_notice(&d->out, &e);
}

void
dialog_show(struct dialog *d, const struct show *show)
{
	must(d->state == DIALOG_READY);
	walk_init(&d->walk, d->pooler, show, d->name);
	table_head(&d->out, show->columns, show->ncolumns);
	d->state = DIALOG_SHOWING;
}

void
dialog_rows(struct dialog *d, size_t limit)
{
	const struct show *show = d->walk.show;

	must(d->state == DIALOG_SHOWING);
	while (d->out.n < limit) {
		if (!show->next(&d->walk)) {
			dialog_done(d, "SHOW");
			return;
		}
		table_row(&d->out, show->columns, show->ncolumns,
		    &d->walk.row);
	}
}

void
dialog_flush(struct dialog *d)
{
	if (d->out.n == 0)
		return;
	d->sent += d->out.n;
	if (d->client != NULL)
		client_send(d->client, d->out.p, d->out.n);
	text_clear(&d->out);
}

/* A microsecond is the next turn: time stands still within one, and a timer
 * that is due in this turn would fire in it. */
void
dialog_wake(struct dialog *d)
{
	timer_arm(&d->tick, mono_after(loop_now(d->tick.loop), 1));
}
