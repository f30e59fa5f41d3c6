/*
 * tls_context.c - makes a context from settings; see tls_context.h.
 *
 * Every file is read once, into memory: what is loaded is what was
 * fingerprinted, so a reload can tell whether anything has changed at all. A
 * file with a passphrase is refused, for there is nobody to ask.
 *
 * Fixed by us: no compression, no renegotiation, no session tickets and no
 * session cache (nobody resumes a pooled session, and each ticket costs every
 * login), our order of ciphers (ECDSA comes before RSA in OpenSSL's list),
 * buffers given back while a connection is idle, and reading ahead, so that
 * a record costs one read and not two.
 */
#include "net/tls_context.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/must.h"
#include "base/str.h"
#include "net/tls_private.h"

#define FILE_SIZE_MAX (16 * 1024 * 1024)
#define PEER_CHAIN_MAX (32 * 1024)      /* bytes, before anybody logged in */

/* One setting that names a file, and what is in it. */
struct input {
	const char *setting;            /* "key_file" */
	const char *path;
	unsigned char *bytes;
	size_t n, cap;
};

struct making {
	const struct tls_settings *settings;
	struct input key, cert, ca;
	SSL_CTX *ssl;
	struct err *err;
};

static const char *
or_empty(const char *s)
{
	return s != NULL ? s : "";
}

const char *
tls_error_text(unsigned long code, char *buf, size_t cap)
{
	const char *why = ERR_reason_error_string(code);

	/* A system error has no reason string, only a number. */
	if (why == NULL && ERR_SYSTEM_ERROR(code))
		why = strerror((int)ERR_GET_REASON(code));
	if (why != NULL)
		snprintf(buf, cap, "%s", why);
	else
		snprintf(buf, cap, "TLS error %lu", code);
	return buf;
}

/* Say what OpenSSL has against the value or the file of a setting. */
static bool
refuse(const struct making *m, const char *setting, const char *value)
{
	char why[256];

	tls_error_text(ERR_peek_last_error(), why, sizeof why);
	ERR_clear_error();
	return err_set(m->err, "%s_%s: \"%.200s\": %s", m->settings->prefix,
	    setting, value, why);
}

static bool
refuse_input(const struct making *m, const struct input *in)
{
	return refuse(m, in->setting, in->path);
}

/*
 * Files.
 */

static bool
read_input(const struct making *m, struct input *in)
{
	struct stat st;
	ssize_t got = 0;
	bool ok;
	int fd;

	if (in->path[0] == '\0')
		return true;
	fd = open(in->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	ok = fd != -1 && fstat(fd, &st) == 0;
	if (ok && !S_ISREG(st.st_mode)) {
		errno = S_ISDIR(st.st_mode) ? EISDIR : EINVAL;
		ok = false;
	} else if (ok && st.st_size > FILE_SIZE_MAX) {
		errno = EFBIG;
		ok = false;
	}
	if (ok) {
		in->bytes = mem_alloc((size_t)st.st_size + 1);
		in->cap = (size_t)st.st_size;
		while (in->n < in->cap && (got = read(fd, in->bytes + in->n,
		    in->cap - in->n)) > 0)
			in->n += (size_t)got;
		ok = got >= 0;
	}
	if (!ok)
		(void)err_set(m->err, "%s_%s: cannot read \"%.200s\": %s",
		    m->settings->prefix, in->setting, in->path,
		    strerror(errno));
	if (fd != -1)
		close(fd);
	return ok;
}

static void
wipe_input(struct input *in)
{
	OPENSSL_cleanse(in->bytes, in->cap);
	mem_free(in->bytes);
}

static BIO *
open_input(const struct input *in)
{
	BIO *bio = BIO_new_mem_buf(in->n > 0 ? in->bytes :
	    (const unsigned char *)"", (int)in->n);

	must(bio != NULL);
	return bio;
}

/* Without this OpenSSL would ask whoever sits at the terminal. */
static int
no_passphrase(char *buf, int size, int rw, void *arg)
{
	(void)buf;
	(void)size;
	(void)rw;
	(void)arg;
	return -1;
}

static bool
load_key(const struct making *m)
{
	BIO *bio = open_input(&m->key);
	EVP_PKEY *key = PEM_read_bio_PrivateKey(bio, NULL, no_passphrase,
	    NULL);
	bool ok = key != NULL && SSL_CTX_use_PrivateKey(m->ssl, key) == 1;

	EVP_PKEY_free(key);
	BIO_free(bio);
	return ok || refuse_input(m, &m->key);
}

/* The certificates behind the first one lead to the authority. */
static bool
load_chain(const struct making *m, BIO *bio)
{
	X509 *cert;

	while ((cert = PEM_read_bio_X509(bio, NULL, no_passphrase, NULL)) !=
	    NULL) {
		if (SSL_CTX_add0_chain_cert(m->ssl, cert) != 1) {
			X509_free(cert);
			return false;
		}
	}
	if (ERR_GET_REASON(ERR_peek_last_error()) != PEM_R_NO_START_LINE)
		return false;
	ERR_clear_error();
	return true;
}

static bool
load_certificate(const struct making *m)
{
	BIO *bio = open_input(&m->cert);
	X509 *cert = PEM_read_bio_X509_AUX(bio, NULL, no_passphrase, NULL);
	bool ok = cert != NULL &&
	    SSL_CTX_use_certificate(m->ssl, cert) == 1 && load_chain(m, bio);

	X509_free(cert);
	BIO_free(bio);
	return ok || refuse_input(m, &m->cert);
}

/* Where the file has no more than our own certificate, those between it and
 * the root are looked for among the authorities: once, for OpenSSL would do
 * it at every handshake, and send the root, too. */
static void
complete_chain(const struct making *m)
{
	STACK_OF(X509) *chain = NULL;

	SSL_CTX_set_mode(m->ssl, SSL_MODE_NO_AUTO_CHAIN);
	SSL_CTX_get0_chain_certs(m->ssl, &chain);
	if (SSL_CTX_get0_certificate(m->ssl) == NULL ||
	    sk_X509_num(chain) > 0)
		return;
	(void)SSL_CTX_build_cert_chain(m->ssl, SSL_BUILD_CHAIN_FLAG_NO_ROOT |
	    SSL_BUILD_CHAIN_FLAG_IGNORE_ERROR |
	    SSL_BUILD_CHAIN_FLAG_CLEAR_ERROR);
	ERR_clear_error();
}

/* Both or none; of a server both. */
static bool
load_identity(const struct making *m)
{
	const char *prefix = m->settings->prefix;
	bool has_key = m->key.path[0] != '\0';
	bool has_cert = m->cert.path[0] != '\0';

	if (!has_key && !has_cert && !m->settings->accepts)
		return true;
	if (!has_key || !has_cert)
		return err_set(m->err, "expected both %s_key_file and "
		    "%s_cert_file, or %s_sslmode = disable", prefix, prefix,
		    prefix);
	if (!load_certificate(m) || !load_key(m))
		return false;
	return SSL_CTX_check_private_key(m->ssl) == 1 ||
	    refuse_input(m, &m->key);
}

/* Certificates of authorities, and their lists of revoked ones. As in libpq,
 * with a list in the file each certificate of a chain is looked up in that of
 * its issuer: an authority may have been revoked, too. */
static bool
add_authorities(const struct making *m, STACK_OF(X509_INFO) *all)
{
	X509_STORE *store = SSL_CTX_get_cert_store(m->ssl);
	bool ok = true, any = false, lists = false;
	const X509_INFO *item;
	int i;

	for (i = 0; ok && i < sk_X509_INFO_num(all); i++) {
		item = sk_X509_INFO_value(all, i);
		if (item->x509 != NULL) {
			any = true;
			ok = X509_STORE_add_cert(store, item->x509) == 1;
			if (ok && m->settings->accepts)
				ok = SSL_CTX_add_client_CA(m->ssl,
				    item->x509) == 1;
		}
		if (ok && item->crl != NULL) {
			lists = true;
			ok = X509_STORE_add_crl(store, item->crl) == 1;
		}
	}
	if (lists)
		X509_STORE_set_flags(store, X509_V_FLAG_CRL_CHECK |
		    X509_V_FLAG_CRL_CHECK_ALL);
	if (!ok)
		return refuse_input(m, &m->ca);
	return any || err_set(m->err, "%s_ca_file: there is no certificate "
	    "in \"%.200s\"", m->settings->prefix, m->ca.path);
}

static bool
load_authorities(const struct making *m)
{
	STACK_OF(X509_INFO) *all;
	BIO *bio;
	bool ok;

	if (m->settings->verify == TLS_VERIFY_NONE && m->ca.path[0] == '\0')
		return true;
	if (m->ca.path[0] == '\0')
		return SSL_CTX_set_default_verify_paths(m->ssl) == 1 ||
		    refuse(m, "ca_file", "");
	bio = open_input(&m->ca);
	all = PEM_X509_INFO_read_bio(bio, NULL, no_passphrase, NULL);
	BIO_free(bio);
	if (all == NULL)
		return refuse_input(m, &m->ca);
	ok = add_authorities(m, all);
	sk_X509_INFO_pop_free(all, X509_INFO_free);
	return ok;
}

/*
 * Protocols, ciphers and curves.
 */

enum { V1_0 = 1, V1_1 = 2, V1_2 = 4, V1_3 = 8 };

static const struct version {
	const char *name;
	unsigned bits;
} versions[] = {
	{ "tlsv1", V1_0 | V1_1 | V1_2 | V1_3 },
	{ "tlsv1.0", V1_0 }, { "tlsv1.1", V1_1 }, { "tlsv1.2", V1_2 },
	{ "tlsv1.3", V1_3 },
	{ "all", V1_0 | V1_1 | V1_2 | V1_3 },
	{ "secure", V1_2 | V1_3 }, { "default", V1_2 | V1_3 },
};

static unsigned
find_version(struct str word)
{
	size_t i;

	for (i = 0; i < countof(versions); i++)
		if (str_is_nocase(word, versions[i].name))
			return versions[i].bits;
	return 0;
}

/* "tlsv1.2,tlsv1.3", "all:!tlsv1.0"; a first "!" takes away from all. */
static unsigned
parse_protocols(const char *list)
{
	unsigned sum = 0, bits;

	for (;; list++) {
		size_t n = strcspn(list, ",:");
		struct str word = str_trim((struct str){ list, n });
		bool negated = word.n > 0 && word.p[0] == '!';

		if (negated) {
			word.p++;
			word.n--;
			if (sum == 0)
				sum = V1_0 | V1_1 | V1_2 | V1_3;
		}
		bits = find_version(word);
		if (bits == 0)
			return 0;
		sum = negated ? sum & ~bits : sum | bits;
		list += n;
		if (*list == '\0')
			return sum;
	}
}

static bool
set_protocols(const struct making *m)
{
	static const struct {
		unsigned bit;
		int version;
		uint64_t no;
	} all[] = {
		{ V1_0, TLS1_VERSION, SSL_OP_NO_TLSv1 },
		{ V1_1, TLS1_1_VERSION, SSL_OP_NO_TLSv1_1 },
		{ V1_2, TLS1_2_VERSION, SSL_OP_NO_TLSv1_2 },
		{ V1_3, TLS1_3_VERSION, SSL_OP_NO_TLSv1_3 },
	};
	const char *list = or_empty(m->settings->protocols);
	unsigned bits = parse_protocols(list[0] != '\0' ? list : "secure");
	int lowest = 0;
	size_t i;

	if (bits == 0)
		return err_set(m->err, "%s_protocols: expected tlsv1.0, "
		    "tlsv1.1, tlsv1.2, tlsv1.3, all or secure, with commas "
		    "between and perhaps a ! before, not \"%.200s\"",
		    m->settings->prefix, list);
	for (i = 0; i < countof(all); i++) {
		if ((bits & all[i].bit) == 0)
			SSL_CTX_set_options(m->ssl, all[i].no);
		else if (lowest == 0)
			lowest = all[i].version;
	}
	/* The system's own minimum must not forbid what is asked for. */
	return SSL_CTX_set_min_proto_version(m->ssl, lowest) == 1 ||
	    refuse(m, "protocols", list);
}

static bool
is_library_default(const char *ciphers)
{
	static const char *const words[] = {
		"", "default", "secure", "normal", "fast", "all",
	};
	size_t i;

	for (i = 0; i < countof(words); i++)
		if (strcasecmp(ciphers, words[i]) == 0)
			return true;
	return false;
}

static bool
set_ciphers(const struct making *m)
{
	const char *list = or_empty(m->settings->ciphers);
	const char *suites = or_empty(m->settings->suites);

	if (!is_library_default(list) &&
	    SSL_CTX_set_cipher_list(m->ssl, list) != 1)
		return refuse(m, "ciphers", list);
	/* The setting is called client_tls13_ciphers: no common prefix. */
	if (suites[0] != '\0' &&
	    SSL_CTX_set_ciphersuites(m->ssl, suites) != 1) {
		ERR_clear_error();
		return err_set(m->err, "%.6s_tls13_ciphers: there is no such "
		    "cipher suite: \"%.200s\"", m->settings->prefix, suites);
	}
	return true;
}

static bool
set_exchange(const struct making *m)
{
	const char *dhe = or_empty(m->settings->dheparams);
	const char *curve = or_empty(m->settings->ecdhcurve);

	if (dhe[0] == '\0' || strcasecmp(dhe, "auto") == 0)
		SSL_CTX_set_dh_auto(m->ssl, 1);
	else if (strcasecmp(dhe, "none") != 0)
		return err_set(m->err, "%s_dheparams: expected auto or none, "
		    "not \"%.200s\"", m->settings->prefix, dhe);
	if (curve[0] == '\0' || strcasecmp(curve, "auto") == 0 ||
	    strcasecmp(curve, "none") == 0)
		return true;
	return SSL_CTX_set1_groups_list(m->ssl, curve) == 1 ||
	    refuse(m, "ecdhcurve", curve);
}

/*
 * What is fixed.
 */

/* Whoever offers protocols by ALPN must offer ours: a TLS connection that
 * was meant for another service ends here. */
static int
choose_alpn(SSL *ssl, const unsigned char **out, unsigned char *outlen,
    const unsigned char *in, unsigned inlen, void *arg)
{
	static const unsigned char ours[] = "\012postgresql";
	unsigned char *chosen;

	(void)ssl;
	(void)arg;
	if (SSL_select_next_proto(&chosen, outlen, ours, sizeof ours - 1, in,
	    inlen) != OPENSSL_NPN_NEGOTIATED)
		return SSL_TLSEXT_ERR_ALERT_FATAL;
	*out = chosen;
	return SSL_TLSEXT_ERR_OK;
}

static void
set_fixed(const struct making *m)
{
	static const unsigned char session[] = "pgweir";
	int verify = SSL_VERIFY_NONE;

	SSL_CTX_set_options(m->ssl, SSL_OP_NO_COMPRESSION | SSL_OP_NO_TICKET |
	    SSL_OP_NO_RENEGOTIATION | SSL_OP_CIPHER_SERVER_PREFERENCE);
	SSL_CTX_set_mode(m->ssl, SSL_MODE_ENABLE_PARTIAL_WRITE |
	    SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS);
	SSL_CTX_set_read_ahead(m->ssl, 1);
	SSL_CTX_set_session_cache_mode(m->ssl, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_default_passwd_cb(m->ssl, no_passphrase);
	switch (m->settings->verify) {
	case TLS_VERIFY_NONE:
		break;
	case TLS_VERIFY_OPTIONAL:
		verify = SSL_VERIFY_PEER;
		break;
	case TLS_VERIFY_CA:
	case TLS_VERIFY_FULL:
		verify = SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT;
		break;
	}
	SSL_CTX_set_verify(m->ssl, verify, NULL);
	if (!m->settings->accepts)
		return;
	SSL_CTX_set_num_tickets(m->ssl, 0);
	SSL_CTX_set_session_id_context(m->ssl, session, sizeof session - 1);
	SSL_CTX_set_max_cert_list(m->ssl, PEER_CHAIN_MAX);
	SSL_CTX_set_alpn_select_cb(m->ssl, choose_alpn, NULL);
}

/*
 * Facts.
 */

size_t
tls_certificate_digest(X509 *cert, unsigned char out[TLS_BINDING_MAX])
{
	unsigned n = 0;
	int digest = NID_undef;
	const EVP_MD *md;

	if (X509_get_signature_info(cert, &digest, NULL, NULL, NULL) != 1)
		digest = NID_undef;
	ERR_clear_error();
	if (digest == NID_undef)
		return 0;
	/* RFC 5929: never weaker than SHA-256. */
	if (digest == NID_md5 || digest == NID_sha1)
		digest = NID_sha256;
	md = EVP_get_digestbynid(digest);
	if (md == NULL || X509_digest(cert, md, out, &n) != 1)
		return 0;
	return n;
}

static void
add_to_print(EVP_MD_CTX *md, const void *p, size_t n)
{
	uint64_t len = n;
	int ok = EVP_DigestUpdate(md, &len, sizeof len);

	if (n > 0)
		ok &= EVP_DigestUpdate(md, p, n);
	must(ok == 1);
}

static void
make_fingerprint(const struct making *m, unsigned char out[32])
{
	const struct tls_settings *s = m->settings;
	const char *const words[] = { s->protocols, s->ciphers, s->suites,
		s->dheparams, s->ecdhcurve, m->key.path, m->cert.path,
		m->ca.path };
	const struct input *const inputs[] = { &m->key, &m->cert, &m->ca };
	EVP_MD_CTX *md = EVP_MD_CTX_new();
	size_t i;
	int ok;

	must(md != NULL);
	ok = EVP_DigestInit_ex(md, EVP_sha256(), NULL);
	must(ok == 1);
	add_to_print(md, &s->accepts, sizeof s->accepts);
	add_to_print(md, &s->verify, sizeof s->verify);
	for (i = 0; i < countof(words); i++)
		add_to_print(md, or_empty(words[i]), str_of(words[i]).n);
	for (i = 0; i < countof(inputs); i++)
		add_to_print(md, inputs[i]->bytes, inputs[i]->n);
	ok = EVP_DigestFinal_ex(md, out, NULL);
	must(ok == 1);
	EVP_MD_CTX_free(md);
}

static struct tls_context *
wrap(struct making *m)
{
	struct tls_context *c = mem_alloc(sizeof *c);
	X509 *own = SSL_CTX_get0_certificate(m->ssl);

	c->refs = 1;
	c->accepts = m->settings->accepts;
	c->verify = m->settings->verify;
	c->has_authorities = m->ca.path[0] != '\0';
	c->ssl = m->ssl;
	m->ssl = NULL;
	c->bio = tls_bio_create();
	must(c->bio != NULL);
	c->record_max = c->accepts ? TLS_CLIENT_RECORD_MAX : TLS_RECORD_MAX;
	SSL_CTX_set_max_send_fragment(c->ssl, c->record_max);
	c->gather = mem_alloc(c->record_max);
	make_fingerprint(m, c->fingerprint);
	if (own != NULL)
		c->binding_len = tls_certificate_digest(own, c->binding);
	return c;
}

struct tls_context *
tls_context_create(const struct tls_settings *s, struct err *err)
{
	struct making m = {
		.settings = s,
		.key = { "key_file", or_empty(s->key_file), NULL, 0, 0 },
		.cert = { "cert_file", or_empty(s->cert_file), NULL, 0, 0 },
		.ca = { "ca_file", or_empty(s->ca_file), NULL, 0, 0 },
		.err = err,
	};
	struct tls_context *c = NULL;

	ERR_clear_error();
	m.ssl = SSL_CTX_new(s->accepts ? TLS_server_method() :
	    TLS_client_method());
	if (m.ssl == NULL) {
		(void)refuse(&m, "sslmode", "");
		return NULL;
	}
	set_fixed(&m);
	if (read_input(&m, &m.key) && read_input(&m, &m.cert) &&
	    read_input(&m, &m.ca) && set_protocols(&m) && set_ciphers(&m) &&
	    set_exchange(&m) && load_identity(&m) &&
	    load_authorities(&m)) {
		complete_chain(&m);
		c = wrap(&m);
	}
	wipe_input(&m.key);
	wipe_input(&m.cert);
	wipe_input(&m.ca);
	SSL_CTX_free(m.ssl);
	return c;
}

struct tls_context *
tls_context_ref(struct tls_context *c)
{
	if (c != NULL)
		c->refs++;
	return c;
}

void
tls_context_unref(struct tls_context *c)
{
	if (c == NULL)
		return;
	must(c->refs > 0);
	if (--c->refs > 0)
		return;
	SSL_CTX_free(c->ssl);
	BIO_meth_free(c->bio);
	mem_free(c->gather);
	mem_free(c);
}

bool
tls_context_same(const struct tls_context *a, const struct tls_context *b)
{
	if (a == NULL || b == NULL)
		return a == b;
	return memcmp(a->fingerprint, b->fingerprint,
	    sizeof a->fingerprint) == 0;
}
