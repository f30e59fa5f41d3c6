/*
 * show_budget.c - SHOW BUDGET: who may hold how many server connections.
 */
#include "admin/show.h"

#include <time.h>

#include "admin/table.h"
#include "base/must.h"
#include "pool/facts.h"

/* Not said is SQL's NULL. */
static void
put_number(struct text *out, const void *row)
{
	const struct budget_facts *f = row;

	if (f->instance_number < 0)
		table_text(out, NULL);
	else
		table_int4(out, f->instance_number);
}

static void
put_change(struct text *out, const void *row)
{
	const struct budget_facts *f = row;
	char when[40];
	struct tm tm;

	if (f->changed == 0) {
		table_text(out, NULL);
		return;
	}
	gmtime_r(&f->changed, &tm);
	strftime(when, sizeof when, "%Y-%m-%d %H:%M:%S UTC", &tm);
	table_printf(out, "%s: %s", when, f->change);
}

#define INT(member) COLUMN(#member, PG_INT4, struct budget_facts, member)
static const struct column budget[] = {
	COLUMN("host", PG_TEXT, struct budget_facts, host),
	INT(port),
	INT(total),
	COLUMN("source", PG_TEXT, struct budget_facts, source),
	INT(app_instances),
	COLUMN_BY("instance_number", PG_INT4, put_number),
	INT(share),
	INT(held),
	INT(pool),
	INT(auth),
	INT(catalog),
	INT(listen),
	INT(idle),
	INT(closing),
	INT(ghosts),
	INT(waiting),
	COLUMN("refused", PG_INT8, struct budget_facts, refused),
	COLUMN_BY("last_change", PG_TEXT, put_change),
};
#undef INT

static bool
next_budget(struct walk *w)
{
	return facts_budget(w->pooler, &w->cursor, &w->row.budget);
}

const struct show *
show_budgets(void)
{
	static const struct show rows[] = {
		SHOW("BUDGET", budget, next_budget),
		{ 0 },
	};

	return rows;
}
