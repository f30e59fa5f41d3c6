/*
 * sql.c - what a look at SQL costs: the fingerprint as a multiple of a plain
 * hash of the same bytes, the grammar, and the worst texts that the grammar is
 * ever given. No test; run it by hand: ./bench_sql
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <xxhash.h>

#include "base/must.h"
#include "sql/classify.h"
#include "sql/fingerprint.h"
#include "sql/parse.h"
#include "sql/prepared.h"

/* What drivers and frameworks send. */
static const char *const corpus[] = {
	"SELECT 1",
	"BEGIN",
	"COMMIT",
	"SELECT abalance FROM pgbench_accounts WHERE aid = 4711;",
	"UPDATE pgbench_accounts SET abalance = abalance + -1722 "
	    "WHERE aid = 90210;",
	"INSERT INTO pgbench_history (tid, bid, aid, delta, mtime) VALUES "
	    "(5, 1, 90210, -1722, CURRENT_TIMESTAMP);",
	"SELECT \"users\".* FROM \"users\" WHERE \"users\".\"id\" = $1 "
	    "LIMIT $2",
	"SELECT \"public\".\"User\".\"id\", \"public\".\"User\".\"email\", "
	    "\"public\".\"User\".\"name\" FROM \"public\".\"User\" WHERE "
	    "(\"public\".\"User\".\"email\" = $1 AND 1=1) LIMIT $2 OFFSET $3",
	"SELECT \"django_session\".\"session_key\", \"django_session\"."
	    "\"session_data\", \"django_session\".\"expire_date\" FROM "
	    "\"django_session\" WHERE (\"django_session\".\"expire_date\" > "
	    "'2026-01-01T00:00:00+00:00'::timestamptz AND \"django_session\"."
	    "\"session_key\" = 'h3k2j5h23kj4h5k2j3h4k5jh2k3j4h5k') LIMIT 21",
	"select o.id, o.total, c.name from orders o join customers c on "
	    "c.id = o.customer_id where o.created_at > now() - interval "
	    "'7 days' and o.status in ('open', 'paid', 'sent') order by "
	    "o.created_at desc limit 50",
	"SELECT t.oid, t.typname, t.typelem, t.typdelim, t.typinput, "
	    "r.rngsubtype, t.typtype, t.typbasetype FROM pg_type as t LEFT "
	    "JOIN pg_range as r ON oid = rngtypid WHERE t.typname IN ('int2',"
	    " 'int4', 'int8', 'oid', 'float4', 'float8', 'numeric', 'bool')",
};

static size_t corpus_bytes;
static volatile uint64_t sink;

/* Nanoseconds of CPU, so that others on the machine do not count. */
static int64_t
cpu(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return t.tv_sec * INT64_C(1000000000) + t.tv_nsec;
}

static void
look(struct str s)
{
	sink += fingerprint_of(s, false, 42).hash;
}

static void
glance(struct str s)
{
	sink += fingerprint_verb(s, false);
}

static void
hash(struct str s)
{
	sink += XXH3_64bits(s.p, s.n);
}

static void
parse(struct str s)
{
	struct sql_tree *t;

	sink += parse_text(s, &t);
	sql_tree_destroy(t);
}

static void
classify(struct str s)
{
	sink += classify_text(s).facts;
}

static void
scan(struct str s)
{
	sink += prepared_read(s, false).kind;
}

/* Nanoseconds for one round over the corpus. */
static double
corpus_cost(void (*run)(struct str), unsigned rounds)
{
	int64_t start = cpu();
	unsigned i;
	size_t k;

	for (i = 0; i < rounds; i++)
		for (k = 0; k < countof(corpus); k++)
			run(str_of(corpus[k]));
	return (double)(cpu() - start) / rounds;
}

static void
print_corpus(const char *what, double cost, double plain)
{
	printf("%-12s %7.0f ns a text, %6.0f MB/s, %6.1f x XXH3_64bits\n",
	    what, cost / (double)countof(corpus),
	    (double)corpus_bytes * 1000 / cost, cost / plain);
}

/* 64 KB of one thing, once. */
static void
print_worst(const char *head, const char *unit)
{
	char *p = malloc(PARSE_TEXT_MAX + 1);
	size_t n = strlen(head), u = strlen(unit);
	int64_t start, shape;

	must(p != NULL);
	memcpy(p, head, n);
	for (; n + u <= PARSE_TEXT_MAX; n += u)
		memcpy(p + n, unit, u);
	start = cpu();
	look((struct str){ p, n });
	shape = cpu() - start;
	start = cpu();
	classify((struct str){ p, n });
	printf("64 KB of %-22s fingerprint %6" PRId64 " us, class %6" PRId64
	    " us\n", unit, shape / 1000, (cpu() - start) / 1000);
	free(p);
}

int
main(void)
{
	static const char *const worst[][2] = {
		{ "select 1", "+1" }, { "select ", "not " },
		{ "select ", "(" }, { "select 1", "+-+-+" },
		{ "select ", "/*" }, { "select 1", ",f()" },
		{ "select 1 in (1", ",1" }, { "values (1)", ",(1)" },
		{ "select 1", " union select 1" }, { "select a", "||a" },
		{ "select 1 from a", " join a on b" }, { "select 1", ";" },
		{ "select 1", ";select 1" }, { "select a", "[1]" },
		{ "select a", ".b" }, { "select 1", ",a b" },
		{ "select '", "''" }, { "select e'", "\\101" },
		{ "select 1 ", "/**/" }, { "select 1", "+ +" },
	};
	double plain, cost;
	size_t i;

	for (i = 0; i < countof(corpus); i++)
		corpus_bytes += strlen(corpus[i]);
	printf("%zu texts of %zu bytes in all\n", countof(corpus),
	    corpus_bytes);
	plain = corpus_cost(hash, 200000);
	print_corpus("XXH3_64bits", plain, plain);
	print_corpus("verb", corpus_cost(glance, 50000), plain);
	cost = corpus_cost(look, 50000);
	print_corpus("fingerprint", cost, plain);
	print_corpus("prepared", corpus_cost(scan, 50000), plain);
	print_corpus("parse", corpus_cost(parse, 3000), plain);
	print_corpus("classify", corpus_cost(classify, 3000), plain);
	for (i = 0; i < countof(worst); i++)
		print_worst(worst[i][0], worst[i][1]);
	return 0;
}
