/*
 * str.c - views and growing texts; see str.h.
 */
#include "base/str.h"

#include <ctype.h>
#include <stdio.h>
#include <strings.h>

#include "base/mem.h"
#include "base/must.h"

bool
str_is_nocase(struct str a, const char *s)
{
	return a.n == strlen(s) && strncasecmp(a.p, s, a.n) == 0;
}

struct str
str_trim(struct str s)
{
	while (s.n > 0 && isspace((unsigned char)s.p[0])) {
		s.p++;
		s.n--;
	}
	while (s.n > 0 && isspace((unsigned char)s.p[s.n - 1]))
		s.n--;
	return s;
}

bool
str_has_word(const char *list, const char *word)
{
	static const char sep[] = ", \t\r\n";
	size_t n;

	for (; list != NULL && *list != '\0'; list += n) {
		list += strspn(list, sep);
		n = strcspn(list, sep);
		if (n != 0 && str_is((struct str){ list, n }, word))
			return true;
	}
	return false;
}

void
text_reserve(struct text *t, size_t more)
{
	size_t want = t->n + more + 1;

	if (want <= t->cap)
		return;
	t->cap = t->cap * 2 > want ? t->cap * 2 : want + 32;
	t->p = mem_resize(t->p, t->cap);
}

void
text_add(struct text *t, const void *p, size_t n)
{
	text_reserve(t, n);
	if (n != 0)
		memcpy(t->p + t->n, p, n);
	t->n += n;
	t->p[t->n] = '\0';
}

void
text_puts(struct text *t, const char *s)
{
	text_add(t, s, strlen(s));
}

void
text_vprintf(struct text *t, const char *fmt, va_list ap)
{
	va_list again;
	int n;

	va_copy(again, ap);
	n = vsnprintf(NULL, 0, fmt, again);
	va_end(again);
	must(n >= 0);
	text_reserve(t, (size_t)n);
	vsnprintf(t->p + t->n, (size_t)n + 1, fmt, ap);
	t->n += (size_t)n;
}

void
text_printf(struct text *t, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	text_vprintf(t, fmt, ap);
	va_end(ap);
}

void
text_clear(struct text *t)
{
	t->n = 0;
	if (t->p != NULL)
		t->p[0] = '\0';
}

void
text_fini(struct text *t)
{
	mem_free(t->p);
	*t = (struct text){ 0 };
}

char *
text_take(struct text *t)
{
	char *p = t->p != NULL ? t->p : mem_strdup("");

	*t = (struct text){ 0 };
	return p;
}
