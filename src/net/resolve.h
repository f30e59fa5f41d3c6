/*
 * resolve.h - names of hosts to addresses, without ever blocking the loop.
 *
 * Whoever wants an address embeds a struct lookup. Concurrent questions for
 * one name are one query; answers and failures are kept for a while.
 */
#ifndef NET_RESOLVE_H
#define NET_RESOLVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/err.h"
#include "base/list.h"
#include "net/loop.h"

struct resolver;

struct resolver_options {
	const char *resolv_conf;  /* NULL or "": the system's */
	const char *servers;      /* "ip:port,...": in place of the file's */
	int64_t max_ttl_usec;     /* an answer is kept no longer than this */
	int64_t nxdomain_ttl_usec; /* so long is a failure kept */
};

/* One who waits for an answer. */
struct lookup {
	void (*on_done)(struct lookup *, const struct addr *addrs, unsigned n,
	    const char *error);
	struct list member;
	uint16_t port;
};

/* A name that is known or asked for, for SHOW DNS_HOSTS. */
struct resolved {
	const char *name;
	const struct addr *addrs; /* without port */
	unsigned n;
	int64_t ttl_usec;         /* left; 0: expired or never answered */
	bool asking;
	const char *error;        /* of the last answer, or NULL */
};

struct resolver *resolver_create(struct loop *,
    const struct resolver_options *, struct err *);
	/* NULL and err if the resolver file cannot be used. */

void resolver_destroy(struct resolver *);
	/* NULL is fine. Who still waits hears nothing more. Not from within
	 * on_done. */

void resolver_set_options(struct resolver *, const struct resolver_options *);
	/* New times, for answers from now on. The rest is fixed at the start
	 * (but the content of the resolver file is watched for changes). */

void lookup_init(struct lookup *, void (*on_done)(struct lookup *,
    const struct addr *addrs, unsigned n, const char *error));

void resolver_ask(struct resolver *, const char *name, uint16_t port,
    struct lookup *);
	/* Exactly one on_done follows, possibly before this returns: either
	 * n > 0 addresses with this port, in the order of preference, or
	 * n == 0 and a reason. Both are valid only during the call. The
	 * lookup must stay in place until then, or be cancelled. */

void lookup_cancel(struct lookup *);
	/* No callback follows. Harmless if nothing was asked. */

bool resolver_is_asking(const struct lookup *);

void resolver_counts(const struct resolver *, unsigned *names,
    unsigned *queries);
	/* Names that are kept; questions now under way. */

void resolver_each(struct resolver *, void (*visit)(void *arg,
    const struct resolved *), void *arg);
	/* Each name once; visit may not ask. */

void resolver_library(char *buf, size_t cap);
	/* "c-ares 1.18.1", for the start-up line. */

#endif
