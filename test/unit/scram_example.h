/*
 * scram_example.h - what the tests of both sides of SCRAM share: the example
 * of RFC 7677, and cheap verifiers.
 */
#ifndef TEST_SCRAM_EXAMPLE_H
#define TEST_SCRAM_EXAMPLE_H

#include "pgwire/crypto.h"
#include "pgwire/scram.h"

/* RFC 7677, section 3 */
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

static inline struct str
view(const struct text *t)
{
	return (struct str){ t->p, t->n };
}

static inline struct scram_params
params_of(const char *salt, uint32_t iterations)
{
	struct scram_params p;

	scram_params_set(&p, str_of(salt), iterations);
	return p;
}

static inline struct scram_verifier
verifier_of(const char *password, const struct scram_params *p)
{
	struct scram_verifier v;
	struct scram_keys k;

	scram_keys_derive(&k, str_of(password), p);
	scram_verifier_of(&v, &k);
	return v;
}

static inline struct scram_verifier
cheap_verifier(void)
{
	const struct scram_params p = params_of("0123456789abcdef", 2);

	return verifier_of("pencil", &p);
}

#endif
