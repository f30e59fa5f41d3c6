/*
 * test_soak.c - ten thousand random steps, with fixed seeds: connects,
 * queries, cancels, kills, failures, reloads. Every client gets its own
 * answers (d40, h25), nobody waits while there is a server (pool_check()),
 * and in the end all counters are zero (h01).
 *
 * The servers answer by themselves: a Query with its own text, as a row, so
 * that a row for another client is noticed.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/must.h"
#include "conversation/play.h"
#include "conversation/world.h"
#include "pool/client.h"
#include "pool/control.h"

#define CLIENTS 24u
#define SEEDS 4
#define STEPS 2500

/* What the test knows of a client. */
struct guest {
	bool here, in_block, stalled;
	unsigned asked, answered;       /* numbers of its queries */
};

struct soak {
	struct world *w;
	struct guest guests[CLIENTS + 1];
	uint64_t random;
	unsigned answers;
	bool in_block[100000];          /* by server */
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

static const char *
ready(struct soak *k, unsigned server)
{
	return k->in_block[server] ? "Z T" : "Z I";
}

/* A server answers. */
static void
on_query(struct world *w, unsigned n, const char *line)
{
	struct soak *k = the_soak;
	struct text row = { 0 };

	ck_assert_uint_lt(n, countof(k->in_block));
	if (line[0] != 'Q')
		return;
	if (strstr(line, "BEGIN") != NULL)
		k->in_block[n] = true;
	if (strstr(line, "COMMIT") != NULL)
		k->in_block[n] = false;
	text_printf(&row, "D %s", line + 2);
	server_answers(w, n, row.p);
	server_answers(w, n, "C SELECT 1");
	server_answers(w, n, ready(k, n));
	text_fini(&row);
}

/* Read what came for a client: rows must be its own, in order. */
static void
check_answers(struct soak *k, unsigned n)
{
	struct guest *g = &k->guests[n];
	struct text line = { 0 };
	unsigned who, what;

	while (client_next(k->w, n, &line)) {
		if (line.p[0] != 'D')
			continue;
		ck_assert_msg(sscanf(line.p, "D %u %u", &who, &what) == 2,
		    "client %u: %s", n, line.p);
		ck_assert_msg(who == n && what == g->answered + 1,
		    "client %u, after answer %u: %s", n, g->answered, line.p);
		g->answered++;
		k->answers++;
	}
	text_fini(&line);
	if (client_is_gone(k->w, n)) {
		client_leaves(k->w, n);
		*g = (struct guest){ .here = false };
	}
}

static void
come(struct soak *k, unsigned n)
{
	static const char *const params[] = { "", "TimeZone=Asia/Tokyo",
		"TimeZone=Europe/Berlin", "application_name=x", "user=other",
		"database=stock", "user=other&database=stock" };

	client_comes(k->w, n, params[pick(k, countof(params))]);
	k->guests[n] = (struct guest){ .here = true };
}

static void
ask(struct soak *k, unsigned n)
{
	struct guest *g = &k->guests[n];
	struct text line = { 0 };
	unsigned burst = pick(k, 8) == 0 ? 5 : 1;

	for (; burst > 0; burst--) {
		text_clear(&line);
		text_printf(&line, "Q %u %u", n, ++g->asked);
		if (pick(k, 4) == 0) {
			text_puts(&line, g->in_block ? " COMMIT" : " BEGIN");
			g->in_block = !g->in_block;
		}
		client_writes(k->w, n, line.p);
	}
	text_fini(&line);
}

/* Something goes wrong somewhere, or somebody gives an order. */
static void
trouble(struct soak *k)
{
	static const char *const refusals[] = { "FATAL 53300 too many",
		"FATAL 57P03 starting up", "FATAL 28P01 wrong" };
	struct world *w = k->w;
	unsigned s;

	switch (pick(k, 12)) {
	case 0:
	case 1:
		s = server_somewhere(w, pick(k, 1000));
		if (s > 0)
			server_dies(w, s);
		break;
	case 2:
		servers_refuse(w, refusals[pick(k, countof(refusals))]);
		break;
	case 3:
	case 4:
		servers_refuse(w, NULL);
		break;
	case 5:
		servers_listen(w, 1, pick(k, 2) == 0);
		break;
	case 6:
		servers_listen(w, 1, true);
		break;
	case 7:
		control_pause(w->pooler, pick(k, 2) == 0 ? NULL : "shop",
		    NULL);
		break;
	case 8:
		control_resume(w->pooler, NULL);
		control_resume(w->pooler, "shop");
		break;
	case 9:
		control_reconnect(w->pooler, NULL);
		break;
	case 10:
		if (pick(k, 5) == 0)
			control_kill(w->pooler, "stock");
		control_resume(w->pooler, "stock");
		control_resume(w->pooler, NULL);
		break;
	case 11:
		w->by_hand = pick(k, 4) == 0;
		break;
	}
}

static const char *const inis[] = {
	"pool_mode = transaction\ndefault_pool_size = 3\n",
	"pool_mode = session\ndefault_pool_size = 4\n"
	    "fair_by = application_name\n",
	"pool_mode = transaction\ndefault_pool_size = 2\n"
	    "reserve_pool_size = 2\nreserve_pool_timeout = 2\n"
	    "server_lifetime = 20\nmin_pool_size = 1\n",
	"pool_mode = transaction\ndefault_pool_size = 3\n"
	    "server_reset_query_always = 1\nserver_round_robin = 1\n"
	    "server_check_delay = 1\nserver_lifetime = 0\n"
	    "fair_by = application_name\n",
};

static const char *
ini_of(unsigned i)
{
	static char text[1000];

	snprintf(text, sizeof text, "%squery_wait_timeout = 20\n"
	    "query_wait_notify = 3\nclient_login_timeout = 10\n"
	    "server_idle_timeout = 30\nserver_connect_timeout = 5\n"
	    "[databases]\nshop = host=$1\nstock = host=$1,$2\n",
	    inis[i % countof(inis)]);
	return text;
}

static void
step(struct soak *k)
{
	struct world *w = k->w;
	unsigned n = 1 + pick(k, CLIENTS), kind = pick(k, 100);
	struct guest *g = &k->guests[n];

	if (!g->here) {
		if (kind < 60)
			come(k, n);
		else
			world_advance(w, 0.1);
	} else if (kind < 60) {
		ask(k, n);
	} else if (kind < 66) {
		client_leaves(w, n);
		*g = (struct guest){ .here = false };
	} else if (kind < 72) {
		client_stalls(w, n, g->stalled = !g->stalled);
	} else if (kind < 76) {
		client_cancels(w, CLIENTS + 1, n);
		client_leaves(w, CLIENTS + 1);
	} else if (kind < 85) {
		trouble(k);
	} else if (kind < 86) {
		world_reload(w, ini_of(pick(k, 100)));
	} else {
		world_advance(w, (double)pick(k, 20) / 10);
	}
}

START_TEST(h01_ten_thousand_random_steps)
{
	struct soak *k = calloc(1, sizeof *k);
	unsigned n;
	int i;

	ck_assert_ptr_ne(k, NULL);
	the_soak = k;
	k->random = 0x9e3779b97f4a7c15u * (unsigned)(_i + 1);
	k->w = world_start(ini_of((unsigned)_i));
	k->w->on_query = on_query;
	for (i = 0; i < STEPS; i++) {
		step(k);
		if (pick(k, 3) > 0)
			world_turn(k->w);
		for (n = 1; n <= CLIENTS; n++)
			if (k->guests[n].here && !k->guests[n].stalled)
				check_answers(k, n);
	}
	ck_assert_uint_gt(k->answers, 300);
	world_stop(k->w);
	free(k);
}
END_TEST

/* d40: a thousand clients on few servers, each asks for its own number. */
START_TEST(d40_a_thousand_clients)
{
	struct soak *k = calloc(1, sizeof *k);
	struct world *w;
	struct text line = { 0 };
	unsigned n, round, answers = 0;

	ck_assert_ptr_ne(k, NULL);
	the_soak = k;
	w = world_start("pool_mode = transaction\ndefault_pool_size = 7\n"
	    "max_client_conn = 1000\n");
	w->on_query = on_query;
	for (n = 1; n <= 1000; n++)
		client_joins(w, n, "");
	for (round = 1; round <= 3; round++) {
		for (n = 1; n <= 1000; n++) {
			text_clear(&line);
			text_printf(&line, "Q %u %u", n, round);
			client_writes(w, n, line.p);
		}
		world_turn(w);
		for (n = 1; n <= 1000; n++)
			while (client_next(w, n, &line)) {
				unsigned who, what;

				if (sscanf(line.p, "D %u %u", &who, &what) !=
				    2)
					continue;
				ck_assert_uint_eq(who, n);
				ck_assert_uint_eq(what, round);
				answers++;
			}
	}
	ck_assert_uint_eq(answers, 3000);
	ck_assert_uint_le(w->nservers, 7);
	text_fini(&line);
	world_stop(w);
	free(k);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("soak");
	TCase *t = tcase_create("soak");

	tcase_set_timeout(t, 300);
	tcase_add_loop_test(t, h01_ten_thousand_random_steps, 0,
	    SEEDS);
	tcase_add_test(t, d40_a_thousand_clients);
	suite_add_tcase(s, t);
	return world_run(s);
}
