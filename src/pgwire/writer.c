/*
 * writer.c - makes messages; see writer.h.
 */
#include "pgwire/writer.h"

#include "base/must.h"
#include "pgwire/messages.h"

size_t
writer_begin(struct text *t, char type)
{
	size_t place;

	if (type != '\0')
		text_add(t, &type, 1);
	place = t->n;
	writer_u32(t, 0);
	return place;
}

void
writer_end(struct text *t, size_t place)
{
	size_t len = t->n - place;
	unsigned char be[4] = {
		(unsigned char)(len >> 24), (unsigned char)(len >> 16),
		(unsigned char)(len >> 8), (unsigned char)len
	};

	must(place <= t->n && len >= 4 && len <= INT32_MAX);
	memcpy(t->p + place, be, sizeof be);
}

void
writer_u8(struct text *t, uint8_t v)
{
	text_add(t, &v, 1);
}

void
writer_u16(struct text *t, uint16_t v)
{
	unsigned char be[2] = { (unsigned char)(v >> 8), (unsigned char)v };

	text_add(t, be, sizeof be);
}

void
writer_u32(struct text *t, uint32_t v)
{
	unsigned char be[4] = {
		(unsigned char)(v >> 24), (unsigned char)(v >> 16),
		(unsigned char)(v >> 8), (unsigned char)v
	};

	text_add(t, be, sizeof be);
}

void
writer_cstring(struct text *t, const char *s)
{
	text_add(t, s != NULL ? s : "", s != NULL ? strlen(s) + 1 : 1);
}

/* A message whose body is n bytes. */
static void
put(struct text *t, char type, const void *body, size_t n)
{
	size_t place = writer_begin(t, type);

	text_add(t, body, n);
	writer_end(t, place);
}

static void
field(struct text *t, char id, const char *value)
{
	if (value == NULL)
		return;
	text_add(t, &id, 1);
	writer_cstring(t, value);
}

static void
report(struct text *t, char type, const struct error_fields *e)
{
	size_t place = writer_begin(t, type);

	field(t, 'S', e->severity);
	field(t, 'V', e->severity);
	field(t, 'C', e->code);
	field(t, 'M', e->message);
	field(t, 'D', e->detail);
	field(t, 'H', e->hint);
	field(t, 'R', e->routine);
	writer_u8(t, 0);
	writer_end(t, place);
}

void
writer_error(struct text *t, const struct error_fields *e)
{
	report(t, BE_ERROR, e);
}

void
writer_notice(struct text *t, const struct error_fields *e)
{
	report(t, BE_NOTICE, e);
}

void
writer_parameter_status(struct text *t, const char *name, const char *value)
{
	size_t place = writer_begin(t, BE_PARAMETER_STATUS);

	writer_cstring(t, name);
	writer_cstring(t, value);
	writer_end(t, place);
}

void
writer_key_data(struct text *t, const void *key, size_t n)
{
	put(t, BE_KEY_DATA, key, n);
}

void
writer_ready(struct text *t, char status)
{
	must(status == 'I' || status == 'T' || status == 'E');
	put(t, BE_READY_FOR_QUERY, &status, 1);
}

void
writer_command_complete(struct text *t, const char *tag)
{
	put(t, BE_COMMAND_COMPLETE, tag, strlen(tag) + 1);
}

void
writer_auth(struct text *t, uint32_t request, const void *data, size_t n)
{
	size_t place = writer_begin(t, BE_AUTHENTICATION);

	writer_u32(t, request);
	text_add(t, data, n);
	writer_end(t, place);
}

void
writer_auth_sasl(struct text *t, const char *const *mechanisms)
{
	size_t place = writer_begin(t, BE_AUTHENTICATION);

	writer_u32(t, AUTH_SASL);
	for (; *mechanisms != NULL; mechanisms++)
		writer_cstring(t, *mechanisms);
	writer_u8(t, 0);
	writer_end(t, place);
}

void
writer_row_description(struct text *t, const struct writer_column *c,
    size_t n)
{
	size_t place = writer_begin(t, BE_ROW_DESCRIPTION);

	must(n <= INT16_MAX);
	writer_u16(t, (uint16_t)n);
	for (; n > 0; n--, c++) {
		writer_cstring(t, c->name);
		writer_u32(t, 0);                       /* table */
		writer_u16(t, 0);                       /* its column */
		writer_u32(t, c->type_oid);
		writer_u16(t, (uint16_t)c->type_size);
		writer_u32(t, (uint32_t)-1);            /* type modifier */
		writer_u16(t, 0);                       /* text format */
	}
	writer_end(t, place);
}

void
writer_value(struct text *t, const void *p, size_t n)
{
	must(n <= INT32_MAX);
	writer_u32(t, (uint32_t)n);
	text_add(t, p, n);
}

void
writer_null(struct text *t)
{
	writer_u32(t, (uint32_t)-1);
}

void
writer_data_row(struct text *t, const char *const *values, size_t n)
{
	size_t place = writer_begin(t, BE_DATA_ROW);

	must(n <= INT16_MAX);
	writer_u16(t, (uint16_t)n);
	for (; n > 0; n--, values++) {
		if (*values != NULL)
			writer_value(t, *values, strlen(*values));
		else
			writer_null(t);
	}
	writer_end(t, place);
}

void
writer_startup(struct text *t, uint32_t version, const struct writer_pair *p,
    size_t n)
{
	size_t place = writer_begin(t, '\0');

	writer_u32(t, version);
	for (; n > 0; n--, p++) {
		if (p->value == NULL)
			continue;
		writer_cstring(t, p->name);
		writer_cstring(t, p->value);
	}
	writer_u8(t, 0);
	writer_end(t, place);
}

void
writer_cancel_request(struct text *t, const void *key, size_t n)
{
	size_t place = writer_begin(t, '\0');

	writer_u32(t, CANCEL_REQUEST);
	text_add(t, key, n);
	writer_end(t, place);
}

void
writer_request(struct text *t, uint32_t code)
{
	size_t place = writer_begin(t, '\0');

	writer_u32(t, code);
	writer_end(t, place);
}

void
writer_password(struct text *t, const char *password)
{
	put(t, FE_PASSWORD, password, strlen(password) + 1);
}

void
writer_sasl_initial(struct text *t, const char *mechanism, const void *data,
    size_t n)
{
	size_t place = writer_begin(t, FE_PASSWORD);

	writer_cstring(t, mechanism);
	writer_value(t, data, n);
	writer_end(t, place);
}

void
writer_sasl_response(struct text *t, const void *data, size_t n)
{
	put(t, FE_PASSWORD, data, n);
}

void
writer_query(struct text *t, const char *sql)
{
	put(t, FE_QUERY, sql, strlen(sql) + 1);
}

void
writer_empty(struct text *t, char type)
{
	put(t, type, NULL, 0);
}
