/*
 * ledger.c - one account for each server; see ledger.h.
 */
#include "cluster/ledger.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/must.h"
#include "config/config.h"
#include "config/hostkey.h"

static struct account *
of(struct list *n)
{
	return container_of(n, struct account, member);
}

void
ledger_init(struct ledger *l, struct loop *loop)
{
	*l = (struct ledger){ .loop = loop };
	list_init(&l->accounts);
}

static void
drop(struct account *a)
{
	budget_fini(&a->budget);
	list_remove(&a->member);
	mem_free(a->key);
	mem_free(a->host);
	mem_free(a);
}

void
ledger_fini(struct ledger *l)
{
	struct list *n, *next;

	LIST_EACH_SAFE (n, next, &l->accounts) {
		must(of(n)->refs == 0);
		drop(of(n));
	}
}

/* What the configuration says this server may have in all. */
static uint32_t
find_total(const struct config *cfg, const char *key,
    enum total_source *source)
{
	const struct config_budget *entry = config_budget(cfg, key);
	int n = cfg->server_connections;

	*source = TOTAL_SETTING;
	if (entry != NULL && entry->server_connections >= 0) {
		n = entry->server_connections;
		*source = TOTAL_HOSTS;
	}
	if (n <= 0)
		*source = TOTAL_NONE;
	return n > 0 ? (uint32_t)n : 0;
}

static void
set_share(const struct ledger *l, struct account *a)
{
	const struct config *cfg = l->config;
	uint32_t was = a->count.limit;

	if (cfg == NULL)
		return;
	a->total = find_total(cfg, a->key, &a->source);
	a->count.limit = budget_share(a->total, (uint32_t)cfg->app_instances,
	    cfg->instance_number);
	if (a->count.limit == was)
		return;
	budget_changed(&a->budget, was, time(NULL));
	if (cfg->app_instances == 1)
		log_info(NULL, "budget of server %s: %u connections", a->key,
		    (unsigned)a->total);
	else
		log_info(NULL, "budget of server %s: %u connections, our "
		    "share as one of %d instances is %u", a->key,
		    (unsigned)a->total, cfg->app_instances,
		    (unsigned)a->count.limit);
}

static struct account *
create(struct ledger *l, const char *key)
{
	struct account *a = mem_alloc(sizeof *a);
	struct list *n;

	a->key = mem_strdup(key);
	a->host = mem_dup(key, (size_t)(strrchr(key, ':') - key));
	a->port = (uint16_t)atoi(strrchr(key, ':') + 1);
	budget_init(&a->budget, l->loop, &budget_count_store, &a->count);
	LIST_EACH (n, &l->accounts)
		if (strcmp(key, of(n)->key) < 0)
			break;
	list_append(n, &a->member);
	set_share(l, a);
	return a;
}

/* One step: an alias of an alias is none. */
static const char *
main_name(const struct ledger *l, const char *key)
{
	const struct config_budget *entry = l->config == NULL ? NULL :
	    config_budget(l->config, key);

	return entry != NULL && entry->same_as != NULL ? entry->same_as : key;
}

static struct account *
get(struct ledger *l, const char *alias)
{
	const char *key = main_name(l, alias);
	struct list *n;

	LIST_EACH (n, &l->accounts)
		if (strcmp(of(n)->key, key) == 0)
			return of(n);
	return create(l, key);
}

static struct account *
get_host(struct ledger *l, const char *host, uint16_t port)
{
	char *key = hostkey_format(host, port);
	struct account *a = get(l, key);

	mem_free(key);
	return a;
}

struct account *
ledger_acquire(struct ledger *l, const char *host, uint16_t port)
{
	struct account *a = get_host(l, host, port);

	a->refs++;
	return a;
}

static void
drop_unused(struct account *a)
{
	if (a->refs == 0 && !a->configured)
		drop(a);
}

void
ledger_release(struct account *a)
{
	must(a->refs > 0);
	a->refs--;
	drop_unused(a);
}

void
ledger_load(struct ledger *l, const struct config *cfg)
{
	struct list *n, *next;
	size_t i, k;

	l->config = cfg;
	LIST_EACH (n, &l->accounts) {
		of(n)->configured = false;
		set_share(l, of(n));
	}
	for (i = 0; i < cfg->ndatabases; i++)
		for (k = 0; k < cfg->databases[i].nhosts; k++)
			get_host(l, cfg->databases[i].hosts[k].name,
			    cfg->databases[i].hosts[k].port)->configured =
			    true;
	for (i = 0; i < cfg->nbudgets; i++)
		get(l, cfg->budgets[i].name)->configured = true;
	LIST_EACH_SAFE (n, next, &l->accounts)
		drop_unused(of(n));
}

const char *
total_source_name(enum total_source source)
{
	static const char *const names[] = {
#define X(id, name) name,
		TOTAL_SOURCES(X)
#undef X
	};

	return names[source];
}
