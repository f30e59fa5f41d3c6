# Tests of net and cluster. Included by Makefile.am.

NET_TESTS = test_loop test_deadline test_conn test_budget test_budget_shared \
	test_host
check_PROGRAMS += $(NET_TESTS)
TESTS += $(NET_TESTS)
NET_TEST_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
NET_TEST_LIBS = libnet.a libbase.a $(EV_LIBS) $(CHECK_LIBS)
test_loop_SOURCES = test/unit/test_loop.c
test_loop_CFLAGS = $(NET_TEST_CFLAGS)
test_loop_LDADD = $(NET_TEST_LIBS)
test_deadline_SOURCES = test/unit/test_deadline.c
test_deadline_CFLAGS = $(NET_TEST_CFLAGS)
test_deadline_LDADD = $(NET_TEST_LIBS)
test_conn_SOURCES = test/unit/test_conn.c
test_conn_CFLAGS = $(NET_TEST_CFLAGS)
test_conn_LDADD = $(NET_TEST_LIBS)
test_budget_SOURCES = test/unit/test_budget.c
test_budget_CFLAGS = $(NET_TEST_CFLAGS)
test_budget_LDADD = libcluster.a libnet.a libbase.a $(CHECK_LIBS) \
	$(LIBRARIES_OUTSIDE)
test_budget_shared_SOURCES = test/unit/test_budget_shared.c
test_budget_shared_CFLAGS = $(NET_TEST_CFLAGS)
test_budget_shared_LDADD = libcluster.a libnet.a libbase.a $(CHECK_LIBS) \
	$(LIBRARIES_OUTSIDE)
test_host_SOURCES = test/unit/test_host.c
test_host_CFLAGS = $(NET_TEST_CFLAGS)
test_host_LDADD = libcluster.a libconfig.a libpgwire.a libnet.a libbase.a \
	$(CHECK_LIBS) $(LIBRARIES_OUTSIDE)
