/*
 * asked.c - what a client asks for; see asked.h.
 *
 * Only what drivers really send is understood: texts that are executed in
 * the order in which they are bound, by portals without a name. Everything
 * else is unclear, which costs nothing but a chance.
 */
#include "pool/asked.h"

#include <string.h>

#include "pgwire/frame.h"
#include "pgwire/messages.h"
#include "pgwire/reader.h"
#include "pgwire/writer.h"
#include "pool/names.h"
#include "pool/statement.h"

/* A batch as far as it was read. */
struct walk {
	struct asked *asked;
	struct names *names;
	struct {
		const char *name;
		struct str text;
	} parsed[ASKED_TEXTS];
	unsigned nparsed;
	struct str bound;       /* to the portal; p is NULL: nothing is */
	bool ended;
};

static void
note(struct asked *a, char message)
{
	if (a->nmessages < ASKED_MESSAGES)
		a->messages[a->nmessages] = message;
	a->nmessages++;
}

/* The text of a statement by this name; p is NULL: unknown. */
static struct str
text_of(const struct walk *w, const char *name)
{
	unsigned i = w->nparsed;
	struct name *known;
	struct str body = { NULL, 0 };

	while (i-- > 0)
		if (strcmp(w->parsed[i].name, name) == 0)
			return w->parsed[i].text;
	known = names_find(w->names, name);
	if (known == NULL || statement_kind(known->statement) !=
	    STATEMENT_PARSE)
		return body;
	body = statement_body(known->statement);
	body.n = strnlen(body.p, body.n);
	return body;
}

/* These return whether the message is understood. */

static bool
see_parse(struct walk *w, struct reader *r)
{
	const char *name = reader_cstring(r);
	const char *text = reader_cstring(r);

	if (!reader_ok(r) || w->nparsed == ASKED_TEXTS)
		return false;
	note(w->asked, 'p');
	w->asked->named = w->asked->named || *name != '\0';
	w->parsed[w->nparsed].name = name;
	w->parsed[w->nparsed++].text = str_of(text);
	return true;
}

static bool
see_bind(struct walk *w, struct reader *r)
{
	const char *portal = reader_cstring(r);
	const char *name = reader_cstring(r);

	if (!reader_ok(r) || *portal != '\0')
		return false;
	note(w->asked, 'b');
	w->bound = text_of(w, name);
	return w->bound.p != NULL;
}

static bool
see_describe(struct walk *w, struct reader *r)
{
	char target = (char)reader_u8(r);
	const char *name = reader_cstring(r);

	if (!reader_ok(r))
		return false;
	note(w->asked, target == 'S' ? 'S' : 'd');
	if (target != 'S')
		return *name == '\0' && w->bound.p != NULL;
	return text_of(w, name).p != NULL;
}

static bool
see_execute(struct walk *w, struct reader *r)
{
	struct asked *a = w->asked;
	const char *portal = reader_cstring(r);

	if (!reader_ok(r) || *portal != '\0' || w->bound.p == NULL ||
	    a->n == ASKED_TEXTS)
		return false;
	note(a, 'e');
	a->executes = true;
	a->texts[a->n++] = w->bound;
	return true;
}

static bool
see_close(struct walk *w, struct reader *r)
{
	char target = (char)reader_u8(r);
	const char *name = reader_cstring(r);

	if (!reader_ok(r))
		return false;
	note(w->asked, 'c');
	w->asked->named = w->asked->named || (target == 'S' && *name != '\0');
	return true;
}

static bool
see_query(struct walk *w, struct reader *r)
{
	const char *text = reader_cstring(r);

	if (!reader_done(r) || w->asked->nmessages > 0)
		return false;
	note(w->asked, 'q');
	w->asked->executes = true;
	w->asked->texts[w->asked->n++] = str_of(text);
	w->ended = true;
	return true;
}

static bool
see_sync(struct walk *w)
{
	struct asked *a = w->asked;
	unsigned i;

	note(a, 's');
	w->ended = true;
	for (i = 0; i < w->nparsed && !a->executes; i++)
		a->texts[a->n++] = w->parsed[i].text;
	return true;
}

static bool
see(struct walk *w, const struct frame *f, const unsigned char *p)
{
	struct reader r = reader_of(p + FRAME_HEADER, f->len - FRAME_HEADER);

	switch (f->type) {
	case FE_QUERY:
		return see_query(w, &r);
	case FE_PARSE:
		return see_parse(w, &r);
	case FE_BIND:
		return see_bind(w, &r);
	case FE_DESCRIBE:
		return see_describe(w, &r);
	case FE_EXECUTE:
		return see_execute(w, &r);
	case FE_CLOSE:
		return see_close(w, &r);
	case FE_SYNC:
		return see_sync(w);
	default:
		return false;
	}
}

enum asking
asked_read(struct asked *a, const unsigned char *p, size_t n,
    uint32_t max_packet, struct names *names)
{
	struct walk w = { .asked = a, .names = names };
	size_t at = 0;
	struct frame f;

	*a = (struct asked){ .bytes = 0 };
	while (!w.ended) {
		switch (frame_peek(p + at, n - at, max_packet, &f)) {
		case PARSE_MORE:
			a->bytes = at + FRAME_HEADER;
			return at < ASKED_BYTES_MAX ? ASKED_MORE :
			    ASKED_UNCLEAR;
		case PARSE_BAD:
			return ASKED_UNCLEAR;
		case PARSE_OK:
			break;
		}
		if (f.len > ASKED_BYTES_MAX || at + f.len > ASKED_BYTES_MAX)
			return ASKED_UNCLEAR;
		if (n - at < f.len) {
			a->bytes = at + f.len;
			return ASKED_MORE;
		}
		if (!see(&w, &f, p + at))
			return ASKED_UNCLEAR;
		at += f.len;
	}
	a->bytes = at;
	return ASKED;
}

static void
answer_describe(struct text *out, bool statement)
{
	size_t place;

	if (statement) {
		place = writer_begin(out, BE_PARAMETERS);
		writer_u16(out, 0);
		writer_end(out, place);
	}
	writer_empty(out, BE_NO_DATA);
}

static void
answer_execute(struct text *out, const char *tag)
{
	if (tag != NULL)
		writer_command_complete(out, tag);
	else
		writer_empty(out, BE_EMPTY_QUERY);
}

void
asked_answer(const struct asked *a, const char *tag, char status,
    struct text *out)
{
	unsigned i;

	for (i = 0; i < a->nmessages && i < ASKED_MESSAGES; i++)
		switch (a->messages[i]) {
		case 'p':
			writer_empty(out, BE_PARSE_COMPLETE);
			break;
		case 'b':
			writer_empty(out, BE_BIND_COMPLETE);
			break;
		case 'c':
			writer_empty(out, BE_CLOSE_COMPLETE);
			break;
		case 'S':
		case 'd':
			answer_describe(out, a->messages[i] == 'S');
			break;
		case 'e':
			answer_execute(out, tag);
			break;
		case 'q':
			answer_execute(out, tag);
			writer_ready(out, status);
			break;
		default:
			writer_ready(out, status);
			break;
		}
}
