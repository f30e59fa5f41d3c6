# tests of net (names, listeners) and of the program
PROGRAM_TESTS = test_resolve test_listener test_options test_daemon \
	test_handover test_app
check_PROGRAMS += $(PROGRAM_TESTS)
TESTS += $(PROGRAM_TESTS)
PROGRAM_TEST_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
PROGRAM_TEST_LIBS = libnet.a libbase.a $(EV_LIBS) $(CARES_LIBS) \
	$(CRYPTO_LIBS) $(CHECK_LIBS)
test_resolve_SOURCES = test/unit/test_resolve.c
test_resolve_CFLAGS = $(PROGRAM_TEST_CFLAGS)
test_resolve_LDADD = $(PROGRAM_TEST_LIBS)
test_listener_SOURCES = test/unit/test_listener.c
test_listener_CFLAGS = $(PROGRAM_TEST_CFLAGS)
test_listener_LDADD = $(PROGRAM_TEST_LIBS)
test_options_SOURCES = test/unit/test_options.c
test_options_CFLAGS = $(PROGRAM_TEST_CFLAGS)
test_options_LDADD = libprogram.a $(PROGRAM_TEST_LIBS)
test_daemon_SOURCES = test/unit/test_daemon.c
test_daemon_CFLAGS = $(PROGRAM_TEST_CFLAGS)
test_daemon_LDADD = libprogram.a $(PROGRAM_TEST_LIBS)
test_handover_SOURCES = test/unit/test_handover.c
test_handover_CFLAGS = $(PROGRAM_TEST_CFLAGS)
test_handover_LDADD = libprogram.a $(PROGRAM_TEST_LIBS)
test_app_SOURCES = test/unit/test_app.c
test_app_CFLAGS = $(PROGRAM_TEST_CFLAGS)
test_app_LDADD = libprogram.a libconfig.a libpgwire.a $(PROGRAM_TEST_LIBS) \
	$(INIH_LIBS) $(IDN_LIBS) $(SYSTEMD_LIBS)
