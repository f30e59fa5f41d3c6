/*
 * dial.h - from nothing to a server that is logged in.
 */
#ifndef POOL_DIAL_H
#define POOL_DIAL_H

struct server;

void dial_start(struct server *);
	/* Resolve the lane's host, connect to one of its addresses after the
	 * other, log in, run connect_query, all within
	 * server_connect_timeout. hooks->up or hooks->failed follows, never
	 * before this returns; unless the server is closed before. */

void dial_late(struct server *);
	/* server_connect_timeout is over. */

void dial_abandon(struct server *);
	/* The server is being closed. Harmless if it has no dial. */

#endif
