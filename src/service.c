/*
 * service.c - systemd as the service manager, by its library.
 *
 * Built where the library is there; otherwise, or with --without-systemd,
 * service_none.c takes its place.
 * Nothing here may fail: a manager that does not listen is not our trouble.
 */
#include "service.h"

#include <inttypes.h>
#include <stdlib.h>
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

int64_t
service_watchdog(bool successor)
{
	uint64_t usec;

	if (successor)
		unsetenv("WATCHDOG_PID");
	if (sd_watchdog_enabled(0, &usec) <= 0)
		return 0;
	/* Twice as often as need be: sd_watchdog_enabled(3). */
	return usec / 2 > INT64_MAX ? 0 : usec < 2 ? 1 : (int64_t)(usec / 2);
}

void
service_alive(void)
{
	(void)sd_notify(0, "WATCHDOG=1");
}

void
service_ready(void)
{
	/* After -d or -R we are not the process that the manager started. */
	(void)sd_notifyf(0, "READY=1\nMAINPID=%ld\n"
	    "STATUS=Accepting clients", (long)getpid());
}

void
service_reloading(void)
{
	/* The stamp tells this reload's READY=1 from an earlier one's. */
	(void)sd_notifyf(0, "RELOADING=1\nMONOTONIC_USEC=%" PRId64
	    "\nSTATUS=Reading the configuration", mono_clock().usec);
}

void
service_stopping(void)
{
	(void)sd_notify(0, "STOPPING=1\nSTATUS=Waiting for clients to leave");
}
