/*
 * fair_by.c - which key a client belongs to.
 *
 * A key belongs to the login: the address, the application_name that came
 * with the startup packet, the user whose password was checked. Whatever a
 * client says later changes nothing.
 */
#include "pool/fair_by.h"

#include "base/must.h"
#include "config/config.h"
#include "pgwire/params.h"
#include "pool/client.h"
#include "pool/fairness.h"
#include "pool/pools.h"
#include "pool/server.h"
#include "pool/state.h"
#include "pool/user.h"

static const char *
asked_name(const struct client *c)
{
	int i = param_names_find(c->pooler->names, "application_name");
	const char *name = i >= 0 ? paramset_get(c->asked, (unsigned)i) :
	    NULL;

	return name != NULL ? name : "";
}

/* NULL: fair_by is off. */
static const char *
key_name(const struct client *c, char *buf, size_t cap)
{
	switch (c->pooler->config->fair_by) {
	case FAIR_BY_OFF:
		break;
	case FAIR_BY_CLIENT_ADDR:
		return addr_format(&c->addr, buf, cap);
	case FAIR_BY_APPLICATION_NAME:
		return asked_name(c);
	case FAIR_BY_USER:
		return c->user->name;
	}
	return NULL;
}

/* Have a key at each side of the pool. */
void
fair_by_enter(struct client *c)
{
	struct pool *sides[QUEUE_SIDES] = { c->pool, c->pool->replicas };
	char buf[64];
	const char *name = key_name(c, buf, sizeof buf);
	int i;

	for (i = 0; i < QUEUE_SIDES && name != NULL; i++)
		if (sides[i] != NULL && c->wait.keys[i] == NULL)
			c->wait.keys[i] = fair_key_acquire(
			    sides[i]->queue.fairness, name);
}

/* Is it among those who have a key? */
static bool
has_entered(const struct client *c)
{
	return c->pool != NULL && c->state != CLIENT_CLOSING;
}

static void
forget_keys(struct pooler *p)
{
	uint32_t cursor = 0;
	struct client *c;
	struct list *n;

	LIST_EACH (n, &p->pools)
		queue_forget_keys(&container_of(n, struct pool,
		    member)->queue);
	while ((c = roster_next(&p->clients, &cursor)) != NULL) {
		if (c->link.server != NULL)
			fair_key_return(&c->link.server->holder);
		queue_release_keys(&c->wait);
	}
}

static void
hold(struct server *s, struct fair_key *key)
{
	if (key != NULL)
		fair_key_hold(key);
	s->holder = key;
}

static void
learn_keys(struct pooler *p)
{
	uint32_t cursor = 0;
	struct client *c;
	struct list *n;

	while ((c = roster_next(&p->clients, &cursor)) != NULL) {
		if (!has_entered(c))
			continue;
		fair_by_enter(c);
		if (c->wait.pool != NULL)
			c->wait.key = c->wait.keys[pools_side(c->wait.pool)];
		if (c->link.server != NULL)
			hold(c->link.server,
			    c->wait.keys[pools_side(c->link.server->pool)]);
	}
	LIST_EACH (n, &p->pools)
		queue_learn_keys(&container_of(n, struct pool,
		    member)->queue);
}

void
fair_by_complete(struct pooler *p)
{
	uint32_t cursor = 0;
	struct client *c;

	while ((c = roster_next(&p->clients, &cursor)) != NULL)
		if (has_entered(c))
			fair_by_enter(c);
}

void
fair_by_reload(struct pooler *p)
{
	struct pool *pool;
	struct list *n;

	forget_keys(p);
	LIST_EACH (n, &p->pools) {
		pool = container_of(n, struct pool, member);
		fairness_destroy(pool->queue.fairness);
		pool->queue.fairness = pools_has_keys(pool) ?
		    fairness_create(p->hash_seed) : NULL;
	}
	learn_keys(p);
}
