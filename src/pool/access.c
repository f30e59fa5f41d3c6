/*
 * access.c - from the facts of a connection to a method; see access.h.
 *
 * The rules are asked before anything of the user is looked up, and what
 * they say governs the whole exchange: auth_type has no say any more. Texts
 * are PgBouncer's. This is the only file that knows both a socket's facts
 * (address, account of the peer) and the rules.
 */
#include "pool/access.h"

#include <pwd.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/must.h"
#include "config/config.h"
#include "config/hba.h"
#include "config/ident.h"
#include "net/tls.h"
#include "pgwire/messages.h"
#include "pool/client.h"
#include "pool/state.h"

#define ACCOUNT_ROOM 4096       /* for an entry of passwd(5) */

static bool
is_name(const void *arg, const char *name)
{
	return strcmp(arg, name) == 0;
}

/* The account of the process at the other end of a Unix socket. The look-up
 * may ask a directory service and wait for it; who uses peer with accounts
 * from there should run nscd, as for PgBouncer. */
static bool
is_peer(const struct client *c, const struct auth *a,
    const struct ident_map *map)
{
	struct ucred cred;
	socklen_t len = sizeof cred;
	struct passwd entry, *found = NULL;
	char room[ACCOUNT_ROOM];

	if (c->addr.family != AF_UNIX ||
	    getsockopt(c->conn.fd, SOL_SOCKET, SO_PEERCRED, &cred, &len) != 0
	    || getpwuid_r(cred.uid, &entry, room, sizeof room, &found) != 0 ||
	    found == NULL)
		return false;
	return ident_allows(map, a->name, is_name, found->pw_name);
}

static bool
is_certified_as(const void *conn, const char *name)
{
	return tls_peer_is(conn, name);
}

/* One of the names in the certificate has to be the user's, or a map must
 * lead from one to the other. The system's authorities do not count: they
 * vouch for hosts, and what they let people write beside is not checked. */
static bool
is_certified(const struct client *c, const struct auth *a,
    const struct ident_map *map)
{
	return tls_has_certificate(&c->conn) &&
	    ident_allows(map, a->name, is_certified_as, &c->conn);
}

/* What a rule asks for besides its method: before the password, and whoever
 * the user is, so that the answer tells nothing of who exists. */
static bool
shows_certificate(const struct client *c, const struct auth *a,
    const struct hba_answer *rule)
{
	switch (rule->clientcert) {
	case HBA_CLIENTCERT_ANY:
		return true;
	case HBA_CLIENTCERT_GOOD:
		return tls_has_certificate(&c->conn);
	case HBA_CLIENTCERT_OWN:
		break;
	}
	return is_certified(c, a, rule->map);
}

static enum auth_verdict
decide(struct auth *a, bool good, const char *why)
{
	return good && auth_knows(a) ? AUTH_ACCEPTED :
	    auth_refuse(a, SQLSTATE_INVALID_AUTHORIZATION, why);
}

static enum auth_verdict
follow(const struct client *c, struct auth *a, const struct hba_answer *rule,
    struct text *out)
{
	if (!shows_certificate(c, a, rule))
		return auth_refuse(a, SQLSTATE_INVALID_AUTHORIZATION,
		    rule->clientcert == HBA_CLIENTCERT_GOOD ?
		    "connection requires a valid client certificate" :
		    "certificate authentication failed");
	switch (rule->method) {
	case HBA_TRUST:
		return auth_begin(a, AUTH_TYPE_TRUST, out);
	case HBA_REJECT:
		return decide(a, false, "login rejected");
	case HBA_PASSWORD:
		return auth_begin(a, AUTH_TYPE_PLAIN, out);
	case HBA_MD5:
		return auth_begin(a, AUTH_TYPE_MD5, out);
	case HBA_SCRAM:
		return auth_begin(a, AUTH_TYPE_SCRAM, out);
	case HBA_PEER:
		return decide(a, is_peer(c, a, rule->map),
		    "unix socket login rejected");
	case HBA_CERT:
		return decide(a, is_certified(c, a, rule->map),
		    "certificate authentication failed");
	case HBA_NO_RULE:
		break;
	}
	return decide(a, false, "no authentication method is found");
}

/* The console goes by two names, and a rule about one is about both. */
static const char *
alias_of(const char *database)
{
	if (!config_is_console(database))
		return NULL;
	return strcmp(database, "pgweir") == 0 ? "pgbouncer" : "pgweir";
}

static void
log_refusal(const struct client *c, const struct hba_answer *rule)
{
	const char *file = c->pooler->config->auth_hba_file;

	if (!c->pooler->config->log_connections)
		return;
	if (rule->line == 0)
		log_info(&c->log, "no rule of %s fits", file);
	else
		log_info(&c->log, "refused by %s:%zu: %s", file, rule->line,
		    hba_method_name(rule->method));
}

static struct hba_answer
ask_rules(const struct client *c, const struct auth *a, const char *database)
{
	const struct hba_query query = {
		.addr = &c->addr,
		.database = database,
		.alias = alias_of(database),
		.user = a->name,
		.tls = tls_is_on(&c->conn),
	};

	must(c->pooler->config->hba != NULL);
	return hba_ask(c->pooler->config->hba, &query);
}

enum auth_verdict
access_begin(const struct client *c, struct auth *a, const char *database,
    struct text *out)
{
	const struct config *cfg = c->pooler->config;
	struct hba_answer rule;
	enum auth_verdict v;

	if (cfg->auth_type == AUTH_TYPE_CERT)
		return decide(a, is_certified(c, a, NULL),
		    "certificate authentication failed");
	if (cfg->auth_type != AUTH_TYPE_HBA)
		return auth_begin(a, cfg->auth_type, out);
	rule = ask_rules(c, a, database);
	v = follow(c, a, &rule, out);
	if (v == AUTH_REFUSED)
		log_refusal(c, &rule);
	return v;
}

/* With a password in clear or an answer to MD5 one can ask again if it does
 * not fit; a SCRAM exchange cannot be begun anew. */
static enum authquery_cache
cache_of(enum hba_method method)
{
	switch (method) {
	case HBA_TRUST:
	case HBA_PASSWORD:
	case HBA_PEER:
	case HBA_CERT:
		return CACHE_ALL;
	case HBA_MD5:
		return CACHE_BUT_SCRAM;
	case HBA_SCRAM:
	case HBA_REJECT:
	case HBA_NO_RULE:
		break;
	}
	return CACHE_NOTHING;
}

static enum authquery_cache
cache_of_type(enum auth_type type)
{
	switch (type) {
	case AUTH_TYPE_TRUST:
	case AUTH_TYPE_PLAIN:
	case AUTH_TYPE_CERT:
		return CACHE_ALL;
	case AUTH_TYPE_MD5:
		return CACHE_BUT_SCRAM;
	case AUTH_TYPE_ANY:
	case AUTH_TYPE_SCRAM:
	case AUTH_TYPE_HBA:
	case AUTH_TYPE_PAM:
	case AUTH_TYPE_LDAP:
		break;
	}
	return CACHE_NOTHING;
}

bool
access_foresee(const struct client *c, struct auth *a, const char *database,
    enum authquery_cache *cache)
{
	const struct config *cfg = c->pooler->config;
	struct hba_answer rule;

	*cache = cache_of_type(cfg->auth_type);
	if (cfg->auth_type != AUTH_TYPE_HBA)
		return true;
	rule = ask_rules(c, a, database);
	*cache = cache_of(rule.method);
	if (rule.method != HBA_REJECT && rule.method != HBA_NO_RULE)
		return true;
	(void)follow(c, a, &rule, NULL);
	log_refusal(c, &rule);
	return false;
}

/* One who runs as the same user of the operating system needs no password
 * on the console, through the Unix socket. */
bool
access_is_own_user(const struct client *c, const char *user)
{
	struct ucred peer;
	socklen_t len = sizeof peer;

	return c->addr.family == AF_UNIX &&
	    config_is_console(user) &&
	    getsockopt(c->conn.fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) ==
	    0 && peer.uid == geteuid();
}
