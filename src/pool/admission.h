/*
 * admission.h - from one who has proved who it is to a client that may send
 * queries.
 */
#ifndef POOL_ADMISSION_H
#define POOL_ADMISSION_H

#include "pool/console.h"

struct client;

void admission_begin(struct client *);
	/* Let it in to the database or the console that it asked for, or
	 * tell it why not. */

void admission_console(struct client *, enum console_role);
	/* To the console, as one who needs no password. */

#endif
