/*
 * loop.h - the event loop: readiness, timers, signals, the end of a turn.
 *
 * The one place that knows the event library. Callbacks run one at a time
 * on one thread. Time stands still within a turn: loop_now() is read once
 * when the loop wakes up. A loop on virtual time never sleeps and its clock
 * moves only by loop_advance(); tests own it.
 */
#ifndef NET_LOOP_H
#define NET_LOOP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/list.h"
#include "base/mono.h"

struct loop;

enum loop_clock { LOOP_REAL, LOOP_VIRTUAL };

enum { READABLE = 1, WRITABLE = 2 };

#define LOOP_IO_SIZE 56

struct io_watch {
	void (*on_ready)(struct io_watch *, unsigned ready);
	struct loop *loop;
	unsigned events;        /* what is watched now; 0: nothing */
	_Alignas(8) unsigned char lib[LOOP_IO_SIZE];
};

struct timer {
	void (*on_fire)(struct timer *);
	struct loop *loop;
	struct mono due;
	uint32_t slot;          /* place in the heap + 1; 0: not armed */
};

/* Work for the end of the current turn. */
struct chore {
	void (*run)(struct chore *);
	struct list member;
};

struct signal_watch {
	void (*on_signal)(struct signal_watch *, int signo);
	struct loop *loop;
	_Alignas(8) unsigned char lib[LOOP_IO_SIZE];
};

struct loop *loop_create(enum loop_clock);
	/* Create it after any fork: the kernel's event queue is not shared. */

void loop_destroy(struct loop *);
	/* NULL is fine. Nothing may be watched any more. */

void loop_run(struct loop *);
	/* Turn until loop_stop(). */

void loop_stop(struct loop *);

void loop_turn(struct loop *, bool wait);
	/* One turn: wait for an event or the next timer if asked to (never
	 * on virtual time), call back, run the chores. */

struct mono loop_now(const struct loop *);
	/* The time at which this turn began. */

void loop_advance(struct loop *, int64_t usec);
	/* Virtual time only: move the clock and take turns until all timers
	 * that are due by then have fired, in order. */

void loop_library(char *buf, size_t cap);
	/* "libev 4.33 (epoll)", for the start-up line. */

void io_watch_init(struct io_watch *, struct loop *, int fd,
    void (*on_ready)(struct io_watch *, unsigned));
	/* Watches nothing yet. */

void io_watch_hurry(struct io_watch *);
	/* Before it watches anything: call it before the others of its turn
	 * that were not hurried. */

void io_watch_set(struct io_watch *, unsigned events);
	/* Watch exactly these from now on; 0 stops. Free if unchanged. */

void timer_init(struct timer *, struct loop *,
    void (*on_fire)(struct timer *));

void timer_arm(struct timer *, struct mono due);
	/* Fire once, in the first turn at or after due. May be armed anew. */

void timer_disarm(struct timer *);
	/* Harmless if not armed. */

static inline bool
timer_is_armed(const struct timer *t)
{
	return t->slot != 0;
}

void chore_init(struct chore *, void (*run)(struct chore *));

void chore_add(struct loop *, struct chore *);
	/* Run it once at the end of this turn. Adding it twice is once. A
	 * chore may add chores; they run in the same turn. */

void chore_cancel(struct chore *);

void signal_watch_start(struct signal_watch *, struct loop *, int signo,
    void (*on_signal)(struct signal_watch *, int signo));
void signal_watch_stop(struct signal_watch *);

#endif
