/*
 * show_pool.c - SHOW POOLS, FAIRNESS, DATABASES, USERS, PEERS, PEER_POOLS,
 * LISTS, MEM, DNS_HOSTS, DNS_ZONES.
 */
#include "admin/show.h"

#include <inttypes.h>
#include <sys/socket.h>

#include "base/must.h"
#include "config/config.h"

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
	/* Ours: */
	COLUMN("wait_reason", PG_TEXT, struct pool_facts, wait_reason),
	INT(sv_primary),
	INT(sv_replica),
};
#undef INT

static bool
next_pool(struct walk *w)
{
	struct pool_facts *f = &w->row.pool;

	if (!facts_pool(w->pooler, &w->cursor, f))
		return false;
	if (config_is_console(f->database))
		show_name(w, &f->user);
	show_name(w, &f->database);
	return true;
}

/* FAIRNESS */

#define INT(member) COLUMN(#member, PG_INT4, struct fairness_facts, member)
static const struct column fairness[] = {
	COLUMN("database", PG_TEXT, struct fairness_facts, database),
	COLUMN("user", PG_TEXT, struct fairness_facts, user),
	COLUMN("key", PG_TEXT, struct fairness_facts, key),
	INT(clients),
	INT(waiting),
	INT(held),
	INT(part),
	COLUMN("granted", PG_INT8, struct fairness_facts, granted),
};
#undef INT

static bool
next_key(struct walk *w)
{
	return facts_fairness(w->pooler, &w->cursor, &w->row.fairness);
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
	struct database_facts *f = &w->row.database;

	if (!facts_database(w->pooler, &w->cursor, f))
		return false;
	if (config_is_console(f->name)) {
		show_name(w, &f->dbname);
		show_name(w, &f->force_user);
	}
	show_name(w, &f->name);
	return true;
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

#define INT(member) COLUMN(#member, PG_INT4, struct peer_pool_facts, member)
static const struct column peer_pools[] = {
	COLUMN("peer_id", PG_INT4, struct peer_pool_facts, id),
	INT(cl_active_cancel_req),
	INT(cl_waiting_cancel_req),
	INT(sv_active_cancel),
	INT(sv_login),
};
#undef INT

static bool
next_peer_pool(struct walk *w)
{
	return facts_peer_pool(w->pooler, &w->cursor, &w->row.peer_pool);
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

/* DNS_HOSTS, DNS_ZONES */

static void
put_ttl(struct text *out, const void *row)
{
	table_printf(out, "%" PRId64,
	    ((const struct dns_facts *)row)->ttl_usec / 1000000);
}

/* The port is where PgBouncer has it; what is kept of a name has none. */
static void
put_addrs(struct text *out, const void *row)
{
	const struct dns_facts *f = row;
	struct text list = { 0 };
	char ip[64];

	text_puts(&list, "");
	for (unsigned i = 0; i < f->naddrs; i++)
		text_printf(&list, f->addrs[i].family == AF_INET6 ?
		    "%s[%s]:0" : "%s%s:0", i > 0 ? "," : "",
		    addr_format(&f->addrs[i], ip, sizeof ip));
	table_text(out, list.p);
	text_fini(&list);
}

static const struct column dns_hosts[] = {
	COLUMN("hostname", PG_TEXT, struct dns_facts, hostname),
	COLUMN_BY("ttl", PG_INT8, put_ttl),
	COLUMN_BY("addrs", PG_TEXT, put_addrs),
};

static bool
next_dns_host(struct walk *w)
{
	return facts_dns(w->pooler, &w->cursor, &w->row.dns);
}

/* Zones are not watched here: there is never a row, so that no put() has a
 * fact to print. */
static void
put_nothing(struct text *out, const void *row)
{
	(void)row;
	table_text(out, NULL);
}

static const struct column dns_zones[] = {
	COLUMN_BY("zonename", PG_TEXT, put_nothing),
	COLUMN_BY("serial", PG_INT8, put_nothing),
	COLUMN_BY("count", PG_INT4, put_nothing),
};

static bool
next_nothing(struct walk *w)
{
	(void)w;
	return false;
}

const struct show *
show_pools(void)
{
	static const struct show shows[] = {
		SHOW("POOLS", pools, next_pool),
		SHOW("FAIRNESS", fairness, next_key),
		SHOW("DATABASES", databases, next_database),
		SHOW("USERS", users, next_user),
		SHOW("PEERS", peers, next_peer),
		SHOW("PEER_POOLS", peer_pools, next_peer_pool),
		SHOW("LISTS", lists, next_list),
		SHOW("MEM", memory, next_memory),
		SHOW("DNS_HOSTS", dns_hosts, next_dns_host),
		SHOW("DNS_ZONES", dns_zones, next_nothing),
		{ .name = NULL },
	};

	return shows;
}
