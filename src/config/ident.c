/*
 * ident.c - name maps; see ident.h.
 *
 *	MAP  SYSTEM-NAME  USER
 *
 * USER may be the keyword all. PgBouncer skips lines that it cannot read;
 * here the file is broken as a whole, and the caller keeps what it had.
 */
#include "config/ident.h"

#include "base/mem.h"
#include "base/must.h"
#include "config/words.h"

struct pair {
	char *system, *user;    /* user NULL: all */
};

struct ident_map {
	char *name;
	struct pair *pairs;
	size_t n;
};

struct ident {
	unsigned refs;
	struct ident_map *maps;
	size_t n;
};

static struct ident_map *
find(const struct ident *ident, const char *name)
{
	size_t i;

	for (i = 0; i < ident->n; i++)
		if (strcmp(ident->maps[i].name, name) == 0)
			return &ident->maps[i];
	return NULL;
}

static struct ident_map *
find_or_add(struct ident *ident, const char *name)
{
	struct ident_map *m = find(ident, name);

	if (m != NULL)
		return m;
	ident->maps = mem_resize(ident->maps,
	    (ident->n + 1) * sizeof *ident->maps);
	m = &ident->maps[ident->n++];
	*m = (struct ident_map){ .name = mem_strdup(name) };
	return m;
}

static void
add(struct ident *ident, const struct text word[3], bool all)
{
	struct ident_map *m = find_or_add(ident, word[0].p);

	/* Room doubles when n is a power of two. */
	if ((m->n & (m->n - 1)) == 0)
		m->pairs = mem_resize(m->pairs,
		    (m->n == 0 ? 1 : m->n * 2) * sizeof *m->pairs);
	m->pairs[m->n++] = (struct pair){
		.system = mem_strdup(word[1].p),
		.user = all ? NULL : mem_strdup(word[2].p),
	};
}

/* Read the three words of a line. False if it is not well-formed; *any says
 * whether there was anything on it. */
static bool
read_words(struct str line, struct text word[3], enum word kind[3],
    bool *any)
{
	struct text more = {0};
	size_t i;
	bool ok = true;

	for (i = 0; i < 3 && ok; i++) {
		kind[i] = words_next(&line, &word[i]);
		*any = i > 0 || kind[0] != WORD_END;
		if (!*any)
			return true;
		ok = (kind[i] == WORD_BARE || kind[i] == WORD_QUOTED) &&
		    word[i].n > 0;
	}
	ok = ok && words_next(&line, &more) == WORD_END;
	text_fini(&more);
	return ok;
}

static bool
parse_line(struct ident *ident, struct str line, size_t number,
    const char *path, struct err *err)
{
	struct text word[3] = { {0}, {0}, {0} };
	enum word kind[3];
	bool any, ok;
	size_t i;

	ok = read_words(line, word, kind, &any);
	if (!ok)
		(void)err_set(err, "%.300s:%zu: expected a map, a name "
		    "outside and a user", path, number);
	else if (any)
		add(ident, word, kind[2] == WORD_BARE &&
		    strcmp(word[2].p, "all") == 0);
	for (i = 0; i < 3; i++)
		text_fini(&word[i]);
	return ok;
}

struct ident *
ident_parse(struct str text, const char *path, struct err *err)
{
	struct ident *ident = mem_alloc(sizeof *ident);
	struct str line;
	size_t number = 0;

	ident->refs = 1;
	while (words_line(&text, &line)) {
		if (parse_line(ident, line, ++number, path, err))
			continue;
		ident_unref(ident);
		return NULL;
	}
	return ident;
}

struct ident *
ident_load(const char *path, struct err *err)
{
	struct ident *ident = NULL;
	struct text text = {0};

	if (words_read_file(path, "auth_ident_file", &text, err))
		ident = ident_parse((struct str){ text.p, text.n }, path,
		    err);
	text_fini(&text);
	return ident;
}

struct ident *
ident_ref(struct ident *ident)
{
	if (ident != NULL)
		ident->refs++;
	return ident;
}

void
ident_unref(struct ident *ident)
{
	size_t i, k;

	if (ident == NULL)
		return;
	must(ident->refs > 0);
	if (--ident->refs > 0)
		return;
	for (i = 0; i < ident->n; i++) {
		for (k = 0; k < ident->maps[i].n; k++) {
			mem_free(ident->maps[i].pairs[k].system);
			mem_free(ident->maps[i].pairs[k].user);
		}
		mem_free(ident->maps[i].pairs);
		mem_free(ident->maps[i].name);
	}
	mem_free(ident->maps);
	mem_free(ident);
}

const struct ident_map *
ident_map(const struct ident *ident, const char *name)
{
	return find(ident, name);
}

bool
ident_allows(const struct ident_map *m, const char *user, ident_is_fn *is,
    const void *arg)
{
	size_t i;

	if (m == NULL)
		return is(arg, user);
	for (i = 0; i < m->n; i++)
		if ((m->pairs[i].user == NULL ||
		    strcmp(m->pairs[i].user, user) == 0) &&
		    is(arg, m->pairs[i].system))
			return true;
	return false;
}
