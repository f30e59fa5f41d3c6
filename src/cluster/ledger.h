/*
 * ledger.h - the budgets there are, one for each PostgreSQL server.
 *
 * A server is known by its key (hostkey.h); [hosts] may say that two keys are
 * the same server. All that configured databases or [hosts] name has an
 * account, and so has what is still in use.
 */
#ifndef CLUSTER_LEDGER_H
#define CLUSTER_LEDGER_H

#include <stdint.h>

#include "base/list.h"
#include "cluster/budget.h"

struct config;
struct loop;

/* What all instances together may hold, and who says so. */
#define TOTAL_SOURCES(X)                            \
	X(NONE,    "")                              \
	X(SETTING, "server_connections")            \
	X(HOSTS,   "[hosts]")

enum total_source {
#define X(id, name) TOTAL_##id,
	TOTAL_SOURCES(X)
#undef X
};

struct account {
	struct list member;
	char *key;              /* of these two: */
	char *host;
	uint16_t port;
	struct budget budget;
	struct budget_count count;
	uint32_t total;         /* 0: no budget */
	enum total_source source;
	unsigned refs;          /* hosts */
	bool configured;        /* stays even if there is none */
};

struct ledger {
	struct loop *loop;
	const struct config *config;    /* in force; NULL before any */
	struct list accounts;           /* by key */
};

void ledger_init(struct ledger *, struct loop *);
void ledger_fini(struct ledger *);
	/* All accounts must have been released. */

void ledger_load(struct ledger *, const struct config *);
	/* This configuration is in force from now on, and stays as long as
	 * there is no other: totals and shares anew. */

struct account *ledger_acquire(struct ledger *, const char *host,
    uint16_t port);
	/* The account of this server; release it in the end. */

void ledger_release(struct account *);

const char *total_source_name(enum total_source);

#endif
