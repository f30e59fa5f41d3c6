/*
 * extras.c - settings that came with a login and that no server reports:
 * sets of them, and the SQL that puts them on and takes them off.
 *
 * As with tracked parameters (params.c) a set is interned, so an idle client
 * costs a pointer, and whether a server wears what its client wants is one
 * comparison. But there are no places for names here: a set is a run of
 * "name NUL value NUL", which is also its key in the table.
 *
 * The order of the run is the order in which settings are put on; they are
 * taken off in the opposite one. What decides over the right to change other
 * settings comes behind those, and what may end our own query comes last. As
 * soon as one of these is in play, everything is taken off and put on anew.
 *
 * Names are lower case, in double quotes part by part; what cannot be the
 * name of a setting is PostgreSQL's to refuse.
 */
#include "pgwire/extras.h"

#include <string.h>

#include <xxhash.h>

#include "base/mem.h"
#include "base/must.h"
#include "pgwire/params.h"

#define uthash_malloc(n) mem_alloc(n)
#define uthash_free(p, n) mem_free(p)
#include <uthash.h>

struct extras_table {
	uint64_t seed;
	struct extras *sets;    /* a hash table */
};

struct extras {
	struct extras_table *table;
	unsigned refs, count;
	UT_hash_handle hh;
	size_t n;               /* of key */
	char *key;
};

struct pair {
	const char *name, *value;
};

/* In the order of being put on, behind all others. */
static const char *const last[] = { "session_authorization", "role",
	"statement_timeout", "transaction_timeout" };

struct extras_table *
extras_table_create(uint64_t seed)
{
	struct extras_table *table = mem_alloc(sizeof *table);

	table->seed = seed;
	return table;
}

void
extras_table_destroy(struct extras_table *table)
{
	must(table == NULL || table->sets == NULL);
	mem_free(table);
}

/* Takes the key. */
static struct extras *
intern(struct extras_table *table, struct text *key, unsigned count)
{
	unsigned hash = (unsigned)XXH3_64bits_withSeed(key->p, key->n,
	    table->seed);
	struct extras *set;

	HASH_FIND_BYHASHVALUE(hh, table->sets, key->p, key->n, hash, set);
	if (set != NULL) {
		text_fini(key);
		return extras_ref(set);
	}
	set = mem_alloc(sizeof *set);
	set->table = table;
	set->refs = 1;
	set->count = count;
	set->n = key->n;
	set->key = text_take(key);
	HASH_ADD_KEYPTR_BYHASHVALUE(hh, table->sets, set->key, set->n, hash,
	    set);
	return set;
}

static unsigned
list_pairs(const struct extras *set, struct pair pairs[EXTRAS_MAX])
{
	const char *p = set != NULL ? set->key : NULL;
	unsigned i, n = set != NULL ? set->count : 0;

	for (i = 0; i < n; i++) {
		pairs[i].name = p;
		p += strlen(p) + 1;
		pairs[i].value = p;
		p += strlen(p) + 1;
	}
	must(n == 0 || p == set->key + set->n);
	return n;
}

/* 0 for what needs no special place. */
static unsigned
rank(const char *name)
{
	unsigned i;

	for (i = 0; i < countof(last); i++)
		if (strcmp(name, last[i]) == 0)
			return i + 1;
	return 0;
}

static int
compare(const char *a, const char *b)
{
	unsigned x = rank(a), y = rank(b);

	return x != y ? (x < y ? -1 : 1) : strcmp(a, b);
}

static void
put_pair(struct text *key, const char *name, const char *value)
{
	text_add(key, name, strlen(name) + 1);
	text_add(key, value, strlen(value) + 1);
}

static enum extra
add_lower(struct extras_table *table, struct extras **set, const char *name,
    const char *value)
{
	struct pair old[EXTRAS_MAX];
	unsigned i, n = list_pairs(*set, old), count = 1;
	struct text key = { 0 };
	struct extras *fresh;
	bool placed = false;
	int order;

	for (i = 0; i < n; i++) {
		order = compare(old[i].name, name);
		if (order >= 0 && !placed) {
			put_pair(&key, name, value);
			placed = true;
		}
		if (order != 0) {
			put_pair(&key, old[i].name, old[i].value);
			count++;
		}
	}
	if (!placed)
		put_pair(&key, name, value);
	if (count > EXTRAS_MAX || key.n > EXTRAS_BYTES) {
		text_fini(&key);
		return EXTRA_TOO_MANY;
	}
	fresh = intern(table, &key, count);
	extras_unref(*set);
	*set = fresh;
	return EXTRA_TAKEN;
}

enum extra
extras_add(struct extras_table *table, struct extras **set, const char *name,
    const char *value)
{
	size_t i, part = 0, n = strlen(name);
	enum extra rc;
	char *lower;

	if (n > EXTRAS_BYTES || strlen(value) > EXTRAS_BYTES)
		return EXTRA_TOO_MANY;
	for (i = 0; i < n; i++) {
		part = name[i] == '.' ? 0 : part + 1;
		if (part > EXTRA_NAME_MAX)
			return EXTRA_NAME_TOO_LONG;
	}
	lower = mem_strdup(name);
	for (i = 0; i < n; i++)
		if (lower[i] >= 'A' && lower[i] <= 'Z')
			lower[i] = (char)(lower[i] - 'A' + 'a');
	rc = add_lower(table, set, lower, value);
	mem_free(lower);
	return rc;
}

struct extras *
extras_ref(struct extras *set)
{
	if (set != NULL) {
		must(set->refs > 0);
		set->refs++;
	}
	return set;
}

void
extras_unref(struct extras *set)
{
	if (set == NULL)
		return;
	must(set->refs > 0);
	if (--set->refs > 0)
		return;
	HASH_DEL(set->table->sets, set);
	mem_free(set->key);
	mem_free(set);
}

static void
put_name(struct text *t, const char *name)
{
	text_puts(t, "\"");
	for (; *name != '\0'; name++) {
		if (*name == '.')
			text_puts(t, "\".\"");
		else if (*name == '"')
			text_puts(t, "\"\"");
		else
			text_add(t, name, 1);
	}
	text_puts(t, "\"");
}

/* The last pair of a set has the highest rank. */
static bool
is_special(const struct pair *pairs, unsigned n)
{
	return n > 0 && rank(pairs[n - 1].name) > 0;
}

static const char *
value_in(const struct pair *pairs, unsigned n, const char *name)
{
	unsigned i;

	for (i = 0; i < n; i++)
		if (strcmp(pairs[i].name, name) == 0)
			return pairs[i].value;
	return NULL;
}

unsigned
extras_off_sql(const struct extras *from, const struct extras *to,
    struct text *t)
{
	struct pair was[EXTRAS_MAX], is[EXTRAS_MAX];
	unsigned nwas = list_pairs(from, was), nis = list_pairs(to, is);
	bool all = is_special(was, nwas) || is_special(is, nis);
	unsigned i, count = 0;

	if (from == to)
		return 0;
	for (i = nwas; i > 0; i--) {
		if (!all && value_in(is, nis, was[i - 1].name) != NULL)
			continue;
		text_puts(t, "RESET ");
		put_name(t, was[i - 1].name);
		text_puts(t, ";");
		count++;
	}
	return count;
}

/* SET would take the value of a list as one name; set_config() takes it as a
 * startup packet has it. */
static void
put_set(struct text *t, const struct pair *p, uint64_t seed)
{
	if (param_is_list(p->name)) {
		text_printf(t, "SELECT pg_catalog.set_config('%s',", p->name);
		param_put_literal(t, p->value, seed);
		text_puts(t, ",false);");
		return;
	}
	text_puts(t, "SET ");
	put_name(t, p->name);
	text_puts(t, "=");
	param_put_literal(t, p->value, seed);
	text_puts(t, ";");
}

unsigned
extras_on_sql(const struct extras *from, const struct extras *to,
    struct text *t)
{
	struct pair was[EXTRAS_MAX], is[EXTRAS_MAX];
	unsigned nwas = list_pairs(from, was), nis = list_pairs(to, is);
	bool all = is_special(was, nwas) || is_special(is, nis);
	unsigned i, count = 0;
	const char *value;

	if (from == to)
		return 0;
	for (i = 0; i < nis; i++) {
		value = all ? NULL : value_in(was, nwas, is[i].name);
		if (value != NULL && strcmp(value, is[i].value) == 0)
			continue;
		put_set(t, &is[i], to->table->seed);
		count++;
	}
	return count;
}
