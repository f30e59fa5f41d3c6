/*
 * reader.c - bounded reading; see reader.h.
 */
#include "pgwire/reader.h"

#include <string.h>

/* The next n bytes, or NULL and failure. */
static const unsigned char *
take(struct reader *r, size_t n)
{
	const unsigned char *p = r->p;

	if (r->failed || n > r->left) {
		r->failed = true;
		r->left = 0;
		return NULL;
	}
	r->p += n;
	r->left -= n;
	return p;
}

uint8_t
reader_u8(struct reader *r)
{
	const unsigned char *b = take(r, 1);

	return b != NULL ? b[0] : 0;
}

uint16_t
reader_u16(struct reader *r)
{
	const unsigned char *b = take(r, 2);

	return b != NULL ? (uint16_t)(b[0] << 8 | b[1]) : 0;
}

uint32_t
reader_u32(struct reader *r)
{
	const unsigned char *b = take(r, 4);

	return b != NULL ? (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 |
	    (uint32_t)b[2] << 8 | b[3] : 0;
}

int16_t
reader_i16(struct reader *r)
{
	return (int16_t)reader_u16(r);
}

int32_t
reader_i32(struct reader *r)
{
	return (int32_t)reader_u32(r);
}

const char *
reader_cstring(struct reader *r)
{
	const unsigned char *end = r->failed || r->left == 0 ? NULL :
	    memchr(r->p, 0, r->left);

	if (end == NULL) {
		r->failed = true;
		r->left = 0;
		return "";
	}
	return (const char *)take(r, (size_t)(end - r->p) + 1);
}

struct str
reader_bytes(struct reader *r, size_t n)
{
	const unsigned char *b = take(r, n);

	return b != NULL ? (struct str){ (const char *)b, n } :
	    (struct str){ "", 0 };
}

struct str
reader_rest(struct reader *r)
{
	return reader_bytes(r, r->left);
}
