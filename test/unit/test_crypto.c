/* test_crypto.c - published vectors, and texts that are not base64. */
#include "pgwire/crypto.h"

#include <check.h>
#include <stdlib.h>

#include "base/must.h"

static const char *
hex(const unsigned char *p, size_t n)
{
	static char buf[2 * CRYPTO_SHA256_SIZE + 1];

	crypto_hex(p, n, buf, sizeof buf);
	return buf;
}

START_TEST(md5_of_parts_is_md5_of_the_whole)
{
	const struct str parts[] = {
		str_of("mess"), str_of(""), { NULL, 0 }, str_of("age digest")
	};
	unsigned char sum[CRYPTO_MD5_SIZE];

	/* RFC 1321, A.5 */
	ck_assert(crypto_md5(parts, countof(parts), sum));
	ck_assert_str_eq(hex(sum, sizeof sum),
	    "f96b697d7cb7938d525a2f31aaf161d0");
	ck_assert(crypto_md5(NULL, 0, sum));
	ck_assert_str_eq(hex(sum, sizeof sum),
	    "d41d8cd98f00b204e9800998ecf8427e");
}
END_TEST

START_TEST(sha256_gives_the_published_digests)
{
	unsigned char sum[CRYPTO_SHA256_SIZE];

	crypto_sha256("abc", 3, sum);
	ck_assert_str_eq(hex(sum, sizeof sum), "ba7816bf8f01cfea414140de5dae"
	    "2223b00361a396177a9cb410ff61f20015ad");
	crypto_sha256("", 0, sum);
	ck_assert_str_eq(hex(sum, sizeof sum), "e3b0c44298fc1c149afbf4c8996f"
	    "b92427ae41e4649b934ca495991b7852b855");
}
END_TEST

START_TEST(hmac_gives_the_published_codes)
{
	/* RFC 4231, test cases 1 and 2: a shorter key is padded with zeros. */
	unsigned char key[CRYPTO_SHA256_SIZE] = { 0 };
	unsigned char mac[CRYPTO_SHA256_SIZE];

	memset(key, 0x0b, 20);
	crypto_hmac_sha256(key, str_of("Hi There"), mac);
	ck_assert_str_eq(hex(mac, sizeof mac), "b0344c61d8db38535ca8afceaf0b"
	    "f12b881dc200c9833da726e9376c2e32cff7");
	memset(key, 0, sizeof key);
	memcpy(key, "Jefe", 4);
	crypto_hmac_sha256(key, str_of("what do ya want for nothing?"), key);
	ck_assert_str_eq(hex(key, sizeof key), "5bdcc146bf60754e6a042426089575"
	    "c75a003f089d2739839dec58b964ec3843");
}
END_TEST

static const struct {
	const char *password, *salt;
	uint32_t iterations;
	const char *want;
} kdf[] = {
	/* RFC 7914, section 11, the first half of each key. */
	{ "passwd", "salt", 1, "55ac046e56e3089fec1691c22544b605"
	    "f94185216dde0465e68b9d57c20dacbc" },
	{ "Password", "NaCl", 80000, "4ddcd8f60b98be21830cee5ef22701f9"
	    "641a4418d04c0414aeff08876b34ab56" },
};

START_TEST(pbkdf2_gives_the_published_keys)
{
	unsigned char key[CRYPTO_SHA256_SIZE];

	crypto_pbkdf2(str_of(kdf[_i].password), str_of(kdf[_i].salt),
	    kdf[_i].iterations, key);
	ck_assert_str_eq(hex(key, sizeof key), kdf[_i].want);
}
END_TEST

START_TEST(pbkdf2_takes_an_empty_password_as_such)
{
	unsigned char a[CRYPTO_SHA256_SIZE], b[CRYPTO_SHA256_SIZE];

	crypto_pbkdf2((struct str){ NULL, 0 }, str_of("salt"), 1, a);
	crypto_pbkdf2(str_of(""), str_of("salt"), 1, b);
	ck_assert_mem_eq(a, b, sizeof a);
	crypto_pbkdf2(str_of("x"), str_of("salt"), 1, b);
	ck_assert_mem_ne(a, b, sizeof a);
}
END_TEST

START_TEST(b15_texts_are_compared_whole)
{
	ck_assert(crypto_same("abc", "abd", 2));
	ck_assert(!crypto_same("abc", "abd", 3));
	ck_assert(crypto_same_text(str_of("secret"), str_of("secret")));
	ck_assert(!crypto_same_text(str_of("secret"), str_of("secre")));
	ck_assert(!crypto_same_text(str_of("secret"), str_of("Secret")));
	ck_assert(!crypto_same_text(str_of("secret"), str_of("")));
	ck_assert(crypto_same_text(str_of(""), (struct str){ NULL, 0 }));
}
END_TEST

START_TEST(b49_wipe_zeroes)
{
	char key[8] = "private";
	struct text t = { 0 };

	crypto_wipe(key, sizeof key);
	ck_assert_mem_eq(key, "\0\0\0\0\0\0\0\0", 8);
	crypto_wipe(NULL, 0);
	text_puts(&t, "private");
	crypto_wipe_text(&t);
	ck_assert_ptr_null(t.p);
	crypto_wipe_text(&t);
}
END_TEST

/* Base64 */

static const struct {
	const char *plain, *base64;
} pairs[] = {
	/* RFC 4648, section 10 */
	{ "", "" }, { "f", "Zg==" }, { "fo", "Zm8=" }, { "foo", "Zm9v" },
	{ "foob", "Zm9vYg==" }, { "fooba", "Zm9vYmE=" },
	{ "foobar", "Zm9vYmFy" }, { "\xfb\xff\xfe", "+//+" },
};

START_TEST(base64_goes_both_ways)
{
	const char *plain = pairs[_i].plain;
	const size_t len = strlen(plain);
	char text[16];
	unsigned char back[8];
	size_t n;

	ck_assert_uint_eq(crypto_base64_encode(plain, len, text,
	    CRYPTO_BASE64_ROOM(len)), strlen(pairs[_i].base64));
	ck_assert_str_eq(text, pairs[_i].base64);
	ck_assert(crypto_base64_decode(str_of(text), back, len, &n));
	ck_assert_uint_eq(n, len);
	ck_assert_mem_eq(back, plain, len);
}
END_TEST

static const struct {
	const char *why, *base64;
	size_t cap;
} bad[] = {
	{ "one digit", "Z", 64 },
	{ "no padding", "Zg", 64 },
	{ "half of the padding", "Zg=", 64 },
	{ "too much padding", "Z===", 64 },
	{ "padding alone", "====", 64 },
	{ "two padding characters alone", "==", 64 },
	{ "padding inside", "Zg==Zg==", 64 },
	{ "padding before a digit", "Zg=A", 64 },
	{ "leading blank", " Zm9v", 64 },
	{ "leading blank, right length", " Zm9vZm", 64 },
	{ "trailing newline", "Zm9v\n", 64 },
	{ "blank inside", "Zm 9", 64 },
	{ "character of base64url", "Zm-v", 64 },
	{ "other character of base64url", "Zm_v", 64 },
	{ "high byte", "Zm\xc3v", 64 },
	{ "stray bits before ==", "Zh==", 64 },
	{ "stray bits before =", "Zm9=", 64 },
	{ "capacity of nothing", "Zg==", 0 },
	{ "capacity one short", "Zm9vYmFy", 5 },
};

START_TEST(b03_malformed_base64_has_no_length)
{
	unsigned char out[64];
	size_t n = 12345;

	ck_assert_msg(!crypto_base64_decode(str_of(bad[_i].base64), out,
	    bad[_i].cap, &n), "%s", bad[_i].why);
	ck_assert_uint_eq(n, 0);
}
END_TEST

START_TEST(b03_every_byte_but_the_64_digits_is_refused)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	    "abcdefghijklmnopqrstuvwxyz0123456789+/";
	const char text[4] = { 'A', (char)_i, 'A', 'A' };
	unsigned char out[3];
	size_t n;

	ck_assert(crypto_base64_decode((struct str){ text, 4 }, out, 3, &n) ==
	    (memchr(digits, _i, 64) != NULL));
}
END_TEST

START_TEST(b03_decoding_stays_within_its_capacity)
{
	unsigned char out[6] = "....!";
	size_t n;

	ck_assert(crypto_base64_decode(str_of("Zm9vYg=="), out, 4, &n));
	ck_assert_mem_eq(out, "foob!", 6);
}
END_TEST

/* Randomness */

START_TEST(random_bytes_are_handed_out_once)
{
	static unsigned char seen[400][16];
	struct crypto_random r;
	size_t i, j;

	crypto_random_init(&r);
	for (i = 0; i < countof(seen); i++) {
		crypto_random_take(&r, seen[i], sizeof seen[i]);
		for (j = 0; j < i; j++)
			ck_assert_mem_ne(seen[i], seen[j], sizeof seen[i]);
	}
	crypto_random_fini(&r);
}
END_TEST

START_TEST(random_bytes_leave_the_buffer_when_taken)
{
	struct crypto_random r;
	unsigned char got[64], none[64] = { 0 };

	crypto_random_init(&r);
	crypto_random_take(&r, got, sizeof got);
	ck_assert_mem_ne(got, none, sizeof got);
	ck_assert_uint_eq(r.left, CRYPTO_RANDOM_BUFFER - sizeof got);
	ck_assert_mem_eq(r.bytes, none, sizeof none);
	crypto_random_take(&r, got, 0);
	ck_assert_uint_eq(r.left, CRYPTO_RANDOM_BUFFER - sizeof got);
}
END_TEST

START_TEST(random_bytes_of_any_number)
{
	static unsigned char big[4 * CRYPTO_RANDOM_BUFFER];
	const unsigned char none[16] = { 0 };
	struct crypto_random r;

	crypto_random_init(&r);
	crypto_random_take(&r, big, sizeof big);
	ck_assert_mem_ne(big, none, sizeof none);
	ck_assert_mem_ne(big + sizeof big - sizeof none, none, sizeof none);
	crypto_random_take(&r, big, CRYPTO_RANDOM_BUFFER);
	ck_assert_uint_eq(r.left, 0);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("crypto");
	TCase *t = tcase_create("digests");

	tcase_add_test(t, md5_of_parts_is_md5_of_the_whole);
	tcase_add_test(t, sha256_gives_the_published_digests);
	tcase_add_test(t, hmac_gives_the_published_codes);
	tcase_add_loop_test(t, pbkdf2_gives_the_published_keys, 0,
	    (int)countof(kdf));
	tcase_add_test(t, pbkdf2_takes_an_empty_password_as_such);
	tcase_add_test(t, b15_texts_are_compared_whole);
	tcase_add_test(t, b49_wipe_zeroes);
	suite_add_tcase(s, t);
	t = tcase_create("base64");
	tcase_add_loop_test(t, base64_goes_both_ways, 0, (int)countof(pairs));
	tcase_add_loop_test(t, b03_malformed_base64_has_no_length, 0,
	    (int)countof(bad));
	tcase_add_loop_test(t, b03_every_byte_but_the_64_digits_is_refused, 0,
	    256);
	tcase_add_test(t, b03_decoding_stays_within_its_capacity);
	suite_add_tcase(s, t);
	t = tcase_create("random");
	tcase_add_test(t, random_bytes_are_handed_out_once);
	tcase_add_test(t, random_bytes_leave_the_buffer_when_taken);
	tcase_add_test(t, random_bytes_of_any_number);
	suite_add_tcase(s, t);
	return s;
}

int
main(void)
{
	SRunner *sr = srunner_create(suite());
	int failed;

	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
