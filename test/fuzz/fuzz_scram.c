/*
 * fuzz_scram.c - hostile peers during SCRAM, and texts that may be secrets.
 *
 * The first byte says which reader gets the rest. Where two messages are
 * needed, a newline parts them. Random bytes are zeros, so that a corpus can
 * hold nonces that match.
 */
#include "base/must.h"
#include "pgwire/crypto.h"
#include "pgwire/sasl.h"
#include "pgwire/saslprep.h"
#include "pgwire/scram.h"
#include "pgwire/secret.h"
#include "test/fuzz/target.h"

static const unsigned char zeros[SCRAM_RANDOM_SIZE];

/* Take what is before the first newline off the front of *s. */
static struct str
take_line(struct str *s)
{
	const char *end = s->n != 0 ? memchr(s->p, '\n', s->n) : NULL;
	struct str line = { s->p, end != NULL ? (size_t)(end - s->p) : s->n };
	const size_t gone = line.n + (end != NULL);

	s->p += gone;
	s->n -= gone;
	return line;
}

/* The cheapest keys of the password "pencil". */
static void
cheap_keys(struct scram_keys *k)
{
	struct scram_params p;

	scram_params_set(&p, str_of("salt"), 1);
	scram_keys_derive(k, str_of("pencil"), &p);
}

static void
be_server(struct str in, const char *binding, const char *mechanism)
{
	struct scram_server s;
	struct scram_verifier v;
	struct scram_keys k;
	struct text out = { 0 };

	cheap_keys(&k);
	scram_verifier_of(&v, &k);
	scram_server_init(&s, &v, str_of(binding), zeros);
	must(scram_server_choose(&s, str_of(mechanism)));
	if (scram_server_first(&s, take_line(&in), &out) == SCRAM_OK)
		if (scram_server_final(&s, in, &out) == SCRAM_OK) {
			scram_server_keys(&s, &k);
			must(scram_keys_fit(&k, &v));
		}
	scram_server_fini(&s);
	text_fini(&out);
}

static void
be_client(struct str in, const char *binding)
{
	const struct sasl_offer offer = { true, true };
	const char *mechanism;
	struct scram_client c;
	struct scram_keys k;
	const struct scram_login login = { .keys = &k };
	struct text out = { 0 };

	cheap_keys(&k);
	scram_client_init(&c, zeros);
	must(scram_client_choose(&c, &offer, str_of(binding), binding != NULL,
	    &mechanism) == SCRAM_OK);
	scram_client_first(&c, &out);
	if (scram_client_final(&c, take_line(&in), &login, &out) == SCRAM_OK)
		must((scram_client_verify(&c, in) == SCRAM_OK) ==
		    scram_client_is_verified(&c));
	scram_client_fini(&c);
	text_fini(&out);
}

/* Whatever is read as a verifier is written and read as the same. */
static void
read_secret(struct str in)
{
	struct secret s;
	struct scram_verifier v, again;
	struct text out = { 0 };

	if (!secret_init(&s, in))
		return;
	if (s.kind == SECRET_SCRAM) {
		must(scram_verifier_parse(&v, in));
		scram_verifier_format(&v, &out);
		must(scram_verifier_parse(&again,
		    (struct str){ out.p, out.n }));
		must(scram_params_equal(&v.params, &again.params));
		must(memcmp(v.stored_key, again.stored_key,
		    SCRAM_KEY_SIZE) == 0);
	}
	text_fini(&out);
	secret_fini(&s);
}

/* Each value has one text, so decoding can be undone. */
static void
read_base64(struct str in)
{
	unsigned char value[300];
	char text[CRYPTO_BASE64_ROOM(sizeof value)];
	size_t n, len;

	if (!crypto_base64_decode(in, value, sizeof value, &n)) {
		must(n == 0);
		return;
	}
	len = crypto_base64_encode(value, n, text, sizeof text);
	must(str_eq((struct str){ text, len }, in));
}

static void
read_framing(struct str in)
{
	struct sasl_initial m;
	struct sasl_offer o;

	if (sasl_initial_parse(&m, in))
		must(m.mechanism.n + m.data.n < in.n);
	if (sasl_offer_parse(&o, in))
		must(in.n >= 1);
}

static void
prepare(struct str in)
{
	struct text out = { 0 };

	saslprep(in, &out);
	must((out.n == 0) == (in.n == 0));
	crypto_wipe_text(&out);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct str in;

	if (n == 0)
		return 0;
	in = (struct str){ (const char *)data + 1, n - 1 };
	switch (data[0]) {
	case 'S':
		be_server(in, NULL, SASL_SCRAM_SHA_256);
		break;
	case 'P':
		be_server(in, "digest", SASL_SCRAM_SHA_256);
		break;
	case 'Q':
		be_server(in, "digest", SASL_SCRAM_SHA_256_PLUS);
		break;
	case 'C':
		be_client(in, NULL);
		break;
	case 'D':
		be_client(in, "digest");
		break;
	case 'V':
		read_secret(in);
		break;
	case 'B':
		read_base64(in);
		break;
	case 'F':
		read_framing(in);
		break;
	case 'U':
		prepare(in);
		break;
	}
	return 0;
}
