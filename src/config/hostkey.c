/*
 * hostkey.c - writes a server's name in one way; see hostkey.h.
 */
#include "config/hostkey.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/addr.h"
#include "base/mem.h"

#define DEFAULT_PORT 5432

/* Without what may be at the end of a name or a directory. */
static size_t
length(const char *host)
{
	size_t n = strlen(host);
	char tail = host[0] == '/' ? '/' : '.';

	while (n > 1 && host[n - 1] == tail)
		n--;
	return n;
}

static bool
is_loopback(const char *name)
{
	return strcmp(name, "localhost") == 0 ||
	    strcmp(name, "127.0.0.1") == 0 || strcmp(name, "::1") == 0;
}

char *
hostkey_format(const char *host, uint16_t port)
{
	char *name = mem_dup(host, length(host)), *key, ip[64], *p;
	bool brackets;
	struct addr addr;

	if (name[0] != '/' && name[0] != '@')
		for (p = name; *p != '\0'; p++)
			*p = (char)tolower((unsigned char)*p);
	if (addr_parse(&addr, name, 0)) {
		mem_free(name);
		name = mem_strdup(addr_format(&addr, ip, sizeof ip));
	}
	if (is_loopback(name)) {
		mem_free(name);
		name = mem_strdup("localhost");
	}
	brackets = name[0] != '/' && strchr(name, ':') != NULL;
	key = mem_printf("%s%s%s:%u", brackets ? "[" : "", name,
	    brackets ? "]" : "", (unsigned)port);
	mem_free(name);
	return key;
}

static bool
parse_port(const char *text, uint16_t *port)
{
	char *end;
	long n = strtol(text, &end, 10);

	if (!isdigit((unsigned char)text[0]) || *end != '\0' || n < 1 ||
	    n > 65535)
		return false;
	*port = (uint16_t)n;
	return true;
}

bool
hostkey_parse(const char *text, char **key, struct err *err)
{
	const char *colon = strrchr(text, ':'), *bracket = strchr(text, ']');
	size_t n = strlen(text);
	uint16_t port = DEFAULT_PORT;
	char *host;

	/* An IPv6 address has colons of its own. */
	if (text[0] == '[' ? bracket == NULL :
	    colon != NULL && strchr(text, ':') != colon && text[0] != '/')
		return err_set(err, "expected host:port with an IPv6 address "
		    "in [brackets], found \"%.80s\"", text);
	if (text[0] == '[' && colon != NULL && colon < bracket)
		colon = NULL;
	if (colon != NULL) {
		n = (size_t)(colon - text);
		if (!parse_port(colon + 1, &port))
			return err_set(err, "expected host:port with a port "
			    "from 1 to 65535, found \"%.80s\"", text);
	}
	if (text[0] == '[' && text[n - 1] != ']')
		return err_set(err, "expected [address]:port, found "
		    "\"%.80s\"", text);
	if (n == 0)
		return err_set(err, "expected host:port, found \"%.80s\"",
		    text);
	host = text[0] == '[' ? mem_dup(text + 1, n - 2) : mem_dup(text, n);
	*key = hostkey_format(host, port);
	mem_free(host);
	return true;
}
