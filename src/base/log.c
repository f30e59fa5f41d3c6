/*
 * log.c - the log sink; the one of two mutable globals that base owns.
 *
 * A line is made in a buffer on the stack and leaves in one write(), so that
 * lines of several processes on one file do not mix. Standard error is used
 * until log_open() says otherwise.
 */
#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/time.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/must.h"

#define LINE_MAX_BYTES 2400

static struct {
	char *file, *ident;
	int fd;                 /* of file, or -1 */
	int facility;
	enum log_level upto;
	bool to_stderr, to_syslog;
} sink = { .fd = -1, .upto = LOG_LEVEL_INFO, .to_stderr = true };

static const struct {
	const char *name;
	int syslog;
} levels[] = {
	[LOG_LEVEL_FATAL]   = { "FATAL",   LOG_CRIT },
	[LOG_LEVEL_ERROR]   = { "ERROR",   LOG_ERR },
	[LOG_LEVEL_WARNING] = { "WARNING", LOG_WARNING },
	[LOG_LEVEL_INFO]    = { "LOG",     LOG_INFO },
	[LOG_LEVEL_DEBUG]   = { "DEBUG",   LOG_DEBUG },
	[LOG_LEVEL_NOISE]   = { "NOISE",   LOG_DEBUG },
};

static int
facility_of(const char *name)
{
	static const struct {
		const char *name;
		int value;
	} all[] = {
		{ "auth", LOG_AUTH },     { "authpriv", LOG_AUTHPRIV },
		{ "user", LOG_USER },     { "daemon", LOG_DAEMON },
		{ "local0", LOG_LOCAL0 }, { "local1", LOG_LOCAL1 },
		{ "local2", LOG_LOCAL2 }, { "local3", LOG_LOCAL3 },
		{ "local4", LOG_LOCAL4 }, { "local5", LOG_LOCAL5 },
		{ "local6", LOG_LOCAL6 }, { "local7", LOG_LOCAL7 },
	};
	size_t i;

	for (i = 0; name != NULL && i < countof(all); i++)
		if (strcasecmp(name, all[i].name) == 0)
			return all[i].value;
	return LOG_DAEMON;
}

bool
log_open(const struct log_setup *s, struct err *err)
{
	int fd = -1;

	if (s->file != NULL && s->file[0] != '\0') {
		fd = open(s->file, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC |
		    O_NOCTTY, 0640);
		if (fd == -1)
			return err_set(err, "cannot open log file \"%s\": %s",
			    s->file, strerror(errno));
	}
	log_close();
	sink.fd = fd;
	sink.file = mem_strdup(s->file);
	sink.to_stderr = s->to_stderr;
	sink.upto = LOG_LEVEL_INFO + (s->verbose > 2 ? 2 :
	    s->verbose > 0 ? (unsigned)s->verbose : 0);
	if (s->syslog_ident != NULL) {
		sink.ident = mem_strdup(s->syslog_ident);
		sink.facility = facility_of(s->syslog_facility);
		sink.to_syslog = true;
		openlog(sink.ident, LOG_PID, sink.facility);
	}
	return true;
}

void
log_close(void)
{
	if (sink.fd != -1)
		close(sink.fd);
	if (sink.to_syslog)
		closelog();
	mem_free(sink.file);
	mem_free(sink.ident);
	sink.file = sink.ident = NULL;
	sink.fd = -1;
	sink.to_syslog = false;
	sink.to_stderr = true;
}

bool
log_enabled(enum log_level level)
{
	return level <= sink.upto;
}

/* Copy a message, with a TAB after each line break and \xNN for control
 * characters; PgBouncer's continuation lines look the same. */
static size_t
escape(char *to, size_t cap, const char *from)
{
	static const char hex[] = "0123456789abcdef";
	size_t n = 0;

	for (; *from != '\0' && n + 5 < cap; from++) {
		unsigned char c = (unsigned char)*from;

		if (c == '\n') {
			to[n++] = '\n';
			to[n++] = '\t';
		} else if ((c < 0x20 && c != '\t') || c == 0x7f) {
			to[n++] = '\\';
			to[n++] = 'x';
			to[n++] = hex[c >> 4];
			to[n++] = hex[c & 15];
		} else {
			to[n++] = (char)c;
		}
	}
	to[n] = '\0';
	return n;
}

static size_t
time_stamp(char *buf, size_t cap)
{
	struct timeval tv;
	struct tm tm;
	char day[32], zone[16];

	gettimeofday(&tv, NULL);
	localtime_r(&tv.tv_sec, &tm);
	strftime(day, sizeof day, "%Y-%m-%d %H:%M:%S", &tm);
	strftime(zone, sizeof zone, "%Z", &tm);
	return (size_t)snprintf(buf, cap, "%s.%03d %s", day,
	    (int)(tv.tv_usec / 1000), zone);
}

static void
put(int fd, const char *line, size_t n)
{
	ssize_t rc;

	do
		rc = write(fd, line, n);
	while (rc == -1 && errno == EINTR);
}

void
log_write(enum log_level level, const struct log_ctx *ctx,
    const char *fmt, ...)
{
	char raw[LINE_MAX_BYTES], line[LINE_MAX_BYTES + 256];
	int saved = errno;
	size_t n = 0, body;
	va_list ap;

	if (!log_enabled(level))
		return;
	raw[0] = '\0';
	if (ctx != NULL) {
		ctx->prefix(ctx, raw, sizeof raw - 2);
		n = strlen(raw);
		raw[n++] = ' ';
	}
	va_start(ap, fmt);
	vsnprintf(raw + n, sizeof raw - n, fmt, ap);
	va_end(ap);

	n = time_stamp(line, sizeof line);
	n += (size_t)snprintf(line + n, sizeof line - n, " [%ld] %s ",
	    (long)getpid(), levels[level].name);
	body = n;
	n += escape(line + n, sizeof line - n - 1, raw);
	if (sink.to_syslog && level <= LOG_LEVEL_INFO)
		syslog(levels[level].syslog | sink.facility, "%s",
		    line + body);
	line[n++] = '\n';
	if (sink.to_stderr)
		put(STDERR_FILENO, line, n);
	if (sink.fd != -1)
		put(sink.fd, line, n);
	errno = saved;
}
