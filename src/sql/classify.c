/*
 * classify.c - from statements to their class.
 *
 * Form first: kinds and facts that the grammar gives. Then the names of
 * functions. A list of names can never be complete, and it need not be: it
 * has what PostgreSQL itself offers and a replica would not refuse. Whether a
 * function writes is the catalog's business.
 *
 * Names are matched without their schema. Somebody's own function with such
 * a name is taken for PostgreSQL's: a missed chance, never a wrong answer.
 */
#include "sql/classify.h"

#include "base/must.h"

#define STAR 1          /* the name is a beginning */

/* It does nothing: its answer just differs. */
#define TELLS UINT32_MAX

static const struct {
	const char *name;
	int star;
	uint32_t facts;         /* besides SQL_BOUND and SQL_ACTS */
} bound[] = {
	{ "set_config", 0, SQL_SET_CONFIG },
	{ "nextval", 0, SQL_SEQUENCE },
	{ "currval", 0, SQL_SEQUENCE },
	{ "lastval", 0, SQL_SEQUENCE },
	{ "setval", 0, SQL_SEQUENCE },
	{ "pg_advisory_lock", STAR, SQL_ADVISORY_LOCK },
	{ "pg_try_advisory_lock", STAR, SQL_ADVISORY_LOCK },
	{ "pg_advisory_unlock", STAR, SQL_ADVISORY_UNLOCK },
	{ "pg_advisory_xact_", STAR, 0 },
	{ "pg_try_advisory_xact_", STAR, 0 },
	{ "current_setting", 0, TELLS },
	{ "setseed", 0, 0 },
	{ "pg_stat_reset", STAR, 0 },
	{ "pg_stat_", STAR, TELLS },
	{ "pg_sequence_last_value", 0, 0 },
	{ "pg_lock", STAR, TELLS },
	{ "pg_blocking_pids", 0, TELLS },
	{ "pg_safe_snapshot_blocking_pids", 0, 0 },
	{ "pg_isolation_test", STAR, 0 },
	{ "pg_backend_pid", 0, TELLS },
	{ "pg_cancel_backend", 0, 0 },
	{ "pg_terminate_backend", 0, 0 },
	{ "pg_log_backend_memory_contexts", 0, 0 },
	{ "pg_notify", 0, 0 },
	{ "pg_notification_queue_usage", 0, 0 },
	{ "pg_listening_channels", 0, 0 },
	{ "pg_my_temp_schema", 0, 0 },
	{ "pg_is_other_temp_schema", 0, 0 },
	{ "pg_postmaster_start_time", 0, TELLS },
	{ "pg_conf_load_time", 0, TELLS },
	{ "pg_reload_conf", 0, 0 },
	{ "pg_rotate_logfile", STAR, 0 },
	{ "pg_current_logfile", 0, TELLS },
	{ "pg_export_snapshot", 0, 0 },
	{ "pg_is_in_recovery", 0, TELLS },
	{ "pg_is_wal_replay_paused", 0, TELLS },
	{ "pg_get_wal_", STAR, TELLS },
	{ "pg_last_", STAR, TELLS },
	{ "pg_wal_", STAR, 0 },
	{ "pg_walfile_", STAR, 0 },
	{ "pg_current_wal_", STAR, 0 },
	{ "pg_switch_wal", 0, 0 },
	{ "pg_promote", 0, 0 },
	{ "pg_create_", STAR, 0 },
	{ "pg_backup_", STAR, 0 },
	{ "pg_start_backup", 0, 0 },
	{ "pg_stop_backup", 0, 0 },
	{ "pg_replication_", STAR, 0 },
	{ "pg_logical_", STAR, 0 },
	{ "pg_drop_replication_slot", 0, 0 },
	{ "pg_copy_", STAR, 0 },
	{ "pg_control_", STAR, TELLS },
	{ "pg_current_xact_id", STAR, 0 },
	{ "pg_current_snapshot", 0, 0 },
	{ "pg_xact_status", 0, 0 },
	{ "pg_snapshot_", STAR, 0 },
	{ "txid_", STAR, 0 },
	{ "pg_read_", STAR, 0 },
	{ "pg_ls_", STAR, 0 },
	{ "pg_file_", STAR, 0 },
	{ "pg_prepared_", STAR, 0 },
	{ "pg_cursor", STAR, 0 },
	{ "pg_show_all_", STAR, TELLS },
	{ "pg_hba_file_rules", 0, 0 },
	{ "pg_ident_file_mappings", 0, 0 },
	{ "pg_get_backend_memory_contexts", 0, 0 },
	{ "pg_get_shmem_allocations", 0, 0 },
	{ "pg_get_replication_slots", 0, 0 },
	{ "pg_jit_available", 0, TELLS },
	{ "inet_server_", STAR, TELLS },
	{ "inet_client_", STAR, TELLS },
	{ "lo_", STAR, 0 },
	{ "loread", 0, 0 },
	{ "lowrite", 0, 0 },
	{ "dblink", STAR, 0 },
	{ "query_to_xml", STAR, 0 },
	{ "cursor_to_xml", STAR, 0 },
};

/* Views over these functions. */
static const char *const bound_relations[] = { "pg_stat", "pg_locks",
	"pg_settings", "pg_file_settings", "pg_cursors",
	"pg_prepared_statements", "pg_prepared_xacts",
	"pg_replication_slots", "pg_replication_origin_status",
	"pg_hba_file_rules", "pg_ident_file_mappings", "pg_sequences",
	"pg_backend_memory_contexts", "pg_shmem_allocations" };

static bool
begins_with(struct str s, const char *beginning)
{
	size_t n = strlen(beginning);

	return s.n >= n && memcmp(s.p, beginning, n) == 0;
}

static uint32_t
facts_of_function(struct str name)
{
	size_t i;

	for (i = 0; i < countof(bound); i++)
		if (begins_with(name, bound[i].name) &&
		    (bound[i].star || name.n == strlen(bound[i].name)))
			return SQL_CALLS | SQL_BOUND |
			    (bound[i].facts == TELLS ? 0 : SQL_ACTS |
			    bound[i].facts);
	return SQL_CALLS;
}

static uint32_t
facts_of_relation(struct str name)
{
	size_t i;

	for (i = 0; i < countof(bound_relations); i++)
		if (begins_with(name, bound_relations[i]))
			return SQL_BOUND;
	return 0;
}

/* x.lastval may be a column of that name, or a call of lastval(x). */
static uint32_t
facts_of_field(struct str name)
{
	uint32_t facts = facts_of_function(name);

	return facts & SQL_BOUND ? facts : 0;
}

static uint32_t
facts_of_ref(const struct sql_ref *r)
{
	switch (r->kind) {
	case REF_FUNCTION:
		return facts_of_function(r->name);
	case REF_RELATION:
		return facts_of_relation(r->name);
	case REF_FIELD:
		return facts_of_field(r->name);
	case REF_OPERATOR:
	case REF_CTE:
	case REF_TYPE:
		break;
	}
	return 0;
}

/* A query that does nothing but read, by its form. */
static bool
reads(const struct sql_statement *s)
{
	const uint32_t not_in_a_read = SQL_LOCKS | SQL_INTO | SQL_CHANGES |
	    SQL_TEMP | SQL_ODD | SQL_ANALYZE | SQL_FILE;

	if (s->inner != SQL_SELECT || s->facts & not_in_a_read)
		return false;
	return s->kind == SQL_SELECT || s->kind == SQL_EXPLAIN ||
	    s->kind == SQL_COPY_TO;
}

struct sql_class
classify_statement(const struct sql_statement *s)
{
	struct sql_class c = { .result = SQL_PARSED, .kind = s->kind,
		.inner = s->inner, .isolation = s->isolation,
		.facts = s->facts, .statements = 1 };
	size_t i;

	for (i = 0; i < s->nrefs; i++)
		c.facts |= facts_of_ref(&s->refs[i]);
	if (reads(s))
		c.facts |= SQL_READ;
	return c;
}

struct sql_class
classify_tree(const struct sql_tree *t)
{
	struct sql_class all = { .result = SQL_PARSED, .kind = SQL_OTHER,
		.inner = SQL_OTHER }, one;
	struct sql_statement s;
	bool reads_all = true;
	size_t i;

	for (i = 0; i < sql_tree_count(t); i++) {
		s = sql_tree_at(t, i);
		one = classify_statement(&s);
		if (i == 0) {
			all = one;
			reads_all = (one.facts & SQL_READ) != 0;
			continue;
		}
		if (one.kind != all.kind)
			all.kind = SQL_OTHER;
		if (one.inner != all.inner)
			all.inner = SQL_OTHER;
		if (one.isolation > all.isolation)
			all.isolation = one.isolation;
		reads_all = reads_all && one.facts & SQL_READ;
		all.facts |= one.facts;
		all.statements++;
	}
	if (!reads_all)
		all.facts &= ~SQL_READ;
	return all;
}

struct sql_class
classify_text(struct str text)
{
	struct sql_class c = { .kind = SQL_OTHER, .inner = SQL_OTHER };
	struct sql_tree *t;

	c.result = parse_text(text, &t);
	if (c.result == SQL_PARSED)
		c = classify_tree(t);
	sql_tree_destroy(t);
	return c;
}
