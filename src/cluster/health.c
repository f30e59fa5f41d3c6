/*
 * health.c - counts answers and failures; see health.h.
 *
 * A single lost answer says little, so it takes some in a row to change what
 * is thought of a host, and it is asked more often meanwhile. One that stays
 * down is then asked as seldom as the others: it is in no hurry any more.
 */
#include "cluster/health.h"

#include <stdio.h>

#include "base/must.h"

#define EAGER_PROBES 120        /* half a minute */

static const char *const names[] = {
#define X(id, name) name,
	HEALTH_STATES(X)
#undef X
};

static void
set_state(struct health *h, enum health_state to, struct mono now)
{
	if (h->state == to)
		return;
	h->state = to;
	h->since = now;
}

void
health_init(struct health *h, struct mono now)
{
	*h = (struct health){ .since = now, .due = now };
}

void
health_assume_up(struct health *h, struct mono now)
{
	set_state(h, HEALTH_UP, now);
}

static int64_t
eager(const struct health_rules *rules)
{
	return rules->interval_usec < HEALTH_EAGER_USEC ?
	    rules->interval_usec : HEALTH_EAGER_USEC;
}

void
health_pass(struct health *h, const struct health_rules *rules,
    struct mono now)
{
	must(rules->rise > 0);
	h->failures = 0;
	h->passed = now;
	if (h->passes < rules->rise)
		h->passes++;
	if (h->state == HEALTH_UNKNOWN || h->passes >= rules->rise)
		set_state(h, HEALTH_UP, now);
	h->due = mono_after(now, h->state == HEALTH_UP ?
	    rules->interval_usec : eager(rules));
}

void
health_fail(struct health *h, const struct health_rules *rules,
    struct mono now, const char *error)
{
	must(rules->fall > 0);
	h->passes = 0;
	if (h->failures < UINT32_MAX)
		h->failures++;
	snprintf(h->error, sizeof h->error, "%s", error);
	if (h->failures >= rules->fall)
		set_state(h, HEALTH_DOWN, now);
	h->due = mono_after(now, h->failures <= rules->fall + EAGER_PROBES ?
	    eager(rules) : rules->interval_usec);
}

void
health_ask_by(struct health *h, struct mono when)
{
	if (!mono_reached(when, h->due))
		h->due = when;
}

void
health_hurry(struct health *h, struct mono now)
{
	struct mono soon = mono_after(h->passed, HEALTH_HURRY_USEC);

	if (h->failures == 0)
		health_ask_by(h, mono_reached(now, soon) ? now : soon);
}

bool
health_is_up(const struct health *h)
{
	return h->state == HEALTH_UP;
}

const char *
health_state_name(enum health_state state)
{
	return names[state];
}
