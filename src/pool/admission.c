/*
 * admission.c - behind the password; see admission.h.
 *
 * From here on the configuration is no secret any more: is there such a
 * database, is it open, is there room. A client of a database is then told
 * what the first server of its pool told at its own login, with its own
 * wishes in place of the defaults; with a cold pool it waits for that.
 */
#include "pool/admission.h"

#include "base/must.h"
#include "cluster/credentials.h"
#include "config/config.h"
#include "pgwire/messages.h"
#include "pgwire/params.h"
#include "pgwire/writer.h"
#include "pool/client.h"
#include "pool/database.h"
#include "pool/fair_by.h"
#include "pool/limits.h"
#include "pool/login_state.h"
#include "pool/pool.h"
#include "pool/pools.h"
#include "pool/request.h"
#include "pool/session.h"
#include "pool/sides.h"
#include "pool/state.h"
#include "pool/user.h"

#define VERSION_TEXT PACKAGE_VERSION

/* The fixed facts of the console, as PgBouncer gives them; tools know it by
 * the "/bouncer". */
static void
write_console_welcome(struct text *out)
{
	static const char *const facts[][2] = {
		{ "server_version", VERSION_TEXT "/bouncer" },
		{ "client_encoding", "UTF8" },
		{ "server_encoding", "UTF8" },
		{ "DateStyle", "ISO" },
		{ "TimeZone", "GMT" },
		{ "standard_conforming_strings", "on" },
		{ "is_superuser", "on" },
	};
	size_t i;

	for (i = 0; i < countof(facts); i++)
		writer_parameter_status(out, facts[i][0], facts[i][1]);
}

static void
write_tracked(struct client *c, struct text *out)
{
	struct param_names *names = c->pooler->names;
	const char *value;
	unsigned i;

	for (i = 0; i < param_names_count(names); i++) {
		value = paramset_get(c->link.params, i);
		if (value != NULL)
			writer_parameter_status(out, param_names_at(names, i),
			    value);
	}
}

/* Sixty and more random bits: two clients with the same key do not meet. */
static void
make_key(struct client *c)
{
	struct pooler *p = c->pooler;
	unsigned char random[CANCELKEY_SIZE];

	crypto_random_take(&p->random, random, sizeof random);
	c->key = cancelkey_make(random, (uint16_t)p->config->peer_id);
}

/* What this database is, whichever of its hosts has told the rest. */
static void
write_endpoint(const struct client *c, struct text *out)
{
	const struct database *db = c->database;

	if (db->topology != NULL && db->entry != NULL)
		writer_parameter_status(out, "in_hot_standby",
		    db->entry->role == DATABASE_ROLE_REPLICA ? "on" : "off");
}

static void
write_welcome(struct client *c, struct paramset *wishes, struct text *out)
{
	writer_auth(out, AUTH_OK, NULL, 0);
	if (c->pool != NULL) {
		text_add(out, c->pool->welcome.p, c->pool->welcome.n);
		write_endpoint(c, out);
		c->link.params = paramset_over(c->pool->defaults, wishes);
		c->link.startup = paramset_ref(c->link.params);
	} else {
		write_console_welcome(out);
		c->link.params = paramset_ref(wishes);
	}
	write_tracked(c, out);
	make_key(c);
	writer_key_data(out, c->key.bytes, sizeof c->key.bytes);
	writer_ready(out, 'I');
}

static void
welcome(struct client *c)
{
	write_welcome(c, c->login->params, &c->login->out);
	login_send(c);
	login_end(c);
	if (c->session != NULL)
		console_start(c);
	else
		request_start(c);
}

static void
on_welcome(struct wait *w, struct server *s)
{
	must(s == NULL);
	welcome(container_of(w, struct client, wait));
}

static void
on_refused(struct wait *w, const struct failure *f)
{
	client_vfail(container_of(w, struct client, wait), f, NULL);
}

/*
 * Behind the password.
 */

static enum console_role
console_role(const struct client *c, bool *allowed)
{
	const struct config *cfg = c->pooler->config;
	const char *name = c->login->user_name;

	*allowed = true;
	if (str_has_word(cfg->admin_users, name))
		return CONSOLE_ADMIN;
	*allowed = str_has_word(cfg->stats_users, name) ||
	    cfg->auth_type == AUTH_TYPE_ANY;
	return CONSOLE_STATS;
}

void
admission_console(struct client *c, enum console_role role)
{
	struct pooler *p = c->pooler;
	struct user *u = user_acquire(p, c->login->user_name);
	char detail[128];
	struct failure f;

	if (role == CONSOLE_STATS &&
	    !limits_admit(p, NULL, u, &f, detail, sizeof detail)) {
		user_release(u);
		client_vfail(c, &f, detail);
		return;
	}
	client_enter(c, NULL, u, NULL);
	user_release(u);
	c->session = p->console.open(p->console.context, p, c, role,
	    c->login->database_name);
	welcome(c);
}

/* The deadline of the login goes on, but query_wait_timeout holds for this
 * wait as for any other. */
static void
wait_for_welcome(struct client *c)
{
	struct pooler *p = c->pooler;
	int64_t limit = c->pool->query_wait_timeout;
	struct mono now = loop_now(p->loop);
	bool login_is_later;

	if (!request_is_admitted(c, WANT_WELCOME))
		return;
	c->login->step = STEP_WELCOME;
	c->request = now;
	c->wait.want = WANT_WELCOME;
	c->wait.granted = on_welcome;
	c->wait.refused = on_refused;
	sides_acquire(c->pool, &c->wait);
	if (c->wait.pool == NULL || limit == 0)
		return;
	login_is_later = !mono_is_set(c->deadline.due) ||
	    mono_between(now, c->deadline.due) > limit;
	if (login_is_later)
		deadline_arm(&p->wait_deadlines, &c->deadline, limit);
}

static void
enter_database(struct client *c)
{
	struct login *l = c->login;
	struct pooler *p = c->pooler;
	struct database *db = database_get(p, l->database_name);
	char detail[128];
	struct failure f;
	struct user *u;
	struct pool *pool;

	if (db == NULL) {
		client_fail(c, SQLSTATE_UNKNOWN_DATABASE,
		    "no such database: %.63s", l->database_name);
		return;
	}
	if (p->draining && !p->succeeded) {
		client_fail(c, SQLSTATE_CANNOT_CONNECT_NOW,
		    "pooler is shutting down");
		return;
	}
	if (db->disabled) {
		client_fail(c, SQLSTATE_CANNOT_CONNECT_NOW,
		    "database \"%s\" is disabled", db->name);
		return;
	}
	if (p->config->auth_type == AUTH_TYPE_ANY && db->forced == NULL) {
		client_fail(c, SQLSTATE_INVALID_AUTHORIZATION,
		    "bouncer config error");
		return;
	}
	u = user_acquire(p, l->user_name);
	if (!limits_admit(p, db, u, &f, detail, sizeof detail)) {
		user_release(u);
		client_vfail(c, &f, detail);
		return;
	}
	pool = pools_get(p, db, db->forced != NULL ? db->forced->user :
	    u->name);
	if (l->found != NULL && db->forced == NULL)
		pools_learn(pool, &l->found);
	client_enter(c, db, u, pool);
	fair_by_enter(c);
	user_release(u);
	wait_for_welcome(c);
}

void
admission_begin(struct client *c)
{
	struct login *l = c->login;
	enum console_role role;
	bool allowed;

	if (!config_is_console(l->database_name)) {
		enter_database(c);
		return;
	}
	role = console_role(c, &allowed);
	if (!allowed) {
		client_fail(c, SQLSTATE_INSUFFICIENT_PRIVILEGE,
		    "not allowed");
		return;
	}
	admission_console(c, role);
}
