/*
 * test_retries.c - what else may happen to a client while it is in a block of
 * which no server knows, or while its request is on the way to another server.
 */
#include <stdio.h>

#include "base/must.h"
#include "conversation/hosts.h"
#include "conversation/play.h"
#include "conversation/world.h"

static const struct play others[] = {
	{ "d13: COPY data is not held back", TWO, {
		PAIR,
		"client 1: Q copy t from stdin / d one / d two",
		"server 1 < Q copy t from stdin / d one / d two",
		"server 1: G",
		"client 1 < G",
		"client 1: d three / c",
		"server 1 < d three / c",
		"server 1: C COPY 3 / Z I",
		"client 1 < C COPY 3 / Z I" } },
};

START_TEST(requests_are_on_their_way)
{
	play(&others[_i], NULL);
}
END_TEST

/* Half a message, and there is nothing to wait for: the server wants it. */
START_TEST(d13_nor_is_half_of_it)
{
	static const char *const begin[] = { PAIR,
		"client 1: Q copy t from stdin", "server 1: G", NULL };
	static const char *const end[] = { "client 1: c",
		"server 1: C COPY 1 / Z I", "client 1 < G / C COPY 1 / Z I",
		"owner 1 = pool", NULL };
	struct world *w = world_start(TWO);
	char data[1 + 8196] = "d\0\0\x20\x04";

	play_lines(w, "half", begin);
	client_sends_bytes(w, 1, data, 3000);
	ck_assert_uint_eq(server_unread(w, 1), 3000);
	client_sends_bytes(w, 1, data + 3000, sizeof data - 3000);
	ck_assert_uint_eq(server_unread(w, 1), sizeof data);
	play_lines(w, "half", end);
	world_stop(w);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("retries");
	TCase *t = tcase_create("retries");

	tcase_set_timeout(t, 60);
	tcase_add_loop_test(t, requests_are_on_their_way, 0,
	    (int)countof(others));
	tcase_add_test(t, d13_nor_is_half_of_it);
	suite_add_tcase(s, t);
	return world_run(s);
}
