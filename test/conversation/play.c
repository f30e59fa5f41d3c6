/*
 * play.c - reading conversations from tables; see play.h.
 */
#include "conversation/play.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "conversation/world.h"

#define PARTS 64

/* One line, taken apart. */
struct cue {
	const char *why;
	int line;
	const char *text;       /* the whole of it */
	const char *rest;       /* behind the words that were understood */
	unsigned n;             /* the number in it */
};

static void
misunderstood(const struct cue *c)
{
	ck_abort_msg("%s, line %d: not understood: %s", c->why, c->line,
	    c->text);
}

/* Does the line go on with this word? Then skip it and a blank. */
static bool
says(struct cue *c, const char *word)
{
	size_t n = strlen(word);

	if (strncmp(c->rest, word, n) != 0 ||
	    (c->rest[n] != ' ' && c->rest[n] != '\0'))
		return false;
	c->rest += c->rest[n] == ' ' ? n + 1 : n;
	return true;
}

static unsigned
number(struct cue *c)
{
	char *end;
	unsigned n = (unsigned)strtoul(c->rest, &end, 10);

	if (end == c->rest)
		misunderstood(c);
	c->rest = end;
	return n;
}

static unsigned
number_or(struct cue *c, unsigned otherwise)
{
	return *c->rest != '\0' ? number(c) : otherwise;
}

/* Call f with the messages between slashes. */
static void
with_messages(struct world *w, struct cue *c, void (*f)(struct world *,
    unsigned, const char *const *, const char *, int))
{
	char *copy = mem_strdup(c->rest), *at = copy, *end;
	const char *parts[PARTS + 1];
	size_t n = 0;

	while (*at != '\0') {
		ck_assert_uint_lt(n, PARTS);
		parts[n++] = at;
		end = strstr(at, " / ");
		if (end == NULL)
			break;
		*end = '\0';
		at = end + 3;
	}
	parts[n] = NULL;
	f(w, c->n, parts, c->why, c->line);
	mem_free(copy);
}

static void
expect_word(const struct cue *c, const char *got)
{
	ck_assert_msg(strcmp(c->rest, got) == 0, "%s, line %d: %s, but it "
	    "is '%s'", c->why, c->line, c->text, got);
}

static void
play_client(struct world *w, struct cue *c)
{
	if (says(c, ":"))
		with_messages(w, c, client_sends_lines);
	else if (says(c, "<"))
		with_messages(w, c, client_gets_lines);
	else if (says(c, "joins"))
		client_joins(w, c->n, c->rest);
	else if (says(c, "comes"))
		client_comes(w, c->n, c->rest);
	else if (says(c, "leaves"))
		client_leaves(w, c->n);
	else if (says(c, "waits"))
		expect_word(c, client_waits(w, c->n));
	else if (says(c, "stalls"))
		client_stalls(w, c->n, true);
	else if (says(c, "reads"))
		client_stalls(w, c->n, false);
	else if (says(c, "cancels"))
		client_cancels(w, c->n, number(c));
	else if (says(c, "is gone"))
		ck_assert_msg(client_is_gone(w, c->n), "%s, line %d: %s",
		    c->why, c->line, c->text);
	else if (says(c, "is here"))
		ck_assert_msg(!client_is_gone(w, c->n), "%s, line %d: %s",
		    c->why, c->line, c->text);
	else
		misunderstood(c);
}

static void
play_server(struct world *w, struct cue *c)
{
	char got[16];

	if (says(c, "is at")) {
		snprintf(got, sizeof got, "%d", server_host(w, c->n));
		expect_word(c, got);
	} else if (says(c, ":")) {
		with_messages(w, c, server_replies_lines);
	} else if (says(c, "<")) {
		with_messages(w, c, server_gets_lines);
	} else if (says(c, "dies")) {
		server_dies(w, c->n);
	} else if (says(c, "lingers")) {
		server_lingers(w, c->n);
	} else {
		misunderstood(c);
	}
}

static void
play_cancel(struct world *w, struct cue *c)
{
	char got[16];

	if (says(c, "is for")) {
		snprintf(got, sizeof got, "%u", cancel_target(w, c->n));
		expect_word(c, got);
	} else if (says(c, "ends")) {
		cancel_ends(w, c->n);
	} else if (says(c, "says")) {
		cancel_says(w, c->n, c->rest);
	} else {
		misunderstood(c);
	}
}

/* The one that a command is about; NULL: all. */
static const char *
database(const struct cue *c)
{
	return c->rest[0] != '\0' ? c->rest : NULL;
}

static void
play_world(struct world *w, struct cue *c)
{
	char got[16];

	if (says(c, "wait")) {
		world_advance(w, atof(c->rest));
	} else if (says(c, "count =")) {
		snprintf(got, sizeof got, "%u", server_count(w));
		expect_word(c, got);
	} else if (says(c, "refuse")) {
		servers_refuse(w, c->rest);
	} else if (says(c, "let in")) {
		servers_refuse(w, NULL);
	} else if (says(c, "no cancel")) {
		ck_assert_uint_eq(w->ncancels, 0);
	} else if (says(c, "one cancel")) {
		ck_assert_uint_eq(w->ncancels, 1);
	} else if (says(c, "pause")) {
		control_pause(w->pooler, database(c), NULL);
		world_turn(w);
	} else if (says(c, "resume")) {
		control_resume(w->pooler, database(c));
		world_turn(w);
	} else if (says(c, "kill")) {
		control_kill(w->pooler, database(c));
		world_turn(w);
	} else if (says(c, "reconnect")) {
		control_reconnect(w->pooler, database(c));
		world_turn(w);
	} else if (says(c, "reload")) {
		world_reload(w, c->rest);
	} else if (says(c, "resets by hand")) {
		w->keeps_resets = true;
	} else if (says(c, "logins by hand")) {
		w->by_hand = true;
	} else if (says(c, "cancels by hand")) {
		w->holds_cancels = true;
	} else {
		misunderstood(c);
	}
}

static void
play_host(struct world *w, struct cue *c)
{
	if (says(c, "is down"))
		servers_listen(w, c->n, false);
	else if (says(c, "is up"))
		servers_listen(w, c->n, true);
	else if (says(c, "is primary"))
		host_reports(w, c->n, false, number_or(c, 1));
	else if (says(c, "is replica"))
		host_reports(w, c->n, true, number_or(c, 1));
	else if (says(c, "is silent"))
		host_is_silent(w, c->n);
	else
		misunderstood(c);
}

/* "client 1: x" is read like "client 1 : x". */
static void
take_number(struct cue *c)
{
	c->n = number(c);
	if (*c->rest == ' ')
		c->rest++;
}

static void
play_line(struct world *w, struct cue *c)
{
	if (says(c, "client")) {
		take_number(c);
		play_client(w, c);
	} else if (says(c, "server")) {
		take_number(c);
		play_server(w, c);
	} else if (says(c, "host")) {
		take_number(c);
		play_host(w, c);
	} else if (says(c, "cancel")) {
		take_number(c);
		play_cancel(w, c);
	} else if (says(c, "owner")) {
		take_number(c);
		if (!says(c, "="))
			misunderstood(c);
		expect_word(c, server_owner(w, c->n));
	} else {
		play_world(w, c);
	}
}

void
play_lines(struct world *w, const char *why, const char *const *lines)
{
	struct cue c = { .why = why };

	for (; *lines != NULL; lines++) {
		c.line++;
		c.text = c.rest = *lines;
		if (getenv("WORLD_LOG") != NULL)
			fprintf(stderr, "--- %s\n", *lines);
		play_line(w, &c);
	}
}

void
play(const struct play *p, const char *ini)
{
	struct world *w = world_start(p->ini != NULL ? p->ini : ini);

	play_lines(w, p->why, p->lines);
	world_stop(w);
}
