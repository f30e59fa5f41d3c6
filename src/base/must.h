/*
 * must.h - assertions that are always on.
 *
 * must() states an invariant about our own code, never about input. It is
 * cheap, so it stays in release builds: a pooler that has lost its
 * bookkeeping must not hand out connections.
 */
#ifndef BASE_MUST_H
#define BASE_MUST_H

#include <stddef.h>
#include <stdint.h>

#define must(e) \
	((e) ? (void)0 : must_failed(#e, __FILE__, __LINE__, __func__))

/* The object that embeds the member at ptr. */
#define container_of(ptr, type, member) \
	((type *)((uintptr_t)(ptr) - offsetof(type, member)))

#define countof(a) (sizeof(a) / sizeof((a)[0]))

_Noreturn void must_failed(const char *expr, const char *file, int line,
    const char *func);
	/* Write one line to standard error and abort. */

#endif
