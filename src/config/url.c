/*
 * url.c - a configuration from postgres://user:password@host:port/db.
 *
 * For "pgweir URL", without any file: what the URL reaches directly is then
 * reached through the pooler, by the same user with the same password, from
 * this machine only. A URL without a password names a server that trusts
 * us; lest everybody on this machine gets that trust, clients are then
 * taken on a Unix socket only, and only from our own user.
 */
#include "config/load.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/mem.h"
#include "base/must.h"
#include "base/str.h"
#include "config/build.h"
#include "config/userlist.h"

/* libpq's names of what are settings here. */
static const struct {
	const char *key, *setting;
} tls_keys[] = {
	{ "sslmode", "server_tls_sslmode" },
	{ "sslnegotiation", "server_tls_sslnegotiation" },
	{ "sslrootcert", "server_tls_ca_file" },
	{ "sslcert", "server_tls_cert_file" },
	{ "sslkey", "server_tls_key_file" },
};

struct url {
	char *user, *password, *hosts, *port, *dbname;
	char *tls[countof(tls_keys)];
	struct text options;    /* further key='value' pairs */
};

static void
fini(struct url *u)
{
	size_t i;

	if (u->password != NULL)
		explicit_bzero(u->password, strlen(u->password));
	mem_free(u->user);
	mem_free(u->password);
	mem_free(u->hosts);
	mem_free(u->port);
	mem_free(u->dbname);
	for (i = 0; i < countof(u->tls); i++)
		mem_free(u->tls[i]);
	text_fini(&u->options);
}

static int
hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* Undo %xx. NULL for a bad one, and for %00. */
static char *
decode(struct str s)
{
	struct text out = {0};
	size_t i;

	for (i = 0; i < s.n; i++) {
		char c = s.p[i];

		if (c == '%') {
			int high = i + 2 < s.n ? hex_digit(s.p[i + 1]) : -1;
			int low = high >= 0 ? hex_digit(s.p[i + 2]) : -1;

			if (low < 0 || high * 16 + low == 0) {
				text_fini(&out);
				return NULL;
			}
			c = (char)(high * 16 + low);
			i += 2;
		}
		text_add(&out, &c, 1);
	}
	return text_take(&out);
}

/* Store the decoded part; an empty one leaves the member unset. */
static bool
keep(char **member, struct str part, const char *what, struct err *err)
{
	char *s;

	if (part.n == 0)
		return true;
	s = decode(part);
	if (s == NULL)
		return err_set(err, "expected two hexadecimal digits behind "
		    "each %% in the %s", what);
	mem_free(*member);
	*member = s;
	return true;
}

/* Split off what is before the first of stop; the rest begins with it. */
static struct str
cut(struct str *rest, const char *stop)
{
	struct str part = { rest->p, 0 };

	while (part.n < rest->n && strchr(stop, rest->p[part.n]) == NULL)
		part.n++;
	rest->p += part.n;
	rest->n -= part.n;
	return part;
}

static void
skip(struct str *s)
{
	must(s->n > 0);
	s->p++;
	s->n--;
}

/* host, [v6] or a list of them, each with its :port; all ports must agree. */
static bool
split_hosts(struct url *u, struct str list, struct err *err)
{
	struct text hosts = {0};
	bool ok = true;

	while (ok && list.n > 0) {
		struct str one = cut(&list, ","), host;
		char *port = NULL;

		if (one.n > 0 && one.p[0] == '[') {
			host = cut(&one, "]");
			if (one.n == 0) {
				ok = err_set(err, "expected a ] behind [");
				break;
			}
			skip(&one);
			host.n++;
		} else {
			host = cut(&one, ":");
		}
		if (hosts.n > 0)
			text_puts(&hosts, ",");
		text_add(&hosts, host.p, host.n);
		if (one.n > 0 && one.p[0] != ':')
			ok = err_set(err, "expected : and a port behind the "
			    "host");
		else if (one.n > 1)
			ok = keep(&port, (struct str){ one.p + 1, one.n - 1 },
			    "port", err);
		if (port != NULL && u->port != NULL &&
		    strcmp(port, u->port) != 0)
			ok = err_set(err, "expected the same port for all "
			    "hosts");
		if (port != NULL) {
			mem_free(u->port);
			u->port = port;
		}
		if (list.n > 0)
			skip(&list);
	}
	if (ok && hosts.n > 0)
		ok = keep(&u->hosts, (struct str){ hosts.p, hosts.n }, "host",
		    err);
	text_fini(&hosts);
	return ok;
}

static void
add_option(struct text *to, const char *key, const char *value)
{
	text_printf(to, " %s='", key);
	for (; *value != '\0'; value++) {
		if (*value == '\'')
			text_puts(to, "'");
		text_add(to, value, 1);
	}
	text_puts(to, "'");
}

static bool
take_parameter(struct url *u, const char *key, const char *value,
    struct err *err)
{
	static const char passed[] =
	    "application_name client_encoding pool_size";
	struct { const char *key; char **member; } own[] = {
		{ "user", &u->user }, { "password", &u->password },
		{ "host", &u->hosts }, { "port", &u->port },
		{ "dbname", &u->dbname },
	};
	size_t i;

	if (value[0] == '\0')
		return err_set(err, "expected a value for %.80s", key);
	for (i = 0; i < countof(own); i++) {
		if (strcmp(key, own[i].key) == 0) {
			mem_free(*own[i].member);
			*own[i].member = mem_strdup(value);
			return true;
		}
	}
	for (i = 0; i < countof(tls_keys); i++) {
		if (strcmp(key, tls_keys[i].key) == 0) {
			mem_free(u->tls[i]);
			u->tls[i] = mem_strdup(value);
			return true;
		}
	}
	if (str_has_word(passed, key)) {
		add_option(&u->options, key, value);
		return true;
	}
	return err_set(err, "expected a known parameter, found \"%.80s\"",
	    key);
}

static bool
split_parameters(struct url *u, struct str list, struct err *err)
{
	bool ok = true;

	while (ok && list.n > 0) {
		struct str pair = cut(&list, "&");
		struct str key = cut(&pair, "=");
		char *k = decode(key);
		char *v = pair.n > 0 ? decode((struct str){ pair.p + 1,
		    pair.n - 1 }) : NULL;

		if (k == NULL || v == NULL)
			ok = err_set(err, "expected key=value behind the ?");
		else
			ok = take_parameter(u, k, v, err);
		mem_free(k);
		mem_free(v);
		if (list.n > 0)
			skip(&list);
	}
	return ok;
}

static bool
split(struct url *u, const char *text, struct err *err)
{
	static const char *const schemes[] = {
		"postgres://", "postgresql://",
	};
	struct str rest = {0}, login, user, parameters = {0}, hosts;
	size_t i;

	for (i = 0; i < countof(schemes); i++)
		if (strncasecmp(text, schemes[i], strlen(schemes[i])) == 0)
			rest = str_of(text + strlen(schemes[i]));
	if (rest.p == NULL)
		return err_set(err, "expected postgres://user:password@host:"
		    "port/db");
	hosts = cut(&rest, "/?");
	/* The last @ ends the login: one in a password should be written
	 * %40, but often is not. */
	login = (struct str){ hosts.p, 0 };
	for (i = 0; i < hosts.n; i++)
		if (hosts.p[i] == '@')
			login.n = i + 1;
	hosts.p += login.n;
	hosts.n -= login.n;
	if (login.n > 0) {
		login.n--;
		user = cut(&login, ":");
		if (!keep(&u->user, user, "user", err))
			return false;
		if (login.n > 0 && !keep(&u->password, (struct str){
		    login.p + 1, login.n - 1 }, "password", err))
			return false;
	}
	if (rest.n > 0 && rest.p[0] == '/') {
		skip(&rest);
		if (!keep(&u->dbname, cut(&rest, "?"), "database", err))
			return false;
	}
	if (rest.n > 0)
		parameters = (struct str){ rest.p + 1, rest.n - 1 };
	return split_hosts(u, hosts, err) &&
	    split_parameters(u, parameters, err);
}

static bool
set(struct config *c, const char *key, const char *value, struct err *err)
{
	const struct setting *row;

	return build_setting(c, key, value, &row, err);
}

/* Who may come in, and from where. */
static bool
set_access(struct config *c, const struct url *u, struct err *err)
{
	if (!set(c, "admin_users", u->user, err))
		return false;
	if (u->password == NULL)
		return set(c, "listen_addr", "", err) &&
		    set(c, "unix_socket_mode", "0700", err) &&
		    set(c, "auth_type", "trust", err);
	return set(c, "listen_addr", "127.0.0.1", err) &&
	    set(c, "auth_type", "scram-sha-256", err);
}

/* As libpq has it, naming the authority is asking for a check. */
static bool
set_tls(struct config *c, const struct url *u, struct err *err)
{
	size_t i;

	for (i = 0; i < countof(tls_keys); i++)
		if (u->tls[i] != NULL &&
		    !set(c, tls_keys[i].setting, u->tls[i], err))
			return false;
	if (c->server_tls_ca_file[0] != '\0' &&
	    c->server_tls_sslmode == SSLMODE_REQUIRE)
		c->server_tls_sslmode = SSLMODE_VERIFY_CA;
	return true;
}

static bool
fill(struct config *c, const struct url *u, struct err *err)
{
	const char *dbname = u->dbname != NULL ? u->dbname : u->user;
	struct text value = {0};
	bool ok;

	if (strcmp(dbname, "*") == 0)
		return err_set(err, "expected the name of one database");
	add_option(&value, "host", u->hosts != NULL ? u->hosts : "localhost");
	add_option(&value, "dbname", dbname);
	if (u->port != NULL)
		add_option(&value, "port", u->port);
	if (u->options.n > 0)
		text_puts(&value, u->options.p);
	ok = set(c, "pool_mode", "transaction", err) &&
	    set_access(c, u, err) && set_tls(c, u, err) &&
	    build_database(c, dbname, value.p, err) != NULL &&
	    build_finish(c, err);
	text_fini(&value);
	if (ok)
		c->userlist = userlist_single(u->user,
		    u->password != NULL ? u->password : "");
	return ok;
}

struct config *
config_from_url(const char *text, struct err *err)
{
	struct url u = {0};
	struct config *c = build_create();
	struct err why;
	bool ok;

	ok = split(&u, text, &why);
	if (ok && u.user == NULL)
		ok = err_set(&why, "expected a user before the @");
	if (ok)
		ok = fill(c, &u, &why);
	fini(&u);
	if (ok)
		return c;
	/* The URL itself stays out of the message: it has the password. */
	(void)err_set(err, "URL: %s", why.text);
	config_unref(c);
	return NULL;
}
