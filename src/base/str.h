/*
 * str.h - a view of bytes, and a growing text.
 */
#ifndef BASE_STR_H
#define BASE_STR_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

/* n bytes at p, owned by somebody else, without a NUL behind them. */
struct str {
	const char *p;
	size_t n;
};

static inline struct str
str_of(const char *s)
{
	return (struct str){ s, s != NULL ? strlen(s) : 0 };
}

static inline bool
str_eq(struct str a, struct str b)
{
	return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

static inline bool
str_is(struct str a, const char *s)
{
	return str_eq(a, str_of(s));
}

bool str_is_nocase(struct str, const char *);
	/* Equal but for the case of ASCII letters. */

struct str str_trim(struct str);
	/* Without white space at both ends. */

bool str_has_word(const char *list, const char *word);
	/* Is word one of the words in list, which commas and blanks part?
	 * NULL is the empty list. */

/* A text that grows; {0} is an empty one. p is NUL-terminated or NULL. */
struct text {
	char *p;
	size_t n, cap;
};

void text_add(struct text *, const void *, size_t n);
void text_puts(struct text *, const char *);
void text_printf(struct text *, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
void text_vprintf(struct text *, const char *fmt, va_list)
    __attribute__((format(printf, 2, 0)));

void text_reserve(struct text *, size_t more);
	/* So many bytes can be added without its being moved. */

void text_clear(struct text *);
	/* Empty it, keep the memory. */

void text_fini(struct text *);
	/* Free it; it is an empty text again. */

char *text_take(struct text *);
	/* The text, now the caller's to mem_free(); never NULL. */

#endif
