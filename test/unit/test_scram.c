/* test_scram.c - SCRAM-SHA-256: whole exchanges, and hostile servers. */
#include "pgwire/scram.h"

#include <check.h>
#include <stdlib.h>

#include "base/must.h"
#include "test/unit/scram_example.h"

START_TEST(rfc7677_example_is_made_by_the_client)
{
	const struct scram_login login = { .password = str_of("pencil") };
	struct scram_client c;
	struct text out = { 0 };

	scram_client_init(&c, zeros);
	strcpy(c.own_nonce, RFC_CLIENT_NONCE);
	scram_client_first(&c, &out);
	ck_assert_str_eq(out.p, "n,,n=,r=" RFC_CLIENT_NONCE);
	text_clear(&out);
	/* We send no user name; the example does. */
	text_clear(&c.transcript);
	text_puts(&c.transcript, RFC_FIRST_BARE);
	ck_assert_int_eq(scram_client_final(&c, str_of(RFC_SERVER_FIRST),
	    &login, &out), SCRAM_OK);
	ck_assert_str_eq(out.p, RFC_WITHOUT_PROOF ",p=" RFC_PROOF);
	ck_assert_int_eq(scram_client_verify(&c, str_of(RFC_SERVER_FINAL)),
	    SCRAM_OK);
	ck_assert(scram_client_is_verified(&c));
	text_fini(&out);
	scram_client_fini(&c);
}
END_TEST

/* A whole exchange of our two sides. */
struct exchange {
	struct scram_client c;
	struct scram_server s;
	enum scram result;              /* of the first step that failed */
	struct scram_keys passed;       /* what the server side learned */
};

static void
run(struct exchange *e, const struct scram_verifier *v,
    const struct scram_login *login)
{
	const unsigned char other[SCRAM_RANDOM_SIZE] = "seventeen and one";
	struct text msg[4] = { { 0 }, { 0 }, { 0 }, { 0 } };
	size_t i;

	memset(&e->passed, 0, sizeof e->passed);
	scram_client_init(&e->c, zeros);
	scram_server_init(&e->s, v, str_of(NULL), other);
	scram_client_first(&e->c, &msg[0]);
	e->result = scram_server_first(&e->s, view(&msg[0]), &msg[1]);
	if (e->result == SCRAM_OK)
		e->result = scram_client_final(&e->c, view(&msg[1]), login,
		    &msg[2]);
	if (e->result == SCRAM_OK)
		e->result = scram_server_final(&e->s, view(&msg[2]), &msg[3]);
	if (e->result == SCRAM_OK) {
		scram_server_keys(&e->s, &e->passed);
		e->result = scram_client_verify(&e->c, view(&msg[3]));
	}
	for (i = 0; i < countof(msg); i++)
		text_fini(&msg[i]);
}

static void
stop(struct exchange *e)
{
	scram_client_fini(&e->c);
	scram_server_fini(&e->s);
}

START_TEST(right_password_logs_in_and_wrong_one_does_not)
{
	const struct scram_verifier v = cheap_verifier();
	struct scram_login login = { .password = str_of("pencil") };
	struct exchange e;

	run(&e, &v, &login);
	ck_assert_int_eq(e.result, SCRAM_OK);
	ck_assert(e.c.derived && scram_client_is_verified(&e.c));
	stop(&e);
	login.password = str_of("Pencil");
	run(&e, &v, &login);
	ck_assert_int_eq(e.result, SCRAM_WRONG_PROOF);
	ck_assert(!e.s.accepted && !scram_client_is_verified(&e.c));
	stop(&e);
}
END_TEST

START_TEST(keys_recovered_from_a_client_log_in_to_the_same_verifier)
{
	const struct scram_verifier v = cheap_verifier();
	struct scram_login login = { .password = str_of("pencil") };
	struct scram_keys passed;
	struct exchange e;

	run(&e, &v, &login);
	passed = e.passed;
	stop(&e);
	login = (struct scram_login){ .keys = &passed };
	run(&e, &v, &login);
	ck_assert_int_eq(e.result, SCRAM_OK);
	ck_assert(!e.c.derived);
	stop(&e);
}
END_TEST

START_TEST(cached_keys_save_the_second_derivation)
{
	const struct scram_verifier v = cheap_verifier();
	struct scram_login login = { .password = str_of("pencil") };
	struct scram_keys cached;
	struct exchange e;

	run(&e, &v, &login);
	ck_assert(e.c.derived);
	cached = e.c.keys;
	stop(&e);
	login.keys = &cached;
	run(&e, &v, &login);
	ck_assert_int_eq(e.result, SCRAM_OK);
	ck_assert(!e.c.derived);
	stop(&e);
}
END_TEST

START_TEST(stale_cached_keys_give_way_to_the_password)
{
	const struct scram_params old = params_of("another salt", 2);
	const struct scram_verifier v = cheap_verifier();
	struct scram_keys cached;
	const struct scram_login login = {
		.password = str_of("pencil"), .keys = &cached
	};
	struct exchange e;

	scram_keys_derive(&cached, str_of("pencil"), &old);
	run(&e, &v, &login);
	ck_assert_int_eq(e.result, SCRAM_OK);
	ck_assert(e.c.derived);
	stop(&e);
}
END_TEST

START_TEST(b37_keys_for_another_salt_are_a_clear_error)
{
	const struct scram_params p = params_of("0123456789abcdef", 3);
	const struct scram_verifier v = cheap_verifier();
	struct scram_keys keys;
	struct scram_login login = { .keys = &keys };
	struct exchange e;

	scram_keys_derive(&keys, str_of("pencil"), &p);
	run(&e, &v, &login);
	ck_assert_int_eq(e.result, SCRAM_OTHER_SECRET);
	stop(&e);
	login.keys = NULL;
	run(&e, &v, &login);
	ck_assert_int_eq(e.result, SCRAM_NO_PASSWORD);
	stop(&e);
}
END_TEST

START_TEST(b04_salt_may_hold_zero_bytes)
{
	struct scram_params p;
	struct scram_verifier v;
	struct scram_keys k, cut;
	const struct scram_login login = { .password = str_of("pencil") };
	struct exchange e;

	scram_params_set(&p, (struct str){ "a\0bcdef\0", 8 }, 2);
	scram_keys_derive(&k, str_of("pencil"), &p);
	scram_verifier_of(&v, &k);
	run(&e, &v, &login);
	ck_assert_int_eq(e.result, SCRAM_OK);
	ck_assert_uint_eq(e.c.keys.params.salt_len, 8);
	stop(&e);
	scram_params_set(&p, (struct str){ "a\0bcdef\1", 8 }, 2);
	scram_keys_derive(&cut, str_of("pencil"), &p);
	ck_assert_mem_ne(cut.client_key, k.client_key, SCRAM_KEY_SIZE);
}
END_TEST

START_TEST(b09_passwords_that_prepare_to_the_same_are_the_same)
{
	const struct scram_params p = params_of("salt", 2);
	/* I, soft hyphen, X and, decomposed, the same with an accent. */
	const struct scram_verifier v = verifier_of("I\xc2\xadX\xc3\xa9", &p);
	const struct scram_login login = {
		.password = str_of("IXe\xcc\x81")
	};
	struct exchange e;

	run(&e, &v, &login);
	ck_assert_int_eq(e.result, SCRAM_OK);
	stop(&e);
}
END_TEST

/* Unknown users */

START_TEST(b11_mock_exchange_fails_only_at_the_proof)
{
	const unsigned char key[SCRAM_KEY_SIZE] = "process key";
	const struct scram_login login = { .password = str_of("pencil") };
	struct scram_verifier v;
	struct exchange e;

	scram_verifier_mock(&v, key, str_of("nobody"),
	    SCRAM_ITERATIONS_DEFAULT);
	run(&e, &v, &login);
	ck_assert_int_eq(e.result, SCRAM_WRONG_PROOF);
	ck_assert_int_eq(e.c.step, SCRAM_STEP_FINAL);
	ck_assert_uint_eq(e.c.keys.params.iterations, 4096);
	ck_assert_uint_eq(e.c.keys.params.salt_len, SCRAM_SALT_SIZE);
	stop(&e);
}
END_TEST

START_TEST(b11_mock_never_succeeds_even_with_the_right_keys)
{
	struct scram_verifier v = cheap_verifier();
	const struct scram_login login = { .password = str_of("pencil") };
	struct exchange e;

	v.mock = true;
	run(&e, &v, &login);
	ck_assert_int_eq(e.result, SCRAM_WRONG_PROOF);
	stop(&e);
}
END_TEST

/* A hostile server: its first message */

#define R "r=" ZERO_NONCE "srv"

static const struct {
	const char *why;
	const char *msg;
	enum scram want;
} server_firsts[] = {
	{ "PostgreSQL", R ",s=c2FsdA==,i=1", SCRAM_OK },
	{ "extensions are ignored", R ",s=c2FsdA==,i=1,x=y", SCRAM_OK },
	{ "b08: mandatory extension", "m=x," R ",s=c2FsdA==,i=1",
	    SCRAM_EXTENSION },
	{ "b08: mandatory extension, late", R ",s=c2FsdA==,i=1,m=x",
	    SCRAM_EXTENSION },
	{ "b05: our nonce alone", "r=" ZERO_NONCE ",s=c2FsdA==,i=1",
	    SCRAM_NONCE },
	{ "b05: another nonce", "r=B" ZERO_NONCE ",s=c2FsdA==,i=1",
	    SCRAM_NONCE },
	{ "b05: only a part of ours", "r=AAAA,s=c2FsdA==,i=1", SCRAM_NONCE },
	{ "empty nonce", "r=,s=c2FsdA==,i=1", SCRAM_MALFORMED },
	{ "unprintable nonce", R "\x01,s=c2FsdA==,i=1", SCRAM_MALFORMED },
	{ "b03: salt is not base64", R ",s=c2FsdA=,i=1", SCRAM_MALFORMED },
	{ "b03: salt has a blank", R ",s=c2Fs dA==,i=1", SCRAM_MALFORMED },
	{ "b03: empty salt", R ",s=,i=1", SCRAM_MALFORMED },
	{ "no salt", R ",i=1", SCRAM_MALFORMED },
	{ "no iterations", R ",s=c2FsdA==", SCRAM_MALFORMED },
	{ "empty iterations", R ",s=c2FsdA==,i=", SCRAM_MALFORMED },
	{ "zero iterations", R ",s=c2FsdA==,i=0", SCRAM_MALFORMED },
	{ "negative iterations", R ",s=c2FsdA==,i=-1", SCRAM_MALFORMED },
	{ "iterations with a tail", R ",s=c2FsdA==,i=1x", SCRAM_MALFORMED },
	{ "b06: one too many", R ",s=c2FsdA==,i=100001", SCRAM_ITERATIONS },
	{ "b06, m16: 50 million", R ",s=c2FsdA==,i=50000000",
	    SCRAM_ITERATIONS },
	{ "b06: would wrap to 1", R ",s=c2FsdA==,i=4294967297",
	    SCRAM_ITERATIONS },
	{ "b06: would wrap 64 bits", R ",s=c2FsdA==,i=18446744073709551617",
	    SCRAM_ITERATIONS },
	{ "error", "e=unknown-user", SCRAM_REFUSED },
	{ "empty", "", SCRAM_MALFORMED },
};

START_TEST(server_first_is_judged)
{
	const struct scram_login login = { .password = str_of("x") };
	struct scram_client c;
	struct text out = { 0 };
	enum scram got;

	scram_client_init(&c, zeros);
	scram_client_first(&c, &out);
	text_clear(&out);
	got = scram_client_final(&c, str_of(server_firsts[_i].msg), &login,
	    &out);
	ck_assert_msg(got == server_firsts[_i].want, "%s: %s",
	    server_firsts[_i].why, scram_why(got));
	ck_assert((out.n != 0) == (got == SCRAM_OK));
	text_fini(&out);
	scram_client_fini(&c);
}
END_TEST

static enum scram
server_first_with(size_t nonce, size_t salt)
{
	const struct scram_login login = { .password = str_of("x") };
	struct scram_client c;
	struct text in = { 0 }, out = { 0 };
	enum scram got;

	text_puts(&in, "r=" ZERO_NONCE);
	while (nonce-- > 0)
		text_puts(&in, "n");
	text_puts(&in, ",s=");
	while (salt-- > 0)
		text_puts(&in, "A");
	text_puts(&in, ",i=1");
	scram_client_init(&c, zeros);
	scram_client_first(&c, &out);
	got = scram_client_final(&c, view(&in), &login, &out);
	scram_client_fini(&c);
	text_fini(&in);
	text_fini(&out);
	return got;
}

START_TEST(b02_long_server_nonce_or_salt_is_refused)
{
	ck_assert_int_eq(server_first_with(SCRAM_NONCE_MAX, 340), SCRAM_OK);
	ck_assert_int_eq(server_first_with(SCRAM_NONCE_MAX + 1, 4),
	    SCRAM_TOO_LONG);
	ck_assert_int_eq(server_first_with(4000, 4), SCRAM_TOO_LONG);
	ck_assert_int_eq(server_first_with(4, 348), SCRAM_TOO_LONG);
	ck_assert_int_eq(server_first_with(4, 4000), SCRAM_TOO_LONG);
	ck_assert_int_eq(server_first_with(4, 60000), SCRAM_TOO_LONG);
}
END_TEST

/* A hostile server: its final message */

static const struct {
	const char *why;
	const char *msg;
	enum scram want;
} server_finals[] = {
	{ "the example", RFC_SERVER_FINAL, SCRAM_OK },
	{ "extensions are ignored", RFC_SERVER_FINAL ",x=y", SCRAM_OK },
	{ "b05: one bit wrong",
	    "v=7rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=",
	    SCRAM_SIGNATURE },
	{ "b05: empty signature", "v=", SCRAM_SIGNATURE },
	{ "b05: short signature", "v=6rriTRBi23Wp", SCRAM_SIGNATURE },
	{ "b03: bad base64", "v=6rriTRBi23WpRR/wtupMMhUZUn/dB5nLTJRsjl95G4=",
	    SCRAM_SIGNATURE },
	{ "garbage behind", RFC_SERVER_FINAL ",", SCRAM_MALFORMED },
	{ "error", "e=invalid-proof", SCRAM_REFUSED },
	{ "anything else", "x=1", SCRAM_MALFORMED },
	{ "empty", "", SCRAM_MALFORMED },
};

START_TEST(server_final_is_judged)
{
	const struct scram_login login = { .password = str_of("pencil") };
	struct scram_client c;
	struct text out = { 0 };
	enum scram got;

	scram_client_init(&c, zeros);
	strcpy(c.own_nonce, RFC_CLIENT_NONCE);
	scram_client_first(&c, &out);
	text_clear(&c.transcript);
	text_puts(&c.transcript, RFC_FIRST_BARE);
	ck_assert_int_eq(scram_client_final(&c, str_of(RFC_SERVER_FIRST),
	    &login, &out), SCRAM_OK);
	ck_assert(!scram_client_is_verified(&c));
	got = scram_client_verify(&c, str_of(server_finals[_i].msg));
	ck_assert_msg(got == server_finals[_i].want, "%s: %s",
	    server_finals[_i].why, scram_why(got));
	ck_assert(scram_client_is_verified(&c) == (got == SCRAM_OK));
	text_fini(&out);
	scram_client_fini(&c);
}
END_TEST

START_TEST(b49_fini_leaves_no_key)
{
	static const unsigned char none[sizeof(struct scram_server)];
	const struct scram_verifier v = cheap_verifier();
	const struct scram_login login = { .password = str_of("pencil") };
	struct exchange e;

	run(&e, &v, &login);
	ck_assert_mem_ne(e.s.client_key, none, SCRAM_KEY_SIZE);
	stop(&e);
	ck_assert_mem_eq(&e.s, none, sizeof e.s);
	ck_assert_mem_eq(&e.c.keys, none, sizeof e.c.keys);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("scram");
	TCase *t = tcase_create("exchange");

	tcase_add_test(t, rfc7677_example_is_made_by_the_client);
	tcase_add_test(t, right_password_logs_in_and_wrong_one_does_not);
	tcase_add_test(t,
	    keys_recovered_from_a_client_log_in_to_the_same_verifier);
	tcase_add_test(t, cached_keys_save_the_second_derivation);
	tcase_add_test(t, stale_cached_keys_give_way_to_the_password);
	tcase_add_test(t, b37_keys_for_another_salt_are_a_clear_error);
	tcase_add_test(t, b04_salt_may_hold_zero_bytes);
	tcase_add_test(t, b09_passwords_that_prepare_to_the_same_are_the_same);
	tcase_add_test(t, b11_mock_exchange_fails_only_at_the_proof);
	tcase_add_test(t, b11_mock_never_succeeds_even_with_the_right_keys);
	tcase_add_test(t, b49_fini_leaves_no_key);
	suite_add_tcase(s, t);
	t = tcase_create("hostile servers");
	tcase_add_loop_test(t, server_first_is_judged, 0,
	    (int)countof(server_firsts));
	tcase_add_test(t, b02_long_server_nonce_or_salt_is_refused);
	tcase_add_loop_test(t, server_final_is_judged, 0,
	    (int)countof(server_finals));
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
