/*
 * wishes.c - the parameters of a startup packet; see wishes.h.
 *
 * What ignore_startup_parameters names is dropped; what is tracked is kept in
 * the client's parameters; anything else is kept as well, for the servers
 * that it will get: whether a setting exists and may have such a value is
 * theirs to say.
 *
 * As in PostgreSQL, what stands alone in the packet wins over "options".
 */
#include "pool/wishes.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include "config/config.h"
#include "pgwire/extras.h"
#include "pgwire/messages.h"
#include "pgwire/params.h"
#include "pgwire/startup.h"
#include "pool/client.h"
#include "pool/route.h"
#include "pool/session.h"
#include "pool/state.h"

/* A setting that is not tracked; false if it was refused. */
static bool
take_extra(struct client *c, const struct startup_pair *pair)
{
	if (param_is_read_only(pair->name)) {
		client_fail(c, SQLSTATE_CANNOT_CHANGE,
		    "parameter \"%.63s\" cannot be changed", pair->name);
		return false;
	}
	if (strcasecmp(pair->name, ROUTE_SETTING) == 0) {
		if (route_ask(c, pair->value))
			return true;
		client_fail(c, SQLSTATE_INVALID_PARAMETER,
		    "invalid value for parameter \"" ROUTE_SETTING
		    "\": \"%.63s\"", pair->value);
		return false;
	}
	switch (extras_add(c->pooler->extras, &c->link.extras, pair->name,
	    pair->value)) {
	case EXTRA_TAKEN:
		return true;
	case EXTRA_TOO_MANY:
		client_fail(c, SQLSTATE_LIMIT_EXCEEDED,
		    "too many startup parameters (at most %d, %u bytes)",
		    EXTRAS_MAX, EXTRAS_BYTES);
		return false;
	case EXTRA_NAME_TOO_LONG:
		client_fail(c, SQLSTATE_INVALID_NAME,
		    "invalid configuration parameter name \"%.100s\": "
		    "more than %u bytes", pair->name, EXTRA_NAME_MAX);
		return false;
	}
	return false;
}

/* One setting of the packet or of its options; false if it was refused. */
static bool
take_parameter(struct client *c, struct paramset **params,
    const struct startup_pair *pair, bool in_options)
{
	const char *ignored = c->pooler->config->ignore_startup_parameters;
	int i = param_names_find(c->pooler->names, pair->name);

	if (i >= 0) {
		params_set(params, (unsigned)i, pair->value);
		return true;
	}
	if (str_has_word(ignored, pair->name) ||
	    (in_options && str_has_word(ignored, "options")))
		return true;
	return take_extra(c, pair);
}

static bool
take_options(struct client *c, struct paramset **params, const char *value)
{
	struct startup_options o;
	struct startup_pair pair;
	enum startup_option rc;
	bool ok = true;

	startup_options_init(&o, value);
	while (ok && (rc = startup_options_next(&o, &pair)) != OPTION_END) {
		if (rc == OPTION_SETTING) {
			ok = take_parameter(c, params, &pair, true);
			continue;
		}
		ok = str_has_word(
		    c->pooler->config->ignore_startup_parameters, "options");
		if (!ok)
			client_fail(c, SQLSTATE_PROTOCOL_VIOLATION,
			    "unsupported options startup parameter: only "
			    "'-c config=val' and '--config=val' are allowed");
		break;
	}
	startup_options_fini(&o);
	return ok;
}

static bool
take_replication(struct client *c, const char *value)
{
	switch (startup_replication(value)) {
	case REPLICATION_NONE:
		return true;
	case REPLICATION_PHYSICAL:
	case REPLICATION_LOGICAL:
		client_fail(c, SQLSTATE_FEATURE_NOT_SUPPORTED,
		    "replication connections are not supported, connect to "
		    "the server directly");
		return false;
	case REPLICATION_INVALID:
		client_fail(c, SQLSTATE_INVALID_PARAMETER,
		    "invalid value for parameter \"replication\": \"%.60s\"",
		    value);
		return false;
	}
	return false;
}

bool
wishes_read(struct client *c, const struct startup *packet,
    struct paramset **params)
{
	struct str pairs = packet->params;
	const char *options = startup_get(packet, "options");
	struct startup_pair pair;

	if (options != NULL && !take_options(c, params, options))
		return false;
	while (startup_next(&pairs, &pair)) {
		if (strcmp(pair.name, "user") == 0 ||
		    strcmp(pair.name, "database") == 0 ||
		    strcmp(pair.name, "options") == 0 ||
		    startup_is_protocol_option(pair.name))
			continue;
		if (strcmp(pair.name, "replication") == 0) {
			if (!take_replication(c, pair.value))
				return false;
		} else if (!take_parameter(c, params, &pair, false)) {
			return false;
		}
	}
	return true;
}

void
wishes_add_host(struct client *c, struct paramset **params)
{
	int i = param_names_find(c->pooler->names, "application_name");
	const char *name = i >= 0 ? paramset_get(*params, (unsigned)i) :
	    NULL;
	char ip[64], host[64], text[200];
	struct ucred peer = { 0 };
	socklen_t len = sizeof peer;

	if (i < 0)
		return;
	if (c->addr.family == AF_UNIX) {
		(void)getsockopt(c->conn.fd, SOL_SOCKET, SO_PEERCRED, &peer,
		    &len);
		gethostname(host, sizeof host);
		host[sizeof host - 1] = '\0';
		snprintf(text, sizeof text, "%.63s - unix(%ld@%s)",
		    name != NULL ? name : "app", (long)peer.pid, host);
	} else {
		addr_format(&c->addr, ip, sizeof ip);
		snprintf(text, sizeof text, c->addr.family == AF_INET6 ?
		    "%.63s - [%s]:%u" : "%.63s - %s:%u",
		    name != NULL ? name : "app", ip,
		    (unsigned)c->addr.port);
	}
	params_set(params, (unsigned)i, text);
}
