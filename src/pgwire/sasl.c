/*
 * sasl.c - the SASL messages' inner framing (manual, "Message Formats").
 *
 * Every length is compared with what is left, never added to a position.
 */
#include "pgwire/sasl.h"

#include <arpa/inet.h>
#include <stdint.h>

#include "base/must.h"

/* Take a NUL-terminated string off the front of *s. */
static bool
take_cstring(struct str *s, struct str *out)
{
	const char *end = s->n != 0 ? memchr(s->p, '\0', s->n) : NULL;

	if (end == NULL)
		return false;
	*out = (struct str){ s->p, (size_t)(end - s->p) };
	s->n -= out->n + 1;
	s->p = end + 1;
	return true;
}

static bool
take_int32(struct str *s, uint32_t *out)
{
	if (s->n < sizeof *out)
		return false;
	memcpy(out, s->p, sizeof *out);
	*out = ntohl(*out);
	s->p += sizeof *out;
	s->n -= sizeof *out;
	return true;
}

bool
sasl_initial_parse(struct sasl_initial *m, struct str body)
{
	uint32_t len;

	memset(m, 0, sizeof *m);
	if (!take_cstring(&body, &m->mechanism) || m->mechanism.n == 0 ||
	    !take_int32(&body, &len))
		return false;
	m->has_data = len != UINT32_MAX;
	m->data = body;
	return body.n == (m->has_data ? len : 0);
}

void
sasl_initial_format(struct text *t, const char *mechanism, struct str data)
{
	uint32_t len = htonl((uint32_t)data.n);

	must(data.n <= INT32_MAX);
	text_add(t, mechanism, strlen(mechanism) + 1);
	text_add(t, &len, sizeof len);
	text_add(t, data.p, data.n);
}

bool
sasl_offer_parse(struct sasl_offer *o, struct str list)
{
	struct str name;

	memset(o, 0, sizeof *o);
	while (take_cstring(&list, &name)) {
		if (name.n == 0)
			return list.n == 0;
		if (str_is(name, SASL_SCRAM_SHA_256))
			o->scram_sha_256 = true;
		else if (str_is(name, SASL_SCRAM_SHA_256_PLUS))
			o->scram_sha_256_plus = true;
	}
	return false;
}
