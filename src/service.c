/*
 * service.c - systemd as the service manager, by its library.
 *
 * Built with --with-systemd; otherwise service_none.c takes its place.
 * Nothing here may fail: a manager that does not listen is not our trouble.
 */
#include "service.h"

#include <inttypes.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include "base/mono.h"
#include "base/must.h"

_Static_assert(SERVICE_FIRST_FD == SD_LISTEN_FDS_START, "sd_listen_fds(3)");

int
service_sockets(void)
{
	int n = sd_listen_fds(1);

	return n > 0 ? n : 0;
}

void
service_ready(void)
{
	/* After -d we are not the process that the manager started. */
	(void)sd_notifyf(0, "READY=1\nMAINPID=%ld", (long)getpid());
}

void
service_reloading(void)
{
	/* The stamp tells this reload's READY=1 from an earlier one's. */
	(void)sd_notifyf(0, "RELOADING=1\nMONOTONIC_USEC=%" PRId64,
	    mono_clock().usec);
}

void
service_stopping(void)
{
	(void)sd_notify(0, "STOPPING=1");
}
