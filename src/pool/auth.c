/*
 * auth.c - the methods of auth_type; see auth.h.
 *
 * Messages as in "Start-up" and "SASL Authentication" of the PostgreSQL
 * manual's protocol chapter. Comparisons are in pgwire/ and take the same
 * time whatever is wrong. Texts are PgBouncer's.
 */
#include "pool/auth.h"

#include "base/log.h"
#include "base/must.h"
#include "cluster/credentials.h"
#include "config/config.h"
#include "config/hba.h"
#include "pgwire/messages.h"
#include "pgwire/reader.h"
#include "pgwire/sasl.h"
#include "pgwire/writer.h"
#include "pool/state.h"
#include "pool/user.h"

#define ITERATIONS_AHEAD 10000  /* a second: about 3 ms */

void
auth_init(struct auth *a, struct pooler *p, const char *name)
{
	*a = (struct auth){ .pooler = p, .name = name };
	a->sqlstate = SQLSTATE_INVALID_PASSWORD;
}

void
auth_fini(struct auth *a)
{
	if (a->in_scram)
		scram_server_fini(&a->scram);
	crypto_wipe(a->salt, sizeof a->salt);
	a->in_scram = false;
}

enum auth_verdict
auth_refuse(struct auth *a, const char *sqlstate, const char *why)
{
	a->sqlstate = sqlstate;
	a->why = why;
	return AUTH_REFUSED;
}

/* A reload may change those of a user at any time: never keep them. */
static struct credentials *
credentials_of(const struct auth *a)
{
	return a->user != NULL ? a->user->credentials : a->found;
}

bool
auth_knows(const struct auth *a)
{
	return credentials_of(a) != NULL;
}

static const struct secret *
secret_of(const struct auth *a)
{
	const struct credentials *c = credentials_of(a);

	return c != NULL ? &c->secret : NULL;
}

/* What the exchange of nobody is made of. A plain secret gets the same salt:
 * secrets that auth_query finds live as long as one login, and one who has
 * another salt each time, or a new one since a reload, would be somebody. */
static void
mock_of(const struct pooler *p, const char *name, struct scram_verifier *mock)
{
	scram_verifier_mock(mock, p->mock_key, str_of(name),
	    (uint32_t)p->config->scram_iterations);
}

static bool
may_use_scram(const struct config *cfg)
{
	return cfg->auth_type == AUTH_TYPE_SCRAM ||
	    (cfg->auth_type == AUTH_TYPE_HBA && cfg->hba != NULL &&
	    hba_uses(cfg->hba, HBA_SCRAM));
}

void
auth_prepare(struct pooler *p)
{
	struct credentials *c;
	struct scram_verifier mock, v;
	struct user *u = NULL;
	int64_t spent = 0;

	if (!may_use_scram(p->config))
		return;
	while (spent < ITERATIONS_AHEAD && (u = user_next(p, u)) != NULL) {
		c = u->credentials;
		if (c == NULL || c->verifier != NULL ||
		    c->secret.kind != SECRET_PLAIN)
			continue;
		mock_of(p, u->name, &mock);
		(void)credentials_verifier(c, &mock.params, &v);
		crypto_wipe(&v, sizeof v);
		spent += p->config->scram_iterations;
	}
}

/* A plain secret that auth_query has found is derived for each login. Nobody
 * takes as long as the last one did who has a verifier, and so does who has
 * a secret that none can be made of. */
static bool
find_verifier(struct auth *a, const struct scram_verifier *mock,
    struct scram_verifier *v)
{
	struct credentials *c = credentials_of(a);
	bool derived = c != NULL && c->verifier == NULL &&
	    c->secret.kind == SECRET_PLAIN;

	if (c != NULL && credentials_verifier(c, &mock->params, v)) {
		a->pooler->scram_is_derived = derived;
		return true;
	}
	if (a->pooler->scram_is_derived)
		secret_pass_time(str_of(a->name), mock->params.iterations);
	return false;
}

static enum auth_verdict
begin_sasl(struct auth *a, struct text *out)
{
	const char *offer[3];
	struct scram_verifier v, mock;
	unsigned char random[SCRAM_RANDOM_SIZE];

	/* Needed or not: it takes its time, and nobody shall see whose
	 * verifier is real. */
	mock_of(a->pooler, a->name, &mock);
	if (!find_verifier(a, &mock, &v))
		v = mock;
	crypto_random_take(&a->pooler->random, random, sizeof random);
	scram_server_init(&a->scram, &v, gs2_channel_data(&a->channel),
	    random);
	a->in_scram = true;
	a->method = AUTH_TYPE_SCRAM;
	crypto_wipe(&v, sizeof v);
	scram_server_offer(&a->scram, offer);
	writer_auth_sasl(out, offer);
	return AUTH_CONTINUE;
}

/* With "md5" the secret decides how its owner is asked. Nobody has none, and
 * is asked as the last one was who has: where all secrets are of one kind,
 * as they mostly are, the question does not tell who exists. */
static bool
is_asked_by_scram(const struct auth *a)
{
	const struct secret *s = secret_of(a);

	if (s != NULL && s->kind != SECRET_NONE)
		a->pooler->scram_is_usual = s->kind == SECRET_SCRAM;
	return a->pooler->scram_is_usual;
}

enum auth_verdict
auth_begin(struct auth *a, enum auth_type method, struct text *out)
{
	a->method = method;
	switch (a->method) {
	case AUTH_TYPE_ANY:
		return AUTH_ACCEPTED;
	case AUTH_TYPE_TRUST:
		return auth_knows(a) ? AUTH_ACCEPTED :
		    auth_refuse(a, SQLSTATE_INVALID_AUTHORIZATION,
		    "\"trust\" authentication failed");
	case AUTH_TYPE_PLAIN:
		writer_auth(out, AUTH_CLEARTEXT, NULL, 0);
		return AUTH_CONTINUE;
	case AUTH_TYPE_MD5:
		if (is_asked_by_scram(a))
			return begin_sasl(a, out);
		crypto_random_take(&a->pooler->random, a->salt,
		    sizeof a->salt);
		writer_auth(out, AUTH_MD5, a->salt, sizeof a->salt);
		return AUTH_CONTINUE;
	case AUTH_TYPE_SCRAM:
		return begin_sasl(a, out);
	case AUTH_TYPE_CERT:
	case AUTH_TYPE_HBA:
	case AUTH_TYPE_PAM:
	case AUTH_TYPE_LDAP:
		/* access.c or the configuration does not let these pass. */
		break;
	}
	return auth_refuse(a, SQLSTATE_INVALID_AUTHORIZATION,
	    "no authentication method is found");
}

/* A password in clear against any secret. Only a SCRAM secret takes long: so
 * that this tells nothing, all that is refused does. */
static bool
accepts_password(struct auth *a, struct str password)
{
	const struct secret *s = secret_of(a);
	bool ok = secret_accepts_password(s, str_of(a->name), password);

	if (!ok && (s == NULL || s->kind != SECRET_SCRAM))
		secret_pass_time(password,
		    (uint32_t)a->pooler->config->scram_iterations);
	return ok;
}

/* The password message of "plain" and "md5": one string. */
static enum auth_verdict
check_password(struct auth *a, struct str body)
{
	struct reader r = reader_of(body.p, body.n);
	struct str password = str_of(reader_cstring(&r));
	bool ok;

	if (!reader_done(&r))
		return auth_refuse(a, SQLSTATE_PROTOCOL_VIOLATION,
		    "failed to parse packet");
	if (password.n == 0)
		return auth_refuse(a, SQLSTATE_INVALID_PASSWORD,
		    "empty password returned by client");
	if (a->method == AUTH_TYPE_PLAIN)
		ok = accepts_password(a, password);
	else
		ok = secret_accepts_md5(secret_of(a), str_of(a->name),
		    a->salt, password);
	return ok ? AUTH_ACCEPTED : auth_refuse(a, SQLSTATE_INVALID_PASSWORD,
	    "password authentication failed");
}

static enum auth_verdict
refuse_sasl(struct auth *a, enum scram rc)
{
	log_debug(NULL, "SASL: %s", scram_why(rc));
	return auth_refuse(a, SQLSTATE_INVALID_PASSWORD,
	    "SASL authentication failed");
}

static enum auth_verdict
first_sasl(struct auth *a, struct str body, struct text *out)
{
	struct sasl_initial initial;
	struct text reply = { 0 };
	enum scram rc;

	if (!sasl_initial_parse(&initial, body))
		return refuse_sasl(a, SCRAM_MALFORMED);
	if (!scram_server_choose(&a->scram, initial.mechanism))
		return auth_refuse(a, SQLSTATE_PROTOCOL_VIOLATION, "client "
		    "selected an invalid SASL authentication mechanism");
	rc = scram_server_first(&a->scram, initial.data, &reply);
	if (rc == SCRAM_OK)
		writer_auth(out, AUTH_SASL_CONTINUE, reply.p, reply.n);
	text_fini(&reply);
	return rc == SCRAM_OK ? AUTH_CONTINUE : refuse_sasl(a, rc);
}

/* The client has proved what was its secret when the exchange began: a reload
 * may have taken that away since, or put another one in its place.
 *
 * Keys that the client has proved open its servers as well, if those store
 * the very same secret: SCRAM pass-through. Keys that were derived from a
 * plain secret have our own salt and open nothing. */
static bool
take_keys(struct auth *a)
{
	struct credentials *c = credentials_of(a);
	struct scram_verifier mock, v;
	struct scram_keys keys;
	bool fit;

	must(c != NULL);
	mock_of(a->pooler, a->name, &mock);
	scram_server_keys(&a->scram, &keys);
	fit = credentials_verifier(c, &mock.params, &v) &&
	    scram_keys_fit(&keys, &v);
	if (fit && c->secret.kind == SECRET_SCRAM)
		credentials_keep(c, &keys);
	crypto_wipe(&keys, sizeof keys);
	crypto_wipe(&v, sizeof v);
	return fit;
}

static enum auth_verdict
final_sasl(struct auth *a, struct str body, struct text *out)
{
	struct text reply = { 0 };
	enum scram rc = scram_server_final(&a->scram, body, &reply);

	if (rc == SCRAM_OK && !take_keys(a))
		rc = SCRAM_WRONG_PROOF;
	if (rc == SCRAM_OK)
		writer_auth(out, AUTH_SASL_FINAL, reply.p, reply.n);
	text_fini(&reply);
	return rc == SCRAM_OK ? AUTH_ACCEPTED : refuse_sasl(a, rc);
}

enum auth_verdict
auth_answer(struct auth *a, struct str body, struct text *out)
{
	if (!a->in_scram)
		return check_password(a, body);
	return a->scram.step == SCRAM_STEP_FIRST ?
	    first_sasl(a, body, out) : final_sasl(a, body, out);
}
