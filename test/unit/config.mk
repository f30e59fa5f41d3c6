# Tests of config. Included by Makefile.am.

CONFIG_TESTS = test_ini test_setting test_connstr test_userlist \
	test_ident test_hba test_config test_config_hba test_url test_differences
check_PROGRAMS += $(CONFIG_TESTS)
TESTS += $(CONFIG_TESTS)
CONFIG_TEST_LIBS = libconfig.a libbase.a $(INIH_LIBS) $(CHECK_LIBS)
CONFIG_TEST_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS) -I$(top_srcdir)/test
test_ini_SOURCES = test/unit/test_ini.c test/unit/files.h
test_ini_CFLAGS = $(CONFIG_TEST_CFLAGS)
test_ini_LDADD = $(CONFIG_TEST_LIBS)
test_setting_SOURCES = test/unit/test_setting.c
test_setting_CFLAGS = $(CONFIG_TEST_CFLAGS)
test_setting_LDADD = $(CONFIG_TEST_LIBS)
test_connstr_SOURCES = test/unit/test_connstr.c
test_connstr_CFLAGS = $(CONFIG_TEST_CFLAGS)
test_connstr_LDADD = $(CONFIG_TEST_LIBS)
test_userlist_SOURCES = test/unit/test_userlist.c
test_userlist_CFLAGS = $(CONFIG_TEST_CFLAGS)
test_userlist_LDADD = $(CONFIG_TEST_LIBS)
test_ident_SOURCES = test/unit/test_ident.c test/unit/files.h
test_ident_CFLAGS = $(CONFIG_TEST_CFLAGS)
test_ident_LDADD = $(CONFIG_TEST_LIBS)
test_hba_SOURCES = test/unit/test_hba.c test/unit/files.h
test_hba_CFLAGS = $(CONFIG_TEST_CFLAGS)
test_hba_LDADD = $(CONFIG_TEST_LIBS)
test_config_SOURCES = test/unit/test_config.c test/unit/files.h
test_config_CFLAGS = $(CONFIG_TEST_CFLAGS) \
	-DTOP_SRCDIR='"$(abs_top_srcdir)"'
test_config_LDADD = $(CONFIG_TEST_LIBS)
test_config_hba_SOURCES = test/unit/test_config_hba.c test/unit/files.h
test_config_hba_CFLAGS = $(CONFIG_TEST_CFLAGS)
test_config_hba_LDADD = $(CONFIG_TEST_LIBS)
test_url_SOURCES = test/unit/test_url.c
test_url_CFLAGS = $(CONFIG_TEST_CFLAGS)
test_url_LDADD = $(CONFIG_TEST_LIBS)
test_differences_SOURCES = test/unit/test_differences.c test/unit/files.h
test_differences_CFLAGS = $(CONFIG_TEST_CFLAGS) \
	-DTOP_SRCDIR='"$(abs_top_srcdir)"'
test_differences_LDADD = $(CONFIG_TEST_LIBS)
EXTRA_DIST += test/unit/samples/plain.ini test/unit/samples/fleet.ini \
	test/unit/samples/ldap.ini test/unit/samples/two.ini
