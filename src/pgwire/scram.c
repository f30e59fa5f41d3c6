/*
 * scram.c - SCRAM-SHA-256 as in RFC 5802, RFC 5929, RFC 7677 and the
 * PostgreSQL manual, section "SASL Authentication".
 *
 *   client-first   n,,n=,r=<client nonce>
 *   server-first   r=<client nonce><server nonce>,s=<salt>,i=<iterations>
 *   client-final   c=biws,r=<both nonces>,p=<proof>
 *   server-final   v=<signature>
 *
 * with AuthMessage = client-first without its "n,,", server-first and
 * client-final without its proof, joined by commas, and
 *
 *   proof     = ClientKey XOR HMAC(StoredKey, AuthMessage)
 *   signature = HMAC(ServerKey, AuthMessage)
 *
 * PostgreSQL's peculiarities: the user name in the message is ignored (the
 * startup packet has it), and there is no authorization identity.
 *
 * Messages come in as bytes of any length and content; a message is checked
 * for its length before anything else, and views into it do the parsing, so
 * nothing is copied that was not measured. A failed step ends the exchange.
 * This file knows neither users nor sockets; randomness is an argument.
 */
#include "pgwire/scram.h"

#include <stdint.h>

#include "base/must.h"
#include "pgwire/crypto.h"

#define KEY_BASE64_ROOM CRYPTO_BASE64_ROOM(SCRAM_KEY_SIZE)

static const char *const reason[] = {
#define X(id, why) [SCRAM_##id] = why,
	SCRAM_RESULTS(X)
#undef X
};

const char *
scram_why(enum scram r)
{
	must((size_t)r < countof(reason));
	return reason[r];
}

/*
 * Reading: s is what is left of a message.
 */

static enum scram
check_size(struct str s)
{
	if (s.n > SCRAM_MESSAGE_MAX)
		return SCRAM_TOO_LONG;
	if (s.n == 0 || memchr(s.p, '\0', s.n) != NULL)
		return SCRAM_MALFORMED;
	return SCRAM_OK;
}

static bool
next_is(struct str s, char c)
{
	return s.n != 0 && s.p[0] == c;
}

static bool
take_char(struct str *s, char c)
{
	if (!next_is(*s, c))
		return false;
	s->p++;
	s->n--;
	return true;
}

/* Take "name=value" up to the next comma, which stays. */
static bool
take_attr(struct str *s, char name, struct str *value)
{
	const char *comma;

	if (!take_char(s, name) || !take_char(s, '='))
		return false;
	comma = s->n != 0 ? memchr(s->p, ',', s->n) : NULL;
	*value = (struct str){ s->p,
		comma != NULL ? (size_t)(comma - s->p) : s->n };
	s->p += value->n;
	s->n -= value->n;
	return true;
}

/* Take a comma and an attribute that we may ignore. */
static enum scram
take_extension(struct str *s)
{
	struct str ignored;
	char name;

	if (!take_char(s, ',') || s->n == 0)
		return SCRAM_MALFORMED;
	name = s->p[0];
	if (name == 'm')
		return SCRAM_EXTENSION;
	if (!((name >= 'a' && name <= 'z') || (name >= 'A' && name <= 'Z')))
		return SCRAM_MALFORMED;
	return take_attr(s, name, &ignored) ? SCRAM_OK : SCRAM_MALFORMED;
}

/* Nothing but such attributes may be left. */
static enum scram
skip_extensions(struct str *s)
{
	enum scram r = SCRAM_OK;

	while (r == SCRAM_OK && s->n != 0)
		r = take_extension(s);
	return r;
}

/* Printable ASCII without commas (RFC 5802, section 7). */
static enum scram
check_nonce(struct str nonce, size_t max)
{
	size_t i;

	if (nonce.n > max)
		return SCRAM_TOO_LONG;
	for (i = 0; i < nonce.n; i++)
		if (nonce.p[i] < 0x21 || nonce.p[i] > 0x7e ||
		    nonce.p[i] == ',')
			return SCRAM_MALFORMED;
	return nonce.n != 0 ? SCRAM_OK : SCRAM_MALFORMED;
}

static bool
read_key(struct str base64, unsigned char key[SCRAM_KEY_SIZE])
{
	size_t n;

	return crypto_base64_decode(base64, key, SCRAM_KEY_SIZE, &n) &&
	    n == SCRAM_KEY_SIZE;
}

/*
 * Writing and computing
 */

static void
make_nonce(char out[SCRAM_OWN_NONCE_ROOM],
    const unsigned char random[SCRAM_RANDOM_SIZE])
{
	crypto_base64_encode(random, SCRAM_RANDOM_SIZE, out,
	    SCRAM_OWN_NONCE_ROOM);
}

/* Append "x=base64". */
static void
add_key(struct text *t, const char *attr,
    const unsigned char key[SCRAM_KEY_SIZE])
{
	char base64[KEY_BASE64_ROOM];

	text_puts(t, attr);
	text_add(t, base64, crypto_base64_encode(key, SCRAM_KEY_SIZE, base64,
	    sizeof base64));
}

static struct str
view(const struct text *t)
{
	return (struct str){ t->p, t->n };
}

/* Append one more part of the AuthMessage. */
static void
record(struct text *transcript, struct str part)
{
	if (transcript->n != 0)
		text_puts(transcript, ",");
	text_add(transcript, part.p, part.n);
}

/* to = ClientKey XOR ClientSignature; the same way back and forth. */
static void
mask_client_key(const unsigned char from[SCRAM_KEY_SIZE],
    const unsigned char stored_key[SCRAM_KEY_SIZE],
    const struct text *transcript, unsigned char to[SCRAM_KEY_SIZE])
{
	unsigned char signature[SCRAM_KEY_SIZE];
	size_t i;

	crypto_hmac_sha256(stored_key, view(transcript), signature);
	for (i = 0; i < SCRAM_KEY_SIZE; i++)
		to[i] = from[i] ^ signature[i];
	crypto_wipe(signature, sizeof signature);
}

/*
 * Server side
 */

void
scram_server_init(struct scram_server *s, const struct scram_verifier *v,
    struct str binding, const unsigned char random[SCRAM_RANDOM_SIZE])
{
	memset(s, 0, sizeof *s);
	s->verifier = *v;
	gs2_channel_set(&s->channel, binding);
	make_nonce(s->own_nonce, random);
}

void
scram_server_offer(const struct scram_server *s, const char *list[3])
{
	size_t n = 0;

	if (s->channel.n > 0)
		list[n++] = SASL_SCRAM_SHA_256_PLUS;
	list[n++] = SASL_SCRAM_SHA_256;
	list[n] = NULL;
}

bool
scram_server_choose(struct scram_server *s, struct str mechanism)
{
	must(s->step == SCRAM_STEP_FIRST);
	s->plus = str_is(mechanism, SASL_SCRAM_SHA_256_PLUS);
	return s->plus ? s->channel.n > 0 :
	    str_is(mechanism, SASL_SCRAM_SHA_256);
}

void
scram_server_fini(struct scram_server *s)
{
	text_fini(&s->nonce);
	text_fini(&s->transcript);
	crypto_wipe(s, sizeof *s);
}

/*
 * The GS2 header says whether the channel is bound: "n" the client cannot,
 * "y" it could but believes that we cannot, "p" it does. "p" and
 * SCRAM-SHA-256-PLUS go together; PostgreSQL has one kind of binding.
 */
static enum scram
read_gs2_flag(struct scram_server *s, struct str *in)
{
	struct str kind;

	if (next_is(*in, 'p') != s->plus)
		return next_is(*in, 'p') || next_is(*in, 'n') ||
		    next_is(*in, 'y') ? SCRAM_CHANNEL_BINDING :
		    SCRAM_MALFORMED;
	if (s->plus) {
		s->gs2 = GS2_BOUND;
		if (!take_attr(in, 'p', &kind))
			return SCRAM_MALFORMED;
		return str_is(kind, "tls-server-end-point") ? SCRAM_OK :
		    SCRAM_CHANNEL_BINDING;
	}
	s->gs2 = next_is(*in, 'y') ? GS2_COULD : GS2_CANNOT;
	if (!take_char(in, s->gs2 == GS2_COULD ? 'y' : 'n'))
		return SCRAM_MALFORMED;
	return s->gs2 == GS2_COULD && s->channel.n > 0 ?
	    SCRAM_CHANNEL_BINDING : SCRAM_OK;
}

static enum scram
read_gs2_header(struct scram_server *s, struct str *in)
{
	enum scram r = read_gs2_flag(s, in);

	if (r != SCRAM_OK)
		return r;
	if (!take_char(in, ','))
		return SCRAM_MALFORMED;
	if (next_is(*in, 'a'))
		return SCRAM_AUTHZID;
	return take_char(in, ',') ? SCRAM_OK : SCRAM_MALFORMED;
}

static enum scram
read_client_first_bare(struct str in, struct str *nonce)
{
	struct str user;
	enum scram r;

	if (next_is(in, 'm'))
		return SCRAM_EXTENSION;
	if (!take_attr(&in, 'n', &user) || !take_char(&in, ',') ||
	    !take_attr(&in, 'r', nonce))
		return SCRAM_MALFORMED;
	r = check_nonce(*nonce, SCRAM_NONCE_MAX);
	return r == SCRAM_OK ? skip_extensions(&in) : r;
}

static void
add_server_first(const struct scram_server *s, struct text *out)
{
	const struct scram_params *p = &s->verifier.params;
	char salt[CRYPTO_BASE64_ROOM(SCRAM_SALT_MAX)];

	crypto_base64_encode(p->salt, p->salt_len, salt, sizeof salt);
	text_printf(out, "r=%s,s=%s,i=%u", s->nonce.p, salt,
	    (unsigned)p->iterations);
}

enum scram
scram_server_first(struct scram_server *s, struct str in, struct text *out)
{
	struct str client_nonce;
	size_t from = out->n;
	enum scram r;

	must(s->step == SCRAM_STEP_FIRST);
	s->step = SCRAM_STEP_DONE;
	if ((r = check_size(in)) != SCRAM_OK ||
	    (r = read_gs2_header(s, &in)) != SCRAM_OK ||
	    (r = read_client_first_bare(in, &client_nonce)) != SCRAM_OK)
		return r;
	text_add(&s->nonce, client_nonce.p, client_nonce.n);
	text_puts(&s->nonce, s->own_nonce);
	add_server_first(s, out);
	record(&s->transcript, in);
	record(&s->transcript, (struct str){ out->p + from, out->n - from });
	s->step = SCRAM_STEP_FINAL;
	return SCRAM_OK;
}

/* Split into what is signed and the proof, which comes last. */
static enum scram
read_client_final(const struct scram_server *s, struct str in,
    struct str *without_proof, unsigned char proof[SCRAM_KEY_SIZE])
{
	const char *begin = in.p;
	char expected[GS2_TEXT_ROOM];
	struct str binding, nonce, base64;
	enum scram r;

	if (!take_attr(&in, 'c', &binding) || !take_char(&in, ',') ||
	    !take_attr(&in, 'r', &nonce))
		return SCRAM_MALFORMED;
	gs2_binding(s->gs2, &s->channel, expected);
	if (!str_is(binding, expected))
		return SCRAM_BINDING_CHECK;
	if (!str_eq(nonce, view(&s->nonce)))
		return SCRAM_NONCE;
	while (in.n >= 2 && in.p[1] != 'p')
		if ((r = take_extension(&in)) != SCRAM_OK)
			return r;
	*without_proof = (struct str){ begin, (size_t)(in.p - begin) };
	if (!take_char(&in, ',') || !take_attr(&in, 'p', &base64) ||
	    in.n != 0 || !read_key(base64, proof))
		return SCRAM_MALFORMED;
	return SCRAM_OK;
}

/* Recover the ClientKey from the proof; does it make our StoredKey? */
static bool
proof_is_right(struct scram_server *s,
    const unsigned char proof[SCRAM_KEY_SIZE])
{
	unsigned char stored_key[SCRAM_KEY_SIZE];
	bool same;

	mask_client_key(proof, s->verifier.stored_key, &s->transcript,
	    s->client_key);
	crypto_sha256(s->client_key, SCRAM_KEY_SIZE, stored_key);
	same = crypto_same(stored_key, s->verifier.stored_key,
	    SCRAM_KEY_SIZE);
	return same && !s->verifier.mock;
}

enum scram
scram_server_final(struct scram_server *s, struct str in, struct text *out)
{
	unsigned char proof[SCRAM_KEY_SIZE], signature[SCRAM_KEY_SIZE];
	struct str without_proof;
	enum scram r;

	must(s->step == SCRAM_STEP_FINAL);
	s->step = SCRAM_STEP_DONE;
	if ((r = check_size(in)) != SCRAM_OK ||
	    (r = read_client_final(s, in, &without_proof, proof)) != SCRAM_OK)
		return r;
	record(&s->transcript, without_proof);
	if (!proof_is_right(s, proof)) {
		crypto_wipe(s->client_key, sizeof s->client_key);
		return SCRAM_WRONG_PROOF;
	}
	crypto_hmac_sha256(s->verifier.server_key, view(&s->transcript),
	    signature);
	add_key(out, "v=", signature);
	s->accepted = true;
	return SCRAM_OK;
}

void
scram_server_keys(const struct scram_server *s, struct scram_keys *k)
{
	must(s->accepted);
	k->params = s->verifier.params;
	memcpy(k->client_key, s->client_key, SCRAM_KEY_SIZE);
	memcpy(k->server_key, s->verifier.server_key, SCRAM_KEY_SIZE);
}

/*
 * Client side
 */

void
scram_client_init(struct scram_client *c,
    const unsigned char random[SCRAM_RANDOM_SIZE])
{
	memset(c, 0, sizeof *c);
	make_nonce(c->own_nonce, random);
}

void
scram_client_fini(struct scram_client *c)
{
	text_fini(&c->transcript);
	crypto_wipe(c, sizeof *c);
}

enum scram
scram_client_choose(struct scram_client *c, const struct sasl_offer *offer,
    struct str binding, bool must_bind, const char **mechanism)
{
	must(!c->first_made);
	gs2_channel_set(&c->channel, binding);
	if (binding.n > 0 && offer->scram_sha_256_plus) {
		c->gs2 = GS2_BOUND;
		*mechanism = SASL_SCRAM_SHA_256_PLUS;
		return SCRAM_OK;
	}
	c->gs2 = binding.n > 0 ? GS2_COULD : GS2_CANNOT;
	*mechanism = SASL_SCRAM_SHA_256;
	if (must_bind)
		return SCRAM_NOT_BOUND;
	return offer->scram_sha_256 ? SCRAM_OK : SCRAM_NO_MECHANISM;
}

void
scram_client_first(struct scram_client *c, struct text *out)
{
	must(!c->first_made && c->step == SCRAM_STEP_FIRST);
	c->first_made = true;
	text_printf(&c->transcript, "n=,r=%s", c->own_nonce);
	text_puts(out, gs2_head(c->gs2));
	text_add(out, c->transcript.p, c->transcript.n);
}

/* Digits only; more than the cap is told apart from nonsense. */
static enum scram
read_iterations(struct str s, uint32_t *out)
{
	uint32_t n = 0;
	size_t i;

	for (i = 0; i < s.n; i++)
		if (s.p[i] < '0' || s.p[i] > '9')
			return SCRAM_MALFORMED;
	for (i = 0; i < s.n && n <= SCRAM_ITERATIONS_MAX; i++)
		n = n * 10 + (uint32_t)(s.p[i] - '0');
	*out = n;
	if (n == 0)
		return SCRAM_MALFORMED;
	return n <= SCRAM_ITERATIONS_MAX ? SCRAM_OK : SCRAM_ITERATIONS;
}

static enum scram
read_params(struct str salt, struct str iterations, struct scram_params *p)
{
	unsigned char bytes[SCRAM_SALT_MAX];
	uint32_t count;
	enum scram r;
	size_t n;

	if (salt.n > CRYPTO_BASE64_LEN(SCRAM_SALT_MAX))
		return SCRAM_TOO_LONG;
	if (!crypto_base64_decode(salt, bytes, sizeof bytes, &n) || n == 0)
		return SCRAM_MALFORMED;
	r = read_iterations(iterations, &count);
	if (r == SCRAM_OK)
		scram_params_set(p, (struct str){ (char *)bytes, n }, count);
	return r;
}

static enum scram
read_server_first(const struct scram_client *c, struct str in,
    struct str *nonce, struct scram_params *p)
{
	const size_t own = strlen(c->own_nonce);
	struct str salt, iterations;
	enum scram r;

	if (next_is(in, 'm'))
		return SCRAM_EXTENSION;
	if (next_is(in, 'e'))
		return SCRAM_REFUSED;
	if (!take_attr(&in, 'r', nonce) || !take_char(&in, ',') ||
	    !take_attr(&in, 's', &salt) || !take_char(&in, ',') ||
	    !take_attr(&in, 'i', &iterations))
		return SCRAM_MALFORMED;
	r = check_nonce(*nonce, own + SCRAM_NONCE_MAX);
	if (r == SCRAM_OK)
		r = skip_extensions(&in);
	if (r != SCRAM_OK)
		return r;
	/* The server must add to our nonce, or it replays an old login. */
	if (nonce->n <= own || memcmp(nonce->p, c->own_nonce, own) != 0)
		return SCRAM_NONCE;
	return read_params(salt, iterations, p);
}

static enum scram
choose_keys(struct scram_client *c, const struct scram_login *login,
    const struct scram_params *p)
{
	if (login->keys != NULL && scram_params_equal(&login->keys->params, p))
		c->keys = *login->keys;
	else if (login->password.n != 0) {
		scram_keys_derive(&c->keys, login->password, p);
		c->derived = true;
	} else
		return login->keys != NULL ? SCRAM_OTHER_SECRET :
		    SCRAM_NO_PASSWORD;
	return SCRAM_OK;
}

/* The transcript is complete: append our proof, expect the signature. */
static void
add_proof(struct scram_client *c, struct text *out)
{
	unsigned char stored_key[SCRAM_KEY_SIZE], proof[SCRAM_KEY_SIZE];

	crypto_sha256(c->keys.client_key, SCRAM_KEY_SIZE, stored_key);
	mask_client_key(c->keys.client_key, stored_key, &c->transcript,
	    proof);
	add_key(out, ",p=", proof);
	crypto_hmac_sha256(c->keys.server_key, view(&c->transcript),
	    c->server_signature);
	crypto_wipe(stored_key, sizeof stored_key);
}

enum scram
scram_client_final(struct scram_client *c, struct str in,
    const struct scram_login *login, struct text *out)
{
	char binding[GS2_TEXT_ROOM];
	struct scram_params params;
	struct str nonce;
	size_t from = out->n;
	enum scram r;

	must(c->first_made && c->step == SCRAM_STEP_FIRST);
	c->step = SCRAM_STEP_DONE;
	if ((r = check_size(in)) != SCRAM_OK ||
	    (r = read_server_first(c, in, &nonce, &params)) != SCRAM_OK ||
	    (r = choose_keys(c, login, &params)) != SCRAM_OK)
		return r;
	gs2_binding(c->gs2, &c->channel, binding);
	text_printf(out, "c=%s,r=", binding);
	text_add(out, nonce.p, nonce.n);
	record(&c->transcript, in);
	record(&c->transcript, (struct str){ out->p + from, out->n - from });
	add_proof(c, out);
	c->step = SCRAM_STEP_FINAL;
	return SCRAM_OK;
}

enum scram
scram_client_verify(struct scram_client *c, struct str in)
{
	unsigned char signature[SCRAM_KEY_SIZE];
	struct str base64;
	enum scram r;

	must(c->step == SCRAM_STEP_FINAL);
	c->step = SCRAM_STEP_DONE;
	if ((r = check_size(in)) != SCRAM_OK)
		return r;
	if (next_is(in, 'e'))
		return SCRAM_REFUSED;
	if (!take_attr(&in, 'v', &base64))
		return SCRAM_MALFORMED;
	if ((r = skip_extensions(&in)) != SCRAM_OK)
		return r;
	if (!read_key(base64, signature) ||
	    !crypto_same(signature, c->server_signature, sizeof signature))
		return SCRAM_SIGNATURE;
	c->verified = true;
	return SCRAM_OK;
}

bool
scram_client_is_verified(const struct scram_client *c)
{
	return c->verified;
}
