/*
 * test_base.c - lists, rosters, texts, addresses, the log.
 */
#include <arpa/inet.h>
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/addr.h"
#include "base/list.h"
#include "base/log.h"
#include "base/must.h"
#include "base/roster.h"
#include "base/str.h"

struct item {
	struct list member;
	char name;
};

static char *
names(struct list *head)
{
	static char buf[16];
	struct list *n;
	size_t i = 0;

	LIST_EACH (n, head)
		buf[i++] = container_of(n, struct item, member)->name;
	buf[i] = '\0';
	return buf;
}

START_TEST(list_keeps_order_and_lets_go)
{
	struct item a = { .name = 'a' }, b = { .name = 'b' },
	    c = { .name = 'c' };
	struct list head, other;

	list_init(&head);
	list_init(&other);
	list_init(&b.member);
	list_remove(&b.member);         /* in no list: harmless */
	list_append(&head, &b.member);
	list_append(&head, &c.member);
	list_prepend(&head, &a.member);
	ck_assert_str_eq(names(&head), "abc");
	list_remove(&b.member);
	ck_assert_str_eq(names(&head), "ac");
	list_append(&other, &b.member);
	list_splice(&other, &head);
	ck_assert_str_eq(names(&other), "bac");
	ck_assert(list_empty(&head) && list_pop(&head) == NULL);
	ck_assert_ptr_eq(list_pop(&other), &b.member);
	ck_assert_ptr_eq(list_last(&other), &c.member);
}
END_TEST

START_TEST(roster_places_are_stable)
{
	struct roster r = { 0 };
	int things[40];
	uint32_t place[40], cursor = 0;
	int i;

	for (i = 0; i < 40; i++)
		place[i] = roster_add(&r, &things[i]);
	ck_assert_ptr_eq(roster_next(&r, &cursor), &things[0]);
	roster_remove(&r, place[1]);
	ck_assert_ptr_eq(roster_next(&r, &cursor), &things[2]);
	/* A newcomer takes the free place: who has passed it misses it. */
	ck_assert_uint_eq(roster_add(&r, &things[1]), place[1]);
	ck_assert_ptr_eq(roster_next(&r, &cursor), &things[3]);
	for (i = 0; i < 40; i++)
		roster_remove(&r, place[i]);
	cursor = 0;
	ck_assert_ptr_null(roster_next(&r, &cursor));
	roster_fini(&r);
}
END_TEST

static const struct {
	const char *list, *word;
	bool has;
} words[] = {
	{ "a, b,c", "b", true },  { "a, b,c", "bc", false },
	{ "ab", "a", false },     { NULL, "a", false },
	{ "", "", false },        { "a\tb", "b", true },
};

START_TEST(words_are_found_whole)
{
	ck_assert(str_has_word(words[_i].list, words[_i].word) ==
	    words[_i].has);
}
END_TEST

START_TEST(texts_grow)
{
	struct text t = { 0 };
	char *taken;
	int i;

	for (i = 0; i < 1000; i++)
		text_printf(&t, "%d,", i % 10);
	ck_assert_uint_eq(t.n, 2000);
	ck_assert_int_eq(t.p[t.n], '\0');
	text_clear(&t);
	text_puts(&t, "x");
	taken = text_take(&t);
	ck_assert_str_eq(taken, "x");
	ck_assert_ptr_null(t.p);
	free(taken);
	taken = text_take(&t);
	ck_assert_str_eq(taken, "");
	free(taken);
}
END_TEST

static const struct {
	const char *text, *want;        /* NULL: no address */
} addrs[] = {
	{ "127.0.0.1", "127.0.0.1" },   { "::1", "::1" },
	{ "[fe80::1]", "fe80::1" },     { "localhost", NULL },
	{ "1.2.3", NULL },              { "[::1", NULL },
	{ "", NULL },                   { "::ffff:10.1.2.3", "10.1.2.3" },
	{ "::fffe:10.1.2.3", "::fffe:a01:203" },
};

START_TEST(addresses_survive_both_forms)
{
	struct sockaddr_storage ss;
	struct addr a, b;
	char buf[64];

	ck_assert(addr_parse(&a, addrs[_i].text, 5432) ==
	    (addrs[_i].want != NULL));
	if (addrs[_i].want == NULL)
		return;
	addr_to_sockaddr(&a, &ss);
	b = addr_from_sockaddr((struct sockaddr *)&ss);
	ck_assert(addr_same_ip(&a, &b) && b.port == 5432);
	ck_assert_str_eq(addr_format(&b, buf, sizeof buf), addrs[_i].want);
}
END_TEST

START_TEST(b43_ipv4_by_a_socket_for_both)
{
	struct sockaddr_in6 in6 = { .sin6_family = AF_INET6,
		.sin6_port = htons(5432), .sin6_scope_id = 7 };
	struct addr a, want;

	ck_assert(addr_parse(&want, "10.1.2.3", 5432));
	ck_assert_int_eq(inet_pton(AF_INET6, "::ffff:10.1.2.3",
	    &in6.sin6_addr), 1);
	a = addr_from_sockaddr((struct sockaddr *)&in6);
	ck_assert_mem_eq(&a, &want, sizeof a);
}
END_TEST

START_TEST(k07_socket_paths_are_never_cut)
{
	char path[200];
	struct sockaddr_storage ss;
	socklen_t len;

	memset(path, 'x', sizeof path);
	path[0] = '/';
	path[107] = '\0';
	ck_assert_int_eq(addr_unix(path, &ss, &len), 0);
	path[107] = 'x';
	path[108] = '\0';
	ck_assert_int_eq(addr_unix(path, &ss, &len), -1);
	ck_assert_int_eq(errno, ENAMETOOLONG);
	ck_assert_int_eq(addr_unix("@name", &ss, &len), 0);
	ck_assert_uint_eq(len, offsetof(struct sockaddr_un, sun_path) + 5);
}
END_TEST

static void
prefix(const struct log_ctx *ctx, char *buf, size_t cap)
{
	(void)ctx;
	strncpy(buf, "C-1: db/user", cap);
}

/* One event, one line, whatever a peer has put into its name. */
START_TEST(k20_n03_log_lines)
{
	static const struct log_ctx ctx = { prefix };
	char name[] = "/tmp/pgweir-log-XXXXXX", got[4096];
	struct log_setup setup = { .file = name };
	struct err err;
	ssize_t n;
	int fd = mkstemp(name);

	ck_assert(log_open(&setup, &err));
	errno = EXDEV;
	log_info(&ctx, "user=%s", "a\r\033[0m%s");
	ck_assert_msg(errno == EXDEV, "k20: errno was lost");
	log_warning(NULL, "two\nlines");
	log_debug(NULL, "not at this level");
	log_close();
	n = read(fd, got, sizeof got - 1);
	ck_assert_int_gt(n, 0);
	got[n] = '\0';
	ck_assert_ptr_nonnull(strstr(got, "] LOG C-1: db/user user="));
	ck_assert_msg(strstr(got, "a\\x0d\\x1b[0m%s\n") != NULL, "%s", got);
	ck_assert_msg(strstr(got, "WARNING two\n\tlines\n") != NULL, "%s",
	    got);
	ck_assert_ptr_null(strstr(got, "not at this level"));
	close(fd);
	unlink(name);
	setup.file = "/nowhere/at/all";
	ck_assert(!log_open(&setup, &err));
	ck_assert_ptr_nonnull(strstr(err.text, "/nowhere/at/all"));
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("base");
	TCase *t = tcase_create("base");
	SRunner *r;
	int failed;

	tcase_add_test(t, list_keeps_order_and_lets_go);
	tcase_add_test(t, roster_places_are_stable);
	tcase_add_loop_test(t, words_are_found_whole, 0, countof(words));
	tcase_add_test(t, texts_grow);
	tcase_add_test(t, b43_ipv4_by_a_socket_for_both);
	tcase_add_loop_test(t, addresses_survive_both_forms, 0,
	    countof(addrs));
	tcase_add_test(t, k07_socket_paths_are_never_cut);
	tcase_add_test(t, k20_n03_log_lines);
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
