/*
 * test_resolve.c - the resolver against a small name server on loopback.
 *
 * The name server lives on the same loop, on UDP and TCP. Time is virtual,
 * so that what the cache keeps can be measured.
 */
#include "net/resolve.h"

#include <arpa/inet.h>
#include <check.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"
#include "base/must.h"

#define SECOND INT64_C(1000000)

enum { TYPE_A = 1, TYPE_CNAME = 5, TYPE_AAAA = 28 };
enum { NOERROR = 0, SERVFAIL = 2, NXDOMAIN = 3 };

static const struct record {
	const char *name;
	unsigned v4, v6;        /* how many addresses of each */
	unsigned ttl;
	unsigned rcode;
	unsigned cname_ttl;     /* 0: no alias */
	bool cut;               /* over UDP */
} zone[] = {
	{ "one.test",     1,  0,   5, NOERROR, 0, false },
	{ "both.test",    2,  2,   5, NOERROR, 0, false },
	{ "many.test",    20, 0,   5, NOERROR, 0, false },
	{ "long.test",    1,  0, 900, NOERROR, 0, false },
	{ "zero.test",    1,  0,   0, NOERROR, 0, false },
	{ "big.test",     60, 0,   5, NOERROR, 0, true },
	{ "huge.test",    400, 0,  5, NOERROR, 0, true },
	{ "alias.test",   1,  0,  50, NOERROR, 2, false },
	{ "nothing.test", 0,  0,   5, NOERROR, 0, false },
	{ "broken.test",  0,  0,   0, SERVFAIL, 0, false },
};

/* The world: loop, name server, resolver, one who asks. */
static struct loop *loop;
static struct resolver *resolver;
static struct io_watch udp, tcp, stream;
static int udp_fd, tcp_fd, stream_fd = -1;
static unsigned asked_v4;       /* A questions that came in */
static bool mute;               /* the name server says nothing */
static char conf[64];

struct asker {
	struct lookup lookup;
	unsigned calls, n;
	struct addr addrs[300];
	char error[200];
	struct asker *cancels;  /* in its on_done */
	const char *asks;       /* in its on_done, once */
};

static unsigned char *
put16(unsigned char *p, unsigned v)
{
	p[0] = (unsigned char)(v >> 8);
	p[1] = (unsigned char)v;
	return p + 2;
}

static unsigned char *
put_head(unsigned char *p, unsigned name, unsigned type, unsigned ttl,
    unsigned len)
{
	p = put16(p, 0xc000 | name);
	p = put16(p, type);
	p = put16(p, 1);
	p = put16(p, ttl >> 16);
	p = put16(p, ttl & 0xffff);
	return put16(p, len);
}

static const struct record *
record_of(const unsigned char *q, size_t *end)
{
	char name[256];
	size_t at = 12, n = 0, i;

	while (q[at] != 0) {
		memcpy(name + n, q + at + 1, q[at]);
		n += q[at];
		name[n++] = '.';
		at += 1u + q[at];
	}
	name[n > 0 ? n - 1 : 0] = '\0';
	*end = at + 1;
	for (i = 0; i < countof(zone); i++)
		if (strcmp(zone[i].name, name) == 0)
			return &zone[i];
	return NULL;
}

/* Make the answer to q in a; its length. */
static size_t
make_answer(const unsigned char *q, unsigned char *a, bool on_udp)
{
	size_t end;
	const struct record *rec = record_of(q, &end);
	unsigned type = (unsigned)(q[end] << 8 | q[end + 1]), i, n = 0;
	unsigned char *p = a + end + 4, *alias = NULL;
	bool cut = rec != NULL && rec->cut && on_udp;

	if (type == TYPE_A)
		asked_v4++;
	memcpy(a, q, end + 4);
	memset(a + 4, 0, 8);
	put16(a + 2, 0x8180u | (cut ? 0x0200u : 0) |
	    (rec != NULL ? rec->rcode : (unsigned)NXDOMAIN));
	put16(a + 4, 1);
	if (rec == NULL || cut)
		return (size_t)(p - a);
	if (rec->cname_ttl > 0) {
		p = put_head(p, 12, TYPE_CNAME, rec->cname_ttl, 7);
		alias = p;
		memcpy(p, "\4real\xc0", 6);
		p[6] = (unsigned char)(12 + 1 + q[12]);
		p += 7;
		n++;
	}
	for (i = 0; type == TYPE_A && i < rec->v4; i++, n++) {
		p = put_head(p, alias != NULL ? (unsigned)(alias - a) : 12,
		    TYPE_A, rec->ttl, 4);
		memcpy(p, "\x0a\0\0", 3);
		p = put16(p + 2, i + 1);
	}
	for (i = 0; type == TYPE_AAAA && i < rec->v6; i++, n++) {
		p = put_head(p, 12, TYPE_AAAA, rec->ttl, 16);
		memset(p, 0, 16);
		p[0] = 0xfd;
		p[15] = (unsigned char)(i + 1);
		p += 16;
	}
	put16(a + 6, n);
	return (size_t)(p - a);
}

static void
on_udp(struct io_watch *w, unsigned ready)
{
	unsigned char q[1024], a[8192];
	struct sockaddr_in from;
	socklen_t len = sizeof from;
	ssize_t n;

	(void)w;
	(void)ready;
	memset(q, 0, sizeof q);
	n = recvfrom(udp_fd, q, sizeof q - 8, 0, (void *)&from, &len);
	ck_assert_int_gt(n, 16);
	if (!mute)
		sendto(udp_fd, a, make_answer(q, a, true), 0, (void *)&from,
		    len);
}

static void
on_stream(struct io_watch *w, unsigned ready)
{
	unsigned char q[1024], a[8192];
	ssize_t n = read(stream_fd, q, sizeof q);
	size_t at, len;

	(void)ready;
	if (n <= 0) {
		io_watch_set(w, 0);
		close(stream_fd);
		stream_fd = -1;
		return;
	}
	for (at = 0; at + 2 < (size_t)n; at += 2u + (q[at] << 8 | q[at + 1])) {
		len = make_answer(q + at + 2, a + 2, false);
		put16(a, (unsigned)len);
		ck_assert_int_eq(write(stream_fd, a, len + 2),
		    (ssize_t)len + 2);
	}
}

static void
on_tcp(struct io_watch *w, unsigned ready)
{
	(void)w;
	(void)ready;
	ck_assert_int_eq(stream_fd, -1);
	stream_fd = accept(tcp_fd, NULL, NULL);
	io_watch_init(&stream, loop, stream_fd, on_stream);
	io_watch_set(&stream, READABLE);
}

/* c-ares reads no port from the file: the servers are set otherwise. */
static void
write_conf(const char *text)
{
	FILE *f = fopen(conf, "w");

	fprintf(f, "nameserver 127.0.0.1\n%s", text);
	fclose(f);
}

static unsigned
name_server_start(void)
{
	struct sockaddr_in in = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof in;

	udp_fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	tcp_fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	ck_assert_int_eq(bind(tcp_fd, (void *)&in, sizeof in), 0);
	ck_assert_int_eq(getsockname(tcp_fd, (void *)&in, &len), 0);
	ck_assert_int_eq(bind(udp_fd, (void *)&in, sizeof in), 0);
	ck_assert_int_eq(listen(tcp_fd, 5), 0);
	io_watch_init(&udp, loop, udp_fd, on_udp);
	io_watch_set(&udp, READABLE);
	io_watch_init(&tcp, loop, tcp_fd, on_tcp);
	io_watch_set(&tcp, READABLE);
	return ntohs(in.sin_port);
}

static void
name_server_stop(void)
{
	io_watch_set(&udp, 0);
	io_watch_set(&tcp, 0);
	close(udp_fd);
	close(tcp_fd);
	if (stream_fd != -1) {
		io_watch_set(&stream, 0);
		close(stream_fd);
		stream_fd = -1;
	}
}

static void
world_start(void)
{
	struct resolver_options o = { .resolv_conf = conf,
		.max_ttl_usec = 15 * SECOND, .nxdomain_ttl_usec = 3 * SECOND };
	char servers[32];
	struct err err;

	strcpy(conf, "/tmp/test_resolve.XXXXXX");
	close(mkstemp(conf));
	loop = loop_create(LOOP_VIRTUAL);
	write_conf("domain invalid\n");
	snprintf(servers, sizeof servers, "127.0.0.1:%u",
	    name_server_start());
	o.servers = servers;
	resolver = resolver_create(loop, &o, &err);
	ck_assert_msg(resolver != NULL, "%s", err.text);
}

static void
world_stop(void)
{
	resolver_destroy(resolver);
	name_server_stop();
	loop_destroy(loop);
	unlink(conf);
}

static void
on_done(struct lookup *l, const struct addr *addrs, unsigned n,
    const char *error)
{
	struct asker *a = container_of(l, struct asker, lookup);
	const char *again = a->asks;

	ck_assert_int_eq(n == 0, error != NULL);
	a->calls++;
	a->n = n;
	ck_assert_uint_le(n, countof(a->addrs));
	if (n > 0)
		memcpy(a->addrs, addrs, n * sizeof *addrs);
	snprintf(a->error, sizeof a->error, "%s", error != NULL ? error : "");
	if (a->cancels != NULL)
		lookup_cancel(&a->cancels->lookup);
	a->asks = NULL;
	if (again != NULL)
		resolver_ask(resolver, again, 1, l);
}

static struct asker *
new_asker(void)
{
	static struct asker all[8];
	static unsigned used;
	struct asker *a = &all[used++];

	lookup_init(&a->lookup, on_done);
	return a;
}

static void
settle(struct asker *a, unsigned calls)
{
	int i;

	for (i = 0; i < 3000 && a->calls < calls; i++) {
		loop_turn(loop, false);
		usleep(1000);
	}
	ck_assert_uint_eq(a->calls, calls);
}

static struct asker *
ask(const char *name)
{
	struct asker *a = new_asker();

	resolver_ask(resolver, name, 5432, &a->lookup);
	settle(a, 1);
	return a;
}

static const struct {
	const char *why, *name;
	unsigned n;             /* at least */
	const char *addr;       /* is among them */
} found[] = {
	{ "an IPv4 address is not asked for", "192.0.2.7", 1, "192.0.2.7" },
	{ "an IPv6 address", "2001:db8::1", 1, "2001:db8::1" },
	{ "an IPv6 address in brackets", "[::1]", 1, "::1" },
	{ "the hosts file", "localhost", 1, "127.0.0.1" },
	{ "one address", "one.test", 1, "10.0.0.1" },
	{ "case does not matter", "ONE.Test", 1, "10.0.0.1" },
	{ "IPv4 of both families", "both.test", 4, "10.0.0.2" },
	{ "IPv6 of both families", "both.test", 4, "fd00::2" },
	{ "more than eight (i15)", "many.test", 20, "10.0.0.20" },
	{ "cut over UDP, whole over TCP (i15)", "big.test", 60, "10.0.0.60" },
	{ "no more than anybody needs", "huge.test", 256, "10.0.1.0" },
	{ "through an alias", "alias.test", 1, "10.0.0.1" },
};

START_TEST(names_become_addresses)
{
	struct asker *a = ask(found[_i].name);
	bool seen = false;
	char text[64];
	unsigned i;

	ck_assert_msg(a->n >= found[_i].n, "%s: %u addresses (%s)",
	    found[_i].why, a->n, a->error);
	if (found[_i].n > 1)
		ck_assert_uint_eq(a->n, found[_i].n);
	for (i = 0; i < a->n; i++) {
		ck_assert_uint_eq(a->addrs[i].port, 5432);
		addr_format(&a->addrs[i], text, sizeof text);
		if (strcmp(text, found[_i].addr) == 0)
			seen = true;
	}
	ck_assert_msg(seen, "%s", found[_i].why);
}
END_TEST

START_TEST(addresses_keep_the_order_of_the_answer)
{
	struct asker *a = ask("many.test");
	unsigned i;

	for (i = 0; i < a->n; i++)
		ck_assert_uint_eq(a->addrs[i].ip[3], i + 1);
}
END_TEST

static const struct {
	const char *why, *name, *text;
} failures[] = {
	{ "no such name", "missing.test", "missing.test" },
	{ "a name without addresses", "nothing.test", "nothing.test" },
	{ "a broken server", "broken.test", "broken.test" },
	{ "the empty name", "", "not a host name" },
	{ "white space", "a b", "a b" },
	{ "longer than any name", NULL, "not a host name" },
	{ "a label longer than 63", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
	    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.test", "aaaa" },
};

START_TEST(failures_say_why)
{
	char long_name[2000];
	struct asker *a;

	memset(long_name, 'a', sizeof long_name);
	long_name[sizeof long_name - 1] = '\0';
	a = ask(failures[_i].name != NULL ? failures[_i].name : long_name);
	ck_assert_msg(a->n == 0, "%s", failures[_i].why);
	ck_assert_msg(strstr(a->error, failures[_i].text) != NULL,
	    "%s: %s", failures[_i].why, a->error);
}
END_TEST

static const struct {
	const char *why, *name;
	int64_t fresh, stale;   /* seconds */
} kept[] = {
	{ "i15 the answer's own time", "one.test", 4, 6 },
	{ "no longer than dns_max_ttl", "long.test", 14, 16 },
	{ "the alias may be shorter", "alias.test", 1, 3 },
	{ "zero is held for a second", "zero.test", 0, 2 },
	{ "i15 failures have their own time", "missing.test", 2, 4 },
};

START_TEST(answers_are_kept)
{
	struct asker *a;
	unsigned before;

	ask(kept[_i].name);
	before = asked_v4;
	ck_assert_uint_gt(before, 0);
	loop_advance(loop, kept[_i].fresh * SECOND);
	a = new_asker();
	resolver_ask(resolver, kept[_i].name, 5432, &a->lookup);
	ck_assert_msg(a->calls == 1, "%s: from the cache", kept[_i].why);
	loop_advance(loop, (kept[_i].stale - kept[_i].fresh) * SECOND);
	ck_assert_uint_eq(asked_v4, before);
	ask(kept[_i].name);
	ck_assert_msg(asked_v4 > before, "%s: asked again", kept[_i].why);
}
END_TEST

START_TEST(new_times_apply_after_reload)
{
	struct resolver_options o = { .max_ttl_usec = 1 * SECOND };
	unsigned before;

	resolver_set_options(resolver, &o);
	ask("long.test");
	before = asked_v4;
	loop_advance(loop, 2 * SECOND);
	ask("long.test");
	ck_assert_uint_gt(asked_v4, before);
}
END_TEST

START_TEST(concurrent_questions_are_one_query)
{
	struct asker *a = new_asker(), *b = new_asker();
	unsigned names, queries;

	resolver_ask(resolver, "one.test", 1, &a->lookup);
	resolver_ask(resolver, "One.test", 2, &b->lookup);
	resolver_counts(resolver, &names, &queries);
	ck_assert_uint_eq(names, 1);
	ck_assert_uint_eq(queries, 1);
	settle(a, 1);
	settle(b, 1);
	ck_assert_uint_eq(a->addrs[0].port, 1);
	ck_assert_uint_eq(b->addrs[0].port, 2);
	ck_assert_uint_eq(asked_v4, 1);
	resolver_counts(resolver, &names, &queries);
	ck_assert_uint_eq(queries, 0);
}
END_TEST

START_TEST(cancelled_hear_nothing)
{
	struct asker *a = new_asker(), *b = new_asker();

	resolver_ask(resolver, "one.test", 1, &a->lookup);
	resolver_ask(resolver, "one.test", 1, &b->lookup);
	ck_assert(resolver_is_asking(&a->lookup));
	lookup_cancel(&a->lookup);
	ck_assert(!resolver_is_asking(&a->lookup));
	lookup_cancel(&a->lookup);
	settle(b, 1);
	ck_assert_uint_eq(a->calls, 0);
}
END_TEST

START_TEST(one_may_cancel_another_from_its_answer)
{
	struct asker *a = new_asker(), *b = new_asker();

	a->cancels = b;
	resolver_ask(resolver, "one.test", 1, &a->lookup);
	resolver_ask(resolver, "one.test", 1, &b->lookup);
	settle(a, 1);
	loop_turn(loop, false);
	ck_assert_uint_eq(b->calls, 0);
}
END_TEST

START_TEST(one_may_ask_again_from_its_answer)
{
	struct asker *a = new_asker();

	a->asks = "both.test";
	resolver_ask(resolver, "one.test", 1, &a->lookup);
	settle(a, 2);
	ck_assert_uint_eq(a->n, 4);
	a->asks = "both.test";
	resolver_ask(resolver, "both.test", 1, &a->lookup);
	ck_assert_uint_eq(a->calls, 4);
}
END_TEST

START_TEST(i17_destroyed_with_a_query_in_flight)
{
	struct asker *a = new_asker();

	mute = true;
	resolver_ask(resolver, "one.test", 1, &a->lookup);
	loop_turn(loop, false);
	/* world_stop() must neither call back nor leak. */
}
END_TEST

START_TEST(i18_silent_server_does_not_block)
{
	struct asker *a = new_asker();
	struct mono before = mono_clock();
	int i;

	mute = true;
	resolver_ask(resolver, "one.test", 1, &a->lookup);
	for (i = 0; i < 50; i++)
		loop_advance(loop, SECOND);
	ck_assert_int_lt(mono_between(before, mono_clock()), SECOND);
	ck_assert_uint_eq(a->calls, 0);
}
END_TEST

START_TEST(i18_changed_resolver_file_is_used)
{
	struct asker *a = new_asker(), *b = new_asker();

	/* The first question is lost; the file changes before the next one,
	 * and both are answered, long before c-ares would ask again. */
	mute = true;
	resolver_ask(resolver, "one.test", 1, &a->lookup);
	loop_turn(loop, false);
	usleep(10000);
	loop_turn(loop, false);
	ck_assert_uint_eq(asked_v4, 0);
	mute = false;
	write_conf("domain changed.invalid\n");
	resolver_ask(resolver, "both.test", 1, &b->lookup);
	settle(b, 1);
	settle(a, 1);
	ck_assert_uint_eq(a->n, 1);
	ck_assert_uint_eq(b->n, 4);
}
END_TEST

START_TEST(missing_resolver_file_is_an_error)
{
	struct resolver_options o = { .resolv_conf = "/nonexistent/file" };
	struct err err;

	ck_assert_ptr_null(resolver_create(loop, &o, &err));
	ck_assert_str_eq(err.text, "resolv_conf: cannot read "
	    "\"/nonexistent/file\": No such file or directory");
}
END_TEST

static void
count_shown(void *arg, const struct resolved *show)
{
	unsigned *seen = arg;

	if (strcmp(show->name, "both.test") == 0) {
		ck_assert_uint_eq(show->n, 4);
		ck_assert_int_gt(show->ttl_usec, 0);
		ck_assert_int_le(show->ttl_usec, 5 * SECOND);
		ck_assert_ptr_null(show->error);
	} else {
		ck_assert_str_eq(show->name, "missing.test");
		ck_assert_uint_eq(show->n, 0);
		ck_assert_ptr_nonnull(show->error);
	}
	(*seen)++;
}

START_TEST(what_is_kept_can_be_shown)
{
	unsigned seen = 0;

	ask("both.test");
	ask("missing.test");
	resolver_each(resolver, count_shown, &seen);
	ck_assert_uint_eq(seen, 2);
}
END_TEST

START_TEST(names_long_unused_are_forgotten)
{
	unsigned names, queries;

	ask("one.test");
	loop_advance(loop, 2000 * SECOND);
	ask("both.test");
	resolver_counts(resolver, &names, &queries);
	ck_assert_uint_eq(names, 1);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("resolve");
	TCase *t = tcase_create("resolve");
	SRunner *run;
	int failed;

	tcase_add_checked_fixture(t, world_start, world_stop);
	tcase_set_timeout(t, 20);
	tcase_add_loop_test(t, names_become_addresses, 0, countof(found));
	tcase_add_test(t, addresses_keep_the_order_of_the_answer);
	tcase_add_loop_test(t, failures_say_why, 0, countof(failures));
	tcase_add_loop_test(t, answers_are_kept, 0, countof(kept));
	tcase_add_test(t, new_times_apply_after_reload);
	tcase_add_test(t, concurrent_questions_are_one_query);
	tcase_add_test(t, cancelled_hear_nothing);
	tcase_add_test(t, one_may_cancel_another_from_its_answer);
	tcase_add_test(t, one_may_ask_again_from_its_answer);
	tcase_add_test(t, i17_destroyed_with_a_query_in_flight);
	tcase_add_test(t, i18_silent_server_does_not_block);
	tcase_add_test(t, i18_changed_resolver_file_is_used);
	tcase_add_test(t, missing_resolver_file_is_an_error);
	tcase_add_test(t, what_is_kept_can_be_shown);
	tcase_add_test(t, names_long_unused_are_forgotten);
	suite_add_tcase(s, t);
	run = srunner_create(s);
	srunner_run_all(run, CK_NORMAL);
	failed = srunner_ntests_failed(run);
	srunner_free(run);
	return failed != 0;
}
