/*
 * saslprep.c - RFC 4013 over libidn, with libpq's rule for what it forbids.
 *
 * PostgreSQL lets a password be any bytes: what is pure ASCII is left alone,
 * control characters included; what is not UTF-8, holds a prohibited or (in
 * Unicode 3.2) unassigned character, or becomes empty is used as it is. Both
 * sides must do the same or such a password would not match.
 *
 * Canonical ordering takes quadratic time in libidn, and a client chooses
 * what we prepare before it has logged in; hence SASLPREP_MAX. libidn's own
 * stringprep() is avoided for the same reason: it starts again from the
 * beginning for every 50 characters that its buffer turns out too short.
 *
 * The only file that includes <stringprep.h>.
 */
#include "pgwire/saslprep.h"

#include <stdint.h>
#include <stdlib.h>
#include <stringprep.h>

#include "base/mem.h"
#include "pgwire/crypto.h"

/* The longest compatibility decomposition (U+FDFA), in characters. */
#define EXPANSION 18

static bool
is_ascii(struct str s)
{
	size_t i;

	for (i = 0; i < s.n; i++)
		if ((unsigned char)s.p[i] >= 0x80)
			return false;
	return true;
}

/* Prepare n characters; the result is UTF-8 in out, or out stays empty. */
static void
prepare(const uint32_t *chars, size_t n, struct text *out)
{
	size_t len = n, cap = n * EXPANSION + 1, bytes = 0;
	uint32_t *work = mem_alloc(cap * sizeof *work);
	char *utf8;

	memcpy(work, chars, n * sizeof *work);
	if (stringprep_4i(work, &len, cap, STRINGPREP_NO_UNASSIGNED,
	    stringprep_saslprep) == STRINGPREP_OK) {
		utf8 = stringprep_ucs4_to_utf8(work, (ssize_t)len, NULL,
		    &bytes);
		if (utf8 != NULL) {
			text_add(out, utf8, bytes);
			crypto_wipe(utf8, bytes);
			free(utf8);
		}
	}
	crypto_wipe(work, cap * sizeof *work);
	mem_free(work);
}

void
saslprep(struct str password, struct text *out)
{
	uint32_t *chars;
	size_t n = 0;

	if (!is_ascii(password) && password.n <= SASLPREP_MAX) {
		chars = stringprep_utf8_to_ucs4(password.p,
		    (ssize_t)password.n, &n);
		if (chars != NULL) {
			prepare(chars, n, out);
			crypto_wipe(chars, n * sizeof *chars);
			free(chars);
		}
	}
	if (out->n == 0)
		text_add(out, password.p, password.n);
}
