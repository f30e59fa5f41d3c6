/*
 * test_connstr.c - pairs and hosts, with PgBouncer's sharp edges mended.
 */
#include "config/connstr.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/must.h"
#include "base/str.h"

static bool
on_pair(void *arg, const char *key, const char *value, struct err *err)
{
	if (strcmp(key, "bad") == 0)
		return err_set(err, "refused");
	text_printf(arg, "%s=%s|", key, value);
	return true;
}

static const struct {
	const char *why, *text, *want;
} strings[] = {
	{ "nothing", "", "" },
	{ "blanks", " \t ", "" },
	{ "one", "host=a", "host=a|" },
	{ "two", "host=a port=5", "host=a|port=5|" },
	{ "tabs are blanks", "host=a\tport=5", "host=a|port=5|" },
	{ "blanks around =", "host = a  port\t=\t5", "host=a|port=5|" },
	{ "quotes", "password='a b'", "password=a b|" },
	{ "a quote in quotes", "password='it''s'", "password=it's|" },
	{ "only a quote", "password=''''", "password='|" },
	{ "= and ; in quotes", "connect_query='set a=1; x'  port=5",
	    "connect_query=set a=1; x|port=5|" },
	{ "= in a bare value", "password=ab=c", "password=ab=c|" },
	{ "a quote inside a bare value", "password=a'b", "password=a'b|" },
	{ "twice", "port=1 port=2", "port=1|port=2|" },
	{ "no value", "host=", "expected a value for host" },
	{ "no value, then another key", "host= port=5", "expected a value "
	    "for host, or quotes around it: another = follows" },
	{ "empty quotes", "password=''",
	    "expected a value for password, found ''" },
	{ "text behind the quote", "host='x'dbname=y", "expected a closing "
	    "' and a blank behind the value of host" },
	{ "quote that does not end", "host='x", "expected a closing ' and a "
	    "blank behind the value of host" },
	{ "quote that does not end in a quote", "host='x''", "expected a "
	    "closing ' and a blank behind the value of host" },
	{ "no =", "host", "expected key=value pairs with blanks between "
	    "them" },
	{ "no key", "=x", "expected key=value pairs with blanks between "
	    "them" },
	{ "a URL", "postgres://x", "expected key=value pairs with blanks "
	    "between them" },
	{ "the callback ends it", "a=1 bad=2 c=3", "a=1|refused" },
};

START_TEST(pairs)
{
	struct text seen = {0};
	struct err err;

	text_puts(&seen, "");
	if (!connstr_parse(strings[_i].text, on_pair, &seen, &err))
		text_puts(&seen, err.text);
	ck_assert_msg(strcmp(seen.p, strings[_i].want) == 0,
	    "%s:\n got %s\nwant %s", strings[_i].why, seen.p,
	    strings[_i].want);
	text_fini(&seen);
}
END_TEST

static const struct {
	const char *why, *list, *want;
} lists[] = {
	{ "i22 one name", "a", "a|" },
	{ "i22 several", "a,b,10.0.0.1", "a|b|10.0.0.1|" },
	{ "blanks around", " a , b ", "a|b|" },
	{ "i22 IPv6", "::1,fe80::1%eth0", "::1|fe80::1%eth0|" },
	{ "i22 IPv6 in brackets", "[::1],[::2]", "::1|::2|" },
	{ "a directory", "/var/run/postgresql", "/var/run/postgresql|" },
	{ "an abstract socket", "@x", "@x|" },
	{ "i22 nothing", "", NULL },
	{ "i22 nothing in between", "a,,b", NULL },
	{ "i22 nothing at the end", "a,", NULL },
	{ "i22 nothing in front", ",a", NULL },
	{ "i22 nothing in brackets", "a,[]", NULL },
	{ "i22 a blank only", "a, ", NULL },
};

START_TEST(hosts)
{
	struct text seen = {0};
	struct err err;
	char **names;
	size_t n, i;
	bool ok = connstr_split_hosts(lists[_i].list, &names, &n, &err);

	ck_assert_msg(ok == (lists[_i].want != NULL), "%s", lists[_i].why);
	for (i = 0; i < n; i++) {
		text_printf(&seen, "%s|", names[i]);
		mem_free(names[i]);
	}
	mem_free(names);
	if (ok)
		ck_assert_str_eq(seen.p, lists[_i].want);
	text_fini(&seen);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("connstr");
	TCase *tc = tcase_create("strings");
	SRunner *sr = srunner_create(s);
	int failed;

	tcase_add_loop_test(tc, pairs, 0, (int)countof(strings));
	tcase_add_loop_test(tc, hosts, 0, (int)countof(lists));
	suite_add_tcase(s, tc);
	srunner_run_all(sr, CK_NORMAL);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
