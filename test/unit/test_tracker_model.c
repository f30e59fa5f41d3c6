/*
 * test_tracker_model.c - the tracker follows a server that was written apart
 * from it.
 *
 * The model has what PostgreSQL's main loop has: a queue of messages that it
 * reads one by one, "skip until Sync", the transaction status and a COPY
 * mode. A client sends legal pipelines of any length at random, the model
 * answers at random times, and fails at random. Each answer belongs to the
 * message that caused it, so the model knows whether it is to be hidden; and
 * it knows when it is at rest.
 */
#include "pgwire/tracker.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "base/must.h"

#define ROUNDS 30000
#define STEPS 60
#define QUEUE 4096

/* Check's own macros write to a pipe each time. */
#define expect(e, ...) \
	do { if (!(e)) ck_abort_msg(__VA_ARGS__); } while (0)

enum what { PLAIN, EMPTY, SEVERAL, BEGIN, COMMIT, FAIL, COPY_IN, COPY_OUT };

struct msg {
	char type, target;
	enum what what;
	enum hide hide;
	unsigned copies;                /* COPY IN: how many in a row */
};

static struct model {
	struct msg queue[QUEUE];
	unsigned first, end;
	bool skip, batch, block, failed;
	struct msg copying;             /* type '\0': no COPY IN */
	unsigned to_copy;               /* not 0: client may send dHScf */
	struct tracker tracker;
	uint64_t random;
	char story[STEPS * 64];
	size_t told;
} m;

static unsigned
chance(unsigned n)
{
	m.random ^= m.random << 13;
	m.random ^= m.random >> 7;
	m.random ^= m.random << 17;
	return (unsigned)(m.random >> 33) % n;
}

static void
tell(char side, char type)
{
	if (m.told + 4 >= sizeof m.story)
		return;
	m.story[m.told++] = side;
	m.story[m.told++] = type;
	m.story[m.told++] = ' ';
	m.story[m.told] = '\0';
}

/* The client's side. */

static void
send_msg(struct msg msg)
{
	tell('>', msg.type);
	m.queue[m.end++] = msg;
	expect(tracker_frontend(&m.tracker, msg.type, msg.target,
	    msg.hide) != TRACK_BAD, "%s", m.story);
}

static void
send_something(void)
{
	static const char types[] = "QQFSSPBBDDCEEEHHdc";
	static const char in_copy[] = "dddHScf";
	struct msg msg = { .what = (enum what)chance(8) };

	if (m.to_copy > 0) {
		msg.type = in_copy[chance(sizeof in_copy - 1)];
		if (msg.type == 'c')
			m.to_copy--;
		else if (msg.type == 'f')
			m.to_copy = 0;
		send_msg(msg);
		return;
	}
	msg.type = types[chance(sizeof types - 1)];
	msg.target = chance(2) ? 'S' : 'P';
	msg.hide = chance(4) ? HIDE_NOTHING : (enum hide)(1 + chance(2));
	if (msg.what == FAIL && chance(3))
		msg.what = PLAIN;
	if ((msg.type == 'Q' || msg.type == 'E') && msg.what == COPY_IN)
		m.to_copy = msg.copies = msg.type == 'Q' ? 1 + chance(2) : 1;
	send_msg(msg);
}

/* The server's side. */

static void
answer(const struct msg *to, char type, char status)
{
	enum track want = to->hide == HIDE_NOTHING ||
	    (to->hide == HIDE_SUCCESS && type == 'E') ? TRACK_SHOW :
	    TRACK_HIDE;
	enum track got;

	tell('<', type);
	got = tracker_backend(&m.tracker, type, status);
	expect(got == want, "%s: %d instead of %d", m.story, (int)got,
	    (int)want);
}

static void
ready(const struct msg *to)
{
	m.skip = m.batch = false;
	answer(to, 'Z', !m.block ? 'I' : m.failed ? 'E' : 'T');
}

static void
go_wrong(const struct msg *to)
{
	m.copying.type = '\0';
	m.failed = m.block;
	answer(to, 'E', 0);
	if (strchr("QFS", to->type) != NULL)
		ready(to);
	else
		m.skip = true;
}

static void
finish_command(const struct msg *to)
{
	answer(to, 'C', 0);
	if (to->type == 'Q')
		ready(to);
}

static void
begin_copy_in(const struct msg *to)
{
	answer(to, 'G', 0);
	m.copying = *to;
}

/* Query and Execute. */
static void
run(const struct msg *to)
{
	unsigned rows = chance(3);

	switch (to->what) {
	case EMPTY:
		answer(to, 'I', 0);
		if (to->type == 'Q')
			ready(to);
		return;
	case COPY_IN:
		begin_copy_in(to);
		return;
	case COPY_OUT:
		answer(to, 'H', 0);
		while (rows-- > 0)
			answer(to, 'd', 0);
		answer(to, 'c', 0);
		break;
	case BEGIN:
		m.block = true;
		break;
	case COMMIT:
		m.block = m.failed = false;
		break;
	case SEVERAL:
		if (to->type == 'Q')
			answer(to, 'C', 0);
		/* FALLTHROUGH */
	case PLAIN:
		if (to->type == 'Q')
			answer(to, 'T', 0);
		while (rows-- > 0)
			answer(to, 'D', 0);
		if (to->type == 'E' && chance(4) == 0) {
			answer(to, 's', 0);
			return;
		}
		break;
	case FAIL:
		break;
	}
	finish_command(to);
}

static void
read_copy(const struct msg *msg)
{
	struct msg to = m.copying;

	if (msg->type == 'f' || (msg->type == 'd' && chance(10) == 0)) {
		go_wrong(&to);
	} else if (msg->type == 'c') {
		m.copying.type = '\0';
		if (--to.copies > 0) {
			answer(&to, 'C', 0);
			begin_copy_in(&to);
		} else {
			finish_command(&to);
		}
	}
}

static void
describe(const struct msg *to)
{
	if (to->target == 'S')
		answer(to, 't', 0);
	answer(to, chance(2) ? 'T' : 'n', 0);
}

static void
read_message(const struct msg *msg)
{
	if (m.copying.type != '\0') {
		read_copy(msg);
		return;
	}
	if (strchr("dcfH", msg->type) != NULL ||
	    (m.skip && msg->type != 'S'))
		return;
	if (strchr("PBDCE", msg->type) != NULL)
		m.batch = true;
	if (chance(8) == 0)
		answer(msg, "NSA"[chance(3)], 0);
	if (msg->what == FAIL && (msg->type != 'S' || !m.skip)) {
		m.skip = false;
		go_wrong(msg);
		return;
	}
	switch (msg->type) {
	case 'Q': case 'E':
		run(msg);
		break;
	case 'F':
		answer(msg, 'V', 0);
		ready(msg);
		break;
	case 'S':
		ready(msg);
		break;
	case 'P':
		answer(msg, '1', 0);
		break;
	case 'B':
		answer(msg, '2', 0);
		break;
	case 'C':
		answer(msg, '3', 0);
		break;
	case 'D':
		describe(msg);
		break;
	}
}

/* What is still in the queue gets no answer and changes nothing. */
static bool
queue_is_idle(void)
{
	unsigned i;

	for (i = m.first; i < m.end; i++)
		if (strchr("dcfH", m.queue[i].type) == NULL)
			return false;
	return true;
}

static void
compare(void)
{
	bool rest = !m.skip && !m.batch && !m.block &&
	    m.copying.type == '\0';

	if (tracker_at_rest(&m.tracker))
		expect(rest && queue_is_idle(), "%s: at rest",
		    m.story);
	else if (m.first == m.end && !m.tracker.tainted)
		expect(!rest, "%s: not at rest", m.story);
}

START_TEST(tracker_follows_the_model)
{
	unsigned round, step, tainted = 0;

	for (round = 0; round < ROUNDS; round++) {
		memset(&m, 0, offsetof(struct model, story));
		m.told = 0;
		m.random = round * UINT64_C(0x9e3779b97f4a7c15) + 1;
		tracker_init(&m.tracker);
		for (step = 0; step < STEPS && !m.tracker.tainted; step++) {
			if (chance(2))
				send_something();
			else if (m.first < m.end)
				read_message(&m.queue[m.first++]);
			compare();
		}
		while (m.first < m.end && !m.tracker.tainted) {
			read_message(&m.queue[m.first++]);
			compare();
		}
		tainted += m.tracker.tainted;
		tracker_fini(&m.tracker);
	}
	ck_assert_uint_gt(tainted, 0);
	ck_assert_uint_lt(tainted, ROUNDS / 2);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("tracker_model");
	TCase *tc = tcase_create("random");
	SRunner *sr = srunner_create(s);
	int failed;

	tcase_set_timeout(tc, 120);
	tcase_add_test(tc, tracker_follows_the_model);
	suite_add_tcase(s, tc);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
