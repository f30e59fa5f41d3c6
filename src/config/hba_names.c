/*
 * hba_names.c - lists of names; see hba_names.h.
 *
 * What PostgreSQL reads as something else than a name (a role's members, a
 * regular expression) is refused: as a plain name it would never match, and
 * a rule that rejects would let everybody pass.
 */
#include "config/hba_names.h"

#include <stdlib.h>

#include "base/mem.h"
#include "config/words.h"

#define NESTING_MAX 8
#define NAMES_MAX 1000000

/* A list while it is read. */
struct list_reader {
	struct hba_names *to;
	enum hba_field field;
	unsigned depth;         /* of files in files */
	size_t files;           /* all of them, so that none costs too much */
};

static bool read_file(struct list_reader *, const char *name,
    const char *from, struct err *);

static bool
add(struct hba_names *l, const struct text *word, struct err *err)
{
	if (l->n == NAMES_MAX)
		return err_set(err, "expected at most %d names", NAMES_MAX);
	/* Room doubles when n is a power of two. */
	if ((l->n & (l->n - 1)) == 0)
		l->names = mem_resize(l->names,
		    (l->n == 0 ? 1 : l->n * 2) * sizeof *l->names);
	l->names[l->n++] = mem_strdup(word->p);
	return true;
}

/* Is it a keyword of the field? Then it is noted. */
static bool
take_keyword(struct list_reader *r, const char *word)
{
	bool *flag = NULL;

	if (strcmp(word, "all") == 0)
		flag = &r->to->all;
	else if (r->field == HBA_DATABASES && strcmp(word, "sameuser") == 0)
		flag = &r->to->sameuser;
	else if (r->field == HBA_DATABASES &&
	    strcmp(word, "replication") == 0)
		flag = &r->to->replication;
	if (flag == NULL)
		return false;
	*flag = true;
	return true;
}

static bool
take_bare(struct list_reader *r, const struct text *word, const char *path,
    struct err *err)
{
	if (take_keyword(r, word->p))
		return true;
	if (word->p[0] == '@')
		return read_file(r, word->p + 1, path, err);
	if (word->p[0] == '/')
		return err_set(err, "expected a name, found \"%.80s\": "
		    "regular expressions are not supported", word->p);
	if (r->field == HBA_USERS && word->p[0] == '+')
		return err_set(err, "expected a user, found \"%.80s\": "
		    "members of roles are not supported", word->p);
	if (r->field == HBA_DATABASES && (strcmp(word->p, "samerole") == 0 ||
	    strcmp(word->p, "samegroup") == 0))
		return err_set(err, "expected a database, found %s, which is "
		    "not supported", word->p);
	return add(r->to, word, err);
}

static bool
take_name(struct list_reader *r, enum word kind, const struct text *word,
    const char *path, struct err *err)
{
	switch (kind) {
	case WORD_BARE:
		return take_bare(r, word, path, err);
	case WORD_QUOTED:
		if (word->n > 0)
			return add(r->to, word, err);
		break;
	case WORD_COMMA:
	case WORD_END:
	case WORD_BROKEN:
		break;
	}
	return err_set(err, "expected %s%s", kind == WORD_BROKEN ?
	    "a quote to end the word" : r->field == HBA_DATABASES ?
	    "a database" : "a user", kind == WORD_END ?
	    ", found the end of the line" : "");
}

/* Names of a file: one or more on a line, with blanks or commas between. */
static bool
read_names(struct list_reader *r, struct str text, const char *path,
    struct err *err)
{
	struct text word = {0};
	struct str line;
	struct err why;
	size_t number = 0;
	bool ok = true;

	while (ok && words_line(&text, &line)) {
		enum word kind = WORD_COMMA;

		number++;
		for (; ok && kind != WORD_END; ) {
			kind = words_next(&line, &word);
			if (kind != WORD_END && kind != WORD_COMMA)
				ok = take_name(r, kind, &word, path, &why);
		}
	}
	if (!ok)
		(void)err_set(err, "%.150s:%zu: %.300s", path, number,
		    why.text);
	text_fini(&word);
	return ok;
}

/* name, relative to the folder of the file that names it. */
static char *
path_beside(const char *name, const char *from)
{
	const char *slash = strrchr(from, '/');

	if (name[0] == '/' || slash == NULL)
		return mem_strdup(name);
	return mem_printf("%.*s%s", (int)(slash + 1 - from), from, name);
}

static bool
read_file(struct list_reader *r, const char *name, const char *from,
    struct err *err)
{
	struct text text = {0};
	char *path;
	bool ok;

	if (name[0] == '\0')
		return err_set(err, "expected the name of a file behind @");
	if (r->depth == NESTING_MAX || r->files == NAMES_MAX)
		return err_set(err, "expected files to nest %d deep at most",
		    NESTING_MAX);
	r->depth++;
	r->files++;
	path = path_beside(name, from);
	ok = words_read_file(path, "list of names", &text, err) &&
	    read_names(r, (struct str){ text.p, text.n }, path, err);
	mem_free(path);
	text_fini(&text);
	r->depth--;
	return ok;
}

static int
by_name(const void *a, const void *b)
{
	char *const *x = a, *const *y = b;

	return strcmp(*x, *y);
}

static bool
next_is_comma(struct str line)
{
	struct text word = {0};
	bool is = words_next(&line, &word) == WORD_COMMA;

	text_fini(&word);
	return is;
}

bool
hba_names_parse(struct hba_names *l, struct str *line, enum hba_field field,
    const char *path, struct err *err)
{
	struct list_reader r = { .to = l, .field = field };
	struct text word = {0};
	enum word kind;
	bool ok, more = true;

	do {
		kind = words_next(line, &word);
		ok = take_name(&r, kind, &word, path, err);
		more = ok && next_is_comma(*line);
		if (more)
			more = words_next(line, &word) == WORD_COMMA;
	} while (more);
	text_fini(&word);
	if (l->n > 0)
		qsort(l->names, l->n, sizeof *l->names, by_name);
	return ok;
}

void
hba_names_fini(struct hba_names *l)
{
	size_t i;

	for (i = 0; i < l->n; i++)
		mem_free(l->names[i]);
	mem_free(l->names);
	*l = (struct hba_names){0};
}

static int
compare(const void *key, const void *entry)
{
	char *const *name = entry;

	return strcmp(key, *name);
}

bool
hba_names_has(const struct hba_names *l, const char *name)
{
	return l->n > 0 && bsearch(name, l->names, l->n, sizeof *l->names,
	    compare) != NULL;
}
