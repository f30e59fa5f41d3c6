/*
 * script.c - lines of text to messages and back; see script.h.
 */
#include "conversation/script.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "pgwire/error.h"
#include "pgwire/frame.h"
#include "pgwire/messages.h"
#include "pgwire/reader.h"
#include "pgwire/writer.h"

/* Cut the next word off; "-" is the empty one. */
static char *
word(char **rest)
{
	char *w = *rest, *end = strchr(w, ' ');

	if (end != NULL) {
		*end = '\0';
		*rest = end + 1;
	} else {
		*rest = w + strlen(w);
	}
	return strcmp(w, "-") == 0 ? w + 1 : w;
}

static void
write_client(char type, char *rest, struct text *out)
{
	switch (type) {
	case FE_QUERY:
	case FE_COPY_FAIL:
	case FE_PASSWORD:
		writer_cstring(out, rest);
		break;
	case FE_PARSE:
		writer_cstring(out, word(&rest));
		writer_cstring(out, rest);
		writer_u16(out, 0);
		break;
	case FE_BIND:
		writer_cstring(out, word(&rest));
		writer_cstring(out, word(&rest));
		writer_u16(out, 0);
		writer_u16(out, 0);
		writer_u16(out, 0);
		break;
	case FE_DESCRIBE:
	case FE_CLOSE:
		writer_u8(out, (uint8_t)word(&rest)[0]);
		writer_cstring(out, word(&rest));
		break;
	case FE_EXECUTE:
		writer_cstring(out, word(&rest));
		writer_u32(out, (uint32_t)atoi(word(&rest)));
		break;
	case FE_COPY_DATA:
		writer_bytes(out, rest, strlen(rest));
		break;
	case FE_FUNCTION_CALL:
		writer_u32(out, 1);
		writer_u16(out, 0);
		writer_u16(out, 0);
		writer_u16(out, 0);
		break;
	case FE_SYNC:
	case FE_FLUSH:
	case FE_TERMINATE:
	case FE_COPY_DONE:
		break;
	default:
		ck_abort_msg("no message of a client: '%c'", type);
	}
}

static void
write_problem(char type, char *rest, struct text *out)
{
	struct error_fields e = { .severity = type == BE_ERROR ? "ERROR" :
		"NOTICE" };
	char *routine = strchr(rest, '@');

	if (routine != NULL) {
		*routine++ = '\0';
		e.routine = routine;
	}
	if (strncmp(rest, "FATAL ", 6) == 0)
		e.severity = word(&rest);
	e.code = word(&rest);
	e.message = rest;
	if (type == BE_ERROR)
		writer_error(out, &e);
	else
		writer_notice(out, &e);
}

/* "one|two"; of several, NULL is none. */
static void
write_row(char *rest, struct text *out)
{
	uint16_t n = 1;
	char *at, *value;

	for (at = rest; *at != '\0'; at++)
		n += *at == '|';
	writer_u16(out, n);
	while ((value = strsep(&rest, "|")) != NULL)
		if (n > 1 && strcmp(value, "NULL") == 0)
			writer_null(out);
		else
			writer_value(out, value, strlen(value));
}

static void
write_server(char type, char *rest, struct text *out)
{
	char *value;

	switch (type) {
	case BE_COMMAND_COMPLETE:
		writer_cstring(out, rest);
		break;
	case BE_READY_FOR_QUERY:
		writer_u8(out, (uint8_t)rest[0]);
		break;
	case BE_PARAMETER_STATUS:
		value = strchr(rest, '=');
		ck_assert(value != NULL);
		*value++ = '\0';
		writer_cstring(out, rest);
		writer_cstring(out, value);
		break;
	case BE_ROW_DESCRIPTION:
	case BE_PARAMETERS:
		writer_u16(out, 0);
		break;
	case BE_DATA_ROW:
		write_row(rest, out);
		break;
	case BE_COPY_IN:
	case BE_COPY_OUT:
	case BE_COPY_BOTH:
		writer_u8(out, 0);
		writer_u16(out, 0);
		break;
	case BE_COPY_DATA:
		writer_bytes(out, rest, strlen(rest));
		break;
	case BE_NOTIFICATION:
		writer_u32(out, 1);
		writer_cstring(out, rest);
		writer_cstring(out, "");
		break;
	case BE_FUNCTION_RESULT:
		writer_u32(out, UINT32_MAX);
		break;
	case BE_KEY_DATA:
		writer_u32(out, 1);
		writer_u32(out, 1);
		break;
	case BE_AUTHENTICATION:
		writer_u32(out, (uint32_t)atoi(rest));
		break;
	case BE_PARSE_COMPLETE:
	case BE_BIND_COMPLETE:
	case BE_CLOSE_COMPLETE:
	case BE_NO_DATA:
	case BE_PORTAL_SUSPENDED:
	case BE_EMPTY_QUERY:
	case BE_COPY_DONE:
		break;
	default:
		ck_abort_msg("no message of a server: '%c'", type);
	}
}

void
script_write(enum speaker who, const char *line, struct text *out)
{
	char *copy = mem_strdup(line);
	char *rest = copy + (line[1] == ' ' ? 2 : 1);
	size_t place;

	ck_assert_msg(line[0] != '\0' && (line[1] == ' ' || line[1] == '\0'),
	    "no line of a script: '%s'", line);
	if (who == SERVER_SPEAKS &&
	    (line[0] == BE_ERROR || line[0] == BE_NOTICE)) {
		write_problem(line[0], rest, out);
	} else {
		place = writer_begin(out, line[0]);
		if (who == CLIENT_SPEAKS)
			write_client(line[0], rest, out);
		else
			write_server(line[0], rest, out);
		writer_end(out, place);
	}
	mem_free(copy);
}

static const char *
name(struct reader *r)
{
	const char *s = reader_cstring(r);

	/* One of ours: "_5" instead of "pgweir_1f33a0c7_5". */
	if (strncmp(s, "pgweir_", 7) == 0)
		return strrchr(s, '_');
	return *s != '\0' ? s : "-";
}

/* A statement's text, in which names of ours are told as name() tells them. */
static void
add_sql(struct text *line, const char *s)
{
	const char *at;

	while ((at = strstr(s, "pgweir_")) != NULL) {
		text_add(line, s, (size_t)(at - s));
		s = at + 6;
		if (strspn(s + 1, "0123456789abcdef") == 8 && s[9] == '_')
			s += 9;
	}
	text_puts(line, s);
}

/* Of Bind, in text format. */
static void
read_values(struct reader *r, struct text *line)
{
	uint16_t formats = reader_u16(r), n;
	struct str value;

	while (formats-- > 0)
		(void)reader_u16(r);
	for (n = reader_u16(r); n > 0 && reader_ok(r); n--) {
		value = reader_bytes(r, reader_u32(r));
		text_printf(line, " =%.*s", (int)value.n, value.p);
	}
}

static void
read_client(char type, struct reader *r, struct text *line)
{
	const char *first;
	struct str data;

	switch (type) {
	case FE_QUERY:
	case FE_COPY_FAIL:
	case FE_PASSWORD:
		text_puts(line, " ");
		add_sql(line, reader_cstring(r));
		break;
	case FE_PARSE:
		text_printf(line, " %s ", name(r));
		add_sql(line, reader_cstring(r));
		break;
	case FE_BIND:
		first = name(r);
		text_printf(line, " %s %s", first, name(r));
		read_values(r, line);
		break;
	case FE_DESCRIBE:
	case FE_CLOSE:
		text_printf(line, " %c", reader_u8(r));
		text_printf(line, " %s", name(r));
		break;
	case FE_EXECUTE:
		first = name(r);
		text_printf(line, " %s %u", first, (unsigned)reader_u32(r));
		break;
	case FE_COPY_DATA:
		data = reader_rest(r);
		text_printf(line, " %.*s", (int)data.n, data.p);
		break;
	default:
		break;
	}
}

static void
read_problem(struct reader *r, struct text *line)
{
	struct error_fields e = error_fields_of(r->p, r->left);

	if (strcmp(e.severity, "ERROR") != 0 &&
	    strcmp(e.severity, "NOTICE") != 0)
		text_printf(line, " %s", e.severity);
	text_printf(line, " %s %s", e.code, e.message);
	if (e.detail != NULL)
		text_printf(line, " | %s", e.detail);
}

static void
read_server(char type, struct reader *r, struct text *line)
{
	const char *first;
	struct str data;

	switch (type) {
	case BE_COMMAND_COMPLETE:
		text_printf(line, " %s", reader_cstring(r));
		break;
	case BE_READY_FOR_QUERY:
		text_printf(line, " %c", reader_u8(r));
		break;
	case BE_PARAMETER_STATUS:
		first = reader_cstring(r);
		text_printf(line, " %s=%s", first, reader_cstring(r));
		break;
	case BE_DATA_ROW:
		(void)reader_u16(r);
		data = reader_bytes(r, reader_u32(r));
		text_printf(line, " %.*s", (int)data.n, data.p);
		break;
	case BE_COPY_DATA:
		data = reader_rest(r);
		text_printf(line, " %.*s", (int)data.n, data.p);
		break;
	case BE_NOTIFICATION:
		(void)reader_u32(r);
		text_printf(line, " %s", reader_cstring(r));
		break;
	case BE_AUTHENTICATION:
		text_printf(line, " %u", (unsigned)reader_u32(r));
		break;
	case BE_ERROR:
	case BE_NOTICE:
		read_problem(r, line);
		break;
	default:
		break;
	}
}

size_t
script_read(enum speaker who, const char *p, size_t n, struct text *line)
{
	struct reader r;
	struct frame f;

	switch (frame_peek(p, n, INT32_MAX, &f)) {
	case PARSE_MORE:
		return 0;
	case PARSE_BAD:
		ck_abort_msg("what the pooler sent is no message");
	case PARSE_OK:
		break;
	}
	if (n < f.len)
		return 0;
	r = reader_of(p + FRAME_HEADER, f.len - FRAME_HEADER);
	text_clear(line);
	text_printf(line, "%c", f.type);
	if (who == CLIENT_SPEAKS)
		read_client(f.type, &r, line);
	else
		read_server(f.type, &r, line);
	return f.len;
}

bool
script_matches(const char *want, const char *got)
{
	size_t n = strlen(want);

	if (want[0] == 'E' || want[0] == 'N')
		return strncmp(want, got, n) == 0;
	return strcmp(want, got) == 0;
}

void
script_startup(const char *params, struct text *out)
{
	char *copy = mem_strdup(params), *at = copy, *pair, *value;
	size_t place = writer_begin(out, '\0');

	writer_u32(out, PROTOCOL_3_0);
	while ((pair = strsep(&at, "&")) != NULL) {
		if (*pair == '\0')
			continue;
		value = strchr(pair, '=');
		ck_assert_msg(value != NULL, "no parameter: %s", pair);
		*value++ = '\0';
		writer_cstring(out, pair);
		writer_cstring(out, value);
	}
	writer_u8(out, 0);
	writer_end(out, place);
	mem_free(copy);
}
