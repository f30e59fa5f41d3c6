/*
 * test_topology.c - what hosts say, and what they are used for then.
 *
 * A script is a list of lines:
 *
 *	a P 1 100	host a answers: primary, timeline 1, LSN 100
 *	b R 1 90	... a replica, which has replayed up to 90
 *	b F		... does not answer; "b F3": three times
 *	+3000		so many milliseconds pass
 *	? P R D		what the hosts are used for, in their order; see marks
 *
 * Behind an answer: sys=, started=, port=, age= (milliseconds since what was
 * replayed last was written) and ro (default_transaction_read_only).
 */
#include "cluster/topology.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/must.h"
#include "cluster/host.h"
#include "cluster/lag.h"
#include "config/config.h"
#include "config/load.h"
#include "net/loop.h"
#include "unit/files.h"

#define LINES_MAX 40
#define SETTINGS "control_user = c\nslow_start = 10\n"
#define HOSTS "x = host=a,b,c routing=explicit\n"

static const struct {
	char mark;
	enum role role;
	enum role_reason reason;
} marks[] = {
	{ 'P', ROLE_PRIMARY, REASON_NOTHING },
	{ 'R', ROLE_REPLICA, REASON_NOTHING },
	{ 'U', ROLE_NONE, REASON_UNKNOWN },
	{ 'W', ROLE_NONE, REASON_WAITING },
	{ 'D', ROLE_NONE, REASON_DOWN },
	{ 'A', ROLE_NONE, REASON_ALIAS },
	{ 'F', ROLE_NONE, REASON_FOREIGN },
	{ 'S', ROLE_NONE, REASON_STALE },
	{ 'X', ROLE_NONE, REASON_SPLIT },
	{ 'O', ROLE_NONE, REASON_SPARE },
	{ 'B', ROLE_NONE, REASON_BLANK },
	{ 'L', ROLE_NONE, REASON_LAGGING },
};

struct stage {
	struct loop *loop;
	struct hosts hosts;
	struct topologies all;
	const struct config *config;
	struct topology *t;
	unsigned changes;
};

static const struct config *
config_of(const char *settings, const char *databases)
{
	char text[2048];
	const struct config *cfg;
	struct err err;

	snprintf(text, sizeof text, "[pgweir]\n%s[databases]\n%s", settings,
	    databases);
	files_put("c", text);
	cfg = config_load("c", &err);
	ck_assert_msg(cfg != NULL, "%s", err.text);
	return cfg;
}

/* All topologies are consistent when it is called. */
static void
on_change(void *arg, struct topology *t)
{
	struct stage *s = arg;

	ck_assert(topology_count(t) > 0);
	s->changes++;
}

static void
start(struct stage *s, const char *settings, const char *databases)
{
	*s = (struct stage){ .loop = loop_create(LOOP_VIRTUAL) };
	s->config = config_of(settings, databases);
	hosts_init(&s->hosts, s->loop);
	hosts_load(&s->hosts, s->config);
	topologies_init(&s->all, s->loop, &s->hosts);
	s->all.on_change = on_change;
	s->all.arg = s;
	topologies_load(&s->all, s->config);
	s->t = topology_acquire(&s->all, &s->config->databases[0]);
}

static void
stop(struct stage *s)
{
	topology_release(s->t);
	topologies_fini(&s->all);
	hosts_fini(&s->hosts);
	config_unref(s->config);
	loop_destroy(s->loop);
}

static struct host *
host_named(struct stage *s, char name)
{
	size_t i;

	for (i = 0; i < topology_count(s->t); i++)
		if (topology_host(s->t, i)->name[0] == name)
			return topology_host(s->t, i);
	ck_abort_msg("no host %c", name);
	return NULL;
}

static long long
option(const char *line, const char *name, long long def)
{
	const char *at = strstr(line, name);

	return at != NULL ? atoll(at + strlen(name)) : def;
}

static void
answer(struct stage *s, const char *line)
{
	unsigned timeline;
	unsigned long long lsn;
	struct probe p = { .port = (uint16_t)option(line, "port=", 5432) };

	ck_assert_int_eq(sscanf(line + 3, " %u %llu", &timeline, &lsn), 2);
	p.system_identifier = (uint64_t)option(line, "sys=", 7);
	p.started = option(line, "started=", line[0]);
	p.in_recovery = line[2] == 'R';
	p.read_only = strstr(line, " ro") != NULL;
	p.timeline = timeline;
	p.lsn = lsn;
	p.replay_age = option(line, "age=", -1) * 1000;
	topologies_report(&s->all, host_named(s, line[0]), &p);
}

static char
mark_of(const struct topology_status *st)
{
	size_t i;

	for (i = 0; i < countof(marks); i++)
		if (marks[i].role == st->role &&
		    marks[i].reason == st->reason)
			return marks[i].mark;
	return '?';
}

static void
expect(struct stage *s, const char *line, const char *why, int number)
{
	char got[32] = "?";
	struct topology_status st;
	size_t i;

	for (i = 0; i < topology_count(s->t); i++) {
		topology_status(s->t, i, &st);
		got[1 + 2 * i] = ' ';
		got[2 + 2 * i] = mark_of(&st);
		ck_assert_int_eq(st.role, topology_role(s->t,
		    topology_host(s->t, i)));
	}
	ck_assert_msg(strcmp(got, line) == 0, "%s, line %d: \"%s\", not "
	    "\"%s\"", why, number, got, line);
}

static void
run(struct stage *s, const char *const *lines, const char *why)
{
	int i, n;

	for (i = 0; i < LINES_MAX && lines[i] != NULL; i++) {
		const char *line = lines[i];

		if (line[0] == '?') {
			expect(s, line, why, i);
		} else if (line[0] == '+') {
			loop_advance(s->loop, atoll(line + 1) * 1000);
		} else if (line[2] == 'F') {
			n = line[3] != '\0' ? atoi(line + 3) : 1;
			while (n-- > 0)
				topologies_fail(&s->all,
				    host_named(s, line[0]), "refused");
		} else {
			answer(s, line);
		}
	}
}

static const struct {
	const char *why, *settings;
	const char *lines[LINES_MAX];
} scripts[] = {
	{ "l47 nobody is anything before it has answered", "", {
		"? U U U", "b R 1 100", "? U R U", "a P 1 100", "? W R U",
		"c R 1 100", "? P R R" } },
	{ "at the start a host that cannot be asked is waited for, since it "
	    "may have replaced the one that answers", "", {
		"a P 1 100", "b F2", "c R 1 100", "? W U R", "b P 2 105",
		"? S P S" } },
	{ "... but no longer than until it is down", "", {
		"a P 1 100", "c R 1 100", "b F3", "? P D R" } },
	{ "l50 a promotion is followed", "", {
		"a P 1 100", "b R 1 100", "c R 1 100", "? P R R",
		"a F3", "? D R R", "b P 2 101", "? D P S",
		"c R 2 101", "? D P R" } },
	{ "a promotion beside a primary that still runs: the higher "
	    "timeline wins", "", {
		"a P 1 100", "b R 1 100", "c R 1 100", "b P 2 90",
		"? S P S" } },
	{ "the old primary is none again while the new one is away", "", {
		"a P 1 100", "b R 1 100", "c R 1 100", "a F3",
		"b P 2 101", "c R 2 101", "? D P R",
		"b F3", "? D D R", "a P 1 120", "a P 1 121", "? S D R",
		"c F3", "? S D D",
		"b P 2 130", "b P 2 130", "? S P D",
		"a R 2 130", "? R P D" } },
	{ "a replica is proof of a timeline as well", "", {
		"a P 1 100", "b R 1 100", "c R 1 100", "b F3", "c R 2 110",
		"? S D R", "c F3", "a P 1 140", "? S D D" } },
	{ "restored: a timeline that no host knows any more is forgotten", "",
	    { "a P 3 100", "b R 3 100", "c R 3 100", "? P R R",
		"a F3", "b F3", "c F3", "? D D D",
		"a P 2 50", "a P 2 50", "? S D D",
		"b R 2 50 started=5", "b R 2 50 started=5", "? S S D",
		"c R 2 50 started=6", "c R 2 50 started=6", "? P R R" } },
	{ "the primary comes back as what it was", "", {
		"a P 1 100", "b R 1 100", "c R 1 100", "a F3", "? D R R",
		"a P 1 100", "? D R R", "a P 1 100", "? P R R" } },
	{ "l48 split brain: no writes to either", "", {
		"a P 1 100", "b R 1 100", "c R 1 100", "a F3",
		"b P 2 101", "? D P S", "c P 2 102", "? D X X",
		"b P 2 101", "c P 2 102", "? D X X",
		/* Who wrote what is not known: one alone is no primary. */
		"b F3", "? D D X", "c P 2 103", "? D D X",
		"b P 2 101", "b P 2 101", "? D X X",
		"b R 2 103", "? D R P" } },
	{ "... until one is on a higher timeline", "", {
		"a R 1 100", "b P 1 100", "c P 1 100", "b P 1 100",
		"c P 1 100", "? R X X", "c P 2 100", "? S S P" } },
	{ "... and it takes two answers of both", "", {
		"a P 1 100", "b R 1 100", "c R 1 100", "? P R R",
		"b P 1 100", "? X X R", "b F3", "? P D R" } },
	{ "one server by two addresses", "", {
		"a P 1 100", "b P 1 100 started=97", "c R 1 100",
		"? P A R", "a F3", "? D P R",
		/* The address in use stays. */
		"a P 1 100", "a P 1 100", "? A P R" } },
	{ "... is no split brain when it has been restarted", "", {
		"a P 1 100 started=1", "b P 1 100 started=1", "c R 1 100",
		"? P A R", "b P 1 100 started=2", "? X X R",
		"a P 1 100 started=2", "? P A R",
		"b P 1 100 started=2", "? P A R" } },
	{ "two servers on one machine differ by port", "", {
		"a P 1 100 started=5", "b R 1 100 started=5 port=5433",
		"c R 1 100", "? P R R" } },
	{ "a replica of something else", "", {
		"a P 1 100", "b R 1 100", "c R 1 100 sys=8", "? P R F" } },
	{ "a primary of something else does not take over", "", {
		"a P 1 100", "b R 1 100", "c R 1 100", "c P 9 500 sys=8",
		"? P R F", "a F3", "? D R F" } },
	{ "all of them anew", "", {
		"a P 5 100", "b R 5 100", "c R 5 100",
		"a P 1 10 sys=8", "? F R R", "b R 1 10 sys=8", "? F F R",
		"c R 1 10 sys=8", "? P R R" } },
	{ "... but not while some are away", "", {
		"a P 5 100", "b R 5 100", "c R 5 100", "a F3", "b F3",
		"c F3", "a P 1 10 sys=8", "a P 1 10 sys=8", "? F D D",
		"b R 1 10 sys=8", "b R 1 10 sys=8", "? F F D" } },
	{ "primaries of two clusters at the start: neither", "", {
		"c P 1 5 sys=8", "? U U W", "a P 1 100", "? F U F",
		"b R 1 100", "? F F F" } },
	{ "replicas of two clusters, and nobody to say which", "", {
		"b R 1 100", "c R 1 100 sys=8", "? U F F",
		"a P 1 100 sys=8", "? P F R" } },
	{ "of two, one takes no writes", "", {
		"a P 1 100 ro", "b P 1 100", "c R 1 100", "? O P R" } },
	{ "l39 a primary that is read only by default is one", "", {
		"a P 1 100 ro", "b R 1 100", "c R 1 100", "? P R R" } },
	{ "l60 without a primary there are reads", "", {
		"a F3", "b R 1 100", "c R 1 100", "? D R R" } },
	{ "a lost answer or two are nothing", "", {
		"a P 1 100", "b R 1 100", "c R 1 100", "a F2", "b F2",
		"? P R R", "a P 1 100", "a F2", "? P R R" } },
	{ "rise and fall as set", "health_rise = 3\nhealth_fall = 1\n", {
		"a P 1 100", "b R 1 100", "c R 1 100", "c F", "? P R D",
		"c R 1 100", "c R 1 100", "? P R D", "c R 1 100",
		"? P R R" } },
	{ "a replica that follows the old primary is not read", "", {
		"a P 1 100", "b R 1 100", "c R 1 100", "b P 2 110",
		"c R 1 130", "? S P S", "c R 2 130", "? S P R" } },
	{ "one that may not say what it receives keeps its timeline", "", {
		"a P 2 100", "b R 2 100", "c R 2 100", "b R 1 110",
		"? P R R", "b R 1 110 started=50", "? P S R" } },
	{ "l51 a replica that has replayed nothing", "", {
		"a P 1 100", "b R 1 0", "c R 1 100", "? P B R" } },
	{ "l51 an idle primary is no lag", "max_replica_lag = 10\n", {
		"a P 1 100", "b R 1 100", "c R 1 100", "+60000",
		"a P 1 100", "b R 1 100 age=60000", "c R 1 100", "? P R R",
		"+3000", "a P 1 200", "b R 1 100 age=63000", "? P R R" } },
	{ "l52 replay that stands still", "max_replica_lag = 10\n", {
		"a P 1 100", "b R 1 100", "c R 1 100", "+1000",
		"a P 1 200", "b R 1 100", "c R 1 200", "+5000",
		"a P 1 300", "b R 1 100", "c R 1 300", "? P R R", "+4000",
		"b R 1 100", "? P R R", "+2000",
		"a P 1 400", "b R 1 100", "c R 1 400", "? P L R",
		/* Half of it is to be caught up. */
		"b R 1 200", "? P L R", "b R 1 300", "? P R R",
		"b R 1 400", "? P R R" } },
	{ "l52 by bytes", "max_replica_lag_bytes = 100\n", {
		"a P 1 1000", "b R 1 900", "c R 1 1000", "? P R R",
		"a P 1 1001", "b R 1 900", "? P L R",
		"b R 1 950", "? P L R", "b R 1 951", "? P R R",
		"a P 1 1050", "b R 1 951", "? P R R" } },
	{ "behind all that was seen: the clocks of the servers",
	    "max_replica_lag = 10\n", {
		"a P 1 1000", "b R 1 500 age=9000", "c R 1 500 age=11000",
		"? P R L", "c R 1 999 age=20", "? P R R" } },
	{ "... and is as soon as the primary is", "max_replica_lag = 10\n", {
		"b R 1 500", "a P 1 500", "? W W U", "c R 1 500",
		"? P R R" } },
	{ "lag is not known before the primary is",
	    "max_replica_lag = 10\n", {
		"b R 1 500", "c R 1 500", "? U W W", "a F3", "? D R R" } },
	{ "a primary that goes does not make its replicas late",
	    "max_replica_lag = 10\n", {
		"a P 1 500", "b R 1 500", "c R 1 500", "a P 1 600", "a F3",
		"+60000", "b R 1 500", "c R 1 600", "? D R R" } },
};

START_TEST(roles_follow_the_answers)
{
	char settings[256];
	struct stage s;

	files_start();
	snprintf(settings, sizeof settings, SETTINGS "%s",
	    scripts[_i].settings);
	start(&s, settings, HOSTS);
	run(&s, scripts[_i].lines, scripts[_i].why);
	stop(&s);
	files_stop();
}
END_TEST

static const struct {
	const char *why, *control, *hosts;
	const char *lines[LINES_MAX];
} fixed[] = {
	{ "nobody asks: they are up", "", "a = role=replica\n"
	    "b = role=primary\nc = role=replica\n", { "? R P R" } },
	{ "of two the first", "", "a = role=replica\n"
	    "b = role=primary\nc = role=primary\n", { "? R P O" } },
	{ "asked, but not for their role", "control_user = c\n",
	    "a = role=replica\nb = role=primary\nc = role=primary\n", {
		"? U U U", "a P 1 100", "b R 1 100", "c R 1 100", "? R P O",
		"b F3", "? R D P" } },
	{ "one fixed, the others by what they say", "control_user = c\n",
	    "a = role=primary\n", {
		"a P 1 100", "b P 2 100", "c R 1 100", "? P O S" } },
};

START_TEST(fixed_roles_are_what_the_file_says)
{
	char databases[256];
	struct stage s;

	files_start();
	snprintf(databases, sizeof databases, HOSTS "[hosts]\n%s",
	    fixed[_i].hosts);
	start(&s, fixed[_i].control, databases);
	run(&s, fixed[_i].lines, fixed[_i].why);
	stop(&s);
	files_stop();
}
END_TEST

START_TEST(changes_are_told_once)
{
	static const char *const up[] = {
		"a P 1 1", "b R 1 1", "c R 1 1", NULL,
	};
	static const char *const again[] = {
		"a P 1 2", "b R 1 2", "c R 1 2", NULL,
	};
	static const char *const promoted[] = { "b P 2 5", NULL };
	struct topology *other;
	struct stage s;

	files_start();
	start(&s, SETTINGS, HOSTS "y = host=b,a routing=explicit\n");
	run(&s, up, "up");
	/* b, then c together with a, which was waited with. */
	ck_assert_uint_eq(s.changes, 2);
	run(&s, again, "again");
	ck_assert_uint_eq(s.changes, 2);
	/* The same host in two lists: once for each, and only for news. */
	other = topology_acquire(&s.all, &s.config->databases[1]);
	run(&s, again, "again");
	ck_assert_uint_eq(s.changes, 2);
	ck_assert_ptr_ne(other, s.t);
	ck_assert_int_eq(topology_role(other, topology_host(other, 1)),
	    ROLE_PRIMARY);
	run(&s, promoted, "promoted");
	ck_assert_uint_eq(s.changes, 4);
	ck_assert_int_eq(topology_role(other, topology_host(other, 1)),
	    ROLE_NONE);
	ck_assert_int_eq(topology_role(other, topology_host(other, 0)),
	    ROLE_PRIMARY);
	topology_release(other);
	stop(&s);
	files_stop();
}
END_TEST

START_TEST(one_list_is_one_topology)
{
	struct topology *same, *other;
	struct stage s;

	files_start();
	start(&s, SETTINGS, HOSTS "y = host=a,b,a,c routing=explicit\n"
	    "z = host=a,b routing=explicit\n");
	same = topology_acquire(&s.all, &s.config->databases[1]);
	other = topology_acquire(&s.all, &s.config->databases[2]);
	ck_assert_ptr_eq(same, s.t);
	ck_assert_uint_eq(topology_count(same), 3);
	ck_assert_ptr_ne(other, s.t);
	ck_assert_ptr_eq(topology_host(other, 1), topology_host(s.t, 1));
	topology_release(same);
	topology_release(other);
	topology_release(NULL);
	stop(&s);
	files_stop();
}
END_TEST

/* j23, l49: what was learned is not lost, and not with the list either. */
START_TEST(l49_a_reload_forgets_nothing)
{
	static const char *const before[] = {
		"a P 1 100", "b R 1 100", "c R 1 100", "a F3", "b P 2 101",
		"c R 2 101", "? D P R", NULL,
	};
	static const char *const after[] = {
		"? D P R", "b F3", "c F3", "a P 1 200", "a P 1 200",
		"? S D D", NULL,
	};
	static const char *const grown[] = {
		"? S D U", "d R 1 200", "? S D S", NULL,
	};
	const struct config *old;
	struct topology *t;
	struct stage s;

	files_start();
	start(&s, SETTINGS, HOSTS);
	run(&s, before, "before");
	old = s.config;
	s.config = config_of(SETTINGS, HOSTS "y = host=a,b,d "
	    "routing=explicit\n");
	hosts_load(&s.hosts, s.config);
	topologies_load(&s.all, s.config);
	t = topology_acquire(&s.all, &s.config->databases[0]);
	topology_release(s.t);
	ck_assert_ptr_eq(t, s.t);
	config_unref(old);
	run(&s, after, "after");
	/* A new list with some of the hosts knows as well. */
	s.t = topology_acquire(&s.all, &s.config->databases[1]);
	topology_release(t);
	run(&s, grown, "grown");
	stop(&s);
	files_stop();
}
END_TEST

/* A primary that is known need not wait for a host that is new. */
START_TEST(another_host_in_the_list_disturbs_nobody)
{
	static const char *const before[] = {
		"a P 1 100", "b R 1 100", "c R 1 100", "? P R R", NULL,
	};
	static const char *const after[] = {
		"? P R R U", "d F", "? P R R U", "d R 1 100", "? P R R R",
		NULL,
	};
	struct topology *was;
	struct stage s;

	files_start();
	start(&s, SETTINGS, HOSTS "y = host=a,b,c,d routing=explicit\n");
	run(&s, before, "before");
	was = s.t;
	s.t = topology_acquire(&s.all, &s.config->databases[1]);
	topology_release(was);
	run(&s, after, "after");
	stop(&s);
	files_stop();
}
END_TEST

START_TEST(l59_a_replica_that_comes_back_starts_slowly)
{
	static const char *const up[] = {
		"a P 1 1", "b R 1 1", "c R 1 1", NULL,
	};
	static const char *const back[] = {
		"c F3", "c R 1 1", "c R 1 1", "? P R R", NULL,
	};
	struct mono now;
	struct stage s;

	files_start();
	start(&s, SETTINGS, HOSTS "[hosts]\nc = weight=3\n");
	run(&s, up, "up");
	now = loop_now(s.loop);
	/* Nobody has come back yet: all of it at once. */
	ck_assert_uint_eq(topology_weight(s.t, host_named(&s, 'b'), now),
	    1000);
	ck_assert_uint_eq(topology_weight(s.t, host_named(&s, 'c'), now),
	    3000);
	run(&s, back, "back");
	ck_assert_uint_eq(topology_weight(s.t, host_named(&s, 'c'), now), 10);
	ck_assert_uint_eq(topology_weight(s.t, host_named(&s, 'c'),
	    mono_after(now, 5000000)), 1500);
	ck_assert_uint_eq(topology_weight(s.t, host_named(&s, 'c'),
	    mono_after(now, 10000000)), 3000);
	ck_assert_uint_eq(topology_weight(s.t, host_named(&s, 'b'), now),
	    1000);
	stop(&s);
	files_stop();
}
END_TEST

START_TEST(a_host_that_is_down_has_no_weight)
{
	static const char *const lines[] = {
		"a P 1 1", "b R 1 1", "c F3", "? P R D", NULL,
	};
	struct stage s;

	files_start();
	start(&s, SETTINGS, HOSTS);
	run(&s, lines, "down");
	ck_assert_uint_eq(topology_weight(s.t, host_named(&s, 'c'),
	    loop_now(s.loop)), 0);
	ck_assert(topology_has(s.t, ROLE_PRIMARY));
	ck_assert(topology_has(s.t, ROLE_REPLICA));
	stop(&s);
	files_stop();
}
END_TEST

/* Who asks is told when, and of whom to ask no more. */
static void
on_node(void *arg, struct node *n)
{
	(void)n;
	++*(unsigned *)arg;
}

START_TEST(a_suspect_is_asked_soon)
{
	static const char *const lines[] = { "a P 1 1", NULL };
	struct topology_status st;
	unsigned asked = 0;
	struct stage s;

	files_start();
	start(&s, SETTINGS, HOSTS);
	run(&s, lines, "up");
	s.all.on_node = on_node;
	s.all.monitor = &asked;
	topology_status(s.t, 0, &st);
	ck_assert(!mono_reached(loop_now(s.loop), st.node->health.due));
	topologies_suspect(&s.all, host_named(&s, 'a'));
	ck_assert(mono_reached(mono_after(loop_now(s.loop),
	    HEALTH_HURRY_USEC), st.node->health.due));
	ck_assert_uint_eq(asked, 1);
	stop(&s);
	files_stop();
}
END_TEST

/* How long until host i is asked, in milliseconds. */
static int64_t
asked_in(struct stage *s, size_t i)
{
	struct topology_status st;

	topology_status(s->t, i, &st);
	return mono_between(loop_now(s->loop), st.node->health.due) / 1000;
}

START_TEST(i19_all_are_asked_often_while_there_is_no_primary)
{
	static const char *const up[] = {
		"a P 1 1", "b R 1 1", "c R 1 1", NULL,
	};
	static const char *const down[] = { "a F3", NULL };
	static const char *const replica[] = { "+250", "b R 1 1", NULL };
	static const char *const promoted[] = { "b P 2 5", NULL };
	static const char *const late[] = { "+61000", "b R 1 1", NULL };
	unsigned asked = 0;
	struct stage s;

	files_start();
	start(&s, SETTINGS, HOSTS);
	run(&s, up, "up");
	s.all.on_node = on_node;
	s.all.monitor = &asked;
	ck_assert_int_eq(asked_in(&s, 1), 3000);
	run(&s, down, "down");
	ck_assert_int_eq(asked_in(&s, 1), 250);
	ck_assert_int_eq(asked_in(&s, 2), 250);
	ck_assert_uint_gt(asked, 3);
	run(&s, replica, "still a replica");
	ck_assert_int_eq(asked_in(&s, 1), 250);
	run(&s, promoted, "promoted");
	ck_assert_int_eq(asked_in(&s, 1), 3000);
	/* Not for ever. */
	run(&s, down, "nothing new");
	run(&s, (const char *const[]){ "b F3", NULL }, "down");
	run(&s, late, "late");
	ck_assert_int_gt(asked_in(&s, 1), 0);
	run(&s, (const char *const[]){ "b R 1 1", NULL }, "up again");
	ck_assert_int_eq(asked_in(&s, 1), 3000);
	stop(&s);
	files_stop();
}
END_TEST

START_TEST(lag_reaches_back_for_hours)
{
	struct mono t0 = { 1000000 }, now = t0;
	struct lag l = { .n = 0 };
	uint64_t lsn = 1000;
	int64_t lag;
	int i;

	ck_assert_int_eq(lag_usec(&l, now, 5), -1);
	ck_assert_int_eq(lag_bytes(&l, 5), -1);
	for (i = 0; i < 7200; i++) {
		now = mono_after(now, 1000000);
		lsn += 10;
		lag_note(&l, now, lsn);
	}
	ck_assert_int_eq(lag_usec(&l, now, lsn), 0);
	ck_assert_int_eq(lag_usec(&l, now, lsn + 1), 0);
	ck_assert_int_eq(lag_bytes(&l, lsn + 1), 0);
	ck_assert_int_eq(lag_bytes(&l, lsn - 25), 25);
	ck_assert_int_eq(lag_usec(&l, now, 0), -1);
	/* An hour ago, as far as so few samples can tell. */
	lag = lag_usec(&l, now, 1000 + 10 * 3600);
	ck_assert_int_ge(lag, INT64_C(3599000000));
	ck_assert_int_le(lag, INT64_C(4400000000));
	lag = lag_usec(&l, now, lsn - 100);
	ck_assert_int_ge(lag, 9000000);
	ck_assert_int_le(lag, 12000000);
	ck_assert(!lag_is_before(&l, 1010));
	ck_assert(lag_is_before(&l, 1009));
	/* Another history. */
	lag_note(&l, now, 500);
	ck_assert_int_eq(lag_bytes(&l, 450), 50);
	ck_assert_int_eq(lag_usec(&l, now, 600), 0);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("topology");
	TCase *roles = tcase_create("roles"), *rest = tcase_create("rest");
	SRunner *r = srunner_create(s);
	int failed;

	tcase_add_loop_test(roles, roles_follow_the_answers, 0,
	    (int)countof(scripts));
	tcase_add_loop_test(roles, fixed_roles_are_what_the_file_says, 0,
	    (int)countof(fixed));
	suite_add_tcase(s, roles);
	tcase_add_test(rest, changes_are_told_once);
	tcase_add_test(rest, one_list_is_one_topology);
	tcase_add_test(rest, l49_a_reload_forgets_nothing);
	tcase_add_test(rest, another_host_in_the_list_disturbs_nobody);
	tcase_add_test(rest, l59_a_replica_that_comes_back_starts_slowly);
	tcase_add_test(rest, a_host_that_is_down_has_no_weight);
	tcase_add_test(rest, a_suspect_is_asked_soon);
	tcase_add_test(rest,
	    i19_all_are_asked_often_while_there_is_no_primary);
	tcase_add_test(rest, lag_reaches_back_for_hours);
	suite_add_tcase(s, rest);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed == 0 ? 0 : 1;
}
