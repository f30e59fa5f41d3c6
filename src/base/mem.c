/*
 * mem.c - allocation; see mem.h for the two policies.
 *
 * Slabs keep a bounded free list: after a burst the memory goes back to the
 * allocator, so that an idle pooler is small again.
 */
#include "base/mem.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/must.h"

#define SLAB_KEEP 64

static void *
or_die(void *p)
{
	if (p == NULL) {
		fputs("pgweir: out of memory\n", stderr);
		abort();
	}
	return p;
}

void *
mem_alloc(size_t n)
{
	return or_die(calloc(1, n != 0 ? n : 1));
}

void *
mem_resize(void *p, size_t n)
{
	return or_die(realloc(p, n != 0 ? n : 1));
}

void *
mem_dup(const void *p, size_t n)
{
	char *copy = or_die(malloc(n + 1));

	if (n != 0)
		memcpy(copy, p, n);
	copy[n] = '\0';
	return copy;
}

char *
mem_strdup(const char *s)
{
	return s != NULL ? mem_dup(s, strlen(s)) : NULL;
}

char *
mem_printf(const char *fmt, ...)
{
	va_list ap;
	char *s = NULL;
	int n;

	va_start(ap, fmt);
	n = vasprintf(&s, fmt, ap);
	va_end(ap);
	return or_die(n >= 0 ? s : NULL);
}

void
mem_free(void *p)
{
	free(p);
}

void
slab_init(struct slab *s, const char *name, size_t size, uint32_t limit)
{
	must(size >= sizeof(void *));
	*s = (struct slab){ .name = name, .size = size, .limit = limit };
}

void *
slab_take(struct slab *s)
{
	void *p;

	if (s->limit != 0 && s->used >= s->limit)
		return NULL;
	if (s->spare != NULL) {
		p = s->spare;
		memcpy(&s->spare, p, sizeof s->spare);
		s->kept--;
		memset(p, 0, s->size);
	} else if ((p = calloc(1, s->size)) == NULL) {
		return NULL;
	}
	s->used++;
	return p;
}

void
slab_give(struct slab *s, void *p)
{
	if (p == NULL)
		return;
	must(s->used > 0);
	s->used--;
	if (s->kept >= SLAB_KEEP) {
		free(p);
		return;
	}
	memcpy(p, &s->spare, sizeof s->spare);
	s->spare = p;
	s->kept++;
}

void
slab_fini(struct slab *s)
{
	void *p, *next;

	must(s->used == 0);
	for (p = s->spare; p != NULL; p = next) {
		memcpy(&next, p, sizeof next);
		free(p);
	}
	s->spare = NULL;
	s->kept = 0;
}
