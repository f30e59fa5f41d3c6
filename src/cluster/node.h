/*
 * node.h - a host of a routed database: how it is, what it said of itself.
 *
 * Databases that name the same host share its node, and one control
 * connection asks for all of them.
 */
#ifndef CLUSTER_NODE_H
#define CLUSTER_NODE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/list.h"
#include "base/mono.h"
#include "cluster/health.h"
#include "cluster/probe.h"
#include "config/setting.h"

struct config;
struct host;

/* As whom, and to which database, the host is asked. */
struct node_login {
	char *user;             /* NULL: it cannot be asked */
	char *password;         /* or NULL */
	char *dbname;
};

struct node {
	struct list member;     /* of topologies->nodes */
	struct host *host;
	unsigned refs;          /* members of topologies */
	enum host_role fixed;   /* AUTO: what it says */
	uint32_t weight;
	struct node_login login;
	struct health health;
	struct probe probe;     /* the last answer ... */
	struct mono answered;   /* ... and when; 0: never */
	uint64_t answers;       /* how many there were */
	uint32_t proven;        /* it was the primary on this timeline */
	uint64_t system;        /* of its cluster, 0: not known; and ... */
	uint32_t timeline;      /* ... the highest timeline seen there */
	void *asker;            /* the monitor's own; NULL: not asked yet */
};

void node_load(struct node *, const struct config *, bool *login_changed);
	/* What the configuration says of it. */

void node_pass(struct node *, const struct health_rules *, struct mono now,
    const struct probe *);
void node_fail(struct node *, const struct health_rules *, struct mono now,
    const char *error);
	/* What it answered, or why it did not. Logs when it goes or comes. */

void node_fini(struct node *);
	/* What it holds but for the host. */

bool node_is_asked(const struct node *);
	/* Is there a way to log in to it? */

bool node_speaks(const struct node *);
	/* It is up, and what it said can be gone by. */

#endif
