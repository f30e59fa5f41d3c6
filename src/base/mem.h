/*
 * mem.h - memory, with the policy in the name.
 *
 * mem_*: grows with the configuration; running out ends the program.
 * slab_take: grows with traffic; returns NULL at its limit, and the caller
 * refuses the client.
 */
#ifndef BASE_MEM_H
#define BASE_MEM_H

#include <stddef.h>
#include <stdint.h>

#include "base/list.h"

void *mem_alloc(size_t n);
	/* n zeroed bytes; never NULL. */

void *mem_resize(void *, size_t n);
	/* realloc() that never returns NULL; new bytes are not zeroed. */

void *mem_dup(const void *, size_t n);
	/* A copy with a NUL byte behind it. */

char *mem_strdup(const char *);
	/* A copy; NULL for NULL. */

char *mem_printf(const char *fmt, ...)
    __attribute__((format(printf, 1, 2)));
	/* A new formatted string. */

void mem_free(void *);
	/* free(); NULL is fine. */

void mem_give_back(void);
	/* What is free goes back to the system, as far as that is possible;
	 * some milliseconds per 100 MB. For after a burst. */

struct slab {
	const char *name;      /* for SHOW MEM */
	size_t size;           /* of one object */
	uint32_t limit;        /* 0: none */
	uint32_t used, kept;   /* handed out; room for so many more */
	uint32_t per_block;
	struct list open;      /* blocks with room, empty ones last */
};

void slab_init(struct slab *, const char *name, size_t size,
    uint32_t limit);
	/* name is kept. The slab must stay in place. */

void *slab_take(struct slab *);
	/* A zeroed object, aligned for pointers and 64 bit integers, or NULL
	 * at the limit or out of memory. */

void slab_give(struct slab *, void *);
	/* Give an object back; NULL is fine. Blocks that are empty go back
	 * to the system, but for one. */

void slab_fini(struct slab *);
	/* Free the last block; nothing may be in use. */

#endif
