/*
 * resolve.c - c-ares on our loop, and a cache.
 *
 * A struct host is one name: its last answer, and who waits for the next.
 * c-ares may answer before ares_getaddrinfo() returns, and always answers
 * from deep inside itself. So an answer is only noted, and delivered by a
 * chore at the end of the turn; nobody's code runs below c-ares.
 *
 * Invariants:
 *   - who waits at a host is told by the next answer of this host;
 *   - a host is freed only while no query for it is under way, so the
 *     pointer that c-ares holds is always good.
 *
 * The resolver file is looked at (one stat) before each query, as the C
 * library does; if it changed, a new channel is made, and what the old one
 * was asking is asked again.
 */
#include "net/resolve.h"

#include <ares.h>
#include <ctype.h>
#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <uthash.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/must.h"

#define SYSTEM_RESOLV_CONF "/etc/resolv.conf"

#define SECOND INT64_C(1000000)

/* A name that nobody asked for in so long is forgotten. */
#define FORGET_USEC (600 * SECOND)

/* More addresses than anybody needs, and what a hostile server may cost. */
#define ADDRS_MAX 256

struct host {
	UT_hash_handle hh;
	struct resolver *resolver;
	char *name;             /* in lower case; the key */
	struct addr *addrs;
	unsigned n;
	char *error;            /* of the last answer; NULL if it was good */
	struct mono expires;    /* not set: never answered */
	bool asking;
	struct list waits;      /* of struct lookup */
	struct list answered;   /* place in resolver->answered */
};

/* A socket of c-ares. */
struct wire {
	struct io_watch watch;
	struct resolver *resolver;
	struct list member;
	int fd;
};

/* What tells a changed file. */
struct file_mark {
	dev_t dev;
	ino_t ino;
	off_t size;
	struct timespec mtime;
};

struct resolver {
	struct loop *loop;
	ares_channel channel;
	char *resolv_conf;      /* NULL: the system's */
	char *servers;          /* NULL: those of the file */
	int64_t max_ttl_usec, nxdomain_ttl_usec;
	struct file_mark mark;
	struct host *hosts;
	unsigned asking;
	struct list wires;
	struct timer timer;
	struct list answered;   /* of struct host, to be delivered */
	struct chore deliver;
	bool changing;          /* the channel is being replaced */
};

static void on_sock_state(void *, ares_socket_t, int, int);
static void on_wire_ready(struct io_watch *, unsigned);
static void on_timer(struct timer *);
static void on_deliver(struct chore *);
static void on_answer(void *, int, int, struct ares_addrinfo *);

static struct file_mark
look_at_file(const struct resolver *r)
{
	struct file_mark m;
	struct stat st;

	/* Compared with memcmp(). */
	memset(&m, 0, sizeof m);
	if (stat(r->resolv_conf != NULL ? r->resolv_conf :
	    SYSTEM_RESOLV_CONF, &st) == 0) {
		m.dev = st.st_dev;
		m.ino = st.st_ino;
		m.size = st.st_size;
		m.mtime = st.st_mtim;
	}
	return m;
}

static bool
open_channel(struct resolver *r, ares_channel *channel, struct err *err)
{
	struct ares_options o = {
		.sock_state_cb = on_sock_state,
		.sock_state_cb_data = r,
		.resolvconf_path = r->resolv_conf,
	};
	int mask = ARES_OPT_SOCK_STATE_CB, rc;

	if (r->resolv_conf != NULL)
		mask |= ARES_OPT_RESOLVCONF;
	rc = ares_init_options(channel, &o, mask);
	if (rc == ARES_SUCCESS && r->servers != NULL) {
		rc = ares_set_servers_ports_csv(*channel, r->servers);
		if (rc != ARES_SUCCESS)
			ares_destroy(*channel);
	}
	if (rc != ARES_SUCCESS)
		return err_set(err, "cannot set up the DNS resolver: %s",
		    ares_strerror(rc));
	return true;
}

struct resolver *
resolver_create(struct loop *loop, const struct resolver_options *o,
    struct err *err)
{
	struct resolver *r = mem_alloc(sizeof *r);
	struct stat st;

	r->loop = loop;
	list_init(&r->wires);
	list_init(&r->answered);
	timer_init(&r->timer, loop, on_timer);
	chore_init(&r->deliver, on_deliver);
	resolver_set_options(r, o);
	must(ares_library_init(ARES_LIB_INIT_ALL) == ARES_SUCCESS);
	if (o->resolv_conf != NULL && o->resolv_conf[0] != '\0') {
		r->resolv_conf = mem_strdup(o->resolv_conf);
		if (stat(r->resolv_conf, &st) == -1) {
			(void)err_set(err, "resolv_conf: cannot read "
			    "\"%.300s\": %s", r->resolv_conf,
			    strerror(errno));
			goto fail;
		}
	}
	r->servers = mem_strdup(o->servers);
	r->mark = look_at_file(r);
	if (!open_channel(r, &r->channel, err))
		goto fail;
	return r;
fail:
	ares_library_cleanup();
	mem_free(r->resolv_conf);
	mem_free(r->servers);
	mem_free(r);
	return NULL;
}

static void
host_free(struct host *h)
{
	must(!h->asking && list_empty(&h->waits));
	list_remove(&h->answered);
	HASH_DEL(h->resolver->hosts, h);
	mem_free(h->addrs);
	mem_free(h->error);
	mem_free(h->name);
	mem_free(h);
}

void
resolver_destroy(struct resolver *r)
{
	struct host *h, *next;

	if (r == NULL)
		return;
	HASH_ITER(hh, r->hosts, h, next)
		while (list_pop(&h->waits) != NULL)
			;
	ares_destroy(r->channel);
	must(r->asking == 0 && list_empty(&r->wires));
	HASH_ITER(hh, r->hosts, h, next)
		host_free(h);
	chore_cancel(&r->deliver);
	timer_disarm(&r->timer);
	ares_library_cleanup();
	mem_free(r->resolv_conf);
	mem_free(r->servers);
	mem_free(r);
}

void
resolver_set_options(struct resolver *r, const struct resolver_options *o)
{
	r->max_ttl_usec = o->max_ttl_usec;
	r->nxdomain_ttl_usec = o->nxdomain_ttl_usec;
}

/*
 * c-ares and the loop.
 */

/* c-ares changes its mind only inside calls of ours: look after each. */
static void
set_timer(struct resolver *r)
{
	struct timeval tv;

	if (ares_timeout(r->channel, NULL, &tv) == NULL) {
		timer_disarm(&r->timer);
		return;
	}
	timer_arm(&r->timer, mono_after(loop_now(r->loop),
	    tv.tv_sec * SECOND + tv.tv_usec + 1000));
}

static struct wire *
wire_of(struct resolver *r, int fd)
{
	struct list *n;
	struct wire *w;

	LIST_EACH(n, &r->wires) {
		w = container_of(n, struct wire, member);
		if (w->fd == fd)
			return w;
	}
	return NULL;
}

/* c-ares calls this with 0, 0 before it closes the descriptor. */
static void
on_sock_state(void *arg, ares_socket_t fd, int readable, int writable)
{
	struct resolver *r = arg;
	struct wire *w = wire_of(r, fd);

	if (w == NULL) {
		if (!readable && !writable)
			return;
		w = mem_alloc(sizeof *w);
		w->resolver = r;
		w->fd = fd;
		io_watch_init(&w->watch, r->loop, fd, on_wire_ready);
		list_append(&r->wires, &w->member);
	}
	io_watch_set(&w->watch, (readable ? (unsigned)READABLE : 0u) |
	    (writable ? (unsigned)WRITABLE : 0u));
	if (!readable && !writable) {
		list_remove(&w->member);
		mem_free(w);
	}
}

static void
on_wire_ready(struct io_watch *watch, unsigned ready)
{
	struct wire *w = container_of(watch, struct wire, watch);
	struct resolver *r = w->resolver;
	int fd = w->fd;

	/* *w may be gone after this. */
	ares_process_fd(r->channel, ready & READABLE ? fd : ARES_SOCKET_BAD,
	    ready & WRITABLE ? fd : ARES_SOCKET_BAD);
	set_timer(r);
}

static void
on_timer(struct timer *t)
{
	struct resolver *r = container_of(t, struct resolver, timer);

	ares_process_fd(r->channel, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
	set_timer(r);
}

static void
send_query(struct host *h)
{
	/* A socket type, else each address comes once per type. */
	static const struct ares_addrinfo_hints hints = {
		.ai_family = AF_UNSPEC,
		.ai_socktype = SOCK_STREAM,
	};

	ares_getaddrinfo(h->resolver->channel, h->name, NULL, &hints,
	    on_answer, h);
}

/* Use the resolver file as it is now. Failure leaves the old channel. */
static void
refresh_channel(struct resolver *r)
{
	struct file_mark m = look_at_file(r);
	ares_channel fresh, old = r->channel;
	struct host *h, *next;
	struct err err;

	if (memcmp(&m, &r->mark, sizeof m) == 0)
		return;
	r->mark = m;
	if (!open_channel(r, &fresh, &err)) {
		log_warning(NULL, "%s", err.text);
		return;
	}
	log_info(NULL, "DNS: %s changed, using the new one",
	    r->resolv_conf != NULL ? r->resolv_conf : SYSTEM_RESOLV_CONF);
	r->changing = true;
	r->channel = fresh;
	ares_destroy(old);
	r->changing = false;
	HASH_ITER(hh, r->hosts, h, next)
		if (h->asking)
			send_query(h);
}

static void
query(struct host *h)
{
	struct resolver *r = h->resolver;

	must(!h->asking);
	refresh_channel(r);
	h->asking = true;
	r->asking++;
	send_query(h);
	set_timer(r);
}

/*
 * Answers.
 */

static int64_t
ttl_of(const struct resolver *r, const struct ares_addrinfo *ai)
{
	const struct ares_addrinfo_node *node;
	const struct ares_addrinfo_cname *c;
	int64_t ttl = r->max_ttl_usec;

	for (node = ai->nodes; node != NULL; node = node->ai_next)
		if (node->ai_ttl * SECOND < ttl)
			ttl = node->ai_ttl * SECOND;
	for (c = ai->cnames; c != NULL; c = c->next)
		if (c->ttl * SECOND < ttl)
			ttl = c->ttl * SECOND;
	/* Zero (which the hosts file has as well) may not mean one query for
	 * each connection of a storm. */
	if (ttl < SECOND && r->max_ttl_usec >= SECOND)
		ttl = SECOND;
	return ttl;
}

static void
keep_addrs(struct host *h, const struct ares_addrinfo *ai)
{
	const struct ares_addrinfo_node *node;
	unsigned n = 0;

	for (node = ai->nodes; node != NULL && n < ADDRS_MAX;
	    node = node->ai_next)
		n++;
	mem_free(h->addrs);
	h->addrs = mem_alloc((n + 1) * sizeof *h->addrs);
	h->n = 0;
	for (node = ai->nodes; node != NULL && h->n < n;
	    node = node->ai_next) {
		if (node->ai_family != AF_INET && node->ai_family != AF_INET6)
			continue;
		h->addrs[h->n] = addr_from_sockaddr(node->ai_addr);
		h->addrs[h->n++].port = 0;
	}
}

static void
keep_error(struct host *h, const char *why, int status)
{
	struct resolver *r = h->resolver;

	log_warning(NULL, "DNS lookup failed: %s: result=%d (%s)", h->name,
	    status, why);
	h->n = 0;
	h->error = mem_strdup(why);
	h->expires = mono_after(loop_now(r->loop), r->nxdomain_ttl_usec);
}

/* c-ares has an answer: note it. Nobody is called from here. */
static void
on_answer(void *arg, int status, int timeouts, struct ares_addrinfo *ai)
{
	struct host *h = arg;
	struct resolver *r = h->resolver;

	(void)timeouts;
	if (status == ARES_EDESTRUCTION && r->changing)
		return;
	must(h->asking && r->asking > 0);
	h->asking = false;
	r->asking--;
	if (status == ARES_EDESTRUCTION)
		return;
	mem_free(h->error);
	h->error = NULL;
	if (status == ARES_SUCCESS) {
		keep_addrs(h, ai);
		h->expires = mono_after(loop_now(r->loop), ttl_of(r, ai));
		if (h->n == 0)
			keep_error(h, "no addresses", ARES_ENODATA);
	} else {
		keep_error(h, ares_strerror(status), status);
	}
	if (ai != NULL)
		ares_freeaddrinfo(ai);
	if (list_empty(&h->answered))
		list_append(&r->answered, &h->answered);
	chore_add(r->loop, &r->deliver);
}

/* Tell one who is no longer in any list. */
static void
tell(const struct host *h, struct lookup *l)
{
	struct addr *addrs;
	unsigned i, n = h->n;

	if (n == 0) {
		char *why = mem_printf("DNS lookup failed: %s: %s", h->name,
		    h->error != NULL ? h->error : "no answer");

		l->on_done(l, NULL, 0, why);
		mem_free(why);
		return;
	}
	/* A copy: the callee may ask again, which may replace h->addrs. */
	addrs = mem_dup(h->addrs, n * sizeof *addrs);
	for (i = 0; i < n; i++)
		addrs[i].port = l->port;
	l->on_done(l, addrs, n, NULL);
	mem_free(addrs);
}

static void
on_deliver(struct chore *c)
{
	struct resolver *r = container_of(c, struct resolver, deliver);
	struct list now, *n;
	struct host *h;

	while ((n = list_pop(&r->answered)) != NULL) {
		h = container_of(n, struct host, answered);
		/* Who asks again from here waits for the next answer. */
		list_init(&now);
		list_splice(&now, &h->waits);
		while ((n = list_pop(&now)) != NULL)
			tell(h, container_of(n, struct lookup, member));
	}
}

/*
 * Questions.
 */

static bool
is_fresh(const struct host *h)
{
	return mono_is_set(h->expires) && !h->asking &&
	    !mono_reached(loop_now(h->resolver->loop), h->expires);
}

/* Names come from the configuration, which may have changed: drop those
 * that nobody has asked for since long. */
static void
forget_old(struct resolver *r)
{
	struct host *h, *next;

	HASH_ITER(hh, r->hosts, h, next)
		if (!h->asking && list_empty(&h->waits) &&
		    list_empty(&h->answered) &&
		    mono_reached(loop_now(r->loop),
		    mono_after(h->expires, FORGET_USEC)))
			host_free(h);
}

static struct host *
host_of(struct resolver *r, const char *name)
{
	char key[NI_MAXHOST];
	struct host *h;
	size_t n;

	for (n = 0; name[n] != '\0'; n++)
		key[n] = (char)tolower((unsigned char)name[n]);
	key[n] = '\0';
	HASH_FIND_STR(r->hosts, key, h);
	if (h != NULL)
		return h;
	forget_old(r);
	h = mem_alloc(sizeof *h);
	h->resolver = r;
	h->name = mem_strdup(key);
	list_init(&h->waits);
	list_init(&h->answered);
	HASH_ADD_KEYPTR(hh, r->hosts, h->name, n, h);
	return h;
}

void
lookup_init(struct lookup *l, void (*on_done)(struct lookup *,
    const struct addr *, unsigned, const char *))
{
	l->on_done = on_done;
	l->port = 0;
	list_init(&l->member);
}

void
resolver_ask(struct resolver *r, const char *name, uint16_t port,
    struct lookup *l)
{
	struct addr numeric;
	struct host *h;

	must(list_empty(&l->member));
	l->port = port;
	if (addr_parse(&numeric, name, port)) {
		l->on_done(l, &numeric, 1, NULL);
		return;
	}
	if (name[0] == '\0' || strlen(name) >= NI_MAXHOST) {
		l->on_done(l, NULL, 0, "DNS lookup failed: not a host name");
		return;
	}
	h = host_of(r, name);
	if (is_fresh(h)) {
		tell(h, l);
		return;
	}
	list_append(&h->waits, &l->member);
	/* An answer that is yet to be delivered will do. */
	if (!h->asking && list_empty(&h->answered))
		query(h);
}

void
lookup_cancel(struct lookup *l)
{
	list_remove(&l->member);
}

bool
resolver_is_asking(const struct lookup *l)
{
	return !list_empty(&l->member);
}

/*
 * What the console shows.
 */

void
resolver_counts(const struct resolver *r, unsigned *names, unsigned *queries)
{
	*names = HASH_COUNT(r->hosts);
	*queries = r->asking;
}

void
resolver_each(struct resolver *r, void (*visit)(void *,
    const struct resolved *), void *arg)
{
	struct host *h, *next;
	struct resolved show;

	HASH_ITER(hh, r->hosts, h, next) {
		show = (struct resolved){
			.name = h->name, .addrs = h->addrs, .n = h->n,
			.asking = h->asking, .error = h->error,
		};
		if (mono_is_set(h->expires))
			show.ttl_usec = mono_between(loop_now(r->loop),
			    h->expires);
		if (show.ttl_usec < 0)
			show.ttl_usec = 0;
		visit(arg, &show);
	}
}

void
resolver_library(char *buf, size_t cap)
{
	snprintf(buf, cap, "c-ares %s", ares_version(NULL));
}
