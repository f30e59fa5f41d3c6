/*
 * test_flow.c - bytes in pieces, in masses and under pressure (pitfalls c).
 */
#include "base/must.h"
#include "conversation/play.h"
#include "conversation/world.h"
#include "pgwire/frame.h"
#include "pgwire/writer.h"
#include "pool/client.h"
#include "pool/pool.h"
#include "pool/pools.h"
#include "pool/server.h"

#define TRANSACTION "pool_mode = transaction\ndefault_pool_size = 1\n"
#define TWO "pool_mode = transaction\ndefault_pool_size = 2\n"
#define BUFFERED_MAX (512u * 1024)      /* bytes that one pair may hold */

/* A message whose body is size bytes that differ from place to place, the
 * last of them a NUL byte. */
static void
add_message(struct text *t, char type, size_t size)
{
	size_t place = writer_begin(t, type), i;

	for (i = 1; i < size; i++)
		writer_u8(t, (uint8_t)('a' + i % 23 + i / 4096 % 3));
	if (size > 0)
		writer_u8(t, 0);
	writer_end(t, place);
}

static const struct {
	const char *why;
	unsigned char header[5];
} headers[] = {
	{ "length 0", { 'Q', 0, 0, 0, 0 } },
	{ "length 3", { 'Q', 0, 0, 0, 3 } },
	{ "length -1", { 'Q', 255, 255, 255, 255 } },
	{ "the smallest length", { 'Q', 128, 0, 0, 0 } },
	{ "above max_packet_size", { 'Q', 0, 1, 0, 0 } },
	{ "c23: an unknown type", { '~', 0, 0, 0, 4 } },
	{ "c23: a password after the login (b50)", { 'p', 0, 0, 0, 4 } },
	{ "c23: the type of an answer", { 'Z', 0, 0, 0, 5 } },
};

START_TEST(c01_bad_headers_from_clients)
{
	struct world *w = world_start(TRANSACTION
	    "max_packet_size = 60000\n");

	client_joins(w, 1, "");
	client_sends_bytes(w, 1, headers[_i].header, 5);
	client_gets(w, 1, "E FATAL 08P01");
	ck_assert(client_is_gone(w, 1));
	ck_assert_str_eq(server_owner(w, 1), "pool");

	/* The same in a transaction. */
	client_sends(w, 2, "Q BEGIN");
	server_replies(w, 1, "C BEGIN", "Z T");
	client_sends_bytes(w, 2, headers[_i].header, 5);
	client_gets(w, 2, "C BEGIN", "Z T", "E FATAL 08P01");
	ck_assert(client_is_gone(w, 2));
	ck_assert_str_eq(server_owner(w, 1), "gone");
	world_stop(w);
}
END_TEST

static const struct {
	const char *why;
	size_t n;
	unsigned char header[7];
} server_headers[] = {
	{ "length 0", 5, { 'D', 0, 0, 0, 0 } },
	{ "length 3", 5, { 'D', 0, 0, 0, 3 } },
	{ "length -1", 5, { 'D', 255, 255, 255, 255 } },
	{ "above max_packet_size", 5, { 'D', 0, 1, 0, 0 } },
	{ "an unknown type", 5, { '~', 0, 0, 0, 4 } },
	{ "the type of a request", 5, { 'Q', 0, 0, 0, 4 } },
	{ "a long ReadyForQuery", 7, { 'Z', 0, 0, 0, 6, 'I', 'I' } },
	{ "a status that is none", 6, { 'Z', 0, 0, 0, 5, 'X' } },
};

START_TEST(c01_bad_headers_from_servers)
{
	struct world *w = world_start(TRANSACTION
	    "max_packet_size = 60000\n");
	size_t n = server_headers[_i].n;

	client_sends(w, 1, "Q SELECT 1");
	server_replies_bytes(w, 1, server_headers[_i].header, n);
	client_gets(w, 1, "E FATAL 08006");
	ck_assert_msg(client_is_gone(w, 1), "%s", server_headers[_i].why);
	ck_assert_str_eq(server_owner(w, 1), "gone");

	/* The same while it is idle. */
	client_joins(w, 2, "");
	client_sends(w, 2, "Q SELECT 1");
	server_replies(w, 2, "C SELECT 1", "Z I");
	server_replies_bytes(w, 2, server_headers[_i].header, n);
	ck_assert_str_eq(server_owner(w, 2), "gone");
	client_gets(w, 2, "C SELECT 1", "Z I");
	world_stop(w);
}
END_TEST

START_TEST(c02_one_byte_at_a_time)
{
	struct world *w = world_start(TRANSACTION);
	struct text t = { 0 };
	size_t i;

	w->by_hand = true;
	script_startup("user=app&database=shop&TimeZone=UTC", &t);
	for (i = 0; i < t.n; i++)
		client_sends_bytes(w, 1, t.p + i, 1);
	text_clear(&t);
	script_write(SERVER_SPEAKS, "R 0", &t);
	script_write(SERVER_SPEAKS, "S TimeZone=UTC", &t);
	script_write(SERVER_SPEAKS, "N 00000 a notice (a38)", &t);
	script_write(SERVER_SPEAKS, "K", &t);
	script_write(SERVER_SPEAKS, "Z I", &t);
	for (i = 0; i < t.n; i++)
		server_replies_bytes(w, 1, t.p + i, 1);
	client_gets(w, 1, "R 0", "S TimeZone=UTC", "K", "Z I");

	text_clear(&t);
	script_write(CLIENT_SPEAKS, "P s SELECT 1", &t);
	script_write(CLIENT_SPEAKS, "D S s", &t);
	script_write(CLIENT_SPEAKS, "B - s", &t);
	script_write(CLIENT_SPEAKS, "E - 0", &t);
	script_write(CLIENT_SPEAKS, "S", &t);
	for (i = 0; i < t.n; i++)
		client_sends_bytes(w, 1, t.p + i, 1);
	server_gets(w, 1, "P _1 SELECT 1", "D S _1", "B - _1", "E - 0", "S");
	text_clear(&t);
	script_write(SERVER_SPEAKS, "1", &t);
	script_write(SERVER_SPEAKS, "t", &t);
	script_write(SERVER_SPEAKS, "T", &t);
	script_write(SERVER_SPEAKS, "2", &t);
	script_write(SERVER_SPEAKS, "D one", &t);
	script_write(SERVER_SPEAKS, "S TimeZone=Asia/Tokyo", &t);
	script_write(SERVER_SPEAKS, "C SELECT 1", &t);
	script_write(SERVER_SPEAKS, "Z I", &t);
	for (i = 0; i < t.n; i++)
		server_replies_bytes(w, 1, t.p + i, 1);
	client_gets(w, 1, "1", "t", "T", "2", "D one",
	    "S TimeZone=Asia/Tokyo", "C SELECT 1", "Z I");
	ck_assert_uint_eq(server_count(w), 1);
	text_fini(&t);
	world_stop(w);
}
END_TEST

static const size_t sizes[] = { CONN_SCRATCH - 6, CONN_SCRATCH - 5,
	CONN_SCRATCH - 4, CONN_SCRATCH, CONN_SCRATCH + 1,
	4 * CONN_SCRATCH - 5, 4 * CONN_SCRATCH, 5000000 };

/* Whole frames of these bodies arrive unchanged, both ways. */
START_TEST(c03_c04_messages_of_the_size_of_buffers)
{
	struct world *w = world_start(TRANSACTION);
	struct text query = { 0 }, answer = { 0 };

	client_joins(w, 1, "");
	add_message(&query, 'Q', sizes[_i]);
	client_sends_bytes(w, 1, query.p, query.n);
	ck_assert_uint_eq(server_unread(w, 1), query.n);
	ck_assert_mem_eq(server_bytes(w, 1), query.p, query.n);
	add_message(&answer, 'D', sizes[_i]);
	script_write(SERVER_SPEAKS, "C SELECT 1", &answer);
	script_write(SERVER_SPEAKS, "Z I", &answer);
	server_replies_bytes(w, 1, answer.p, answer.n);
	ck_assert_uint_eq(client_unread(w, 1), answer.n);
	ck_assert_mem_eq(client_bytes(w, 1), answer.p, answer.n);
	ck_assert_str_eq(server_owner(w, 1), "pool");
	text_fini(&query);
	text_fini(&answer);
	world_stop(w);
}
END_TEST

/* What we must see whole may be larger than the working buffer. */
START_TEST(c06_large_messages_that_matter)
{
	struct world *w = world_start(TRANSACTION);
	struct text t = { 0 }, message = { 0 };
	size_t i;

	text_puts(&message, "E 42601 ");
	for (i = 0; i < 100000; i++)
		text_puts(&message, "!");
	script_write(SERVER_SPEAKS, message.p, &t);
	script_write(SERVER_SPEAKS, "Z I", &t);
	client_sends(w, 1, "Q SELECT 1");
	server_replies_bytes(w, 1, t.p, t.n);
	ck_assert_uint_eq(client_unread(w, 1), t.n);
	ck_assert_mem_eq(client_bytes(w, 1), t.p, t.n);
	ck_assert_str_eq(server_owner(w, 1), "pool");

	/* A parameter has an end to its length. */
	text_clear(&message);
	text_puts(&message, "S application_name=");
	for (i = 0; i < 300000; i++)
		text_puts(&message, "!");
	text_clear(&t);
	script_write(SERVER_SPEAKS, message.p, &t);
	client_sends(w, 2, "Q SELECT 1");
	server_replies_bytes(w, 1, t.p, t.n);
	client_gets(w, 2, "E FATAL 08006");
	text_fini(&message);
	text_fini(&t);
	world_stop(w);
}
END_TEST

static size_t
held_for(struct world *w, unsigned n)
{
	struct client *c = client_in_pooler(w, n);
	struct server *s = c->link.server;
	size_t sum = conn_unsent(&c->conn) + conn_kept(&c->conn);

	if (s != NULL)
		sum += conn_unsent(&s->conn) + conn_kept(&s->conn);
	return sum;
}

START_TEST(c08_a_client_that_does_not_read)
{
	struct world *w = world_start(TWO);
	struct text rows = { 0 };
	size_t total = 0;
	int i;

	add_message(&rows, 'D', 1000000);
	client_sends(w, 1, "Q SELECT");
	client_stalls(w, 1, true);
	for (i = 0; i < 16; i++) {
		server_replies_bytes(w, 1, rows.p, rows.n);
		total += rows.n;
		ck_assert_uint_lt(held_for(w, 1), BUFFERED_MAX);
	}
	ck_assert_uint_eq(client_unread(w, 1), 0);

	/* Others do not notice. */
	client_sends(w, 2, "Q SELECT 2");
	server_replies(w, 2, "C SELECT 1", "Z I");
	client_gets(w, 2, "C SELECT 1", "Z I");

	client_stalls(w, 1, false);
	ck_assert_uint_eq(client_unread(w, 1), total);
	server_replies(w, 1, "C SELECT 16", "Z I");
	ck_assert_str_eq(server_owner(w, 1), "pool");
	ck_assert_uint_eq(held_for(w, 1), 0);
	text_fini(&rows);
	world_stop(w);
}
END_TEST

START_TEST(c09_a_server_that_does_not_read)
{
	struct world *w = world_start(TWO);
	struct text data = { 0 };
	size_t total = 0;
	int i;

	add_message(&data, 'd', 1000000);
	client_sends(w, 1, "Q COPY t FROM STDIN");
	server_replies(w, 1, "G");
	client_gets(w, 1, "G");
	server_stalls(w, 1, true);
	for (i = 0; i < 16; i++) {
		client_sends_bytes(w, 1, data.p, data.n);
		total += data.n;
		ck_assert_uint_lt(held_for(w, 1), BUFFERED_MAX);
	}
	client_sends(w, 2, "Q SELECT 2");
	server_replies(w, 2, "C SELECT 1", "Z I");
	client_gets(w, 2, "C SELECT 1", "Z I");

	server_stalls(w, 1, false);
	ck_assert_uint_eq(server_unread(w, 1), total);
	client_sends(w, 1, "c");
	server_replies(w, 1, "C COPY 16", "Z I");
	client_gets(w, 1, "C COPY 16", "Z I");
	ck_assert_str_eq(server_owner(w, 1), "pool");
	text_fini(&data);
	world_stop(w);
}
END_TEST

/* The server writes its answers before it reads on, as PostgreSQL does: they
 * must reach the client although its own messages are stuck. */
START_TEST(c10_both_directions_full)
{
	struct world *w = world_start(TRANSACTION);
	struct text query = { 0 }, answer = { 0 };
	int i;

	client_joins(w, 1, "");
	server_stalls(w, 1, true);
	add_message(&query, 'Q', 100000);
	for (i = 0; i < 40; i++)
		client_sends_bytes(w, 1, query.p, query.n);
	add_message(&answer, 'D', 4000000);
	script_write(SERVER_SPEAKS, "C SELECT 1", &answer);
	script_write(SERVER_SPEAKS, "Z I", &answer);
	server_replies_bytes(w, 1, answer.p, answer.n);
	ck_assert_uint_eq(client_unread(w, 1), answer.n);
	ck_assert_str_eq(server_owner(w, 1), "client 1");
	server_stalls(w, 1, false);
	for (i = 1; i < 40; i++)
		server_replies(w, 1, "C SELECT 1", "Z I");
	ck_assert_str_eq(server_owner(w, 1), "pool");
	text_fini(&query);
	text_fini(&answer);
	world_stop(w);
}
END_TEST

START_TEST(c12_a_client_leaves_without_reading)
{
	struct world *w = world_start(TRANSACTION);
	struct text rows = { 0 };

	add_message(&rows, 'D', 4000000);
	client_sends(w, 1, "Q SELECT");
	client_stalls(w, 1, true);
	server_replies_bytes(w, 1, rows.p, rows.n);
	client_leaves(w, 1);
	ck_assert_str_eq(server_owner(w, 1), "gone");
	client_sends(w, 2, "Q SELECT 2");
	server_gets(w, 2, "Q SELECT 2");
	text_fini(&rows);
	world_stop(w);
}
END_TEST

/* Through a socket that takes a little at a time: the same bytes, each
 * message counted once. */
START_TEST(c13_c14_short_writes)
{
	struct world *w = world_start(TRANSACTION);
	struct text rows = { 0 };
	const struct stats *stats;
	int i;

	w->send_buffer = 4608;
	for (i = 0; i < 2000; i++)
		add_message(&rows, 'D', (size_t)(i % 1000));
	script_write(SERVER_SPEAKS, "C SELECT 2000", &rows);
	script_write(SERVER_SPEAKS, "Z I", &rows);
	client_sends(w, 1, "Q SELECT");
	server_replies_bytes(w, 1, rows.p, rows.n);
	ck_assert_uint_eq(client_unread(w, 1), rows.n);
	ck_assert_mem_eq(client_bytes(w, 1), rows.p, rows.n);
	stats = &world_pool(w, "shop", "app")->stats;
	ck_assert_uint_eq(stats->query_count, 1);
	ck_assert_uint_eq(stats->xact_count, 1);
	ck_assert_uint_eq(stats->bytes_sent, rows.n);
	ck_assert_str_eq(server_owner(w, 1), "pool");
	text_fini(&rows);
	world_stop(w);
}
END_TEST

START_TEST(c18_a_server_resets_its_connection)
{
	struct world *w = world_start(TRANSACTION
	    "[databases]\nshop = host=$TCP\n");

	client_sends(w, 1, "Q SELECT 1");
	server_resets(w, 1);
	client_gets(w, 1, "E FATAL 08006");
	ck_assert(client_is_gone(w, 1));
	client_joins(w, 2, "");
	client_sends(w, 2, "Q SELECT 2");
	server_replies(w, 2, "C SELECT 1", "Z I");
	server_resets(w, 2);
	ck_assert_str_eq(server_owner(w, 2), "gone");
	client_gets(w, 2, "C SELECT 1", "Z I");
	world_stop(w);
}
END_TEST

/* The last word comes behind all that was under way. */
START_TEST(c19_an_error_for_a_client_that_does_not_read)
{
	struct world *w = world_start(TRANSACTION);
	struct text rows = { 0 };

	add_message(&rows, 'D', 1000000);
	client_sends(w, 1, "Q SELECT");
	client_stalls(w, 1, true);
	server_replies_bytes(w, 1, rows.p, rows.n);
	server_says_last(w, 1);
	ck_assert(!client_is_gone(w, 1));
	client_stalls(w, 1, false);
	ck_assert_uint_gt(client_unread(w, 1), rows.n);
	client_skips(w, 1, rows.n);
	client_gets(w, 1, "E FATAL 08006");
	ck_assert(client_is_gone(w, 1));
	text_fini(&rows);
	world_stop(w);
}
END_TEST

/* Nothing of ours comes in the middle of a message. */
START_TEST(c20_the_server_dies_in_the_middle_of_a_row)
{
	struct world *w = world_start(TRANSACTION);
	struct text row = { 0 };
	size_t cut;

	add_message(&row, 'D', 20);
	for (cut = 5; cut < row.n; cut++) {
		client_sends(w, 1, "Q SELECT");
		server_replies_bytes(w, w->nservers, row.p, cut);
		server_dies(w, w->nservers);
		ck_assert_uint_eq(client_unread(w, 1), cut);
		ck_assert(client_is_gone(w, 1));
		client_leaves(w, 1);
	}
	text_fini(&row);
	world_stop(w);
}
END_TEST

START_TEST(c20_a_kill_in_the_middle_of_a_row)
{
	struct world *w = world_start(TRANSACTION);
	struct text row = { 0 };

	add_message(&row, 'D', 20);
	client_sends(w, 1, "Q SELECT");
	server_replies_bytes(w, 1, row.p, 12);
	control_kill(w->pooler, "shop");
	world_turn(w);
	ck_assert_uint_eq(client_unread(w, 1), 12);
	ck_assert(client_is_gone(w, 1));
	text_fini(&row);
	world_stop(w);
}
END_TEST

START_TEST(c22_the_server_returns_when_all_has_been_delivered)
{
	struct world *w = world_start(TRANSACTION);
	struct text rows = { 0 };

	w->send_buffer = 4608;
	add_message(&rows, 'D', 200000);
	script_write(SERVER_SPEAKS, "C SELECT 1", &rows);
	script_write(SERVER_SPEAKS, "Z I", &rows);
	client_sends(w, 1, "Q SELECT");
	client_stalls(w, 1, true);
	server_replies_bytes(w, 1, rows.p, rows.n);
	ck_assert_str_eq(server_owner(w, 1), "client 1");
	client_sends(w, 2, "Q SELECT 2");
	ck_assert_str_eq(client_waits(w, 2), "pool_size");
	client_stalls(w, 1, false);
	ck_assert_str_eq(server_owner(w, 1), "client 2");
	ck_assert_uint_eq(client_unread(w, 1), rows.n);
	text_fini(&rows);
	world_stop(w);
}
END_TEST

/* a36: what comes in one segment with the startup packet is kept. */
START_TEST(a36_a_query_right_behind_the_startup_packet)
{
	struct world *w = world_start(TRANSACTION);
	struct text t = { 0 };
	int i;

	/* The first waits for the welcome, the second does not. */
	for (i = 1; i <= 2; i++) {
		text_clear(&t);
		script_startup("user=app&database=shop", &t);
		script_write(CLIENT_SPEAKS, "Q SELECT 1", &t);
		client_sends_bytes(w, (unsigned)i, t.p, t.n);
		server_gets(w, 1, "Q SELECT 1");
		server_replies(w, 1, "C SELECT 1", "Z I");
		ck_assert_str_eq(server_owner(w, 1), "pool");
	}
	text_fini(&t);
	world_stop(w);
}
END_TEST

/* m10: so many open answers that the client is not read for a while. */
START_TEST(m10_a_long_pipeline)
{
	struct world *w = world_start(TRANSACTION);
	struct text syncs = { 0 }, ready = { 0 };
	int i;

	for (i = 0; i < 200000; i++)
		script_write(CLIENT_SPEAKS, "S", &syncs);
	for (i = 0; i < 10000; i++)
		script_write(SERVER_SPEAKS, "Z I", &ready);
	client_joins(w, 1, "");
	client_sends_bytes(w, 1, syncs.p, syncs.n);
	ck_assert_uint_lt(server_unread(w, 1), syncs.n / 2);
	for (i = 0; i < 20; i++) {
		ck_assert_str_eq(server_owner(w, 1), "client 1");
		server_replies_bytes(w, 1, ready.p, ready.n);
	}
	ck_assert_uint_eq(client_unread(w, 1), 20 * ready.n);
	ck_assert_str_eq(server_owner(w, 1), "pool");
	text_fini(&syncs);
	text_fini(&ready);
	world_stop(w);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("flow");
	TCase *t = tcase_create("flow");

	tcase_set_timeout(t, 60);
	tcase_add_loop_test(t, c01_bad_headers_from_clients, 0,
	    (int)countof(headers));
	tcase_add_loop_test(t, c01_bad_headers_from_servers, 0,
	    (int)countof(server_headers));
	tcase_add_test(t, c02_one_byte_at_a_time);
	tcase_add_loop_test(t, c03_c04_messages_of_the_size_of_buffers, 0,
	    (int)countof(sizes));
	tcase_add_test(t, c06_large_messages_that_matter);
	tcase_add_test(t, c08_a_client_that_does_not_read);
	tcase_add_test(t, c09_a_server_that_does_not_read);
	tcase_add_test(t, c10_both_directions_full);
	tcase_add_test(t, c12_a_client_leaves_without_reading);
	tcase_add_test(t, c13_c14_short_writes);
	tcase_add_test(t, c18_a_server_resets_its_connection);
	tcase_add_test(t, c19_an_error_for_a_client_that_does_not_read);
	tcase_add_test(t, c20_the_server_dies_in_the_middle_of_a_row);
	tcase_add_test(t, c20_a_kill_in_the_middle_of_a_row);
	tcase_add_test(t,
	    c22_the_server_returns_when_all_has_been_delivered);
	tcase_add_test(t, a36_a_query_right_behind_the_startup_packet);
	tcase_add_test(t, m10_a_long_pipeline);
	suite_add_tcase(s, t);
	return world_run(s);
}
