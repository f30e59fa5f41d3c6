/*
 * show_stats.c - SHOW STATS, STATS_TOTALS, STATS_AVERAGES and TOTALS.
 *
 * PgBouncer gives the same counter a different name in each of them, so the
 * names are written out here, in the order of stats.def.
 */
#include "admin/show.h"

#include "base/must.h"

#define DATABASE COLUMN("database", PG_TEXT, struct stats_facts, database)
#define TOTAL(name, member) \
	COLUMN(name, PG_NUMERIC, struct stats_facts, total.member)
#define AVERAGE(name, member) \
	COLUMN(name, PG_NUMERIC, struct stats_facts, average.member)

static const struct column stats[] = {
	DATABASE,
	TOTAL("total_server_assignment_count", server_assignment_count),
	TOTAL("total_xact_count", xact_count),
	TOTAL("total_query_count", query_count),
	TOTAL("total_received", bytes_received),
	TOTAL("total_sent", bytes_sent),
	TOTAL("total_xact_time", xact_time),
	TOTAL("total_query_time", query_time),
	TOTAL("total_wait_time", wait_time),
	TOTAL("total_client_parse_count", client_parse_count),
	TOTAL("total_server_parse_count", server_parse_count),
	TOTAL("total_bind_count", bind_count),
	TOTAL("total_client_login_count", client_login_count),
	AVERAGE("avg_server_assignment_count", server_assignment_count),
	AVERAGE("avg_xact_count", xact_count),
	AVERAGE("avg_query_count", query_count),
	AVERAGE("avg_recv", bytes_received),
	AVERAGE("avg_sent", bytes_sent),
	AVERAGE("avg_xact_time", xact_time),
	AVERAGE("avg_query_time", query_time),
	AVERAGE("avg_wait_time", wait_time),
	AVERAGE("avg_client_parse_count", client_parse_count),
	AVERAGE("avg_server_parse_count", server_parse_count),
	AVERAGE("avg_bind_count", bind_count),
	AVERAGE("avg_client_login_count", client_login_count),
};

static const struct column totals[] = {
	DATABASE,
#define STAT(name) TOTAL(#name, name),
#include "pool/stats.def"
#undef STAT
};

static const struct column averages[] = {
	DATABASE,
	AVERAGE("server_assignment_count", server_assignment_count),
	AVERAGE("xact_count", xact_count),
	AVERAGE("query_count", query_count),
	AVERAGE("bytes_received", bytes_received),
	AVERAGE("bytes_sent", bytes_sent),
	AVERAGE("xact_time", xact_time),
	AVERAGE("query_time", query_time),
	AVERAGE("wait_time", wait_time),
	AVERAGE("avg_client_parse_count", client_parse_count),
	AVERAGE("avg_server_parse_count", server_parse_count),
	AVERAGE("avg_bind_count", bind_count),
	AVERAGE("avg_client_login_count", client_login_count),
};

static bool
next_stats(struct walk *w)
{
	struct stats_facts *f = &w->row.stats;

	if (!facts_stats(w->pooler, &w->cursor, f))
		return false;
	show_name(w, &f->database);
	return true;
}

/* TOTALS */

static void
put_name(struct text *out, const void *row)
{
	const struct count_row *r = row;

	table_printf(out, "%s_%s", r->is_average ? "avg" : "total", r->name);
}

static const struct column totals_of_all[] = {
	COLUMN_BY("name", PG_TEXT, put_name),
	COLUMN("value", PG_NUMERIC, struct count_row, value),
};

#define COUNTER(name, member) { name, offsetof(struct stats, member) }
static const struct {
	const char *name;
	size_t offset;
} counters[] = {
	COUNTER("server_assignment_count", server_assignment_count),
	COUNTER("xact_count", xact_count),
	COUNTER("query_count", query_count),
	COUNTER("client_bytes", bytes_received),
	COUNTER("server_bytes", bytes_sent),
	COUNTER("xact_time", xact_time),
	COUNTER("query_time", query_time),
	COUNTER("wait_time", wait_time),
	COUNTER("ps_client_parse_count", client_parse_count),
	COUNTER("ps_server_parse_count", server_parse_count),
	COUNTER("ps_bind_count", bind_count),
	COUNTER("client_login_count", client_login_count),
};

static bool
next_total(struct walk *w)
{
	struct count_row *r = &w->row.count;
	const struct stats *s;
	size_t i = w->cursor;

	if (i == 0)
		facts_stats_of_all(w->pooler, &w->all);
	if (i == 2 * countof(counters))
		return false;
	w->cursor++;
	r->is_average = i >= countof(counters);
	s = r->is_average ? &w->all.average : &w->all.total;
	i %= countof(counters);
	r->name = counters[i].name;
	memcpy(&r->value, (const char *)s + counters[i].offset,
	    sizeof r->value);
	return true;
}

const struct show *
show_stats(void)
{
	static const struct show shows[] = {
		SHOW("STATS", stats, next_stats),
		SHOW("STATS_TOTALS", totals, next_stats),
		SHOW("STATS_AVERAGES", averages, next_stats),
		SHOW("TOTALS", totals_of_all, next_total),
		{ .name = NULL },
	};

	return shows;
}
