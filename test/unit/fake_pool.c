/*
 * fake_pool.c - see fake_pool.h.
 */
#include "fake_pool.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "base/mem.h"
#include "base/must.h"
#include "config/load.h"
#include "pgwire/error.h"
#include "pgwire/frame.h"
#include "pgwire/messages.h"
#include "pgwire/reader.h"
#include "pool/source.h"

struct pooler *
fake_create(void)
{
	struct pooler *p = mem_alloc(sizeof *p);
	struct err err;

	list_init(&p->waits);
	p->loop = loop_create(LOOP_VIRTUAL);
	p->config = config_from_url("postgres://me:secret@127.0.0.1/app",
	    &err);
	must(p->config != NULL);
	p->config->log_pooler_errors = false;
	p->state.active = true;
	p->nclients = 2;
	return p;
}

void
fake_destroy(struct pooler *p)
{
	config_unref(p->config);
	text_fini(&p->calls);
	loop_destroy(p->loop);
	mem_free(p);
}

static void
log_prefix(const struct log_ctx *log, char *buf, size_t cap)
{
	(void)log;
	snprintf(buf, cap, "C-7: pgweir/me@unix:6432");
}

struct client *
fake_login(struct pooler *p, enum console_role role)
{
	struct client *c = mem_alloc(sizeof *c);

	c->log.prefix = log_prefix;
	c->pooler = p;
	c->dialog = p->hooks.open(p->hooks.context, p, c, role, "pgweir");
	return c;
}

void
fake_leave(struct client *c)
{
	void *dialog = c->dialog;

	c->dialog = NULL;
	if (dialog != NULL)
		c->pooler->hooks.close(dialog);
}

void
fake_free(struct client *c)
{
	fake_leave(c);
	text_fini(&c->got);
	mem_free(c->fatal);
	mem_free(c);
}

/* In a block of its own, so that ASan sees a read past its end. */
void
fake_frame(struct client *c, char type, const void *body, size_t n)
{
	unsigned char *copy = malloc(n + 1);

	if (n != 0)
		memcpy(copy, body, n);
	copy = realloc(copy, n != 0 ? n : 1);
	c->pooler->hooks.on_frame(c->dialog, type, copy, n);
	free(copy);
}

void
fake_query(struct client *c, const char *sql)
{
	fake_frame(c, 'Q', sql, strlen(sql) + 1);
}

void
fake_turn(struct pooler *p)
{
	loop_advance(p->loop, 1);
}

void
fake_paused(struct pooler *p, bool done)
{
	struct list *n = list_pop(&p->waits);
	struct control_wait *w;

	must(n != NULL);
	w = container_of(n, struct control_wait, member);
	w->on_done(w, done);
}

/* What a client was sent. */

static const char *
type_letter(uint32_t oid, uint16_t size)
{
	switch (oid) {
	case 25: return size == 0xffff ? "t" : "?";
	case 23: return size == 4 ? "i" : "?";
	case 20: return size == 8 ? "q" : "?";
	case 1700: return size == 0xffff ? "n" : "?";
	case 17: return size == 0xffff ? "b" : "?";
	}
	return "?";
}

static void
print_head(struct text *t, struct reader *r)
{
	uint16_t n = reader_u16(r);
	uint32_t table, oid;
	uint16_t column, size;

	for (uint16_t i = 0; i < n; i++) {
		text_printf(t, "%s%s ", i == 0 ? "T " : ", ",
		    reader_cstring(r));
		table = reader_u32(r);
		column = reader_u16(r);
		oid = reader_u32(r);
		size = reader_u16(r);
		text_puts(t, type_letter(oid, size));
		if (table != 0 || column != 0 ||
		    reader_u32(r) != UINT32_MAX || reader_u16(r) != 0)
			text_puts(t, "!");
	}
}

static void
print_row(struct text *t, struct reader *r)
{
	uint16_t n = reader_u16(r);
	struct str value;
	uint32_t len;

	for (uint16_t i = 0; i < n; i++) {
		text_puts(t, i == 0 ? "D " : "|");
		len = reader_u32(r);
		if (len == UINT32_MAX) {
			text_puts(t, "NULL");
			continue;
		}
		value = reader_bytes(r, len);
		if (memchr(value.p, '\0', value.n) != NULL)
			text_puts(t, "(a NUL byte)");
		text_add(t, value.p, value.n);
	}
}

static void
print(struct text *t, char type, const char *body, size_t n)
{
	struct reader r = reader_of(body, n);
	struct error_fields e;

	switch (type) {
	case BE_ROW_DESCRIPTION:
		print_head(t, &r);
		break;
	case BE_DATA_ROW:
		print_row(t, &r);
		break;
	case BE_ERROR:
		e = error_fields_of(body, n);
		must(strcmp(e.severity, "ERROR") == 0);
		text_printf(t, "E %s %s", e.code, e.message);
		if (e.detail != NULL)
			text_printf(t, " (%s)", e.detail);
		break;
	case BE_NOTICE:
		e = error_fields_of(body, n);
		must(strcmp(e.severity, "NOTICE") == 0);
		must(strcmp(e.code, "00000") == 0);
		text_printf(t, "N %s%s", e.message,
		    e.detail != NULL ? e.detail : "");
		break;
	default:
		text_printf(t, "%c ", type);
		text_add(t, body, type == BE_READY_FOR_QUERY ? n : n - 1);
		return;
	}
	if ((type == BE_ROW_DESCRIPTION || type == BE_DATA_ROW) &&
	    !reader_done(&r))
		text_puts(t, " (malformed)");
}

const char *
fake_said(struct client *c)
{
	static struct text said;
	struct frame f;
	size_t at = 0;

	text_fini(&said);
	text_puts(&said, "");
	while (at < c->got.n) {
		must(frame_peek(c->got.p + at, c->got.n - at, INT32_MAX, &f) ==
		    PARSE_OK);
		must(f.len <= c->got.n - at);
		if (said.n != 0)
			text_puts(&said, "\n");
		print(&said, f.type, c->got.p + at + FRAME_HEADER,
		    f.len - FRAME_HEADER);
		at += f.len;
	}
	text_clear(&c->got);
	return said.p;
}

/* pool/console.h */

void
client_send(struct client *c, const void *p, size_t n)
{
	must(c->fatal == NULL);
	c->sends++;
	text_add(&c->got, p, n);
}

bool
client_is_clogged(const struct client *c)
{
	return c->capacity != 0 && c->got.n > c->capacity;
}

const struct log_ctx *
client_log(const struct client *c)
{
	return &c->log;
}

void
client_fail(struct client *c, const char *sqlstate, const char *fmt, ...)
{
	struct text t = { 0 };
	va_list ap;

	must(c->fatal == NULL);
	text_printf(&t, "%s ", sqlstate);
	va_start(ap, fmt);
	text_vprintf(&t, fmt, ap);
	va_end(ap);
	c->fatal = text_take(&t);
}

/* pool/pooler.h */

void
pooler_set_console(struct pooler *p, const struct console_hooks *hooks)
{
	p->hooks = *hooks;
}

const struct config *
pooler_config(const struct pooler *p)
{
	return p->config;
}

struct loop *
pooler_loop(const struct pooler *p)
{
	return p->loop;
}

/* pool/control.h */

static enum control
call(struct pooler *p, const char *name, const char *database)
{
	text_printf(&p->calls, "%s(%s) ", name,
	    database != NULL ? database : "");
	return p->result;
}

static enum control
await(struct pooler *p, struct control_wait *w, enum control_goal goal)
{
	w->goal = goal;
	if (p->result == CONTROL_WAIT)
		list_append(&p->waits, &w->member);
	if (p->pauses_at_once)
		fake_paused(p, true);
	return p->result;
}

enum control
control_pause(struct pooler *p, const char *database, struct control_wait *w)
{
	call(p, "pause", database);
	return await(p, w, GOAL_PAUSED);
}

enum control
control_suspend(struct pooler *p, struct control_wait *w)
{
	call(p, "suspend", NULL);
	return await(p, w, GOAL_SUSPENDED);
}

enum control
control_wait_close(struct pooler *p, const char *database,
    struct control_wait *w)
{
	call(p, "wait_close", database);
	return await(p, w, GOAL_CLOSED);
}

enum control
control_disable(struct pooler *p, const char *database)
{
	return call(p, "disable", database);
}

enum control
control_enable(struct pooler *p, const char *database)
{
	return call(p, "enable", database);
}

enum control
control_kill_client(struct pooler *p, uint64_t id)
{
	char text[24];

	if (p->killed != NULL)
		fake_leave(p->killed);
	snprintf(text, sizeof text, "%" PRIu64, id);
	return call(p, "kill_client", text);
}

bool
control_set(struct pooler *p, const char *key, const char *value,
    struct err *err)
{
	text_printf(&p->calls, "set(%s, %s) ", key, value);
	if (p->set_fails)
		return err_set(err, "expected a number");
	return true;
}

void
control_wait_cancel(struct control_wait *w)
{
	list_remove(&w->member);
}

enum control
control_resume(struct pooler *p, const char *database)
{
	return call(p, "resume", database);
}

enum control
control_kill(struct pooler *p, const char *database)
{
	if (p->killed != NULL)
		fake_leave(p->killed);
	return call(p, "kill", database);
}

enum control
control_reconnect(struct pooler *p, const char *database)
{
	return call(p, "reconnect", database);
}

bool
control_reload(struct pooler *p, struct err *err)
{
	call(p, "reload", NULL);
	if (p->reload_fails)
		return err_set(err, "pgweir.ini:7: no such key");
	return true;
}

void
control_shutdown(struct pooler *p, enum shutdown_mode mode)
{
	static const char *const modes[] = {
		[SHUTDOWN_NOW] = "now",
		[SHUTDOWN_WAIT_FOR_SERVERS] = "servers",
		[SHUTDOWN_WAIT_FOR_CLIENTS] = "clients",
	};

	call(p, "shutdown", modes[mode]);
}

struct control_state
control_state(const struct pooler *p)
{
	return p->state;
}

/* pool/facts.h */

static const struct stats some = {
	1, 2, 3, 40000000000, 18446744073709551615u, 6, 7, 8, 9, 10, 11, 12
};
static const struct stats others = {
	3, 6, 9, 100, 0, 10, 20, 30, 4, 5, 6, 7
};

static void
make_client(uint32_t i, struct socket_facts *f)
{
	/* One that is in the middle of everything, and one that has just
	 * come: all that may be missing is. */
	*f = (struct socket_facts){
		.user = "me", .database = "app", .replication = "none",
		.state = "waiting",
		.connect_time = 1000000000, .request_time = 1000000060,
		.wait_usec = 61000007, .close_needed = true,
		.id = 0x1f, .link_id = 0xabc, .ptr = f, .link = f,
		.remote_pid = 4242, .tls = "TLSv1.3/AES",
		.application_name = "psql", .prepared_statements = 3,
		.wait_reason = "pool_size", .role = "replica",
		.kept = 10, .unsent = 20,
	};
	addr_parse(&f->addr, "10.0.0.5", 4242);
	addr_parse(&f->local, "::1", 6432);
	if (i == 1)
		*f = (struct socket_facts){
			.state = "idle", .id = 3000000000,
			.connect_time = 1000000000,
			.addr = { .family = AF_UNIX, .port = 6432 },
		};
	if (i > 1)
		f->id = i;
}

bool
facts_client(const struct pooler *p, uint32_t *cursor, struct socket_facts *f)
{
	if (*cursor == p->nclients)
		return false;
	make_client((*cursor)++, f);
	return true;
}

bool
facts_server(const struct pooler *p, uint32_t *cursor, struct socket_facts *f)
{
	(void)p;
	if (*cursor == 1)
		return false;
	make_client((*cursor)++, f);
	f->is_server = true;
	return true;
}

bool
facts_socket(const struct pooler *p, uint32_t *cursor, struct socket_facts *f)
{
	(void)p;
	if (*cursor == 2)
		return false;
	make_client(*cursor, f);
	f->state = *cursor == 0 ? "cl_waiting" : "cl_login";
	f->passing = *cursor == 0 ? 30 : 0;
	++*cursor;
	return true;
}

bool
facts_fd(const struct pooler *p, uint32_t *cursor, struct fd_facts *f)
{
	(void)p;
	*f = (struct fd_facts){
		.fd = 11, .link_fd = 12, .task = "client", .user = "me",
		.database = "app", .client_encoding = "UTF8",
		.std_strings = "on", .datestyle = "ISO", .timezone = "UTC",
	};
	addr_parse(&f->addr, "10.0.0.5", 4242);
	if (*cursor == 1)
		*f = (struct fd_facts){ .fd = 12, .task = "server" };
	return (*cursor)++ < 2;
}

bool
facts_pool(const struct pooler *p, uint32_t *cursor, struct pool_facts *f)
{
	(void)p;
	*f = (struct pool_facts){
		"app", "me", "transaction", 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11,
		3, 6, 12000013, NULL, "fair_share"
	};
	return (*cursor)++ == 0;
}

bool
facts_fairness(const struct pooler *p, uint32_t *cursor,
    struct fairness_facts *f)
{
	(void)p;
	*f = (struct fairness_facts){
		"app", "me", "web", 400, 380, 2, 3, 9000000000
	};
	return (*cursor)++ == 0;
}

bool
facts_source(const struct pooler *p, uint32_t *cursor,
    struct source_facts *f)
{
	(void)p;
	*f = (struct source_facts){ .unfinished = 7 };
	if (*cursor == 1)
		*f = (struct source_facts){ .user = "eve", .failures = 3,
			.wait_usec = 4000001 };
	must(addr_parse(&f->addr, "10.0.0.5", 0));
	return (*cursor)++ < 2;
}

bool
facts_database(const struct pooler *p, uint32_t *cursor,
    struct database_facts *f)
{
	(void)p;
	*f = (struct database_facts){
		.name = "app", .host = "h1,h2", .dbname = "app",
		.force_user = "boss", .pool_mode = "session",
		.load_balance_hosts = "round-robin", .port = 5432,
		.pool_size = 1, .min_pool_size = 2, .reserve_pool_size = 3,
		.server_lifetime = 4, .max_connections = 5,
		.current_connections = 6, .max_client_connections = 7,
		.current_client_connections = 8, .paused = true,
	};
	if (*cursor == 1)
		*f = (struct database_facts){ .name = "bare" };
	return (*cursor)++ < 2;
}

bool
facts_user(const struct pooler *p, uint32_t *cursor, struct user_facts *f)
{
	(void)p;
	*f = (struct user_facts){ "me", "statement", 20, 0, 1, 2, 3, 4 };
	if (*cursor == 1)
		*f = (struct user_facts){ "you", NULL, -1, -1, 0, 0, 0, 0 };
	return (*cursor)++ < 2;
}

bool
facts_stats(const struct pooler *p, uint32_t *cursor, struct stats_facts *f)
{
	(void)p;
	*f = (struct stats_facts){ "app", some, some };
	if (*cursor == 1)
		*f = (struct stats_facts){ "other", others, others };
	return (*cursor)++ < 2;
}

void
facts_stats_of_all(const struct pooler *p, struct stats_facts *f)
{
	(void)p;
	*f = (struct stats_facts){ NULL, others, some };
}

bool
facts_list(const struct pooler *p, uint32_t *cursor, struct list_facts *f)
{
	(void)p;
	*f = (struct list_facts){ "databases", 7 };
	return (*cursor)++ == 0;
}

bool
facts_memory(const struct pooler *p, uint32_t *cursor, struct memory_facts *f)
{
	(void)p;
	*f = (struct memory_facts){ "client_cache", 640, 5, 3, 5120 };
	if (*cursor == 1)
		*f = (struct memory_facts){ "huge", 1, 2, 3, 5000000000 };
	return (*cursor)++ < 2;
}

bool
facts_peer(const struct pooler *p, uint32_t *cursor, struct peer_facts *f)
{
	(void)p;
	*f = (struct peer_facts){ 3, 6433, 20, "peer.example" };
	return (*cursor)++ == 0;
}

bool
facts_peer_pool(const struct pooler *p, uint32_t *cursor,
    struct peer_pool_facts *f)
{
	(void)p;
	*f = (struct peer_pool_facts){ 3, 1, 2, 4, 5 };
	return (*cursor)++ == 0;
}

bool
facts_budget(const struct pooler *p, uint32_t *cursor, struct budget_facts *f)
{
	(void)p;
	*f = (struct budget_facts){ "10.0.0.5", 5432, 100,
		"server_connections", 5, 0, 20, 19, 15, 2, 1, 1, 4, 1, 3, 7,
		42, 1000000000, "0 -> 20" };
	if (*cursor == 1)
		*f = (struct budget_facts){ .host = "/run/postgresql",
			.port = 5433, .source = "", .app_instances = 5,
			.instance_number = -1 };
	return (*cursor)++ < 2;
}

bool
facts_host(const struct pooler *p, uint32_t *cursor, struct host_facts *f)
{
	(void)p;
	*f = (struct host_facts){ "db1", 5432, "app,other", "replica", "up",
		NULL, 1234567, 4096, 0x500000028, 3, 1500, 7, 100, 90, 1,
		"timeout", 1000000000 };
	if (*cursor == 1)
		*f = (struct host_facts){ .host = "/run/postgresql",
			.port = 5433, .role = "none", .state = "unknown",
			.reason = "why", .lag_usec = -1, .lag_bytes = -1 };
	return (*cursor)++ < 2;
}

bool
facts_dns(const struct pooler *p, uint32_t *cursor, struct dns_facts *f)
{
	static struct addr addrs[2];

	(void)p;
	addr_parse(&addrs[0], "10.0.0.5", 0);
	addr_parse(&addrs[1], "::1", 0);
	*f = (struct dns_facts){ "db.example", 59999999, addrs, 2 };
	if (*cursor == 1)
		*f = (struct dns_facts){ .hostname = "nowhere.example" };
	return (*cursor)++ < 2;
}
