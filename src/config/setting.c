/*
 * setting.c - reads and prints one value by its row; see setting.h.
 *
 * The row is data, so nothing here knows a setting by name. Numbers are read
 * as PgBouncer reads them (C notation, so 010 is octal and 0x20 hexadecimal;
 * times in seconds with a fraction), plus what it refuses: words for yes and
 * no, units behind times and sizes. Unlike there, a number that does not fit
 * is an error and never cut.
 *
 * Values are reached through memcpy(): the struct they live in is not known
 * here, and an enum may be stored as what the compiler likes.
 */
#include "config/setting.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#include "base/mem.h"
#include "base/must.h"

#define NAME_CAP 48     /* longest name that is compared for likeness */

_Static_assert(sizeof(enum pool_mode) == sizeof(int) &&
    sizeof(enum auth_type) == sizeof(int) &&
    sizeof(enum sslmode) == sizeof(int) &&
    sizeof(enum sslnegotiation) == sizeof(int), "enums are stored as int");

struct unit {
	const char *name;
	int64_t factor;
};

static const struct unit time_units[] = {
	{ "us", 1 }, { "ms", 1000 }, { "s", USEC_PER_SEC },
	{ "min", 60 * USEC_PER_SEC }, { "h", 3600 * USEC_PER_SEC },
	{ "d", 86400 * USEC_PER_SEC }, { NULL, 0 },
};

static const struct unit size_units[] = {
	{ "B", 1 }, { "kB", 1 << 10 }, { "MB", 1 << 20 }, { "GB", 1 << 30 },
	{ NULL, 0 },
};

const struct choice choices_pool_mode[] = {
	{ "session", POOL_SESSION, SETTING_IMPLEMENTED },
	{ "transaction", POOL_TRANSACTION, SETTING_IMPLEMENTED },
	{ "statement", POOL_STATEMENT, SETTING_IMPLEMENTED },
	{ NULL, 0, SETTING_IMPLEMENTED },
};

const struct choice choices_auth_type[] = {
	{ "any", AUTH_TYPE_ANY, SETTING_IMPLEMENTED },
	{ "trust", AUTH_TYPE_TRUST, SETTING_IMPLEMENTED },
	{ "plain", AUTH_TYPE_PLAIN, SETTING_IMPLEMENTED },
	{ "md5", AUTH_TYPE_MD5, SETTING_IMPLEMENTED },
	{ "scram-sha-256", AUTH_TYPE_SCRAM, SETTING_IMPLEMENTED },
	{ "cert", AUTH_TYPE_CERT, SETTING_IMPLEMENTED },
	{ "hba", AUTH_TYPE_HBA, SETTING_IMPLEMENTED },
	{ "pam", AUTH_TYPE_PAM, SETTING_REFUSED },
	{ "ldap", AUTH_TYPE_LDAP, SETTING_REFUSED },
	{ NULL, 0, SETTING_IMPLEMENTED },
};

#define SSLMODES \
	{ "disable", SSLMODE_DISABLE, SETTING_IMPLEMENTED }, \
	{ "allow", SSLMODE_ALLOW, SETTING_IMPLEMENTED }, \
	{ "prefer", SSLMODE_PREFER, SETTING_IMPLEMENTED }, \
	{ "require", SSLMODE_REQUIRE, SETTING_IMPLEMENTED }, \
	{ "verify-ca", SSLMODE_VERIFY_CA, SETTING_IMPLEMENTED }, \
	{ "verify-full", SSLMODE_VERIFY_FULL, SETTING_IMPLEMENTED }, \
	{ NULL, 0, SETTING_IMPLEMENTED }

const struct choice choices_client_sslmode[] = { SSLMODES };
const struct choice choices_server_sslmode[] = { SSLMODES };

const struct choice choices_sslnegotiation[] = {
	{ "postgres", SSLNEGOTIATION_POSTGRES, SETTING_IMPLEMENTED },
	{ "direct", SSLNEGOTIATION_DIRECT, SETTING_IMPLEMENTED },
	{ NULL, 0, SETTING_IMPLEMENTED },
};

const struct choice choices_load_balance[] = {
	{ "round-robin", LOAD_BALANCE_ROUND_ROBIN, SETTING_IMPLEMENTED },
	{ "disable", LOAD_BALANCE_DISABLE, SETTING_IMPLEMENTED },
	{ NULL, 0, SETTING_IMPLEMENTED },
};

const struct choice choices_fair_by[] = {
	{ "off", FAIR_BY_OFF, SETTING_IMPLEMENTED },
	{ "client_addr", FAIR_BY_CLIENT_ADDR, SETTING_IMPLEMENTED },
	{ "application_name", FAIR_BY_APPLICATION_NAME, SETTING_IMPLEMENTED },
	{ "user", FAIR_BY_USER, SETTING_IMPLEMENTED },
	{ NULL, 0, SETTING_IMPLEMENTED },
};

const struct choice choices_routing[] = {
	{ "off", ROUTING_OFF, SETTING_IMPLEMENTED },
	{ "explicit", ROUTING_EXPLICIT, SETTING_IMPLEMENTED },
	{ "auto", ROUTING_AUTO, SETTING_REFUSED },
	{ NULL, 0, SETTING_IMPLEMENTED },
};

const struct choice choices_balance_rule[] = {
	{ "least_connections", BALANCE_LEAST_CONNECTIONS,
	    SETTING_IMPLEMENTED },
	{ "round_robin", BALANCE_ROUND_ROBIN, SETTING_IMPLEMENTED },
	{ "ip_hash", BALANCE_IP_HASH, SETTING_IMPLEMENTED },
	{ "random", BALANCE_RANDOM, SETTING_IMPLEMENTED },
	{ NULL, 0, SETTING_IMPLEMENTED },
};

const struct choice choices_database_role[] = {
	{ "primary", DATABASE_ROLE_PRIMARY, SETTING_IMPLEMENTED },
	{ "replica", DATABASE_ROLE_REPLICA, SETTING_IMPLEMENTED },
	{ "any", DATABASE_ROLE_ANY, SETTING_IMPLEMENTED },
	{ NULL, 0, SETTING_IMPLEMENTED },
};

const struct choice choices_host_role[] = {
	{ "auto", HOST_ROLE_AUTO, SETTING_IMPLEMENTED },
	{ "primary", HOST_ROLE_PRIMARY, SETTING_IMPLEMENTED },
	{ "replica", HOST_ROLE_REPLICA, SETTING_IMPLEMENTED },
	{ NULL, 0, SETTING_IMPLEMENTED },
};

static int64_t get_number(const struct setting *, const void *base);
static void put_number(const struct setting *, void *base, int64_t);
static char *get_string(const struct setting *, const void *base);
static void put_string(const struct setting *, void *base, char *);
static bool parse_int(const struct setting *, const char *, int64_t *,
    struct err *);
static bool parse_bool(const struct setting *, const char *, int64_t *,
    struct err *);
static bool parse_quantity(const struct setting *, const struct unit *,
    int64_t plain, const char *, int64_t *);
static bool parse_choice(const struct setting *, const char *, int64_t *,
    struct err *);

static bool
is_text(const struct setting *row)
{
	return row->type == SETTING_STR || row->type == SETTING_SECRET;
}

bool
setting_parse(const struct setting *row, void *base, const char *value,
    struct err *err)
{
	int64_t n = 0;

	/* A number without a default may be left unset, as a string. */
	if (row->type == SETTING_INT && row->def == NULL && row->lo >= 0 &&
	    value[0] == '\0') {
		put_number(row, base, -1);
		return true;
	}
	switch (row->type) {
	case SETTING_STR:
	case SETTING_SECRET:
		put_string(row, base, mem_strdup(value));
		return true;
	case SETTING_INT:
		if (!parse_int(row, value, &n, err))
			return false;
		break;
	case SETTING_BOOL:
		if (!parse_bool(row, value, &n, err))
			return false;
		break;
	case SETTING_TIME:
		if (!parse_quantity(row, time_units, USEC_PER_SEC, value, &n))
			return err_set(err, "expected a time from %g s, in "
			    "seconds or with us, ms, s, min, h or d",
			    row->lo > 0 ? (double)row->lo / 1e6 : 0.0);
		break;
	case SETTING_SIZE:
		if (!parse_quantity(row, size_units, 1, value, &n))
			return err_set(err, "expected a size from %lld to "
			    "%lld, in bytes or with kB, MB or GB",
			    (long long)row->lo, (long long)row->hi);
		break;
	case SETTING_ENUM:
		if (!parse_choice(row, value, &n, err))
			return false;
		break;
	}
	put_number(row, base, n);
	return true;
}

void
setting_default(const struct setting *row, void *base)
{
	struct err err;
	bool ok;

	if (row->def != NULL) {
		ok = setting_parse(row, base, row->def, &err);
		must(ok);
	} else if (is_text(row)) {
		put_string(row, base, NULL);
	} else {
		put_number(row, base, -1);
	}
}

const char *
setting_format(const struct setting *row, const void *base, char *buf,
    size_t cap)
{
	int64_t n;

	if (is_text(row)) {
		const char *s = get_string(row, base);

		return row->type == SETTING_STR || s == NULL || *s == '\0' ?
		    s : "********";
	}
	n = get_number(row, base);
	if (n == -1)
		return NULL;
	if (row->type == SETTING_ENUM)
		return choice_name(row->choices, (int)n);
	if (row->type == SETTING_TIME)
		snprintf(buf, cap, "%g", (double)n / 1e6);
	else
		snprintf(buf, cap, "%lld", (long long)n);
	return buf;
}

bool
setting_same(const struct setting *row, const void *a, const void *b)
{
	const char *s, *t;

	if (!is_text(row))
		return get_number(row, a) == get_number(row, b);
	s = get_string(row, a);
	t = get_string(row, b);
	return s == t || (s != NULL && t != NULL && strcmp(s, t) == 0);
}

void
setting_copy(const struct setting *row, void *to, const void *from)
{
	if (is_text(row))
		put_string(row, to, mem_strdup(get_string(row, from)));
	else
		put_number(row, to, get_number(row, from));
}

void
setting_free(const struct setting *row, void *base)
{
	if (is_text(row))
		put_string(row, base, NULL);
}

enum setting_state
setting_state_of(const struct setting *row, const void *base,
    const void *defaults)
{
	const struct choice *c;
	const char *s;
	int64_t n;

	if (setting_same(row, base, defaults))
		return SETTING_IMPLEMENTED;
	if (is_text(row)) {
		/* Nothing is the same as unset. */
		s = get_string(row, base);
		if ((s == NULL || s[0] == '\0') &&
		    (row->def == NULL || row->def[0] == '\0'))
			return SETTING_IMPLEMENTED;
		return row->state;
	}
	n = get_number(row, base);
	if (row->type == SETTING_ENUM) {
		for (c = row->choices; c->name != NULL; c++)
			if (c->value == n && c->state != SETTING_IMPLEMENTED)
				return c->state;
		return row->state;
	}
	/* "0: none" and "0: inherit" ask for nothing either. */
	if (n <= 0 && get_number(row, defaults) <= 0)
		return SETTING_IMPLEMENTED;
	return row->state;
}

const struct setting *
setting_find(const struct setting *rows, size_t n, const char *name)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (strcmp(rows[i].name, name) == 0)
			return &rows[i];
	return NULL;
}

/* How many letters must be inserted, removed or replaced (Levenshtein). */
static size_t
distance(const char *a, const char *b)
{
	size_t row[NAME_CAP + 1], n = strlen(a), m = strlen(b), i, j;

	must(n <= NAME_CAP && m <= NAME_CAP);
	for (j = 0; j <= m; j++)
		row[j] = j;
	for (i = 1; i <= n; i++) {
		size_t diagonal = row[0];

		row[0] = i;
		for (j = 1; j <= m; j++) {
			size_t best = diagonal + (tolower((unsigned char)
			    a[i - 1]) != b[j - 1]);

			diagonal = row[j];
			if (row[j] + 1 < best)
				best = row[j] + 1;
			if (row[j - 1] + 1 < best)
				best = row[j - 1] + 1;
			row[j] = best;
		}
	}
	return row[m];
}

const char *
setting_nearest(const struct setting *rows, size_t n, const char *name)
{
	size_t i, d, best = strlen(name) / 3 + 1;
	const char *found = NULL;

	if (strlen(name) > NAME_CAP)
		return NULL;
	for (i = 0; i < n; i++) {
		d = distance(name, rows[i].name);
		if (d < best || (d == best && found == NULL)) {
			best = d;
			found = rows[i].name;
		}
	}
	return found;
}

void
setting_words(const struct setting *row, struct text *to)
{
	const struct choice *c;
	const char *comma = "";

	for (c = row->choices; c->name != NULL; c++) {
		if (c->state == SETTING_REFUSED)
			continue;
		text_printf(to, "%s%s", comma, c->name);
		comma = ", ";
	}
}

const char *
choice_name(const struct choice *c, int value)
{
	for (; c->name != NULL; c++)
		if (c->value == value)
			return c->name;
	return NULL;
}

static int64_t
get_number(const struct setting *row, const void *base)
{
	const char *at = (const char *)base + row->offset;
	int64_t wide = 0;
	int narrow = 0;
	bool truth = false;

	switch (row->type) {
	case SETTING_TIME:
	case SETTING_SIZE:
		memcpy(&wide, at, sizeof wide);
		return wide;
	case SETTING_INT:
	case SETTING_ENUM:
		memcpy(&narrow, at, sizeof narrow);
		return narrow;
	case SETTING_BOOL:
		memcpy(&truth, at, sizeof truth);
		return truth;
	case SETTING_STR:
	case SETTING_SECRET:
		break;
	}
	must(!is_text(row));
	return 0;
}

static void
put_number(const struct setting *row, void *base, int64_t n)
{
	char *at = (char *)base + row->offset;
	int narrow = (int)n;
	bool truth = n != 0;

	switch (row->type) {
	case SETTING_TIME:
	case SETTING_SIZE:
		memcpy(at, &n, sizeof n);
		return;
	case SETTING_INT:
	case SETTING_ENUM:
		must(narrow == n);
		memcpy(at, &narrow, sizeof narrow);
		return;
	case SETTING_BOOL:
		memcpy(at, &truth, sizeof truth);
		return;
	case SETTING_STR:
	case SETTING_SECRET:
		break;
	}
	must(!is_text(row));
}

static char *
get_string(const struct setting *row, const void *base)
{
	char *s;

	memcpy(&s, (const char *)base + row->offset, sizeof s);
	return s;
}

/* Frees what was there. s may be NULL; it is the struct's from now on. */
static void
put_string(const struct setting *row, void *base, char *s)
{
	mem_free(get_string(row, base));
	memcpy((char *)base + row->offset, &s, sizeof s);
}

static bool
parse_int(const struct setting *row, const char *text, int64_t *out,
    struct err *err)
{
	long long n;
	char *end;

	errno = 0;
	n = strtoll(text, &end, 0);
	if (end == text || *end != '\0' || errno != 0 ||
	    isspace((unsigned char)text[0]) || n < row->lo || n > row->hi)
		return err_set(err, "expected a number from %lld to "
		    "%lld, found \"%.40s\"", (long long)row->lo,
		    (long long)row->hi, text);
	*out = n;
	return true;
}

static bool
parse_bool(const struct setting *row, const char *text, int64_t *out,
    struct err *err)
{
	static const char *const no[] = { "no", "off", "false" };
	static const char *const yes[] = { "yes", "on", "true" };
	size_t i;

	for (i = 0; i < countof(yes); i++) {
		if (strcasecmp(text, yes[i]) == 0 ||
		    strcasecmp(text, no[i]) == 0) {
			*out = strcasecmp(text, yes[i]) == 0;
			return true;
		}
	}
	if (!parse_int(row, text, out, err))
		return err_set(err, "expected 0 or 1");
	return true;
}

/* A number with a fraction and perhaps a unit; plain is the factor without
 * one. A negative number stands for "unset" where the row allows it. */
static bool
parse_quantity(const struct setting *row, const struct unit *units,
    int64_t plain, const char *text, int64_t *out)
{
	const char *digits = text[0] == '-' ? text + 1 : text;
	double n, factor = (double)plain;
	char *end;

	/* strtod() would also take blanks, "inf" and hexadecimal. */
	if (!isdigit((unsigned char)digits[0]) && digits[0] != '.')
		return false;
	if (digits[0] == '0' && (digits[1] == 'x' || digits[1] == 'X'))
		return false;
	n = strtod(digits, &end);
	if (end == digits)
		return false;
	while (*end == ' ' || *end == '\t')
		end++;
	if (*end != '\0') {
		while (units->name != NULL && strcasecmp(units->name, end) != 0)
			units++;
		if (units->name == NULL)
			return false;
		factor = (double)units->factor;
	}
	if (digits != text) {
		*out = -1;
		return n > 0 && row->lo < 0;
	}
	n *= factor;
	if (!(n >= (double)row->lo && n <= (double)row->hi))
		return false;
	*out = (int64_t)(n + 0.5);
	return true;
}

static bool
parse_choice(const struct setting *row, const char *text, int64_t *out,
    struct err *err)
{
	const struct choice *c;
	struct text list = {0};

	for (c = row->choices; c->name != NULL; c++) {
		if (strcasecmp(c->name, text) == 0) {
			*out = c->value;
			return true;
		}
	}
	setting_words(row, &list);
	(void)err_set(err, "expected one of: %s", list.p);
	text_fini(&list);
	return false;
}
