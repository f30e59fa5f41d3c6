/*
 * common.c - bytes and messages of the tools of test/bench.
 *
 * On purpose nothing of src/ is used: what measures the pooler and checks
 * its answers must not share its mistakes.
 */
#include "common.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>
#include <time.h>

void
die(const char *fmt, ...)
{
	va_list ap;

	fprintf(stderr, "%s: ", program_invocation_short_name);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	exit(1);
}

char *
bytes_room(struct bytes *b, size_t n)
{
	if (b->cap - b->n < n) {
		b->cap = b->n + n > 2 * b->cap ? b->n + n : 2 * b->cap;
		b->p = realloc(b->p, b->cap);
		if (b->p == NULL)
			die("out of memory");
	}
	return b->p + b->n;
}

void
bytes_add(struct bytes *b, const void *p, size_t n)
{
	if (n > 0)
		memcpy(bytes_room(b, n), p, n);
	b->n += n;
}

void
bytes_drop(struct bytes *b, size_t n)
{
	b->n -= n;
	if (b->n > 0)
		memmove(b->p, b->p + n, b->n);
}

void
bytes_free(struct bytes *b)
{
	free(b->p);
	*b = (struct bytes){ 0 };
}

uint32_t
get32(const char *p)
{
	uint32_t v;

	memcpy(&v, p, sizeof v);
	return ntohl(v);
}

uint16_t
get16(const char *p)
{
	uint16_t v;

	memcpy(&v, p, sizeof v);
	return ntohs(v);
}

void
put32(char *p, uint32_t v)
{
	v = htonl(v);
	memcpy(p, &v, sizeof v);
}

size_t
message_begin(struct bytes *b, char type)
{
	size_t at;

	if (type != 0)
		bytes_add(b, &type, 1);
	at = b->n;
	message_int(b, 0, 4);
	return at;
}

void
message_end(struct bytes *b, size_t at)
{
	put32(b->p + at, (uint32_t)(b->n - at));
}

void
message_int(struct bytes *b, uint32_t v, size_t size)
{
	char wire[4];

	put32(wire, v);
	bytes_add(b, wire + 4 - size, size);
}

void
message_text(struct bytes *b, const char *s)
{
	bytes_add(b, s, strlen(s) + 1);
}

void
message_add(struct bytes *b, char type, const void *p, size_t n)
{
	size_t at = message_begin(b, type);

	bytes_add(b, p, n);
	message_end(b, at);
}

int64_t
now_usec(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

socklen_t
address(struct sockaddr_storage *ss, const char *host, unsigned port)
{
	struct sockaddr_in in = { .sin_family = AF_INET };
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	int n;

	memset(ss, 0, sizeof *ss);
	if (host[0] == '/') {
		n = snprintf(un.sun_path, sizeof un.sun_path,
		    "%s/.s.PGSQL.%u", host, port);
		if (n < 0 || (size_t)n >= sizeof un.sun_path)
			die("path too long: %s", host);
		memcpy(ss, &un, sizeof un);
		return sizeof un;
	}
	in.sin_port = htons((uint16_t)port);
	if (inet_pton(AF_INET, host, &in.sin_addr) != 1)
		die("not an IPv4 address: %s", host);
	memcpy(ss, &in, sizeof in);
	return sizeof in;
}

void
no_delay(int fd, const struct sockaddr_storage *ss)
{
	int one = 1;

	if (ss->ss_family == AF_INET &&
	    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one) == -1)
		die("TCP_NODELAY: %s", strerror(errno));
}

unsigned long
number(const char *s, unsigned long max)
{
	char *end;
	unsigned long v;

	errno = 0;
	v = strtoul(s, &end, 10);
	if (s[0] < '0' || s[0] > '9' || *end != '\0' || errno != 0 ||
	    v > max)
		die("not a number up to %lu: %s", max, s);
	return v;
}
