/* test_scram.c - both sides of SCRAM-SHA-256, together and against abuse. */
#include "pgwire/scram.h"

#include <check.h>
#include <stdlib.h>

#include "base/must.h"
#include "pgwire/crypto.h"

/* The example of RFC 7677, section 3. */
#define RFC_SALT "W22ZaJ0SNY7soEsUEjb6gQ=="
#define RFC_CLIENT_NONCE "rOprNGfwEbeRWgbNEkqO"
#define RFC_SERVER_NONCE "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0"
#define RFC_FIRST_BARE "n=user,r=" RFC_CLIENT_NONCE
#define RFC_SERVER_FIRST "r=" RFC_CLIENT_NONCE RFC_SERVER_NONCE \
	",s=" RFC_SALT ",i=4096"
#define RFC_WITHOUT_PROOF "c=biws,r=" RFC_CLIENT_NONCE RFC_SERVER_NONCE
#define RFC_PROOF "dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ="
#define RFC_SERVER_FINAL "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="

static const unsigned char zeros[SCRAM_RANDOM_SIZE];
#define ZERO_NONCE "AAAAAAAAAAAAAAAAAAAAAAAA"

static struct str
view(const struct text *t)
{
	return (struct str){ t->p, t->n };
}

static struct scram_params
params_of(const char *salt, uint32_t iterations)
{
	struct scram_params p;

	scram_params_set(&p, str_of(salt), iterations);
	return p;
}

static struct scram_verifier
verifier_of(const char *password, const struct scram_params *p)
{
	struct scram_verifier v;
	struct scram_keys k;

	scram_keys_derive(&k, str_of(password), p);
	scram_verifier_of(&v, &k);
	return v;
}

static struct scram_verifier
cheap_verifier(void)
{
	const struct scram_params p = params_of("0123456789abcdef", 2);

	return verifier_of("pencil", &p);
}

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
	scram_server_init(s, &v, false, zeros);
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
	scram_server_init(&e->s, v, false, other);
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

	scram_server_init(&s, &v, firsts[_i].plus, zeros);
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
	scram_server_init(&s, &v, false, zeros);
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

	scram_server_init(&s, &v, false, zeros);
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
	    "c=eSws,r=" NONCES ",p=" RFC_PROOF, SCRAM_CHANNEL_BINDING },
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

	tcase_add_test(t, rfc7677_example_is_accepted_by_the_server);
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
	t = tcase_create("hostile peers");
	tcase_add_loop_test(t, client_first_is_judged, 0,
	    (int)countof(firsts));
	tcase_add_test(t, b02_long_client_messages_are_measured);
	tcase_add_loop_test(t, b01_zero_byte_in_a_message_is_malformed, 0,
	    (int)countof(zero_bytes));
	tcase_add_loop_test(t, client_final_is_judged, 0,
	    (int)countof(finals));
	tcase_add_loop_test(t, b15_any_changed_bit_of_the_proof_is_refused, 0,
	    SCRAM_KEY_SIZE * 8);
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
