/*
 * fuzz_ini.c - files, auth_files, access rules, name maps and URLs that
 * nobody would write.
 *
 * The first byte says who gets the rest: i a file, u an auth_file, a access
 * rules, m name maps, p a URL, anything else a list of hosts.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/must.h"
#include "base/str.h"
#include "config/build.h"
#include "config/connstr.h"
#include "config/hba.h"
#include "config/ident.h"
#include "config/ini.h"
#include "config/load.h"
#include "config/userlist.h"
#include "test/fuzz/target.h"

/* As load.c does, without its files. */
static bool
on_item(void *arg, const struct ini_item *it, struct err *err)
{
	const struct setting *row;
	struct config *c = arg;

	must(it->line > 0 && it->file != NULL);
	if (it->key == NULL || it->section == NULL)
		return true;
	must(it->key[0] != '\0');
	if (strcmp(it->section, "databases") == 0)
		(void)build_database(c, it->key, it->value, err);
	else if (strcmp(it->section, "users") == 0)
		(void)build_user(c, it->key, it->value, err);
	else if (strcmp(it->section, "peers") == 0)
		(void)build_peer(c, it->key, it->value, err);
	else if (strcmp(it->section, "end") == 0)
		return err_set(err, "end");
	else
		(void)build_setting(c, it->key, it->value, &row, err);
	return true;
}

static void
check(const struct config *c)
{
	const struct config_database *db;
	size_t i;

	for (i = 0; i < c->ndatabases; i++) {
		db = &c->databases[i];
		must(config_database(c, db->name) == db);
		must(db->nhosts > 0 && db->hosts[0].name[0] != '\0');
		must(db->hosts[0].port > 0);
		must(config_pool_size(c, db, NULL) >= 0);
	}
	for (i = 0; i < c->nusers; i++)
		must(config_user(c, c->users[i].name) == &c->users[i]);
}

static void
read_file(const char *text, size_t n)
{
	struct config *c = build_create();
	struct err err;
	FILE *f;

	/* Files that are named are nobody's business here. */
	if (n > 0 && memmem(text, n, "%include", 8) == NULL) {
		f = fmemopen((void *)(uintptr_t)text, n, "r");
		must(f != NULL);
		if (ini_read_stream(f, "f", on_item, c, &err) &&
		    build_finish(c, &err))
			check(c);
		fclose(f);
	}
	config_unref(c);
}

static void
read_users(const char *text, size_t n)
{
	struct err err;
	struct userlist *l = userlist_parse((struct str){ text, n }, "f",
	    &err);
	size_t i;

	for (i = 0; l != NULL && i < userlist_count(l); i++)
		must(userlist_secret(l, userlist_name(l, i)) ==
		    userlist_secret_at(l, i));
	userlist_unref(l);
}

/* Whatever the rules say, they say it about everybody. */
static void
read_rules(const char *text, size_t n)
{
	static const char *const from[] = { "10.0.0.1", "::1", NULL };
	struct addr addr;
	struct hba_query q = {
		.addr = &addr, .database = "db", .alias = "pgbouncer",
		.user = "u",
	};
	struct hba_answer a;
	struct err err;
	struct ident *ident = ident_parse(str_of("m a b\n"), "i", &err);
	struct hba *h = NULL;
	size_t i;

	/* Files that are named are nobody's business here. */
	if (n > 0 && memchr(text, '@', n) == NULL)
		h = hba_parse((struct str){ text, n }, "f", ident, &err);
	for (i = 0; h != NULL && i < 8 * countof(from); i++) {
		addr = (struct addr){ .family = AF_UNIX };
		if (from[i / 8] != NULL)
			must(addr_parse(&addr, from[i / 8], 1));
		q.tls = (i & 1) != 0;
		q.replication = (i & 2) != 0;
		q.alias = (i & 4) != 0 ? "pgbouncer" : NULL;
		a = hba_ask(h, &q);
		must((a.method == HBA_NO_RULE) == (a.line == 0));
		must(a.map == NULL || a.map == ident_map(ident, "m"));
		must(hba_method_name(a.method) != NULL);
	}
	hba_unref(h);
	ident_unref(ident);
}

static bool
is_same(const void *arg, const char *name)
{
	return strcmp(arg, name) == 0;
}

static void
read_maps(const char *text, size_t n)
{
	struct err err;
	struct ident *ident = ident_parse((struct str){ text, n }, "f", &err);
	const struct ident_map *m;

	if (ident == NULL)
		return;
	m = ident_map(ident, "m");
	if (m != NULL)
		(void)ident_allows(m, "b", is_same, "a");
	ident_unref(ident);
}

static void
read_url(const char *text)
{
	struct err err;
	struct config *c = config_from_url(text, &err);

	if (c != NULL) {
		check(c);
		must(c->ndatabases == 1);
		must(userlist_count(c->userlist) == 1);
	}
	config_unref(c);
}

static void
read_hosts(const char *text)
{
	struct err err;
	char **hosts;
	size_t n, i;

	if (connstr_split_hosts(text, &hosts, &n, &err))
		must(n > 0);
	for (i = 0; i < n; i++) {
		must(hosts[i][0] != '\0');
		mem_free(hosts[i]);
	}
	mem_free(hosts);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	char *text;

	if (n == 0)
		return 0;
	text = mem_dup(data + 1, n - 1);
	if (data[0] == 'i')
		read_file(text, n - 1);
	else if (data[0] == 'u')
		read_users(text, n - 1);
	else if (data[0] == 'a')
		read_rules(text, n - 1);
	else if (data[0] == 'm')
		read_maps(text, n - 1);
	else if (data[0] == 'p')
		read_url(text);
	else
		read_hosts(text);
	mem_free(text);
	return 0;
}
