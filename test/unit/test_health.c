/*
 * test_health.c - how many answers it takes, and when the next is due.
 *
 * A script has a letter for each probe: + it answered, - it did not; each
 * comes when the last one said that it is due. What is wanted after each:
 * ? unknown, U up, D down.
 */
#include "cluster/health.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "base/must.h"

static const struct health_rules rules = { 3000000, 2, 3 };

static const struct {
	const char *why, *probes, *want;
} runs[] = {
	{ "the first answer is enough", "+", "U" },
	{ "... also after a failure or two", "--+", "??U" },
	{ "never seen", "---", "??D" },
	{ "one lost answer is nothing", "+-+-+", "UUUUU" },
	{ "two in a row are nothing", "+--+--+", "UUUUUUU" },
	{ "three are", "+---", "UUUD" },
	{ "it takes two to rise", "---++", "??DDU" },
	{ "in a row", "---+-+-++", "??DDDDDDU" },
	{ "and three to fall again", "---++---", "??DDUUUD" },
};

START_TEST(rise_and_fall)
{
	struct mono now = { 1000000 };
	struct health h;
	size_t i;

	health_init(&h, now);
	ck_assert(mono_reached(now, h.due));
	for (i = 0; runs[_i].probes[i] != '\0'; i++) {
		now = h.due;
		if (runs[_i].probes[i] == '+')
			health_pass(&h, &rules, now);
		else
			health_fail(&h, &rules, now, "refused");
		ck_assert_msg(h.state == (runs[_i].want[i] == 'U' ?
		    HEALTH_UP : runs[_i].want[i] == 'D' ? HEALTH_DOWN :
		    HEALTH_UNKNOWN), "%s: probe %zu: %s", runs[_i].why, i,
		    health_state_name(h.state));
		ck_assert(h.due.usec > now.usec);
	}
}
END_TEST

START_TEST(after_a_failure_it_is_asked_often)
{
	struct mono now = { 1000000 };
	struct health h;
	int i;

	health_init(&h, now);
	health_pass(&h, &rules, now);
	ck_assert_int_eq(mono_between(now, h.due), 3000000);
	health_fail(&h, &rules, now, "refused");
	ck_assert_int_eq(mono_between(now, h.due), HEALTH_EAGER_USEC);
	/* Not for ever. */
	for (i = 0; i < 200; i++)
		health_fail(&h, &rules, now, "refused");
	ck_assert_int_eq(mono_between(now, h.due), 3000000);
	ck_assert_int_eq(h.state, HEALTH_DOWN);
	/* It comes back: soon the second one. */
	health_pass(&h, &rules, now);
	ck_assert_int_eq(h.state, HEALTH_DOWN);
	ck_assert_int_eq(mono_between(now, h.due), HEALTH_EAGER_USEC);
	health_pass(&h, &rules, now);
	ck_assert_int_eq(mono_between(now, h.due), 3000000);
}
END_TEST

START_TEST(never_less_often_than_the_interval)
{
	const struct health_rules quick = { 100000, 2, 3 };
	struct mono now = { 1000000 };
	struct health h;

	health_init(&h, now);
	health_fail(&h, &quick, now, "refused");
	ck_assert_int_eq(mono_between(now, h.due), 100000);
}
END_TEST

START_TEST(the_state_has_a_time_and_a_reason)
{
	struct mono now = { 1000000 };
	char text[1000];
	struct health h;
	int i;

	health_init(&h, now);
	health_pass(&h, &rules, now);
	memset(text, 'x', sizeof text);
	text[sizeof text - 1] = '\0';
	for (i = 0; i < 5; i++) {
		now = mono_after(now, 250000);
		health_fail(&h, &rules, now, i == 4 ? text : "refused");
	}
	/* Since the third. */
	ck_assert_int_eq(mono_between(h.since, now), 500000);
	/* A long reason is cut. */
	ck_assert_uint_eq(strlen(h.error), HEALTH_ERROR_MAX - 1);
}
END_TEST

START_TEST(a_suspect_is_asked_once_and_not_in_a_storm)
{
	struct mono now = { 1000000 }, due;
	struct health h;

	health_init(&h, now);
	health_pass(&h, &rules, now);
	/* It has just said that all is well. */
	due = mono_after(now, HEALTH_HURRY_USEC);
	health_hurry(&h, mono_after(now, 1000));
	ck_assert_int_eq(h.due.usec, due.usec);
	health_pass(&h, &rules, now);
	now = mono_after(now, HEALTH_HURRY_USEC + 1000);
	health_hurry(&h, now);
	ck_assert_int_eq(h.due.usec, now.usec);
	health_hurry(&h, mono_after(now, 10));
	ck_assert_int_eq(h.due.usec, now.usec);
	/* It failed: the next is due soon, whoever asks for it. */
	health_fail(&h, &rules, now, "refused");
	due = h.due;
	health_hurry(&h, mono_after(now, 10));
	ck_assert_int_eq(h.due.usec, due.usec);
}
END_TEST

START_TEST(who_is_not_asked_is_up)
{
	struct health h;

	health_init(&h, (struct mono){ 5 });
	ck_assert(!health_is_up(&h));
	health_assume_up(&h, (struct mono){ 6 });
	ck_assert(health_is_up(&h));
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("health");
	TCase *t = tcase_create("health");
	SRunner *r = srunner_create(s);
	int failed;

	tcase_add_loop_test(t, rise_and_fall, 0, (int)countof(runs));
	tcase_add_test(t, after_a_failure_it_is_asked_often);
	tcase_add_test(t, never_less_often_than_the_interval);
	tcase_add_test(t, the_state_has_a_time_and_a_reason);
	tcase_add_test(t, a_suspect_is_asked_once_and_not_in_a_storm);
	tcase_add_test(t, who_is_not_asked_is_up);
	suite_add_tcase(s, t);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed == 0 ? 0 : 1;
}
