# Tests of TLS. recv() and send() are counted. Included by Makefile.am.
TLS_TESTS = test_tls_context test_tls
check_PROGRAMS += $(TLS_TESTS)
TESTS += $(TLS_TESTS)
TLS_TEST_LIBS = libnet.a libbase.a $(EV_LIBS) $(TLS_LIBS) $(CRYPTO_LIBS) \
	$(CHECK_LIBS)
test_tls_context_SOURCES = test/unit/test_tls_context.c \
	test/unit/certs.c test/unit/certs.h
test_tls_context_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
test_tls_context_LDADD = $(TLS_TEST_LIBS)
test_tls_SOURCES = test/unit/test_tls.c test/unit/certs.c test/unit/certs.h
test_tls_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
test_tls_LDADD = $(TLS_TEST_LIBS)
test_tls_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=recv -Wl,--wrap=send

# The front door, fuzzed; see test/fuzz/local.mk.
FUZZ_DOOR_LIBS = libpool.a libcluster.a libconfig.a libsql.a libpgwire.a \
	libnet.a libbase.a $(LIBRARIES_OUTSIDE)
check_PROGRAMS += replay_door
TESTS += replay_door
replay_door_SOURCES = test/fuzz/replay.c test/fuzz/fuzz_door.c
replay_door_CPPFLAGS = $(AM_CPPFLAGS) -DCORPUS=\"door\"
replay_door_LDADD = $(FUZZ_DOOR_LIBS)
if FUZZ
noinst_PROGRAMS += fuzz_door
fuzz_door_SOURCES = test/fuzz/fuzz_door.c
fuzz_door_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
fuzz_door_LDADD = $(FUZZ_DOOR_LIBS)
endif

# A server, fuzzed as well.
check_PROGRAMS += replay_server
TESTS += replay_server
replay_server_SOURCES = test/fuzz/replay.c test/fuzz/fuzz_server.c
replay_server_CPPFLAGS = $(AM_CPPFLAGS) -DCORPUS=\"server\"
replay_server_LDADD = $(FUZZ_DOOR_LIBS)
if FUZZ
noinst_PROGRAMS += fuzz_server
fuzz_server_SOURCES = test/fuzz/fuzz_server.c
fuzz_server_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
fuzz_server_LDADD = $(FUZZ_DOOR_LIBS)
endif
EXTRA_DIST += test/e2e/certs.sh
