/*
 * handover_wire.c - messages of one size over a Unix socket.
 *
 * Both ends are processes of the same user, or one is root's: that is seen
 * to by who opens the socket. Still nothing that comes in is believed: a
 * message that is not exactly as agreed ends the connection, and descriptors
 * that were not asked for are closed.
 */
#include "handover_wire.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#define MAGIC UINT32_C(0x70677731)

_Static_assert(sizeof(struct handover_message) == 256, "the same everywhere");

/* Room for one descriptor, aligned. */
union ancillary {
	char bytes[CMSG_SPACE(sizeof(int))];
	struct cmsghdr header;
};

static enum handover_io
result(ssize_t n)
{
	if (n == (ssize_t)sizeof(struct handover_message))
		return HANDOVER_OK;
	return n == -1 && (errno == EAGAIN || errno == EWOULDBLOCK) ?
	    HANDOVER_AGAIN : HANDOVER_GONE;
}

enum handover_io
handover_send(int socket, enum handover_kind kind, uint32_t number,
    const char *text, int fd)
{
	struct handover_message m = { .magic = MAGIC, .kind = kind,
		.number = number };
	union ancillary a = { 0 };
	struct iovec iov = { &m, sizeof m };
	struct msghdr h = { .msg_iov = &iov, .msg_iovlen = 1 };
	ssize_t n;

	if (text != NULL)
		snprintf(m.text, sizeof m.text, "%s", text);
	if (fd != -1) {
		h.msg_control = a.bytes;
		h.msg_controllen = sizeof a.bytes;
		a.header.cmsg_level = SOL_SOCKET;
		a.header.cmsg_type = SCM_RIGHTS;
		a.header.cmsg_len = CMSG_LEN(sizeof fd);
		memcpy(CMSG_DATA(&a.header), &fd, sizeof fd);
	}
	do
		n = sendmsg(socket, &h, MSG_NOSIGNAL);
	while (n == -1 && errno == EINTR);
	return result(n);
}

/* The first descriptor that came along; the others are closed. */
static int
take_fd(struct msghdr *h)
{
	struct cmsghdr *c;
	size_t i, n;
	int fd, first = -1;

	for (c = CMSG_FIRSTHDR(h); c != NULL; c = CMSG_NXTHDR(h, c)) {
		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		n = (c->cmsg_len - CMSG_LEN(0)) / sizeof fd;
		for (i = 0; i < n; i++) {
			memcpy(&fd, CMSG_DATA(c) + i * sizeof fd, sizeof fd);
			if (first == -1)
				first = fd;
			else
				close(fd);
		}
	}
	return first;
}

enum handover_io
handover_receive(int socket, struct handover_message *m, int *fd)
{
	union ancillary a = { 0 };
	struct iovec iov = { m, sizeof *m };
	struct msghdr h = { .msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = a.bytes, .msg_controllen = sizeof a.bytes };
	enum handover_io rc;
	ssize_t n;

	*fd = -1;
	do
		n = recvmsg(socket, &h, MSG_CMSG_CLOEXEC);
	while (n == -1 && errno == EINTR);
	rc = result(n);
	if (n >= 0)
		*fd = take_fd(&h);
	/* The sender writes each at once, so none comes in pieces. */
	if (rc == HANDOVER_OK && (m->magic != MAGIC ||
	    m->text[sizeof m->text - 1] != '\0'))
		rc = HANDOVER_GONE;
	if (rc != HANDOVER_OK && *fd != -1) {
		close(*fd);
		*fd = -1;
	}
	return rc;
}
