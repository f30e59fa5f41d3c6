/*
 * user.c - users by name, with what is known of their secrets.
 *
 * One identity for one name, wherever it comes from: the userlist, the
 * [users] section, a forced user.
 */
#include "pool/user.h"

#include <string.h>
#include <xxhash.h>

/* Names come from clients: the hash is seeded, so that nobody can choose
 * names that all fall into one bucket. Every function that looks something
 * up has the pooler as p. */
#define HASH_FUNCTION(key, n, hash) \
	((hash) = (unsigned)XXH3_64bits_withSeed((key), (n), p->hash_seed))
#include <uthash.h>

#include "base/mem.h"
#include "base/must.h"
#include "cluster/credentials.h"
#include "config/config.h"
#include "config/userlist.h"
#include "pool/state.h"

struct entry {
	struct user user;
	UT_hash_handle hh;
};

struct user_table {
	struct entry *entries;
};

struct user_table *
user_table_create(void)
{
	return mem_alloc(sizeof(struct user_table));
}

static void
destroy(struct entry *e)
{
	HASH_DEL(e->user.table->entries, e);
	quota_fini(&e->user.servers.quota);
	credentials_destroy(e->user.credentials);
	mem_free(e->user.name);
	mem_free(e);
}

void
user_table_destroy(struct user_table *t)
{
	while (t->entries != NULL) {
		must(t->entries->user.refs == 0);
		destroy(t->entries);
	}
	mem_free(t);
}

struct user *
user_find(const struct pooler *p, const char *name)
{
	struct entry *e;

	HASH_FIND_STR(p->users->entries, name, e);
	return e != NULL ? &e->user : NULL;
}

static struct user *
make(struct pooler *p, const char *name)
{
	const char *secret = config_secret(p->config, name);
	struct entry *e = mem_alloc(sizeof *e);
	struct user *u = &e->user;

	u->name = mem_strdup(name);
	quota_count_init(&u->servers, p->loop);
	u->known = secret != NULL;
	u->credentials = credentials_create(name, secret);
	u->table = p->users;
	u->place = e;
	HASH_ADD_KEYPTR(hh, p->users->entries, u->name, strlen(u->name), e);
	return u;
}

struct user *
user_acquire(struct pooler *p, const char *name)
{
	struct user *u = user_find(p, name);

	if (u == NULL)
		u = make(p, name);
	u->refs++;
	return u;
}

void
user_release(struct user *u)
{
	must(u->refs > 0);
	if (--u->refs == 0 && !u->known)
		destroy(u->place);
}

void
user_refresh(struct pooler *p)
{
	const struct userlist *list = p->config->userlist;
	struct entry *e, *next;
	size_t i;

	HASH_ITER (hh, p->users->entries, e, next) {
		struct user *u = &e->user;
		const char *secret = config_secret(p->config, u->name);

		u->known = secret != NULL;
		if (!credentials_same(u->credentials, u->name, secret)) {
			credentials_destroy(u->credentials);
			u->credentials = credentials_create(u->name, secret);
		}
		if (u->refs == 0 && !u->known)
			destroy(e);
	}
	for (i = 0; list != NULL && i < userlist_count(list); i++)
		if (user_find(p, userlist_name(list, i)) == NULL)
			make(p, userlist_name(list, i));
}

const struct config_user *
user_config(const struct pooler *p, const struct user *u)
{
	return config_user(p->config, u->name);
}

static int
by_name(const struct entry *a, const struct entry *b)
{
	return strcmp(a->user.name, b->user.name);
}

struct user *
user_next(const struct pooler *p, const struct user *u)
{
	struct entry *e;

	if (u == NULL) {
		HASH_SORT(p->users->entries, by_name);
		e = p->users->entries;
	} else {
		e = ((struct entry *)u->place)->hh.next;
	}
	return e != NULL ? &e->user : NULL;
}
