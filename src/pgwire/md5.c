/*
 * md5.c - MD5 passwords as in the PostgreSQL manual, section "Message Flow":
 * concat('md5', md5(concat(md5(concat(password, username)), salt))).
 *
 * The inner digest is the stored secret, so whoever has it can log in; the
 * salted outer one proves that the peer has it.
 */
#include "pgwire/md5.h"

#include "base/must.h"
#include "pgwire/crypto.h"

#define PREFIX "md5"
#define PREFIX_LEN 3

bool
md5_is_secret(struct str s)
{
	size_t i;

	if (s.n != MD5_TEXT_LEN || memcmp(s.p, PREFIX, PREFIX_LEN) != 0)
		return false;
	for (i = PREFIX_LEN; i < s.n; i++)
		if (!(s.p[i] >= '0' && s.p[i] <= '9') &&
		    !(s.p[i] >= 'a' && s.p[i] <= 'f'))
			return false;
	return true;
}

/* "md5" + hex(md5(a b)) */
static bool
digest(char out[MD5_TEXT_ROOM], struct str a, struct str b)
{
	const struct str part[] = { a, b };
	unsigned char sum[CRYPTO_MD5_SIZE];
	bool ok = crypto_md5(part, countof(part), sum);

	memcpy(out, PREFIX, PREFIX_LEN);
	crypto_hex(sum, sizeof sum, out + PREFIX_LEN,
	    MD5_TEXT_ROOM - PREFIX_LEN);
	crypto_wipe(sum, sizeof sum);
	return ok;
}

bool
md5_secret(char out[MD5_TEXT_ROOM], struct str password, struct str user)
{
	return digest(out, password, user);
}

bool
md5_response(char out[MD5_TEXT_ROOM], struct str secret,
    const unsigned char salt[MD5_SALT_SIZE])
{
	must(secret.n == MD5_TEXT_LEN);
	return digest(out,
	    (struct str){ secret.p + PREFIX_LEN, secret.n - PREFIX_LEN },
	    (struct str){ (const char *)salt, MD5_SALT_SIZE });
}

bool
md5_accepts(struct str response, struct str secret,
    const unsigned char salt[MD5_SALT_SIZE])
{
	char want[MD5_TEXT_ROOM];
	bool ok;

	ok = md5_response(want, secret, salt) && response.n == MD5_TEXT_LEN &&
	    crypto_same(want, response.p, MD5_TEXT_LEN);
	crypto_wipe(want, sizeof want);
	return ok;
}
