/*
 * error.c - reads ErrorResponse; see error.h.
 *
 * The fields come in any order and any of them may be missing: the sender
 * may be something else than PostgreSQL, or hostile.
 */
#include "pgwire/error.h"

#include <string.h>

#include "pgwire/reader.h"

struct error_fields
error_fields_of(const void *body, size_t n)
{
	struct error_fields e = { "?", "?????", "(no message)", NULL, NULL,
		NULL };
	struct reader r = reader_of(body, n);
	const char *localised = NULL, *value;
	char id;

	while ((id = (char)reader_u8(&r)) != '\0') {
		value = reader_cstring(&r);
		if (!reader_ok(&r))
			break;
		if (id == 'V')
			e.severity = value;
		else if (id == 'S')
			localised = value;
		else if (id == 'C')
			e.code = value;
		else if (id == 'M')
			e.message = value;
		else if (id == 'D')
			e.detail = value;
		else if (id == 'H')
			e.hint = value;
		else if (id == 'R')
			e.routine = value;
	}
	/* Servers before 9.6 send no 'V'. */
	if (strcmp(e.severity, "?") == 0 && localised != NULL)
		e.severity = localised;
	return e;
}

bool
error_is(const struct error_fields *e, const char *sqlstate)
{
	return strcmp(e->code, sqlstate) == 0;
}

bool
error_ends_connection(const struct error_fields *e)
{
	return strcmp(e->severity, "FATAL") == 0 ||
	    strcmp(e->severity, "PANIC") == 0;
}
