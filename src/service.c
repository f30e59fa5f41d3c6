/*
 * service.c - systemd's two small protocols, without its library: one
 * datagram per change of state to $NOTIFY_SOCKET (sd_notify(3)), and
 * listening sockets by inheritance (sd_listen_fds(3)).
 *
 * Nothing here may fail: a manager that does not listen is not our trouble.
 */
#include "service.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/addr.h"
#include "base/log.h"
#include "base/mono.h"

/* The number in an environment variable; -1 if there is none in it. */
static long
number_in(const char *variable)
{
	const char *text = getenv(variable);
	char *end;
	long n;

	if (text == NULL || text[0] == '\0')
		return -1;
	errno = 0;
	n = strtol(text, &end, 10);
	return errno != 0 || *end != '\0' || n < 0 ? -1 : n;
}

int
service_sockets(void)
{
	long pid = number_in("LISTEN_PID"), n = number_in("LISTEN_FDS"), i;

	unsetenv("LISTEN_PID");
	unsetenv("LISTEN_FDS");
	unsetenv("LISTEN_FDNAMES");
	/* Meant for another process, through which we were started. */
	if (pid != (long)getpid() || n <= 0 || n > INT_MAX - SERVICE_FIRST_FD)
		return 0;
	for (i = 0; i < n; i++)
		if (fcntl(SERVICE_FIRST_FD + (int)i, F_SETFD,
		    FD_CLOEXEC) == -1)
			break;
	return (int)i;
}

static void
notify(const char *text)
{
	const char *path = getenv("NOTIFY_SOCKET");
	struct sockaddr_storage ss;
	socklen_t len;
	int fd;

	if (path == NULL || (path[0] != '/' && path[0] != '@') ||
	    addr_unix(path, &ss, &len) == -1)
		return;
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd == -1)
		return;
	if (sendto(fd, text, strlen(text), MSG_NOSIGNAL,
	    (const struct sockaddr *)&ss, len) == -1)
		log_warning(NULL, "cannot notify the service manager: %s",
		    strerror(errno));
	close(fd);
}

void
service_ready(void)
{
	char text[64];

	/* After -d we are not the process that the manager started. */
	snprintf(text, sizeof text, "READY=1\nMAINPID=%ld", (long)getpid());
	notify(text);
}

void
service_reloading(void)
{
	char text[64];

	/* The stamp tells this reload's READY=1 from an earlier one's. */
	snprintf(text, sizeof text, "RELOADING=1\nMONOTONIC_USEC=%" PRId64,
	    mono_clock().usec);
	notify(text);
}

void
service_stopping(void)
{
	notify("STOPPING=1");
}
