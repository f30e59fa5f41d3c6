/*
 * config.h - the configuration: an immutable, counted snapshot.
 *
 * Readers use the members directly (cfg->listen_port) and the resolvers for
 * what databases and users may override. A reload makes a new snapshot; the
 * old one lives until its last holder lets go. See diff.h for what changed.
 */
#ifndef CONFIG_CONFIG_H
#define CONFIG_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "config/entry.h"
#include "config/setting.h"

struct hba;
struct userlist;

#define CTYPE_INT            int
#define CTYPE_BOOL           bool
#define CTYPE_TIME           int64_t
#define CTYPE_SIZE           int64_t
#define CTYPE_STR            char *
#define CTYPE_SECRET         char *
#define CTYPE_POOL_MODE      enum pool_mode
#define CTYPE_AUTH_TYPE      enum auth_type
#define CTYPE_CLIENT_SSLMODE enum sslmode
#define CTYPE_SERVER_SSLMODE enum sslmode
#define CTYPE_FAIR_BY        enum fair_by
#define CTYPE_SSLNEGOTIATION enum sslnegotiation
#define CTYPE_ROUTING        enum routing
#define CTYPE_BALANCE_RULE   enum balance_rule

struct config {
	unsigned refs;
#define X(kind, name, def, lo, hi, when, state, help) CTYPE_##kind name;
#include "config/settings.def"
	struct config_database *databases; /* by name; "*" among them */
	size_t ndatabases;
	struct config_user *users;         /* by name */
	size_t nusers;
	struct config_peer *peers;         /* by id */
	size_t npeers;
	struct config_budget *budgets;     /* by name */
	size_t nbudgets;
	struct userlist *userlist;         /* auth_file; NULL: none */
	struct hba *hba;                   /* only of auth_type=hba */
	char **warnings;                   /* for the caller to log */
	size_t nwarnings;
};

struct config *config_ref(const struct config *);
void config_unref(const struct config *);
	/* NULL is fine. */

void config_database_fini(struct config_database *);
	/* Free what it holds; for this folder. */

/* Look-ups. NULL if there is none. */
const struct config_database *config_database(const struct config *,
    const char *name);
	/* The entry of that name, else the "*" entry. */
const char *config_dbname(const struct config_database *, const char *name);
	/* Its name on the server for a client that asked for name. */
const struct config_user *config_user(const struct config *, const char *);
const struct config_peer *config_peer(const struct config *, int id);
const struct config_budget *config_budget(const struct config *,
    const char *key);
	/* key as hostkey_format() writes it. */
const struct config_budget *config_budget_of(const struct config *,
    const char *host, uint16_t port);
bool config_is_routed(const struct config *, const struct config_database *);
	/* Does it matter for this entry which of its hosts is the primary? */
const char *config_secret(const struct config *, const char *user);
	/* What the userlist holds; "" is a user without a password. */
bool config_is_console(const char *database);
	/* "pgweir" or "pgbouncer". */

/* Resolvers: the user's value, else the database's, else the global one.
 * Either may be NULL. u is the pool's user for what concerns servers and
 * the login user for what concerns clients. Limits: 0 is none. */
#define CONFIG_RESOLVERS(X)                          \
	X(enum pool_mode, pool_mode)                 \
	X(int, pool_size)                            \
	X(int, min_pool_size)                        \
	X(int, reserve_pool_size)                    \
	X(int, max_db_connections)                   \
	X(int, max_db_client_connections)            \
	X(int, max_waiting_clients)                  \
	X(int, max_user_connections)                 \
	X(int, max_user_client_connections)          \
	X(int64_t, server_lifetime)                  \
	X(int64_t, query_wait_timeout)               \
	X(int64_t, query_timeout)                    \
	X(int64_t, idle_transaction_timeout)         \
	X(int64_t, transaction_timeout)              \
	X(int64_t, client_idle_timeout)              \
	X(enum routing, routing)                     \
	X(enum balance_rule, load_balance)
#define X(ctype, name)                                                  \
	ctype config_##name(const struct config *,                      \
	    const struct config_database *, const struct config_user *);
CONFIG_RESOLVERS(X)
#undef X

/* The rows, in the order of settings.def. */
const struct setting *config_settings(size_t *n);
const struct setting *config_database_options(size_t *n);
const struct setting *config_user_options(size_t *n);
const struct setting *config_peer_options(size_t *n);
const struct setting *config_budget_options(size_t *n);

const struct setting *config_setting_after(const struct setting *);
	/* SHOW CONFIG: the next row by name; the first after NULL; NULL after
	 * the last. Value: setting_format(row, cfg, ...); default: row->def;
	 * changeable: row->when == SETTING_RELOAD. */

#endif
