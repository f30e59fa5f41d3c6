/*
 * verb.c - the commands of the console: one row each.
 *
 * A row that does not say who may run it is for administrators. All that a
 * command does to the pooler is in pool/control.h; here are names, rights,
 * texts and tags, which are PgBouncer's.
 */
#include "admin/verb.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
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
static enum verdict run_suspend(struct dialog *, const struct command *);
static enum verdict run_disable(struct dialog *, const struct command *);
static enum verdict run_enable(struct dialog *, const struct command *);
static enum verdict run_wait_close(struct dialog *, const struct command *);
static enum verdict run_kill_client(struct dialog *, const struct command *);

/* No help: not mentioned by SHOW HELP. */
static const struct verb verbs[] = {
	{ "SHOW", "name", "print a table: see above", NEED_STATS,
	    COMMAND_VERB_ARG, COMMAND_VERB_ARG, run_show },
	{ "SELECT", "name", NULL, NEED_STATS,
	    COMMAND_VERB_ARG, COMMAND_VERB_ARG, run_show },
	/* For all, so that drivers may set what is ignored; see run_set(). */
	{ "SET", "key = value", "change a setting until the next RELOAD",
	    NEED_STATS,
	    COMMAND_SET, COMMAND_SET, run_set },
	{ "PAUSE", "[db]", "let transactions finish, then hold all queries",
	    NEED_ADMIN, COMMAND_VERB, COMMAND_VERB_ARG, run_pause },
	{ "RESUME", "[db]", "go on after PAUSE, KILL or SUSPEND",
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
	{ "SUSPEND", "", "stop reading, as if time stood still",
	    NEED_ADMIN, COMMAND_VERB, COMMAND_VERB, run_suspend },
	{ "DISABLE", "db", "refuse new clients",
	    NEED_ADMIN, COMMAND_VERB, COMMAND_VERB_ARG, run_disable },
	{ "ENABLE", "db", "let them in again",
	    NEED_ADMIN, COMMAND_VERB, COMMAND_VERB_ARG, run_enable },
	{ "WAIT_CLOSE", "[db]", "wait until RECONNECT has replaced all",
	    NEED_ADMIN, COMMAND_VERB, COMMAND_VERB_ARG, run_wait_close },
	{ "KILL_CLIENT", "id", "drop one client, by id of SHOW CLIENTS",
	    NEED_ADMIN, COMMAND_VERB_ARG, COMMAND_VERB_ARG, run_kill_client },
};

static const struct verb *
find(const char *name)
{
	for (size_t i = 0; i < countof(verbs); i++)
		if (strcasecmp(verbs[i].name, name) == 0)
			return &verbs[i];
	return NULL;
}

bool
verb_facts(size_t i, struct verb_facts *f)
{
	if (i >= countof(verbs))
		return false;
	*f = (struct verb_facts){
		.name = verbs[i].name, .args = verbs[i].args,
		.is_for_admins = verbs[i].need == NEED_ADMIN,
	};
	return true;
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
 * Here it gets one, and what is resumed is what it had paused. Who only
 * waits for servers to close has paused nothing.
 */
void
verb_cancel(struct dialog *d)
{
	switch (d->state) {
	case DIALOG_WAITING:
		control_wait_cancel(&d->wait);
		if (d->wait.goal != GOAL_CLOSED &&
		    !control_state(d->pooler).shutting_down)
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

/* The tag repeats what was said, as PgBouncer's does. */
static void
set(struct dialog *d, const struct command *c)
{
	struct err err = { "" };
	struct text tag = { 0 };

	log_info(dialog_log(d), "SET %s command issued", c->arg);
	if (!control_set(d->pooler, c->arg, c->value, &err)) {
		dialog_error_detail(d, SQLSTATE_INVALID_PARAMETER,
		    "SET failed", err.text);
		return;
	}
	text_printf(&tag, "SET %s=%s", c->arg, c->value);
	dialog_done(d, tag.p);
	text_fini(&tag);
}

static enum verdict
run_set(struct dialog *d, const struct command *c)
{
	const struct show *show = show_find(c->arg);

	if (show != NULL && show->kind == SHOW_DUMMY) {
		dialog_notice(d, "SET ignored", NULL);
		dialog_done(d, "SET");
	} else if (!refused(d, NEED_ADMIN)) {
		set(d, c);
	}
	return ACCEPTED;
}

/* PAUSE, SUSPEND, RESUME, KILL, RECONNECT, DISABLE, ENABLE, WAIT_CLOSE */

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
	case CONTROL_NO_SUCH_CLIENT:
		dialog_error(d, code, "client not found");
		break;
	case CONTROL_DATABASE_PAUSED:
		dialog_error(d, code, "cannot suspend with paused databases");
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
on_reached(struct control_wait *w, bool done)
{
	struct dialog *d = container_of(w, struct dialog, wait);
	const char *name;

	must(d->magic == DIALOG_MAGIC && d->state == DIALOG_WAITING);
	name = find(d->command.verb)->name;
	if (done)
		dialog_done(d, name);
	else
		dialog_error(d, SQLSTATE_QUERY_CANCELED,
		    "%s was ended by RESUME", name);
	dialog_wake(d);
}

/* Before a command that may wait: on_reached() may come before it returns,
 * and then the dialog is not WAITING any more. */
static struct control_wait *
prepare_wait(struct dialog *d, const struct command *c)
{
	d->state = DIALOG_WAITING;
	d->wait.database = argument(c);
	d->wait.on_done = on_reached;
	return &d->wait;
}

static enum verdict
answer_wait(struct dialog *d, const struct command *c, enum control result,
    const char *word)
{
	return d->state == DIALOG_WAITING ? answer(d, c, result, word) :
	    ACCEPTED;
}

static enum verdict
run_pause(struct dialog *d, const struct command *c)
{
	struct control_wait *w = prepare_wait(d, c);

	return answer_wait(d, c, control_pause(d->pooler, w->database, w),
	    "pause");
}

static enum verdict
run_suspend(struct dialog *d, const struct command *c)
{
	struct control_wait *w = prepare_wait(d, c);

	return answer_wait(d, c, control_suspend(d->pooler, w), "suspend");
}

static enum verdict
run_wait_close(struct dialog *d, const struct command *c)
{
	struct control_wait *w = prepare_wait(d, c);

	return answer_wait(d, c, control_wait_close(d->pooler, w->database,
	    w), "wait in");
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

static enum verdict
switch_logins(struct dialog *d, const struct command *c,
    enum control (*act)(struct pooler *, const char *), const char *word)
{
	if (argument(c) == NULL) {
		dialog_error(d, SQLSTATE_PROTOCOL_VIOLATION,
		    "a database is required");
		return ACCEPTED;
	}
	return answer(d, c, act(d->pooler, c->arg), word);
}

static enum verdict
run_disable(struct dialog *d, const struct command *c)
{
	return switch_logins(d, c, control_disable, "disable");
}

static enum verdict
run_enable(struct dialog *d, const struct command *c)
{
	return switch_logins(d, c, control_enable, "enable");
}

/* KILL_CLIENT */

/* An id as SHOW CLIENTS prints it: column id, or ptr with its 0x. Nothing
 * else that strtoull() would take. */
static bool
parse_id(const char *text, uint64_t *id)
{
	bool is_hex = text[0] == '0' && text[1] == 'x';
	const char *digits = is_hex ? text + 2 : text;
	size_t n = strspn(digits, is_hex ? "0123456789abcdef" :
	    "0123456789");

	if (n == 0 || digits[n] != '\0' || n > (is_hex ? 16 : 19))
		return false;
	*id = strtoull(digits, NULL, is_hex ? 16 : 10);
	return true;
}

static enum verdict
run_kill_client(struct dialog *d, const struct command *c)
{
	uint64_t id;

	if (!parse_id(c->arg, &id)) {
		dialog_error(d, SQLSTATE_PROTOCOL_VIOLATION,
		    "invalid client pointer supplied");
		return ACCEPTED;
	}
	return answer(d, c, control_kill_client(d->pooler, id), "kill");
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
