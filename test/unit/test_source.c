/*
 * test_source.c - addresses that logins come from, without logins.
 */
#include "pool/source.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/must.h"
#include "config/config.h"
#include "pool/state.h"

/* As much of a pooler as it takes. */
static struct {
	struct pooler pooler;
	struct config config;
} it;

static void
start(void)
{
	it.config.max_unfinished_logins = 1;
	it.config.login_failure_delay = 1000000;
	it.pooler.config = &it.config;
	it.pooler.loop = loop_create(LOOP_VIRTUAL);
	it.pooler.hash_seed = 7;
	it.pooler.sources = source_table_create();
}

static void
stop(void)
{
	source_table_destroy(it.pooler.sources);
	loop_destroy(it.pooler.loop);
}

static struct addr
addr_of(const char *text)
{
	struct addr a = { .family = AF_UNIX };

	if (strcmp(text, "unix") != 0)
		ck_assert(addr_parse(&a, text, 1));
	return a;
}

static unsigned
count(void)
{
	struct source_facts f;
	uint32_t cursor = 0;
	unsigned n = 0;

	while (facts_source(&it.pooler, &cursor, &f))
		n++;
	return n;
}

static const struct {
	const char *why, *a, *b;
	bool same;
} pairs[] = {
	{ "one address", "10.0.0.1", "10.0.0.1", true },
	{ "two addresses", "10.0.0.1", "10.0.0.2", false },
	{ "the Unix socket", "unix", "unix", true },
	{ "the Unix socket is no address", "unix", "0.0.0.0", false },
	{ "one network", "2001:db8:0:1::1", "2001:db8:0:1:ffff::2", true },
	{ "two networks", "2001:db8:0:1::1", "2001:db8:0:2::1", false },
	{ "IPv4 in IPv6", "::ffff:10.0.0.1", "::ffff:10.0.0.2", false },
	{ "IPv4 is IPv4", "::ffff:10.0.0.1", "10.0.0.1", true },
	{ "families differ", "10.0.0.1", "a00:1::", false },
};

START_TEST(m05_an_address_is_the_same_or_not)
{
	struct addr a = addr_of(pairs[_i].a), b = addr_of(pairs[_i].b);
	struct source_hold ha = { 0 }, hb = { 0 };

	ck_assert(source_enter(&it.pooler, &a, &ha));
	ck_assert_msg(source_enter(&it.pooler, &b, &hb) != pairs[_i].same,
	    "%s", pairs[_i].why);
	source_failed(&it.pooler, &a, "eve");
	ck_assert_msg((source_wait(&it.pooler, &b, "eve") > 0) ==
	    pairs[_i].same, "%s", pairs[_i].why);
	source_leave(&it.pooler, &ha);
	source_leave(&it.pooler, &hb);
	ck_assert_uint_eq(count(), 1);
}
END_TEST

START_TEST(m02_there_is_an_end_to_what_is_remembered)
{
	struct addr a = addr_of("10.0.0.1");
	char name[16];
	unsigned i;

	for (i = 0; i < 10001; i++) {
		snprintf(name, sizeof name, "user%u", i);
		source_failed(&it.pooler, &a, name);
	}
	ck_assert_uint_eq(count(), 10000);
	ck_assert_int_eq(source_wait(&it.pooler, &a, "user0"), 0);
	ck_assert_int_eq(source_wait(&it.pooler, &a, "user1"), 1000000);
	ck_assert_int_eq(source_wait(&it.pooler, &a, "user10000"), 1000000);
	/* Who fails again is the latest. */
	source_failed(&it.pooler, &a, "user1");
	source_failed(&it.pooler, &a, "another");
	ck_assert_int_eq(source_wait(&it.pooler, &a, "user1"), 2000000);
	ck_assert_int_eq(source_wait(&it.pooler, &a, "user2"), 0);
}
END_TEST

START_TEST(it_is_forgotten_in_time)
{
	struct addr a = addr_of("10.0.0.1");

	source_failed(&it.pooler, &a, "eve");
	loop_advance(it.pooler.loop, 64 * 1000000);
	source_sweep(&it.pooler);
	ck_assert_uint_eq(count(), 1);
	loop_advance(it.pooler.loop, 1000000);
	source_sweep(&it.pooler);
	ck_assert_uint_eq(count(), 0);
	source_failed(&it.pooler, &a, "eve");
	it.config.login_failure_delay = 0;
	source_sweep(&it.pooler);
	ck_assert_uint_eq(count(), 0);
	source_failed(&it.pooler, &a, "eve");
	ck_assert_uint_eq(count(), 0);
}
END_TEST

START_TEST(what_is_shown)
{
	struct addr a = addr_of("10.0.0.1");
	struct source_hold hold = { 0 };
	struct source_facts f;
	uint32_t cursor = 0;

	ck_assert(source_enter(&it.pooler, &a, &hold));
	source_failed(&it.pooler, &a, "eve");
	source_failed(&it.pooler, &a, "eve");
	ck_assert(facts_source(&it.pooler, &cursor, &f));
	ck_assert(addr_same_ip(&f.addr, &a));
	ck_assert_ptr_null(f.user);
	ck_assert_uint_eq(f.unfinished, 1);
	ck_assert(facts_source(&it.pooler, &cursor, &f));
	ck_assert_str_eq(f.user, "eve");
	ck_assert_uint_eq(f.failures, 2);
	ck_assert_int_eq(f.wait_usec, 2000000);
	ck_assert(!facts_source(&it.pooler, &cursor, &f));
	source_proved(&it.pooler, &a, "eve");
	source_leave(&it.pooler, &hold);
	ck_assert_uint_eq(count(), 0);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("source");
	TCase *t = tcase_create("sources");
	SRunner *runner = srunner_create(s);
	int failed;

	tcase_add_checked_fixture(t, start, stop);
	tcase_add_loop_test(t, m05_an_address_is_the_same_or_not, 0,
	    (int)countof(pairs));
	tcase_add_test(t, m02_there_is_an_end_to_what_is_remembered);
	tcase_add_test(t, it_is_forgotten_in_time);
	tcase_add_test(t, what_is_shown);
	suite_add_tcase(s, t);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
