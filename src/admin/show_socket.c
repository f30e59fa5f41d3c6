/*
 * show_socket.c - SHOW CLIENTS, SERVERS, SOCKETS, ACTIVE_SOCKETS, FDS.
 *
 * The columns up to id, and those of FDS, are PgBouncer's, names, types and
 * order; ours follow.
 */
#include "admin/show.h"

#include <inttypes.h>
#include <time.h>

#include "base/must.h"

static void
put_type(struct text *out, const void *row)
{
	const struct socket_facts *s = row;

	table_text(out, s->is_server ? "S" : "C");
}

static void
put_user(struct text *out, const void *row)
{
	const struct socket_facts *s = row;

	table_text(out, s->user != NULL ? s->user : "(nouser)");
}

static void
put_database(struct text *out, const void *row)
{
	const struct socket_facts *s = row;

	table_text(out, s->database != NULL ? s->database : "(nodb)");
}

static void
put_replication(struct text *out, const void *row)
{
	const struct socket_facts *s = row;

	table_text(out, s->replication != NULL ? s->replication : "none");
}

static void
put_ip(struct text *out, const struct addr *a)
{
	char buf[64];

	table_text(out, addr_format(a, buf, sizeof buf));
}

static void
put_addr(struct text *out, const void *row)
{
	put_ip(out, &((const struct socket_facts *)row)->addr);
}

static void
put_port(struct text *out, const void *row)
{
	table_int4(out, ((const struct socket_facts *)row)->addr.port);
}

static void
put_local_addr(struct text *out, const void *row)
{
	put_ip(out, &((const struct socket_facts *)row)->local);
}

static void
put_local_port(struct text *out, const void *row)
{
	table_int4(out, ((const struct socket_facts *)row)->local.port);
}

static void
put_time(struct text *out, time_t t)
{
	struct tm tm;
	char buf[64];

	if (localtime_r(&t, &tm) == NULL ||
	    strftime(buf, sizeof buf, "%Y-%m-%d %H:%M:%S %Z", &tm) == 0)
		buf[0] = '\0';
	table_text(out, buf);
}

static void
put_connect_time(struct text *out, const void *row)
{
	put_time(out, ((const struct socket_facts *)row)->connect_time);
}

/* Who never asked for anything, connected last: as in PgBouncer. */
static void
put_request_time(struct text *out, const void *row)
{
	const struct socket_facts *s = row;

	put_time(out, s->request_time != 0 ? s->request_time :
	    s->connect_time);
}

static void
put_wait(struct text *out, const void *row)
{
	table_int4(out, ((const struct socket_facts *)row)->wait_usec /
	    1000000);
}

static void
put_wait_us(struct text *out, const void *row)
{
	table_int4(out, ((const struct socket_facts *)row)->wait_usec %
	    1000000);
}

/* PgBouncer prints addresses. Ids look the same and are never reused, and
 * tell nothing about our memory. */
static void
put_ptr(struct text *out, const void *row)
{
	table_printf(out, "0x%" PRIx64, ((const struct socket_facts *)row)->id);
}

static void
put_link(struct text *out, const void *row)
{
	const struct socket_facts *s = row;

	if (s->link_id == 0)
		table_text(out, "");
	else
		table_printf(out, "0x%" PRIx64, s->link_id);
}

/* The column is an int4. A cut id might be somebody else's, so one that no
 * longer fits is NULL; ptr has it whole. */
static void
put_id(struct text *out, const void *row)
{
	const struct socket_facts *s = row;

	if (s->id > INT32_MAX)
		table_text(out, NULL);
	else
		table_int4(out, (int64_t)s->id);
}

/* The columns that all tables of sockets begin with. */
#define SOCKET_COLUMNS \
	COLUMN_BY("type", PG_TEXT, put_type), \
	COLUMN_BY("user", PG_TEXT, put_user), \
	COLUMN_BY("database", PG_TEXT, put_database), \
	COLUMN_BY("replication", PG_TEXT, put_replication), \
	COLUMN("state", PG_TEXT, struct socket_facts, state), \
	COLUMN_BY("addr", PG_TEXT, put_addr), \
	COLUMN_BY("port", PG_INT4, put_port), \
	COLUMN_BY("local_addr", PG_TEXT, put_local_addr), \
	COLUMN_BY("local_port", PG_INT4, put_local_port), \
	COLUMN_BY("connect_time", PG_TEXT, put_connect_time), \
	COLUMN_BY("request_time", PG_TEXT, put_request_time), \
	COLUMN_BY("wait", PG_INT4, put_wait), \
	COLUMN_BY("wait_us", PG_INT4, put_wait_us), \
	COLUMN("close_needed", PG_INT4, struct socket_facts, close_needed), \
	COLUMN_BY("ptr", PG_TEXT, put_ptr), \
	COLUMN_BY("link", PG_TEXT, put_link), \
	COLUMN("remote_pid", PG_INT4, struct socket_facts, remote_pid), \
	COLUMN_OR_EMPTY("tls", struct socket_facts, tls), \
	COLUMN_OR_EMPTY("application_name", struct socket_facts, \
	    application_name), \
	COLUMN("prepared_statements", PG_INT4, struct socket_facts, \
	    prepared_statements), \
	COLUMN_BY("id", PG_INT4, put_id)

#define OUR_COLUMNS \
	COLUMN("kept", PG_INT4, struct socket_facts, kept), \
	COLUMN("unsent", PG_INT4, struct socket_facts, unsent)

static const struct column clients[] = {
	SOCKET_COLUMNS, OUR_COLUMNS,
	COLUMN("wait_reason", PG_TEXT, struct socket_facts, wait_reason),
};

static const struct column servers[] = {
	SOCKET_COLUMNS, OUR_COLUMNS,
	COLUMN("role", PG_TEXT, struct socket_facts, role),
};

static bool
next_client(struct walk *w)
{
	return facts_client(w->pooler, &w->cursor, &w->row.socket);
}

static bool
next_server(struct walk *w)
{
	return facts_server(w->pooler, &w->cursor, &w->row.socket);
}

/* SOCKETS, ACTIVE_SOCKETS */

static void
put_zero(struct text *out, const void *row)
{
	(void)row;
	table_int4(out, 0);
}

/* PgBouncer has one buffer with offsets; we keep what was received and what
 * was not sent yet apart. */
static const struct column buffers[] = {
	SOCKET_COLUMNS,
	COLUMN("recv_pos", PG_INT4, struct socket_facts, kept),
	COLUMN_BY("pkt_pos", PG_INT4, put_zero),
	COLUMN("pkt_remain", PG_INT4, struct socket_facts, passing),
	COLUMN_BY("send_pos", PG_INT4, put_zero),
	COLUMN_BY("send_remain", PG_INT4, put_zero),
	COLUMN("pkt_avail", PG_INT4, struct socket_facts, kept),
	COLUMN("send_avail", PG_INT4, struct socket_facts, unsent),
};

static bool
next_socket(struct walk *w)
{
	return facts_socket(w->pooler, &w->cursor, &w->row.socket);
}

static bool
next_active_socket(struct walk *w)
{
	const struct socket_facts *s = &w->row.socket;

	while (next_socket(w))
		if (s->kept > 0 || s->unsent > 0 || s->passing > 0)
			return true;
	return false;
}

/* FDS */

/* Keys and passwords are told to nobody, and a cancel key is one: who has it
 * can end a query. */
static void
put_secret(struct text *out, const void *row)
{
	(void)row;
	table_text(out, NULL);
}

static void
put_fd_addr(struct text *out, const void *row)
{
	put_ip(out, &((const struct fd_facts *)row)->addr);
}

static void
put_fd_port(struct text *out, const void *row)
{
	table_int4(out, ((const struct fd_facts *)row)->addr.port);
}

#define TEXT(member) COLUMN(#member, PG_TEXT, struct fd_facts, member)
static const struct column fds[] = {
	COLUMN("fd", PG_INT4, struct fd_facts, fd),
	TEXT(task),
	TEXT(user),
	TEXT(database),
	COLUMN_BY("addr", PG_TEXT, put_fd_addr),
	COLUMN_BY("port", PG_INT4, put_fd_port),
	COLUMN_BY("cancel", PG_INT8, put_secret),
	COLUMN("link", PG_INT4, struct fd_facts, link_fd),
	TEXT(client_encoding),
	TEXT(std_strings),
	TEXT(datestyle),
	TEXT(timezone),
	COLUMN_BY("password", PG_TEXT, put_secret),
	COLUMN_BY("scram_client_key", PG_BYTEA, put_secret),
	COLUMN_BY("scram_server_key", PG_BYTEA, put_secret),
};
#undef TEXT

static bool
next_fd(struct walk *w)
{
	return facts_fd(w->pooler, &w->cursor, &w->row.fd);
}

/* LOGINS */

static void
put_source_addr(struct text *out, const void *row)
{
	put_ip(out, &((const struct source_facts *)row)->addr);
}

/* Rounded up: 0 is "now". */
static void
put_source_wait(struct text *out, const void *row)
{
	table_int4(out, (((const struct source_facts *)row)->wait_usec +
	    999999) / 1000000);
}

static const struct column logins[] = {
	COLUMN_BY("addr", PG_TEXT, put_source_addr),
	COLUMN("user", PG_TEXT, struct source_facts, user),
	COLUMN("unfinished", PG_INT4, struct source_facts, unfinished),
	COLUMN("failures", PG_INT4, struct source_facts, failures),
	COLUMN_BY("wait", PG_INT4, put_source_wait),
};

static bool
next_login(struct walk *w)
{
	return facts_source(w->pooler, &w->cursor, &w->row.source);
}

const struct show *
show_sockets(void)
{
	static const struct show shows[] = {
		SHOW("CLIENTS", clients, next_client),
		/* Servers do not wait: all but the last column. */
		SHOW("SERVERS", servers, next_server),
		SHOW("SOCKETS", buffers, next_socket),
		SHOW("ACTIVE_SOCKETS", buffers, next_active_socket),
		/* Rows only: the descriptors themselves are not passed. */
		{ "FDS", SHOW_TABLE, NEED_ADMIN, fds, countof(fds), next_fd,
		    NULL },
		SHOW("LOGINS", logins, next_login),
		{ .name = NULL },
	};

	return shows;
}
