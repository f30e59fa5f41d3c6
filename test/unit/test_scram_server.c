/* test_scram_server.c - SCRAM-SHA-256 with hostile clients. */
#include "pgwire/scram.h"

#include <check.h>
#include <stdlib.h>

#include "base/must.h"
#include "test/unit/scram_example.h"

/* The RFC's verifier, with its nonce in place of ours. */
static void
rfc_server(struct scram_server *s)
{
	struct scram_params p;
	struct scram_verifier v;
	unsigned char salt[SCRAM_SALT_MAX];
	size_t n;

	ck_assert(crypto_base64_decode(str_of(RFC_SALT), salt, sizeof salt,
	    &n));
	scram_params_set(&p, (struct str){ (char *)salt, n }, 4096);
	v = verifier_of("pencil", &p);
	scram_server_init(s, &v, str_of(NULL), zeros);
	strcpy(s->own_nonce, RFC_SERVER_NONCE);
}

START_TEST(rfc7677_example_is_accepted_by_the_server)
{
	struct scram_server s;
	struct text out = { 0 };

	rfc_server(&s);
	ck_assert_int_eq(scram_server_first(&s, str_of("n,," RFC_FIRST_BARE),
	    &out), SCRAM_OK);
	ck_assert_str_eq(out.p, RFC_SERVER_FIRST);
	text_clear(&out);
	ck_assert_int_eq(scram_server_final(&s,
	    str_of(RFC_WITHOUT_PROOF ",p=" RFC_PROOF), &out), SCRAM_OK);
	ck_assert_str_eq(out.p, RFC_SERVER_FINAL);
	text_fini(&out);
	scram_server_fini(&s);
}
END_TEST

/* A hostile client: its first message */

static const struct {
	const char *why;
	const char *msg;
	bool plus;
	enum scram want;
} firsts[] = {
	{ "libpq", "n,,n=,r=abc", false, SCRAM_OK },
	{ "b07: n is fine with PLUS, too", "n,,n=,r=abc", true, SCRAM_OK },
	{ "b07: y, and PLUS was not offered", "y,,n=,r=abc", false, SCRAM_OK },
	{ "b07: y, but PLUS was offered", "y,,n=,r=abc", true,
	    SCRAM_CHANNEL_BINDING },
	{ "b07: p is not for this mechanism",
	    "p=tls-server-end-point,,n=,r=abc", false, SCRAM_CHANNEL_BINDING },
	{ "b07: p with PLUS offered", "p=tls-unique,,n=,r=abc", true,
	    SCRAM_CHANNEL_BINDING },
	{ "unknown flag", "x,,n=,r=abc", false, SCRAM_MALFORMED },
	{ "no comma after the flag", "n", false, SCRAM_MALFORMED },
	{ "one comma only", "n,n=,r=abc", false, SCRAM_MALFORMED },
	{ "b08: authzid", "n,a=admin,n=,r=abc", false, SCRAM_AUTHZID },
	{ "b08: user name is ignored", "n,,n=postgres,r=abc", false,
	    SCRAM_OK },
	{ "b08: mandatory extension", "n,,m=x,n=,r=abc", false,
	    SCRAM_EXTENSION },
	{ "b08: mandatory extension, late", "n,,n=,r=abc,m=x", false,
	    SCRAM_EXTENSION },
	{ "other extensions are ignored", "n,,n=,r=abc,x=1,y=", false,
	    SCRAM_OK },
	{ "extension without =", "n,,n=,r=abc,x", false, SCRAM_MALFORMED },
	{ "extension that is no letter", "n,,n=,r=abc,1=x", false,
	    SCRAM_MALFORMED },
	{ "trailing comma", "n,,n=,r=abc,", false, SCRAM_MALFORMED },
	{ "no user name", "n,,r=abc", false, SCRAM_MALFORMED },
	{ "no nonce", "n,,n=", false, SCRAM_MALFORMED },
	{ "empty nonce", "n,,n=,r=", false, SCRAM_MALFORMED },
	{ "blank in the nonce", "n,,n=,r=a c", false, SCRAM_MALFORMED },
	{ "DEL in the nonce", "n,,n=,r=a\x7f", false, SCRAM_MALFORMED },
	{ "high byte in the nonce", "n,,n=,r=a\xc3", false, SCRAM_MALFORMED },
	{ "empty", "", false, SCRAM_MALFORMED },
};

START_TEST(client_first_is_judged)
{
	const struct scram_verifier v = cheap_verifier();
	struct scram_server s;
	struct text out = { 0 };
	enum scram got;

	scram_server_init(&s, &v, str_of(firsts[_i].plus ?
	    "digest" : NULL), zeros);
	got = scram_server_first(&s, str_of(firsts[_i].msg), &out);
	ck_assert_msg(got == firsts[_i].want, "%s: %s", firsts[_i].why,
	    scram_why(got));
	if (got == SCRAM_OK)
		ck_assert_str_eq(out.p, "r=abc" ZERO_NONCE
		    ",s=MDEyMzQ1Njc4OWFiY2RlZg==,i=2");
	else
		ck_assert_uint_eq(out.n, 0);
	ck_assert_int_eq(s.step,
	    got == SCRAM_OK ? SCRAM_STEP_FINAL : SCRAM_STEP_DONE);
	text_fini(&out);
	scram_server_fini(&s);
}
END_TEST

static enum scram
first_with(const char *head, size_t fill, const char *tail)
{
	const struct scram_verifier v = cheap_verifier();
	struct scram_server s;
	struct text in = { 0 }, out = { 0 };
	enum scram got;

	text_puts(&in, head);
	while (fill-- > 0)
		text_puts(&in, "A");
	text_puts(&in, tail);
	scram_server_init(&s, &v, str_of(NULL), zeros);
	got = scram_server_first(&s, view(&in), &out);
	scram_server_fini(&s);
	text_fini(&in);
	text_fini(&out);
	return got;
}

START_TEST(b02_long_client_messages_are_measured)
{
	ck_assert_int_eq(first_with("n,,n=,r=", SCRAM_NONCE_MAX, ""),
	    SCRAM_OK);
	ck_assert_int_eq(first_with("n,,n=,r=", SCRAM_NONCE_MAX + 1, ""),
	    SCRAM_TOO_LONG);
	ck_assert_int_eq(first_with("n,,n=", SCRAM_MESSAGE_MAX - 10, ",r=abc"),
	    SCRAM_TOO_LONG);
	ck_assert_int_eq(first_with("n,,n=", SCRAM_MESSAGE_MAX - 11, ",r=abc"),
	    SCRAM_OK);
}
END_TEST

static const struct {
	const char *why, *msg;
	size_t n;
} zero_bytes[] = {
#define MSG(s) s, sizeof s - 1
	{ "in the user name", MSG("n,,n=a\0b,r=abc") },
	{ "in the nonce", MSG("n,,n=,r=a\0c") },
	{ "in an extension", MSG("n,,n=,r=abc,x=\0") },
	{ "at the end", MSG("n,,n=,r=abc,x=y\0") },
#undef MSG
};

START_TEST(b01_zero_byte_in_a_message_is_malformed)
{
	const struct str in = { zero_bytes[_i].msg, zero_bytes[_i].n };
	const struct scram_verifier v = cheap_verifier();
	struct scram_server s;
	struct text out = { 0 };

	scram_server_init(&s, &v, str_of(NULL), zeros);
	ck_assert_msg(scram_server_first(&s, in, &out) == SCRAM_MALFORMED,
	    "%s", zero_bytes[_i].why);
	scram_server_fini(&s);
	text_fini(&out);
}
END_TEST

/* A hostile client: its final message, made from the RFC's */

#define NONCES RFC_CLIENT_NONCE RFC_SERVER_NONCE

static const struct {
	const char *why;
	const char *msg;
	enum scram want;
} finals[] = {
	{ "the example", "c=biws,r=" NONCES ",p=" RFC_PROOF, SCRAM_OK },
	{ "other binding flag than before",
	    "c=eSws,r=" NONCES ",p=" RFC_PROOF, SCRAM_BINDING_CHECK },
	{ "no binding", "r=" NONCES ",p=" RFC_PROOF, SCRAM_MALFORMED },
	{ "client's nonce alone", "c=biws,r=" RFC_CLIENT_NONCE ",p="
	    RFC_PROOF, SCRAM_NONCE },
	{ "longer nonce", "c=biws,r=" NONCES "x,p=" RFC_PROOF, SCRAM_NONCE },
	{ "no nonce", "c=biws,p=" RFC_PROOF, SCRAM_MALFORMED },
	{ "an extension is signed, too", "c=biws,r=" NONCES ",x=1,p="
	    RFC_PROOF, SCRAM_WRONG_PROOF },
	{ "b08: mandatory extension", "c=biws,r=" NONCES ",m=1,p=" RFC_PROOF,
	    SCRAM_EXTENSION },
	{ "no proof", "c=biws,r=" NONCES, SCRAM_MALFORMED },
	{ "no proof but an extension", "c=biws,r=" NONCES ",x=1",
	    SCRAM_MALFORMED },
	{ "lone comma", "c=biws,r=" NONCES ",", SCRAM_MALFORMED },
	{ "empty proof", "c=biws,r=" NONCES ",p=", SCRAM_MALFORMED },
	{ "proof is not last", "c=biws,r=" NONCES ",p=" RFC_PROOF ",x=1",
	    SCRAM_MALFORMED },
	{ "one bit wrong", "c=biws,r=" NONCES
	    ",p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVA=",
	    SCRAM_WRONG_PROOF },
	{ "b03: bad base64", "c=biws,r=" NONCES
	    ",p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndV!=",
	    SCRAM_MALFORMED },
	{ "b03: proof of 31 bytes", "c=biws,r=" NONCES
	    ",p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7Andg==",
	    SCRAM_MALFORMED },
	{ "b03: proof of 33 bytes", "c=biws,r=" NONCES
	    ",p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQA",
	    SCRAM_MALFORMED },
	{ "empty", "", SCRAM_MALFORMED },
};

START_TEST(client_final_is_judged)
{
	struct scram_server s;
	struct text out = { 0 };
	enum scram got;

	rfc_server(&s);
	ck_assert_int_eq(scram_server_first(&s, str_of("n,," RFC_FIRST_BARE),
	    &out), SCRAM_OK);
	text_clear(&out);
	got = scram_server_final(&s, str_of(finals[_i].msg), &out);
	ck_assert_msg(got == finals[_i].want, "%s: %s", finals[_i].why,
	    scram_why(got));
	ck_assert(s.accepted == (got == SCRAM_OK));
	ck_assert_uint_eq(out.n,
	    got == SCRAM_OK ? strlen(RFC_SERVER_FINAL) : 0);
	text_fini(&out);
	scram_server_fini(&s);
}
END_TEST

START_TEST(b15_any_changed_bit_of_the_proof_is_refused)
{
	unsigned char proof[SCRAM_KEY_SIZE];
	char base64[CRYPTO_BASE64_ROOM(SCRAM_KEY_SIZE)];
	struct scram_server s;
	struct text in = { 0 }, out = { 0 };
	size_t n;

	ck_assert(crypto_base64_decode(str_of(RFC_PROOF), proof, sizeof proof,
	    &n));
	proof[_i / 8] ^= (unsigned char)(1 << _i % 8);
	crypto_base64_encode(proof, n, base64, sizeof base64);
	text_printf(&in, "%s,p=%s", RFC_WITHOUT_PROOF, base64);
	rfc_server(&s);
	ck_assert_int_eq(scram_server_first(&s, str_of("n,," RFC_FIRST_BARE),
	    &out), SCRAM_OK);
	ck_assert_int_eq(scram_server_final(&s, view(&in), &out),
	    SCRAM_WRONG_PROOF);
	text_fini(&in);
	text_fini(&out);
	scram_server_fini(&s);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("scram_server");
	TCase *t = tcase_create("hostile clients");

	tcase_add_test(t, rfc7677_example_is_accepted_by_the_server);
	tcase_add_loop_test(t, client_first_is_judged, 0,
	    (int)countof(firsts));
	tcase_add_test(t, b02_long_client_messages_are_measured);
	tcase_add_loop_test(t, b01_zero_byte_in_a_message_is_malformed, 0,
	    (int)countof(zero_bytes));
	tcase_add_loop_test(t, client_final_is_judged, 0,
	    (int)countof(finals));
	tcase_add_loop_test(t, b15_any_changed_bit_of_the_proof_is_refused, 0,
	    SCRAM_KEY_SIZE * 8);
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
