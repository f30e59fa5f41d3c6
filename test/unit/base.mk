# tests of base/
check_PROGRAMS += test_slab
TESTS += test_slab
test_slab_SOURCES = test/unit/test_slab.c
test_slab_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
test_slab_LDADD = libbase.a $(CHECK_LIBS)
