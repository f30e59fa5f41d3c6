/*
 * facts_host.h - the hosts of databases for which roles matter, as plain
 * values; for the rules of facts and their cursors see facts.h.
 */
#ifndef POOL_FACTS_HOST_H
#define POOL_FACTS_HOST_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

struct pooler;

/* A row of SHOW HOSTS. */
struct host_facts {
	const char *host;
	int port;
	char databases[200];            /* that have it; perhaps cut: "..." */
	const char *role, *state;
	const char *reason;             /* why it has no role, or NULL */
	int64_t lag_usec, lag_bytes;    /* -1: not known */
	uint64_t lsn;                   /* written or replayed; 0: not known */
	uint32_t timeline;              /* 0: not known */
	uint32_t weight;                /* thousandths, as of now */
	int connections;
	uint64_t requests, reads, retries; /* since it was first used */
	const char *last_error;         /* NULL: there never was one */
	time_t since;                   /* of the role */
};

bool facts_host(const struct pooler *, uint32_t *cursor,
    struct host_facts *);
	/* By list of hosts, in its order; a host that is in several lists is
	 * there several times. */

#endif
