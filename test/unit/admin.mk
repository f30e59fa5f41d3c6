# Tests of admin. Included by Makefile.am.

ADMIN_TESTS = test_table test_command test_show test_console
check_PROGRAMS += $(ADMIN_TESTS)
TESTS += $(ADMIN_TESTS)
ADMIN_TEST_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
ADMIN_TEST_LIBS = libadmin.a libconfig.a libpgwire.a libnet.a libbase.a \
	$(LIBRARIES_OUTSIDE) $(CHECK_LIBS)
test_table_SOURCES = test/unit/test_table.c
test_table_CFLAGS = $(ADMIN_TEST_CFLAGS)
test_table_LDADD = $(ADMIN_TEST_LIBS)
test_command_SOURCES = test/unit/test_command.c
test_command_CFLAGS = $(ADMIN_TEST_CFLAGS)
test_command_LDADD = $(ADMIN_TEST_LIBS)
# with a pool layer of their own
ADMIN_FAKE_POOL = test/unit/fake_pool.c test/unit/fake_pool.h \
	src/pool/stats.c src/pool/stats.h
test_show_SOURCES = test/unit/test_show.c $(ADMIN_FAKE_POOL)
test_show_CFLAGS = $(ADMIN_TEST_CFLAGS)
test_show_LDADD = $(ADMIN_TEST_LIBS)
test_console_SOURCES = test/unit/test_console.c $(ADMIN_FAKE_POOL)
test_console_CFLAGS = $(ADMIN_TEST_CFLAGS)
test_console_LDADD = $(ADMIN_TEST_LIBS)
