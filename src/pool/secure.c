/*
 * secure.c - TLS as the configuration asks for it; see secure.h.
 *
 * The question that comes before TLS is asked and answered in the clear, so
 * whoever sits in between can say what he likes. Hence: one byte is read and
 * no more, for a server that sends more behind its "S" did not send it; and
 * an error at this point is not shown to anybody, for no one has proved to
 * be the server yet.
 */
#include "pool/secure.h"

#include "base/must.h"
#include "config/config.h"
#include "net/conn.h"
#include "net/tls.h"
#include "pgwire/messages.h"
#include "pgwire/writer.h"
#include "pool/state.h"

static enum tls_verify
verify_clients(enum sslmode mode)
{
	return mode >= SSLMODE_VERIFY_CA ? TLS_VERIFY_CA :
	    TLS_VERIFY_OPTIONAL;
}

static enum tls_verify
verify_servers(enum sslmode mode)
{
	if (mode == SSLMODE_VERIFY_FULL)
		return TLS_VERIFY_FULL;
	return mode == SSLMODE_VERIFY_CA ? TLS_VERIFY_CA : TLS_VERIFY_NONE;
}

static bool
load_clients(struct secure *s, const struct config *cfg, struct err *err)
{
	const struct tls_settings settings = {
		.prefix = "client_tls",
		.accepts = true,
		.verify = verify_clients(cfg->client_tls_sslmode),
		.key_file = cfg->client_tls_key_file,
		.cert_file = cfg->client_tls_cert_file,
		.ca_file = cfg->client_tls_ca_file,
		.protocols = cfg->client_tls_protocols,
		.ciphers = cfg->client_tls_ciphers,
		.suites = cfg->client_tls13_ciphers,
		.dheparams = cfg->client_tls_dheparams,
		.ecdhcurve = cfg->client_tls_ecdhcurve,
	};

	if (cfg->auth_type == AUTH_TYPE_CERT &&
	    cfg->client_tls_sslmode != SSLMODE_VERIFY_FULL)
		return err_set(err, "auth_type=cert needs client_tls_sslmode "
		    "to be verify-full");
	if (cfg->client_tls_sslmode == SSLMODE_DISABLE)
		return true;
	if (cfg->client_tls_sslmode == SSLMODE_VERIFY_FULL &&
	    (cfg->client_tls_ca_file == NULL ||
	    cfg->client_tls_ca_file[0] == '\0'))
		return err_set(err, "client_tls_ca_file: expected a file, "
		    "for client_tls_sslmode is verify-full");
	s->clients = tls_context_create(&settings, err);
	return s->clients != NULL;
}

static bool
load_servers(struct secure *s, const struct config *cfg, struct err *err)
{
	const struct tls_settings settings = {
		.prefix = "server_tls",
		.verify = verify_servers(cfg->server_tls_sslmode),
		.key_file = cfg->server_tls_key_file,
		.cert_file = cfg->server_tls_cert_file,
		.ca_file = cfg->server_tls_ca_file,
		.protocols = cfg->server_tls_protocols,
		.ciphers = cfg->server_tls_ciphers,
		.suites = cfg->server_tls13_ciphers,
	};

	if (cfg->server_tls_sslnegotiation == SSLNEGOTIATION_DIRECT &&
	    cfg->server_tls_sslmode < SSLMODE_REQUIRE)
		return err_set(err, "server_tls_sslnegotiation: direct needs "
		    "server_tls_sslmode to be require, verify-ca or "
		    "verify-full");
	if (cfg->server_tls_sslmode == SSLMODE_DISABLE)
		return true;
	s->servers = tls_context_create(&settings, err);
	return s->servers != NULL;
}

bool
secure_load(struct secure *s, const struct config *cfg, struct err *err)
{
	*s = (struct secure){ 0 };
	if (load_clients(s, cfg, err) && load_servers(s, cfg, err))
		return true;
	secure_fini(s);
	return false;
}

static void
keep(struct tls_context **fresh, struct tls_context *old)
{
	if (!tls_context_same(*fresh, old))
		return;
	tls_context_unref(*fresh);
	*fresh = tls_context_ref(old);
}

void
secure_keep(struct secure *fresh, const struct secure *old)
{
	keep(&fresh->clients, old->clients);
	keep(&fresh->servers, old->servers);
}

void
secure_fini(struct secure *s)
{
	tls_context_unref(s->clients);
	tls_context_unref(s->servers);
	*s = (struct secure){ 0 };
}

bool
secure_servers_differ(const struct secure *a, const struct config *ca,
    const struct secure *b, const struct config *cb)
{
	return ca->server_tls_sslmode != cb->server_tls_sslmode ||
	    ca->server_tls_sslnegotiation != cb->server_tls_sslnegotiation ||
	    !tls_context_same(a->servers, b->servers);
}

bool
secure_is_demanded(const struct config *cfg)
{
	return cfg->client_tls_sslmode >= SSLMODE_REQUIRE;
}

static void
start(struct pooler *p, struct conn *c, const char *host, bool direct)
{
	const struct tls_start s = { .context = p->secure.servers,
		.host = host, .direct = direct };

	tls_start(c, &s);
}

enum secure_next
secure_begin(struct pooler *p, struct conn *c, const char *host)
{
	struct text text = { 0 };

	if (p->secure.servers == NULL)
		return SECURE_PLAIN;
	if (p->config->server_tls_sslnegotiation == SSLNEGOTIATION_DIRECT) {
		start(p, c, host, true);
		return SECURE_BEGUN;
	}
	writer_request(&text, SSL_REQUEST);
	conn_send(c, text.p, text.n);
	text_fini(&text);
	return SECURE_ASKED;
}

enum secure_next
secure_answer(struct pooler *p, struct conn *c, const char *host,
    const unsigned char *bytes, size_t n, const char **why)
{
	must(n > 0);
	*why = "";
	conn_consume(c, 1);
	if (n > 1 && bytes[0] != 'E') {
		*why = "received unencrypted data after SSL response";
		return SECURE_REFUSED;
	}
	if (bytes[0] == 'S' && p->secure.servers != NULL) {
		start(p, c, host, false);
		return SECURE_BEGUN;
	}
	if (bytes[0] == 'N' &&
	    p->config->server_tls_sslmode < SSLMODE_REQUIRE)
		return SECURE_PLAIN;
	*why = bytes[0] == 'N' ? "server refused SSL" :
	    bytes[0] == 'E' ? "server answered SSLRequest with an error" :
	    "bad sslreq answer";
	return SECURE_REFUSED;
}
