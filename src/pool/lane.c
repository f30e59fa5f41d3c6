/*
 * lane.c - bookkeeping of one host's servers in one pool; see lane.h.
 */
#include "pool/lane.h"

#include <string.h>

#include "base/mem.h"
#include "base/must.h"
#include "cluster/host.h"

#define FIRST_RETRY_USEC INT64_C(1000000)

struct lane *
lane_create(struct pool *pool, struct host *host)
{
	struct lane *l = mem_alloc(sizeof *l);
	int i;

	l->pool = pool;
	l->host = host;
	list_init(&l->member);
	for (i = 0; i < SERVER_NSTATES; i++)
		list_init(&l->servers[i]);
	return l;
}

void
lane_destroy(struct lane *l)
{
	must(lane_is_empty(l));
	quota_leave(&l->room);
	list_remove(&l->member);
	host_release(l->host);
	mem_free(l);
}

uint32_t
lane_count(const struct lane *l)
{
	uint32_t sum = 0;
	int i;

	for (i = 0; i < SERVER_NSTATES; i++)
		if (i != SERVER_CLOSING)
			sum += l->count[i];
	return sum;
}

bool
lane_is_empty(const struct lane *l)
{
	return lane_count(l) == 0 && l->count[SERVER_CLOSING] == 0;
}

bool
lane_may_dial(const struct lane *l, struct mono now)
{
	return !l->retired && mono_reached(now, l->retry_at);
}

bool
failure_is_transient(const struct failure *f)
{
	return !f->from_server || strncmp(f->sqlstate, "57P", 3) == 0 ||
	    strncmp(f->sqlstate, "53", 2) == 0;
}

void
lane_failed(struct lane *l, const struct failure *f, struct mono now,
    int64_t retry_usec)
{
	int64_t pause = FIRST_RETRY_USEC << (l->failures < 16 ?
	    l->failures : 16);

	if (!failure_is_transient(f) || pause > retry_usec)
		pause = retry_usec;
	l->failures++;
	l->failure = *f;
	l->retry_at = mono_after(now, pause);
}

void
lane_succeeded(struct lane *l)
{
	l->failures = 0;
	l->retry_at = (struct mono){ 0 };
}
