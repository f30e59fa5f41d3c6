/*
 * crypto.c - the few primitives that logins need, over OpenSSL's libcrypto.
 *
 * The only file of this folder that includes OpenSSL's headers. Nothing here
 * knows PostgreSQL. Failures that only a broken library or exhausted memory
 * can cause end the program: a pooler that cannot hash or cannot draw random
 * bytes must not let anybody in. MD5 is the exception, since a library in
 * FIPS mode refuses it while all else works.
 */
#include "pgwire/crypto.h"

#include <limits.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>
#include <openssl/sha.h>
#include <stdio.h>

#include "base/must.h"

/* Digests */

bool
crypto_md5(const struct str *part, size_t nparts,
    unsigned char out[CRYPTO_MD5_SIZE])
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	bool ok;
	size_t i;

	must(ctx != NULL);
	ok = EVP_DigestInit_ex(ctx, EVP_md5(), NULL) == 1;
	for (i = 0; ok && i < nparts; i++)
		ok = EVP_DigestUpdate(ctx, part[i].p, part[i].n) == 1;
	ok = ok && EVP_DigestFinal_ex(ctx, out, NULL) == 1;
	EVP_MD_CTX_free(ctx);
	if (!ok)
		memset(out, 0, CRYPTO_MD5_SIZE);
	return ok;
}

void
crypto_sha256(const void *p, size_t n, unsigned char out[CRYPTO_SHA256_SIZE])
{
	must(SHA256(p, n, out) != NULL);
}

void
crypto_hmac_sha256(const unsigned char key[CRYPTO_SHA256_SIZE],
    struct str message, unsigned char out[CRYPTO_SHA256_SIZE])
{
	unsigned char mac[CRYPTO_SHA256_SIZE];
	unsigned int n = 0;

	must(HMAC(EVP_sha256(), key, CRYPTO_SHA256_SIZE,
	    (const unsigned char *)message.p, message.n, mac, &n) != NULL);
	must(n == sizeof mac);
	memcpy(out, mac, sizeof mac);
	crypto_wipe(mac, sizeof mac);
}

void
crypto_pbkdf2(struct str password, struct str salt, uint32_t iterations,
    unsigned char out[CRYPTO_SHA256_SIZE])
{
	must(password.n <= INT_MAX && salt.n <= INT_MAX);
	must(iterations >= 1 && iterations <= INT_MAX);
	must(PKCS5_PBKDF2_HMAC(password.n != 0 ? password.p : "",
	    (int)password.n, (const unsigned char *)salt.p, (int)salt.n,
	    (int)iterations, EVP_sha256(), CRYPTO_SHA256_SIZE, out) == 1);
}

/* Comparing and forgetting */

bool
crypto_same(const void *a, const void *b, size_t n)
{
	return CRYPTO_memcmp(a, b, n) == 0;
}

bool
crypto_same_text(struct str a, struct str b)
{
	unsigned char da[CRYPTO_SHA256_SIZE], db[CRYPTO_SHA256_SIZE];
	bool same;

	crypto_sha256(a.n != 0 ? a.p : "", a.n, da);
	crypto_sha256(b.n != 0 ? b.p : "", b.n, db);
	same = crypto_same(da, db, sizeof da);
	crypto_wipe(da, sizeof da);
	crypto_wipe(db, sizeof db);
	return same;
}

void
crypto_wipe(void *p, size_t n)
{
	if (n != 0)
		OPENSSL_cleanse(p, n);
}

void
crypto_wipe_text(struct text *t)
{
	crypto_wipe(t->p, t->cap);
	text_fini(t);
}

/* Base64 and hex */

size_t
crypto_base64_encode(const void *p, size_t n, char *out, size_t cap)
{
	must(n <= INT_MAX / 2 && cap >= CRYPTO_BASE64_ROOM(n));
	return (size_t)EVP_EncodeBlock((unsigned char *)out, p, (int)n);
}

/* The value of a base64 digit, or -1. */
static int
digit(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	return c == '+' ? 62 : c == '/' ? 63 : -1;
}

/*
 * EVP_DecodeBlock() forgives blanks at both ends and counts padding as
 * bytes, so the shape of a text is settled before it is decoded. The bits
 * that the last digit has too many must be zero: each value has one text.
 */
static bool
well_formed(struct str s, size_t *padding)
{
	size_t i, digits = s.n;
	int last;

	if (s.n % 4 != 0 || s.n > INT_MAX / 2)
		return false;
	while (digits > 0 && s.n - digits < 2 && s.p[digits - 1] == '=')
		digits--;
	for (i = 0; i < digits; i++)
		if (digit(s.p[i]) < 0)
			return false;
	*padding = s.n - digits;
	if (*padding == 0)
		return true;
	last = digit(s.p[digits - 1]);
	return (last & (*padding == 2 ? 0x0f : 0x03)) == 0;
}

bool
crypto_base64_decode(struct str s, unsigned char *out, size_t cap, size_t *n)
{
	unsigned char tail[3];
	size_t padding = 0, whole;

	*n = 0;
	if (!well_formed(s, &padding))
		return false;
	if (s.n == 0)
		return true;
	if (s.n / 4 * 3 - padding > cap)
		return false;
	/* The last group apart: it is written as three bytes in any case. */
	whole = s.n - 4;
	must(EVP_DecodeBlock(tail, (const unsigned char *)s.p + whole, 4)
	    == 3);
	if (whole != 0)
		must(EVP_DecodeBlock(out, (const unsigned char *)s.p,
		    (int)whole) >= 0);
	memcpy(out + whole / 4 * 3, tail, 3 - padding);
	crypto_wipe(tail, sizeof tail);
	*n = s.n / 4 * 3 - padding;
	return true;
}

size_t
crypto_hex(const void *p, size_t n, char *out, size_t cap)
{
	static const char digits[] = "0123456789abcdef";
	const unsigned char *b = p;
	size_t i;

	must(n < cap && n < cap - n);
	for (i = 0; i < n; i++) {
		out[2 * i] = digits[b[i] >> 4];
		out[2 * i + 1] = digits[b[i] & 15];
	}
	out[2 * n] = '\0';
	return 2 * n;
}

/* Randomness */

void
crypto_library(char *buf, size_t cap)
{
	snprintf(buf, cap, "OpenSSL %s",
	    OpenSSL_version(OPENSSL_VERSION_STRING));
}

void
crypto_random_init(struct crypto_random *r)
{
	r->left = 0;
}

void
crypto_random_take(struct crypto_random *r, void *out, size_t n)
{
	unsigned char *from;

	if (n > sizeof r->bytes) {
		must(n <= INT_MAX && RAND_bytes(out, (int)n) == 1);
		return;
	}
	if (n > r->left) {
		must(RAND_bytes(r->bytes, sizeof r->bytes) == 1);
		r->left = sizeof r->bytes;
	}
	from = r->bytes + sizeof r->bytes - r->left;
	memcpy(out, from, n);
	crypto_wipe(from, n);
	r->left -= n;
}

void
crypto_random_fini(struct crypto_random *r)
{
	crypto_wipe(r, sizeof *r);
}
