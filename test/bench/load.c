/*
 * load.c - many clients in one process, each asking again as soon as it has
 * its answer.
 *
 *	bench_load [OPTION...]
 *	  -h HOST	IPv4 address, or folder of a Unix socket
 *	  -p PORT	  -U USER	  -d DATABASE
 *	  -c CLIENTS	  -m MODE: see modes[] below
 *	  -w SECONDS	warm up, not counted (default 0)
 *	  -q		then wait until all is quiet, say "quiet" and read a
 *			line before the measuring begins; again at the end
 *	  -t SECONDS	measure so long (default: for ever)
 *	  -n COUNT	at most so many transactions
 *	  -P PID	the pooler, whose CPU time is measured
 *	  -C SECONDS	until it has used so much of it
 *	  -s ROWS -r WIDTH	of a COPY
 *	  -k COUNT	mode cold: how many servers there are to wait for
 *
 * Each question carries a running number that its answer must repeat; the
 * messages of an answer must be those expected, in order. Whatever else comes
 * is a failure: status 1, and a sentence on stderr. The result is one line of
 * words like p99=412 (in microseconds).
 *
 * Modes idle (each client logs in and asks once; says "quiet" and waits for a
 * line; all leave; -n rounds) and cold (all connect and send BEGIN at once;
 * tells when the -k'th was answered) do not go round and round.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "common.h"

#define SCRATCH 65536u
#define HIST 1000000u           /* microseconds; what is slower counts so */
#define LOGIN_WINDOW 64u        /* clients in login at once */
#define TICK_USEC 10000

/* A round trip: what is sent, the types of the answer's messages (those of
 * NoticeResponse and data of a COPY left out), and the status at its end. */
enum ask { ASK_BEGIN, ASK_COMMIT, ASK_SIMPLE, ASK_EXTENDED, ASK_PREPARED,
	ASK_COPY_OUT, ASK_COPY_IN };

static const struct answer {
	const char *types;
	char status;
} answers[] = {
	[ASK_BEGIN] = { "CZ", 'T' },
	[ASK_COMMIT] = { "CZ", 'I' },
	[ASK_SIMPLE] = { "TDCZ", 0 },
	[ASK_EXTENDED] = { "12TDCZ", 'I' },
	[ASK_PREPARED] = { "2DCZ", 'I' },
	[ASK_COPY_OUT] = { "HcCZ", 'I' },
	[ASK_COPY_IN] = { "GCZ", 'I' },
};

enum style { STYLE_STEADY, STYLE_RECONNECT, STYLE_IDLE, STYLE_COLD };

static const struct mode {
	const char *name;
	enum style style;
	unsigned nasks;
	enum ask asks[3];
} modes[] = {
	{ "simple", STYLE_STEADY, 1, { ASK_SIMPLE } },
	{ "extended", STYLE_STEADY, 1, { ASK_EXTENDED } },
	{ "prepared", STYLE_STEADY, 1, { ASK_PREPARED } },
	{ "block", STYLE_STEADY, 3, { ASK_BEGIN, ASK_SIMPLE, ASK_COMMIT } },
	{ "reconnect", STYLE_RECONNECT, 1, { ASK_SIMPLE } },
	{ "copy-out", STYLE_STEADY, 1, { ASK_COPY_OUT } },
	{ "copy-in", STYLE_STEADY, 1, { ASK_COPY_IN } },
	{ "idle", STYLE_IDLE, 1, { ASK_SIMPLE } },
	{ "cold", STYLE_COLD, 1, { ASK_BEGIN } },
};

enum phase { OFF, CONNECTING, LOGIN, QUIET, BUSY };

struct client {
	int fd;
	enum phase phase;
	unsigned step;          /* of the mode's asks */
	bool prepared;          /* its statement is known to the server */
	bool writing;           /* EPOLLOUT is on */
	uint32_t number;        /* what the answer must repeat */
	uint32_t rows_left;     /* to send, of a COPY in */
	uint32_t skip;          /* of a body that nobody looks at */
	uint64_t copied;        /* bytes that came of a COPY out */
	unsigned nseen;
	char seen[8];           /* types of the messages of this answer */
	int64_t since;          /* begin of the transaction */
	struct bytes in, out;
};

/* LOGGING_IN -> WARMING [-> CALMING] -> MEASURING -> ENDING */
enum stage { LOGGING_IN, WARMING, CALMING, MEASURING, ENDING };

struct load {
	const char *host, *user, *database;
	unsigned port, nclients, rows, width, servers;
	const struct mode *mode;
	bool quiet;
	double warm_up, seconds, cpu_limit;
	unsigned long count;
	long pid;

	int epoll;
	enum stage stage;
	struct client *clients;
	unsigned nconnected, nlogged, nbusy, rounds;
	uint32_t number;
	int64_t now, stage_since, next_tick, asked_usec;
	unsigned long done, asked;
	double cpu_before;
	uint32_t *hist;
	struct sockaddr_storage address;
	socklen_t address_len;
	char scratch[SCRATCH];
};

static void ask(struct load *, struct client *);
static void on_quiet(struct load *);

static unsigned
id_of(const struct load *l, const struct client *c)
{
	return (unsigned)(c - l->clients);
}

/*
 * Results.
 */

/* User and system time of the pooler until now, in seconds. */
static double
cpu_of(long pid)
{
	char path[64], line[1024], *p;
	unsigned long user, sys;
	size_t n;
	FILE *f;

	if (pid == 0)
		return 0;
	snprintf(path, sizeof path, "/proc/%ld/stat", pid);
	f = fopen(path, "r");
	if (f == NULL)
		die("%s: %s", path, strerror(errno));
	n = fread(line, 1, sizeof line - 1, f);
	fclose(f);
	line[n] = '\0';
	/* Behind the name, which may hold anything, fields 3 and on. */
	p = strrchr(line, ')');
	if (p == NULL || sscanf(p, ") %*c %*d %*d %*d %*d %*d %*u %*u %*u "
	    "%*u %*u %lu %lu", &user, &sys) != 2)
		die("%s: what is this?", path);
	return (double)(user + sys) / (double)sysconf(_SC_CLK_TCK);
}

/* The time within which this part of the transactions was done. */
static unsigned
quantile(const struct load *l, double part)
{
	double want = part * (double)l->done, sum = 0;
	unsigned i;

	for (i = 0; i < HIST - 1; i++) {
		sum += l->hist[i];
		if (sum >= want)
			break;
	}
	return i;
}

static void
report(const struct load *l)
{
	double wall = (double)(now_usec() - l->stage_since) / 1e6;

	printf("transactions=%lu seconds=%.4f cpu=%.3f p50=%u p99=%u\n",
	    l->done, wall, cpu_of(l->pid) - l->cpu_before,
	    quantile(l, 0.5), quantile(l, 0.99));
	fflush(stdout);
}

static void
pause_for_line(void)
{
	int ch;

	puts("quiet");
	fflush(stdout);
	do
		ch = getchar();
	while (ch != '\n' && ch != EOF);
}

/*
 * Stages.
 */

static void
enter(struct load *l, enum stage stage)
{
	l->stage = stage;
	l->stage_since = l->now = now_usec();
	if (stage == MEASURING) {
		l->done = l->asked = 0;
		l->cpu_before = cpu_of(l->pid);
	}
}

static void
ask_all(struct load *l)
{
	unsigned i;

	for (i = 0; i < l->nclients; i++)
		if (l->clients[i].phase == QUIET)
			ask(l, &l->clients[i]);
}

/* The measuring is over. Without -q this is the end. */
static void
finish(struct load *l)
{
	report(l);
	if (!l->quiet)
		exit(0);
	enter(l, ENDING);
}

/* Now and then: is it time for the next stage? */
static void
on_tick(struct load *l)
{
	double age;

	l->now = now_usec();
	if (l->now < l->next_tick)
		return;
	l->next_tick = l->now + TICK_USEC;
	age = (double)(l->now - l->stage_since) / 1e6;
	if (l->stage == WARMING && age >= l->warm_up)
		enter(l, l->quiet ? CALMING : MEASURING);
	else if (l->stage == MEASURING && ((l->seconds > 0 &&
	    age >= l->seconds) || (l->cpu_limit > 0 &&
	    cpu_of(l->pid) - l->cpu_before >= l->cpu_limit)))
		finish(l);
	if (l->nbusy == 0 && l->nconnected == l->nlogged)
		on_quiet(l);
}

/* May one more transaction begin? */
static bool
may_ask(const struct load *l)
{
	switch (l->stage) {
	case LOGGING_IN:
		return l->mode->style != STYLE_STEADY;
	case WARMING:
		return true;
	case MEASURING:
		return l->count == 0 || l->asked < l->count;
	case CALMING:
	case ENDING:
		break;
	}
	return false;
}

/*
 * Sockets.
 */

static void
watch(struct load *l, struct client *c, int op, uint32_t events)
{
	struct epoll_event e = { .events = events, .data.ptr = c };

	if (epoll_ctl(l->epoll, op, c->fd, &e) == -1)
		die("epoll_ctl: %s", strerror(errno));
}

static void
add_startup(const struct load *l, struct bytes *b)
{
	size_t at = message_begin(b, 0);

	message_int(b, 0x30000, 4);
	message_text(b, "user");
	message_text(b, l->user);
	message_text(b, "database");
	message_text(b, l->database);
	message_int(b, 0, 1);
	message_end(b, at);
}

static void
dial(struct load *l, struct client *c)
{
	c->fd = socket(l->address.ss_family,
	    SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (c->fd == -1)
		die("socket: %s", strerror(errno));
	no_delay(c->fd, &l->address);
	if (connect(c->fd, (struct sockaddr *)&l->address,
	    l->address_len) == -1 && errno != EINPROGRESS)
		die("connect: %s", strerror(errno));
	c->phase = CONNECTING;
	c->writing = true;
	c->prepared = false;
	c->since = l->now;
	l->nconnected++;
	watch(l, c, EPOLL_CTL_ADD, EPOLLIN | EPOLLOUT);
	add_startup(l, &c->out);
}

static void
terminate(const struct load *l, const struct client *c)
{
	static const char message[] = { 'X', 0, 0, 0, 4 };

	if (send(c->fd, message, sizeof message, MSG_NOSIGNAL) == -1)
		die("client %u: %s", id_of(l, c), strerror(errno));
}

static void
hang_up(struct load *l, struct client *c)
{
	close(c->fd);
	c->fd = -1;
	c->phase = OFF;
	l->nconnected--;
	l->nlogged--;
}

/* Rows of a COPY in, as many as make a good write. */
static void
fill_copy(const struct load *l, struct client *c)
{
	size_t at;

	if (c->rows_left == 0)
		return;
	while (c->rows_left > 0 && c->out.n < SCRATCH) {
		at = message_begin(&c->out, 'd');
		memset(bytes_room(&c->out, l->width), 'x', l->width);
		c->out.n += l->width;
		bytes_add(&c->out, "\n", 1);
		message_end(&c->out, at);
		c->rows_left--;
	}
	if (c->rows_left == 0)
		message_add(&c->out, 'c', NULL, 0);
}

static void
flush(struct load *l, struct client *c)
{
	ssize_t n;

	do {
		fill_copy(l, c);
		if (c->out.n == 0)
			break;
		n = send(c->fd, c->out.p, c->out.n, MSG_NOSIGNAL);
		if (n == -1 && errno != EAGAIN)
			die("client %u: %s", id_of(l, c), strerror(errno));
		if (n > 0)
			bytes_drop(&c->out, (size_t)n);
	} while (c->out.n == 0 && c->rows_left > 0);
	if ((c->out.n > 0) != c->writing) {
		c->writing = !c->writing;
		watch(l, c, EPOLL_CTL_MOD, c->writing ?
		    (uint32_t)EPOLLIN | EPOLLOUT : EPOLLIN);
	}
	if (c->out.n == 0)
		bytes_free(&c->out);
}

/*
 * Questions.
 */

static void
say(struct load *l, struct client *c, const char *sql)
{
	message_add(&c->out, 'Q', sql, strlen(sql) + 1);
	flush(l, c);
}

static void
add_bind(struct client *c, const char *statement)
{
	char digits[12];
	int n = snprintf(digits, sizeof digits, "%u", c->number);
	size_t at = message_begin(&c->out, 'B');

	message_text(&c->out, "");
	message_text(&c->out, statement);
	message_int(&c->out, 0, 2);
	message_int(&c->out, 1, 2);
	message_int(&c->out, (uint32_t)n, 4);
	bytes_add(&c->out, digits, (size_t)n);
	message_int(&c->out, 0, 2);
	message_end(&c->out, at);
}

static void
add_parse(struct client *c, const char *statement)
{
	size_t at = message_begin(&c->out, 'P');

	message_text(&c->out, statement);
	message_text(&c->out, "SELECT $1::int4");
	message_int(&c->out, 0, 2);
	message_end(&c->out, at);
}

static void
ask_extended(struct load *l, struct client *c, const char *statement)
{
	bool named = statement[0] != '\0';

	if (!named || !c->prepared)
		add_parse(c, statement);
	add_bind(c, statement);
	if (!named)
		message_add(&c->out, 'D', "P", 2);
	message_add(&c->out, 'E', "\0\0\0\0", 5);
	message_add(&c->out, 'S', NULL, 0);
	flush(l, c);
}

/* The next question of this client's transaction. */
static void
ask_next(struct load *l, struct client *c)
{
	char sql[160];

	c->nseen = 0;
	c->copied = 0;
	c->number = ++l->number & INT32_MAX;
	switch (l->mode->asks[c->step]) {
	case ASK_BEGIN:
		say(l, c, "BEGIN");
		break;
	case ASK_COMMIT:
		say(l, c, "COMMIT");
		break;
	case ASK_SIMPLE:
		snprintf(sql, sizeof sql, "SELECT %u", c->number);
		say(l, c, sql);
		break;
	case ASK_EXTENDED:
		ask_extended(l, c, "");
		break;
	case ASK_PREPARED:
		ask_extended(l, c, "bench");
		break;
	case ASK_COPY_OUT:
		snprintf(sql, sizeof sql, "COPY (SELECT repeat('x',%u) FROM "
		    "generate_series(1,%u)) TO STDOUT", l->width, l->rows);
		say(l, c, sql);
		break;
	case ASK_COPY_IN:
		say(l, c, "COPY sink FROM STDIN WHERE false");
		break;
	}
}

/* Begin a transaction; with a new connection, if that is the mode. */
static void
ask(struct load *l, struct client *c)
{
	l->asked++;
	l->nbusy++;
	c->step = 0;
	c->since = l->now;
	if (c->phase == OFF) {
		dial(l, c);
		return;
	}
	c->phase = BUSY;
	ask_next(l, c);
}

/*
 * Answers.
 */

static void
unexpected(const struct load *l, const struct client *c, const char *what)
{
	die("client %u, question %u of %s: %s, after messages \"%.*s\"",
	    id_of(l, c), c->step, l->mode->name, what, (int)c->nseen,
	    c->seen);
}

static void
check_row(const struct load *l, const struct client *c, const char *body,
    size_t n)
{
	char want[12];
	int len = snprintf(want, sizeof want, "%u", c->number);

	if (n != 6 + (size_t)len || get16(body) != 1 ||
	    memcmp(body + 6, want, (size_t)len) != 0)
		die("client %u: the answer is %.*s, not %s", id_of(l, c),
		    n > 6 ? (int)(n - 6) : 0, n > 6 ? body + 6 : "", want);
}

static void
check_answer(struct load *l, struct client *c, char status)
{
	enum ask what = l->mode->asks[c->step];
	const struct answer *a = &answers[what];
	const char *types = a->types;
	char want = a->status;

	if (what == ASK_PREPARED && !c->prepared) {
		types = "12DCZ";
		c->prepared = true;
	}
	if (want == 0)
		want = l->mode->nasks > 1 ? 'T' : 'I';
	if (c->nseen != strlen(types) ||
	    memcmp(c->seen, types, c->nseen) != 0)
		unexpected(l, c, "other messages than expected");
	if (status != want)
		unexpected(l, c, "wrong transaction status");
	if (what == ASK_COPY_OUT &&
	    c->copied != (uint64_t)l->rows * (l->width + 1))
		unexpected(l, c, "not all of the COPY");
}

static void
tell_cold(const struct load *l)
{
	printf("servers=%lu msec=%.2f\n", l->done,
	    (double)(now_usec() - l->stage_since) / 1e3);
	exit(0);
}

/* A transaction is over. */
static void
on_done(struct load *l, struct client *c)
{
	int64_t took = l->now - c->since;

	l->done++;
	l->nbusy--;
	if (l->stage == MEASURING)
		l->hist[took < HIST ? took : HIST - 1]++;
	c->phase = QUIET;
	switch (l->mode->style) {
	case STYLE_RECONNECT:
		terminate(l, c);
		hang_up(l, c);
		break;
	case STYLE_COLD:
		if (l->done == l->servers)
			tell_cold(l);
		return;
	case STYLE_IDLE:
		return;
	case STYLE_STEADY:
		break;
	}
	if (l->stage == MEASURING && l->count > 0 && l->done == l->count)
		finish(l);
	if (c->phase == QUIET && may_ask(l))
		ask(l, c);
}

static void
on_ready_for_query(struct load *l, struct client *c, char status)
{
	if (c->phase == LOGIN) {
		l->nlogged++;
		c->phase = QUIET;
		if (l->mode->style == STYLE_STEADY)
			return;
		/* The time of the login counts, too. */
		c->phase = BUSY;
		ask_next(l, c);
		return;
	}
	check_answer(l, c, status);
	if (++c->step < l->mode->nasks)
		ask_next(l, c);
	else
		on_done(l, c);
}

/* One whole message. */
static void
on_message(struct load *l, struct client *c, const char *f, size_t n)
{
	if (f[0] == 'E')
		die("client %u: the server says: %.*s", id_of(l, c),
		    n > 5 ? (int)(n - 5) : 0, f + 5);
	if (f[0] == 'N' || f[0] == 'S')
		return;
	if (c->phase == LOGIN && f[0] != 'Z')
		return;
	if (c->phase == BUSY) {
		if (c->nseen == sizeof c->seen)
			unexpected(l, c, "too many messages");
		c->seen[c->nseen++] = f[0];
	} else if (c->phase != LOGIN) {
		unexpected(l, c, "an answer without a question");
	}
	switch (f[0]) {
	case 'D':
		check_row(l, c, f + 5, n - 5);
		break;
	case 'G':
		c->rows_left = l->rows;
		flush(l, c);
		break;
	case 'Z':
		if (n != 6)
			unexpected(l, c, "bad ReadyForQuery");
		on_ready_for_query(l, c, f[5]);
		break;
	}
}

/* Handle the messages at p; returns how many bytes that were. The client may
 * have hung up when this returns. */
static size_t
take_messages(struct load *l, struct client *c, const char *p, size_t n)
{
	size_t at = 0, len;

	while (at < n && c->fd != -1) {
		if (c->skip > 0) {
			len = c->skip < n - at ? c->skip : n - at;
			c->skip -= (uint32_t)len;
			at += len;
			continue;
		}
		if (n - at < 5)
			break;
		len = get32(p + at + 1) + (size_t)1;
		if (len < 5 || len > 1u << 24)
			unexpected(l, c, "a bad header");
		if (p[at] == 'd') {
			c->copied += len - 5;
			c->skip = (uint32_t)len - 5;
			at += 5;
			continue;
		}
		if (n - at < len)
			break;
		on_message(l, c, p + at, len);
		at += len;
	}
	return at;
}

static void
on_readable(struct load *l, struct client *c)
{
	ssize_t n = recv(c->fd, l->scratch, sizeof l->scratch, 0);
	size_t took;

	if (n == -1 && errno == EAGAIN)
		return;
	if (n <= 0)
		die("client %u: lost its connection: %s", id_of(l, c),
		    n == 0 ? "end of file" : strerror(errno));
	if (c->in.n > 0) {
		bytes_add(&c->in, l->scratch, (size_t)n);
		took = take_messages(l, c, c->in.p, c->in.n);
		bytes_drop(&c->in, took);
	} else {
		took = take_messages(l, c, l->scratch, (size_t)n);
		if (took < (size_t)n)
			bytes_add(&c->in, l->scratch + took,
			    (size_t)n - took);
	}
	if (c->in.n == 0 || c->fd == -1)
		bytes_free(&c->in);
	if (c->fd == -1 && may_ask(l))
		ask(l, c);
}

static void
on_event(struct load *l, struct client *c, uint32_t events)
{
	int error = 0;
	socklen_t len = sizeof error;

	l->now = now_usec();
	if (events & EPOLLOUT) {
		if (c->phase == CONNECTING) {
			getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &error, &len);
			if (error != 0)
				die("client %u: connect: %s", id_of(l, c),
				    strerror(error));
			c->phase = LOGIN;
		}
		flush(l, c);
	}
	if (events & (EPOLLIN | EPOLLHUP | EPOLLERR))
		on_readable(l, c);
}

/*
 * The course of a run.
 */

static void
await_end(const struct load *l, const struct client *c)
{
	struct pollfd p = { .fd = c->fd, .events = POLLIN };
	char byte;

	if (poll(&p, 1, 10000) != 1 || recv(c->fd, &byte, 1, 0) != 0)
		die("client %u: no end after Terminate", id_of(l, c));
}

/* They leave as they came, some at a time: what an event loop keeps for ten
 * thousand events in one moment is not what mode idle is to show. */
static void
leave_all(struct load *l)
{
	unsigned i, j, n;

	for (i = 0; i < l->nclients; i += n) {
		n = l->nclients - i;
		if (n > LOGIN_WINDOW)
			n = LOGIN_WINDOW;
		for (j = i; j < i + n; j++)
			terminate(l, &l->clients[j]);
		for (j = i; j < i + n; j++) {
			await_end(l, &l->clients[j]);
			hang_up(l, &l->clients[j]);
		}
	}
}

/* Nobody waits for an answer: the next stage. */
static void
on_quiet(struct load *l)
{
	unsigned i;

	switch (l->stage) {
	case LOGGING_IN:
	case WARMING:
	case MEASURING:
		if (l->mode->style != STYLE_IDLE ||
		    l->nlogged < l->nclients)
			return;
		pause_for_line();
		leave_all(l);
		if (++l->rounds == l->count)
			exit(0);
		break;
	case CALMING:
		pause_for_line();
		enter(l, MEASURING);
		ask_all(l);
		if (l->mode->style == STYLE_RECONNECT)
			for (i = 0; i < l->nclients; i++)
				if (may_ask(l))
					ask(l, &l->clients[i]);
		break;
	case ENDING:
		pause_for_line();
		exit(0);
	}
}

/* Let clients log in, not too many at a time. */
static void
admit(struct load *l)
{
	unsigned i, window = l->mode->style == STYLE_COLD ? l->nclients :
	    LOGIN_WINDOW;

	if (l->stage != LOGGING_IN || l->nlogged == l->nclients)
		return;
	for (i = l->nconnected; i < l->nclients; i++) {
		if (l->nconnected - l->nlogged >= window)
			return;
		if (l->mode->style == STYLE_STEADY)
			dial(l, &l->clients[i]);
		else
			ask(l, &l->clients[i]);
	}
}

static void
start(struct load *l)
{
	unsigned i;

	enter(l, LOGGING_IN);
	if (l->mode->style != STYLE_RECONNECT)
		return;
	enter(l, l->warm_up > 0 ? WARMING : l->quiet ? CALMING : MEASURING);
	for (i = 0; i < l->nclients; i++)
		if (may_ask(l))
			ask(l, &l->clients[i]);
}

static void
run(struct load *l)
{
	struct epoll_event ready[512];
	int i, n;

	start(l);
	for (;;) {
		admit(l);
		n = epoll_wait(l->epoll, ready, 512, TICK_USEC / 1000);
		if (n == -1 && errno != EINTR)
			die("epoll_wait: %s", strerror(errno));
		for (i = 0; i < n; i++)
			on_event(l, ready[i].data.ptr, ready[i].events);
		on_tick(l);
		if (l->stage == LOGGING_IN && l->nlogged == l->nclients &&
		    l->mode->style == STYLE_STEADY) {
			enter(l, l->warm_up > 0 ? WARMING :
			    l->quiet ? CALMING : MEASURING);
			if (may_ask(l))
				ask_all(l);
		}
	}
}

static const struct mode *
mode_of(const char *name)
{
	size_t i;

	for (i = 0; i < sizeof modes / sizeof modes[0]; i++)
		if (strcmp(modes[i].name, name) == 0)
			return &modes[i];
	die("no such mode: %s", name);
}

static void
read_options(struct load *l, int argc, char **argv)
{
	int opt;

	while ((opt = getopt(argc, argv,
	    "h:p:U:d:c:m:w:qt:n:P:C:s:r:k:")) != -1) {
		switch (opt) {
		case 'h': l->host = optarg; break;
		case 'p': l->port = (unsigned)number(optarg, 65535); break;
		case 'U': l->user = optarg; break;
		case 'd': l->database = optarg; break;
		case 'c': l->nclients = (unsigned)number(optarg, 100000); break;
		case 'm': l->mode = mode_of(optarg); break;
		case 'w': l->warm_up = atof(optarg); break;
		case 'q': l->quiet = true; break;
		case 't': l->seconds = atof(optarg); break;
		case 'n': l->count = number(optarg, UINT32_MAX); break;
		case 'P': l->pid = (long)number(optarg, INT32_MAX); break;
		case 'C': l->cpu_limit = atof(optarg); break;
		case 's': l->rows = (unsigned)number(optarg, UINT32_MAX); break;
		case 'r': l->width = (unsigned)number(optarg, 1u << 19); break;
		case 'k': l->servers = (unsigned)number(optarg, 100000); break;
		default: exit(2);
		}
	}
	if (optind != argc)
		die("what is \"%s\"?", argv[optind]);
}

int
main(int argc, char **argv)
{
	static struct load l = {
		.host = "127.0.0.1", .port = 6432, .user = "postgres",
		.database = "postgres", .nclients = 1, .rows = 1000,
		.width = 99, .servers = 1, .mode = &modes[0],
	};
	unsigned i;

	read_options(&l, argc, argv);
	l.address_len = address(&l.address, l.host, l.port);
	l.clients = calloc(l.nclients, sizeof *l.clients);
	l.hist = calloc(HIST, sizeof *l.hist);
	l.epoll = epoll_create1(EPOLL_CLOEXEC);
	if (l.clients == NULL || l.hist == NULL || l.epoll == -1)
		die("out of memory");
	for (i = 0; i < l.nclients; i++)
		l.clients[i].fd = -1;
	run(&l);
}
