/*
 * facts_socket.h - clients and servers as plain values; for the rules of
 * facts and their cursors see facts.h.
 */
#ifndef POOL_FACTS_SOCKET_H
#define POOL_FACTS_SOCKET_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include "base/addr.h"

struct pooler;
struct server;

/* A client or a server, as in SHOW CLIENTS and SHOW SERVERS. */
struct socket_facts {
	bool is_server;
	const char *user, *database;
	const char *replication;        /* "none", "logical", "physical" */
	const char *state;
	struct addr addr, local;
	const char *unix_path;          /* servers by Unix socket */
	time_t connect_time, request_time;      /* 0: none */
	int64_t wait_usec;
	bool close_needed;
	uint64_t id, link_id;           /* link_id 0: none */
	const void *ptr, *link;         /* for PgBouncer's columns */
	int remote_pid;
	const char *tls;                /* "" or the following text */
	char tls_text[80];
	const char *application_name;
	int prepared_statements;
	const char *wait_reason;        /* why it waits; NULL: it does not */
	const char *role;               /* of a server's host, or NULL */
	uint32_t kept, unsent;          /* bytes in our buffers */
	uint32_t passing;               /* missing of the current message */
};

bool facts_client(const struct pooler *, uint32_t *cursor,
    struct socket_facts *);
bool facts_server(const struct pooler *, uint32_t *cursor,
    struct socket_facts *);
	/* The next one that is logged in (clients) or not closing (servers);
	 * false at the end. */

bool facts_socket(const struct pooler *, uint32_t *cursor,
    struct socket_facts *);
	/* All of them, also clients that are logging in, with the states of
	 * SHOW SOCKETS: "cl_active", "sv_login". */

/* A socket as SHOW FDS has it, without any secret. */
struct fd_facts {
	int fd, link_fd;                /* link_fd 0: none */
	const char *task;               /* "client", "server" */
	const char *user, *database;
	struct addr addr;
	const char *client_encoding, *std_strings, *datestyle, *timezone;
};

bool facts_fd(const struct pooler *, uint32_t *cursor, struct fd_facts *);
	/* Of those that facts_client() and facts_server() have. */

bool facts_is_used(const struct server *);
	/* Idle longer than server_check_delay; for facts.c. */

#endif
