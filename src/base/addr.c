/*
 * addr.c - addresses as values; see addr.h.
 */
#include "base/addr.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/un.h>

#include "base/must.h"

/* An IPv4 peer of a socket that is for both families comes in the clothes of
 * IPv6. What is said of its address, as by a rule for 10.0.0.0/8, is about
 * the one that it has. */
static void
unmap(struct addr *a)
{
	static const unsigned char prefix[12] = { [10] = 0xff, [11] = 0xff };

	if (a->family != AF_INET6 ||
	    memcmp(a->ip, prefix, sizeof prefix) != 0)
		return;
	a->family = AF_INET;
	a->scope = 0;
	memmove(a->ip, a->ip + sizeof prefix, 4);
	memset(a->ip + 4, 0, sizeof a->ip - 4);
}

struct addr
addr_from_sockaddr(const struct sockaddr *sa)
{
	struct addr a = { .family = sa->sa_family };
	struct sockaddr_in in;
	struct sockaddr_in6 in6;

	if (sa->sa_family == AF_INET) {
		memcpy(&in, sa, sizeof in);
		a.port = ntohs(in.sin_port);
		memcpy(a.ip, &in.sin_addr, 4);
	} else if (sa->sa_family == AF_INET6) {
		memcpy(&in6, sa, sizeof in6);
		a.port = ntohs(in6.sin6_port);
		a.scope = in6.sin6_scope_id;
		memcpy(a.ip, &in6.sin6_addr, 16);
		unmap(&a);
	}
	return a;
}

socklen_t
addr_to_sockaddr(const struct addr *a, struct sockaddr_storage *ss)
{
	struct sockaddr_in in = { .sin_family = AF_INET };
	struct sockaddr_in6 in6 = { .sin6_family = AF_INET6 };

	memset(ss, 0, sizeof *ss);
	if (a->family == AF_INET) {
		in.sin_port = htons(a->port);
		memcpy(&in.sin_addr, a->ip, 4);
		memcpy(ss, &in, sizeof in);
		return sizeof in;
	}
	must(a->family == AF_INET6);
	in6.sin6_port = htons(a->port);
	in6.sin6_scope_id = a->scope;
	memcpy(&in6.sin6_addr, a->ip, 16);
	memcpy(ss, &in6, sizeof in6);
	return sizeof in6;
}

bool
addr_parse(struct addr *a, const char *text, uint16_t port)
{
	char bare[INET6_ADDRSTRLEN + 2];
	size_t n = strlen(text);

	if (n >= 2 && text[0] == '[' && text[n - 1] == ']') {
		text++;
		n -= 2;
	}
	if (n >= sizeof bare)
		return false;
	memcpy(bare, text, n);
	bare[n] = '\0';
	*a = (struct addr){ .port = port };
	if (inet_pton(AF_INET, bare, a->ip) == 1)
		a->family = AF_INET;
	else if (inet_pton(AF_INET6, bare, a->ip) == 1)
		a->family = AF_INET6;
	unmap(a);
	return a->family != 0;
}

const char *
addr_format(const struct addr *a, char *buf, size_t cap)
{
	if (a->family == AF_UNIX)
		snprintf(buf, cap, "unix");
	else if (a->family == AF_UNSPEC ||
	    inet_ntop(a->family, a->ip, buf, (socklen_t)cap) == NULL)
		snprintf(buf, cap, "?");
	return buf;
}

bool
addr_same_ip(const struct addr *a, const struct addr *b)
{
	return a->family == b->family &&
	    memcmp(a->ip, b->ip, sizeof a->ip) == 0;
}

bool
addr_is_local(const struct addr *a)
{
	static const unsigned char loopback[16] = { [15] = 1 };

	return a->family == AF_UNIX ||
	    (a->family == AF_INET && a->ip[0] == 127) ||
	    (a->family == AF_INET6 &&
	    memcmp(a->ip, loopback, sizeof loopback) == 0);
}

int
addr_unix(const char *path, struct sockaddr_storage *ss, socklen_t *len)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	size_t n = strlen(path);

	/* A file name needs its NUL byte; an abstract name has none, and its
	 * '@' becomes the leading zero: unix(7). */
	if (n >= sizeof un.sun_path) {
		errno = ENAMETOOLONG;
		return -1;
	}
	memcpy(un.sun_path, path, n);
	*len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n + 1);
	if (path[0] == '@') {
		un.sun_path[0] = '\0';
		*len -= 1;
	}
	memset(ss, 0, sizeof *ss);
	memcpy(ss, &un, sizeof un);
	return 0;
}
