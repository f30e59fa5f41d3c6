/*
 * Whose a server is: after each message, in each pool mode (pitfalls d, c).
 */
#include "conversation/world.h"

#include <stdlib.h>

#define TRANSACTION "pool_mode = transaction\ndefault_pool_size = 1\n"

START_TEST(d01_server_returns_after_commit)
{
	struct world *w = world_start(TRANSACTION);

	client_sends(w, 1, "Q BEGIN");
	server_gets(w, 1, "Q BEGIN");
	server_replies(w, 1, "C BEGIN", "Z T");
	client_gets(w, 1, "C BEGIN", "Z T");
	ck_assert_str_eq(server_owner(w, 1), "client 1");
	client_sends(w, 1, "Q COMMIT");
	server_replies(w, 1, "C COMMIT", "Z I");
	client_gets(w, 1, "C COMMIT", "Z I");
	ck_assert_str_eq(server_owner(w, 1), "pool");
	world_stop(w);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("transactions");
	TCase *t = tcase_create("ownership");
	SRunner *r;
	int failed;

	tcase_add_test(t, d01_server_returns_after_commit);
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed > 0;
}
