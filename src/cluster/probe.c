/*
 * probe.c - the question to a host; see probe.h.
 *
 * Whether it is in recovery is asked once and first: a standby may be
 * promoted while it answers, and some functions are errors in recovery,
 * others are null outside of it.
 *
 * The timeline of a primary comes from the name of the file that it writes
 * to: what its control file says is late by seconds after a promotion. The
 * one of a replica is the highest of those it receives (null to those who
 * may not see it), of its last restart point and of the end of its recovery.
 */
#include "cluster/probe.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define IN_RECOVERY(then, otherwise) \
	"CASE WHEN r THEN " then " ELSE " otherwise " END"

const char probe_query[] =
    "SELECT (SELECT system_identifier FROM pg_control_system()), "
    "(extract(epoch FROM pg_postmaster_start_time()) * 1000000)::bigint, "
    "current_setting('port'), r, "
    "current_setting('default_transaction_read_only')::bool, "
    IN_RECOVERY("NULL", "substr(pg_walfile_name("
	"pg_current_wal_insert_lsn()), 1, 8)") ", "
    IN_RECOVERY("greatest("
	"(SELECT received_tli FROM pg_stat_wal_receiver), "
	"(SELECT timeline_id FROM pg_control_checkpoint()), "
	"(SELECT min_recovery_end_timeline FROM pg_control_recovery()))",
	"NULL") ", "
    "pg_wal_lsn_diff(" IN_RECOVERY("pg_last_wal_replay_lsn()",
	"pg_current_wal_insert_lsn()") ", '0/0'), "
    IN_RECOVERY("pg_wal_lsn_diff(pg_last_wal_receive_lsn(), '0/0')",
	"NULL") ", "
    IN_RECOVERY("(extract(epoch FROM clock_timestamp() - "
	"pg_last_xact_replay_timestamp()) * 1000000)::bigint", "NULL")
    " FROM (SELECT pg_is_in_recovery() AS r OFFSET 0) s";

enum column {
	SYSTEM, STARTED, PORT, RECOVERY, READ_ONLY, WRITES_TIMELINE,
	REPLAYS_TIMELINE, LSN, RECEIVED, AGE
};

/* A whole number from 0; null is 0. */
static bool
number(const char *text, int base, uint64_t max, uint64_t *out)
{
	unsigned long long n;
	char *end;

	*out = 0;
	if (text == NULL)
		return true;
	errno = 0;
	n = strtoull(text, &end, base);
	if (end == text || *end != '\0' || errno != 0 || n > max ||
	    strchr(text, '-') != NULL)
		return false;
	*out = n;
	return true;
}

/* Clocks may differ: what was written in the future is new. */
static bool
age_of(const char *text, int64_t *out)
{
	char *end;

	*out = -1;
	if (text == NULL)
		return true;
	errno = 0;
	*out = strtoll(text, &end, 10);
	if (end == text || *end != '\0' || errno != 0)
		return false;
	if (*out < 0)
		*out = 0;
	return true;
}

static bool
truth(const char *text)
{
	return text != NULL && text[0] == 't';
}

bool
probe_parse(struct probe *p, const char *const v[PROBE_COLUMNS],
    struct err *err)
{
	uint64_t started, port, timeline;
	const char *tli;

	p->in_recovery = truth(v[RECOVERY]);
	p->read_only = truth(v[READ_ONLY]);
	tli = p->in_recovery ? v[REPLAYS_TIMELINE] : v[WRITES_TIMELINE];
	if (v[RECOVERY] == NULL || v[SYSTEM] == NULL ||
	    !number(v[SYSTEM], 10, UINT64_MAX, &p->system_identifier) ||
	    !number(v[STARTED], 10, INT64_MAX, &started) ||
	    !number(v[PORT], 10, UINT16_MAX, &port) ||
	    !number(tli, p->in_recovery ? 10 : 16, UINT32_MAX, &timeline) ||
	    !number(v[LSN], 10, INT64_MAX, &p->lsn) ||
	    !number(v[RECEIVED], 10, INT64_MAX, &p->received) ||
	    !age_of(v[AGE], &p->replay_age))
		return err_set(err, "its answer is not what PostgreSQL "
		    "answers");
	p->started = (int64_t)started;
	p->port = (uint16_t)port;
	p->timeline = (uint32_t)timeline;
	return true;
}

bool
probe_is_same_server(const struct probe *a, const struct probe *b)
{
	return a->system_identifier == b->system_identifier &&
	    a->started == b->started && a->port == b->port;
}
