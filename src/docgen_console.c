/*
 * docgen_console.c - prints what can be said about the console from its
 * tables.
 *
 * Names, types, order and rights come from the tables that the program runs
 * by, the texts from src/admin/manual.def. Where one has what the other
 * lacks there is no page, so that a column cannot be added without a word
 * about it, and no word stays about a column that has gone.
 */
#include "docgen.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/must.h"
#include "admin/show.h"
#include "admin/verb.h"
#include "pool/queue.h"

struct row {
	const char *name, *like, *text;
};

static const struct row verb_rows[] = {
#define VERB(name, text) { name, NULL, text },
#include "admin/manual.def"
};

static const struct row table_rows[] = {
#define TABLE(name, like, text) { name, like, text },
#include "admin/manual.def"
};

/* name is the table, like the column. */
static const struct row column_rows[] = {
#define COLUMN_TEXT(table, name, text) { table, name, text },
#include "admin/manual.def"
};

static const struct {
	enum wait_reason reason;
	const char *text;
} wait_rows[] = {
#define WAIT(id, text) { WAIT_##id, text },
#include "admin/manual.def"
};

/* One for each but WAIT_NONE. */
#define X(id, name) +1
_Static_assert(countof(wait_rows) == 0 WAIT_REASONS(X) - 1,
    "manual.def has all reasons to wait");
#undef X

static void
misfit(const char *what, const char *name)
{
	fprintf(stderr, "docgen: src/admin/manual.def and the console do not "
	    "fit: %s %s\n", what, name);
	exit(EXIT_FAILURE);
}

static const struct row *
find(const struct row *rows, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(rows[i].name, name) == 0)
			return &rows[i];
	return NULL;
}

static const char *
column_text(const char *table, const char *column)
{
	for (size_t i = 0; i < countof(column_rows); i++)
		if (strcmp(column_rows[i].name, table) == 0 &&
		    strcmp(column_rows[i].like, column) == 0)
			return column_rows[i].text;
	return NULL;
}

static const char *
type_name(enum pgtype type)
{
	static const char *const names[] = {
		[PG_TEXT] = "text", [PG_INT4] = "int4", [PG_INT8] = "int8",
		[PG_NUMERIC] = "numeric", [PG_BYTEA] = "bytea",
	};

	return names[type];
}

void
console_verbs(void)
{
	const struct row *row;
	struct verb_facts v;
	size_t n;

	printf(".Bl -tag -width Ds\n");
	for (n = 0; verb_facts(n, &v); n++) {
		row = find(verb_rows, countof(verb_rows), v.name);
		if (row == NULL)
			misfit("no text for the command", v.name);
		printf(".It Ic %s%s%s\n", v.name,
		    v.args[0] != '\0' ? " " : "", v.args);
		roff_text(row->text);
		if (v.is_for_admins)
			printf("For administrators only.\n");
	}
	printf(".El\n");
	if (n != countof(verb_rows))
		misfit("texts for", "commands that do not exist");
}

static bool
has_column(const char *table, const char *column)
{
	const struct show *s = show_find(table);

	for (size_t i = 0; s != NULL && i < s->ncolumns; i++)
		if (strcmp(s->columns[i].name, column) == 0)
			return true;
	return false;
}

/* Is the column told about at a table that this one is like? */
static bool
is_told_elsewhere(const struct row *table, const char *column)
{
	while (table->like != NULL) {
		table = find(table_rows, countof(table_rows), table->like);
		must(table != NULL);
		if (column_text(table->name, column) != NULL)
			return true;
	}
	return false;
}

static void
print_table(const struct show *s, const struct row *row)
{
	const char *text;
	bool open = false;

	printf(".Ss SHOW %s\n", s->name);
	roff_text(row->text);
	if (s->need == NEED_ADMIN)
		printf("For administrators only.\n");
	if (row->like != NULL)
		printf("It has columns of\n.Ic SHOW %s ,\n"
		    "with the same meaning%s\n", row->like,
		    strcmp(s->name, "ACTIVE_SOCKETS") == 0 ? "." :
		    "; different or new are:");
	for (size_t i = 0; i < s->ncolumns; i++) {
		text = column_text(s->name, s->columns[i].name);
		if (text == NULL) {
			if (!is_told_elsewhere(row, s->columns[i].name))
				misfit(s->name, s->columns[i].name);
			continue;
		}
		if (!open)
			printf(".Bl -tag -width Ds\n");
		open = true;
		printf(".It Va %s Pq %s\n", s->columns[i].name,
		    type_name(s->columns[i].type));
		roff_text(text);
	}
	if (open)
		printf(".El\n");
}

void
console_tables(void)
{
	const struct show *s;
	const struct row *row;
	size_t n = 0;

	for (size_t i = 0; (s = show_at(i)) != NULL; i++) {
		if (s->kind != SHOW_TABLE)
			continue;
		row = find(table_rows, countof(table_rows), s->name);
		if (row == NULL)
			misfit("no text for SHOW", s->name);
		print_table(s, row);
		n++;
	}
	if (n != countof(table_rows))
		misfit("texts for", "tables that do not exist");
	for (size_t i = 0; i < countof(column_rows); i++)
		if (!has_column(column_rows[i].name, column_rows[i].like))
			misfit(column_rows[i].name, column_rows[i].like);
}

void
console_waits(void)
{
	printf(".Bl -tag -width Ds\n");
	for (size_t i = 0; i < countof(wait_rows); i++) {
		printf(".It Li %s\n", wait_reason_name(wait_rows[i].reason));
		roff_text(wait_rows[i].text);
	}
	printf(".El\n");
}
