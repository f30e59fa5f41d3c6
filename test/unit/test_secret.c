/* test_secret.c - stored secrets: kinds, and who gets in with which. */
#include "pgwire/secret.h"

#include <check.h>
#include <stdlib.h>

#include "base/mem.h"
#include "base/must.h"

/* What PostgreSQL would store of the password "pencil" of "alice". */
#define SALT "AAECAwQFBgcICQoLDA0ODw=="
#define STORED_KEY "zHCdol2044/ZyWzPLi7oxApCkamKw9Z+E4U/QApd/5Y="
#define SERVER_KEY "dd5peBOitVnLNFu7VmwP+HiDaaw4OUCv396eVCWhYiE="
#define SCRAM "SCRAM-SHA-256$4096:" SALT "$" STORED_KEY ":" SERVER_KEY
#define SLOW_SCRAM "SCRAM-SHA-256$200000:" SALT \
	"$0ljZLbM9OebTjw6uqLXx8uV++VpF9Fl2fYNBa/tcS84=" \
	":8hDTH7JjJxxgMhXSb4Z3vBtZn993buD91RN5KdZZl0Q="
#define MD5 "md5ee69efad287c7423caf0b3229d71f567"

static const struct {
	const char *why, *text;
	enum secret_kind want;
} kinds[] = {
	{ "empty", "", SECRET_NONE },
	{ "plain", "pencil", SECRET_PLAIN },
	{ "MD5", MD5, SECRET_MD5 },
	{ "MD5 in upper case", "md5ABCDEF00112233445566778899AABBCC",
	    SECRET_PLAIN },
	{ "MD5 and more", MD5 "0", SECRET_PLAIN },
	{ "SCRAM", SCRAM, SECRET_SCRAM },
	{ "SCRAM, one iteration",
	    "SCRAM-SHA-256$1:" SALT "$" STORED_KEY ":" SERVER_KEY,
	    SECRET_SCRAM },
	{ "prefix alone", "SCRAM-SHA-256$", SECRET_PLAIN },
	{ "prefix in lower case",
	    "scram-sha-256$4096:" SALT "$" STORED_KEY ":" SERVER_KEY,
	    SECRET_PLAIN },
	{ "no iterations", "SCRAM-SHA-256$:" SALT "$" STORED_KEY ":"
	    SERVER_KEY, SECRET_PLAIN },
	{ "zero iterations", "SCRAM-SHA-256$0:" SALT "$" STORED_KEY ":"
	    SERVER_KEY, SECRET_PLAIN },
	{ "negative iterations", "SCRAM-SHA-256$-4096:" SALT "$" STORED_KEY
	    ":" SERVER_KEY, SECRET_PLAIN },
	{ "iterations beyond an int", "SCRAM-SHA-256$2147483648:" SALT "$"
	    STORED_KEY ":" SERVER_KEY, SECRET_PLAIN },
	{ "iterations that wrap", "SCRAM-SHA-256$4294971392:" SALT "$"
	    STORED_KEY ":" SERVER_KEY, SECRET_PLAIN },
	{ "b03: salt is not base64", "SCRAM-SHA-256$4096:AAE$" STORED_KEY ":"
	    SERVER_KEY, SECRET_PLAIN },
	{ "empty salt", "SCRAM-SHA-256$4096:$" STORED_KEY ":" SERVER_KEY,
	    SECRET_PLAIN },
	{ "short stored key", "SCRAM-SHA-256$4096:" SALT "$AAAA:" SERVER_KEY,
	    SECRET_PLAIN },
	{ "short server key", "SCRAM-SHA-256$4096:" SALT "$" STORED_KEY
	    ":AAAA", SECRET_PLAIN },
	{ "no server key", "SCRAM-SHA-256$4096:" SALT "$" STORED_KEY,
	    SECRET_PLAIN },
	{ "something behind", SCRAM "x", SECRET_PLAIN },
	{ "newline behind", SCRAM "\n", SECRET_PLAIN },
	{ "fields separated otherwise", "SCRAM-SHA-256:4096:" SALT "$"
	    STORED_KEY ":" SERVER_KEY, SECRET_PLAIN },
};

static struct secret
stored(const char *text)
{
	struct secret s;

	ck_assert(secret_init(&s, str_of(text)));
	return s;
}

START_TEST(kind_shows_in_the_text)
{
	struct secret s = stored(kinds[_i].text);

	ck_assert_msg(s.kind == kinds[_i].want, "%s: %d", kinds[_i].why,
	    (int)s.kind);
	ck_assert(str_is(secret_text(&s), kinds[_i].text));
	secret_fini(&s);
	ck_assert_int_eq(s.kind, SECRET_NONE);
}
END_TEST

START_TEST(every_shortened_scram_secret_is_plain)
{
	struct str s = str_of(SCRAM);

	s.n = (size_t)_i;
	ck_assert_int_ne(secret_classify(s), SECRET_SCRAM);
}
END_TEST

START_TEST(verifier_goes_both_ways)
{
	struct scram_verifier v;
	struct text t = { 0 };

	ck_assert(scram_verifier_parse(&v, str_of(SCRAM)));
	ck_assert_uint_eq(v.params.iterations, 4096);
	ck_assert_uint_eq(v.params.salt_len, 16);
	scram_verifier_format(&v, &t);
	ck_assert_str_eq(t.p, SCRAM);
	text_fini(&t);
}
END_TEST

START_TEST(verifier_of_a_password_is_what_the_server_stores)
{
	struct secret plain = stored("pencil");
	struct scram_verifier parsed, made;
	struct text t = { 0 };

	ck_assert(scram_verifier_parse(&parsed, str_of(SCRAM)));
	ck_assert(secret_scram_verifier(&plain, &parsed.params, &made));
	ck_assert(!made.mock);
	scram_verifier_format(&made, &t);
	ck_assert_str_eq(t.p, SCRAM);
	text_fini(&t);
	secret_fini(&plain);
}
END_TEST

START_TEST(b04_longest_salt_goes_both_ways)
{
	char salt[SCRAM_SALT_MAX];
	struct scram_params p;
	struct scram_keys k;
	struct scram_verifier v, back;
	struct text t = { 0 };

	memset(salt, 0, sizeof salt);
	scram_params_set(&p, (struct str){ salt, sizeof salt }, 1);
	scram_keys_derive(&k, str_of("pencil"), &p);
	scram_verifier_of(&v, &k);
	scram_verifier_format(&v, &t);
	ck_assert(scram_verifier_parse(&back, (struct str){ t.p, t.n }));
	ck_assert(scram_params_equal(&back.params, &p));
	ck_assert(scram_keys_fit(&k, &back));
	text_fini(&t);
}
END_TEST

START_TEST(b02_longer_salt_is_refused)
{
	struct text t = { 0 };
	struct scram_verifier v;
	size_t i;

	text_puts(&t, "SCRAM-SHA-256$1:");
	for (i = 0; i < SCRAM_SALT_MAX / 3 + 1; i++)
		text_puts(&t, "AAAA");
	text_puts(&t, "$" STORED_KEY ":" SERVER_KEY);
	ck_assert(!scram_verifier_parse(&v, (struct str){ t.p, t.n }));
	text_fini(&t);
}
END_TEST

START_TEST(keys_fit_their_own_verifier_only)
{
	struct scram_verifier v;
	struct scram_keys k;

	ck_assert(scram_verifier_parse(&v, str_of(SCRAM)));
	scram_keys_derive(&k, str_of("pencil"), &v.params);
	ck_assert(scram_keys_fit(&k, &v));
	k.params.iterations++;
	ck_assert(!scram_keys_fit(&k, &v));
	k.params.iterations--;
	k.params.salt[0] ^= 1;
	ck_assert(!scram_keys_fit(&k, &v));
	k.params.salt[0] ^= 1;
	k.client_key[31] ^= 1;
	ck_assert(!scram_keys_fit(&k, &v));
	k.client_key[31] ^= 1;
	k.server_key[0] ^= 1;
	ck_assert(!scram_keys_fit(&k, &v));
	k.server_key[0] ^= 1;
	v.mock = true;
	ck_assert(!scram_keys_fit(&k, &v));
}
END_TEST

START_TEST(b11_mock_salt_is_stable_per_name_and_secret)
{
	const unsigned char key[SCRAM_KEY_SIZE] = "one", other[SCRAM_KEY_SIZE]
	    = "two";
	struct scram_verifier a, b;

	scram_verifier_mock(&a, key, str_of("nobody"), 4096);
	scram_verifier_mock(&b, key, str_of("nobody"), 4096);
	ck_assert(scram_params_equal(&a.params, &b.params));
	ck_assert_uint_eq(a.params.salt_len, SCRAM_SALT_SIZE);
	ck_assert_uint_eq(a.params.iterations, 4096);
	ck_assert(a.mock);
	scram_verifier_mock(&b, key, str_of("noone"), 4096);
	ck_assert(!scram_params_equal(&a.params, &b.params));
	scram_verifier_mock(&b, other, str_of("nobody"), 4096);
	ck_assert(!scram_params_equal(&a.params, &b.params));
}
END_TEST

/* b17: clear text against each kind, as the server would */

static const struct {
	const char *why, *text, *user, *password;
	bool want;
} logins[] = {
	{ "plain", "pencil", "alice", "pencil", true },
	{ "plain, wrong", "pencil", "alice", "pencil2", false },
	{ "plain, cut", "pencil", "alice", "penci", false },
	{ "plain does not depend on the user", "pencil", "bob", "pencil",
	    true },
	{ "MD5", MD5, "alice", "pencil", true },
	{ "MD5, wrong", MD5, "alice", "Pencil", false },
	{ "MD5 of another user", MD5, "bob", "pencil", false },
	{ "MD5: the hash is no password", MD5, "alice", MD5, false },
	{ "SCRAM", SCRAM, "alice", "pencil", true },
	{ "SCRAM, wrong", SCRAM, "alice", "Pencil", false },
	{ "SCRAM: the secret is no password", SCRAM, "alice", SCRAM, false },
	{ "m16: SCRAM with too many iterations", SLOW_SCRAM, "alice",
	    "pencil", false },
	{ "no secret", "", "alice", "pencil", false },
	{ "b19: empty, no secret", "", "alice", "", false },
	{ "b19: empty, plain", "pencil", "alice", "", false },
	{ "b19: empty, MD5", "md56384e2b2184bcbf58eccf10ca7a6563c",
	    "alice", "", false },
	{ "b19: empty, SCRAM", SCRAM, "alice", "", false },
};

START_TEST(b17_b19_clear_text_is_checked)
{
	struct secret s = stored(logins[_i].text);

	ck_assert_msg(secret_accepts_password(&s, str_of(logins[_i].user),
	    str_of(logins[_i].password)) == logins[_i].want, "%s",
	    logins[_i].why);
	secret_fini(&s);
}
END_TEST

START_TEST(b12_unknown_user_never_gets_in)
{
	const struct scram_params p = { .iterations = 1, .salt_len = 1 };
	const unsigned char salt[MD5_SALT_SIZE] = "abcd";
	struct scram_verifier v;
	char stored[MD5_TEXT_ROOM], answer[MD5_TEXT_ROOM];

	ck_assert(!secret_accepts_password(NULL, str_of("x"), str_of("")));
	ck_assert(!secret_accepts_password(NULL, str_of("x"), str_of("y")));
	ck_assert(!secret_accepts_md5(NULL, str_of("x"), salt,
	    str_of("md500000000000000000000000000000000")));
	ck_assert(!secret_scram_verifier(NULL, &p, &v));
	/* Nor with what is computed only for the time that it takes. */
	ck_assert(md5_secret(stored, str_of("x"), str_of("x")));
	ck_assert(md5_response(answer, str_of(stored), salt));
	ck_assert(!secret_accepts_md5(NULL, str_of("x"), salt,
	    str_of(answer)));
}
END_TEST

static const struct {
	const char *why, *text;
	bool md5, scram;
} methods[] = {
	{ "none", "", false, false },
	{ "plain", "pencil", true, true },
	{ "MD5", MD5, true, false },
	{ "SCRAM", SCRAM, false, true },
};

START_TEST(methods_of_each_kind)
{
	const struct scram_params p = { .iterations = 1, .salt_len = 1 };
	const unsigned char salt[MD5_SALT_SIZE] = { 0, 1, 2, 3 };
	struct secret s = stored(methods[_i].text);
	struct scram_verifier v;
	char answer[MD5_TEXT_ROOM];

	ck_assert_msg(secret_answers_md5(&s, str_of("alice"), salt, answer)
	    == methods[_i].md5, "%s", methods[_i].why);
	if (methods[_i].md5)
		ck_assert(secret_accepts_md5(&s, str_of("alice"), salt,
		    str_of(answer)));
	ck_assert_msg(secret_scram_verifier(&s, &p, &v) == methods[_i].scram,
	    "%s", methods[_i].why);
	secret_fini(&s);
}
END_TEST

START_TEST(md5_answers_agree_between_plain_and_stored)
{
	const unsigned char salt[MD5_SALT_SIZE] = { 9, 8, 7, 6 };
	struct secret plain = stored("pencil"), md5 = stored(MD5);
	char answer[MD5_TEXT_ROOM];

	ck_assert(secret_answers_md5(&plain, str_of("alice"), salt, answer));
	ck_assert(secret_accepts_md5(&md5, str_of("alice"), salt,
	    str_of(answer)));
	ck_assert(secret_answers_md5(&md5, str_of("alice"), salt, answer));
	ck_assert(secret_accepts_md5(&plain, str_of("alice"), salt,
	    str_of(answer)));
	ck_assert(!secret_accepts_md5(&plain, str_of("bob"), salt,
	    str_of(answer)));
	ck_assert(!secret_accepts_md5(&plain, str_of("alice"), salt,
	    str_of("")));
	secret_fini(&plain);
	secret_fini(&md5);
}
END_TEST

START_TEST(b16_md5_login_leaves_the_plain_secret_for_scram)
{
	const unsigned char salt[MD5_SALT_SIZE] = { 0 };
	struct secret s = stored("pencil");
	struct scram_verifier parsed, v;
	char answer[MD5_TEXT_ROOM];

	ck_assert(secret_answers_md5(&s, str_of("alice"), salt, answer));
	ck_assert(secret_accepts_md5(&s, str_of("alice"), salt,
	    str_of(answer)));
	ck_assert(str_is(secret_text(&s), "pencil"));
	ck_assert(scram_verifier_parse(&parsed, str_of(SCRAM)));
	ck_assert(secret_scram_verifier(&s, &parsed.params, &v));
	ck_assert_mem_eq(v.stored_key, parsed.stored_key, SCRAM_KEY_SIZE);
	secret_fini(&s);
}
END_TEST

static const struct {
	size_t len;
	bool want;
} lengths[] = {
	{ 1024, true }, { SECRET_MAX, true }, { SECRET_MAX + 1, false },
	{ 65536, false }, { 1 << 20, false },
};

START_TEST(b47_long_passwords_are_taken_or_refused)
{
	const size_t n = lengths[_i].len;
	const unsigned char salt[MD5_SALT_SIZE] = { 0 };
	const struct scram_params p = { .iterations = 1, .salt_len = 1 };
	char *password = mem_alloc(n);
	const struct str text = { password, n };
	struct scram_verifier v;
	struct secret s;
	char answer[MD5_TEXT_ROOM];

	memset(password, 'x', n);
	ck_assert(secret_init(&s, text) == lengths[_i].want);
	ck_assert(secret_accepts_password(&s, str_of("alice"), text) ==
	    lengths[_i].want);
	ck_assert(secret_answers_md5(&s, str_of("alice"), salt, answer) ==
	    lengths[_i].want);
	ck_assert(secret_scram_verifier(&s, &p, &v) == lengths[_i].want);
	secret_fini(&s);
	s = stored("pencil");
	ck_assert(!secret_accepts_password(&s, str_of("alice"), text));
	secret_fini(&s);
	s = stored(SCRAM);
	ck_assert(!secret_accepts_password(&s, str_of("alice"), text));
	secret_fini(&s);
	mem_free(password);
}
END_TEST

START_TEST(zero_byte_is_no_secret)
{
	struct secret s;

	ck_assert(!secret_init(&s, (struct str){ "pen\0cil", 7 }));
	ck_assert_int_eq(s.kind, SECRET_NONE);
	secret_fini(&s);
}
END_TEST

START_TEST(secrets_are_compared)
{
	struct secret a = stored("pencil"), b = stored("pencil");
	struct secret c = stored("Pencil"), none = { 0 };

	ck_assert(secret_equal(&a, &b));
	ck_assert(!secret_equal(&a, &c));
	ck_assert(!secret_equal(&a, &none));
	ck_assert(secret_equal(&none, &none));
	secret_fini(&a);
	secret_fini(&b);
	secret_fini(&c);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("secret");
	TCase *t = tcase_create("text");

	tcase_add_loop_test(t, kind_shows_in_the_text, 0,
	    (int)countof(kinds));
	tcase_add_loop_test(t, every_shortened_scram_secret_is_plain, 0,
	    (int)strlen(SCRAM));
	tcase_add_test(t, verifier_goes_both_ways);
	tcase_add_test(t, verifier_of_a_password_is_what_the_server_stores);
	tcase_add_test(t, b04_longest_salt_goes_both_ways);
	tcase_add_test(t, b02_longer_salt_is_refused);
	tcase_add_test(t, keys_fit_their_own_verifier_only);
	tcase_add_test(t, b11_mock_salt_is_stable_per_name_and_secret);
	tcase_add_test(t, zero_byte_is_no_secret);
	tcase_add_test(t, secrets_are_compared);
	suite_add_tcase(s, t);
	t = tcase_create("login");
	tcase_add_loop_test(t, b17_b19_clear_text_is_checked, 0,
	    (int)countof(logins));
	tcase_add_test(t, b12_unknown_user_never_gets_in);
	tcase_add_loop_test(t, methods_of_each_kind, 0,
	    (int)countof(methods));
	tcase_add_test(t, md5_answers_agree_between_plain_and_stored);
	tcase_add_test(t, b16_md5_login_leaves_the_plain_secret_for_scram);
	tcase_add_loop_test(t, b47_long_passwords_are_taken_or_refused, 0,
	    (int)countof(lengths));
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
