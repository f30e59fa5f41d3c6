/*
 * test_loop.c - turns, timers, chores, readiness, on a clock of our own.
 */
#include "net/loop.h"

#include <check.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/must.h"

/* What happened, as letters in order. */
static char seen[64];
static size_t nseen;

static void
note(char what)
{
	ck_assert_uint_lt(nseen, sizeof seen - 1);
	seen[nseen++] = what;
	seen[nseen] = '\0';
}

struct alarm {
	struct timer timer;
	char name;
	struct alarm *arms, *disarms;
	struct mono fired;
};

static void
on_fire(struct timer *t)
{
	struct alarm *a = container_of(t, struct alarm, timer);
	struct mono now = loop_now(t->loop);

	note(a->name);
	a->fired = now;
	ck_assert(!timer_is_armed(t));
	if (a->arms != NULL)
		timer_arm(&a->arms->timer, mono_after(now, 5));
	if (a->disarms != NULL)
		timer_disarm(&a->disarms->timer);
}

static void
alarm_at(struct loop *l, struct alarm *a, char name, int64_t usec)
{
	a->name = name;
	timer_init(&a->timer, l, on_fire);
	timer_arm(&a->timer, mono_after(loop_now(l), usec));
}

START_TEST(timers_fire_in_order_and_once)
{
	struct loop *l = loop_create(LOOP_VIRTUAL);
	struct alarm a = { 0 }, b = { 0 }, c = { 0 }, d = { 0 };
	struct mono start = loop_now(l);

	alarm_at(l, &a, 'a', 300);
	alarm_at(l, &b, 'b', 100);
	alarm_at(l, &c, 'c', 200);
	alarm_at(l, &d, 'd', 1000);
	loop_advance(l, 99);
	ck_assert_str_eq(seen, "");
	loop_advance(l, 1);
	ck_assert_str_eq(seen, "b");
	loop_advance(l, 500);
	ck_assert_str_eq(seen, "bca");
	/* Each one saw the time at which it was due. */
	ck_assert_int_eq(mono_between(start, c.fired), 200);
	ck_assert_int_eq(mono_between(start, loop_now(l)), 600);
	timer_disarm(&d.timer);
	loop_advance(l, 5000);
	ck_assert_str_eq(seen, "bca");
	loop_destroy(l);
}
END_TEST

START_TEST(a_timer_may_be_armed_anew)
{
	struct loop *l = loop_create(LOOP_VIRTUAL);
	struct alarm a = { 0 };

	alarm_at(l, &a, 'a', 100);
	timer_arm(&a.timer, mono_after(loop_now(l), 300));
	loop_advance(l, 200);
	ck_assert_str_eq(seen, "");
	timer_arm(&a.timer, mono_after(loop_now(l), 50));
	loop_advance(l, 60);
	ck_assert_str_eq(seen, "a");
	loop_destroy(l);
}
END_TEST

START_TEST(a_timer_may_arm_and_disarm_others)
{
	struct loop *l = loop_create(LOOP_VIRTUAL);
	struct alarm a = { 0 }, b = { 0 }, c = { 0 };

	alarm_at(l, &a, 'a', 10);
	alarm_at(l, &b, 'b', 20);
	alarm_at(l, &c, 'c', 20);
	a.arms = &a;
	b.disarms = &c;
	c.disarms = &b;
	loop_advance(l, 31);
	/* a at 10, 15, 20, 25, 30; of b and c only one. */
	timer_disarm(&a.timer);
	ck_assert_uint_eq(nseen, 6);
	loop_destroy(l);
}
END_TEST

/* The heap, with times that come and go at random. */
START_TEST(many_timers)
{
	enum { N = 500 };
	struct loop *l = loop_create(LOOP_VIRTUAL);
	static struct alarm all[N];
	struct mono start = loop_now(l), due[N];
	unsigned i, k, armed = 0;

	srand((unsigned)_i);
	for (i = 0; i < N; i++) {
		all[i].name = '.';
		timer_init(&all[i].timer, l, on_fire);
	}
	for (k = 0; k < 5 * N; k++) {
		i = (unsigned)rand() % N;
		if (rand() % 3 == 0) {
			timer_disarm(&all[i].timer);
		} else {
			due[i] = mono_after(start, 1 + rand() % 1000);
			timer_arm(&all[i].timer, due[i]);
		}
	}
	for (i = 0; i < N; i++)
		armed += timer_is_armed(&all[i].timer);
	ck_assert_uint_gt(armed, 100);
	for (k = 0; k < 1000; k++) {
		nseen = 0;
		loop_advance(l, 1);
		for (i = 0; i < N; i++)
			if (timer_is_armed(&all[i].timer))
				ck_assert_int_gt(due[i].usec,
				    loop_now(l).usec);
		armed -= (unsigned)nseen;
	}
	ck_assert_uint_eq(armed, 0);
	loop_destroy(l);
}
END_TEST

struct work {
	struct chore chore;
	struct loop *loop;
	char name;
	struct work *adds;
};

static void
on_work(struct chore *c)
{
	struct work *w = container_of(c, struct work, chore);

	note(w->name);
	if (w->adds != NULL)
		chore_add(w->loop, &w->adds->chore);
	w->adds = NULL;
}

START_TEST(chores_run_once_at_the_end_of_the_turn)
{
	struct loop *l = loop_create(LOOP_VIRTUAL);
	struct work c = { .loop = l, .name = 'c' };
	struct work b = { .loop = l, .name = 'b' };
	struct work a = { .loop = l, .name = 'a', .adds = &c };

	chore_init(&a.chore, on_work);
	chore_init(&b.chore, on_work);
	chore_init(&c.chore, on_work);
	chore_add(l, &a.chore);
	chore_add(l, &b.chore);
	chore_add(l, &a.chore);
	ck_assert_str_eq(seen, "");
	loop_turn(l, false);
	ck_assert_str_eq(seen, "abc");
	loop_turn(l, false);
	ck_assert_str_eq(seen, "abc");
	chore_add(l, &a.chore);
	chore_cancel(&a.chore);
	chore_cancel(&b.chore);
	loop_turn(l, false);
	ck_assert_str_eq(seen, "abc");
	loop_destroy(l);
}
END_TEST

/* Order of a turn: readiness, timers, chores. */
struct socket_end {
	struct io_watch watch;
	int fd;
	char name;
	struct work *adds;
};

static void
on_ready(struct io_watch *w, unsigned ready)
{
	struct socket_end *e = container_of(w, struct socket_end, watch);
	char c;

	if (ready & READABLE) {
		note(e->name);
		ck_assert_int_eq(read(e->fd, &c, 1), 1);
	}
	if (ready & WRITABLE) {
		note('W');
		io_watch_set(w, READABLE);
	}
	if (e->adds != NULL)
		chore_add(w->loop, &e->adds->chore);
}

START_TEST(readiness_then_timers_then_chores)
{
	struct loop *l = loop_create(LOOP_VIRTUAL);
	struct work c = { .loop = l, .name = 'c' };
	struct socket_end e = { .name = 'r', .adds = &c };
	struct alarm a = { 0 };
	int fds[2];

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	chore_init(&c.chore, on_work);
	e.fd = fds[0];
	io_watch_init(&e.watch, l, fds[0], on_ready);
	ck_assert_int_eq(write(fds[1], "x", 1), 1);
	loop_turn(l, false);
	ck_assert_str_eq(seen, "");
	io_watch_set(&e.watch, READABLE);
	alarm_at(l, &a, 't', 0);
	loop_turn(l, false);
	ck_assert_str_eq(seen, "rtc");
	io_watch_set(&e.watch, READABLE | WRITABLE);
	loop_turn(l, false);
	loop_turn(l, false);
	ck_assert_str_eq(seen, "rtcWc");
	io_watch_set(&e.watch, 0);
	ck_assert_int_eq(write(fds[1], "x", 1), 1);
	loop_turn(l, false);
	ck_assert_str_eq(seen, "rtcWc");
	close(fds[0]);
	close(fds[1]);
	loop_destroy(l);
}
END_TEST

/* Both orders of arrival: who is in a hurry comes first. */
START_TEST(who_is_in_a_hurry_comes_first)
{
	struct loop *l = loop_create(LOOP_VIRTUAL);
	struct socket_end slow = { .name = 's' }, fast = { .name = 'f' };
	int a[2], b[2];

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, a), 0);
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, b), 0);
	slow.fd = a[0];
	fast.fd = b[0];
	io_watch_init(&slow.watch, l, a[0], on_ready);
	io_watch_init(&fast.watch, l, b[0], on_ready);
	io_watch_hurry(&fast.watch);
	io_watch_set(_i == 0 ? &slow.watch : &fast.watch, READABLE);
	io_watch_set(_i == 0 ? &fast.watch : &slow.watch, READABLE);
	ck_assert_int_eq(write(_i < 2 ? a[1] : b[1], "x", 1), 1);
	ck_assert_int_eq(write(_i < 2 ? b[1] : a[1], "x", 1), 1);
	loop_turn(l, false);
	ck_assert_str_eq(seen, "fs");
	io_watch_set(&slow.watch, 0);
	io_watch_set(&fast.watch, 0);
	close(a[0]);
	close(a[1]);
	close(b[0]);
	close(b[1]);
	loop_destroy(l);
}
END_TEST

START_TEST(virtual_time_moves_only_when_told)
{
	struct loop *l = loop_create(LOOP_VIRTUAL);
	struct mono start = loop_now(l);

	usleep(2000);
	loop_turn(l, true);
	ck_assert_int_eq(loop_now(l).usec, start.usec);
	loop_advance(l, 7);
	ck_assert_int_eq(mono_between(start, loop_now(l)), 7);
	loop_destroy(l);
}
END_TEST

static void on_stop(struct timer *);

/* Time is 64 bit and only grows: 60 days are no more than an hour. */
START_TEST(k24_k25_sixty_days)
{
	struct loop *l = loop_create(LOOP_VIRTUAL);
	int64_t day = INT64_C(86400) * 1000000;
	struct mono start = loop_now(l), due = mono_after(start, 50 * day);
	struct timer t;

	timer_init(&t, l, on_stop);
	timer_arm(&t, due);
	loop_advance(l, 50 * day - 1);
	ck_assert(timer_is_armed(&t));
	ck_assert(!mono_reached(loop_now(l), due));
	loop_advance(l, 10 * day);
	ck_assert(!timer_is_armed(&t));
	ck_assert_int_eq(mono_between(start, loop_now(l)), 60 * day - 1);
	ck_assert_int_lt(mono_between(loop_now(l), start), 0);
	loop_destroy(l);
}
END_TEST

static void
on_stop(struct timer *t)
{
	note('x');
	loop_stop(t->loop);
}

/* k27: it sleeps until the timer, and ends. */
START_TEST(real_time)
{
	struct loop *l = loop_create(LOOP_REAL);
	struct mono start = mono_clock();
	struct timer t;
	int64_t took;

	timer_init(&t, l, on_stop);
	timer_arm(&t, mono_after(start, 20000));
	loop_run(l);
	took = mono_between(start, mono_clock());
	ck_assert_str_eq(seen, "x");
	ck_assert_int_ge(took, 20000);
	ck_assert_int_ge(mono_between(start, loop_now(l)), 20000);
	loop_destroy(l);
}
END_TEST

static void
on_signal(struct signal_watch *w, int signo)
{
	ck_assert_int_eq(signo, SIGUSR1);
	note('s');
	loop_stop(w->loop);
}

START_TEST(signals)
{
	struct loop *l = loop_create(LOOP_REAL);
	struct signal_watch w;

	signal_watch_start(&w, l, SIGUSR1, on_signal);
	raise(SIGUSR1);
	loop_run(l);
	ck_assert_str_eq(seen, "s");
	signal_watch_stop(&w);
	loop_destroy(l);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("loop");
	TCase *t = tcase_create("loop");
	SRunner *r;
	int failed;

	tcase_set_timeout(t, 60);
	tcase_add_test(t, timers_fire_in_order_and_once);
	tcase_add_test(t, a_timer_may_be_armed_anew);
	tcase_add_test(t, a_timer_may_arm_and_disarm_others);
	tcase_add_loop_test(t, many_timers, 1, 6);
	tcase_add_test(t, chores_run_once_at_the_end_of_the_turn);
	tcase_add_test(t, readiness_then_timers_then_chores);
	tcase_add_loop_test(t, who_is_in_a_hurry_comes_first, 0, 4);
	tcase_add_test(t, virtual_time_moves_only_when_told);
	tcase_add_test(t, k24_k25_sixty_days);
	tcase_add_test(t, real_time);
	tcase_add_test(t, signals);
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed > 0;
}
