/*
 * test_tls.c - conns that go on by TLS; both ends are ours (pitfalls a06,
 * a07, a08, a10, a14, a15, a18, a21, c05, c15 to c17).
 */
#include "net/tls.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/must.h"
#include "base/str.h"
#include "certs.h"
#include "files.h"
#include "net/conn.h"

static struct loop *loop;
static struct conn_env env;
static struct cert *ca;
static unsigned reads, writes;  /* calls of recv(), of send() */

ssize_t __real_recv(int, void *, size_t, int);
ssize_t __wrap_recv(int, void *, size_t, int);
ssize_t __real_send(int, const void *, size_t, int);
ssize_t __wrap_send(int, const void *, size_t, int);

ssize_t
__wrap_recv(int fd, void *p, size_t n, int flags)
{
	reads++;
	return __real_recv(fd, p, n, flags);
}

ssize_t
__wrap_send(int fd, const void *p, size_t n, int flags)
{
	writes++;
	return __real_send(fd, p, n, flags);
}

struct side {
	struct conn conn;
	struct text got;
	size_t eats;            /* at most so much at a time */
	unsigned deliveries, secured, ended;
	int error;
	char why[256];
	bool holds;             /* after the first delivery */
};

static struct side *
side_of(struct conn *c)
{
	return container_of(c, struct side, conn);
}

static void
on_bytes(struct conn *c, const unsigned char *p, size_t n)
{
	struct side *s = side_of(c);
	size_t take = n < s->eats ? n : s->eats;

	s->deliveries++;
	text_add(&s->got, p, take);
	conn_consume(c, take);
	if (s->holds)
		conn_hold(c, true);
}

static void
on_secure(struct conn *c)
{
	side_of(c)->secured++;
	ck_assert(tls_is_on(c));
}

static void
on_end(struct conn *c, int error)
{
	struct side *s = side_of(c);

	s->ended++;
	s->error = error;
	snprintf(s->why, sizeof s->why, "%s", conn_reason(c, error));
}

static const struct conn_ops ops = {
	.on_bytes = on_bytes,
	.on_secure = on_secure,
	.on_end = on_end,
};

static void
start(void)
{
	const struct cert_spec spec = { .cn = "ca", .is_authority = true };

	files_start();
	loop = loop_create(LOOP_VIRTUAL);
	conn_env_init(&env, loop);
	ca = cert_make(&spec, NULL);
	cert_write(ca, "ca");
}

static void
stop(void)
{
	conn_env_fini(&env);
	loop_destroy(loop);
	cert_free(ca);
	files_stop();
}

static void
turn(unsigned n)
{
	while (n-- > 0)
		loop_turn(loop, false);
}

/* A certificate in the files NAME.crt and NAME.key. */
static void
make(const char *name, const struct cert_spec *spec)
{
	struct cert *c = cert_make(spec, ca);

	cert_write(c, name);
	cert_free(c);
}

static struct tls_context *
context(const struct tls_settings *s)
{
	struct err err;
	struct tls_context *x = tls_context_create(s, &err);

	ck_assert_msg(x != NULL, "%s", err.text);
	return x;
}

static struct tls_context *
accepting(const char *cert, enum tls_verify verify)
{
	char *key = mem_printf("%s.key", cert);
	char *crt = mem_printf("%s.crt", cert);
	const struct tls_settings s = { .prefix = "client_tls",
		.accepts = true, .verify = verify, .key_file = key,
		.cert_file = crt, .ca_file = "ca.crt" };
	struct tls_context *x = context(&s);

	mem_free(key);
	mem_free(crt);
	return x;
}

static struct tls_context *
dialling(const char *cert, enum tls_verify verify, const char *authority)
{
	char *key = cert != NULL ? mem_printf("%s.key", cert) : NULL;
	char *crt = cert != NULL ? mem_printf("%s.crt", cert) : NULL;
	const struct tls_settings s = { .prefix = "server_tls",
		.verify = verify, .key_file = key, .cert_file = crt,
		.ca_file = authority };
	struct tls_context *x = context(&s);

	mem_free(key);
	mem_free(crt);
	return x;
}

/* Open a socket and begin; the context is given away. */
static void
begin(struct side *s, int fd, struct tls_start *t)
{
	*s = (struct side){ .eats = SIZE_MAX };
	conn_init(&s->conn, &env, &ops);
	conn_open(&s->conn, fd);
	tls_start(&s->conn, t);
	tls_context_unref(t->context);
}

static void
end_side(struct side *s)
{
	conn_close(&s->conn);
	text_fini(&s->got);
}

/* A pair of sides in the middle of a handshake. */
struct both {
	struct side server, client;
};

static void
begin_both(struct both *b, struct tls_start *server, struct tls_start *client)
{
	int fds[2];

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0,
	    fds), 0);
	begin(&b->server, fds[0], server);
	begin(&b->client, fds[1], client);
	turn(20);
}

static void
shake_hands(struct both *b)
{
	const struct cert_spec spec = { .cn = "s", .dns = { "s" } };
	struct tls_start s = { 0 }, c = { .host = "s" };

	make("s", &spec);
	s.context = accepting("s", TLS_VERIFY_OPTIONAL);
	c.context = dialling(NULL, TLS_VERIFY_FULL, "ca.crt");
	begin_both(b, &s, &c);
	ck_assert_msg(b->server.secured == 1, "%s", b->server.why);
	ck_assert_msg(b->client.secured == 1, "%s", b->client.why);
}

static void
end_both(struct both *b)
{
	end_side(&b->server);
	end_side(&b->client);
}

/* Bytes that differ from place to place. */
static void
fill(struct text *t, size_t n)
{
	unsigned char *p = mem_alloc(n + 1);
	size_t i;

	for (i = 0; i < n; i++)
		p[i] = (unsigned char)(i * 7 + i / 251);
	text_add(t, p, n);
	mem_free(p);
}

static void
check_got(const struct side *s, const struct text *want)
{
	ck_assert_uint_eq(s->got.n, want->n);
	ck_assert_int_eq(memcmp(s->got.p, want->p, want->n), 0);
}

static const size_t sizes[] = { 1, 5, 16383, 16384, 16385, 65535, 65536,
	200000, 3000000 };

START_TEST(c15_c16_bytes_of_any_number_travel_both_ways)
{
	struct both b;
	struct text t = { 0 };

	shake_hands(&b);
	fill(&t, sizes[_i]);
	conn_send(&b.client.conn, t.p, t.n);
	turn(400);
	check_got(&b.server, &t);
	conn_send(&b.server.conn, t.p, t.n);
	turn(400);
	check_got(&b.client, &t);
	ck_assert(!conn_is_clogged(&b.server.conn));
	ck_assert_ptr_eq(b.server.conn.in, NULL);
	text_fini(&t);
	end_both(&b);
}
END_TEST

START_TEST(pieces_leave_as_one_record)
{
	struct both b;
	struct text t = { 0 }, want = { 0 };
	struct iovec iov[40];
	size_t at = 0, i;

	shake_hands(&b);
	fill(&t, 40 * 1000);
	for (i = 0; i < 40; i++) {
		size_t n = i % 5 == 0 ? 0 : i == 39 ? t.n - at : i * 20;

		iov[i] = (struct iovec){ t.p + at, n };
		at += n;
	}
	ck_assert_uint_eq(at, t.n);
	conn_sendv(&b.client.conn, iov, 40);
	conn_sendv(&b.client.conn, iov + 1, 3);
	text_add(&want, t.p, t.n);
	text_add(&want, iov[1].iov_base, iov[1].iov_len + iov[2].iov_len +
	    iov[3].iov_len);
	turn(20);
	check_got(&b.server, &want);
	/* Three pieces, one record, one call each way. */
	reads = writes = 0;
	conn_sendv(&b.client.conn, iov + 1, 3);
	turn(5);
	ck_assert_uint_eq(writes, 1);
	ck_assert_uint_eq(reads, 1);
	text_fini(&want);
	text_fini(&t);
	end_both(&b);
}
END_TEST

START_TEST(c17_records_to_clients_are_small)
{
	struct both b;
	struct text t = { 0 };

	shake_hands(&b);
	fill(&t, 20000);
	writes = 0;
	conn_send(&b.server.conn, t.p, t.n);
	ck_assert_uint_eq(writes, 3);
	conn_send(&b.client.conn, t.p, t.n);
	ck_assert_uint_eq(writes, 5);
	turn(5);
	check_got(&b.client, &t);
	check_got(&b.server, &t);
	text_fini(&t);
	end_both(&b);
}
END_TEST

START_TEST(a_record_costs_one_read)
{
	struct both b;
	unsigned i;

	reads = 0;
	shake_hands(&b);
	/* Hello, the server's answer, the client's last word. */
	ck_assert_uint_eq(reads, 3);
	for (i = 0; i < 10; i++) {
		reads = 0;
		conn_send(&b.client.conn, "question", 8);
		turn(3);
		ck_assert_uint_eq(b.server.got.n, 8 * (i + 1));
		conn_send(&b.server.conn, "answer", 6);
		turn(3);
		ck_assert_uint_eq(b.client.got.n, 6 * (i + 1));
		ck_assert_uint_eq(reads, 2);
	}
	end_both(&b);
}
END_TEST

/* A record of which only a part finds room with somebody who takes nothing
 * for a while: the socket is empty, so no readiness tells of the rest. */
START_TEST(c05_what_is_held_inside_is_drained_before_sleeping)
{
	struct both b;
	struct text t = { 0 };

	shake_hands(&b);
	b.server.eats = 0;
	fill(&t, CONN_SCRATCH + 1000);
	conn_send(&b.client.conn, t.p, 1000);
	conn_send(&b.client.conn, t.p + 1000, CONN_SCRATCH);
	turn(20);
	ck_assert_uint_eq(conn_kept(&b.server.conn), CONN_SCRATCH);
	b.server.eats = SIZE_MAX;
	conn_redeliver(&b.server.conn);
	turn(3);
	check_got(&b.server, &t);
	text_fini(&t);
	end_both(&b);
}
END_TEST

START_TEST(holding_and_freezing_stop_what_is_inside_too)
{
	struct both b;
	unsigned before;

	shake_hands(&b);
	b.server.holds = true;
	conn_send(&b.client.conn, "a", 1);
	turn(3);
	ck_assert_uint_eq(b.server.got.n, 1);
	conn_send(&b.client.conn, "b", 1);
	conn_send(&b.client.conn, "c", 1);
	turn(3);
	ck_assert_uint_eq(b.server.got.n, 1);
	conn_freeze(&b.server.conn, true);
	conn_hold(&b.server.conn, false);
	turn(3);
	ck_assert_uint_eq(b.server.got.n, 1);
	conn_freeze(&b.server.conn, false);
	before = b.server.deliveries;
	turn(3);
	ck_assert_uint_eq(b.server.got.n, 3);
	ck_assert_uint_eq(b.server.deliveries, before + 1);
	end_both(&b);
}
END_TEST

START_TEST(a_finish_is_seen_as_the_end_behind_all_bytes)
{
	struct both b;

	shake_hands(&b);
	conn_send(&b.server.conn, "last word", 9);
	conn_finish(&b.server.conn);
	turn(5);
	ck_assert_str_eq(b.client.got.p, "last word");
	ck_assert_uint_eq(b.client.ended, 1);
	ck_assert_int_eq(b.client.error, 0);
	ck_assert_uint_eq(b.server.ended, 0);
	end_side(&b.client);
	turn(3);
	ck_assert_uint_eq(b.server.ended, 1);
	ck_assert_int_eq(b.server.error, 0);
	end_side(&b.server);
}
END_TEST

START_TEST(a_cut_is_an_end_too)
{
	struct both b;

	shake_hands(&b);
	conn_send(&b.client.conn, "x", 1);
	shutdown(b.client.conn.fd, SHUT_WR);
	turn(3);
	ck_assert_str_eq(b.server.got.p, "x");
	ck_assert_uint_eq(b.server.ended, 1);
	ck_assert_int_eq(b.server.error, 0);
	end_both(&b);
}
END_TEST

START_TEST(a18_rubbish_has_a_reason)
{
	struct both b;

	shake_hands(&b);
	ck_assert_int_eq(send(b.client.conn.fd, "plain text, no record", 21,
	    0), 21);
	turn(3);
	ck_assert_uint_eq(b.server.ended, 1);
	ck_assert_int_eq(b.server.error, EPROTO);
	ck_assert_str_eq(b.server.why, "wrong version number");
	end_both(&b);
}
END_TEST

/*
 * Handshakes.
 */

static const struct {
	const char *why, *bytes;
	size_t n;
	bool leaves;            /* and closes */
	const char *want;       /* the reason; "": still waits, NULL: an end */
} noises[] = {
	{ "silence", "", 0, false, "" },
	{ "a probe that leaves", "", 0, true, NULL },
	{ "one byte, and leaves", "\26", 1, true, NULL },
	{ "half a header", "\26\3\1\2", 4, false, "" },
	{ "plain text", "\0\0\0\10\4\322\26/", 8, false,
	    "wrong version number" },
	{ "HTTP", "GET / HTTP/1.1\r\n\r\n", 18, false, "http request" },
	{ "too long a record", "\26\3\1\377\377", 5, false, NULL },
	{ "an alert", "\25\3\1\0\2\2\50", 7, false,
	    "unexpected message" },
	{ "no handshake in it", "\26\3\1\0\4\1\0\0\0", 9, false,
	    "length too short" },
	{ "data before the handshake", "\27\3\3\0\1x", 6, false,
	    "unexpected message" },
};

START_TEST(a15_what_is_no_handshake_ends_it)
{
	const struct cert_spec spec = { .cn = "s" };
	struct tls_start t = { 0 };
	struct side s;
	int fds[2];

	make("s", &spec);
	t.context = accepting("s", TLS_VERIFY_OPTIONAL);
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0,
	    fds), 0);
	begin(&s, fds[0], &t);
	ck_assert_int_eq(send(fds[1], noises[_i].bytes, noises[_i].n, 0),
	    (ssize_t)noises[_i].n);
	if (noises[_i].leaves)
		close(fds[1]);
	turn(5);
	ck_assert_uint_eq(s.secured, 0);
	if (noises[_i].want == NULL) {
		ck_assert_uint_eq(s.ended, 1);
		ck_assert_msg(!noises[_i].leaves || s.error == 0, "%s: %s",
		    noises[_i].why, s.why);
	} else if (noises[_i].want[0] == '\0') {
		ck_assert_uint_eq(s.ended, 0);
	} else {
		ck_assert_int_eq(s.error, EPROTO);
		ck_assert_msg(strcmp(s.why, noises[_i].want) == 0, "%s: %s",
		    noises[_i].why, s.why);
	}
	if (!noises[_i].leaves)
		close(fds[1]);
	end_side(&s);
}
END_TEST

/* Pass on what is there, one byte or all, and let the other side see it. */
static bool
pass(int from, int to, size_t cap)
{
	unsigned char buf[4096];
	ssize_t n = recv(from, buf, cap, MSG_DONTWAIT);

	if (n <= 0)
		return false;
	ck_assert_int_eq(send(to, buf, (size_t)n, 0), n);
	turn(2);
	return true;
}

START_TEST(a21_a_handshake_byte_by_byte)
{
	const struct cert_spec spec = { .cn = "s", .dns = { "s" } };
	struct tls_start ts = { 0 }, tc = { .host = "s" };
	struct side s, c;
	int left[2], right[2];

	make("s", &spec);
	ts.context = accepting("s", TLS_VERIFY_OPTIONAL);
	tc.context = dialling(NULL, TLS_VERIFY_FULL, "ca.crt");
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0,
	    left), 0);
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0,
	    right), 0);
	begin(&s, left[0], &ts);
	begin(&c, right[0], &tc);
	turn(2);
	while (pass(left[1], right[1], 1) || pass(right[1], left[1], 1))
		;
	ck_assert_uint_eq(s.secured, 1);
	ck_assert_uint_eq(c.secured, 1);
	conn_send(&c.conn, "hello", 5);
	while (pass(right[1], left[1], 1))
		;
	ck_assert_str_eq(s.got.p, "hello");
	end_side(&s);
	end_side(&c);
	close(left[1]);
	close(right[1]);
}
END_TEST

/* The first bytes were read before anybody knew that it is TLS. */
START_TEST(early_bytes_are_not_lost)
{
	const struct cert_spec spec = { .cn = "s" };
	struct tls_start ts = { .direct = true }, tc = { .direct = true };
	unsigned char early[4096];
	struct side s, c;
	ssize_t n;
	int fds[2];

	make("s", &spec);
	ts.context = accepting("s", TLS_VERIFY_OPTIONAL);
	tc.context = dialling(NULL, TLS_VERIFY_NONE, NULL);
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0,
	    fds), 0);
	begin(&c, fds[1], &tc);
	turn(1);
	n = recv(fds[0], early, sizeof early, 0);
	ck_assert_int_gt(n, 100);
	ts.early = early;
	ts.early_len = (size_t)n;
	begin(&s, fds[0], &ts);
	memset(early, 0, sizeof early);
	turn(5);
	ck_assert_msg(s.secured == 1, "%s", s.why);
	ck_assert_uint_eq(c.secured, 1);
	end_side(&s);
	end_side(&c);
}
END_TEST

START_TEST(a06_direct_tls_needs_alpn)
{
	const struct cert_spec spec = { .cn = "s" };
	struct tls_start ts = { .direct = true }, tc = { .direct = _i == 1 };
	struct both b;

	make("s", &spec);
	ts.context = accepting("s", TLS_VERIFY_OPTIONAL);
	tc.context = dialling(NULL, TLS_VERIFY_NONE, NULL);
	begin_both(&b, &ts, &tc);
	ck_assert_uint_eq(b.server.secured, (unsigned)_i);
	if (_i == 0)
		ck_assert_str_eq(b.server.why,
		    "direct TLS without ALPN \"postgresql\"");
	end_both(&b);
}
END_TEST

static const struct {
	const char *host;
	enum tls_verify verify;
	bool want;
} snis[] = {
	{ "db.test", TLS_VERIFY_NONE, true },
	{ "db.test", TLS_VERIFY_CA, true },
	{ "db.test", TLS_VERIFY_FULL, true },
	{ "10.1.2.3", TLS_VERIFY_FULL, false },
	{ "fe80::1", TLS_VERIFY_NONE, false },
};

START_TEST(a08_the_server_hears_the_name_in_every_mode)
{
	struct tls_start t = { .host = snis[_i].host, .direct = true };
	unsigned char hello[4096];
	struct side c;
	ssize_t n;
	int fds[2];

	t.context = dialling(NULL, snis[_i].verify, "ca.crt");
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0,
	    fds), 0);
	begin(&c, fds[1], &t);
	turn(1);
	n = recv(fds[0], hello, sizeof hello, 0);
	ck_assert_int_gt(n, 0);
	ck_assert((memmem(hello, (size_t)n, snis[_i].host,
	    strlen(snis[_i].host)) != NULL) == snis[_i].want);
	ck_assert(memmem(hello, (size_t)n, "\12postgresql", 11) != NULL);
	close(fds[0]);
	end_side(&c);
}
END_TEST

/*
 * Whom to believe.
 */

static const struct {
	const char *why;
	struct cert_spec server;
	const char *host;
	enum tls_verify verify;
	const char *authority;
	const char *want;       /* part of the reason; NULL: welcome */
} servers[] = {
	{ "not checked", { .cn = "x" }, "db.test", TLS_VERIFY_NONE, NULL,
	    NULL },
	{ "expired, not checked", { .cn = "x", .is_expired = true },
	    "db.test", TLS_VERIFY_NONE, NULL, NULL },
	{ "chain only", { .cn = "x" }, "db.test", TLS_VERIFY_CA, "ca.crt",
	    NULL },
	{ "another authority", { .cn = "x" }, "x", TLS_VERIFY_CA,
	    "other.crt", "certificate verify failed: unable to get local" },
	{ "expired", { .cn = "x", .is_expired = true }, "x", TLS_VERIFY_CA,
	    "ca.crt", "certificate has expired" },
	{ "common name", { .cn = "db.test" }, "db.test", TLS_VERIFY_FULL,
	    "ca.crt", NULL },
	{ "case does not matter", { .cn = "DB.Test" }, "db.TEST",
	    TLS_VERIFY_FULL, "ca.crt", NULL },
	{ "another name", { .cn = "db.test" }, "db2.test", TLS_VERIFY_FULL,
	    "ca.crt", "is not for host \"db2.test\"" },
	{ "second alternative", { .cn = "x", .dns = { "a", "db.test" } },
	    "db.test", TLS_VERIFY_FULL, "ca.crt", NULL },
	{ "an alternative overrides the common name", { .cn = "db.test",
	    .dns = { "a" } }, "db.test", TLS_VERIFY_FULL, "ca.crt",
	    "is not for host" },
	{ "an address does so as well", { .cn = "db.test",
	    .ip = "\12\1\2\3" }, "db.test", TLS_VERIFY_FULL, "ca.crt",
	    "is not for host" },
	{ "wildcard", { .cn = "x", .dns = { "*.db.test" } }, "a.db.test",
	    TLS_VERIFY_FULL, "ca.crt", NULL },
	{ "not for a top-level domain", { .cn = "x", .dns = { "*.test" } },
	    "db.test", TLS_VERIFY_FULL, "ca.crt", "is not for host" },
	{ "for one label only", { .cn = "x", .dns = { "*.db.test" } },
	    "b.a.db.test", TLS_VERIFY_FULL, "ca.crt", "is not for host" },
	{ "not a part of one", { .cn = "x", .dns = { "d*.long.test" } },
	    "db.long.test", TLS_VERIFY_FULL, "ca.crt", "is not for host" },
	{ "an address", { .cn = "x", .ip = "\12\1\2\3" }, "10.1.2.3",
	    TLS_VERIFY_FULL, "ca.crt", NULL },
	{ "another address", { .cn = "x", .ip = "\12\1\2\4" }, "10.1.2.3",
	    TLS_VERIFY_FULL, "ca.crt", "is not for host" },
	{ "an address as common name", { .cn = "10.1.2.3" }, "10.1.2.3",
	    TLS_VERIFY_FULL, "ca.crt", NULL },
	{ "no wildcard for addresses", { .cn = "*.1.2.3" }, "10.1.2.3",
	    TLS_VERIFY_FULL, "ca.crt", "is not for host" },
	{ "a14 NUL in the common name", { .cn = "db.test\0.evil.test",
	    .cn_len = 18 }, "db.test", TLS_VERIFY_FULL, "ca.crt",
	    "NUL byte" },
	{ "a14 NUL in an alternative", { .cn = "x",
	    .dns = { "db.test\0.evil.test" }, .dns_len = 18 }, "db.test",
	    TLS_VERIFY_FULL, "ca.crt", "NUL byte" },
	{ "a14 though another one fits", { .cn = "x",
	    .dns = { "evil\0.test", "db.test" }, .dns_len = 10 }, "db.test",
	    TLS_VERIFY_CA, "ca.crt", "NUL byte" },
};

START_TEST(a_server_is_believed_or_not)
{
	const struct cert_spec spec = { .cn = "other", .is_authority = true };
	struct cert *other = cert_make(&spec, NULL);
	struct tls_start s = { 0 }, c = { .host = servers[_i].host };
	struct both b;

	cert_write(other, "other");
	make("s", &servers[_i].server);
	s.context = accepting("s", TLS_VERIFY_OPTIONAL);
	c.context = dialling(NULL, servers[_i].verify, servers[_i].authority);
	begin_both(&b, &s, &c);
	if (servers[_i].want == NULL)
		ck_assert_msg(b.client.secured == 1, "%s: %s",
		    servers[_i].why, b.client.why);
	else
		ck_assert_msg(b.client.secured == 0 && strstr(b.client.why,
		    servers[_i].want) != NULL, "%s: %s", servers[_i].why,
		    b.client.why);
	end_both(&b);
	cert_free(other);
}
END_TEST

static const struct {
	const char *why;
	enum tls_verify verify;
	bool shows;
	struct cert_spec client;
	const char *want;
} clients[] = {
	{ "none is fine", TLS_VERIFY_OPTIONAL, false, { 0 }, NULL },
	{ "a good one", TLS_VERIFY_OPTIONAL, true, { .cn = "u" }, NULL },
	{ "a10 an expired one", TLS_VERIFY_OPTIONAL, true, { .cn = "u",
	    .is_expired = true }, "certificate has expired" },
	{ "a10 none", TLS_VERIFY_CA, false, { 0 },
	    "peer did not return a certificate" },
	{ "a good one", TLS_VERIFY_CA, true, { .cn = "u" }, NULL },
	{ "a14 NUL", TLS_VERIFY_OPTIONAL, true, { .cn = "u\0v",
	    .cn_len = 3 }, "NUL byte" },
};

START_TEST(a10_a_client_is_believed_or_not)
{
	const struct cert_spec spec = { .cn = "s" };
	struct tls_start s = { 0 }, c = { 0 };
	struct both b;
	char name[64];

	make("s", &spec);
	make("c", &clients[_i].client);
	s.context = accepting("s", clients[_i].verify);
	c.context = dialling(clients[_i].shows ? "c" : NULL, TLS_VERIFY_NONE,
	    NULL);
	begin_both(&b, &s, &c);
	if (clients[_i].want != NULL) {
		ck_assert_msg(b.server.secured == 0 && strstr(b.server.why,
		    clients[_i].want) != NULL, "%s: %s", clients[_i].why,
		    b.server.why);
	} else {
		ck_assert_msg(b.server.secured == 1, "%s: %s",
		    clients[_i].why, b.server.why);
		ck_assert(tls_has_certificate(&b.server.conn) ==
		    clients[_i].shows);
		ck_assert((tls_common_name(&b.server.conn, name,
		    sizeof name) != NULL) == clients[_i].shows);
		ck_assert(!clients[_i].shows || strcmp(name, "u") == 0);
		ck_assert(tls_peer_is(&b.server.conn, "u") ==
		    clients[_i].shows);
	}
	end_both(&b);
}
END_TEST

/* The file has our certificate only; what leads to the root is among the
 * authorities, and is sent. */
START_TEST(a_chain_is_completed)
{
	const struct cert_spec middle = { .cn = "m", .is_authority = true };
	const struct cert_spec spec = { .cn = "s" };
	struct cert *m = cert_make(&middle, ca), *s = cert_make(&spec, m);
	struct tls_start ts = { 0 }, tc = { 0 };
	struct both b;

	cert_write(m, "m");
	cert_write(s, "s");
	cert_write(ca, "root");
	ck_assert_int_eq(system(_i == 0 ? "cat m.crt >>ca.crt" :
	    _i == 1 ? "cat m.crt >>s.crt" : ":"), 0);
	ts.context = accepting("s", TLS_VERIFY_OPTIONAL);
	tc.context = dialling(NULL, TLS_VERIFY_CA, "root.crt");
	begin_both(&b, &ts, &tc);
	ck_assert_uint_eq(b.client.secured, _i < 2);
	end_both(&b);
	cert_free(m);
	cert_free(s);
}
END_TEST

START_TEST(a_revoked_certificate_is_refused)
{
	const struct cert_spec spec = { .cn = "s" };
	struct cert *c = cert_make(&spec, ca);
	struct tls_start ts = { 0 }, tc = { 0 };
	struct both b;

	cert_write(c, "s");
	cert_revoke(ca, c, "revoked.pem");
	ts.context = accepting("s", TLS_VERIFY_OPTIONAL);
	tc.context = dialling(NULL, TLS_VERIFY_CA, "revoked.pem");
	begin_both(&b, &ts, &tc);
	ck_assert_str_eq(b.client.why,
	    "certificate verify failed: certificate revoked");
	end_both(&b);
	cert_free(c);
}
END_TEST

/* The root has revoked the authority in the middle, or only another one; or
 * there is no list of the one in the middle. */
START_TEST(all_of_a_chain_is_looked_up)
{
	static const char *const why[] = {
		"certificate verify failed: certificate revoked", "",
		"certificate verify failed: unable to get certificate CRL",
	};
	const struct cert_spec middle = { .cn = "m", .is_authority = true };
	const struct cert_spec spec = { .cn = "s" };
	struct cert *m = cert_make(&middle, ca), *s = cert_make(&spec, m);
	struct cert *other = cert_make(&spec, m);
	struct tls_start ts = { 0 }, tc = { 0 };
	struct both b;

	cert_write(m, "m");
	cert_write(s, "s");
	ck_assert_int_eq(system("cat m.crt >>s.crt"), 0);
	cert_revoke(ca, _i == 0 ? m : other, "lists.pem");
	cert_revoke(m, other, "m.pem");
	if (_i < 2)
		ck_assert_int_eq(system("cat m.pem >>lists.pem"), 0);
	ts.context = accepting("s", TLS_VERIFY_OPTIONAL);
	tc.context = dialling(NULL, TLS_VERIFY_CA, "lists.pem");
	begin_both(&b, &ts, &tc);
	ck_assert_str_eq(b.client.why, why[_i]);
	ck_assert_uint_eq(b.client.secured, _i == 1);
	end_both(&b);
	cert_free(m);
	cert_free(s);
	cert_free(other);
}
END_TEST

/*
 * Facts.
 */

static const struct {
	const char *name;
	bool want;
} names[] = {
	{ "u1", true }, { "U1", true }, { "alt", true },
	{ "10.1.2.3", true }, { "x.wild.test", true },
	{ "u", false }, { "u11", false }, { "", false },
	{ ".wild.test", false }, { ".test", false },
	{ "a.x.wild.test", false }, { "10.1.2.4", false },
};

START_TEST(the_peer_has_many_names)
{
	const struct cert_spec spec = { .cn = "s" };
	const struct cert_spec user = { .cn = "u1",
		.dns = { "alt", "*.wild.test" }, .ip = "\12\1\2\3" };
	struct tls_start s = { 0 }, c = { 0 };
	struct both b;
	char buf[3];
	size_t i;

	make("s", &spec);
	make("u", &user);
	s.context = accepting("s", TLS_VERIFY_CA);
	c.context = dialling("u", TLS_VERIFY_NONE, NULL);
	begin_both(&b, &s, &c);
	for (i = 0; i < countof(names); i++)
		ck_assert_msg(tls_peer_is(&b.server.conn, names[i].name) ==
		    names[i].want, "%s", names[i].name);
	ck_assert_str_eq(tls_common_name(&b.server.conn, buf, 3), "u1");
	ck_assert_ptr_eq(tls_common_name(&b.server.conn, buf, 2), NULL);
	end_both(&b);
}
END_TEST

static const struct {
	enum cert_key key;
	const char *digest;
	size_t want;
} bindings[] = {
	{ CERT_EC, "SHA256", 32 }, { CERT_EC, "SHA384", 48 },
	{ CERT_RSA, "SHA512", 64 }, { CERT_EC, "SHA1", 32 },
	{ CERT_ED25519, NULL, 0 },
};

START_TEST(both_sides_bind_to_the_same)
{
	/* Signed by itself, so that its own key makes the signature. */
	const struct cert_spec spec = { .cn = "s", .key = bindings[_i].key,
		.digest = bindings[_i].digest };
	unsigned char x[TLS_DIGEST_MAX], y[TLS_DIGEST_MAX];
	struct cert *cert = cert_make(&spec, NULL);
	struct tls_start s = { 0 }, c = { 0 };
	struct both b;
	struct conn plain;

	cert_write(cert, "s");
	s.context = accepting("s", TLS_VERIFY_OPTIONAL);
	c.context = dialling(NULL, TLS_VERIFY_NONE, NULL);
	begin_both(&b, &s, &c);
	ck_assert_msg(b.client.secured == 1, "%s", b.client.why);
	ck_assert_uint_eq(tls_binding(&b.server.conn, x), bindings[_i].want);
	ck_assert_uint_eq(tls_binding(&b.client.conn, y), bindings[_i].want);
	ck_assert_int_eq(memcmp(x, y, bindings[_i].want), 0);
	conn_init(&plain, &env, &ops);
	ck_assert_uint_eq(tls_binding(&plain, x), 0);
	end_both(&b);
	cert_free(cert);
}
END_TEST

START_TEST(protocol_and_cipher_are_told)
{
	struct both b;
	struct conn plain;
	char buf[80];

	shake_hands(&b);
	ck_assert_str_eq(tls_describe(&b.server.conn, buf, sizeof buf),
	    "TLSv1.3/TLS_AES_256_GCM_SHA384");
	conn_init(&plain, &env, &ops);
	ck_assert_str_eq(tls_describe(&plain, buf, sizeof buf), "");
	ck_assert(!tls_is_on(&plain));
	ck_assert(!tls_has_certificate(&plain));
	ck_assert(!tls_peer_is(&plain, "s"));
	end_both(&b);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("tls");
	TCase *tc = tcase_create("tls");
	SRunner *sr = srunner_create(s);
	int failed;

	tcase_add_checked_fixture(tc, start, stop);
	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(tc,
	    c15_c16_bytes_of_any_number_travel_both_ways, 0,
	    (int)countof(sizes));
	tcase_add_test(tc, pieces_leave_as_one_record);
	tcase_add_test(tc, c17_records_to_clients_are_small);
	tcase_add_test(tc, a_record_costs_one_read);
	tcase_add_test(tc, c05_what_is_held_inside_is_drained_before_sleeping);
	tcase_add_test(tc, holding_and_freezing_stop_what_is_inside_too);
	tcase_add_test(tc, a_finish_is_seen_as_the_end_behind_all_bytes);
	tcase_add_test(tc, a_cut_is_an_end_too);
	tcase_add_test(tc, a18_rubbish_has_a_reason);
	tcase_add_loop_test(tc, a15_what_is_no_handshake_ends_it, 0,
	    (int)countof(noises));
	tcase_add_test(tc, a21_a_handshake_byte_by_byte);
	tcase_add_test(tc, early_bytes_are_not_lost);
	tcase_add_loop_test(tc, a06_direct_tls_needs_alpn, 0, 2);
	tcase_add_loop_test(tc, a08_the_server_hears_the_name_in_every_mode,
	    0, (int)countof(snis));
	tcase_add_loop_test(tc, a_server_is_believed_or_not, 0,
	    (int)countof(servers));
	tcase_add_loop_test(tc, a10_a_client_is_believed_or_not, 0,
	    (int)countof(clients));
	tcase_add_loop_test(tc, a_chain_is_completed, 0, 3);
	tcase_add_test(tc, a_revoked_certificate_is_refused);
	tcase_add_loop_test(tc, all_of_a_chain_is_looked_up, 0, 3);
	tcase_add_test(tc, the_peer_has_many_names);
	tcase_add_loop_test(tc, both_sides_bind_to_the_same, 0,
	    (int)countof(bindings));
	tcase_add_test(tc, protocol_and_cipher_are_told);
	suite_add_tcase(s, tc);
	srunner_run_all(sr, CK_NORMAL);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
