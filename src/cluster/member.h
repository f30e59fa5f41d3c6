/*
 * member.h - a topology from inside; only for judge.c and topology.c.
 */
#ifndef CLUSTER_MEMBER_H
#define CLUSTER_MEMBER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/list.h"
#include "base/mono.h"
#include "cluster/lag.h"
#include "cluster/topology.h"

/* A host as this topology sees it. */
struct member {
	struct node *node;
	enum role role, next_role;      /* now, and while it is judged */
	enum role_reason reason, next_reason;
	struct mono since;      /* of the role */
	struct mono slow_since; /* it came back then; 0: it never left */
	int64_t lag_usec, lag_bytes; /* at its last answer; -1: not known */
	uint64_t lag_answers;   /* ... which was this one */
	bool lagging;
	bool was_used;
	bool disputed;          /* part of a split brain that lasted */
	uint64_t conflict_answers; /* that it had given when it began */
};

struct topology {
	struct list member;
	struct topologies *owner;
	unsigned refs;
	size_t n;
	struct member *members;
	bool changed;           /* on_change is to be called */
	bool conflict;          /* two are primary, as it seems */
	uint64_t system;        /* the cluster; 0: not known yet */
	uint32_t timeline;      /* the highest one seen in it */
	uint32_t disputed;      /* timeline of a split brain; 0: none */
	struct mono seeks_until; /* it has lost its primary; 0: it has one,
				 * or never had */
	struct lag lag;
	const struct node *lag_of; /* whose log it is */
};

void judge(struct topology *, struct mono now);
	/* Decide anew what each member may be used for, by all that is
	 * known. Sets changed if that is another use for one of them. */

#endif
