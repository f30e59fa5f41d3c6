/* options.h - the command line, as PgBouncer's; see options.c. */
#ifndef OPTIONS_H
#define OPTIONS_H

#include <stdbool.h>
#include <stdio.h>

#include "base/err.h"

enum action {
	ACTION_RUN,
	ACTION_CHECK,           /* --check: look at the configuration only */
	ACTION_RESTART,         /* --restart: have the running one replaced */
	ACTION_VERSION,
	ACTION_HELP
};

struct options {
	enum action action;
	const char *source;     /* the file, or a postgres:// URL */
	bool source_is_url;
	bool daemonize, quiet;
	bool reboot;            /* take over from the process that runs */
	int verbose;            /* how often -v */
	const char *user;       /* NULL: as the configuration says */
};

bool options_parse(struct options *, int argc, char **argv, struct err *);
	/* Strings point into argv. */

char *options_hide_url(struct options *);
	/* Everybody can read the command line of a process: the password of
	 * the URL is overwritten there. The source is a copy from now on,
	 * returned for mem_free(). NULL: the source is no URL. */

void options_usage(FILE *);

#endif
