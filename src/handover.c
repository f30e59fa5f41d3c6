/*
 * handover.c - giving the listening sockets away; see handover.h.
 *
 * Beside its Unix socket a process has a control socket, for its own user
 * and root alone. Who is to succeed connects to it and gets, by SCM_RIGHTS,
 * a copy of every listening socket and of the control socket itself. Until
 * it says that it has taken over, nothing changes here: if it ends before,
 * for whatever reason, it was never there. Then we close our copies, and
 * leave when our last client has left. The connection stays: by it come
 * cancel requests of our clients, and goes what we hand back of the budget.
 *
 * The same socket serves `pgweir --restart`: it asks us to start our own
 * successor, so that this lives where we do (user, control group, sandbox).
 */
#include "handover.h"

#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/must.h"

#include "handover_wire.h"

#define PEERS_MAX 8
#define SOCKETS_MAX 64
#define TICK_USEC INT64_C(200000)

enum phase {
	PEER_NEW,               /* has said nothing yet */
	PEER_TAKING,            /* has the sockets */
	PEER_SUCCESSOR,         /* uses them */
	PEER_ASKER              /* waits for a restart to be over */
};

struct handover_peer {
	struct list member;
	struct handover *handover;
	struct io_watch watch;
	int fd;
	enum phase phase;
	bool clogged;           /* it does not take what we send */
};

static struct handover_peer *
peer_of(struct list *n)
{
	return container_of(n, struct handover_peer, member);
}

static void
drop(struct handover_peer *p)
{
	struct handover *h = p->handover;

	if (p->phase == PEER_TAKING)
		h->hooks.gone(h->hooks.context);
	if (h->successor == p) {
		h->successor = NULL;
		timer_disarm(&h->tick);
	}
	io_watch_set(&p->watch, 0);
	list_remove(&p->member);
	h->npeers--;
	close(p->fd);
	mem_free(p);
}

static void
tell(struct handover_peer *p, enum handover_kind kind, uint32_t number,
    const char *text, int fd)
{
	if (!p->clogged && handover_send(p->fd, kind, number, text, fd) !=
	    HANDOVER_OK)
		p->clogged = true;
}

static void
answer_askers(struct handover *h, enum handover_kind kind, pid_t pid)
{
	struct list *n, *next;

	LIST_EACH_SAFE (n, next, &h->peers) {
		if (peer_of(n)->phase != PEER_ASKER)
			continue;
		tell(peer_of(n), kind, (uint32_t)pid, NULL, -1);
		drop(peer_of(n));
	}
}

/*
 * Our own successor.
 */

static void
forget_start(struct handover *h)
{
	if (h->pidfd == -1)
		return;
	io_watch_set(&h->starting, 0);
	close(h->pidfd);
	h->pidfd = -1;
}

static void
on_start_ended(struct io_watch *w, unsigned ready)
{
	struct handover *h = container_of(w, struct handover, starting);

	(void)ready;
	forget_start(h);
	log_error(NULL, "the process that was to succeed has ended; we go on");
	answer_askers(h, HANDOVER_FAILED, 0);
}

static void
start_successor(struct handover *h, struct handover_peer *asker)
{
	pid_t pid;

	asker->phase = PEER_ASKER;
	if (h->pidfd != -1)
		return;
	log_info(NULL, "asked to restart: starting our successor");
	pid = h->hooks.start(h->hooks.context);
	if (pid != -1)
		h->pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	if (h->pidfd == -1) {
		log_error(NULL, "could not start our successor");
		answer_askers(h, HANDOVER_FAILED, 0);
		return;
	}
	io_watch_init(&h->starting, h->loop, h->pidfd, on_start_ended);
	io_watch_set(&h->starting, READABLE);
}

/*
 * Giving away.
 */

static void
give_socket(void *arg, int fd)
{
	tell(arg, HANDOVER_SOCKET, 0, NULL, fd);
}

static void
give_control(void *arg, int fd)
{
	tell(arg, HANDOVER_CONTROL, 0, NULL, fd);
}

static bool
somebody_takes(const struct handover *h)
{
	struct list *n;

	LIST_EACH (n, &h->peers)
		if (peer_of(n)->phase == PEER_TAKING)
			return true;
	return false;
}

static void
give(struct handover_peer *p)
{
	struct handover *h = p->handover;

	if (h->taken || somebody_takes(h) ||
	    listeners_each(h->listeners, NULL, NULL) > SOCKETS_MAX) {
		drop(p);
		return;
	}
	p->phase = PEER_TAKING;
	(void)listeners_each(h->listeners, give_socket, p);
	(void)listeners_each(&h->control, give_control, p);
	h->successor = p;
	h->hooks.budgets(h->hooks.context);
	h->successor = NULL;
	tell(p, HANDOVER_END, h->given_by_manager, NULL, -1);
	if (p->clogged)
		drop(p);
}

void
handover_budget(struct handover *h, const char *key, uint32_t kept)
{
	must(h->successor != NULL);
	tell(h->successor, HANDOVER_BUDGET, kept, key, -1);
}

static void
on_tick(struct timer *t)
{
	struct handover *h = container_of(t, struct handover, tick);

	if (h->successor == NULL)
		return;
	h->successor->clogged = false;
	h->hooks.budgets(h->hooks.context);
	timer_arm(t, mono_after(loop_now(h->loop), TICK_USEC));
}

static void
on_taken(struct handover_peer *p, pid_t pid)
{
	struct handover *h = p->handover;

	p->phase = PEER_SUCCESSOR;
	h->taken = true;
	h->successor = p;
	forget_start(h);
	listeners_leave(h->listeners);
	listeners_leave(&h->control);
	answer_askers(h, HANDOVER_DONE, pid);
	timer_arm(&h->tick, loop_now(h->loop));
	h->hooks.taken(h->hooks.context, pid);
}

/*
 * Who has connected.
 */

static void
on_message(struct handover_peer *p, const struct handover_message *m, int fd)
{
	struct handover *h = p->handover;

	if (p->phase == PEER_NEW && m->kind == HANDOVER_HELLO && fd == -1) {
		give(p);
	} else if (p->phase == PEER_NEW && m->kind == HANDOVER_RESTART &&
	    fd == -1 && !h->taken) {
		start_successor(h, p);
	} else if (p->phase == PEER_TAKING && m->kind == HANDOVER_TAKEN &&
	    fd == -1) {
		on_taken(p, (pid_t)m->number);
	} else if (p->phase == PEER_SUCCESSOR && m->kind == HANDOVER_CLIENT &&
	    fd != -1) {
		h->hooks.client(h->hooks.context, fd);
	} else {
		if (fd != -1)
			close(fd);
		drop(p);
	}
}

static void
on_ready(struct io_watch *w, unsigned ready)
{
	struct handover_peer *p = container_of(w, struct handover_peer, watch);
	struct handover_message m;
	int fd;

	(void)ready;
	switch (handover_receive(p->fd, &m, &fd)) {
	case HANDOVER_OK:
		on_message(p, &m, fd);
		break;
	case HANDOVER_AGAIN:
		break;
	case HANDOVER_GONE:
		drop(p);
		break;
	}
}

static void
on_accept(struct listeners *control, int fd, const struct addr *peer,
    const struct addr *local)
{
	struct handover *h = container_of(control, struct handover, control);
	struct handover_peer *p;
	pid_t pid;
	uid_t uid;

	(void)peer;
	(void)local;
	if (!listener_unix_peer(fd, &pid, &uid) ||
	    (uid != geteuid() && uid != 0)) {
		log_warning(NULL, "a process of another user asks for our "
		    "sockets: refused");
		close(fd);
		return;
	}
	if (h->npeers == PEERS_MAX) {
		close(fd);
		return;
	}
	p = mem_alloc(sizeof *p);
	p->handover = h;
	p->fd = fd;
	p->phase = PEER_NEW;
	io_watch_init(&p->watch, h->loop, fd, on_ready);
	io_watch_set(&p->watch, READABLE);
	list_append(&h->peers, &p->member);
	h->npeers++;
}

void
handover_init(struct handover *h, struct loop *loop, struct listeners *ls,
    const struct handover_hooks *hooks)
{
	const struct listener_options o = { .backlog = PEERS_MAX,
		.quiet = true };

	*h = (struct handover){ .hooks = *hooks, .listeners = ls,
		.loop = loop, .pidfd = -1 };
	list_init(&h->peers);
	listeners_init(&h->control, loop, &o, on_accept);
	timer_init(&h->tick, loop, on_tick);
}

void
handover_fini(struct handover *h)
{
	struct list *n;

	if (h->loop == NULL)
		return;
	while ((n = list_first(&h->peers)) != NULL)
		drop(peer_of(n));
	timer_disarm(&h->tick);
	forget_start(h);
	listeners_fini(&h->control);
}

char *
handover_path(const char *dir, int port)
{
	return mem_printf("%s/.s.PGSQL.%d.handover", dir, port);
}

bool
handover_listen(struct handover *h, const char *path, int fd,
    struct err *err)
{
	if (fd != -1)
		(void)listeners_offer(&h->control, fd);
	return listeners_open_unix(&h->control, path, 0, 0600, NULL, err);
}

void
handover_leave(struct handover *h)
{
	if (h->loop != NULL)
		listeners_leave(&h->control);
}
