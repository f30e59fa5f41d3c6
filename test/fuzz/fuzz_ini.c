/*
 * fuzz_ini.c - files, auth_files and URLs that nobody would write.
 *
 * The first byte says who gets the rest: i a file, u an auth_file, p a URL,
 * anything else a list of hosts.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/must.h"
#include "base/str.h"
#include "config/build.h"
#include "config/connstr.h"
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
	else if (data[0] == 'p')
		read_url(text);
	else
		read_hosts(text);
	mem_free(text);
	return 0;
}
