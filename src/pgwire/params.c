/*
 * params.c - tracked settings: their names, sets of values, and the SQL that
 * leads from one set to another.
 *
 * Thousands of clients have the same few combinations of values, so a set is
 * interned: it exists once, and a client or server holds a pointer to it.
 * Whether a client's settings already hold on a server is then one comparison
 * of pointers.
 *
 * A set is kept as one run of bytes, which is also its key in the table: for
 * each name '-', or '+' and the value with its NUL byte.
 *
 * Values come from clients and servers and go into SQL here. A value without
 * backslash goes in single quotes. One with a backslash would depend on
 * standard_conforming_strings, and in some encodings that byte is the second
 * half of a character, so it goes between dollar quotes, where no byte means
 * anything. The tag is a hash that nobody outside can know.
 */
#include "pgwire/params.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#include <xxhash.h>

#include "base/mem.h"
#include "base/must.h"

#define uthash_malloc(n) mem_alloc(n)
#define uthash_free(p, n) mem_free(p)
#include <uthash.h>

struct param_names {
	char *name[PARAMS_MAX];
	unsigned count;
	uint64_t seed;
	struct paramset *sets;  /* a hash table */
};

struct paramset {
	struct param_names *names;
	unsigned refs;
	UT_hash_handle hh;
	size_t n;               /* of key */
	char *key;
	const char *value[];    /* into key; NULL: none */
};

/* What everybody has, in PgBouncer's order. */
static const char *const always[] = { "DateStyle", "client_encoding",
	"TimeZone", "standard_conforming_strings", "application_name" };

/* Reported by servers, but SET would fail. */
static const char *const read_only[] = { "server_version",
	"server_version_num", "server_encoding", "is_superuser",
	"in_hot_standby", "integer_datetimes" };

/* Settings whose value is a list of names: SET would take a quoted value as
 * one name. */
static const char *const lists[] = { "search_path", "temp_tablespaces",
	"local_preload_libraries", "session_preload_libraries",
	"createrole_self_grant" };

/* For names that SHOW spells in mixed case. */
static const char *const spellings[] = { "IntervalStyle" };

/* The word in the list that is equal but for case, or NULL. */
static const char *
among(const char *const *words, size_t n, struct str name)
{
	for (; n > 0; n--, words++)
		if (str_is_nocase(name, *words))
			return *words;
	return NULL;
}

bool
param_is_read_only(const char *name)
{
	return among(read_only, countof(read_only), str_of(name)) != NULL;
}

bool
param_is_list(const char *name)
{
	return among(lists, countof(lists), str_of(name)) != NULL;
}

static bool
is_name(struct str s)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz"
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZ_";
	size_t i;

	if (s.n == 0 || strchr(letters, s.p[0]) == NULL)
		return false;
	for (i = 1; i < s.n; i++)
		if (strchr(letters, s.p[i]) == NULL &&
		    strchr("0123456789$.", s.p[i]) == NULL)
			return false;
	return s.p[s.n - 1] != '.';
}

static bool
add_name(struct param_names *names, struct str s, struct err *err)
{
	const char *spelling;
	char *copy;

	if (!is_name(s))
		return err_set(err, "\"%.*s\" is not the name of a setting",
		    (int)s.n, s.p);
	if (among(read_only, countof(read_only), s) != NULL)
		return true;
	spelling = among(spellings, countof(spellings), s);
	copy = spelling != NULL ? mem_strdup(spelling) : mem_dup(s.p, s.n);
	if (param_names_find(names, copy) != -1) {
		mem_free(copy);
		return true;
	}
	if (names->count == PARAMS_MAX) {
		mem_free(copy);
		return err_set(err, "more than %d tracked settings",
		    PARAMS_MAX);
	}
	names->name[names->count++] = copy;
	return true;
}

struct param_names *
param_names_create(const char *extras, uint64_t seed, struct err *err)
{
	static const char sep[] = ", \t\r\n";
	struct param_names *names = mem_alloc(sizeof *names);
	size_t i, n;

	names->seed = seed;
	for (i = 0; i < countof(always); i++)
		must(add_name(names, str_of(always[i]), err));
	for (; extras != NULL && *extras != '\0'; extras += n) {
		extras += strspn(extras, sep);
		n = strcspn(extras, sep);
		if (n != 0 && !add_name(names, (struct str){ extras, n },
		    err)) {
			param_names_destroy(names);
			return NULL;
		}
	}
	return names;
}

void
param_names_destroy(struct param_names *names)
{
	unsigned i;

	if (names == NULL)
		return;
	must(names->sets == NULL);
	for (i = 0; i < names->count; i++)
		mem_free(names->name[i]);
	mem_free(names);
}

unsigned
param_names_count(const struct param_names *names)
{
	return names->count;
}

const char *
param_names_at(const struct param_names *names, unsigned i)
{
	must(i < names->count);
	return names->name[i];
}

int
param_names_find(const struct param_names *names, const char *name)
{
	unsigned i;

	for (i = 0; i < names->count; i++)
		if (strcasecmp(names->name[i], name) == 0)
			return (int)i;
	return -1;
}

/* Point the values of a new set into its key. */
static void
index_values(struct paramset *set)
{
	const char *p = set->key;
	unsigned i;

	for (i = 0; i < set->names->count; i++) {
		if (*p++ == '-')
			continue;
		set->value[i] = p;
		p += strlen(p) + 1;
	}
	must(p == set->key + set->n);
}

/* The one set with this key; takes the key. */
static struct paramset *
intern(struct param_names *names, struct text *key)
{
	unsigned hash = (unsigned)XXH3_64bits_withSeed(key->p, key->n,
	    names->seed);
	struct paramset *set;

	HASH_FIND_BYHASHVALUE(hh, names->sets, key->p, key->n, hash, set);
	if (set != NULL) {
		text_fini(key);
		return paramset_ref(set);
	}
	set = mem_alloc(sizeof *set + names->count * sizeof set->value[0]);
	set->names = names;
	set->refs = 1;
	set->n = key->n;
	set->key = text_take(key);
	index_values(set);
	HASH_ADD_KEYPTR_BYHASHVALUE(hh, names->sets, set->key, set->n, hash,
	    set);
	return set;
}

static void
put_value(struct text *key, const char *value)
{
	text_puts(key, value != NULL ? "+" : "-");
	if (value != NULL)
		text_add(key, value, strlen(value) + 1);
}

struct paramset *
paramset_empty(struct param_names *names)
{
	struct text key = { 0 };
	unsigned i;

	for (i = 0; i < names->count; i++)
		put_value(&key, NULL);
	return intern(names, &key);
}

struct paramset *
paramset_with(struct paramset *set, unsigned i, const char *value)
{
	struct text key = { 0 };
	unsigned k;

	must(i < set->names->count);
	if (value != NULL && strlen(value) > PARAM_VALUE_MAX)
		return NULL;
	for (k = 0; k < set->names->count; k++)
		put_value(&key, k == i ? value : set->value[k]);
	return intern(set->names, &key);
}

struct paramset *
paramset_over(struct paramset *below, struct paramset *above)
{
	struct text key = { 0 };
	unsigned i;

	must(below->names == above->names);
	if (below == above)
		return paramset_ref(above);
	for (i = 0; i < above->names->count; i++)
		put_value(&key, above->value[i] != NULL ? above->value[i] :
		    below->value[i]);
	return intern(above->names, &key);
}

struct paramset *
paramset_ref(struct paramset *set)
{
	must(set->refs > 0);
	set->refs++;
	return set;
}

void
paramset_unref(struct paramset *set)
{
	if (set == NULL)
		return;
	must(set->refs > 0);
	if (--set->refs > 0)
		return;
	HASH_DEL(set->names->sets, set);
	mem_free(set->key);
	mem_free(set);
}

const char *
paramset_get(const struct paramset *set, unsigned i)
{
	must(i < set->names->count);
	return set->value[i];
}

static void
put_dollar_quoted(struct text *t, const char *value, uint64_t seed)
{
	char tag[24];

	do
		snprintf(tag, sizeof tag, "$q%016" PRIx64, seed =
		    XXH3_64bits_withSeed(value, strlen(value), seed));
	while (strstr(value, tag) != NULL);
	text_printf(t, "%s$%s%s$", tag, value, tag);
}

void
param_put_literal(struct text *t, const char *value, uint64_t seed)
{
	size_t n;

	if (strchr(value, '\\') != NULL) {
		put_dollar_quoted(t, value, seed);
		return;
	}
	text_puts(t, "'");
	for (; *value != '\0'; value += n) {
		n = strcspn(value, "'");
		text_add(t, value, n);
		if (value[n] == '\'') {
			text_puts(t, "''");
			n++;
		}
	}
	text_puts(t, "'");
}

/* set_config() takes the whole list as it was reported, so that nothing in
 * it becomes SQL and no layer of quotes is added. */
static void
put_set(struct text *t, const char *name, const char *value, uint64_t seed)
{
	if (!param_is_list(name)) {
		text_printf(t, "SET %s=", name);
		param_put_literal(t, value, seed);
		text_puts(t, ";");
		return;
	}
	text_printf(t, "SELECT pg_catalog.set_config('%s',", name);
	param_put_literal(t, value, seed);
	text_puts(t, ",false);");
}

/* The settings of the protocol are words: their case does not matter. Any
 * other value may be a name, as in application_name or search_path. */
static bool
same_value(const struct param_names *names, unsigned i, const char *a,
    const char *b)
{
	static const char *const words[] = {
		"client_encoding", "DateStyle", "IntervalStyle",
		"standard_conforming_strings", "TimeZone",
	};
	size_t k;

	if (a == b)
		return true;
	if (a == NULL || b == NULL)
		return false;
	for (k = 0; k < countof(words); k++)
		if (strcmp(names->name[i], words[k]) == 0)
			return strcasecmp(a, b) == 0;
	return strcmp(a, b) == 0;
}

unsigned
params_diff_sql(const struct paramset *from, const struct paramset *to,
    struct text *t)
{
	unsigned i, count = 0;

	must(from->names == to->names);
	for (i = 0; from != to && i < to->names->count; i++) {
		const char *name = to->names->name[i];
		const char *was = from->value[i], *is = to->value[i];

		if (same_value(from->names, i, was, is))
			continue;
		if (is != NULL)
			put_set(t, name, is, to->names->seed);
		else
			text_printf(t, "RESET %s;", name);
		count++;
	}
	return count;
}
