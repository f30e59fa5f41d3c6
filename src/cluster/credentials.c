/*
 * credentials.c - secrets for servers; see credentials.h.
 *
 * Keys belong to the identity that proved them: whoever calls
 * credentials_keep() has seen the owner of this name log in.
 */
#include "cluster/credentials.h"

#include <string.h>

#include "base/mem.h"
#include "pgwire/crypto.h"

struct credentials *
credentials_create(const char *user, const char *secret)
{
	struct credentials *c = mem_alloc(sizeof *c);

	c->user = mem_strdup(user);
	/* A secret that cannot be one is none; the userlist has complained. */
	if (!secret_init(&c->secret, str_of(secret != NULL ? secret : "")))
		c->secret = (struct secret){ 0 };
	return c;
}

static void
drop_keys(struct credentials *c)
{
	if (c->keys == NULL)
		return;
	crypto_wipe(c->keys, sizeof *c->keys);
	mem_free(c->keys);
	c->keys = NULL;
}

static void
drop_verifier(struct credentials *c)
{
	if (c->verifier == NULL)
		return;
	crypto_wipe(c->verifier, sizeof *c->verifier);
	mem_free(c->verifier);
	c->verifier = NULL;
}

void
credentials_destroy(struct credentials *c)
{
	if (c == NULL)
		return;
	drop_keys(c);
	drop_verifier(c);
	secret_fini(&c->secret);
	mem_free(c->user);
	mem_free(c);
}

bool
credentials_same(const struct credentials *c, const char *user,
    const char *secret)
{
	return strcmp(c->user, user) == 0 &&
	    str_is(secret_text(&c->secret), secret != NULL ? secret : "");
}

void
credentials_keep(struct credentials *c, const struct scram_keys *keys)
{
	if (c->keys == NULL)
		c->keys = mem_alloc(sizeof *c->keys);
	*c->keys = *keys;
}

bool
credentials_verifier(struct credentials *c, const struct scram_params *fresh,
    struct scram_verifier *v)
{
	if (c->verifier == NULL) {
		if (!secret_scram_verifier(&c->secret, fresh, v))
			return false;
		c->verifier = mem_dup(v, sizeof *v);
	}
	*v = *c->verifier;
	return true;
}
