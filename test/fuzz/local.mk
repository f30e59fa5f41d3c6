# Fuzz targets. Every build runs them over the corpus, as tests; a build with
# --enable-fuzz (clang) makes libFuzzer programs of them as well:
#   ./fuzz_tracker -max_total_time=60 ../test/fuzz/corpus/tracker
FUZZ_LIBS = libpgwire.a libbase.a
REPLAYS = replay_frame replay_scram replay_startup replay_tracker replay_ini \
	replay_sql
check_PROGRAMS += $(REPLAYS)
TESTS += $(REPLAYS)
replay_frame_SOURCES = test/fuzz/replay.c test/fuzz/fuzz_frame.c
replay_frame_CPPFLAGS = $(AM_CPPFLAGS) -DCORPUS=\"frame\"
replay_frame_LDADD = $(FUZZ_LIBS)
replay_scram_SOURCES = test/fuzz/replay.c test/fuzz/fuzz_scram.c
replay_scram_CPPFLAGS = $(AM_CPPFLAGS) -DCORPUS=\"scram\"
replay_scram_LDADD = $(FUZZ_LIBS) $(CRYPTO_LIBS) $(IDN_LIBS)
replay_startup_SOURCES = test/fuzz/replay.c test/fuzz/fuzz_startup.c
replay_startup_CPPFLAGS = $(AM_CPPFLAGS) -DCORPUS=\"startup\"
replay_startup_LDADD = $(FUZZ_LIBS)
replay_tracker_SOURCES = test/fuzz/replay.c test/fuzz/fuzz_tracker.c
replay_tracker_CPPFLAGS = $(AM_CPPFLAGS) -DCORPUS=\"tracker\"
replay_tracker_LDADD = $(FUZZ_LIBS)
replay_ini_SOURCES = test/fuzz/replay.c test/fuzz/fuzz_ini.c
replay_ini_CPPFLAGS = $(AM_CPPFLAGS) -DCORPUS=\"ini\"
replay_ini_LDADD = libconfig.a $(FUZZ_LIBS) $(INIH_LIBS)
replay_sql_SOURCES = test/fuzz/replay.c test/fuzz/fuzz_sql.c
replay_sql_CPPFLAGS = $(AM_CPPFLAGS) -DCORPUS=\"sql\"
replay_sql_LDADD = libsql.a libbase.a $(PG_QUERY_LIBS)
EXTRA_DIST += test/fuzz/target.h test/fuzz/corpus

if FUZZ
noinst_PROGRAMS += fuzz_frame fuzz_scram fuzz_startup fuzz_tracker fuzz_ini \
	fuzz_sql
fuzz_frame_SOURCES = test/fuzz/fuzz_frame.c
fuzz_frame_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
fuzz_frame_LDADD = $(FUZZ_LIBS)
fuzz_scram_SOURCES = test/fuzz/fuzz_scram.c
fuzz_scram_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
fuzz_scram_LDADD = $(FUZZ_LIBS) $(CRYPTO_LIBS) $(IDN_LIBS)
fuzz_startup_SOURCES = test/fuzz/fuzz_startup.c
fuzz_startup_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
fuzz_startup_LDADD = $(FUZZ_LIBS)
fuzz_tracker_SOURCES = test/fuzz/fuzz_tracker.c
fuzz_tracker_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
fuzz_tracker_LDADD = $(FUZZ_LIBS)
fuzz_ini_SOURCES = test/fuzz/fuzz_ini.c
fuzz_ini_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
fuzz_ini_LDADD = libconfig.a $(FUZZ_LIBS) $(INIH_LIBS)
fuzz_sql_SOURCES = test/fuzz/fuzz_sql.c
fuzz_sql_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
fuzz_sql_LDADD = libsql.a libbase.a $(PG_QUERY_LIBS)
endif
