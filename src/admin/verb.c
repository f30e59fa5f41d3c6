/*
 * verb.c - the commands of the console: one row each.
 *
 * A row that does not say who may run it is for administrators. All that a
 * command does to the pooler is in pool/control.h; here are names, rights,
 * texts and tags, which are PgBouncer's.
 */
#include "admin/verb.h"

#include <strings.h>

#include "admin/command.h"
#include "admin/dialog.h"
#include "admin/show.h"
#include "base/log.h"
#include "base/must.h"
#include "pgwire/messages.h"
#include "pool/control.h"

/* What is told to the client about a command that fits no form. */
#define QUOTED_MAX 100

enum verdict { ACCEPTED, INVALID };

struct verb {
	const char *name, *args, *help;
	enum need need;
	enum command_form least, most;  /* how many words it may have */
	enum verdict (*run)(struct dialog *, const struct command *);
};

static enum verdict run_show(struct dialog *, const struct command *);
static enum verdict run_set(struct dialog *, const struct command *);
static enum verdict run_pause(struct dialog *, const struct command *);
static enum verdict run_resume(struct dialog *, const struct command *);
static enum verdict run_kill(struct dialog *, const struct command *);
static enum verdict run_reconnect(struct dialog *, const struct command *);
static enum verdict run_reload(struct dialog *, const struct command *);
static enum verdict run_shutdown(struct dialog *, const struct command *);
static enum verdict run_later(struct dialog *, const struct command *);

/* No help: not mentioned by SHOW HELP. */
static const struct verb verbs[] = {
	{ "SHOW", "name", "print a table: see above", NEED_STATS,
	    COMMAND_VERB_ARG, COMMAND_VERB_ARG, run_show },
	{ "SELECT", "name", NULL, NEED_STATS,
	    COMMAND_VERB_ARG, COMMAND_VERB_ARG, run_show },
	/* For all, so that drivers may set what is ignored; see run_set(). */
	{ "SET", "key = value", NULL, NEED_STATS,
	    COMMAND_SET, COMMAND_SET, run_set },
	{ "PAUSE", "[db]", "let transactions finish, then hold all queries",
	    NEED_ADMIN, COMMAND_VERB, COMMAND_VERB_ARG, run_pause },
	{ "RESUME", "[db]", "go on after PAUSE or KILL",
	    NEED_ADMIN, COMMAND_VERB, COMMAND_VERB_ARG, run_resume },
	{ "KILL", "[db]", "drop all connections at once and stay paused",
	    NEED_ADMIN, COMMAND_VERB, COMMAND_VERB_ARG, run_kill },
	{ "RECONNECT", "[db]", "replace server connections as they fall free",
	    NEED_ADMIN, COMMAND_VERB, COMMAND_VERB_ARG, run_reconnect },
	{ "RELOAD", "", "read the configuration again",
	    NEED_ADMIN, COMMAND_VERB, COMMAND_VERB, run_reload },
	{ "SHUTDOWN", "[WAIT_FOR_SERVERS|WAIT_FOR_CLIENTS]",
	    "end at once, or when nobody is left",
	    NEED_ADMIN, COMMAND_VERB, COMMAND_VERB_ARG, run_shutdown },
	{ "SUSPEND", "", NULL, NEED_ADMIN,
	    COMMAND_VERB, COMMAND_VERB, run_later },
	{ "DISABLE", "db", NULL, NEED_ADMIN,
	    COMMAND_VERB, COMMAND_VERB_ARG, run_later },
	{ "ENABLE", "db", NULL, NEED_ADMIN,
	    COMMAND_VERB, COMMAND_VERB_ARG, run_later },
	{ "WAIT_CLOSE", "[db]", NULL, NEED_ADMIN,
	    COMMAND_VERB, COMMAND_VERB_ARG, run_later },
	{ "KILL_CLIENT", "id", NULL, NEED_ADMIN,
	    COMMAND_VERB, COMMAND_VERB_ARG, run_later },
};

static const struct verb *
find(const char *name)
{
	for (size_t i = 0; i < countof(verbs); i++)
		if (strcasecmp(verbs[i].name, name) == 0)
			return &verbs[i];
	return NULL;
}

/* Answer with an error unless the client may do it. */
static bool
refused(struct dialog *d, enum need need)
{
	if (need == NEED_STATS || d->role == CONSOLE_ADMIN)
		return false;
	dialog_error(d, SQLSTATE_INSUFFICIENT_PRIVILEGE,
	    "admin access needed");
	return true;
}

static const char *
argument(const struct command *c)
{
	return c->form == COMMAND_VERB ? NULL : c->arg;
}

/* SHOW is what monitoring sends every few seconds. */
static void
log_command(const struct dialog *d, const struct verb *v,
    const struct command *c)
{
	const struct log_ctx *log = dialog_log(d);

	if (v->need != NEED_ADMIN)
		log_debug(log, "%s '%s' command issued", v->name, c->arg);
	else if (argument(c) != NULL)
		log_info(log, "%s '%s' command issued", v->name, c->arg);
	else
		log_info(log, "%s command issued", v->name);
}

static enum verdict
dispatch(struct dialog *d, const struct command *c)
{
	const struct verb *v = find(c->verb);

	if (v == NULL)
		return INVALID;
	if (refused(d, v->need))
		return ACCEPTED;
	if (c->form < v->least || c->form > v->most)
		return INVALID;
	log_command(d, v, c);
	return v->run(d, c);
}

/* Quote the text, or its beginning up to a whole UTF-8 character. */
void
verb_reject(struct dialog *d, struct str text)
{
	size_t n = text.n;

	if (n > QUOTED_MAX)
		for (n = QUOTED_MAX; n > 0 && (text.p[n] & 0xc0) == 0x80;)
			n--;
	dialog_error(d, SQLSTATE_SYNTAX_ERROR,
	    "invalid command '%.*s%s', use SHOW HELP;", (int)n, text.p,
	    n < text.n ? "..." : "");
}

void
verb_run(struct dialog *d, struct str text)
{
	struct command *c = &d->command;

	switch (command_parse(c, text)) {
	case COMMAND_OK:
		if (dispatch(d, c) == INVALID)
			verb_reject(d, text);
		return;
	case COMMAND_INVALID:
		verb_reject(d, text);
		return;
	case COMMAND_TOO_LONG:
		dialog_error(d, SQLSTATE_SYNTAX_ERROR, "bad arguments");
		return;
	}
}

/*
 * PgBouncer resumes everything and leaves the client without an answer.
 * Here it gets one, and what is resumed is what it had paused.
 */
void
verb_cancel(struct dialog *d)
{
	switch (d->state) {
	case DIALOG_WAITING:
		control_wait_cancel(&d->wait);
		if (!control_state(d->pooler).shutting_down)
			control_resume(d->pooler, d->wait.database);
		break;
	case DIALOG_SHOWING:
		break;
	case DIALOG_READY:
	case DIALOG_ENDED:
		return;
	}
	dialog_error(d, SQLSTATE_QUERY_CANCELED,
	    "canceling statement due to user request");
	dialog_wake(d);
}

/* SHOW, SET */

static void
show_help(struct dialog *d)
{
	struct text help = { 0 };

	text_puts(&help, "\n\tSHOW ");
	show_names(&help);
	for (size_t i = 0; i < countof(verbs); i++)
		if (verbs[i].help != NULL && verbs[i].run != run_show)
			text_printf(&help, "\n\t%s%s%s - %s", verbs[i].name,
			    verbs[i].args[0] != '\0' ? " " : "",
			    verbs[i].args, verbs[i].help);
	dialog_notice(d, "Console usage", help.p);
	dialog_done(d, "SHOW");
	text_fini(&help);
}

static enum verdict
run_show(struct dialog *d, const struct command *c)
{
	const struct show *show = show_find(c->arg);

	if (strcasecmp(c->arg, "help") == 0) {
		show_help(d);
		return ACCEPTED;
	}
	if (show == NULL)
		return INVALID;
	if (refused(d, show->need))
		return ACCEPTED;
	dialog_show(d, show);
	return ACCEPTED;
}

static enum verdict
run_set(struct dialog *d, const struct command *c)
{
	const struct show *show = show_find(c->arg);

	if (show != NULL && show->kind == SHOW_DUMMY) {
		dialog_notice(d, "SET ignored", NULL);
		dialog_done(d, "SET");
	} else if (!refused(d, NEED_ADMIN)) {
		dialog_error(d, SQLSTATE_FEATURE_NOT_SUPPORTED,
		    "SET %s is not supported yet", c->arg);
	}
	return ACCEPTED;
}

static enum verdict
run_later(struct dialog *d, const struct command *c)
{
	dialog_error(d, SQLSTATE_FEATURE_NOT_SUPPORTED,
	    "%s is not supported yet", find(c->verb)->name);
	return ACCEPTED;
}

/* PAUSE, RESUME, KILL, RECONNECT */

/* Answer by what came of it; word is the verb inside a sentence. */
static enum verdict
answer(struct dialog *d, const struct command *c, enum control result,
    const char *word)
{
	const char *code = SQLSTATE_PROTOCOL_VIOLATION;

	switch (result) {
	case CONTROL_DONE:
		dialog_done(d, find(c->verb)->name);
		break;
	case CONTROL_WAIT:
		d->state = DIALOG_WAITING;
		break;
	case CONTROL_NO_SUCH_DATABASE:
		dialog_error(d, code, "no such database: %s", c->arg);
		break;
	case CONTROL_ALREADY:
		dialog_error(d, code, "already suspended/paused");
		break;
	case CONTROL_NOT_PAUSED:
		if (argument(c) != NULL)
			dialog_error(d, code, "database %s is not paused",
			    c->arg);
		else
			dialog_error(d, code,
			    "pooler is not paused/suspended");
		break;
	case CONTROL_SHUTTING_DOWN:
		dialog_error(d, code, "pooler is shutting down");
		break;
	case CONTROL_IS_CONSOLE:
		dialog_error(d, code, "cannot %s admin db: %s", word,
		    c->arg);
		break;
	}
	return ACCEPTED;
}

static void
on_paused(struct control_wait *w, bool done)
{
	struct dialog *d = container_of(w, struct dialog, wait);

	must(d->magic == DIALOG_MAGIC && d->state == DIALOG_WAITING);
	if (done)
		dialog_done(d, "PAUSE");
	else
		dialog_error(d, SQLSTATE_QUERY_CANCELED,
		    "PAUSE was ended by RESUME");
	dialog_wake(d);
}

/* It may be done before control_pause() returns. */
static enum verdict
run_pause(struct dialog *d, const struct command *c)
{
	enum control result;

	d->state = DIALOG_WAITING;
	d->wait.database = argument(c);
	d->wait.on_done = on_paused;
	result = control_pause(d->pooler, d->wait.database, &d->wait);
	if (d->state != DIALOG_WAITING)
		return ACCEPTED;
	return answer(d, c, result, "pause");
}

static enum verdict
run_resume(struct dialog *d, const struct command *c)
{
	return answer(d, c, control_resume(d->pooler, argument(c)), "resume");
}

static enum verdict
run_kill(struct dialog *d, const struct command *c)
{
	return answer(d, c, control_kill(d->pooler, argument(c)), "kill");
}

static enum verdict
run_reconnect(struct dialog *d, const struct command *c)
{
	return answer(d, c, control_reconnect(d->pooler, argument(c)),
	    "reconnect");
}

/* RELOAD, SHUTDOWN */

static enum verdict
run_reload(struct dialog *d, const struct command *c)
{
	struct err err = { "" };

	(void)c;
	if (control_reload(d->pooler, &err)) {
		dialog_done(d, "RELOAD");
	} else {
		log_error(dialog_log(d), "reload failed, nothing was "
		    "changed: %s", err.text);
		dialog_error_detail(d, SQLSTATE_CONFIG_FILE_ERROR,
		    "RELOAD failed, see logs for additional details",
		    err.text);
	}
	return ACCEPTED;
}

/* The answer goes first: the program may end before control_shutdown()
 * returns. SHUTDOWN alone has none. */
static enum verdict
run_shutdown(struct dialog *d, const struct command *c)
{
	enum shutdown_mode mode;

	if (argument(c) == NULL)
		mode = SHUTDOWN_NOW;
	else if (strcasecmp(c->arg, "wait_for_servers") == 0)
		mode = SHUTDOWN_WAIT_FOR_SERVERS;
	else if (strcasecmp(c->arg, "wait_for_clients") == 0)
		mode = SHUTDOWN_WAIT_FOR_CLIENTS;
	else
		return INVALID;
	if (mode == SHUTDOWN_NOW)
		d->state = DIALOG_ENDED;
	else
		dialog_done(d, "SHUTDOWN");
	dialog_flush(d);
	control_shutdown(d->pooler, mode);
	return ACCEPTED;
}
