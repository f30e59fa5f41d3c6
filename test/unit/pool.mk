# tests of parts of pool/ that need no pooler around them
check_PROGRAMS += test_batch
TESTS += test_batch
test_batch_SOURCES = test/unit/test_batch.c
test_batch_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
test_batch_LDADD = libpool.a libcluster.a libconfig.a libsql.a \
	libpgwire.a libnet.a libbase.a $(LIBRARIES_OUTSIDE) $(CHECK_LIBS)

check_PROGRAMS += test_fairness
TESTS += test_fairness
test_fairness_SOURCES = test/unit/test_fairness.c test/conversation/ahead.h
test_fairness_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/test
test_fairness_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
test_fairness_LDADD = libpool.a libcluster.a libconfig.a libsql.a \
	libpgwire.a libnet.a libbase.a $(LIBRARIES_OUTSIDE) $(CHECK_LIBS)

check_PROGRAMS += test_statement
TESTS += test_statement
test_statement_SOURCES = test/unit/test_statement.c
test_statement_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
test_statement_LDADD = libpool.a libcluster.a libconfig.a libsql.a \
	libpgwire.a libnet.a libbase.a $(LIBRARIES_OUTSIDE) $(CHECK_LIBS)

check_PROGRAMS += test_shape
TESTS += test_shape
test_shape_SOURCES = test/unit/test_shape.c
test_shape_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
test_shape_LDADD = libpool.a libcluster.a libconfig.a libsql.a \
	libpgwire.a libnet.a libbase.a $(LIBRARIES_OUTSIDE) $(CHECK_LIBS)

check_PROGRAMS += test_source
TESTS += test_source
test_source_SOURCES = test/unit/test_source.c
test_source_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
test_source_LDADD = libpool.a libcluster.a libconfig.a libsql.a \
	libpgwire.a libnet.a libbase.a $(LIBRARIES_OUTSIDE) $(CHECK_LIBS)
