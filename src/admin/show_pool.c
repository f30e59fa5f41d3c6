/*
 * show_pool.c - SHOW POOLS, DATABASES, USERS, PEERS, PEER_POOLS, LISTS, MEM.
 */
#include "admin/show.h"

#include "base/must.h"

/* POOLS */

static void
put_maxwait(struct text *out, const void *row)
{
	table_int4(out, ((const struct pool_facts *)row)->maxwait_usec /
	    1000000);
}

static void
put_maxwait_us(struct text *out, const void *row)
{
	table_int4(out, ((const struct pool_facts *)row)->maxwait_usec %
	    1000000);
}

#define INT(member) COLUMN(#member, PG_INT4, struct pool_facts, member)
static const struct column pools[] = {
	COLUMN("database", PG_TEXT, struct pool_facts, database),
	COLUMN("user", PG_TEXT, struct pool_facts, user),
	INT(cl_active),
	INT(cl_waiting),
	INT(cl_active_cancel_req),
	INT(cl_waiting_cancel_req),
	INT(sv_active),
	INT(sv_active_cancel),
	INT(sv_being_canceled),
	INT(sv_idle),
	INT(sv_used),
	INT(sv_tested),
	INT(sv_login),
	COLUMN_BY("maxwait", PG_INT4, put_maxwait),
	COLUMN_BY("maxwait_us", PG_INT4, put_maxwait_us),
	COLUMN("pool_mode", PG_TEXT, struct pool_facts, pool_mode),
	COLUMN("load_balance_hosts", PG_TEXT, struct pool_facts,
	    load_balance_hosts),
};
#undef INT

static bool
next_pool(struct walk *w)
{
	return facts_pool(w->pooler, &w->cursor, &w->row.pool);
}

/* DATABASES */

#define INT(member) COLUMN(#member, PG_INT4, struct database_facts, member)
static const struct column databases[] = {
	COLUMN("name", PG_TEXT, struct database_facts, name),
	COLUMN("host", PG_TEXT, struct database_facts, host),
	INT(port),
	COLUMN("database", PG_TEXT, struct database_facts, dbname),
	COLUMN("force_user", PG_TEXT, struct database_facts, force_user),
	INT(pool_size),
	INT(min_pool_size),
	INT(reserve_pool_size),
	INT(server_lifetime),
	COLUMN("pool_mode", PG_TEXT, struct database_facts, pool_mode),
	COLUMN("load_balance_hosts", PG_TEXT, struct database_facts,
	    load_balance_hosts),
	INT(max_connections),
	INT(current_connections),
	INT(max_client_connections),
	INT(current_client_connections),
	INT(paused),
	INT(disabled),
};
#undef INT

static bool
next_database(struct walk *w)
{
	return facts_database(w->pooler, &w->cursor, &w->row.database);
}

/* USERS */

/* PgBouncer's format of a size that may be unset. */
static void
put_size(struct text *out, const void *field)
{
	int size = *(const int *)field;

	if (size < 0)
		table_text(out, "");
	else
		table_printf(out, "%9d", size);
}

#define INT(member) COLUMN(#member, PG_INT4, struct user_facts, member)
static const struct column users[] = {
	COLUMN("name", PG_TEXT, struct user_facts, name),
	{ "pool_size", PG_TEXT, put_size,
	    offsetof(struct user_facts, pool_size) },
	{ "reserve_pool_size", PG_TEXT, put_size,
	    offsetof(struct user_facts, reserve_pool_size) },
	COLUMN("pool_mode", PG_TEXT, struct user_facts, pool_mode),
	INT(max_user_connections),
	INT(current_connections),
	INT(max_user_client_connections),
	INT(current_client_connections),
};
#undef INT

static bool
next_user(struct walk *w)
{
	return facts_user(w->pooler, &w->cursor, &w->row.user);
}

/* PEERS, PEER_POOLS */

static const struct column peers[] = {
	COLUMN("peer_id", PG_INT4, struct peer_facts, id),
	COLUMN("host", PG_TEXT, struct peer_facts, host),
	COLUMN("port", PG_INT4, struct peer_facts, port),
	COLUMN("pool_size", PG_INT4, struct peer_facts, pool_size),
};

static bool
next_peer(struct walk *w)
{
	return facts_peer(w->pooler, &w->cursor, &w->row.peer);
}

/* Cancel requests that are passed on to a peer are not pooled here. */
static const struct column peer_pools[] = {
	COLUMN("peer_id", PG_INT4, struct peer_facts, id),
	COLUMN("cl_active_cancel_req", PG_INT4, struct pool_facts,
	    cl_active_cancel_req),
	COLUMN("cl_waiting_cancel_req", PG_INT4, struct pool_facts,
	    cl_waiting_cancel_req),
	COLUMN("sv_active_cancel", PG_INT4, struct pool_facts,
	    sv_active_cancel),
	COLUMN("sv_login", PG_INT4, struct pool_facts, sv_login),
};

static bool
next_nothing(struct walk *w)
{
	(void)w;
	return false;
}

/* LISTS, MEM */

static const struct column lists[] = {
	COLUMN("list", PG_TEXT, struct list_facts, name),
	COLUMN("items", PG_INT4, struct list_facts, items),
};

static bool
next_list(struct walk *w)
{
	return facts_list(w->pooler, &w->cursor, &w->row.list);
}

static void
put_memtotal(struct text *out, const void *row)
{
	uint64_t bytes = ((const struct memory_facts *)row)->bytes;

	table_int4(out, bytes > INT32_MAX ? INT32_MAX : (int64_t)bytes);
}

static const struct column memory[] = {
	COLUMN("name", PG_TEXT, struct memory_facts, name),
	COLUMN("size", PG_INT4, struct memory_facts, size),
	COLUMN("used", PG_INT4, struct memory_facts, used),
	COLUMN("free", PG_INT4, struct memory_facts, kept),
	COLUMN_BY("memtotal", PG_INT4, put_memtotal),
};

static bool
next_memory(struct walk *w)
{
	return facts_memory(w->pooler, &w->cursor, &w->row.memory);
}

const struct show *
show_pools(void)
{
	static const struct show shows[] = {
		SHOW("POOLS", pools, next_pool),
		SHOW("DATABASES", databases, next_database),
		SHOW("USERS", users, next_user),
		SHOW("PEERS", peers, next_peer),
		SHOW("PEER_POOLS", peer_pools, next_nothing),
		SHOW("LISTS", lists, next_list),
		SHOW("MEM", memory, next_memory),
		{ .name = "DNS_HOSTS", .kind = SHOW_LATER,
		    .need = NEED_STATS },
		{ .name = "DNS_ZONES", .kind = SHOW_LATER,
		    .need = NEED_STATS },
		{ .name = NULL },
	};

	return shows;
}
