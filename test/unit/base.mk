# tests of base/
BASE_TESTS = test_base test_slab
check_PROGRAMS += $(BASE_TESTS)
TESTS += $(BASE_TESTS)
test_base_SOURCES = test/unit/test_base.c
test_base_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
test_base_LDADD = libbase.a $(CHECK_LIBS)
test_slab_SOURCES = test/unit/test_slab.c
test_slab_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
test_slab_LDADD = libbase.a $(CHECK_LIBS)
