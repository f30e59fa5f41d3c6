/*
 * authquery.c - look-ups of users; see authquery.h.
 *
 * An entry is one user, asked for in one way (database, role and query). It
 * is ASKING while a query is on its way, for all who want to know, and may
 * be KNOWN for a short while afterwards. Who does not exist is not
 * remembered: a user who was just made can log in, and names that somebody
 * invents cost no memory.
 *
 * Failures: the database's own words go to the log, clients get
 * PgBouncer's "bouncer config error". While a host is left alone after a
 * failed login, whoever asks is refused at once.
 */
#include "pool/authquery.h"

#include <stdio.h>
#include <string.h>
#include <xxhash.h>

/* Names come from clients: see database.c. */
#define HASH_FUNCTION(key, n, hash) \
	((hash) = (unsigned)XXH3_64bits_withSeed((key), (n), p->hash_seed))
#include <uthash.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/must.h"
#include "base/str.h"
#include "config/config.h"
#include "pgwire/crypto.h"
#include "pgwire/messages.h"
#include "pgwire/reader.h"
#include "pgwire/secret.h"
#include "pool/database.h"
#include "pool/errand.h"
#include "pool/pool.h"
#include "pool/pools.h"
#include "pool/state.h"

#define NAME_MAX_BYTES 127      /* of a user */
#define CONFIG_ERROR "bouncer config error"

enum entry_state { ENTRY_ASKING, ENTRY_KNOWN };

struct authquery_entry {
	enum entry_state state;
	struct pooler *pooler;
	struct text key;                /* the following, one by one: */
	const char *dbname, *role, *query, *user;
	struct list waits;
	struct wait wait;               /* ASKING: for a server ... */
	struct server *server;          /* ... or of this one; or NULL */
	struct chore retry;             /* ASKING: on another connection */
	bool retried;
	bool outdated;                  /* not to be kept */
	char *name, *secret;            /* of the last row; or NULL */
	char problem[128];              /* of a row; "" if there is none */
	struct mono since;              /* KNOWN */
	UT_hash_handle hh;
};

struct authquery_table {
	struct authquery_entry *entries;
};

/* Whom to ask, and what. */
struct question {
	const char *dbname, *role, *query, *user;
};

struct authquery_table *
authquery_table_create(void)
{
	return mem_alloc(sizeof(struct authquery_table));
}

static void
drop_row(struct authquery_entry *e)
{
	mem_free(e->name);
	if (e->secret != NULL)
		crypto_wipe(e->secret, strlen(e->secret));
	mem_free(e->secret);
	e->name = e->secret = NULL;
}

static void
destroy(struct authquery_entry *e)
{
	must(list_empty(&e->waits) && e->server == NULL);
	pool_cancel(&e->wait);
	chore_cancel(&e->retry);
	HASH_DEL(e->pooler->lookups->entries, e);
	drop_row(e);
	text_fini(&e->key);
	mem_free(e);
}

void
authquery_table_destroy(struct authquery_table *t)
{
	while (t->entries != NULL)
		destroy(t->entries);
	mem_free(t);
}

/*
 * Answers.
 */

/* Tell all who wait. The entry may be gone afterwards. */
static void
tell(struct authquery_entry *e, const struct authquery_answer *a)
{
	struct authquery_wait *w;
	struct list todo, *n;

	list_init(&todo);
	list_splice(&todo, &e->waits);
	LIST_EACH (n, &todo)
		container_of(n, struct authquery_wait, member)->entry = NULL;
	/* Who is told may ask again; then the entry is another one. */
	if (a->result != AUTHQUERY_FOUND)
		destroy(e);
	while ((n = list_pop(&todo)) != NULL) {
		w = container_of(n, struct authquery_wait, member);
		w->on_answer(w, a);
	}
}

static struct authquery_answer
failed(const char *sqlstate, const char *why)
{
	struct authquery_answer a = {
		.result = AUTHQUERY_FAILED, .sqlstate = sqlstate,
	};

	snprintf(a.why, sizeof a.why, "%s", why);
	return a;
}

static void
tell_failure(struct authquery_entry *e, const char *sqlstate)
{
	struct authquery_answer a = failed(sqlstate, CONFIG_ERROR);

	e->server = NULL;
	tell(e, &a);
}

/* The answers lie in copies, since the entry may change while they are
 * given out. */
static void
tell_row(struct authquery_entry *e)
{
	struct authquery_answer a = { .result = AUTHQUERY_FOUND };
	char *name = mem_strdup(e->name), *secret = mem_strdup(e->secret);

	a.name = name;
	a.secret = secret;
	e->state = ENTRY_KNOWN;
	e->since = loop_now(e->pooler->loop);
	if (e->outdated || e->pooler->config->auth_query_cache == 0) {
		/* Known, but already out of date: the next sweep takes it. */
		e->outdated = true;
		drop_row(e);
	}
	tell(e, &a);
	mem_free(name);
	crypto_wipe(secret, strlen(secret));
	mem_free(secret);
}

/*
 * Asking.
 */

static void
on_row(struct server *s, const void *body, size_t n)
{
	struct authquery_entry *e = s->errand.context;
	struct reader r = reader_of(body, n);
	unsigned columns = reader_u16(&r);
	int32_t len[2] = { -1, -1 };
	struct str value[2] = { { "", 0 }, { "", 0 } };
	size_t i;

	drop_row(e);
	if (columns != 2) {
		snprintf(e->problem, sizeof e->problem, "expected 2 columns "
		    "from auth_query, not %u", columns);
		return;
	}
	for (i = 0; i < 2; i++) {
		len[i] = reader_i32(&r);
		if (len[i] != -1)
			value[i] = reader_bytes(&r, (size_t)len[i]);
	}
	if (!reader_done(&r))
		snprintf(e->problem, sizeof e->problem,
		    "broken answer to auth_query");
	else if (len[0] == -1)
		snprintf(e->problem, sizeof e->problem, "auth_query response "
		    "contained null user name");
	else if (value[0].n == 0 || value[0].n > NAME_MAX_BYTES ||
	    memchr(value[0].p, '\0', value[0].n) != NULL)
		snprintf(e->problem, sizeof e->problem, "auth_query response "
		    "contained an unusable user name");
	else {
		e->name = mem_dup(value[0].p, value[0].n);
		/* What cannot be a secret is none: nothing matches it. */
		if (value[1].n > SECRET_MAX || (value[1].n > 0 &&
		    memchr(value[1].p, '\0', value[1].n) != NULL))
			value[1].n = 0;
		e->secret = mem_dup(value[1].p, value[1].n);
	}
}

static void
on_done(struct server *s, const struct failure *f)
{
	struct authquery_entry *e = s->errand.context;
	struct failure copy;

	if (f != NULL) {
		copy = *f;
		log_error(&s->log, "error in auth_query: %s%s", copy.message,
		    strcmp(copy.sqlstate, "42P01") == 0 ||
		    strcmp(copy.sqlstate, "42883") == 0 ?
		    " (its search_path is pg_catalog: schemas have to be "
		    "written out)" : "");
	} else if (e->problem[0] != '\0') {
		log_error(&s->log, "%s", e->problem);
	}
	e->server = NULL;
	pool_settle(s);
	if (f != NULL || e->problem[0] != '\0') {
		tell_failure(e, SQLSTATE_INVALID_AUTHORIZATION);
	} else if (e->name == NULL) {
		struct authquery_answer a = { .result = AUTHQUERY_NOBODY };

		tell(e, &a);
	} else {
		tell_row(e);
	}
}

/* The connection broke, perhaps because it had been idle for long: another
 * one may be fine. */
static void
on_lost(struct server *s)
{
	struct authquery_entry *e = s->errand.context;

	e->server = NULL;
	chore_add(e->pooler->loop, &e->retry);
}

static void
on_granted(struct wait *w, struct server *s)
{
	struct authquery_entry *e = container_of(w, struct authquery_entry,
	    wait);
	const struct errand_question q = {
		.name = "auth_query", .sql = e->query,
		.value = e->user,
		.on_row = on_row, .on_done = on_done, .on_lost = on_lost,
		.context = e,
	};

	e->server = s;
	server_set_state(s, SERVER_TESTED);
	errand_ask(s, &q);
}

/* An automatic database that cannot be asked was perhaps just invented:
 * do not keep it for long. */
static void
doubt(const struct pooler *p, struct database *db)
{
	if (db->automatic && db->nclients == 0 && db->npools <= 1)
		db->unused_since = mono_after(loop_now(p->loop),
		    -p->config->autodb_idle_timeout - 1);
}

static void
on_refused(struct wait *w, const struct failure *f)
{
	struct authquery_entry *e = container_of(w, struct authquery_entry,
	    wait);
	struct database *db = database_find(e->pooler, e->dbname);

	(void)f;        /* the pool has logged it */
	if (db != NULL)
		doubt(e->pooler, db);
	tell_failure(e, SQLSTATE_CANNOT_CONNECT_NOW);
}

static void
start(struct authquery_entry *e)
{
	struct pooler *p = e->pooler;
	struct database *db = database_get(p, e->dbname);
	struct authquery_answer a;

	drop_row(e);
	e->problem[0] = '\0';
	e->state = ENTRY_ASKING;
	if (db == NULL) {
		log_error(NULL, "auth_query: no such database: %s",
		    e->dbname);
		tell_failure(e, SQLSTATE_INVALID_AUTHORIZATION);
	} else if (db->disabled) {
		a = failed(SQLSTATE_CANNOT_CONNECT_NOW, "");
		snprintf(a.why, sizeof a.why, "authentication database "
		    "\"%.63s\" is disabled", e->dbname);
		tell(e, &a);
	} else {
		db->unused_since = loop_now(p->loop);
		pool_acquire(pools_get_auth(p, db, e->role), &e->wait);
	}
}

static void
on_retry(struct chore *c)
{
	struct authquery_entry *e = container_of(c, struct authquery_entry,
	    retry);

	if (e->retried || list_empty(&e->waits) || e->pooler->stopping) {
		tell_failure(e, SQLSTATE_CANNOT_CONNECT_NOW);
		return;
	}
	e->retried = true;
	start(e);
}

/* Append a string and its NUL byte; returns where it begins. */
static size_t
add_part(struct text *t, const char *part)
{
	size_t at = t->n;

	text_add(t, part, strlen(part) + 1);
	return at;
}

static struct authquery_entry *
find_or_make(struct pooler *p, const struct question *q)
{
	struct authquery_entry *e;
	struct text key = { 0 };
	size_t at[4];

	at[0] = add_part(&key, q->dbname);
	at[1] = add_part(&key, q->role);
	at[2] = add_part(&key, q->query);
	at[3] = add_part(&key, q->user);
	HASH_FIND(hh, p->lookups->entries, key.p, key.n, e);
	if (e != NULL) {
		text_fini(&key);
		return e;
	}
	e = mem_alloc(sizeof *e);
	e->pooler = p;
	e->key = key;
	e->dbname = key.p + at[0];
	e->role = key.p + at[1];
	e->query = key.p + at[2];
	e->user = key.p + at[3];
	e->state = ENTRY_KNOWN;
	e->outdated = true;
	list_init(&e->waits);
	list_init(&e->wait.member);
	e->wait.want = WANT_SERVER;
	e->wait.granted = on_granted;
	e->wait.refused = on_refused;
	chore_init(&e->retry, on_retry);
	HASH_ADD_KEYPTR(hh, p->lookups->entries, e->key.p, e->key.n, e);
	return e;
}

static bool
is_fresh(const struct authquery_entry *e)
{
	const struct pooler *p = e->pooler;

	return e->state == ENTRY_KNOWN && !e->outdated &&
	    mono_between(e->since, loop_now(p->loop)) <
	    p->config->auth_query_cache;
}

static bool
may_use(const struct authquery_entry *e, enum authquery_cache cache)
{
	if (!is_fresh(e))
		return false;
	switch (cache) {
	case CACHE_NOTHING:
		return false;
	case CACHE_BUT_SCRAM:
		return secret_classify(str_of(e->secret)) != SECRET_SCRAM;
	case CACHE_ALL:
		break;
	}
	return true;
}

/* The first of three that says something; NULL if none does. */
static const char *
choose(const char *a, const char *b, const char *c)
{
	if (a != NULL && a[0] != '\0')
		return a;
	if (b != NULL && b[0] != '\0')
		return b;
	return c != NULL && c[0] != '\0' ? c : NULL;
}

/* Is there somebody to ask? */
static bool
resolve(const struct pooler *p, const char *database, struct question *q)
{
	const struct config *cfg = p->config;
	const bool is_console = config_is_console(database);
	const struct config_database *e = is_console ? NULL :
	    config_database(cfg, database);

	if (e == NULL && !is_console)
		return false;
	q->role = choose(e != NULL ? e->auth_user : NULL, cfg->auth_user,
	    NULL);
	q->query = choose(e != NULL ? e->auth_query : NULL, cfg->auth_query,
	    NULL);
	/* The console has no users to ask for. */
	q->dbname = choose(e != NULL ? e->auth_dbname : NULL,
	    cfg->auth_dbname, is_console ? NULL : database);
	return q->role != NULL && q->query != NULL && q->dbname != NULL;
}

void
authquery_ask(struct pooler *p, const char *database, const char *user,
    enum authquery_cache cache, struct authquery_wait *w)
{
	struct authquery_answer a = { .result = AUTHQUERY_NOBODY };
	struct question q = { .user = user };
	struct authquery_entry *e;

	must(w->entry == NULL);
	if (!resolve(p, database, &q)) {
		w->on_answer(w, &a);
		return;
	}
	if (config_is_console(q.dbname)) {
		a = failed(SQLSTATE_INVALID_AUTHORIZATION, CONFIG_ERROR);
		w->on_answer(w, &a);
		return;
	}
	e = find_or_make(p, &q);
	if (may_use(e, cache)) {
		a.result = AUTHQUERY_FOUND;
		a.name = e->name;
		a.secret = e->secret;
		a.cached = true;
		w->on_answer(w, &a);
		return;
	}
	w->entry = e;
	list_init(&w->member);
	list_append(&e->waits, &w->member);
	if (e->state == ENTRY_ASKING)
		return;
	e->retried = e->outdated = false;
	start(e);
}

/* Nobody wants to know, and nothing is under way that would come back. */
static bool
is_abandoned(const struct authquery_entry *e)
{
	return e->state == ENTRY_ASKING && list_empty(&e->waits) &&
	    e->server == NULL && list_empty(&e->retry.member);
}

void
authquery_cancel(struct authquery_wait *w)
{
	struct authquery_entry *e = w->entry;

	if (e == NULL)
		return;
	w->entry = NULL;
	list_remove(&w->member);
	if (is_abandoned(e))
		destroy(e);
}

void
authquery_sweep(struct pooler *p)
{
	struct authquery_entry *e, *next;

	HASH_ITER (hh, p->lookups->entries, e, next)
		if (e->state == ENTRY_KNOWN && !is_fresh(e))
			destroy(e);
}

/* Who waits for a database that is gone would wait for ever. */
void
authquery_reload(struct pooler *p)
{
	struct authquery_entry *e, *next;

	HASH_ITER (hh, p->lookups->entries, e, next) {
		e->outdated = true;
		if (e->wait.pool != NULL &&
		    e->wait.pool->database->entry == NULL) {
			pool_cancel(&e->wait);
			chore_add(p->loop, &e->retry);
		}
	}
	authquery_sweep(p);
}
