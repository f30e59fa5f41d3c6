/*
 * login.h - from an accepted socket to a client that may send queries.
 */
#ifndef POOL_LOGIN_H
#define POOL_LOGIN_H

struct addr;
struct client;
struct pooler;

void login_accept(struct pooler *, int fd, const struct addr *,
    const struct addr *local);
	/* Take over a client's socket. */

void login_late(struct client *);
	/* client_login_timeout is over. */

void login_left(struct client *);
	/* It leaves before it was logged in. */

#endif
