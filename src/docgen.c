/*
 * docgen.c - prints what can be said about settings from their rows.
 *
 *	docgen ini                  the sample etc/pgweir.ini
 *	docgen man <TEMPLATE        a page of the manual: the template with
 *	                            its lines @SETTINGS@ and so on filled in;
 *	                            docgen_console.c has those of the console
 *
 * It runs at build time only, and not even then: its output is committed, and
 * test/lint/docs.sh fails when it is stale and mends it with --update.
 */
#include "docgen.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/must.h"
#include "base/str.h"
#include "config/config.h"

#define COLUMNS 76

/* The rows once more, with the headings between them. */
static const struct { const char *group, *name; } lines[] = {
#define GROUP(title) { title, NULL },
#define X(kind, name, def, lo, hi, when, state, help) { NULL, #name },
#include "config/settings.def"
};

/* What the sample sets; anything else is a comment with the default. */
static const struct { const char *name, *value; } samples[] = {
	{ "listen_addr", "localhost" },
	{ "auth_file", "/etc/pgweir/userlist.txt" },
};

static const char ini_head[] =
    ";; pgweir.ini - sample of the configuration of pgweir.\n"
    ";; Every setting is here with its default; see pgweir.ini(5).\n"
    ";; Printed by docgen from src/config/settings.def.\n"
    "\n"
    "[databases]\n"
    ";; name = key=value ...; without host= the Unix socket in\n"
    ";; unix_socket_dir, without dbname= the database of the same name.\n"
    ";shop = host=10.0.0.5 port=5432 dbname=shop\n"
    ";reports = host=10.0.0.6,10.0.0.7 pool_size=5 pool_mode=transaction\n"
    ";; One server user for all clients:\n"
    ";forced = host=10.0.0.5 user=app password='it''s secret'\n"
    ";; Any other name:\n"
    ";* = host=10.0.0.5\n"
    "\n"
    "[users]\n"
    ";app = pool_mode=transaction pool_size=10\n"
    "\n"
    "[peers]\n"
    ";; Other processes that share our port, by their peer_id:\n"
    ";1 = host=/tmp/pgweir1\n"
    "\n"
    "[hosts]\n"
    ";; What is known of one PostgreSQL server:\n"
    ";10.0.0.5:5432 = server_connections=80\n"
    ";/run/postgresql:5432 = same_as=10.0.0.5:5432\n"
    ";10.0.0.7:5432 = weight=2\n"
    "\n"
    "[pgweir]\n";

/* Are there values that are not let through yet? */
static bool
is_refused(const struct setting *row)
{
	const struct choice *c;

	for (c = row->choices; c != NULL && c->name != NULL; c++)
		if (c->state == SETTING_REFUSED)
			return true;
	return row->state == SETTING_REFUSED;
}

static const char *
state_sentence(const struct setting *row)
{
	if (is_refused(row))
		return row->type == SETTING_ENUM ?
		    "Further words are known, but refused until they are "
		    "implemented." :
		    "Not implemented yet: anything but the default is "
		    "refused.";
	if (row->state == SETTING_ACCEPTED)
		return "Not implemented yet: accepted with a warning.";
	if (row->state == SETTING_SILENT)
		return "Accepted without effect.";
	return NULL;
}

/* Print text behind "prefix", broken between words. */
static void
print_wrapped(const char *prefix, const char *text)
{
	size_t column = 0, n;

	while (*text != '\0') {
		n = strcspn(text, " ");
		if (column > 0 && column + 1 + n > COLUMNS) {
			putchar('\n');
			column = 0;
		}
		if (column == 0)
			column = (size_t)printf("%s%.*s", prefix, (int)n,
			    text);
		else
			column += (size_t)printf(" %.*s", (int)n, text);
		text += n;
		text += strspn(text, " ");
	}
	putchar('\n');
}

static const struct setting *
find(const char *name)
{
	const struct setting *rows, *row;
	size_t n;

	rows = config_settings(&n);
	row = setting_find(rows, n, name);
	must(row != NULL);
	return row;
}

static void
print_ini_setting(const struct setting *row)
{
	const char *state = state_sentence(row), *value = NULL;
	size_t i;

	for (i = 0; i < countof(samples); i++)
		if (strcmp(samples[i].name, row->name) == 0)
			value = samples[i].value;
	printf("\n");
	print_wrapped(";; ", row->help);
	if (row->when == SETTING_RESTART)
		printf(";; Takes effect at start only.\n");
	if (state != NULL)
		print_wrapped(";; ", state);
	if (value != NULL)
		printf("%s = %s\n", row->name, value);
	else if (row->def == NULL || row->def[0] == '\0')
		printf(";%s =\n", row->name);
	else
		printf(";%s = %s\n", row->name, row->def);
}

static void
print_ini(void)
{
	size_t i;

	fputs(ini_head, stdout);
	for (i = 0; i < countof(lines); i++) {
		if (lines[i].group != NULL)
			printf("\n;;;\n;;; %s\n;;;\n", lines[i].group);
		else
			print_ini_setting(find(lines[i].name));
	}
}

void
roff_text(const char *text)
{
	bool start = true;

	for (; *text != '\0'; text++) {
		if (start && (*text == '.' || *text == '\''))
			fputs("\\&", stdout);
		start = false;
		if (*text == '\\') {
			fputs("\\e", stdout);
		} else if (*text == '-') {
			fputs("\\-", stdout);
		} else if (*text == ' ' && text[-1] == '.') {
			putchar('\n');
			start = true;
		} else {
			putchar(*text);
		}
	}
	putchar('\n');
}

/* A bound of a time or size, or nothing where there is none to speak of. */
static void
print_range(const struct setting *row, int64_t none, int64_t unit,
    const char *name)
{
	int64_t lo = row->lo < 0 ? 0 : row->lo;

	if (lo > 0)
		printf(", at least %g %s", (double)lo / (double)unit, name);
	if (row->hi < none)
		printf(", at most %g %s", (double)row->hi / (double)unit,
		    name);
}

static void
print_kind(const struct setting *row)
{
	struct text words = {0};

	switch (row->type) {
	case SETTING_INT:
		printf("Number from %lld to %lld",
		    (long long)(row->lo < 0 ? 0 : row->lo),
		    (long long)row->hi);
		break;
	case SETTING_BOOL:
		printf("0 or 1");
		break;
	case SETTING_TIME:
		printf("Time in seconds");
		print_range(row, TIME_MAX, USEC_PER_SEC, "s");
		break;
	case SETTING_SIZE:
		printf("Size in bytes");
		print_range(row, INT64_C(1) << 50, 1, "bytes");
		break;
	case SETTING_ENUM:
		setting_words(row, &words);
		printf("One of: %s", words.p);
		text_fini(&words);
		break;
	case SETTING_STR:
		printf("Text");
		break;
	case SETTING_SECRET:
		printf("Text that is shown to nobody");
		break;
	}
}

/* Short values stand in the sentence, others on a line of their own. */
static void
print_default(const struct setting *row)
{
	if (row->def == NULL) {
		printf("; not set by default.\n");
	} else if (row->def[0] == '\0') {
		printf("; empty by default.\n");
	} else {
		printf("; by default:\n");
		roff_text(row->def);
		fputs(".br\n", stdout);
	}
}

static void
print_man_setting(const struct setting *row)
{
	const char *state = state_sentence(row);

	printf(".It Va %s\n", row->name);
	roff_text(row->help);
	print_kind(row);
	print_default(row);
	if (state != NULL)
		roff_text(state);
}

/* Of the main section; options of entries take effect with a reload. */
static void
print_man_main_setting(const struct setting *row)
{
	print_man_setting(row);
	if (row->when == SETTING_RESTART)
		printf("Takes effect by a restart only.\n");
	else
		printf("Takes effect by a reload.\n");
}

static void
print_man_list(const struct setting *rows, size_t n)
{
	size_t i;

	printf(".Bl -tag -width Ds\n");
	for (i = 0; i < n; i++)
		print_man_setting(&rows[i]);
	printf(".El\n");
}

static void
print_man_settings(void)
{
	bool open = false;
	size_t i;

	for (i = 0; i < countof(lines); i++) {
		if (lines[i].group == NULL) {
			print_man_main_setting(find(lines[i].name));
			continue;
		}
		if (open)
			printf(".El\n");
		open = true;
		printf(".Ss %s\n.Bl -tag -width Ds\n", lines[i].group);
	}
	printf(".El\n");
}

static void
print_database(void)
{
	size_t n;
	const struct setting *rows = config_database_options(&n);

	print_man_list(rows, n);
}

static void
print_user(void)
{
	size_t n;
	const struct setting *rows = config_user_options(&n);

	print_man_list(rows, n);
}

static void
print_peer(void)
{
	size_t n;
	const struct setting *rows = config_peer_options(&n);

	print_man_list(rows, n);
}

static void
print_host(void)
{
	size_t n;
	const struct setting *rows = config_budget_options(&n);

	print_man_list(rows, n);
}

static const struct {
	const char *line;
	void (*print)(void);
} parts[] = {
	{ "@SETTINGS@\n", print_man_settings },
	{ "@DATABASE@\n", print_database },
	{ "@USER@\n", print_user },
	{ "@PEER@\n", print_peer },
	{ "@HOST@\n", print_host },
	{ "@VERBS@\n", console_verbs },
	{ "@TABLES@\n", console_tables },
	{ "@WAITS@\n", console_waits },
};

static void
print_man(FILE *template)
{
	char line[512];
	size_t i;

	while (fgets(line, sizeof line, template) != NULL) {
		for (i = 0; i < countof(parts); i++)
			if (strcmp(line, parts[i].line) == 0)
				break;
		if (i < countof(parts))
			parts[i].print();
		else
			fputs(line, stdout);
	}
}

int
main(int argc, char **argv)
{
	if (argc == 2 && strcmp(argv[1], "ini") == 0) {
		print_ini();
	} else if (argc == 2 && strcmp(argv[1], "man") == 0) {
		print_man(stdin);
	} else {
		fprintf(stderr, "usage: docgen ini | man <TEMPLATE\n");
		return EXIT_FAILURE;
	}
	return fflush(stdout) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
