/*
 * error.h - what an ErrorResponse or NoticeResponse says.
 */
#ifndef PGWIRE_ERROR_H
#define PGWIRE_ERROR_H

#include <stdbool.h>
#include <stddef.h>

struct error_fields {
	const char *severity;   /* "ERROR", "FATAL", "NOTICE", ... */
	const char *code;       /* SQLSTATE */
	const char *message;
	const char *detail;     /* NULL: none */
	const char *hint;       /* NULL: none */
	const char *routine;    /* drivers go by it; NULL: none */
};

struct error_fields error_fields_of(const void *body, size_t n);
	/* Read the body of such a message. The strings lie in it. Missing or
	 * unreadable parts get placeholders ("?", "?????", "(no message)"),
	 * so severity, code and message are never NULL. */

bool error_is(const struct error_fields *, const char *sqlstate);

bool error_ends_connection(const struct error_fields *);
	/* Severity FATAL or PANIC: the sender closes after this. */

#endif
