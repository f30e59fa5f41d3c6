/*
 * frame.c - the untyped first packet; see frame.h for the rest.
 */
#include "pgwire/frame.h"

enum parse
frame_startup_peek(const void *p, size_t n, struct frame *out)
{
	const unsigned char *b = p;
	uint32_t len;

	/* No length up to STARTUP_MAX has its upper two bytes set. */
	if ((n > 0 && b[0] != 0) || (n > 1 && b[1] != 0))
		return PARSE_BAD;
	if (n < 4)
		return PARSE_MORE;
	len = frame_u32(b);
	if (len < 8 || len > STARTUP_MAX)
		return PARSE_BAD;
	*out = (struct frame){ .type = '\0', .len = len };
	return PARSE_OK;
}
