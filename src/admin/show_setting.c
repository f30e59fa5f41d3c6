/*
 * show_setting.c - SHOW CONFIG, STATE, VERSION, and the parameters that
 * drivers ask every server for.
 */
#include "admin/show.h"

#include "base/must.h"
#include "config/config.h"
#include "config/setting.h"
#include "pool/control.h"
#include "pool/pooler.h"

/* CONFIG */

static void
put_key(struct text *out, const void *row)
{
	table_text(out, ((const struct setting_row *)row)->setting->name);
}

static void
put_value(struct text *out, const void *row)
{
	const struct setting_row *r = row;
	char buf[64];

	table_text(out, setting_format(r->setting, r->config, buf,
	    sizeof buf));
}

static void
put_default(struct text *out, const void *row)
{
	table_text(out, ((const struct setting_row *)row)->setting->def);
}

static void
put_changeable(struct text *out, const void *row)
{
	const struct setting_row *r = row;

	table_text(out, r->setting->when == SETTING_RELOAD ? "yes" : "no");
}

static const struct column settings[] = {
	COLUMN_BY("key", PG_TEXT, put_key),
	COLUMN_BY("value", PG_TEXT, put_value),
	COLUMN_BY("default", PG_TEXT, put_default),
	COLUMN_BY("changeable", PG_TEXT, put_changeable),
};

/* The configuration may change between two rows: it is asked for each. */
static bool
next_setting(struct walk *w)
{
	struct setting_row *r = &w->row.setting;

	r->setting = config_setting_after(r->setting);
	r->config = pooler_config(w->pooler);
	return r->setting != NULL;
}

/* STATE */

static const struct column state[] = {
	COLUMN("key", PG_TEXT, struct pair_row, key),
	COLUMN("value", PG_TEXT, struct pair_row, value),
};

static bool
next_state(struct walk *w)
{
	const struct control_state now = control_state(w->pooler);
	const struct {
		const char *key;
		bool value;
	} rows[] = {
		{ "active", now.active },
		{ "paused", now.paused },
		{ "suspended", now.suspended },
	};

	if (w->cursor == countof(rows))
		return false;
	w->row.pair.key = rows[w->cursor].key;
	w->row.pair.value = rows[w->cursor].value ? "yes" : "no";
	w->cursor++;
	return true;
}

/* One row, one column */

#define ONE_COLUMN(name) \
	(const struct column[]){ COLUMN(name, PG_TEXT, struct pair_row, value) }
#define DUMMY(name, value) \
	{ name, SHOW_DUMMY, NEED_STATS, ONE_COLUMN(name), 1, next_value, value }

static bool
next_value(struct walk *w)
{
	w->row.pair.value = w->show->value;
	return w->cursor++ == 0;
}

static const struct show shows[] = {
	SHOW("CONFIG", settings, next_setting),
	SHOW("STATE", state, next_state),
	{ "VERSION", SHOW_TABLE, NEED_STATS, ONE_COLUMN("version"), 1,
	    next_value, PACKAGE_NAME " " PACKAGE_VERSION },
	DUMMY("client_encoding", "UTF-8"),
	DUMMY("default_transaction_isolation", "read committed"),
	DUMMY("standard_conforming_strings", "on"),
	DUMMY("datestyle", "ISO"),
	DUMMY("timezone", "GMT"),
	{ .name = NULL },
};

const struct show *
show_settings(void)
{
	return shows;
}
