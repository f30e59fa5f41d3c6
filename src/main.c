/*
 * main.c - the program's entry: does what the command line asks for.
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/err.h"
#include "base/mem.h"
#include "net/loop.h"
#include "net/resolve.h"
#include "pgwire/crypto.h"

#include "app.h"
#include "options.h"

static void
print_versions(void)
{
	char loop[64], resolver[64], crypto[64];

	loop_library(loop, sizeof loop);
	resolver_library(resolver, sizeof resolver);
	crypto_library(crypto, sizeof crypto);
	printf("pgweir %s\n%s\nadns: %s\ntls: %s\n", PACKAGE_VERSION, loop,
	    resolver, crypto);
}

int
main(int argc, char **argv)
{
	struct options o;
	struct err err;
	char *url;
	int status;

	if (!options_parse(&o, argc, argv, &err)) {
		fprintf(stderr, "pgweir: %s; see pgweir -h\n", err.text);
		return EXIT_FAILURE;
	}
	switch (o.action) {
	case ACTION_RUN:
		url = options_hide_url(&o);
		status = app_run(&o);
		mem_free(url);
		return status;
	case ACTION_CHECK:
		return app_check(o.source);
	case ACTION_RESTART:
		return app_restart(o.source);
	case ACTION_VERSION:
		print_versions();
		break;
	case ACTION_HELP:
		options_usage(stdout);
		break;
	}
	return EXIT_SUCCESS;
}
