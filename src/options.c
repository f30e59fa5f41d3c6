/*
 * options.c - the command line.
 *
 * PgBouncer's options with their long forms, so that its unit files work;
 * beyond them --check, --restart and a URL in place of the configuration file.
 */
#include "options.h"

#include <getopt.h>
#include <stdint.h>
#include <string.h>

#include "base/mem.h"

#define CHECK_LETTER 1
#define RESTART_LETTER 2

static const struct option long_options[] = {
	{ "daemon",  no_argument,       NULL, 'd' },
	{ "quiet",   no_argument,       NULL, 'q' },
	{ "verbose", no_argument,       NULL, 'v' },
	{ "user",    required_argument, NULL, 'u' },
	{ "reboot",  no_argument,       NULL, 'R' },
	{ "version", no_argument,       NULL, 'V' },
	{ "help",    no_argument,       NULL, 'h' },
	{ "check",   required_argument, NULL, CHECK_LETTER },
	{ "restart", required_argument, NULL, RESTART_LETTER },
	{ NULL,      0,                 NULL, 0 },
};

static bool
is_url(const char *s)
{
	return strncmp(s, "postgres://", 11) == 0 ||
	    strncmp(s, "postgresql://", 13) == 0;
}

static bool
take_letter(struct options *o, int letter, char **argv, struct err *err)
{
	switch (letter) {
	case 'd':
		o->daemonize = true;
		return true;
	case 'q':
		o->quiet = true;
		return true;
	case 'v':
		o->verbose++;
		return true;
	case 'u':
		o->user = optarg;
		return true;
	case 'V':
		o->action = ACTION_VERSION;
		return true;
	case 'h':
		o->action = ACTION_HELP;
		return true;
	case CHECK_LETTER:
		o->action = ACTION_CHECK;
		o->source = optarg;
		return true;
	case RESTART_LETTER:
		o->action = ACTION_RESTART;
		o->source = optarg;
		return true;
	case 'R':
		o->reboot = true;
		return true;
	case ':':
		return err_set(err, "option %s needs a value",
		    argv[optind - 1]);
	default:
		/* A bad letter may stand in a cluster: name it alone. A good
		 * one means that its long form was given a value. */
		if (optopt != 0 && strchr("dqvRVh", optopt) != NULL)
			return err_set(err, "option %s takes no value",
			    argv[optind - 1]);
		if (optopt != 0)
			return err_set(err, "unknown option -%c", optopt);
		return err_set(err, "unknown option %s", argv[optind - 1]);
	}
}

bool
options_parse(struct options *o, int argc, char **argv, struct err *err)
{
	int letter;

	*o = (struct options){ .action = ACTION_RUN };
	optind = 0;             /* start afresh: getopt(3) */
	opterr = 0;
	while ((letter = getopt_long(argc, argv, ":dqvu:RVh", long_options,
	    NULL)) != -1) {
		if (!take_letter(o, letter, argv, err))
			return false;
		/* As with PgBouncer the rest does not matter then. */
		if (o->action == ACTION_VERSION || o->action == ACTION_HELP)
			return true;
	}
	if (o->action == ACTION_CHECK || o->action == ACTION_RESTART)
		return optind == argc ? true : err_set(err,
		    "%s takes one file: \"%s\" is too much",
		    o->action == ACTION_CHECK ? "--check" : "--restart",
		    argv[optind]);
	if (optind == argc)
		return err_set(err, "need a configuration file or a "
		    "postgres:// URL");
	if (optind + 1 < argc)
		return err_set(err, "need one configuration file: \"%s\" is "
		    "too much", argv[optind + 1]);
	o->source = argv[optind];
	o->source_is_url = is_url(o->source);
	return true;
}

static void
cover(char *from, const char *to)
{
	while (from < to)
		*from++ = '*';
}

char *
options_hide_url(struct options *o)
{
	char *url = (char *)(uintptr_t)o->source, *at, *part;

	if (!o->source_is_url)
		return NULL;
	o->source = mem_strdup(url);
	/* The password lies before the last @; or it is a parameter. */
	part = strchr(strstr(url, "://") + 3, ':');
	at = strrchr(url, '@');
	if (part != NULL && at != NULL)
		cover(part + 1, at);
	part = strchr(url, '?');
	if (part != NULL)
		cover(part + 1, url + strlen(url));
	return (char *)(uintptr_t)o->source;
}

void
options_usage(FILE *f)
{
	fputs(
"Usage: pgweir [OPTION]... CONFIG_FILE\n"
"       pgweir [OPTION]... postgres://USER:PASSWORD@HOST:PORT/DATABASE\n"
"       pgweir --check CONFIG_FILE\n"
"       pgweir --restart CONFIG_FILE\n"
"\n"
"A connection pooler for PostgreSQL. With a URL it needs no file: it pools\n"
"that one database, for the loopback address and a Unix socket in /tmp; for\n"
"its Unix socket and the same user only if the URL has no password.\n"
"\n"
"  -d, --daemon         run in the background (needs pidfile)\n"
"  -q, --quiet          no log on standard error\n"
"  -v, --verbose        log more; twice: every message\n"
"  -u, --user=NAME      become this user of the operating system\n"
"      --check FILE     look at a configuration, say what is wrong and what\n"
"                       differs from PgBouncer, end\n"
"  -R, --reboot         take the listening sockets of the process that runs,\n"
"                       which then ends when its last client has left\n"
"      --restart FILE   have the process that runs by this file start its\n"
"                       successor with -R, wait until it listens, end\n"
"  -V, --version        show versions, end\n"
"  -h, --help           show this, end\n"
"\n"
"Signals: HUP reload; TERM wait for clients, then end; INT wait for\n"
"servers, then end; QUIT end at once; USR1 pause; USR2 resume.\n", f);
}
