/* test_slab.c - objects that come and go in great numbers. */
#include "base/mem.h"

#include <check.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define MANY 5000u
#define SIZE 480u

static struct slab slab;
static unsigned char *taken[MANY];

/* Is it all this byte? */
static bool
is_full_of(const unsigned char *p, unsigned byte)
{
	return p[0] == byte && memcmp(p, p + 1, SIZE - 1) == 0;
}

static void
take_all(void)
{
	unsigned i;

	for (i = 0; i < MANY; i++) {
		taken[i] = slab_take(&slab);
		ck_assert_ptr_nonnull(taken[i]);
		ck_assert_msg(is_full_of(taken[i], 0), "object %u is not "
		    "zero", i);
		memset(taken[i], (int)(i % 251 + 1), SIZE);
	}
}

static void
check_all(void)
{
	unsigned i;

	for (i = 0; i < MANY; i++)
		if (taken[i] != NULL)
			ck_assert_msg(is_full_of(taken[i], i % 251 + 1),
			    "object %u was overwritten", i);
}

static void
give(unsigned i)
{
	slab_give(&slab, taken[i]);
	taken[i] = NULL;
}

START_TEST(objects_are_zero_and_apart)
{
	unsigned i;

	slab_init(&slab, "test", SIZE, 0);
	take_all();
	check_all();
	for (i = 0; i < MANY; i += 3)
		give(i);
	check_all();
	ck_assert_uint_eq(slab.used, MANY - (MANY + 2) / 3);
	for (i = 0; i < MANY; i++)
		give(i);
	take_all();
	check_all();
	for (i = 0; i < MANY; i++)
		give(MANY - 1 - i);
	slab_fini(&slab);
}
END_TEST

START_TEST(room_stays_for_one_block_only)
{
	unsigned i;

	slab_init(&slab, "test", SIZE, 0);
	take_all();
	for (i = 0; i < MANY; i++)
		give(i * 7919 % MANY);
	ck_assert_uint_eq(slab.used, 0);
	ck_assert_uint_le(slab.kept, slab.per_block);
	slab_fini(&slab);
	ck_assert_uint_eq(slab.kept, 0);
}
END_TEST

START_TEST(no_flapping_between_full_and_one_more)
{
	uint32_t room;
	unsigned i;
	void *p;

	slab_init(&slab, "test", SIZE, 0);
	for (i = 0; i < slab.per_block; i++)
		taken[i] = slab_take(&slab);
	for (i = 0; i < 3; i++) {
		p = slab_take(&slab);
		ck_assert_ptr_nonnull(p);
		room = slab.kept;
		slab_give(&slab, p);
		ck_assert_uint_eq(slab.kept, slab.per_block > 1 ? room + 1 :
		    0);
	}
	for (i = 0; i < slab.per_block; i++)
		give(i);
	slab_fini(&slab);
}
END_TEST

START_TEST(the_limit_is_kept)
{
	unsigned i;

	slab_init(&slab, "test", SIZE, 3);
	for (i = 0; i < 3; i++)
		taken[i] = slab_take(&slab);
	ck_assert_ptr_null(slab_take(&slab));
	give(1);
	taken[1] = slab_take(&slab);
	ck_assert_ptr_nonnull(taken[1]);
	for (i = 0; i < 3; i++)
		give(i);
	slab_give(&slab, NULL);
	slab_fini(&slab);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("slab");
	TCase *t = tcase_create("objects");
	SRunner *r;
	int failed;

	tcase_add_test(t, objects_are_zero_and_apart);
	tcase_add_test(t, room_stays_for_one_block_only);
	tcase_add_test(t, no_flapping_between_full_and_one_more);
	tcase_add_test(t, the_limit_is_kept);
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
