/* common.h - what the tools of test/bench share: bytes and messages. */
#ifndef BENCH_COMMON_H
#define BENCH_COMMON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

/* Bytes in a row, at p[0..n). Zero it to begin. */
struct bytes {
	char *p;
	size_t n, cap;
};

void die(const char *, ...)
    __attribute__((format(printf, 1, 2), noreturn));
	/* Say it on stderr and end with status 1. */

char *bytes_room(struct bytes *, size_t);
	/* Where the next so many bytes may be written; n is not changed. */

void bytes_add(struct bytes *, const void *, size_t);

void bytes_drop(struct bytes *, size_t);
	/* Forget the first so many. */

void bytes_free(struct bytes *);

uint32_t get32(const char *);
uint16_t get16(const char *);
void put32(char *, uint32_t);

size_t message_begin(struct bytes *, char);
	/* Begin a message of this type (0: none, as the startup packet);
	 * the result is for message_end. */

void message_end(struct bytes *, size_t);
void message_int(struct bytes *, uint32_t, size_t);
	/* The low 1, 2 or 4 bytes, most significant first. */
void message_text(struct bytes *, const char *);
	/* With its final zero. */

void message_add(struct bytes *, char, const void *, size_t);
	/* A whole message: its type and its body. */

int64_t now_usec(void);

socklen_t address(struct sockaddr_storage *, const char *, unsigned);
	/* Of an IPv4 address and a port; or of PostgreSQL's socket for this
	 * port in a folder, if the first argument begins with a slash. */

void no_delay(int, const struct sockaddr_storage *);
	/* Set TCP_NODELAY, if it is TCP. */

unsigned long number(const char *, unsigned long);
	/* Of an argument, or die: decimal, up to a maximum. */

#endif
