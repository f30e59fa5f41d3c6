/*
 * test_tracker.c - conversations, message by message.
 *
 * A script is a line of words:
 *   F:x    the frame x goes to the server; D takes s or p behind it; a final
 *          '*' hides its answer, a final '+' hides it unless it is an error
 *   B:x    the frame x comes from the server and is shown; Z takes its
 *          status behind it; a final '-' says that it is hidden, a final '!'
 *          that the stream is out of step
 *   rest, busy, spent    what the tracker must say then
 * Then a model of the server answers random pipelines, and the tracker must
 * follow it.
 */
#include "pgwire/tracker.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "base/must.h"
#include "pgwire/messages.h"

static const struct {
	const char *why;
	const char *script;
} scripts[] = {
	/* simple queries */
	{ "a query", "rest F:Q busy B:T busy B:D B:C busy B:ZI rest" },
	{ "d21 only the last Z of many statements counts",
	    "F:Q B:C B:T B:D B:C B:C busy B:ZI rest" },
	{ "d01 two queries, two Z", "F:Q F:Q B:C B:ZI busy B:C B:ZI rest" },
	{ "d01 a transaction is no rest",
	    "F:Q B:C B:ZT busy F:Q B:T B:C B:ZT busy F:Q B:C B:ZI rest" },
	{ "d22 error in an implicit block",
	    "F:Q B:C B:E busy B:ZI rest" },
	{ "d22 error in an explicit block",
	    "F:Q B:C B:ZT F:Q B:E B:ZE busy F:Q B:C B:ZI rest" },
	{ "d23 empty query", "F:Q B:I busy B:ZI rest" },
	{ "d24 empty query in a failed block",
	    "F:Q B:E B:ZE F:Q B:I B:ZE busy" },
	{ "a failed query does not skip the next",
	    "F:Q F:Q B:E B:ZI busy B:C B:ZI rest" },
	{ "d25 function call", "F:F B:V busy B:ZI rest" },
	{ "d25 function call that fails", "F:F B:E B:ZI rest" },

	/* extended batches */
	{ "a batch", "F:P busy F:B F:Dp F:E F:S "
	    "B:1 B:2 B:T B:D B:D B:C busy B:ZI rest" },
	{ "describe a statement", "F:P F:Ds F:S B:1 B:t B:T busy B:ZI rest" },
	{ "describe, no rows", "F:Ds F:Dp F:S B:t B:n B:n B:ZI rest" },
	{ "close", "F:C F:C F:S B:3 B:3 B:ZI rest" },
	{ "d02 query and batch in one write",
	    "F:Q F:P F:B F:E F:S B:C B:ZI busy B:1 B:2 B:C B:ZI rest" },
	{ "d03 N Syncs, N Z", "F:S F:S F:S B:ZI B:ZI busy B:ZI rest B:ZI!" },
	{ "d23 empty query in a batch",
	    "F:P F:B F:Dp F:E F:S B:1 B:2 B:n B:I B:ZI rest" },
	{ "d08 flush instead of sync",
	    "F:P F:Ds F:H B:1 B:t B:T busy F:B F:E F:S B:2 B:C B:ZI rest" },
	{ "d09 a lone flush owes nothing", "F:H rest" },
	{ "d10 suspended portal",
	    "F:B F:E F:H B:2 B:D B:s busy F:E F:H B:D B:C busy F:S B:ZI "
	    "rest" },
	{ "d11 open portal outside a block",
	    "F:P F:B F:E F:H B:1 B:2 B:D B:s busy" },
	{ "d12 trailing Close without Sync", "F:S F:C B:ZI B:3 busy" },
	{ "d35 Parse without Sync", "F:P B:1 busy" },
	{ "d43 Close behind Sync, then a query",
	    "F:P F:S F:C F:Q B:1 B:ZI busy B:3 busy B:C B:ZI rest" },
	{ "a query ends the implicit transaction of a batch",
	    "F:P B:1 busy F:Q B:C B:ZI rest" },
	{ "so does a function call", "F:P F:F B:1 B:V B:ZI rest" },

	/* errors in batches */
	{ "d04 error cuts up to the Sync",
	    "F:P F:B F:Dp F:E F:S B:E busy B:ZI rest" },
	{ "d04 the second batch is answered",
	    "F:P F:B F:E F:S F:P F:B F:E F:S B:1 B:E B:ZI busy "
	    "B:1 B:2 B:C B:ZI rest" },
	{ "d04 rows, then the error",
	    "F:P F:B F:E F:S B:1 B:2 B:D B:E B:ZI rest" },
	{ "d04 error between t and T", "F:Ds F:S B:t B:E B:ZI rest" },
	{ "d05 a query behind the error is discarded",
	    "F:P F:Q B:E busy F:S B:ZI rest" },
	{ "d05 also one sent later", "F:P B:E F:Q busy F:S B:ZI rest" },
	{ "d05 and a function call", "F:P F:F B:E F:F F:S B:ZI rest" },
	{ "d05 a query between error and Sync",
	    "F:P F:Q F:P F:S F:Q B:E B:ZI busy B:C B:ZI rest" },
	{ "d06 a late Sync", "F:P F:H B:E busy F:S busy B:ZI rest" },
	{ "d06 Parse and Flush before it get nothing",
	    "F:P F:H B:E F:P F:H busy F:S busy B:ZI rest" },
	{ "d06 what follows the Sync is answered",
	    "F:P F:H B:E F:P F:S F:P F:S B:ZI B:1 B:ZI rest" },
	{ "commit fails in Sync",
	    "F:P F:B F:E F:S B:1 B:2 B:C B:E busy B:ZI rest" },
	{ "error in a block", "F:Q B:C B:ZT F:P F:S B:E B:ZE busy" },

	/* out of step */
	{ "d03 Z for nothing", "B:ZI!" },
	{ "f29 answer for nothing", "B:1!" },
	{ "rows for nothing", "B:D!" },
	{ "f29 Parse answered by Bind", "F:P B:2!" },
	{ "f29 Bind answered by Parse", "F:B B:1!" },
	{ "f29 Close answered by Parse", "F:C B:1!" },
	{ "T without t", "F:Ds B:T!" },
	{ "t twice", "F:Ds B:t B:t!" },
	{ "t for a portal", "F:Dp B:t!" },
	{ "Execute describes no rows", "F:E B:T!" },
	{ "n for a query", "F:Q B:n!" },
	{ "s for a query", "F:Q B:s!" },
	{ "V for a query", "F:Q B:V!" },
	{ "rows for a function call", "F:F B:D!" },
	{ "rows for Bind", "F:B B:D!" },
	{ "Z while Execute is owed", "F:E F:S B:ZI!" },
	{ "C for a Sync", "F:S B:C!" },
	{ "unknown status", "F:Q B:Zx!" },
	{ "login messages", "F:Q B:R!" },
	{ "a key after login", "B:K!" },
	{ "c23 unknown message", "F:Q B:?!" },
	{ "an answer while skipping", "F:P B:E B:1!" },

	/* what comes by itself */
	{ "d26 d27 d28 at any time",
	    "B:N B:S B:A rest F:Q B:N B:C B:S B:A B:ZI rest" },
	{ "n08 they end no answer", "F:P F:S B:S B:N B:1 B:A B:ZI rest" },
	{ "d29 FATAL on an idle server", "B:E rest" },
	{ "d30 FATAL after an error", "F:Q B:E B:E B:ZI rest" },

	/* hidden */
	{ "d32 a hidden query", "F:Q* B:T- B:D- B:C- B:ZI- rest" },
	{ "e01 hidden SET before the client's query",
	    "F:Q* F:Q B:C- B:S- B:N- B:C- B:ZI- B:S B:T B:C B:ZI rest" },
	{ "f03 an injected Parse",
	    "F:P* F:B F:E F:S B:1- B:2 B:D B:C B:ZI rest" },
	{ "f05 its error is shown, once",
	    "F:P+ F:B F:E F:S B:E B:ZI rest" },
	{ "f05 its success is not",
	    "F:P+ F:B F:E F:S B:N- B:1- B:2 B:C B:ZI rest" },
	{ "a hidden error", "F:Q* B:E- B:ZI- rest" },
	{ "f08 f10 a hidden Close between",
	    "F:P F:C* F:P* F:B F:S B:1 B:3- B:1- B:2 B:ZI rest" },
	{ "f09 nothing sticks at the head",
	    "F:P* F:S* F:S B:1- B:ZI- B:ZI rest" },
	{ "hidden entries are cut as well",
	    "F:P F:C* F:B F:S B:E B:ZI rest" },

	/* COPY */
	{ "d13 copy in", "F:Q B:G busy F:d F:d F:c busy B:C busy B:ZI rest" },
	{ "d13 copy in, extended",
	    "F:P F:B F:E F:H B:1 B:2 B:G F:d F:c F:S B:C busy B:ZI rest" },
	{ "d17 all in one write", "F:Q F:d F:c B:G B:C B:ZI rest" },
	{ "d17 all in one write, extended",
	    "F:P F:B F:E F:d F:c F:S B:1 B:2 B:G B:C B:ZI rest" },
	{ "d17 two of them",
	    "F:Q F:d F:c F:Q F:d F:c B:G B:C B:ZI busy B:G B:C B:ZI rest" },
	{ "two in one query",
	    "F:Q B:G F:d F:c B:C B:G busy F:d F:c B:C B:ZI rest" },
	{ "two in one query, in one write, a Sync in each",
	    "F:Q F:S F:d F:c F:S F:d F:c B:G B:C B:G B:C B:ZI rest" },
	{ "d15 Sync right behind Execute",
	    "F:P F:B F:E F:S B:1 B:2 B:G F:d F:c F:S B:C busy B:ZI rest" },
	{ "d15 and pipelined data",
	    "F:P F:B F:E F:S F:d F:c F:S B:1 B:2 B:G B:C B:ZI rest" },
	{ "d15 the batch stays open until a Sync that counts",
	    "F:B F:E F:S B:2 B:G F:d F:c B:C busy F:S B:ZI rest" },
	{ "d15 Sync behind a COPY query is ignored too",
	    "F:Q F:S B:G F:d F:c B:C B:ZI rest" },
	{ "d16 Flush and Sync during copy in",
	    "F:Q B:G F:d F:H F:S F:S F:d F:c B:C B:ZI rest" },
	{ "d16 Sync after the end counts",
	    "F:Q B:G F:d F:c F:S B:C B:ZI busy B:ZI rest" },
	{ "d16 and behind the data of the first of two",
	    "F:Q F:S F:c F:S F:Q F:S F:c F:S "
	    "B:G B:C B:ZI B:ZI B:G B:C B:ZI busy B:ZI rest" },
	{ "d14 error, late copy messages",
	    "F:Q B:G F:d B:E busy F:d F:c B:ZI rest F:d F:c F:f rest" },
	{ "d14 error before G", "F:Q F:d F:c B:E B:ZI rest" },
	{ "d14 extended, late CopyDone, late Sync",
	    "F:P F:B F:E F:H B:1 B:2 B:G F:d B:E busy F:d F:c F:S busy B:ZI "
	    "rest" },
	{ "d14 a late mark does not count for the next copy",
	    "F:Q B:G F:d B:E F:c F:Q B:ZI B:G busy F:S F:c B:C B:ZI rest" },
	{ "Execute fails before G, data pipelined",
	    "F:P F:B F:E F:d F:c F:S B:1 B:2 B:E B:ZI rest" },
	{ "Parse fails, Sync, data, Sync",
	    "F:P F:B F:E F:S F:d F:c F:S B:E B:ZI busy B:ZI rest" },
	{ "d18 CopyFail", "F:Q B:G F:d F:f B:E B:ZI rest" },
	{ "d18 CopyDone twice", "F:Q B:G F:c F:c B:C B:ZI rest" },
	{ "d18 a query during copy in kills the server",
	    "F:Q B:G F:Q B:E B:E busy" },
	{ "taint: error after a Sync was ignored, or was it",
	    "F:P F:B F:E F:S B:1 B:2 B:G F:d B:E busy F:S B:ZI spent" },
	{ "taint: it was not",
	    "F:P F:B F:E F:S B:1 B:2 B:G B:E B:ZI spent F:c F:S B:ZI "
	    "spent" },
	{ "taint: behind a COPY query",
	    "F:Q B:G F:S B:E B:ZI spent B:ZI spent" },
	{ "no taint: the copy failed, a batch without CopyDone followed",
	    "F:Q B:G F:d F:P F:B F:E F:S B:E B:ZI B:1 B:2 B:C B:ZI rest" },
	{ "no taint once the copy succeeded",
	    "F:Q F:S B:G F:c B:C B:E B:ZI rest" },
	{ "no taint for the copy after it",
	    "F:Q F:S B:G F:c B:C B:ZI F:Q B:G B:E B:ZI rest" },
	{ "d19 copy out", "F:Q B:H busy B:d B:d B:c B:C B:ZI rest" },
	{ "copy out, extended",
	    "F:E F:S B:H B:d B:c B:C B:ZI rest" },
	{ "copy out fails", "F:Q B:H B:d B:E B:ZI rest" },
	{ "copy data for nothing", "F:Q B:d!" },
	{ "Z within copy in", "F:Q B:G B:ZI!" },
	{ "G within copy in", "F:Q B:G B:G!" },
	{ "copy in for Bind", "F:B B:G!" },
	{ "d20 copy both",
	    "F:Q B:W B:d F:d B:d F:c B:d B:c busy B:C B:ZI rest" },
	{ "d20 timeline ends",
	    "F:Q B:W B:d B:c F:c B:T B:D B:C B:C B:ZI rest" },

	/* one of several commands is ours */
	{ "the first is hidden",
	    "F:Q1 busy B:C- B:T B:D B:C busy B:ZI rest" },
	{ "no error is", "F:Q1 B:E B:ZI F:Q1 B:C- B:E B:ZI rest" },
	{ "nor a notice in front of it", "F:Q1 B:N B:C- B:C B:ZI rest" },
	{ "the first two are hidden",
	    "F:Q3 B:C- B:N B:C- B:T B:C B:C busy B:ZI rest" },
	{ "or one, if the next fails", "F:Q3 B:C- B:E busy B:ZI rest" },
	{ "the second is hidden", "F:Q2 B:C B:C- busy B:ZI rest" },
	{ "the next query is not", "F:Q1 F:Q B:C- B:C B:ZI B:C B:ZI rest" },

	/* not for a session */
	{ "b50 a password after login", "F:p!" },
	{ "c23 unknown type", "F:y!" },
};

/* The last byte of a word is one of the marks: take it off. */
static char
mark_of(char *word, const char *marks)
{
	size_t n = strlen(word);
	char last = word[n - 1];

	if (n < 4 || strchr(marks, last) == NULL)
		return '\0';
	word[n - 1] = '\0';
	return last;
}

static void
send_word(struct tracker *t, char *word, const char *why)
{
	char mark = mark_of(word, "*+123!");
	enum hide hide = mark == '*' ? HIDE_ALL :
	    mark == '+' ? HIDE_SUCCESS : mark == '1' ? HIDE_FIRST :
	    mark == '2' ? HIDE_SECOND : mark == '3' ? HIDE_SEVERAL :
	    HIDE_NOTHING;
	enum track got = tracker_frontend(t, word[2],
	    word[3] == 's' ? 'S' : 'P', hide);

	ck_assert_msg((got == TRACK_BAD) == (mark == '!'), "%s: at %s",
	    why, word);
	if (hide == HIDE_SEVERAL)
		tracker_several(t, 2);
}

static void
receive_word(struct tracker *t, char *word, const char *why)
{
	char mark = mark_of(word, "-!");
	enum track want = mark == '-' ? TRACK_HIDE :
	    mark == '!' ? TRACK_BAD : TRACK_SHOW;
	enum track got = tracker_backend(t, word[2], word[3]);

	ck_assert_msg(got == want, "%s: %s gives %d", why, word, (int)got);
}

START_TEST(conversation)
{
	const char *why = scripts[_i].why;
	char *line = strdup(scripts[_i].script), *rest = line, *word;
	struct tracker t;
	int step = 0;

	tracker_init(&t);
	while ((word = strsep(&rest, " ")) != NULL) {
		step++;
		if (word[0] == 'F')
			send_word(&t, word, why);
		else if (word[0] == 'B')
			receive_word(&t, word, why);
		else if (strcmp(word, "rest") == 0)
			ck_assert_msg(tracker_at_rest(&t), "%s: step %d", why,
			    step);
		else if (strcmp(word, "busy") == 0)
			ck_assert_msg(!tracker_at_rest(&t) &&
			    !tracker_is_spent(&t), "%s: step %d", why, step);
		else if (strcmp(word, "spent") == 0)
			ck_assert_msg(!tracker_at_rest(&t) &&
			    tracker_is_spent(&t), "%s: step %d", why, step);
		else
			ck_abort_msg("%s: bad word %s", why, word);
	}
	tracker_fini(&t);
	free(line);
}
END_TEST

START_TEST(transaction_status_follows_ready)
{
	struct tracker t;

	tracker_init(&t);
	tracker_frontend(&t, 'Q', 0, HIDE_NOTHING);
	ck_assert_int_eq(t.tx, TX_IDLE);
	tracker_backend(&t, 'Z', 'T');
	ck_assert_int_eq(t.tx, TX_BLOCK);
	tracker_frontend(&t, 'Q', 0, HIDE_NOTHING);
	tracker_backend(&t, 'E', 0);
	ck_assert_int_eq(t.tx, TX_BLOCK);
	tracker_backend(&t, 'Z', 'E');
	ck_assert_int_eq(t.tx, TX_FAILED);
	tracker_reset(&t);
	ck_assert(tracker_at_rest(&t));
	tracker_fini(&t);
}
END_TEST

START_TEST(m10_queue_has_an_end)
{
	struct tracker t;
	uint32_t i, full = 0;

	tracker_init(&t);
	for (i = 0; tracker_frontend(&t, 'P', 0, HIDE_NOTHING) != TRACK_BAD;
	    i++)
		if (full == 0 && tracker_full(&t))
			full = i;
	ck_assert_uint_eq(i, 65536);
	/* what one read of 64 KiB can still bring: frames of 5 bytes */
	ck_assert_uint_ge(i - full, 65536 / 5);
	while (i-- > 0)
		ck_assert_int_eq(tracker_backend(&t, '1', 0), TRACK_SHOW);
	ck_assert(!tracker_owes(&t));
	ck_assert_ptr_null(t.ring);
	tracker_fini(&t);
}
END_TEST

START_TEST(queue_keeps_its_order_while_it_wraps_and_grows)
{
	static const char ask[] = "PBC", answer[] = "123";
	struct tracker t;
	unsigned sent = 0, got = 0, round, i;

	tracker_init(&t);
	for (round = 0; round < 200; round++) {
		for (i = 0; i < round % 17 + 3; i++, sent++)
			tracker_frontend(&t, ask[sent % 3], 0,
			    sent % 5 == 0 ? HIDE_ALL : HIDE_NOTHING);
		for (i = 0; i < round % 11 + 2 && got < sent; i++, got++)
			ck_assert_int_eq(tracker_backend(&t, answer[got % 3],
			    0), got % 5 == 0 ? TRACK_HIDE : TRACK_SHOW);
	}
	for (; got < sent; got++)
		ck_assert_int_eq(tracker_backend(&t, answer[got % 3], 0),
		    got % 5 == 0 ? TRACK_HIDE : TRACK_SHOW);
	ck_assert(!tracker_owes(&t));
	tracker_fini(&t);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("tracker");
	TCase *tc = tcase_create("stream");
	SRunner *sr = srunner_create(s);
	int failed;

	tcase_add_loop_test(tc, conversation, 0, (int)countof(scripts));
	tcase_add_test(tc, transaction_status_follows_ready);
	tcase_add_test(tc, m10_queue_has_an_end);
	tcase_add_test(tc, queue_keeps_its_order_while_it_wraps_and_grows);
	suite_add_tcase(s, tc);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
