/*
 * command.c - takes a console command apart; see command.h.
 *
 * The text is a client's and may hold anything. It is read once, from left
 * to right; a part that is too long is read to its end and reported, never
 * cut, since "KILL production_..." cut at 63 bytes may be another database.
 */
#include "admin/command.h"

#include <ctype.h>
#include <strings.h>

/* What is left to read, and whether a part did not fit. */
struct input {
	const char *p, *end;
	bool too_long;
};

/* Where a part goes. */
struct part {
	char *buf;
	size_t n, cap;
};

static bool
at(const struct input *in, char c)
{
	return in->p < in->end && *in->p == c;
}

static bool
take(struct input *in, char c)
{
	if (!at(in, c))
		return false;
	in->p++;
	return true;
}

/* Skip white space; was there any? */
static bool
skip_blanks(struct input *in)
{
	const char *from = in->p;

	while (in->p < in->end && isspace((unsigned char)*in->p))
		in->p++;
	return in->p != from;
}

static bool
is_word_char(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
	    (c >= 'a' && c <= 'z') || c == '_';
}

static void
put(struct input *in, struct part *part, char c)
{
	if (part->n + 1 >= part->cap) {
		in->too_long = true;
		return;
	}
	part->buf[part->n++] = c;
	part->buf[part->n] = '\0';
}

/* The rest of a quoted part; the quote itself is written twice inside. */
static bool
quoted(struct input *in, struct part *part, char quote)
{
	for (; in->p < in->end; in->p++) {
		if (*in->p == '\0')
			return false;
		if (*in->p == quote) {
			in->p++;
			if (!at(in, quote))
				return true;
		}
		put(in, part, *in->p);
	}
	return false;
}

static bool
word(struct input *in, char *buf, size_t cap)
{
	struct part part = { buf, 0, cap };

	if (take(in, '"'))
		return quoted(in, &part, '"');
	if (in->p == in->end || !is_word_char(*in->p))
		return false;
	while (in->p < in->end && is_word_char(*in->p))
		put(in, &part, *in->p++);
	return true;
}

static bool
string_or_word(struct input *in, char *buf, size_t cap)
{
	struct part part = { buf, 0, cap };

	if (take(in, '\''))
		return quoted(in, &part, '\'');
	return word(in, buf, cap);
}

/* "=", or TO with a blank before it. */
static bool
assigns(struct input *in)
{
	bool apart = skip_blanks(in);

	if (take(in, '='))
		return true;
	if (!apart || in->end - in->p < 2 || strncasecmp(in->p, "to", 2) != 0)
		return false;
	in->p += 2;
	return skip_blanks(in) || at(in, '\'') || at(in, '"');
}

/* What follows SET. */
static bool
assignment(struct input *in, struct command *c)
{
	c->form = COMMAND_SET;
	if (!skip_blanks(in) || !word(in, c->arg, sizeof c->arg) ||
	    !assigns(in))
		return false;
	skip_blanks(in);
	return string_or_word(in, c->value, sizeof c->value);
}

static bool
forms(struct input *in, struct command *c)
{
	bool is_bare, apart;

	skip_blanks(in);
	is_bare = !at(in, '"');
	if (!word(in, c->verb, sizeof c->verb))
		return false;
	if (is_bare && strcasecmp(c->verb, "set") == 0)
		return assignment(in, c);
	apart = skip_blanks(in);
	if (in->p == in->end || *in->p == ';')
		return true;
	c->form = COMMAND_VERB_ARG;
	return apart && word(in, c->arg, sizeof c->arg);
}

enum command_result
command_parse(struct command *c, struct str text)
{
	struct input in = { text.p, text.p + text.n, false };

	*c = (struct command){ .form = COMMAND_VERB };
	if (!forms(&in, c))
		return COMMAND_INVALID;
	skip_blanks(&in);
	if (take(&in, ';'))
		skip_blanks(&in);
	if (in.p != in.end)
		return COMMAND_INVALID;
	return in.too_long ? COMMAND_TOO_LONG : COMMAND_OK;
}
