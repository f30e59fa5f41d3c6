/*
 * table.c - RowDescription and DataRow from columns; see table.h.
 */
#include "admin/table.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#include "base/must.h"
#include "pgwire/messages.h"
#include "pgwire/writer.h"

#define COLUMNS_MAX 64

/* From PostgreSQL's pg_type: oid and typlen. */
static const struct {
	uint32_t oid;
	int16_t size;
} types[] = {
	[PG_TEXT] =    { 25, -1 },
	[PG_INT4] =    { 23, 4 },
	[PG_INT8] =    { 20, 8 },
	[PG_NUMERIC] = { 1700, -1 },
	[PG_BYTEA] =   { 17, -1 },
};

void
table_head(struct text *out, const struct column *columns, size_t n)
{
	struct writer_column head[COLUMNS_MAX];

	must(n <= COLUMNS_MAX);
	for (size_t i = 0; i < n; i++)
		head[i] = (struct writer_column){
			.name = columns[i].name,
			.type_oid = types[columns[i].type].oid,
			.type_size = types[columns[i].type].size,
		};
	writer_row_description(out, head, n);
}

void
table_row(struct text *out, const struct column *columns, size_t n,
    const void *row)
{
	size_t place = writer_begin(out, BE_DATA_ROW);

	must(n <= COLUMNS_MAX);
	writer_u16(out, (uint16_t)n);
	for (size_t i = 0; i < n; i++)
		columns[i].put(out, (const char *)row + columns[i].offset);
	writer_end(out, place);
}

void
table_text(struct text *out, const char *s)
{
	if (s == NULL)
		writer_null(out);
	else
		writer_value(out, s, strlen(s));
}

void
table_printf(struct text *out, const char *fmt, ...)
{
	char buf[128];
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(buf, sizeof buf, fmt, ap);
	va_end(ap);
	must(n >= 0 && (size_t)n < sizeof buf);
	writer_value(out, buf, (size_t)n);
}

void
table_int4(struct text *out, int64_t v)
{
	if (v > INT32_MAX)
		v = INT32_MAX;
	if (v < INT32_MIN)
		v = INT32_MIN;
	table_printf(out, "%" PRId64, v);
}

void
table_put_string(struct text *out, const void *field)
{
	table_text(out, *(const char *const *)field);
}

void
table_put_string_or_empty(struct text *out, const void *field)
{
	const char *s = *(const char *const *)field;

	table_text(out, s != NULL ? s : "");
}

void
table_put_bool(struct text *out, const void *field)
{
	table_text(out, *(const bool *)field ? "1" : "0");
}

void
table_put_int(struct text *out, const void *field)
{
	table_int4(out, *(const int *)field);
}

void
table_put_u32(struct text *out, const void *field)
{
	table_int4(out, *(const uint32_t *)field);
}

void
table_put_u64(struct text *out, const void *field)
{
	table_printf(out, "%" PRIu64, *(const uint64_t *)field);
}
