/*
 * source.c - where logins come from; see source.h.
 *
 * Two kinds of entry in one table. That of an address counts its connections
 * that have not logged in yet, for max_unfinished_logins. That of an address
 * and a user's name counts failures in a row, for login_failure_delay: it
 * keeps others who try the same from being heard for a while, which doubles
 * with each failure. A name alone would let strangers lock somebody out, and
 * an address alone a broken application all its neighbours.
 *
 * Whoever has an IPv6 address has at least 2^64 of them: the first 64 bits
 * count.
 *
 * Addresses and names are those of people who have proved nothing, so there
 * is an end to what is remembered: beyond it the failure that lies back
 * longest is forgotten. With both settings 0 nothing is.
 */
#include "pool/source.h"

#include <string.h>
#include <xxhash.h>

/* Names come from clients: see database.c. */
#define HASH_FUNCTION(key, n, hash) \
	((hash) = (unsigned)XXH3_64bits_withSeed((key), (n), p->hash_seed))
#include <uthash.h>

#include "base/mem.h"
#include "base/must.h"
#include "base/roster.h"
#include "config/config.h"
#include "pool/state.h"

#define FAILURES_KEPT 10000u
#define DOUBLINGS 6             /* the longest wait is 64 delays */

/* Zeroed, and then filled in: it is hashed as bytes. */
struct key {
	unsigned char ip[16];
	uint16_t family;
	char user[128];         /* "": the entry of the address */
};

struct source {
	struct key key;
	uint32_t place;
	uint32_t unfinished;
	uint32_t failures;
	struct mono until;              /* not heard before ... */
	struct mono forgotten;          /* ... and as if it had never been */
	struct list member;             /* of failures, the latest last */
	UT_hash_handle hh;
};

struct source_table {
	struct source *sources;
	struct roster roster;
	struct list failures;
	uint32_t nfailures;
};

struct source_table *
source_table_create(void)
{
	struct source_table *t = mem_alloc(sizeof *t);

	list_init(&t->failures);
	return t;
}

static void
destroy(struct source_table *t, struct source *s)
{
	HASH_DEL(t->sources, s);
	roster_remove(&t->roster, s->place);
	if (s->failures > 0)
		t->nfailures--;
	list_remove(&s->member);
	mem_free(s);
}

void
source_table_destroy(struct source_table *t)
{
	while (t->sources != NULL) {
		must(t->sources->unfinished == 0);
		destroy(t, t->sources);
	}
	roster_fini(&t->roster);
	mem_free(t);
}

static void
make_key(struct key *key, const struct addr *addr, const char *user)
{
	size_t n = strlen(user);

	*key = (struct key){ 0 };
	key->family = addr->family;
	if (addr->family == AF_INET)
		memcpy(key->ip, addr->ip, 4);
	if (addr->family == AF_INET6)
		memcpy(key->ip, addr->ip, 8);
	must(n < sizeof key->user);
	memcpy(key->user, user, n);
}

static struct source *
find(const struct pooler *p, const struct addr *addr, const char *user)
{
	struct source *s;
	struct key key;

	make_key(&key, addr, user);
	HASH_FIND(hh, p->sources->sources, &key, sizeof key, s);
	return s;
}

static struct source *
find_or_make(struct pooler *p, const struct addr *addr, const char *user)
{
	struct source *s = find(p, addr, user);

	if (s != NULL)
		return s;
	s = mem_alloc(sizeof *s);
	make_key(&s->key, addr, user);
	list_init(&s->member);
	s->place = roster_add(&p->sources->roster, s);
	HASH_ADD(hh, p->sources->sources, key, sizeof s->key, s);
	return s;
}

bool
source_enter(struct pooler *p, const struct addr *addr,
    struct source_hold *hold)
{
	int limit = p->config->max_unfinished_logins;
	struct source *s;

	must(hold->source == NULL);
	if (limit == 0)
		return true;
	s = find_or_make(p, addr, "");
	if (s->unfinished >= (uint32_t)limit)
		return false;
	s->unfinished++;
	hold->source = s;
	return true;
}

void
source_leave(struct pooler *p, struct source_hold *hold)
{
	struct source *s = hold->source;

	if (s == NULL)
		return;
	must(s->unfinished > 0);
	hold->source = NULL;
	if (--s->unfinished == 0)
		destroy(p->sources, s);
}

int64_t
source_wait(struct pooler *p, const struct addr *addr, const char *user)
{
	const struct source *s = p->config->login_failure_delay == 0 ? NULL :
	    find(p, addr, user);
	struct mono now = loop_now(p->loop);

	return s == NULL || mono_reached(now, s->until) ? 0 :
	    mono_between(now, s->until);
}

static void
forget_oldest(struct source_table *t)
{
	struct list *n = list_first(&t->failures);

	destroy(t, container_of(n, struct source, member));
}

void
source_failed(struct pooler *p, const struct addr *addr, const char *user)
{
	int64_t delay = p->config->login_failure_delay;
	struct source_table *t = p->sources;
	struct mono now = loop_now(p->loop);
	struct source *s;
	unsigned times;

	if (delay == 0 || user[0] == '\0')
		return;
	s = find_or_make(p, addr, user);
	if (s->failures++ == 0)
		t->nfailures++;
	times = s->failures - 1 < DOUBLINGS ? s->failures - 1 : DOUBLINGS;
	s->until = mono_after(now, delay << times);
	s->forgotten = mono_after(s->until, delay << DOUBLINGS);
	list_remove(&s->member);
	list_append(&t->failures, &s->member);
	if (t->nfailures > FAILURES_KEPT)
		forget_oldest(t);
}

void
source_proved(struct pooler *p, const struct addr *addr, const char *user)
{
	struct source *s = p->sources->nfailures == 0 || user[0] == '\0' ?
	    NULL : find(p, addr, user);

	if (s != NULL)
		destroy(p->sources, s);
}

void
source_sweep(struct pooler *p)
{
	struct mono now = loop_now(p->loop);
	struct list *n, *next;
	struct source *s;

	LIST_EACH_SAFE (n, next, &p->sources->failures) {
		s = container_of(n, struct source, member);
		if (p->config->login_failure_delay == 0 ||
		    mono_reached(now, s->forgotten))
			destroy(p->sources, s);
	}
}

bool
facts_source(const struct pooler *p, uint32_t *cursor,
    struct source_facts *f)
{
	const struct source *s = roster_next(&p->sources->roster, cursor);
	struct mono now = loop_now(p->loop);

	if (s == NULL)
		return false;
	*f = (struct source_facts){ .addr = { .family = s->key.family },
		.unfinished = s->unfinished, .failures = s->failures };
	memcpy(f->addr.ip, s->key.ip, sizeof f->addr.ip);
	if (s->key.user[0] != '\0') {
		f->user = s->key.user;
		f->wait_usec = mono_reached(now, s->until) ? 0 :
		    mono_between(now, s->until);
	}
	return true;
}
