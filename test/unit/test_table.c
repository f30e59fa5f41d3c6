/*
 * test_table.c - tables in PostgreSQL's protocol, from columns.
 */
#include "admin/table.h"

#include <check.h>
#include <stdlib.h>

#include "base/must.h"

struct row {
	const char *string;
	bool yes;
	int number;
	uint32_t u32;
	uint64_t u64;
};

#define BYTES(s) { s, sizeof(s) - 1 }

static void
put_two(struct text *out, const void *row)
{
	table_printf(out, "%d", ((const struct row *)row)->number + 2);
}

static const struct column one_of_each[] = {
	COLUMN("a", PG_TEXT, struct row, string),
	COLUMN("b", PG_INT4, struct row, yes),
	COLUMN("c", PG_INT4, struct row, number),
	COLUMN("d", PG_INT8, struct row, u32),
	COLUMN("e", PG_NUMERIC, struct row, u64),
	COLUMN_BY("f", PG_BYTEA, put_two),
	COLUMN_OR_EMPTY("g", struct row, string),
};

START_TEST(head_has_pg_types_and_belongs_to_no_table)
{
#define FIELD(name, type) name "\0\0\0\0\0\0\0" type "\xff\xff\xff\xff\0\0"
	static const struct str want = BYTES("T\0\0\0\x92\0\7"
	    FIELD("a", "\0\0\0\x19\xff\xff")
	    FIELD("b", "\0\0\0\x17\0\4")
	    FIELD("c", "\0\0\0\x17\0\4")
	    FIELD("d", "\0\0\0\x14\0\10")
	    FIELD("e", "\0\0\6\xa4\xff\xff")
	    FIELD("f", "\0\0\0\x11\xff\xff")
	    FIELD("g", "\0\0\0\x19\xff\xff"));
	struct text out = { 0 };

	table_head(&out, one_of_each, countof(one_of_each));
	ck_assert_uint_eq(out.n, want.n);
	ck_assert_mem_eq(out.p, want.p, want.n);
	text_fini(&out);
}
END_TEST

static const struct {
	const char *why;
	struct row row;
	struct str want;
} rows[] = {
	{ "j06 no NUL byte behind a value",
	    { "text", true, -5, 7, 9 },
	    BYTES("D\0\0\0\x31\0\7\0\0\0\4text\0\0\0\0011\0\0\0\2-5\0\0\0\0017"
		"\0\0\0\0019\0\0\0\2-3\0\0\0\4text") },
	{ "NULL and empty differ",
	    { NULL, false, 0, 0, 0 },
	    BYTES("D\0\0\0\x27\0\7\xff\xff\xff\xff\0\0\0\0010\0\0\0\0010"
		"\0\0\0\0010\0\0\0\0010\0\0\0\0012\0\0\0\0") },
	{ "j06 the largest values",
	    { "", true, INT32_MIN, UINT32_MAX, UINT64_MAX },
	    BYTES("D\0\0\0\x57\0\7\0\0\0\0\0\0\0\0011\0\0\0\13-2147483648"
		"\0\0\0\0122147483647\0\0\0\02418446744073709551615"
		"\0\0\0\13-2147483646\0\0\0\0") },
};

START_TEST(row_holds_each_value_by_its_member)
{
	struct text out = { 0 };

	table_row(&out, one_of_each, countof(one_of_each), &rows[_i].row);
	ck_assert_msg(out.n == rows[_i].want.n &&
	    memcmp(out.p, rows[_i].want.p, out.n) == 0, "%s: %zu bytes",
	    rows[_i].why, out.n);
	text_fini(&out);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("table");
	TCase *tc = tcase_create("messages");
	SRunner *sr = srunner_create(s);
	int failed;

	tcase_add_test(tc, head_has_pg_types_and_belongs_to_no_table);
	tcase_add_loop_test(tc, row_holds_each_value_by_its_member, 0,
	    (int)countof(rows));
	suite_add_tcase(s, tc);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
