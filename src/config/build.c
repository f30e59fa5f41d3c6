/*
 * build.c - puts a snapshot together; see build.h.
 *
 * Settings and options are all read through their rows. What this file adds
 * is what a row cannot say: reserved names, host lists, which entry of two
 * wins.
 */
#include "config/build.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/must.h"
#include "base/str.h"
#include "config/connstr.h"
#include "config/hba.h"
#include "config/hostkey.h"
#include "config/userlist.h"

#define ENTRIES_MAX 1000000

/* The struct that the pairs of a connstr go into. */
struct target {
	const struct setting *rows;
	size_t n;
	void *base;
};

static void
set_defaults(const struct setting *rows, size_t n, void *base)
{
	size_t i;

	for (i = 0; i < n; i++)
		setting_default(&rows[i], base);
}

static void
copy_values(const struct setting *rows, size_t n, void *to, const void *from)
{
	size_t i;

	for (i = 0; i < n; i++)
		setting_copy(&rows[i], to, from);
}

static void
free_values(const struct setting *rows, size_t n, void *base)
{
	size_t i;

	for (i = 0; i < n; i++)
		setting_free(&rows[i], base);
}

struct config *
build_create(void)
{
	struct config *c = mem_alloc(sizeof *c);
	const struct setting *rows;
	size_t n;

	c->refs = 1;
	rows = config_settings(&n);
	set_defaults(rows, n, c);
	return c;
}

/* What no row covers is unset as well. */
static void
unset_overrides(struct overrides *o)
{
	*o = (struct overrides){
		-1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1,
		-1, -1,
	};
}

static void
copy_database(struct config_database *to, const struct config_database *from)
{
	const struct setting *rows;
	size_t n, i;

	rows = config_database_options(&n);
	unset_overrides(&to->over);
	copy_values(rows, n, to, from);
	to->name = mem_strdup(from->name);
	to->order = from->order;
	to->port = from->port;
	to->nhosts = from->nhosts;
	to->hosts = mem_alloc((from->nhosts + 1) * sizeof *to->hosts);
	for (i = 0; i < from->nhosts; i++) {
		to->hosts[i].name = mem_strdup(from->hosts[i].name);
		to->hosts[i].port = from->hosts[i].port;
	}
}

struct config *
build_copy(const struct config *from)
{
	struct config *c = mem_alloc(sizeof *c);
	const struct setting *rows;
	size_t n, i;

	c->refs = 1;
	rows = config_settings(&n);
	copy_values(rows, n, c, from);
	c->ndatabases = from->ndatabases;
	c->databases = mem_alloc((c->ndatabases + 1) * sizeof *c->databases);
	for (i = 0; i < c->ndatabases; i++)
		copy_database(&c->databases[i], &from->databases[i]);
	c->nusers = from->nusers;
	c->users = mem_alloc((c->nusers + 1) * sizeof *c->users);
	for (i = 0; i < c->nusers; i++) {
		c->users[i] = from->users[i];
		c->users[i].name = mem_strdup(from->users[i].name);
	}
	c->npeers = from->npeers;
	c->peers = mem_alloc((c->npeers + 1) * sizeof *c->peers);
	rows = config_peer_options(&n);
	for (i = 0; i < c->npeers; i++) {
		copy_values(rows, n, &c->peers[i], &from->peers[i]);
		c->peers[i].id = from->peers[i].id;
	}
	c->nbudgets = from->nbudgets;
	c->budgets = mem_alloc((c->nbudgets + 1) * sizeof *c->budgets);
	rows = config_budget_options(&n);
	for (i = 0; i < c->nbudgets; i++) {
		copy_values(rows, n, &c->budgets[i], &from->budgets[i]);
		c->budgets[i].name = mem_strdup(from->budgets[i].name);
		c->budgets[i].order = from->budgets[i].order;
	}
	c->userlist = userlist_ref(from->userlist);
	c->hba = hba_ref(from->hba);
	return c;
}

void
build_warn(struct config *c, const char *text)
{
	c->warnings = mem_resize(c->warnings,
	    (c->nwarnings + 1) * sizeof *c->warnings);
	c->warnings[c->nwarnings++] = mem_strdup(text);
}

static bool
unknown(const struct target *t, const char *what, const char *name,
    struct err *err)
{
	const char *near = setting_nearest(t->rows, t->n, name);

	if (near == NULL)
		return err_set(err, "expected a known %s, found \"%.80s\"",
		    what, name);
	return err_set(err, "expected a known %s, found \"%.80s\"; "
	    "is \"%s\" meant?", what, name, near);
}

static bool
parse_named(const struct setting *row, void *base, const char *value,
    struct err *err)
{
	struct err why;

	if (setting_parse(row, base, value, &why))
		return true;
	return err_set(err, "%s: %s", row->name, why.text);
}

bool
build_setting(struct config *c, const char *key, const char *value,
    const struct setting **row, struct err *err)
{
	struct target t = { .base = c };

	t.rows = config_settings(&t.n);
	/* Windows builds of PgBouncer have both names. */
	if (strcmp(key, "service_name") == 0)
		key = "job_name";
	*row = setting_find(t.rows, t.n, key);
	if (*row == NULL)
		return unknown(&t, "setting", key, err);
	return parse_named(*row, c, value, err);
}

static bool
on_pair(void *arg, const char *key, const char *value, struct err *err)
{
	const struct target *t = arg;
	const struct setting *row;

	row = setting_find(t->rows, t->n, key);
	if (row == NULL && strcmp(key, "reserve_pool") == 0)
		row = setting_find(t->rows, t->n, "reserve_pool_size");
	if (row == NULL)
		return unknown(t, "option", key, err);
	return parse_named(row, t->base, value, err);
}

/* Room for one more element behind the n there are. */
static void *
grow(void *array, size_t n, size_t size)
{
	must(n < ENTRIES_MAX);
	/* Room doubles when n is a power of two. */
	if ((n & (n - 1)) == 0)
		array = mem_resize(array, (n == 0 ? 1 : n * 2) * size);
	return array;
}

static bool
has_room(size_t n, struct err *err)
{
	return n < ENTRIES_MAX ||
	    err_set(err, "expected at most %d entries", ENTRIES_MAX);
}

/* The port at *at, which then is behind it. */
static bool
parse_port(const char **at, uint16_t *port, struct err *err)
{
	size_t len = strcspn(*at, ",");
	struct str text = str_trim((struct str){ *at, len });
	char *digits = mem_dup(text.p, text.n), *end;
	long n = strtol(digits, &end, 0);
	bool ok = text.n > 0 && *end == '\0' && n >= 1 && n <= 65535;

	if (!ok)
		(void)err_set(err, "port: expected a number from 1 to 65535, "
		    "found \"%.40s\"", digits);
	*port = (uint16_t)n;
	*at += len;
	mem_free(digits);
	return ok;
}

/* Either one port for all hosts or one for each. */
static bool
use_ports(struct config_database *db, struct err *err)
{
	const char *at = db->ports;
	struct text plain = {0};
	uint16_t port;
	size_t n = 0;

	for (;; at++) {
		if (!parse_port(&at, &port, err)) {
			text_fini(&plain);
			return false;
		}
		if (n == 0)
			db->port = port;
		if (n < db->nhosts)
			db->hosts[n].port = port;
		text_printf(&plain, "%s%u", n > 0 ? "," : "",
		    (unsigned)port);
		n++;
		if (*at == '\0')
			break;
	}
	/* Written in one way, so that a reload sees what has changed. */
	mem_free(db->ports);
	db->ports = text_take(&plain);
	if (n == 1) {
		for (; n < db->nhosts; n++)
			db->hosts[n].port = port;
		return true;
	}
	return n == db->nhosts || err_set(err, "port: expected one port for "
	    "all hosts or as many as there are hosts (%zu), found %zu",
	    db->nhosts == 0 ? 1 : db->nhosts, n);
}

static bool
use_hosts(struct config_database *db, struct err *err)
{
	char **names;
	size_t i, n;

	if (db->host == NULL)
		return use_ports(db, err);
	if (!connstr_split_hosts(db->host, &names, &n, err))
		return false;
	db->hosts = mem_alloc(n * sizeof *db->hosts);
	db->nhosts = n;
	for (i = 0; i < n; i++)
		db->hosts[i].name = names[i];
	mem_free(names);
	return use_ports(db, err);
}

struct config_database *
build_database(struct config *c, const char *name, const char *value,
    struct err *err)
{
	struct config_database db = { .order = c->ndatabases }, *slot;
	struct target t = { .base = &db };
	struct err why;

	if (config_is_console(name)) {
		(void)err_set(err, "expected another name: database name "
		    "\"%s\" is reserved", name);
		return NULL;
	}
	if (!has_room(c->ndatabases, err))
		return NULL;
	t.rows = config_database_options(&t.n);
	unset_overrides(&db.over);
	set_defaults(t.rows, t.n, &db);
	if (!connstr_parse(value, on_pair, &t, &why) ||
	    !use_hosts(&db, &why)) {
		(void)err_set(err, "database \"%.80s\": %s", name, why.text);
		config_database_fini(&db);
		return NULL;
	}
	c->databases = grow(c->databases, c->ndatabases, sizeof *slot);
	slot = &c->databases[c->ndatabases++];
	*slot = db;
	slot->name = mem_strdup(name);
	return slot;
}

struct config_user *
build_user(struct config *c, const char *name, const char *value,
    struct err *err)
{
	struct config_user user = { .order = c->nusers }, *slot;
	struct target t = { .base = &user };
	struct err why;

	if (!has_room(c->nusers, err))
		return NULL;
	t.rows = config_user_options(&t.n);
	unset_overrides(&user.over);
	set_defaults(t.rows, t.n, &user);
	if (!connstr_parse(value, on_pair, &t, &why)) {
		(void)err_set(err, "user \"%.80s\": %s", name, why.text);
		return NULL;
	}
	c->users = grow(c->users, c->nusers, sizeof *slot);
	slot = &c->users[c->nusers++];
	*slot = user;
	slot->name = mem_strdup(name);
	return slot;
}

static bool
parse_peer(struct target *t, struct config_peer *peer, const char *id,
    const char *value, struct err *err)
{
	struct err why;
	char *end;
	long n;

	n = strtol(id, &end, 10);
	if (*end != '\0' || n < 1 || n > 65535)
		return err_set(err, "peer \"%.80s\": expected an id from 1 "
		    "to 65535", id);
	peer->id = (int)n;
	if (!connstr_parse(value, on_pair, t, &why))
		return err_set(err, "peer %ld: %s", n, why.text);
	if (peer->host == NULL)
		return err_set(err, "peer %ld: expected host=", n);
	return true;
}

struct config_peer *
build_peer(struct config *c, const char *id, const char *value,
    struct err *err)
{
	struct config_peer peer = {0}, *slot = NULL;
	struct target t = { .base = &peer };
	size_t i;

	t.rows = config_peer_options(&t.n);
	set_defaults(t.rows, t.n, &peer);
	if (!parse_peer(&t, &peer, id, value, err)) {
		free_values(t.rows, t.n, &peer);
		return NULL;
	}
	for (i = 0; i < c->npeers && slot == NULL; i++)
		if (c->peers[i].id == peer.id)
			slot = &c->peers[i];
	if (slot != NULL) {
		free_values(t.rows, t.n, slot);
	} else {
		c->peers = grow(c->peers, c->npeers, sizeof *slot);
		slot = &c->peers[c->npeers++];
	}
	*slot = peer;
	return slot;
}

static bool
parse_budget(struct target *t, struct config_budget *b, const char *name,
    const char *value, struct err *err)
{
	struct err why;
	char *key;

	if (!hostkey_parse(name, &b->name, err))
		return false;
	if (!connstr_parse(value, on_pair, t, &why))
		return err_set(err, "host \"%.80s\": %s", name, why.text);
	if (b->same_as == NULL)
		return true;
	if (!hostkey_parse(b->same_as, &key, &why))
		return err_set(err, "host \"%.80s\": same_as: %s", name,
		    why.text);
	mem_free(b->same_as);
	b->same_as = key;
	return true;
}

struct config_budget *
build_budget(struct config *c, const char *name, const char *value,
    struct err *err)
{
	struct config_budget b = { .order = c->nbudgets }, *slot;
	struct target t = { .base = &b };

	if (!has_room(c->nbudgets, err))
		return NULL;
	t.rows = config_budget_options(&t.n);
	set_defaults(t.rows, t.n, &b);
	if (!parse_budget(&t, &b, name, value, err)) {
		free_values(t.rows, t.n, &b);
		mem_free(b.name);
		return NULL;
	}
	c->budgets = grow(c->budgets, c->nbudgets, sizeof *slot);
	slot = &c->budgets[c->nbudgets++];
	*slot = b;
	return slot;
}

/* Each instance needs one connection at least. */
static bool
is_enough(const struct config *c, int total, struct err *err)
{
	if (total <= 0 || total >= c->app_instances)
		return true;
	return err_set(err, "expected server_connections of at least %d, one "
	    "for each of app_instances, found %d", c->app_instances, total);
}

bool
build_check_shares(const struct config *c, const char **setting,
    struct err *err)
{
	*setting = "instance_number";
	if (c->instance_number >= c->app_instances)
		return err_set(err, "expected instance_number from 0 to %d, "
		    "since app_instances is %d, found %d",
		    c->app_instances - 1, c->app_instances,
		    c->instance_number);
	*setting = "server_connections";
	return is_enough(c, c->server_connections, err);
}

bool
build_check_share(const struct config *c, const struct config_budget *b,
    struct err *err)
{
	return is_enough(c, b->server_connections, err);
}

static bool
all_roles_fixed(const struct config *c, const struct config_database *db)
{
	const struct config_budget *b;
	size_t i;

	for (i = 0; i < db->nhosts; i++) {
		b = config_budget_of(c, db->hosts[i].name, db->hosts[i].port);
		if (b == NULL || b->role == HOST_ROLE_AUTO)
			return false;
	}
	return true;
}

bool
build_check_routing(const struct config *c, const struct config_database *db,
    struct err *err)
{
	if (!config_is_routed(c, db) ||
	    (c->control_user != NULL && c->control_user[0] != '\0') ||
	    (db->user != NULL && db->password != NULL) ||
	    all_roles_fixed(c, db))
		return true;
	return err_set(err, "database \"%.80s\": expected control_user in "
	    "the main section, or user and password here, or a role for each "
	    "host in [hosts]: without it nobody can ask which host is the "
	    "primary", db->name);
}

static int
compare(const char *a, size_t a_order, const char *b, size_t b_order)
{
	int d = strcmp(a, b);

	return d != 0 ? d : (a_order > b_order) - (a_order < b_order);
}

static int
by_database(const void *va, const void *vb)
{
	const struct config_database *a = va, *b = vb;

	return compare(a->name, a->order, b->name, b->order);
}

static int
by_user(const void *va, const void *vb)
{
	const struct config_user *a = va, *b = vb;

	return compare(a->name, a->order, b->name, b->order);
}

static int
by_budget(const void *va, const void *vb)
{
	const struct config_budget *a = va, *b = vb;

	return compare(a->name, a->order, b->name, b->order);
}

static int
by_id(const void *va, const void *vb)
{
	const struct config_peer *a = va, *b = vb;

	return a->id - b->id;
}

/* The last entry of each name. */
static void
sort_budgets(struct config *c)
{
	size_t i, kept;

	if (c->nbudgets > 0)
		qsort(c->budgets, c->nbudgets, sizeof *c->budgets, by_budget);
	for (i = kept = 0; i < c->nbudgets; i++) {
		if (i + 1 < c->nbudgets && strcmp(c->budgets[i].name,
		    c->budgets[i + 1].name) == 0) {
			mem_free(c->budgets[i].same_as);
			mem_free(c->budgets[i].name);
		} else {
			c->budgets[kept++] = c->budgets[i];
		}
	}
	c->nbudgets = kept;
}

static void
sort(struct config *c)
{
	size_t i, kept;

	sort_budgets(c);
	if (c->npeers > 0)
		qsort(c->peers, c->npeers, sizeof *c->peers, by_id);
	if (c->nusers > 0)
		qsort(c->users, c->nusers, sizeof *c->users, by_user);
	for (i = kept = 0; i < c->nusers; i++) {
		if (i + 1 < c->nusers && strcmp(c->users[i].name,
		    c->users[i + 1].name) == 0)
			mem_free(c->users[i].name);
		else
			c->users[kept++] = c->users[i];
	}
	c->nusers = kept;
	if (c->ndatabases > 0)
		qsort(c->databases, c->ndatabases, sizeof *c->databases,
		    by_database);
	for (i = kept = 0; i < c->ndatabases; i++) {
		if (i + 1 < c->ndatabases && strcmp(c->databases[i].name,
		    c->databases[i + 1].name) == 0)
			config_database_fini(&c->databases[i]);
		else
			c->databases[kept++] = c->databases[i];
	}
	c->ndatabases = kept;
}

bool
build_finish(struct config *c, struct err *err)
{
	size_t i;

	sort(c);
	for (i = 0; i < c->ndatabases; i++) {
		struct config_database *db = &c->databases[i];

		if (db->nhosts > 0)
			continue;
		if (c->unix_socket_dir == NULL || *c->unix_socket_dir == '\0')
			return err_set(err, "database \"%.80s\": expected "
			    "host=, since unix_socket_dir is empty", db->name);
		/* A directory may have commas; it is one host. */
		db->hosts = mem_alloc(sizeof *db->hosts);
		db->hosts[0].name = mem_strdup(c->unix_socket_dir);
		db->hosts[0].port = (uint16_t)db->port;
		db->nhosts = 1;
	}
	return true;
}
