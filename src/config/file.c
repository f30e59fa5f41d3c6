/*
 * file.c - reading a whole file; see file.h.
 */
#include "config/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool
read_all(int fd, size_t max, struct text *to)
{
	size_t before = to->n;
	char buf[16384];
	struct stat st;
	ssize_t n;

	/* A text that grows by and by leaves its past behind. */
	if (fstat(fd, &st) == 0 && st.st_size > 0 &&
	    (uintmax_t)st.st_size <= max)
		text_reserve(to, (size_t)st.st_size);
	for (;;) {
		n = read(fd, buf, sizeof buf);
		if (n == -1 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		text_add(to, buf, (size_t)n);
		if (to->n - before > max) {
			errno = EFBIG;
			n = -1;
			break;
		}
	}
	explicit_bzero(buf, sizeof buf);
	return n == 0;
}

bool
file_read(const char *path, size_t max, struct text *to)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	bool ok = fd != -1 && read_all(fd, max, to);
	int error = errno;

	if (fd != -1)
		close(fd);
	errno = error;
	return ok;
}
