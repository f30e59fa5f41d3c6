/*
 * control.c - pausing, killing, draining; see control.h.
 *
 * Whoever waits for servers or clients to go is looked at by a chore when
 * one has gone, so an operator's callback never runs in the middle of
 * somebody's departure.
 */
#include "pool/control.h"

#include <string.h>

#include "base/log.h"
#include "base/must.h"
#include "config/config.h"
#include "pgwire/messages.h"
#include "pool/client.h"
#include "pool/database.h"
#include "pool/pool.h"
#include "pool/pools.h"
#include "pool/server.h"
#include "pool/state.h"

static struct pool *
pool_of(struct list *n)
{
	return container_of(n, struct pool, member);
}

/* Do these servers concern somebody who named this database, or all? */
static bool
is_meant(const struct pool *p, const struct database *db)
{
	return db == NULL || p->database == db;
}

static uint32_t
count_servers(const struct pooler *p, const char *database)
{
	struct list *n;
	uint32_t sum = 0;

	LIST_EACH (n, &p->pools)
		if (database == NULL || strcmp(pool_of(n)->database->name,
		    database) == 0)
			sum += pools_servers(pool_of(n));
	return sum;
}

static bool
is_drained(const struct pooler *p)
{
	switch (p->shutdown) {
	case SHUTDOWN_NOW:
		return true;
	case SHUTDOWN_WAIT_FOR_SERVERS:
		return count_servers(p, NULL) == 0;
	case SHUTDOWN_WAIT_FOR_CLIENTS:
		return p->counts.all == 0;
	}
	return true;
}

static void
review_waits(struct pooler *p)
{
	struct control_wait *w;
	struct list *n, *next;

	LIST_EACH_SAFE (n, next, &p->control_waits) {
		w = container_of(n, struct control_wait, member);
		if (count_servers(p, w->database) > 0)
			continue;
		list_remove(&w->member);
		w->on_done(w, true);
	}
}

void
control_review(struct pooler *p)
{
	review_waits(p);
	if (!p->draining || p->stopping || !is_drained(p))
		return;
	if (p->shutdown != SHUTDOWN_NOW)
		log_info(NULL, "%s connections dropped, exiting",
		    p->shutdown == SHUTDOWN_WAIT_FOR_SERVERS ? "server" :
		    "client");
	p->stopping = true;
	if (p->program.stopped != NULL)
		p->program.stopped(p->program.context);
}

/* The database of a command; NULL with *rc set if it cannot be one. */
static struct database *
find(struct pooler *p, const char *name, bool make, enum control *rc)
{
	struct database *db;

	*rc = CONTROL_NO_SUCH_DATABASE;
	if (config_is_console(name)) {
		*rc = CONTROL_IS_CONSOLE;
		return NULL;
	}
	db = make ? database_get(p, name) : database_find(p, name);
	if (db != NULL)
		*rc = CONTROL_DONE;
	return db;
}

static void
close_idle(struct pooler *p, const struct database *db)
{
	struct list *n;

	LIST_EACH (n, &p->pools)
		if (is_meant(pool_of(n), db))
			pool_close_idle(pool_of(n), "pause mode");
}

enum control
control_pause(struct pooler *p, const char *name, struct control_wait *w)
{
	struct database *db = NULL;
	enum control rc;

	if (p->paused || p->suspended)
		return CONTROL_ALREADY;
	if (name != NULL) {
		db = find(p, name, true, &rc);
		if (db == NULL)
			return rc;
		db->paused = true;
	} else {
		p->paused = true;
	}
	close_idle(p, db);
	if (w == NULL || count_servers(p, name) == 0)
		return CONTROL_DONE;
	list_init(&w->member);
	list_append(&p->control_waits, &w->member);
	return CONTROL_WAIT;
}

void
control_wait_cancel(struct control_wait *w)
{
	list_remove(&w->member);
}

/* Whoever waits for this pause hears that it has been ended. */
static void
end_waits(struct pooler *p, const char *database)
{
	struct control_wait *w;
	struct list *n, *next;

	LIST_EACH_SAFE (n, next, &p->control_waits) {
		w = container_of(n, struct control_wait, member);
		if (database != NULL && (w->database == NULL ||
		    strcmp(w->database, database) != 0))
			continue;
		if (database == NULL && w->database != NULL)
			continue;
		list_remove(&w->member);
		w->on_done(w, false);
	}
}

enum control
control_resume(struct pooler *p, const char *name)
{
	struct database *db = NULL;
	struct list *n;
	enum control rc;

	if (p->draining)
		return CONTROL_SHUTTING_DOWN;
	if (name != NULL) {
		db = find(p, name, false, &rc);
		if (db == NULL)
			return rc;
		if (!db->paused)
			return CONTROL_NOT_PAUSED;
		db->paused = false;
	} else {
		if (!p->paused && !p->suspended)
			return CONTROL_NOT_PAUSED;
		p->paused = p->suspended = false;
	}
	end_waits(p, db != NULL ? db->name : NULL);
	LIST_EACH (n, &p->pools)
		if (is_meant(pool_of(n), db))
			pool_serve(pool_of(n));
	return CONTROL_DONE;
}

void
control_drop_clients(struct pooler *p, const struct database *db,
    const char *sqlstate, const char *why)
{
	uint32_t cursor = 0;
	struct client *c;

	while ((c = roster_next(&p->clients, &cursor)) != NULL)
		if (c->database != NULL && (db == NULL || c->database == db))
			client_fail(c, sqlstate, "%s", why);
}

enum control
control_kill(struct pooler *p, const char *name)
{
	struct database *db = NULL;
	enum control rc;

	if (p->suspended || (p->paused && name != NULL))
		return CONTROL_ALREADY;
	if (name != NULL) {
		db = find(p, name, true, &rc);
		if (db == NULL)
			return rc;
		db->paused = true;
	} else {
		p->paused = true;
	}
	control_drop_clients(p, db, SQLSTATE_ADMIN_SHUTDOWN,
	    "database removed");
	close_idle(p, db);
	return CONTROL_DONE;
}

enum control
control_reconnect(struct pooler *p, const char *name)
{
	struct database *db = NULL;
	struct list *n;
	enum control rc;

	if (name != NULL) {
		db = find(p, name, true, &rc);
		if (db == NULL)
			return rc;
	}
	LIST_EACH (n, &p->pools)
		if (is_meant(pool_of(n), db))
			pool_reconnect(pool_of(n), "close_needed");
	return CONTROL_DONE;
}

bool
control_reload(struct pooler *p, struct err *err)
{
	if (p->program.reload == NULL)
		return err_set(err, "there is no configuration file");
	return p->program.reload(p->program.context, err);
}

/* Those who wait for a server will not get one any more. */
static void
refuse_waiting(struct pooler *p)
{
	static const struct failure f = {
		.sqlstate = SQLSTATE_CANNOT_CONNECT_NOW,
		.message = "server shutting down",
	};
	struct list *n;

	LIST_EACH (n, &p->pools)
		pool_refuse_all(pool_of(n), &f);
}

void
control_shutdown(struct pooler *p, enum shutdown_mode mode)
{
	bool first = !p->draining;

	p->draining = true;
	p->shutdown = mode;
	if (first && p->program.stop_listening != NULL)
		p->program.stop_listening(p->program.context);
	if (mode == SHUTDOWN_WAIT_FOR_SERVERS) {
		p->paused = true;
		refuse_waiting(p);
		close_idle(p, NULL);
	}
	chore_add(p->loop, &p->review);
}

struct control_state
control_state(const struct pooler *p)
{
	return (struct control_state){
		.active = !p->paused && !p->suspended,
		.paused = p->paused,
		.suspended = p->suspended,
		.shutting_down = p->draining,
	};
}
