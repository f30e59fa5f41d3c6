/*
 * test_balance.c - who is next, by each rule.
 */
#include "cluster/balance.h"

#include <check.h>
#include <stdlib.h>

#include "base/must.h"

#define PICKS 12000

/* Any numbers, the same in each run. */
static uint64_t
next(uint64_t *state)
{
	*state += UINT64_C(0x9e3779b97f4a7c15);
	uint64_t z = *state;

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

static const struct {
	const char *why;
	enum balance_rule rule;
	uint32_t weights[4];
	unsigned share[4];      /* of PICKS, in percent */
	unsigned slack;         /* percent points */
} spreads[] = {
	{ "round robin", BALANCE_ROUND_ROBIN, { 1000, 1000, 1000 },
	    { 33, 33, 33 }, 1 },
	{ "round robin by weight", BALANCE_ROUND_ROBIN,
	    { 1000, 3000, 2000 }, { 17, 50, 33 }, 1 },
	{ "least connections, nothing in use: by weight",
	    BALANCE_LEAST_CONNECTIONS, { 1000, 3000 }, { 25, 75 }, 1 },
	{ "random", BALANCE_RANDOM, { 1000, 1000 }, { 50, 50 }, 2 },
	{ "random by weight", BALANCE_RANDOM, { 1000, 4000, 5000 },
	    { 10, 40, 50 }, 2 },
	{ "by address", BALANCE_IP_HASH, { 1000, 1000, 1000, 1000 },
	    { 25, 25, 25, 25 }, 2 },
	{ "by address and weight", BALANCE_IP_HASH, { 1000, 3000 },
	    { 25, 75 }, 2 },
	{ "l59 slow start: a trickle", BALANCE_ROUND_ROBIN, { 1000, 10 },
	    { 99, 1 }, 1 },
	{ "l59 the same with least connections", BALANCE_LEAST_CONNECTIONS,
	    { 1000, 10 }, { 99, 1 }, 1 },
	{ "l59 weight 0 is none", BALANCE_ROUND_ROBIN, { 1000, 0, 1000 },
	    { 50, 0, 50 }, 0 },
	{ "weight 0, random", BALANCE_RANDOM, { 0, 1000 }, { 0, 100 }, 0 },
	{ "weight 0, by address", BALANCE_IP_HASH, { 0, 1000 }, { 0, 100 },
	    0 },
	{ "weight 0, least connections", BALANCE_LEAST_CONNECTIONS,
	    { 0, 1000 }, { 0, 100 }, 0 },
};

START_TEST(shares_follow_the_weights)
{
	struct balance b = { 0 };
	struct candidate c[4] = { 0 };
	unsigned count[4] = { 0 };
	uint64_t seed = 1;
	size_t i, n, k;

	for (n = 0; n < 4 && (n < 2 || spreads[_i].weights[n] > 0); n++)
		c[n] = (struct candidate){ n + 1, spreads[_i].weights[n], 0 };
	for (i = 0; i < PICKS; i++) {
		k = balance_pick(&b, spreads[_i].rule, c, n, next(&seed));
		ck_assert_uint_lt(k, n);
		count[k]++;
	}
	for (i = 0; i < n; i++) {
		double got = 100.0 * count[i] / PICKS;

		ck_assert_msg(got >= spreads[_i].share[i] -
		    (double)spreads[_i].slack - 0.5 &&
		    got <= spreads[_i].share[i] + spreads[_i].slack + 0.5,
		    "%s: %zu has %.1f %%", spreads[_i].why, i, got);
	}
	balance_fini(&b);
}
END_TEST

START_TEST(round_robin_is_smooth)
{
	struct candidate c[] = { { 1, 3000, 0 }, { 2, 1000, 0 } };
	struct balance b = { 0 };
	unsigned run = 0, i;

	for (i = 0; i < 100; i++) {
		run = balance_pick(&b, BALANCE_ROUND_ROBIN, c, 2, 0) == 0 ?
		    run + 1 : 0;
		ck_assert_uint_le(run, 3);
	}
	balance_fini(&b);
}
END_TEST

static const struct {
	const char *why;
	struct candidate c[3];
	size_t want;
} uses[] = {
	{ "the fewest", { { 1, 1000, 5 }, { 2, 1000, 3 }, { 3, 1000, 4 } },
	    1 },
	{ "for its weight", { { 1, 1000, 3 }, { 2, 4000, 8 },
	    { 3, 1000, 4 } }, 1 },
	{ "none at all", { { 1, 1000, 1 }, { 2, 1000, 1 }, { 3, 1000, 0 } },
	    2 },
	{ "weight 0 is not free", { { 1, 0, 0 }, { 2, 1000, 9 },
	    { 3, 1000, 8 } }, 2 },
	{ "l59 one that has just come up has its one already",
	    { { 1, 1000, 50 }, { 2, 10, 1 }, { 3, 1000, 49 } }, 2 },
	{ "large numbers", { { 1, 1000000, UINT32_MAX },
	    { 2, 1000000, UINT32_MAX - 1 }, { 3, 1, UINT32_MAX } }, 1 },
};

START_TEST(l59_least_connections_is_the_least_busy)
{
	struct balance b = { 0 };

	ck_assert_msg(balance_pick(&b, BALANCE_LEAST_CONNECTIONS, uses[_i].c,
	    3, 0) == uses[_i].want, "%s", uses[_i].why);
	balance_fini(&b);
}
END_TEST

/* Connections that stay in use spread evenly, one by one. */
START_TEST(least_connections_fills_up_evenly)
{
	struct candidate c[] = {
		{ 1, 1000, 0 }, { 2, 2000, 0 }, { 3, 1000, 0 },
	};
	struct balance b = { 0 };
	int i;

	for (i = 0; i < 400; i++)
		c[balance_pick(&b, BALANCE_LEAST_CONNECTIONS, c, 3,
		    0)].in_use++;
	ck_assert_uint_eq(c[0].in_use, 100);
	ck_assert_uint_eq(c[1].in_use, 200);
	ck_assert_uint_eq(c[2].in_use, 100);
	balance_fini(&b);
}
END_TEST

START_TEST(an_address_keeps_its_host)
{
	struct candidate all[] = {
		{ 11, 1000, 0 }, { 12, 1000, 7 }, { 13, 1000, 0 },
		{ 14, 1000, 0 },
	};
	/* The third is gone, and the others are in another order. */
	struct candidate left[] = {
		{ 14, 1000, 3 }, { 11, 1000, 0 }, { 12, 1000, 0 },
	};
	struct balance b = { 0 };
	unsigned moved = 0;
	uint64_t address, id;
	size_t k;

	for (address = 0; address < 4000; address++) {
		k = balance_pick(&b, BALANCE_IP_HASH, all, 4, address);
		id = all[k].id;
		ck_assert_uint_eq(k, balance_pick(&b, BALANCE_IP_HASH, all,
		    4, address));
		k = balance_pick(&b, BALANCE_IP_HASH, left, 3, address);
		if (id == 13)
			moved++;
		else
			ck_assert_uint_eq(left[k].id, id);
	}
	ck_assert_uint_gt(moved, 800);
	ck_assert_uint_lt(moved, 1200);
	balance_fini(&b);
}
END_TEST

START_TEST(who_comes_back_has_no_claims)
{
	struct candidate c[] = {
		{ 1, 1000, 0 }, { 2, 1000, 0 }, { 3, 1000, 0 },
	};
	struct balance b = { 0 };
	unsigned count[3] = { 0 };
	int i;

	for (i = 0; i < 100; i++)
		(void)balance_pick(&b, BALANCE_ROUND_ROBIN, c, 2, 0);
	for (i = 0; i < 30; i++)
		count[balance_pick(&b, BALANCE_ROUND_ROBIN, c, 3, 0)]++;
	ck_assert_uint_eq(count[0], 10);
	ck_assert_uint_eq(count[2], 10);
	balance_fini(&b);
}
END_TEST

START_TEST(nobody_is_nobody)
{
	static const enum balance_rule rules[] = {
		BALANCE_LEAST_CONNECTIONS, BALANCE_ROUND_ROBIN,
		BALANCE_IP_HASH, BALANCE_RANDOM,
	};
	struct candidate c[] = { { 1, 0, 0 }, { 2, 0, 0 } };
	struct balance b = { 0 };

	ck_assert_uint_eq(balance_pick(&b, rules[_i], c, 2, 5),
	    BALANCE_NONE);
	ck_assert_uint_eq(balance_pick(&b, rules[_i], c, 0, 5),
	    BALANCE_NONE);
	balance_fini(&b);
}
END_TEST

START_TEST(ids_differ)
{
	ck_assert_uint_eq(balance_id("db1", 5432), balance_id("db1", 5432));
	ck_assert_uint_ne(balance_id("db1", 5432), balance_id("db1", 5433));
	ck_assert_uint_ne(balance_id("db1", 5432), balance_id("db2", 5432));
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("balance");
	TCase *t = tcase_create("balance");
	SRunner *r = srunner_create(s);
	int failed;

	tcase_add_loop_test(t, shares_follow_the_weights, 0,
	    (int)countof(spreads));
	tcase_add_test(t, round_robin_is_smooth);
	tcase_add_loop_test(t, l59_least_connections_is_the_least_busy, 0,
	    (int)countof(uses));
	tcase_add_test(t, least_connections_fills_up_evenly);
	tcase_add_test(t, an_address_keeps_its_host);
	tcase_add_test(t, who_comes_back_has_no_claims);
	tcase_add_loop_test(t, nobody_is_nobody, 0, 4);
	tcase_add_test(t, ids_differ);
	suite_add_tcase(s, t);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed == 0 ? 0 : 1;
}
