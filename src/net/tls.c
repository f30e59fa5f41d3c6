/*
 * tls.c - the TLS transport of a conn.
 *
 * OpenSSL reads and writes through a BIO of ours on the conn's socket. It
 * reads ahead: one recv() brings what the socket has, up to a record and
 * more, so a record costs one call. After a short recv() the socket is taken
 * to be dry for the rest of the operation. What OpenSSL holds is drained
 * before the loop sleeps: see waits().
 *
 * The end of the socket counts as the end of the stream, whether a
 * close_notify came before or not: clients and servers of PostgreSQL leave
 * without one, and a message that is cut off, or an answer that is missing,
 * is an error to those who read the messages in any case.
 *
 * A name with a NUL byte in it is not a name: such certificates are refused
 * altogether, so that nobody who reads one may be fooled.
 */
#include "net/tls.h"

#include <arpa/inet.h>
#include <errno.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "base/mem.h"
#include "base/must.h"
#include "net/conn.h"
#include "net/loop.h"
#include "net/tls_private.h"
#include "net/transport.h"

struct tls {
	SSL *ssl;
	struct tls_context *context;
	char *host;                     /* NULL: not to be checked */
	char *why;                      /* what went wrong, or NULL */
	unsigned char *early;           /* received before us */
	size_t early_len, early_at;
	uint8_t waits;                  /* READABLE, WRITABLE, 0 */
	uint8_t ended;                  /* enum io, for the next read */
	bool dry;                       /* the socket is not to be read */
	bool eof;                       /* it has ended */
	bool direct;
	int error;                      /* errno of the socket, or 0 */
};

_Static_assert(TLS_DIGEST_MAX >= TLS_BINDING_MAX, "room for any digest");

static const struct transport transport_tls;

/*
 * Between OpenSSL and the socket.
 */

static int
read_early(struct tls *t, char *buf, int cap)
{
	size_t n = t->early_len - t->early_at;

	if (n > (size_t)cap)
		n = (size_t)cap;
	memcpy(buf, t->early + t->early_at, n);
	t->early_at += n;
	if (t->early_at == t->early_len) {
		mem_free(t->early);
		t->early = NULL;
		t->early_len = t->early_at = 0;
	}
	return (int)n;
}

static int
bio_read(BIO *bio, char *buf, int cap)
{
	struct conn *c = BIO_get_data(bio);
	struct tls *t = c->tls;
	size_t got = 0;

	BIO_clear_retry_flags(bio);
	if (cap <= 0)
		return 0;
	if (t->early != NULL)
		return read_early(t, buf, cap);
	if (t->dry) {
		BIO_set_retry_read(bio);
		return -1;
	}
	switch (transport_plain.read(c, buf, (size_t)cap, &got)) {
	case IO_OK:
		t->dry = got < (size_t)cap;
		return (int)got;
	case IO_AGAIN:
		BIO_set_retry_read(bio);
		return -1;
	case IO_EOF:
		t->eof = true;
		return 0;
	case IO_ERROR:
		t->error = errno;
		break;
	}
	return -1;
}

static int
bio_write(BIO *bio, const char *buf, int n)
{
	struct conn *c = BIO_get_data(bio);
	struct iovec iov = { (void *)(uintptr_t)buf, (size_t)n };
	size_t put = 0;

	BIO_clear_retry_flags(bio);
	if (n <= 0)
		return 0;
	switch (transport_plain.write(c, &iov, 1, &put)) {
	case IO_OK:
		return (int)put;
	case IO_AGAIN:
		BIO_set_retry_write(bio);
		break;
	case IO_EOF:
	case IO_ERROR:
		c->tls->error = errno;
		break;
	}
	return -1;
}

static long
bio_ctrl(BIO *bio, int command, long n, void *p)
{
	const struct conn *c = BIO_get_data(bio);

	(void)n;
	(void)p;
	if (command == BIO_CTRL_FLUSH)
		return 1;
	return command == BIO_CTRL_EOF && c->tls->eof;
}

static int
bio_create(BIO *bio)
{
	BIO_set_init(bio, 1);
	return 1;
}

BIO_METHOD *
tls_bio_create(void)
{
	BIO_METHOD *m = BIO_meth_new(BIO_TYPE_SOURCE_SINK, "conn");

	if (m == NULL)
		return NULL;
	BIO_meth_set_read(m, bio_read);
	BIO_meth_set_write(m, bio_write);
	BIO_meth_set_ctrl(m, bio_ctrl);
	BIO_meth_set_create(m, bio_create);
	return m;
}

/*
 * What became of an operation.
 */

/* The first reason counts. */
static void
explain(struct tls *t)
{
	unsigned long code = ERR_peek_error();
	char text[256];
	long verdict;

	if (t->why != NULL)
		return;
	if (code == 0) {
		t->why = mem_strdup("TLS connection broke off");
		return;
	}
	verdict = SSL_get_verify_result(t->ssl);
	tls_error_text(code, text, sizeof text);
	if (ERR_GET_REASON(code) == SSL_R_CERTIFICATE_VERIFY_FAILED &&
	    verdict != X509_V_OK)
		t->why = mem_printf("%s: %s", text,
		    X509_verify_cert_error_string(verdict));
	else
		t->why = mem_strdup(text);
	ERR_clear_error();
}

static enum io
refuse(struct tls *t, const char *why)
{
	if (t->why == NULL)
		t->why = mem_strdup(why);
	errno = EPROTO;
	return IO_ERROR;
}

/* Of an SSL_read() and the like that did not succeed. */
static enum io
outcome(struct tls *t, int rc)
{
	int what = SSL_get_error(t->ssl, rc);

	if (what == SSL_ERROR_WANT_READ || what == SSL_ERROR_WANT_WRITE) {
		t->waits = what == SSL_ERROR_WANT_READ ? READABLE : WRITABLE;
		return IO_AGAIN;
	}
	if (what == SSL_ERROR_ZERO_RETURN || t->eof) {
		ERR_clear_error();
		return IO_EOF;
	}
	if (t->error != 0) {
		ERR_clear_error();
		errno = t->error;
		return IO_ERROR;
	}
	explain(t);
	errno = EPROTO;
	return IO_ERROR;
}

static bool
holds_bytes(const struct tls *t)
{
	return t->early != NULL || SSL_has_pending(t->ssl);
}

/* Before any operation. The queue of errors is shared by all connections of
 * the thread; what is left in it would be taken for ours. Whoever can get on
 * without the socket leaves it alone. */
static void
begin(struct tls *t)
{
	if (ERR_peek_error() != 0)      /* cheaper, and nearly always 0 */
		ERR_clear_error();
	t->dry = t->waits == 0;
}

/*
 * Whom we talk to.
 */

static bool
has_nul(const ASN1_STRING *s)
{
	int n = ASN1_STRING_length(s);

	return n > 0 && memchr(ASN1_STRING_get0_data(s), '\0', (size_t)n) !=
	    NULL;
}

/* Names in the subject's alternative name, by what they are. */
struct alt_names {
	bool has_host, has_nul;         /* has_host: a name or an address */
};

static struct alt_names
look_at_alt_names(X509 *cert)
{
	GENERAL_NAMES *all = X509_get_ext_d2i(cert, NID_subject_alt_name,
	    NULL, NULL);
	struct alt_names r = { 0 };
	const GENERAL_NAME *name;
	int i, kind;

	for (i = 0; i < sk_GENERAL_NAME_num(all); i++) {
		name = sk_GENERAL_NAME_value(all, i);
		kind = name->type;
		if (kind == GEN_DNS || kind == GEN_IPADD)
			r.has_host = true;
		if (kind == GEN_DNS || kind == GEN_EMAIL || kind == GEN_URI)
			r.has_nul |= has_nul(name->d.ia5);
	}
	GENERAL_NAMES_free(all);
	return r;
}

static bool
names_have_nul(X509 *cert)
{
	const X509_NAME *subject = X509_get_subject_name(cert);
	int i = -1;

	while ((i = X509_NAME_get_index_by_NID(subject, NID_commonName, i)) >=
	    0)
		if (has_nul(X509_NAME_ENTRY_get_data(
		    X509_NAME_get_entry(subject, i))))
			return true;
	return look_at_alt_names(cert).has_nul;
}

static bool
is_address(const char *s)
{
	unsigned char ip[16];

	return inet_pton(AF_INET, s, ip) == 1 ||
	    inet_pton(AF_INET6, s, ip) == 1;
}

/* As libpq does: the common name counts only where there is no alternative
 * one of a host, and wildcards never match an address. */
static bool
host_matches(X509 *cert, const char *host)
{
	unsigned flags = X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS;

	if (look_at_alt_names(cert).has_host)
		flags |= X509_CHECK_FLAG_NEVER_CHECK_SUBJECT;
	if (!is_address(host))
		return X509_check_host(cert, host, 0, flags, NULL) == 1;
	return X509_check_ip_asc(cert, host, 0) == 1 ||
	    X509_check_host(cert, host, 0,
	    flags | X509_CHECK_FLAG_NO_WILDCARDS, NULL) == 1;
}

/* OpenSSL has verified the chain; the rest is up to us. */
static enum io
check_peer(struct tls *t)
{
	X509 *cert = SSL_get0_peer_certificate(t->ssl);
	const unsigned char *alpn;
	unsigned len;
	char why[256];

	SSL_get0_alpn_selected(t->ssl, &alpn, &len);
	if (t->direct && len == 0)
		return refuse(t, "direct TLS without ALPN \"postgresql\"");
	if (cert == NULL || t->context->verify == TLS_VERIFY_NONE)
		return IO_OK;
	if (names_have_nul(cert))
		return refuse(t, "a name in the certificate has a NUL byte");
	if (t->host == NULL || host_matches(cert, t->host))
		return IO_OK;
	snprintf(why, sizeof why, "the server's certificate is not for host "
	    "\"%.150s\"", t->host);
	return refuse(t, why);
}

/*
 * The transport.
 */

static enum io
tls_handshake(struct conn *c)
{
	struct tls *t = c->tls;
	int rc;

	if (t->ssl == NULL) {
		errno = ENOMEM;
		return IO_ERROR;
	}
	begin(t);
	rc = SSL_do_handshake(t->ssl);
	if (rc != 1)
		return outcome(t, rc);
	t->waits = holds_bytes(t) ? 0 : READABLE;
	return check_peer(t);
}

static enum io
tls_read(struct conn *c, void *buf, size_t cap, size_t *got)
{
	struct tls *t = c->tls;
	unsigned char *p = buf;
	enum io io = IO_OK;
	bool more = false;
	size_t n;

	*got = 0;
	if (t->ended != IO_OK) {
		errno = t->error != 0 ? t->error : EPROTO;
		return (enum io)t->ended;
	}
	begin(t);
	do {
		if (SSL_read_ex(t->ssl, p + *got, cap - *got, &n) == 1) {
			*got += n;
			more = holds_bytes(t);
		} else {
			io = outcome(t, 0);
		}
	} while (io == IO_OK && *got < cap && more);
	if (io == IO_OK)
		t->waits = more ? 0 : READABLE;
	if (*got == 0 || io == IO_OK)
		return io;
	if (io != IO_AGAIN) {
		t->ended = (uint8_t)io;
		t->waits = 0;
	}
	return IO_OK;
}

/* Up to a record's worth of what iov holds behind the first skip bytes: in
 * place if it lies in one piece, else gathered. */
static struct iovec
next_piece(struct tls *t, const struct iovec *iov, int count, size_t skip)
{
	unsigned char *to = t->context->gather;
	struct iovec piece = { to, 0 };
	size_t n, room, max = t->context->record_max;
	int i;

	for (i = 0; i < count && piece.iov_len < max; i++) {
		unsigned char *from = iov[i].iov_base;

		n = iov[i].iov_len;
		if (skip >= n) {
			skip -= n;
			continue;
		}
		from += skip;
		n -= skip;
		skip = 0;
		room = max - piece.iov_len;
		if (n > room)
			n = room;
		if (piece.iov_len == 0 && (n == room || i == count - 1))
			return (struct iovec){ from, n };
		memcpy(to + piece.iov_len, from, n);
		piece.iov_len += n;
	}
	return piece;
}

static enum io
tls_write(struct conn *c, const struct iovec *iov, int count, size_t *put)
{
	struct tls *t = c->tls;
	struct iovec piece;
	enum io io = IO_OK;
	uint8_t waits = t->waits;
	size_t n;
	int rc;

	*put = 0;
	begin(t);
	for (;;) {
		piece = next_piece(t, iov, count, *put);
		if (piece.iov_len == 0)
			return IO_OK;
		rc = SSL_write_ex(t->ssl, piece.iov_base, piece.iov_len, &n);
		if (rc != 1)
			break;
		*put += n;
	}
	io = outcome(t, rc);
	if (t->waits == READABLE && io == IO_AGAIN)
		/* Only a renegotiation reads before it writes. */
		return refuse(t, "TLS renegotiation is refused");
	/* Whether there is something to read is another matter. */
	t->waits = waits;
	if (io == IO_EOF) {
		errno = EPIPE;
		return IO_ERROR;
	}
	return io == IO_AGAIN && *put > 0 ? IO_OK : io;
}

static void
tls_shutdown(struct conn *c)
{
	struct tls *t = c->tls;

	if (!SSL_is_init_finished(t->ssl) || t->ended != IO_OK)
		return;
	begin(t);
	/* One close_notify; if there is no room for it, the end of the
	 * socket says the same. */
	(void)SSL_shutdown(t->ssl);
	ERR_clear_error();
}

static unsigned
tls_waits(const struct conn *c)
{
	return c->tls->waits;
}

static const char *
tls_why(const struct conn *c)
{
	return c->tls->why;
}

static void
tls_destroy(struct conn *c)
{
	struct tls *t = c->tls;

	SSL_free(t->ssl);
	ERR_clear_error();
	tls_context_unref(t->context);
	mem_free(t->host);
	mem_free(t->why);
	mem_free(t->early);
	mem_free(t);
}

static const struct transport_secure secure = {
	tls_handshake, tls_waits, tls_why, tls_destroy
};

static const struct transport transport_tls = {
	"tls", tls_read, tls_write, tls_shutdown, &secure
};

/*
 * Beginning.
 */

static SSL *
create_ssl(struct conn *c, const struct tls_start *s)
{
	static const unsigned char alpn[] = "\012postgresql";
	SSL *ssl = SSL_new(s->context->ssl);
	BIO *bio = BIO_new(s->context->bio);
	bool ok = ssl != NULL && bio != NULL;

	if (!ok) {
		SSL_free(ssl);
		BIO_free(bio);
		return NULL;
	}
	BIO_set_data(bio, c);
	SSL_set_bio(ssl, bio, bio);
	if (s->context->accepts) {
		SSL_set_accept_state(ssl);
		return ssl;
	}
	SSL_set_connect_state(ssl);
	if (s->direct)
		ok = SSL_set_alpn_protos(ssl, alpn, sizeof alpn - 1) == 0;
	/* The name helps whoever serves several; an address is no name. */
	if (ok && s->host != NULL && !is_address(s->host))
		ok = SSL_set_tlsext_host_name(ssl, s->host) == 1;
	if (!ok) {
		SSL_free(ssl);
		return NULL;
	}
	return ssl;
}

void
tls_start(struct conn *c, const struct tls_start *s)
{
	struct tls *t = mem_alloc(sizeof *t);

	ERR_clear_error();
	t->context = tls_context_ref(s->context);
	t->direct = s->direct;
	t->waits = !s->context->accepts || s->early_len > 0 ? 0 : READABLE;
	if (s->context->verify == TLS_VERIFY_FULL && s->host != NULL)
		t->host = mem_strdup(s->host);
	if (s->early_len > 0) {
		t->early = mem_dup(s->early, s->early_len);
		t->early_len = s->early_len;
	}
	t->ssl = create_ssl(c, s);
	conn_secure(c, &transport_tls, t);
}

/*
 * Facts.
 */

static SSL *
ssl_of(const struct conn *c)
{
	return c->tls != NULL && c->tls->ssl != NULL &&
	    SSL_is_init_finished(c->tls->ssl) ? c->tls->ssl : NULL;
}

bool
tls_is_on(const struct conn *c)
{
	return ssl_of(c) != NULL;
}

/* Up to TLS 1.2 the curve is told too: there it makes a difference. */
static const char *
curve_of(SSL *ssl)
{
	const SSL_CIPHER *cipher = SSL_get_current_cipher(ssl);

	if (SSL_version(ssl) >= TLS1_3_VERSION || cipher == NULL ||
	    SSL_CIPHER_get_kx_nid(cipher) != NID_kx_ecdhe)
		return NULL;
	return OBJ_nid2sn((int)SSL_get_negotiated_group(ssl));
}

const char *
tls_describe(const struct conn *c, char *buf, size_t cap)
{
	SSL *ssl = ssl_of(c);
	const char *curve;

	buf[0] = '\0';
	if (ssl == NULL)
		return buf;
	curve = curve_of(ssl);
	snprintf(buf, cap, "%s/%s%s%s", SSL_get_version(ssl),
	    SSL_get_cipher_name(ssl), curve != NULL ? "/ECDH=" : "",
	    curve != NULL ? curve : "");
	return buf;
}

size_t
tls_binding(const struct conn *c, unsigned char out[TLS_DIGEST_MAX])
{
	SSL *ssl = ssl_of(c);
	const struct tls_context *x;
	X509 *cert;

	if (ssl == NULL)
		return 0;
	x = c->tls->context;
	if (x->accepts) {
		memcpy(out, x->binding, x->binding_len);
		return x->binding_len;
	}
	cert = SSL_get0_peer_certificate(ssl);
	return cert != NULL ? tls_certificate_digest(cert, out) : 0;
}

static X509 *
peer_of(const struct conn *c)
{
	SSL *ssl = ssl_of(c);

	return ssl != NULL ? SSL_get0_peer_certificate(ssl) : NULL;
}

bool
tls_has_certificate(const struct conn *c)
{
	return peer_of(c) != NULL && c->tls->context->has_authorities &&
	    c->tls->context->verify != TLS_VERIFY_NONE;
}

const char *
tls_common_name(const struct conn *c, char *buf, size_t cap)
{
	X509 *cert = peer_of(c);
	const X509_NAME *subject;
	unsigned char *utf8 = NULL;
	int i, n = -1;

	if (cert == NULL)
		return NULL;
	subject = X509_get_subject_name(cert);
	i = X509_NAME_get_index_by_NID(subject, NID_commonName, -1);
	if (i >= 0)
		n = ASN1_STRING_to_UTF8(&utf8, X509_NAME_ENTRY_get_data(
		    X509_NAME_get_entry(subject, i)));
	if (n < 0 || (size_t)n >= cap ||
	    memchr(utf8, '\0', (size_t)n) != NULL) {
		OPENSSL_free(utf8);
		return NULL;
	}
	memcpy(buf, utf8, (size_t)n);
	buf[n] = '\0';
	OPENSSL_free(utf8);
	return buf;
}

bool
tls_peer_is(const struct conn *c, const char *name)
{
	X509 *cert = peer_of(c);

	/* A leading dot would match everything below that domain. */
	if (cert == NULL || name[0] == '\0' || name[0] == '.')
		return false;
	return X509_check_host(cert, name, 0,
	    X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS |
	    X509_CHECK_FLAG_ALWAYS_CHECK_SUBJECT, NULL) == 1 ||
	    (is_address(name) && X509_check_ip_asc(cert, name, 0) == 1);
}
