/*
 * entry.h - the entries of [databases], [users], [peers] and [hosts].
 *
 * Their options are the rows of options.def. See config.h for the look-ups.
 */
#ifndef CONFIG_ENTRY_H
#define CONFIG_ENTRY_H

#include <stddef.h>
#include <stdint.h>

#include "config/setting.h"

/* What a database or a user sets for itself; -1 is "unset". The resolvers
 * below know who comes first and where 0 counts as unset. */
struct overrides {
	int pool_size, min_pool_size, reserve_pool_size;
	int pool_mode;          /* enum pool_mode, or -1 */
	int max_db_connections, max_db_client_connections;
	int max_waiting_clients;
	int max_user_connections, max_user_client_connections;
	int64_t server_lifetime, query_wait_timeout;
	int64_t query_timeout, idle_transaction_timeout;
	int64_t transaction_timeout, client_idle_timeout;
	int routing, load_balance; /* enum routing, balance_rule; or -1 */
};

struct config_host {
	char *name;             /* host, address, /directory or @abstract */
	uint16_t port;
};

struct config_database {
	char *name;             /* "*": for names that have no entry */
	size_t order;           /* of its line among the others */
	struct config_host *hosts;
	size_t nhosts;          /* at least 1 */
	char *host;             /* as written, NULL if it was not */
	char *ports;            /* one, or one for each host */
	int port;               /* the first of these */
	char *dbname;           /* NULL: as name, or what was asked for */
	char *user;             /* forced user, or NULL */
	char *password;         /* for user; NULL: look in the userlist */
	char *auth_user, *auth_query, *auth_dbname;
	char *connect_query;    /* or NULL, as the following */
	char *client_encoding, *datestyle, *timezone, *application_name;
	enum load_balance load_balance_hosts;
	enum database_role role;
	struct overrides over;
};

struct config_user {
	char *name;
	size_t order;
	struct overrides over;
};

struct config_peer {
	int id;
	char *host;
	int port;
	int pool_size;          /* -1: default_pool_size */
};

/* An entry of [hosts]: what is known of one PostgreSQL server. */
struct config_budget {
	char *name;             /* "host:port", as hostkey.h has it */
	size_t order;
	int server_connections; /* -1: that of the main section */
	char *same_as;          /* likewise, or NULL */
	enum host_role role;
	int weight;
};

#endif
