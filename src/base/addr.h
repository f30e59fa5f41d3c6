/*
 * addr.h - the address of a peer: IPv4, IPv6 or "a Unix socket".
 *
 * Small, because every client holds one. The path of a Unix socket is the
 * business of those who bind or connect to it.
 */
#ifndef BASE_ADDR_H
#define BASE_ADDR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

struct addr {
	uint16_t family;        /* AF_INET, AF_INET6, AF_UNIX, AF_UNSPEC */
	uint16_t port;          /* host byte order */
	uint32_t scope;         /* IPv6 scope id; peer pid of AF_UNIX */
	unsigned char ip[16];   /* network byte order */
};

struct addr addr_from_sockaddr(const struct sockaddr *);
	/* Any family; AF_UNIX has neither port nor pid yet. ::ffff:10.0.0.1
	 * is 10.0.0.1, here and below. */

socklen_t addr_to_sockaddr(const struct addr *, struct sockaddr_storage *);
	/* AF_INET and AF_INET6 only. */

bool addr_parse(struct addr *, const char *text, uint16_t port);
	/* A numeric IPv4 or IPv6 address (with or without [brackets]). */

const char *addr_format(const struct addr *, char *buf, size_t cap);
	/* "10.0.0.1", "::1", "unix"; returns buf. */

bool addr_same_ip(const struct addr *, const struct addr *);

bool addr_is_local(const struct addr *);
	/* The loopback interface, or a Unix socket: nothing leaves the
	 * machine on the way there. */

int addr_unix(const char *path, struct sockaddr_storage *, socklen_t *);
	/* Fill in the address of a Unix socket; "@x" is an abstract name.
	 * 0, or -1 with errno ENAMETOOLONG: a path is never cut. */

#endif
