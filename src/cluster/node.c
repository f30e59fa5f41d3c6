/*
 * node.c - what is known of one host; see node.h.
 */
#include "cluster/node.h"

#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "cluster/host.h"
#include "config/config.h"

static bool
names_host(const struct config_database *db, const struct host *h)
{
	size_t i;

	for (i = 0; i < db->nhosts; i++)
		if (db->hosts[i].port == h->port &&
		    strcmp(db->hosts[i].name, h->name) == 0)
			return true;
	return false;
}

/* The entry whose own user may ask this host. */
static const struct config_database *
lender(const struct config *cfg, const struct host *h)
{
	const struct config_database *db;
	size_t i;

	for (i = 0; i < cfg->ndatabases; i++) {
		db = &cfg->databases[i];
		if (db->user != NULL && db->password != NULL &&
		    config_is_routed(cfg, db) && names_host(db, h))
			return db;
	}
	return NULL;
}

static bool
set_text(char **to, const char *s)
{
	if (*to == s || (*to != NULL && s != NULL && strcmp(*to, s) == 0))
		return false;
	mem_free(*to);
	*to = mem_strdup(s);
	return true;
}

/* Is there another way to log in than before? */
static bool
load_login(struct node_login *login, const struct config *cfg,
    const struct host *h)
{
	const char *user = cfg->control_user;
	const char *password = cfg->control_password;
	const char *dbname = cfg->control_dbname;
	const struct config_database *db;
	bool changed;

	if (user == NULL || user[0] == '\0') {
		db = lender(cfg, h);
		user = db != NULL ? db->user : NULL;
		password = db != NULL ? db->password : NULL;
		if (db != NULL && db->dbname != NULL)
			dbname = db->dbname;
		else if (db != NULL && strcmp(db->name, "*") != 0)
			dbname = db->name;
	}
	changed = set_text(&login->user, user);
	changed |= set_text(&login->password, password);
	changed |= set_text(&login->dbname, dbname);
	return changed;
}

void
node_load(struct node *n, const struct config *cfg, bool *login_changed)
{
	const struct config_budget *b = config_budget_of(cfg, n->host->name,
	    n->host->port);

	n->fixed = b != NULL ? b->role : HOST_ROLE_AUTO;
	n->weight = b != NULL ? (uint32_t)b->weight : 1;
	*login_changed = load_login(&n->login, cfg, n->host);
}

void
node_fini(struct node *n)
{
	if (n->login.password != NULL)
		explicit_bzero(n->login.password, strlen(n->login.password));
	(void)set_text(&n->login.user, NULL);
	(void)set_text(&n->login.password, NULL);
	(void)set_text(&n->login.dbname, NULL);
}

/* A standby that runs never goes back to an older timeline; but where it
 * may not say which one it receives, what its control file says is late. */
static uint32_t
timeline_now(const struct node *n, const struct probe *p)
{
	const struct probe *was = &n->probe;

	if (p->in_recovery && was->in_recovery && n->answers > 0 &&
	    probe_is_same_server(p, was) && was->timeline > p->timeline)
		return was->timeline;
	return p->timeline;
}

void
node_pass(struct node *n, const struct health_rules *r, struct mono now,
    const struct probe *p)
{
	uint32_t timeline = timeline_now(n, p);
	enum health_state was = n->health.state;

	health_pass(&n->health, r, now);
	n->probe = *p;
	n->probe.timeline = timeline;
	n->answered = now;
	n->answers++;
	if (was == HEALTH_DOWN && health_is_up(&n->health))
		log_info(NULL, "host %s:%u is up again", n->host->name,
		    (unsigned)n->host->port);
}

void
node_fail(struct node *n, const struct health_rules *r, struct mono now,
    const char *error)
{
	enum health_state was = n->health.state;

	health_fail(&n->health, r, now, error);
	if (n->health.state == HEALTH_DOWN && was != HEALTH_DOWN)
		log_warning(NULL, "host %s:%u is down: %s", n->host->name,
		    (unsigned)n->host->port, n->health.error);
}

bool
node_is_asked(const struct node *n)
{
	return n->login.user != NULL;
}

bool
node_speaks(const struct node *n)
{
	return health_is_up(&n->health) && n->answers > 0;
}
