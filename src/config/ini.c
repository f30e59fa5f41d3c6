/*
 * ini.c - the one place that knows inih, and what PgBouncer's files look like.
 *
 * inih cuts lines at 200 bytes, names at 49, takes ';' behind a blank for a
 * comment even inside quotes, ':' for '=', an indented line for more of the
 * last value, and tells no line numbers. So it never sees the text: a reader
 * of our own reads lines of any length, knows file, line and %include, and
 * hands each one over in pieces that cannot be misread:
 *
 *	[databases]
 *	head=
 *	more=6170703d686f73743d...	the bytes in hexadecimal, ...
 *	last=...			... to here: one line of the file
 *
 * The handler puts the pieces together and splits name and value. Since inih
 * calls it before it reads on, the reader's place is the place of the item.
 *
 * Differences to PgBouncer: a NUL byte is an error and not the end of the
 * file, and a file that includes itself is named at once.
 */
#include "config/ini.h"

#include <ctype.h>
#include <errno.h>
#include <ini.h>
#include <stdarg.h>
#include <string.h>
#include <sys/stat.h>

#include "base/mem.h"
#include "base/must.h"
#include "base/str.h"

#define DEPTH_MAX   11          /* the file and ten levels of %include */
#define FILES_MAX   1000
#define LINE_BYTES  (16 << 20)
#define SECTION_MAX 40          /* inih cuts at 49 */
#define PIECE_ROOM  16          /* "more=", "\n", NUL and some air */

struct source {
	FILE *stream;
	const char *path;
	int line;
	struct stat stat;
};

/* What the next call of the reader hands over. */
enum hand { HAND_LINE, HAND_HEAD, HAND_PIECE };

struct reading {
	struct source stack[DEPTH_MAX];
	size_t depth;
	char *paths[FILES_MAX];         /* items point here */
	size_t npaths;
	struct text line;               /* of the file, trimmed; from at on */
	size_t at;                      /* it waits to be handed over */
	enum hand hand;
	struct text joined;             /* the pieces handed over so far */
	ini_item_fn *fn;
	void *arg;
	struct err *err;
	bool failed, headed;
};

static char *read_piece(char *, int, void *);
static int join_piece(void *, const char *, const char *, const char *);

static struct source *
top(struct reading *r)
{
	must(r->depth > 0);
	return &r->stack[r->depth - 1];
}

/* Where we are, and what was expected there. */
__attribute__((format(printf, 2, 3)))
static void
fail(struct reading *r, const char *fmt, ...)
{
	struct text what = {0};
	va_list ap;

	va_start(ap, fmt);
	text_vprintf(&what, fmt, ap);
	va_end(ap);
	(void)err_set(r->err, "%.300s:%d: %s", top(r)->path, top(r)->line,
	    what.p);
	text_fini(&what);
	r->failed = true;
}

static void
push(struct reading *r, FILE *f, const char *path)
{
	struct source *s = &r->stack[r->depth++];

	must(r->depth <= DEPTH_MAX && r->npaths < FILES_MAX);
	r->paths[r->npaths] = mem_strdup(path);
	*s = (struct source){ .stream = f, .path = r->paths[r->npaths++] };
	if (fstat(fileno(f), &s->stat) == -1)
		s->stat.st_mode = 0;
}

static void
pop(struct reading *r)
{
	/* The first one is the caller's. */
	if (r->depth > 1)
		fclose(top(r)->stream);
	r->depth--;
}

bool
ini_read_stream(FILE *f, const char *name, ini_item_fn *fn, void *arg,
    struct err *err)
{
	struct reading *r = mem_alloc(sizeof *r);
	bool ok;
	size_t i;

	r->fn = fn;
	r->arg = arg;
	r->err = err;
	push(r, f, name);
	if (ini_parse_stream(read_piece, r, join_piece, r) != 0 && !r->failed)
		fail(r, "expected lines that inih can read");
	ok = !r->failed;
	while (r->depth > 0)
		pop(r);
	for (i = 0; i < r->npaths; i++)
		mem_free(r->paths[i]);
	text_fini(&r->line);
	text_fini(&r->joined);
	mem_free(r);
	return ok;
}

bool
ini_read(const char *path, ini_item_fn *fn, void *arg, struct err *err)
{
	FILE *f = fopen(path, "re");
	bool ok;

	if (f == NULL)
		return err_set(err, "%.300s: expected a readable file: %s",
		    path, strerror(errno));
	ok = ini_read_stream(f, path, fn, arg, err);
	fclose(f);
	return ok;
}

/* Read one line of the top file into r->line, without its end. False at the
 * end of that file, or if it failed. */
static bool
read_raw(struct reading *r)
{
	struct source *s = top(r);
	int c = EOF;
	char byte;

	text_clear(&r->line);
	r->at = 0;
	s->line++;
	while ((c = getc_unlocked(s->stream)) != EOF && c != '\n') {
		if (c == '\0') {
			fail(r, "expected text, found a NUL byte");
			return false;
		}
		if (r->line.n == LINE_BYTES) {
			fail(r, "expected a line of at most %d bytes",
			    LINE_BYTES);
			return false;
		}
		byte = (char)c;
		text_add(&r->line, &byte, 1);
	}
	if (c == EOF && ferror(s->stream)) {
		fail(r, "expected a readable file: %s", strerror(errno));
		return false;
	}
	if (s->line == 1 && r->line.n >= 3 &&
	    memcmp(r->line.p, "\xef\xbb\xbf", 3) == 0)
		r->at = 3;      /* a byte order mark */
	while (r->line.n > r->at &&
	    isspace((unsigned char)r->line.p[r->line.n - 1]))
		r->line.p[--r->line.n] = '\0';
	return c != EOF || r->line.n > 0;
}

static void
include(struct reading *r, const char *path)
{
	struct source *s;
	size_t i;
	FILE *f;

	if (*path == '\0') {
		fail(r, "expected the name of a file behind %%include");
		return;
	}
	if (r->depth == DEPTH_MAX || r->npaths == FILES_MAX) {
		fail(r, "expected at most %d levels and %d files of %%include",
		    DEPTH_MAX - 1, FILES_MAX - 1);
		return;
	}
	f = fopen(path, "re");
	if (f == NULL) {
		fail(r, "expected a readable file \"%.200s\": %s", path,
		    strerror(errno));
		return;
	}
	push(r, f, path);
	s = top(r);
	for (i = 0; i + 1 < r->depth; i++) {
		if (!S_ISREG(s->stat.st_mode) ||
		    r->stack[i].stat.st_dev != s->stat.st_dev ||
		    r->stack[i].stat.st_ino != s->stat.st_ino)
			continue;
		pop(r);
		fail(r, "expected another file: \"%.200s\" includes itself",
		    path);
		return;
	}
}

/* Is there something to hand over at r->at? Skips blanks and comments, and
 * follows %include. */
static bool
has_content(struct reading *r)
{
	static const char word[] = "%include";
	const char *p;

	if (r->at >= r->line.n)
		return false;
	p = r->line.p + r->at;
	p += strspn(p, " \t\v\f\r");
	r->at = (size_t)(p - r->line.p);
	if (*p == '\0' || *p == ';' || *p == '#') {
		r->at = r->line.n;
		return false;
	}
	if (strncmp(p, word, sizeof word - 1) == 0 &&
	    (p[sizeof word - 1] == '\0' || isspace((unsigned char)
	    p[sizeof word - 1]))) {
		p += sizeof word - 1;
		p += strspn(p, " \t\v\f\r");
		r->at = r->line.n;
		include(r, p);
		return false;
	}
	return true;
}

/* Move on to the next line with something in it, over the ends of files. */
static bool
next_content(struct reading *r)
{
	while (!r->failed && !has_content(r)) {
		if (r->failed)
			return false;
		if (read_raw(r))
			continue;
		if (r->failed || r->depth == 1)
			return false;
		pop(r);
		r->at = r->line.n;
	}
	return !r->failed;
}

static char *
put_section(struct reading *r, char *buf, size_t cap)
{
	const char *p = r->line.p + r->at + 1;
	size_t n = 0;

	while (isalnum((unsigned char)p[n]) || p[n] == '_' || p[n] == '-')
		n++;
	if (n == 0 || n > SECTION_MAX || p[n] != ']') {
		fail(r, "expected the name of a section between [ and ]");
		return NULL;
	}
	must(n + 4 <= cap);
	snprintf(buf, cap, "[%.*s]\n", (int)n, p);
	r->at += n + 2;
	r->hand = HAND_HEAD;
	return buf;
}

static char *
put_piece(struct reading *r, char *buf, size_t cap)
{
	static const char hex[] = "0123456789abcdef";
	size_t room = (cap - PIECE_ROOM) / 2, left = r->line.n - r->at, i;
	bool last = left <= room;
	char *to = buf + snprintf(buf, cap, last ? "last=" : "more=");

	for (i = 0; i < (last ? left : room); i++) {
		unsigned char c = (unsigned char)r->line.p[r->at++];

		*to++ = hex[c >> 4];
		*to++ = hex[c & 15];
	}
	*to++ = '\n';
	*to++ = '\0';
	must(to <= buf + cap);
	r->hand = last ? HAND_LINE : HAND_PIECE;
	return buf;
}

/* inih's fgets(). */
static char *
read_piece(char *buf, int cap, void *arg)
{
	struct reading *r = arg;

	must(cap > SECTION_MAX + PIECE_ROOM);
	if (r->failed)
		return NULL;
	switch (r->hand) {
	case HAND_HEAD:
		r->hand = HAND_LINE;
		r->headed = true;
		snprintf(buf, (size_t)cap, "head=\n");
		return buf;
	case HAND_PIECE:
		return put_piece(r, buf, (size_t)cap);
	case HAND_LINE:
		break;
	}
	if (!next_content(r))
		return NULL;
	if (r->line.p[r->at] == '[')
		return put_section(r, buf, (size_t)cap);
	return put_piece(r, buf, (size_t)cap);
}

static void
call(struct reading *r, const struct ini_item *item)
{
	struct err why = {{0}};

	if (!r->fn(r->arg, item, &why))
		fail(r, "%s", why.text);
}

/* What a name may have in it without quotes: in [hosts] also what addresses
 * and directories are made of. */
static bool
is_key_char(const struct ini_item *item, char c)
{
	bool hosts = item->section != NULL &&
	    strcmp(item->section, "hosts") == 0;

	return isalnum((unsigned char)c) || (c != '\0' &&
	    strchr(hosts ? "_.*-:/@" : "_.*-", c) != NULL);
}

/* Split name and value in place: NAME = VALUE or 'NAME' = VALUE. */
static bool
split(char *line, struct ini_item *item)
{
	char *end;

	if (line[0] == '\'') {
		item->key = line + 1;
		end = strchr(line + 1, '\'');
		if (end == NULL || end == line + 1)
			return false;
		*end++ = '\0';
	} else {
		item->key = line;
		for (end = line; is_key_char(item, *end);)
			end++;
		if (end == line)
			return false;
	}
	line = end + strspn(end, " \t");
	if (*line != '=')
		return false;
	line++;
	*end = '\0';
	item->value = line + strspn(line, " \t");
	return true;
}

static int
nibble(char c)
{
	return c <= '9' ? c - '0' : c - 'a' + 10;
}

/* inih's handler. */
static int
join_piece(void *arg, const char *section, const char *name,
    const char *value)
{
	struct reading *r = arg;
	struct ini_item item = {
		.section = r->headed ? section : NULL,
		.file = top(r)->path,
		.line = top(r)->line,
	};
	bool named;

	if (strcmp(name, "head") == 0) {
		call(r, &item);
		return !r->failed;
	}
	for (; value[0] != '\0'; value += 2) {
		char c = (char)(nibble(value[0]) << 4 | nibble(value[1]));

		text_add(&r->joined, &c, 1);
	}
	if (strcmp(name, "more") == 0)
		return 1;
	named = strchr(r->joined.p, '=') != NULL;
	if (split(r->joined.p, &item))
		call(r, &item);
	else
		fail(r, "expected NAME = VALUE%s", named ? ", with single "
		    "quotes around a NAME of other than letters, digits and "
		    "_.*-" : "");
	text_clear(&r->joined);
	return !r->failed;
}
