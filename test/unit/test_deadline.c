/*
 * test_deadline.c - deadlines of one kind, of one or many durations.
 */
#include "net/deadline.h"

#include <check.h>
#include <stdlib.h>

#include "base/must.h"

struct one {
	struct deadline deadline;
	char name;
	struct one *disarms, *arms;
};

static char seen[1024];
static size_t nseen;

static void
on_late(struct deadlines *ds, struct deadline *d)
{
	struct one *o = container_of(d, struct one, deadline);

	ck_assert_uint_lt(nseen, sizeof seen - 1);
	seen[nseen++] = o->name;
	seen[nseen] = '\0';
	if (o->disarms != NULL)
		deadline_disarm(&o->disarms->deadline);
	if (o->arms != NULL)
		deadline_arm(ds, &o->arms->deadline, 50);
	o->arms = NULL;
}

static struct loop *loop;
static struct deadlines all;

static void
start(void)
{
	loop = loop_create(LOOP_VIRTUAL);
	deadlines_init(&all, loop, on_late);
}

static void
stop(void)
{
	deadlines_fini(&all);
	loop_destroy(loop);
}

static void
arm(struct one *o, char name, int64_t usec)
{
	o->name = name;
	deadline_init(&o->deadline);
	deadline_arm(&all, &o->deadline, usec);
}

START_TEST(first_come_first_late)
{
	struct one a = { 0 }, b = { 0 }, c = { 0 };

	arm(&a, 'a', 100);
	loop_advance(loop, 10);
	arm(&b, 'b', 100);
	loop_advance(loop, 10);
	arm(&c, 'c', 100);
	loop_advance(loop, 79);
	ck_assert_str_eq(seen, "");
	loop_advance(loop, 1);
	ck_assert_str_eq(seen, "a");
	loop_advance(loop, 10);
	ck_assert_str_eq(seen, "ab");
	loop_advance(loop, 100);
	ck_assert_str_eq(seen, "abc");
	loop_advance(loop, 1000);
	ck_assert_str_eq(seen, "abc");
}
END_TEST

START_TEST(who_is_disarmed_is_not_late)
{
	struct one a = { 0 }, b = { 0 };

	arm(&a, 'a', 100);
	loop_advance(loop, 50);
	arm(&b, 'b', 100);
	deadline_disarm(&a.deadline);
	deadline_disarm(&a.deadline);
	loop_advance(loop, 99);
	ck_assert_str_eq(seen, "");
	loop_advance(loop, 1);
	ck_assert_str_eq(seen, "b");
}
END_TEST

START_TEST(armed_anew_the_last_time_counts)
{
	struct one a = { 0 };

	arm(&a, 'a', 100);
	loop_advance(loop, 90);
	deadline_arm(&all, &a.deadline, 100);
	loop_advance(loop, 99);
	ck_assert_str_eq(seen, "");
	loop_advance(loop, 1);
	ck_assert_str_eq(seen, "a");
}
END_TEST

START_TEST(zero_is_no_limit)
{
	struct one a = { 0 };

	arm(&a, 'a', 100);
	deadline_arm(&all, &a.deadline, 0);
	loop_advance(loop, 1000);
	deadline_arm(&all, &a.deadline, -5);
	loop_advance(loop, 1000);
	ck_assert_str_eq(seen, "");
}
END_TEST

/* A shorter one that is armed later is late earlier. */
START_TEST(durations_do_not_hold_up_each_other)
{
	struct one a = { 0 }, b = { 0 }, c = { 0 };

	arm(&a, 'a', 1000);
	arm(&b, 'b', 100);
	loop_advance(loop, 50);
	arm(&c, 'c', 20);
	loop_advance(loop, 21);
	ck_assert_str_eq(seen, "c");
	loop_advance(loop, 30);
	ck_assert_str_eq(seen, "cb");
	loop_advance(loop, 900);
	ck_assert_str_eq(seen, "cba");
}
END_TEST

/* More durations than there are lanes, in any order. */
START_TEST(any_number_of_durations)
{
	enum { N = 60 };
	struct one many[N] = { 0 };
	struct mono due[N];
	int i, k, late = 0;

	srand((unsigned)_i);
	for (i = 0; i < N; i++) {
		int64_t usec = 1 + rand() % 300;

		arm(&many[i], 'm', usec);
		due[i] = mono_after(loop_now(loop), usec);
		loop_advance(loop, rand() % 3);
	}
	for (k = 0; k < 400; k++) {
		loop_advance(loop, 1);
		for (i = 0, late = 0; i < N; i++) {
			bool is_late = list_empty(&many[i].deadline.member);

			ck_assert_int_eq(is_late,
			    mono_reached(loop_now(loop), due[i]));
			late += is_late;
		}
		ck_assert_uint_eq((size_t)late, nseen);
	}
	ck_assert_int_eq(late, N);
}
END_TEST

START_TEST(late_ones_may_touch_others)
{
	struct one a = { 0 }, b = { 0 }, c = { 0 };

	arm(&a, 'a', 100);
	arm(&b, 'b', 100);
	arm(&c, 'c', 100);
	a.disarms = &b;
	a.arms = &a;
	loop_advance(loop, 100);
	ck_assert_str_eq(seen, "ac");
	loop_advance(loop, 50);
	ck_assert_str_eq(seen, "aca");
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("deadline");
	TCase *t = tcase_create("deadline");
	SRunner *r;
	int failed;

	tcase_add_checked_fixture(t, start, stop);
	tcase_add_test(t, first_come_first_late);
	tcase_add_test(t, who_is_disarmed_is_not_late);
	tcase_add_test(t, armed_anew_the_last_time_counts);
	tcase_add_test(t, zero_is_no_limit);
	tcase_add_test(t, durations_do_not_hold_up_each_other);
	tcase_add_loop_test(t, any_number_of_durations, 1, 9);
	tcase_add_test(t, late_ones_may_touch_others);
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed > 0;
}
