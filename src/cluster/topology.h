/*
 * topology.h - the hosts of a database: which is the primary, which replicas
 * may be read from.
 *
 * What the hosts say comes in by topologies_report() and topologies_fail();
 * what each may be used for follows from all of it. See topology.c.
 */
#ifndef CLUSTER_TOPOLOGY_H
#define CLUSTER_TOPOLOGY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/list.h"
#include "base/mono.h"
#include "cluster/node.h"

struct config;
struct config_database;
struct host;
struct hosts;
struct loop;
struct topology;

#define ROLES(X)                \
	X(NONE,    "none")      \
	X(PRIMARY, "primary")   \
	X(REPLICA, "replica")

/* What a host may be used for now. */
enum role {
#define X(id, name) ROLE_##id,
	ROLES(X)
#undef X
};

/* Why a host has ROLE_NONE. */
#define ROLE_REASONS(X)                                                 \
	X(NOTHING, "")                                                  \
	X(UNKNOWN, "it has not answered yet")                           \
	X(WAITING, "other hosts have not answered yet")                 \
	X(DOWN,    "it is down")                                        \
	X(ALIAS,   "it is another address of a host in the list")       \
	X(FOREIGN, "it belongs to another database cluster")            \
	X(STALE,   "it is on an older timeline than the cluster")       \
	X(SPLIT,   "split brain: another host claims to be the " \
	    "primary as well")                                          \
	X(SPARE,   "another host is the primary")                       \
	X(BLANK,   "it has not replayed anything yet")                  \
	X(LAGGING, "it lags too far behind")

enum role_reason {
#define X(id, text) REASON_##id,
	ROLE_REASONS(X)
#undef X
};

struct topologies {
	struct loop *loop;
	struct hosts *hosts;
	const struct config *config;
	struct list all, nodes;

	/* A host of this topology may be used for something else than
	 * before. All topologies are consistent by then; it may acquire and
	 * release some. NULL: nobody wants to know. */
	void (*on_change)(void *arg, struct topology *);
	void *arg;

	/* For the monitor: when and how a node is to be asked has changed,
	 * and it has come perhaps; or it is about to go. */
	void (*on_node)(void *monitor, struct node *);
	void (*on_node_gone)(void *monitor, struct node *);
	void *monitor;
};

/* One line of SHOW HOSTS. */
struct topology_status {
	const struct node *node;
	enum role role;
	enum role_reason reason;
	struct mono since;      /* of the role */
	int64_t lag_usec, lag_bytes; /* of a replica; -1: not known */
};

void topologies_init(struct topologies *, struct loop *, struct hosts *);
void topologies_fini(struct topologies *);
	/* All must have been released. */

void topologies_load(struct topologies *, const struct config *);
	/* In force from now on, and for as long as there is no other; before
	 * the first is acquired. May call on_change. */

struct topology *topology_acquire(struct topologies *,
    const struct config_database *);
	/* The one of this entry's hosts, to be released. Entries with the
	 * same list share it. What is known of a host stays known as long as
	 * somebody has it: acquire the new one before the old is released. */

void topology_release(struct topology *);
	/* NULL is fine. */

enum role topology_role(const struct topology *, const struct host *);
	/* What it may be used for now; NONE also if it is not of ours. */

bool topology_has(const struct topology *, enum role);

uint32_t topology_weight(const struct topology *, const struct host *,
    struct mono now);
	/* In thousandths, less while it starts slowly; 0 for ROLE_NONE. */

const struct topology *topologies_next(const struct topologies *,
    const struct topology *);
	/* Another one; the first after NULL, NULL after the last. */

size_t topology_count(const struct topology *);
struct host *topology_host(const struct topology *, size_t i);
	/* In the order of the list, each once. */

void topology_status(const struct topology *, size_t i,
    struct topology_status *);

void topologies_report(struct topologies *, struct host *,
    const struct probe *);
	/* It answered this. Calls on_change for each topology in which a
	 * role changed. Harmless for a host that is in none. */

void topologies_fail(struct topologies *, struct host *, const char *error);
	/* It did not answer. */

void topologies_suspect(struct topologies *, const struct host *);
	/* A connection to it failed: ask it soon. */

const char *role_name(enum role);
const char *role_reason_text(enum role_reason);

#endif
