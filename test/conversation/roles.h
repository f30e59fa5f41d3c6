/*
 * roles.h - what clients and servers do in a conversation; see world.h.
 */
#ifndef CONVERSATION_ROLES_H
#define CONVERSATION_ROLES_H

#include <stdbool.h>
#include <stddef.h>

#include "base/str.h"

struct client;
struct server;
struct world;

/* Clients. */


void client_comes(struct world *, unsigned n, const char *params);
	/* Connect and send the startup packet: "user=app&database=shop" and
	 * params. */

void client_joins(struct world *, unsigned n, const char *params);
	/* The same, and the login must succeed; its messages are read. */

const char *client_param(struct world *, unsigned n, const char *name);
	/* As told at the login; NULL: not told. */

void client_sends_bytes(struct world *, unsigned n, const void *, size_t);
void client_writes(struct world *, unsigned n, const char *line);
	/* Sends this, without a turn. */
void client_leaves(struct world *, unsigned n);
void client_lingers(struct world *, unsigned n);
	/* It does not close when the pooler does. */
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
const void *client_bytes(struct world *, unsigned n);
const void *server_bytes(struct world *, unsigned n);
	/* What came and was not looked at yet. */
bool client_next(struct world *, unsigned n, struct text *line);
	/* Its next message, if there is one. */
void client_skips(struct world *, unsigned n, size_t bytes);
	/* So much of that was looked at. */

/* Servers. */

void server_replies_bytes(struct world *, unsigned n, const void *, size_t);
void server_dies(struct world *, unsigned n);
void server_drops(struct world *, unsigned n);
void server_resets(struct world *, unsigned n);
	/* It closes: the second one without a turn, the third in the way
	 * TCP has for it. */
void server_says_last(struct world *, unsigned n);
	/* It ends its side when all has been written. */
void server_stalls(struct world *, unsigned n, bool stalled);
void server_lingers(struct world *, unsigned n);
	/* It does not close when the pooler does; server_dies() does. */
const char *server_owner(struct world *, unsigned n);
	/* "client 1", "pool", "login", "tested", "being_canceled",
	 * "gone" (or being closed). */
struct server *server_in_pooler(struct world *, unsigned n);
void server_next(struct world *, unsigned n, struct text *line);
	/* Its next message, whatever it is. */

void server_answers(struct world *, unsigned n, const char *line);
	/* For world.on_query: no turn. */
unsigned server_somewhere(struct world *, unsigned random);
	/* One that is connected; 0: there is none. */

void servers_report(struct world *, const char *pair);
	/* "TimeZone=Europe/Berlin", at logins from now on. */
void servers_refuse(struct world *, const char *error);
	/* "FATAL 28P01 message" to all logins from now on; NULL: let in. */
void servers_listen(struct world *, unsigned host, bool);
int server_host(struct world *, unsigned n);
	/* The host that it is on; 0: it is gone. */

void host_reports(struct world *, unsigned host, bool replica,
    unsigned timeline);
void host_is_silent(struct world *, unsigned host);
	/* What control connections find, if there were any. */
	/* Is there somebody at $1, $2, $3? At first there is. */

unsigned cancel_target(struct world *, unsigned k);
	/* The server that the k-th cancel request was meant for; 0: none. */
bool cancel_is_tcp(struct world *, unsigned k);
	/* And not by a Unix socket? */
void cancel_says(struct world *, unsigned k, const char *line);
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
