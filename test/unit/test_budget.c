/*
 * test_budget.c - tickets: given, taken, waited for (pitfalls h29 and on).
 */
#include "cluster/budget.h"

#include <check.h>

#include "base/must.h"

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
	budget_init(&budget, &budget_count_store, &count);
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

static void
reclaim(void *context, struct budget *b)
{
	ck_assert_ptr_eq(context, seen);
	ck_assert_ptr_eq(b, &budget);
	note('r');
}

START_TEST(shortage_asks_for_something_back)
{
	struct ticket a = { 0 }, b = { 0 };

	count.limit = 1;
	budget_on_shortage(&budget, reclaim, seen);
	ck_assert(budget_take(&budget, BUDGET_POOL, &a));
	ck_assert_str_eq(seen, "");
	ck_assert(!budget_take(&budget, BUDGET_POOL, &b));
	ck_assert_str_eq(seen, "r");
	budget_give(&a);
}
END_TEST

struct waiter {
	struct budget_wait wait;
	struct ticket ticket;
	char name;
	bool wants;
};

static void
on_room(struct budget_wait *w)
{
	struct waiter *x = container_of(w, struct waiter, wait);

	note(x->name);
	if (x->wants)
		ck_assert(budget_take(&budget, BUDGET_POOL, &x->ticket));
}

static void
await(struct waiter *x, char name, bool wants)
{
	x->name = name;
	x->wants = wants;
	x->wait.on_room = on_room;
	list_init(&x->wait.member);
	budget_await(&budget, &x->wait);
}

START_TEST(who_waits_longest_is_woken)
{
	struct ticket a = { 0 };
	struct waiter x = { 0 }, y = { 0 };

	count.limit = 1;
	ck_assert(budget_take(&budget, BUDGET_POOL, &a));
	await(&x, 'x', true);
	await(&y, 'y', true);
	budget_give(&a);
	ck_assert_str_eq(seen, "x");
	budget_give(&x.ticket);
	ck_assert_str_eq(seen, "xy");
	budget_give(&y.ticket);
	ck_assert_str_eq(seen, "xy");
}
END_TEST

START_TEST(who_does_not_want_it_any_more_hands_it_on)
{
	struct ticket a = { 0 };
	struct waiter x = { 0 }, y = { 0 }, z = { 0 };

	count.limit = 1;
	ck_assert(budget_take(&budget, BUDGET_POOL, &a));
	await(&x, 'x', false);
	await(&y, 'y', true);
	await(&z, 'z', true);
	budget_give(&a);
	ck_assert_str_eq(seen, "xy");
	budget_give(&y.ticket);
	budget_give(&z.ticket);
}
END_TEST

START_TEST(to_wait_twice_is_to_wait_at_the_end)
{
	struct ticket a = { 0 };
	struct waiter x = { 0 }, y = { 0 };

	count.limit = 1;
	ck_assert(budget_take(&budget, BUDGET_POOL, &a));
	await(&x, 'x', true);
	await(&y, 'y', true);
	budget_await(&budget, &x.wait);
	budget_give(&a);
	ck_assert_str_eq(seen, "y");
	list_remove(&x.wait.member);
	budget_give(&y.ticket);
	ck_assert_str_eq(seen, "y");
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
	struct waiter x = { 0 };

	budget_init(&budget, &store, &lease);
	ck_assert(budget_take(&budget, BUDGET_POOL, &a));
	ck_assert(!budget_take(&budget, BUDGET_AUTH, &b));
	ck_assert_str_eq(seen, "PA");
	await(&x, 'x', true);
	ck_assert_uint_eq(budget_held(&budget), 1);
	ck_assert_uint_eq(budget_limit(&budget), 1);
	budget_give(&a);
	ck_assert_str_eq(seen, "PAxP");
	budget_give(&x.ticket);
	ck_assert_uint_eq(lease.left, 1);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("budget");
	TCase *t = tcase_create("budget");
	SRunner *r;
	int failed;

	tcase_add_checked_fixture(t, start, NULL);
	tcase_add_test(t, without_a_limit_all_get_one);
	tcase_add_test(t, the_limit_is_over_all_purposes);
	tcase_add_test(t, a_lower_limit);
	tcase_add_test(t, a_ticket_is_given_back_once);
	tcase_add_test(t, shortage_asks_for_something_back);
	tcase_add_test(t, who_waits_longest_is_woken);
	tcase_add_test(t, who_does_not_want_it_any_more_hands_it_on);
	tcase_add_test(t, to_wait_twice_is_to_wait_at_the_end);
	tcase_add_test(t, any_store_will_do);
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed > 0;
}
