/*
 * config.c - the snapshot: its tables, its end, look-ups and the resolver of
 * user > database > global values.
 *
 * Nothing here changes a snapshot once load.c has handed it out; references
 * are counted in it, so "const" is cast away for that one member.
 */
#include "config/config.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/must.h"
#include "config/hba.h"
#include "config/hostkey.h"
#include "config/userlist.h"

#define TYPE_INT            SETTING_INT, NULL
#define TYPE_BOOL           SETTING_BOOL, NULL
#define TYPE_TIME           SETTING_TIME, NULL
#define TYPE_SIZE           SETTING_SIZE, NULL
#define TYPE_STR            SETTING_STR, NULL
#define TYPE_SECRET         SETTING_SECRET, NULL
#define TYPE_POOL_MODE      SETTING_ENUM, choices_pool_mode
#define TYPE_AUTH_TYPE      SETTING_ENUM, choices_auth_type
#define TYPE_CLIENT_SSLMODE SETTING_ENUM, choices_client_sslmode
#define TYPE_SERVER_SSLMODE SETTING_ENUM, choices_server_sslmode
#define TYPE_SSLNEGOTIATION SETTING_ENUM, choices_sslnegotiation
#define TYPE_LOAD_BALANCE   SETTING_ENUM, choices_load_balance
#define TYPE_FAIR_BY        SETTING_ENUM, choices_fair_by
#define TYPE_ROUTING        SETTING_ENUM, choices_routing
#define TYPE_BALANCE_RULE   SETTING_ENUM, choices_balance_rule
#define TYPE_DATABASE_ROLE  SETTING_ENUM, choices_database_role
#define TYPE_HOST_ROLE      SETTING_ENUM, choices_host_role

/* TYPE_x is two initialisers: the type and its words. */
#define ROW(...) ROW_(__VA_ARGS__)
#define ROW_(t, c, nm, where, df, l, h, w, st, hlp)                     \
	{ .name = nm, .def = df, .type = t, .choices = c,               \
	  .offset = where, .lo = l, .hi = h, .when = w, .state = st,    \
	  .help = hlp },

static const struct setting settings[] = {
#define X(kind, name, def, lo, hi, when, state, help)                   \
	ROW(TYPE_##kind, #name, offsetof(struct config, name), def, lo, \
	    hi, SETTING_##when, SETTING_##state, help)
#include "config/settings.def"
};

static const struct setting database_options[] = {
#define DATABASE(kind, name, member, def, lo, hi, state, help)          \
	ROW(TYPE_##kind, #name, offsetof(struct config_database, member), \
	    def, lo, hi, SETTING_RELOAD, SETTING_##state, help)
#include "config/options.def"
};

static const struct setting user_options[] = {
#define USER(kind, name, member, def, lo, hi, state, help)              \
	ROW(TYPE_##kind, #name, offsetof(struct config_user, member),   \
	    def, lo, hi, SETTING_RELOAD, SETTING_##state, help)
#include "config/options.def"
};

static const struct setting peer_options[] = {
#define PEER(kind, name, member, def, lo, hi, state, help)              \
	ROW(TYPE_##kind, #name, offsetof(struct config_peer, member),   \
	    def, lo, hi, SETTING_RELOAD, SETTING_##state, help)
#include "config/options.def"
};

static const struct setting budget_options[] = {
#define HOST(kind, name, member, def, lo, hi, state, help)              \
	ROW(TYPE_##kind, #name, offsetof(struct config_budget, member), \
	    def, lo, hi, SETTING_RELOAD, SETTING_##state, help)
#include "config/options.def"
};

static void destroy(struct config *);

struct config *
config_ref(const struct config *cfg)
{
	struct config *c = (struct config *)(uintptr_t)cfg;

	must(c->refs > 0);
	c->refs++;
	return c;
}

void
config_unref(const struct config *cfg)
{
	struct config *c = (struct config *)(uintptr_t)cfg;

	if (c == NULL)
		return;
	must(c->refs > 0);
	if (--c->refs == 0)
		destroy(c);
}

const struct setting *
config_settings(size_t *n)
{
	*n = countof(settings);
	return settings;
}

const struct setting *
config_database_options(size_t *n)
{
	*n = countof(database_options);
	return database_options;
}

const struct setting *
config_user_options(size_t *n)
{
	*n = countof(user_options);
	return user_options;
}

const struct setting *
config_peer_options(size_t *n)
{
	*n = countof(peer_options);
	return peer_options;
}

const struct setting *
config_budget_options(size_t *n)
{
	*n = countof(budget_options);
	return budget_options;
}

const struct setting *
config_setting_after(const struct setting *prev)
{
	const struct setting *next = NULL;
	size_t i;

	for (i = 0; i < countof(settings); i++) {
		const struct setting *s = &settings[i];

		if (prev != NULL && strcmp(s->name, prev->name) <= 0)
			continue;
		if (next == NULL || strcmp(s->name, next->name) < 0)
			next = s;
	}
	return next;
}

/* Each entry begins with its name, so one comparison serves all. */
static int
by_name(const void *key, const void *entry)
{
	char *const *name = entry;

	return strcmp(key, *name);
}

const struct config_database *
config_database(const struct config *cfg, const char *name)
{
	const struct config_database *db = NULL;

	if (cfg->ndatabases == 0)
		return NULL;
	db = bsearch(name, cfg->databases, cfg->ndatabases, sizeof *db,
	    by_name);
	if (db == NULL)
		db = bsearch("*", cfg->databases, cfg->ndatabases, sizeof *db,
		    by_name);
	return db;
}

const char *
config_dbname(const struct config_database *db, const char *name)
{
	return db->dbname != NULL ? db->dbname : name;
}

const struct config_user *
config_user(const struct config *cfg, const char *name)
{
	if (cfg->nusers == 0)
		return NULL;
	return bsearch(name, cfg->users, cfg->nusers, sizeof *cfg->users,
	    by_name);
}

const struct config_peer *
config_peer(const struct config *cfg, int id)
{
	size_t i;

	for (i = 0; i < cfg->npeers; i++)
		if (cfg->peers[i].id == id)
			return &cfg->peers[i];
	return NULL;
}

const struct config_budget *
config_budget(const struct config *cfg, const char *key)
{
	if (cfg->nbudgets == 0)
		return NULL;
	return bsearch(key, cfg->budgets, cfg->nbudgets,
	    sizeof *cfg->budgets, by_name);
}

const struct config_budget *
config_budget_of(const struct config *cfg, const char *host, uint16_t port)
{
	char *key = hostkey_format(host, port);
	const struct config_budget *b = config_budget(cfg, key);

	mem_free(key);
	return b;
}

const char *
config_secret(const struct config *cfg, const char *user)
{
	return cfg->userlist == NULL ? NULL :
	    userlist_secret(cfg->userlist, user);
}

bool
config_is_console(const char *database)
{
	return strcmp(database, "pgweir") == 0 ||
	    strcmp(database, "pgbouncer") == 0;
}

/* The first of the user's and the database's value that is at least lo;
 * lo is 1 where 0 counts as unset. */
static int64_t
choose(int64_t user, int64_t database, int64_t lo, int64_t global)
{
	if (user >= lo)
		return user;
	if (database >= lo)
		return database;
	return global;
}

/* Where only one of the two can have the value, the other stays unset. */
#define CHOOSE(member, lo, global)                           \
	choose(u != NULL ? (int64_t)u->over.member : -1,     \
	    db != NULL ? (int64_t)db->over.member : -1, (lo), (global))

#define RESOLVE(ctype, name, lo, global)                                \
	ctype                                                           \
	config_##name(const struct config *cfg,                         \
	    const struct config_database *db, const struct config_user *u) \
	{                                                               \
		return (ctype)CHOOSE(name, lo, (int64_t)cfg->global);   \
	}

RESOLVE(enum pool_mode, pool_mode, 0, pool_mode)
RESOLVE(int, pool_size, 0, default_pool_size)
RESOLVE(int, min_pool_size, 0, min_pool_size)
RESOLVE(int, reserve_pool_size, 0, reserve_pool_size)
RESOLVE(int, max_db_connections, 1, max_db_connections)
RESOLVE(int, max_db_client_connections, 1, max_db_client_connections)
RESOLVE(int, max_waiting_clients, 1, max_waiting_clients)
RESOLVE(int, max_user_connections, 1, max_user_connections)
RESOLVE(int, max_user_client_connections, 1, max_user_client_connections)
RESOLVE(int64_t, server_lifetime, 1, server_lifetime)
RESOLVE(int64_t, query_wait_timeout, 0, query_wait_timeout)
RESOLVE(int64_t, query_timeout, 1, query_timeout)
RESOLVE(int64_t, idle_transaction_timeout, 1, idle_transaction_timeout)
RESOLVE(int64_t, transaction_timeout, 1, transaction_timeout)
RESOLVE(int64_t, client_idle_timeout, 1, client_idle_timeout)
RESOLVE(enum routing, routing, 0, routing)
RESOLVE(enum balance_rule, load_balance, 0, load_balance)

bool
config_is_routed(const struct config *cfg, const struct config_database *db)
{
	return db->role != DATABASE_ROLE_PRIMARY ||
	    config_routing(cfg, db, NULL) != ROUTING_OFF;
}

static void
free_values(const struct setting *rows, size_t n, void *base)
{
	size_t i;

	for (i = 0; i < n; i++)
		setting_free(&rows[i], base);
}

void
config_database_fini(struct config_database *db)
{
	size_t i;

	free_values(database_options, countof(database_options), db);
	for (i = 0; i < db->nhosts; i++)
		mem_free(db->hosts[i].name);
	mem_free(db->hosts);
	mem_free(db->name);
}

static void
destroy(struct config *c)
{
	size_t i;

	for (i = 0; i < c->ndatabases; i++)
		config_database_fini(&c->databases[i]);
	for (i = 0; i < c->nusers; i++) {
		free_values(user_options, countof(user_options), &c->users[i]);
		mem_free(c->users[i].name);
	}
	for (i = 0; i < c->npeers; i++)
		free_values(peer_options, countof(peer_options), &c->peers[i]);
	for (i = 0; i < c->nbudgets; i++) {
		free_values(budget_options, countof(budget_options),
		    &c->budgets[i]);
		mem_free(c->budgets[i].name);
	}
	for (i = 0; i < c->nwarnings; i++)
		mem_free(c->warnings[i]);
	free_values(settings, countof(settings), c);
	mem_free(c->databases);
	mem_free(c->users);
	mem_free(c->peers);
	mem_free(c->budgets);
	mem_free(c->warnings);
	userlist_unref(c->userlist);
	hba_unref(c->hba);
	mem_free(c);
}
