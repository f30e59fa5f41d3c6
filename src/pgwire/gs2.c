/*
 * gs2.c - heads of SCRAM exchanges (RFC 5802, sections 5.1 and 7); see
 * gs2.h. PostgreSQL knows one kind of binding, tls-server-end-point.
 */
#include "pgwire/gs2.h"

#include <string.h>

#include "base/must.h"

static const char *const heads[] = {
	[GS2_CANNOT] = "n,,",
	[GS2_COULD] = "y,,",
	[GS2_BOUND] = "p=tls-server-end-point,,",
};

void
gs2_channel_set(struct gs2_channel *ch, struct str data)
{
	must(data.n <= sizeof ch->data);
	ch->n = data.n;
	if (data.n > 0)
		memcpy(ch->data, data.p, data.n);
}

struct str
gs2_channel_data(const struct gs2_channel *ch)
{
	return (struct str){ (const char *)ch->data, ch->n };
}

const char *
gs2_head(enum gs2 g)
{
	must((size_t)g < countof(heads));
	return heads[g];
}

void
gs2_binding(enum gs2 g, const struct gs2_channel *ch,
    char out[GS2_TEXT_ROOM])
{
	unsigned char plain[GS2_HEAD_MAX + GS2_DATA_MAX];
	size_t n = strlen(gs2_head(g));

	must(n <= GS2_HEAD_MAX && ch->n <= sizeof ch->data);
	memcpy(plain, gs2_head(g), n);
	if (g == GS2_BOUND) {
		must(ch->n > 0);
		memcpy(plain + n, ch->data, ch->n);
		n += ch->n;
	}
	crypto_base64_encode(plain, n, out, GS2_TEXT_ROOM);
}
