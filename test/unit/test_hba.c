/*
 * test_hba.c - which rule decides about whom, and that a file of rules is
 * whole or nothing.
 */
#include "config/hba.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/must.h"
#include "config/ident.h"
#include "test/unit/files.h"

#define LONG_NAME "a_name_that_is_longer_than_the_63_bytes_that_postgresql_" \
	"keeps_of_a_name_and_longer_than_127_bytes_that_are_the_limit_of_a_" \
	"user_name_here"

static const struct {
	const char *why;
	const char *rules;
	const char *from;       /* an address; NULL: the Unix socket */
	bool tls;
	const char *database, *user;
	enum hba_method want;
	size_t line;
} questions[] = {
	{ "no rules", "", NULL, false, "db", "u", HBA_NO_RULE, 0 },
	{ "comments only", "# host all all all trust\n\n  #\n", "10.0.0.1",
	    false, "db", "u", HBA_NO_RULE, 0 },
	{ "the first rule decides", "local all all reject\n"
	    "local all all trust\n", NULL, false, "db", "u", HBA_REJECT, 1 },
	{ "what does not fit is passed over", "local a all reject\n"
	    "local all b reject\nhost all all all reject\n"
	    "local all all trust\n", NULL, false, "db", "u", HBA_TRUST, 4 },
	{ "CRLF, tabs, a comment behind", "local\tall\tall\tmd5 # c\r\n",
	    NULL, false, "db", "u", HBA_MD5, 1 },
	{ "no newline at the end", "local all all peer", NULL, false, "db",
	    "u", HBA_PEER, 1 },
	{ "a comment right behind a word", "local all all trust#c\n", NULL,
	    false, "db", "u", HBA_TRUST, 1 },

	{ "host is not for the Unix socket", "host all all all trust\n",
	    NULL, false, "db", "u", HBA_NO_RULE, 0 },
	{ "local is not for TCP", "local all all trust\n", "127.0.0.1",
	    false, "db", "u", HBA_NO_RULE, 0 },
	{ "host without TLS", "host all all all password\n", "127.0.0.1",
	    false, "db", "u", HBA_PASSWORD, 1 },
	{ "host with TLS", "host all all all password\n", "127.0.0.1",
	    true, "db", "u", HBA_PASSWORD, 1 },
	{ "b43 hostssl without TLS", "hostssl all all all trust\n",
	    "127.0.0.1", false, "db", "u", HBA_NO_RULE, 0 },
	{ "b43 hostssl with TLS", "hostssl all all all cert\n",
	    "127.0.0.1", true, "db", "u", HBA_CERT, 1 },
	{ "b43 hostnossl with TLS", "hostnossl all all all trust\n",
	    "127.0.0.1", true, "db", "u", HBA_NO_RULE, 0 },
	{ "b43 hostnossl without TLS", "hostnossl all all all "
	    "scram-sha-256\n", "127.0.0.1", false, "db", "u", HBA_SCRAM, 1 },

	{ "b43 inside a net", "host all all 10.1.0.0/16 trust\n", "10.1.2.3",
	    false, "db", "u", HBA_TRUST, 1 },
	{ "b43 outside of it", "host all all 10.1.0.0/16 trust\n",
	    "10.2.2.3", false, "db", "u", HBA_NO_RULE, 0 },
	{ "odd bits, inside", "host all all 10.0.0.64/26 trust\n",
	    "10.0.0.127", false, "db", "u", HBA_TRUST, 1 },
	{ "odd bits, outside", "host all all 10.0.0.64/26 trust\n",
	    "10.0.0.128", false, "db", "u", HBA_NO_RULE, 0 },
	{ "one address", "host all all 10.0.0.1/32 trust\n", "10.0.0.1",
	    false, "db", "u", HBA_TRUST, 1 },
	{ "its neighbour", "host all all 10.0.0.1/32 trust\n", "10.0.0.2",
	    false, "db", "u", HBA_NO_RULE, 0 },
	{ "0.0.0.0/0 is every IPv4 address", "host all all 0.0.0.0/0 "
	    "trust\n", "203.0.113.9", false, "db", "u", HBA_TRUST, 1 },
	{ "but no IPv6 address", "host all all 0.0.0.0/0 trust\n", "::1",
	    false, "db", "u", HBA_NO_RULE, 0 },
	{ "::/0 is every IPv6 address", "host all all ::/0 trust\n",
	    "2001:db8::1", false, "db", "u", HBA_TRUST, 1 },
	{ "but no IPv4 address", "host all all ::/0 trust\n", "127.0.0.1",
	    false, "db", "u", HBA_NO_RULE, 0 },
	{ "all is both", "host all all all trust\n", "2001:db8::1", false,
	    "db", "u", HBA_TRUST, 1 },
	{ "IPv6 net", "host all all 2001:db8::/33 trust\n",
	    "2001:db8:7fff::1", false, "db", "u", HBA_TRUST, 1 },
	{ "IPv6 net, outside", "host all all 2001:db8::/33 trust\n",
	    "2001:db8:8000::1", false, "db", "u", HBA_NO_RULE, 0 },
	{ "a mask", "host all all 10.1.0.0 255.255.0.0 trust\n", "10.1.9.9",
	    false, "db", "u", HBA_TRUST, 1 },
	{ "a mask with a hole", "host all all 10.0.0.1 255.0.0.255 trust\n",
	    "10.7.7.1", false, "db", "u", HBA_TRUST, 1 },
	{ "an IPv6 mask", "host all all fe80:: ffff:: trust\n", "fe80::1",
	    false, "db", "u", HBA_TRUST, 1 },

	{ "a database", "local db all trust\n", NULL, false, "db", "u",
	    HBA_TRUST, 1 },
	{ "in a list", "local a,db,c all trust\n", NULL, false, "db", "u",
	    HBA_TRUST, 1 },
	{ "in a list with blanks", "local a , db , c x , u trust\n", NULL,
	    false, "db", "u", HBA_TRUST, 1 },
	{ "not in the list", "local a,b all trust\n", NULL, false, "db",
	    "u", HBA_NO_RULE, 0 },
	{ "case counts", "local DB all trust\n", NULL, false, "db", "u",
	    HBA_NO_RULE, 0 },
	{ "all in a list", "local a,all all trust\n", NULL, false, "db",
	    "u", HBA_TRUST, 1 },
	{ "a quoted name", "local \"my db\" \"a,b\" trust\n", NULL, false,
	    "my db", "a,b", HBA_TRUST, 1 },
	{ "quotes inside", "local \"a\"\"b\" all trust\n", NULL, false,
	    "a\"b", "u", HBA_TRUST, 1 },
	{ "\"all\" is a name", "local \"all\" all trust\n", NULL, false,
	    "db", "u", HBA_NO_RULE, 0 },
	{ "of a database", "local \"all\" \"all\" trust\n", NULL, false,
	    "all", "all", HBA_TRUST, 1 },
	{ "sameuser", "local sameuser all trust\n", NULL, false, "u", "u",
	    HBA_TRUST, 1 },
	{ "not sameuser", "local sameuser all trust\n", NULL, false, "db",
	    "u", HBA_NO_RULE, 0 },
	{ "\"sameuser\" is a name", "local \"sameuser\" all trust\n", NULL,
	    false, "u", "u", HBA_NO_RULE, 0 },
	{ "replication is not a database", "local replication all trust\n",
	    NULL, false, "replication", "u", HBA_NO_RULE, 0 },
	{ "\"replication\" is", "local \"replication\" all trust\n",
	    NULL, false, "replication", "u", HBA_TRUST, 1 },
	{ "\"@x\" is a name", "local \"@x\" \"+g\" trust\n", NULL, false,
	    "@x", "+g", HBA_TRUST, 1 },
	{ "a user", "local all u trust\n", NULL, false, "db", "u",
	    HBA_TRUST, 1 },
	{ "another user", "local all v,w trust\n", NULL, false, "db", "u",
	    HBA_NO_RULE, 0 },
	{ "sameuser is a user like any other", "local all sameuser trust\n",
	    NULL, false, "u", "u", HBA_NO_RULE, 0 },
	{ "b41 24 bytes", "local abcdefghijklmnopqrstuvwx all trust\n", NULL,
	    false, "abcdefghijklmnopqrstuvwx", "u", HBA_TRUST, 1 },
	{ "b41 a name nobody can have", "local all " LONG_NAME " trust\n",
	    NULL, false, "db", LONG_NAME, HBA_TRUST, 1 },
	{ "a26 a cut name is another name", "local all " LONG_NAME
	    " trust\n", NULL, false, "db", "a_name_that_is_longer_than_the_"
	    "63_bytes_that_postgresql_keeps", HBA_NO_RULE, 0 },
};

static struct hba *
parse(const char *text, struct ident *ident, struct err *err)
{
	return hba_parse(str_of(text), "h", ident, err);
}

/* The address in a question; it must outlive the query. */
static struct hba_query
query(struct addr *addr, int i)
{
	*addr = (struct addr){ .family = AF_UNIX };
	if (questions[i].from != NULL)
		ck_assert(addr_parse(addr, questions[i].from, 5432));
	return (struct hba_query){
		.addr = addr,
		.tls = questions[i].tls,
		.database = questions[i].database,
		.user = questions[i].user,
	};
}

START_TEST(b43_first_rule_that_fits_decides)
{
	struct addr addr;
	struct hba_query q = query(&addr, _i);
	struct hba_answer a;
	struct err err = {{0}};
	struct hba *h = parse(questions[_i].rules, NULL, &err);

	ck_assert_msg(h != NULL, "%s: %s", questions[_i].why, err.text);
	a = hba_ask(h, &q);
	ck_assert_msg(a.method == questions[_i].want &&
	    a.line == questions[_i].line, "%s: %s by line %zu",
	    questions[_i].why, hba_method_name(a.method), a.line);
	hba_unref(hba_ref(h));
	hba_unref(h);
}
END_TEST

static struct hba_answer
ask(const struct hba *h, const char *database, const char *alias,
    const char *user, bool replication)
{
	const struct addr addr = { .family = AF_UNIX };
	const struct hba_query q = {
		.addr = &addr, .database = database, .alias = alias,
		.user = user, .replication = replication,
	};

	return hba_ask(h, &q);
}

START_TEST(b43_physical_replication_needs_the_keyword)
{
	struct err err;
	struct hba *h = parse("local all,\"replication\" all trust\n"
	    "local sameuser all trust\nlocal replication u md5\n", NULL,
	    &err);

	ck_assert_ptr_nonnull(h);
	ck_assert_int_eq(ask(h, "u", NULL, "u", true).method, HBA_MD5);
	ck_assert_int_eq(ask(h, "u", NULL, "v", true).method, HBA_NO_RULE);
	ck_assert_int_eq(ask(h, "u", NULL, "u", false).method, HBA_TRUST);
	hba_unref(h);
}
END_TEST

/* Who is kept off the console by one of its names must not get in by the
 * other. */
START_TEST(a_database_of_two_names_is_one)
{
	struct err err;
	struct hba *h = parse("local pgbouncer u reject\n"
	    "local sameuser all md5\nlocal all all trust\n", NULL, &err);

	ck_assert_ptr_nonnull(h);
	ck_assert_int_eq(ask(h, "pgweir", "pgbouncer", "u", false).method,
	    HBA_REJECT);
	ck_assert_int_eq(ask(h, "pgbouncer", "pgweir", "u", false).method,
	    HBA_REJECT);
	ck_assert_int_eq(ask(h, "pgweir", "pgbouncer", "pgbouncer",
	    false).method, HBA_MD5);
	ck_assert_int_eq(ask(h, "other", NULL, "u", false).method, HBA_TRUST);
	hba_unref(h);
}
END_TEST

static const struct {
	const char *why, *rules;
	int line;
	const char *says;
} broken[] = {
	{ "unknown type", "local all all trust\nhosts all all all trust\n", 2,
	    "expected local, host, hostssl or hostnossl, found \"hosts\"" },
	{ "type of PostgreSQL", "hostgssenc all all all trust\n", 1,
	    "expected local, host," },
	{ "include", "include other.conf\n", 1, "expected local, host," },
	{ "quoted type", "\"local\" all all trust\n", 1,
	    "expected local, host," },
	{ "nothing behind the type", "local\n", 1, "expected a database" },
	{ "nothing behind the database", "local all\n", 1,
	    "expected a user" },
	{ "nothing behind the user", "local all all\n", 1,
	    "expected a method, found the end" },
	{ "no address", "host all all trust\n", 1,
	    "expected an address like 10.0.0.0/8 or all, found \"trust\"" },
	{ "b42 a mistyped reject", "local all all rejct\n"
	    "local all all trust\n", 1, "expected trust, reject, " },
	{ "case of a method", "local all all TRUST\n", 1, "expected trust, " },
	{ "quoted method", "local all all \"trust\"\n", 1,
	    "expected a method, found a quote" },
	{ "a method that is not there", "local all all ldap\n", 1,
	    "expected trust, reject, password, md5, scram-sha-256, peer or "
	    "cert, found \"ldap\"" },
	{ "a word too many", "local all all trust trust\n", 1,
	    "expected map=NAME, clientcert= or the end of the line, found "
	    "\"trust\"" },
	{ "a comma too many", "local all all trust,\n", 1,
	    "expected map=NAME, clientcert= or the end of the line" },
	{ "comma at the end of a list", "local a, all trust\n", 1,
	    "found the end" },
	{ "comma at the start of a list", "local ,a all trust\n", 1,
	    "expected a database" },
	{ "two commas", "local a,,b all trust\n", 1, "expected a database" },
	{ "empty name", "local \"\" all trust\n", 1, "expected a database" },
	{ "quote that does not end", "local \"a all trust\n"
	    "local all all trust\n", 1, "expected a quote" },
	{ "host name", "host all all db.example.com md5\n", 1,
	    "expected an address" },
	{ "samehost", "host all all samehost md5\n", 1,
	    "expected an address" },
	{ "brackets", "host all all [::1]/128 md5\n", 1,
	    "expected an address" },
	{ "quoted address", "host all all \"127.0.0.1/32\" md5\n", 1,
	    "expected an address, found a quote" },
	{ "33 bits", "host all all 10.0.0.1/33 md5\n", 1,
	    "expected 0 to 32 bits behind the address, found \"33\"" },
	{ "129 bits", "host all all ::1/129 md5\n", 1, "expected 0 to 128" },
	{ "no bits", "host all all 10.0.0.1/ md5\n", 1, "expected 0 to 32" },
	{ "negative bits", "host all all 10.0.0.1/-1 md5\n", 1,
	    "expected 0 to 32" },
	{ "bits that wrap", "host all all 10.0.0.1/4294967328 md5\n", 1,
	    "expected 0 to 32" },
	{ "letters behind", "host all all 10.0.0.1/32x md5\n", 1,
	    "expected 0 to 32" },
	{ "no mask", "host all all 10.0.0.1 md5\n", 1,
	    "expected a mask like 255.255.255.0 behind the address, found "
	    "\"md5\"" },
	{ "mask of another family", "host all all 10.0.0.1 ffff:: md5\n", 1,
	    "expected a mask" },
	{ "bits outside the mask never match", "host all all 10.0.0.1/8 "
	    "reject\n", 1, "expected an address without bits outside its "
	    "mask, found 10.0.0.1 with 255.0.0.0" },
	{ "nor these", "host all all ::1 ffff:: reject\n", 1,
	    "expected an address without bits outside its mask, found ::1 "
	    "with ffff::" },
	{ "b42 members of a role", "local all +admins reject\n", 1,
	    "members of roles are not supported" },
	{ "b42 a regular expression", "local /^db all reject\n", 1,
	    "regular expressions are not supported" },
	{ "samerole", "local samerole all reject\n", 1, "not supported" },
	{ "samegroup", "local samegroup all reject\n", 1, "not supported" },
	{ "peer over TCP", "host all all all peer\n", 1,
	    "expected peer in a local rule only" },
	{ "cert over the Unix socket", "local all all cert\n", 1,
	    "expected cert in a hostssl or host rule only" },
	{ "cert without TLS", "hostnossl all all all cert\n", 1,
	    "expected cert in a hostssl" },
	{ "map of another method", "local all all md5 map=m\n", 1,
	    "expected map= behind peer or cert only" },
	{ "unknown map", "local all all peer map=x\n", 1,
	    "expected a map of auth_ident_file, found \"x\"" },
	{ "two maps", "local all all peer map=m map=m\n", 1,
	    "expected one map=" },
	{ "another option", "hostssl all all all md5 ldapserver=x\n", 1,
	    "expected map=NAME, clientcert= or the end of the line" },
	{ "clientcert without TLS", "host all all all md5 "
	    "clientcert=verify-ca\n", 1, "in a hostssl rule only" },
	{ "clientcert as it was before PostgreSQL 14", "hostssl all all all "
	    "md5 clientcert=1\n", 1, "expected clientcert=verify-ca or "
	    "clientcert=verify-full, found \"clientcert=1\"" },
	{ "b42 less than cert itself", "hostssl all all all cert "
	    "clientcert=verify-ca\n", 1, "expected clientcert=verify-full, "
	    "found" },
	{ "two of them", "hostssl all all all md5 clientcert=verify-ca "
	    "clientcert=verify-full\n", 1, "expected one clientcert=" },
	{ "@ alone", "local @ all trust\n", 1, "expected the name of a file" },
	{ "@ of a file that is not there", "local @/nonexistent/x all "
	    "trust\n", 1, "/nonexistent/x: expected a readable list" },
};

START_TEST(b42_a_broken_rule_is_named)
{
	struct err err = {{0}};
	struct ident *ident = ident_parse(str_of("m a b\n"), "i", &err);
	char place[16];

	ck_assert_ptr_nonnull(ident);
	ck_assert_msg(parse(broken[_i].rules, ident, &err) == NULL, "%s",
	    broken[_i].why);
	snprintf(place, sizeof place, "h:%d: ", broken[_i].line);
	ck_assert_msg(strncmp(err.text, place, strlen(place)) == 0 &&
	    strstr(err.text, broken[_i].says) != NULL, "%s: %s",
	    broken[_i].why, err.text);
	ident_unref(ident);
}
END_TEST

static const struct {
	const char *rule;
	enum hba_clientcert want;
} clientcerts[] = {
	{ "hostssl all all all md5", HBA_CLIENTCERT_ANY },
	{ "hostssl all all all md5 clientcert=verify-ca",
	    HBA_CLIENTCERT_GOOD },
	{ "hostssl all all all trust clientcert=verify-full",
	    HBA_CLIENTCERT_OWN },
	{ "hostssl all all all cert clientcert=verify-full map=m",
	    HBA_CLIENTCERT_OWN },
};

START_TEST(b43_rules_ask_for_certificates)
{
	struct err err = {{0}};
	struct ident *ident = ident_parse(str_of("m a b\n"), "i", &err);
	struct addr addr;
	struct hba_query q = { .addr = &addr, .tls = true, .database = "d",
		.user = "u" };
	struct hba *h = parse(clientcerts[_i].rule, ident, &err);

	ck_assert_msg(h != NULL, "%s", err.text);
	ck_assert(addr_parse(&addr, "10.0.0.1", 0));
	ck_assert_int_eq(hba_ask(h, &q).clientcert, clientcerts[_i].want);
	hba_unref(h);
	ident_unref(ident);
}
END_TEST

START_TEST(a_nul_byte_hides_nothing)
{
	static const char bare[] = "local all a\0 trust\n";
	static const char quoted[] = "local all \"a\0\" trust\n";
	struct err err;

	ck_assert(hba_parse((struct str){ bare, sizeof bare - 1 }, "h", NULL,
	    &err) == NULL);
	ck_assert(hba_parse((struct str){ quoted, sizeof quoted - 1 }, "h",
	    NULL, &err) == NULL);
}
END_TEST

START_TEST(rules_name_maps)
{
	struct err err;
	struct ident *ident = ident_parse(str_of("m a b\nn c d\n"), "i",
	    &err);
	struct hba *h = parse("local x all peer map=m\n"
	    "local y all peer\nlocal all all peer map=n\n", ident, &err);

	ck_assert_ptr_nonnull(h);
	ck_assert_ptr_eq(ask(h, "x", NULL, "u", false).map,
	    ident_map(ident, "m"));
	ck_assert_ptr_null(ask(h, "y", NULL, "u", false).map);
	ck_assert_ptr_eq(ask(h, "z", NULL, "u", false).map,
	    ident_map(ident, "n"));
	/* The rules keep the maps alive. */
	ident_unref(ident);
	ck_assert_ptr_nonnull(ask(h, "z", NULL, "u", false).map);
	hba_unref(h);
}
END_TEST

START_TEST(names_from_files)
{
	struct err err = {{0}};
	struct hba *h;

	files_start();
	files_put("rules", "local @dbs,extra @users md5\n");
	files_put("dbs", "a, b\n# no\nc \"d e\" # f\r\n\n@more\n");
	files_put("more", "g,@users\n");
	files_put("users", "u\nall_of_them,v");
	h = hba_load("rules", NULL, &err);
	ck_assert_msg(h != NULL, "%s", err.text);
	ck_assert_int_eq(ask(h, "a", NULL, "u", false).method, HBA_MD5);
	ck_assert_int_eq(ask(h, "d e", NULL, "v", false).method, HBA_MD5);
	ck_assert_int_eq(ask(h, "g", NULL, "v", false).method, HBA_MD5);
	ck_assert_int_eq(ask(h, "u", NULL, "u", false).method, HBA_MD5);
	ck_assert_int_eq(ask(h, "extra", NULL, "u", false).method, HBA_MD5);
	ck_assert_int_eq(ask(h, "no", NULL, "u", false).method, HBA_NO_RULE);
	ck_assert_int_eq(ask(h, "a", NULL, "w", false).method, HBA_NO_RULE);
	hba_unref(h);
	files_stop();
}
END_TEST

START_TEST(all_from_a_file_is_everybody)
{
	struct err err;
	struct hba *h;

	files_start();
	files_put("rules", "local all @users md5\n");
	files_put("users", "all\n");
	h = hba_load("rules", NULL, &err);
	ck_assert_ptr_nonnull(h);
	ck_assert_int_eq(ask(h, "a", NULL, "u", false).method, HBA_MD5);
	hba_unref(h);
	files_stop();
}
END_TEST

START_TEST(b41_files_are_relative_to_their_file)
{
	char path[80];
	struct err err = {{0}};
	struct hba *h;

	files_start();
	files_put("rules", "local @dbs all md5\n");
	files_put("dbs", "a\n");
	snprintf(path, sizeof path, "%s/rules", files_dir);
	ck_assert_int_eq(chdir("/"), 0);
	h = hba_load(path, NULL, &err);
	ck_assert_msg(h != NULL, "%s", err.text);
	ck_assert_int_eq(ask(h, "a", NULL, "u", false).method, HBA_MD5);
	hba_unref(h);
	ck_assert_int_eq(chdir(files_dir), 0);
	files_stop();
}
END_TEST

static const struct {
	const char *why, *text, *says;
} bad_files[] = {
	{ "itself", "@dbs\n", "expected files to nest 8 deep at most" },
	{ "a quote that does not end", "a\n\"b\n",
	    "rules:1: dbs:2: expected a quote" },
	{ "a role's members", "a\n+b\n", "not supported" },
	{ "a file that is not there", "@absent\n",
	    "rules:1: dbs:1: absent: expected a readable list of names: No " },
};

START_TEST(b41_a_broken_file_of_names_is_named)
{
	struct err err = {{0}};

	files_start();
	files_put("rules", "local all @dbs md5\n");
	files_put("dbs", bad_files[_i].text);
	ck_assert_ptr_null(hba_load("rules", NULL, &err));
	ck_assert_msg(strstr(err.text, bad_files[_i].says) != NULL, "%s: %s",
	    bad_files[_i].why, err.text);
	files_stop();
}
END_TEST

START_TEST(b41_rules_that_cannot_be_read)
{
	struct err err;

	ck_assert_ptr_null(hba_load("/nonexistent/x", NULL, &err));
	ck_assert_str_eq(err.text, "/nonexistent/x: expected a readable "
	    "auth_hba_file: No such file or directory");
	ck_assert_ptr_null(hba_load("/tmp", NULL, &err));
	ck_assert(strstr(err.text, "Is a directory") != NULL);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("hba");
	TCase *tc = tcase_create("rules");
	SRunner *sr = srunner_create(s);
	int failed;

	tcase_add_loop_test(tc, b43_first_rule_that_fits_decides, 0,
	    (int)countof(questions));
	tcase_add_test(tc, b43_physical_replication_needs_the_keyword);
	tcase_add_test(tc, a_database_of_two_names_is_one);
	tcase_add_loop_test(tc, b42_a_broken_rule_is_named, 0,
	    (int)countof(broken));
	tcase_add_loop_test(tc, b43_rules_ask_for_certificates, 0,
	    (int)countof(clientcerts));
	tcase_add_test(tc, a_nul_byte_hides_nothing);
	tcase_add_test(tc, rules_name_maps);
	suite_add_tcase(s, tc);
	tc = tcase_create("files");
	tcase_add_test(tc, names_from_files);
	tcase_add_test(tc, all_from_a_file_is_everybody);
	tcase_add_test(tc, b41_files_are_relative_to_their_file);
	tcase_add_loop_test(tc, b41_a_broken_file_of_names_is_named, 0,
	    (int)countof(bad_files));
	tcase_add_test(tc, b41_rules_that_cannot_be_read);
	suite_add_tcase(s, tc);
	srunner_run_all(sr, CK_NORMAL);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
