/*
 * scram_keys.c - from password to keys, and the text that a server stores.
 *
 * RFC 5802, section 3:
 *   SaltedPassword = PBKDF2(SASLprep(password), salt, iterations)
 *   ClientKey      = HMAC(SaltedPassword, "Client Key")
 *   StoredKey      = SHA256(ClientKey)
 *   ServerKey      = HMAC(SaltedPassword, "Server Key")
 *
 * A salt is bytes with a length; it may hold zeros. This file does not know
 * the messages of the exchange (scram.c does).
 */
#include "pgwire/scram_keys.h"

#include "base/must.h"
#include "pgwire/crypto.h"
#include "pgwire/saslprep.h"

#define PREFIX "SCRAM-SHA-256$"

void
scram_params_set(struct scram_params *p, struct str salt, uint32_t iterations)
{
	must(salt.n >= 1 && salt.n <= sizeof p->salt && iterations >= 1);
	memset(p, 0, sizeof *p);
	memcpy(p->salt, salt.p, salt.n);
	p->salt_len = (uint32_t)salt.n;
	p->iterations = iterations;
}

bool
scram_params_equal(const struct scram_params *a, const struct scram_params *b)
{
	return a->iterations == b->iterations && a->salt_len == b->salt_len &&
	    memcmp(a->salt, b->salt, a->salt_len) == 0;
}

void
scram_keys_derive(struct scram_keys *k, struct str password,
    const struct scram_params *params)
{
	const struct str salt = { (const char *)params->salt,
		params->salt_len };
	unsigned char salted[SCRAM_KEY_SIZE];
	struct text prepared = { 0 };

	saslprep(password, &prepared);
	crypto_pbkdf2((struct str){ prepared.p, prepared.n }, salt,
	    params->iterations, salted);
	crypto_wipe_text(&prepared);
	k->params = *params;
	crypto_hmac_sha256(salted, str_of("Client Key"), k->client_key);
	crypto_hmac_sha256(salted, str_of("Server Key"), k->server_key);
	crypto_wipe(salted, sizeof salted);
}

void
scram_verifier_of(struct scram_verifier *v, const struct scram_keys *k)
{
	v->params = k->params;
	crypto_sha256(k->client_key, sizeof k->client_key, v->stored_key);
	memcpy(v->server_key, k->server_key, sizeof v->server_key);
	v->mock = false;
}

bool
scram_keys_fit(const struct scram_keys *k, const struct scram_verifier *v)
{
	struct scram_verifier own;
	bool fit;

	scram_verifier_of(&own, k);
	fit = !v->mock && scram_params_equal(&own.params, &v->params) &&
	    crypto_same(own.stored_key, v->stored_key, SCRAM_KEY_SIZE) &&
	    crypto_same(own.server_key, v->server_key, SCRAM_KEY_SIZE);
	crypto_wipe(&own, sizeof own);
	return fit;
}

/* Text */

/* Take what is before the separator off the front of *s, and both away. */
static bool
take_until(struct str *s, char separator, struct str *field)
{
	const char *end = s->n != 0 ? memchr(s->p, separator, s->n) : NULL;

	if (end == NULL)
		return false;
	*field = (struct str){ s->p, (size_t)(end - s->p) };
	s->n -= field->n + 1;
	s->p = end + 1;
	return true;
}

/* 1 to INT32_MAX in plain digits. */
static bool
parse_iterations(struct str s, uint32_t *out)
{
	uint64_t n = 0;
	size_t i;

	if (s.n > 10)
		return false;
	for (i = 0; i < s.n; i++) {
		if (s.p[i] < '0' || s.p[i] > '9')
			return false;
		n = n * 10 + (uint64_t)(s.p[i] - '0');
	}
	*out = (uint32_t)n;
	return n >= 1 && n <= INT32_MAX;
}

static bool
parse_key(struct str s, unsigned char key[SCRAM_KEY_SIZE])
{
	size_t n;

	return crypto_base64_decode(s, key, SCRAM_KEY_SIZE, &n) &&
	    n == SCRAM_KEY_SIZE;
}

bool
scram_verifier_parse(struct scram_verifier *v, struct str s)
{
	struct str iterations, salt, stored_key;
	const size_t prefix = strlen(PREFIX);
	size_t n;

	memset(v, 0, sizeof *v);
	if (s.n < prefix || memcmp(s.p, PREFIX, prefix) != 0)
		return false;
	s.p += prefix;
	s.n -= prefix;
	if (!take_until(&s, ':', &iterations) || !take_until(&s, '$', &salt)
	    || !take_until(&s, ':', &stored_key))
		return false;
	if (!parse_iterations(iterations, &v->params.iterations) ||
	    !crypto_base64_decode(salt, v->params.salt, SCRAM_SALT_MAX, &n) ||
	    n == 0)
		return false;
	v->params.salt_len = (uint32_t)n;
	return parse_key(stored_key, v->stored_key) &&
	    parse_key(s, v->server_key);
}

static void
add_base64(struct text *t, const unsigned char *p, size_t n)
{
	char buf[CRYPTO_BASE64_ROOM(SCRAM_SALT_MAX)];

	text_add(t, buf, crypto_base64_encode(p, n, buf, sizeof buf));
	crypto_wipe(buf, sizeof buf);
}

void
scram_verifier_format(const struct scram_verifier *v, struct text *out)
{
	text_printf(out, PREFIX "%u:", (unsigned)v->params.iterations);
	add_base64(out, v->params.salt, v->params.salt_len);
	text_puts(out, "$");
	add_base64(out, v->stored_key, sizeof v->stored_key);
	text_puts(out, ":");
	add_base64(out, v->server_key, sizeof v->server_key);
}

void
scram_verifier_mock(struct scram_verifier *v,
    const unsigned char process_key[SCRAM_KEY_SIZE], struct str user,
    uint32_t iterations)
{
	unsigned char salt[SCRAM_KEY_SIZE];

	crypto_hmac_sha256(process_key, user, salt);
	scram_params_set(&v->params,
	    (struct str){ (const char *)salt, SCRAM_SALT_SIZE }, iterations);
	/* Never shown nor matched; they only keep the arithmetic the same. */
	crypto_hmac_sha256(salt, str_of("stored"), v->stored_key);
	crypto_hmac_sha256(salt, str_of("server"), v->server_key);
	v->mock = true;
}
