/*
 * transport.c - the plain socket.
 */
#include "net/transport.h"

#include <errno.h>
#include <stdint.h>
#include <sys/socket.h>

#include "base/must.h"
#include "net/conn.h"

static enum io
plain_read(struct conn *c, void *buf, size_t cap, size_t *got)
{
	ssize_t n;

	do
		n = recv(c->fd, buf, cap, 0);
	while (n == -1 && errno == EINTR);
	if (n > 0) {
		*got = (size_t)n;
		return IO_OK;
	}
	if (n == 0)
		return IO_EOF;
	return errno == EAGAIN || errno == EWOULDBLOCK ? IO_AGAIN : IO_ERROR;
}

static enum io
plain_write(struct conn *c, const struct iovec *iov, int count, size_t *put)
{
	struct msghdr msg = {
		.msg_iov = (struct iovec *)(uintptr_t)iov,
		.msg_iovlen = (size_t)count,
	};
	ssize_t n;

	must(count > 0);
	do
		n = count == 1 ?
		    send(c->fd, iov->iov_base, iov->iov_len, MSG_NOSIGNAL) :
		    sendmsg(c->fd, &msg, MSG_NOSIGNAL);
	while (n == -1 && errno == EINTR);
	if (n >= 0) {
		*put = (size_t)n;
		return IO_OK;
	}
	return errno == EAGAIN || errno == EWOULDBLOCK ? IO_AGAIN : IO_ERROR;
}

static void
plain_shutdown(struct conn *c)
{
	/* The end of our side of the socket says it all. */
	(void)c;
}

const struct transport transport_plain = {
	"plain", plain_read, plain_write, plain_shutdown, NULL
};
