/*
 * wishes.c - the parameters of a startup packet; see wishes.h.
 *
 * What is tracked is kept for the client; what ignore_startup_parameters
 * names is dropped; anything else is refused, since a server that is shared
 * cannot have it for one client only.
 */
#include "pool/wishes.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "config/config.h"
#include "pgwire/messages.h"
#include "pgwire/params.h"
#include "pgwire/startup.h"
#include "pool/client.h"
#include "pool/session.h"
#include "pool/state.h"

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
	client_fail(c, SQLSTATE_PROTOCOL_VIOLATION,
	    "unsupported startup parameter%s: %.100s",
	    in_options ? " in options" : "", pair->name);
	return false;
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
	struct startup_pair pair;

	while (startup_next(&pairs, &pair)) {
		if (strcmp(pair.name, "user") == 0 ||
		    strcmp(pair.name, "database") == 0 ||
		    startup_is_protocol_option(pair.name))
			continue;
		if (strcmp(pair.name, "options") == 0) {
			if (!take_options(c, params, pair.value))
				return false;
		} else if (strcmp(pair.name, "replication") == 0) {
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
