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
#include "conversation/script.h"
#include "pool/facts.h"
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
	bool holds_cancels;     /* cancel requests stay open */
	bool keeps_resets;      /* DISCARD ALL is the test's to answer */
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

/* Clients. */

void client_comes(struct world *, unsigned n, const char *params);
	/* Connect and send the startup packet: "user=app&database=shop" and
	 * params. */

void client_joins(struct world *, unsigned n, const char *params);
	/* The same, and the login must succeed; its messages are read. */

const char *client_param(struct world *, unsigned n, const char *name);
	/* As told at the login; NULL: not told. */

void client_sends_bytes(struct world *, unsigned n, const void *, size_t);
void client_leaves(struct world *, unsigned n);
void client_drops(struct world *, unsigned n);
	/* The same, without a turn. */
void client_stops_sending(struct world *, unsigned n);
void client_stalls(struct world *, unsigned n, bool stalled);
bool client_is_gone(struct world *, unsigned n);
	/* The pooler has closed the connection, after what was read. */
const char *client_waits(struct world *, unsigned n);
	/* For which reason; "". */
struct client *client_in_pooler(struct world *, unsigned n);
void client_cancels(struct world *, unsigned n, unsigned target);
	/* Client n comes to cancel the target's query. */
size_t client_unread(struct world *, unsigned n);
size_t server_unread(struct world *, unsigned n);
	/* Bytes that came and were not looked at yet. */

/* Servers. */

void server_replies_bytes(struct world *, unsigned n, const void *, size_t);
void server_dies(struct world *, unsigned n);
void server_stalls(struct world *, unsigned n, bool stalled);
void server_lingers(struct world *, unsigned n);
	/* It does not close when the pooler does; server_dies() does. */
const char *server_owner(struct world *, unsigned n);
	/* "client 1", "pool", "login", "tested", "being_canceled",
	 * "gone" (or being closed). */
struct server *server_in_pooler(struct world *, unsigned n);
void server_next(struct world *, unsigned n, struct text *line);
	/* Its next message, whatever it is. */

void servers_report(struct world *, const char *pair);
	/* "TimeZone=Europe/Berlin", at logins from now on. */
void servers_refuse(struct world *, const char *error);
	/* "FATAL 28P01 message" to all logins from now on; NULL: let in. */
void servers_listen(struct world *, unsigned host, bool);
	/* Is there somebody at $1, $2, $3? At first there is. */

unsigned cancel_target(struct world *, unsigned k);
	/* The server that the k-th cancel request was meant for; 0: none. */
void cancel_ends(struct world *, unsigned k);
	/* With holds_cancels: the server's postmaster closes. */

/* The rest has a list of lines: client_sends(w, 1, "P - SELECT 1", "S"). */
#define LINES(...) (const char *const []){ __VA_ARGS__, NULL }, \
	__FILE__, __LINE__

#define client_sends(w, n, ...) client_sends_lines(w, n, LINES(__VA_ARGS__))
#define client_gets(w, n, ...) client_gets_lines(w, n, LINES(__VA_ARGS__))
#define server_replies(w, n, ...) \
	server_replies_lines(w, n, LINES(__VA_ARGS__))
#define server_gets(w, n, ...) server_gets_lines(w, n, LINES(__VA_ARGS__))
#define client_gets_nothing(w, n) client_gets_lines(w, n, LINES(NULL))
#define server_gets_nothing(w, n) server_gets_lines(w, n, LINES(NULL))

void client_sends_lines(struct world *, unsigned n, const char *const *,
    const char *file, int line);
	/* In one write. Joins first if it has not yet. */
void client_gets_lines(struct world *, unsigned n, const char *const *,
    const char *file, int line);
	/* Exactly these have come since the last time. */
void server_replies_lines(struct world *, unsigned n, const char *const *,
    const char *file, int line);
	/* In one write; what it was sent so far counts as read. */
void server_gets_lines(struct world *, unsigned n, const char *const *,
    const char *file, int line);

#endif
