# Tests of pgwire, the protocol half. Included by Makefile.am.

PGWIRE_TESTS = test_frame test_reader test_writer test_startup test_tracker \
	test_tracker_model test_params test_extras test_cancelkey
check_PROGRAMS += $(PGWIRE_TESTS)
TESTS += $(PGWIRE_TESTS)
PGWIRE_TEST_LIBS = libpgwire.a libbase.a $(CHECK_LIBS) $(CRYPTO_LIBS)
PGWIRE_TEST_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
test_frame_SOURCES = test/unit/test_frame.c
test_frame_CFLAGS = $(PGWIRE_TEST_CFLAGS)
test_frame_LDADD = $(PGWIRE_TEST_LIBS)
test_reader_SOURCES = test/unit/test_reader.c
test_reader_CFLAGS = $(PGWIRE_TEST_CFLAGS)
test_reader_LDADD = $(PGWIRE_TEST_LIBS)
test_writer_SOURCES = test/unit/test_writer.c
test_writer_CFLAGS = $(PGWIRE_TEST_CFLAGS)
test_writer_LDADD = $(PGWIRE_TEST_LIBS)
test_startup_SOURCES = test/unit/test_startup.c
test_startup_CFLAGS = $(PGWIRE_TEST_CFLAGS)
test_startup_LDADD = $(PGWIRE_TEST_LIBS)
test_tracker_SOURCES = test/unit/test_tracker.c
test_tracker_CFLAGS = $(PGWIRE_TEST_CFLAGS)
test_tracker_LDADD = $(PGWIRE_TEST_LIBS)
test_params_SOURCES = test/unit/test_params.c
test_params_CFLAGS = $(PGWIRE_TEST_CFLAGS)
test_params_LDADD = $(PGWIRE_TEST_LIBS)
test_extras_SOURCES = test/unit/test_extras.c
test_extras_CFLAGS = $(PGWIRE_TEST_CFLAGS)
test_extras_LDADD = $(PGWIRE_TEST_LIBS)
test_cancelkey_SOURCES = test/unit/test_cancelkey.c
test_cancelkey_CFLAGS = $(PGWIRE_TEST_CFLAGS)
test_cancelkey_LDADD = $(PGWIRE_TEST_LIBS)
test_tracker_model_SOURCES = test/unit/test_tracker_model.c
test_tracker_model_CFLAGS = $(PGWIRE_TEST_CFLAGS)
test_tracker_model_LDADD = $(PGWIRE_TEST_LIBS)
