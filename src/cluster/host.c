/*
 * host.c - the hosts that some pool uses; see host.h.
 */
#include "cluster/host.h"

#include <string.h>

#include "base/mem.h"
#include "base/must.h"

void
hosts_init(struct hosts *hs, struct loop *loop)
{
	list_init(&hs->all);
	ledger_init(&hs->ledger, loop);
}

void
hosts_fini(struct hosts *hs)
{
	must(list_empty(&hs->all));
	ledger_fini(&hs->ledger);
}

void
hosts_load(struct hosts *hs, const struct config *cfg)
{
	ledger_load(&hs->ledger, cfg);
}

struct host *
host_acquire(struct hosts *hs, const char *name, uint16_t port)
{
	struct list *n;
	struct host *h;

	LIST_EACH(n, &hs->all) {
		h = container_of(n, struct host, member);
		if (h->port == port && strcmp(h->name, name) == 0) {
			h->refs++;
			return h;
		}
	}
	h = mem_alloc(sizeof *h);
	h->name = mem_strdup(name);
	h->port = port;
	h->refs = 1;
	h->account = ledger_acquire(&hs->ledger, name, port);
	h->budget = &h->account->budget;
	list_append(&hs->all, &h->member);
	return h;
}

void
host_release(struct host *h)
{
	must(h->refs > 0);
	if (--h->refs > 0)
		return;
	ledger_release(h->account);
	list_remove(&h->member);
	mem_free(h->name);
	mem_free(h);
}

bool
host_is_unix(const struct host *h)
{
	return h->name[0] == '/' || h->name[0] == '@';
}

char *
host_unix_path(const struct host *h)
{
	must(host_is_unix(h));
	return mem_printf("%s/.s.PGSQL.%u", h->name, (unsigned)h->port);
}
