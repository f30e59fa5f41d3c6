/*
 * database.c - databases by the names that clients use.
 */
#include "pool/database.h"

#include <string.h>
#include <xxhash.h>

/* Names come from clients: the hash is seeded, so that nobody can choose
 * names that all fall into one bucket. Every function that looks something
 * up has the pooler as p. */
#define HASH_FUNCTION(key, n, hash) \
	((hash) = (unsigned)XXH3_64bits_withSeed((key), (n), p->hash_seed))
#include <uthash.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/must.h"
#include "cluster/credentials.h"
#include "config/config.h"
#include "pool/state.h"
#include "sql/verdicts.h"

#define VERDICTS 4096u          /* texts whose class is remembered */

struct entry {
	struct database database;
	UT_hash_handle hh;
};

struct database_table {
	struct entry *entries;
};

struct database_table *
database_table_create(void)
{
	return mem_alloc(sizeof(struct database_table));
}

static void
destroy(struct entry *e)
{
	HASH_DEL(e->database.table->entries, e);
	topology_release(e->database.topology);
	quota_fini(&e->database.servers.quota);
	credentials_destroy(e->database.forced);
	mem_free(e->database.name);
	mem_free(e);
}

void
database_table_destroy(struct database_table *t)
{
	while (t->entries != NULL)
		destroy(t->entries);
	mem_free(t);
}

struct database *
database_find(const struct pooler *p, const char *name)
{
	struct entry *e;

	HASH_FIND_STR(p->databases->entries, name, e);
	return e != NULL ? &e->database : NULL;
}

/* Know the roles of its hosts, if these matter. The new ones are taken
 * before the old ones are let go: what is known of a host stays known. */
static void
follow_hosts(struct pooler *p, struct database *db)
{
	struct topology *before = db->topology;

	db->topology = db->entry != NULL &&
	    config_is_routed(p->config, db->entry) ?
	    topology_acquire(&p->topologies, db->entry) : NULL;
	topology_release(before);
	if (db->topology != NULL && p->verdicts == NULL)
		p->verdicts = verdicts_create(VERDICTS,
		    VERDICTS_BYTES_PER_SECOND);
}

/* Take over the entry and the forced user that it names. */
static void
adopt(struct pooler *p, struct database *db,
    const struct config_database *entry)
{
	const char *secret = NULL;

	db->entry = entry;
	follow_hosts(p, db);
	if (entry == NULL)
		return;
	if (entry->user != NULL)
		secret = entry->password != NULL ? entry->password :
		    config_secret(p->config, entry->user);
	if (entry->user != NULL && db->forced != NULL &&
	    credentials_same(db->forced, entry->user, secret))
		return;
	credentials_destroy(db->forced);
	db->forced = entry->user != NULL ?
	    credentials_create(entry->user, secret) : NULL;
}

static struct database *
make(struct pooler *p, const char *name, const struct config_database *entry)
{
	struct entry *e = mem_alloc(sizeof *e);
	struct database *db = &e->database;

	db->name = mem_strdup(name);
	quota_count_init(&db->servers, p->loop);
	db->automatic = strcmp(entry->name, name) != 0;
	db->table = p->databases;
	db->place = e;
	HASH_ADD_KEYPTR(hh, p->databases->entries, db->name,
	    strlen(db->name), e);
	adopt(p, db, entry);
	return db;
}

struct database *
database_get(struct pooler *p, const char *name)
{
	struct database *db = database_find(p, name);
	const struct config_database *entry;

	if (db != NULL)
		return db->entry != NULL ? db : NULL;
	entry = config_database(p->config, name);
	if (entry == NULL || strlen(name) > 63)
		return NULL;
	db = make(p, name, entry);
	db->unused_since = loop_now(p->loop);
	log_info(NULL, "registered new auto-database: %s", name);
	return db;
}

void
database_load(struct pooler *p)
{
	const struct config *cfg = p->config;
	const struct config_database *c;
	struct entry *e, *next;
	size_t i;

	HASH_ITER (hh, p->databases->entries, e, next) {
		c = config_database(cfg, e->database.name);
		/* Once listed, a name does not live on as an automatic one;
		 * and the other way round it just becomes listed. */
		if (c != NULL && strcmp(c->name, "*") == 0 &&
		    !e->database.automatic)
			c = NULL;
		if (c != NULL)
			e->database.automatic = strcmp(c->name, "*") == 0 &&
			    strcmp(e->database.name, "*") != 0;
		adopt(p, &e->database, c);
	}
	for (i = 0; i < cfg->ndatabases; i++) {
		c = &cfg->databases[i];
		if (strcmp(c->name, "*") != 0 &&
		    database_find(p, c->name) == NULL)
			make(p, c->name, c);
	}
}

void
database_forget(struct database *db)
{
	must(db->nclients == 0 && db->npools == 0 &&
	    db->servers.held == 0);
	destroy(db->place);
}

const char *
database_dbname(const struct database *db)
{
	return config_dbname(db->entry, db->name);
}

static int
by_name(const struct entry *a, const struct entry *b)
{
	return strcmp(a->database.name, b->database.name);
}

struct database *
database_next(const struct pooler *p, const struct database *db)
{
	struct entry *e;

	if (db == NULL) {
		HASH_SORT(p->databases->entries, by_name);
		e = p->databases->entries;
	} else {
		e = ((struct entry *)db->place)->hh.next;
	}
	return e != NULL ? &e->database : NULL;
}
