/*
 * world.h - clients, the pooler and servers on one page.
 *
 * A test scripts both sides; between them runs the real core on a virtual
 * clock. After each step everything turns until nothing moves any more, and
 * the invariants of all pools are checked. Clients have the numbers that the
 * test gives them; servers and cancel requests count from 1 in the order in
 * which they arrived. Messages are lines, see script.h.
 *
 *	struct world *w = world_start("pool_mode = transaction\n");
 *
 *	client_sends(w, 1, "Q BEGIN");
 *	server_replies(w, 1, "C BEGIN", "Z T");
 *	client_gets(w, 1, "C BEGIN", "Z T");
 *	ck_assert_str_eq(server_owner(w, 1), "client 1");
 *	world_stop(w);
 */
#ifndef CONVERSATION_WORLD_H
#define CONVERSATION_WORLD_H

#include <check.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/str.h"
#include "conversation/roles.h"
#include "conversation/script.h"
#include "pool/facts.h"
#include "pool/facts_socket.h"
#include "pool/state.h"

struct world {
	struct loop *loop;
	const struct config *config;
	struct pooler *pooler;
	struct peer **clients, **servers, **cancels, **arrivals;
	unsigned nclients, nservers, ncancels, narrivals;
	struct host_socket *hosts;
	char **reports;         /* what servers say at their login */
	char *refusal;          /* NULL: servers let us in */
	int send_buffer;        /* of the pooler's sockets to clients; 0 */
	bool by_hand;           /* logins are the test's to answer */
	bool hangs_up;          /* servers close at the startup packet */
	bool holds_cancels;     /* cancel requests stay open */
	bool keeps_resets;      /* DISCARD ALL and the empty query as well */
	bool takes_names;       /* SET application_name is answered */
	void (*on_query)(struct world *, unsigned server, const char *line);
		/* NULL, or who answers instead of the test */
	char owner[32];
};

struct world *world_start(const char *ini);
	/* Lines of the main section, then perhaps other sections. $1, $2, $3
	 * are hosts that listen ($1 is that of the database "shop", which is
	 * there unless [databases] is), $TCP is a fourth one. The users app,
	 * other and third may log in without a password. */

void world_stop(struct world *);
	/* Everybody leaves, and nothing may be counted any more (h01). */

void world_abandon(struct world *);
	/* End the pooler with all that is in it. */

void world_reload(struct world *, const char *ini);

void world_turn(struct world *);
	/* Until nothing moves. Each of the functions below does it. */
void world_advance(struct world *, double seconds);

int world_run(Suite *);
	/* For main(): the result. */

unsigned server_count(struct world *);
	/* As the pooler counts them: not those that it closes. */
struct pool *world_pool(struct world *, const char *database,
    const char *user);

#endif
