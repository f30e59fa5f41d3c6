/*
 * test_host.c - hosts are shared by name and port, budgets by server.
 */
#include "cluster/host.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/must.h"
#include "config/config.h"
#include "config/load.h"
#include "net/loop.h"

START_TEST(one_host_for_one_name_and_port)
{
	struct hosts hs;
	struct host *a, *b, *c, *d;

	hosts_init(&hs, NULL);
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

	hosts_init(&hs, NULL);
	a = host_acquire(&hs, "db1", 5432);
	b = host_acquire(&hs, "db2", 5432);
	ck_assert(budget_take(a->budget, BUDGET_POOL, &t));
	ck_assert_uint_eq(budget_held(a->budget), 1);
	ck_assert_uint_eq(budget_held(b->budget), 0);
	budget_give(&t);
	host_release(a);
	host_release(b);
	hosts_fini(&hs);
}
END_TEST

/* A budget for each server that the configuration names. */
static const struct config *
config_of(const char *text)
{
	static char path[] = "/tmp/test_host.XXXXXX";
	const struct config *cfg;
	struct err err;
	int fd = mkstemp(path);
	FILE *f = fdopen(fd, "w");

	ck_assert_ptr_nonnull(f);
	fputs(text, f);
	fclose(f);
	cfg = config_load(path, &err);
	ck_assert_msg(cfg != NULL, "%s", err.text);
	unlink(path);
	strcpy(path + strlen(path) - 6, "XXXXXX");
	return cfg;
}

static const struct {
	const char *why, *name;
	uint16_t port;
	uint32_t limit;
} servers[] = {
	{ "the setting is for every server", "10.0.0.1", 5432, 34 },
	{ "each has its own", "10.0.0.1", 5433, 34 },
	{ "[hosts] says otherwise", "10.0.0.2", 5432, 4 },
	{ "for this port only", "10.0.0.2", 5433, 34 },
	{ "[hosts] says: none", "db3", 5432, 0 },
	{ "case does not matter", "DB3.", 5432, 0 },
	{ "by another name", "/run/postgresql/", 5432, 4 },
	{ "an address in another form", "2001:0db8:0::5", 5432, 11 },
};

START_TEST(h29_a_budget_is_that_of_a_server)
{
	const struct config *cfg = config_of("[databases]\n"
	    "x = host=10.0.0.1\n[hosts]\n"
	    "10.0.0.2 = server_connections=10\n"
	    "db3:5432 = server_connections=0\n"
	    "/run/postgresql:5432 = same_as=10.0.0.2:5432\n"
	    "'[2001:db8::5]:5432' = server_connections=31\n"
	    "[pgweir]\nserver_connections = 100\napp_instances = 3\n"
	    "instance_number = 0\nauth_type = any\n");
	struct loop *loop = loop_create(LOOP_VIRTUAL);
	struct hosts hs;
	struct host *h, *same;

	hosts_init(&hs, loop);
	hosts_load(&hs, cfg);
	h = host_acquire(&hs, servers[_i].name, servers[_i].port);
	ck_assert_msg(budget_limit(h->budget) == servers[_i].limit,
	    "%s: %u", servers[_i].why, (unsigned)budget_limit(h->budget));
	same = host_acquire(&hs, "10.0.0.2", 5432);
	ck_assert(servers[_i].limit != 4 || same->budget == h->budget);
	host_release(same);
	host_release(h);
	hosts_fini(&hs);
	config_unref(cfg);
	loop_destroy(loop);
}
END_TEST

/* h31: the shares add up to the total, whatever does not divide evenly. */
START_TEST(h31_shares_add_up)
{
	uint32_t total, n, i, sum;

	for (total = 0; total < 120; total++)
		for (n = 1; n < 12; n++) {
			for (i = sum = 0; i < n; i++)
				sum += budget_share(total, n, (int)i);
			ck_assert_uint_eq(sum, total);
			/* Who does not know its number is on the safe side. */
			ck_assert_uint_le(n * budget_share(total, n, -1),
			    total);
		}
	ck_assert_uint_eq(budget_share(100, 5, 4), 20);
	ck_assert_uint_eq(budget_share(101, 5, 0), 21);
	ck_assert_uint_eq(budget_share(101, 5, 1), 20);
}
END_TEST

/* A reload moves the limits, and forgets servers that nobody names. */
START_TEST(h34_reload)
{
	const struct config *one = config_of("[databases]\n"
	    "x = host=a\ny = host=b\n[pgweir]\nserver_connections = 10\n"
	    "auth_type = any\n");
	const struct config *two = config_of("[databases]\nx = host=a\n"
	    "[pgweir]\nserver_connections = 4\nauth_type = any\n");
	struct loop *loop = loop_create(LOOP_VIRTUAL);
	struct ticket t[6] = { 0 };
	struct hosts hs;
	struct host *h;
	int i;

	hosts_init(&hs, loop);
	hosts_load(&hs, one);
	ck_assert_str_eq(container_of(list_last(&hs.ledger.accounts),
	    struct account, member)->key, "b:5432");
	h = host_acquire(&hs, "a", 5432);
	for (i = 0; i < 6; i++)
		ck_assert(budget_take(h->budget, BUDGET_POOL, &t[i]));
	hosts_load(&hs, two);
	ck_assert_str_eq(container_of(list_last(&hs.ledger.accounts),
	    struct account, member)->key, "a:5432");
	ck_assert(h->budget->over);
	ck_assert_str_eq(h->budget->report.change, "10 -> 4");
	for (i = 0; i < 6; i++) {
		ck_assert(h->budget->over == (i < 2));
		budget_give(&t[i]);
	}
	host_release(h);
	hosts_fini(&hs);
	config_unref(one);
	config_unref(two);
	loop_destroy(loop);
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

	hosts_init(&hs, NULL);
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
	tcase_add_loop_test(t, h29_a_budget_is_that_of_a_server, 0,
	    (int)countof(servers));
	tcase_add_test(t, h31_shares_add_up);
	tcase_add_test(t, h34_reload);
	tcase_add_loop_test(t, unix_sockets, 0, (int)countof(names));
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed > 0;
}
