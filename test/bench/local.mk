# Measuring: the tools, their self-test, and `make bench`.
BENCH_TOOLS = bench_backend bench_load bench_multiplexer
check_PROGRAMS += $(BENCH_TOOLS)
bench_backend_SOURCES = test/bench/backend.c \
	test/bench/common.c test/bench/common.h
bench_load_SOURCES = test/bench/load.c \
	test/bench/common.c test/bench/common.h
bench_multiplexer_SOURCES = test/bench/multiplexer.c \
	test/bench/common.c test/bench/common.h
bench_multiplexer_LDADD = $(EV_LIBS)
# by hand: what a look at SQL costs
check_PROGRAMS += bench_sql
bench_sql_SOURCES = test/bench/sql.c
bench_sql_LDADD = libsql.a libbase.a $(PG_QUERY_LIBS)
TESTS += test/bench/tools.sh
EXTRA_DIST += test/bench/tools.sh test/bench/run test/bench/guesses.sh

# BENCH='--quick --case NAME' are options of test/bench/run.
.PHONY: bench
bench: pgweir $(BENCH_TOOLS)
	$(srcdir)/test/bench/run --build . $(BENCH)
