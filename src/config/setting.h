/*
 * setting.h - one setting: its row, and reading and printing a value by it.
 *
 * A row says where in a struct the value lives and how it is read, so the
 * settings of the main section and the options of databases, users and peers
 * share one parser. See settings.def and options.def for the rows.
 */
#ifndef CONFIG_SETTING_H
#define CONFIG_SETTING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/str.h"

#define USEC_PER_SEC INT64_C(1000000)
#define TIME_MAX     (INT64_C(3153600000) * USEC_PER_SEC) /* 100 years */

enum pool_mode { POOL_SESSION, POOL_TRANSACTION, POOL_STATEMENT };

enum auth_type {
	AUTH_TYPE_ANY, AUTH_TYPE_TRUST, AUTH_TYPE_PLAIN, AUTH_TYPE_MD5,
	AUTH_TYPE_SCRAM, AUTH_TYPE_CERT, AUTH_TYPE_HBA, AUTH_TYPE_PAM,
	AUTH_TYPE_LDAP
};

enum sslmode {
	SSLMODE_DISABLE, SSLMODE_ALLOW, SSLMODE_PREFER, SSLMODE_REQUIRE,
	SSLMODE_VERIFY_CA, SSLMODE_VERIFY_FULL
};

/* How TLS with a server begins. */
enum sslnegotiation { SSLNEGOTIATION_POSTGRES, SSLNEGOTIATION_DIRECT };

enum load_balance { LOAD_BALANCE_ROUND_ROBIN, LOAD_BALANCE_DISABLE };

enum fair_by {
	FAIR_BY_OFF, FAIR_BY_CLIENT_ADDR, FAIR_BY_APPLICATION_NAME,
	FAIR_BY_USER
};

/* Who decides which host a query runs on. */
enum routing { ROUTING_OFF, ROUTING_EXPLICIT, ROUTING_AUTO };

/* How one of several hosts is chosen. */
enum balance_rule {
	BALANCE_LEAST_CONNECTIONS, BALANCE_ROUND_ROBIN, BALANCE_IP_HASH,
	BALANCE_RANDOM
};

/* Which hosts a database entry is for. */
enum database_role {
	DATABASE_ROLE_PRIMARY, DATABASE_ROLE_REPLICA, DATABASE_ROLE_ANY
};

/* What a host is said to be; AUTO: it is asked. */
enum host_role { HOST_ROLE_AUTO, HOST_ROLE_PRIMARY, HOST_ROLE_REPLICA };

enum setting_type {
	SETTING_INT,            /* int */
	SETTING_BOOL,           /* bool */
	SETTING_TIME,           /* int64_t, microseconds */
	SETTING_SIZE,           /* int64_t, bytes */
	SETTING_ENUM,           /* int or an enum */
	SETTING_STR,            /* char *, from mem_alloc(); may be NULL */
	SETTING_SECRET          /* the same, and nobody is shown it */
};

enum setting_when { SETTING_RELOAD, SETTING_RESTART };

/* What becomes of a value other than the default; see settings.def. */
enum setting_state {
	SETTING_IMPLEMENTED, SETTING_SILENT, SETTING_ACCEPTED, SETTING_REFUSED
};

/* A word of an enum; the last one has no name. */
struct choice {
	const char *name;
	int value;
	enum setting_state state;
};

struct setting {
	const char *name, *help;
	const char *def;        /* NULL: unset (numbers: -1) */
	const struct choice *choices; /* of SETTING_ENUM */
	size_t offset;          /* of the value in its struct */
	int64_t lo, hi;
	enum setting_type type;
	enum setting_when when;
	enum setting_state state;
};

bool setting_parse(const struct setting *, void *base, const char *value,
    struct err *);
	/* Read value into the struct at base. On failure the struct is as it
	 * was, and err says what was expected, without file and line. An
	 * earlier string is freed. */

void setting_default(const struct setting *, void *base);
	/* Set the default; the memory at base held zeroes or a value. */

const char *setting_format(const struct setting *, const void *base,
    char *buf, size_t cap);
	/* The value as SHOW CONFIG prints it: seconds for times, decimal for
	 * numbers, stars for a secret. NULL if unset. A string is not copied:
	 * it lives as long as base. Anything else fits in 32 bytes. */

bool setting_same(const struct setting *, const void *a, const void *b);

void setting_copy(const struct setting *, void *to, const void *from);
	/* Both structs hold values; strings are duplicated. */

void setting_free(const struct setting *, void *base);
	/* Free a string; harmless for anything else. */

enum setting_state setting_state_of(const struct setting *, const void *base,
    const void *defaults);
	/* What to do about the value at base: SETTING_IMPLEMENTED also for a
	 * default value of a setting that is not. defaults is a struct of the
	 * same kind with all defaults. */

const struct setting *setting_find(const struct setting *rows, size_t n,
    const char *name);

const char *setting_nearest(const struct setting *rows, size_t n,
    const char *name);
	/* The known name that differs least from name, or NULL if none is
	 * near enough to be what was meant. */

void setting_words(const struct setting *, struct text *);
	/* Add the words of a SETTING_ENUM that are not refused: "a, b, c". */

const char *choice_name(const struct choice *, int value);
	/* The word, or NULL. */

/* The words by enum; choices_auth_type[...] and so on. */
extern const struct choice choices_pool_mode[], choices_auth_type[],
    choices_client_sslmode[], choices_server_sslmode[],
    choices_sslnegotiation[], choices_load_balance[], choices_fair_by[],
    choices_routing[], choices_balance_rule[], choices_database_role[],
    choices_host_role[];

#endif
