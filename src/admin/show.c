/*
 * show.c - finds what SHOW can show.
 */
#include "admin/show.h"

#include <strings.h>

#include "base/must.h"
#include "config/config.h"

static const struct show *(*const groups[])(void) = {
	show_pools, show_budgets, show_hosts, show_sockets, show_stats,
	show_settings
};

const struct show *
show_find(const char *name)
{
	const struct show *s;

	for (size_t i = 0; i < countof(groups); i++)
		for (s = groups[i](); s->name != NULL; s++)
			if (strcasecmp(s->name, name) == 0)
				return s;
	return NULL;
}

const struct show *
show_at(size_t i)
{
	const struct show *s;

	for (size_t k = 0; k < countof(groups); k++)
		for (s = groups[k](); s->name != NULL; s++)
			if (i-- == 0)
				return s;
	return NULL;
}

void
show_name(const struct walk *w, const char **database)
{
	if (config_is_console(*database))
		*database = w->console;
}

void
show_names(struct text *out)
{
	const struct show *s;
	const char *sep;

	for (size_t i = 0; i < countof(groups); i++) {
		text_puts(out, i == 0 ? "\n\tSHOW HELP" : "\n\tSHOW ");
		sep = i == 0 ? "|" : "";
		for (s = groups[i](); s->name != NULL; s++) {
			if (s->kind != SHOW_TABLE)
				continue;
			text_printf(out, "%s%s", sep, s->name);
			sep = "|";
		}
	}
}
