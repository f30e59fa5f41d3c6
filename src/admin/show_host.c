/*
 * show_host.c - SHOW HOSTS: which host is the primary, which replicas are
 * read from, and why the others are not.
 */
#include "admin/show.h"

#include <time.h>

#include "admin/table.h"
#include "base/must.h"

/* Not known is SQL's NULL in all of these. */

static void
put_lag(struct text *out, const void *row)
{
	const struct host_facts *f = row;

	if (f->lag_usec < 0)
		table_text(out, NULL);
	else
		table_printf(out, "%.3f", (double)f->lag_usec / 1e6);
}

static void
put_lag_bytes(struct text *out, const void *row)
{
	const struct host_facts *f = row;

	if (f->lag_bytes < 0)
		table_text(out, NULL);
	else
		table_printf(out, "%lld", (long long)f->lag_bytes);
}

/* As PostgreSQL writes a pg_lsn. */
static void
put_lsn(struct text *out, const void *row)
{
	const struct host_facts *f = row;

	if (f->lsn == 0)
		table_text(out, NULL);
	else
		table_printf(out, "%X/%X", (unsigned)(f->lsn >> 32),
		    (unsigned)f->lsn);
}

static void
put_timeline(struct text *out, const void *row)
{
	const struct host_facts *f = row;

	if (f->timeline == 0)
		table_text(out, NULL);
	else
		table_int4(out, f->timeline);
}

static void
put_weight(struct text *out, const void *row)
{
	const struct host_facts *f = row;

	table_printf(out, "%u.%03u", (unsigned)(f->weight / 1000),
	    (unsigned)(f->weight % 1000));
}

static void
put_databases(struct text *out, const void *row)
{
	table_text(out, ((const struct host_facts *)row)->databases);
}

static void
put_since(struct text *out, const void *row)
{
	const struct host_facts *f = row;
	char when[40];
	struct tm tm;

	gmtime_r(&f->since, &tm);
	strftime(when, sizeof when, "%Y-%m-%d %H:%M:%S UTC", &tm);
	table_text(out, when);
}

#define TEXT(member) COLUMN(#member, PG_TEXT, struct host_facts, member)
#define COUNT(member) COLUMN(#member, PG_INT8, struct host_facts, member)
static const struct column hosts[] = {
	TEXT(host),
	COLUMN("port", PG_INT4, struct host_facts, port),
	COLUMN_BY("databases", PG_TEXT, put_databases),
	TEXT(role),
	TEXT(state),
	TEXT(reason),
	COLUMN_BY("lag", PG_NUMERIC, put_lag),
	COLUMN_BY("lag_bytes", PG_INT8, put_lag_bytes),
	COLUMN_BY("lsn", PG_TEXT, put_lsn),
	COLUMN_BY("timeline", PG_INT4, put_timeline),
	COLUMN_BY("weight", PG_NUMERIC, put_weight),
	COLUMN("connections", PG_INT4, struct host_facts, connections),
	COUNT(requests),
	COUNT(reads),
	COUNT(retries),
	TEXT(last_error),
	COLUMN_BY("since", PG_TEXT, put_since),
};
#undef TEXT
#undef COUNT

static bool
next_host(struct walk *w)
{
	return facts_host(w->pooler, &w->cursor, &w->row.host);
}

const struct show *
show_hosts(void)
{
	static const struct show rows[] = {
		SHOW("HOSTS", hosts, next_host),
		{ 0 },
	};

	return rows;
}
