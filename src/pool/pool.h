/*
 * pool.h - who may use which server connection; see pool.c for the rules.
 */
#ifndef POOL_POOL_H
#define POOL_POOL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/list.h"
#include "base/str.h"
#include "cluster/budget.h"
#include "config/setting.h"
#include "net/loop.h"
#include "pool/queue.h"
#include "pool/server.h"
#include "pool/stats.h"

struct credentials;
struct database;
struct paramset;
struct pooler;
struct user;

struct pool {
	struct list member;             /* of pooler->pools */
	struct pooler *pooler;
	struct database *database;
	struct user *user;              /* the forced one, if any */
	struct list lanes;              /* the next to be dialled first */
	enum pool_mode mode;            /* these: resolved settings */
	uint32_t size;                  /* UINT32_MAX: no limit */
	uint32_t min_size, reserve_size;
	int64_t query_wait_timeout;     /* 0: none */
	int64_t lifetime;               /* 0: use servers once */
	const char *reset_query;        /* NULL: none is due */
	uint32_t count[SERVER_NSTATES];
	struct queue queue;             /* for servers */
	struct queue newcomers;         /* for the welcome */
	struct timer timer;             /* back-off or reserve */
	const struct server_hooks *server_hooks;
	struct budget_wait budget_wait;
	struct stats stats;             /* since the pool was made */
	struct stats before, last;      /* at, and in, the last period */
	struct text welcome;            /* ParameterStatus messages */
	struct paramset *defaults;      /* tracked ones; NULL: not known */
	uint32_t nclients;
	bool sweeping;                  /* its lists are being walked */
	struct mono lifetime_end;       /* when one was closed for its age */
};

struct pool *pool_get(struct pooler *, struct database *, const char *user);
	/* The pool of this pair, made if need be. */

struct pool *pool_find(const struct pooler *, const struct database *,
    const char *user);

void pool_destroy(struct pool *);
	/* Without clients, waits and servers. */

bool pool_is_idle(const struct pool *);
	/* Could it be destroyed now? */

const char *pool_user_name(const struct pool *);

struct credentials *pool_credentials(const struct pool *);
	/* With which its servers log in. */

void pool_acquire(struct pool *, struct wait *);
	/* Ask for a server, or for the welcome (w->want). Exactly one of
	 * w->granted and w->refused follows, possibly before this returns.
	 * Until then *w must stay in place. */

void pool_cancel(struct wait *);
	/* Stop waiting. No callback follows. Harmless if not waiting. */

void pool_release(struct server *);
	/* A server that has no link any more: reset it if that is due, give
	 * it to who waits longest, or keep it. What is not clean is closed. */

void pool_set_welcome(struct pool *, const struct text *,
    struct paramset *);
	/* What a server told at its login; copied. */

void pool_forget_welcome(struct pool *);
	/* It is out of date: the next client waits for a new login. */

uint32_t pool_servers(const struct pool *);
	/* In all states but CLOSING. */

/* For the operator, the janitor and reloads: */

bool pool_is_paused(const struct pool *);

void pool_serve(struct pool *);
	/* Something has changed: hand out what may be handed out, open what
	 * is missing. */

void pool_close_idle(struct pool *, const char *why);
	/* Close the servers that nobody uses, those logging in included. */

void pool_reconnect(struct pool *, const char *why);
	/* Replace each server as soon as it is at rest. */

void pool_refuse_all(struct pool *, const struct failure *);
	/* Everybody who waits. */

void pool_load(struct pool *);
	/* A new configuration: find the lanes anew. */

void pool_maintain(struct pool *);
	/* Once a second: ages, idle times, min_pool_size. */

void pool_check(const struct pool *);
	/* The invariants; for debugging. */

#endif
