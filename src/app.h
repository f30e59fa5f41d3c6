/* app.h - the program: start, signals, reload, end; see app.c. */
#ifndef APP_H
#define APP_H

#include "options.h"

int app_run(const struct options *);
	/* Run the pooler until it is told to end; the exit status. */

int app_check(const char *path);
	/* Say what is wrong with a configuration file: warnings and "FILE:
	 * ok" on standard output, errors on standard error. The exit
	 * status. */

int app_restart(const char *path);
	/* Have the process that runs by this configuration replaced by a new
	 * one, and wait for that. The exit status. */

#endif
