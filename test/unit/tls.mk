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
