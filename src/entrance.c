/*
 * entrance.c - opening the door.
 *
 * The configuration says where we listen. A socket that the process before
 * us has at such a place is used as it is, so that nobody who connects
 * meanwhile is refused; what it listens on beyond that is closed in the end.
 * Only sockets of the service manager are taken as they are, wherever they
 * lead: it knows best, and listen_addr is ignored.
 */
#include "entrance.h"

#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/must.h"
#include "base/str.h"
#include "config/config.h"

#include "service.h"

static bool
has_text(const char *s)
{
	return s != NULL && s[0] != '\0';
}

void
entrance_init(struct entrance *e, int inherited)
{
	*e = (struct entrance){ .inherited = inherited };
	e->takeover.fd = e->takeover.control = -1;
}

bool
entrance_claim(struct entrance *e, const struct config *c, struct err *err)
{
	char *path;
	bool ok;

	if (e->inherited > 0)
		return err_set(err, "-R is not for a process that gets its "
		    "sockets from the service manager");
	if (!has_text(c->unix_socket_dir))
		return err_set(err, "-R needs unix_socket_dir, where the "
		    "running process is found");
	path = handover_path(c->unix_socket_dir, c->listen_port);
	ok = takeover_begin(&e->takeover, path, err);
	e->claimed = ok && e->takeover.fd != -1;
	if (ok && !e->claimed)
		log_info(NULL, "no process to take over from at %s: an "
		    "ordinary start", path);
	mem_free(path);
	return ok;
}

bool
entrance_has_predecessor(const struct entrance *e)
{
	return e->takeover.fd != -1;
}

void
entrance_set_up(struct entrance *e, struct loop *loop,
    const struct listener_options *o, void (*on_accept)(struct listeners *,
    int, const struct addr *, const struct addr *),
    const struct handover_hooks *hooks)
{
	listeners_init(&e->listeners, loop, o, on_accept);
	handover_init(&e->handover, loop, &e->listeners, hooks);
}

/*
 * Opening.
 */

static bool
listen_tcp(struct entrance *e, const struct config *c, unsigned *n,
    struct err *err)
{
	char *list = mem_strdup(c->listen_addr), *next = list, *word;
	bool any = false;

	*n = 0;
	while ((word = strsep(&next, ",")) != NULL) {
		const struct str host = str_trim(str_of(word));

		if (host.n == 0)
			continue;
		any = true;
		word = mem_dup(host.p, host.n);
		*n += listeners_open_tcp(&e->listeners, word,
		    (uint16_t)c->listen_port);
		mem_free(word);
	}
	mem_free(list);
	if (any && *n == 0)
		return err_set(err, "failed to listen on any address in "
		    "listen_addr list: %s", c->listen_addr);
	return true;
}

static bool
listen_unix(struct entrance *e, const struct config *c, struct err *err)
{
	char *path = mem_printf("%s/.s.PGSQL.%d", c->unix_socket_dir,
	    c->listen_port);
	char *lock = mem_printf("%s.lock", path);
	bool ok;

	/* A PostgreSQL server with our directory and port has this file. */
	if (path[0] != '@' && access(lock, F_OK) == 0)
		ok = err_set(err, "unix port %d is in use", c->listen_port);
	else
		ok = listeners_open_unix(&e->listeners, path,
		    (uint16_t)c->listen_port, (unsigned)c->unix_socket_mode,
		    c->unix_socket_group, err);
	mem_free(lock);
	mem_free(path);
	return ok;
}

/* Sockets of the service manager take the place of our own. */
static bool
adopt(struct entrance *e, const struct config *c, struct err *err)
{
	int i;

	if (has_text(c->listen_addr))
		log_warning(NULL, "listen_addr is ignored: the service "
		    "manager has opened the sockets");
	e->handover.given_by_manager = true;
	for (i = 0; i < e->inherited; i++)
		if (!listeners_adopt(&e->listeners, SERVICE_FIRST_FD + i,
		    (uint16_t)c->listen_port, err))
			return false;
	while (e->takeover.nsockets > 0)
		if (!listeners_adopt(&e->listeners,
		    e->takeover.sockets[--e->takeover.nsockets],
		    (uint16_t)c->listen_port, err))
			return false;
	return true;
}

static bool
open_doors(struct entrance *e, const struct config *c, struct err *err)
{
	bool by_unix = has_text(c->unix_socket_dir);
	unsigned n = 0;

	if (e->inherited > 0 || (e->claimed && e->takeover.given_by_manager))
		return adopt(e, c, err);
	while (e->takeover.nsockets > 0)
		(void)listeners_offer(&e->listeners,
		    e->takeover.sockets[--e->takeover.nsockets]);
	/* The Unix socket first: it tells best that another one runs. */
	if (by_unix && !listen_unix(e, c, err))
		return false;
	if (c->listen_addr != NULL && !listen_tcp(e, c, &n, err))
		return false;
	return by_unix || n > 0 ? true :
	    err_set(err, "nowhere to listen on");
}

/* Where our successor will ask. We can do without. */
static void
open_back_door(struct entrance *e, const struct config *c)
{
	struct err err;
	char *path;
	int fd = e->takeover.control;

	if (!has_text(c->unix_socket_dir))
		return;
	e->takeover.control = -1;
	path = handover_path(c->unix_socket_dir, c->listen_port);
	if (!handover_listen(&e->handover, path, fd, &err))
		log_warning(NULL, "an online restart will not be possible: "
		    "%s", err.text);
	mem_free(path);
}

bool
entrance_open(struct entrance *e, const struct config *c, struct err *err)
{
	if (!open_doors(e, c, err))
		return false;
	open_back_door(e, c);
	return true;
}

void
entrance_commit(struct entrance *e, struct loop *loop)
{
	if (!e->claimed)
		return;
	e->claimed = false;
	takeover_finish(&e->takeover, loop);
	listeners_drop_offered(&e->listeners);
	listeners_drop_offered(&e->handover.control);
}

bool
entrance_close(struct entrance *e)
{
	if (e->handover.given_by_manager)
		listeners_leave(&e->listeners);
	else
		listeners_close_tcp(&e->listeners);
	return e->handover.given_by_manager;
}

void
entrance_fini(struct entrance *e)
{
	if (e->claimed && e->handover.loop != NULL) {
		listeners_leave(&e->listeners);
		handover_leave(&e->handover);
	}
	takeover_fini(&e->takeover);
	handover_fini(&e->handover);
	if (e->handover.loop != NULL)
		listeners_fini(&e->listeners);
}
