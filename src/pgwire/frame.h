/*
 * frame.h - where a message ends; runs once per message in the hot path.
 *
 * A length is judged before anything is added to it or allocated for it, and
 * an answer needs the header only: the body may still be on its way.
 */
#ifndef PGWIRE_FRAME_H
#define PGWIRE_FRAME_H

#include <stddef.h>
#include <stdint.h>

enum parse { PARSE_OK, PARSE_MORE, PARSE_BAD };

#define FRAME_HEADER 5u         /* type byte and length */
#define STARTUP_MAX 10000u      /* PostgreSQL's limit as well */

struct frame {
	char type;              /* '\0' for the packets before login */
	uint32_t len;           /* whole frame, the type byte included */
};

/* Four bytes in network order. */
static inline uint32_t
frame_u32(const unsigned char *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 |
	    (uint32_t)p[2] << 8 | p[3];
}

/*
 * The frame that begins at p, of which n bytes are here. PARSE_BAD if its
 * length field is below 4, negative, or above max.
 */
static inline enum parse
frame_peek(const void *p, size_t n, uint32_t max, struct frame *out)
{
	const unsigned char *b = p;
	uint32_t len;

	if (n < FRAME_HEADER)
		return PARSE_MORE;
	len = frame_u32(b + 1);
	if (len < 4 || len > max || len > INT32_MAX)
		return PARSE_BAD;
	*out = (struct frame){ .type = (char)b[0], .len = len + 1 };
	return PARSE_OK;
}

enum parse frame_startup_peek(const void *p, size_t n, struct frame *out);
	/* The same for the first packet of a connection, which has no type
	 * byte: its length must be 8 to STARTUP_MAX. What cannot be one, such
	 * as "GET / HTTP/1.1", is bad from its first byte on; so a TLS record
	 * (0x16) must be noticed before. */

#endif
