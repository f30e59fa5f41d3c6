/*
 * test_monitor.c - control connections, against servers that are scripted.
 *
 * The servers live on the same loop and speak as much of the protocol as it
 * takes. Time is virtual: nothing is late because the machine is slow.
 */
#include "cluster/monitor.h"

#include <arpa/inet.h>
#include <check.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/must.h"
#include "cluster/host.h"
#include "cluster/topology.h"
#include "config/config.h"
#include "config/load.h"
#include "net/loop.h"
#include "net/resolve.h"
#include "unit/files.h"

#define SETTINGS "control_user = c\nserver_tls_sslmode = disable\n" \
	"health_interval = 3\nhealth_timeout = 1\n"
#define NSERVERS 2

enum manner {
	ANSWERS,
	STAMMERS,               /* a byte in each turn */
	IS_MUTE,                /* takes connections and says nothing */
	FORGETS,                /* lets us in, and then says nothing */
	REFUSES,                /* has an error for who comes */
	OBJECTS,                /* has an error for the question */
	HANGS_UP,
	BABBLES                 /* no PostgreSQL at all */
};

struct server {
	int listener, fd;
	uint16_t port;
	enum manner manner;
	bool replica;
	struct io_watch accepts, reads;
	unsigned connections, questions;
	bool started;           /* the startup packet has come */
	char startup[600];
	char out[2000];
	size_t nout, nsent;
};

static struct loop *loop;
static struct resolver *resolver;
static struct hosts hosts;
static struct topologies all;
static const struct config *config;
static struct topology *topology;
static struct monitor *monitor;
static struct server servers[NSERVERS];

/*
 * A server.
 */

static void
put(struct server *s, const void *p, size_t n)
{
	ck_assert(n <= sizeof s->out - s->nout);
	memcpy(s->out + s->nout, p, n);
	s->nout += n;
}

static void
put16(struct server *s, unsigned n)
{
	const char b[] = { (char)(n >> 8), (char)n };

	put(s, b, 2);
}

static void
put32(struct server *s, uint32_t n)
{
	put16(s, n >> 16);
	put16(s, n & 0xffff);
}

static void
put_message(struct server *s, char type, const void *body, size_t n)
{
	put(s, &type, 1);
	put32(s, (uint32_t)n + 4);
	put(s, body, n);
}

static void
put_error(struct server *s)
{
	static const char body[] = "SERROR\0C42501\0Mnot for you\0";

	put_message(s, 'E', body, sizeof body);
}

static void
put_row(struct server *s)
{
	const char *values[10] = { "77", s->replica ? "200" : "100", "5432",
		s->replica ? "t" : "f", "f", s->replica ? NULL : "00000001",
		s->replica ? "1" : NULL, "5000", s->replica ? "5000" : NULL,
		s->replica ? "10" : NULL };
	size_t len = 2, i;

	put(s, "T", 1);
	put32(s, 4 + 2 + 10 * 20);
	put16(s, 10);
	for (i = 0; i < 10; i++) {
		put(s, "c", 2);
		put32(s, 0);
		put16(s, 0);
		put32(s, 25);
		put16(s, 0xffff);
		put32(s, 0xffffffff);
		put16(s, 0);
	}
	for (i = 0; i < 10; i++)
		len += 4 + (values[i] != NULL ? strlen(values[i]) : 0);
	put(s, "D", 1);
	put32(s, 4 + (uint32_t)len);
	put16(s, 10);
	for (i = 0; i < 10; i++) {
		put32(s, values[i] != NULL ? (uint32_t)strlen(values[i]) :
		    0xffffffff);
		if (values[i] != NULL)
			put(s, values[i], strlen(values[i]));
	}
	put_message(s, 'C', "SELECT 1", 9);
}

static void
hang_up(struct server *s)
{
	if (s->fd < 0)
		return;
	io_watch_set(&s->reads, 0);
	close(s->fd);
	s->fd = -1;
	s->nout = s->nsent = 0;
}

static void
send_out(struct server *s)
{
	size_t n = s->nout - s->nsent;

	if (s->fd < 0 || n == 0)
		return;
	if (s->manner == STAMMERS)
		n = 1;
	ck_assert_int_eq(write(s->fd, s->out + s->nsent, n), (ssize_t)n);
	s->nsent += n;
	if (s->nsent == s->nout)
		s->nsent = s->nout = 0;
}

static void
answer_start(struct server *s, const char *in, size_t n)
{
	memcpy(s->startup, in, n < sizeof s->startup ? n : sizeof s->startup);
	s->started = true;
	switch (s->manner) {
	case IS_MUTE:
		break;
	case REFUSES:
		put_error(s);
		break;
	case HANGS_UP:
		hang_up(s);
		break;
	case BABBLES:
		put(s, "HTTP/1.1 400 Bad Request\r\n", 26);
		break;
	case ANSWERS:
	case STAMMERS:
	case FORGETS:
	case OBJECTS:
		put_message(s, 'R', "\0\0\0\0", 4);
		put_message(s, 'Z', "I", 1);
		break;
	}
}

static void
answer_question(struct server *s)
{
	s->questions++;
	switch (s->manner) {
	case ANSWERS:
	case STAMMERS:
		put_row(s);
		put_message(s, 'Z', "I", 1);
		break;
	case OBJECTS:
		put_error(s);
		put_message(s, 'Z', "I", 1);
		break;
	case FORGETS:
	case IS_MUTE:
	case REFUSES:
	case BABBLES:
		break;
	case HANGS_UP:
		hang_up(s);
		break;
	}
}

static void
on_bytes(struct io_watch *w, unsigned ready)
{
	struct server *s = container_of(w, struct server, reads);
	char in[2000];
	ssize_t n = read(s->fd, in, sizeof in);

	(void)ready;
	if (n <= 0) {
		hang_up(s);
		return;
	}
	if (!s->started)
		answer_start(s, in, (size_t)n);
	else if (in[0] == 'Q')
		answer_question(s);
}

static void
on_connection(struct io_watch *w, unsigned ready)
{
	struct server *s = container_of(w, struct server, accepts);
	int on = 1;

	(void)ready;
	hang_up(s);
	s->fd = accept(s->listener, NULL, NULL);
	ck_assert_int_ge(s->fd, 0);
	ck_assert_int_eq(setsockopt(s->fd, IPPROTO_TCP, TCP_NODELAY, &on,
	    sizeof on), 0);
	s->connections++;
	s->started = false;
	io_watch_init(&s->reads, loop, s->fd, on_bytes);
	io_watch_set(&s->reads, READABLE);
}

/* At 127.0.0.ip; port 0 is any. */
static void
open_server(struct server *s, unsigned ip, uint16_t port)
{
	struct sockaddr_in sin = { .sin_family = AF_INET };
	socklen_t len = sizeof sin;

	*s = (struct server){ .fd = -1 };
	sin.sin_addr.s_addr = htonl(0x7f000000 + ip);
	sin.sin_port = htons(port);
	s->listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	ck_assert_int_eq(bind(s->listener, (struct sockaddr *)&sin,
	    sizeof sin), 0);
	ck_assert_int_eq(listen(s->listener, 16), 0);
	ck_assert_int_eq(getsockname(s->listener, (struct sockaddr *)&sin,
	    &len), 0);
	s->port = ntohs(sin.sin_port);
	io_watch_init(&s->accepts, loop, s->listener, on_connection);
	io_watch_set(&s->accepts, READABLE);
}

static void
close_server(struct server *s)
{
	hang_up(s);
	if (s->listener < 0)
		return;
	io_watch_set(&s->accepts, 0);
	close(s->listener);
	s->listener = -1;
}

/*
 * A name server with one name, which is 127.0.0.name_ip now; 0: it has gone
 * wrong.
 */

static struct io_watch names;
static int names_fd;
static uint16_t names_port;
static unsigned name_ip;

static void
on_name(struct io_watch *w, unsigned ready)
{
	static const unsigned char answer[] = { 0xc0, 12, 0, 1, 0, 1, 0, 0, 0,
		1, 0, 4, 127, 0, 0 };
	struct sockaddr_storage from;
	socklen_t len = sizeof from;
	unsigned char m[600];
	ssize_t n = recvfrom(names_fd, m, 500, 0, (struct sockaddr *)&from,
	    &len);
	size_t end = 12;
	bool is_a;

	(void)w;
	(void)ready;
	ck_assert_int_gt(n, 12);
	while (m[end] != 0)
		end += 1u + m[end];
	end += 5;
	is_a = m[end - 3] == 1 && name_ip != 0;
	m[2] = 0x81;
	m[3] = name_ip != 0 ? 0x80 : 0x82;
	m[7] = is_a;
	m[9] = m[11] = 0;
	if (is_a) {
		memcpy(m + end, answer, sizeof answer);
		end += sizeof answer;
		m[end++] = (unsigned char)name_ip;
	}
	ck_assert_int_eq(sendto(names_fd, m, end, 0,
	    (struct sockaddr *)&from, len), (ssize_t)end);
}

static void
open_names(void)
{
	struct sockaddr_in sin = { .sin_family = AF_INET };
	socklen_t len = sizeof sin;

	sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	names_fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	ck_assert_int_eq(bind(names_fd, (struct sockaddr *)&sin, sizeof sin),
	    0);
	ck_assert_int_eq(getsockname(names_fd, (struct sockaddr *)&sin, &len),
	    0);
	names_port = ntohs(sin.sin_port);
	io_watch_init(&names, loop, names_fd, on_name);
	io_watch_set(&names, READABLE);
}

/*
 * The world around.
 */

/* With this in place of the hosts, if it is not NULL. */
static const char *hosts_text;

static const struct config *
config_of(const char *more)
{
	char text[1000], both[100];
	const struct config *c;
	struct err err;

	snprintf(both, sizeof both, "host=127.0.0.1,127.0.0.1 port=%u,%u",
	    (unsigned)servers[0].port, (unsigned)servers[1].port);
	snprintf(text, sizeof text, "[pgweir]\n" SETTINGS "%s[databases]\n"
	    "x = %s routing=explicit\n", more,
	    hosts_text != NULL ? hosts_text : both);
	files_put("c", text);
	c = config_load("c", &err);
	ck_assert_msg(c != NULL, "%s", err.text);
	return c;
}

static void
start_with(void)
{
	char server[32];
	const struct resolver_options options = {
		.servers = server, .max_ttl_usec = 1000000,
	};
	struct err err;

	snprintf(server, sizeof server, "127.0.0.1:%u", (unsigned)names_port);
	config = config_of("");
	resolver = resolver_create(loop, &options, &err);
	ck_assert_ptr_nonnull(resolver);
	hosts_init(&hosts, loop);
	hosts_load(&hosts, config);
	topologies_init(&all, loop, &hosts);
	topologies_load(&all, config);
	monitor = monitor_create(loop, resolver, &all);
	topology = topology_acquire(&all, &config->databases[0]);
}

static void
start(void)
{
	int i;

	files_start();
	loop = loop_create(LOOP_VIRTUAL);
	open_names();
	for (i = 0; i < NSERVERS; i++)
		open_server(&servers[i], 1, 0);
	servers[1].replica = true;
	start_with();
}

/* One host, db.test: the first server at the first address, the second one at
 * the second address. */
static void
start_named(void)
{
	static char text[60];

	files_start();
	loop = loop_create(LOOP_VIRTUAL);
	open_names();
	open_server(&servers[0], 1, 0);
	open_server(&servers[1], 2, servers[0].port);
	name_ip = 1;
	snprintf(text, sizeof text, "host=db.test port=%u",
	    (unsigned)servers[0].port);
	hosts_text = text;
	start_with();
}

static void
stop(void)
{
	int i;

	topology_release(topology);
	loop_turn(loop, false);
	monitor_destroy(monitor);
	topologies_fini(&all);
	hosts_fini(&hosts);
	for (i = 0; i < NSERVERS; i++)
		close_server(&servers[i]);
	resolver_destroy(resolver);
	io_watch_set(&names, 0);
	close(names_fd);
	config_unref(config);
	loop_destroy(loop);
	files_stop();
}

/* What is on its way arrives: no time passes. */
static void
settle(void)
{
	int i, k;

	for (i = 0; i < 15; i++) {
		for (k = 0; k < NSERVERS; k++)
			send_out(&servers[k]);
		loop_turn(loop, false);
		usleep(20);
	}
	for (k = 0; k < NSERVERS; k++)
		if (servers[k].nout > 0 && servers[k].fd >= 0)
			settle();
}

static void
pass(int64_t msec)
{
	for (; msec > 0; msec -= 50) {
		loop_advance(loop, 50000);
		settle();
	}
}

static const struct node *
node(size_t i)
{
	struct topology_status st;

	topology_status(topology, i, &st);
	return st.node;
}

static enum role
role(size_t i)
{
	return topology_role(topology, topology_host(topology, i));
}

START_TEST(roles_are_found)
{
	start();
	settle();
	ck_assert_int_eq(role(0), ROLE_PRIMARY);
	ck_assert_int_eq(role(1), ROLE_REPLICA);
	ck_assert_uint_eq(node(1)->probe.lsn, 5000);
	stop();
}
END_TEST

START_TEST(one_connection_for_all_questions)
{
	start();
	pass(2900);
	ck_assert_uint_eq(servers[0].questions, 1);
	pass(300);
	ck_assert_uint_eq(servers[0].questions, 2);
	pass(30000);
	ck_assert_uint_eq(servers[0].questions, 12);
	ck_assert_uint_eq(servers[0].connections, 1);
	stop();
}
END_TEST

START_TEST(an_answer_may_come_in_pieces)
{
	start();
	servers[0].manner = servers[1].manner = STAMMERS;
	pass(500);
	ck_assert_int_eq(role(0), ROLE_PRIMARY);
	ck_assert_int_eq(role(1), ROLE_REPLICA);
	stop();
}
END_TEST

static const struct {
	const char *why;
	enum manner manner;
	const char *error;
} troubles[] = {
	{ "mute from the start", IS_MUTE, "no connection within 1 s" },
	{ "i26 no answer", FORGETS, "no answer within 1 s" },
	{ "refused", REFUSES, "not for you" },
	{ "an error for the question", OBJECTS, "not for you" },
	{ "hangs up", HANGS_UP, "server closed the connection" },
	{ "something else listens there", BABBLES, "" },
};

START_TEST(trouble_takes_a_host_out)
{
	start();
	pass(500);
	ck_assert_int_eq(role(1), ROLE_REPLICA);
	servers[1].manner = troubles[_i].manner;
	hang_up(&servers[1]);
	pass(5000);
	ck_assert_msg(role(1) == ROLE_NONE, "%s", troubles[_i].why);
	ck_assert_int_eq(node(1)->health.state, HEALTH_DOWN);
	ck_assert_msg(strstr(node(1)->health.error, troubles[_i].error) !=
	    NULL, "%s: %s", troubles[_i].why, node(1)->health.error);
	ck_assert(strchr(node(1)->health.error, '\n') == NULL);
	/* The other one does not notice. */
	ck_assert_int_eq(role(0), ROLE_PRIMARY);
	/* l58: it is back after a good answer on a new connection or two. */
	servers[1].manner = ANSWERS;
	hang_up(&servers[1]);
	pass(3000);
	ck_assert_int_eq(role(1), ROLE_REPLICA);
	stop();
}
END_TEST

START_TEST(nobody_listens)
{
	start();
	pass(500);
	close_server(&servers[1]);
	pass(1000);
	ck_assert_int_eq(role(1), ROLE_NONE);
	ck_assert(strstr(node(1)->health.error, "Connection refused") !=
	    NULL);
	stop();
}
END_TEST

START_TEST(a_connection_that_ends_is_a_reason_to_ask)
{
	start();
	pass(500);
	ck_assert_uint_eq(servers[0].questions, 1);
	hang_up(&servers[0]);
	settle();
	ck_assert_uint_eq(servers[0].connections, 2);
	ck_assert_uint_eq(servers[0].questions, 2);
	ck_assert_uint_eq(node(0)->health.failures, 0);
	ck_assert_int_eq(role(0), ROLE_PRIMARY);
	stop();
}
END_TEST

START_TEST(a_promotion_is_seen_within_one_interval)
{
	start();
	pass(500);
	ck_assert_int_eq(role(0), ROLE_PRIMARY);
	servers[0].replica = true;
	servers[1].replica = false;
	pass(3050);
	ck_assert_int_eq(role(0), ROLE_REPLICA);
	ck_assert_int_eq(role(1), ROLE_PRIMARY);
	stop();
}
END_TEST

START_TEST(a_suspect_is_asked_once)
{
	int i;

	start();
	pass(500);
	for (i = 0; i < 100; i++)
		topologies_suspect(&all, topology_host(topology, 0));
	settle();
	ck_assert_uint_eq(servers[0].questions, 2);
	ck_assert_uint_eq(servers[0].connections, 1);
	stop();
}
END_TEST

START_TEST(another_user_needs_another_connection)
{
	const struct config *old = config;

	start();
	old = config;
	pass(500);
	ck_assert_str_eq(servers[0].startup + 8, "user");
	ck_assert_str_eq(servers[0].startup + 13, "c");
	config = config_of("");
	topologies_load(&all, config);
	pass(500);
	ck_assert_uint_eq(servers[0].connections, 1);
	config_unref(old);
	old = config;
	config = config_of("control_user = d\n");
	topologies_load(&all, config);
	pass(500);
	ck_assert_uint_eq(servers[0].connections, 2);
	ck_assert_str_eq(servers[0].startup + 13, "d");
	ck_assert_int_eq(role(0), ROLE_PRIMARY);
	config_unref(old);
	stop();
}
END_TEST

START_TEST(i16_a_name_that_means_another_server)
{
	start_named();
	pass(500);
	ck_assert_int_eq(role(0), ROLE_PRIMARY);
	ck_assert_uint_eq(servers[0].connections, 1);
	name_ip = 2;
	pass(3500);
	ck_assert_uint_eq(servers[1].connections, 1);
	ck_assert_int_lt(servers[0].fd, 0);
	ck_assert_uint_eq(node(0)->health.failures, 0);
	/* Where it cannot be resolved it is where it was. */
	name_ip = 0;
	pass(10000);
	ck_assert_int_eq(role(0), ROLE_PRIMARY);
	ck_assert_uint_eq(servers[1].connections, 1);
	ck_assert_uint_ge(servers[1].questions, 4);
	/* But a new connection needs an address. */
	hang_up(&servers[1]);
	pass(3000);
	ck_assert_int_eq(role(0), ROLE_NONE);
	ck_assert(strstr(node(0)->health.error, "cannot resolve the name") !=
	    NULL);
	stop();
}
END_TEST

START_TEST(the_environment_is_for_others)
{
	setenv("PGOPTIONS", "-c nonsense=1", 1);
	setenv("PGSERVICE", "nowhere", 1);
	setenv("PGHOSTADDR", "192.0.2.1", 1);
	setenv("PGSSLMODE", "require", 1);
	start();
	settle();
	ck_assert_int_eq(role(0), ROLE_PRIMARY);
	stop();
}
END_TEST

/* Whatever is under way, it can be ended. */
START_TEST(a_host_may_go_at_any_time)
{
	static const enum manner manners[] = {
		ANSWERS, IS_MUTE, FORGETS, REFUSES, HANGS_UP,
	};
	int i, k;

	start();
	servers[0].manner = manners[_i / 8];
	servers[1].manner = manners[_i / 8];
	/* After so many turns. */
	for (i = 0; i < _i % 8; i++) {
		for (k = 0; k < NSERVERS; k++)
			send_out(&servers[k]);
		loop_turn(loop, false);
		usleep(200);
	}
	stop();
}
END_TEST

static void
on_change(void *arg, struct topology *t)
{
	(void)arg;
	if (t == topology && topology_has(t, ROLE_PRIMARY)) {
		topology_release(t);
		topology = NULL;
	}
}

START_TEST(a_host_may_go_because_of_its_own_answer)
{
	start();
	all.on_change = on_change;
	settle();
	ck_assert_ptr_null(topology);
	ck_assert_int_lt(servers[0].fd, 0);
	stop();
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("monitor");
	TCase *t = tcase_create("monitor");
	SRunner *r = srunner_create(s);
	int failed;

	tcase_set_timeout(t, 60);
	tcase_add_test(t, roles_are_found);
	tcase_add_test(t, one_connection_for_all_questions);
	tcase_add_test(t, an_answer_may_come_in_pieces);
	tcase_add_loop_test(t, trouble_takes_a_host_out, 0,
	    (int)countof(troubles));
	tcase_add_test(t, nobody_listens);
	tcase_add_test(t, a_connection_that_ends_is_a_reason_to_ask);
	tcase_add_test(t, a_promotion_is_seen_within_one_interval);
	tcase_add_test(t, a_suspect_is_asked_once);
	tcase_add_test(t, another_user_needs_another_connection);
	tcase_add_test(t, i16_a_name_that_means_another_server);
	tcase_add_test(t, the_environment_is_for_others);
	tcase_add_loop_test(t, a_host_may_go_at_any_time, 0, 40);
	tcase_add_test(t, a_host_may_go_because_of_its_own_answer);
	suite_add_tcase(s, t);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed == 0 ? 0 : 1;
}
