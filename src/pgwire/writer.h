/*
 * writer.h - makes messages, at the end of a struct text.
 *
 * Strings may not contain NUL bytes, which C strings cannot; lengths are
 * filled in by the end function.
 */
#ifndef PGWIRE_WRITER_H
#define PGWIRE_WRITER_H

#include <stdint.h>

#include "base/str.h"
#include "pgwire/error.h"

/* A message of one's own: begin, the fields, end. */
size_t writer_begin(struct text *, char type);
	/* Returns the place that writer_end() wants. Type '\0' makes a packet
	 * without a type byte (StartupMessage, CancelRequest). */
void writer_end(struct text *, size_t place);
void writer_u8(struct text *, uint8_t);
void writer_u16(struct text *, uint16_t);
void writer_u32(struct text *, uint32_t);
void writer_cstring(struct text *, const char *);
	/* The string and its NUL byte; NULL is "". */
#define writer_bytes text_add

/* From server to client. */
void writer_error(struct text *, const struct error_fields *);
void writer_notice(struct text *, const struct error_fields *);
void writer_parameter_status(struct text *, const char *name,
    const char *value);
void writer_key_data(struct text *, const void *key, size_t n);
void writer_ready(struct text *, char status);
	/* 'I', 'T' or 'E'. */
void writer_command_complete(struct text *, const char *tag);
void writer_auth(struct text *, uint32_t request, const void *data,
    size_t n);
	/* AUTH_OK, AUTH_CLEARTEXT without data; AUTH_MD5 with the salt;
	 * AUTH_SASL_CONTINUE, AUTH_SASL_FINAL with the message. */
void writer_auth_sasl(struct text *, const char *const *mechanisms);
	/* The names end with NULL. */

struct writer_column {
	const char *name;
	uint32_t type_oid;
	int16_t type_size;      /* -1: variable */
};

void writer_row_description(struct text *, const struct writer_column *,
    size_t n);
	/* Columns in text format that belong to no table. */
void writer_data_row(struct text *, const char *const *values, size_t n);
	/* NULL is SQL's NULL. */
void writer_value(struct text *, const void *p, size_t n);
	/* One value of a DataRow made by hand: begin, u16 count, values. */
void writer_null(struct text *);

/* From client to server. */
struct writer_pair {
	const char *name, *value;
};

void writer_startup(struct text *, uint32_t version,
    const struct writer_pair *, size_t n);
	/* Pairs whose value is NULL are left out. */
void writer_cancel_request(struct text *, const void *key, size_t n);
void writer_request(struct text *, uint32_t code);
	/* SSL_REQUEST or GSSENC_REQUEST. */
void writer_password(struct text *, const char *);
void writer_sasl_initial(struct text *, const char *mechanism,
    const void *data, size_t n);
void writer_sasl_response(struct text *, const void *data, size_t n);
void writer_query(struct text *, const char *sql);
void writer_empty(struct text *, char type);
	/* A message without a body: FE_SYNC, FE_FLUSH, FE_TERMINATE,
	 * BE_PARSE_COMPLETE, BE_CLOSE_COMPLETE, ... */

#endif
