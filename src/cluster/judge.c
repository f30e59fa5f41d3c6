/*
 * judge.c - from what the hosts say to what they are used for.
 *
 * All hosts of a topology are judged together, from scratch, whenever one of
 * them was heard of. What must be remembered is little:
 *
 *   system, timeline   The cluster that the hosts belong to, and the highest
 *                      timeline seen in it, on a primary or on a replica.
 *                      Who claims to be primary on an older one is a primary
 *                      that was replaced, even while the one that replaced
 *                      it cannot be asked. Forgotten only when every host of
 *                      the list has answered and none knows of it.
 *   disputed           Two have claimed to be primary on one timeline. None
 *                      of them is one again until all but one have been seen
 *                      in recovery: what they wrote differs, and which of
 *                      them is right is not ours to say. It counts once both
 *                      have repeated it: one address of a server that was
 *                      just restarted looks like another server to the
 *                      address that was asked before.
 *   lag                The primary's log, see lag.h.
 *
 * At the start no one is primary before all hosts have answered or are down:
 * the first one to answer may be the one that was replaced. One that was
 * found to be the primary before (for another database) need not wait.
 *
 * A host whose role is fixed is what the configuration says while it is up.
 */
#include "cluster/member.h"

#include "base/log.h"
#include "base/must.h"
#include "base/str.h"
#include "cluster/host.h"
#include "config/config.h"

#define MEMBER_EACH(m, t) \
	for ((m) = (t)->members; (m) < (t)->members + (t)->n; (m)++)

static void
set_next(struct member *m, enum role role, enum role_reason reason)
{
	m->next_role = role;
	m->next_reason = reason;
}

/* Nothing speaks against it so far, and what it is comes from its answer. */
static bool
is_open(const struct member *m)
{
	return m->next_reason == REASON_NOTHING &&
	    m->next_role == ROLE_NONE && m->node->fixed == HOST_ROLE_AUTO;
}

static bool
claims(const struct member *m)
{
	return is_open(m) && !m->node->probe.in_recovery;
}

static bool
all_speak(const struct topology *t)
{
	const struct member *m;

	MEMBER_EACH (m, t)
		if (!node_speaks(m->node))
			return false;
	return true;
}

static bool
all_heard_of(const struct topology *t)
{
	const struct member *m;

	MEMBER_EACH (m, t)
		if (m->node->health.state == HEALTH_UNKNOWN)
			return false;
	return true;
}

/*
 * Whom to listen to.
 */

static void
judge_health(struct topology *t)
{
	struct member *m;

	MEMBER_EACH (m, t) {
		set_next(m, ROLE_NONE, REASON_NOTHING);
		if (m->node->health.state == HEALTH_DOWN)
			set_next(m, ROLE_NONE, REASON_DOWN);
		else if (!health_is_up(&m->node->health) ||
		    (m->node->fixed == HOST_ROLE_AUTO &&
		    !node_speaks(m->node)))
			set_next(m, ROLE_NONE, REASON_UNKNOWN);
	}
}

/* Of several addresses the one in use stays; else the first in the list. */
static bool
comes_before(const struct member *a, const struct member *b)
{
	if ((a->role == ROLE_NONE) != (b->role == ROLE_NONE))
		return a->role != ROLE_NONE;
	return a < b;
}

static bool
is_alias(const struct topology *t, const struct member *m)
{
	const struct member *o;

	MEMBER_EACH (o, t)
		if (o != m && node_speaks(o->node) && comes_before(o, m) &&
		    probe_is_same_server(&o->node->probe, &m->node->probe))
			return true;
	return false;
}

static void
judge_aliases(struct topology *t)
{
	struct member *m;

	MEMBER_EACH (m, t)
		if (m->next_reason == REASON_NOTHING &&
		    node_speaks(m->node) && is_alias(t, m))
			set_next(m, ROLE_NONE, REASON_ALIAS);
}

/* Do all who may be listened to (or all of them that claim to be primary)
 * belong to one cluster? 0: they do not, or there is none. */
static uint64_t
agreed_system(const struct topology *t, bool only_claims)
{
	const struct member *m;
	uint64_t system = 0;

	MEMBER_EACH (m, t) {
		if (!is_open(m) || (only_claims && !claims(m)))
			continue;
		if (system == 0)
			system = m->node->probe.system_identifier;
		else if (system != m->node->probe.system_identifier)
			return 0;
	}
	return system;
}

static bool
has_claim(const struct topology *t)
{
	const struct member *m;

	MEMBER_EACH (m, t)
		if (claims(m))
			return true;
	return false;
}

static bool
is_present(const struct topology *t, uint64_t system)
{
	const struct member *m;

	MEMBER_EACH (m, t)
		if (is_open(m) && m->node->probe.system_identifier == system)
			return true;
	return false;
}

/* The cluster that counts; 0 if that cannot be said. */
static uint64_t
find_system(struct topology *t)
{
	uint64_t agreed;

	if (t->system != 0 && is_present(t, t->system))
		return t->system;
	if (t->system != 0) {
		agreed = agreed_system(t, false);
		if (agreed == 0 || !all_speak(t))
			return t->system;
		log_warning(NULL, "the hosts of a database belong to another "
		    "cluster than before: system identifier %llu, not %llu",
		    (unsigned long long)agreed,
		    (unsigned long long)t->system);
		t->timeline = t->disputed = 0;
		t->system = agreed;
		return agreed;
	}
	if (!has_claim(t))
		return agreed_system(t, false);
	if (all_heard_of(t))
		t->system = agreed_system(t, true);
	return agreed_system(t, true);
}

static void
judge_systems(struct topology *t)
{
	uint64_t system = find_system(t);
	struct member *m;

	MEMBER_EACH (m, t)
		if (is_open(m) &&
		    m->node->probe.system_identifier != system)
			set_next(m, ROLE_NONE, REASON_FOREIGN);
}

static void
find_timeline(struct topology *t)
{
	const struct member *m;
	uint32_t highest = 0;

	MEMBER_EACH (m, t)
		if (is_open(m) && m->node->probe.timeline > highest)
			highest = m->node->probe.timeline;
	if (highest < t->timeline && all_speak(t)) {
		log_warning(NULL, "no host of a database knows of timeline "
		    "%u any more: timeline %u counts from now on",
		    (unsigned)t->timeline, (unsigned)highest);
		t->timeline = highest;
	}
	if (highest > t->timeline)
		t->timeline = highest;
	/* For topologies to come that have one of these hosts. */
	MEMBER_EACH (m, t)
		if (t->system != 0) {
			m->node->system = t->system;
			m->node->timeline = t->timeline;
		}
}

/*
 * Who is the primary.
 */

static bool
may_be_primary(const struct topology *t, const struct member *m)
{
	return claims(m) && m->node->probe.timeline >= t->timeline;
}

static void
count_claims(const struct topology *t, unsigned *n, unsigned *writable)
{
	const struct member *m;

	*n = *writable = 0;
	MEMBER_EACH (m, t) {
		if (!may_be_primary(t, m))
			continue;
		++*n;
		*writable += !m->node->probe.read_only;
	}
}

/* One that takes no writes gives way to one that does. */
static void
drop_claims(struct topology *t, unsigned writable)
{
	struct member *m;

	MEMBER_EACH (m, t) {
		if (!claims(m))
			continue;
		if (m->node->probe.timeline < t->timeline)
			set_next(m, ROLE_NONE, REASON_STALE);
		else if (m->node->probe.read_only && writable > 0)
			set_next(m, ROLE_NONE, REASON_SPARE);
	}
}

static void
note_conflict(struct topology *t)
{
	struct member *m;

	t->conflict = true;
	MEMBER_EACH (m, t)
		m->conflict_answers = m->node->answers;
}

static bool
is_confirmed(const struct topology *t)
{
	const struct member *m;

	MEMBER_EACH (m, t)
		if (claims(m) && m->node->answers == m->conflict_answers)
			return false;
	return true;
}

static void
begin_dispute(struct topology *t)
{
	struct text names = {0};
	struct member *m;

	MEMBER_EACH (m, t) {
		if (!claims(m))
			continue;
		m->disputed = true;
		text_printf(&names, "%s%s:%u", names.n > 0 ? ", " : "",
		    m->node->host->name, (unsigned)m->node->host->port);
	}
	if (t->disputed != t->timeline)
		log_error(NULL, "split brain: %s all claim to be the primary "
		    "on timeline %u; no writes to any of them until all but "
		    "one are replicas again", names.p,
		    (unsigned)t->timeline);
	t->disputed = t->timeline;
	text_fini(&names);
}

/* Who was seen in recovery, or on a later timeline, is out of it. */
static void
review_dispute(struct topology *t)
{
	unsigned left = 0;
	struct member *m;

	if (t->disputed == 0)
		return;
	MEMBER_EACH (m, t) {
		if (is_open(m) && (m->node->probe.in_recovery ||
		    m->node->probe.timeline > t->disputed))
			m->disputed = false;
		left += m->disputed;
	}
	if (left > 1)
		return;
	MEMBER_EACH (m, t)
		m->disputed = false;
	log_warning(NULL, "the split brain on timeline %u is over",
	    (unsigned)t->disputed);
	t->disputed = 0;
}

static void
judge_conflict(struct topology *t)
{
	struct member *m;

	if (!t->conflict)
		note_conflict(t);
	else if (is_confirmed(t))
		begin_dispute(t);
	MEMBER_EACH (m, t)
		if (claims(m))
			set_next(m, ROLE_NONE, REASON_SPLIT);
}

static bool
may_start(const struct topology *t, const struct member *m)
{
	const struct node *n = m->node;

	return all_heard_of(t) ||
	    (n->proven != 0 && n->proven == n->probe.timeline);
}

static void
judge_single(struct topology *t)
{
	struct member *m;

	MEMBER_EACH (m, t) {
		if (!claims(m))
			continue;
		if (m->disputed)
			set_next(m, ROLE_NONE, REASON_SPLIT);
		else if (!may_start(t, m))
			set_next(m, ROLE_NONE, REASON_WAITING);
		else
			set_next(m, ROLE_PRIMARY, REASON_NOTHING);
	}
}

static void
judge_claims(struct topology *t)
{
	unsigned n, writable;

	review_dispute(t);
	count_claims(t, &n, &writable);
	drop_claims(t, writable);
	if (writable > 1 || (writable == 0 && n > 1)) {
		judge_conflict(t);
	} else {
		t->conflict = false;
		judge_single(t);
	}
}

/* What the configuration says comes before what anybody says. */
static void
judge_fixed(struct topology *t)
{
	bool has_primary = false;
	struct member *m;

	MEMBER_EACH (m, t) {
		if (m->next_reason != REASON_NOTHING)
			continue;
		if (m->node->fixed == HOST_ROLE_REPLICA)
			set_next(m, ROLE_REPLICA, REASON_NOTHING);
		else if (m->node->fixed == HOST_ROLE_PRIMARY && has_primary)
			set_next(m, ROLE_NONE, REASON_SPARE);
		else if (m->node->fixed == HOST_ROLE_PRIMARY)
			set_next(m, ROLE_PRIMARY, REASON_NOTHING);
		has_primary |= m->next_role == ROLE_PRIMARY;
	}
	MEMBER_EACH (m, t)
		if (has_primary && claims(m))
			set_next(m, ROLE_NONE, REASON_SPARE);
}

/*
 * Which replicas are fresh enough.
 */

/* The same answer again adds nothing. */
static void
note_log(struct topology *t)
{
	const struct member *m;

	MEMBER_EACH (m, t) {
		const struct node *n = m->node;

		if (m->next_role != ROLE_PRIMARY || !node_speaks(n) ||
		    n->probe.lsn == 0)
			continue;
		t->lag_of = n;
		lag_note(&t->lag, n->answered, n->probe.lsn);
	}
}

/* Above the limit it lags, until it is below half of it. */
static bool
is_beyond(int64_t lag, int64_t limit, bool before)
{
	return limit > 0 && lag >= 0 && lag > (before ? limit / 2 : limit);
}

/* When a replica's answer is to be compared with the log: a primary that has
 * gone has written nothing since. */
static struct mono
time_of(const struct topology *t, const struct node *replica)
{
	const struct member *m;

	MEMBER_EACH (m, t)
		if (m->next_role == ROLE_PRIMARY)
			return replica->answered;
	return t->lag_of != NULL &&
	    t->lag_of->answered.usec < replica->answered.usec ?
	    t->lag_of->answered : replica->answered;
}

static void
measure(struct topology *t, struct member *m)
{
	const struct config *cfg = t->owner->config;
	const struct node *n = m->node;

	/* When it answered, since it has moved on meanwhile; except that
	 * the first measure is taken late rather than never. */
	if (m->lag_answers == n->answers && m->lag_usec >= 0)
		return;
	m->lag_answers = n->answers;
	m->lag_bytes = lag_bytes(&t->lag, n->probe.lsn);
	m->lag_usec = lag_usec(&t->lag, time_of(t, n), n->probe.lsn);
	/* Behind all that we saw: the servers' clocks know more. */
	if (m->lag_usec >= 0 && lag_is_before(&t->lag, n->probe.lsn) &&
	    n->probe.replay_age > m->lag_usec)
		m->lag_usec = n->probe.replay_age;
	if (m->lag_usec >= 0)
		m->lagging = is_beyond(m->lag_usec, cfg->max_replica_lag,
		    m->lagging) || is_beyond(m->lag_bytes,
		    cfg->max_replica_lag_bytes, m->lagging);
}

static bool
has_limit(const struct topology *t)
{
	return t->owner->config->max_replica_lag > 0 ||
	    t->owner->config->max_replica_lag_bytes > 0;
}

static void
judge_replicas(struct topology *t)
{
	struct member *m;

	MEMBER_EACH (m, t) {
		bool fixed = m->next_role == ROLE_REPLICA;

		if ((!fixed && !is_open(m)) || !node_speaks(m->node) ||
		    !m->node->probe.in_recovery)
			continue;
		measure(t, m);
		if (m->node->probe.lsn == 0)
			set_next(m, ROLE_NONE, REASON_BLANK);
		else if (!fixed && m->node->probe.timeline != 0 &&
		    m->node->probe.timeline < t->timeline)
			set_next(m, ROLE_NONE, REASON_STALE);
		else if (has_limit(t) && m->lag_usec < 0 && !all_heard_of(t))
			set_next(m, ROLE_NONE, REASON_WAITING);
		else if (has_limit(t) && m->lagging)
			set_next(m, ROLE_NONE, REASON_LAGGING);
		else
			set_next(m, ROLE_REPLICA, REASON_NOTHING);
	}
}

/*
 * What has changed.
 */

static void
log_change(const struct member *m)
{
	const struct host *h = m->node->host;

	if (m->next_role != ROLE_NONE)
		log_info(NULL, "host %s:%u is used as %s", h->name,
		    (unsigned)h->port, role_name(m->next_role));
	else if (m->role != ROLE_NONE)
		log_warning(NULL, "host %s:%u is not used as %s any more: %s",
		    h->name, (unsigned)h->port, role_name(m->role),
		    role_reason_text(m->next_reason));
	else
		log_info(NULL, "host %s:%u is not used: %s", h->name,
		    (unsigned)h->port, role_reason_text(m->next_reason));
}

static void
apply(struct topology *t, struct member *m, struct mono now)
{
	if (m->next_role == m->role && m->next_reason == m->reason)
		return;
	log_change(m);
	if (m->next_role != m->role) {
		t->changed = true;
		m->since = now;
		if (m->role == ROLE_NONE && m->was_used)
			m->slow_since = now;
		m->was_used = true;
	}
	m->role = m->next_role;
	m->reason = m->next_reason;
	if (m->role == ROLE_PRIMARY)
		m->node->proven = m->node->probe.timeline;
}

void
judge(struct topology *t, struct mono now)
{
	struct member *m;

	judge_health(t);
	judge_aliases(t);
	judge_systems(t);
	find_timeline(t);
	judge_fixed(t);
	judge_claims(t);
	note_log(t);
	judge_replicas(t);
	MEMBER_EACH (m, t) {
		must(m->next_role != ROLE_NONE ||
		    m->next_reason != REASON_NOTHING);
		apply(t, m, now);
	}
}
