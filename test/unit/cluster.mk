# Tests of hosts of several roles. Included by Makefile.am.

CLUSTER_TESTS = test_health test_balance test_topology test_probe \
	test_routed test_monitor
check_PROGRAMS += $(CLUSTER_TESTS)
TESTS += $(CLUSTER_TESTS)
CLUSTER_TEST_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS) -I$(top_srcdir)/test
CLUSTER_TEST_LIBS = libcluster.a libconfig.a libpgwire.a libnet.a libbase.a \
	$(CHECK_LIBS) $(LIBRARIES_OUTSIDE)
test_health_SOURCES = test/unit/test_health.c
test_health_CFLAGS = $(CLUSTER_TEST_CFLAGS)
test_health_LDADD = $(CLUSTER_TEST_LIBS)
test_balance_SOURCES = test/unit/test_balance.c
test_balance_CFLAGS = $(CLUSTER_TEST_CFLAGS)
test_balance_LDADD = $(CLUSTER_TEST_LIBS)
test_topology_SOURCES = test/unit/test_topology.c test/unit/files.h
test_topology_CFLAGS = $(CLUSTER_TEST_CFLAGS)
test_topology_LDADD = $(CLUSTER_TEST_LIBS)
test_probe_SOURCES = test/unit/test_probe.c
test_probe_CFLAGS = $(CLUSTER_TEST_CFLAGS)
test_probe_LDADD = $(CLUSTER_TEST_LIBS)
test_routed_SOURCES = test/unit/test_routed.c test/unit/files.h
test_routed_CFLAGS = $(CLUSTER_TEST_CFLAGS)
test_routed_LDADD = $(CLUSTER_TEST_LIBS)
test_monitor_SOURCES = test/unit/test_monitor.c test/unit/files.h
test_monitor_CFLAGS = $(CLUSTER_TEST_CFLAGS)
test_monitor_LDADD = $(CLUSTER_TEST_LIBS)
