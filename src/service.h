/* service.h - the service manager that started us, if any; see service.c. */
#ifndef SERVICE_H
#define SERVICE_H

#include <stdbool.h>
#include <stdint.h>

/* The first of the sockets that a service manager passes on. */
#define SERVICE_FIRST_FD 3

int service_sockets(void);
	/* How many listening sockets we were given, from SERVICE_FIRST_FD
	 * on. Ask once, before any fork: the environment is cleared, so that
	 * nobody else takes them for his. */

int64_t service_watchdog(bool successor);
	/* How often, in microseconds, service_alive() is due; 0: nobody asks
	 * for it. Before any fork. A successor answers for the process that
	 * the manager has started. */

void service_alive(void);

void service_ready(void);
	/* We listen (or a reload is over, well or not). */

void service_reloading(void);

void service_stopping(void);
	/* All are harmless without a service manager. */

#endif
