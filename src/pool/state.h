/*
 * state.h - the pooler's own state, which the files of pool/ share.
 *
 * Everything hangs on this one object: there are no globals. pooler.c makes
 * and destroys it; the other files find here what they have in common. Who
 * is a layer above sees only pooler.h.
 */
#ifndef POOL_STATE_H
#define POOL_STATE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/mem.h"
#include "base/roster.h"
#include "cluster/host.h"
#include "cluster/topology.h"
#include "net/conn.h"
#include "net/deadline.h"
#include "net/loop.h"
#include "pgwire/crypto.h"
#include "pgwire/params.h"
#include "pgwire/scram_keys.h"
#include "pool/console.h"
#include "pool/control.h"
#include "pool/pooler.h"
#include "pool/secure.h"

struct authquery_table;
struct config;
struct resolver;
struct server;
struct source_table;

/* Clients in numbers, so that no state has to be counted by walking. */
struct client_counts {
	uint32_t all;           /* sockets, for max_client_conn */
	uint32_t login;         /* not logged in yet */
	uint32_t console;
	uint32_t waiting;       /* for a server or the welcome */
};

struct pooler {
	struct loop *loop;
	struct conn_env env;
	struct resolver *resolver;
	const struct config *config;
	struct secure secure;           /* TLS, by the configuration */
	struct program_hooks program;
	struct console_hooks console;

	struct crypto_random random;
	unsigned char mock_key[SCRAM_KEY_SIZE];
	bool scram_is_usual;            /* with auth_type=md5 ... */
	bool scram_is_derived;          /* ... for each login: see auth.c */
	struct param_names *names;      /* of tracked parameters */
	struct extras_table *extras;    /* of sets of other ones */

	struct slab client_slab, server_slab, cancel_slab;
	uint64_t next_id;               /* of clients and servers */
	struct roster clients, servers, cancels;
	struct client_counts counts;
	struct list dead_clients, dead_servers; /* freed after this turn */
	struct chore burial;

	uint64_t hash_seed;             /* of the tables below */
	struct hosts hosts;
	struct database_table *databases;
	struct user_table *users;
	struct statement_table *statements;
	struct authquery_table *lookups;
	struct source_table *sources;   /* of logins */
	struct verdicts *verdicts;
	struct topologies topologies;
	struct monitor *monitor;        /* asks their hosts, or NULL */
	const struct pool_hooks *pool_hooks;
	struct list pools;              /* by database, then user */
	uint32_t npools;

	struct deadlines login_deadlines;       /* of clients */
	struct deadlines wait_deadlines;        /* query_wait_timeout */
	struct deadlines notify_deadlines;      /* query_wait_notify */
	struct deadlines idle_deadlines;        /* client_idle_timeout */
	struct deadlines server_deadlines;      /* connecting, closing */
	struct deadlines cancel_deadlines;

	struct timer janitor, stats_timer, overdue;
	uint32_t crowd;                 /* clients at their most ... */
	uint32_t stayed;                /* those there when free memory ... */
	struct mono trimmed;            /* ... went back to the system */
	struct mono stats_at;           /* when the last period ended */
	int64_t stats_usec;             /* and how long it was */

	/* Calls to files that are listed further down in Makefile.am. */
	void (*on_server_closed)(struct pooler *);
	void (*on_client_gone)(struct pooler *);
	void (*on_login_left)(struct client *);
	void (*on_cancel_left)(struct client *);
	void (*on_orphan)(struct server *);     /* nobody wants its answer */
	bool times_idle_clients;        /* client_idle_timeout is set */
	bool paused;
	bool suspended;                 /* see suspend.c, also these: */
	bool still;                     /* nothing moves any more */
	struct timer suspend_timer;
	struct mono suspend_began;
	struct mono suspend_limit;      /* when the rest is cut; 0: never */
	bool draining;                  /* a shutdown has begun */
	bool succeeded;                 /* another process accepts, or will */
	uint32_t crowd_left_to_us;      /* clients that there were then */
	bool stopping;                  /* pooler_destroy() is at work */
	enum shutdown_mode shutdown;
	struct list control_waits;
	struct chore review;            /* of the above, see control.c */
};

#endif
