# Tests of sql. Included by Makefile.am.

SQL_TESTS = test_token test_fingerprint test_prepared test_parse \
	test_classify test_verdicts
check_PROGRAMS += $(SQL_TESTS)
TESTS += $(SQL_TESTS)
SQL_TEST_LIBS = libsql.a libbase.a $(PG_QUERY_LIBS) $(CHECK_LIBS)
SQL_TEST_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
test_token_SOURCES = test/unit/test_token.c
test_token_CFLAGS = $(SQL_TEST_CFLAGS)
test_token_LDADD = $(SQL_TEST_LIBS)
test_fingerprint_SOURCES = test/unit/test_fingerprint.c
test_fingerprint_CFLAGS = $(SQL_TEST_CFLAGS)
test_fingerprint_LDADD = $(SQL_TEST_LIBS)
test_prepared_SOURCES = test/unit/test_prepared.c
test_prepared_CFLAGS = $(SQL_TEST_CFLAGS)
test_prepared_LDADD = $(SQL_TEST_LIBS)
test_parse_SOURCES = test/unit/test_parse.c
test_parse_CFLAGS = $(SQL_TEST_CFLAGS)
test_parse_LDADD = $(SQL_TEST_LIBS)
test_classify_SOURCES = test/unit/test_classify.c
test_classify_CFLAGS = $(SQL_TEST_CFLAGS)
test_classify_LDADD = $(SQL_TEST_LIBS)
test_verdicts_SOURCES = test/unit/test_verdicts.c
test_verdicts_CFLAGS = $(SQL_TEST_CFLAGS)
test_verdicts_LDADD = $(SQL_TEST_LIBS)
