/*
 * startup.c - the first packet of a connection; see startup.h.
 *
 * Where PostgreSQL is lenient or strict, so is this: the last of duplicate
 * names wins, booleans are any unique prefix in any case, "options" is split
 * at white space with backslash as escape (PostgreSQL's pg_split_opts).
 */
#include "pgwire/startup.h"

#include <ctype.h>
#include <stdlib.h>
#include <strings.h>

#include "pgwire/messages.h"
#include "pgwire/reader.h"
#include "pgwire/writer.h"

#define PQ_PREFIX "_pq_."

/* A cancel key: process id, then a secret of 4 to 256 bytes. */
#define KEY_MIN 8u
#define KEY_MAX 260u

static enum startup_kind
kind_of(uint32_t code)
{
	switch (code) {
	case SSL_REQUEST:
		return STARTUP_SSL;
	case GSSENC_REQUEST:
		return STARTUP_GSSENC;
	case CANCEL_REQUEST:
		return STARTUP_CANCEL;
	}
	switch (code >> 16) {
	case 3:
		return STARTUP_LOGIN;
	case 2:
		return STARTUP_V2;
	}
	return STARTUP_UNKNOWN;
}

/* Pairs, then one NUL byte, then nothing. */
static enum startup_layout
parse_params(struct startup *s, struct reader r)
{
	const char *start = (const char *)r.p;

	for (;;) {
		if (r.left == 0)
			return STARTUP_UNTERMINATED;
		if (*r.p == '\0')
			break;
		reader_cstring(&r);
		reader_cstring(&r);
		if (!reader_ok(&r))
			return STARTUP_UNTERMINATED;
	}
	s->params = (struct str){ start, (size_t)((const char *)r.p - start) };
	return r.left == 1 ? STARTUP_FINE : STARTUP_TRAILING;
}

enum startup_layout
startup_parse(struct startup *s, const void *body, size_t n)
{
	struct reader r = reader_of(body, n);

	*s = (struct startup){ .code = reader_u32(&r) };
	if (!reader_ok(&r)) {
		s->kind = STARTUP_UNKNOWN;
		return STARTUP_SHORT;
	}
	s->kind = kind_of(s->code);
	switch (s->kind) {
	case STARTUP_LOGIN:
		s->minor = (uint16_t)s->code;
		return parse_params(s, r);
	case STARTUP_SSL:
	case STARTUP_GSSENC:
		return r.left == 0 ? STARTUP_FINE : STARTUP_WRONG_SIZE;
	case STARTUP_CANCEL:
		if (r.left < KEY_MIN || r.left > KEY_MAX)
			return STARTUP_WRONG_SIZE;
		s->key = reader_rest(&r);
		return STARTUP_FINE;
	case STARTUP_V2:
	case STARTUP_UNKNOWN:
		return STARTUP_FINE;
	}
	return STARTUP_FINE;
}

bool
startup_next(struct str *params, struct startup_pair *pair)
{
	struct reader r = reader_of(params->p, params->n);

	if (params->n == 0)
		return false;
	pair->name = reader_cstring(&r);
	pair->value = reader_cstring(&r);
	*params = (struct str){ (const char *)r.p, r.left };
	return reader_ok(&r);
}

const char *
startup_get(const struct startup *s, const char *name)
{
	struct str params = s->params;
	struct startup_pair pair;
	const char *value = NULL;

	while (startup_next(&params, &pair))
		if (strcmp(pair.name, name) == 0)
			value = pair.value;
	return value;
}

bool
startup_is_protocol_option(const char *name)
{
	return strncmp(name, PQ_PREFIX, sizeof PQ_PREFIX - 1) == 0;
}

bool
startup_negotiate(const struct startup *s, uint32_t newest, struct text *t)
{
	struct str params = s->params;
	struct startup_pair pair;
	uint32_t count = 0;
	size_t place;

	while (startup_next(&params, &pair))
		count += startup_is_protocol_option(pair.name);
	if (count == 0 && s->code <= newest)
		return false;

	place = writer_begin(t, BE_NEGOTIATE);
	writer_u32(t, newest);
	writer_u32(t, count);
	params = s->params;
	while (startup_next(&params, &pair))
		if (startup_is_protocol_option(pair.name))
			writer_cstring(t, pair.name);
	writer_end(t, place);
	return true;
}

void
startup_options_init(struct startup_options *o, const char *value)
{
	*o = (struct startup_options){ .p = value };
}

void
startup_options_fini(struct startup_options *o)
{
	text_fini(&o->word);
	o->p = NULL;
}

/* Put the next word into o->word; false at the end. */
static bool
next_word(struct startup_options *o)
{
	bool escaped = false;

	text_clear(&o->word);
	while (isspace((unsigned char)*o->p))
		o->p++;
	if (*o->p == '\0')
		return false;
	for (; *o->p != '\0'; o->p++) {
		if (!escaped && isspace((unsigned char)*o->p))
			break;
		if (!escaped && *o->p == '\\') {
			escaped = true;
			continue;
		}
		text_add(&o->word, o->p, 1);
		escaped = false;
	}
	text_add(&o->word, "", 0);      /* at least an empty string */
	return true;
}

enum startup_option
startup_options_next(struct startup_options *o, struct startup_pair *pair)
{
	char *name, *equals, *c;

	if (!next_word(o))
		return OPTION_END;
	name = o->word.p;
	if (strcmp(name, "-c") == 0) {
		if (!next_word(o))
			return OPTION_BAD;
		name = o->word.p;
	} else if (name[0] == '-' && (name[1] == 'c' || name[1] == '-')) {
		name += 2;
	} else {
		return OPTION_BAD;
	}
	equals = strchr(name, '=');
	if (equals == NULL || equals == name)
		return OPTION_BAD;
	*equals = '\0';
	for (c = name; *c != '\0'; c++)
		if (*c == '-')
			*c = '_';
	*pair = (struct startup_pair){ name, equals + 1 };
	return OPTION_SETTING;
}

enum startup_replication
startup_replication(const char *value)
{
	/* "o" alone could be both on and off. */
	static const struct {
		const char *word;
		size_t least;
		enum startup_replication means;
	} words[] = {
		{ "true", 1, REPLICATION_PHYSICAL },
		{ "false", 1, REPLICATION_NONE },
		{ "yes", 1, REPLICATION_PHYSICAL },
		{ "no", 1, REPLICATION_NONE },
		{ "on", 2, REPLICATION_PHYSICAL },
		{ "off", 2, REPLICATION_NONE },
		{ "1", 1, REPLICATION_PHYSICAL },
		{ "0", 1, REPLICATION_NONE },
	};
	size_t i, n;

	if (value == NULL)
		return REPLICATION_NONE;
	if (strcmp(value, "database") == 0)
		return REPLICATION_LOGICAL;
	n = strlen(value);
	for (i = 0; i < sizeof words / sizeof words[0]; i++)
		if (n >= words[i].least &&
		    strncasecmp(value, words[i].word, n) == 0)
			return words[i].means;
	return REPLICATION_INVALID;
}
