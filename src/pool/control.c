/*
 * control.c - pausing, killing, draining; see control.h. How all comes to a
 * standstill is in suspend.c.
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
#include "config/load.h"
#include "pgwire/messages.h"
#include "pool/client.h"
#include "pool/database.h"
#include "pool/pool.h"
#include "pool/pools.h"
#include "pool/server.h"
#include "pool/state.h"
#include "pool/suspend.h"

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

/* Those that are to be closed and were there when the wait began: with
 * server_lifetime = 0 each server is closed after use, so counting the new
 * ones too might never end. */
static bool
is_one_closing(const struct pooler *p, const struct control_wait *w)
{
	uint32_t cursor = 0;
	const struct server *s;

	while ((s = roster_next(&p->servers, &cursor)) != NULL)
		if (s->state != SERVER_CLOSING && s->close_needed &&
		    s->id < w->before && (w->database == NULL ||
		    strcmp(s->pool->database->name, w->database) == 0))
			return true;
	return false;
}

static bool
is_reached(const struct pooler *p, const struct control_wait *w)
{
	switch (w->goal) {
	case GOAL_PAUSED:
		return count_servers(p, w->database) == 0;
	case GOAL_SUSPENDED:
		return p->still;
	case GOAL_CLOSED:
		return !is_one_closing(p, w);
	}
	return true;
}

/* Done already, or when that is reached. */
static enum control
await(struct pooler *p, struct control_wait *w, enum control_goal goal)
{
	w->goal = goal;
	w->before = p->next_id;
	list_init(&w->member);
	if (is_reached(p, w))
		return CONTROL_DONE;
	list_append(&p->control_waits, &w->member);
	return CONTROL_WAIT;
}

static bool
has_no_server(const struct pooler *p)
{
	uint32_t cursor = 0;

	return roster_next(&p->servers, &cursor) == NULL;
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
		/* What our servers hold of the budget is the successor's as
		 * soon as we have ended. */
		return p->counts.all == 0 &&
		    (!p->succeeded || has_no_server(p));
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
		if (!is_reached(p, w))
			continue;
		list_remove(&w->member);
		w->on_done(w, true);
	}
}

static void
close_idle(struct pooler *p, const struct database *db)
{
	struct list *n;

	LIST_EACH (n, &p->pools)
		if (is_meant(pool_of(n), db))
			pool_close_idle(pool_of(n), "pause mode");
}

void
control_review(struct pooler *p)
{
	review_waits(p);
	if (p->suspended && !p->stopping && p->counts.console == 0) {
		log_warning(NULL, "nobody is left on the console: end of "
		    "SUSPEND");
		(void)control_resume(p, NULL);
	}
	if (p->succeeded && p->draining && p->counts.all == 0 && !p->paused) {
		p->paused = true;
		close_idle(p, NULL);
	}
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

enum control
control_pause(struct pooler *p, const char *name, struct control_wait *w)
{
	struct database *db = NULL;
	enum control rc;

	if (p->draining)
		return CONTROL_SHUTTING_DOWN;
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
	return w != NULL ? await(p, w, GOAL_PAUSED) : CONTROL_DONE;
}

enum control
control_suspend(struct pooler *p, struct control_wait *w)
{
	const struct database *db = NULL;

	if (p->draining)
		return CONTROL_SHUTTING_DOWN;
	if (p->paused || p->suspended)
		return CONTROL_ALREADY;
	while ((db = database_next(p, db)) != NULL)
		if (db->paused)
			return CONTROL_DATABASE_PAUSED;
	suspend_begin(p);
	return await(p, w, GOAL_SUSPENDED);
}

enum control
control_wait_close(struct pooler *p, const char *name, struct control_wait *w)
{
	enum control rc;

	if (name != NULL && find(p, name, true, &rc) == NULL)
		return rc;
	return await(p, w, GOAL_CLOSED);
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
		if (w->goal == GOAL_CLOSED)
			continue;
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
		p->paused = false;
		if (p->suspended)
			suspend_end(p);
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

static bool
is_logged_in(const struct client *c)
{
	return c->state == CLIENT_IDLE || c->state == CLIENT_WAITING ||
	    c->state == CLIENT_ACTIVE || c->state == CLIENT_CONSOLE;
}

enum control
control_kill_client(struct pooler *p, uint64_t id)
{
	uint32_t cursor = 0;
	struct client *c;

	while ((c = roster_next(&p->clients, &cursor)) != NULL) {
		if (c->id != id || !is_logged_in(c))
			continue;
		client_fail(c, SQLSTATE_ADMIN_SHUTDOWN,
		    "admin forced disconnect");
		return CONTROL_DONE;
	}
	return CONTROL_NO_SUCH_CLIENT;
}

enum control
control_disable(struct pooler *p, const char *name)
{
	enum control rc;
	struct database *db = find(p, name, true, &rc);

	if (db != NULL)
		db->disabled = true;
	return rc;
}

enum control
control_enable(struct pooler *p, const char *name)
{
	enum control rc;
	struct database *db = find(p, name, false, &rc);

	if (db != NULL)
		db->disabled = false;
	return rc;
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

bool
control_set(struct pooler *p, const char *key, const char *value,
    struct err *err)
{
	struct config *fresh;
	bool ok;

	if (p->program.apply == NULL)
		return err_set(err, "settings cannot be changed here");
	fresh = config_set(p->config, key, value, err);
	if (fresh == NULL)
		return false;
	ok = p->program.apply(p->program.context, fresh, err);
	config_unref(fresh);
	return ok;
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

	if (!first && mode > p->shutdown)
		mode = p->shutdown;
	if (p->suspended)
		(void)control_resume(p, NULL);
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

void
control_hand_over(struct pooler *p)
{
	control_let_in(p);
	control_shutdown(p, SHUTDOWN_WAIT_FOR_CLIENTS);
}

void
control_let_in(struct pooler *p)
{
	p->succeeded = true;
}

struct control_state
control_state(const struct pooler *p)
{
	return (struct control_state){
		.active = !p->paused && !p->suspended,
		.paused = p->paused,
		.suspended = p->suspended,
		.shutting_down = p->draining,
		.waits_for_clients = p->draining &&
		    p->shutdown == SHUTDOWN_WAIT_FOR_CLIENTS,
	};
}
