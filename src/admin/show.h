/*
 * show.h - what SHOW can show: one row per name.
 *
 * A table is columns and a walk over facts. The walk keeps only a cursor
 * between rows, so a long answer can be given in pieces over many turns of
 * the loop while clients and servers come and go.
 */
#ifndef ADMIN_SHOW_H
#define ADMIN_SHOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "admin/table.h"
#include "pool/facts.h"
#include "pool/facts_host.h"
#include "pool/facts_socket.h"
#include "pool/source.h"
#include "pool/stats.h"

struct config;
struct setting;

/* Who may. Forgetting to say is NEED_ADMIN. */
enum need { NEED_ADMIN, NEED_STATS };

enum show_kind {
	SHOW_TABLE,
	SHOW_DUMMY      /* a parameter that drivers ask for; SET ignores it */
};

struct walk;

struct show {
	const char *name;
	enum show_kind kind;
	enum need need;
	const struct column *columns;
	size_t ncolumns;
	bool (*next)(struct walk *);
		/* Fill walk->row with the next row; false at the end. */
	const char *value;      /* of tables of one row and column */
};

struct setting_row {
	const struct config *config;
	const struct setting *setting;
};

struct pair_row {
	const char *key, *value;
};

struct count_row {
	const char *name;
	bool is_average;
	uint64_t value;
};

/* Where a SHOW has got to. */
struct walk {
	const struct pooler *pooler;
	const struct show *show;
	const char *console;            /* what who asks calls it */
	uint32_t cursor;
	struct stats_facts all;         /* TOTALS, over its rows */
	union {
		struct socket_facts socket;
		struct pool_facts pool;
		struct fairness_facts fairness;
		struct database_facts database;
		struct user_facts user;
		struct stats_facts stats;
		struct list_facts list;
		struct memory_facts memory;
		struct peer_facts peer;
		struct budget_facts budget;
		struct host_facts host;
		struct peer_pool_facts peer_pool;
		struct fd_facts fd;
		struct source_facts source;
		struct dns_facts dns;
		struct setting_row setting;
		struct pair_row pair;
		struct count_row count;
	} row;
};

const struct show *show_find(const char *name);
	/* By name, whatever the case; NULL if there is none. */

const struct show *show_at(size_t i);
	/* The i-th, for the manual; NULL behind the last. */

void show_name(const struct walk *, const char **database);
	/* If it is the console, call it what who asks calls it: scripts for
	 * PgBouncer know its own row by that name. */

void show_names(struct text *);
	/* Append them for the help, a line for each kind. */

/* Start: */
static inline void
walk_init(struct walk *w, const struct pooler *p, const struct show *show,
    const char *console)
{
	*w = (struct walk){ .pooler = p, .show = show, .console = console };
}

/* Folder-private: the rows by file; the last one has no name. */
const struct show *show_sockets(void);
const struct show *show_pools(void);
const struct show *show_budgets(void);
const struct show *show_hosts(void);
const struct show *show_stats(void);
const struct show *show_settings(void);

#define SHOW(name, columns, next)                                  \
	{ name, SHOW_TABLE, NEED_STATS, columns, countof(columns), \
	    next, NULL }

#endif
