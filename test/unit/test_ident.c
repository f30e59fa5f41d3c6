/*
 * test_ident.c - name maps, and that a file of them is whole or nothing.
 */
#include "config/ident.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/must.h"
#include "test/unit/files.h"

#define FILE_TEXT                                                       \
	"# a comment\n"                                                 \
	"\n"                                                            \
	"ops root postgres\n"                                           \
	"ops root admin # one more\n"                                   \
	"  ops\talice  \"all\"\r\n"                                     \
	"ops bob all\n"                                                 \
	"\"two words\" \"Bob B.\" \"a \"\"b\"\"\"\n"                    \
	"web www app"

static bool
is(const void *arg, const char *name)
{
	return strcmp(arg, name) == 0;
}

static const struct {
	const char *why;
	const char *map;        /* NULL: without a map */
	const char *system, *user;
	bool want;
} questions[] = {
	{ "without a map: the same name", NULL, "alice", "alice", true },
	{ "without a map: another name", NULL, "alice", "bob", false },
	{ "without a map: case counts", NULL, "Alice", "alice", false },
	{ "first pair", "ops", "root", "postgres", true },
	{ "second pair", "ops", "root", "admin", true },
	{ "no such pair", "ops", "root", "app", false },
	{ "with a map the same name is not enough", "ops", "root", "root",
	    false },
	{ "\"all\" is a user like any other", "ops", "alice", "all", true },
	{ "and is not everybody", "ops", "alice", "postgres", false },
	{ "all is everybody", "ops", "bob", "whoever", true },
	{ "everybody else is nobody", "ops", "bobby", "whoever", false },
	{ "another map's pair", "web", "root", "postgres", false },
	{ "no newline at the end", "web", "www", "app", true },
	{ "quoted words", "two words", "Bob B.", "a \"b\"", true },
};

START_TEST(maps_say_who_may_be_whom)
{
	const struct ident_map *m = NULL;
	struct ident *ident;
	struct err err = {{0}};

	ident = ident_parse(str_of(FILE_TEXT), "i", &err);
	ck_assert_msg(ident != NULL, "%s", err.text);
	if (questions[_i].map != NULL) {
		m = ident_map(ident, questions[_i].map);
		ck_assert_ptr_nonnull(m);
	}
	ck_assert_msg(ident_allows(m, questions[_i].user, is,
	    questions[_i].system) == questions[_i].want, "%s",
	    questions[_i].why);
	ck_assert_ptr_null(ident_map(ident, "absent"));
	ident_unref(ident_ref(ident));
	ident_unref(ident);
}
END_TEST

static const struct {
	const char *why, *text;
	int line;
} broken[] = {
	{ "one word", "m\n", 1 },
	{ "two words", "m a b\nm a\n", 2 },
	{ "four words", "m a b c\n", 1 },
	{ "comma", "m a,b c\n", 1 },
	{ "comma at the end", "m a b,\n", 1 },
	{ "quote that does not end", "m a \"b\n", 1 },
	{ "empty name", "\n\nm \"\" b\n", 3 },
};

START_TEST(b41_a_broken_map_is_named)
{
	struct err err = {{0}};
	char place[48];

	ck_assert_msg(ident_parse(str_of(broken[_i].text), "i", &err) == NULL,
	    "%s", broken[_i].why);
	snprintf(place, sizeof place, "i:%d: expected a map, a name",
	    broken[_i].line);
	ck_assert_msg(strncmp(err.text, place, strlen(place)) == 0, "%s: %s",
	    broken[_i].why, err.text);
}
END_TEST

START_TEST(a_nul_byte_hides_nothing)
{
	static const char bare[] = "m a\0 b\n", quoted[] = "m \"a\0\" b\n";
	struct err err;

	ck_assert(ident_parse((struct str){ bare, sizeof bare - 1 }, "i",
	    &err) == NULL);
	ck_assert(ident_parse((struct str){ quoted, sizeof quoted - 1 }, "i",
	    &err) == NULL);
}
END_TEST

START_TEST(from_a_file)
{
	struct ident *ident;
	struct err err;

	files_start();
	files_put("map", FILE_TEXT);
	ident = ident_load("map", &err);
	ck_assert_ptr_nonnull(ident);
	ck_assert_ptr_nonnull(ident_map(ident, "web"));
	ident_unref(ident);
	ck_assert_ptr_null(ident_load("absent", &err));
	ck_assert_str_eq(err.text, "absent: expected a readable "
	    "auth_ident_file: No such file or directory");
	files_stop();
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("ident");
	TCase *tc = tcase_create("maps");
	SRunner *sr = srunner_create(s);
	int failed;

	tcase_add_loop_test(tc, maps_say_who_may_be_whom, 0,
	    (int)countof(questions));
	tcase_add_loop_test(tc, b41_a_broken_map_is_named, 0,
	    (int)countof(broken));
	tcase_add_test(tc, a_nul_byte_hides_nothing);
	tcase_add_test(tc, from_a_file);
	suite_add_tcase(s, tc);
	srunner_run_all(sr, CK_NORMAL);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
