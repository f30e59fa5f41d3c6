/*
 * takeover.c - getting the sockets of the process that runs; see takeover.h
 * and, for the other side, handover.c.
 *
 * What is asked before we run is asked with plain blocking calls and a time
 * limit: there is nothing else to do meanwhile.
 */
#include "takeover.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/addr.h"
#include "base/mem.h"
#include "base/must.h"
#include "net/listener.h"

#include "handover_wire.h"

#define BUDGETS_MAX 128
#define ANSWER_SEC 10           /* until the sockets have come */
#define RESTART_SEC 60          /* until a successor has taken over */

/* Connected, with a time limit for each answer. *fd is -1 if nobody is
 * there. */
static bool
reach(const char *path, int seconds, int *fd, struct err *err)
{
	const struct timeval limit = { .tv_sec = seconds };
	struct sockaddr_storage ss;
	socklen_t len;
	int error;

	*fd = -1;
	if (addr_unix(path, &ss, &len) == -1)
		return err_errno(err, path);
	*fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (*fd == -1)
		return err_errno(err, "socket");
	(void)setsockopt(*fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
	(void)setsockopt(*fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
	if (connect(*fd, (struct sockaddr *)&ss, len) == 0)
		return true;
	error = errno;
	close(*fd);
	*fd = -1;
	errno = error;
	return error == ENOENT || error == ECONNREFUSED ? true :
	    err_errno(err, path);
}

/* Sockets of somebody else's would send him our clients' passwords. */
static bool
is_trusted(int fd)
{
	pid_t pid;
	uid_t uid;

	return listener_unix_peer(fd, &pid, &uid) &&
	    (uid == geteuid() || uid == 0);
}

/* There is nobody yet who could be told. What is not remembered here is said
 * again soon. */
static void
remember(struct takeover *t, const struct handover_message *m)
{
	if (t->budgets == NULL)
		t->budgets = mem_alloc(BUDGETS_MAX * sizeof *m);
	if (t->nbudgets < BUDGETS_MAX)
		t->budgets[t->nbudgets++] = *m;
}

static void
recall(struct takeover *t)
{
	unsigned i;

	for (i = 0; i < t->nbudgets; i++)
		t->on_budget(t, t->budgets[i].text, t->budgets[i].number);
	mem_free(t->budgets);
	t->budgets = NULL;
	t->nbudgets = 0;
}

/* What it has sent; false when that is not as agreed. */
static bool
take_message(struct takeover *t, const struct handover_message *m, int fd)
{
	if (m->kind == HANDOVER_SOCKET && fd != -1 &&
	    t->nsockets < TAKEOVER_SOCKETS) {
		t->sockets[t->nsockets++] = fd;
		return true;
	}
	if (m->kind == HANDOVER_CONTROL && fd != -1 && t->control == -1) {
		t->control = fd;
		return true;
	}
	if (fd != -1)
		close(fd);
	if (m->kind == HANDOVER_BUDGET)
		remember(t, m);
	/* A later version may have more to say. */
	return m->kind != HANDOVER_SOCKET && m->kind != HANDOVER_CONTROL;
}

static bool
take_all(struct takeover *t, struct err *err)
{
	struct handover_message m;
	int fd;

	do {
		switch (handover_receive(t->fd, &m, &fd)) {
		case HANDOVER_OK:
			break;
		case HANDOVER_AGAIN:
			return err_set(err, "the running process does not "
			    "answer");
		case HANDOVER_GONE:
			return err_set(err, "the running process does not "
			    "hand over its sockets");
		}
		if (!take_message(t, &m, fd))
			return err_set(err, "the running process speaks "
			    "another language");
	} while (m.kind != HANDOVER_END);
	t->given_by_manager = m.number != 0;
	return true;
}

bool
takeover_begin(struct takeover *t, const char *path, struct err *err)
{
	t->control = -1;
	t->nsockets = 0;
	if (!reach(path, ANSWER_SEC, &t->fd, err))
		return false;
	if (t->fd == -1)
		return true;
	if (!is_trusted(t->fd))
		return err_set(err, "%s is another user's", path);
	if (handover_send(t->fd, HANDOVER_HELLO, 0, NULL, -1) != HANDOVER_OK)
		return err_errno(err, path);
	return take_all(t, err);
}

static void
close_all(struct takeover *t)
{
	while (t->nsockets > 0)
		close(t->sockets[--t->nsockets]);
	if (t->control != -1)
		close(t->control);
	t->control = -1;
	if (t->fd != -1)
		close(t->fd);
	t->fd = -1;
}

void
takeover_fini(struct takeover *t)
{
	if (t->watch.loop != NULL)
		io_watch_set(&t->watch, 0);
	t->watch.loop = NULL;
	close_all(t);
	mem_free(t->budgets);
	t->budgets = NULL;
}

static void
on_ready(struct io_watch *w, unsigned ready)
{
	struct takeover *t = container_of(w, struct takeover, watch);
	struct handover_message m;
	int fd;

	(void)ready;
	switch (handover_receive(t->fd, &m, &fd)) {
	case HANDOVER_OK:
		if (fd != -1)
			close(fd);
		if (m.kind == HANDOVER_BUDGET)
			t->on_budget(t, m.text, m.number);
		break;
	case HANDOVER_AGAIN:
		break;
	case HANDOVER_GONE:
		takeover_fini(t);
		t->on_gone(t);
		break;
	}
}

void
takeover_finish(struct takeover *t, struct loop *loop)
{
	int flags = fcntl(t->fd, F_GETFL);

	recall(t);
	/* If it has died meanwhile, we have its sockets all the same: the
	 * watch sees it. */
	(void)handover_send(t->fd, HANDOVER_TAKEN, (uint32_t)getpid(), NULL,
	    -1);
	(void)fcntl(t->fd, F_SETFL, flags | O_NONBLOCK);
	io_watch_init(&t->watch, loop, t->fd, on_ready);
	io_watch_set(&t->watch, READABLE);
}

int
takeover_reach(struct takeover *t)
{
	int ends[2];
	enum handover_io rc;

	if (t->fd == -1 || socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK |
	    SOCK_CLOEXEC, 0, ends) == -1)
		return -1;
	rc = handover_send(t->fd, HANDOVER_CLIENT, 0, NULL, ends[1]);
	close(ends[1]);
	if (rc == HANDOVER_OK)
		return ends[0];
	close(ends[0]);
	return -1;
}

bool
takeover_ask_restart(const char *path, struct err *err)
{
	struct handover_message m = { .kind = HANDOVER_FAILED };
	int fd, ignored = -1;
	bool ok = false;

	if (!reach(path, RESTART_SEC, &fd, err))
		return false;
	if (fd == -1)
		return err_set(err, "%s: no process is there to be "
		    "restarted", path);
	if (handover_send(fd, HANDOVER_RESTART, 0, NULL, -1) != HANDOVER_OK ||
	    handover_receive(fd, &m, &ignored) != HANDOVER_OK)
		err_set(err, "the running process does not answer");
	else if (m.kind != HANDOVER_DONE)
		err_set(err, "the new process does not start: its log says "
		    "why; the old one goes on");
	else
		ok = true;
	if (ignored != -1)
		close(ignored);
	close(fd);
	return ok;
}
