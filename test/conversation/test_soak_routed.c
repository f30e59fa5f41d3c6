/*
 * test_soak_routed.c - thousands of random steps, with fixed seeds, with a
 * primary and two replicas that come and go.
 *
 * Each request has a number, which its result repeats. What a client has
 * asked is answered once, in its order, and leaves it in the state that it
 * would be in with PostgreSQL; no write runs twice, or at a replica; nobody is
 * left without an answer in the end; names of statements are there, or not,
 * as the client was told.
 *
 * The servers are small models of PostgreSQL. They answer late, fail at
 * random, and say goodbye instead of an answer.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/must.h"
#include "conversation/play.h"
#include "conversation/world.h"
#include "pool/control.h"
#include "pool/suspend.h"

#define CLIENTS 12u
#define SERVERS 6000u
#define SEEDS 6
#define STEPS 2500
#define ASKED 32u               /* requests that are unanswered at once */
#define NAMED "select 'named' /* pgweir:replica */"

enum kind { READ_ONLY, BEGIN, COMMIT, READ, HINTED, WRITE, WISH, BY_NAME,
	CLOSE };

struct request {
	enum kind kind;
	unsigned number;
	bool parses;            /* and makes the name */
};

/* What the test knows of a client. */
struct guest {
	bool here, stalled;
	char state;             /* of its transaction, as it was told */
	bool failed;            /* the request that is being answered */
	bool named;             /* its statement is there */
	bool wished;            /* once, for something */
	bool seen;              /* a row of this request */
	struct request asked[ASKED];
	unsigned head, n;
	bool begun;             /* behind all that it has asked */
};

/* A server: what it was sent and has not read, and its state. */
struct model {
	char *lines[64];
	unsigned n;
	char state;             /* I, T, E */
	bool read_only, skips, gone;
	char portal[200];
	char *names[40];        /* "_1 select ..." */
};

struct soak {
	struct world *w;
	struct guest guests[CLIENTS + 1];
	struct model *models;   /* by server */
	uint64_t random;
	unsigned number, answers, on_replicas;
	bool down[4];           /* hosts */
	unsigned char *written; /* by number of the request */
};

static struct soak *the_soak;   /* for the servers' callback */

/* xorshift: the same numbers everywhere. */
static unsigned
pick(struct soak *k, unsigned n)
{
	k->random ^= k->random << 13;
	k->random ^= k->random >> 7;
	k->random ^= k->random << 17;
	return (unsigned)(k->random >> 33) % n;
}

/*
 * Servers.
 */

static void
on_query(struct world *w, unsigned n, const char *line)
{
	struct model *m = &the_soak->models[n];

	(void)w;
	ck_assert_uint_lt(n, SERVERS);
	ck_assert_uint_lt(m->n, countof(m->lines));
	if (m->state == 0)
		m->state = 'I';
	m->lines[m->n++] = strdup(line);
}

static void
refuse(struct soak *k, unsigned n, const char *code)
{
	struct model *m = &k->models[n];
	char line[40];

	snprintf(line, sizeof line, "E %s text", code);
	server_answers(k->w, n, line);
	if (m->state == 'T')
		m->state = 'E';
}

static unsigned
number_in(const char *sql)
{
	const char *at = strchr(sql, '#');

	return at != NULL ? (unsigned)atoi(at + 1) : 0;
}

/* One statement. False: it has failed. */
static bool
execute(struct soak *k, unsigned n, const char *sql)
{
	struct model *m = &k->models[n];
	bool replica = server_host(k->w, n) != 1;
	bool ends = strstr(sql, "commit") != NULL;
	char row[300];

	if (m->state == 'E' && !ends) {
		refuse(k, n, "25P02");
		return false;
	}
	if (pick(k, replica ? 8 : 30) == 0 && !ends &&
	    strstr(sql, "begin") == NULL) {
		refuse(k, n, replica ? "40001" : "22012");
		return false;
	}
	if (strstr(sql, "insert") != NULL) {
		if (replica || m->read_only) {
			refuse(k, n, replica && !m->read_only ? "2500X" :
			    "25006");
			return false;
		}
		if (m->state == 'I')
			ck_assert_uint_eq(++k->written[number_in(sql)], 1);
	}
	if (strstr(sql, "begin") != NULL) {
		m->state = 'T';
		m->read_only = strstr(sql, "read only") != NULL ||
		    strstr(sql, "READ ONLY") != NULL;
		server_answers(k->w, n, "C BEGIN");
	} else if (strstr(sql, "pgweir.route") != NULL) {
		server_answers(k->w, n, "C SET");
	} else if (ends) {
		server_answers(k->w, n, m->state == 'E' ? "C ROLLBACK" :
		    "C COMMIT");
		m->state = 'I';
		m->read_only = false;
	} else {
		k->on_replicas += replica;
		snprintf(row, sizeof row, "D %s", sql);
		server_answers(k->w, n, row);
		server_answers(k->w, n, "C SELECT 1");
	}
	return true;
}

static void
be_ready(struct soak *k, unsigned n)
{
	char line[4] = { 'Z', ' ', k->models[n].state, 0 };

	server_answers(k->w, n, line);
}

static char **
find_name(struct model *m, const char *name)
{
	size_t len = strcspn(name, " "), i;

	for (i = 0; i < countof(m->names); i++)
		if (m->names[i] != NULL && strncmp(m->names[i], name, len) ==
		    0 && m->names[i][len] == ' ')
			return &m->names[i];
	return NULL;
}

/* "name text": make it. */
static bool
prepare(struct soak *k, unsigned n, const char *rest)
{
	struct model *m = &k->models[n];
	char **at = find_name(m, rest);
	size_t i = 0;

	if (at != NULL && rest[0] != '-') {
		refuse(k, n, "42P05");
		return false;
	}
	if (at == NULL) {
		while (m->names[i] != NULL)
			must(++i < countof(m->names));
		at = &m->names[i];
	}
	free(*at);
	*at = strdup(rest);
	server_answers(k->w, n, "1");
	return true;
}

/* "portal name" */
static bool
bind_portal(struct soak *k, unsigned n, const char *rest)
{
	struct model *m = &k->models[n];
	char **at = find_name(m, strchr(rest, ' ') + 1);

	if (at == NULL) {
		refuse(k, n, "26000");
		return false;
	}
	snprintf(m->portal, sizeof m->portal, "%s", strchr(*at, ' ') + 1);
	server_answers(k->w, n, "2");
	return true;
}

static void
obey(struct soak *k, unsigned n, const char *line)
{
	struct model *m = &k->models[n];
	char **at;

	if (line[0] == 'Q') {
		if (m->skips)
			return;
		(void)execute(k, n, line + 2);
		be_ready(k, n);
	} else if (line[0] == 'S') {
		m->skips = false;
		be_ready(k, n);
	} else if (m->skips || line[0] == 'H' || line[0] == 'X') {
		return;
	} else if (line[0] == 'P') {
		m->skips = !prepare(k, n, line + 2);
	} else if (line[0] == 'B') {
		m->skips = !bind_portal(k, n, line + 2);
	} else if (line[0] == 'E') {
		m->skips = !execute(k, n, m->portal);
	} else if (line[0] == 'C') {
		at = find_name(m, line + 4);
		free(at != NULL ? *at : NULL);
		if (at != NULL)
			*at = NULL;
		server_answers(k->w, n, "3");
	} else if (line[0] == 'D') {
		if (line[2] == 'S')
			server_answers(k->w, n, "t");
		server_answers(k->w, n, "n");
	} else {
		ck_abort_msg("a server got '%s'", line);
	}
}

/* It reads some of what it was sent. */
static void
work(struct soak *k, unsigned n, unsigned lines)
{
	struct model *m = &k->models[n];
	char *line;

	while (!m->gone && m->n > 0 && lines-- > 0) {
		line = m->lines[0];
		memmove(m->lines, m->lines + 1, --m->n * sizeof *m->lines);
		if (pick(k, 60) == 0) {
			server_answers(k->w, n, "E FATAL 57P01 shutdown");
			m->gone = true;
		} else {
			obey(k, n, line);
		}
		free(line);
	}
}

static void
all_work(struct soak *k, bool much)
{
	unsigned n;

	for (n = 1; n <= k->w->nservers; n++)
		if (k->models[n].gone && pick(k, 2) == 0 &&
		    server_host(k->w, n) != 0)
			server_drops(k->w, n);
		else if (k->models[n].n > 0 && server_host(k->w, n) != 0 &&
		    (much || pick(k, 3) > 0))
			work(k, n, much ? 64 : 1 + pick(k, 6));
}

/*
 * Clients.
 */

static void
leave(struct soak *k, unsigned n)
{
	client_leaves(k->w, n);
	k->guests[n] = (struct guest){ .here = false };
}

static void
see_ready(struct guest *g, unsigned n, const char *line)
{
	const struct request *r = &g->asked[g->head];

	ck_assert_msg(g->n > 0, "client %u: %s", n, line);
	if (g->failed)
		g->state = g->state == 'I' ? 'I' : 'E';
	else if (r->kind == BEGIN || r->kind == READ_ONLY)
		g->state = 'T';
	else if (r->kind == COMMIT)
		g->state = 'I';
	else if (r->kind != WISH && r->kind != CLOSE)
		ck_assert_msg(g->seen, "client %u, request %u: no row", n,
		    r->number);
	ck_assert_msg(line[2] == g->state, "client %u, request %u: %s, not "
	    "%c", n, r->number, line, g->state);
	g->failed = g->seen = false;
	g->head = (g->head + 1) % ASKED;
	g->n--;
}

static void
see_error(struct guest *g, unsigned n, const char *line)
{
	const struct request *r = &g->asked[g->head];

	ck_assert_msg(strstr(line, "42P05") == NULL &&
	    strstr(line, "26000") == NULL &&
	    (g->wished || strstr(line, "2500X") == NULL),
	    "client %u, request %u: %s", n, r->number, line);
	g->failed = true;
}

static void
see_row(struct guest *g, unsigned n, const char *line)
{
	const struct request *r = &g->asked[g->head];

	ck_assert_msg(g->n > 0 && !g->seen && (r->kind == BY_NAME ?
	    strstr(line, "'named'") != NULL :
	    number_in(line) == r->number), "client %u, request %u: %s", n,
	    r->number, line);
	g->seen = true;
}

static void
check_answers(struct soak *k, unsigned n)
{
	struct guest *g = &k->guests[n];
	struct text line = { 0 };

	while (client_next(k->w, n, &line)) {
		if (line.p[0] == 'D') {
			see_row(g, n, line.p);
			k->answers++;
		} else if (line.p[0] == 'E') {
			see_error(g, n, line.p);
		} else if (line.p[0] == '1' && g->asked[g->head].parses) {
			g->named = true;
		} else if (line.p[0] == '3') {
			g->named = false;
		} else if (line.p[0] == 'Z' && g->here && g->state == 0) {
			g->state = 'I';         /* the login's */
		} else if (line.p[0] == 'Z') {
			see_ready(g, n, line.p);
		}
	}
	text_fini(&line);
	if (client_is_gone(k->w, n))
		leave(k, n);
}

static void
write_text(enum kind kind, unsigned number, char *sql, size_t cap)
{
	static const char *const before[] = { "begin read only", "begin",
		"commit", "select '", "select '", "insert into t values ('",
		"set pgweir.route = ", NAMED, "" };
	static const char *const wishes[] = { "auto", "replica", "primary" };
	static const char *const behind[] = { "'", "' /* pgweir:replica */",
		"')" };

	if (kind == WISH)
		snprintf(sql, cap, "%s%s", before[kind], wishes[number % 3]);
	else if (kind < READ || kind > WISH)
		snprintf(sql, cap, "%s", before[kind]);
	else
		snprintf(sql, cap, "%s#%u%s", before[kind], number,
		    behind[kind - READ]);
}

static void
ask_one(struct soak *k, unsigned n)
{
	struct guest *g = &k->guests[n];
	struct request *r = &g->asked[(g->head + g->n) % ASKED];
	char sql[200], line[300];

	/* It has to know what is there. */
	*r = (struct request){ .number = ++k->number };
	r->kind = (enum kind)pick(k, g->n == 0 ? 9 : 6);
	if (r->kind <= BEGIN && g->begun)
		r->kind = COMMIT;
	else if (r->kind == COMMIT && !g->begun)
		r->kind = pick(k, 2) == 0 ? READ_ONLY : HINTED;
	if (r->kind <= COMMIT)
		g->begun = r->kind != COMMIT;
	write_text(r->kind, r->number, sql, sizeof sql);
	g->n++;
	g->wished = g->wished || r->kind == WISH;
	if (r->kind < BY_NAME && pick(k, 2) == 0) {
		snprintf(line, sizeof line, "Q %s", sql);
		client_writes(k->w, n, line);
		return;
	}
	if (r->kind == CLOSE || (r->kind == BY_NAME && pick(k, 4) == 0)) {
		client_writes(k->w, n, "C S h");
		r->parses = r->kind == BY_NAME;
	}
	if (r->kind == CLOSE) {
		client_writes(k->w, n, "S");
		return;
	}
	r->parses = r->parses || (r->kind == BY_NAME && !g->named);
	if (r->kind != BY_NAME || r->parses) {
		snprintf(line, sizeof line, "P %s %s",
		    r->kind == BY_NAME ? "h" : "-", sql);
		client_writes(k->w, n, line);
	}
	client_writes(k->w, n, r->kind == BY_NAME ? "B - h" : "B - -");
	if (pick(k, 4) == 0)
		client_writes(k->w, n, "D P -");
	client_writes(k->w, n, "E - 0");
	if (pick(k, 6) == 0)
		world_turn(k->w);
	if (pick(k, 12) == 0)
		client_writes(k->w, n, "H");
	client_writes(k->w, n, "S");
}

static void
ask(struct soak *k, unsigned n)
{
	struct guest *g = &k->guests[n];
	unsigned burst = pick(k, 4) == 0 ? 4 : 1;

	if (g->n == 0)
		g->begun = g->state != 'I';
	while (burst-- > 0 && g->n < ASKED / 2)
		ask_one(k, n);
}

/*
 * What happens to them.
 */

static void
lose_host(struct soak *k, unsigned host)
{
	unsigned n;

	servers_listen(k->w, host, false);
	k->down[host] = true;
	for (n = 1; n <= k->w->nservers; n++)
		if (server_host(k->w, n) == (int)host) {
			if (pick(k, 2) == 0)
				server_answers(k->w, n,
				    "E FATAL 57P01 shutdown");
			k->models[n].gone = true;
		}
	all_work(k, false);
	if (pick(k, 3) > 0)
		host_is_silent(k->w, host);
}

static void
find_host(struct soak *k, unsigned host)
{
	servers_listen(k->w, host, true);
	k->down[host] = false;
	host_reports(k->w, host, host != 1, 1);
}

static const char *
ini_of(unsigned i)
{
	static char text[1000];

	snprintf(text, sizeof text, "pool_mode = transaction\n"
	    "control_user = watch\nslow_start = 0\nrouting = explicit\n"
	    "max_prepared_statements = 30\ndefault_pool_size = %u\n"
	    "min_pool_size = %u\nquery_wait_timeout = %u\n"
	    "query_wait_notify = 3\nserver_connect_timeout = 5\n"
	    "idle_transaction_timeout = %u\nload_balance = %s\n"
	    "unnamed_statement_reuse = %u\n"
	    "[databases]\nshop = host=$1,$2,$3\n", 2 + i % 3, i % 2,
	    i % 4 == 0 ? 20 : 600, i % 5 == 0 ? 3 : 0,
	    i % 3 == 0 ? "ip_hash" : "round_robin", i % 2);
	return text;
}

static void
trouble(struct soak *k)
{
	struct world *w = k->w;
	unsigned s, host = 1 + pick(k, 3);

	switch (pick(k, 14)) {
	case 0:
	case 1:
		s = server_somewhere(w, pick(k, 1000));
		if (s > 0) {
			k->models[s].gone = true;
			server_dies(w, s);
		}
		break;
	case 2:
	case 3:
		if (!k->down[host])
			lose_host(k, host);
		else
			find_host(k, host);
		break;
	case 4:
		if (pick(k, 2) == 0)
			lose_host(k, 2);
		lose_host(k, 3);
		break;
	case 5:
	case 6:
	case 7:
		find_host(k, host);
		break;
	case 8:
		servers_refuse(w, pick(k, 2) == 0 ? "FATAL 53300 full" :
		    NULL);
		break;
	case 9:
		servers_refuse(w, NULL);
		control_pause(w->pooler, NULL, NULL);
		break;
	case 10:
		control_reconnect(w->pooler, NULL);
		break;
	case 11:
		if (!w->pooler->suspended)
			suspend_begin(w->pooler);
		break;
	default:
		control_resume(w->pooler, NULL);
		break;
	}
}

static void
step(struct soak *k)
{
	struct world *w = k->w;
	unsigned n = 1 + pick(k, CLIENTS), kind = pick(k, 100);
	struct guest *g = &k->guests[n];

	if (!g->here) {
		if (kind < 70) {
			client_comes(w, n, pick(k, 3) == 0 ?
			    "TimeZone=Asia/Tokyo" : "");
			*g = (struct guest){ .here = true };
		}
	} else if (kind < 60) {
		if (g->state != 0)
			ask(k, n);
	} else if (kind < 62) {
		leave(k, n);
	} else if (kind < 66) {
		client_stalls(w, n, g->stalled = !g->stalled);
	} else if (kind < 70) {
		client_cancels(w, CLIENTS + 1, n);
		client_leaves(w, CLIENTS + 1);
	} else if (kind < 77) {
		trouble(k);
	} else if (kind < 78) {
		world_reload(w, ini_of(pick(k, 100)));
	} else {
		world_advance(w, (double)pick(k, 8) / 10);
	}
}

/* Nobody keeps a server from the others. */
static void
end_block(struct soak *k, unsigned n)
{
	struct guest *g = &k->guests[n];

	if (!g->here || g->n > 0 || g->state == 0 || g->state == 'I')
		return;
	g->asked[g->head] = (struct request){ .kind = COMMIT };
	g->n = 1;
	client_writes(k->w, n, "Q commit");
}

/* Everything is well again: whoever has asked is answered. */
static void
end(struct soak *k)
{
	unsigned n, i;

	servers_refuse(k->w, NULL);
	control_resume(k->w->pooler, NULL);
	for (n = 1; n <= 3; n++)
		find_host(k, n);
	for (n = 1; n <= CLIENTS; n++)
		if (k->guests[n].here)
			client_stalls(k->w, n, false);
	for (i = 0; i < 80; i++) {
		for (n = 1; n <= k->w->nservers; n++)
			if (k->models[n].gone && server_host(k->w, n) != 0)
				server_drops(k->w, n);
		all_work(k, true);
		world_advance(k->w, 0.3);
		for (n = 1; n <= CLIENTS; n++) {
			if (k->guests[n].here)
				check_answers(k, n);
			end_block(k, n);
		}
	}
	for (n = 1; n <= CLIENTS; n++)
		ck_assert_msg(k->guests[n].n == 0 || (k->guests[n].state ==
		    0), "client %u waits for request %u: %s", n,
		    k->guests[n].asked[k->guests[n].head].number,
		    client_waits(k->w, n));
}

START_TEST(random_steps)
{
	struct soak *k = calloc(1, sizeof *k);
	unsigned n, j;
	int i;

	ck_assert_ptr_ne(k, NULL);
	k->models = calloc(SERVERS, sizeof *k->models);
	k->written = calloc(STEPS * 8, 1);
	the_soak = k;
	k->random = 0x9e3779b97f4a7c15u * (unsigned)(_i + 1);
	k->w = world_start(ini_of((unsigned)_i));
	k->w->on_query = on_query;
	client_comes(k->w, 1, "");
	client_leaves(k->w, 1);
	for (n = 1; n <= 3; n++)
		find_host(k, n);
	for (i = 0; i < STEPS; i++) {
		step(k);
		if (pick(k, 4) > 0)
			all_work(k, false);
		if (pick(k, 3) > 0)
			world_turn(k->w);
		for (n = 1; n <= CLIENTS; n++)
			if (k->guests[n].here && !k->guests[n].stalled)
				check_answers(k, n);
	}
	end(k);
	ck_assert_uint_gt(k->answers, 0);
	ck_assert_uint_gt(k->on_replicas, 0);
	world_stop(k->w);
	for (n = 0; n < SERVERS; n++) {
		for (j = 0; j < k->models[n].n; j++)
			free(k->models[n].lines[j]);
		for (j = 0; j < countof(k->models[n].names); j++)
			free(k->models[n].names[j]);
	}
	free(k->models);
	free(k->written);
	free(k);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("soak_routed");
	TCase *t = tcase_create("soak_routed");

	tcase_set_timeout(t, 300);
	tcase_add_loop_test(t, random_steps, 0, SEEDS);
	suite_add_tcase(s, t);
	return world_run(s);
}
