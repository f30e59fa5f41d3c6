/*
 * secret.c - one stored secret, and every way to prove that one knows it.
 *
 * A secret comes from the user list, a connection string or auth_query, and
 * its kind shows in its text, as in pg_authid. Which kind works with which
 * method:
 *
 *               clear text   MD5   SCRAM        (a client logs in)
 *   plain       yes          yes   derived
 *   MD5         yes          yes   no
 *   SCRAM       derived      no    yes
 *
 * The stored text is never changed by a login: digests are made in copies,
 * so the next login may use another method.
 */
#include "pgwire/secret.h"

#include "base/mem.h"
#include "pgwire/crypto.h"

enum secret_kind
secret_classify(struct str s)
{
	struct scram_verifier v;
	bool scram;

	if (s.n == 0)
		return SECRET_NONE;
	if (md5_is_secret(s))
		return SECRET_MD5;
	scram = scram_verifier_parse(&v, s);
	crypto_wipe(&v, sizeof v);
	return scram ? SECRET_SCRAM : SECRET_PLAIN;
}

bool
secret_init(struct secret *s, struct str text)
{
	memset(s, 0, sizeof *s);
	if (text.n > SECRET_MAX)
		return false;
	if (text.n == 0)
		return true;
	if (memchr(text.p, '\0', text.n) != NULL)
		return false;
	s->kind = secret_classify(text);
	s->text = mem_dup(text.p, text.n);
	s->len = text.n;
	return true;
}

void
secret_fini(struct secret *s)
{
	if (s->text != NULL)
		crypto_wipe(s->text, s->len);
	mem_free(s->text);
	memset(s, 0, sizeof *s);
}

struct str
secret_text(const struct secret *s)
{
	return (struct str){ s->text != NULL ? s->text : "", s->len };
}

bool
secret_equal(const struct secret *a, const struct secret *b)
{
	return a->kind == b->kind &&
	    crypto_same_text(secret_text(a), secret_text(b));
}

/* Clients */

static bool
password_fits_md5(struct str stored, struct str user, struct str password)
{
	char made[MD5_TEXT_ROOM];
	bool ok;

	ok = md5_secret(made, password, user) &&
	    crypto_same(made, stored.p, MD5_TEXT_LEN);
	crypto_wipe(made, sizeof made);
	return ok;
}

static bool
password_fits_scram(struct str stored, struct str password)
{
	struct scram_verifier v;
	struct scram_keys k;
	bool ok;

	ok = scram_verifier_parse(&v, stored) &&
	    v.params.iterations <= SCRAM_ITERATIONS_MAX;
	if (ok) {
		scram_keys_derive(&k, password, &v.params);
		ok = scram_keys_fit(&k, &v);
		crypto_wipe(&k, sizeof k);
	}
	crypto_wipe(&v, sizeof v);
	return ok;
}

bool
secret_accepts_password(const struct secret *s, struct str user,
    struct str password)
{
	if (s == NULL || password.n == 0 || password.n > SECRET_MAX)
		return false;
	switch (s->kind) {
	case SECRET_NONE:
		return false;
	case SECRET_PLAIN:
		return crypto_same_text(password, secret_text(s));
	case SECRET_MD5:
		return password_fits_md5(secret_text(s), user, password);
	case SECRET_SCRAM:
		return password_fits_scram(secret_text(s), password);
	}
	return false;
}

void
secret_pass_time(struct str password, uint32_t iterations)
{
	static const char salt[SCRAM_SALT_SIZE];
	struct scram_params params;
	struct scram_keys k;

	scram_params_set(&params, (struct str){ salt, sizeof salt },
	    iterations < SCRAM_ITERATIONS_MAX ? iterations :
	    SCRAM_ITERATIONS_MAX);
	scram_keys_derive(&k, password, &params);
	crypto_wipe(&k, sizeof k);
}

/* The MD5 secret of this user; false if there is no way to it. */
static bool
md5_of(const struct secret *s, struct str user, char out[MD5_TEXT_ROOM])
{
	switch (s->kind) {
	case SECRET_PLAIN:
		return md5_secret(out, secret_text(s), user);
	case SECRET_MD5:
		memcpy(out, s->text, MD5_TEXT_ROOM);
		return true;
	case SECRET_NONE:
	case SECRET_SCRAM:
		break;
	}
	return false;
}

bool
secret_accepts_md5(const struct secret *s, struct str user,
    const unsigned char salt[MD5_SALT_SIZE], struct str response)
{
	char stored[MD5_TEXT_ROOM];
	bool known, ok;

	known = s != NULL && md5_of(s, user, stored);
	/* The same arithmetic, for the time that it takes. */
	if (!known && !md5_secret(stored, user, user))
		return false;
	ok = md5_accepts(response, (struct str){ stored, MD5_TEXT_LEN },
	    salt);
	crypto_wipe(stored, sizeof stored);
	return known && ok;
}

bool
secret_scram_verifier(const struct secret *s,
    const struct scram_params *fresh, struct scram_verifier *v)
{
	struct scram_keys k;

	if (s == NULL)
		return false;
	switch (s->kind) {
	case SECRET_PLAIN:
		scram_keys_derive(&k, secret_text(s), fresh);
		scram_verifier_of(v, &k);
		crypto_wipe(&k, sizeof k);
		return true;
	case SECRET_SCRAM:
		return scram_verifier_parse(v, secret_text(s));
	case SECRET_NONE:
	case SECRET_MD5:
		break;
	}
	return false;
}

/* Servers */

bool
secret_answers_md5(const struct secret *s, struct str user,
    const unsigned char salt[MD5_SALT_SIZE], char out[MD5_TEXT_ROOM])
{
	char stored[MD5_TEXT_ROOM];
	bool ok;

	if (!md5_of(s, user, stored))
		return false;
	ok = md5_response(out, (struct str){ stored, MD5_TEXT_LEN }, salt);
	crypto_wipe(stored, sizeof stored);
	return ok;
}
