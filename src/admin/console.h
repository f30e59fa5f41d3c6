/*
 * console.h - the psql console: databases "pgweir" and "pgbouncer".
 */
#ifndef ADMIN_CONSOLE_H
#define ADMIN_CONSOLE_H

struct pooler;

void console_attach(struct pooler *);
	/* Answer the clients of the console from now on. Sessions live as
	 * long as their clients; there is nothing to detach. */

#endif
