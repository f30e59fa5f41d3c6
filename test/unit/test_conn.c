/*
 * test_conn.c - sockets: kept bytes, short writes, pressure, endings
 * (pitfalls c14, c18, i08).
 */
#include "net/conn.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/must.h"
#include "base/str.h"

static struct loop *loop;
static struct conn_env env;

/* An owner that does as it is told. */
struct owner {
	struct conn conn;
	struct text got;        /* what was consumed, in order */
	size_t eats;            /* at most so much at a time; 0: nothing */
	size_t needs;           /* conn_need() when there is less */
	unsigned deliveries, drained, connected, ended;
	size_t offered;         /* the last time */
	int error;
	bool closes, finishes, redelivers;
};

static struct owner *
owner_of(struct conn *c)
{
	return container_of(c, struct owner, conn);
}

static void
on_bytes(struct conn *c, const unsigned char *p, size_t n)
{
	struct owner *o = owner_of(c);
	size_t take = n < o->eats ? n : o->eats;

	o->deliveries++;
	o->offered = n;
	if (o->closes) {
		conn_close(c);
		return;
	}
	if (o->finishes)
		conn_finish(c);
	if (o->needs > n) {
		conn_need(c, o->needs);
		return;
	}
	text_add(&o->got, p, take);
	conn_consume(c, take);
	ck_assert_uint_eq(conn_kept(c), n - take);
	if (o->redelivers)
		conn_redeliver(c);
}

static void
on_connect(struct conn *c)
{
	owner_of(c)->connected++;
}

static void
on_drained(struct conn *c)
{
	ck_assert(!conn_is_clogged(c));
	owner_of(c)->drained++;
}

static void
on_end(struct conn *c, int error)
{
	owner_of(c)->ended++;
	owner_of(c)->error = error;
}

static const struct conn_ops ops = {
	.on_connect = on_connect,
	.on_bytes = on_bytes,
	.on_drained = on_drained,
	.on_end = on_end,
};

static void
start(void)
{
	loop = loop_create(LOOP_VIRTUAL);
	conn_env_init(&env, loop);
}

static void
stop(void)
{
	conn_env_fini(&env);
	loop_destroy(loop);
}

/* An owner whose peer is the descriptor that is returned. */
static int
open_pair(struct owner *o)
{
	int fds[2];

	*o = (struct owner){ .eats = SIZE_MAX };
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0,
	    fds), 0);
	conn_init(&o->conn, &env, &ops);
	conn_open(&o->conn, fds[0]);
	return fds[1];
}

static void
finish(struct owner *o, int fd)
{
	conn_close(&o->conn);
	text_fini(&o->got);
	if (fd != -1)
		close(fd);
}

static void
put(int fd, const void *p, size_t n)
{
	ck_assert_int_eq(send(fd, p, n, MSG_NOSIGNAL), (ssize_t)n);
	loop_turn(loop, false);
}

/* Bytes that differ from place to place. */
static void
fill(struct text *t, size_t n)
{
	unsigned char c;
	size_t i;

	for (i = 0; i < n; i++) {
		c = (unsigned char)(i * 7 + i / 251);
		text_add(t, &c, 1);
	}
}

START_TEST(what_is_not_consumed_comes_again)
{
	struct owner o;
	int fd = open_pair(&o);

	o.eats = 2;
	put(fd, "abcde", 5);
	ck_assert_str_eq(o.got.p, "ab");
	ck_assert_uint_eq(conn_kept(&o.conn), 3);
	loop_turn(loop, false);
	ck_assert_uint_eq(o.deliveries, 1);
	put(fd, "f", 1);
	ck_assert_uint_eq(o.offered, 4);
	ck_assert_str_eq(o.got.p, "abcd");
	o.eats = 0;
	put(fd, "g", 1);
	ck_assert_uint_eq(o.offered, 3);
	o.eats = SIZE_MAX;
	conn_redeliver(&o.conn);
	ck_assert_str_eq(o.got.p, "abcdefg");
	ck_assert_uint_eq(conn_kept(&o.conn), 0);
	/* An idle conn owns no buffer. */
	ck_assert_ptr_eq(o.conn.in, NULL);
	finish(&o, fd);
}
END_TEST

START_TEST(redeliver_within_a_delivery_does_nothing)
{
	struct owner o;
	int fd = open_pair(&o);

	o.eats = 1;
	o.redelivers = true;
	put(fd, "abc", 3);
	ck_assert_uint_eq(o.deliveries, 1);
	ck_assert_str_eq(o.got.p, "a");
	o.redelivers = false;
	conn_redeliver(&o.conn);
	ck_assert_str_eq(o.got.p, "ab");
	finish(&o, fd);
}
END_TEST

/* Also more than the working buffer holds. */
static const size_t needs[] = { 2, 100, CONN_SCRATCH - 1, CONN_SCRATCH,
	CONN_SCRATCH + 1, 5 * CONN_SCRATCH + 3 };

START_TEST(need_waits_for_the_whole)
{
	struct owner o;
	struct text all = { 0 };
	int fd = open_pair(&o), i;
	size_t at = 0, n;
	ssize_t rc;

	fill(&all, needs[_i] + 10);
	o.needs = needs[_i];
	while (at < all.n) {
		n = all.n - at < 5000 ? all.n - at : 5000;
		if (at < needs[_i] && at + n > needs[_i])
			n = needs[_i] - at;
		if (at < needs[_i])
			ck_assert_uint_eq(o.got.n, 0);
		rc = send(fd, all.p + at, n, MSG_NOSIGNAL);
		ck_assert_int_gt(rc, 0);
		at += (size_t)rc;
		loop_turn(loop, false);
		if (at == needs[_i])
			o.needs = 0;
		if (at == needs[_i])
			conn_redeliver(&o.conn);
	}
	for (i = 0; i < 3; i++)
		loop_turn(loop, false);
	ck_assert_uint_eq(o.got.n, all.n);
	ck_assert_mem_eq(o.got.p, all.p, all.n);
	text_fini(&all);
	finish(&o, fd);
}
END_TEST

/* Who consumes nothing and needs nothing is not read for ever. */
START_TEST(what_is_kept_is_bounded)
{
	struct owner o;
	struct text all = { 0 };
	int fd = open_pair(&o), i;

	fill(&all, 1000);
	o.eats = 0;
	for (i = 0; i < 200; i++) {
		(void)send(fd, all.p, all.n, MSG_NOSIGNAL);
		loop_turn(loop, false);
	}
	ck_assert_uint_le(conn_kept(&o.conn), CONN_SCRATCH);
	o.eats = SIZE_MAX;
	conn_redeliver(&o.conn);
	for (i = 0; i < 10; i++)
		loop_turn(loop, false);
	ck_assert_uint_gt(o.got.n, CONN_SCRATCH);
	text_fini(&all);
	finish(&o, fd);
}
END_TEST

START_TEST(hold_stops_reading)
{
	struct owner o;
	int fd = open_pair(&o);

	conn_hold(&o.conn, true);
	conn_hold(&o.conn, true);
	put(fd, "abc", 3);
	ck_assert_uint_eq(o.deliveries, 0);
	conn_hold(&o.conn, false);
	loop_turn(loop, false);
	ck_assert_str_eq(o.got.p, "abc");
	/* The end is not seen either, until it is let go. */
	conn_hold(&o.conn, true);
	close(fd);
	loop_turn(loop, false);
	ck_assert_uint_eq(o.ended, 0);
	conn_hold(&o.conn, false);
	loop_turn(loop, false);
	ck_assert_uint_eq(o.ended, 1);
	finish(&o, -1);
}
END_TEST

static size_t
drain(int fd, struct text *into)
{
	char buf[3000];
	ssize_t n;
	size_t sum = 0;

	while ((n = recv(fd, buf, sizeof buf, 0)) > 0) {
		text_add(into, buf, (size_t)n);
		sum += (size_t)n;
	}
	return sum;
}

START_TEST(c14_short_writes_keep_the_order)
{
	struct owner o;
	struct text all = { 0 }, got = { 0 };
	struct iovec iov[3];
	int fd = open_pair(&o), small = 4608;
	size_t at;

	setsockopt(o.conn.fd, SOL_SOCKET, SO_SNDBUF, &small, sizeof small);
	fill(&all, 300000);
	conn_send(&o.conn, all.p, 100);
	ck_assert(!conn_is_clogged(&o.conn));
	conn_send(&o.conn, all.p + 100, 50000);
	ck_assert(conn_is_clogged(&o.conn));
	for (at = 50100; at < all.n; at += 3 * 8330) {
		iov[0] = (struct iovec){ all.p + at, 8330 };
		iov[1] = (struct iovec){ all.p + at + 8330, 0 };
		iov[2] = (struct iovec){ all.p + at + 8330, 2 * 8330 };
		conn_sendv(&o.conn, iov, 3);
	}
	ck_assert_uint_eq(at, all.n);
	while (got.n < all.n) {
		drain(fd, &got);
		ck_assert_uint_le(conn_unsent(&o.conn), all.n - got.n);
		loop_turn(loop, false);
	}
	ck_assert_mem_eq(got.p, all.p, all.n);
	ck_assert(!conn_is_clogged(&o.conn));
	ck_assert_uint_eq(o.drained, 1);
	ck_assert_ptr_eq(o.conn.out, NULL);
	text_fini(&all);
	text_fini(&got);
	finish(&o, fd);
}
END_TEST

START_TEST(c18_the_end_of_the_peer)
{
	struct owner o;
	int fd = open_pair(&o);

	ck_assert_int_eq(send(fd, "abc", 3, 0), 3);
	close(fd);
	loop_turn(loop, false);
	loop_turn(loop, false);
	ck_assert_str_eq(o.got.p, "abc");
	ck_assert_uint_eq(o.ended, 1);
	ck_assert_int_eq(o.error, 0);
	loop_turn(loop, false);
	ck_assert_uint_eq(o.ended, 1);
	finish(&o, -1);
}
END_TEST

/* c12: a send that fails is told once, later, and never to the sender. */
START_TEST(c12_a_send_that_fails)
{
	struct owner o;
	int fd = open_pair(&o);

	conn_hold(&o.conn, true);
	close(fd);
	conn_send(&o.conn, "abc", 3);
	ck_assert_uint_eq(o.ended, 0);
	conn_send(&o.conn, "def", 3);
	loop_turn(loop, false);
	ck_assert_uint_eq(o.ended, 1);
	ck_assert_int_eq(o.error, EPIPE);
	conn_send(&o.conn, "ghi", 3);
	loop_turn(loop, false);
	ck_assert_uint_eq(o.ended, 1);
	finish(&o, -1);
}
END_TEST

START_TEST(c12_the_peer_goes_while_the_sender_is_blocked)
{
	struct owner o;
	struct text all = { 0 };
	int fd = open_pair(&o), i;

	fill(&all, 2000000);
	conn_send(&o.conn, all.p, all.n);
	ck_assert(conn_is_clogged(&o.conn));
	close(fd);
	for (i = 0; i < 5; i++)
		loop_turn(loop, false);
	ck_assert_uint_eq(o.ended, 1);
	text_fini(&all);
	finish(&o, -1);
}
END_TEST

START_TEST(the_owner_may_close_within_a_delivery)
{
	struct owner o;
	int fd = open_pair(&o);

	o.closes = true;
	put(fd, "abc", 3);
	ck_assert_uint_eq(o.deliveries, 1);
	ck_assert(!conn_is_open(&o.conn));
	loop_turn(loop, false);
	ck_assert_uint_eq(o.ended, 0);
	conn_close(&o.conn);
	finish(&o, fd);
}
END_TEST

/* The last word is surely seen: our side ends behind it, then theirs. */
START_TEST(finish_sends_all_and_waits_for_the_peer)
{
	struct owner o;
	struct text all = { 0 }, got = { 0 };
	int fd = open_pair(&o);
	char c;

	fill(&all, 2000000);
	conn_send(&o.conn, all.p, all.n);
	conn_finish(&o.conn);
	conn_finish(&o.conn);
	ck_assert(!conn_is_open(&o.conn));
	put(fd, "not of interest", 15);
	ck_assert_uint_eq(o.deliveries, 0);
	while (got.n < all.n) {
		drain(fd, &got);
		loop_turn(loop, false);
	}
	ck_assert_mem_eq(got.p, all.p, all.n);
	ck_assert_int_eq(recv(fd, &c, 1, 0), 0);
	ck_assert_uint_eq(o.ended, 0);
	close(fd);
	loop_turn(loop, false);
	ck_assert_uint_eq(o.ended, 1);
	ck_assert_uint_eq(o.drained, 0);
	text_fini(&all);
	text_fini(&got);
	finish(&o, -1);
}
END_TEST

/* A conn that was dialled by TCP to this test; its peer is returned. */
static int
open_tcp(struct owner *o)
{
	struct sockaddr_in in = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof in;
	int at = socket(AF_INET, SOCK_STREAM, 0), fd;

	ck_assert_int_eq(bind(at, (struct sockaddr *)&in, len), 0);
	ck_assert_int_eq(getsockname(at, (struct sockaddr *)&in, &len), 0);
	ck_assert_int_eq(listen(at, 1), 0);
	*o = (struct owner){ .eats = SIZE_MAX };
	conn_init(&o->conn, &env, &ops);
	ck_assert_int_eq(conn_dial(&o->conn, (struct sockaddr *)&in, len),
	    0);
	fd = accept(at, NULL, NULL);
	close(at);
	while (o->connected == 0)
		loop_turn(loop, true);
	return fd;
}

/* The peer said goodbye and left with bytes unread, so it has reset the
 * connection. Its goodbye comes first; that the socket cannot be shut any
 * more is not why it ended. */
START_TEST(c12_finish_behind_a_reset)
{
	struct linger now = { 1, 0 };
	struct owner o;
	int fd = open_tcp(&o), i;

	o.finishes = true;
	ck_assert_int_eq(setsockopt(fd, SOL_SOCKET, SO_LINGER, &now,
	    sizeof now), 0);
	ck_assert_int_eq(send(fd, "goodbye", 7, 0), 7);
	close(fd);
	for (i = 0; i < 1000 && o.ended == 0; i++)
		loop_turn(loop, false);
	ck_assert_uint_eq(o.deliveries, 1);
	ck_assert_uint_eq(o.ended, 1);
	ck_assert_int_eq(o.error, ECONNRESET);
	finish(&o, -1);
}
END_TEST

/* A listening socket of an abstract name. */
static int
listen_at(struct sockaddr_storage *ss, socklen_t *len)
{
	char name[64];
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	snprintf(name, sizeof name, "@pgweir-test-conn-%ld", (long)getpid());
	ck_assert_int_eq(addr_unix(name, ss, len), 0);
	ck_assert_int_eq(bind(fd, (struct sockaddr *)ss, *len), 0);
	ck_assert_int_eq(listen(fd, 5), 0);
	return fd;
}

START_TEST(i08_dial)
{
	struct owner o = { .eats = SIZE_MAX };
	struct sockaddr_storage ss;
	socklen_t len;
	int at = listen_at(&ss, &len), fd;

	conn_init(&o.conn, &env, &ops);
	ck_assert_int_eq(conn_dial(&o.conn, (struct sockaddr *)&ss, len), 0);
	/* Never before it returns. */
	ck_assert_uint_eq(o.connected, 0);
	loop_turn(loop, false);
	ck_assert_uint_eq(o.connected, 1);
	ck_assert(conn_is_open(&o.conn));
	fd = accept(at, NULL, NULL);
	put(fd, "abc", 3);
	ck_assert_str_eq(o.got.p, "abc");
	close(at);
	finish(&o, fd);
}
END_TEST

static int
option(int fd, int level, int name)
{
	int value = -1;
	socklen_t len = sizeof value;

	ck_assert_int_eq(getsockopt(fd, level, name, &value, &len), 0);
	return value;
}

/* A server that a firewall has silently dropped is found out by the kernel,
 * if it was told to look; and no child inherits the socket. */
START_TEST(i06_k13_dialled_sockets)
{
	struct owner o = { .eats = SIZE_MAX };
	struct sockaddr_in in = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof in;
	int at = socket(AF_INET, SOCK_STREAM, 0), fd;

	ck_assert_int_eq(bind(at, (struct sockaddr *)&in, len), 0);
	ck_assert_int_eq(listen(at, 1), 0);
	getsockname(at, (struct sockaddr *)&in, &len);
	env.keepalive = 1;
	env.keepidle = 11;
	env.keepintvl = 3;
	env.keepcnt = 2;
	env.user_timeout = 4567;
	conn_init(&o.conn, &env, &ops);
	ck_assert_int_eq(conn_dial(&o.conn, (struct sockaddr *)&in, len), 0);
	loop_turn(loop, false);
	fd = o.conn.fd;
	ck_assert_int_eq(option(fd, SOL_SOCKET, SO_KEEPALIVE), 1);
	ck_assert_int_eq(option(fd, IPPROTO_TCP, TCP_KEEPIDLE), 11);
	ck_assert_int_eq(option(fd, IPPROTO_TCP, TCP_KEEPINTVL), 3);
	ck_assert_int_eq(option(fd, IPPROTO_TCP, TCP_KEEPCNT), 2);
	ck_assert_int_eq(option(fd, IPPROTO_TCP, TCP_USER_TIMEOUT), 4567);
	ck_assert_int_eq(option(fd, IPPROTO_TCP, TCP_NODELAY), 1);
	ck_assert(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	fd = accept(at, NULL, NULL);
	close(at);
	finish(&o, fd);
}
END_TEST

START_TEST(i08_nobody_is_there)
{
	struct owner o = { 0 };
	struct sockaddr_storage ss;
	struct addr addr;
	socklen_t len;
	int at = listen_at(&ss, &len), i;

	close(at);
	conn_init(&o.conn, &env, &ops);
	ck_assert_int_eq(conn_dial(&o.conn, (struct sockaddr *)&ss, len), -1);
	ck_assert_int_eq(errno, ECONNREFUSED);
	ck_assert(!conn_is_open(&o.conn));
	/* By TCP the refusal comes later. */
	ck_assert(addr_parse(&addr, "127.0.0.1", 1));
	len = addr_to_sockaddr(&addr, &ss);
	if (conn_dial(&o.conn, (struct sockaddr *)&ss, len) == 0) {
		for (i = 0; i < 1000 && o.ended == 0; i++)
			loop_turn(loop, false);
		ck_assert_uint_eq(o.ended, 1);
		ck_assert_int_eq(o.error, ECONNREFUSED);
	}
	finish(&o, -1);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("conn");
	TCase *t = tcase_create("conn");
	SRunner *r;
	int failed;

	tcase_set_timeout(t, 60);
	tcase_add_checked_fixture(t, start, stop);
	tcase_add_test(t, what_is_not_consumed_comes_again);
	tcase_add_test(t, redeliver_within_a_delivery_does_nothing);
	tcase_add_loop_test(t, need_waits_for_the_whole, 0,
	    (int)countof(needs));
	tcase_add_test(t, what_is_kept_is_bounded);
	tcase_add_test(t, hold_stops_reading);
	tcase_add_test(t, c14_short_writes_keep_the_order);
	tcase_add_test(t, c18_the_end_of_the_peer);
	tcase_add_test(t, c12_a_send_that_fails);
	tcase_add_test(t, c12_the_peer_goes_while_the_sender_is_blocked);
	tcase_add_test(t, the_owner_may_close_within_a_delivery);
	tcase_add_test(t, finish_sends_all_and_waits_for_the_peer);
	tcase_add_test(t, c12_finish_behind_a_reset);
	tcase_add_test(t, i08_dial);
	tcase_add_test(t, i06_k13_dialled_sockets);
	tcase_add_test(t, i08_nobody_is_there);
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed > 0;
}
