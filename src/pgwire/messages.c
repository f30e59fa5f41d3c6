/*
 * messages.c - look-ups in the tables of messages.h, by type byte.
 */
#include "pgwire/messages.h"

#include <stddef.h>

struct message {
	const char *name;
	unsigned flags;
};

#define X(byte, id, text, bits) [byte] = { text, MSG_KNOWN | (bits) },
static const struct message frontend[256] = { FRONTEND_MESSAGES(X) };
static const struct message backend[256] = { BACKEND_MESSAGES(X) };
#undef X

static const char *
name_of(const struct message *m)
{
	return m->name != NULL ? m->name : "unknown";
}

const char *
frontend_name(char type)
{
	return name_of(&frontend[(unsigned char)type]);
}

const char *
backend_name(char type)
{
	return name_of(&backend[(unsigned char)type]);
}

unsigned
frontend_flags(char type)
{
	return frontend[(unsigned char)type].flags;
}

unsigned
backend_flags(char type)
{
	return backend[(unsigned char)type].flags;
}
