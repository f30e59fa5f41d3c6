/*
 * must.c - how a broken invariant ends the program.
 */
#include "base/must.h"

#include <stdio.h>
#include <stdlib.h>

void
must_failed(const char *expr, const char *file, int line, const char *func)
{
	fprintf(stderr, "pgweir: bug: %s:%d: %s: must(%s) failed\n",
	    file, line, func, expr);
	abort();
}
