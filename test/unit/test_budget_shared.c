/*
 * test_budget_shared.c - one count of tickets for several processes
 * (pitfalls h29 and h32): never above the limit, nothing lost with who dies.
 */
#include "cluster/budget_shared.h"

#include <check.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/must.h"
#include "net/loop.h"

#define LIMIT 7
#define PROCESSES_MAX 4

static struct budget_shared shared;

/* What the processes of a test say to each other. */
struct board {
	atomic_bool enough;
	atomic_uint ready;
	atomic_ulong grants[PROCESSES_MAX];
	atomic_ulong refusals[PROCESSES_MAX];
};

static struct board *board;

static void
start(void)
{
	struct err err;

	ck_assert_msg(budget_shared_create(&shared, LIMIT, &err), "%s",
	    err.text);
	budget_shared_join(&shared, 0);
	board = mmap(NULL, sizeof *board, PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ck_assert_ptr_ne(board, MAP_FAILED);
}

static void
stop(void)
{
	budget_shared_close(&shared);
	munmap(board, sizeof *board);
}

static bool
take(struct budget_shared *b, enum budget_purpose purpose)
{
	return budget_shared_store.take(b, purpose);
}

static void
give(struct budget_shared *b, enum budget_purpose purpose)
{
	budget_shared_store.give(b, purpose);
}

static uint32_t
held(enum budget_purpose purpose)
{
	return budget_shared_store.held(&shared, purpose);
}

/* Nobody is at work: then it must be exact. */
static void
adds_up(uint32_t want)
{
	uint32_t sum = 0;
	int i;

	for (i = 0; i < BUDGET_NPURPOSES; i++)
		sum += held((enum budget_purpose)i);
	ck_assert_uint_eq(sum, budget_shared_total(&shared));
	ck_assert_uint_eq(sum, want);
}

/* ---- one process ---- */

START_TEST(the_limit_is_over_slots_and_purposes)
{
	struct budget_shared other = shared;
	int i;

	budget_shared_join(&other, BUDGET_SHARED_SLOTS - 1);
	budget_shared_set_limit(&shared, 3);
	ck_assert_uint_eq(budget_shared_store.limit(&other), 3);
	ck_assert(take(&shared, BUDGET_POOL));
	ck_assert(take(&other, BUDGET_AUTH));
	ck_assert(take(&other, BUDGET_POOL));
	for (i = 0; i < BUDGET_NPURPOSES; i++) {
		ck_assert(!take(&shared, (enum budget_purpose)i));
		ck_assert(!take(&other, (enum budget_purpose)i));
	}
	ck_assert_uint_eq(held(BUDGET_POOL), 2);
	ck_assert_uint_eq(held(BUDGET_AUTH), 1);
	ck_assert_uint_eq(budget_shared_of(&shared, 0, BUDGET_POOL), 1);
	ck_assert_uint_eq(budget_shared_of(&shared,
	    BUDGET_SHARED_SLOTS - 1, BUDGET_AUTH), 1);
	adds_up(3);
	give(&other, BUDGET_AUTH);
	ck_assert(take(&shared, BUDGET_CATALOG));
	give(&shared, BUDGET_CATALOG);
	give(&shared, BUDGET_POOL);
	give(&other, BUDGET_POOL);
	adds_up(0);
}
END_TEST

static const struct {
	const char *why;
	uint32_t asked, want, takes;
} limits[] = {
	{ "none: it takes what PostgreSQL takes", 0, 0, BUDGET_SHARED_MAX },
	{ "one", 1, 1, 1 },
	{ "the largest", BUDGET_SHARED_MAX, BUDGET_SHARED_MAX,
	    BUDGET_SHARED_MAX },
	{ "one more does not become none", BUDGET_SHARED_MAX + 1,
	    BUDGET_SHARED_MAX, BUDGET_SHARED_MAX },
	{ "nor spill into what is beside it", UINT32_MAX, BUDGET_SHARED_MAX,
	    BUDGET_SHARED_MAX },
};

START_TEST(limits_small_and_large)
{
	uint32_t n = 0;

	ck_assert_msg(true, "%s", limits[_i].why);
	budget_shared_set_limit(&shared, limits[_i].asked);
	ck_assert_uint_eq(budget_shared_store.limit(&shared),
	    limits[_i].want);
	while (take(&shared, BUDGET_POOL))
		n++;
	ck_assert_uint_eq(n, limits[_i].takes);
	ck_assert_uint_eq(budget_shared_store.limit(&shared),
	    limits[_i].want);
	adds_up(n);
	budget_shared_forget(&shared, 0);
	adds_up(0);
}
END_TEST

/* h32: a lower limit takes nothing away, and gives nothing. */
START_TEST(h32_a_lower_limit)
{
	int i;

	for (i = 0; i < LIMIT; i++)
		ck_assert(take(&shared, BUDGET_POOL));
	budget_shared_set_limit(&shared, 2);
	adds_up(LIMIT);
	for (i = 0; i < LIMIT - 2; i++) {
		ck_assert(!take(&shared, BUDGET_POOL));
		give(&shared, BUDGET_POOL);
	}
	ck_assert(!take(&shared, BUDGET_POOL));
	give(&shared, BUDGET_POOL);
	ck_assert(take(&shared, BUDGET_POOL));
	adds_up(2);
}
END_TEST

/* Behind struct budget it is a store like any other. */
START_TEST(a_store_for_a_budget)
{
	struct loop *loop = loop_create(LOOP_VIRTUAL);
	struct budget budget;
	struct ticket t[LIMIT + 1] = { 0 };
	int i;

	budget_init(&budget, loop, &budget_shared_store, &shared);
	ck_assert_uint_eq(budget_limit(&budget), LIMIT);
	for (i = 0; i < LIMIT; i++)
		ck_assert(budget_take(&budget, BUDGET_POOL, &t[i]));
	ck_assert(!budget_take(&budget, BUDGET_POOL, &t[LIMIT]));
	ck_assert_uint_eq(budget_held(&budget), LIMIT);
	for (i = 0; i < LIMIT; i++)
		budget_give(&t[i]);
	ck_assert_uint_eq(budget_held(&budget), 0);
	adds_up(0);
	budget_fini(&budget);
	loop_destroy(loop);
}
END_TEST

START_TEST(what_was_not_taken_is_not_given)
{
	give(&shared, BUDGET_AUTH);
}
END_TEST

START_TEST(nobody_takes_without_a_slot)
{
	struct budget_shared other = shared;

	other.slot = BUDGET_SHARED_SLOTS;
	take(&other, BUDGET_POOL);
}
END_TEST

/* ---- the memory ---- */

START_TEST(no_memory_no_store)
{
	static const struct { int resource; const char *text; } rows[] = {
		{ RLIMIT_NOFILE, "shared budget: memfd_create: " },
		{ RLIMIT_FSIZE, "shared budget: ftruncate: " },
		{ RLIMIT_AS, "shared budget: mmap: " },
	};
	struct rlimit old, none;
	struct budget_shared b;
	struct err err;
	bool ok;
	size_t i;
	int fd = dup(0);

	close(fd);
	signal(SIGXFSZ, SIG_IGN);
	for (i = 0; i < countof(rows); i++) {
		getrlimit(rows[i].resource, &old);
		none = old;
		none.rlim_cur = 0;
		setrlimit(rows[i].resource, &none);
		ok = budget_shared_create(&b, 1, &err);
		setrlimit(rows[i].resource, &old);
		ck_assert(!ok);
		ck_assert_msg(strstr(err.text, rows[i].text) == err.text,
		    "%s", err.text);
		ck_assert_ptr_null(b.map);
		budget_shared_close(&b);
	}
	/* No descriptor was left open. */
	ck_assert_int_eq(dup(0), fd);
}
END_TEST

static int
memory_file(size_t size, int seals)
{
	int fd = memfd_create("test", MFD_ALLOW_SEALING);

	ck_assert_int_ne(fd, -1);
	ck_assert_int_eq(ftruncate(fd, (off_t)size), 0);
	ck_assert_int_eq(fcntl(fd, F_ADD_SEALS, seals), 0);
	return fd;
}

START_TEST(only_what_create_made_is_attached)
{
	const int seals = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL;
	struct budget_shared b;
	struct err err;
	struct stat st;
	size_t size, i;

	ck_assert_int_eq(fstat(shared.fd, &st), 0);
	size = (size_t)st.st_size;
	{
		const struct { int fd; const char *why; } rows[] = {
			{ -1, "no memory file" },
			{ open("/dev/null", O_RDWR), "no memory file" },
			{ memory_file(size, 0), "seals" },
			{ memory_file(size - 1, seals), "bytes" },
			{ memory_file(size + 1, seals), "bytes" },
			{ memory_file(0, seals), "bytes" },
			{ memory_file(size, seals | F_SEAL_WRITE), "mmap" },
			{ memory_file(size, seals), "another version" },
		};

		for (i = 0; i < countof(rows); i++) {
			ck_assert(!budget_shared_attach(&b, rows[i].fd,
			    &err));
			ck_assert_msg(strstr(err.text, rows[i].why) != NULL,
			    "%s", err.text);
			ck_assert_ptr_null(b.map);
			/* The descriptor is still the caller's. */
			if (rows[i].fd != -1)
				ck_assert_int_eq(close(rows[i].fd), 0);
		}
	}
}
END_TEST

START_TEST(nobody_makes_it_shorter)
{
	ck_assert_int_eq(ftruncate(shared.fd, 0), -1);
	ck_assert(take(&shared, BUDGET_POOL));
}
END_TEST

/* What an exec leaves is the descriptor. */
START_TEST(the_descriptor_is_enough)
{
	struct budget_shared b;
	struct err err;

	ck_assert(take(&shared, BUDGET_POOL));
	ck_assert(fcntl(shared.fd, F_GETFD) & FD_CLOEXEC);
	ck_assert_msg(budget_shared_attach(&b, dup(shared.fd), &err), "%s",
	    err.text);
	budget_shared_close(&shared);
	budget_shared_close(&shared);
	shared = b;
	ck_assert_uint_eq(budget_shared_store.limit(&shared), LIMIT);
	adds_up(1);
	/* The successor gives back what the slot holds. */
	budget_shared_join(&shared, 0);
	give(&shared, BUDGET_POOL);
	adds_up(0);
}
END_TEST

/* ---- several processes ---- */

/* Takes until there is nothing left, gives back, over and over. */
static void
work(unsigned me)
{
	uint32_t mine[BUDGET_NPURPOSES] = { 0 };
	unsigned long n = 0;
	unsigned i;

	budget_shared_join(&shared, me);
	board->ready++;
	while (!board->enough) {
		i = n++ % BUDGET_NPURPOSES;
		if (take(&shared, (enum budget_purpose)i)) {
			mine[i]++;
			board->grants[me]++;
		} else {
			board->refusals[me]++;
			for (i = 0; i < BUDGET_NPURPOSES; i++)
				for (; mine[i] > 0; mine[i]--)
					give(&shared, (enum budget_purpose)i);
			sched_yield();
		}
		for (i = 0; i < BUDGET_NPURPOSES; i++)
			must(mine[i] == budget_shared_of(&shared, me,
			    (enum budget_purpose)i));
	}
	for (i = 0; i < BUDGET_NPURPOSES; i++)
		for (; mine[i] > 0; mine[i]--)
			give(&shared, (enum budget_purpose)i);
}

static pid_t
worker(unsigned me, void (*job)(unsigned))
{
	pid_t pid = fork();

	ck_assert_int_ne(pid, -1);
	if (pid == 0) {
		job(me);
		_exit(0);
	}
	return pid;
}

static void
ends(pid_t pid, int want)
{
	int status;

	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, want);
}

static bool
over(const struct timespec *end)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec > end->tv_sec || (now.tv_sec == end->tv_sec &&
	    now.tv_nsec >= end->tv_nsec);
}

static struct timespec
in_seconds(int seconds)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	t.tv_sec += seconds;
	return t;
}

/* Has each of them had its way and been refused, this often? */
static bool
all_were_busy(unsigned processes, unsigned long often)
{
	unsigned i;

	for (i = 0; i < processes; i++)
		if (board->grants[i] < often || board->refusals[i] < often)
			return false;
	return true;
}

/* h29: the sum over processes. */
START_TEST(h29_processes_that_take_and_give)
{
	unsigned processes = (unsigned)_i, i;
	struct timespec end = in_seconds(30);
	pid_t pids[PROCESSES_MAX];
	bool all_used = false;
	uint32_t total;

	for (i = 0; i < processes; i++)
		pids[i] = worker(i, work);
	do {
		total = budget_shared_total(&shared);
		ck_assert_uint_le(total, LIMIT);
		all_used |= total == LIMIT;
	} while (!(all_used && all_were_busy(processes, 20000)) &&
	    !over(&end));
	board->enough = true;
	for (i = 0; i < processes; i++)
		ends(pids[i], 0);
	ck_assert(all_used);
	ck_assert(all_were_busy(processes, 1));
	adds_up(0);
}
END_TEST

/* h32: whoever takes at the moment of the change sees the old limit with
 * the old total, or the new one with the new. */
START_TEST(h32_a_limit_that_changes_under_them)
{
	struct timespec end = in_seconds(30);
	unsigned processes = 2, i;
	unsigned long rounds = 0;
	pid_t pids[PROCESSES_MAX];
	uint32_t limit, total, bound;

	for (i = 0; i < processes; i++)
		pids[i] = worker(i, work);
	while ((rounds < 20000 || !all_were_busy(processes, 1000)) &&
	    !over(&end)) {
		limit = (uint32_t)(1 + rounds++ * 7 % LIMIT);
		budget_shared_set_limit(&shared, limit);
		/* From here on it may only fall to the new limit. */
		total = budget_shared_total(&shared);
		bound = total > limit ? total : limit;
		for (i = 0; i < 20; i++) {
			total = budget_shared_total(&shared);
			ck_assert_uint_le(total, bound);
			bound = total > limit ? total : limit;
		}
		budget_shared_set_limit(&shared, LIMIT);
		ck_assert_uint_le(budget_shared_total(&shared), LIMIT);
	}
	board->enough = true;
	for (i = 0; i < processes; i++)
		ends(pids[i], 0);
	ck_assert(all_were_busy(processes, 1));
	adds_up(0);
}
END_TEST

static void
hold_some(unsigned me)
{
	budget_shared_join(&shared, me);
	must(take(&shared, BUDGET_POOL));
	must(take(&shared, BUDGET_POOL));
	must(take(&shared, BUDGET_CATALOG));
	board->ready++;
	for (;;)
		pause();
}

START_TEST(who_is_killed_is_forgotten)
{
	pid_t pid;

	ck_assert(take(&shared, BUDGET_AUTH));
	pid = worker(1, hold_some);
	while (board->ready < 1)
		sched_yield();
	adds_up(4);
	kill(pid, SIGKILL);
	ends(pid, SIGKILL);
	/* Death alone gives nothing back: its backends may live on. */
	adds_up(4);
	ck_assert_uint_eq(budget_shared_of(&shared, 1, BUDGET_POOL), 2);
	budget_shared_forget(&shared, 1);
	adds_up(1);
	budget_shared_forget(&shared, 1);
	adds_up(1);
	ck_assert_uint_eq(held(BUDGET_AUTH), 1);
}
END_TEST

/* A kill hits in the middle of a take or a give, too, while others work. */
START_TEST(who_is_killed_at_any_moment)
{
	struct timespec end = in_seconds(40), nap = { 0 };
	pid_t other = worker(2, work), pid;
	unsigned i, ready;

	for (i = 0; i < 120 && !over(&end); i++) {
		ready = board->ready;
		pid = worker(1, work);
		while (board->ready == ready)
			sched_yield();
		nap.tv_nsec = (long)(i % 30) * 20000;
		nanosleep(&nap, NULL);
		kill(pid, SIGKILL);
		ends(pid, SIGKILL);
		budget_shared_forget(&shared, 1);
		ck_assert_uint_le(budget_shared_total(&shared), LIMIT);
	}
	board->enough = true;
	ends(other, 0);
	ck_assert_uint_gt(i, 10);
	adds_up(0);
	/* All of it is there for who comes next. */
	for (i = 0; i < LIMIT; i++)
		ck_assert(take(&shared, BUDGET_POOL));
}
END_TEST

/* Who stands still in the middle of it holds up nobody. */
START_TEST(who_is_stopped_stops_nobody)
{
	struct timespec end = in_seconds(30);
	unsigned long before;
	pid_t slow = worker(0, work), quick = worker(1, work);
	int i, status;

	while (board->ready < 2)
		sched_yield();
	for (i = 0; i < 50; i++) {
		kill(slow, SIGSTOP);
		ck_assert_int_eq(waitpid(slow, &status, WUNTRACED), slow);
		before = board->grants[1] + board->refusals[1];
		while (board->grants[1] + board->refusals[1] < before + 100)
			ck_assert(!over(&end));
		ck_assert_uint_le(budget_shared_total(&shared), LIMIT);
		kill(slow, SIGCONT);
		sched_yield();
	}
	board->enough = true;
	ends(slow, 0);
	ends(quick, 0);
	adds_up(0);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("budget_shared");
	TCase *t = tcase_create("budget_shared");
	SRunner *r;
	int failed;

	tcase_add_checked_fixture(t, start, stop);
	tcase_add_test(t, the_limit_is_over_slots_and_purposes);
	tcase_add_loop_test(t, limits_small_and_large, 0, countof(limits));
	tcase_add_test(t, h32_a_lower_limit);
	tcase_add_test(t, a_store_for_a_budget);
	tcase_add_test_raise_signal(t, what_was_not_taken_is_not_given,
	    SIGABRT);
	tcase_add_test_raise_signal(t, nobody_takes_without_a_slot, SIGABRT);
	tcase_add_test(t, no_memory_no_store);
	tcase_add_test(t, only_what_create_made_is_attached);
	tcase_add_test(t, nobody_makes_it_shorter);
	tcase_add_test(t, the_descriptor_is_enough);
	tcase_add_loop_test(t, h29_processes_that_take_and_give, 2,
	    PROCESSES_MAX + 1);
	tcase_add_test(t, h32_a_limit_that_changes_under_them);
	tcase_add_test(t, who_is_killed_is_forgotten);
	tcase_add_test(t, who_is_killed_at_any_moment);
	tcase_add_test(t, who_is_stopped_stops_nobody);
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed > 0;
}
