/*
 * facts.h - what exists now, as plain values.
 *
 * Console and metrics read these and nothing else. Iteration is by a cursor
 * that starts at 0 and may be kept over turns of the loop: what appears or
 * goes meanwhile may be missed, but nothing is seen twice and nothing that
 * is gone is touched. Strings in a fact are valid until the current callback
 * returns; NULL where there is nothing to say.
 */
#ifndef POOL_FACTS_H
#define POOL_FACTS_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include "base/addr.h"
#include "pool/stats.h"

struct pooler;

struct pool_facts {
	const char *database, *user, *pool_mode;
	int cl_active, cl_waiting, cl_active_cancel_req,
	    cl_waiting_cancel_req;
	int sv_active, sv_active_cancel, sv_being_canceled, sv_idle, sv_used,
	    sv_tested, sv_login;
	int sv_primary, sv_replica;     /* by the roles of their hosts */
	int64_t maxwait_usec;
	const char *load_balance_hosts; /* NULL: a single host */
	const char *wait_reason;        /* of who waits longest, or NULL */
};

bool facts_pool(const struct pooler *, uint32_t *cursor,
    struct pool_facts *);
	/* In order of database, then user; the console's own one included. */

/* A row of SHOW FAIRNESS: a key that fair_by makes in a pool. */
struct fairness_facts {
	const char *database, *user, *key;
	uint32_t clients, waiting, held, part;
	uint64_t granted;
};

bool facts_fairness(const struct pooler *, uint32_t *cursor,
    struct fairness_facts *);
	/* By pool. */

struct database_facts {
	const char *name, *host, *dbname, *force_user, *pool_mode,
	    *load_balance_hosts;        /* NULL: inherited or unset */
	int port, pool_size, min_pool_size, reserve_pool_size;
	int server_lifetime;            /* seconds */
	int max_connections, current_connections;
	int max_client_connections, current_client_connections;
	bool paused, disabled;
};

bool facts_database(const struct pooler *, uint32_t *cursor,
    struct database_facts *);
	/* By name; the console's own one included. */

struct user_facts {
	const char *name, *pool_mode;   /* pool_mode NULL: inherited */
	int pool_size, reserve_pool_size;       /* -1: unset */
	int max_user_connections, current_connections;
	int max_user_client_connections, current_client_connections;
};

bool facts_user(const struct pooler *, uint32_t *cursor,
    struct user_facts *);

/* Statistics of one database: the sums over its pools. */
struct stats_facts {
	const char *database;
	struct stats total, average;
};

bool facts_stats(const struct pooler *, uint32_t *cursor,
    struct stats_facts *);
void facts_stats_of_all(const struct pooler *, struct stats_facts *);

/* A row of SHOW LISTS. */
struct list_facts {
	const char *name;
	int items;
};

bool facts_list(const struct pooler *, uint32_t *cursor,
    struct list_facts *);

/* A row of SHOW MEM. */
struct memory_facts {
	const char *name;
	uint32_t size, used, kept;      /* of one object; counts */
	uint64_t bytes;
};

bool facts_memory(const struct pooler *, uint32_t *cursor,
    struct memory_facts *);

/* A row of SHOW BUDGET: one PostgreSQL server. */
struct budget_facts {
	const char *host;
	int port;
	int total;                      /* 0: no budget */
	const char *source;             /* who says so */
	int app_instances, instance_number;     /* -1: not said */
	int share;                      /* ours of the total */
	int held, pool, auth, catalog, listen;
	int closing, ghosts, idle;      /* of held */
	int waiting;                    /* clients, for a ticket */
	uint64_t refused;
	time_t changed;                 /* 0: never */
	const char *change;
};

bool facts_budget(const struct pooler *, uint32_t *cursor,
    struct budget_facts *);

/* A row of SHOW PEERS. */
struct peer_facts {
	int id, port, pool_size;
	const char *host;
};

bool facts_peer(const struct pooler *, uint32_t *cursor,
    struct peer_facts *);

/* A row of SHOW PEER_POOLS: cancel requests on their way to a peer. */
struct peer_pool_facts {
	int id;
	int cl_active_cancel_req, cl_waiting_cancel_req, sv_active_cancel,
	    sv_login;
};

bool facts_peer_pool(const struct pooler *, uint32_t *cursor,
    struct peer_pool_facts *);

/* A row of SHOW DNS_HOSTS. */
struct dns_facts {
	const char *hostname;
	int64_t ttl_usec;               /* left */
	const struct addr *addrs;       /* without port */
	unsigned naddrs;
};

bool facts_dns(const struct pooler *, uint32_t *cursor, struct dns_facts *);

#endif
