/*
 * backend.c - a PostgreSQL server that does nothing, at once.
 *
 *	bench_backend [-d LOGIN_MSEC] [-u FOLDER] [-a ADDRESS] [-e] PORT
 *
 * Trusts everybody and answers whatever it is asked:
 *
 *	SELECT 17		one row, one int4: the first number in the text
 *	SELECT $1::int4		the same of the first parameter (text format)
 *	BEGIN, COMMIT, ROLLBACK	change the transaction status
 *	COPY ... repeat('x',99) ... generate_series(1,1000) ... TO STDOUT
 *				so many rows of so many characters
 *	COPY ... FROM STDIN	swallows what comes
 *	anything else		CommandComplete with its first word
 *
 * so that all of it means the same to a real server. A login takes LOGIN_MSEC
 * longer with -d. With -u it listens on a Unix socket, too. With -e every
 * number is wrong by one: whoever checks the answers must complain. If its
 * standard input is a pipe, it ends with that, hence with whoever started it.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "common.h"

#define SCRATCH 65536u
#define FRAME_MAX (1u << 20)
#define PROTOCOL_3 0x30000u
#define CANCEL_REQUEST 80877102u
#define SSL_REQUEST 80877103u
#define GSS_REQUEST 80877104u
#define INT4_OID 23u

enum kind { LISTENER, STDIN, SESSION };
enum phase { STARTUP, DELAYED, READY, COPY_IN };

struct peer {
	enum kind kind;
	int fd;
	enum phase phase;
	char status;                    /* 'I' or 'T' */
	bool writing;                   /* EPOLLOUT is on */
	uint32_t asked;                 /* the number to repeat */
	uint32_t error;                 /* added to it */
	uint64_t rows_left, rows;       /* of a COPY out */
	uint64_t copied;                /* rows that came in */
	uint32_t width;                 /* of these rows */
	struct bytes in, out;
	int64_t due;                    /* DELAYED: when to go on */
	struct peer *next;              /* DELAYED: who goes on next */
};

struct backend {
	int epoll;
	int64_t login_usec;
	bool wrong;
	uint32_t ids;
	struct peer *delayed, **last;
	char scratch[SCRATCH];
};

static void
watch(struct backend *b, struct peer *p, int op, uint32_t events)
{
	struct epoll_event e = { .events = events, .data.ptr = p };

	if (epoll_ctl(b->epoll, op, p->fd, &e) == -1)
		die("epoll_ctl: %s", strerror(errno));
}

/* Close it; the memory of one whose login is delayed goes when it is due. */
static void
drop(struct peer *p)
{
	close(p->fd);
	p->fd = -1;
	bytes_free(&p->in);
	bytes_free(&p->out);
	if (p->phase != DELAYED)
		free(p);
}

/*
 * Answers.
 */

static void
ready(struct peer *p)
{
	message_add(&p->out, 'Z', &p->status, 1);
}

static void
complete(struct peer *p, const char *tag)
{
	message_add(&p->out, 'C', tag, strlen(tag) + 1);
}

static void
describe(struct peer *p)
{
	size_t at = message_begin(&p->out, 'T');

	message_int(&p->out, 1, 2);
	message_text(&p->out, "int4");
	message_int(&p->out, 0, 4);
	message_int(&p->out, 0, 2);
	message_int(&p->out, INT4_OID, 4);
	message_int(&p->out, 4, 2);
	message_int(&p->out, UINT32_MAX, 4);
	message_int(&p->out, 0, 2);
	message_end(&p->out, at);
}

static void
row(struct peer *p)
{
	char digits[12];
	int n = snprintf(digits, sizeof digits, "%u", p->asked + p->error);
	size_t at = message_begin(&p->out, 'D');

	message_int(&p->out, 1, 2);
	message_int(&p->out, (uint32_t)n, 4);
	bytes_add(&p->out, digits, (size_t)n);
	message_end(&p->out, at);
	complete(p, "SELECT 1");
}

static void
parameter(struct peer *p, const char *name, const char *value)
{
	size_t at = message_begin(&p->out, 'S');

	message_text(&p->out, name);
	message_text(&p->out, value);
	message_end(&p->out, at);
}

static void
welcome(struct backend *b, struct peer *p)
{
	size_t at;

	p->phase = READY;
	message_add(&p->out, 'R', "\0\0\0\0", 4);
	parameter(p, "application_name", "");
	parameter(p, "client_encoding", "UTF8");
	parameter(p, "DateStyle", "ISO, MDY");
	parameter(p, "default_transaction_read_only", "off");
	parameter(p, "in_hot_standby", "off");
	parameter(p, "integer_datetimes", "on");
	parameter(p, "IntervalStyle", "postgres");
	parameter(p, "is_superuser", "off");
	parameter(p, "server_encoding", "UTF8");
	parameter(p, "server_version", "15.0 (bench)");
	parameter(p, "session_authorization", "postgres");
	parameter(p, "standard_conforming_strings", "on");
	parameter(p, "TimeZone", "Etc/UTC");
	at = message_begin(&p->out, 'K');
	message_int(&p->out, ++b->ids, 4);
	message_int(&p->out, b->ids * 2654435761u, 4);
	message_end(&p->out, at);
	ready(p);
}

/* Rows of a COPY, as many as make a good write. */
static void
fill_copy(struct peer *p)
{
	char tag[40];
	size_t at;

	while (p->rows_left > 0 && p->out.n < SCRATCH) {
		at = message_begin(&p->out, 'd');
		memset(bytes_room(&p->out, p->width), 'x', p->width);
		p->out.n += p->width;
		bytes_add(&p->out, "\n", 1);
		message_end(&p->out, at);
		p->rows_left--;
	}
	if (p->rows_left > 0 || p->rows == 0)
		return;
	snprintf(tag, sizeof tag, "COPY %llu", (unsigned long long)p->rows);
	p->rows = 0;
	message_add(&p->out, 'c', NULL, 0);
	complete(p, tag);
	ready(p);
}

/* Write what there is; what is not taken waits for EPOLLOUT. */
static bool
flush(struct backend *b, struct peer *p)
{
	bool more;
	ssize_t n;

	do {
		fill_copy(p);
		if (p->out.n == 0)
			break;
		n = send(p->fd, p->out.p, p->out.n, MSG_NOSIGNAL);
		if (n == -1 && errno != EAGAIN)
			return false;
		if (n > 0)
			bytes_drop(&p->out, (size_t)n);
	} while (p->out.n == 0 && p->rows > 0);
	more = p->out.n > 0;
	if (more != p->writing) {
		p->writing = more;
		watch(b, p, EPOLL_CTL_MOD,
		    more ? (uint32_t)EPOLLIN | EPOLLOUT : EPOLLIN);
	}
	return true;
}

/*
 * Questions.
 */

/* The number behind the first `before` in the text; "": the first number
 * that is not a parameter's. */
static uint64_t
number_in(const char *sql, const char *before)
{
	const char *p = strstr(sql, before);

	if (p == NULL)
		return 0;
	for (p += strlen(before); *p != '\0'; p++)
		if (*p >= '0' && *p <= '9' && (p == sql || p[-1] != '$'))
			return strtoull(p, NULL, 10);
	return 0;
}

static void
copy(struct peer *p, const char *sql)
{
	bool out = strstr(sql, "TO STDOUT") != NULL;

	message_add(&p->out, out ? 'H' : 'G', "\0\0\1\0\0", 5);
	if (!out) {
		p->phase = COPY_IN;
		p->copied = 0;
		return;
	}
	p->width = (uint32_t)number_in(sql, "repeat('x',");
	p->rows = p->rows_left = number_in(sql, "generate_series(1,");
	if (p->width > FRAME_MAX || p->rows == 0)
		die("a COPY that is not ours: %s", sql);
}

/* The answer to a statement, without what the protocol puts around it. */
static void
execute(struct peer *p, const char *sql)
{
	char tag[32];
	size_t n = strcspn(sql, " ;");

	if (strncasecmp(sql, "select", 6) == 0) {
		p->asked = (uint32_t)number_in(sql, "");
		describe(p);
		row(p);
		return;
	}
	if (strncasecmp(sql, "begin", 5) == 0)
		p->status = 'T';
	else if (strncasecmp(sql, "commit", 6) == 0 ||
	    strncasecmp(sql, "rollback", 8) == 0)
		p->status = 'I';
	snprintf(tag, sizeof tag, "%.*s", n < 30 ? (int)n : 30, sql);
	complete(p, tag);
}

static void
query(struct peer *p, const char *sql)
{
	if (strncasecmp(sql, "copy ", 5) == 0) {
		copy(p, sql);
		if (p->phase == COPY_IN || p->rows > 0)
			return;
	} else if (sql[0] == '\0') {
		message_add(&p->out, 'I', NULL, 0);
	} else {
		execute(p, sql);
	}
	ready(p);
}

/* The first parameter of a Bind, if it has one; its texts are terminated,
 * since a zero follows each body (see take_frames). */
static void
bind_number(struct peer *p, const char *body, size_t n)
{
	size_t at = strlen(body) + 1;
	char digits[12] = "";
	uint32_t len;

	if (at < n)
		at += strlen(body + at) + 1;
	if (n < at || n - at < 2)
		return;
	at += 2 + 2 * (size_t)get16(body + at);
	if (n < at || n - at < 6 || get16(body + at) == 0)
		return;
	len = get32(body + at + 2);
	if (len >= sizeof digits || n - at - 6 < len)
		die("a parameter of %u bytes", len);
	memcpy(digits, body + at + 6, len);
	p->asked = (uint32_t)strtoul(digits, NULL, 10);
}

static void
on_parse(struct peer *p, const char *body, size_t n)
{
	size_t name = strlen(body) + 1;

	if (name < n)
		p->asked = (uint32_t)number_in(body + name, "");
	message_add(&p->out, '1', NULL, 0);
}

/* One message; false: that was the last one. */
static bool
on_message(struct peer *p, char type, const char *body, size_t n)
{
	switch (type) {
	case 'Q':
		query(p, body);
		break;
	case 'P':
		on_parse(p, body, n);
		break;
	case 'B':
		bind_number(p, body, n);
		message_add(&p->out, '2', NULL, 0);
		break;
	case 'D':
		if (body[0] == 'S')
			message_add(&p->out, 't', "\0\1\0\0\0\27", 6);
		describe(p);
		break;
	case 'E':
		row(p);
		break;
	case 'C':
		message_add(&p->out, '3', NULL, 0);
		break;
	case 'S':
		ready(p);
		break;
	case 'd':
		p->copied++;
		break;
	case 'c':
	case 'f':
		p->phase = READY;
		complete(p, "COPY");
		ready(p);
		break;
	case 'H':
		break;
	case 'X':
		return false;
	default:
		die("message of type %d", type);
	}
	return true;
}

static void
delay(struct backend *b, struct peer *p)
{
	p->phase = DELAYED;
	p->due = now_usec() + b->login_usec;
	p->next = NULL;
	*b->last = p;
	b->last = &p->next;
}

static bool
on_startup(struct backend *b, struct peer *p, const char *body)
{
	switch (get32(body)) {
	case SSL_REQUEST:
	case GSS_REQUEST:
		bytes_add(&p->out, "N", 1);
		return true;
	case PROTOCOL_3:
		p->status = 'I';
		if (b->login_usec > 0)
			delay(b, p);
		else
			welcome(b, p);
		return true;
	case CANCEL_REQUEST:
	default:
		return false;
	}
}

/* Handle the whole messages in p->in; false: close. */
static bool
take_frames(struct backend *b, struct peer *p)
{
	size_t at = 0, head, len;
	bool going = true;
	char *f, kept;

	while (going && p->phase != DELAYED) {
		head = p->phase == STARTUP ? 0 : 1;
		if (p->in.n - at < head + 4)
			break;
		f = p->in.p + at;
		len = get32(f + head);
		if (len < (head == 0 ? 8 : 4) || len > FRAME_MAX)
			die("message of %zu bytes", len);
		if (p->in.n - at < head + len)
			break;
		/* A zero behind the body makes its texts safe to read. */
		bytes_room(&p->in, 1);
		f = p->in.p + at;
		kept = f[head + len];
		f[head + len] = '\0';
		going = head == 0 ? on_startup(b, p, f + 4) :
		    on_message(p, f[0], f + 5, len - 4);
		f[head + len] = kept;
		at += head + len;
	}
	bytes_drop(&p->in, at);
	return going;
}

static void
on_session(struct backend *b, struct peer *p, uint32_t events)
{
	ssize_t n;

	if (events & (EPOLLIN | EPOLLHUP | EPOLLERR)) {
		n = recv(p->fd, b->scratch, sizeof b->scratch, 0);
		if (n == 0 || (n == -1 && errno != EAGAIN)) {
			drop(p);
			return;
		}
		if (n > 0)
			bytes_add(&p->in, b->scratch, (size_t)n);
		if (!take_frames(b, p)) {
			drop(p);
			return;
		}
	}
	if (!flush(b, p))
		drop(p);
}

/* Go on with the logins that are due; returns how long to sleep, in msec. */
static int
wake_delayed(struct backend *b)
{
	struct peer *p;
	int64_t now;

	while ((p = b->delayed) != NULL) {
		now = now_usec();
		if (p->due > now)
			return (int)((p->due - now) / 1000) + 1;
		b->delayed = p->next;
		if (b->delayed == NULL)
			b->last = &b->delayed;
		p->phase = READY;
		if (p->fd == -1) {
			free(p);
			continue;
		}
		welcome(b, p);
		if (!take_frames(b, p) || !flush(b, p))
			drop(p);
	}
	return -1;
}

static struct peer *
add(struct backend *b, int fd, enum kind kind)
{
	struct peer *p = calloc(1, sizeof *p);

	if (p == NULL)
		die("out of memory");
	p->fd = fd;
	p->kind = kind;
	p->error = b->wrong ? 1 : 0;
	watch(b, p, EPOLL_CTL_ADD, EPOLLIN);
	return p;
}

static void
on_listener(struct backend *b, const struct peer *l)
{
	struct sockaddr_storage ss = { 0 };
	socklen_t len = sizeof ss;
	int fd;

	while ((fd = accept4(l->fd, (struct sockaddr *)&ss, &len,
	    SOCK_NONBLOCK | SOCK_CLOEXEC)) != -1) {
		no_delay(fd, &ss);
		add(b, fd, SESSION);
		len = sizeof ss;
	}
}

static void
listen_at(struct backend *b, const char *host, unsigned port)
{
	struct sockaddr_storage ss;
	socklen_t len = address(&ss, host, port);
	int one = 1;
	int fd = socket(ss.ss_family,
	    SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (ss.ss_family == AF_UNIX)
		unlink(((struct sockaddr_un *)&ss)->sun_path);
	if (fd == -1 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one,
	    sizeof one) == -1 || bind(fd, (struct sockaddr *)&ss, len) == -1 ||
	    listen(fd, 4096) == -1)
		die("%s port %u: %s", host, port, strerror(errno));
	add(b, fd, LISTENER);
}

static void
serve(struct backend *b)
{
	struct epoll_event ready_ones[256];
	int i, n;

	for (;;) {
		n = epoll_wait(b->epoll, ready_ones, 256, wake_delayed(b));
		if (n == -1 && errno != EINTR)
			die("epoll_wait: %s", strerror(errno));
		for (i = 0; i < n; i++) {
			struct peer *p = ready_ones[i].data.ptr;

			switch (p->kind) {
			case LISTENER:
				on_listener(b, p);
				break;
			case STDIN:
				exit(0);
			case SESSION:
				on_session(b, p, ready_ones[i].events);
				break;
			}
		}
	}
}

int
main(int argc, char **argv)
{
	static struct backend b;
	const char *folder = NULL, *host = "127.0.0.1";
	struct stat st;
	unsigned port;
	int opt;

	while ((opt = getopt(argc, argv, "a:d:eu:")) != -1) {
		switch (opt) {
		case 'a':
			host = optarg;
			break;
		case 'd':
			b.login_usec = (int64_t)number(optarg, 60000) * 1000;
			break;
		case 'e':
			b.wrong = true;
			break;
		case 'u':
			folder = optarg;
			break;
		default:
			return 2;
		}
	}
	if (optind != argc - 1)
		die("say just one PORT behind the options");
	port = (unsigned)number(argv[optind], 65535);
	b.epoll = epoll_create1(EPOLL_CLOEXEC);
	b.last = &b.delayed;
	listen_at(&b, host, port);
	if (folder != NULL)
		listen_at(&b, folder, port);
	if (fstat(STDIN_FILENO, &st) == 0 && S_ISFIFO(st.st_mode))
		add(&b, STDIN_FILENO, STDIN);
	puts("listening");
	fflush(stdout);
	serve(&b);
}
