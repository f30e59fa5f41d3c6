/*
 * listener.c - listening sockets.
 *
 * Set-up order matters for Unix sockets: mode and group are applied between
 * bind and listen, so that nobody comes in under the wrong ones; and the
 * file that we made is remembered by its inode, so that we never remove
 * another process's.
 *
 * Accepting: many per wake-up, but not without end, so that those who are in
 * already get their turn. A shortage of descriptors or memory is not solved
 * by trying harder: all listeners rest for a second, and clients wait in the
 * backlog.
 */
#include "net/listener.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/must.h"

/* Accepted in one turn, per socket. */
#define ACCEPT_MAX 64

#define REST_USEC INT64_C(1000000)

/* "[address]:port", for the log. */
#define NAME_CAP (INET6_ADDRSTRLEN + 10)

struct listener {
	struct io_watch watch;
	struct listeners *group;
	struct list member;
	struct addr local;
	int fd;
	char *path;             /* of a Unix socket of our own; or NULL */
	dev_t dev;              /* its file */
	ino_t ino;
};

static void on_ready(struct io_watch *, unsigned);
static void on_rested(struct timer *);

void
listeners_init(struct listeners *ls, struct loop *loop,
    const struct listener_options *o, void (*on_accept)(struct listeners *,
    int, const struct addr *, const struct addr *))
{
	*ls = (struct listeners){ .on_accept = on_accept, .loop = loop,
		.options = *o };
	list_init(&ls->all);
	list_init(&ls->offered);
	timer_init(&ls->rest, loop, on_rested);
}

/* Watch what should be watched now. */
static void
set_watches(struct listeners *ls)
{
	bool on = !ls->held && !timer_is_armed(&ls->rest);
	struct list *n;

	LIST_EACH(n, &ls->all)
		io_watch_set(&container_of(n, struct listener, member)->watch,
		    on ? (unsigned)READABLE : 0u);
}

static struct listener *
create(struct listeners *ls, int fd, const struct addr *local, char *path)
{
	struct listener *l = mem_alloc(sizeof *l);
	struct stat st;

	l->group = ls;
	l->fd = fd;
	l->local = *local;
	l->path = path;
	if (path != NULL && path[0] != '@' && stat(path, &st) == 0) {
		l->dev = st.st_dev;
		l->ino = st.st_ino;
	}
	io_watch_init(&l->watch, ls->loop, fd, on_ready);
	return l;
}

static void
add(struct listeners *ls, int fd, const struct addr *local, char *path)
{
	list_append(&ls->all, &create(ls, fd, local, path)->member);
	set_watches(ls);
}

static void
close_one(struct listener *l)
{
	struct stat st;

	io_watch_set(&l->watch, 0);
	list_remove(&l->member);
	close(l->fd);
	if (l->path != NULL && l->path[0] != '@' &&
	    lstat(l->path, &st) == 0 && S_ISSOCK(st.st_mode) &&
	    st.st_dev == l->dev && st.st_ino == l->ino)
		unlink(l->path);
	mem_free(l->path);
	mem_free(l);
}

void
listeners_fini(struct listeners *ls)
{
	struct list *n;

	timer_disarm(&ls->rest);
	while ((n = list_first(&ls->all)) != NULL)
		close_one(container_of(n, struct listener, member));
	listeners_drop_offered(ls);
}

unsigned
listeners_each(const struct listeners *ls, void (*visit)(void *, int),
    void *arg)
{
	const struct list *n;
	unsigned sum = 0;

	LIST_EACH(n, &ls->all) {
		sum++;
		if (visit != NULL)
			visit(arg, container_of(n, const struct listener,
			    member)->fd);
	}
	return sum;
}

static void
leave_one(struct listener *l)
{
	mem_free(l->path);
	l->path = NULL;
	close_one(l);
}

void
listeners_leave(struct listeners *ls)
{
	struct list *n;

	timer_disarm(&ls->rest);
	while ((n = list_first(&ls->all)) != NULL)
		leave_one(container_of(n, struct listener, member));
	while ((n = list_first(&ls->offered)) != NULL)
		leave_one(container_of(n, struct listener, member));
}

void
listeners_close_tcp(struct listeners *ls)
{
	struct list *n, *next;
	struct listener *l;

	LIST_EACH_SAFE(n, next, &ls->all) {
		l = container_of(n, struct listener, member);
		if (l->local.family != AF_UNIX)
			close_one(l);
	}
}

void
listeners_hold(struct listeners *ls, bool held)
{
	ls->held = held;
	set_watches(ls);
}

/*
 * TCP.
 */

static void
set_int(int fd, int level, int name, int value, const char *what)
{
	if (setsockopt(fd, level, name, &value, sizeof value) == -1)
		log_warning(NULL, "setsockopt(%s, %d) failed: %s", what,
		    value, strerror(errno));
}

#define SET(fd, level, name, value) set_int(fd, level, name, value, #name)

/* What accepted sockets inherit. */
static void
tune(int fd, const struct listener_options *o)
{
	SET(fd, IPPROTO_TCP, TCP_NODELAY, 1);
	SET(fd, SOL_SOCKET, SO_KEEPALIVE, o->keepalive);
	if (o->keepalive && o->keepidle > 0)
		SET(fd, IPPROTO_TCP, TCP_KEEPIDLE, o->keepidle);
	if (o->keepalive && o->keepintvl > 0)
		SET(fd, IPPROTO_TCP, TCP_KEEPINTVL, o->keepintvl);
	if (o->keepalive && o->keepcnt > 0)
		SET(fd, IPPROTO_TCP, TCP_KEEPCNT, o->keepcnt);
	SET(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, o->user_timeout_msec);
	SET(fd, IPPROTO_TCP, TCP_DEFER_ACCEPT, o->defer_accept);
	if (o->socket_buffer > 0) {
		SET(fd, SOL_SOCKET, SO_SNDBUF, o->socket_buffer);
		SET(fd, SOL_SOCKET, SO_RCVBUF, o->socket_buffer);
	}
}

void
listeners_set_options(struct listeners *ls, const struct listener_options *o)
{
	struct list *n;
	struct listener *l;

	ls->options = *o;
	LIST_EACH(n, &ls->all) {
		l = container_of(n, struct listener, member);
		if (l->local.family != AF_UNIX)
			tune(l->fd, o);
	}
}

/*
 * Sockets of the process before us.
 */

/* Where the file of a Unix socket is ("@x": an abstract name), to be freed;
 * NULL if it has no name or is of another kind. */
static char *
path_of(const struct sockaddr_storage *ss, socklen_t len)
{
	const struct sockaddr_un *un = (const struct sockaddr_un *)ss;
	const size_t head = offsetof(struct sockaddr_un, sun_path);
	char *path;

	if (ss->ss_family != AF_UNIX || len <= head ||
	    len - head > sizeof un->sun_path)
		return NULL;
	path = mem_dup(un->sun_path, len - head);
	if (path[0] == '\0')
		path[0] = '@';
	return path;
}

/* Is it a listening socket, and where? Its flags are set as we need them. */
static bool
inspect(int fd, struct sockaddr_storage *ss, socklen_t *len, struct err *err)
{
	socklen_t intlen = sizeof(int);
	int listens = 0, flags;

	*len = sizeof *ss;
	if (getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &intlen) ==
	    -1 || !listens)
		return err_set(err, "inherited descriptor %d is not a "
		    "listening socket", fd);
	flags = fcntl(fd, F_GETFL);
	if (getsockname(fd, (struct sockaddr *)ss, len) == -1 ||
	    flags == -1 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) == -1 ||
	    fcntl(fd, F_SETFD, FD_CLOEXEC) == -1)
		return err_errno(err, "inherited socket");
	return true;
}

bool
listeners_offer(struct listeners *ls, int fd)
{
	struct sockaddr_storage ss;
	socklen_t len;
	struct addr a;
	struct err err;

	if (!inspect(fd, &ss, &len, &err)) {
		log_warning(NULL, "%s", err.text);
		close(fd);
		return false;
	}
	a = addr_from_sockaddr((const struct sockaddr *)&ss);
	list_append(&ls->offered, &create(ls, fd, &a,
	    path_of(&ss, len))->member);
	return true;
}

void
listeners_drop_offered(struct listeners *ls)
{
	struct list *n;

	while ((n = list_first(&ls->offered)) != NULL)
		close_one(container_of(n, struct listener, member));
}

static bool
is_at(const struct listener *l, const struct addr *a, const char *path)
{
	if (path != NULL)
		return l->path != NULL && strcmp(l->path, path) == 0;
	return l->local.family == a->family && l->local.port == a->port &&
	    addr_same_ip(&l->local, a);
}

/* The socket that was offered for this place; -1 if none was. */
static int
take_offered(struct listeners *ls, const struct addr *a, const char *path)
{
	struct listener *l;
	struct list *n;
	int fd;

	LIST_EACH(n, &ls->offered) {
		l = container_of(n, struct listener, member);
		if (!is_at(l, a, path))
			continue;
		fd = l->fd;
		list_remove(&l->member);
		mem_free(l->path);
		mem_free(l);
		/* On a socket that listens it only sets the backlog. */
		(void)listen(fd, ls->options.backlog);
		return fd;
	}
	return -1;
}

static const char *
name_of(const struct addr *a, char *buf, size_t cap)
{
	char ip[INET6_ADDRSTRLEN];

	addr_format(a, ip, sizeof ip);
	snprintf(buf, cap, a->family == AF_INET6 ? "[%s]:%u" : "%s:%u", ip,
	    (unsigned)a->port);
	return buf;
}

/* A listening socket, or -1 with the call that failed in *call. */
static int
bind_tcp(const struct listeners *ls, const struct addrinfo *ai,
    const char **call)
{
	int fd, saved;

	*call = "socket";
	fd = socket(ai->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC,
	    0);
	if (fd == -1)
		return -1;
	SET(fd, SOL_SOCKET, SO_REUSEADDR, 1);
	if (ls->options.reuseport)
		SET(fd, SOL_SOCKET, SO_REUSEPORT, 1);
	/* So that "*" can have both families on one port (k31). */
	if (ai->ai_family == AF_INET6)
		SET(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1);
	tune(fd, &ls->options);
	*call = "bind";
	if (bind(fd, ai->ai_addr, ai->ai_addrlen) == 0) {
		*call = "listen";
		if (listen(fd, ls->options.backlog) == 0)
			return fd;
	}
	saved = errno;
	close(fd);
	errno = saved;
	return -1;
}

static bool
open_one(struct listeners *ls, const struct addrinfo *ai, bool any)
{
	struct addr a = addr_from_sockaddr(ai->ai_addr);
	struct sockaddr_storage ss;
	socklen_t len = sizeof ss;
	char name[NAME_CAP];
	const char *call;
	int fd;

	name_of(&a, name, sizeof name);
	fd = take_offered(ls, &a, NULL);
	if (fd != -1)
		tune(fd, &ls->options);
	else
		fd = bind_tcp(ls, ai, &call);
	if (fd == -1) {
		/* "*" means IPv6 only where there is IPv6. */
		if (!any || (errno != EAFNOSUPPORT &&
		    errno != EADDRNOTAVAIL))
			log_warning(NULL, "cannot listen on %s: %s(): %s",
			    name, call, strerror(errno));
		return false;
	}
	if (getsockname(fd, (struct sockaddr *)&ss, &len) == 0)
		a = addr_from_sockaddr((const struct sockaddr *)&ss);
	log_info(NULL, "listening on %s", name_of(&a, name, sizeof name));
	add(ls, fd, &a, NULL);
	return true;
}

unsigned
listeners_open_tcp(struct listeners *ls, const char *host, uint16_t port)
{
	const struct addrinfo hints = {
		.ai_family = AF_UNSPEC,
		.ai_socktype = SOCK_STREAM,
		.ai_flags = AI_PASSIVE,
	};
	struct addrinfo *all, *ai;
	bool any = strcmp(host, "*") == 0;
	unsigned n = 0;
	char service[8];
	int rc;

	snprintf(service, sizeof service, "%u", (unsigned)port);
	rc = getaddrinfo(any ? NULL : host, service, &hints, &all);
	if (rc != 0) {
		log_warning(NULL, "getaddrinfo('%s', '%s') = %s [%d]", host,
		    service, gai_strerror(rc), rc);
		return 0;
	}
	for (ai = all; ai != NULL; ai = ai->ai_next)
		if (open_one(ls, ai, any))
			n++;
	freeaddrinfo(all);
	return n;
}

/*
 * Unix sockets.
 */

/* Make way for our socket file. */
static bool
clear_path(const char *path, const struct sockaddr_storage *ss,
    socklen_t len, struct err *err)
{
	struct stat st;
	int fd, rc;

	if (lstat(path, &st) == -1) {
		if (errno == ENOENT)
			return true;
		return err_errno(err, path);
	}
	if (!S_ISSOCK(st.st_mode))
		return err_set(err, "%s is in the way: not a socket", path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd == -1)
		return err_errno(err, "socket");
	rc = connect(fd, (const struct sockaddr *)ss, len) == 0 ? 0 : errno;
	close(fd);
	/* Only a refusal proves that nobody listens: a full backlog (EAGAIN)
	 * or a missing right (EACCES) do not. */
	if (rc != ECONNREFUSED && rc != ENOENT)
		return err_set(err, "unix socket is in use, cannot continue: "
		    "%s", path);
	if (unlink(path) == -1 && errno != ENOENT)
		return err_errno(err, path);
	return true;
}

static bool
set_group(const char *path, const char *group, struct err *err)
{
	const struct group *gr = getgrnam(group);
	char *end;
	unsigned long gid;

	if (gr != NULL) {
		gid = gr->gr_gid;
	} else {
		gid = strtoul(group, &end, 10);
		if (group[0] < '0' || group[0] > '9' || *end != '\0' ||
		    gid >= UINT32_MAX)
			return err_set(err, "unix socket group \"%s\" does "
			    "not exist", group);
	}
	if (chown(path, (uid_t)-1, (gid_t)gid) == -1)
		return err_set(err, "cannot give %s to group \"%s\": %s",
		    path, group, strerror(errno));
	return true;
}

static bool
set_rights(const char *path, unsigned mode, const char *group,
    struct err *err)
{
	if (chmod(path, mode & 0777) == -1)
		return err_errno(err, path);
	return group == NULL || group[0] == '\0' ||
	    set_group(path, group, err);
}

/* A bound socket whose file has its rights, listening; or -1. */
static int
bind_unix(const struct listeners *ls, const char *path, unsigned mode,
    const char *group, struct err *err)
{
	struct sockaddr_storage ss;
	socklen_t len;
	bool is_file = path[0] != '@';
	int fd;

	if (addr_unix(path, &ss, &len) == -1) {
		err_set(err, "unix socket path is too long: %s", path);
		return -1;
	}
	if (is_file && !clear_path(path, &ss, len, err))
		return -1;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd == -1 || bind(fd, (const struct sockaddr *)&ss, len) == -1) {
		err_set(err, "failed to create unix socket: %s: %s", path,
		    strerror(errno));
		if (fd != -1)
			close(fd);
		return -1;
	}
	if (!is_file || set_rights(path, mode, group, err)) {
		if (listen(fd, ls->options.backlog) == 0)
			return fd;
		err_errno(err, path);
	}
	close(fd);
	if (is_file)
		unlink(path);
	return -1;
}

bool
listeners_open_unix(struct listeners *ls, const char *path, uint16_t port,
    unsigned mode, const char *group, struct err *err)
{
	const struct addr local = { .family = AF_UNIX, .port = port };
	int fd = take_offered(ls, &local, path);

	if (fd == -1)
		fd = bind_unix(ls, path, mode, group, err);
	else if (path[0] != '@' && !set_rights(path, mode, group, err)) {
		close(fd);
		fd = -1;
	}
	if (fd == -1)
		return false;
	if (!ls->options.quiet)
		log_info(NULL, "listening on unix:%s", path);
	add(ls, fd, &local, mem_strdup(path));
	return true;
}

bool
listeners_adopt(struct listeners *ls, int fd, uint16_t port, struct err *err)
{
	struct sockaddr_storage ss;
	socklen_t len;
	struct addr a;
	char name[NAME_CAP];

	if (!inspect(fd, &ss, &len, err))
		return false;
	a = addr_from_sockaddr((const struct sockaddr *)&ss);
	if (a.family == AF_UNIX) {
		a.port = port;
		log_info(NULL, "listening on inherited unix socket");
	} else {
		tune(fd, &ls->options);
		log_info(NULL, "listening on inherited %s",
		    name_of(&a, name, sizeof name));
	}
	add(ls, fd, &a, NULL);
	return true;
}

/*
 * Accepting.
 */

static void
on_rested(struct timer *t)
{
	set_watches(container_of(t, struct listeners, rest));
}

enum accept_result { ACCEPTED, ACCEPT_NONE, ACCEPT_AGAIN, ACCEPT_REST };

static enum accept_result
accept_one(int listen_fd, int *fd, struct sockaddr_storage *ss)
{
	socklen_t len = sizeof *ss;

	ss->ss_family = AF_UNSPEC;
	*fd = accept4(listen_fd, (struct sockaddr *)ss, &len,
	    SOCK_NONBLOCK | SOCK_CLOEXEC);
	if (*fd != -1)
		return ACCEPTED;
	if (errno == EAGAIN || errno == EWOULDBLOCK)
		return ACCEPT_NONE;
	/* The client's network trouble, which accept(2) passes on. */
	if (errno == EINTR || errno == ECONNABORTED || errno == EPROTO ||
	    errno == EPERM || errno == ENETDOWN || errno == ENOPROTOOPT ||
	    errno == EHOSTDOWN || errno == ENONET || errno == EHOSTUNREACH ||
	    errno == ENETUNREACH)
		return ACCEPT_AGAIN;
	return ACCEPT_REST;
}

static void
take_rest(struct listeners *ls)
{
	log_error(NULL, "accept() failed: %s; resting for %d s",
	    strerror(errno), (int)(REST_USEC / 1000000));
	timer_arm(&ls->rest, mono_after(loop_now(ls->loop), REST_USEC));
	set_watches(ls);
}

/* Is this listener still there (on_accept may have closed it) and on? */
static bool
is_watched(const struct listeners *ls, const struct io_watch *w)
{
	struct list *n;

	LIST_EACH(n, &ls->all)
		if (&container_of(n, struct listener, member)->watch == w)
			return w->events != 0;
	return false;
}

static void
on_ready(struct io_watch *w, unsigned ready)
{
	const struct listener *l = container_of(w, struct listener, watch);
	struct listeners *ls = l->group;
	const struct addr local = l->local;
	const int listen_fd = l->fd;
	struct sockaddr_storage ss;
	struct addr peer;
	int fd, i;

	(void)ready;
	for (i = 0; i < ACCEPT_MAX; i++) {
		switch (accept_one(listen_fd, &fd, &ss)) {
		case ACCEPTED:
			break;
		case ACCEPT_NONE:
			return;
		case ACCEPT_AGAIN:
			continue;
		case ACCEPT_REST:
			take_rest(ls);
			return;
		}
		peer = addr_from_sockaddr((const struct sockaddr *)&ss);
		if (peer.family == AF_UNIX)
			peer.port = local.port;
		ls->on_accept(ls, fd, &peer, &local);
		if (!is_watched(ls, w))
			return;
	}
}

bool
listener_unix_peer(int fd, pid_t *pid, uid_t *uid)
{
	struct ucred cred;
	socklen_t len = sizeof cred;

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &len) == -1)
		return false;
	*pid = cred.pid;
	*uid = cred.uid;
	return true;
}
