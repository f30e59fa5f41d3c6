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

#include "base/must.h"
#include "config/config.h"
#include "config/hba.h"
#include "config/ident.h"
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

static enum auth_verdict
decide(struct auth *a, bool good, const char *why)
{
	return good && a->user != NULL ? AUTH_ACCEPTED :
	    auth_refuse(a, SQLSTATE_INVALID_AUTHORIZATION, why);
}

static enum auth_verdict
follow(const struct client *c, struct auth *a, const struct hba_answer *rule,
    struct text *out)
{
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
		/* Without TLS there is no certificate. */
		return decide(a, false, "certificate authentication failed");
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

enum auth_verdict
access_begin(const struct client *c, struct auth *a, const char *database,
    struct text *out)
{
	const struct config *cfg = c->pooler->config;
	const struct hba_query query = {
		.addr = &c->addr,
		.database = database,
		.alias = alias_of(database),
		.user = a->name,
	};
	struct hba_answer rule;
	enum auth_verdict v;

	if (cfg->auth_type != AUTH_TYPE_HBA)
		return auth_begin(a, cfg->auth_type, out);
	must(cfg->hba != NULL);
	rule = hba_ask(cfg->hba, &query);
	v = follow(c, a, &rule, out);
	if (v == AUTH_REFUSED)
		log_refusal(c, &rule);
	return v;
}
