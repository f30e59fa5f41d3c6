/*
 * words.c - lines and words; see words.h.
 *
 * The grammar is that of PgBouncer's HBA file. Nothing here knows what a
 * word means.
 */
#include "config/words.h"

#include <errno.h>
#include <string.h>

#include "config/file.h"

bool
words_read_file(const char *path, const char *what, struct text *to,
    struct err *err)
{
	bool ok = file_read(path, WORDS_FILE_MAX, to);

	if (!ok)
		(void)err_set(err, "%.300s: expected a readable %s: %s", path,
		    what, strerror(errno));
	return ok;
}

bool
words_line(struct str *rest, struct str *line)
{
	const char *nl;

	if (rest->n == 0)
		return false;
	nl = memchr(rest->p, '\n', rest->n);
	*line = (struct str){ rest->p,
		nl != NULL ? (size_t)(nl - rest->p) : rest->n };
	rest->p += line->n + (nl != NULL);
	rest->n -= line->n + (nl != NULL);
	return true;
}

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\f' || c == '\v';
}

static void
skip(struct str *s, size_t n)
{
	s->p += n;
	s->n -= n;
}

static enum word
quoted(struct str *line, struct text *word)
{
	size_t i;

	for (i = 1; i < line->n && line->p[i] != '\0'; i++) {
		if (line->p[i] != '"') {
			text_add(word, line->p + i, 1);
		} else if (i + 1 < line->n && line->p[i + 1] == '"') {
			text_add(word, "\"", 1);
			i++;
		} else {
			skip(line, i + 1);
			return WORD_QUOTED;
		}
	}
	return WORD_BROKEN;
}

static enum word
bare(struct str *line, struct text *word)
{
	size_t n = 0;

	while (n < line->n && !is_blank(line->p[n]) && line->p[n] != ',' &&
	    line->p[n] != '"' && line->p[n] != '#') {
		if (line->p[n] == '\0')
			return WORD_BROKEN;
		n++;
	}
	text_add(word, line->p, n);
	skip(line, n);
	return WORD_BARE;
}

enum word
words_next(struct str *line, struct text *word)
{
	text_clear(word);
	text_puts(word, "");
	while (line->n > 0 && is_blank(line->p[0]))
		skip(line, 1);
	if (line->n == 0 || line->p[0] == '#')
		return WORD_END;
	if (line->p[0] == ',') {
		skip(line, 1);
		return WORD_COMMA;
	}
	return line->p[0] == '"' ? quoted(line, word) : bare(line, word);
}
