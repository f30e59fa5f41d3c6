/*
 * differences.c - says line by line what a pgbouncer.ini will do otherwise
 * here.
 *
 * The file is read once more, beside load.c, which has judged it already: a
 * file with mistakes still has its differences told. Only files whose main
 * section is [pgbouncer] are looked at: who writes [pgweir] has arrived.
 */
#include "config/load.h"

#include <stdarg.h>
#include <string.h>
#include <strings.h>

#include "base/must.h"
#include "config/ini.h"

static const struct line {
	const char *name, *value, *text;
} lines[] = {
#define LINE(name, value, text) { name, value, text },
#include "config/differences.def"
};

static const struct unset {
	const char *name, *text;
} unsets[] = {
#define UNSET(name, text) { name, text },
#include "config/differences.def"
};

struct reading {
	struct config_report *report;
	const struct setting *rows;
	size_t nrows;
	unsigned heads;         /* so many of these there were */
	bool is_set[countof(unsets)];
};

__attribute__((format(printf, 4, 5)))
static void
tell(struct reading *r, const char *file, int line, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	(void)config_report_add(&r->report->differences,
	    &r->report->ndifferences, file, line, fmt, ap);
	va_end(ap);
}

static void
look_at_setting(struct reading *r, const struct ini_item *it)
{
	const struct setting *row = setting_find(r->rows, r->nrows, it->key);
	size_t i;

	if (row != NULL && row->state == SETTING_SILENT)
		tell(r, it->file, it->line, "%s: has no effect and needs none",
		    it->key);
	for (i = 0; i < countof(lines); i++)
		if (strcmp(lines[i].name, it->key) == 0 &&
		    (lines[i].value == NULL ||
		    strcasecmp(lines[i].value, it->value) == 0))
			tell(r, it->file, it->line, "%s: %s", it->key,
			    lines[i].text);
	for (i = 0; i < countof(unsets); i++)
		if (strcmp(unsets[i].name, it->key) == 0)
			r->is_set[i] = true;
}

static bool
on_item(void *arg, const struct ini_item *it, struct err *err)
{
	struct reading *r = arg;

	(void)err;
	if (it->section == NULL)
		return true;
	if (it->key != NULL) {
		if (strcmp(it->section, "pgbouncer") == 0)
			look_at_setting(r, it);
		return true;
	}
	if (strcmp(it->section, "pgbouncer") == 0 && r->heads++ > 0)
		tell(r, it->file, it->line, "[pgbouncer]: continues the "
		    "section; in PgBouncer everything before it is forgotten");
	return true;
}

void
config_differences(const char *path, struct config_report *report)
{
	struct reading r = { .report = report };
	struct err err;
	size_t i;

	r.rows = config_settings(&r.nrows);
	/* What cannot be read, load.c has complained of. */
	if (!ini_read(path, on_item, &r, &err) || r.heads == 0)
		return;
	for (i = 0; i < countof(unsets); i++)
		if (!r.is_set[i])
			tell(&r, path, 0, "%s is not set: %s", unsets[i].name,
			    unsets[i].text);
}
