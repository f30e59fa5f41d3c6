/*
 * test_tls_context.c - contexts from settings (pitfalls a16, a17).
 */
#include "net/tls_context.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "base/must.h"
#include "certs.h"
#include "files.h"

static struct cert *authority, *server;

static void
start(void)
{
	const struct cert_spec ca = { .cn = "ca", .is_authority = true };
	const struct cert_spec s = { .cn = "s", .dns = { "s" } };

	files_start();
	authority = cert_make(&ca, NULL);
	server = cert_make(&s, authority);
	cert_write(authority, "ca");
	cert_write(server, "s");
	files_put("empty", "");
	files_put("rubbish", "-----BEGIN CERTIFICATE-----\nrubbish\n"
	    "-----END CERTIFICATE-----\n");
	files_put("locked", "-----BEGIN ENCRYPTED PRIVATE KEY-----\n"
	    "MIGbMFcGCSqGSIb3DQEFDTBKMCkGCSqGSIb3DQEFDDAcBAgAAAAAAAAAAAICCAAw\n"
	    "-----END ENCRYPTED PRIVATE KEY-----\n");
}

static void
stop(void)
{
	cert_free(authority);
	cert_free(server);
	files_stop();
}

static const struct tls_settings good = {
	.prefix = "client_tls", .accepts = true,
	.verify = TLS_VERIFY_OPTIONAL,
	.key_file = "s.key", .cert_file = "s.crt", .ca_file = "ca.crt",
	.protocols = "secure", .ciphers = "default", .suites = NULL,
	.dheparams = "auto", .ecdhcurve = "auto",
};

/* One member that differs from the good settings. */
struct change {
	const char *why;
	size_t member;
	const char *value;
	const char *want;       /* the beginning of the error; NULL: none */
};

#define AT(member) offsetof(struct tls_settings, member)

static const struct change changes[] = {
	{ "nothing", AT(prefix), "client_tls", NULL },
	{ "no file", AT(key_file), "absent",
	    "client_tls_key_file: cannot read \"absent\": No such file" },
	{ "a folder", AT(ca_file), ".", "client_tls_ca_file: cannot read" },
	{ "an empty key", AT(key_file), "empty",
	    "client_tls_key_file: \"empty\": " },
	{ "another key", AT(key_file), "ca.key",
	    "client_tls_key_file: \"ca.key\": key values mismatch" },
	{ "a key with a passphrase", AT(key_file), "locked",
	    "client_tls_key_file: \"locked\": " },
	{ "a key for a certificate", AT(cert_file), "s.key",
	    "client_tls_cert_file: \"s.key\": no start line" },
	{ "rubbish", AT(cert_file), "rubbish",
	    "client_tls_cert_file: \"rubbish\": " },
	{ "no key", AT(key_file), "", "expected both client_tls_key_file" },
	{ "no certificate", AT(cert_file), NULL,
	    "expected both client_tls_key_file and client_tls_cert_file" },
	{ "no authority in it", AT(ca_file), "empty",
	    "client_tls_ca_file: there is no certificate in \"empty\"" },
	{ "rubbish", AT(ca_file), "rubbish",
	    "client_tls_ca_file: \"rubbish\": " },
	{ "the system's authorities", AT(ca_file), "", NULL },
	{ "protocols", AT(protocols), "tlsv1.2,tlsv1.3", NULL },
	{ "colons", AT(protocols), "tlsv1.2: tlsv1.3", NULL },
	{ "negated", AT(protocols), "!tlsv1.0:!tlsv1.1", NULL },
	{ "all of 1.x", AT(protocols), "TLSv1", NULL },
	{ "empty", AT(protocols), "", NULL },
	{ "SSL", AT(protocols), "sslv3", "client_tls_protocols: expected" },
	{ "none left", AT(protocols), "tlsv1.2,!tlsv1.2",
	    "client_tls_protocols: expected" },
	{ "an empty word", AT(protocols), "tlsv1.2,,tlsv1.3",
	    "client_tls_protocols: expected" },
	{ "ciphers", AT(ciphers), "ECDHE-ECDSA-AES128-GCM-SHA256", NULL },
	{ "a word of PgBouncer", AT(ciphers), "fast", NULL },
	{ "no such cipher", AT(ciphers), "nonsense",
	    "client_tls_ciphers: \"nonsense\": no cipher match" },
	{ "suites", AT(suites), "TLS_AES_128_GCM_SHA256", NULL },
	{ "no such suite", AT(suites), "nonsense",
	    "client_tls13_ciphers: there is no such cipher suite" },
	{ "no Diffie-Hellman", AT(dheparams), "none", NULL },
	{ "PgBouncer refuses it too", AT(dheparams), "legacy",
	    "client_tls_dheparams: expected auto or none" },
	{ "a curve", AT(ecdhcurve), "prime256v1", NULL },
	{ "curves", AT(ecdhcurve), "X25519:P-256", NULL },
	{ "no such curve", AT(ecdhcurve), "nonsense",
	    "client_tls_ecdhcurve: \"nonsense\": " },
};

static struct tls_settings
with(const struct change *c)
{
	struct tls_settings s = good;

	memcpy((char *)&s + c->member, &c->value, sizeof c->value);
	return s;
}

START_TEST(a17_an_error_names_the_setting_and_the_file)
{
	const struct change *c = &changes[_i];
	struct tls_settings s = with(c);
	struct err err = {{ 0 }};
	struct tls_context *x = tls_context_create(&s, &err);

	if (c->want == NULL)
		ck_assert_msg(x != NULL, "%s: %s", c->why, err.text);
	else
		ck_assert_msg(x == NULL && strncmp(err.text, c->want,
		    strlen(c->want)) == 0, "%s: %s", c->why, err.text);
	tls_context_unref(x);
}
END_TEST

START_TEST(a16_the_same_is_the_same)
{
	struct tls_settings s = good;
	struct err err;
	struct tls_context *a = tls_context_create(&good, &err), *b;
	size_t i;

	b = tls_context_create(&good, &err);
	ck_assert(tls_context_same(a, b));
	ck_assert(!tls_context_same(a, NULL));
	ck_assert(tls_context_same(NULL, NULL));
	tls_context_unref(b);
	for (i = 0; i < countof(changes); i++) {
		s = with(&changes[i]);
		b = changes[i].want == NULL ? tls_context_create(&s, &err) :
		    NULL;
		if (b != NULL && i > 0)
			ck_assert_msg(!tls_context_same(a, b), "%s",
			    changes[i].why);
		tls_context_unref(b);
	}
	s = good;
	s.verify = TLS_VERIFY_CA;
	b = tls_context_create(&s, &err);
	ck_assert(!tls_context_same(a, b));
	tls_context_unref(b);
	/* Another content of the same file. */
	cert_write(authority, "s");
	b = tls_context_create(&good, &err);
	ck_assert_msg(b != NULL, "%s", err.text);
	ck_assert(!tls_context_same(a, b));
	tls_context_unref(b);
	tls_context_unref(a);
}
END_TEST

START_TEST(a_client_needs_no_certificate)
{
	const struct tls_settings s = { .prefix = "server_tls" };
	struct tls_settings half = s;
	struct err err;
	struct tls_context *x = tls_context_create(&s, &err);

	ck_assert(x != NULL);
	ck_assert_ptr_eq(tls_context_ref(x), x);
	tls_context_unref(x);
	tls_context_unref(x);
	half.cert_file = "s.crt";
	ck_assert(tls_context_create(&half, &err) == NULL);
	ck_assert(strstr(err.text, "server_tls_key_file") != NULL);
	tls_context_unref(NULL);
	ck_assert(tls_context_ref(NULL) == NULL);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("tls_context");
	TCase *tc = tcase_create("settings");
	SRunner *sr = srunner_create(s);
	int failed;

	tcase_add_checked_fixture(tc, start, stop);
	tcase_add_loop_test(tc, a17_an_error_names_the_setting_and_the_file,
	    0, (int)countof(changes));
	tcase_add_test(tc, a16_the_same_is_the_same);
	tcase_add_test(tc, a_client_needs_no_certificate);
	suite_add_tcase(s, tc);
	srunner_run_all(sr, CK_NORMAL);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
