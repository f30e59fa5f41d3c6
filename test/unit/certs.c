/*
 * certs.c - certificates for tests; see certs.h.
 */
#include "certs.h"

#include <check.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HOUR 3600L

struct cert {
	X509 *x509;
	EVP_PKEY *key;
};

static EVP_PKEY *
make_key(enum cert_key kind)
{
	switch (kind) {
	case CERT_EC:
		return EVP_EC_gen("P-256");
	case CERT_RSA:
		return EVP_RSA_gen(2048);
	case CERT_ED25519:
		break;
	}
	return EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
}

static void
add_name(GENERAL_NAMES *all, int type, const void *p, size_t n)
{
	ASN1_STRING *value = ASN1_STRING_type_new(type == GEN_IPADD ?
	    V_ASN1_OCTET_STRING : V_ASN1_IA5STRING);
	GENERAL_NAME *name = GENERAL_NAME_new();

	ck_assert_int_eq(ASN1_STRING_set(value, p, (int)n), 1);
	GENERAL_NAME_set0_value(name, type, value);
	ck_assert_int_gt(sk_GENERAL_NAME_push(all, name), 0);
}

static void
add_alt_names(X509 *x, const struct cert_spec *s)
{
	GENERAL_NAMES *all = sk_GENERAL_NAME_new_null();
	size_t i;

	for (i = 0; i < 2 && s->dns[i] != NULL; i++)
		add_name(all, GEN_DNS, s->dns[i], i == 0 && s->dns_len > 0 ?
		    s->dns_len : strlen(s->dns[i]));
	if (s->ip != NULL)
		add_name(all, GEN_IPADD, s->ip, 4);
	if (sk_GENERAL_NAME_num(all) > 0)
		ck_assert_int_eq(X509_add1_ext_i2d(x, NID_subject_alt_name,
		    all, 0, 0), 1);
	GENERAL_NAMES_free(all);
}

static void
add_authority(X509 *x)
{
	X509_EXTENSION *e = X509V3_EXT_conf_nid(NULL, NULL,
	    NID_basic_constraints, "critical,CA:TRUE");

	ck_assert(e != NULL);
	ck_assert_int_eq(X509_add_ext(x, e, -1), 1);
	X509_EXTENSION_free(e);
}

static void
sign(X509 *x, enum cert_key kind, EVP_PKEY *key, const char *digest)
{
	const EVP_MD *md = kind == CERT_ED25519 ? NULL :
	    EVP_get_digestbyname(digest != NULL ? digest : "SHA256");

	ck_assert_int_gt(X509_sign(x, key, md), 0);
}

struct cert *
cert_make(const struct cert_spec *s, const struct cert *issuer)
{
	struct cert *c = calloc(1, sizeof *c);
	X509_NAME *name;
	unsigned char serial[8];

	ck_assert(c != NULL);
	c->key = make_key(s->key);
	c->x509 = X509_new();
	ck_assert(c->key != NULL && c->x509 != NULL);
	X509_set_version(c->x509, X509_VERSION_3);
	arc4random_buf(serial, sizeof serial);
	serial[0] = 1;
	ck_assert_int_eq(ASN1_STRING_set(X509_get_serialNumber(c->x509),
	    serial, sizeof serial), 1);
	X509_gmtime_adj(X509_getm_notBefore(c->x509), -2 * HOUR);
	X509_gmtime_adj(X509_getm_notAfter(c->x509),
	    s->is_expired ? -HOUR : HOUR);
	X509_set_pubkey(c->x509, c->key);
	name = X509_get_subject_name(c->x509);
	if (s->cn != NULL)
		ck_assert_int_eq(X509_NAME_add_entry_by_NID(name,
		    NID_commonName, V_ASN1_UTF8STRING,
		    (const unsigned char *)s->cn, s->cn_len > 0 ?
		    (int)s->cn_len : -1, -1, 0), 1);
	X509_set_issuer_name(c->x509, issuer != NULL ?
	    X509_get_subject_name(issuer->x509) : name);
	add_alt_names(c->x509, s);
	if (s->is_authority)
		add_authority(c->x509);
	if (issuer == NULL)
		sign(c->x509, s->key, c->key, s->digest);
	else
		sign(c->x509, EVP_PKEY_id(issuer->key) == EVP_PKEY_ED25519 ?
		    CERT_ED25519 : CERT_EC, issuer->key, s->digest);
	return c;
}

void
cert_free(struct cert *c)
{
	X509_free(c->x509);
	EVP_PKEY_free(c->key);
	free(c);
}

static FILE *
create(const char *name, const char *suffix)
{
	char path[128];
	FILE *f;

	snprintf(path, sizeof path, "%s%s", name, suffix);
	f = fopen(path, "w");
	ck_assert(f != NULL);
	return f;
}

void
cert_write(const struct cert *c, const char *name)
{
	FILE *f = create(name, ".crt");

	ck_assert_int_eq(PEM_write_X509(f, c->x509), 1);
	fclose(f);
	f = create(name, ".key");
	ck_assert_int_eq(PEM_write_PrivateKey(f, c->key, NULL, NULL, 0, NULL,
	    NULL), 1);
	fclose(f);
}

void
cert_revoke(const struct cert *authority, const struct cert *victim,
    const char *path)
{
	X509_CRL *list = X509_CRL_new();
	X509_REVOKED *one = X509_REVOKED_new();
	ASN1_TIME *time = X509_gmtime_adj(NULL, -HOUR);
	FILE *f = create(path, "");

	X509_CRL_set_version(list, X509_CRL_VERSION_2);
	X509_CRL_set_issuer_name(list,
	    X509_get_subject_name(authority->x509));
	X509_CRL_set1_lastUpdate(list, time);
	X509_REVOKED_set_revocationDate(one, time);
	X509_REVOKED_set_serialNumber(one,
	    X509_get_serialNumber(victim->x509));
	X509_CRL_add0_revoked(list, one);
	X509_gmtime_adj(time, HOUR);
	X509_CRL_set1_nextUpdate(list, time);
	ck_assert_int_gt(X509_CRL_sign(list, authority->key, EVP_sha256()),
	    0);
	ck_assert_int_eq(PEM_write_X509(f, authority->x509), 1);
	ck_assert_int_eq(PEM_write_X509_CRL(f, list), 1);
	fclose(f);
	ASN1_TIME_free(time);
	X509_CRL_free(list);
}
