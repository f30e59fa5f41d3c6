/*
 * userlist.c - reads the auth_file into a sorted table; see userlist.h.
 *
 * A line is "user" "secret", anything behind is ignored, "" inside stands
 * for one quote. Only ; begins a comment. PgBouncer gives up at the first bad
 * line and leaves all later users without a password, and lets a line without
 * a secret take the next line's name for one; here the file is broken as a
 * whole, and the caller keeps what it had.
 */
#include "config/userlist.h"

#include <errno.h>
#include <stdlib.h>

#include "base/mem.h"
#include "base/must.h"
#include "config/file.h"

#define FILE_MAX   (256 << 20)  /* bytes */
#define USER_MAX   127          /* PgBouncer's bounds; longer names and */
#define SECRET_MAX 65530        /* secrets could never be used to log in */

struct entry {
	char *name, *secret;
	size_t line;            /* where it was read: the last one wins */
};

struct userlist {
	unsigned refs;
	struct entry *entries;
	size_t n, cap;
};

static struct userlist *
create(void)
{
	struct userlist *l = mem_alloc(sizeof *l);

	l->refs = 1;
	return l;
}

static void
add(struct userlist *l, char *name, char *secret, size_t line)
{
	if (l->n == l->cap) {
		l->cap = l->cap == 0 ? 16 : l->cap * 2;
		l->entries = mem_resize(l->entries,
		    l->cap * sizeof *l->entries);
	}
	l->entries[l->n++] = (struct entry){ name, secret, line };
}

static void
drop(struct entry *e)
{
	mem_free(e->name);
	if (e->secret != NULL)
		explicit_bzero(e->secret, strlen(e->secret));
	mem_free(e->secret);
}

/* Read "..." at *at into a new string. NULL if there is none. */
static char *
quoted(struct str *at, size_t max)
{
	struct text out = {0};
	size_t i;

	if (at->n == 0 || at->p[0] != '"')
		return NULL;
	for (i = 1; i < at->n; i++) {
		if (at->p[i] != '"') {
			text_add(&out, at->p + i, 1);
		} else if (i + 1 < at->n && at->p[i + 1] == '"') {
			text_add(&out, "\"", 1);
			i++;
		} else {
			break;
		}
	}
	if (i == at->n || out.n > max) {
		text_fini(&out);
		return NULL;
	}
	at->p += i + 1;
	at->n -= i + 1;
	return text_take(&out);
}

static bool
parse_line(struct userlist *l, struct str line, size_t number,
    const char *path, struct err *err)
{
	char *name, *secret;

	line = str_trim(line);
	if (line.n == 0 || line.p[0] == ';')
		return true;
	if (memchr(line.p, '\0', line.n) != NULL)
		return err_set(err, "%s:%zu: expected text, found a NUL byte",
		    path, number);
	name = quoted(&line, USER_MAX);
	if (name == NULL)
		return err_set(err, "%s:%zu: expected \"user\" \"secret\", "
		    "with a name of at most %d bytes", path, number, USER_MAX);
	line = str_trim(line);
	secret = quoted(&line, SECRET_MAX);
	if (secret == NULL) {
		(void)err_set(err, "%s:%zu: expected \"secret\" behind the "
		    "user \"%.80s\", of at most %d bytes", path, number, name,
		    SECRET_MAX);
		mem_free(name);
		return false;
	}
	add(l, name, secret, number);
	return true;
}

static int
by_name_then_line(const void *va, const void *vb)
{
	const struct entry *a = va, *b = vb;
	int d = strcmp(a->name, b->name);

	return d != 0 ? d : (a->line > b->line) - (a->line < b->line);
}

static void
sort(struct userlist *l)
{
	size_t i, kept = 0;

	if (l->n == 0)
		return;
	qsort(l->entries, l->n, sizeof *l->entries, by_name_then_line);
	for (i = 0; i < l->n; i++) {
		if (i + 1 < l->n && strcmp(l->entries[i].name,
		    l->entries[i + 1].name) == 0)
			drop(&l->entries[i]);
		else
			l->entries[kept++] = l->entries[i];
	}
	l->n = kept;
}

struct userlist *
userlist_parse(struct str text, const char *path, struct err *err)
{
	struct userlist *l = create();
	size_t number = 0;

	while (text.n > 0) {
		const char *nl = memchr(text.p, '\n', text.n);
		size_t n = nl != NULL ? (size_t)(nl - text.p) : text.n;

		number++;
		if (!parse_line(l, (struct str){ text.p, n }, number, path,
		    err)) {
			userlist_unref(l);
			return NULL;
		}
		if (nl != NULL)
			n++;
		text.p += n;
		text.n -= n;
	}
	sort(l);
	return l;
}

struct userlist *
userlist_load(const char *path, struct err *err)
{
	struct userlist *l = NULL;
	struct text text = {0};

	if (!file_read(path, FILE_MAX, &text))
		(void)err_set(err, "%s: expected a readable auth_file: %s",
		    path, strerror(errno));
	else
		l = userlist_parse((struct str){ text.p, text.n }, path, err);
	if (text.p != NULL)
		explicit_bzero(text.p, text.n);
	text_fini(&text);
	return l;
}

struct userlist *
userlist_single(const char *user, const char *secret)
{
	struct userlist *l = create();

	add(l, mem_strdup(user), mem_strdup(secret), 0);
	return l;
}

struct userlist *
userlist_ref(struct userlist *l)
{
	if (l != NULL)
		l->refs++;
	return l;
}

void
userlist_unref(struct userlist *l)
{
	size_t i;

	if (l == NULL)
		return;
	must(l->refs > 0);
	if (--l->refs > 0)
		return;
	for (i = 0; i < l->n; i++)
		drop(&l->entries[i]);
	mem_free(l->entries);
	mem_free(l);
}

static int
by_name(const void *key, const void *entry)
{
	return strcmp(key, ((const struct entry *)entry)->name);
}

const char *
userlist_secret(const struct userlist *l, const char *user)
{
	const struct entry *e;

	if (l->n == 0)
		return NULL;
	e = bsearch(user, l->entries, l->n, sizeof *e, by_name);
	return e != NULL ? e->secret : NULL;
}

size_t
userlist_count(const struct userlist *l)
{
	return l->n;
}

const char *
userlist_name(const struct userlist *l, size_t i)
{
	must(i < l->n);
	return l->entries[i].name;
}

const char *
userlist_secret_at(const struct userlist *l, size_t i)
{
	must(i < l->n);
	return l->entries[i].secret;
}
