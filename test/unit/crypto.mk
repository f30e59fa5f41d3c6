# Unit tests of pgwire/, the cryptographic half.
CRYPTO_TESTS = test_crypto test_md5 test_saslprep test_secret test_sasl \
	test_scram test_scram_server test_scram_plus
check_PROGRAMS += $(CRYPTO_TESTS)
TESTS += $(CRYPTO_TESTS)
CRYPTO_TEST_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
CRYPTO_TEST_LIBS = libpgwire.a libbase.a $(CRYPTO_LIBS) $(IDN_LIBS) \
	$(CHECK_LIBS)
test_crypto_SOURCES = test/unit/test_crypto.c
test_crypto_CFLAGS = $(CRYPTO_TEST_CFLAGS)
test_crypto_LDADD = $(CRYPTO_TEST_LIBS)
test_md5_SOURCES = test/unit/test_md5.c
test_md5_CFLAGS = $(CRYPTO_TEST_CFLAGS)
test_md5_LDADD = $(CRYPTO_TEST_LIBS)
test_saslprep_SOURCES = test/unit/test_saslprep.c
test_saslprep_CFLAGS = $(CRYPTO_TEST_CFLAGS)
test_saslprep_LDADD = $(CRYPTO_TEST_LIBS)
test_secret_SOURCES = test/unit/test_secret.c
test_secret_CFLAGS = $(CRYPTO_TEST_CFLAGS)
test_secret_LDADD = $(CRYPTO_TEST_LIBS)
test_sasl_SOURCES = test/unit/test_sasl.c
test_sasl_CFLAGS = $(CRYPTO_TEST_CFLAGS)
test_sasl_LDADD = $(CRYPTO_TEST_LIBS)
test_scram_SOURCES = test/unit/test_scram.c test/unit/scram_example.h
test_scram_CFLAGS = $(CRYPTO_TEST_CFLAGS)
test_scram_LDADD = $(CRYPTO_TEST_LIBS)
test_scram_server_SOURCES = test/unit/test_scram_server.c \
	test/unit/scram_example.h
test_scram_server_CFLAGS = $(CRYPTO_TEST_CFLAGS)
test_scram_server_LDADD = $(CRYPTO_TEST_LIBS)
test_scram_plus_SOURCES = test/unit/test_scram_plus.c \
	test/unit/scram_example.h
test_scram_plus_CFLAGS = $(CRYPTO_TEST_CFLAGS)
test_scram_plus_LDADD = $(CRYPTO_TEST_LIBS)
