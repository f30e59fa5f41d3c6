/*
 * mono.h - monotonic time has a type.
 *
 * The clock is read once per turn of the loop and passed down; tests set it.
 */
#ifndef BASE_MONO_H
#define BASE_MONO_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

struct mono {
	int64_t usec;
};

static inline struct mono
mono_clock(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (struct mono){ ts.tv_sec * INT64_C(1000000) +
		ts.tv_nsec / 1000 };
}

static inline struct mono
mono_after(struct mono t, int64_t usec)
{
	return (struct mono){ t.usec + usec };
}

/* Microseconds from a to b; negative if b is earlier. */
static inline int64_t
mono_between(struct mono a, struct mono b)
{
	return b.usec - a.usec;
}

static inline bool
mono_reached(struct mono now, struct mono due)
{
	return now.usec >= due.usec;
}

static inline bool
mono_is_set(struct mono t)
{
	return t.usec != 0;
}

#endif
