/*
 * test_fairness.c - whose turn it is, without clients and servers.
 */
#include "pool/fairness.h"

#include <check.h>
#include <stdio.h>
#include <string.h>

#include "base/must.h"
#include "conversation/ahead.h"

/*
 * A script of steps: "a+" somebody of a waits, "a-" somebody of a waits no
 * more, "a>" a returns a server, "=a" a server is free and a must get it,
 * "=." nobody may, "4!" there are four servers from now on, "a2" the part of
 * a must be 2.
 */
static const struct {
	const char *why;
	const char *steps;
} cases[] = {
	{ "nobody waits", "4! =." },
	{ "one key has all", "2! a+ a+ =a =a a+ =a" },
	{ "turns, whoever has more", "9! a+ a+ a+ b+ c+ b+ c+ "
	    "=a =b =c =a =b =c =a =." },
	{ "turns with one server", "1! a+ =a a+ a+ b+ b+ c+ a> "
	    "=b b> =c c> =a a> =b b> =a" },
	{ "who has just come is before who had all", "1! a+ =a a+ a+ b+ a> "
	    "=b" },
	{ "a new key is behind those who wait for longer", "1! a+ =a b+ a> "
	    "=b a+ c+ b> =a a> =c" },
	{ "the cap: who holds its part waits for who does not",
	    "4! a+ a+ a+ a+ =a =a =a =a a+ a+ b+ b+ b+ "
	    "a> =b a> =b a> =a b> =b" },
	{ "parts are rounded up", "5! a+ a+ a+ b+ b+ b+ c+ c+ a2 "
	    "=a =b =c =a =b" },
	{ "a part that nobody wants is borrowed", "4! a+ a+ a+ a+ b+ "
	    "=a =b =a =a b> a+ =a =a" },
	{ "it comes back when it is wanted", "4! a+ a+ a+ a+ a+ a+ b+ =a "
	    "=b =a =a b> =a b+ b+ a> =b a> =b a> =a" },
	{ "three of four keys at their part", "4! a+ a+ b+ b+ c+ c+ d+ d+ "
	    "=a =b =c =d a> =a b> =b" },
	{ "who was passed over is next", "4! a+ a+ a+ =a =a b+ b+ b+ "
	    "=b b> =b a> =a" },
	{ "but not a third time, although it holds its part then",
	    "4! a+ a+ a+ a+ =a =a b+ b+ b+ b+ b+ b+ =b =b b> =a" },
	{ "with one more than its part it is, for as long as it takes",
	    "4! a+ a+ a+ a+ =a =a b+ b+ b+ b+ b+ b+ b+ =b =b b> =a "
	    "b> =b b> =b b> =b a> =a" },
	{ "nor does who has borrowed get more", "4! a+ a+ a+ a+ a+ =a =a =a "
	    "=a b+ b+ b+ b+ a> =b b> =b b> =b b> =b" },
	{ "of two who are due the one that waits longer",
	    "6! a+ a+ a+ b+ b+ b+ =a =b =a =b c+ c+ c+ c+ =c =c "
	    "c> =a c> =b a> =c" },
	{ "and not the one served longer ago", "6! a+ a+ =a =a b+ b+ b+ =b "
	    "=b c+ c+ c+ =c =c a+ c> =b" },
	{ "to be new does not count as served", "4! a+ a+ a+ =a =a b+ =b b> "
	    "c+ c+ c+ =c c> =c c> =a" },
	{ "who has left does not get any", "2! a+ b+ a- =b =." },
	{ "more keys than servers: one each", "2! a+ a+ b+ c+ d+ a1 "
	    "=a =b a> =c b> =d c> =a" },
	{ "a pool that grows", "2! a+ a+ a+ a+ b+ b+ =a =b 4! =a =b =a" },
	{ "a pool without servers", "0! a+ b+ a0 =a" },
};

#define KEYS 4u

/* Those who wait have their key's number. */
struct turn {
	struct list turn;
	unsigned key;
};

struct desk {
	const char *why;
	struct fairness *f;
	struct fair_key *keys[KEYS];    /* NULL: not there yet */
	struct fair_key *held[KEYS][16];
	unsigned nheld[KEYS];
	struct turn turns[64];
	unsigned nturns;
	uint32_t servers, waiting, holding;
};

static struct fair_key *
key(struct desk *d, unsigned k)
{
	char name[] = { (char)('a' + k), '\0' };

	ck_assert_uint_lt(k, KEYS);
	if (d->keys[k] == NULL)
		d->keys[k] = fair_key_acquire(d->f, name);
	return d->keys[k];
}

static void
wait_turn(struct desk *d, unsigned k)
{
	struct turn *t = &d->turns[d->nturns++];

	t->key = k;
	/* In fairness_check() nobody waits without a client. */
	key(d, k)->clients++;
	fair_key_join(d->keys[k], &t->turn);
	d->waiting++;
}

static void
leave(struct desk *d, struct turn *t)
{
	struct fair_key *k = key(d, t->key);

	fair_key_leave(k, &t->turn);
	d->waiting--;
	fair_key_release(&k);
}

static void
serve(struct desk *d, unsigned want, const char *at)
{
	struct list *n = fairness_next(d->f, d->servers);
	struct fair_key *k;
	struct turn *t;

	if (n == NULL) {
		ck_assert_msg(want == UINT32_MAX, "%s: nobody at %s", d->why,
		    at);
		return;
	}
	t = container_of(n, struct turn, turn);
	ck_assert_msg(t->key == want, "%s: %c at %s", d->why,
	    'a' + (int)t->key, at);
	k = key(d, t->key);
	leave(d, t);
	fair_key_serve(k);
	d->held[want][d->nheld[want]++] = k;
	d->holding++;
}

static void
step(struct desk *d, const char *at)
{
	unsigned k = (unsigned)(at[0] - 'a');
	struct fair_key *held;

	if (at[0] == '=') {
		serve(d, at[1] == '.' ? UINT32_MAX :
		    (unsigned)(at[1] - 'a'), at);
	} else if (at[1] == '!') {
		d->servers = (uint32_t)(at[0] - '0');
	} else if (at[1] == '+') {
		wait_turn(d, k);
	} else if (at[1] == '-') {
		leave(d, container_of(list_first(&key(d, k)->waits),
		    struct turn, turn));
	} else if (at[1] == '>') {
		ck_assert_uint_gt(d->nheld[k], 0);
		held = d->held[k][--d->nheld[k]];
		fair_key_return(&held);
		ck_assert_ptr_null(held);
		d->holding--;
	} else {
		ck_assert_uint_eq(fairness_part(d->f, d->servers),
		    (unsigned)(at[1] - '0'));
	}
	fairness_check(d->f, d->waiting, d->holding);
}

static void
clean_up(struct desk *d)
{
	struct list *n;
	unsigned k;

	while ((n = fairness_next(d->f, 1)) != NULL)
		leave(d, container_of(n, struct turn, turn));
	for (k = 0; k < KEYS; k++) {
		while (d->nheld[k] > 0)
			fair_key_return(&d->held[k][--d->nheld[k]]);
		fair_key_release(&d->keys[k]);
	}
	/* Fails if a key is left. */
	fairness_destroy(d->f);
}

START_TEST(turns_are_taken)
{
	struct desk d = { .why = cases[_i].why };
	const char *at = cases[_i].steps;

	d.f = fairness_create(7);
	for (; *at != '\0'; at += strspn(at, " ")) {
		step(&d, at);
		at += strcspn(at, " ");
	}
	clean_up(&d);
}
END_TEST

static unsigned
count_keys(const struct fairness *f)
{
	uint32_t cursor = 0;
	unsigned n = 0;

	while (fairness_each(f, &cursor) != NULL)
		n++;
	return n;
}

START_TEST(a_key_lives_as_long_as_it_is_used)
{
	struct fairness *f = fairness_create(7);
	struct fair_key *a = fair_key_acquire(f, "web");
	struct fair_key *b = fair_key_acquire(f, "web"), *held = a;

	ck_assert_ptr_eq(a, b);
	ck_assert_uint_eq(a->clients, 2);
	ck_assert_ptr_ne(fair_key_acquire(f, ""), a);
	fair_key_serve(a);
	fair_key_release(&a);
	ck_assert_ptr_null(a);
	fair_key_release(&b);
	/* No clients are left, but a server is. */
	ck_assert_uint_eq(count_keys(f), 2);
	fair_key_return(&held);
	ck_assert_uint_eq(count_keys(f), 1);
	a = fair_key_acquire(f, "");
	ck_assert_uint_eq(a->clients, 2);
	b = a;
	fair_key_release(&a);
	fair_key_release(&b);
	/* Harmless. */
	fair_key_release(&b);
	fair_key_return(&held);
	fairness_destroy(f);
	fairness_destroy(NULL);
}
END_TEST

START_TEST(names_are_cut)
{
	struct fairness *f = fairness_create(7);
	struct fair_key *a, *b;
	char name[100];

	memset(name, 'x', sizeof name);
	name[70] = '\0';
	a = fair_key_acquire(f, name);
	name[69] = 'y';
	b = fair_key_acquire(f, name);
	ck_assert_ptr_eq(a, b);
	ck_assert_uint_eq(strlen(a->name), FAIR_NAME_MAX);
	fair_key_release(&a);
	fair_key_release(&b);
	fairness_destroy(f);
}
END_TEST

/* Whoever invents names makes no more keys than these. */
START_TEST(names_beyond_the_bound_share_one_key)
{
	struct fairness *f = fairness_create(7);
	struct fair_key *keys[FAIR_KEYS_MAX + 2], *known;
	char name[16];
	unsigned i;

	for (i = 0; i < countof(keys); i++) {
		snprintf(name, sizeof name, "n%u", i);
		keys[i] = fair_key_acquire(f, name);
	}
	ck_assert_uint_eq(count_keys(f), FAIR_KEYS_MAX + 1);
	ck_assert_ptr_eq(keys[FAIR_KEYS_MAX], keys[FAIR_KEYS_MAX + 1]);
	ck_assert_str_eq(keys[FAIR_KEYS_MAX]->name, "(others)");
	ck_assert_uint_eq(keys[FAIR_KEYS_MAX]->clients, 2);
	/* Names that are known are found all the same. */
	known = fair_key_acquire(f, "n17");
	ck_assert_ptr_eq(known, keys[17]);
	fair_key_release(&known);
	for (i = 0; i < countof(keys); i++)
		fair_key_release(&keys[i]);
	ck_assert_uint_eq(count_keys(f), 0);
	fairness_destroy(f);
}
END_TEST

START_TEST(sated_is_who_holds_its_part_beside_others)
{
	struct fairness *f = fairness_create(7);
	struct fair_key *a = fair_key_acquire(f, "a"), *held[3];
	struct fair_key *b = fair_key_acquire(f, "b");
	struct list turn;

	held[0] = held[1] = held[2] = a;
	fair_key_serve(a);
	fair_key_serve(a);
	/* Alone it is the pool that is too small, not its part. */
	ck_assert(!fair_key_is_sated(a, 2));
	fair_key_join(b, &turn);
	ck_assert(fair_key_is_sated(a, 4));
	ck_assert(!fair_key_is_sated(a, 5));
	ck_assert(!fair_key_is_sated(b, 4));
	ck_assert(!fair_key_is_sated(b, 0));
	ck_assert_uint_eq(a->granted, 2);
	fair_key_hold(a);
	ck_assert_uint_eq(a->granted, 2);
	ck_assert(fair_key_is_sated(a, 5));
	fair_key_leave(b, &turn);
	ck_assert(!fair_key_is_sated(a, 3));
	fair_key_release(&a);
	fair_key_release(&b);
	while (held[0] != NULL)
		fair_key_return(&held[held[2] != NULL ? 2 : held[1] != NULL]);
	fairness_destroy(f);
}
END_TEST

/*
 * The promise, with 20 servers and ten keys of which somebody waits all the
 * time: two turns of each, that are back at once.
 */

#define SERVERS 20u
#define GRANTS 20000u

struct flow {
	struct fairness *f;
	struct fair_key *keys[AHEAD_KEYS];
	struct turn turns[AHEAD_KEYS][2];
	struct fair_key *held[SERVERS];
	unsigned key_of[SERVERS];
	uint64_t seed, now, ends[SERVERS];
	enum lengths lengths;
	struct ahead ahead;
};

static void
come(struct flow *fl, struct turn *t)
{
	fair_key_join(fl->keys[t->key], &t->turn);
	ahead_asks(&fl->ahead, t->key);
}

static void
grant(struct flow *fl, unsigned server)
{
	struct turn *t = container_of(fairness_next(fl->f, SERVERS),
	    struct turn, turn);
	struct fair_key *k = fl->keys[t->key];

	fair_key_leave(k, &t->turn);
	fair_key_serve(k);
	ahead_served(&fl->ahead, t->key);
	fl->held[server] = k;
	fl->key_of[server] = t->key;
	fl->ends[server] = fl->now + ahead_length(fl->lengths, &fl->seed);
	come(fl, t);
}

static void
finish_one(struct flow *fl)
{
	unsigned n = ahead_first(fl->lengths, &fl->seed, fl->ends, SERVERS);

	fl->now = fl->ends[n];
	ahead_done(&fl->ahead, fl->key_of[n]);
	fair_key_return(&fl->held[n]);
	grant(fl, n);
}

static void
flow_ends(struct flow *fl)
{
	unsigned i;

	for (i = 0; i < SERVERS; i++)
		fair_key_return(&fl->held[i]);
	for (i = 0; i < AHEAD_KEYS; i++) {
		fair_key_leave(fl->keys[i], &fl->turns[i][0].turn);
		fair_key_leave(fl->keys[i], &fl->turns[i][1].turn);
		fair_key_release(&fl->keys[i]);
	}
	fairness_destroy(fl->f);
}

START_TEST(nobody_is_passed_over_a_third_time)
{
	struct flow fl = { .f = fairness_create(7), .seed = 3,
	    .lengths = (enum lengths)_i,
	    .ahead = { .part = SERVERS / AHEAD_KEYS } };
	const struct ahead *a = &fl.ahead;
	char name[] = "a";
	unsigned i;

	for (i = 0; i < AHEAD_KEYS; i++, name[0]++) {
		fl.keys[i] = fair_key_acquire(fl.f, name);
		fl.turns[i][0].key = fl.turns[i][1].key = i;
		come(&fl, &fl.turns[i][0]);
		come(&fl, &fl.turns[i][1]);
	}
	for (i = 0; i < SERVERS; i++)
		grant(&fl, i);
	for (i = 0; i < GRANTS; i++)
		finish_one(&fl);
	ck_assert_msg(a->most_due <= 2, "%u grants", a->most_due);
	if (_i != LENGTHS_EXPONENTIAL)
		ck_assert_msg(a->most <= 2, "%u grants", a->most);
	ck_assert_msg(a->late * 25 <= a->served, "%u of %u late", a->late,
	    a->served);
	ck_assert_uint_le(a->most_held, a->part + 1);
	flow_ends(&fl);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("fairness");
	TCase *t = tcase_create("fairness");
	SRunner *r;
	int failed;

	tcase_add_loop_test(t, turns_are_taken, 0, countof(cases));
	tcase_add_test(t, a_key_lives_as_long_as_it_is_used);
	tcase_add_test(t, names_are_cut);
	tcase_add_test(t, names_beyond_the_bound_share_one_key);
	tcase_add_test(t, sated_is_who_holds_its_part_beside_others);
	tcase_add_loop_test(t, nobody_is_passed_over_a_third_time,
	    LENGTHS_SAME, LENGTHS_EXPONENTIAL + 1);
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
