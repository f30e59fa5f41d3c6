/*
 * test_budget.c - tickets: given, taken, waited for (pitfalls h29 and on).
 */
#include "cluster/budget.h"

#include <check.h>

#include "base/must.h"
#include "cluster/fair.h"
#include "net/loop.h"

static struct loop *loop;
static struct budget budget;
static struct budget_count count;
static char seen[64];
static size_t nseen;

static void
note(char what)
{
	ck_assert_uint_lt(nseen, sizeof seen - 1);
	seen[nseen++] = what;
	seen[nseen] = '\0';
}

static void
start(void)
{
	count = (struct budget_count){ 0 };
	loop = loop_create(LOOP_VIRTUAL);
	budget_init(&budget, loop, &budget_count_store, &count);
}

static void
stop(void)
{
	count.held[BUDGET_POOL] = 0;
	budget_fini(&budget);
	loop_destroy(loop);
}

START_TEST(without_a_limit_all_get_one)
{
	struct ticket t[100] = { 0 };
	int i;

	for (i = 0; i < 100; i++)
		ck_assert(budget_take(&budget, BUDGET_POOL, &t[i]));
	ck_assert_uint_eq(budget_held(&budget), 100);
	ck_assert_uint_eq(budget_limit(&budget), 0);
	for (i = 0; i < 100; i++)
		budget_give(&t[i]);
	ck_assert_uint_eq(budget_held(&budget), 0);
}
END_TEST

START_TEST(the_limit_is_over_all_purposes)
{
	struct ticket a = { 0 }, b = { 0 }, c = { 0 };

	count.limit = 2;
	ck_assert(budget_take(&budget, BUDGET_POOL, &a));
	ck_assert(budget_take(&budget, BUDGET_AUTH, &b));
	ck_assert(!budget_take(&budget, BUDGET_CATALOG, &c));
	ck_assert_ptr_eq(c.budget, NULL);
	ck_assert_uint_eq(budget_held(&budget), 2);
	budget_give(&b);
	ck_assert(budget_take(&budget, BUDGET_CATALOG, &c));
	budget_give(&a);
	budget_give(&c);
	ck_assert_uint_eq(budget_held(&budget), 0);
}
END_TEST

START_TEST(what_other_processes_may_hold_is_not_ours)
{
	struct ticket t[4] = { 0 };

	count.limit = 3;
	budget_set_elsewhere(&budget, 1, 1);
	ck_assert_uint_eq(budget_limit(&budget), 3);
	ck_assert_uint_eq(budget_usable(&budget), 1);
	ck_assert(budget_take(&budget, BUDGET_POOL, &t[0]));
	ck_assert(!budget_take(&budget, BUDGET_POOL, &t[1]));
	budget_set_elsewhere(&budget, 0, 1);
	ck_assert(budget_take(&budget, BUDGET_POOL, &t[1]));
	ck_assert(!budget_take(&budget, BUDGET_POOL, &t[2]));
	/* More than there is: nobody takes away what is held. */
	budget_set_elsewhere(&budget, 9, 9);
	ck_assert_uint_eq(budget_usable(&budget), 0);
	budget_set_elsewhere(&budget, 0, 0);
	ck_assert(budget_take(&budget, BUDGET_POOL, &t[2]));
	ck_assert(!budget_take(&budget, BUDGET_POOL, &t[3]));
	/* Without a limit it does not matter. */
	count.limit = 0;
	budget_set_elsewhere(&budget, 5, 5);
	ck_assert(budget_take(&budget, BUDGET_POOL, &t[3]));
	budget_give(&t[0]);
	budget_give(&t[1]);
	budget_give(&t[2]);
	budget_give(&t[3]);
}
END_TEST

/* h32: a limit that was lowered takes nothing away, and gives nothing. */
START_TEST(a_lower_limit)
{
	struct ticket a = { 0 }, b = { 0 }, c = { 0 };

	ck_assert(budget_take(&budget, BUDGET_POOL, &a));
	ck_assert(budget_take(&budget, BUDGET_POOL, &b));
	count.limit = 1;
	budget_give(&a);
	ck_assert(!budget_take(&budget, BUDGET_POOL, &c));
	budget_give(&b);
	ck_assert(budget_take(&budget, BUDGET_POOL, &c));
	budget_give(&c);
}
END_TEST

START_TEST(a_ticket_is_given_back_once)
{
	struct ticket a = { 0 }, b = { 0 };

	ck_assert(budget_take(&budget, BUDGET_POOL, &a));
	ck_assert(budget_take(&budget, BUDGET_POOL, &b));
	budget_give(&a);
	budget_give(&a);
	ck_assert_uint_eq(budget_held(&budget), 1);
	budget_give(&b);
}
END_TEST

/* What is closing is told apart, and still counts. */
START_TEST(h29_a_ticket_comes_back_late)
{
	struct ticket a = { 0 }, b = { 0 }, c = { 0 };

	count.limit = 2;
	ck_assert(budget_take(&budget, BUDGET_POOL, &a));
	ck_assert(budget_take(&budget, BUDGET_POOL, &b));
	budget_return(&a);
	budget_return(&a);
	ck_assert_uint_eq(budget.report.returning, 1);
	ck_assert(!budget_take(&budget, BUDGET_POOL, &c));
	budget_give_up(&b);
	ck_assert_uint_eq(budget.report.ghosts, 0);
	budget_give_up(&a);
	ck_assert_uint_eq(budget.report.ghosts, 1);
	ck_assert_uint_eq(budget_held(&budget), 2);
	budget_give(&a);
	ck_assert_uint_eq(budget.report.ghosts, 0);
	ck_assert_uint_eq(budget.report.returning, 0);
	budget_give(&b);
	ck_assert_uint_eq(budget_held(&budget), 0);
}
END_TEST

/*
 * Who waits. Times are those of the waiter's own queue.
 */

struct waiter {
	struct quota_wait wait;
	struct ticket ticket;
	char name;
	int64_t since;
	unsigned wants;         /* how many */
};

static struct mono
since(const struct quota_wait *w)
{
	return (struct mono){ container_of(w, const struct waiter,
	    wait)->since };
}

static void
on_room(struct quota_wait *w)
{
	struct waiter *x = container_of(w, struct waiter, wait);

	note(x->name);
	while (x->wants > 0 && quota_may_enter(&budget.quota, w)) {
		ck_assert(budget_take(&budget, BUDGET_POOL, &x->ticket));
		x->ticket = (struct ticket){ 0 };
		x->wants--;
	}
	if (x->wants > 0)
		quota_await(&budget.quota, w);
}

static void
await(struct waiter *x, char name, int64_t from, unsigned wants)
{
	*x = (struct waiter){ .name = name, .since = from, .wants = wants };
	quota_wait_init(&x->wait, x, since, on_room);
	quota_await(&budget.quota, &x->wait);
}

/* As many are taken as there may be. */
static void
fill(uint32_t limit)
{
	count.limit = limit;
	count.held[BUDGET_POOL] = limit;
}

static void
give(uint32_t n)
{
	while (n-- > 0) {
		struct ticket t = { &budget, BUDGET_POOL, TICKET_HELD };

		budget_give(&t);
	}
	ck_assert_str_eq(seen, "");
	loop_turn(loop, false);
}

START_TEST(who_waits_longest_is_told)
{
	struct waiter x, y;

	fill(2);
	await(&x, 'x', 20, 1);
	await(&y, 'y', 10, 1);
	give(1);
	ck_assert_str_eq(seen, "y");
	ck_assert_ptr_eq(quota_first(&budget.quota), &x.wait);
	quota_leave(&x.wait);
}
END_TEST

START_TEST(time_0_comes_before_everybody)
{
	struct waiter x, y;

	fill(1);
	await(&x, 'x', 5, 1);
	await(&y, 'y', 0, 1);
	give(1);
	ck_assert_str_eq(seen, "y");
	quota_leave(&x.wait);
}
END_TEST

START_TEST(who_does_not_want_it_any_more_hands_it_on)
{
	struct waiter x, y, z;

	fill(1);
	await(&x, 'x', 1, 0);
	await(&y, 'y', 2, 1);
	await(&z, 'z', 3, 1);
	give(1);
	ck_assert_str_eq(seen, "xy");
	ck_assert_ptr_eq(quota_first(&budget.quota), &z.wait);
	quota_leave(&z.wait);
}
END_TEST

START_TEST(who_wants_more_leaves_enough_for_others)
{
	struct waiter x, y;

	fill(3);
	await(&x, 'x', 1, 3);
	await(&y, 'y', 2, 1);
	give(3);
	ck_assert_str_eq(seen, "xy");
	ck_assert_uint_eq(x.wants, 1);
	ck_assert_uint_eq(y.wants, 0);
	quota_leave(&x.wait);
}
END_TEST

START_TEST(nobody_passes_by_those_who_wait)
{
	struct waiter x, y;

	fill(2);
	await(&x, 'x', 1, 1);
	quota_wait_init(&y.wait, NULL, since, on_room);
	count.held[BUDGET_POOL]--;
	ck_assert(!quota_may_enter(&budget.quota, &y.wait));
	count.held[BUDGET_POOL]--;
	/* Enough for both. */
	ck_assert(quota_may_enter(&budget.quota, &y.wait));
	quota_leave(&x.wait);
}
END_TEST

START_TEST(to_wait_twice_is_to_keep_ones_place)
{
	struct waiter x, y;

	fill(1);
	await(&x, 'x', 7, 1);
	await(&y, 'y', 7, 1);
	quota_await(&budget.quota, &x.wait);
	ck_assert_uint_eq(budget.quota.nwaits, 2);
	give(1);
	ck_assert_str_eq(seen, "x");
	quota_leave(&y.wait);
}
END_TEST

START_TEST(told_again_in_time)
{
	struct waiter x;

	fill(1);
	await(&x, 'x', 1, 1);
	quota_freed_at(&budget.quota, mono_after(loop_now(loop), 2000));
	quota_freed_at(&budget.quota, mono_after(loop_now(loop), 1000));
	loop_advance(loop, 999);
	ck_assert_str_eq(seen, "");
	loop_advance(loop, 1);
	ck_assert_str_eq(seen, "x");
	quota_leave(&x.wait);
}
END_TEST

/*
 * What is fair.
 */

static const struct {
	const char *why;
	uint32_t demands[5], total;
	uint64_t level;         /* in 1/1024; 0: everybody is content */
} levels[] = {
	{ "enough for all", { 3, 4 }, 7, 0 },
	{ "nobody wants anything", { 0 }, 7, 0 },
	{ "in halves", { 9, 9 }, 10, 5 * 1024 },
	{ "the modest leave their rest", { 1, 2, 30, 40 }, 23, 10 * 1024 },
	{ "one at the level exactly", { 4, 4, 9 }, 12, 4 * 1024 },
	{ "less than one each", { 1, 1, 1, 1 }, 2, 512 },
	{ "nothing to share", { 1, 2 }, 0, 0 },
};

START_TEST(max_min_fair)
{
	uint64_t level = fair_level(levels[_i].demands, 5, levels[_i].total);

	if (levels[_i].level == 0 && levels[_i].total > 0)
		ck_assert_msg(level == UINT64_MAX, "%s", levels[_i].why);
	else
		ck_assert_msg(level == levels[_i].level, "%s: %llu",
		    levels[_i].why, (unsigned long long)level);
	ck_assert_uint_eq(fair_part(3, 2 * FAIR_ONE), 2 * FAIR_ONE);
	ck_assert_uint_eq(fair_part(1, 2 * FAIR_ONE), FAIR_ONE);
}
END_TEST

/* A store of somebody else: it alone says how many there are. */
struct lease {
	uint32_t left, taken;
};

static bool
lease_take(void *state, enum budget_purpose purpose)
{
	struct lease *l = state;

	note(purpose == BUDGET_AUTH ? 'A' : 'P');
	if (l->left == 0)
		return false;
	l->left--;
	l->taken++;
	return true;
}

static void
lease_give(void *state, enum budget_purpose purpose)
{
	struct lease *l = state;

	(void)purpose;
	l->left++;
	l->taken--;
}

static uint32_t
lease_held(const void *state, enum budget_purpose purpose)
{
	return purpose == BUDGET_POOL ?
	    ((const struct lease *)state)->taken : 0;
}

static uint32_t
lease_limit(const void *state)
{
	const struct lease *l = state;

	return l->left + l->taken;
}

START_TEST(any_store_will_do)
{
	static const struct budget_store store = { lease_take, lease_give,
		lease_held, lease_limit };
	struct lease lease = { .left = 1 };
	struct ticket a = { 0 }, b = { 0 };

	budget_fini(&budget);
	budget_init(&budget, loop, &store, &lease);
	ck_assert(budget_take(&budget, BUDGET_POOL, &a));
	ck_assert(!budget_take(&budget, BUDGET_AUTH, &b));
	ck_assert_str_eq(seen, "PA");
	ck_assert_uint_eq(budget_held(&budget), 1);
	ck_assert_uint_eq(budget_limit(&budget), 1);
	ck_assert(!quota_has_room(&budget.quota));
	budget_give(&a);
	ck_assert_uint_eq(lease.left, 1);
	/* It is not ours beyond this. */
	budget_fini(&budget);
	budget_init(&budget, loop, &budget_count_store, &count);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("budget");
	TCase *t = tcase_create("budget");
	SRunner *r;
	int failed;

	tcase_add_checked_fixture(t, start, stop);
	tcase_add_test(t, without_a_limit_all_get_one);
	tcase_add_test(t, the_limit_is_over_all_purposes);
	tcase_add_test(t, what_other_processes_may_hold_is_not_ours);
	tcase_add_test(t, a_lower_limit);
	tcase_add_test(t, a_ticket_is_given_back_once);
	tcase_add_test(t, h29_a_ticket_comes_back_late);
	tcase_add_test(t, who_waits_longest_is_told);
	tcase_add_test(t, time_0_comes_before_everybody);
	tcase_add_test(t, who_does_not_want_it_any_more_hands_it_on);
	tcase_add_test(t, who_wants_more_leaves_enough_for_others);
	tcase_add_test(t, nobody_passes_by_those_who_wait);
	tcase_add_test(t, to_wait_twice_is_to_keep_ones_place);
	tcase_add_test(t, told_again_in_time);
	tcase_add_loop_test(t, max_min_fair, 0, (int)countof(levels));
	tcase_add_test(t, any_store_will_do);
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed > 0;
}
