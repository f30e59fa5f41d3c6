/*
 * mem.c - allocation; see mem.h for the two policies.
 *
 * Objects of a slab lie side by side in blocks of their own, never between
 * what else is allocated: what comes and goes with a login leaves no holes
 * there, so memory stays flat however often ten thousand clients return. And
 * a block that is empty goes back to the system, so that after a burst an
 * idle pooler is small again; only one is kept, against flapping.
 *
 * Under AddressSanitizer each object is a block, so that it sees who uses one
 * that was given back.
 */
#include "base/mem.h"

#include <malloc.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/must.h"

#define BLOCK_BYTES (64u * 1024)

/* What lies before an object: whose it is. While the object is free, the
 * next free one of its block. */
union slot {
	struct block *block;
	union slot *next;
	uint64_t align;         /* as much as any member of ours needs */
};

struct block {
	struct list member;     /* of slab->open, unless it is full */
	uint32_t used, fresh;   /* fresh: slots that were never used */
	union slot *spare;      /* those that were */
	union slot slots[];
};

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
mem_give_back(void)
{
	malloc_trim(0);
}

static size_t
slot_size(const struct slab *s)
{
	const size_t unit = sizeof(union slot);

	return unit + (s->size + unit - 1) / unit * unit;
}

#ifdef __SANITIZE_ADDRESS__
static struct block *
block_alloc(const struct slab *s)
{
	return calloc(1, sizeof(struct block) + slot_size(s));
}

static void
block_free(struct block *b)
{
	free(b);
}

static size_t
block_room(void)
{
	return 0;
}
#else
static struct block *
block_alloc(const struct slab *s)
{
	void *p;

	(void)s;
	p = mmap(NULL, BLOCK_BYTES, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	return p != MAP_FAILED ? p : NULL;
}

static void
block_free(struct block *b)
{
	munmap(b, BLOCK_BYTES);
}

static size_t
block_room(void)
{
	return BLOCK_BYTES - sizeof(struct block);
}
#endif

void
slab_init(struct slab *s, const char *name, size_t size, uint32_t limit)
{
	*s = (struct slab){ .name = name, .size = size, .limit = limit };
	s->per_block = (uint32_t)(block_room() / slot_size(s));
	if (s->per_block == 0)
		s->per_block = 1;
	must(block_room() == 0 || slot_size(s) <= block_room());
	list_init(&s->open);
}

/* A block with room; NULL if there is no memory. */
static struct block *
open_block(struct slab *s)
{
	struct list *n = list_first(&s->open);
	struct block *b;

	if (n != NULL)
		return container_of(n, struct block, member);
	b = block_alloc(s);
	if (b == NULL)
		return NULL;
	b->fresh = s->per_block;
	s->kept += s->per_block;
	list_init(&b->member);
	list_append(&s->open, &b->member);
	return b;
}

void *
slab_take(struct slab *s)
{
	struct block *b;
	union slot *slot;

	if ((s->limit != 0 && s->used >= s->limit) ||
	    (b = open_block(s)) == NULL)
		return NULL;
	if (b->spare != NULL) {
		slot = b->spare;
		b->spare = slot->next;
		memset(slot + 1, 0, s->size);
	} else {
		/* Fresh ones are zero, and not touched before. */
		b->fresh--;
		slot = b->slots + b->fresh * (slot_size(s) / sizeof *slot);
	}
	slot->block = b;
	b->used++;
	s->used++;
	s->kept--;
	if (b->used == s->per_block)
		list_remove(&b->member);
	return slot + 1;
}

static void
close_block(struct slab *s, struct block *b)
{
	must(b->used == 0 && s->kept >= s->per_block);
	s->kept -= s->per_block;
	list_remove(&b->member);
	block_free(b);
}

void
slab_give(struct slab *s, void *p)
{
	union slot *slot;
	struct block *b, *last;

	if (p == NULL)
		return;
	slot = (union slot *)p - 1;
	b = slot->block;
	must(s->used > 0 && b->used > 0);
	if (b->used == s->per_block)
		list_prepend(&s->open, &b->member);
	slot->next = b->spare;
	b->spare = slot;
	b->used--;
	s->used--;
	s->kept++;
	if (b->used > 0)
		return;
	last = container_of(list_last(&s->open), struct block, member);
	if (s->per_block == 1 || (last != b && last->used == 0)) {
		close_block(s, b);
		return;
	}
	list_remove(&b->member);
	list_append(&s->open, &b->member);
}

void
slab_fini(struct slab *s)
{
	struct list *n;

	must(s->used == 0);
	while ((n = list_first(&s->open)) != NULL)
		close_block(s, container_of(n, struct block, member));
}
