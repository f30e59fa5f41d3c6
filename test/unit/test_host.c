/*
 * test_host.c - hosts are shared by name and port.
 */
#include "cluster/host.h"

#include <check.h>

#include "base/mem.h"
#include "base/must.h"

START_TEST(one_host_for_one_name_and_port)
{
	struct hosts hs;
	struct host *a, *b, *c, *d;

	hosts_init(&hs);
	a = host_acquire(&hs, "db1", 5432);
	b = host_acquire(&hs, "db1", 5432);
	c = host_acquire(&hs, "db1", 5433);
	d = host_acquire(&hs, "db2", 5432);
	ck_assert_ptr_eq(a, b);
	ck_assert_ptr_ne(a, c);
	ck_assert_ptr_ne(a, d);
	ck_assert_str_eq(d->name, "db2");
	ck_assert_uint_eq(c->port, 5433);
	host_release(a);
	/* It lives while somebody has it. */
	ck_assert_ptr_eq(host_acquire(&hs, "db1", 5432), b);
	host_release(b);
	host_release(b);
	host_release(c);
	host_release(d);
	ck_assert(list_empty(&hs.all));
	hosts_fini(&hs);
}
END_TEST

START_TEST(each_host_has_its_own_budget)
{
	struct hosts hs;
	struct host *a, *b;
	struct ticket t = { 0 };

	hosts_init(&hs);
	a = host_acquire(&hs, "db1", 5432);
	b = host_acquire(&hs, "db2", 5432);
	ck_assert(budget_take(&a->budget, BUDGET_POOL, &t));
	ck_assert_uint_eq(budget_held(&a->budget), 1);
	ck_assert_uint_eq(budget_held(&b->budget), 0);
	budget_give(&t);
	host_release(a);
	host_release(b);
	hosts_fini(&hs);
}
END_TEST

static const struct {
	const char *why, *name, *path;  /* NULL: it is none of a socket */
} names[] = {
	{ "a name", "db.example.com", NULL },
	{ "an address", "10.0.0.1", NULL },
	{ "IPv6", "::1", NULL },
	{ "a directory", "/run/postgresql",
	    "/run/postgresql/.s.PGSQL.5433" },
	{ "an abstract name", "@pg", "@pg/.s.PGSQL.5433" },
};

START_TEST(unix_sockets)
{
	struct hosts hs;
	struct host *h;
	char *path;

	hosts_init(&hs);
	h = host_acquire(&hs, names[_i].name, 5433);
	ck_assert_msg(host_is_unix(h) == (names[_i].path != NULL), "%s",
	    names[_i].why);
	if (names[_i].path != NULL) {
		path = host_unix_path(h);
		ck_assert_str_eq(path, names[_i].path);
		mem_free(path);
	}
	host_release(h);
	hosts_fini(&hs);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("host");
	TCase *t = tcase_create("host");
	SRunner *r;
	int failed;

	tcase_add_test(t, one_host_for_one_name_and_port);
	tcase_add_test(t, each_host_has_its_own_budget);
	tcase_add_loop_test(t, unix_sockets, 0, (int)countof(names));
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed > 0;
}
