/*
 * test_shape.c - which descriptions are alike (f24).
 */
#include "pool/shape.h"

#include <check.h>

#include "base/must.h"
#include "base/str.h"
#include "pgwire/writer.h"

struct column {
	const char *name;
	unsigned table, place, type, size, typmod, format;
};

static uint64_t
shape_of(const struct column *c, size_t n)
{
	struct text t = { 0 };
	uint64_t shape;
	size_t i;

	writer_u16(&t, (uint16_t)n);
	for (i = 0; i < n; i++) {
		writer_cstring(&t, c[i].name);
		writer_u32(&t, c[i].table);
		writer_u16(&t, (uint16_t)c[i].place);
		writer_u32(&t, c[i].type);
		writer_u16(&t, (uint16_t)c[i].size);
		writer_u32(&t, c[i].typmod);
		writer_u16(&t, (uint16_t)c[i].format);
	}
	shape = shape_columns(t.p, t.n);
	text_fini(&t);
	return shape;
}

static const struct {
	const char *why;
	struct column other;
	bool same;
} columns[] = {
	{ "equal", { "a", 9, 1, 23, 4, 0, 0 }, true },
	{ "another table", { "a", 8, 1, 23, 4, 0, 0 }, true },
	{ "another place in it", { "a", 9, 2, 23, 4, 0, 0 }, true },
	{ "another format", { "a", 9, 1, 23, 4, 0, 1 }, true },
	{ "another name", { "b", 9, 1, 23, 4, 0, 0 }, false },
	{ "another type", { "a", 9, 1, 20, 4, 0, 0 }, false },
	{ "another size", { "a", 9, 1, 23, 8, 0, 0 }, false },
	{ "varchar(5)", { "a", 9, 1, 23, 4, 9, 0 }, false },
};

START_TEST(f24_names_and_types_count)
{
	struct column is[2] = { { "x", 9, 3, 25, 6, 0, 0 },
		{ "a", 9, 1, 23, 4, 0, 0 } };
	uint64_t before = shape_of(is, 2);

	is[1] = columns[_i].other;
	ck_assert_msg((shape_of(is, 2) == before) == columns[_i].same, "%s",
	    columns[_i].why);
	ck_assert_uint_ne(shape_of(is, 1), before);
}
END_TEST

START_TEST(f24_nothing_is_something)
{
	static const unsigned char none[] = { 0, 0 }, cut[] = { 0, 1, 'a' };

	ck_assert_uint_ne(shape_columns(NULL, 0), 0);
	ck_assert_uint_ne(shape_columns(NULL, 0), shape_columns(none, 2));
	ck_assert_uint_ne(shape_columns(cut, sizeof cut), 0);
	ck_assert_uint_ne(shape_parameters(none, 2), 0);
	ck_assert_uint_ne(shape_parameters(none, 2),
	    shape_parameters(cut, sizeof cut));
}
END_TEST

static const struct {
	const char *why;
	struct shape is, told;
	enum shape_match match;
} matches[] = {
	{ "all", { 1, 2 }, { 1, 2 }, SHAPE_SAME },
	{ "told nothing", { 0, 0 }, { 0, 0 }, SHAPE_SAME },
	{ "told of a portal", { 1, 2 }, { 0, 2 }, SHAPE_SAME },
	{ "not known", { 0, 0 }, { 0, 2 }, SHAPE_UNSURE },
	{ "half known", { 0, 2 }, { 1, 2 }, SHAPE_UNSURE },
	{ "other columns", { 0, 3 }, { 1, 2 }, SHAPE_OTHER },
	{ "other parameters", { 3, 0 }, { 1, 2 }, SHAPE_OTHER },
};

START_TEST(f24_as_far_as_it_was_told)
{
	ck_assert_msg(shape_match(&matches[_i].is, &matches[_i].told) ==
	    matches[_i].match, "%s", matches[_i].why);
}
END_TEST

START_TEST(f24_news_add_to_what_is_known)
{
	struct shape s = { 1, 2 };

	shape_add(&s, &(struct shape){ 0, 3 });
	ck_assert(s.parameters == 1 && s.columns == 3);
	shape_add(&s, &(struct shape){ 4, 0 });
	ck_assert(s.parameters == 4 && s.columns == 3);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("shape");
	TCase *t = tcase_create("shape");
	SRunner *sr;
	int failed;

	tcase_add_loop_test(t, f24_names_and_types_count, 0,
	    (int)countof(columns));
	tcase_add_test(t, f24_nothing_is_something);
	tcase_add_loop_test(t, f24_as_far_as_it_was_told, 0,
	    (int)countof(matches));
	tcase_add_test(t, f24_news_add_to_what_is_known);
	suite_add_tcase(s, t);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
