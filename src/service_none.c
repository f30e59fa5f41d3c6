/*
 * service_none.c - no service manager: built without libsystemd.
 */
#include "service.h"

#include <stdlib.h>

#include "base/log.h"

int
service_sockets(void)
{
	return 0;
}

int64_t
service_watchdog(bool successor)
{
	(void)successor;
	return 0;
}

void
service_alive(void)
{
}

void
service_ready(void)
{
	if (getenv("NOTIFY_SOCKET") != NULL)
		log_warning(NULL, "systemd waits to be notified, but this "
		    "pgweir was built without systemd support");
}

void
service_reloading(void)
{
}

void
service_stopping(void)
{
}
