/*
 * listener.h - the sockets by which clients come in.
 *
 * One struct listeners holds them all, TCP and Unix: they rest together when
 * the process runs out of descriptors.
 */
#ifndef NET_LISTENER_H
#define NET_LISTENER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/addr.h"
#include "base/err.h"
#include "base/list.h"
#include "net/loop.h"

/* Socket options; accepted sockets inherit them without a system call. */
struct listener_options {
	int backlog;
	bool reuseport;
	int defer_accept;       /* seconds; 0: off */
	bool keepalive;
	int keepidle, keepintvl, keepcnt;       /* 0: the system's */
	int user_timeout_msec;  /* 0: the system's */
	int socket_buffer;      /* bytes; 0: the system's */
	bool quiet;             /* log only what fails */
};

struct listeners {
	void (*on_accept)(struct listeners *, int fd,
	    const struct addr *peer, const struct addr *local);
	struct loop *loop;
	struct listener_options options;
	struct list all;        /* of struct listener */
	struct list offered;    /* not used yet, see listeners_offer() */
	struct timer rest;      /* armed: short of descriptors */
	bool held;
};

void listeners_init(struct listeners *, struct loop *,
    const struct listener_options *, void (*on_accept)(struct listeners *,
    int fd, const struct addr *peer, const struct addr *local));
	/* on_accept gets a non-blocking, close-on-exec socket that it must
	 * close. local is where we listen, perhaps a wildcard address; for
	 * a Unix socket both have its port, and peer has no pid. It may
	 * close the listeners. */

void listeners_fini(struct listeners *);
	/* Close all. */

unsigned listeners_open_tcp(struct listeners *, const char *host,
    uint16_t port);
	/* Listen on an address, a name (all its addresses; blocks to resolve
	 * it) or "*". Logs each success, and each failure as a warning. The
	 * number of sockets that were opened. */

bool listeners_open_unix(struct listeners *, const char *path, uint16_t port,
    unsigned mode, const char *group, struct err *);
	/* Listen on a socket file, or on an abstract name ("@x"). A file
	 * that nobody answers at is replaced. group: a name or a number, ""
	 * or NULL leaves it. Success is logged. */

bool listeners_adopt(struct listeners *, int fd, uint16_t port,
    struct err *);
	/* Take over a listening socket that was inherited, of any family. Its
	 * file is never removed. port is for a Unix socket. */

bool listeners_offer(struct listeners *, int fd);
	/* A listening socket of the process before us, to be used when one at
	 * its address is to be opened; with it goes the right to remove its
	 * file. Closed and false if it is none. */

void listeners_drop_offered(struct listeners *);
	/* Close those that nobody wanted, and remove their files. */

unsigned listeners_each(const struct listeners *,
    void (*visit)(void *arg, int fd), void *arg);
	/* All sockets; how many there are. visit may be NULL. */

void listeners_leave(struct listeners *);
	/* Another process has them: close ours, offered ones too, and leave
	 * their files. */

void listeners_close_tcp(struct listeners *);
	/* From now on connections are refused at once; Unix sockets stay. */

void listeners_hold(struct listeners *, bool held);
	/* Stop accepting (clients wait in the backlog), or go on. */

void listeners_set_options(struct listeners *,
    const struct listener_options *);
	/* After a reload: applies to what is accepted from now on. backlog
	 * and reuseport stay as they are. */

bool listener_unix_peer(int fd, pid_t *, uid_t *);
	/* Who is at the other end of a Unix socket? */

#endif
