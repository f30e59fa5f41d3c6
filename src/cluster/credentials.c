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

void
credentials_destroy(struct credentials *c)
{
	if (c == NULL)
		return;
	drop_keys(c);
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
