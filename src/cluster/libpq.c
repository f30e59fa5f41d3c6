/*
 * libpq.c - libpq without waiting; see libpq.h.
 *
 * libpq may close its socket and open another while it connects (for TLS and
 * without, say), perhaps under the same number. So nothing is watched while
 * it is at work, and the watch is made anew each time.
 *
 * The owner's callbacks are the last thing that happens in each function
 * here: it may have closed us in them.
 */
#include "cluster/libpq.h"

#include <libpq-fe.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/must.h"
#include "net/loop.h"

#define NO_FILE "/dev/null/none"        /* libpq's own defaults are in ~ */
#define SYSTEM_CA "/etc/ssl/certs/ca-certificates.crt"
#define ERROR_MAX 200
#define PARAMS_MAX 20

enum phase { OPENING, IDLE, ASKING, BROKEN };

struct libpq {
	struct loop *loop;
	struct libpq_owner *owner;
	PGconn *conn;
	PGresult *result;       /* while on_answer runs, and shortly before */
	struct io_watch watch;
	struct chore report;    /* on_broken, at the end of the turn */
	enum phase phase;
	char error[ERROR_MAX];
};

static void on_ready(struct io_watch *, unsigned);

static void
unwatch(struct libpq *q)
{
	if (q->watch.loop != NULL)
		io_watch_set(&q->watch, 0);
}

static void
watch(struct libpq *q, unsigned events)
{
	io_watch_init(&q->watch, q->loop, PQsocket(q->conn), on_ready);
	io_watch_set(&q->watch, events);
}

/* Its first line says what there is to know. */
static void
keep_error(struct libpq *q, const char *text)
{
	snprintf(q->error, sizeof q->error, "%.*s",
	    (int)strcspn(text, "\n"), text);
	if (q->error[0] == '\0')
		snprintf(q->error, sizeof q->error, "connection lost");
}

static void
on_report(struct chore *c)
{
	struct libpq *q = container_of(c, struct libpq, report);

	q->owner->on_broken(q->owner, q->error);
}

static void
fail(struct libpq *q, const char *text)
{
	unwatch(q);
	keep_error(q, text);
	q->phase = BROKEN;
	chore_add(q->loop, &q->report);
}

/* What a server says without being asked is no error of ours. */
static void
ignore(void *arg, const char *text)
{
	(void)arg;
	(void)text;
}

void
libpq_forget_environment(void)
{
	static const char *const more[] = {
		"PGSERVICEFILE", "PGSYSCONFDIR", "PGDATESTYLE", "PGTZ",
		"PGGEQO", "PGREALM", "PGLOCALEDIR",
	};
	PQconninfoOption *all = PQconndefaults(), *o;
	size_t i;

	for (o = all; o != NULL && o->keyword != NULL; o++)
		if (o->envvar != NULL)
			unsetenv(o->envvar);
	for (i = 0; i < countof(more); i++)
		unsetenv(more[i]);
	PQconninfoFree(all);
}

/* Names and values for PQconnectStartParams(); what is empty is left out. */
struct params {
	const char *names[PARAMS_MAX], *values[PARAMS_MAX];
	size_t n;
};

static void
add(struct params *p, const char *name, const char *value)
{
	must(p->n + 1 < PARAMS_MAX);
	if (value == NULL || value[0] == '\0')
		return;
	p->names[p->n] = name;
	p->values[p->n++] = value;
}

static const char *
file_or_none(const char *path)
{
	return path != NULL && path[0] != '\0' ? path : NO_FILE;
}

static const char *
authorities(const struct libpq_target *t)
{
	if (t->ca_file != NULL && t->ca_file[0] != '\0')
		return t->ca_file;
	return t->sslmode == SSLMODE_VERIFY_CA ||
	    t->sslmode == SSLMODE_VERIFY_FULL ? SYSTEM_CA : NO_FILE;
}

static PGconn *
start(const struct libpq_target *t)
{
	struct params p = { .n = 0 };
	char ip[64] = "", port[8];

	if (t->addr.family != AF_UNSPEC)
		addr_format(&t->addr, ip, sizeof ip);
	snprintf(port, sizeof port, "%u", (unsigned)t->port);
	add(&p, "host", t->host);
	add(&p, "hostaddr", ip);
	add(&p, "port", port);
	add(&p, "user", t->user);
	add(&p, "password", t->password);
	add(&p, "dbname", t->dbname);
	add(&p, "options", t->options);
	add(&p, "application_name", "pgweir");
	add(&p, "client_encoding", "UTF8");
	add(&p, "passfile", NO_FILE);
	add(&p, "gssencmode", "disable");
	add(&p, "sslmode", choice_name(choices_server_sslmode,
	    (int)t->sslmode));
	add(&p, "sslrootcert", authorities(t));
	add(&p, "sslcert", file_or_none(t->cert_file));
	add(&p, "sslkey", file_or_none(t->key_file));
	add(&p, "sslcrl", NO_FILE);
	return PQconnectStartParams(p.names, p.values, 0);
}

/* Go on connecting as far as that is possible now. */
static void
advance(struct libpq *q, PostgresPollingStatusType status)
{
	switch (status) {
	case PGRES_POLLING_READING:
		watch(q, READABLE);
		return;
	case PGRES_POLLING_WRITING:
		watch(q, WRITABLE);
		return;
	case PGRES_POLLING_OK:
		break;
	case PGRES_POLLING_FAILED:
	case PGRES_POLLING_ACTIVE:
		fail(q, PQerrorMessage(q->conn));
		return;
	}
	if (PQsetnonblocking(q->conn, 1) != 0) {
		fail(q, PQerrorMessage(q->conn));
		return;
	}
	q->phase = IDLE;
	watch(q, READABLE);
	q->owner->on_open(q->owner);
}

struct libpq *
libpq_open(struct loop *loop, const struct libpq_target *t,
    struct libpq_owner *owner)
{
	struct libpq *q = mem_alloc(sizeof *q);

	q->loop = loop;
	q->owner = owner;
	q->phase = OPENING;
	chore_init(&q->report, on_report);
	q->conn = start(t);
	if (q->conn == NULL)
		fail(q, "out of memory");
	else if (PQstatus(q->conn) == CONNECTION_BAD)
		fail(q, PQerrorMessage(q->conn));
	else
		advance(q, PGRES_POLLING_WRITING);
	(void)PQsetNoticeProcessor(q->conn, ignore, NULL);
	return q;
}

/* Write what is left of the question; read at any time. */
static void
flush(struct libpq *q)
{
	int left = PQflush(q->conn);

	if (left < 0)
		fail(q, PQerrorMessage(q->conn));
	else
		watch(q, READABLE | (left > 0 ? (unsigned)WRITABLE : 0u));
}

void
libpq_ask(struct libpq *q, const char *sql)
{
	/* That it is broken will be reported at the end of this turn. */
	if (q->phase == BROKEN)
		return;
	must(q->phase == IDLE);
	q->phase = ASKING;
	unwatch(q);
	if (PQsendQuery(q->conn, sql) == 0)
		fail(q, PQerrorMessage(q->conn));
	else
		flush(q);
}

static void
drop_result(struct libpq *q)
{
	PQclear(q->result);
	q->result = NULL;
}

/* Everything has come. */
static void
deliver(struct libpq *q)
{
	ExecStatusType status = PQresultStatus(q->result);

	if (status != PGRES_TUPLES_OK || PQntuples(q->result) < 1) {
		fail(q, q->result != NULL && status != PGRES_TUPLES_OK ?
		    PQresultErrorMessage(q->result) : "no answer");
		return;
	}
	q->phase = IDLE;
	q->owner->on_answer(q->owner);
}

static void
read_answer(struct libpq *q)
{
	PGresult *r;

	if (PQconsumeInput(q->conn) == 0) {
		fail(q, PQerrorMessage(q->conn));
		return;
	}
	while (PQisBusy(q->conn) == 0) {
		r = PQgetResult(q->conn);
		if (r == NULL && q->phase == ASKING) {
			watch(q, READABLE);
			deliver(q);
			return;
		}
		if (r == NULL)
			break;
		drop_result(q);
		q->result = r;
	}
	flush(q);
}

static void
on_ready(struct io_watch *w, unsigned ready)
{
	struct libpq *q = container_of(w, struct libpq, watch);

	(void)ready;
	unwatch(q);
	if (q->phase == OPENING)
		advance(q, PQconnectPoll(q->conn));
	else
		read_answer(q);
}

const char *
libpq_value(const struct libpq *q, int column)
{
	if (q->result == NULL || column >= PQnfields(q->result) ||
	    PQgetisnull(q->result, 0, column))
		return NULL;
	return PQgetvalue(q->result, 0, column);
}

void
libpq_close(struct libpq *q)
{
	if (q == NULL)
		return;
	unwatch(q);
	chore_cancel(&q->report);
	drop_result(q);
	PQfinish(q->conn);
	mem_free(q);
}
