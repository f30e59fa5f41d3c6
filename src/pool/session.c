/*
 * session.c - parameters that follow their client; see session.h.
 *
 * A value that the server reports back is the server's spelling of it, which
 * the client's set then takes over, so that the next server needs no SET for
 * a mere spelling. What a server does not report is taken to be as asked.
 */
#include "pool/session.h"

#include "base/must.h"
#include "base/str.h"
#include "pool/errand.h"
#include "pool/relay.h"
#include "pool/state.h"

void
params_set(struct paramset **set, unsigned i, const char *value)
{
	struct paramset *fresh = paramset_with(*set, i, value);

	if (fresh == NULL)
		return;
	paramset_unref(*set);
	*set = fresh;
}

bool
session_fits(const struct link *link, const struct server *s)
{
	return link->params == s->params;
}

/* Client and server agree: what is reported counts as the server has it, the
 * rest as the client wanted it. */
static void
settle(struct link *link, struct server *s)
{
	struct param_names *names = s->pooler->names;
	const char *value;
	unsigned i;

	for (i = 0; i < param_names_count(names); i++) {
		value = paramset_get(link->params, i);
		if (!(s->reported >> i & 1))
			params_set(&s->params, i, value);
	}
	paramset_unref(link->params);
	link->params = paramset_ref(s->params);
}

/* Called by the errand; the link is still the server's. */
static void
on_set(struct server *s, const struct failure *f)
{
	void (*on_done)(struct server *, const struct failure *) = s->on_set;

	must(s->link != NULL && on_done != NULL);
	s->on_set = NULL;
	if (f == NULL)
		settle(s->link, s);
	on_done(s, f);
}

void
session_put_on(struct link *link, void (*on_done)(struct server *,
    const struct failure *))
{
	struct server *s = link->server;
	struct text sql = { 0 };

	must(s->on_set == NULL);
	if (params_diff_sql(s->params, link->params, &sql) == 0) {
		settle(link, s);
		on_done(s, NULL);
	} else {
		s->on_set = on_done;
		errand_start(s, "parameters", sql.p, on_set);
	}
	text_fini(&sql);
}

void
session_taken_off(struct server *s)
{
	unsigned i;

	for (i = 0; i < param_names_count(s->pooler->names); i++)
		if (!(s->reported >> i & 1))
			params_set(&s->params, i, NULL);
}
