/*
 * load.c - reads a file into a snapshot, or says all that is wrong with it.
 *
 * Items are taken as they come; a bad one is noted with its place and the
 * rest is still looked at, so that --check lists everything. What depends on
 * the last value of a setting (is it implemented, does it need a restart) is
 * judged at the end. Any error, here or in a file that is named (auth_file,
 * auth_hba_file, auth_ident_file), and there is no snapshot: a failed reload
 * changes nothing.
 *
 * Unlike PgBouncer a second [pgweir] or [pgbouncer] header continues the
 * section instead of resetting it.
 */
#include "config/load.h"

#include <stdarg.h>
#include <string.h>

#include "base/mem.h"
#include "base/must.h"
#include "base/str.h"
#include "config/build.h"
#include "config/hba.h"
#include "config/hostkey.h"
#include "config/ident.h"
#include "config/ini.h"
#include "config/userlist.h"

#define ERRORS_MAX 100

/* Where a setting was set last; file is NULL if nowhere. */
struct place {
	char *file;
	int line;
};

/* Of the entries of a section, as they come. */
struct places {
	struct place *items;
	size_t n;
};

struct load {
	struct config *cfg;
	struct config *defaults;
	const struct config *old;       /* at reload */
	const char *path;
	const struct setting *rows;     /* of the main section */
	size_t nrows;
	struct place *places;           /* one per row */
	struct config_report report;
	struct places hosts;            /* of the entries of [hosts] ... */
	struct places databases;        /* ... and [databases], by order */
	bool has_main;
	uint64_t told;                  /* options that had their warning */
};

static bool on_item(void *, const struct ini_item *, struct err *);
static void judge_settings(struct load *);
static void judge_shares(struct load *);
static void judge_hosts(struct load *);
static void judge_routing(struct load *);
static void keep_until_restart(struct load *);
static void read_userlist(struct load *);
static bool read_rules(struct config *, struct err *);

static void
note(char ***list, size_t *n, const char *text)
{
	*list = mem_resize(*list, (*n + 1) * sizeof **list);
	(*list)[(*n)++] = mem_strdup(text);
}

const char *
config_report_add(char ***list, size_t *n, const char *file, int line,
    const char *fmt, va_list ap)
{
	struct text t = {0};

	if (line > 0)
		text_printf(&t, "%.300s:%d: ", file, line);
	else
		text_printf(&t, "%.300s: ", file);
	text_vprintf(&t, fmt, ap);
	note(list, n, t.p);
	text_fini(&t);
	return (*list)[*n - 1];
}

__attribute__((format(printf, 4, 5)))
static void
complain(struct load *l, const char *file, int line, const char *fmt, ...)
{
	va_list ap;

	if (l->report.nerrors == ERRORS_MAX)
		return;
	va_start(ap, fmt);
	(void)config_report_add(&l->report.errors, &l->report.nerrors, file,
	    line, fmt, ap);
	va_end(ap);
}

__attribute__((format(printf, 4, 5)))
static void
warn(struct load *l, const char *file, int line, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	build_warn(l->cfg, config_report_add(&l->report.warnings,
	    &l->report.nwarnings, file, line, fmt, ap));
	va_end(ap);
}

static void
free_places(struct places *p)
{
	size_t i;

	for (i = 0; i < p->n; i++)
		mem_free(p->items[i].file);
	mem_free(p->items);
}

/* Fill l->cfg and l->report from the file. */
static void
run(struct load *l)
{
	struct err err;
	size_t i;

	l->cfg = build_create();
	l->defaults = build_create();
	l->rows = config_settings(&l->nrows);
	l->places = mem_alloc(l->nrows * sizeof *l->places);
	if (!ini_read(l->path, on_item, l, &err))
		note(&l->report.errors, &l->report.nerrors, err.text);
	else if (!l->has_main)
		complain(l, l->path, 0, "expected a section [pgweir] or "
		    "[pgbouncer]");
	if (l->cfg->conffile == NULL)
		l->cfg->conffile = mem_strdup(l->path);
	judge_settings(l);
	if (l->old != NULL)
		keep_until_restart(l);
	judge_shares(l);
	if (!build_finish(l->cfg, &err))
		complain(l, l->path, 0, "%s", err.text);
	else {
		judge_hosts(l);
		judge_routing(l);
	}
	read_userlist(l);
	if (!read_rules(l->cfg, &err) && l->report.nerrors < ERRORS_MAX)
		note(&l->report.errors, &l->report.nerrors, err.text);
	for (i = 0; i < l->nrows; i++)
		mem_free(l->places[i].file);
	free_places(&l->hosts);
	free_places(&l->databases);
	mem_free(l->places);
	config_unref(l->defaults);
}

void
config_report_fini(struct config_report *r)
{
	size_t i;

	for (i = 0; i < r->nerrors; i++)
		mem_free(r->errors[i]);
	for (i = 0; i < r->nwarnings; i++)
		mem_free(r->warnings[i]);
	for (i = 0; i < r->ndifferences; i++)
		mem_free(r->differences[i]);
	mem_free(r->differences);
	mem_free(r->errors);
	mem_free(r->warnings);
	*r = (struct config_report){0};
}

static struct config *
load(const char *path, const struct config *old, struct err *err)
{
	struct load l = { .path = path, .old = old };

	run(&l);
	if (l.report.nerrors > 0) {
		(void)err_set(err, "%s", l.report.errors[0]);
		config_unref(l.cfg);
		l.cfg = NULL;
	}
	config_report_fini(&l.report);
	return l.cfg;
}

struct config *
config_load(const char *path, struct err *err)
{
	return load(path, NULL, err);
}

struct config *
config_reload(const struct config *old, struct err *err)
{
	if (old->conffile == NULL || old->conffile[0] == '\0') {
		(void)err_set(err, "expected a configuration file: there is "
		    "none to reload");
		return NULL;
	}
	return load(old->conffile, old, err);
}

bool
config_check(const char *path, struct config_report *report)
{
	struct load l = { .path = path };

	run(&l);
	config_unref(l.cfg);
	*report = l.report;
	return report->nerrors == 0;
}

/* Why a value that is not implemented cannot be let through. */
static void
explain_refusal(const struct setting *row, struct err *err)
{
	struct text words = {0};

	if (row->type == SETTING_ENUM) {
		setting_words(row, &words);
		(void)err_set(err, "expected %s to be one of: %s; other "
		    "values are not implemented yet and cannot be ignored",
		    row->name, words.p);
		text_fini(&words);
	} else {
		(void)err_set(err, "expected %s to be 0 or absent: other "
		    "values are not implemented yet, and ignoring them would "
		    "lift a limit", row->name);
	}
}

/* Judge the options of an entry, which is already in the snapshot. */
static void
judge_options(struct load *l, const struct ini_item *at,
    const struct setting *rows, size_t n, const void *base)
{
	/* Large enough for an entry of any section with all defaults. */
	union {
		struct config_database database;
		struct config_user user;
		struct config_peer peer;
		struct config_budget budget;
	} plain;
	struct err err;
	size_t i;

	memset(&plain, 0, sizeof plain);
	for (i = 0; i < n; i++) {
		const struct setting *row = &rows[i];

		setting_default(row, &plain);
		switch (setting_state_of(row, base, &plain)) {
		case SETTING_IMPLEMENTED:
		case SETTING_SILENT:
			break;
		case SETTING_ACCEPTED:
			must(i < 64);
			if ((l->told & UINT64_C(1) << i) == 0)
				warn(l, at->file, at->line, "%s: %s is not "
				    "implemented yet: it has no effect",
				    at->key, row->name);
			l->told |= UINT64_C(1) << i;
			break;
		case SETTING_REFUSED:
			explain_refusal(row, &err);
			complain(l, at->file, at->line, "\"%.80s\": %s",
			    at->key, err.text);
			break;
		}
		setting_free(row, &plain);
	}
}

static bool
is_main(const char *section)
{
	return config_is_console(section);
}

static void
take_setting(struct load *l, const struct ini_item *it)
{
	const struct setting *row;
	struct place *place;
	struct err err;

	if (!build_setting(l->cfg, it->key, it->value, &row, &err)) {
		complain(l, it->file, it->line, "%s", err.text);
		return;
	}
	place = &l->places[row - l->rows];
	mem_free(place->file);
	place->file = mem_strdup(it->file);
	place->line = it->line;
}

/* What is wrong with it may be known only at the end of the file. */
static void
note_place(struct places *p, const struct ini_item *it)
{
	p->items = mem_resize(p->items, (p->n + 1) * sizeof *p->items);
	p->items[p->n++] = (struct place){ mem_strdup(it->file), it->line };
}

static void
take_entry(struct load *l, const struct ini_item *it)
{
	const struct setting *rows;
	const void *base;
	struct err err;
	size_t n;

	if (strcmp(it->section, "databases") == 0) {
		rows = config_database_options(&n);
		base = build_database(l->cfg, it->key, it->value, &err);
		if (base != NULL)
			note_place(&l->databases, it);
	} else if (strcmp(it->section, "users") == 0) {
		rows = config_user_options(&n);
		base = build_user(l->cfg, it->key, it->value, &err);
	} else if (strcmp(it->section, "hosts") == 0) {
		rows = config_budget_options(&n);
		base = build_budget(l->cfg, it->key, it->value, &err);
		if (base != NULL)
			note_place(&l->hosts, it);
	} else {
		rows = config_peer_options(&n);
		base = build_peer(l->cfg, it->key, it->value, &err);
	}
	if (base == NULL)
		complain(l, it->file, it->line, "%s", err.text);
	else
		judge_options(l, it, rows, n, base);
}

static bool
on_item(void *arg, const struct ini_item *it, struct err *err)
{
	struct load *l = arg;

	if (it->section == NULL)
		return err_set(err, "expected a section like [databases] "
		    "before \"%.80s\"", it->key);
	if (is_main(it->section)) {
		l->has_main = true;
		if (it->key != NULL)
			take_setting(l, it);
		return true;
	}
	if (strcmp(it->section, "databases") != 0 &&
	    strcmp(it->section, "users") != 0 &&
	    strcmp(it->section, "peers") != 0 &&
	    strcmp(it->section, "hosts") != 0)
		return err_set(err, "expected [databases], [users], [peers], "
		    "[hosts], [pgweir] or [pgbouncer], found [%s]",
		    it->section);
	if (it->key != NULL)
		take_entry(l, it);
	return true;
}

/* The file and line of a setting; the file alone if it is not set. */
static struct place
place_of(const struct load *l, const struct setting *row)
{
	struct place p = l->places[row - l->rows];

	if (p.file == NULL)
		p.file = (char *)(uintptr_t)l->path;
	return p;
}

static void
judge_settings(struct load *l)
{
	struct err err;
	size_t i;

	for (i = 0; i < l->nrows; i++) {
		const struct setting *row = &l->rows[i];
		const struct place at = place_of(l, row);

		switch (setting_state_of(row, l->cfg, l->defaults)) {
		case SETTING_IMPLEMENTED:
		case SETTING_SILENT:
			break;
		case SETTING_ACCEPTED:
			warn(l, at.file, at.line, "%s is not implemented yet: "
			    "it has no effect", row->name);
			break;
		case SETTING_REFUSED:
			explain_refusal(row, &err);
			complain(l, at.file, at.line, "%s", err.text);
			break;
		}
		if (strcmp(row->name, "auth_dbname") == 0 &&
		    l->cfg->auth_dbname != NULL &&
		    config_is_console(l->cfg->auth_dbname))
			complain(l, at.file, at.line, "auth_dbname: expected "
			    "a database other than the console");
	}
}

/* The budget, once app_instances is known. */
static void
judge_shares(struct load *l)
{
	const char *name;
	struct place at;
	struct err err;
	size_t i;

	if (!build_check_shares(l->cfg, &name, &err)) {
		at = place_of(l, setting_find(l->rows, l->nrows, name));
		complain(l, at.file, at.line, "%s", err.text);
	}
	/* Before build_finish(), which sorts them. */
	for (i = 0; i < l->hosts.n; i++)
		if (!build_check_share(l->cfg, &l->cfg->budgets[i], &err))
			complain(l, l->hosts.items[i].file,
			    l->hosts.items[i].line, "%s", err.text);
}

static bool
has_host(const struct config_database *db, const char *hostkey)
{
	bool has = false;
	char *key;
	size_t i;

	for (i = 0; i < db->nhosts && !has; i++) {
		key = hostkey_format(db->hosts[i].name, db->hosts[i].port);
		has = strcmp(key, hostkey) == 0;
		mem_free(key);
	}
	return has;
}

static bool
is_of_use(const struct config *c, const struct config_budget *b)
{
	size_t i;

	for (i = 0; i < c->nbudgets; i++)
		if (c->budgets[i].same_as != NULL &&
		    strcmp(c->budgets[i].same_as, b->name) == 0)
			return true;
	for (i = 0; i < c->ndatabases; i++)
		if (has_host(&c->databases[i], b->name))
			return true;
	return false;
}

/* With another port, or a name for an address, there would be no budget. */
static void
judge_hosts(struct load *l)
{
	const struct config_budget *b;
	const struct place *at;
	size_t i;

	for (i = 0; i < l->cfg->nbudgets; i++) {
		b = &l->cfg->budgets[i];
		at = &l->hosts.items[b->order];
		if (!is_of_use(l->cfg, b))
			warn(l, at->file, at->line, "\"%.200s\": no database "
			    "names this host and port: it has no effect",
			    b->name);
	}
}

/* Once all hosts are known. */
static void
judge_routing(struct load *l)
{
	const struct config_database *db;
	const struct place *at;
	struct err err;
	size_t i;

	for (i = 0; i < l->cfg->ndatabases; i++) {
		db = &l->cfg->databases[i];
		at = &l->databases.items[db->order];
		if (!build_check_routing(l->cfg, db, &err))
			complain(l, at->file, at->line, "%s", err.text);
	}
}

/* What is fixed at start keeps its value, so that what SHOW CONFIG tells is
 * what is in effect. */
static void
keep_until_restart(struct load *l)
{
	char buf[32], *want;
	const char *is;
	size_t i;

	for (i = 0; i < l->nrows; i++) {
		const struct setting *row = &l->rows[i];
		const struct place at = place_of(l, row);

		if (row->when != SETTING_RESTART ||
		    setting_same(row, l->cfg, l->old))
			continue;
		is = setting_format(row, l->cfg, buf, sizeof buf);
		want = mem_strdup(is != NULL ? is : "");
		is = setting_format(row, l->old, buf, sizeof buf);
		if (row->state != SETTING_SILENT)
			warn(l, at.file, at.line, "%s = \"%.200s\" needs a "
			    "restart; \"%.200s\" stays in effect", row->name,
			    want, is != NULL ? is : "");
		mem_free(want);
		setting_copy(row, l->cfg, l->old);
	}
}

static bool
is_empty(const char *path)
{
	return path == NULL || path[0] == '\0';
}

static void
read_userlist(struct load *l)
{
	const char *path = l->cfg->auth_file;
	struct err err;

	if (is_empty(path) || l->cfg->auth_type == AUTH_TYPE_ANY)
		return;
	l->cfg->userlist = userlist_load(path, &err);
	if (l->cfg->userlist == NULL && l->report.nerrors < ERRORS_MAX)
		note(&l->report.errors, &l->report.nerrors, err.text);
}

/* Certificates of just any authority prove nothing about users. Without TLS
 * no such rule ever fits. */
static bool
check_certificates(const struct config *c, struct err *err)
{
	if (hba_wants_certificates(c->hba) &&
	    c->client_tls_sslmode != SSLMODE_DISABLE &&
	    is_empty(c->client_tls_ca_file))
		return err_set(err, "%.300s: cert: expected "
		    "client_tls_ca_file to name a file", c->auth_hba_file);
	return true;
}

/* Read the rules anew, or forget them where auth_type does without. */
static bool
read_rules(struct config *c, struct err *err)
{
	struct ident *ident = NULL;

	hba_unref(c->hba);
	c->hba = NULL;
	if (c->auth_type != AUTH_TYPE_HBA)
		return true;
	if (is_empty(c->auth_hba_file))
		return err_set(err, "auth_type=hba: expected auth_hba_file "
		    "to name a file");
	if (!is_empty(c->auth_ident_file)) {
		ident = ident_load(c->auth_ident_file, err);
		if (ident == NULL)
			return false;
	}
	c->hba = hba_load(c->auth_hba_file, ident, err);
	ident_unref(ident);
	return c->hba != NULL && check_certificates(c, err);
}

static bool
is_about_rules(const struct setting *row)
{
	return str_has_word("auth_type auth_hba_file auth_ident_file "
	    "client_tls_sslmode client_tls_ca_file", row->name);
}

/* These two say which users there are. Without a file they may have come
 * from a URL, and stay. */
static bool
reread_userlist(struct config *c, const struct setting *row, struct err *err)
{
	const char *path = c->auth_file;
	struct userlist *fresh;

	if ((strcmp(row->name, "auth_file") != 0 &&
	    strcmp(row->name, "auth_type") != 0) ||
	    is_empty(path) || c->auth_type == AUTH_TYPE_ANY)
		return true;
	fresh = userlist_load(path, err);
	if (fresh == NULL)
		return false;
	userlist_unref(c->userlist);
	c->userlist = fresh;
	return true;
}

static bool
check_all_shares(const struct config *c, struct err *err)
{
	const char *name;
	size_t i;

	if (!build_check_shares(c, &name, err))
		return false;
	for (i = 0; i < c->nbudgets; i++)
		if (!build_check_share(c, &c->budgets[i], err))
			return false;
	return true;
}

static bool
check_all_routing(const struct config *c, struct err *err)
{
	size_t i;

	for (i = 0; i < c->ndatabases; i++)
		if (!build_check_routing(c, &c->databases[i], err))
			return false;
	return true;
}

struct config *
config_set(const struct config *old, const char *key, const char *value,
    struct err *err)
{
	struct config *c = build_copy(old), *defaults = build_create();
	const struct setting *row;
	struct text t = {0};
	bool ok;

	ok = build_setting(c, key, value, &row, err);
	if (ok && row->when == SETTING_RESTART)
		ok = err_set(err, "%s can be changed by a restart only", key);
	if (ok)
		ok = check_all_shares(c, err) && check_all_routing(c, err);
	if (ok && strcmp(row->name, "auth_dbname") == 0 &&
	    config_is_console(value))
		ok = err_set(err, "auth_dbname: expected a database other "
		    "than the console");
	if (ok) {
		switch (setting_state_of(row, c, defaults)) {
		case SETTING_IMPLEMENTED:
		case SETTING_SILENT:
			break;
		case SETTING_ACCEPTED:
			text_printf(&t, "%s is not implemented yet: it has no "
			    "effect", row->name);
			build_warn(c, t.p);
			text_fini(&t);
			break;
		case SETTING_REFUSED:
			explain_refusal(row, err);
			ok = false;
			break;
		}
	}
	config_unref(defaults);
	if (ok && reread_userlist(c, row, err) &&
	    (!is_about_rules(row) || read_rules(c, err)))
		return c;
	config_unref(c);
	return NULL;
}
