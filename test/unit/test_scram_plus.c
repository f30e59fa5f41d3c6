/*
 * test_scram_plus.c - SCRAM-SHA-256-PLUS: the exchange is bound to the TLS
 * channel, and nobody in between can talk the two sides out of it.
 */
#include "pgwire/scram.h"

#include <check.h>
#include <stdlib.h>

#include "base/must.h"
#include "test/unit/scram_example.h"

#define DIGEST "0123456789abcdef0123456789abcdef"
#define OTHER  "0123456789abcdef0123456789abcdeF"
#define PLAIN  SASL_SCRAM_SHA_256
#define PLUS   SASL_SCRAM_SHA_256_PLUS

/*
 * Whole exchanges of our two sides. Each has what it sees of the channel:
 * a man in the middle shows the client another certificate.
 */

static const struct {
	const char *why;
	const char *server, *client;    /* what each binds to; NULL: nothing */
	bool must_bind;
	bool struck;                    /* PLUS is struck off the offer */
	enum scram want;                /* of the first step that fails */
	enum gs2 gs2;
} exchanges[] = {
	{ "no TLS", NULL, NULL, false, false, SCRAM_OK, GS2_CANNOT },
	{ "both bind", DIGEST, DIGEST, false, false, SCRAM_OK, GS2_BOUND },
	{ "both bind, required", DIGEST, DIGEST, true, false, SCRAM_OK,
	    GS2_BOUND },
	{ "a client that cannot", DIGEST, NULL, false, false, SCRAM_OK,
	    GS2_CANNOT },
	{ "a server that cannot", NULL, DIGEST, false, false, SCRAM_OK,
	    GS2_COULD },
	{ "a server that cannot, required", NULL, DIGEST, true, false,
	    SCRAM_NOT_BOUND, GS2_COULD },
	{ "no TLS, required", NULL, NULL, true, false, SCRAM_NOT_BOUND,
	    GS2_CANNOT },
	{ "b07: another certificate", DIGEST, OTHER, false, false,
	    SCRAM_BINDING_CHECK, GS2_BOUND },
	{ "b07: a longer one", DIGEST, DIGEST "0", false, false,
	    SCRAM_BINDING_CHECK, GS2_BOUND },
	{ "b07: a part of it", DIGEST, "0", false, false,
	    SCRAM_BINDING_CHECK, GS2_BOUND },
	{ "b07: PLUS struck off the list", DIGEST, DIGEST, false, true,
	    SCRAM_CHANNEL_BINDING, GS2_COULD },
	{ "b07: PLUS struck off, required", DIGEST, DIGEST, true, true,
	    SCRAM_NOT_BOUND, GS2_COULD },
};

struct exchange {
	struct scram_client c;
	struct scram_server s;
	struct text msg[4];
};

/* The server's list as the client reads it. */
static struct sasl_offer
offer_of(const struct scram_server *s, bool struck)
{
	const char *list[3];
	struct sasl_offer o = { false, false };
	size_t i;

	scram_server_offer(s, list);
	for (i = 0; list[i] != NULL; i++)
		if (strcmp(list[i], PLAIN) == 0)
			o.scram_sha_256 = true;
		else
			o.scram_sha_256_plus = !struck;
	return o;
}

static enum scram
run(struct exchange *e, int i, const struct scram_login *login)
{
	struct sasl_offer offer = offer_of(&e->s, exchanges[i].struck);
	const char *mechanism;
	enum scram r;

	r = scram_client_choose(&e->c, &offer, str_of(exchanges[i].client),
	    exchanges[i].must_bind, &mechanism);
	if (r != SCRAM_OK)
		return r;
	ck_assert(scram_server_choose(&e->s, str_of(mechanism)));
	scram_client_first(&e->c, &e->msg[0]);
	r = scram_server_first(&e->s, view(&e->msg[0]), &e->msg[1]);
	if (r == SCRAM_OK)
		r = scram_client_final(&e->c, view(&e->msg[1]), login,
		    &e->msg[2]);
	if (r == SCRAM_OK)
		r = scram_server_final(&e->s, view(&e->msg[2]), &e->msg[3]);
	if (r == SCRAM_OK)
		r = scram_client_verify(&e->c, view(&e->msg[3]));
	return r;
}

static void
start(struct exchange *e, const char *binding)
{
	const unsigned char other[SCRAM_RANDOM_SIZE] = "seventeen and one";
	const struct scram_verifier v = cheap_verifier();

	memset(e, 0, sizeof *e);
	scram_client_init(&e->c, zeros);
	scram_server_init(&e->s, &v, str_of(binding), other);
}

static void
stop(struct exchange *e)
{
	size_t i;

	for (i = 0; i < countof(e->msg); i++)
		text_fini(&e->msg[i]);
	scram_client_fini(&e->c);
	scram_server_fini(&e->s);
}

START_TEST(exchange_is_bound_where_both_can)
{
	const struct scram_login login = { .password = str_of("pencil") };
	struct exchange e;
	enum scram got;

	start(&e, exchanges[_i].server);
	got = run(&e, _i, &login);
	ck_assert_msg(got == exchanges[_i].want, "%s: %s", exchanges[_i].why,
	    scram_why(got));
	ck_assert_int_eq(e.c.gs2, exchanges[_i].gs2);
	ck_assert(e.s.accepted == (got == SCRAM_OK));
	ck_assert(scram_client_is_verified(&e.c) == (got == SCRAM_OK));
	stop(&e);
}
END_TEST

/* The client's key does not depend on the channel. */
START_TEST(b35_keys_pass_from_a_plain_exchange_to_a_bound_one)
{
	struct scram_login login = { .password = str_of("pencil") };
	struct scram_keys passed;
	struct exchange e;

	start(&e, exchanges[0].server);
	ck_assert_int_eq(run(&e, 0, &login), SCRAM_OK);
	scram_server_keys(&e.s, &passed);
	stop(&e);
	login = (struct scram_login){ .keys = &passed };
	start(&e, exchanges[1].server);
	ck_assert_int_eq(run(&e, 1, &login), SCRAM_OK);
	ck_assert(!e.c.derived);
	stop(&e);
}
END_TEST

START_TEST(messages_are_those_of_the_rfc)
{
	const struct scram_login login = { .password = str_of("pencil") };
	struct exchange e;
	const char *list[3];

	start(&e, "AB");
	scram_server_offer(&e.s, list);
	ck_assert_str_eq(list[0], PLUS);
	ck_assert_str_eq(list[1], PLAIN);
	ck_assert_ptr_null(list[2]);
	stop(&e);
	start(&e, DIGEST);
	ck_assert_int_eq(run(&e, 1, &login), SCRAM_OK);
	ck_assert_str_eq(e.msg[0].p, "p=tls-server-end-point,,n=,r="
	    ZERO_NONCE);
	/* base64 of "p=tls-server-end-point,," and the digest */
	ck_assert_int_eq(strncmp(e.msg[2].p, "c=cD10bHMtc2VydmVyLWVuZC1wb2lu"
	    "dCwsMDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=,r=", 81), 0);
	stop(&e);
}
END_TEST

START_TEST(b07_only_what_was_offered_can_be_chosen)
{
	struct exchange e;

	start(&e, NULL);
	ck_assert(!scram_server_choose(&e.s, str_of(PLUS)));
	ck_assert(!scram_server_choose(&e.s, str_of("SCRAM-SHA-1")));
	ck_assert(!scram_server_choose(&e.s, str_of("SCRAM-SHA-256-PLUSX")));
	ck_assert(!scram_server_choose(&e.s, str_of("")));
	ck_assert(scram_server_choose(&e.s, str_of(PLAIN)));
	stop(&e);
	start(&e, DIGEST);
	ck_assert(scram_server_choose(&e.s, str_of(PLUS)));
	ck_assert(scram_server_choose(&e.s, str_of(PLAIN)));
	stop(&e);
}
END_TEST

/* A hostile client */

static const struct {
	const char *why, *mechanism, *msg;
	enum scram want;
} firsts[] = {
	{ "as it should be", PLUS, "p=tls-server-end-point,,n=,r=abc",
	    SCRAM_OK },
	{ "n with PLUS", PLUS, "n,,n=,r=abc", SCRAM_CHANNEL_BINDING },
	{ "y with PLUS", PLUS, "y,,n=,r=abc", SCRAM_CHANNEL_BINDING },
	{ "p without PLUS", PLAIN, "p=tls-server-end-point,,n=,r=abc",
	    SCRAM_CHANNEL_BINDING },
	{ "y, though PLUS was offered", PLAIN, "y,,n=,r=abc",
	    SCRAM_CHANNEL_BINDING },
	{ "n is an old client", PLAIN, "n,,n=,r=abc", SCRAM_OK },
	{ "tls-unique", PLUS, "p=tls-unique,,n=,r=abc",
	    SCRAM_CHANNEL_BINDING },
	{ "tls-exporter", PLUS, "p=tls-exporter,,n=,r=abc",
	    SCRAM_CHANNEL_BINDING },
	{ "a longer name", PLUS, "p=tls-server-end-points,,n=,r=abc",
	    SCRAM_CHANNEL_BINDING },
	{ "another case", PLUS, "p=TLS-server-end-point,,n=,r=abc",
	    SCRAM_CHANNEL_BINDING },
	{ "no name", PLUS, "p=,,n=,r=abc", SCRAM_CHANNEL_BINDING },
	{ "no =", PLUS, "p,,n=,r=abc", SCRAM_MALFORMED },
	{ "p alone", PLUS, "p", SCRAM_MALFORMED },
	{ "the head alone", PLUS, "p=tls-server-end-point", SCRAM_MALFORMED },
	{ "one comma", PLUS, "p=tls-server-end-point,", SCRAM_MALFORMED },
	{ "b08: authzid", PLUS, "p=tls-server-end-point,a=admin,n=,r=abc",
	    SCRAM_AUTHZID },
	{ "unknown flag", PLUS, "x,,n=,r=abc", SCRAM_MALFORMED },
	{ "empty", PLUS, "", SCRAM_MALFORMED },
};

START_TEST(b07_first_message_must_fit_the_mechanism)
{
	struct exchange e;
	enum scram got;

	start(&e, DIGEST);
	ck_assert(scram_server_choose(&e.s, str_of(firsts[_i].mechanism)));
	got = scram_server_first(&e.s, str_of(firsts[_i].msg), &e.msg[0]);
	ck_assert_msg(got == firsts[_i].want, "%s: %s", firsts[_i].why,
	    scram_why(got));
	stop(&e);
}
END_TEST

/* What c= may be behind p=tls-server-end-point; the rest is right. */
static const struct {
	const char *why, *binding;
	enum scram want;
} finals[] = {
	{ "the head without data", "cD10bHMtc2VydmVyLWVuZC1wb2ludCws",
	    SCRAM_BINDING_CHECK },
	{ "n,,", "biws", SCRAM_BINDING_CHECK },
	{ "y,,", "eSws", SCRAM_BINDING_CHECK },
	{ "nothing", "", SCRAM_BINDING_CHECK },
	{ "not base64", "!!!!", SCRAM_BINDING_CHECK },
	{ "blank behind", "cD10bHMtc2VydmVyLWVuZC1wb2ludCwsMDEyMzQ1Njc4OWFiY"
	    "2RlZjAxMjM0NTY3ODlhYmNkZWY= ", SCRAM_BINDING_CHECK },
};

START_TEST(b07_wrong_data_is_refused)
{
	struct text in = { 0 };
	struct exchange e;
	enum scram got;

	start(&e, DIGEST);
	ck_assert(scram_server_choose(&e.s, str_of(PLUS)));
	ck_assert_int_eq(scram_server_first(&e.s,
	    str_of("p=tls-server-end-point,,n=,r=abc"), &e.msg[0]), SCRAM_OK);
	text_printf(&in, "c=%s,r=%s,p=" RFC_PROOF, finals[_i].binding,
	    e.s.nonce.p);
	got = scram_server_final(&e.s, view(&in), &e.msg[1]);
	ck_assert_msg(got == finals[_i].want, "%s: %s", finals[_i].why,
	    scram_why(got));
	ck_assert(!e.s.accepted);
	text_fini(&in);
	stop(&e);
}
END_TEST

/* A hostile server */

static const struct {
	const char *why;
	struct sasl_offer offer;
	const char *binding;
	bool must_bind;
	enum scram want;
	const char *mechanism;
} choices[] = {
	{ "PLUS alone, and we can", { false, true }, DIGEST, false, SCRAM_OK,
	    PLUS },
	{ "PLUS alone, and we cannot", { false, true }, NULL, false,
	    SCRAM_NO_MECHANISM, NULL },
	{ "nothing that we know", { false, false }, DIGEST, false,
	    SCRAM_NO_MECHANISM, NULL },
	{ "PLUS without TLS", { true, true }, NULL, false, SCRAM_OK, PLAIN },
	{ "PLUS without TLS, required", { true, true }, NULL, true,
	    SCRAM_NOT_BOUND, NULL },
	{ "no PLUS, required", { true, false }, DIGEST, true,
	    SCRAM_NOT_BOUND, NULL },
};

START_TEST(client_takes_the_best_that_is_possible)
{
	struct scram_client c;
	const char *mechanism = NULL;
	enum scram got;

	scram_client_init(&c, zeros);
	got = scram_client_choose(&c, &choices[_i].offer,
	    str_of(choices[_i].binding), choices[_i].must_bind, &mechanism);
	ck_assert_msg(got == choices[_i].want, "%s: %s", choices[_i].why,
	    scram_why(got));
	if (got == SCRAM_OK)
		ck_assert_str_eq(mechanism, choices[_i].mechanism);
	scram_client_fini(&c);
}
END_TEST

START_TEST(longest_digest_fits)
{
	const char sha512[] = DIGEST DIGEST;
	struct gs2_channel ch;
	char out[GS2_TEXT_ROOM];

	ck_assert_uint_eq(strlen(sha512), GS2_DATA_MAX);
	ck_assert_uint_eq(strlen(gs2_head(GS2_BOUND)), GS2_HEAD_MAX);
	gs2_channel_set(&ch, str_of(sha512));
	gs2_binding(GS2_BOUND, &ch, out);
	ck_assert_uint_eq(strlen(out), GS2_TEXT_ROOM - 1);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("scram_plus");
	TCase *t = tcase_create("binding");

	tcase_add_loop_test(t, exchange_is_bound_where_both_can, 0,
	    (int)countof(exchanges));
	tcase_add_test(t, b35_keys_pass_from_a_plain_exchange_to_a_bound_one);
	tcase_add_test(t, messages_are_those_of_the_rfc);
	tcase_add_test(t, b07_only_what_was_offered_can_be_chosen);
	tcase_add_loop_test(t, b07_first_message_must_fit_the_mechanism, 0,
	    (int)countof(firsts));
	tcase_add_loop_test(t, b07_wrong_data_is_refused, 0,
	    (int)countof(finals));
	tcase_add_loop_test(t, client_takes_the_best_that_is_possible, 0,
	    (int)countof(choices));
	tcase_add_test(t, longest_digest_fits);
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
