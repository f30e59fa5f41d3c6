/*
 * console.c - the pooler's side of a console session; see console.h.
 *
 * Messages are handed over whole, one by one, and bounded. What they mean is
 * the console's business.
 */
#include "pool/console.h"

#include <string.h>

#include "base/must.h"
#include "pgwire/frame.h"
#include "pgwire/messages.h"
#include "pool/client.h"
#include "pool/state.h"

#define CONSOLE_MESSAGE_MAX (1024u * 1024)

void
client_send(struct client *c, const void *p, size_t n)
{
	conn_send(&c->conn, p, n);
}

bool
client_is_clogged(const struct client *c)
{
	return conn_is_clogged(&c->conn);
}

const struct log_ctx *
client_log(const struct client *c)
{
	return &c->log;
}

static void
on_console_end(struct conn *conn, int error)
{
	client_close(client_of(conn), error != 0 ?
	    conn_reason(conn, error) : "client unexpected eof");
}

static void
on_console_bytes(struct conn *conn, const unsigned char *p, size_t n)
{
	struct client *c = client_of(conn);
	struct frame f;
	size_t at = 0;

	while (c->state == CLIENT_CONSOLE) {
		switch (frame_peek(p + at, n - at, CONSOLE_MESSAGE_MAX, &f)) {
		case PARSE_MORE:
			return;
		case PARSE_BAD:
			client_fail(c, SQLSTATE_PROTOCOL_VIOLATION,
			    "bad pkt header");
			return;
		case PARSE_OK:
			break;
		}
		if (f.type == FE_TERMINATE) {
			client_close(c, "client close request");
			return;
		}
		if (n - at < f.len) {
			conn_need(conn, f.len);
			return;
		}
		conn_consume(conn, f.len);
		c->pooler->console.on_frame(c->session, f.type,
		    p + at + FRAME_HEADER, f.len - FRAME_HEADER);
		at += f.len;
	}
}

static void
on_console_drained(struct conn *conn)
{
	struct client *c = client_of(conn);

	c->pooler->console.on_drained(c->session);
}

static const struct conn_ops console_ops = {
	.on_bytes = on_console_bytes,
	.on_drained = on_console_drained,
	.on_end = on_console_end,
};

void
console_start(struct client *c)
{
	must(c->session != NULL);
	deadline_disarm(&c->deadline);
	client_set_state(c, CLIENT_CONSOLE);
	c->conn.ops = &console_ops;
	conn_redeliver(&c->conn);
}
