/*
 * monitor.h - asks the hosts of topologies what they are, all the time.
 *
 * One control connection for each host that has a way to log in. What comes
 * of it goes to topologies_report() and topologies_fail(). Without routed
 * databases there is no host, and nothing happens.
 */
#ifndef CLUSTER_MONITOR_H
#define CLUSTER_MONITOR_H

struct loop;
struct monitor;
struct resolver;
struct topologies;

struct monitor *monitor_create(struct loop *, struct resolver *,
    struct topologies *);
	/* Takes over the hooks of the topologies, and begins with the hosts
	 * that there are. */

void monitor_destroy(struct monitor *);
	/* Before the topologies and the resolver. Ends all control
	 * connections. NULL is fine. */

#endif
