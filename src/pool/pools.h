/*
 * pools.h - the pools there are; see pools.c. Who may use what is in pool.h.
 */
#ifndef POOL_POOLS_H
#define POOL_POOLS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/list.h"
#include "base/str.h"
#include "cluster/budget.h"
#include "cluster/balance.h"
#include "cluster/quota.h"
#include "config/setting.h"
#include "net/loop.h"
#include "pool/queue.h"
#include "pool/server.h"
#include "pool/stats.h"

struct credentials;
struct database;
struct host;
struct paramset;
struct pooler;
struct user;

/* For sets of enum role. */
#define ROLE_BIT(role) (1u << (unsigned)(role))

struct pool {
	struct list member;             /* of pooler->pools */
	struct pooler *pooler;
	struct database *database;
	struct user *user;              /* the forced one, if any */
	enum budget_purpose purpose;    /* POOL, or AUTH: see authquery.h */
	struct credentials *learned;    /* from auth_query, or NULL */
	struct pool *front;             /* on the side of the replicas: the
					 * pool that its clients are of */
	struct pool *replicas;          /* that one's; NULL: none */
	unsigned serves;                /* ROLE_BITs; 0: all, see sides.h */
	struct list lanes;              /* the next to be dialled first */
	enum pool_mode mode;            /* these: resolved settings */
	uint32_t size;                  /* UINT32_MAX: no limit */
	uint32_t min_size, reserve_size;
	uint32_t max_waiting;           /* in its database; 0: no limit */
	int64_t query_wait_timeout;     /* these: 0 is none */
	int64_t query_timeout, transaction_timeout, idle_transaction_timeout;
	int64_t lifetime;               /* 0: use servers once */
	const char *reset_query;        /* NULL: none is due */
	uint32_t count[SERVER_NSTATES];
	struct queue queue;             /* for servers */
	struct queue newcomers;         /* for the welcome */
	struct timer timer;             /* back-off or reserve */
	const struct server_hooks *server_hooks;
	struct balance balance;         /* whose turn among the hosts it is */
	struct mono traded;             /* a server of one for another's */
	struct quota_wait room;         /* below a limit of db or user */
	struct mono moved;              /* when a client last got a server */
	uint32_t demand;                /* for servers, see limits.c ... */
	struct mono demand_at;          /* ... and when it was that */
	struct stats stats;             /* since the pool was made */
	struct stats before, last;      /* at, and in, the last period */
	struct text welcome;            /* ParameterStatus messages */
	struct paramset *defaults;      /* tracked ones; NULL: not known */
	uint32_t nclients;
	bool sweeping;                  /* its lists are being walked */
	struct mono lifetime_end;       /* when one was closed for its age */
};

/* What pool.c does for its pools. */
struct pool_hooks {
	const struct server_hooks *server;
	void (*wake)(struct pool *);
		/* A back-off is over, or there may be room below a limit. */
};

struct pool *pools_get(struct pooler *, struct database *, const char *user);
	/* The pool of this pair, made if need be. */

struct pool *pools_get_auth(struct pooler *, struct database *,
    const char *user);
	/* The same, for auth_query alone: no client ever has one of its
	 * servers, and forced users and what was learned do not count. */

struct pool *pools_find(const struct pooler *, const struct database *,
    const char *user);

void pools_destroy(struct pool *);
	/* Without clients, waits and servers, and its replicas' side too. */

bool pools_has_keys(const struct pool *);
	/* Is fair_by on, and are there clients to whom it applies? */

bool pools_is_idle(const struct pool *);
	/* Could it be destroyed now? Never the replicas' side, which goes
	 * with the other one. */

struct pool *pools_front(struct pool *);
	/* The one of these two that has the clients. */

unsigned pools_side(const struct pool *);
	/* 0 for that one, 1 for the replicas' side. */

bool pools_has_role(const struct pool *, const struct host *);
	/* Is that host what the pool is for? Where serves is not 0; see
	 * lane_is_used(). */

bool pools_has_host(const struct pool *);
	/* Is there one of which that is true? */

struct credentials *pools_credentials(const struct pool *);
	/* With which its servers log in. */

void pools_learn(struct pool *, struct credentials **);
	/* auth_query knows its user, who has proved to be the one. They are
	 * used unless the userlist knows the user, or another is forced. */

void pools_set_welcome(struct pool *, const struct text *,
    struct paramset *);
	/* What a server told at its login; copied. */

void pools_forget_welcome(struct pool *);
	/* It is out of date: the next client waits for a new login. */

uint32_t pools_servers(const struct pool *);
	/* In all states but CLOSING. */

bool pools_is_paused(const struct pool *);
	/* Its servers are to be closed as they come to rest. */

bool pools_is_stopped(const struct pool *);
	/* No server is handed out or opened: it is paused, or all stands
	 * still. */

void pools_load(struct pool *);
	/* A new configuration: find the lanes anew. */

void pools_drop_retired(struct pool *);
	/* Forget lanes that are named no more and have no server left. */

#endif
