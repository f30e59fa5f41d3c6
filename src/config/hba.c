/*
 * hba.c - access rules; see hba.h.
 *
 *	local                        DATABASES USERS METHOD [OPTIONS]
 *	host | hostssl | hostnossl   DATABASES USERS ADDRESS METHOD [OPTIONS]
 *
 * with ADDRESS one of all, IP/BITS and IP MASK. This is PgBouncer's grammar,
 * a part of PostgreSQL's, of which clientcert= is taken besides map=.
 *
 * PgBouncer skips a line that it cannot read, and with a mistyped reject the
 * lines behind it begin to match; a file that it cannot read is an empty one
 * and locks everybody out. Here such a file is broken as a whole, and the
 * caller keeps the rules it had. The same goes for rules that can never
 * match or never let anybody in: whoever wrote them meant something else.
 */
#include "config/hba.h"

#include <arpa/inet.h>
#include <stdint.h>
#include <string.h>

#include "base/mem.h"
#include "base/must.h"
#include "config/hba_names.h"
#include "config/ident.h"
#include "config/words.h"

enum kind { KIND_LOCAL, KIND_HOST, KIND_HOSTSSL, KIND_HOSTNOSSL };

struct rule {
	enum kind kind;
	struct hba_names databases, users;
	uint16_t family;                /* of the address; 0: any address */
	unsigned char ip[16], mask[16];
	enum hba_method method;
	enum hba_clientcert clientcert;
	const struct ident_map *map;
	size_t line;
};

struct hba {
	unsigned refs;
	struct ident *ident;
	struct rule *rules;
	size_t n;
};

/* A line while it is read. */
struct reader {
	struct str left;
	struct text word;               /* the last one taken */
	const char *path;
	const struct ident *ident;
};

static const char *const kinds[] = {
	[KIND_LOCAL] = "local",
	[KIND_HOST] = "host",
	[KIND_HOSTSSL] = "hostssl",
	[KIND_HOSTNOSSL] = "hostnossl",
};

static const char *const methods[] = {
#define X(id, name) [HBA_##id] = name,
	HBA_METHODS(X)
#undef X
	[HBA_NO_RULE] = "none",
};

bool
hba_uses(const struct hba *h, enum hba_method method)
{
	size_t i;

	for (i = 0; i < h->n; i++)
		if (h->rules[i].method == method)
			return true;
	return false;
}

bool
hba_wants_certificates(const struct hba *h)
{
	size_t i;

	for (i = 0; i < h->n; i++)
		if (h->rules[i].clientcert != HBA_CLIENTCERT_ANY)
			return true;
	return hba_uses(h, HBA_CERT);
}

const char *
hba_method_name(enum hba_method m)
{
	return methods[m];
}

/*
 * Reading.
 */

/* The place of a word in a table, or -1. */
static int
find(const char *const *table, size_t n, const char *word)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (strcmp(table[i], word) == 0)
			return (int)i;
	return -1;
}

/* Take a bare word. */
static bool
take(struct reader *r, const char *what, struct err *err)
{
	switch (words_next(&r->left, &r->word)) {
	case WORD_BARE:
		return true;
	case WORD_END:
		return err_set(err, "expected %s, found the end of the line",
		    what);
	case WORD_COMMA:
		return err_set(err, "expected %s, found a comma", what);
	case WORD_QUOTED:
	case WORD_BROKEN:
		break;
	}
	return err_set(err, "expected %s, found a quote", what);
}

static bool
read_kind(struct reader *r, struct rule *rule, struct err *err)
{
	int i = find(kinds, countof(kinds), r->word.p);

	if (i < 0)
		return err_set(err, "expected local, host, hostssl or "
		    "hostnossl, found \"%.80s\"", r->word.p);
	rule->kind = (enum kind)i;
	return true;
}

static bool
parse_ip(const char *text, uint16_t *family, unsigned char ip[16])
{
	struct addr a;

	/* Brackets are for addresses with a port. */
	if (text[0] == '[' || !addr_parse(&a, text, 0))
		return false;
	*family = a.family;
	memcpy(ip, a.ip, sizeof a.ip);
	return true;
}

static bool
parse_bits(const char *text, unsigned max, unsigned *bits)
{
	unsigned n = 0;
	size_t i;

	for (i = 0; text[i] >= '0' && text[i] <= '9' && i < 3; i++)
		n = n * 10 + (unsigned)(text[i] - '0');
	*bits = n;
	return i > 0 && text[i] == '\0' && n <= max;
}

static void
mask_of(unsigned bits, unsigned char mask[16])
{
	unsigned i;

	memset(mask, 0, 16);
	for (i = 0; i < bits; i++)
		mask[i / 8] |= (unsigned char)(0x80 >> i % 8);
}

/* An address with bits that the mask takes away never matches. */
static bool
check_mask(const struct rule *rule, struct err *err)
{
	char ip[INET6_ADDRSTRLEN], mask[INET6_ADDRSTRLEN];
	size_t i;

	for (i = 0; i < sizeof rule->ip; i++)
		if ((rule->ip[i] & ~rule->mask[i]) != 0)
			break;
	if (i == sizeof rule->ip)
		return true;
	inet_ntop(rule->family, rule->ip, ip, sizeof ip);
	inet_ntop(rule->family, rule->mask, mask, sizeof mask);
	return err_set(err, "expected an address without bits outside its "
	    "mask, found %s with %s", ip, mask);
}

static bool
read_mask(struct reader *r, struct rule *rule, struct err *err)
{
	uint16_t family;

	if (!take(r, "a mask behind the address", err))
		return false;
	if (!parse_ip(r->word.p, &family, rule->mask) ||
	    family != rule->family)
		return err_set(err, "expected a mask like 255.255.255.0 "
		    "behind the address, found \"%.80s\"", r->word.p);
	return check_mask(rule, err);
}

static bool
read_address(struct reader *r, struct rule *rule, struct err *err)
{
	unsigned bits;
	char *slash;

	if (!take(r, "an address", err))
		return false;
	if (strcmp(r->word.p, "all") == 0)
		return true;
	slash = strchr(r->word.p, '/');
	if (slash != NULL)
		*slash = '\0';
	if (!parse_ip(r->word.p, &rule->family, rule->ip))
		return err_set(err, "expected an address like 10.0.0.0/8 or "
		    "all, found \"%.80s\"", r->word.p);
	if (slash == NULL)
		return read_mask(r, rule, err);
	if (!parse_bits(slash + 1, rule->family == AF_INET ? 32 : 128, &bits))
		return err_set(err, "expected 0 to %d bits behind the "
		    "address, found \"%.80s\"", rule->family == AF_INET ? 32 :
		    128, slash + 1);
	mask_of(bits, rule->mask);
	return check_mask(rule, err);
}

static bool
read_method(struct reader *r, struct rule *rule, struct err *err)
{
	int i;

	if (!take(r, "a method", err))
		return false;
	i = find(methods, HBA_NO_RULE, r->word.p);
	if (i < 0)
		return err_set(err, "expected trust, reject, password, md5, "
		    "scram-sha-256, peer or cert, found \"%.80s\"",
		    r->word.p);
	rule->method = (enum hba_method)i;
	if (rule->method == HBA_PEER && rule->kind != KIND_LOCAL)
		return err_set(err, "expected peer in a local rule only");
	if (rule->method == HBA_CERT && (rule->kind == KIND_LOCAL ||
	    rule->kind == KIND_HOSTNOSSL))
		return err_set(err, "expected cert in a hostssl or host rule "
		    "only");
	return true;
}

static bool
read_map(struct reader *r, struct rule *rule, struct err *err)
{
	const char *name = r->word.p + 4;

	if (rule->map != NULL)
		return err_set(err, "expected one map=");
	if (rule->method != HBA_PEER && rule->method != HBA_CERT)
		return err_set(err, "expected map= behind peer or cert only");
	if (r->ident != NULL)
		rule->map = ident_map(r->ident, name);
	if (rule->map == NULL)
		return err_set(err, "expected a map of auth_ident_file, "
		    "found \"%.80s\"", name);
	return true;
}

/* As in PostgreSQL: a name that cert demands cannot be waived. */
static bool
read_clientcert(struct reader *r, struct rule *rule, struct err *err)
{
	const char *value = r->word.p + strlen("clientcert=");

	if (rule->clientcert != HBA_CLIENTCERT_ANY)
		return err_set(err, "expected one clientcert=");
	if (rule->kind != KIND_HOSTSSL)
		return err_set(err, "expected clientcert= in a hostssl rule "
		    "only");
	if (strcmp(value, "verify-full") == 0)
		rule->clientcert = HBA_CLIENTCERT_OWN;
	else if (strcmp(value, "verify-ca") == 0 && rule->method != HBA_CERT)
		rule->clientcert = HBA_CLIENTCERT_GOOD;
	else
		return err_set(err, "expected clientcert=%sverify-full, found "
		    "\"%.80s\"", rule->method == HBA_CERT ? "" :
		    "verify-ca or clientcert=", r->word.p);
	return true;
}

static bool
read_option(struct reader *r, struct rule *rule, struct err *err)
{
	if (strncmp(r->word.p, "map=", 4) == 0)
		return read_map(r, rule, err);
	if (strncmp(r->word.p, "clientcert=", 11) == 0)
		return read_clientcert(r, rule, err);
	return err_set(err, "expected map=NAME, clientcert= or the end of the "
	    "line, found \"%.80s\"", r->word.p);
}

static bool
read_options(struct reader *r, struct rule *rule, struct err *err)
{
	for (;;) {
		switch (words_next(&r->left, &r->word)) {
		case WORD_END:
			return true;
		case WORD_BARE:
			if (!read_option(r, rule, err))
				return false;
			break;
		case WORD_QUOTED:
		case WORD_COMMA:
		case WORD_BROKEN:
			return err_set(err, "expected map=NAME, clientcert= "
			    "or the end of the line");
		}
	}
}

static bool
read_rule(struct reader *r, struct rule *rule, struct err *err)
{
	return read_kind(r, rule, err) &&
	    hba_names_parse(&rule->databases, &r->left, HBA_DATABASES,
	    r->path, err) &&
	    hba_names_parse(&rule->users, &r->left, HBA_USERS, r->path,
	    err) &&
	    (rule->kind == KIND_LOCAL || read_address(r, rule, err)) &&
	    read_method(r, rule, err) && read_options(r, rule, err);
}

static void
add(struct hba *h, const struct rule *rule)
{
	/* Room doubles when n is a power of two. */
	if ((h->n & (h->n - 1)) == 0)
		h->rules = mem_resize(h->rules,
		    (h->n == 0 ? 1 : h->n * 2) * sizeof *h->rules);
	h->rules[h->n++] = *rule;
}

static bool
parse_line(struct hba *h, struct reader *r, size_t number, struct err *err)
{
	struct rule rule = { .line = number };
	struct err why;
	bool ok = false;

	switch (words_next(&r->left, &r->word)) {
	case WORD_END:
		return true;
	case WORD_BARE:
		ok = read_rule(r, &rule, &why);
		break;
	case WORD_QUOTED:
	case WORD_COMMA:
	case WORD_BROKEN:
		(void)err_set(&why, "expected local, host, hostssl or "
		    "hostnossl");
		break;
	}
	/* The rule is the table's even when it is broken: one place frees. */
	add(h, &rule);
	return ok || err_set(err, "%.150s:%zu: %.330s", r->path, number,
	    why.text);
}

struct hba *
hba_parse(struct str text, const char *path, struct ident *ident,
    struct err *err)
{
	struct hba *h = mem_alloc(sizeof *h);
	struct reader r = { .path = path, .ident = ident };
	size_t number = 0;
	bool ok = true;

	h->refs = 1;
	h->ident = ident_ref(ident);
	while (ok && words_line(&text, &r.left))
		ok = parse_line(h, &r, ++number, err);
	text_fini(&r.word);
	if (ok)
		return h;
	hba_unref(h);
	return NULL;
}

struct hba *
hba_load(const char *path, struct ident *ident, struct err *err)
{
	struct text text = {0};
	struct hba *h = NULL;

	if (words_read_file(path, "auth_hba_file", &text, err))
		h = hba_parse((struct str){ text.p, text.n }, path, ident,
		    err);
	text_fini(&text);
	return h;
}

struct hba *
hba_ref(struct hba *h)
{
	if (h != NULL)
		h->refs++;
	return h;
}

void
hba_unref(struct hba *h)
{
	size_t i;

	if (h == NULL)
		return;
	must(h->refs > 0);
	if (--h->refs > 0)
		return;
	for (i = 0; i < h->n; i++) {
		hba_names_fini(&h->rules[i].databases);
		hba_names_fini(&h->rules[i].users);
	}
	mem_free(h->rules);
	ident_unref(h->ident);
	mem_free(h);
}

/*
 * Asking.
 */

static bool
fits_address(const struct rule *rule, const struct addr *a)
{
	size_t i;

	if (rule->family == 0)
		return true;
	if (rule->family != a->family)
		return false;
	for (i = 0; i < sizeof rule->ip; i++)
		if ((a->ip[i] & rule->mask[i]) != rule->ip[i])
			return false;
	return true;
}

static bool
fits_peer(const struct rule *rule, const struct hba_query *q)
{
	const bool is_local = q->addr->family == AF_UNIX;

	switch (rule->kind) {
	case KIND_LOCAL:
		return is_local;
	case KIND_HOST:
		break;
	case KIND_HOSTSSL:
		if (!q->tls)
			return false;
		break;
	case KIND_HOSTNOSSL:
		if (q->tls)
			return false;
		break;
	}
	return !is_local && fits_address(rule, q->addr);
}

static bool
fits_database(const struct hba_names *l, const struct hba_query *q)
{
	if (q->replication)
		return l->replication;
	return l->all || hba_names_has(l, q->database) ||
	    (l->sameuser && strcmp(q->database, q->user) == 0) ||
	    (q->alias != NULL && (hba_names_has(l, q->alias) ||
	    (l->sameuser && strcmp(q->alias, q->user) == 0)));
}

struct hba_answer
hba_ask(const struct hba *h, const struct hba_query *q)
{
	size_t i;

	for (i = 0; i < h->n; i++) {
		const struct rule *rule = &h->rules[i];

		if (fits_peer(rule, q) && fits_database(&rule->databases, q) &&
		    (rule->users.all || hba_names_has(&rule->users, q->user)))
			return (struct hba_answer){
				.method = rule->method,
				.clientcert = rule->clientcert,
				.map = rule->map,
				.line = rule->line,
			};
	}
	return (struct hba_answer){ .method = HBA_NO_RULE };
}
