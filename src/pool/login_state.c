/*
 * login_state.c - the beginning and the end of a login; see login_state.h.
 */
#include "pool/login_state.h"

#include "base/mem.h"
#include "cluster/credentials.h"
#include "pgwire/crypto.h"
#include "pgwire/params.h"
#include "pool/client.h"
#include "pool/user.h"

void
login_begin(struct client *c)
{
	c->login = mem_alloc(sizeof *c->login);
	c->login->client = c;
}

void
login_end(struct client *c)
{
	struct login *l = c->login;

	c->login = NULL;
	authquery_cancel(&l->lookup);
	source_leave(c->pooler, &l->hold);
	auth_fini(&l->auth);
	credentials_destroy(l->found);
	crypto_wipe_text(&l->answer);
	paramset_unref(l->params);
	if (l->user != NULL)
		user_release(l->user);
	text_fini(&l->out);
	mem_free(l->user_name);
	mem_free(l->asked_name);
	mem_free(l->database_name);
	mem_free(l);
}

void
login_send(struct client *c)
{
	struct text *out = &c->login->out;

	conn_send(&c->conn, out->p, out->n);
	text_clear(out);
}
