/*
 * host.h - where a PostgreSQL server is: a name and a port.
 *
 * All pools of all databases that name the same host and port share one
 * struct host; several hosts may be one server, and then share its budget.
 */
#ifndef CLUSTER_HOST_H
#define CLUSTER_HOST_H

#include <stdbool.h>
#include <stdint.h>

#include "base/list.h"
#include "cluster/ledger.h"

struct host {
	struct list member;
	char *name;             /* host name, address, /directory, @name */
	uint16_t port;
	unsigned refs;
	unsigned turn;          /* which of its addresses is next */
	struct account *account;
	struct budget *budget;  /* the account's */
	uint64_t requests, reads; /* sent to it; as a replica */
	uint64_t retries;       /* of these, asked elsewhere as well */
};

struct hosts {
	struct list all;
	struct ledger ledger;
};

void hosts_init(struct hosts *, struct loop *);
void hosts_fini(struct hosts *);
	/* All must have been released. */

void hosts_load(struct hosts *, const struct config *);
	/* See ledger_load(); before the first host is acquired. */

struct host *host_acquire(struct hosts *, const char *name, uint16_t port);
	/* The host of this name and port; release it in the end. */

void host_release(struct host *);

bool host_is_unix(const struct host *);

char *host_unix_path(const struct host *);
	/* Path of its socket, to be freed by the caller. */

#endif
