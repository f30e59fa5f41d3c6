/*
 * loop.c - libev, a heap of timers, and chores.
 *
 * Timers are kept here and not in libev, for two reasons: tests can own the
 * clock, and a timer that is armed and disarmed without firing costs a few
 * memory writes. libev is only told how long it may sleep.
 *
 * Order of a turn: sleep, read the clock, readiness callbacks, timers that
 * are due, chores.
 */
#include "net/loop.h"

#include <ev.h>
#include <stdio.h>

#include "base/mem.h"
#include "base/must.h"

_Static_assert(sizeof(ev_io) <= LOOP_IO_SIZE, "ev_io fits");
_Static_assert(sizeof(ev_signal) <= LOOP_IO_SIZE, "ev_signal fits");

struct loop {
	struct ev_loop *ev;
	ev_timer alarm;         /* bounds the sleep */
	ev_check woken;         /* first callback after the sleep */
	enum loop_clock clock;
	bool stopped;
	struct mono now;
	struct timer **heap;    /* heap[0] is due first */
	uint32_t armed, cap;
	struct list chores;
};

static ev_io *
io_of(struct io_watch *w)
{
	return (ev_io *)(void *)w->lib;
}

static ev_signal *
signal_of(struct signal_watch *w)
{
	return (ev_signal *)(void *)w->lib;
}

static void
on_alarm(struct ev_loop *ev, ev_timer *t, int revents)
{
	(void)ev;
	(void)t;
	(void)revents;
}

static void
on_woken(struct ev_loop *ev, ev_check *c, int revents)
{
	struct loop *l = container_of(c, struct loop, woken);

	(void)ev;
	(void)revents;
	if (l->clock == LOOP_REAL)
		l->now = mono_clock();
}

struct loop *
loop_create(enum loop_clock clock)
{
	struct loop *l = mem_alloc(sizeof *l);

	l->ev = ev_loop_new(EVFLAG_AUTO | EVFLAG_NOENV);
	must(l->ev != NULL);
	l->clock = clock;
	l->now = clock == LOOP_REAL ? mono_clock() :
	    (struct mono){ 1000000 };
	list_init(&l->chores);
	ev_init(&l->alarm, on_alarm);
	ev_check_init(&l->woken, on_woken);
	ev_set_priority(&l->woken, EV_MAXPRI);
	ev_check_start(l->ev, &l->woken);
	return l;
}

void
loop_destroy(struct loop *l)
{
	if (l == NULL)
		return;
	must(list_empty(&l->chores));
	ev_timer_stop(l->ev, &l->alarm);
	ev_check_stop(l->ev, &l->woken);
	ev_loop_destroy(l->ev);
	mem_free(l->heap);
	mem_free(l);
}

static void
fire_due(struct loop *l)
{
	struct timer *t;

	while (l->armed > 0 && mono_reached(l->now, l->heap[0]->due)) {
		t = l->heap[0];
		timer_disarm(t);
		t->on_fire(t);
	}
}

static void
run_chores(struct loop *l)
{
	struct list *n;

	while ((n = list_pop(&l->chores)) != NULL) {
		struct chore *c = container_of(n, struct chore, member);

		c->run(c);
	}
}

void
loop_turn(struct loop *l, bool wait)
{
	bool sleeps = wait && l->clock == LOOP_REAL;
	double nap;

	if (sleeps && l->armed > 0) {
		nap = (double)mono_between(mono_clock(), l->heap[0]->due);
		if (nap > 0) {
			ev_now_update(l->ev);
			ev_timer_set(&l->alarm, nap / 1e6 + 1e-5, 0.);
			ev_timer_start(l->ev, &l->alarm);
		} else {
			sleeps = false;
		}
	}
	ev_run(l->ev, sleeps ? EVRUN_ONCE : EVRUN_NOWAIT);
	ev_timer_stop(l->ev, &l->alarm);
	fire_due(l);
	run_chores(l);
}

void
loop_run(struct loop *l)
{
	l->stopped = false;
	while (!l->stopped)
		loop_turn(l, true);
}

void
loop_stop(struct loop *l)
{
	l->stopped = true;
}

struct mono
loop_now(const struct loop *l)
{
	return l->now;
}

void
loop_advance(struct loop *l, int64_t usec)
{
	struct mono end = mono_after(l->now, usec);

	must(l->clock == LOOP_VIRTUAL);
	while (l->armed > 0 && mono_reached(end, l->heap[0]->due)) {
		if (!mono_reached(l->now, l->heap[0]->due))
			l->now = l->heap[0]->due;
		loop_turn(l, false);
	}
	l->now = end;
	loop_turn(l, false);
}

void
loop_library(char *buf, size_t cap)
{
	unsigned used = ev_recommended_backends();

	snprintf(buf, cap, "libev %d.%d (%s)", ev_version_major(),
	    ev_version_minor(), used & EVBACKEND_EPOLL ? "epoll" :
	    used & EVBACKEND_POLL ? "poll" : "select");
}

static void
io_ready(struct ev_loop *ev, ev_io *io, int revents)
{
	struct io_watch *w = container_of((unsigned char *)io,
	    struct io_watch, lib);

	(void)ev;
	w->on_ready(w, (revents & EV_READ ? (unsigned)READABLE : 0u) |
	    (revents & EV_WRITE ? (unsigned)WRITABLE : 0u));
}

void
io_watch_init(struct io_watch *w, struct loop *l, int fd,
    void (*on_ready)(struct io_watch *, unsigned))
{
	*w = (struct io_watch){ .on_ready = on_ready, .loop = l };
	ev_io_init(io_of(w), io_ready, fd, EV_READ);
}

void
io_watch_hurry(struct io_watch *w)
{
	must(w->events == 0);
	ev_set_priority(io_of(w), EV_MAXPRI - 1);
}

void
io_watch_set(struct io_watch *w, unsigned events)
{
	ev_io *io = io_of(w);

	if (events == w->events)
		return;
	if (w->events != 0)
		ev_io_stop(w->loop->ev, io);
	w->events = events;
	if (events == 0)
		return;
	ev_io_set(io, io->fd, (events & READABLE ? EV_READ : 0) |
	    (events & WRITABLE ? EV_WRITE : 0));
	ev_io_start(w->loop->ev, io);
}

/*
 * The heap: slot is 1-based in the timer so that zero means "not armed".
 */

static void
put_at(struct loop *l, uint32_t i, struct timer *t)
{
	l->heap[i] = t;
	t->slot = i + 1;
}

static void
sift_up(struct loop *l, uint32_t i, struct timer *t)
{
	uint32_t up;

	for (; i > 0; i = up) {
		up = (i - 1) / 2;
		if (l->heap[up]->due.usec <= t->due.usec)
			break;
		put_at(l, i, l->heap[up]);
	}
	put_at(l, i, t);
}

static void
sift_down(struct loop *l, uint32_t i, struct timer *t)
{
	uint32_t down;

	for (;; i = down) {
		down = 2 * i + 1;
		if (down >= l->armed)
			break;
		if (down + 1 < l->armed && l->heap[down + 1]->due.usec <
		    l->heap[down]->due.usec)
			down++;
		if (t->due.usec <= l->heap[down]->due.usec)
			break;
		put_at(l, i, l->heap[down]);
	}
	put_at(l, i, t);
}

void
timer_init(struct timer *t, struct loop *l, void (*on_fire)(struct timer *))
{
	*t = (struct timer){ .on_fire = on_fire, .loop = l };
}

void
timer_arm(struct timer *t, struct mono due)
{
	struct loop *l = t->loop;

	timer_disarm(t);
	if (l->armed == l->cap) {
		l->cap = l->cap * 2 + 16;
		l->heap = mem_resize(l->heap, l->cap * sizeof *l->heap);
	}
	t->due = due;
	l->armed++;
	sift_up(l, l->armed - 1, t);
}

void
timer_disarm(struct timer *t)
{
	struct loop *l = t->loop;
	struct timer *last;
	uint32_t i;

	if (t->slot == 0)
		return;
	i = t->slot - 1;
	must(i < l->armed && l->heap[i] == t);
	t->slot = 0;
	last = l->heap[--l->armed];
	if (last == t)
		return;
	if (i > 0 && last->due.usec < l->heap[(i - 1) / 2]->due.usec)
		sift_up(l, i, last);
	else
		sift_down(l, i, last);
}

void
chore_init(struct chore *c, void (*run)(struct chore *))
{
	c->run = run;
	list_init(&c->member);
}

void
chore_add(struct loop *l, struct chore *c)
{
	if (list_empty(&c->member))
		list_append(&l->chores, &c->member);
}

void
chore_cancel(struct chore *c)
{
	list_remove(&c->member);
}

static void
signal_ready(struct ev_loop *ev, ev_signal *s, int revents)
{
	struct signal_watch *w = container_of((unsigned char *)s,
	    struct signal_watch, lib);

	(void)ev;
	(void)revents;
	w->on_signal(w, s->signum);
}

void
signal_watch_start(struct signal_watch *w, struct loop *l, int signo,
    void (*on_signal)(struct signal_watch *, int signo))
{
	*w = (struct signal_watch){ .on_signal = on_signal, .loop = l };
	ev_signal_init(signal_of(w), signal_ready, signo);
	ev_signal_start(l->ev, signal_of(w));
}

void
signal_watch_stop(struct signal_watch *w)
{
	ev_signal_stop(w->loop->ev, signal_of(w));
}
