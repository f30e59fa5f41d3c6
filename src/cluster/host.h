/*
 * host.h - one PostgreSQL server: a name and a port, with its budget.
 *
 * All pools of all databases that name the same host and port share one
 * struct host.
 */
#ifndef CLUSTER_HOST_H
#define CLUSTER_HOST_H

#include <stdbool.h>
#include <stdint.h>

#include "base/list.h"
#include "cluster/budget.h"

struct host {
	struct list member;
	char *name;             /* host name, address, /directory, @name */
	uint16_t port;
	unsigned refs;
	unsigned turn;          /* which of its addresses is next */
	struct budget_count count;
	struct budget budget;
};

struct hosts {
	struct list all;
};

void hosts_init(struct hosts *);
void hosts_fini(struct hosts *);
	/* All must have been released. */

struct host *host_acquire(struct hosts *, const char *name, uint16_t port);
	/* The host of this name and port; release it in the end. */

void host_release(struct host *);

bool host_is_unix(const struct host *);

char *host_unix_path(const struct host *);
	/* Path of its socket, to be freed by the caller. */

#endif
