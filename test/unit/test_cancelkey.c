/*
 * test_cancelkey.c - PgBouncer's layout, so that peers understand each other.
 */
#include "pgwire/cancelkey.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

static const unsigned char ones[CANCELKEY_SIZE] = { 0xff, 0xff, 0xff, 0xff,
	0xff, 0xff, 0xff, 0xff };
static const unsigned char zeros[CANCELKEY_SIZE];

START_TEST(without_peering_only_the_top_bit_is_fixed)
{
	struct cancelkey k = cancelkey_make(ones, 0);

	ck_assert(memcmp(k.bytes, "\x7f\xff\xff\xff\xff\xff\xff\xff", 8) == 0);
	k = cancelkey_make(zeros, 0);
	ck_assert(memcmp(k.bytes, zeros, 8) == 0);
}
END_TEST

START_TEST(g19_peer_id_is_in_the_key)
{
	struct cancelkey k = cancelkey_make(zeros, 0x1234);

	ck_assert(memcmp(k.bytes, "\0\x34\x12\0\0\0\0\3", 8) == 0);
	ck_assert_uint_eq(cancelkey_peer(&k), 0x1234);
	ck_assert_uint_eq(cancelkey_ttl(&k), 3);
	k = cancelkey_make(ones, 1);
	ck_assert(memcmp(k.bytes, "\x7f\1\0\xff\xff\xff\xff\xff", 8) == 0);
}
END_TEST

START_TEST(g19_hops_come_to_an_end)
{
	struct cancelkey k = cancelkey_make(ones, 7);
	uint64_t id = cancelkey_id(&k, true);
	int hops = 0;

	while (cancelkey_hop(&k)) {
		hops++;
		ck_assert_uint_eq(cancelkey_id(&k, true), id);
	}
	ck_assert_int_eq(hops, 3);
	ck_assert_uint_eq(k.bytes[7], 0xfc);
}
END_TEST

START_TEST(g16_comparison_is_exact)
{
	struct cancelkey k = cancelkey_make(zeros, 0), other;
	unsigned bit;

	for (bit = 0; bit < 64; bit++) {
		other = k;
		other.bytes[bit / 8] ^= (unsigned char)(0x80 >> bit % 8);
		ck_assert(cancelkey_id(&k, false) !=
		    cancelkey_id(&other, false));
		ck_assert_int_eq(cancelkey_id(&k, true) !=
		    cancelkey_id(&other, true), bit < 62);
	}
}
END_TEST

START_TEST(g16_only_eight_bytes_are_a_key)
{
	struct cancelkey k;

	ck_assert(!cancelkey_read(&k, (struct str){ "1234567", 7 }));
	ck_assert(!cancelkey_read(&k, (struct str){ "123456789", 9 }));
	ck_assert(cancelkey_read(&k, (struct str){ "12345678", 8 }));
	ck_assert_uint_eq(cancelkey_id(&k, false), 0x3132333435363738);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("cancelkey");
	TCase *tc = tcase_create("layout");
	SRunner *sr = srunner_create(s);
	int failed;

	tcase_add_test(tc, without_peering_only_the_top_bit_is_fixed);
	tcase_add_test(tc, g19_peer_id_is_in_the_key);
	tcase_add_test(tc, g19_hops_come_to_an_end);
	tcase_add_test(tc, g16_comparison_is_exact);
	tcase_add_test(tc, g16_only_eight_bytes_are_a_key);
	suite_add_tcase(s, tc);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
