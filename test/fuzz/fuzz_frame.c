/*
 * fuzz_frame.c - a stream of typed messages from a hostile peer.
 *
 * Frames are cut off the input one after the other; bodies are read as what
 * their type says, and field by field.
 */
#include "base/must.h"
#include "pgwire/error.h"
#include "pgwire/frame.h"
#include "pgwire/messages.h"
#include "pgwire/reader.h"
#include "test/fuzz/target.h"

#define MAX_PACKET 1000u

/* A header that came in pieces is judged like one that came whole. */
static void
check_pieces(const uint8_t *p, size_t n, enum parse whole)
{
	struct frame f;
	enum parse part;
	size_t k;

	for (k = 0; k < n && k < 8; k++) {
		part = frame_peek(p, k, MAX_PACKET, &f);
		must(part == PARSE_MORE || part == whole);
	}
}

static void
read_fields(const uint8_t *p, size_t n)
{
	struct reader r = reader_of(p, n);
	size_t before;

	while (reader_ok(&r) && r.left > 0) {
		before = r.left;
		switch (reader_u8(&r) & 7) {
		case 0:
			reader_u16(&r);
			break;
		case 1:
			reader_u32(&r);
			break;
		case 2:
			must(reader_cstring(&r) != NULL);
			break;
		case 3:
			reader_bytes(&r, (size_t)(ptrdiff_t)reader_i16(&r));
			break;
		case 4:
			reader_bytes(&r, (size_t)(ptrdiff_t)reader_i32(&r));
			break;
		case 5:
			must(reader_rest(&r).n <= before);
			break;
		}
		must(r.left < before);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct error_fields e;
	struct frame f;
	enum parse got;

	for (;;) {
		got = frame_peek(p, n, MAX_PACKET, &f);
		check_pieces(p, n, got);
		if (got != PARSE_OK)
			return 0;
		must(f.len >= FRAME_HEADER && f.len <= MAX_PACKET + 1);
		if (f.len > n)
			return 0;
		if (f.type == BE_ERROR || f.type == BE_NOTICE) {
			e = error_fields_of(p + FRAME_HEADER,
			    f.len - FRAME_HEADER);
			must(e.severity != NULL && e.code != NULL &&
			    e.message != NULL);
		}
		read_fields(p + FRAME_HEADER, f.len - FRAME_HEADER);
		p += f.len;
		n -= f.len;
	}
}
