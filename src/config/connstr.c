/*
 * connstr.c - key=value pairs as PgBouncer writes them; see connstr.h.
 *
 * A value is bare, up to the next blank, or in single quotes with '' for one
 * quote. Where PgBouncer would silently read something else than was meant,
 * this says so: tabs are blanks, text right behind a closing quote is an
 * error, and so is "host= port=5", where a value was forgotten.
 */
#include "config/connstr.h"

#include <ctype.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"

static const char blanks[] = " \t\v\f\r\n";

static size_t
key_length(const char *p)
{
	size_t n = 0;

	while (isalnum((unsigned char)p[n]) || p[n] == '_')
		n++;
	return n;
}

/* Read '...' at *at, which is behind the quote when this returns. */
static bool
quoted(const char **at, struct text *value)
{
	const char *p = *at + 1;

	for (;; p++) {
		if (*p == '\0')
			return false;
		if (*p == '\'' && p[1] == '\'')
			p++;
		else if (*p == '\'')
			break;
		text_add(value, p, 1);
	}
	*at = p + 1;
	return **at == '\0' || strchr(blanks, **at) != NULL;
}

/* Read what follows the = of key. */
static bool
read_value(const char **at, const char *key, struct text *value,
    struct err *err)
{
	size_t gap = strspn(*at, blanks), n;
	const char *p = *at + gap;

	if (*p == '\'') {
		if (!quoted(&p, value))
			return err_set(err, "expected a closing ' and a blank "
			    "behind the value of %.80s", key);
		if (value->n == 0)
			return err_set(err, "expected a value for %.80s, "
			    "found ''", key);
		*at = p;
		return true;
	}
	n = strcspn(p, blanks);
	if (n == 0)
		return err_set(err, "expected a value for %.80s", key);
	if (gap > 0 && key_length(p) > 0 && p[key_length(p)] == '=')
		return err_set(err, "expected a value for %.80s, or quotes "
		    "around it: another = follows", key);
	text_add(value, p, n);
	*at = p + n;
	return true;
}

bool
connstr_parse(const char *text, connstr_pair_fn *fn, void *arg,
    struct err *err)
{
	struct text key = {0}, value = {0};
	bool ok = true;
	size_t n;

	for (;;) {
		text += strspn(text, blanks);
		if (*text == '\0')
			break;
		n = key_length(text);
		text_clear(&key);
		text_clear(&value);
		text_add(&key, text, n);
		text += n;
		text += strspn(text, blanks);
		if (n == 0 || *text != '=') {
			ok = err_set(err, "expected key=value pairs with "
			    "blanks between them");
			break;
		}
		text++;
		ok = read_value(&text, key.p, &value, err) &&
		    fn(arg, key.p, value.p, err);
		if (!ok)
			break;
	}
	text_fini(&key);
	text_fini(&value);
	return ok;
}

bool
connstr_split_hosts(const char *list, char ***hosts, size_t *n,
    struct err *err)
{
	size_t i;

	*hosts = NULL;
	for (*n = 0;; list++) {
		size_t len = strcspn(list, ",");
		struct str name = str_trim((struct str){ list, len });

		if (name.n >= 2 && name.p[0] == '[' &&
		    name.p[name.n - 1] == ']') {
			name.p++;
			name.n -= 2;
		}
		if (name.n == 0)
			break;
		*hosts = mem_resize(*hosts, (*n + 1) * sizeof **hosts);
		(*hosts)[(*n)++] = mem_dup(name.p, name.n);
		list += len;
		if (*list == '\0')
			return true;
	}
	for (i = 0; i < *n; i++)
		mem_free((*hosts)[i]);
	mem_free(*hosts);
	*hosts = NULL;
	*n = 0;
	return err_set(err, "expected a host between the commas of host");
}
